//! Rows of workspaces. What hangs on them (members, invitations, keys) is in `rows.rs`.

use super::model::Workspace;
use super::routing::Routing;
use crate::base::{WorkspaceId, INSTANCE};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const WORKSPACES: Table<Workspace> = Table::sealed(
    0x0601,
    "workspaces",
    Tree::Identity,
    Holds::Nothing,
    Retention::Account,
    "The tenants of this server with their settings.",
);
const BY_SLUG: Table<WorkspaceId> = Table::sealed(
    0x0602,
    "workspaces_by_slug",
    Tree::Index,
    Holds::Nothing,
    Retention::Account,
    "Which workspace has a short name.",
);

pub(super) const OWN_TABLES: [Declared; 2] = [Declared::plain(&WORKSPACES), Declared::plain(&BY_SLUG)];

/// The list of tenants belongs to the instance.
fn key(id: WorkspaceId) -> Key {
    Key::of(&WORKSPACES, INSTANCE).id(id.0)
}

fn slug_key(txn: &Txn<'_>, slug: &str) -> Result<Key, StoreError> {
    Ok(Key::of(&BY_SLUG, INSTANCE).bytes(&txn.blind(INSTANCE, "workspace slug", slug)?))
}

pub fn find(txn: &mut Txn<'_>, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
    txn.get(&WORKSPACES, &key(id))
}

pub fn get(store: &Store, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
    store.get(&WORKSPACES, &key(id))
}

/// How surely replies must be read here before the program acts on them.
pub fn find_routing(txn: &mut Txn<'_>, id: WorkspaceId) -> Result<Routing, StoreError> {
    Ok(find(txn, id)?.map(|workspace| workspace.routing).unwrap_or_default())
}

pub fn find_by_slug(txn: &mut Txn<'_>, slug: &str) -> Result<Option<Workspace>, StoreError> {
    let place = slug_key(txn, slug)?;
    match txn.get(&BY_SLUG, &place)? {
        Some(id) => find(txn, id),
        None => Ok(None),
    }
}

/// Writes a workspace; `before` is the row it replaces. Fails with `Exists` when another has the slug.
pub fn put(txn: &mut Txn<'_>, workspace: &Workspace, before: Option<&Workspace>) -> Result<(), StoreError> {
    if let Some(before) = before.filter(|before| before.slug != workspace.slug) {
        let old = slug_key(txn, &before.slug)?;
        txn.remove(&BY_SLUG, &old)?;
    }
    let place = slug_key(txn, &workspace.slug)?;
    match txn.get(&BY_SLUG, &place)? {
        Some(other) if other != workspace.id => return Err(StoreError::Exists),
        _ => txn.put(&BY_SLUG, &place, &workspace.id)?,
    }
    txn.put(&WORKSPACES, &key(workspace.id), workspace)
}

/// Removes a workspace's own row and its short name, which is free again.
pub(super) fn remove(txn: &mut Txn<'_>, workspace: &Workspace) -> Result<(), StoreError> {
    let place = slug_key(txn, &workspace.slug)?;
    txn.remove(&BY_SLUG, &place)?;
    txn.remove(&WORKSPACES, &key(workspace.id))
}

/// All tenants, oldest first. For the operator and for work that walks every tenant.
pub fn list_all(store: &Store) -> Result<Vec<Workspace>, StoreError> {
    let mut all = Vec::new();
    store.each(&WORKSPACES, &Key::of(&WORKSPACES, INSTANCE), |_, workspace| {
        all.push(workspace);
        Ok::<(), StoreError>(())
    })?;
    Ok(all)
}
