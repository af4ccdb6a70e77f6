//! The one way out. A message is enqueued with its job in the caller's transaction; the job sends it when the gate
//! lets it, one at a time per mailbox, and never twice.

mod channel;
mod decide;
mod effect;
mod new_message;
mod settle;

pub use channel::{Channel, Look, SendOutcome, SentAs};
pub use decide::{hold_restored, resolve, ResolveError};
pub use effect::Outbox;
pub use new_message::NewMessage;
pub(super) use new_message::Payload;

use super::gate::{check_now, count_dry, is_dry, Gate};
use super::model::{Delivery, Message, Purpose};
use super::proof::is_proved;
use super::store::{find_message, insert_message, list_replies_of_contact, put_in_dry_run, update_message};
use crate::app::App;
use crate::base::{ConnectionId, MessageId, UnixMillis, WorkspaceId};
use crate::contacts;
use crate::events::{self, Happened};
use crate::jobs::{self, Lane, Serial};
use crate::store::{StoreError, Txn};

/// The kind of the job that sends one message.
pub const SEND: &str = "messaging.send";

/// Mails of one mailbox leave one after the other. Answers and confirmations have a row of their own: they must not
/// stand behind hundreds of first mails that wait for their pace or for tomorrow's cap. The pause goes one way: an
/// answer waits for no cold mail, and after an answer the next cold mail keeps its distance (`settle_message`).
fn serial_of(from: ConnectionId, purpose: Purpose) -> Serial {
    match purpose {
        Purpose::Outreach => from.0,
        Purpose::Answer | Purpose::Transactional | Purpose::Test => answers_of(from),
    }
}

/// Until when the mailbox of a message rests, after a mail or after trouble; `None` when it does not.
pub fn rests_until(txn: &mut Txn<'_>, message: &Message, now: UnixMillis) -> Result<Option<UnixMillis>, StoreError> {
    let at = jobs::pace_of(txn, Lane::MailOut, serial_of(message.connection, message.purpose))?;
    Ok((at > now).then_some(at))
}

/// The row of a mailbox's answers and confirmations.
pub(super) fn answers_of(mailbox: ConnectionId) -> Serial {
    Serial::from_u128(mailbox.0.as_u128() ^ 1)
}

/// Enqueues a message in this transaction. The gate is asked at once: a "no" is recorded as the message's outcome.
pub fn enqueue(app: &App, txn: &mut Txn<'_>, new: &NewMessage, now: UnixMillis) -> Result<Message, StoreError> {
    let mut message = new.message.clone();
    let (workspace, contact) = (message.workspace, message.contact);
    if message.purpose == Purpose::Outreach {
        message.noted.newest_reply = list_replies_of_contact(txn, workspace, contact, 1)?.first().map(|reply| reply.id);
    }
    message.noted.in_dry_run = is_dry(txn, &message)?;
    if let Gate::No { reason } = check_now(app, txn, &message, now)? {
        message.state = Delivery::NotSent { reason: reason.clone() };
        if message.purpose != Purpose::Test && contacts::find(txn, workspace, contact)?.is_none() {
            // Whoever was erased comes back in no row, not even in one that says that nothing was sent.
            return Ok(message);
        }
        insert_message(txn, &message)?;
        events::append(txn, workspace, now, Happened::MessageNotSent { message: message.id, contact, reason })?;
        return Ok(message);
    }
    insert_message(txn, &message)?;
    jobs::enqueue(txn, &new.job)?;
    events::append(txn, workspace, now, Happened::MessageQueued { message: message.id, contact })?;
    Ok(message)
}

/// What the gate would say now, without enqueuing anything: for showing beside a draft.
pub fn ask_gate(app: &App, new: &NewMessage, now: UnixMillis) -> Result<Gate, StoreError> {
    app.store.read(|txn| check_now(app, txn, &new.message, now))
}

/// Takes a waiting message back; returns whether it was. One that is leaving or in doubt stays, but should it turn out
/// not to have left, then it never does.
pub fn cancel(txn: &mut Txn<'_>, workspace: WorkspaceId, id: MessageId, reason: &str) -> Result<bool, StoreError> {
    if cancel_waiting(txn, workspace, id, reason)? {
        return Ok(true);
    }
    let Some(mut message) = find_message(txn, workspace, id)? else { return Ok(false) };
    if !is_proved(&message) && !matches!(message.state, Delivery::NotSent { .. }) {
        message.noted.withdrawn = Some(reason.to_owned());
        update_message(txn, &message)?;
    }
    Ok(false)
}

/// The same for one that surely waits. Any other is left as it is, and nothing is noted on it: it may leave.
pub fn cancel_waiting(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: MessageId,
    reason: &str,
) -> Result<bool, StoreError> {
    let Some(mut message) = find_message(txn, workspace, id)? else { return Ok(false) };
    if !message.state.is_waiting() || !jobs::cancel(txn, message.job, reason)? {
        return Ok(false);
    }
    message.state = Delivery::NotSent { reason: reason.to_owned() };
    update_message(txn, &message)?;
    Ok(true)
}

/// It surely has not left and never will: written with its event.
fn close_unsent(txn: &mut Txn<'_>, mut message: Message, reason: String, now: UnixMillis) -> Result<(), StoreError> {
    message.state = Delivery::NotSent { reason: reason.clone() };
    update_message(txn, &message)?;
    let what = Happened::MessageNotSent { message: message.id, contact: message.contact, reason };
    events::append(txn, message.workspace, now, what).map(|_| ())
}

/// Why a mail of a dry run did not leave.
pub const DRY_RUN: &str = "Dry run: it would have left, and stayed here.";

/// Everything else let it go: it is recorded as what would have been sent, and is over.
fn record_dry_run(txn: &mut Txn<'_>, mut message: Message, now: UnixMillis) -> Result<(), StoreError> {
    count_dry(txn, &message, now)?;
    message.state = Delivery::NotSent { reason: DRY_RUN.to_owned() };
    message.noted.would_have_left = Some(now);
    put_in_dry_run(txn, &message)?;
    update_message(txn, &message)?;
    let what = Happened::MessageRehearsed { message: message.id, contact: message.contact };
    events::append(txn, message.workspace, now, what).map(|_| ())
}
