//! What happens to enrolments when something happens elsewhere. Each reaction is idempotent: it looks at the
//! enrolment as it stands, so the same event again changes nothing.

use super::company;
use super::enrol;
use super::figures::Fate;
use super::model::{Enrolment, Hold, Moment, Sent, State, Why};
use super::path::Happening;
use super::plan::{self, hours_for, step_job};
use super::{later, let_go, letters, onward, recall, report, store, timing, wake};
use crate::app::App;
use crate::base::{day_words, BookingId, ContactId, JobId, MessageId, ReplyId, StepId, UnixMillis, WorkspaceId};
use crate::connections::{self, State as Link};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs::{self, NewJob};
use crate::messaging::{self, Delivery, Message, Reading, Reply};
use crate::store::{StoreError, Txn};
use crate::workers;
use crate::workspaces;

/// Lets enrolments follow what happens to messages, replies, contacts, workers and mailboxes.
pub struct Follow;

impl Subscriber<App> for Follow {
    fn name(&self) -> &'static str {
        "outreach"
    }

    /// A reaction: what happened before it was there has had its effect, or must not have one years later.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (workspace, now) = (event.workspace, app.now());
        match &event.what {
            Happened::MessageSent { message, .. } => {
                sent(app, workspace, *message, now)?;
                wake::backlog_of(app, workspace, *message, now)
            }
            Happened::MessageNotSent { message, reason, .. } => {
                not_sent(app, workspace, *message, reason, now)?;
                wake::backlog_of(app, workspace, *message, now)
            }
            Happened::MessageBounced { message, .. } => bounced(app, workspace, *message, now),
            Happened::Complained { message: Some(message), .. } => complained(app, workspace, *message, now),
            Happened::ReplyClassified { reply, .. } | Happened::ReplyCorrected { reply, .. } => {
                answered(app, workspace, *reply, now)?;
                company::answered(app, workspace, *reply, now)
            }
            Happened::Suppressed { contact: Some(contact), reason, .. } => {
                opted_out(app, workspace, *contact, reason, now)
            }
            // An address that is no contact's is no lead's either.
            Happened::Suppressed { domain: true, .. } => let_go::of_suppressed(app, workspace, now),
            Happened::Unsubscribed { contact: Some(contact), .. } => {
                opted_out(app, workspace, *contact, "Unsubscribed", now)
            }
            Happened::BookingConfirmed { booking, contact } => {
                booked(app, workspace, *booking, *contact, now)?;
                company::met(app, workspace, *contact, now)
            }
            Happened::WorkerPaused { worker, reason } if reason == workers::PAUSED_ALL => {
                recall::worker(app, workspace, *worker, now)
            }
            Happened::WorkerPaused { worker, .. } => letters::tell(app, workspace, *worker, now),
            Happened::WorkerActivated { worker } => wake::worker(app, workspace, *worker, now),
            Happened::WorkerChanged { worker } => {
                recall::changed(app, workspace, *worker, now)?;
                wake::changed(app, workspace, *worker, now)
            }
            Happened::WorkerDeleted { worker } => let_go::of_worker(app, workspace, *worker, now),
            Happened::SendingResumed => wake::workspace(app, workspace, now),
            Happened::ConnectionMade { connection } => wake::mailbox(app, workspace, *connection, now),
            Happened::SequenceChanged { sequence } => {
                let_go::of_sequence(app, workspace, *sequence, now)?;
                recall::sequence(app, workspace, *sequence, now)?;
                wake::sequence(app, workspace, *sequence, now)
            }
            Happened::ContactErased { contact } => erased(app, workspace, *contact),
            Happened::ContactCreated { contact } => enrol::tagged(app, workspace, *contact),
            Happened::ContactChanged { contact } => {
                report::follow_restriction(app, workspace, *contact)?;
                wake::contact(app, workspace, *contact, now)?;
                enrol::tagged(app, workspace, *contact)
            }
            Happened::ContactsImported { .. } => enrol::plan_all(app, workspace),
            _ => Ok(()),
        }
    }
}

/// The message left: it is noted, and the next step is planned.
fn sent(app: &App, workspace: WorkspaceId, message: MessageId, now: UnixMillis) -> Result<(), StoreError> {
    let Some((message, step)) = step_message(app, workspace, message)? else { return Ok(()) };
    let Some(id) = message.enrolment else { return Ok(()) };
    let next = step_job(workspace, id, now);
    app.store.write(|txn| {
        let Some(before) = store::find(txn, workspace, id)? else { return Ok(()) };
        if before.sent.iter().any(|sent| sent.message == message.id) {
            return Ok(());
        }
        let mut after = before.clone();
        let at = message.sent_at.unwrap_or(now);
        after.sent.push(Sent { step, message: message.id, at, variant: message.variant });
        after.next = after.next.filter(|next| *next != step);
        after.okay = None;
        after.changed_at = now;
        note_fate(txn, &before, message.id, Fate::Sent, now)?;
        let not_before = match &before.state {
            State::Queued { message: queued, .. } if *queued == message.id => now,
            // It was stopped and taken up again while the mail was leaving: the next step counts from this mail.
            State::Waiting { due, .. } => {
                plan::take_back(txn, &before, "The mail before it has left after all.")?;
                *due
            }
            // It was stopped or paused while the mail was leaving: that stands.
            _ => return plan::write(txn, &after, &before),
        };
        onward::plan_next(txn, &mut after, next.clone(), not_before, now)?;
        plan::write(txn, &after, &before)
    })
}

