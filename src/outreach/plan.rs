//! The moves of an enrolment between its states, each inside the caller's transaction.

use serde::{Deserialize, Serialize};

use super::model::{Enrolment, Hold, State};
use super::store;
use crate::base::{ContactId, EnrolmentId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Lane, NewJob};
use crate::messaging;
pub(super) use crate::messaging::hours_for;
use crate::store::{StoreError, Txn};

/// The kind of the job behind each step that falls due.
pub const STEP: &str = "outreach.step";

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    pub workspace: WorkspaceId,
    pub enrolment: EnrolmentId,
}

/// A job for the next step of an enrolment. Made outside the transaction, for its id.
pub(super) fn step_job(workspace: WorkspaceId, enrolment: EnrolmentId, now: UnixMillis) -> NewJob {
    NewJob::new(STEP, Lane::Steps, workspace, now, &Payload { workspace, enrolment })
}

/// Plans the next look at an enrolment: `job` runs at `look`, the step itself is due at `due`.
pub(super) fn wait(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    job: NewJob,
    due: UnixMillis,
    look: UnixMillis,
    hold: Option<Hold>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let job = job.due(look);
    let state = State::Waiting { job: job.id(), due, waits_for: hold };
    turn(txn, before, state, now)?;
    jobs::enqueue(txn, &job).map(|_| ())
}

/// Writes an enrolment in another state; what hung on the old one was taken back or is done.
pub(super) fn turn(txn: &mut Txn<'_>, before: &Enrolment, state: State, now: UnixMillis) -> Result<(), StoreError> {
    let after = Enrolment { state, changed_at: now, ..before.clone() };
    write(txn, &after, before)
}

/// Writes a changed enrolment and says when it has ended.
pub(super) fn write(txn: &mut Txn<'_>, after: &Enrolment, before: &Enrolment) -> Result<(), StoreError> {
    let workspace = after.workspace;
    store::put(txn, after, Some(before))?;
    if before.state.is_active() && !after.state.is_active() {
        let reason = match &after.state {
            State::Finished { reason, .. } | State::Stopped { reason, .. } => reason.clone(),
            _ => String::new(),
        };
        let what = Happened::EnrolmentEnded { enrolment: after.id, contact: after.contact, reason };
        events::append(txn, workspace, after.changed_at, what)?;
    }
    Ok(())
}

/// Takes back the planned job and the waiting message of an enrolment. A message that is leaving cannot be; what
/// comes of it is still noted when it has left.
pub(super) fn take_back(txn: &mut Txn<'_>, enrolment: &Enrolment, reason: &str) -> Result<(), StoreError> {
    if let Some(job) = enrolment.state.job() {
        jobs::cancel(txn, job, reason)?;
    }
    if let Some((message, _)) = enrolment.state.queued() {
        messaging::cancel(txn, enrolment.workspace, message, reason)?;
    }
    Ok(())
}

/// The same where nothing may be left behind: false, and nothing is taken back, when its message is leaving already.
pub(super) fn take_back_surely(txn: &mut Txn<'_>, enrolment: &Enrolment, reason: &str) -> Result<bool, StoreError> {
    if let Some((message, _)) = enrolment.state.queued() {
        let found = messaging::find_message(txn, enrolment.workspace, message)?;
        if found.is_none_or(|found| !found.state.is_waiting())
            || !messaging::cancel(txn, enrolment.workspace, message, reason)?
        {
            return Ok(false);
        }
    }
    if let Some(job) = enrolment.state.job() {
        jobs::cancel(txn, job, reason)?;
    }
    Ok(true)
}

/// Ends an enrolment for good, as far as this product is concerned; a person may take it up again.
pub(super) fn stop(
    txn: &mut Txn<'_>,
    before: &Enrolment,
    reason: &str,
    follow_up_on: Option<String>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    take_back(txn, before, reason)?;
    turn(txn, before, State::Stopped { at: now, reason: reason.to_owned(), follow_up_on, is_due: false }, now)
}

/// The enrolment that an event about `contact` means: the one named, else the one that is running.
pub(super) fn meant(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    enrolment: Option<EnrolmentId>,
    contact: ContactId,
) -> Result<Option<Enrolment>, StoreError> {
    if let Some(id) = enrolment {
        if let Some(found) = store::find(txn, workspace, id)? {
            return Ok(Some(found));
        }
    }
    match store::find_active(txn, workspace, contact)? {
        Some(found) => Ok(Some(found)),
        None => Ok(store::list_of_contact(txn, workspace, contact)?.into_iter().next()),
    }
}
