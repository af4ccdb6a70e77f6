//! The queue's rows and what keeps them true of each other. A job that waits stands in `DUE`; what a serial has in
//! hand stands in the serial's own row; what is handed out without a serial stays in `DUE` until its outcome, because
//! the process that handed it out knows so (see `leases`).

use serde::{Deserialize, Serialize};

use super::model::{Job, Lane, Serial, State};
use crate::base::{JobId, UnixMillis, WorkspaceId, INSTANCE};
use crate::store::{read_time, Declared, Dir, Holds, Key, KeyRange, Retention, Store, StoreError, Table, Tree, Txn};

pub(super) const JOBS: Table<Job> = Table::sealed(
    0x0201,
    "jobs",
    Tree::Jobs,
    Holds::Nothing,
    Retention::Days(90),
    "Work that is due now or later, by ids only, so that nothing is lost or done twice; work given up is kept a while.",
);
pub(super) const DUE: Table<()> =
    Table::index_in(0x0202, "jobs_due", Tree::JobsDue, "Jobs by lane, serial and the time they are due.");
pub(super) const HEADS: Table<()> =
    Table::index_in(0x0203, "jobs_heads", Tree::JobsDue, "The next due time of each serial that has jobs.");
pub(super) const SERIALS: Table<SerialState> = Table::sealed(
    0x0204,
    "jobs_serials",
    Tree::JobsDue,
    Holds::Nothing,
    Retention::Served,
    "Since when a mailbox or calendar may be used again, and which job of it is in work.",
);
pub(super) const LENT: Table<Vec<Lent>> = Table::sealed(
    0x020a,
    "jobs_lent",
    Tree::JobLeases,
    Holds::Nothing,
    Retention::Served,
    "Jobs handed out together; after a crash these are looked at first.",
);
/// Of earlier versions: a row for each job in work, which then stood in no other place. Read after a start only.
pub(super) const HELD: Table<()> =
    Table::index_in(0x0205, "jobs_held", Tree::JobLeases, "Jobs that an earlier version had in work when it ended.");
pub(super) const ONCE: Table<JobId> = Table::sealed(
    0x0206,
    "jobs_once",
    Tree::JobsDue,
    Holds::Nothing,
    Retention::Served,
    "Which open job stands for a thing that must be planned only once.",
);
pub(super) const LOOK: Table<()> =
    Table::index_in(0x0207, "jobs_look", Tree::JobsDue, "Jobs that a person should look at.");
pub(super) const TOTALS: Table<Totals> = Table::sealed(
    0x0208,
    "jobs_totals",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "How many jobs were planned, done and given up: the sum must be right.",
);
pub(super) const GIVEN_UP: Table<()> =
    Table::index_in(0x0209, "jobs_given_up", Tree::Outcomes, "Jobs that were given up, by time, for housekeeping.");

pub const TABLES: &[Declared] = &[
    Declared::plain(&JOBS),
    Declared::plain(&DUE),
    Declared::plain(&HEADS),
    Declared::plain(&SERIALS),
    Declared::plain(&LENT),
    Declared::plain(&HELD),
    Declared::plain(&ONCE),
    Declared::plain(&LOOK),
    Declared::plain(&TOTALS),
    Declared::plain(&GIVEN_UP),
];

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
pub(super) struct SerialState {
    /// Where its row in `HEADS` stands, if it has one.
    head: Option<UnixMillis>,
    /// The pace: nothing of this serial before then.
    pub not_before: UnixMillis,
    /// The job that a thread works at.
    #[serde(default)]
    pub hand: Option<Hand>,
}

/// A job in a serial's hand. Its own row is not written for that: it stays as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Hand {
    pub job: JobId,
    /// Since when it may be leaving; none while it is only held.
    pub intent_at: Option<UnixMillis>,
}

/// A job as it was when it was handed out: with another fence it has been given back since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lent {
    pub job: JobId,
    pub fence: u64,
}

pub(super) fn job_key(id: JobId) -> Key {
    Key::of(&JOBS, INSTANCE).id(id.0)
}

pub(super) fn due_prefix(lane: Lane, serial: Option<Serial>) -> Key {
    Key::of(&DUE, INSTANCE).u8(lane as u8).id(serial.unwrap_or_default())
}

fn due_key(job: &Job) -> Key {
    due_prefix(job.lane, job.serial).time(job.due).id(job.id.0)
}

