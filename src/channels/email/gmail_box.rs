//! Looking for answers in a Gmail mailbox: its history from a cursor on, heads first.

use std::time::Duration;

use super::inbound::{HeaderFacts, HEADERS_TO_FETCH};
use super::poll::{head_of, there, Ended, Poll, PollError};
use super::read::FirstLook;
use crate::base::UnixMillis;
use crate::connections::{self, Google, Relisting};
use crate::providers::google::gmail::{Gmail, History, HistoryId, MessageRef};
use crate::providers::google::Session;
use crate::providers::ProviderError;

/// With an expired cursor, this much before the last look is listed again: clocks differ.
const OVERLAP: Duration = Duration::from_secs(3600);
/// Pages of a hundred mails listed in one look. A mailbox that got more was not read for weeks: the next look goes on.
const MAX_PAGES: usize = if cfg!(test) { 1 } else { 50 };

/// How far a look came.
pub(super) enum ReadTo {
    /// All that is new was worked through; the cursor stands behind it.
    End(HistoryId),
    Part(Relisting),
}

/// Reads what is new. How far is stored only once all of that was worked through.
pub(super) fn read_new(
    poll: &mut Poll<'_>,
    session: Session<'_>,
    google: &Google,
    last_poll: Option<UnixMillis>,
) -> Result<ReadTo, PollError> {
    let gmail = Gmail(session);
    if let Some(begun) = &google.relisting {
        return list_on(poll, &gmail, begun.clone());
    }
    let Some(cursor) = google.history_cursor.as_deref().and_then(HistoryId::parse) else {
        return Ok(ReadTo::End(gmail.start_cursor()?));
    };
    match gmail.history(&cursor)? {
        History::Read { added, cursor } => {
            added.iter().try_for_each(|message| look_at(poll, &gmail, message))?;
            Ok(ReadTo::End(cursor))
        }
        History::Expired => {
            // Before listing, so that nothing falls between.
            let cursor = gmail.start_cursor()?.as_str().to_owned();
            let since = last_poll.unwrap_or_else(|| poll.app.now()).minus(OVERLAP);
            // The spam folder too.
            let query = format!("in:anywhere -in:sent after:{}", since.as_seconds());
            list_on(poll, &gmail, Relisting { query, page: None, cursor })
        }
    }
}

/// Everything since the last look, a part of it at a time. What was taken in before is known by its Message-ID.
fn list_on(poll: &mut Poll<'_>, gmail: &Gmail<'_>, mut place: Relisting) -> Result<ReadTo, PollError> {
    for _ in 0..MAX_PAGES {
        poll.may_go_on()?;
        let list = match gmail.list(&place.query, place.page.as_deref()) {
            // The token of that page is too old by now.
            Err(ProviderError::Rejected { .. }) if place.page.is_some() => {
                place.page = None;
                continue;
            }
            answer => answer?,
        };
        list.messages.iter().try_for_each(|message| look_at(poll, gmail, message))?;
        place.page = list.next_page_token;
        if place.page.is_none() {
            return Ok(ReadTo::End(match HistoryId::parse(&place.cursor) {
                Some(cursor) => cursor,
                None => gmail.start_cursor()?,
            }));
        }
    }
    Ok(ReadTo::Part(place))
}

fn look_at(poll: &mut Poll<'_>, gmail: &Gmail<'_>, message: &MessageRef) -> Result<(), PollError> {
    let has = |label: &str| message.labels.iter().any(|one| one == label);
    // Our own sending and drafts; a mail to oneself is in the inbox as well.
    if (has("SENT") || has("DRAFT")) && !has("INBOX") {
        return Ok(());
    }
    poll.may_go_on()?;
    let Some(found) = there(gmail.metadata(&message.id, &HEADERS_TO_FETCH))? else { return Ok(()) };
    let fields = found.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let head = HeaderFacts::parse(&head_of(fields));
    let thread = Some(found.message.thread_id.as_str()).filter(|thread| !thread.is_empty());
    let FirstLook::Open(opening) = poll.compare(&head, thread)? else { return Ok(()) };
    poll.may_go_on()?;
    let Some(raw) = there(gmail.raw(&message.id))? else { return Ok(()) };
    poll.open(&opening, thread, &raw)
}

/// The poll of a Gmail mailbox, with its token looked after.
pub(super) fn run(poll: &mut Poll<'_>, google: &Google, last_poll: Option<UnixMillis>) -> Result<ReadTo, PollError> {
    let (app, workspace, id) = (poll.app, poll.connection.workspace, poll.connection.id);
    let mut ended = Ended::default();
    let outcome = connections::google_session(app, workspace, id, |session| {
        ended.keep(read_new(poll, session, google, last_poll))
    });
    ended.or(outcome)
}
