//! Rows of workers.

use super::model::Worker;
use crate::base::{WorkerId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const WORKERS: Table<Worker> = Table::sealed(
    0x0901,
    "workers",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "Whom the workspace writes to, from which mailbox and within which limits.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&WORKERS)];

/// A workspace has few workers: they are listed whole.
const MOST: usize = 200;

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

/// All workers of the workspace, oldest first.
pub fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<Worker>, StoreError> {
    store.read(|txn| list_in(txn, workspace))
}

pub fn list_in(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Worker>, StoreError> {
    let rows = txn.list(&WORKERS, &Key::of(&WORKERS, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, worker)| worker).collect())
}