pub(super) fn serials_prefix(lane: Lane) -> Key {
    Key::of(&SERIALS, INSTANCE).u8(lane as u8)
}

fn serial_key(lane: Lane, serial: Serial) -> Key {
    serials_prefix(lane).id(serial)
}

pub(super) fn once_key(workspace: WorkspaceId, hash: &[u8; 16]) -> Key {
    Key::of(&ONCE, INSTANCE).id(workspace.0).bytes(hash)
}

pub(super) fn look_key(id: JobId) -> Key {
    Key::of(&LOOK, INSTANCE).id(id.0)
}

/// Jobs that were given up stand at the time they were last due.
pub(super) fn given_up_key(job: &Job) -> Key {
    Key::of(&GIVEN_UP, INSTANCE).time(job.due.max(job.created_at)).id(job.id.0)
}

/// Rows below `prefix` whose time is `now` or earlier.
pub(super) fn until(prefix: &Key, now: UnixMillis) -> KeyRange {
    KeyRange { end: prefix.clone().time(UnixMillis(now.0.saturating_add(1))).0, ..prefix.as_prefix() }
}

pub(super) fn time_behind(prefix: &Key, key: &Key) -> Option<UnixMillis> {
    key.0.get(prefix.0.len()..).and_then(read_time)
}

pub(super) fn serial_state(txn: &mut Txn<'_>, lane: Lane, serial: Serial) -> Result<SerialState, StoreError> {
    Ok(txn.get(&SERIALS, &serial_key(lane, serial))?.unwrap_or_default())
}

/// The job with what its serial's row says of it.
pub fn find(txn: &mut Txn<'_>, id: JobId) -> Result<Option<Job>, StoreError> {
    let Some(job) = txn.get(&JOBS, &job_key(id))? else { return Ok(None) };
    Ok(Some(match hand_of(txn, &job)? {
        Some(Hand { intent_at: Some(at), .. }) => Job { state: State::Intent, intent_at: Some(at), ..job },
        Some(_) if job.state == State::Ready => Job { state: State::Leased, ..job },
        _ => job,
    }))
}

/// The row behind a place in `DUE`. A place whose row is gone or cannot be read is cleared, so that nothing stands
/// still behind it; a row that cannot be read stays where it is, and `verify` names it.
pub(super) fn job_at(txn: &mut Txn<'_>, place: &Key) -> Result<Option<Job>, StoreError> {
    let stored = match place.last_id() {
        Some(id) => txn.get(&JOBS, &job_key(JobId(id))),
        None => Ok(None),
    };
    match stored {
        Ok(Some(job)) => return Ok(Some(job)),
        Ok(None) => {}
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(%error, "a planned job cannot be read and is left out")
        }
        Err(error) => return Err(error),
    }
    txn.remove(&DUE, place)?;
    Ok(None)
}

fn hand_of(txn: &mut Txn<'_>, job: &Job) -> Result<Option<Hand>, StoreError> {
    let Some(serial) = job.serial else { return Ok(None) };
    Ok(serial_state(txn, job.lane, serial)?.hand.filter(|hand| hand.job == job.id))
}

/// The job as stored, if it is still in the hand that took it as `job`.
pub(super) fn find_held(txn: &mut Txn<'_>, job: &Job) -> Result<Option<Job>, StoreError> {
    let Some(stored) = find(txn, job.id)?.filter(|stored| stored.fence == job.fence) else { return Ok(None) };
    let is_held = match stored.serial {
        Some(_) => hand_of(txn, &stored)?.is_some(),
        None => matches!(stored.state, State::Ready | State::Intent | State::Uncertain),
    };
    Ok(is_held.then_some(stored))
}

/// As `find_held`; a job that is no longer in this hand is refused.
pub(super) fn still_held(txn: &mut Txn<'_>, job: &Job) -> Result<Job, StoreError> {
    find_held(txn, job)?.ok_or_else(|| StoreError::Engine(format!("job {} is no longer in this hand", job.id)))
}

/// Writes which job a serial's thread works at.
pub(super) fn take_in_hand(txn: &mut Txn<'_>, job: &Job, intent_at: Option<UnixMillis>) -> Result<(), StoreError> {
    let Some(serial) = job.serial else { return Ok(()) };
    let state = serial_state(txn, job.lane, serial)?;
    let hand = Some(Hand { job: job.id, intent_at });
    txn.put(&SERIALS, &serial_key(job.lane, serial), &SerialState { hand, ..state })
}

