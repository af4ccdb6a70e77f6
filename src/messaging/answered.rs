//! Whether somebody has answered. An answer stops a sequence through its event; this is asked besides, so that a mail
//! waits or stays where it is however late that event is heard.

use super::model::{Message, Reply};
use super::store::list_replies_of_contact;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::store::{StoreError, Txn};

/// Answers of one contact that are looked at, the newest.
const LOOK_BACK: usize = 20;

/// What an answer means for the mails of a sequence that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answered {
    /// An absence: the sequence is paused.
    Away,
    /// It came in and is being read.
    Unread,
    /// A person answered: the sequence is over.
    Person,
}

/// What the contact has answered after `since`; an answer that nobody has read yet counts whenever it came.
pub fn answered_since(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    since: UnixMillis,
) -> Result<Option<Answered>, StoreError> {
    let newest = list_replies_of_contact(txn, workspace, contact, LOOK_BACK)?;
    let counts = |reply: &Reply, meaning: &Answered| *meaning == Answered::Unread || reply.received_at > since;
    Ok(newest.iter().filter_map(|reply| meaning(reply).filter(|meaning| counts(reply, meaning))).max())
}

/// What came in that whoever queued the message did not know of.
pub(super) fn answered_meanwhile(txn: &mut Txn<'_>, message: &Message) -> Result<Option<Answered>, StoreError> {
    let newest = list_replies_of_contact(txn, message.workspace, message.contact, LOOK_BACK)?;
    let known = message.noted.newest_reply;
    let news = newest.iter().take_while(|reply| Some(reply.id) != known);
    let unread = newest.iter().filter_map(meaning).filter(|meaning| *meaning == Answered::Unread);
    Ok(news.filter_map(meaning).chain(unread).max())
}

fn meaning(reply: &Reply) -> Option<Answered> {
    match &reply.reading {
        None if reply.handled_at.is_none() => Some(Answered::Unread),
        None => (!reply.automatic).then_some(Answered::Person),
        // An acknowledgement by a machine.
        Some(reading) if reply.automatic && reading.label == "other" => None,
        Some(reading) if reading.label == "out_of_office" => Some(Answered::Away),
        Some(_) => Some(Answered::Person),
    }
}
