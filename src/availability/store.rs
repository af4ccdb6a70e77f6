//! The working hours of a workspace.

use super::model::Schedule;
use super::people;
use crate::base::WorkspaceId;
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};
use crate::workspaces;

const SCHEDULES: Table<Schedule> = Table::sealed(
    0x0d02,
    "schedules",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "When the workspace takes meetings.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&SCHEDULES)];

/// The workspace's hours; until somebody sets them, office hours on the workspace's own clock.
pub fn schedule_of(store: &Store, workspace: WorkspaceId) -> Result<Schedule, StoreError> {
    store.read(|txn| find_schedule(txn, workspace))
}

/// The same inside a transaction.
pub fn find_schedule(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Schedule, StoreError> {
    if let Some(schedule) = txn.get(&SCHEDULES, &Key::of(&SCHEDULES, workspace))? {
        return Ok(schedule);
    }
    let zone = workspaces::find(txn, workspace)?.map_or_else(|| "UTC".to_owned(), |found| found.time_zone);
    Ok(Schedule::office(&zone))
}

pub fn put_schedule(txn: &mut Txn<'_>, workspace: WorkspaceId, schedule: &Schedule) -> Result<(), StoreError> {
    people::follow(txn, workspace, schedule)?;
    write_schedule(txn, workspace, schedule)
}

pub(super) fn write_schedule(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    schedule: &Schedule,
) -> Result<(), StoreError> {
    txn.put(&SCHEDULES, &Key::of(&SCHEDULES, workspace), schedule)
}
