//! What came back: answers, bounces, complaints. Channels have already matched it to a message of ours.

use std::time::Duration;

use super::model::{Delivery, Message, Reply, SuppressionReason, Target};
use super::proof::{prove, prove_named};
use super::store::{find_message, find_of_contact, insert_reply, update_message};
use super::suppression::suppress;
use crate::app::App;
use crate::base::{ConnectionId, EmailAddress, MessageId, ReplyId, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// Characters of an answer that may be stored (promise 3).
pub const EXCERPT_CHARS: usize = 2000;
/// A full mailbox is not a dead one; after this many mails of one month found it full the address is given up.
const SOFT_LIMIT: usize = 3;
const SOFT_WITHIN: Duration = Duration::from_secs(30 * 86_400);
const RECENT: usize = 10;

/// An answer to `message`, as a channel read it. `text` is what the person wrote, without quotes and signature.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub message: MessageId,
    pub from: EmailAddress,
    pub from_name: String,
    pub subject: String,
    pub text: String,
    pub message_id: String,
    pub references: Vec<String>,
    pub provider_thread: Option<String>,
    pub sent_at: UnixMillis,
    pub header_facts: Vec<(String, String)>,
    pub automatic: bool,
}

/// Takes in an answer. `None` when it was taken in before, or its message is gone.
pub fn receive(app: &App, workspace: WorkspaceId, incoming: &Incoming) -> Result<Option<ReplyId>, StoreError> {
    let now = app.now();
    let id = ReplyId::new(now);
    app.store.write(|txn| {
        let Some(message) = find_message(txn, workspace, incoming.message)? else { return Ok(None) };
        let mut reply = reply_row(id, &message, incoming, now);
        reply.connection = mailbox_now(txn, &message)?;
        if !insert_reply(txn, &reply)? {
            return Ok(None);
        }
        let what = Happened::MessageReceived { reply: id, contact: message.contact, message: message.id };
        events::append(txn, workspace, now, what)?;
        prove_named(txn, workspace, &incoming.references, now)?;
        Ok(Some(id))
    })
}

/// The mailbox as it is connected now: what answers the reply leaves from there.
fn mailbox_now(txn: &mut Txn<'_>, message: &Message) -> Result<ConnectionId, StoreError> {
    let then = connections::find(txn, message.workspace, message.connection)?;
    let Some(then) = then.filter(Connection::is_disconnected) else { return Ok(message.connection) };
    let all = connections::list_in(txn, message.workspace)?;
    let now = all.iter().rfind(|one| !one.is_disconnected() && one.address == then.address);
    Ok(now.map_or(message.connection, |one| one.id))
}

fn reply_row(id: ReplyId, message: &Message, incoming: &Incoming, now: UnixMillis) -> Reply {
    Reply {
        id,
        workspace: message.workspace,
        contact: message.contact,
        message: message.id,
        connection: message.connection,
        worker: message.worker,
        enrolment: message.enrolment,
        from: incoming.from.clone(),
        from_name: incoming.from_name.clone(),
        received_at: now,
        sent_at: incoming.sent_at,
        subject: incoming.subject.chars().take(200).collect(),
        excerpt: incoming.text.chars().take(EXCERPT_CHARS).collect(),
        message_id: incoming.message_id.clone(),
        references: incoming.references.clone(),
        provider_thread: incoming.provider_thread.clone().or_else(|| message.provider_thread.clone()),
        header_facts: incoming.header_facts.clone(),
        automatic: incoming.automatic,
        reading: None,
        handled_at: None,
    }
}

/// What a returned message says about its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounce {
    /// Nobody is there: the address is written to no more.
    Nobody,
    /// Its mailbox is full: given up after several.
    Full,
    /// Not the address's fault (policy, content, the way there): suppresses nobody, however often.
    Elsewhere,
}

/// Notes a bounce of a message. It proves that the message had left.
pub fn bounced(
    app: &App,
    workspace: WorkspaceId,
    message: MessageId,
    bounce: Bounce,
    reason: &str,
) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write_reserved(|txn| note_bounce(txn, workspace, message, bounce, reason, now))
}

/// The same inside a transaction: a bounce may also be read out of what looks like an answer.
pub fn note_bounce(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    bounce: Bounce,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let (hard, full) = (bounce == Bounce::Nobody, bounce == Bounce::Full);
    let Some(mut message) = find_message(txn, workspace, message)? else { return Ok(()) };
    if matches!(message.state, Delivery::Bounced { hard: true, .. }) {
        return Ok(());
    }
    prove(txn, &mut message, now)?;
    let (id, contact) = (message.id, message.contact);
    message.state = Delivery::Bounced { hard, reason: reason.to_owned(), full };
    update_message(txn, &message)?;
    events::append(txn, workspace, now, Happened::MessageBounced { message: id, contact, hard })?;
    if hard || (full && full_mailboxes(txn, &message, now)? >= SOFT_LIMIT) {
        let target = Target::Address(message.to.clone());
        suppress(txn, workspace, now, &target, SuppressionReason::Bounced, reason, Some(contact))?;
    }
    Ok(())
}

/// How many of the newest mails to this address found its mailbox full within a month.
fn full_mailboxes(txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<usize, StoreError> {
    let messages = find_of_contact(txn, message.workspace, message.contact, RECENT)?;
    let is_recent = |one: &Message| now.since(one.sent_at.unwrap_or(one.queued_at)) <= SOFT_WITHIN;
    let found_full = |one: &&Message| {
        one.to == message.to && is_recent(one) && matches!(one.state, Delivery::Bounced { full: true, .. })
    };
    Ok(messages.iter().filter(found_full).count())
}

/// Notes that the recipient reported a message as spam: never again.
pub fn complained(app: &App, workspace: WorkspaceId, message: MessageId, kind: &str) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write_reserved(|txn| {
        let Some(mut message) = find_message(txn, workspace, message)? else { return Ok(()) };
        prove(txn, &mut message, now)?;
        let target = Target::Address(message.to.clone());
        let contact = message.contact;
        if suppress(txn, workspace, now, &target, SuppressionReason::Complained, kind, Some(contact))? {
            events::append(txn, workspace, now, Happened::Complained { message: Some(message.id), contact })?;
        }
        Ok(())
    })
}
