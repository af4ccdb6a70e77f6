//! Rows of event types and rooms.

use super::ledger;
use super::model::{EventType, Room};
use crate::base::{EventTypeId, RoomId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const TYPES: Table<EventType> = Table::sealed(
    0x0e10,
    "event_types",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "What strangers can book, with its rules and questions.",
);
const BY_SLUG: Table<EventTypeId> = Table::sealed(
    0x0e11,
    "event_types_by_address",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "Which event type stands at a public address.",
);
const ROOMS: Table<Room> = Table::sealed(
    0x0e13,
    "rooms",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "Rooms and things that meetings need.",
);

pub const TABLES: &[Declared] =
    &[Declared::plain(&TYPES), Declared::plain(&BY_SLUG), Declared::plain(&ROOMS), ledger::TABLE, ledger::ROUND];

/// Event types of one workspace; a page lists them all.
pub const MOST: usize = 200;

fn slug_key(workspace: WorkspaceId, slug: &str) -> Key {
    Key::of(&BY_SLUG, workspace).text(slug)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: EventTypeId) -> Result<Option<EventType>, StoreError> {
    txn.get(&TYPES, &Key::of(&TYPES, workspace).id(id.0))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: EventTypeId) -> Result<Option<EventType>, StoreError> {
    store.get(&TYPES, &Key::of(&TYPES, workspace).id(id.0))
}

pub fn find_by_slug(txn: &mut Txn<'_>, workspace: WorkspaceId, slug: &str) -> Result<Option<EventType>, StoreError> {
    match txn.get(&BY_SLUG, &slug_key(workspace, slug))? {
        Some(id) => find(txn, workspace, id),
        None => Ok(None),
    }
}

/// In the order in which they were made.
pub fn list(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<EventType>, StoreError> {
    let rows = txn.list(&TYPES, &Key::of(&TYPES, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, event)| event).collect())
}

/// Writes a checked event type; false when another one has its address.
pub fn put(txn: &mut Txn<'_>, event: &EventType, before: Option<&EventType>) -> Result<bool, StoreError> {
    let workspace = event.workspace;
    if let Some(other) = txn.get(&BY_SLUG, &slug_key(workspace, &event.slug))? {
        if other != event.id {
            return Ok(false);
        }
    }
    if let Some(before) = before.filter(|before| before.slug != event.slug) {
        txn.remove(&BY_SLUG, &slug_key(workspace, &before.slug))?;
    }
    txn.put(&BY_SLUG, &slug_key(workspace, &event.slug), &event.id)?;
    txn.put(&TYPES, &Key::of(&TYPES, workspace).id(event.id.0), event)?;
    Ok(true)
}

pub fn list_rooms(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Room>, StoreError> {
    let rows = txn.list(&ROOMS, &Key::of(&ROOMS, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, room)| room).collect())
}

pub fn put_room(txn: &mut Txn<'_>, workspace: WorkspaceId, room: &Room) -> Result<(), StoreError> {
    txn.put(&ROOMS, &Key::of(&ROOMS, workspace).id(room.id.0), room)
}

pub fn remove_room(txn: &mut Txn<'_>, workspace: WorkspaceId, id: RoomId) -> Result<(), StoreError> {
    txn.remove(&ROOMS, &Key::of(&ROOMS, workspace).id(id.0))
}
