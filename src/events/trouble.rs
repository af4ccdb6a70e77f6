//! A part of the program that fails at an event: noted at the first failure, before the operator after some more.
//!
//! It is tried again all the while, and the others read on. Where trying helps nothing, the operator skips the one event
//! for the one part; what it would have done is then not done, which the audit trail says.

use serde::{Deserialize, Serialize};

use super::deliver::DELIVER;
use super::log::CURSORS;
use crate::base::{UnixMillis, WorkspaceId};
use crate::jobs::{self, Lane, NewJob};
use crate::store::{Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// One row for each part that stands still in a workspace; its key ends with the part's name.
pub(super) const STUCK: Table<Stuck> = Table::sealed(
    0x0305,
    "event_troubles",
    Tree::Events,
    Holds::Nothing,
    Retention::Served,
    "Which part of the program fails at which event, so that the operator sees it and decides.",
);

/// Failures after which the operator is asked.
pub const SHOWN_AFTER: u32 = 5;
/// Parts of the program that ever read the log.
const MOST: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    pub workspace: WorkspaceId,
    /// The part's name: its cursor's.
    pub subscriber: String,
    /// The event it fails at.
    pub number: u64,
    pub tries: u32,
    pub since: UnixMillis,
    /// Never content: events hold ids, and so do errors.
    pub error: String,
}

fn key(workspace: WorkspaceId, subscriber: &str) -> Key {
    Key::of(&STUCK, workspace).text(subscriber)
}

/// One more failure of this part at this event.
pub(super) fn note(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    subscriber: &str,
    number: u64,
    now: UnixMillis,
    error: &str,
) -> Result<(), StoreError> {
    let place = key(workspace, subscriber);
    let before = txn.get(&STUCK, &place)?.filter(|stuck| stuck.number == number);
    let (tries, since) = before.map_or((0, now), |stuck| (stuck.tries, stuck.since));
    let (subscriber, error) = (subscriber.to_owned(), error.to_owned());
    txn.put(&STUCK, &place, &Stuck { workspace, subscriber, number, tries: tries + 1, since, error })
}

/// It goes on.
pub(super) fn clear(txn: &mut Txn<'_>, workspace: WorkspaceId, subscriber: &str) -> Result<(), StoreError> {
    txn.remove(&STUCK, &key(workspace, subscriber))
}

pub(super) fn all_in(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Stuck>, StoreError> {
    let rows = txn.list(&STUCK, &Key::of(&STUCK, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, stuck)| stuck).collect())
}

/// What stands still in a workspace and has failed often enough for a person to look.
pub fn list_stuck(store: &Store, workspace: WorkspaceId) -> Result<Vec<Stuck>, StoreError> {
    let mut all = store.read(|txn| all_in(txn, workspace))?;
    all.retain(|stuck| stuck.tries >= SHOWN_AFTER);
    Ok(all)
}

/// What the operator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    TryAgain,
    Skip,
}

/// Carries out the decision about the part that fails at `number`; false when it no longer does.
pub fn decide(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    subscriber: &str,
    number: u64,
    act: Act,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    if txn.get(&STUCK, &key(workspace, subscriber))?.is_none_or(|stuck| stuck.number != number) {
        return Ok(false);
    }
    if act == Act::Skip {
        let cursor = Key::of(&CURSORS, workspace).text(subscriber);
        let read = txn.get(&CURSORS, &cursor)?.unwrap_or(0);
        txn.put(&CURSORS, &cursor, &read.max(number))?;
        clear(txn, workspace, subscriber)?;
    }
    let job = NewJob::new(DELIVER, Lane::Steps, workspace, now, &()).once("deliver").max_attempts(u32::MAX);
    let open = jobs::enqueue(txn, &job)?;
    jobs::hurry(txn, open, now)?;
    Ok(true)
}
