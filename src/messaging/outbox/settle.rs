//! What became of a message, and what that means for its mailbox.

use std::time::Duration;

use serde_json::Value;

use super::super::gate::{count_sent, pause_after};
use super::super::proof::is_proved;
use super::super::store::{index_ids, put_in_doubt, update_message};
use super::super::suppression::suppress;
use super::{serial_of, SentAs};
use crate::app::App;
use crate::base::UnixMillis;
use crate::connections::{self, Connection, State};
use crate::events::{self, Happened};
use crate::jobs::{self, Job, Lane, Performed, Settled};
use crate::messaging::model::{Delivery, Message, Purpose, SuppressionReason, Target};
use crate::store::{StoreError, Txn};
use crate::workers;

/// For how long a message is tried that is put off each time (RFC 5321 section 4.5.4.1 would allow five days).
const GIVE_UP_AFTER: Duration = Duration::from_secs(72 * 3600);
const LEAST_TRIES: u32 = 8;

/// Writes what became of a message, with its event, in the transaction in which its job is closed.
pub(super) fn settle_message(
    app: &App,
    txn: &mut Txn<'_>,
    job: &Job,
    mut message: Message,
    performed: &Performed,
    now: UnixMillis,
) -> Result<Settled, StoreError> {
    let (id, contact) = (message.id, message.contact);
    // Something came back about it while its line was still open.
    let mut settled = Settled { happened: is_proved(&message), ..Settled::default() };
    let happened = match performed {
        Performed::Done { answer } => sent(app, txn, &mut message, answer, &mut settled, now)?,
        _ if settled.happened => None,
        Performed::NotDone { .. } => put_off(txn, job, &mut message, performed, &mut settled, now)?,
        Performed::Refused { reason, detail } => {
            count_sent(txn, message.workspace, &message, job.intent_at.unwrap_or(now), -1)?;
            Some(refused(txn, &mut message, reason, detail["bad_address"] == true, now)?)
        }
        Performed::Unknown { reason } => {
            message.noted.failing_since = None;
            message.state = Delivery::InDoubt { reason: reason.clone() };
            Some(Happened::MessageInDoubt { message: id, contact })
        }
        Performed::CannotKnow { reason } => {
            message.state = Delivery::NeedsHuman { reason: reason.clone() };
            put_in_doubt(txn, &message)?;
            Some(Happened::MessageInDoubt { message: id, contact })
        }
    };
    update_message(txn, &message)?;
    if let Some(what) = happened {
        events::append(txn, message.workspace, now, what)?;
    }
    Ok(settled)
}

/// It left: under the ids that the provider gave it, and its mailbox keeps its distance to the next.
fn sent(
    app: &App,
    txn: &mut Txn<'_>,
    message: &mut Message,
    answer: &Value,
    settled: &mut Settled,
    now: UnixMillis,
) -> Result<Option<Happened>, StoreError> {
    let sent: SentAs = serde_json::from_value(answer.clone()).unwrap_or_default();
    let names_new_ids = sent.message_id.is_some() || sent.provider_thread.is_some();
    message.provider_id = sent.provider_id.or(message.provider_id.take());
    message.provider_thread = sent.provider_thread.or(message.provider_thread.take());
    if let Some(message_id) = sent.message_id {
        message.message_id = message_id;
    }
    if names_new_ids {
        index_ids(txn, message)?;
    }
    if !settled.happened {
        message.sent_at = Some(now);
        message.state = Delivery::Sent;
    }
    if let Some(connection) = connections::find(txn, message.workspace, message.connection)? {
        let pause = pause_after(app, &connection, message);
        settled.pace = (!pause.is_zero()).then(|| now.plus(pause));
        if let Some(at) = settled.pace.filter(|_| message.purpose != Purpose::Outreach) {
            jobs::keep_pace(txn, Lane::MailOut, serial_of(connection.id, Purpose::Outreach), at)?;
        }
        mark_success(txn, connection, now)?;
    }
    Ok((!settled.happened).then_some(Happened::MessageSent { message: message.id, contact: message.contact }))
}

