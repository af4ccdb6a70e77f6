//! How a lead goes on: after a mail, over a branch, past a task; and where a person sends it.

use super::model::{Enrolment, How, Sequence, State};
use super::path::{Happening, Kind, Then};
use super::plan::{self, hours_for, step_job};
use super::words::person_fields;
use super::{step, store, timing, OutreachError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{EnrolmentId, StepId, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs::{self, NewJob};
use crate::store::{StoreError, Txn};

/// Sets the state after something was done: the next step's due time, not before `not_before`, or the end.
pub(super) fn plan_next(
    txn: &mut Txn<'_>,
    after: &mut Enrolment,
    next: NewJob,
    not_before: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let scene = step::look(txn, after.clone())?;
    let trail = after.trail();
    let step = scene.sequence.as_ref().and_then(|sequence| sequence.next_step(&trail));
    let due = match (step, &scene.worker, &scene.contact, &scene.workspace) {
        (Some(step), Some(worker), Some(contact), Some(workspace)) => {
            let from = after.last_done_at().unwrap_or(now);
            let hours = hours_for(worker, contact, workspace);
            match step.kind {
                Kind::Branch { .. } if step.wait_days == 0 => not_before,
                _ => timing::due_after(from, step, &hours).max(not_before),
            }
        }
        (None, ..) if scene.sequence.as_ref().is_some_and(|sequence| !sequence.steps.is_empty()) => {
            let words = scene.sequence.map_or("", |sequence| sequence.end_words(&trail));
            after.state = State::Finished { at: now, reason: words.into() };
            return Ok(());
        }
        // Something is missing. The step that falls due says what, and holds the lead or takes it out.
        _ => not_before,
    };
    let next = next.due(due);
    after.state = State::Waiting { job: next.id(), due, waits_for: None };
    jobs::enqueue(txn, &next).map(|_| ())
}

/// A person has something to do for this lead from now on.
pub(super) fn open_task(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    mut after: Enrolment,
    step: StepId,
    on_event: bool,
    now: UnixMillis,
) -> Result<(), StoreError> {
    after.state = State::Task { step, since: now, on_event };
    after.changed_at = now;
    plan::write(txn, &after, before)?;
    let what = Happened::TaskOpened { enrolment: after.id, contact: after.contact };
    events::append(txn, after.workspace, now, what).map(|_| ())
}

/// Something that ends a sequence has happened to a lead. Where a branch takes the lead over it is written with
/// its new way, `after` being what came of it; else false, and nothing was written.
pub(super) fn take_over(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    after: &Enrolment,
    happening: Happening<'_>,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let Some(sequence) = store::find_sequence(txn, before.workspace, before.sequence)? else { return Ok(false) };
    let sequence = sequence.for_added(before.enrolled_at);
    let heard = before.passed.iter().filter(|passed| passed.how == How::Heard).map(|passed| passed.step);
    let heard: Vec<StepId> = heard.collect();
    let Some((branch, Then::Step { step })) = sequence.branch_for(&heard, happening) else { return Ok(false) };
    let is_new = !before.trail().done.contains(&step);
    let is_task = is_new && sequence.find_step(step).is_some_and(|(_, step)| step.kind == Kind::Task);
    let running = store::find_active(txn, before.workspace, before.contact)?;
    if !is_task || running.is_some_and(|running| running.id != before.id) {
        return Ok(false);
    }
    plan::take_back(txn, before, "The sequence went another way.")?;
    let mut after = after.clone();
    after.pass(branch, How::Heard, now);
    open_task(txn, before, after, step, true, now)?;
    Ok(true)
}

/// The open task of a lead: its name, and what is to be done.
pub fn open_task_of(txn: &mut Txn<'_>, lead: &Enrolment) -> Result<Option<(String, String)>, StoreError> {
    let State::Task { step, .. } = lead.state else { return Ok(None) };
    let scene = step::look(txn, lead.clone())?;
    let (Some(worker), Some(sequence), Some(contact), Some(workspace)) =
        (&scene.worker, &scene.sequence, &scene.contact, &scene.workspace)
    else {
        return Ok(None);
    };
    let Some((_, step)) = sequence.find_step(step) else {
        return Ok(Some((
            "A task of the sequence".into(),
            "It was removed since. Skip it, and the lead goes on.".into(),
        )));
    };
    let (fields, seed) = (person_fields(contact, worker, workspace), step::seed_of(lead, step));
    let name =
        if step.subject.trim().is_empty() { "A task of the sequence".into() } else { fields.note(&step.subject, seed) };
    Ok(Some((name, fields.note(&step.text, seed))))
}

/// The step that a lead is at, or that comes next: the one that a person who skips means.
pub fn next_step_of(txn: &mut Txn<'_>, lead: &Enrolment) -> Result<Option<StepId>, StoreError> {
    let found = store::find_sequence(txn, lead.workspace, lead.sequence)?;
    Ok(found.and_then(|sequence| comes_next(lead, &sequence.for_added(lead.enrolled_at))))
}

fn comes_next(lead: &Enrolment, sequence: &Sequence) -> Option<StepId> {
    match lead.state {
        State::Task { step, .. } | State::Queued { step, .. } => Some(step),
        _ => sequence.next_step(&lead.trail()).map(|step| step.id),
    }
}

const BEHIND: &str = "This step is behind the lead already.";

/// What a person does with a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The task is done. With a step only if that is the open task.
    Done(Option<StepId>),
    /// The step that would come next is left out. With a step only if it is that one: what was pressed twice must
    /// not leave out two.
    Skip(Option<StepId>),
    /// This step comes next.
    To(StepId),
}

/// Moves one active lead on. A mail that waits at the gate is taken back first; one that is leaving already cannot be,
/// and then nothing is changed.
pub fn move_lead(app: &App, actor: &Actor, id: EnrolmentId, wanted: Move) -> Result<Enrolment, OutreachError> {
    actor.require(if matches!(wanted, Move::Done(_)) {
        Permission::HandleReplies
    } else {
        Permission::EditOutreach
    })?;
    let now = app.now();
    let job = step_job(actor.workspace, id, now);
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let (mut after, act) = moved(txn, &before, wanted, now)?;
        if !plan::take_back_surely(txn, &before, "Moved by hand.")? {
            return Err(OutreachError::MayNotMove(
                "The mail is leaving at this moment. Look again in a minute.".into(),
            ));
        }
        if matches!(before.state, State::Task { on_event: true, .. }) {
            // Whoever deals with what was answered knows it. Of another task that cannot be said: an answer that came
            // in meanwhile still stops the next mail.
            after.resumed_at = Some(now);
        }
        after.changed_at = now;
        plan_next(txn, &mut after, job.clone(), back_at(&before).map_or(now, |at| at.max(now)), now)?;
        stay_away(&before, &mut after);
        if let (Move::To(_), Some(job)) = (wanted, after.state.job()) {
            // Where a person sends it, it goes at once.
            jobs::reschedule(txn, job, now)?;
            after.state = State::Waiting { job, due: now, waits_for: None };
        }
        plan::write(txn, &after, &before)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("enrolment {id}"), "")?;
        store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)
    })
}

