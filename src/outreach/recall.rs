//! The kill switch (G12): what waits at the gate goes back into its sequence. Its text is made anew when the worker is
//! switched on again, so nothing leaves that was written for another day.

use super::figures::Group;
use super::model::{Enrolment, Hold, State, Why};
use super::plan::{self, step_job};
use super::step::LOOK_AGAIN;
use super::store;
use crate::app::App;
use crate::base::{EnrolmentId, UnixMillis, WorkerId, WorkspaceId};
use crate::jobs::NewJob;
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workers::{self, WorkerState, PAUSED_ALL};

/// Leads taken back in one transaction.
const BATCH: usize = 4;

/// Everything was paused: takes back the waiting mails of one worker. Again, or after it was switched on, is harmless.
pub(super) fn worker(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    let mut cursor = None;
    loop {
        let page = store::list_group(&app.store, workspace, worker, Group::Queued, cursor.as_ref(), BATCH)?;
        let planned: Vec<(EnrolmentId, NewJob)> =
            page.rows.iter().map(|lead| (lead.id, step_job(workspace, lead.id, now))).collect();
        app.store.write(|txn| {
            let Some(reason) = still_paused(txn, workspace, worker)? else { return Ok(()) };
            for (id, job) in &planned {
                if let Some(lead) = store::find(txn, workspace, *id)? {
                    take_back(txn, &lead, job.clone(), &reason, now)?;
                }
            }
            Ok::<_, StoreError>(())
        })?;
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

/// Why it is paused, in the words of a step that it holds.
fn still_paused(txn: &mut Txn<'_>, workspace: WorkspaceId, id: WorkerId) -> Result<Option<String>, StoreError> {
    Ok(workers::find(txn, workspace, id)?.and_then(|worker| match worker.state {
        WorkerState::Paused(off) => Some(format!("{} is paused: {}", worker.name, off.reason)),
        WorkerState::Off | WorkerState::Working => None,
    }))
}

/// One that is leaving already cannot be taken back; what comes of it is noted when it has left.
fn take_back(
    txn: &mut Txn<'_>,
    lead: &Enrolment,
    job: NewJob,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let State::Queued { message, .. } = &lead.state else { return Ok(()) };
    if !messaging::cancel(txn, lead.workspace, *message, PAUSED_ALL)? {
        return Ok(());
    }
    let hold = Hold { why: Why::Worker, words: reason.to_owned() };
    plan::wait(txn, lead, job, now, now.plus(LOOK_AGAIN), Some(hold), now)
}
