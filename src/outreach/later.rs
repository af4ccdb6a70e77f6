//! "Not now, ask again in March": the day is kept, and when it comes the sequence goes on, or a person decides.

use serde::{Deserialize, Serialize};

use super::model::{Enrolment, State};
use super::plan::{self, hours_for, step_job};
use super::{step, store, timing, OutreachError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{EnrolmentId, ReplyId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workspaces;

/// The kind of the job that waits for the day that a deferral names.
pub const TAKE_UP: &str = "outreach.take_up";
/// The label of a deferral.
pub(super) const LABEL: &str = "later";
/// A deferral without a date is asked about again after this many days (contract 1).
const LATER_DAYS: i64 = 90;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    workspace: WorkspaceId,
    reply: ReplyId,
}

/// The job behind the deferral that `reply` is. Made outside the transaction, for its id.
pub(super) fn job(workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> NewJob {
    NewJob::new(TAKE_UP, Lane::Steps, workspace, now, &Payload { workspace, reply })
}

/// The date that was named, else one far enough away to be polite. YYYY-MM-DD.
pub(super) fn day_of(named: Option<&str>, now: UnixMillis) -> String {
    let named: Option<jiff::civil::Date> = named.and_then(|date| date.parse().ok());
    let later = UnixMillis(now.0 + LATER_DAYS * 86_400_000).in_zone(&jiff::tz::TimeZone::UTC).date();
    named.unwrap_or(later).to_string()
}

/// Plans the look at an enrolment on its day, in the lead's hours.
pub(super) fn plan(
    txn: &mut Txn<'_>,
    enrolment: &Enrolment,
    day: &str,
    job: NewJob,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let scene = step::look(txn, enrolment.clone())?;
    let hours = match (&scene.worker, &scene.contact, &scene.workspace) {
        (Some(worker), Some(contact), Some(workspace)) => hours_for(worker, contact, workspace),
        _ => return Ok(()),
    };
    jobs::enqueue(txn, &job.due(timing::on_day(day, now, &hours))).map(|_| ())
}

/// The task behind `TAKE_UP`.
pub struct TakeUp;

impl Task<App> for TakeUp {
    fn kind(&self) -> &'static str {
        TAKE_UP
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match take_up(app, job) {
            Ok(()) => Outcome::Committed,
            Err(error) => error.into(),
        }
    }
}

fn take_up(app: &App, job: &Job) -> Result<(), StoreError> {
    let Payload { workspace, reply } = job.payload()?;
    let now = app.now();
    app.store.write(|txn| {
        if let Some(before) = still_put_off(txn, workspace, reply, now)? {
            let next = step_job(workspace, before.id, now);
            match goes_on_by_itself(txn, workspace, reply, &before)? {
                true => plan::wait(txn, &before, next, now, now, None, now)?,
                false => hand_over(txn, &before, now)?,
            }
        }
        jobs::complete(txn, job)
    })
}

/// The enrolment that the reply has put off until a day that has come; `None` where something has happened since.
fn still_put_off(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reply: ReplyId,
    now: UnixMillis,
) -> Result<Option<Enrolment>, StoreError> {
    let Some(reply) = messaging::find_reply(txn, workspace, reply)? else { return Ok(None) };
    let Some(before) = plan::meant(txn, workspace, reply.enrolment, reply.contact)? else { return Ok(None) };
    let State::Stopped { follow_up_on: Some(day), is_due: false, .. } = &before.state else { return Ok(None) };
    let zone = workspaces::find(txn, workspace)?.map_or(jiff::tz::TimeZone::UTC, |workspace| workspace.zone());
    // A lead east of here is written to on its own morning, which may still be yesterday here.
    let tomorrow = UnixMillis(now.0 + 86_400_000).in_zone(&zone).date().to_string();
    let has_come = *day <= tomorrow && before.came.label.as_deref() == Some(LABEL);
    Ok(Some(before).filter(|_| has_come))
}

/// Without a person only where the deferral was read surely and there is something left that may be sent.
fn goes_on_by_itself(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    reply: ReplyId,
    before: &Enrolment,
) -> Result<bool, StoreError> {
    let Some(reading) = messaging::find_reply(txn, workspace, reply)?.and_then(|reply| reply.reading) else {
        return Ok(false);
    };
    let routing = workspaces::find_routing(txn, workspace)?;
    if !reading.flags.is_empty() || !workspaces::reaches(reading.confidence, routing.snooze) {
        return Ok(false);
    }
    if store::find_active(txn, workspace, before.contact)?.is_some() {
        return Ok(false);
    }
    let scene = step::look(txn, before.clone())?;
    let (Some(worker), Some(sequence), Some(contact)) = (&scene.worker, &scene.sequence, &scene.contact) else {
        return Ok(false);
    };
    let is_left = sequence.next_step(&before.trail()).is_some_and(|step| sequence.is_approved(step));
    let may = worker.state.is_working() && before.sent.len() < worker.limits.mails_per_contact() as usize;
    Ok(is_left && may && step::may_write_to(txn, contact)?.is_ok())
}

fn hand_over(txn: &mut Txn<'_>, before: &Enrolment, now: UnixMillis) -> Result<(), StoreError> {
    let State::Stopped { at, reason, follow_up_on, .. } = before.state.clone() else { return Ok(()) };
    plan::turn(txn, before, State::Stopped { at, reason, follow_up_on, is_due: true }, now)?;
    let what = Happened::FollowUpDue { enrolment: before.id, contact: before.contact };
    events::append(txn, before.workspace, now, what).map(|_| ())
}

/// A person lets a deferral rest: nobody is reminded of it any more.
pub fn leave(app: &App, actor: &Actor, id: EnrolmentId) -> Result<Enrolment, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let State::Stopped { at, reason, follow_up_on: Some(_), .. } = before.state.clone() else { return Ok(before) };
        plan::turn(txn, &before, State::Stopped { at, reason, follow_up_on: None, is_due: false }, now)?;
        let on = format!("enrolment {id}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), "enrolment.left", &on, "")?;
        store::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)
    })
}