/// When somebody who is away is back.
fn back_at(lead: &Enrolment) -> Option<UnixMillis> {
    match &lead.state {
        State::PausedUntil { at, .. } => Some(*at),
        _ => None,
    }
}

/// Who is away stays so, whatever step comes next then.
fn stay_away(before: &Enrolment, after: &mut Enrolment) {
    let (State::PausedUntil { reason, .. }, State::Waiting { job, due, .. }) = (&before.state, &after.state) else {
        return;
    };
    after.state = State::PausedUntil { at: *due, reason: reason.clone(), job: *job };
}

/// The lead as it is after the move, before its next step is planned, and the name of the act.
fn moved(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    wanted: Move,
    now: UnixMillis,
) -> Result<(Enrolment, &'static str), OutreachError> {
    let refuse = |words: &str| Err(OutreachError::MayNotMove(words.to_owned()));
    if !before.state.is_active() {
        return refuse("This lead is no longer in the sequence. Choose “Go on” first.");
    }
    let found = store::find_sequence(txn, before.workspace, before.sequence)?.ok_or(OutreachError::NotFound)?;
    let sequence = found.for_added(before.enrolled_at);
    let (trail, mut after) = (before.trail(), before.clone());
    match wanted {
        Move::Done(seen) => {
            let State::Task { step, .. } = before.state else { return refuse("No task is open for this lead.") };
            if seen.is_some_and(|seen| seen != step) {
                return refuse(BEHIND);
            }
            after.pass(step, How::Done, now);
            Ok((after, "task.done"))
        }
        Move::Skip(seen) => {
            let Some(step) = comes_next(before, &sequence) else {
                return refuse("No step is left that could be skipped.");
            };
            if seen.is_some_and(|seen| seen != step) {
                return refuse(BEHIND);
            }
            after.pass(step, How::Skipped, now);
            Ok((after, "enrolment.skipped"))
        }
        Move::To(step) => {
            if sequence.find_step(step).is_none() {
                return refuse("There is no such step in the sequence of this lead.");
            }
            if trail.done.contains(&step) {
                return refuse("This lead has had that step, and nobody gets a step twice.");
            }
            after.next = Some(step);
            Ok((after, "enrolment.moved"))
        }
    }
}
