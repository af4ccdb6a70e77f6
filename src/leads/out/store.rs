//! The row of a workspace's address.

use super::model::Endpoint;
use crate::base::WorkspaceId;
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const ENDPOINTS: Table<Endpoint> = Table::sealed(
    0x1140,
    "lead_webhooks",
    Tree::Connections,
    Holds::Nothing,
    Retention::Account,
    "The address that is told of changes of leads, with the sealed key, and how the last messages went, without content.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&ENDPOINTS)];

pub(super) fn find(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Option<Endpoint>, StoreError> {
    txn.get(&ENDPOINTS, &Key::of(&ENDPOINTS, workspace))
}

pub(super) fn get(store: &Store, workspace: WorkspaceId) -> Result<Option<Endpoint>, StoreError> {
    store.get(&ENDPOINTS, &Key::of(&ENDPOINTS, workspace))
}

pub(super) fn put(txn: &mut Txn<'_>, endpoint: &Endpoint) -> Result<(), StoreError> {
    txn.put(&ENDPOINTS, &Key::of(&ENDPOINTS, endpoint.workspace), endpoint)
}

pub(super) fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<(), StoreError> {
    txn.remove(&ENDPOINTS, &Key::of(&ENDPOINTS, workspace))
}
