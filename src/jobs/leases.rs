//! Jobs without a serial that are handed out. Which ones is known to this process alone: it is the only one on its
//! data folder. On disk one row names all that were taken together, so that a thousand are claimed as quickly as one,
//! and after a crash it is known what was in work.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::model::{Job, Lane, State};
use super::rows::{due_prefix, job_at, time_behind, until, Lent, DUE, LENT};
use crate::base::{JobId, UnixMillis, INSTANCE};
use crate::store::{successor, Dir, Key, KeyRange, Store, StoreError, Txn};

/// Rows read in one go.
const PAGE: usize = 500;

#[derive(Default)]
pub struct Leases(Mutex<Lendings>);

#[derive(Default)]
struct Lendings {
    /// Each job that is out, with the row that names it.
    out: HashMap<JobId, Uuid>,
    /// How many of each row are out.
    left: HashMap<Uuid, usize>,
    /// Rows of which all have ended; they go with the next that is written.
    over: Vec<Uuid>,
}

fn lent_key(row: Uuid) -> Key {
    Key::of(&LENT, INSTANCE).id(row)
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, Lendings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up to `limit` jobs of the lane that are due and not out, earliest first, in one durable transaction.
    pub fn claim(&self, store: &Store, lane: Lane, now: UnixMillis, limit: usize) -> Result<Vec<Job>, StoreError> {
        let row = JobId::new(now).0;
        let mut lendings = self.lock();
        let jobs = store.write(|txn| {
            let mut jobs = Vec::with_capacity(limit);
            for key in free_keys(txn, lane, now, &lendings.out, limit)? {
                match job_at(txn, &key)? {
                    Some(job) if job.state == State::Ready => jobs.push(Job { state: State::Leased, ..job }),
                    Some(job) => jobs.push(job),
                    None => {}
                }
            }
            if !jobs.is_empty() {
                let lent: Vec<Lent> = jobs.iter().map(|job| Lent { job: job.id, fence: job.fence }).collect();
                txn.put_fresh(&LENT, &lent_key(row), &lent)?;
                lendings.over.iter().try_for_each(|over| txn.remove(&LENT, &lent_key(*over)))?;
            }
            Ok::<_, StoreError>(jobs)
        })?;
        if !jobs.is_empty() {
            lendings.over.clear();
            lendings.out.extend(jobs.iter().map(|job| (job.id, row)));
            lendings.left.insert(row, jobs.len());
        }
        Ok(jobs)
    }

    /// The job's thread has come back. Where it could not record what came of it, the row stays for the next start.
    pub fn ended(&self, job: JobId, is_recorded: bool) {
        let mut lendings = self.lock();
        let Some(row) = lendings.out.remove(&job).filter(|_| is_recorded) else { return };
        let left = lendings.left.entry(row).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 {
            lendings.left.remove(&row);
            lendings.over.push(row);
        }
    }

    /// When the first due jobs that are not out fell due.
    pub(super) fn due(
        &self,
        store: &Store,
        lane: Lane,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<UnixMillis>, StoreError> {
        let lendings = self.lock();
        let prefix = due_prefix(lane, None);
        let keys = store.read(|txn| free_keys(txn, lane, now, &lendings.out, limit))?;
        Ok(keys.iter().filter_map(|key| time_behind(&prefix, key)).collect())
    }

    /// When the next job of the lane that is not out falls due.
    pub(super) fn next_due(&self, store: &Store, lane: Lane) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.due(store, lane, UnixMillis(i64::MAX), 1)?.first().copied())
    }
}

/// Places of due jobs without a serial, but for those that are out.
fn free_keys(
    txn: &mut Txn<'_>,
    lane: Lane,
    now: UnixMillis,
    out: &HashMap<JobId, Uuid>,
    limit: usize,
) -> Result<Vec<Key>, StoreError> {
    let mut range = until(&due_prefix(lane, None), now);
    let mut free = Vec::new();
    while free.len() < limit {
        let page = txn.keys_range(&DUE, &range, Dir::Forward, PAGE.min(limit + out.len()))?;
        let Some(last) = page.last() else { break };
        range = KeyRange { start: successor(last.as_bytes()), ..range };
        let is_out = |key: &Key| key.last_id().is_some_and(|id| out.contains_key(&JobId(id)));
        free.extend(page.into_iter().filter(|key| !is_out(key)));
    }
    free.truncate(limit);
    Ok(free)
}

/// Leases up to `limit` jobs without a serial that are due, for one who knows of no others that are out.
pub fn lease_due(store: &Store, lane: Lane, now: UnixMillis, limit: usize) -> Result<Vec<Job>, StoreError> {
    Leases::default().claim(store, lane, now, limit)
}
