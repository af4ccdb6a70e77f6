//! Rows of the figures: one for each week and split, and one for each booking that says where it was counted.

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::counted::{days_of, Counted, Ended, Split};
use super::lead::{self, Scale};
use super::recount;
use crate::availability;
use crate::base::{BookingId, WorkspaceId};
use crate::bookings::model::{Booking, State};
use crate::bookings::store as bookings;
use crate::store::{Declared, Dir, Holds, Key, KeyRange, Retention, Store, StoreError, Table, Tree, Txn};

pub(super) const WEEKS: Table<Row> = Table::sealed(
    0x0e30,
    "bookings_by_week",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "How many meetings were booked, moved, cancelled and missed, week by week.",
);
pub(super) const COUNTED: Table<Counted> = Table::sealed(
    0x0e31,
    "bookings_counted",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "How a booking stands in the figures, until it is erased.",
);
const COMPLETE: Table<()> =
    Table::index(0x0e32, "bookings_all_counted", "Marks that the bookings from before the figures are in them.");

pub const TABLES: &[Declared] = &[Declared::plain(&WEEKS), Declared::plain(&COUNTED), Declared::plain(&COMPLETE)];

/// Rows read, and old bookings counted, in one transaction.
const ROWS_AT_ONCE: usize = 1_000;
const OLD_AT_ONCE: usize = 10;

/// What happened to the bookings of a week that have the split in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub split: Split,
    pub sums: Sums,
    /// Another one after each change.
    #[serde(default)]
    pub stamp: u64,
}

impl Row {
    pub fn renewed(self) -> Self {
        Self { stamp: rand::random(), ..self }
    }
}

/// All were booked; some of them were moved, and each ended in at most one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    pub booked: u64,
    pub moved: u64,
    pub cancelled: u64,
    pub no_show: u64,
    pub completed: u64,
    pub leads: Scale,
}

impl Sums {
    pub(super) fn change(&mut self, counted: &Counted, by: i64) {
        let change = |sum: &mut u64, is_so: bool| {
            if is_so {
                *sum = sum.saturating_add_signed(by);
            }
        };
        change(&mut self.booked, true);
        change(&mut self.moved, counted.moved);
        change(&mut self.cancelled, counted.ended == Ended::Cancelled);
        change(&mut self.no_show, counted.ended == Ended::NoShow);
        change(&mut self.completed, counted.ended == Ended::Completed);
        lead::change(&mut self.leads, counted.lead, by);
    }

