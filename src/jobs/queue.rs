//! The queue's rows and the moves between them. All functions work inside the caller's transaction, so a
//! job is enqueued, completed or re-planned together with the change it belongs to.

use serde::{Deserialize, Serialize};

use super::model::{backoff, Class, Job, Lane, NewJob, Serial, State};
use crate::base::{JobId, UnixMillis, WorkspaceId, INSTANCE};
use crate::store::{
    read_time, successor, Declared, Dir, Holds, Key, KeyRange, Retention, Store, StoreError, Table, Tree, Txn,
};

pub(super) const JOBS: Table<Job> = Table::sealed(
    0x0201,
    "jobs",
    Tree::Jobs,
    Holds::Nothing,
    Retention::Days(90),
    "Work that is due now or later, by ids only, so that nothing is lost or done twice.",
);
const DUE: Table<()> =
    Table::index_in(0x0202, "jobs_due", Tree::JobsDue, "Jobs by lane, serial and the time they are due.");
const HEADS: Table<()> =
    Table::index_in(0x0203, "jobs_heads", Tree::JobsDue, "The next due time of each serial that has jobs.");
const SERIALS: Table<SerialState> = Table::sealed(
    0x0204,
    "jobs_serials",
    Tree::JobsDue,
    Holds::Nothing,
    Retention::Served,
    "Since when a mailbox or calendar may be used again.",
);
const HELD: Table<()> =
    Table::index_in(0x0205, "jobs_held", Tree::JobLeases, "Jobs in work; after a crash these are looked at first.");
const ONCE: Table<JobId> = Table::sealed(
    0x0206,
    "jobs_once",
    Tree::JobsDue,
    Holds::Nothing,
    Retention::Served,
    "Which open job stands for a thing that must be planned only once.",
);
const LOOK: Table<()> = Table::index_in(0x0207, "jobs_look", Tree::JobsDue, "Jobs that a person should look at.");
const TOTALS: Table<Totals> = Table::sealed(
    0x0208,
    "jobs_totals",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "How many jobs were planned, done and given up: the sum must be right.",
);
const FINISHED: Table<()> =
    Table::index_in(0x0209, "jobs_finished", Tree::Outcomes, "Finished jobs by time, for housekeeping.");

pub const TABLES: &[Declared] = &[
    Declared::plain(&JOBS),
    Declared::plain(&DUE),
    Declared::plain(&HEADS),
    Declared::plain(&SERIALS),
    Declared::plain(&HELD),
    Declared::plain(&ONCE),
    Declared::plain(&LOOK),
    Declared::plain(&TOTALS),
    Declared::plain(&FINISHED),
];

/// Jobs read in one go where all of a serial are listed.
const LISTED: usize = 100;

/// `enqueued = done + dead + open` at every moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub enqueued: u64,
    pub done: u64,
    pub dead: u64,
}

