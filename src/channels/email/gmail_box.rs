//! Looking for answers in a Gmail mailbox: its history from a cursor on, heads first.

use std::time::Duration;

use super::inbound::{HeaderFacts, HEADERS_TO_FETCH};
use super::poll::{Poll, PollError};
use super::read::FirstLook;
use crate::base::UnixMillis;
use crate::connections::{self, Google};
use crate::providers::google::gmail::{Gmail, History, HistoryId, MessageRef, Metadata};
use crate::providers::google::Session;
use crate::providers::ProviderError;

/// With an expired cursor, this much before the last look is listed again: clocks differ.
const OVERLAP: Duration = Duration::from_secs(3600);
/// Pages of a hundred mails listed then; a mailbox that got more was not read for weeks.
const MAX_PAGES: usize = 50;

/// Reads what is new and returns the cursor behind it. It is stored only once all of that was worked through.
pub(super) fn read_new(
    poll: &mut Poll<'_>,
    session: Session<'_>,
    google: &Google,
    last_poll: Option<UnixMillis>,
) -> Result<HistoryId, PollError> {
    let gmail = Gmail(session);
    let Some(cursor) = google.history_cursor.as_deref().and_then(HistoryId::parse) else {
        return Ok(gmail.start_cursor()?);
    };
    match gmail.history(&cursor)? {
        History::Read { added, cursor } => {
            added.iter().try_for_each(|message| look_at(poll, &gmail, message))?;
            Ok(cursor)
        }
        History::Expired => {
            // Before listing, so that nothing falls between.
            let fresh = gmail.start_cursor()?;
            list_again(poll, &gmail, last_poll.unwrap_or_else(|| poll.app.now()))?;
            Ok(fresh)
        }
    }
}

/// Everything since the last look, the spam folder too. What was taken in before is known by its Message-ID.
fn list_again(poll: &mut Poll<'_>, gmail: &Gmail<'_>, since: UnixMillis) -> Result<(), PollError> {
    let query = format!("in:anywhere -in:sent after:{}", since.minus(OVERLAP).as_seconds());
    let mut page = None;
    for _ in 0..MAX_PAGES {
        poll.may_go_on()?;
        let list = gmail.list(&query, page.as_deref())?;
        list.messages.iter().try_for_each(|message| look_at(poll, gmail, message))?;
        page = list.next_page_token;
        if page.is_none() {
            break;
        }
    }
    Ok(())
}

fn look_at(poll: &mut Poll<'_>, gmail: &Gmail<'_>, message: &MessageRef) -> Result<(), PollError> {
    let has = |label: &str| message.labels.iter().any(|one| one == label);
    // Our own sending and drafts; a mail to oneself is in the inbox as well.
    if (has("SENT") || has("DRAFT")) && !has("INBOX") {
        return Ok(());
    }
    poll.may_go_on()?;
    let Some(found) = there(gmail.metadata(&message.id, &HEADERS_TO_FETCH))? else { return Ok(()) };
    let head = HeaderFacts::parse(&head_of(&found));
    let thread = Some(found.message.thread_id.as_str()).filter(|thread| !thread.is_empty());
    let FirstLook::Open(opening) = poll.compare(&head, thread)? else { return Ok(()) };
    poll.may_go_on()?;
    let Some(raw) = there(gmail.raw(&message.id))? else { return Ok(()) };
    poll.open(&opening, thread, &raw)
}

/// A mail deleted meanwhile is no trouble.
fn there<T>(found: Result<T, ProviderError>) -> Result<Option<T>, ProviderError> {
    match found {
        Err(ProviderError::NotFound | ProviderError::Gone) => Ok(None),
        other => other.map(Some),
    }
}

/// The headers as they would stand in a mail.
fn head_of(found: &Metadata) -> Vec<u8> {
    let lines = found.headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.replace(['\r', '\n'], " ")));
    lines.collect::<String>().into_bytes()
}

/// The poll of a Gmail mailbox, with its token looked after.
pub(super) fn run(poll: &mut Poll<'_>, google: &Google, last_poll: Option<UnixMillis>) -> Result<HistoryId, PollError> {
    let (app, workspace, id) = (poll.app, poll.connection.workspace, poll.connection.id);
    let mut stopped = None;
    let outcome =
        connections::google_session(app, workspace, id, |session| match read_new(poll, session, google, last_poll) {
            Ok(cursor) => Ok(Some(cursor)),
            Err(PollError::Provider(error)) => Err(error),
            Err(error) => {
                stopped = Some(error);
                Ok(None)
            }
        });
    match (outcome, stopped) {
        (_, Some(error)) => Err(error),
        (Ok(Some(cursor)), None) => Ok(cursor),
        (Ok(None), None) => Err(PollError::Ended),
        (Err(error), None) => Err(error.into()),
    }
}
