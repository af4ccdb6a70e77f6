//! The job behind each step that falls due: looks at everything, then writes one decision in one transaction.
//!
//! A look reads without writing; the decision is written only if nothing it was made from has changed since, so ids
//! are made outside the transaction and a decision is never made from half-old facts.

use std::time::Duration;

use super::model::{Enrolment, Hold, How, Sequence, State, Step, Why};
use super::path::{Kind, Standing, Then};
use super::plan::{self, hours_for, step_job, Payload, STEP};
use super::words::{person_fields, Fields};
use super::{onward, review, rotation, store};
use crate::addresses;
use crate::app::App;
use crate::base::{counted, EmailAddress, StepId, UnixMillis};
use crate::connections::Connection;
use crate::contacts::{self, Contact};
use crate::jobs::{self, Job, NewJob, Outcome, Task};
use crate::language::merge;
use crate::messaging::{self, Answered, Delivery, Message, NewMessage, Purpose};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker, WorkerState};
use crate::workspaces::{self, Workspace};

/// Mails that may wait for one mailbox. Further steps wait in their sequence, so that a changed text, a limit or a
/// pause still reaches them.
pub(super) const BACKLOG: usize = 50;
/// When a held step is looked at again even if nobody wakes it.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(6 * 3600);
const LOOK_AGAIN_SOON: Duration = Duration::from_secs(15 * 60);
/// Mails of one lead that are looked at: more than all its steps, also when some were put off and written anew.
const ALL_MAILS: usize = 200;

/// A sequence whose steps were all taken away ends for nobody: what is to be written next is still to be said.
const NO_STEP: &str = "The sequence has no step. Write one, or give the worker another sequence.";

/// The task behind `STEP`.
pub struct StepDue;

impl Task<App> for StepDue {
    fn kind(&self) -> &'static str {
        STEP
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let now = app.now();
        match decide_and_write(app, job, now) {
            Ok(true) => Outcome::Committed,
            // Something changed between the look and the write: look again at once.
            Ok(false) => Outcome::Again { at: now },
            Err(error) => error.into(),
        }
    }
}

/// Everything a decision is made from. Two equal scenes lead to the same decision.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    pub enrolment: Enrolment,
    pub worker: Option<Worker>,
    pub sequence: Option<Sequence>,
    pub contact: Option<Contact>,
    pub workspace: Option<Workspace>,
    /// What the contact has answered since.
    pub answered: Option<Answered>,
    /// What became of the mails of its steps that are not noted as sent, newest first.
    pub unsettled: Vec<Delivery>,
    /// Its steps whose mail would have left in a dry run, and when.
    pub rehearsed: Vec<(StepId, UnixMillis)>,
}

/// What is to be done with a step that is due.
pub(super) enum Decision {
    Send {
        step: StepId,
        message: Box<NewMessage>,
    },
    /// A branch: it is behind the lead, which goes to `next`, to the step below, or to the end.
    Pass {
        step: StepId,
        how: How,
        next: Option<StepId>,
        ends: bool,
    },
    /// A person has something to do.
    Task {
        step: StepId,
    },
    Hold(Hold),
    Finish(String),
    Stop(String),
}

fn decide_and_write(app: &App, job: &Job, now: UnixMillis) -> Result<bool, StoreError> {
    let Payload { workspace, enrolment } = job.payload()?;
    let looked = app.store.read(|txn| {
        let Some(enrolment) = store::find(txn, workspace, enrolment)? else { return Ok(None) };
        if enrolment.state.job() != Some(job.id) {
            return Ok(None);
        }
        let scene = look(txn, enrolment)?;
        let decision = decide(app, txn, &scene, now)?;
        Ok::<_, StoreError>(Some((scene, decision)))
    })?;
    let Some((scene, decision)) = looked else {
        return app.store.write(|txn| jobs::complete(txn, job)).map(|()| true);
    };
    let next = step_job(workspace, enrolment, now);
    app.store.write(|txn| {
        let standing = store::find(txn, workspace, enrolment)?.map(|enrolment| look(txn, enrolment)).transpose()?;
        if standing.as_ref() != Some(&scene) {
            return Ok(false);
        }
        carry_out(app, txn, &scene.enrolment, &decision, &next, now)?;
        jobs::complete(txn, job)?;
        Ok(true)
    })
}

