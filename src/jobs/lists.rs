//! The queue as the operator's pages and housekeeping see it.

use super::model::{Job, Lane, Serial};
use super::rows::{due_prefix, find, job_key, look_key, until, DUE, GIVEN_UP, JOBS, LOOK};
use crate::base::{JobId, UnixMillis, INSTANCE};
use crate::store::{successor, Dir, Key, KeyRange, Store, StoreError, Txn};

/// Jobs read in one go where all of a serial are listed.
const LISTED: usize = 100;

/// Waiting jobs of a serial that are planned for later than `now`, in the order they fall due.
pub fn list_later(store: &Store, lane: Lane, serial: Serial, now: UnixMillis) -> Result<Vec<Job>, StoreError> {
    let prefix = due_prefix(lane, Some(serial));
    let (mut found, mut from) = (Vec::new(), until(&prefix, now).end);
    loop {
        let range = KeyRange { start: from, ..prefix.as_prefix() };
        let keys = store.read(|txn| txn.keys_range(&DUE, &range, Dir::Forward, LISTED))?;
        found.extend(store.read(|txn| jobs_of(txn, &keys))?);
        match keys.last() {
            Some(last) if keys.len() == LISTED => from = successor(last.as_bytes()),
            _ => return Ok(found),
        }
    }
}

/// Jobs that a person should look at, newest first.
pub fn list_needing_a_look(store: &Store, limit: usize) -> Result<Vec<Job>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&LOOK, &Key::of(&LOOK, INSTANCE), Dir::Backward, limit)?;
        jobs_of(txn, &keys)
    })
}

/// Waiting jobs of a lane in the order they fall due, for the operator's page.
pub fn list_due(store: &Store, lane: Lane, limit: usize) -> Result<Vec<Job>, StoreError> {
    store.read(|txn| {
        let prefix = Key::of(&DUE, INSTANCE).u8(lane as u8);
        let keys = txn.keys(&DUE, &prefix, Dir::Forward, limit)?;
        jobs_of(txn, &keys)
    })
}

fn jobs_of(txn: &mut Txn<'_>, keys: &[Key]) -> Result<Vec<Job>, StoreError> {
    let ids = keys.iter().filter_map(Key::last_id).map(JobId);
    ids.filter_map(|id| find(txn, id).transpose()).collect()
}

/// Counts the open jobs one by one, for the check against `totals`.
pub fn count_open(store: &Store) -> Result<u64, StoreError> {
    let mut open = 0;
    store.each(&JOBS, &Key::of(&JOBS, INSTANCE), |_, job| {
        open += u64::from(job.state.is_open());
        Ok::<(), StoreError>(())
    })?;
    Ok(open)
}

/// Removes jobs that were given up before `before`; returns how many, at most `limit`.
pub fn sweep_given_up(store: &Store, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    store.write_reserved(|txn| {
        let mut range = Key::of(&GIVEN_UP, INSTANCE).as_prefix();
        range.end = Key::of(&GIVEN_UP, INSTANCE).time(before).0;
        let keys = txn.keys_range(&GIVEN_UP, &range, Dir::Forward, limit)?;
        for key in &keys {
            if let Some(id) = key.last_id().map(JobId) {
                txn.remove(&JOBS, &job_key(id))?;
                txn.remove(&LOOK, &look_key(id))?;
            }
            txn.remove(&GIVEN_UP, key)?;
        }
        Ok(keys.len())
    })
}
