//! The moves of jobs that the scheduler and its threads make.

use std::time::Duration;

use super::model::{backoff, Job, Lane, Serial, State};
use super::recover::give_back;
use super::rows::{
    close, due_prefix, find, first_time, job_at, job_key, lift, look_key, make_due, serial_state, still_held,
    take_in_hand, time_behind, until, DUE, HEADS, JOBS, LOOK,
};
use crate::base::{JobId, UnixMillis, INSTANCE};
use crate::store::{Dir, Key, StoreError, Txn};

/// When the next job of the lane's serials may run.
pub(super) fn next_head(txn: &mut Txn<'_>, lane: Lane) -> Result<Option<UnixMillis>, StoreError> {
    first_time(txn, &HEADS, &Key::of(&HEADS, INSTANCE).u8(lane as u8))
}

/// Serials of a lane whose time has come, earliest first, each with the time its first job fell due.
pub(super) fn due_serials(
    txn: &mut Txn<'_>,
    lane: Lane,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<(UnixMillis, Serial)>, StoreError> {
    let prefix = Key::of(&HEADS, INSTANCE).u8(lane as u8);
    let keys = txn.keys_range(&HEADS, &until(&prefix, now), Dir::Forward, limit)?;
    Ok(keys.iter().filter_map(|key| Some((time_behind(&prefix, key)?, key.last_id()?))).collect())
}

/// The first due job of a serial, taken out of the due rows but not yet in hand.
pub(super) fn take_next(
    txn: &mut Txn<'_>,
    lane: Lane,
    serial: Serial,
    now: UnixMillis,
) -> Result<Option<Job>, StoreError> {
    let state = serial_state(txn, lane, serial)?;
    // A thread that ended in the middle has left it there: it may be leaving.
    if let Some(left) = state.hand.map(|hand| find(txn, hand.job)).transpose()?.flatten() {
        give_back(txn, left, now)?;
    }
    if state.not_before > now {
        return Ok(None);
    }
    let range = until(&due_prefix(lane, Some(serial)), now);
    loop {
        let Some(place) = txn.keys_range(&DUE, &range, Dir::Forward, 1)?.pop() else { return Ok(None) };
        if let Some(job) = job_at(txn, &place)? {
            return txn.remove(&DUE, &place).map(|()| Some(job));
        }
    }
}

/// A thread works at the job. Of one without a serial the process alone knows (see `leases`).
pub(super) fn hold(txn: &mut Txn<'_>, mut job: Job) -> Result<Job, StoreError> {
    take_in_hand(txn, &job, None)?;
    if job.state == State::Ready {
        job.state = State::Leased;
    }
    Ok(job)
}

/// Writes the intent: from here on a crash leaves the job in doubt instead of ready. For a job of a serial it stands
/// in the serial's row, which is written for each job anyway.
pub(super) fn intend(txn: &mut Txn<'_>, mut job: Job, now: UnixMillis) -> Result<Job, StoreError> {
    if job.serial.is_none() {
        // It may have been taken back since it was handed out.
        still_held(txn, &job)?;
        lift(txn, &job)?;
    }
    (job.state, job.intent_at) = (State::Intent, Some(now));
    match job.serial {
        Some(_) => take_in_hand(txn, &job, Some(now))?,
        None => txn.put(&JOBS, &job_key(job.id), &job)?,
    }
    Ok(job)
}

/// Puts a job back for later without counting it as a failure.
pub(super) fn postpone(txn: &mut Txn<'_>, mut job: Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    job.reason = Some(reason.to_owned());
    put_back(txn, job, State::Ready, at)
}

/// Gives a job back that was taken but not begun (the server stops). One in doubt stays in doubt.
pub(super) fn release(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    let job = still_held(txn, job)?;
    let (due, in_doubt) = (job.due, job.state == State::Uncertain);
    put_back(txn, job, if in_doubt { State::Uncertain } else { State::Ready }, due)
}

/// Moves a waiting job out of the way of those behind it: it cannot even be begun (its records cannot be read).
/// After as many tries as it has it is given up, or needs a look when it may have happened.
pub(super) fn set_aside(txn: &mut Txn<'_>, id: JobId, now: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let Some(mut job) = find(txn, id)?.filter(|job| matches!(job.state, State::Ready | State::Uncertain)) else {
        return Ok(());
    };
    lift(txn, &job)?;
    let held = hold(txn, job.clone())?;
    if job.state == State::Ready {
        return retry(txn, &held, now.plus(backoff(id, job.attempt + 1)), reason);
    }
    job.attempt += 1;
    if job.attempt >= job.max_attempts {
        return ask_human(txn, &held, reason);
    }
    txn.put(&JOBS, &job_key(id), &Job { attempt: job.attempt, ..held.clone() })?;
    doubt(txn, &held, now.plus(backoff(id, job.attempt)), reason)
}

/// After a failure: back for another try at `at`, or given up.
pub(super) fn retry(txn: &mut Txn<'_>, job: &Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    job.attempt += 1;
    job.reason = Some(reason.to_owned());
    if job.attempt >= job.max_attempts {
        txn.mark(&LOOK, &look_key(job.id))?;
        return close(txn, job, State::Dead);
    }
    put_back(txn, job, State::Ready, at)
}

/// A repeating job goes to its next time.
pub(super) fn again(txn: &mut Txn<'_>, job: &Job, at: UnixMillis) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    (job.attempt, job.reason) = (0, None);
    put_back(txn, job, State::Ready, at)
}

/// The effect may have happened: looked at from `at` on.
pub(super) fn doubt(txn: &mut Txn<'_>, job: &Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    job.reason = Some(reason.to_owned());
    put_back(txn, job, State::Uncertain, at)
}

/// Another look at the provider later.
pub(super) fn look_later(txn: &mut Txn<'_>, job: &Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    job.looks += 1;
    job.reason = Some(reason.to_owned());
    put_back(txn, job, State::Uncertain, at)
}

pub(super) fn ask_human(txn: &mut Txn<'_>, job: &Job, reason: &str) -> Result<(), StoreError> {
    let job = still_held(txn, job)?;
    put_before_a_person(txn, job, reason)
}

pub(super) fn put_before_a_person(txn: &mut Txn<'_>, mut job: Job, reason: &str) -> Result<(), StoreError> {
    lift(txn, &job)?;
    job.state = State::NeedsHuman;
    job.reason = Some(reason.to_owned());
    txn.mark(&LOOK, &look_key(job.id))?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

/// Proved absent: ready at once, and when that happens again, after a growing pause.
pub(super) fn ready_again(txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    (job.intent_at, job.looks) = (None, 0);
    job.attempt += 1;
    let wait = if job.attempt == 1 { Duration::ZERO } else { backoff(job.id, job.attempt) };
    put_back(txn, job, State::Ready, now.plus(wait))
}

/// Out of the hand and among those that wait; whoever had it in hand cannot close it any more.
pub(super) fn put_back(txn: &mut Txn<'_>, mut job: Job, state: State, at: UnixMillis) -> Result<(), StoreError> {
    lift(txn, &job)?;
    job.state = state;
    job.fence += 1;
    job.due = at;
    make_due(txn, &job)
}
