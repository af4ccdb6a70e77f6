//! What rooms do with jobs. All functions work inside the caller's transaction, so a job is enqueued, completed or
//! re-planned together with the change it belongs to.

use super::model::{Job, Lane, NewJob, Serial, State};
use super::moves::put_before_a_person;
use super::rows::{
    close, count, find, given_up_key, lift, look_key, make_due, make_due_anew, once_key, serial_state, set_pace,
    still_held, GIVEN_UP, LOOK, ONCE,
};
use crate::base::{JobId, UnixMillis, WorkspaceId, INSTANCE};
use crate::store::{StoreError, Txn};

/// Enqueues a job in this transaction. Returns its id, or that of the open job with the same `once` key.
pub fn enqueue(txn: &mut Txn<'_>, new: &NewJob) -> Result<JobId, StoreError> {
    new.encoded.as_ref().map_err(|error| StoreError::Engine(format!("payload of {}: {error}", new.job.kind)))?;
    let mut job = new.job.clone();
    if let Some(key) = &new.once {
        let hash = txn.blind(INSTANCE, "job once", &format!("{}|{key}", job.kind))?;
        let place = once_key(job.workspace, &hash);
        if let Some(open) = txn.get(&ONCE, &place)? {
            return Ok(open);
        }
        txn.put(&ONCE, &place, &job.id)?;
        job.once = Some(hash);
    }
    count(txn, |totals| totals.enqueued += 1)?;
    make_due_anew(txn, &job)?;
    txn.announce_work();
    Ok(job.id)
}

/// The open job that stands for a `once` key, if there is one.
pub fn find_once(txn: &mut Txn<'_>, workspace: WorkspaceId, kind: &str, key: &str) -> Result<Option<Job>, StoreError> {
    let hash = txn.blind(INSTANCE, "job once", &format!("{kind}|{key}"))?;
    match txn.get(&ONCE, &once_key(workspace, &hash))? {
        Some(id) => find(txn, id),
        None => Ok(None),
    }
}

/// Closes a job as done, in the transaction of its result. A job that is no longer in this hand is refused.
pub fn complete(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    let held = still_held(txn, job)?;
    close(txn, held, State::Done)
}

/// Closes a job as given up, with the reason.
pub fn give_up(txn: &mut Txn<'_>, job: &Job, reason: &str) -> Result<(), StoreError> {
    let held = still_held(txn, job)?;
    close(txn, Job { reason: Some(reason.to_owned()), ..held }, State::Dead)
}

/// Takes back a job that waits. One that is leaving or in doubt stays: returns whether it was taken back. A task that
/// a thread has begun meanwhile finds that its job is gone when it wants to close it.
pub fn cancel(txn: &mut Txn<'_>, id: JobId, reason: &str) -> Result<bool, StoreError> {
    let Some(job) = find_waiting(txn, id)? else { return Ok(false) };
    close(txn, Job { reason: Some(reason.to_owned()), ..job }, State::Dead)?;
    Ok(true)
}

/// Plans a waiting job for another time.
pub fn reschedule(txn: &mut Txn<'_>, id: JobId, at: UnixMillis) -> Result<bool, StoreError> {
    let Some(job) = find_waiting(txn, id)? else { return Ok(false) };
    lift(txn, &job)?;
    make_due(txn, &Job { due: at, ..job })?;
    txn.announce_work();
    Ok(true)
}

/// Puts a waiting job before a person: it may have been done already (the data came from a backup).
pub fn needs_look(txn: &mut Txn<'_>, id: JobId, reason: &str) -> Result<bool, StoreError> {
    let Some(job) = find_waiting(txn, id)? else { return Ok(false) };
    put_before_a_person(txn, job, reason)?;
    Ok(true)
}

/// A waiting job that is planned for later is looked at now.
pub fn hurry(txn: &mut Txn<'_>, id: JobId, now: UnixMillis) -> Result<(), StoreError> {
    match find_waiting(txn, id)? {
        Some(job) if job.due > now => reschedule(txn, id, now).map(|_| ()),
        _ => Ok(()),
    }
}

