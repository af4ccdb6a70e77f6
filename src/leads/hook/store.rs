//! The row of a workspace's address, and the keys of requests that came.

use serde::{Deserialize, Serialize};

use super::model::Hook;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// Days for which a request that is sent again is known.
pub const DAYS: u32 = 7;

const HOOKS: Table<Hook> = Table::sealed(
    0x1130,
    "lead_hooks",
    Tree::Connections,
    Holds::Nothing,
    Retention::Account,
    "The workspace's address for posted leads, as a hash, and what became of the last requests, without content.",
);
const KEYS: Table<Known> = Table::sealed(
    0x1131,
    "lead_posts_by_key",
    Tree::Connections,
    Holds::Nothing,
    Retention::Days(DAYS),
    "Which posted requests have come already, by keyed hash, so that one sent again changes nothing.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&HOOKS), Declared::plain(&KEYS)];

/// A request that came with a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub at: UnixMillis,
    pub contact: Option<ContactId>,
}

pub(super) fn find(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Option<Hook>, StoreError> {
    txn.get(&HOOKS, &Key::of(&HOOKS, workspace))
}

pub(super) fn get(store: &Store, workspace: WorkspaceId) -> Result<Option<Hook>, StoreError> {
    store.get(&HOOKS, &Key::of(&HOOKS, workspace))
}

pub(super) fn put(txn: &mut Txn<'_>, hook: &Hook) -> Result<(), StoreError> {
    txn.put(&HOOKS, &Key::of(&HOOKS, hook.workspace), hook)
}

pub(super) fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<(), StoreError> {
    txn.remove(&HOOKS, &Key::of(&HOOKS, workspace))
}

fn key_of(txn: &Txn<'_>, workspace: WorkspaceId, key: &str) -> Result<Key, StoreError> {
    Ok(Key::of(&KEYS, workspace).bytes(&txn.blind(workspace, "key of a posted lead", key)?))
}

pub(super) fn known(txn: &mut Txn<'_>, workspace: WorkspaceId, key: &str) -> Result<Option<Known>, StoreError> {
    let place = key_of(txn, workspace, key)?;
    txn.get(&KEYS, &place)
}

pub(super) fn note_key(txn: &mut Txn<'_>, workspace: WorkspaceId, key: &str, known: &Known) -> Result<(), StoreError> {
    let place = key_of(txn, workspace, key)?;
    txn.put(&KEYS, &place, known)
}

/// Removes keys from before then; returns how many, at most `limit`.
pub fn sweep(store: &Store, workspace: WorkspaceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    let mut old = Vec::new();
    store.each(&KEYS, &Key::of(&KEYS, workspace), |key, known| {
        old.extend(Some(key).filter(|_| known.at < before));
        Ok::<_, StoreError>(())
    })?;
    old.truncate(limit);
    store.write_reserved(|txn| old.iter().try_for_each(|key| txn.remove(&KEYS, key)))?;
    Ok(old.len())
}