    pub fn add(&mut self, other: &Self) {
        self.booked += other.booked;
        self.moved += other.moved;
        self.cancelled += other.cancelled;
        self.no_show += other.no_show;
        self.completed += other.completed;
        for (step, count) in &other.leads {
            lead::change(&mut self.leads, *step, i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }
}

/// Weeks before 1970 do not occur; the number sorts as it stands.
fn week_key(workspace: WorkspaceId, week: i32) -> Key {
    Key::of(&WEEKS, workspace).u32(week.max(0).unsigned_abs())
}

fn counted_key(workspace: WorkspaceId, id: BookingId) -> Key {
    Key::of(&COUNTED, workspace).id(id.0)
}

pub fn find_counted(txn: &mut Txn<'_>, workspace: WorkspaceId, id: BookingId) -> Result<Option<Counted>, StoreError> {
    txn.get(&COUNTED, &counted_key(workspace, id))
}

/// Brings the figures to how the booking stands, in the transaction that writes it.
pub fn count(txn: &mut Txn<'_>, booking: &Booking) -> Result<(), StoreError> {
    // Most changes on the way to a confirmation concern no figure.
    if booking.state.is_proposed() || (booking.state == State::Held && booking.written == 0) {
        return Ok(());
    }
    count_as(txn, booking, false)
}

fn count_as(txn: &mut Txn<'_>, booking: &Booking, is_old: bool) -> Result<(), StoreError> {
    let workspace = booking.workspace;
    let was = find_counted(txn, workspace, booking.id)?;
    let zone = availability::find_schedule(txn, workspace)?.time_zone();
    let now = Counted::of(booking, was.as_ref(), is_old, &zone);
    if was == now {
        return Ok(());
    }
    if let Some(was) = &was {
        change(txn, workspace, was, -1)?;
    }
    match &now {
        Some(now) => {
            change(txn, workspace, now, 1)?;
            txn.put(&COUNTED, &counted_key(workspace, booking.id), now)
        }
        None => txn.remove(&COUNTED, &counted_key(workspace, booking.id)),
    }
}

pub(super) fn row_key(workspace: WorkspaceId, counted: &Counted) -> Key {
    week_key(workspace, counted.week).bytes(&counted.split.tag())
}

fn change(txn: &mut Txn<'_>, workspace: WorkspaceId, counted: &Counted, by: i64) -> Result<(), StoreError> {
    let key = row_key(workspace, counted);
    let mut row =
        txn.get(&WEEKS, &key)?.unwrap_or(Row { split: counted.split.clone(), sums: Sums::default(), stamp: 0 });
    row.sums.change(counted, by);
    match row.sums.booked {
        0 => txn.remove(&WEEKS, &key),
        _ => txn.put(&WEEKS, &key, &row.renewed()),
    }
}

/// The booking is erased, and with it what it added: a number is as long as the list behind it.
pub fn forget(txn: &mut Txn<'_>, workspace: WorkspaceId, id: BookingId) -> Result<(), StoreError> {
    if let Some(was) = find_counted(txn, workspace, id)? {
        change(txn, workspace, &was, -1)?;
    }
    txn.remove(&COUNTED, &counted_key(workspace, id))
}

/// Calls `take` with each row of the range.
fn each_in<T: DeserializeOwned>(
    txn: &mut Txn<'_>,
    table: &Table<T>,
    mut range: KeyRange,
    mut take: impl FnMut(Key, T),
) -> Result<(), StoreError> {
    loop {
        let rows = txn.list_range(table, &range, Dir::Forward, ROWS_AT_ONCE)?;
        let is_all = rows.len() < ROWS_AT_ONCE;
        if let Some((key, _)) = rows.last() {
            range.start = crate::store::successor(key.as_bytes());
        }
        rows.into_iter().for_each(|(key, row)| take(key, row));
        if is_all {
            return Ok(());
        }
    }
}

/// What bookings are told apart by grows, and what stays in the sums became less: with each new way, all are counted anew
/// once.
const WAYS: u32 = 3;

/// Counts the bookings that were made before there were figures, or fewer ways to tell them apart; once for each
/// workspace, again is harmless.
pub fn complete(store: &Store, workspace: WorkspaceId) -> Result<(), StoreError> {
    let mark = Key::of(&COMPLETE, workspace).u32(WAYS);
    if store.read(|txn| txn.exists(&COMPLETE, &mark))? {
        return Ok(());
    }
    let mut before = None;
    loop {
        let page = bookings::list_newest(store, workspace, before.as_ref(), OLD_AT_ONCE)?;
        store.write(|txn| {
            page.rows.iter().try_for_each(|row| match bookings::find(txn, workspace, row.id)? {
                Some(booking) => count_as(txn, &booking, true),
                None => Ok(()),
            })
        })?;
        before = page.next;
        if before.is_none() {
            return match recount::drop_erased(store, workspace, || {})? {
                true => store.write(|txn| txn.mark(&COMPLETE, &mark)),
                // Bookings changed all the while: the next question looks again.
                false => Ok(()),
            };
        }
    }
}

/// As the version left it that kept what erased bookings had added.
#[cfg(test)]
pub fn forget_as_before(txn: &mut Txn<'_>, workspace: WorkspaceId, id: BookingId) -> Result<(), StoreError> {
    txn.remove(&COUNTED, &counted_key(workspace, id))?;
    txn.remove(&COMPLETE, &Key::of(&COMPLETE, workspace).u32(WAYS))
}

/// As the version left it that did not tell hosts and event types apart.
#[cfg(test)]
pub fn count_as_before(txn: &mut Txn<'_>, workspace: WorkspaceId, id: BookingId) -> Result<(), StoreError> {
    let Some(now) = find_counted(txn, workspace, id)? else { return Ok(()) };
    let split = Split { hosts: Vec::new(), event_type: None, ..now.split.clone() };
    let before = Counted { split, ..now.clone() };
    change(txn, workspace, &now, -1)?;
    change(txn, workspace, &before, 1)?;
    txn.put(&COUNTED, &counted_key(workspace, id), &before)?;
    txn.remove(&COMPLETE, &Key::of(&COMPLETE, workspace).u32(WAYS))
}

/// The rows of the weeks from the Monday `first` to the Monday `last`, each with its week.
pub fn rows_between(
    store: &Store,
    workspace: WorkspaceId,
    first: Date,
    last: Date,
) -> Result<Vec<(i32, Row)>, StoreError> {
    let end = week_key(workspace, days_of(last).saturating_add(1)).as_bytes().to_vec();
    let range = KeyRange { start: week_key(workspace, days_of(first)).as_bytes().to_vec(), end };
    let mut found = Vec::new();
    store.read(|txn| {
        found.clear();
        each_in(txn, &WEEKS, range.clone(), |key, row| found.extend(week_in(&key).map(|week| (week, row))))
    })?;
    Ok(found)
}

fn week_in(key: &Key) -> Option<i32> {
    let bytes: [u8; 4] = key.rest().get(..4)?.try_into().ok()?;
    i32::try_from(u32::from_be_bytes(bytes)).ok()
}
