//! The effect behind `SEND`: what the queue does with a message when its time has come.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{json, Value};

use super::super::gate::{check_leaving, count_sent, Gate};
use super::super::proof::is_proved;
use super::super::store::{find_message, get_message, update_message};
use super::settle::settle_message;
use super::{close_unsent, record_dry_run, Channel, Look, Payload, SendOutcome, SentAs, DRY_RUN, SEND};
use crate::app::App;
use crate::base::UnixMillis;
use crate::connections::{self, Connection};
use crate::jobs::{backoff, Effect, Job, Performed, Prepared, Ready, Reconciled, Settled};
use crate::messaging::model::{Delivery, Message};
use crate::store::{StoreError, Txn};

/// The least that a mailbox rests that is told to slow down, or whose server cannot be reached.
const REST: Duration = Duration::from_secs(5 * 60);
/// How long a mailbox rests that only its owner can mend.
const OWNER_ACTS: Duration = Duration::from_secs(3600);

/// The effect behind `SEND`.
pub struct Outbox {
    pub channel: Arc<dyn Channel>,
}

impl Effect<App> for Outbox {
    fn kind(&self) -> &'static str {
        SEND
    }

    fn prepare(&self, app: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let Payload { workspace, message } = job.payload()?;
        let Some(mut message) = find_message(txn, workspace, message)? else {
            return Ok(Prepared::Drop { reason: "The message was erased.".into() });
        };
        if is_proved(&message) {
            return Ok(Prepared::Drop { reason: "The message had left already.".into() });
        }
        if !message.state.is_waiting() {
            return Ok(Prepared::Drop { reason: "The message was taken back.".into() });
        }
        if let Some(reason) = message.noted.withdrawn.clone() {
            close_unsent(txn, message, reason.clone(), now)?;
            return Ok(Prepared::Drop { reason });
        }
        match check_leaving(app, txn, &message, now)? {
            Gate::Go => {
                let connection = connections::find(txn, workspace, message.connection)?;
                message.state = Delivery::Leaving;
                message.cursor_before = connection.as_ref().and_then(mailbox_cursor);
                count_sent(txn, workspace, &message, now, 1)?;
                update_message(txn, &message)?;
                let letter: Option<Letter> = connection.map(|connection| (message, connection));
                Ok(Prepared::Go(Box::new(letter)))
            }
            Gate::Later { at, whole_mailbox, reason } => {
                let waits = Delivery::Queued { waits_for: Some(reason.clone()) };
                if message.state != waits {
                    message.state = waits;
                    update_message(txn, &message)?;
                }
                Ok(Prepared::Later { at, whole_serial: whole_mailbox, reason })
            }
            Gate::No { reason } => {
                close_unsent(txn, message, reason.clone(), now)?;
                Ok(Prepared::Drop { reason })
            }
            Gate::WouldGo => {
                record_dry_run(txn, message, now)?;
                Ok(Prepared::Drop { reason: DRY_RUN.to_owned() })
            }
        }
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let read_by_prepare = ready.downcast::<Option<Letter>>().ok().and_then(|letter| *letter);
        let (message, connection) = match read_by_prepare.map_or_else(|| load(app, job), |letter| Ok(Some(letter))) {
            Ok(Some(found)) => found,
            Ok(None) => return Performed::Refused { reason: "The message was erased.".into(), detail: Value::Null },
            Err(error) => return not_done(None, false, error.to_string(), Value::Null),
        };
        match self.channel.send(app, &message, &connection) {
            SendOutcome::Sent(sent) => Performed::Done { answer: json!(sent) },
            SendOutcome::Wait { after, whole_mailbox, reason } => {
                // Without a time of theirs a mailbox rests for a while, and longer from try to try.
                let rest = whole_mailbox.then(|| backoff(job.id, job.attempt + 1).max(REST));
                not_done(after.or(rest), whole_mailbox, reason, Value::Null)
            }
            SendOutcome::Refused { reason, bad_address } => {
                Performed::Refused { reason, detail: json!({ "bad_address": bad_address }) }
            }
            SendOutcome::NeedsOwner { reason } => {
                not_done(Some(OWNER_ACTS), true, reason, json!({ "needs_owner": true }))
            }
            // Its owner has had a look since: now it is this mail alone.
            SendOutcome::SenderRefused { reason } if message.noted.sender_refused => {
                Performed::Refused { reason, detail: Value::Null }
            }
            SendOutcome::SenderRefused { reason } => {
                let detail = json!({ "needs_owner": true, "sender_refused": true });
                not_done(Some(OWNER_ACTS), true, reason, detail)
            }
            SendOutcome::Unknown { reason } => Performed::Unknown { reason },
        }
    }

    fn settle(
        &self,
        app: &App,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<Settled, StoreError> {
        let Payload { workspace, message } = job.payload()?;
        let Some(message) = find_message(txn, workspace, message)? else { return Ok(Settled::default()) };
        settle_message(app, txn, job, message, performed, now)
    }

    fn reconcile(&self, app: &App, job: &Job, _: UnixMillis) -> Reconciled {
        let (message, connection) = match load(app, job) {
            Ok(Some(found)) => found,
            Ok(None) => return Reconciled::CannotKnow { reason: "The message was erased.".into() },
            Err(error) => return Reconciled::LookAgain { after: Duration::from_secs(60), reason: error.to_string() },
        };
        if is_proved(&message) {
            return Reconciled::Found { answer: json!(SentAs::default()) };
        }
        match self.channel.look(app, &message, &connection, job.looks) {
            Look::Found(sent) => Reconciled::Found { answer: json!(sent) },
            Look::Absent => Reconciled::Absent,
            Look::LookAgain { after, reason } => Reconciled::LookAgain { after, reason },
            Look::CannotKnow { reason } => Reconciled::CannotKnow { reason },
        }
    }

    fn released(&self, _: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<(), StoreError> {
        let Payload { workspace, message } = job.payload()?;
        let Some(mut message) = find_message(txn, workspace, message)? else { return Ok(()) };
        if is_proved(&message) {
            // Something came back about it while it was looked for: `prepare` lets it go no second time.
            return Ok(());
        }
        // Given back in the hour in which it was counted.
        count_sent(txn, workspace, &message, job.intent_at.unwrap_or(now), -1)?;
        if let Some(reason) = message.noted.withdrawn.clone() {
            return close_unsent(txn, message, reason, now);
        }
        message.state = Delivery::Queued { waits_for: None };
        update_message(txn, &message)
    }
}

/// A message with the mailbox that it leaves from.
type Letter = (Message, Connection);

fn load(app: &App, job: &Job) -> Result<Option<Letter>, StoreError> {
    let Payload { workspace, message } = job.payload()?;
    let Some(message) = get_message(&app.store, workspace, message)? else { return Ok(None) };
    let connection = connections::get(&app.store, workspace, message.connection)?;
    Ok(connection.map(|connection| (message, connection)))
}

fn mailbox_cursor(connection: &Connection) -> Option<String> {
    match &connection.kind {
        connections::Kind::Google(google) => google.history_cursor.clone(),
        connections::Kind::Microsoft(_)
        | connections::Kind::SmtpImap(_)
        | connections::Kind::Meetings(_)
        | connections::Kind::CalDav(_) => None,
    }
}

fn not_done(after: Option<Duration>, whole_serial: bool, reason: String, detail: Value) -> Performed {
    Performed::NotDone { after, whole_serial, reason, detail }
}
