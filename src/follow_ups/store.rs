//! Rows of follow-ups. Ids sort by time, so the lists are by age.

use super::model::FollowUp;
use crate::base::{ContactId, Cursor, FollowUpId, Page, WorkerId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const FOLLOW_UPS: Table<FollowUp> = Table::sealed(
    0x0920,
    "follow_ups",
    Tree::Agents,
    Holds::Contact,
    Retention::UntilErased,
    "Who is to be reminded of an answer of ours, when, and what became of it.",
);
const BY_CONTACT: Table<()> = Table::index(0x0921, "follow_ups_by_contact", "Follow-ups to one contact.");
const BY_WORKER: Table<()> = Table::index(0x0922, "follow_ups_by_worker", "Follow-ups of one worker.");
const OPEN: Table<()> =
    Table::index(0x0923, "follow_ups_open", "Follow-ups of one worker of which something may still come.");

pub const TABLES: &[Declared] = &[
    Declared::personal(&FOLLOW_UPS, export, erase),
    Declared::plain(&BY_CONTACT),
    Declared::plain(&BY_WORKER),
    Declared::plain(&OPEN),
];

/// Of one contact, the newest that are looked at: at most one is open.
const OF_CONTACT: usize = 12;

fn key(workspace: WorkspaceId, id: FollowUpId) -> Key {
    Key::of(&FOLLOW_UPS, workspace).id(id.0)
}

fn of(table: &Table<()>, workspace: WorkspaceId, owner: uuid::Uuid) -> Key {
    Key::of(table, workspace).id(owner)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: FollowUpId) -> Result<Option<FollowUp>, StoreError> {
    txn.get(&FOLLOW_UPS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: FollowUpId) -> Result<Option<FollowUp>, StoreError> {
    store.get(&FOLLOW_UPS, &key(workspace, id))
}

/// Writes one with its index rows, new or changed.
pub(super) fn put(txn: &mut Txn<'_>, row: &FollowUp) -> Result<(), StoreError> {
    let (workspace, id) = (row.workspace, row.id.0);
    let open = of(&OPEN, workspace, row.worker.0).id(id);
    if row.state.is_open() {
        txn.mark(&OPEN, &open)?;
    } else {
        txn.remove(&OPEN, &open)?;
    }
    txn.mark(&BY_CONTACT, &of(&BY_CONTACT, workspace, row.contact.0).id(id))?;
    txn.mark(&BY_WORKER, &of(&BY_WORKER, workspace, row.worker.0).id(id))?;
    txn.put(&FOLLOW_UPS, &key(workspace, row.id), row)
}

fn by_keys(txn: &mut Txn<'_>, workspace: WorkspaceId, keys: &[Key]) -> Result<Vec<FollowUp>, StoreError> {
    let ids = keys.iter().filter_map(Key::last_id).map(FollowUpId);
    ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

/// Those to a contact, newest first.
pub(super) fn newest_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Vec<FollowUp>, StoreError> {
    let keys = txn.keys(&BY_CONTACT, &of(&BY_CONTACT, workspace, contact.0), Dir::Backward, OF_CONTACT)?;
    by_keys(txn, workspace, &keys)
}

/// The one to a contact of which something may still come.
pub fn open_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Option<FollowUp>, StoreError> {
    Ok(newest_of_contact(txn, workspace, contact)?.into_iter().find(|row| row.state.is_open()))
}

/// The first of a worker's that are open.
pub fn open_of_worker(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    limit: usize,
) -> Result<Vec<FollowUp>, StoreError> {
    let keys = txn.keys(&OPEN, &of(&OPEN, workspace, worker.0), Dir::Forward, limit)?;
    by_keys(txn, workspace, &keys)
}

/// All of a worker, newest first.
pub fn list_of_worker(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<FollowUp>, StoreError> {
    let keys = store.key_page(&BY_WORKER, &of(&BY_WORKER, workspace, worker.0), before, Dir::Backward, limit)?;
    let rows = store.read(|txn| by_keys(txn, workspace, &keys.rows))?;
    Ok(Page { rows, next: keys.next })
}

/// Rows of one person read, or erased, in one go.
const AT_ONCE: usize = 12;

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = of(&BY_CONTACT, workspace, contact.0);
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = store.key_page(&BY_CONTACT, &prefix, after.as_ref(), Dir::Forward, AT_ONCE)?;
        let found = store.read(|txn| by_keys(txn, workspace, &page.rows))?;
        rows.extend(found.iter().filter_map(|row| serde_json::to_value(row).ok()));
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let rows = newest_of_contact(txn, workspace, contact)?;
            for row in &rows {
                let id = row.id.0;
                txn.remove(&OPEN, &of(&OPEN, workspace, row.worker.0).id(id))?;
                txn.remove(&BY_WORKER, &of(&BY_WORKER, workspace, row.worker.0).id(id))?;
                txn.remove(&BY_CONTACT, &of(&BY_CONTACT, workspace, contact.0).id(id))?;
                txn.remove(&FOLLOW_UPS, &key(workspace, row.id))?;
            }
            Ok::<_, StoreError>(rows.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}