pub(super) fn look(txn: &mut Txn<'_>, enrolment: Enrolment) -> Result<Scene, StoreError> {
    let workspace = enrolment.workspace;
    let mails = messaging::list_of_enrolment(txn, workspace, enrolment.id, ALL_MAILS)?;
    Ok(Scene {
        worker: workers::find(txn, workspace, enrolment.worker)?,
        sequence: store::find_sequence(txn, workspace, enrolment.sequence)?
            .map(|sequence| sequence.for_added(enrolment.enrolled_at)),
        contact: contacts::find(txn, workspace, enrolment.contact)?,
        workspace: workspaces::find(txn, workspace)?,
        answered: messaging::answered_since(txn, workspace, enrolment.contact, enrolment.begun_at())?,
        rehearsed: mails.iter().filter_map(|mail| Some((mail.step?, mail.noted.would_have_left?))).collect(),
        unsettled: unsettled(mails, &enrolment),
        enrolment,
    })
}

/// Mails of its steps that may have left, or are about to, and that the enrolment does not know of as sent.
fn unsettled(mails: Vec<Message>, enrolment: &Enrolment) -> Vec<Delivery> {
    let is_noted = |id| enrolment.sent.iter().any(|sent| sent.message == id);
    let unsettled = mails
        .into_iter()
        .filter(|mail| mail.step.is_some() && !matches!(mail.state, Delivery::NotSent { .. }) && !is_noted(mail.id));
    unsettled.map(|mail| mail.state).collect()
}

/// One mail of a step is enough to show what a dry run would send.
const REHEARSED: &str = "Dry run: this mail would have been sent. The lead waits until the dry run is over.";

fn was_rehearsed(scene: &Scene, worker: &Worker, step: &Step) -> bool {
    let Some(since) = worker.dry_run else { return false };
    scene.rehearsed.iter().any(|(of, at)| *of == step.id && *at >= since)
}

/// Until it is known what came before, nothing follows: neither the same step again nor the next one.
fn hold_for_the_unknown(scene: &Scene) -> Option<Decision> {
    let words = match scene.unsettled.first() {
        Some(Delivery::NeedsHuman { .. }) => {
            "The mail before this one may have left already. Say on the page Today whether it arrived."
        }
        Some(_) => "The mail before this one may have left already; it is being looked for.",
        None if scene.answered == Some(Answered::Unread) => "An answer came in and is being read.",
        None => return None,
    };
    Some(hold(Why::Unknown, words))
}

/// The decision of this moment. Reads only.
pub(super) fn decide(app: &App, txn: &mut Txn<'_>, scene: &Scene, now: UnixMillis) -> Result<Decision, StoreError> {
    let enrolment = &scene.enrolment;
    let (Some(worker), Some(sequence)) = (&scene.worker, &scene.sequence) else {
        return Ok(Decision::Stop("The worker or its sequence was deleted.".into()));
    };
    let Some(contact) = &scene.contact else { return Ok(Decision::Stop("The contact was erased.".into())) };
    if scene.answered == Some(Answered::Person) {
        return Ok(Decision::Stop("They answered.".into()));
    }
    if let Some(held) = hold_for_the_unknown(scene) {
        return Ok(held);
    }
    if sequence.steps.is_empty() {
        return Ok(hold(Why::Worker, NO_STEP));
    }
    let trail = enrolment.trail();
    let Some(step) = sequence.next_step(&trail) else {
        return Ok(Decision::Finish(sequence.end_words(&trail).into()));
    };
    if let Some(words) = worker_holds(worker, sequence, step) {
        return Ok(hold(Why::Worker, words));
    }
    if was_rehearsed(scene, worker, step) {
        return Ok(hold(Why::Worker, REHEARSED));
    }
    match &step.kind {
        Kind::Mail => decide_mail(app, txn, scene, worker, contact, step, now),
        Kind::Task => Ok(Decision::Task { step: step.id }),
        Kind::Branch { when, then } => {
            let standing = Standing { came: &enrolment.came, added_at: enrolment.enrolled_at, now };
            let holds = when.holds(&standing, &|name| contact.field(name));
            let next = match then {
                Then::Step { step } if holds => Some(*step),
                _ => None,
            };
            let how = if holds { How::Taken } else { How::NotTaken };
            Ok(Decision::Pass { step: step.id, how, next, ends: holds && *then == Then::End })
        }
    }
}

