//! The one way out. A message is enqueued with its job in the caller's transaction; the job sends it when the gate
//! lets it, one at a time per mailbox, and never twice.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::gate::{check_now, count_dry, count_sent, is_dry, pause_after, Gate};
use super::model::{Delivery, Dress, Message, Noted, Purpose, SendingHours, SuppressionReason, Target};
use super::proof::is_proved;
use super::store::{
    find_message, get_message, index_ids, insert_message, list_recent, list_replies_of_contact, put_in_doubt,
    put_in_dry_run, settle_doubt, update_message,
};
use super::suppression::suppress;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{
    BookingId, ConnectionId, ContactId, DraftId, EmailAddress, EnrolmentId, MessageId, StepId, UnixMillis, VariantId,
    WorkerId, WorkspaceId,
};
use crate::connections::{self, Connection, State};
use crate::contacts;
use crate::events::{self, Happened};
use crate::jobs::{
    self, backoff, Class, Effect, Job, Lane, NewJob, Performed, Prepared, Ready, Reconciled, Serial, Settled, Verdict,
};
use crate::store::{StoreError, Txn};
use crate::workers;

/// The kind of the job that sends one message.
pub const SEND: &str = "messaging.send";

/// For how long a message is tried that is put off each time (RFC 5321 section 4.5.4.1 would allow five days).
const GIVE_UP_AFTER: Duration = Duration::from_secs(72 * 3600);
const LEAST_TRIES: u32 = 8;
/// How long a mailbox rests that only its owner can mend.
/// The least that a mailbox rests that is told to slow down, or whose server cannot be reached.
const REST: Duration = Duration::from_secs(5 * 60);
const OWNER_ACTS: Duration = Duration::from_secs(3600);

/// How a channel hands a message to its provider. Implemented in `channels/`, given to the outbox by `wiring`.
pub trait Channel: Send + Sync {
    /// The first byte may leave here.
    fn send(&self, app: &App, message: &Message, connection: &Connection) -> SendOutcome;
    /// Looks at the provider whether the message left.
    fn look(&self, app: &App, message: &Message, connection: &Connection, looks: u32) -> Look;
}

/// What the provider made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAs {
    pub provider_id: Option<String>,
    pub provider_thread: Option<String>,
    /// The Message-ID under which it really left.
    pub message_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    Sent(SentAs),
    /// Surely not sent; later may be better. `whole_mailbox`: nothing from this mailbox until then.
    Wait {
        after: Option<Duration>,
        whole_mailbox: bool,
        reason: String,
    },
    /// Surely not sent, and this message never will be. `bad_address`: nobody is there (5.1.x).
    Refused {
        reason: String,
        bad_address: bool,
    },
    /// Surely not sent; the owner must act before anything leaves from this mailbox.
    NeedsOwner {
        reason: String,
    },
    /// Surely not sent: mail of this sender is not wanted (5.7.x). The owner must act; refused again after that, this
    /// message never will be sent.
    SenderRefused {
        reason: String,
    },
    /// It may have left.
    Unknown {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Found(SentAs),
    Absent,
    LookAgain { after: Duration, reason: String },
    CannotKnow { reason: String },
}

/// A message to be enqueued. Ids are made here, outside the transaction.
#[derive(Clone, Debug)]
pub struct NewMessage {
    message: Message,
    job: NewJob,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    pub workspace: WorkspaceId,
    pub message: MessageId,
}

impl NewMessage {
    /// `domain` for the Message-ID is the sender's own.
    pub fn new(
        now: UnixMillis,
        workspace: WorkspaceId,
        contact: ContactId,
        purpose: Purpose,
        from: &Connection,
        to: &EmailAddress,
    ) -> Self {
        let id = MessageId::new(now);
        let job = NewJob::new(SEND, Lane::MailOut, workspace, now, &Payload { workspace, message: id })
            .serial(serial_of(from.id, purpose))
            .class(Class::Once)
            .max_attempts(u32::MAX);
        let message = Message {
            id,
            workspace,
            contact,
            purpose,
            connection: from.id,
            worker: None,
            enrolment: None,
            step: None,
            variant: None,
            draft: None,
            booking: None,
            to: to.clone(),
            to_name: String::new(),
            subject: String::new(),
            text: String::new(),
            message_id: format!("{}@{}", id, from.address.domain()),
            in_reply_to: None,
            references: Vec::new(),
            provider_thread: None,
            provider_id: None,
            hours: None,
            state: Delivery::Queued { waits_for: None },
            queued_at: now,
            sent_at: None,
            job: job.id(),
            cursor_before: None,
            offered: Vec::new(),
            noted: Noted::default(),
            dress: Dress::default(),
        };
        Self { message, job }
    }

    pub fn id(&self) -> MessageId {
        self.message.id
    }

    /// As it would be written.
    pub fn message(&self) -> &Message {
        &self.message
    }

