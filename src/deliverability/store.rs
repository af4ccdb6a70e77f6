//! Rows of sending domains.

use super::model::SendingDomain;
use crate::base::WorkspaceId;
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const DOMAINS: Table<SendingDomain> = Table::sealed(
    0x0710,
    "sending_domains",
    Tree::Connections,
    Holds::Nothing,
    Retention::Served,
    "What DNS says about the domains that mail is sent from, and the sealed keys that sign it.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&DOMAINS)];

/// A workspace has few domains: they are listed whole.
const MOST: usize = 500;

fn key(txn: &Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<Key, StoreError> {
    Ok(Key::of(&DOMAINS, workspace).bytes(&txn.blind(workspace, "sending domain", domain)?))
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<Option<SendingDomain>, StoreError> {
    let key = key(txn, workspace, domain)?;
    txn.get(&DOMAINS, &key)
}

pub fn get(store: &Store, workspace: WorkspaceId, domain: &str) -> Result<Option<SendingDomain>, StoreError> {
    store.read(|txn| find(txn, workspace, domain))
}

pub fn put(txn: &mut Txn<'_>, row: &SendingDomain) -> Result<(), StoreError> {
    let key = key(txn, row.workspace, &row.domain)?;
    txn.put(&DOMAINS, &key, row)
}

pub fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<(), StoreError> {
    let key = key(txn, workspace, domain)?;
    txn.remove(&DOMAINS, &key)
}

/// Everything that is kept, in no order.
pub fn list_stored(store: &Store, workspace: WorkspaceId) -> Result<Vec<SendingDomain>, StoreError> {
    store.read(|txn| {
        let rows = txn.list(&DOMAINS, &Key::of(&DOMAINS, workspace), Dir::Forward, MOST)?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    })
}
