//! What is done with jobs that an earlier process had in work, and with those whose time the clock has moved away from.

use std::time::Duration;

use super::model::{backoff, Class, Job, Lane, State};
use super::moves::put_back;
use super::rows::{
    find, find_held, lift, make_due, serial_state, serials_prefix, set_pace, Lent, DUE, HELD, LENT, SERIALS,
};
use crate::base::{JobId, UnixMillis, INSTANCE};
use crate::store::{successor, Dir, Key, KeyRange, Store, StoreError, Txn};

/// Jobs planned anew in one transaction.
const MOVED: usize = 8;
/// Rows read in one go.
const LISTED: usize = 100;

/// After a start: nothing that an earlier process held is still in work. What was about to leave is in doubt
/// (or simply repeated where the provider recognises our key).
pub(super) fn recover(store: &Store, now: UnixMillis) -> Result<(), StoreError> {
    store.each(&SERIALS, &Key::of(&SERIALS, INSTANCE), |_, state| match state.hand {
        Some(hand) => store.write(|txn| match find(txn, hand.job)? {
            Some(job) => give_back(txn, job, now),
            None => Ok(()),
        }),
        None => Ok(()),
    })?;
    store.each(&LENT, &Key::of(&LENT, INSTANCE), |row, lent: Vec<Lent>| {
        for batch in lent.chunks(MOVED) {
            store.write(|txn| batch.iter().try_for_each(|lent| give_back_lent(txn, *lent, now)))?;
        }
        store.write(|txn| txn.remove(&LENT, &row))
    })?;
    recover_older(store, now)
}

/// The same for what an earlier version had in work: after an upgrade, or in a restored backup of that time.
fn recover_older(store: &Store, now: UnixMillis) -> Result<(), StoreError> {
    loop {
        let held = store.read(|txn| txn.keys(&HELD, &Key::of(&HELD, INSTANCE), Dir::Forward, MOVED))?;
        if held.is_empty() {
            return Ok(());
        }
        store.write(|txn| {
            for key in &held {
                txn.remove(&HELD, key)?;
                let Some(id) = key.last_id().map(JobId) else { continue };
                let was_in_work = |job: &Job| matches!(job.state, State::Ready | State::Intent | State::Uncertain);
                if let Some(job) = find(txn, id)?.filter(was_in_work) {
                    give_back(txn, job, now)?;
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
}

/// One that was given back since it was handed out is left where it is.
fn give_back_lent(txn: &mut Txn<'_>, lent: Lent, now: UnixMillis) -> Result<(), StoreError> {
    let Some(job) = find(txn, lent.job)?.filter(|job| job.fence == lent.fence) else { return Ok(()) };
    match find_held(txn, &job)? {
        Some(job) => give_back(txn, job, now),
        None => Ok(()),
    }
}

/// What was about to leave is in doubt; all else waits again.
pub(super) fn give_back(txn: &mut Txn<'_>, mut job: Job, now: UnixMillis) -> Result<(), StoreError> {
    let in_doubt = matches!(job.state, State::Intent | State::Uncertain) && job.class == Class::Once;
    job.reason = Some("the server was stopped while this was in work".into());
    // Work that takes the whole process down must not do so at each start, over and over. It is never given
    // up for this alone: the stop may have had nothing to do with it.
    job.attempt = (job.attempt + 1).min(job.max_attempts.saturating_sub(1));
    let wait = if in_doubt || job.attempt < 2 { Duration::ZERO } else { backoff(job.id, job.attempt) };
    put_back(txn, job, if in_doubt { State::Uncertain } else { State::Ready }, now.plus(wait))
}

/// The clock was set back by so much: waiting jobs of the lane, and the pace of its serials, move along.
pub(super) fn move_back(store: &Store, lane: Lane, now: UnixMillis, back: Duration) -> Result<(), StoreError> {
    let prefix = Key::of(&DUE, INSTANCE).u8(lane as u8);
    let mut from = prefix.as_prefix().start;
    loop {
        let range = KeyRange { start: from, ..prefix.as_prefix() };
        let keys = store.read(|txn| txn.keys_range(&DUE, &range, Dir::Forward, LISTED))?;
        for batch in keys.chunks(MOVED) {
            store.write_reserved(|txn| {
                let mut ids = batch.iter().filter_map(Key::last_id).map(JobId);
                ids.try_for_each(|id| move_one_back(txn, id, now, back))
            })?;
        }
        match keys.last() {
            Some(last) if keys.len() == LISTED => from = successor(last.as_bytes()),
            _ => break,
        }
    }
    store.each(&SERIALS, &serials_prefix(lane), |key, state| {
        let Some(serial) = key.last_id().filter(|_| state.not_before > now) else { return Ok(()) };
        store.write_reserved(|txn| {
            let not_before = serial_state(txn, lane, serial)?.not_before;
            set_pace(txn, lane, serial, not_before.minus(back).max(now))
        })
    })
}

/// What the clock plans moves back with it, in all lanes: the operator has said that the earlier time is right.
pub fn move_all_back(store: &Store, now: UnixMillis, back: Duration) -> Result<(), StoreError> {
    let mut lanes = Lane::ALL.into_iter().filter(|lane| lane.moves_with_the_clock());
    lanes.try_for_each(|lane| move_back(store, lane, now, back))
}

fn move_one_back(txn: &mut Txn<'_>, id: JobId, now: UnixMillis, back: Duration) -> Result<(), StoreError> {
    let waits = |job: &Job| matches!(job.state, State::Ready | State::Uncertain);
    let Some(job) = find(txn, id)?.filter(waits).filter(|job| job.due > now) else { return Ok(()) };
    lift(txn, &job)?;
    make_due(txn, &Job { due: job.due.minus(back).max(now), ..job })
}