impl Totals {
    pub fn open(&self) -> u64 {
        self.enqueued.saturating_sub(self.done + self.dead)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SerialState {
    /// Where its row in `HEADS` stands, if it has one.
    head: Option<UnixMillis>,
    /// The pace: nothing of this serial before then.
    not_before: UnixMillis,
}

fn job_key(id: JobId) -> Key {
    Key::of(&JOBS, INSTANCE).id(id.0)
}

fn due_prefix(lane: Lane, serial: Option<Serial>) -> Key {
    Key::of(&DUE, INSTANCE).u8(lane as u8).id(serial.unwrap_or_default())
}

fn due_key(job: &Job) -> Key {
    due_prefix(job.lane, job.serial).time(job.due).id(job.id.0)
}

fn held_key(id: JobId) -> Key {
    Key::of(&HELD, INSTANCE).id(id.0)
}

fn once_key(workspace: WorkspaceId, hash: &[u8; 16]) -> Key {
    Key::of(&ONCE, INSTANCE).id(workspace.0).bytes(hash)
}

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
    make_due(txn, &job)?;
    txn.put(&JOBS, &job_key(job.id), &job)?;
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

pub fn find(txn: &mut Txn<'_>, id: JobId) -> Result<Option<Job>, StoreError> {
    let Some(job) = txn.get(&JOBS, &job_key(id))? else { return Ok(None) };
    // A lease is the row in `HELD`; the job itself is not written for it.
    let is_leased = job.state == State::Ready && txn.exists(&HELD, &held_key(id))?;
    Ok(Some(if is_leased { Job { state: State::Leased, ..job } } else { job }))
}

/// Closes a job as done, in the transaction of its result. A job that is no longer held by this lease is refused.
pub fn complete(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    let mut held = still_held(txn, job)?;
    held.reason = None;
    close(txn, held, State::Done)
}

/// Closes a job as given up, with the reason.
pub fn give_up(txn: &mut Txn<'_>, job: &Job, reason: &str) -> Result<(), StoreError> {
    let mut held = still_held(txn, job)?;
    held.reason = Some(reason.to_owned());
    close(txn, held, State::Dead)
}

/// Takes back a job that is not in work. One that is leaving or in doubt stays: returns whether it was taken back.
pub fn cancel(txn: &mut Txn<'_>, id: JobId, reason: &str) -> Result<bool, StoreError> {
    let Some(mut job) = find(txn, id)? else { return Ok(false) };
    if job.state != State::Ready {
        return Ok(false);
    }
    unmake_due(txn, &job)?;
    job.reason = Some(reason.to_owned());
    close(txn, job, State::Dead)?;
    Ok(true)
}

/// Plans a waiting job for another time.
pub fn reschedule(txn: &mut Txn<'_>, id: JobId, at: UnixMillis) -> Result<bool, StoreError> {
    let Some(mut job) = find(txn, id)? else { return Ok(false) };
    if job.state != State::Ready {
        return Ok(false);
    }
    unmake_due(txn, &job)?;
    job.due = at;
    make_due(txn, &job)?;
    txn.put(&JOBS, &job_key(id), &job)?;
    txn.announce_work();
    Ok(true)
}

/// Puts a waiting job before a person: it may have been done already (the data came from a backup).
pub fn needs_look(txn: &mut Txn<'_>, id: JobId, reason: &str) -> Result<bool, StoreError> {
    let Some(job) = find(txn, id)?.filter(|job| job.state == State::Ready) else { return Ok(false) };
    unmake_due(txn, &job)?;
    let held = hold(txn, job)?;
    ask_human(txn, &held, reason)?;
    Ok(true)
}

/// A waiting job that is planned for later is looked at now.
pub fn hurry(txn: &mut Txn<'_>, id: JobId, now: UnixMillis) -> Result<(), StoreError> {
    match find(txn, id)? {
        Some(job) if job.state == State::Ready && job.due > now => reschedule(txn, id, now).map(|_| ()),
        _ => Ok(()),
    }
}

/// Waiting jobs of a serial that are planned for later than `now`, in the order they fall due.
pub fn list_later(store: &Store, lane: Lane, serial: Serial, now: UnixMillis) -> Result<Vec<Job>, StoreError> {
    let prefix = due_prefix(lane, Some(serial));
    let (mut found, mut from) = (Vec::new(), until(&prefix, now).end);
    loop {
        let range = KeyRange { start: from, ..prefix.as_prefix() };
        let keys = store.read(|txn| txn.keys_range(&DUE, &range, Dir::Forward, LISTED))?;
        let ids = keys.iter().filter_map(Key::last_id).map(JobId);
        let jobs = store.read(|txn| ids.clone().filter_map(|id| find(txn, id).transpose()).collect());
        found.extend::<Vec<Job>>(jobs.map_err(|error: StoreError| error)?);
        match keys.last() {
            Some(last) if keys.len() == LISTED => from = successor(last.as_bytes()),
            _ => return Ok(found),
        }
    }
}

/// Lets a serial's jobs go on at once, whatever pace was set.
pub fn lift_pace(txn: &mut Txn<'_>, lane: Lane, serial: Serial) -> Result<(), StoreError> {
    set_pace(txn, lane, serial, UnixMillis(i64::MIN))
}

/// The outside itself has shown that the effect happened: the job is done, whatever was thought of it, and nobody can
/// have it repeated. One that is in a thread's hand at this moment is left to it; returns whether it was closed.
pub fn prove_done(txn: &mut Txn<'_>, id: JobId, now: UnixMillis) -> Result<bool, StoreError> {
    let Some(job) = find(txn, id)? else { return Ok(false) };
    match job.state {
        State::NeedsHuman | State::Dead => Ok(decide(txn, id, Verdict::Arrived, now)?.is_some()),
        State::Ready | State::Uncertain if !txn.exists(&HELD, &held_key(id))? => {
            unmake_due(txn, &job)?;
            close(txn, Job { reason: None, ..job }, State::Done)?;
            Ok(true)
        }
        _ => Ok(false),
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
        txn.remove(&FINISHED, &finished_key(&job))?;
    }
    match verdict {
        Verdict::Arrived => close(txn, job.clone(), State::Done)?,
        Verdict::GiveUp => close(txn, job.clone(), State::Dead)?,
        Verdict::DoAgain => {
            job.state = State::Ready;
            (job.attempt, job.looks, job.intent_at, job.reason) = (0, 0, None, None);
            job.due = now;
            make_due(txn, &job)?;
            txn.put(&JOBS, &job_key(id), &job)?;
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

/// Jobs that a person should look at, newest first.
pub fn list_needing_a_look(store: &Store, limit: usize) -> Result<Vec<Job>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&LOOK, &Key::of(&LOOK, INSTANCE), Dir::Backward, limit)?;
        let ids = keys.iter().filter_map(Key::last_id).map(JobId);
        ids.filter_map(|id| find(txn, id).transpose()).collect()
    })
}

pub fn totals(store: &Store) -> Result<Totals, StoreError> {
    Ok(store.get(&TOTALS, &Key::of(&TOTALS, INSTANCE))?.unwrap_or_default())
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

/// Waiting jobs of a lane in the order they fall due, for the operator's page.
pub fn list_due(store: &Store, lane: Lane, limit: usize) -> Result<Vec<Job>, StoreError> {
    store.read(|txn| {
        let prefix = Key::of(&DUE, INSTANCE).u8(lane as u8);
        let keys = txn.keys(&DUE, &prefix, Dir::Forward, limit)?;
        let ids = keys.iter().filter_map(Key::last_id).map(JobId);
        ids.filter_map(|id| find(txn, id).transpose()).collect()
    })
}

/// Removes finished jobs older than `before`; returns how many, at most `limit`.
pub fn sweep_finished(store: &Store, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    store.write_reserved(|txn| {
        let mut range = Key::of(&FINISHED, INSTANCE).as_prefix();
        range.end = Key::of(&FINISHED, INSTANCE).time(before).0;
        let keys = txn.keys_range(&FINISHED, &range, Dir::Forward, limit)?;
        for key in &keys {
            if let Some(id) = key.last_id().map(JobId) {
                txn.remove(&JOBS, &job_key(id))?;
                txn.remove(&LOOK, &look_key(id))?;
            }
            txn.remove(&FINISHED, key)?;
        }
        Ok(keys.len())
    })
}

// ---- moves used by the scheduler ----

/// When the next job of the lane may run, over all serials.
pub(super) fn next_due(txn: &mut Txn<'_>, lane: Lane) -> Result<Option<UnixMillis>, StoreError> {
    let head = first_time(txn, &HEADS, &Key::of(&HEADS, INSTANCE).u8(lane as u8))?;
    let free = first_time(txn, &DUE, &due_prefix(lane, None))?;
    Ok([head, free].into_iter().flatten().min())
}

fn first_time(txn: &mut Txn<'_>, table: &Table<()>, prefix: &Key) -> Result<Option<UnixMillis>, StoreError> {
    let first = txn.keys(table, prefix, Dir::Forward, 1)?;
    Ok(first.first().and_then(|key| read_time(&key.0[prefix.0.len()..])))
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

/// When the first due jobs without a serial fell due.
pub(super) fn due_free(
    txn: &mut Txn<'_>,
    lane: Lane,
    now: UnixMillis,
    limit: usize,
) -> Result<Vec<UnixMillis>, StoreError> {
    let prefix = due_prefix(lane, None);
    let keys = txn.keys_range(&DUE, &until(&prefix, now), Dir::Forward, limit)?;
    Ok(keys.iter().filter_map(|key| time_behind(&prefix, key)).collect())
}

/// Rows below `prefix` whose time is `now` or earlier.
fn until(prefix: &Key, now: UnixMillis) -> KeyRange {
    KeyRange { end: prefix.clone().time(UnixMillis(now.0.saturating_add(1))).0, ..prefix.as_prefix() }
}

fn time_behind(prefix: &Key, key: &Key) -> Option<UnixMillis> {
    key.0.get(prefix.0.len()..).and_then(read_time)
}

/// Leases jobs without a serial that are due, and re-leases nothing that is held.
pub(super) fn lease_free(txn: &mut Txn<'_>, lane: Lane, now: UnixMillis, limit: usize) -> Result<Vec<Job>, StoreError> {
    let keys = txn.keys_range(&DUE, &until(&due_prefix(lane, None), now), Dir::Forward, limit)?;
    let mut jobs = Vec::with_capacity(keys.len());
    for key in keys {
        txn.remove(&DUE, &key)?;
        let Some(id) = key.last_id().map(JobId) else { continue };
        // What is due is in nobody's hand.
        let Some(job) = txn.get(&JOBS, &job_key(id))? else { continue };
        jobs.push(hold(txn, job)?);
    }
    Ok(jobs)
}

/// The first due job of a serial, taken out of the due rows but not yet held.
pub(super) fn take_next(
    txn: &mut Txn<'_>,
    lane: Lane,
    serial: Serial,
    now: UnixMillis,
) -> Result<Option<Job>, StoreError> {
    let state = txn.get(&SERIALS, &serial_key(lane, serial))?.unwrap_or_default();
    if state.not_before > now {
        return Ok(None);
    }
    let range = until(&due_prefix(lane, Some(serial)), now);
    let Some(key) = txn.keys_range(&DUE, &range, Dir::Forward, 1)?.into_iter().next() else { return Ok(None) };
    txn.remove(&DUE, &key)?;
    match key.last_id() {
        Some(id) => txn.get(&JOBS, &job_key(JobId(id))),
        None => Ok(None),
    }
}

/// Writes that this process has the job in hand: one row, so that a thousand are claimed quickly.
pub(super) fn hold(txn: &mut Txn<'_>, mut job: Job) -> Result<Job, StoreError> {
    if job.state == State::Ready {
        job.state = State::Leased;
    }
    txn.mark(&HELD, &held_key(job.id))?;
    Ok(job)
}

/// Writes the intent: from here on a crash leaves the job in doubt instead of ready.
pub(super) fn intend(txn: &mut Txn<'_>, mut job: Job, now: UnixMillis) -> Result<Job, StoreError> {
    job.state = State::Intent;
    job.intent_at = Some(now);
    job.fence += 1;
    txn.mark(&HELD, &held_key(job.id))?;
    txn.put(&JOBS, &job_key(job.id), &job)?;
    Ok(job)
}

/// Puts a job back for later without counting it as a failure.
pub(super) fn postpone(txn: &mut Txn<'_>, mut job: Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    job.reason = Some(reason.to_owned());
    put_back(txn, job, at)
}

/// Gives a job back that was taken but not begun (the server stops).
pub(super) fn release(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    let due = job.due;
    if job.state == State::Leased {
        return put_back(txn, job, due);
    }
    // One in doubt stays in doubt.
    job.fence += 1;
    txn.remove(&HELD, &held_key(job.id))?;
    make_due(txn, &job)?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

/// Moves a waiting job out of the way of those behind it: it cannot even be begun (its records cannot be read).
/// After as many tries as it has it is given up, or needs a look when it may have happened.
pub(super) fn set_aside(txn: &mut Txn<'_>, id: JobId, now: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let Some(mut job) = find(txn, id)?.filter(|job| matches!(job.state, State::Ready | State::Uncertain)) else {
        return Ok(());
    };
    unmake_due(txn, &job)?;
    let held = hold(txn, job.clone())?;
    if job.state == State::Ready {
        return retry(txn, &held, now, None, reason).map(|_| ());
    }
    job.attempt += 1;
    if job.attempt >= job.max_attempts {
        return ask_human(txn, &held, reason);
    }
    txn.put(&JOBS, &job_key(id), &Job { attempt: job.attempt, ..held.clone() })?;
    doubt(txn, &held, now.plus(backoff(id, job.attempt)), reason)
}

/// After a failure: back for another try, or given up. Returns the job as it stands.
pub(super) fn retry(
    txn: &mut Txn<'_>,
    job: &Job,
    now: UnixMillis,
    after: Option<std::time::Duration>,
    reason: &str,
) -> Result<State, StoreError> {
    let mut job = still_held(txn, job)?;
    job.attempt += 1;
    job.reason = Some(reason.to_owned());
    if job.attempt >= job.max_attempts {
        txn.mark(&LOOK, &look_key(job.id))?;
        close(txn, job, State::Dead)?;
        return Ok(State::Dead);
    }
    let wait = after.unwrap_or_else(|| backoff(job.id, job.attempt));
    put_back(txn, job, now.plus(wait))?;
    Ok(State::Ready)
}

/// A repeating job goes to its next time.
pub(super) fn again(txn: &mut Txn<'_>, job: &Job, at: UnixMillis) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    (job.attempt, job.reason) = (0, None);
    put_back(txn, job, at)
}

/// The effect may have happened: looked at from `at` on.
pub(super) fn doubt(txn: &mut Txn<'_>, job: &Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    job.state = State::Uncertain;
    job.fence += 1;
    job.reason = Some(reason.to_owned());
    job.due = at;
    txn.remove(&HELD, &held_key(job.id))?;
    make_due(txn, &job)?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

/// Another look at the provider later.
pub(super) fn look_later(txn: &mut Txn<'_>, job: &Job, at: UnixMillis, reason: &str) -> Result<(), StoreError> {
    let held = still_held(txn, job)?;
    let held = Job { looks: held.looks + 1, ..held };
    txn.put(&JOBS, &job_key(job.id), &held)?;
    doubt(txn, &held, at, reason)
}

pub(super) fn ask_human(txn: &mut Txn<'_>, job: &Job, reason: &str) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    job.state = State::NeedsHuman;
    job.reason = Some(reason.to_owned());
    txn.remove(&HELD, &held_key(job.id))?;
    txn.mark(&LOOK, &look_key(job.id))?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

/// Proved absent: ready at once, and when that happens again, after a growing pause.
pub(super) fn ready_again(txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<(), StoreError> {
    let mut job = still_held(txn, job)?;
    (job.intent_at, job.looks) = (None, 0);
    job.attempt += 1;
    let wait = if job.attempt == 1 { std::time::Duration::ZERO } else { backoff(job.id, job.attempt) };
    put_back(txn, job, now.plus(wait))
}

/// Nothing of this serial before `at`.
pub(super) fn set_pace(txn: &mut Txn<'_>, lane: Lane, serial: Serial, at: UnixMillis) -> Result<(), StoreError> {
    refresh_head(txn, lane, serial, Some(at))
}

/// Moves a serial's row in `HEADS` to where its first due job and its pace say.
pub(super) fn rest(txn: &mut Txn<'_>, lane: Lane, serial: Serial) -> Result<(), StoreError> {
    refresh_head(txn, lane, serial, None)
}

/// After a start: nothing that an earlier process held is still in work. What was about to leave is in doubt
/// (or simply repeated where the provider recognises our key). Returns how many jobs were found.
pub(super) fn recover(txn: &mut Txn<'_>, now: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    let keys = txn.keys(&HELD, &Key::of(&HELD, INSTANCE), Dir::Forward, limit)?;
    for key in &keys {
        txn.remove(&HELD, key)?;
        let Some(mut job) = key.last_id().map(JobId).map(|id| find(txn, id)).transpose()?.flatten() else { continue };
        let in_doubt = matches!(job.state, State::Intent | State::Uncertain) && job.class == Class::Once;
        job.state = if in_doubt { State::Uncertain } else { State::Ready };
        job.reason = Some("the server was stopped while this was in work".into());
        job.fence += 1;
        // Work that takes the whole process down must not do so at each start, over and over. It is never given
        // up for this alone: the stop may have had nothing to do with it.
        job.attempt = (job.attempt + 1).min(job.max_attempts.saturating_sub(1));
        let wait = if in_doubt || job.attempt < 2 { std::time::Duration::ZERO } else { backoff(job.id, job.attempt) };
        job.due = now.plus(wait);
        make_due(txn, &job)?;
        txn.put(&JOBS, &job_key(job.id), &job)?;
    }
    Ok(keys.len())
}

// ---- rows ----

fn put_back(txn: &mut Txn<'_>, mut job: Job, at: UnixMillis) -> Result<(), StoreError> {
    job.state = State::Ready;
    job.fence += 1;
    job.due = at;
    txn.remove(&HELD, &held_key(job.id))?;
    make_due(txn, &job)?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

fn close(txn: &mut Txn<'_>, mut job: Job, state: State) -> Result<(), StoreError> {
    job.state = state;
    txn.remove(&HELD, &held_key(job.id))?;
    if let Some(hash) = job.once {
        let place = once_key(job.workspace, &hash);
        // A job that was given up has lost its key, perhaps to another.
        if txn.get(&ONCE, &place)? == Some(job.id) {
            txn.remove(&ONCE, &place)?;
        }
    }
    match state {
        State::Dead => count(txn, |totals| totals.dead += 1)?,
        _ => count(txn, |totals| totals.done += 1)?,
    }
    txn.mark(&FINISHED, &finished_key(&job))?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

/// The job as stored, if the caller's lease is still the valid one.
fn still_held(txn: &mut Txn<'_>, job: &Job) -> Result<Job, StoreError> {
    match find(txn, job.id)? {
        Some(stored)
            if stored.fence == job.fence && stored.state.is_open() && txn.exists(&HELD, &held_key(job.id))? =>
        {
            Ok(stored)
        }
        _ => Err(StoreError::Engine(format!("job {} is no longer in this hand", job.id))),
    }
}

fn make_due(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    txn.mark(&DUE, &due_key(job))?;
    match job.serial {
        Some(serial) => rest(txn, job.lane, serial),
        None => Ok(()),
    }
}

fn unmake_due(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    txn.remove(&DUE, &due_key(job))?;
    match job.serial {
        Some(serial) => rest(txn, job.lane, serial),
        None => Ok(()),
    }
}

/// `pace` replaces the one that stands.
fn refresh_head(txn: &mut Txn<'_>, lane: Lane, serial: Serial, pace: Option<UnixMillis>) -> Result<(), StoreError> {
    let head_key = |at| Key::of(&HEADS, INSTANCE).u8(lane as u8).time(at).id(serial);
    let place = serial_key(lane, serial);
    let stored = txn.get(&SERIALS, &place)?.unwrap_or_default();
    let not_before = pace.unwrap_or(stored.not_before);
    let first = first_time(txn, &DUE, &due_prefix(lane, Some(serial)))?;
    let state = SerialState { head: first.map(|due| due.max(not_before)), not_before };
    if state == stored {
        return Ok(());
    }
    if state.head != stored.head {
        if let Some(old) = stored.head {
            txn.remove(&HEADS, &head_key(old))?;
        }
        if let Some(new) = state.head {
            txn.mark(&HEADS, &head_key(new))?;
        }
    }
    txn.put(&SERIALS, &place, &state)
}

fn serial_key(lane: Lane, serial: Serial) -> Key {
    Key::of(&SERIALS, INSTANCE).u8(lane as u8).id(serial)
}

/// Finished jobs stand at the time they were last due.
fn finished_key(job: &Job) -> Key {
    Key::of(&FINISHED, INSTANCE).time(job.due.max(job.created_at)).id(job.id.0)
}

fn look_key(id: JobId) -> Key {
    Key::of(&LOOK, INSTANCE).id(id.0)
}

fn count(txn: &mut Txn<'_>, change: impl Fn(&mut Totals)) -> Result<(), StoreError> {
    let key = Key::of(&TOTALS, INSTANCE);
    let mut totals = txn.get(&TOTALS, &key)?.unwrap_or_default();
    change(&mut totals);
    txn.put(&TOTALS, &key, &totals)
}
