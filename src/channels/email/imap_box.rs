//! Looking for answers in a mailbox over IMAP: new mails by UID, heads first, nothing marked as read.

use super::inbound::{HeaderFacts, HEADERS_TO_FETCH};
use super::poll::{Ended, Poll, PollError};
use super::read::FirstLook;
use crate::base::UnixMillis;
use crate::connections::{self, ImapFolder, SmtpImap, INBOX};
use crate::providers::imap::{FolderState, HeaderQuery, MailboxReader, SpecialUse};
use crate::providers::ProviderError;

/// Heads fetched in one go, and the size at which one is cut.
const HEADS: usize = 200;
const HEAD_BYTES: u32 = 16 * 1024;
/// Of an answer only this much is read: attachments of any size stand behind the text.
const MAIL_BYTES: u32 = 2 * 1024 * 1024;

/// Reads what is new in the inbox and the spam folder. `folders` says how far each was read, and is moved on only
/// over what was worked through, also when an error ends the reading.
pub(super) fn run(
    poll: &mut Poll<'_>,
    settings: &SmtpImap,
    folders: &mut Vec<ImapFolder>,
    last_poll: Option<UnixMillis>,
) -> Result<(), PollError> {
    let (app, workspace, id) = (poll.app, poll.connection.workspace, poll.connection.id);
    let mut ended = Ended::default();
    let outcome = connections::imap_session(app, workspace, id, settings, |mailbox| {
        ended.keep(read_folders(poll, mailbox, folders, last_poll))
    });
    ended.or(outcome)
}

fn read_folders(
    poll: &mut Poll<'_>,
    mailbox: &mut dyn MailboxReader,
    folders: &mut Vec<ImapFolder>,
    last_poll: Option<UnixMillis>,
) -> Result<(), PollError> {
    for name in folders_to_read(mailbox)? {
        let state = match mailbox.examine(&name) {
            // A spam folder that was deleted.
            Err(ProviderError::NotFound) if name != INBOX => continue,
            other => other?,
        };
        let index = place_of(folders, &name, &state, mailbox, last_poll)?;
        read_folder(poll, mailbox, &mut folders[index])?;
    }
    Ok(())
}

/// Answers land in the spam folder, too.
fn folders_to_read(mailbox: &mut dyn MailboxReader) -> Result<Vec<String>, ProviderError> {
    let junk =
        mailbox.folders()?.into_iter().find(|folder| folder.selectable && folder.special == Some(SpecialUse::Junk));
    Ok(std::iter::once(INBOX.to_owned()).chain(junk.map(|folder| folder.name)).collect())
}

/// How far the folder was read. A new one begins at its end: what came in before is never looked at. Where the
/// server has numbered its mails anew, reading begins with the day of the last look (RFC 9051 section 2.3.1.1).
fn place_of(
    folders: &mut Vec<ImapFolder>,
    name: &str,
    state: &FolderState,
    mailbox: &mut dyn MailboxReader,
    last_poll: Option<UnixMillis>,
) -> Result<usize, ProviderError> {
    let known = folders.iter().position(|folder| folder.name == name);
    if let Some(index) = known.filter(|index| folders[*index].uid_validity == state.uid_validity) {
        return Ok(index);
    }
    let last_uid = match (known, last_poll) {
        (Some(_), Some(day)) => match mailbox.uids_since(day)?.first() {
            Some(first) => first.saturating_sub(1),
            None => end_of(state, mailbox)?,
        },
        _ => end_of(state, mailbox)?,
    };
    let place = ImapFolder { name: name.to_owned(), uid_validity: state.uid_validity, last_uid };
    match known {
        Some(index) => {
            folders[index] = place;
            Ok(index)
        }
        None => {
            folders.push(place);
            Ok(folders.len() - 1)
        }
    }
}

/// The highest UID there is. Servers that do not tell the next one are asked for all.
fn end_of(state: &FolderState, mailbox: &mut dyn MailboxReader) -> Result<u32, ProviderError> {
    match state.uid_next.checked_sub(1) {
        Some(last) => Ok(last),
        None => Ok(mailbox.uids_since(UnixMillis(0))?.last().copied().unwrap_or(0)),
    }
}

fn read_folder(poll: &mut Poll<'_>, mailbox: &mut dyn MailboxReader, folder: &mut ImapFolder) -> Result<(), PollError> {
    loop {
        poll.may_go_on()?;
        let query = HeaderQuery {
            after_uid: folder.last_uid,
            fields: &HEADERS_TO_FETCH,
            max_messages: HEADS,
            max_bytes_each: HEAD_BYTES,
        };
        let heads = mailbox.headers(query)?;
        if heads.is_empty() {
            return Ok(());
        }
        for head in heads {
            if let FirstLook::Open(opening) = poll.compare(&HeaderFacts::parse(&head.bytes), None)? {
                poll.may_go_on()?;
                match mailbox.message(head.uid, MAIL_BYTES) {
                    Ok(raw) => poll.open(&opening, None, &raw)?,
                    Err(ProviderError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            folder.last_uid = head.uid;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder whose UIDs begin at 10.
    struct Numbered(Vec<u32>);

    impl MailboxReader for Numbered {
        fn folders(&mut self) -> Result<Vec<crate::providers::imap::Folder>, ProviderError> {
            Ok(Vec::new())
        }
        fn examine(&mut self, _: &str) -> Result<FolderState, ProviderError> {
            Err(ProviderError::NotFound)
        }
        fn headers(&mut self, _: HeaderQuery<'_>) -> Result<Vec<crate::providers::imap::HeaderBlock>, ProviderError> {
            Ok(Vec::new())
        }
        fn uids_since(&mut self, _: UnixMillis) -> Result<Vec<u32>, ProviderError> {
            Ok(self.0.clone())
        }
        fn message(&mut self, _: u32, _: u32) -> Result<Vec<u8>, ProviderError> {
            Err(ProviderError::NotFound)
        }
    }

    #[test]
    fn reading_begins_at_the_end_and_starts_over_only_when_the_server_numbered_anew() {
        let known = |validity, last_uid| vec![ImapFolder { name: INBOX.into(), uid_validity: validity, last_uid }];
        let state = |uid_validity, uid_next| FolderState { uid_validity, uid_next, messages: 3 };
        let yesterday = Some(UnixMillis(0));
        let cases = [
            ("new folder", vec![], state(1, 31), None, 30),
            ("new folder, server tells no next UID", vec![], state(1, 0), None, 12),
            ("known folder", known(1, 7), state(1, 31), yesterday, 7),
            ("numbered anew", known(1, 900), state(2, 31), yesterday, 9),
            ("numbered anew, never read", known(1, 900), state(2, 31), None, 30),
        ];
        for (name, mut folders, state, last_poll, expected) in cases {
            let mut mailbox = Numbered(vec![10, 11, 12]);
            let index = place_of(&mut folders, INBOX, &state, &mut mailbox, last_poll).unwrap();
            assert_eq!(folders[index].last_uid, expected, "{name}");
            assert_eq!(folders[index].uid_validity, state.uid_validity, "{name}");
        }
    }
}
