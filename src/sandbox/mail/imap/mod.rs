//! An IMAP4rev1 server (RFC 3501) over the sandbox's boxes: what a client needs to find and read new mail.
//!
//! Folders are labels: INBOX, Sent, Junk, Trash. UIDs are the box's own, so a mail has one UID in all folders.

mod command;
mod fetch;
mod search;
mod session;
mod set;

pub(super) use session::serve;

use crate::sandbox::mail::mailbox::{Mail, Mailbox};

/// A folder's name, its label, and its special use (RFC 6154).
const FOLDERS: [(&str, &str, &str); 4] =
    [("INBOX", "INBOX", ""), ("Sent", "SENT", "\\Sent"), ("Junk", "SPAM", "\\Junk"), ("Trash", "TRASH", "\\Trash")];

/// The label behind a folder's name; INBOX in any case.
fn label_of(folder: &str) -> Option<&'static str> {
    let same = |name: &str| name == folder || (name == "INBOX" && folder.eq_ignore_ascii_case("INBOX"));
    FOLDERS.iter().find(|(name, _, _)| same(name)).map(|(_, label, _)| *label)
}

/// The folder's mails in UID order; the sequence number is the position plus one.
fn in_folder<'a>(mailbox: &'a Mailbox, label: &str) -> Vec<&'a Mail> {
    mailbox.mails.iter().filter(|mail| mail.labels.contains(label)).collect()
}

fn flags(mail: &Mail) -> &'static str {
    if mail.labels.contains("UNREAD") {
        "()"
    } else {
        "(\\Seen)"
    }
}