/// The message will not leave. Where only its mailbox is gone the lead waits for another; else it is out.
fn not_sent(
    app: &App,
    workspace: WorkspaceId,
    message: MessageId,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some((message, _)) = step_message(app, workspace, message)? else { return Ok(()) };
    let Some(id) = message.enrolment else { return Ok(()) };
    let next = step_job(workspace, id, now);
    app.store.write(|txn| {
        let Some(before) = store::find(txn, workspace, id)? else { return Ok(()) };
        if let State::Waiting { job, waits_for: Some(hold), .. } = &before.state {
            return after_doubt(txn, &before, &message, *job, hold, now);
        }
        if before.state.queued().is_none_or(|(queued, _)| queued != message.id) {
            return Ok(());
        }
        let mailbox = connections::find(txn, workspace, message.connection)?;
        if mailbox.is_none_or(|mailbox| matches!(mailbox.state, Link::Disconnected { .. })) {
            return plan::wait(txn, &before, next.clone(), now, now, None, now);
        }
        plan::turn(txn, &before, stopped(now, reason, None), now)
    })
}

/// The lead was held back because of this mail, which has not left after all. Where it had been taken back for the
/// lead's sake, the step is written anew; where a person gave it up, the lead is out as if it had waited for it.
fn after_doubt(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    message: &Message,
    job: JobId,
    hold: &Hold,
    now: UnixMillis,
) -> Result<(), StoreError> {
    match (&message.state, &message.noted.withdrawn) {
        _ if hold.why != Why::Unknown => Ok(()),
        (Delivery::NotSent { reason }, None) => plan::stop(txn, before, reason, None, now),
        _ => jobs::reschedule(txn, job, now).map(|_| ()),
    }
}

fn bounced(app: &App, workspace: WorkspaceId, message: MessageId, now: UnixMillis) -> Result<(), StoreError> {
    let Some((message, _)) = step_message(app, workspace, message)? else { return Ok(()) };
    app.store.write(|txn| {
        let Some(before) = find_of(txn, &message)? else { return Ok(()) };
        if before.came.bounced {
            return Ok(());
        }
        let mut after = before.clone();
        after.came.bounced = true;
        after.came.bounce = Some(Moment { at: now, mail: message.id });
        note_fate(txn, &before, message.id, Fate::Bounced, now)?;
        // Also one that was refused for another reason than its address: nothing follows a mail that never came.
        let reason = match &message.state {
            Delivery::Bounced { hard: false, reason, .. } => {
                format!("Mail to {} was not delivered: {reason}.", message.to.display())
            }
            _ => format!("Mail to {} bounced.", message.to.display()),
        };
        if onward::take_over(txn, &before, &after, Happening::Bounced, now)? {
            return Ok(());
        }
        end(txn, &before, after, &reason, None, now)
    })
}

fn complained(app: &App, workspace: WorkspaceId, message: MessageId, now: UnixMillis) -> Result<(), StoreError> {
    let Some((message, _)) = step_message(app, workspace, message)? else { return Ok(()) };
    app.store.write(|txn| {
        let Some(before) = find_of(txn, &message)? else { return Ok(()) };
        note_fate(txn, &before, message.id, Fate::Complained, now)
    })
}