/// Takes the job out of the hand that has it, or from its place among those that wait.
pub(super) fn lift(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    let Some(serial) = job.serial else { return txn.remove(&DUE, &due_key(job)) };
    let state = serial_state(txn, job.lane, serial)?;
    if state.hand.is_some_and(|hand| hand.job == job.id) {
        return txn.put(&SERIALS, &serial_key(job.lane, serial), &SerialState { hand: None, ..state });
    }
    txn.remove(&DUE, &due_key(job))?;
    rest(txn, job.lane, serial)
}

/// Writes a job that waits, and its place.
pub(super) fn make_due(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    txn.put(&JOBS, &job_key(job.id), job)?;
    place(txn, job)
}

/// As `make_due` for a job that was never stored.
pub(super) fn make_due_anew(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    txn.put_fresh(&JOBS, &job_key(job.id), job)?;
    place(txn, job)
}

fn place(txn: &mut Txn<'_>, job: &Job) -> Result<(), StoreError> {
    txn.mark(&DUE, &due_key(job))?;
    match job.serial {
        Some(serial) => rest(txn, job.lane, serial),
        None => Ok(()),
    }
}

/// The job is over. One that was done leaves no row: what came of it stands with whoever planned it.
pub(super) fn close(txn: &mut Txn<'_>, mut job: Job, state: State) -> Result<(), StoreError> {
    lift(txn, &job)?;
    job.state = state;
    if let Some(hash) = job.once {
        let place = once_key(job.workspace, &hash);
        // A job that was given up has lost its key, perhaps to another.
        if txn.get(&ONCE, &place)? == Some(job.id) {
            txn.remove(&ONCE, &place)?;
        }
    }
    if state == State::Done {
        count(txn, |totals| totals.done += 1)?;
        return txn.remove(&JOBS, &job_key(job.id));
    }
    count(txn, |totals| totals.dead += 1)?;
    txn.mark(&GIVEN_UP, &given_up_key(&job))?;
    txn.put(&JOBS, &job_key(job.id), &job)
}

/// Moves a serial's row in `HEADS` to where its first due job and its pace say.
pub(super) fn rest(txn: &mut Txn<'_>, lane: Lane, serial: Serial) -> Result<(), StoreError> {
    refresh_head(txn, lane, serial, None)
}

/// Nothing of this serial before `at`.
pub(super) fn set_pace(txn: &mut Txn<'_>, lane: Lane, serial: Serial, at: UnixMillis) -> Result<(), StoreError> {
    refresh_head(txn, lane, serial, Some(at))
}

/// `pace` replaces the one that stands.
fn refresh_head(txn: &mut Txn<'_>, lane: Lane, serial: Serial, pace: Option<UnixMillis>) -> Result<(), StoreError> {
    let head_key = |at| Key::of(&HEADS, INSTANCE).u8(lane as u8).time(at).id(serial);
    let stored = serial_state(txn, lane, serial)?;
    let not_before = pace.unwrap_or(stored.not_before);
    let first = first_time(txn, &DUE, &due_prefix(lane, Some(serial)))?;
    let state = SerialState { head: first.map(|due| due.max(not_before)), not_before, ..stored };
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
    txn.put(&SERIALS, &serial_key(lane, serial), &state)
}

pub(super) fn first_time(txn: &mut Txn<'_>, table: &Table<()>, prefix: &Key) -> Result<Option<UnixMillis>, StoreError> {
    let first = txn.keys(table, prefix, Dir::Forward, 1)?;
    Ok(first.first().and_then(|key| time_behind(prefix, key)))
}

pub(super) fn count(txn: &mut Txn<'_>, change: impl Fn(&mut Totals)) -> Result<(), StoreError> {
    let key = Key::of(&TOTALS, INSTANCE);
    let mut totals = txn.get(&TOTALS, &key)?.unwrap_or_default();
    change(&mut totals);
    txn.put(&TOTALS, &key, &totals)
}

pub fn totals(store: &Store) -> Result<Totals, StoreError> {
    Ok(store.get(&TOTALS, &Key::of(&TOTALS, INSTANCE))?.unwrap_or_default())
}