    pub fn to_name(mut self, name: &str) -> Self {
        self.message.to_name = name.to_owned();
        self
    }

    pub fn words(mut self, subject: &str, text: &str) -> Self {
        self.message.subject = subject.to_owned();
        self.message.text = text.to_owned();
        self
    }

    pub fn worker(mut self, worker: WorkerId) -> Self {
        self.message.worker = Some(worker);
        self
    }

    /// A mail of a sequence; `variant` where the step has several wordings.
    pub fn step(mut self, enrolment: EnrolmentId, step: StepId, variant: Option<VariantId>) -> Self {
        self.message.enrolment = Some(enrolment);
        self.message.step = Some(step);
        self.message.variant = variant;
        self
    }

    pub fn enrolment(mut self, enrolment: EnrolmentId) -> Self {
        self.message.enrolment = Some(enrolment);
        self
    }

    pub fn draft(mut self, draft: DraftId) -> Self {
        self.message.draft = Some(draft);
        self
    }

    pub fn booking(mut self, booking: BookingId) -> Self {
        self.message.booking = Some(booking);
        self
    }

    pub fn hours(mut self, hours: SendingHours) -> Self {
        self.message.hours = Some(hours);
        self
    }

    /// Continues a conversation: `parent` is answered, `references` are those before it.
    pub fn answering(mut self, parent: &str, references: &[String], provider_thread: Option<&str>) -> Self {
        self.message.in_reply_to = Some(parent.to_owned());
        self.message.references = references.iter().filter(|id| *id != parent).cloned().collect();
        self.message.references.push(parent.to_owned());
        self.message.provider_thread = provider_thread.map(str::to_owned);
        self
    }

    /// The times that its text offers, as (start, end).
    pub fn offering(mut self, times: &[(UnixMillis, UnixMillis)]) -> Self {
        self.message.offered = times.to_vec();
        self
    }

    pub fn dress(mut self, dress: Dress) -> Self {
        self.message.dress = dress;
        self
    }

    /// Not before then.
    pub fn due(mut self, at: UnixMillis) -> Self {
        self.job = self.job.due(at);
        self.message.job = self.job.id();
        self
    }
}

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