fn decide_mail(
    app: &App,
    txn: &mut Txn<'_>,
    scene: &Scene,
    worker: &Worker,
    contact: &Contact,
    step: &Step,
    now: UnixMillis,
) -> Result<Decision, StoreError> {
    let enrolment = &scene.enrolment;
    let most = worker.limits.mails_per_contact();
    if enrolment.sent.len() >= most as usize {
        return Ok(Decision::Finish(format!(
            "{} to one contact is the limit.",
            counted(u64::from(most), "mail", "mails")
        )));
    }
    let to = match may_write_to(txn, contact)? {
        Ok(to) => to,
        Err(reason) => return Ok(Decision::Stop(reason)),
    };
    // It may be mended, at our side or at theirs: the lead waits.
    if let Some(words) = addresses::why_no_mail(txn, contact.workspace, &to)? {
        return Ok(hold(Why::Lead, words));
    }
    let mailbox = match rotation::choose(app, txn, worker, enrolment, now)? {
        Ok(mailbox) => mailbox,
        Err(held) => return Ok(Decision::Hold(held)),
    };
    let message = match write_step(txn, scene, step, &mailbox, to, now)? {
        Ok(message) => message,
        Err(words) => return Ok(hold(Why::Lead, words)),
    };
    if let Some(words) = review::asks_for(worker, enrolment, step.id, message.message()) {
        return Ok(hold(Why::Review, words));
    }
    Ok(Decision::Send { step: step.id, message: Box::new(message) })
}

fn hold(why: Why, words: impl Into<String>) -> Decision {
    Decision::Hold(Hold { why, words: words.into() })
}

/// The address of a contact that may be written to, or why it may not.
pub(super) fn may_write_to(txn: &mut Txn<'_>, contact: &Contact) -> Result<Result<EmailAddress, String>, StoreError> {
    if contact.restricted {
        return Ok(Err("The contact asked that their data is only stored.".into()));
    }
    if messaging::may_have_opted_out(txn, contact.workspace, contact.id)? {
        return Ok(Err("An answer of theirs may be an opt-out. Say in Replies whether it is.".into()));
    }
    let Some(to) = contact.address() else { return Ok(Err("The contact has no address.".into())) };
    match messaging::is_suppressed(txn, contact.workspace, to, Purpose::Outreach)? {
        Some(entry) => Ok(Err(format!("{} must not be written to: {}.", entry.target.words(), entry.reason.words()))),
        None => Ok(Ok(to.clone())),
    }
}

fn worker_holds(worker: &Worker, sequence: &Sequence, step: &Step) -> Option<String> {
    match &worker.state {
        WorkerState::Off => return Some(format!("{} is not switched on.", worker.name)),
        WorkerState::Paused(off) => return Some(format!("{} is paused: {}", worker.name, off.reason)),
        WorkerState::Working => {}
    }
    (!sequence.is_approved(step)).then(|| "The text of the next step was changed and waits for your approval.".into())
}

