//! Rows of readings: one for each contact whose company's page was asked for.

use super::model::Reading;
use crate::base::{ContactId, WorkspaceId};
use crate::store::{Declared, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const READINGS: Table<Reading> = Table::sealed(
    0x1110,
    "page_readings",
    Tree::Outreach,
    Holds::Contact,
    Retention::UntilErased,
    "What the page of a contact's company says, each fact with the page and the day it was read.",
);

pub const TABLES: &[Declared] = &[Declared::personal(&READINGS, export, erase)];

fn key(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&READINGS, workspace).id(contact.0)
}

pub(in crate::leads) fn find(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ContactId,
) -> Result<Option<Reading>, StoreError> {
    txn.get(&READINGS, &key(workspace, id))
}

pub(super) fn get(store: &Store, workspace: WorkspaceId, id: ContactId) -> Result<Option<Reading>, StoreError> {
    store.get(&READINGS, &key(workspace, id))
}

pub(super) fn put(txn: &mut Txn<'_>, workspace: WorkspaceId, reading: &Reading) -> Result<(), StoreError> {
    txn.put(&READINGS, &key(workspace, reading.contact), reading)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(Vec::new()) };
    Ok(get(store, workspace, id)?.and_then(|reading| serde_json::to_value(reading).ok()).into_iter().collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(0) };
    store.write_reserved(|txn| {
        let was_there = txn.exists(&READINGS, &key(workspace, id))?;
        txn.remove(&READINGS, &key(workspace, id))?;
        Ok(usize::from(was_there))
    })
}
