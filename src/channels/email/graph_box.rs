//! Looking for answers in a Microsoft 365 mailbox: what came into its folders since a link, heads first.

use std::time::Duration;

use url::Url;

use super::inbound::{HeaderFacts, HEADERS_TO_FETCH};
use super::poll::{head_of, there, Ended, Poll, PollError};
use super::read::FirstLook;
use crate::base::UnixMillis;
use crate::connections::{self, LinkedFolder};
use crate::providers::microsoft::mail::{may_lack, Head, Mail, FOLDERS};
use crate::providers::microsoft::Session;
use crate::providers::ProviderError;

/// With a link that is too old, this much before the last look is listed again: clocks differ.
const OVERLAP: Duration = Duration::from_secs(3600);
/// Pages of fifty mails read in one look. A mailbox that got more was not read for weeks: the next look goes on.
const MAX_PAGES: usize = if cfg!(test) { 2 } else { 100 };

/// The poll of the mailbox, with its token looked after. `folders` says how far each was read, and is moved on only
/// over what was worked through, also when an error ends the reading. Returns whether all of it was read.
pub(super) fn run(
    poll: &mut Poll<'_>,
    folders: &mut Vec<LinkedFolder>,
    last_poll: Option<UnixMillis>,
) -> Result<bool, PollError> {
    let (app, workspace, id) = (poll.app, poll.connection.workspace, poll.connection.id);
    let mut ended = Ended::default();
    let outcome = connections::microsoft_session(app, workspace, id, |session| {
        ended.keep(read_folders(poll, session, folders, last_poll))
    });
    ended.or(outcome)
}

fn read_folders(
    poll: &mut Poll<'_>,
    session: Session<'_>,
    folders: &mut Vec<LinkedFolder>,
    last_poll: Option<UnixMillis>,
) -> Result<bool, PollError> {
    let mail = Mail(session);
    let mut is_all = true;
    for name in FOLDERS {
        let index = place_of(folders, name, &mail, poll.app.now());
        is_all &= read_folder(poll, &mail, &mut folders[index], last_poll)?;
    }
    Ok(is_all)
}

/// A folder that was never read begins now: what came in before is never looked at.
fn place_of(folders: &mut Vec<LinkedFolder>, name: &str, mail: &Mail<'_>, now: UnixMillis) -> usize {
    if let Some(index) = folders.iter().position(|folder| folder.name == name) {
        return index;
    }
    folders.push(LinkedFolder { name: name.to_owned(), link: mail.begin(name, now).into() });
    folders.len() - 1
}

fn read_folder(
    poll: &mut Poll<'_>,
    mail: &Mail<'_>,
    folder: &mut LinkedFolder,
    last_poll: Option<UnixMillis>,
) -> Result<bool, PollError> {
    let since = last_poll.unwrap_or_else(|| poll.app.now()).minus(OVERLAP);
    let anew = mail.begin(&folder.name, since);
    let mut link = Url::parse(&folder.link).unwrap_or_else(|_| anew.clone());
    for _ in 0..MAX_PAGES {
        poll.may_go_on()?;
        let page = match mail.changes(&link) {
            // What was taken in before is known by its Message-ID. A link just made that is too old is a fault.
            Err(ProviderError::Gone | ProviderError::NotFound) if link != anew => {
                link = anew.clone();
                continue;
            }
            Err(ProviderError::NotFound) if may_lack(&folder.name) => return Ok(true),
            Err(ProviderError::Gone) => return Err(never_in_step().into()),
            answer => answer?,
        };
        page.heads.iter().try_for_each(|head| look_at(poll, mail, head))?;
        folder.link = page.next.to_string();
        link = page.next;
        if page.is_last {
            return Ok(true);
        }
    }
    Ok(false)
}

fn never_in_step() -> ProviderError {
    ProviderError::Retry { after: None, reason: "Microsoft asks to begin reading anew, again and again".into() }
}

fn look_at(poll: &mut Poll<'_>, mail: &Mail<'_>, listed: &Head) -> Result<(), PollError> {
    poll.may_go_on()?;
    let fetched = match listed.headers() {
        Some(_) => None,
        // Lists may leave them out.
        None => match there(mail.head(&listed.id))? {
            Some(found) => Some(found),
            None => return Ok(()),
        },
    };
    let head = fetched.as_ref().unwrap_or(listed);
    let facts = HeaderFacts::parse(&head_bytes(head));
    let thread = conversation(head, &facts);
    let FirstLook::Open(opening) = poll.compare(&facts, thread)? else { return Ok(()) };
    poll.may_go_on()?;
    let Some(raw) = there(mail.raw(&head.id))? else { return Ok(()) };
    poll.open(&opening, thread, &raw)
}

/// Exchange puts a mail that refers to none into a conversation by its subject alone, so that its word counts only for
/// mails that answer something, and for those whose header it does not show.
fn conversation<'a>(head: &'a Head, facts: &HeaderFacts) -> Option<&'a str> {
    let is_answer = !facts.referenced_ids().is_empty() || head.headers().is_none();
    head.conversation_id.as_deref().filter(|id| is_answer && !id.is_empty())
}

/// The header fields that are compared, as they would stand in a mail; of a mail within the organisation, which may
/// have none, what else is known.
fn head_bytes(head: &Head) -> Vec<u8> {
    let is_compared = |name: &str| HEADERS_TO_FETCH.iter().any(|one| one.eq_ignore_ascii_case(name));
    match head.headers() {
        Some(headers) => head_of(headers.into_iter().filter(|(name, _)| is_compared(name))),
        None => {
            let from = head.from.as_ref().and_then(|from| from.email_address.address.as_deref());
            let known = [
                ("Message-ID", head.internet_message_id.as_deref()),
                ("From", from),
                ("Subject", head.subject.as_deref()),
            ];
            head_of(known.into_iter().filter_map(|(name, value)| Some((name, value?))))
        }
    }
}
