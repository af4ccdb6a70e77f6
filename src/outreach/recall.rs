//! What waits at the gate goes back into its sequence, and its text is made anew: with the kill switch (G12) when the
//! worker is switched on again, so nothing leaves that was written for another day; and at once where the worker or its
//! sequence was changed, so nothing leaves as it was before.

use super::figures::Group;
use super::model::{Enrolment, Hold, State, Why};
use super::plan::{self, step_job};
use super::step::{self, LOOK_AGAIN};
use super::store;
use crate::app::App;
use crate::base::{EnrolmentId, SequenceId, UnixMillis, WorkerId, WorkspaceId};
use crate::connections;
use crate::jobs::NewJob;
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workers::{self, WorkerState, PAUSED_ALL};

/// Leads taken back in one transaction.
const BATCH: usize = 4;

/// Everything was paused: takes back the waiting mails of one worker. Again, or after it was switched on, is harmless.
pub(super) fn worker(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    each_queued(app, workspace, worker, now, |txn, lead, job| match still_paused(txn, workspace, worker)? {
        Some(reason) => take_back(txn, lead, job, &reason, now),
        None => Ok(()),
    })
}

/// The worker was changed: what it has at the gate is written anew, by its settings as they are now.
pub(super) fn changed(app: &App, workspace: WorkspaceId, worker: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    each_queued(app, workspace, worker, now, |txn, lead, job| write_anew(txn, lead, job, now))
}

/// A sequence was changed: the same for the mails of its steps that would read differently now. Those whose words stand,
/// as after an approval or a change of another step, keep their place at the gate.
pub(super) fn sequence(
    app: &App,
    workspace: WorkspaceId,
    sequence: SequenceId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    // A worker that was given another sequence since may still have leads in this one.
    for worker in workers::list(&app.store, workspace)? {
        each_queued(app, workspace, worker.id, now, |txn, lead, job| {
            if lead.sequence != sequence || still_reads_so(txn, lead, now)? {
                return Ok(());
            }
            write_anew(txn, lead, job, now)
        })?;
    }
    Ok(())
}

/// Whether the sequence would write the very mail that waits, at this step and in these words.
fn still_reads_so(txn: &mut Txn<'_>, lead: &Enrolment, now: UnixMillis) -> Result<bool, StoreError> {
    let State::Queued { step, message, mailbox } = &lead.state else { return Ok(false) };
    let scene = step::look(txn, lead.clone())?;
    let Some(sequence) = &scene.sequence else { return Ok(false) };
    let next = sequence.next_step(&lead.trail()).filter(|next| next.id == *step && sequence.is_approved(next));
    let (Some(next), Some(queued)) = (next, messaging::find_message(txn, lead.workspace, *message)?) else {
        return Ok(false);
    };
    let Some(mailbox) = connections::find(txn, lead.workspace, *mailbox)? else { return Ok(false) };
    let written = step::write_step(txn, &scene, next, &mailbox, queued.to.clone(), now)?;
    let reads_so = |mail: &messaging::Message| {
        (&mail.subject, &mail.text, mail.variant) == (&queued.subject, &queued.text, queued.variant)
    };
    Ok(written.is_ok_and(|mail| reads_so(mail.message())))
}

/// One that may be leaving stays as it is: what was decided when it left stands.
fn write_anew(txn: &mut Txn<'_>, lead: &Enrolment, job: NewJob, now: UnixMillis) -> Result<(), StoreError> {
    let State::Queued { message, .. } = &lead.state else { return Ok(()) };
    if !messaging::cancel_waiting(txn, lead.workspace, *message, "Written anew, after a change.")? {
        return Ok(());
    }
    plan::wait(txn, lead, job, now, now, None, now)
}

/// Each lead with a mail at the gate, a few in one transaction, as it stands then.
fn each_queued(
    app: &App,
    workspace: WorkspaceId,
    worker: WorkerId,
    now: UnixMillis,
    act: impl Fn(&mut Txn<'_>, &Enrolment, NewJob) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut cursor = None;
    loop {
        let page = store::list_group(&app.store, workspace, worker, Group::Queued, cursor.as_ref(), BATCH)?;
        let planned: Vec<(EnrolmentId, NewJob)> =
            page.rows.iter().map(|lead| (lead.id, step_job(workspace, lead.id, now))).collect();
        app.store.write(|txn| {
            for (id, job) in &planned {
                if let Some(lead) = store::find(txn, workspace, *id)? {
                    act(txn, &lead, job.clone())?;
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