/// After a restore: what waits and no worker holds back (a confirmation, an answer by hand) may have left after the
/// backup was made, so a person says. Returns how many; again is harmless.
pub fn hold_restored(app: &App, workspace: WorkspaceId) -> Result<usize, StoreError> {
    const REASON: &str = "The data was restored from a backup; this may have been sent after it was made.";
    let (mut held, mut before) = (0, None);
    loop {
        let page = list_recent(&app.store, workspace, before.as_ref(), 50)?;
        // What is worker's is held by the worker, which a restore switches off; words about a booking are not.
        let is_free = |message: &&Message| message.worker.is_none() || message.purpose == Purpose::Transactional;
        let waiting = page.rows.iter().filter(|message| message.state.is_waiting()).filter(is_free);
        for id in waiting.map(|message| message.id) {
            let changed = app.store.write::<_, StoreError>(|txn| {
                let Some(mut message) = find_message(txn, workspace, id)? else { return Ok(false) };
                if !message.state.is_waiting() || !jobs::needs_look(txn, message.job, REASON)? {
                    return Ok(false);
                }
                message.state = Delivery::NeedsHuman { reason: REASON.to_owned() };
                put_in_doubt(txn, &message)?;
                update_message(txn, &message)?;
                Ok(true)
            })?;
            held += usize::from(changed);
        }
        before = page.next;
        if before.is_none() {
            return Ok(held);
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such message")]
    NotFound,
    /// Somebody else decided first, or it was found meanwhile.
    #[error("this message does not wait for a decision any more")]
    NotWaiting,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A person says what became of a message that may or may not have left.
pub fn resolve(app: &App, actor: &Actor, id: MessageId, verdict: Verdict) -> Result<Message, ResolveError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut message = find_message(txn, actor.workspace, id)?.ok_or(ResolveError::NotFound)?;
        // One that was taken back or refused is over: only what may have left is a person's to decide.
        if !matches!(message.state, Delivery::NeedsHuman { .. }) {
            return Err(ResolveError::NotWaiting);
        }
        jobs::decide(txn, message.job, verdict, now)?.ok_or(ResolveError::NotWaiting)?;
        let (act, state) = match verdict {
            Verdict::Arrived => ("message.arrived", Delivery::Sent),
            Verdict::DoAgain => ("message.sent_again", Delivery::Queued { waits_for: None }),
            Verdict::GiveUp => ("message.given_up", Delivery::NotSent { reason: "Decided by a person.".into() }),
        };
        settle_doubt(txn, &message)?;
        message.state = state;
        message.noted.failing_since = None;
        if verdict == Verdict::GiveUp {
            // A person's word, no longer that of what had taken it back.
            message.noted.withdrawn = None;
            let reason = "Decided by a person.".to_owned();
            let what = Happened::MessageNotSent { message: id, contact: message.contact, reason };
            events::append(txn, actor.workspace, now, what)?;
        }
        if verdict == Verdict::Arrived {
            message.sent_at = message.sent_at.or(Some(now));
            let what = Happened::MessageSent { message: id, contact: message.contact };
            events::append(txn, actor.workspace, now, what)?;
        }
        update_message(txn, &message)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("message {id}"), "")?;
        Ok(message)
    })
}

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
        match check_now(app, txn, &message, now)? {
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

fn settle_message(
    app: &App,
    txn: &mut Txn<'_>,
    job: &Job,
    mut message: Message,
    performed: &Performed,
    now: UnixMillis,
) -> Result<Settled, StoreError> {
    let (workspace, id, contact) = (message.workspace, message.id, message.contact);
    // Something came back about it while its line was still open.
    let mut settled = Settled { happened: is_proved(&message), ..Settled::default() };
    let happened = match performed {
        Performed::Done { answer } => {
            let sent: SentAs = serde_json::from_value(answer.clone()).unwrap_or_default();
            let names_new_ids = sent.message_id.is_some() || sent.provider_thread.is_some();
            message.provider_id = sent.provider_id.or(message.provider_id);
            message.provider_thread = sent.provider_thread.or(message.provider_thread);
            message.message_id = sent.message_id.unwrap_or(message.message_id);
            if names_new_ids {
                index_ids(txn, &message)?;
            }
            if !settled.happened {
                message.sent_at = Some(now);
                message.state = Delivery::Sent;
            }
            if let Some(connection) = connections::find(txn, workspace, message.connection)? {
                let pause = pause_after(app, &connection, &message);
                settled.pace = (!pause.is_zero()).then(|| now.plus(pause));
                if let Some(at) = settled.pace.filter(|_| message.purpose != Purpose::Outreach) {
                    jobs::keep_pace(txn, Lane::MailOut, serial_of(connection.id, Purpose::Outreach), at)?;
                }
                mark_success(txn, connection, now)?;
            }
            (!settled.happened).then_some(Happened::MessageSent { message: id, contact })
        }
        _ if settled.happened => None,
        Performed::NotDone { reason, detail, whole_serial, after } => {
            count_sent(txn, workspace, &message, job.intent_at.unwrap_or(now), -1)?;
            let needs_owner = detail["needs_owner"] == true;
            let rests = after.filter(|_| *whole_serial).map(|after| now.plus(after));
            mark_trouble(txn, &message, reason, needs_owner, rests, now)?;
            message.noted.sender_refused |= detail["sender_refused"] == true;
            let failing_since = message.noted.failing_since.unwrap_or(now);
            // While its owner is waited for, nothing is tried.
            message.noted.failing_since = (!needs_owner).then_some(failing_since);
            if let Some(reason) = message.noted.withdrawn.clone() {
                message.state = Delivery::NotSent { reason: reason.clone() };
                Some(Happened::MessageNotSent { message: id, contact, reason })
            } else if needs_owner || !is_exhausted(job, failing_since, now) {
                message.state = Delivery::Queued { waits_for: Some(reason.clone()) };
                None
            } else if *whole_serial {
                // The mailbox's trouble takes nobody off the list: a person says whether it is tried again.
                let reason = format!("It was tried for days and has not left: {reason}");
                message.state = Delivery::NeedsHuman { reason };
                put_in_doubt(txn, &message)?;
                settled.needs_human = true;
                None
            } else {
                message.state = Delivery::NotSent { reason: reason.clone() };
                Some(Happened::MessageNotSent { message: id, contact, reason: reason.clone() })
            }
        }
        Performed::Refused { reason, detail } => {
            count_sent(txn, workspace, &message, job.intent_at.unwrap_or(now), -1)?;
            message.state = if detail["bad_address"] == true {
                let target = Target::Address(message.to.clone());
                suppress(txn, workspace, now, &target, SuppressionReason::Bounced, reason, Some(contact))?;
                Delivery::Bounced { hard: true, reason: reason.clone(), full: false }
            } else {
                Delivery::NotSent { reason: reason.clone() }
            };
            Some(match &message.state {
                Delivery::Bounced { .. } => Happened::MessageBounced { message: id, contact, hard: true },
                _ => Happened::MessageNotSent { message: id, contact, reason: reason.clone() },
            })
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
        events::append(txn, workspace, now, what)?;
    }
    Ok(settled)
}

/// Whether it was tried for long enough. Both count: one that failed on Friday and again on Monday is no old case.
fn is_exhausted(job: &Job, failing_since: UnixMillis, now: UnixMillis) -> bool {
    job.attempt + 1 >= LEAST_TRIES && now.since(failing_since) >= GIVE_UP_AFTER
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

fn not_done(after: Option<Duration>, whole_serial: bool, reason: String, detail: Value) -> Performed {
    Performed::NotDone { after, whole_serial, reason, detail }
}