/// The mail of a step for one lead, in the thread of the one before; or what is missing.
pub(super) fn write_step(
    txn: &mut Txn<'_>,
    scene: &Scene,
    step: &Step,
    mailbox: &Connection,
    to: EmailAddress,
    now: UnixMillis,
) -> Result<Result<NewMessage, String>, StoreError> {
    let enrolment = &scene.enrolment;
    let (Some(worker), Some(contact), Some(workspace)) = (&scene.worker, &scene.contact, &scene.workspace) else {
        return Ok(Err("The worker was deleted.".into()));
    };
    let fields: Fields<'_> = person_fields(contact, worker, workspace);
    let (step, variant) = step.for_contact(enrolment.contact);
    let written = match fields.write(&step, seed_of(enrolment, &step)) {
        Ok(written) => written,
        Err(words) => return Ok(Err(words)),
    };
    let mut message = NewMessage::new(now, enrolment.workspace, contact.id, Purpose::Outreach, mailbox, &to)
        .to_name(&full_name(contact))
        .worker(worker.id)
        .step(enrolment.id, step.id, variant)
        .hours(hours_for(worker, contact, workspace));
    let mut subject = written.subject;
    if subject.is_empty() {
        let before = enrolment.last_sent().map(|sent| sent.message);
        let before = before.map(|id| messaging::find_message(txn, enrolment.workspace, id)).transpose()?.flatten();
        let Some(before) = before else {
            return Ok(Err("The first mail needs a subject.".into()));
        };
        subject = answer_subject(&before.subject);
        // A conversation of one mailbox is unknown in another.
        let thread = before.provider_thread.as_deref().filter(|_| before.connection == mailbox.id);
        message = message.answering(&before.message_id, &before.references, thread);
    }
    Ok(Ok(message.words(&subject, &written.text)))
}

pub(super) fn seed_of(enrolment: &Enrolment, step: &Step) -> u64 {
    merge::seed(&[enrolment.contact.as_bytes(), step.id.as_bytes()])
}

/// The name on the To line; empty when only the address is known.
pub(super) fn full_name(contact: &Contact) -> String {
    format!("{} {}", contact.first_name, contact.last_name).trim().to_owned()
}

pub(super) fn answer_subject(subject: &str) -> String {
    let is_answer = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_answer {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}

fn carry_out(
    app: &App,
    txn: &mut Txn<'_>,
    enrolment: &Enrolment,
    decision: &Decision,
    next: &NewJob,
    now: UnixMillis,
) -> Result<(), StoreError> {
    match decision {
        Decision::Send { step, message } => {
            let message = messaging::enqueue(app, txn, message, now)?;
            let state = State::Queued { step: *step, message: message.id, mailbox: message.connection };
            plan::turn(txn, enrolment, state, now)
        }
        Decision::Pass { step, how, next: to, ends } => {
            let mut after = Enrolment { changed_at: now, ..enrolment.clone() };
            after.pass(*step, *how, now);
            after.next = *to;
            if *ends {
                after.state = State::Finished { at: now, reason: "A branch of the sequence ended it.".into() };
            } else {
                onward::plan_next(txn, &mut after, next.clone(), now, now)?;
            }
            plan::write(txn, &after, enrolment)
        }
        Decision::Task { step } => onward::open_task(txn, enrolment, enrolment.clone(), *step, false, now),
        Decision::Hold(hold) => {
            let due = match &enrolment.state {
                State::Waiting { due, .. } => *due,
                _ => now,
            };
            let wait = match hold.why {
                Why::Backlog | Why::Unknown => LOOK_AGAIN_SOON,
                Why::Worker | Why::Lead | Why::Review => LOOK_AGAIN,
            };
            plan::wait(txn, enrolment, next.clone(), due, now.plus(wait), Some(hold.clone()), now)
        }
        Decision::Finish(reason) => {
            plan::turn(txn, enrolment, State::Finished { at: now, reason: reason.clone() }, now)
        }
        Decision::Stop(reason) => {
            let stopped = State::Stopped { at: now, reason: reason.clone(), follow_up_on: None, is_due: false };
            plan::turn(txn, enrolment, stopped, now)
        }
    }
}