/// An answer was read, or a person said that it reads differently.
fn answered(app: &App, workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> Result<(), StoreError> {
    let Some(reply) = messaging::get_reply(&app.store, workspace, reply)? else { return Ok(()) };
    let Some(reading) = reply.reading.clone() else { return Ok(()) };
    let label = reading.label.as_str();
    if reply.automatic && label == "other" {
        return Ok(());
    }
    let again = later::job(workspace, reply.id, now);
    app.store.write(|txn| {
        let Some(before) = plan::meant(txn, workspace, reply.enrolment, reply.contact)? else { return Ok(()) };
        // It was a report about delivery, has ended the sequence as such, and is nobody's answer.
        let is_report = matches!(reading.other_kind.as_deref(), Some("bounce_hard" | "bounce_soft"));
        if before.came.bounced && is_report {
            return Ok(());
        }
        if label == "out_of_office" && is_surely_away(txn, &reply, &reading)? {
            let before = paused_by(txn, before, &reply)?;
            let next = step_job(workspace, before.id, now);
            return away(txn, &before, &reply, reading.return_date.as_deref(), next, now);
        }
        stop_the_running(txn, &before, &reply, label, now)?;
        let mut after = before.clone();
        after.came.label = Some(label.to_owned());
        let moment = Moment { at: reply.received_at, mail: reply.message };
        after.came.answer.get_or_insert(moment);
        if label == "unsubscribe" && !reading.undecided {
            after.came.opted_out = true;
            after.came.opt_out.get_or_insert(moment);
        }
        if after.came == before.came && !before.state.is_active() {
            return Ok(());
        }
        if label != "unsubscribe" && matches!(before.state, State::Task { on_event: true, .. }) {
            // They wrote once more: whoever has the task sees that on the lead.
            after.changed_at = now;
            return if after.came == before.came { Ok(()) } else { plan::write(txn, &after, &before) };
        }
        if onward::take_over(txn, &before, &after, Happening::Answered(label), now)? {
            return Ok(());
        }
        let follow_up = (label == later::LABEL).then(|| later::day_of(reading.follow_up_on.as_deref(), now));
        if let Some(day) = &follow_up {
            later::plan(txn, &before, day, again.clone(), now)?;
        }
        // The gate out may have been told first and have stopped it.
        if let State::Stopped { follow_up_on: on @ None, .. } = &mut after.state {
            on.clone_from(&follow_up);
        }
        end(txn, &before, after, &answer_words(label), follow_up, now)
    })
}

/// An answer to an earlier sequence stops the one that is running now as well.
fn stop_the_running(
    txn: &mut Txn<'_>,
    meant: &Enrolment,
    reply: &Reply,
    label: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    match store::find_active(txn, meant.workspace, meant.contact)? {
        // One that a person began after the answer is begun in its knowledge.
        Some(running) if running.id != meant.id && running.enrolled_at <= reply.received_at => {
            end(txn, &running, running.clone(), &answer_words(label), None, now)
        }
        _ => Ok(()),
    }
}

/// Which sequence an absence pauses: the one that was answered, or, where that is over, the one that is running now.
fn paused_by(txn: &mut Txn<'_>, meant: Enrolment, reply: &Reply) -> Result<Enrolment, StoreError> {
    if meant.state.is_active() {
        return Ok(meant);
    }
    let running = store::find_active(txn, meant.workspace, meant.contact)?;
    Ok(running.filter(|running| running.enrolled_at <= reply.received_at).unwrap_or(meant))
}

/// A machine said so, a person did, or it reads so clearly enough. What a person wrote and was only perhaps an
/// absence is an answer, and an answer stops the sequence.
fn is_surely_away(txn: &mut Txn<'_>, reply: &Reply, reading: &Reading) -> Result<bool, StoreError> {
    let routing = workspaces::find_routing(txn, reply.workspace)?;
    Ok(reply.automatic || reading.is_by_person() || workspaces::reaches(reading.confidence, routing.absence))
}

/// An absence pauses what is still to come, whether it waits in its sequence or at the gate out.
fn away(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    reply: &Reply,
    return_date: Option<&str>,
    next: NewJob,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let noted = note_absence(txn, before)?;
    let before = &noted;
    // A person has it in hand. Another task waits until they are back, and is opened again then.
    if matches!(before.state, State::Task { on_event: true, .. }) {
        return Ok(());
    }
    let was_an_answer = before.came.label.is_some() && reply.reading.as_ref().is_some_and(Reading::is_by_person);
    // A person may correct an answer that had stopped the sequence to an absence: then it goes on.
    if !before.state.is_active() && !was_an_answer {
        return Ok(());
    }
    if !before.state.is_active() && store::find_active(txn, before.workspace, before.contact)?.is_some() {
        return Ok(());
    }
    let scene = super::step::look(txn, before.clone())?;
    let (Some(worker), Some(contact), Some(workspace)) = (&scene.worker, &scene.contact, &scene.workspace) else {
        return Ok(());
    };
    let at = timing::after_absence(now, return_date, &hours_for(worker, contact, workspace));
    if matches!(&before.state, State::PausedUntil { at: until, .. } if *until >= at) {
        return Ok(());
    }
    plan::take_back(txn, before, "The lead is away.")?;
    let next = next.due(at);
    let mut after = before.clone();
    if was_an_answer {
        after.came.label = None;
        after.came.answer = None;
    }
    let reason = return_date.map_or("Away, no date given.".into(), |date| format!("Away until {}.", day_words(date)));
    after.state = State::PausedUntil { at, reason, job: next.id() };
    after.changed_at = now;
    jobs::enqueue(txn, &next)?;
    plan::write(txn, &after, before)
}

/// That a machine spoke for the lead is counted, whether it changes anything or not.
fn note_absence(txn: &mut Txn<'_>, before: &Enrolment) -> Result<Enrolment, StoreError> {
    let mut noted = before.clone();
    if !noted.came.away && !noted.sent.is_empty() {
        noted.came.away = true;
        store::put(txn, &noted, Some(before))?;
    }
    Ok(noted)
}

fn opted_out(
    app: &App,
    workspace: WorkspaceId,
    contact: ContactId,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    app.store.write_reserved(|txn| {
        let Some(before) = plan::meant(txn, workspace, None, contact)? else { return Ok(()) };
        let mut after = before.clone();
        let refused = matches!(reason, "Unsubscribed" | "Reported as spam");
        if let Some(sent) = before.last_sent().filter(|_| refused) {
            after.came.opted_out = true;
            after.came.opt_out.get_or_insert(Moment { at: now, mail: sent.message });
        }
        if after.came == before.came && !before.state.is_active() {
            return Ok(());
        }
        // A person has it in hand, who may find another way: only their own word ends that.
        if !refused && matches!(before.state, State::Task { on_event: true, .. }) {
            return Ok(());
        }
        if let Some(sent) = before.last_sent().filter(|_| refused) {
            note_fate(txn, &before, sent.message, Fate::Refused, now)?;
        }
        end(txn, &before, after, &format!("{reason}."), None, now)
    })
}

fn booked(
    app: &App,
    workspace: WorkspaceId,
    _: BookingId,
    contact: ContactId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    app.store.write(|txn| {
        let Some(before) = plan::meant(txn, workspace, None, contact)? else { return Ok(()) };
        let mut after = before.clone();
        if let Some(sent) = before.last_sent() {
            after.came.meeting = true;
            after.came.met.get_or_insert(Moment { at: now, mail: sent.message });
        }
        if after.came.meeting && onward::take_over(txn, &before, &after, Happening::Booked, now)? {
            return Ok(());
        }
        if before.state.is_active() {
            plan::take_back(txn, &before, "A meeting was booked.")?;
            after.state = State::Finished { at: now, reason: "A meeting was booked.".into() };
        }
        after.changed_at = now;
        if after.came == before.came && after.state == before.state {
            return Ok(());
        }
        plan::write(txn, &after, &before)
    })
}

fn erased(app: &App, workspace: WorkspaceId, contact: ContactId) -> Result<(), StoreError> {
    let rows = app.store.read(|txn| store::list_of_contact(txn, workspace, contact))?;
    for enrolment in rows {
        app.store
            .write_reserved(|txn| store::drop_enrolment(txn, workspace, enrolment.id, "The contact was erased."))?;
    }
    Ok(())
}

/// Writes `after`, stopped if the enrolment was still running; what was planned is taken back. A day to ask again is
/// kept (and an older one dropped) also where nothing was left to send.
fn end(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    mut after: Enrolment,
    reason: &str,
    follow_up_on: Option<String>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    plan::take_back(txn, before, reason)?;
    if before.state.is_active() || follow_up_on.is_some() || before.state.is_put_off() {
        after.state = stopped(now, reason, follow_up_on);
    }
    after.changed_at = now;
    plan::write(txn, &after, before)
}

fn stopped(now: UnixMillis, reason: &str, follow_up_on: Option<String>) -> State {
    State::Stopped { at: now, reason: reason.to_owned(), follow_up_on, is_due: false }
}

fn answer_words(label: &str) -> String {
    match label {
        "other" => "A person answered.".to_owned(),
        label => format!("Answered: {}.", crate::http::ui::reply_badge(label).words.to_lowercase()),
    }
}

/// The brakes (G4): a worker whose mail bounces or annoys too often pauses by itself.
fn note_fate(
    txn: &mut Txn<'_>,
    enrolment: &Enrolment,
    message: MessageId,
    fate: Fate,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let (workspace, worker) = (enrolment.workspace, enrolment.worker);
    let mut last = store::last_hundred(txn, workspace, worker)?;
    last.note(message, fate);
    if let Some(reason) = last.brake().filter(|_| fate != Fate::Sent) {
        workers::brake(txn, workspace, worker, now, &reason)?;
    }
    store::put_last_hundred(txn, workspace, worker, &last)
}

fn find_of(txn: &mut Txn<'_>, message: &Message) -> Result<Option<Enrolment>, StoreError> {
    match message.enrolment {
        Some(id) => store::find(txn, message.workspace, id),
        None => Ok(None),
    }
}

/// The message with its step, if it is one of a sequence.
fn step_message(
    app: &App,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<Option<(Message, StepId)>, StoreError> {
    let message = messaging::get_message(&app.store, workspace, message)?;
    Ok(message.and_then(|message| message.step.map(|step| (message, step))))
}