fn find_waiting(txn: &mut Txn<'_>, id: JobId) -> Result<Option<Job>, StoreError> {
    Ok(find(txn, id)?.filter(|job| job.state == State::Ready))
}

/// Lets a serial's jobs go on at once, whatever pace was set.
pub fn lift_pace(txn: &mut Txn<'_>, lane: Lane, serial: Serial) -> Result<(), StoreError> {
    set_pace(txn, lane, serial, UnixMillis(i64::MIN))
}

/// Nothing of a serial runs before then, whatever is due.
pub fn pace_of(txn: &mut Txn<'_>, lane: Lane, serial: Serial) -> Result<UnixMillis, StoreError> {
    Ok(serial_state(txn, lane, serial)?.not_before)
}

/// Nothing of a serial before `at`; a longer pace that was set stands.
pub fn keep_pace(txn: &mut Txn<'_>, lane: Lane, serial: Serial, at: UnixMillis) -> Result<(), StoreError> {
    if pace_of(txn, lane, serial)? >= at {
        return Ok(());
    }
    set_pace(txn, lane, serial, at)
}

/// The outside itself has shown that the effect happened: the job is done, whatever was thought of it, and nobody can
/// have it repeated. One that is in a thread's hand at this moment is left to it; returns whether it was closed.
pub fn prove_done(txn: &mut Txn<'_>, id: JobId, now: UnixMillis) -> Result<bool, StoreError> {
    let Some(job) = find(txn, id)? else { return Ok(false) };
    match job.state {
        State::NeedsHuman | State::Dead => Ok(decide(txn, id, Verdict::Arrived, now)?.is_some()),
        State::Ready | State::Uncertain if !is_in_hand(txn, &job)? => {
            close(txn, job, State::Done)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn is_in_hand(txn: &mut Txn<'_>, job: &Job) -> Result<bool, StoreError> {
    match job.serial {
        Some(_) => Ok(super::rows::find_held(txn, job)?.is_some()),
        None => Ok(false),
    }
}

/// What a person decided about a job that needs a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happened after all.
    Arrived,
    /// Do it (again) now.
    DoAgain,
    GiveUp,
}

/// Carries out a person's decision; `None` when the job does not wait for one (any more), or when what it stands
/// for was planned anew meanwhile.
pub fn decide(txn: &mut Txn<'_>, id: JobId, verdict: Verdict, now: UnixMillis) -> Result<Option<Job>, StoreError> {
    let Some(mut job) = find(txn, id)? else { return Ok(None) };
    if !matches!(job.state, State::NeedsHuman | State::Dead) {
        return Ok(None);
    }
    if verdict == Verdict::DoAgain && !takes_key(txn, &job)? {
        return Ok(None);
    }
    txn.remove(&LOOK, &look_key(id))?;
    if job.state == State::Dead {
        count(txn, |totals| totals.dead = totals.dead.saturating_sub(1))?;
        txn.remove(&GIVEN_UP, &given_up_key(&job))?;
    }
    match verdict {
        Verdict::Arrived => close(txn, job.clone(), State::Done)?,
        Verdict::GiveUp => close(txn, job.clone(), State::Dead)?,
        Verdict::DoAgain => {
            job.state = State::Ready;
            (job.attempt, job.looks, job.intent_at, job.reason) = (0, 0, None, None);
            job.due = now;
            make_due(txn, &job)?;
            txn.announce_work();
        }
    }
    Ok(Some(job))
}

/// Takes the job's `once` key (again); false when another job has it by now.
fn takes_key(txn: &mut Txn<'_>, job: &Job) -> Result<bool, StoreError> {
    let Some(hash) = job.once else { return Ok(true) };
    let place = once_key(job.workspace, &hash);
    match txn.get(&ONCE, &place)? {
        Some(other) => Ok(other == job.id),
        None => txn.put(&ONCE, &place, &job.id).map(|()| true),
    }
}
