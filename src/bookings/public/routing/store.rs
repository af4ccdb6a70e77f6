//! Rows of routing forms.

use super::model::RoutingForm;
use crate::base::{RoutingFormId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const FORMS: Table<RoutingForm> = Table::sealed(
    0x0e63,
    "routing_forms",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "Questions that lead visitors to an event type, with their rules.",
);
const BY_SLUG: Table<RoutingFormId> = Table::sealed(
    0x0e64,
    "routing_forms_by_address",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "Which routing form stands at a public address.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&FORMS), Declared::plain(&BY_SLUG)];

/// Forms of one workspace; a page lists them all.
pub const MOST: usize = 100;

fn key(workspace: WorkspaceId, id: RoutingFormId) -> Key {
    Key::of(&FORMS, workspace).id(id.0)
}

fn slug_key(workspace: WorkspaceId, slug: &str) -> Key {
    Key::of(&BY_SLUG, workspace).text(slug)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: RoutingFormId) -> Result<Option<RoutingForm>, StoreError> {
    txn.get(&FORMS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: RoutingFormId) -> Result<Option<RoutingForm>, StoreError> {
    store.get(&FORMS, &key(workspace, id))
}

pub fn find_by_slug(txn: &mut Txn<'_>, workspace: WorkspaceId, slug: &str) -> Result<Option<RoutingForm>, StoreError> {
    match txn.get(&BY_SLUG, &slug_key(workspace, slug))? {
        Some(id) => find(txn, workspace, id),
        None => Ok(None),
    }
}

/// In the order in which they were made.
pub fn list(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<RoutingForm>, StoreError> {
    let rows = txn.list(&FORMS, &Key::of(&FORMS, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, form)| form).collect())
}

/// Writes a checked form; false when another one has its address.
pub fn put(txn: &mut Txn<'_>, form: &RoutingForm, before: Option<&RoutingForm>) -> Result<bool, StoreError> {
    let place = slug_key(form.workspace, &form.slug);
    if txn.get(&BY_SLUG, &place)?.is_some_and(|other| other != form.id) {
        return Ok(false);
    }
    if let Some(before) = before.filter(|before| before.slug != form.slug) {
        txn.remove(&BY_SLUG, &slug_key(form.workspace, &before.slug))?;
    }
    txn.put(&BY_SLUG, &place, &form.id)?;
    txn.put(&FORMS, &key(form.workspace, form.id), form)?;
    Ok(true)
}

pub fn remove(txn: &mut Txn<'_>, form: &RoutingForm) -> Result<(), StoreError> {
    txn.remove(&BY_SLUG, &slug_key(form.workspace, &form.slug))?;
    txn.remove(&FORMS, &key(form.workspace, form.id))
}
