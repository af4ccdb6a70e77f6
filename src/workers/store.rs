//! Rows of workers.

use super::model::Worker;
use crate::base::{Cursor, Page, WorkerId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const WORKERS: Table<Worker> = Table::sealed(
    0x0901,
    "workers",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "Whom the workspace writes to, from which mailbox and within which limits.",
);

/// Rows read at once.
const BATCH: usize = 100;

pub const TABLES: &[Declared] = &[Declared::plain(&WORKERS)];

fn key(workspace: WorkspaceId, id: WorkerId) -> Key {
    Key::of(&WORKERS, workspace).id(id.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: WorkerId) -> Result<Option<Worker>, StoreError> {
    txn.get(&WORKERS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: WorkerId) -> Result<Option<Worker>, StoreError> {
    store.get(&WORKERS, &key(workspace, id))
}

pub fn put(txn: &mut Txn<'_>, workspace: WorkspaceId, worker: &Worker) -> Result<(), StoreError> {
    txn.put(&WORKERS, &key(workspace, worker.id), worker)
}

pub fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId, id: WorkerId) -> Result<(), StoreError> {
    txn.remove(&WORKERS, &key(workspace, id))
}

/// All workers of the workspace, oldest first: a workspace has few, so they are listed whole, however many.
pub fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<Worker>, StoreError> {
    let mut all = Vec::new();
    store.each(&WORKERS, &Key::of(&WORKERS, workspace), |_, worker| {
        all.push(worker);
        Ok::<(), StoreError>(())
    })?;
    Ok(all)
}

/// The same, as the transaction sees them.
pub fn list_in(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Worker>, StoreError> {
    let mut range = Key::of(&WORKERS, workspace).as_prefix();
    let mut all = Vec::new();
    loop {
        let rows = txn.list_range(&WORKERS, &range, Dir::Forward, BATCH)?;
        let is_last = rows.len() < BATCH;
        if let Some((last, _)) = rows.last() {
            range.start = [last.as_bytes(), &[0]].concat();
        }
        all.extend(rows.into_iter().map(|(_, worker)| worker));
        if is_last {
            return Ok(all);
        }
    }
}

/// Oldest first.
pub(super) fn page(
    store: &Store,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Worker>, StoreError> {
    let page = store.page(&WORKERS, &Key::of(&WORKERS, workspace), after, Dir::Forward, limit)?;
    Ok(page.map(|(_, worker)| worker))
}