/// It surely has not left: it waits on, ends with a person, or is over.
fn put_off(
    txn: &mut Txn<'_>,
    job: &Job,
    message: &mut Message,
    performed: &Performed,
    settled: &mut Settled,
    now: UnixMillis,
) -> Result<Option<Happened>, StoreError> {
    let Performed::NotDone { reason, detail, whole_serial, after } = performed else { return Ok(None) };
    count_sent(txn, message.workspace, message, job.intent_at.unwrap_or(now), -1)?;
    let needs_owner = detail["needs_owner"] == true;
    let rests = after.filter(|_| *whole_serial).map(|after| now.plus(after));
    mark_trouble(txn, message, reason, needs_owner, rests, now)?;
    message.noted.sender_refused |= detail["sender_refused"] == true;
    let failing_since = message.noted.failing_since.unwrap_or(now);
    // While its owner is waited for, nothing is tried.
    message.noted.failing_since = (!needs_owner).then_some(failing_since);
    if let Some(reason) = message.noted.withdrawn.clone() {
        return Ok(Some(unsent(message, reason)));
    }
    if needs_owner || !is_exhausted(job, failing_since, now) {
        message.state = Delivery::Queued { waits_for: Some(reason.clone()) };
        return Ok(None);
    }
    if !*whole_serial {
        return Ok(Some(unsent(message, reason.clone())));
    }
    // The mailbox's trouble takes nobody off the list: a person says whether it is tried again.
    let reason = format!("It was tried for days and has not left: {reason}");
    message.state = Delivery::NeedsHuman { reason };
    put_in_doubt(txn, message)?;
    settled.needs_human = true;
    Ok(None)
}

/// The provider will never take it; an address where nobody is gets no mail again.
fn refused(
    txn: &mut Txn<'_>,
    message: &mut Message,
    reason: &str,
    bad_address: bool,
    now: UnixMillis,
) -> Result<Happened, StoreError> {
    if !bad_address {
        return Ok(unsent(message, reason.to_owned()));
    }
    let target = Target::Address(message.to.clone());
    suppress(txn, message.workspace, now, &target, SuppressionReason::Bounced, reason, Some(message.contact))?;
    message.state = Delivery::Bounced { hard: true, reason: reason.to_owned(), full: false };
    Ok(Happened::MessageBounced { message: message.id, contact: message.contact, hard: true })
}

fn unsent(message: &mut Message, reason: String) -> Happened {
    message.state = Delivery::NotSent { reason: reason.clone() };
    Happened::MessageNotSent { message: message.id, contact: message.contact, reason }
}

/// Whether it was tried for long enough. Both count: one that failed on Friday and again on Monday is no old case.
fn is_exhausted(job: &Job, failing_since: UnixMillis, now: UnixMillis) -> bool {
    job.attempt + 1 >= LEAST_TRIES && now.since(failing_since) >= GIVE_UP_AFTER
}

/// "Last success" is shown in minutes: a mailbox in full work is not written with every mail.
const SUCCESS_STEP: Duration = Duration::from_secs(30);

fn mark_success(txn: &mut Txn<'_>, mut connection: Connection, now: UnixMillis) -> Result<(), StoreError> {
    let health = &connection.health;
    let is_noted = health.last_success.is_some_and(|at| {
        at <= now && now.since(at) < SUCCESS_STEP && health.last_error.as_ref().is_none_or(|(error, _)| *error < at)
    });
    if is_noted && connection.state == State::Working {
        return Ok(());
    }
    connection.health.last_success = Some(now);
    if matches!(connection.state, State::Waiting { .. }) {
        connection.state = State::Working;
    }
    connections::put(txn, &connection)
}

/// Notes trouble on the mailbox: until when it rests as a whole, or that only its owner can help; then its workers
/// pause.
fn mark_trouble(
    txn: &mut Txn<'_>,
    message: &Message,
    reason: &str,
    needs_owner: bool,
    rests: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(mut connection) = connections::find(txn, message.workspace, message.connection)? else { return Ok(()) };
    connection.health.last_error = Some((now, reason.to_owned()));
    if let Some(until) = rests.filter(|_| !needs_owner && connection.state.is_working()) {
        connection.state = State::Waiting { until, reason: reason.to_owned() };
    }
    if needs_owner && connection.state.is_working() {
        connection.state = State::NeedsOwner { since: now, reason: reason.to_owned() };
        let what = Happened::ConnectionLost { connection: connection.id, reason: reason.to_owned() };
        events::append(txn, message.workspace, now, what)?;
        let worker = message.worker.map(|id| workers::find(txn, message.workspace, id)).transpose()?.flatten();
        if let Some(worker) = worker {
            if !workers::writes_without(txn, message.workspace, &worker, connection.id)? {
                let words = format!("{} needs its owner: {reason}", connection.address);
                workers::pause_by_itself(txn, message.workspace, worker.id, now, &words)?;
            }
        }
    }
    connections::put(txn, &connection)
}
