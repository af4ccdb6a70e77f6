//! Rows of those who wait.

use uuid::Uuid;

use super::model::Waiter;
use crate::base::{BookingId, ContactId, EventTypeId, WaiterId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const WAITERS: Table<Waiter> = Table::sealed(
    0x0e60,
    "waitlist",
    Tree::Bookings,
    Holds::Contact,
    Retention::Served,
    "Who waits for a free time of an event type; gone when they book, leave, or their period is over.",
);
const BY_CONTACT: Table<EventTypeId> = Table::sealed(
    0x0e61,
    "waitlist_by_contact",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "On which waitlists a contact stands.",
);
const BY_HOLD: Table<(EventTypeId, WaiterId)> = Table::sealed(
    0x0e62,
    "waitlist_by_offer",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "For whom an offered time is held.",
);

pub const TABLES: &[Declared] =
    &[Declared::personal(&WAITERS, export, erase), Declared::plain(&BY_CONTACT), Declared::plain(&BY_HOLD)];

/// People on one list.
pub const MOST: usize = 200;
/// Wishes of one person, so that a stranger's address is not written to without end.
pub const MOST_OF_ONE: usize = 5;

fn key(workspace: WorkspaceId, event: EventTypeId, id: WaiterId) -> Key {
    Key::of(&WAITERS, workspace).id(event.0).id(id.0)
}

fn contact_key(waiter: &Waiter) -> Key {
    Key::of(&BY_CONTACT, waiter.workspace).id(waiter.contact.0).id(waiter.id.0)
}

fn hold_key(workspace: WorkspaceId, hold: BookingId) -> Key {
    Key::of(&BY_HOLD, workspace).id(hold.0)
}

pub fn find(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    id: WaiterId,
) -> Result<Option<Waiter>, StoreError> {
    txn.get(&WAITERS, &key(workspace, event, id))
}

/// Writes somebody in place of how they stood before.
pub fn put(txn: &mut Txn<'_>, waiter: &Waiter, before: Option<&Waiter>) -> Result<(), StoreError> {
    if let Some(offer) = before.and_then(Waiter::offer) {
        txn.remove(&BY_HOLD, &hold_key(waiter.workspace, offer.hold))?;
    }
    if let Some(offer) = waiter.offer() {
        txn.put(&BY_HOLD, &hold_key(waiter.workspace, offer.hold), &(waiter.event, waiter.id))?;
    }
    txn.put(&BY_CONTACT, &contact_key(waiter), &waiter.event)?;
    txn.put(&WAITERS, &key(waiter.workspace, waiter.event, waiter.id), waiter)
}

pub fn remove(txn: &mut Txn<'_>, waiter: &Waiter) -> Result<(), StoreError> {
    if let Some(offer) = waiter.offer() {
        txn.remove(&BY_HOLD, &hold_key(waiter.workspace, offer.hold))?;
    }
    txn.remove(&BY_CONTACT, &contact_key(waiter))?;
    txn.remove(&WAITERS, &key(waiter.workspace, waiter.event, waiter.id))
}

/// Whoever a held time is offered to.
pub fn find_held(txn: &mut Txn<'_>, workspace: WorkspaceId, hold: BookingId) -> Result<Option<Waiter>, StoreError> {
    match txn.get(&BY_HOLD, &hold_key(workspace, hold))? {
        Some((event, id)) => find(txn, workspace, event, id),
        None => Ok(None),
    }
}

/// What is claimed for as long as a time is offered; nothing where it is offered to nobody.
pub fn kept_for(txn: &mut Txn<'_>, workspace: WorkspaceId, hold: BookingId) -> Result<Vec<Uuid>, StoreError> {
    let waiter = find_held(txn, workspace, hold)?;
    Ok(waiter.as_ref().and_then(Waiter::offer).map(|offer| offer.resources.clone()).unwrap_or_default())
}

/// The line of an event type, who came first in front.
pub fn list(txn: &mut Txn<'_>, workspace: WorkspaceId, event: EventTypeId) -> Result<Vec<Waiter>, StoreError> {
    let rows = txn.list(&WAITERS, &Key::of(&WAITERS, workspace).id(event.0), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, waiter)| waiter).collect())
}

/// Where a contact waits.
pub fn list_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Vec<Waiter>, StoreError> {
    let rows = txn.list(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(contact.0), Dir::Forward, MOST)?;
    let mut found = Vec::new();
    for (key, event) in rows {
        if let Some(id) = key.last_id() {
            found.extend(find(txn, workspace, event, WaiterId(id))?);
        }
    }
    Ok(found)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let waiting = store.read(|txn| list_of_contact(txn, workspace, contact))?;
    Ok(waiting.iter().filter_map(|waiter| serde_json::to_value(waiter).ok()).collect())
}

/// What was held for them is free again.
fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let waiting = store.read(|txn| list_of_contact(txn, workspace, contact))?;
    for waiter in &waiting {
        store.write_reserved(|txn| {
            // As it stands by now: an offer may have come meanwhile.
            let Some(current) = find(txn, workspace, waiter.event, waiter.id)? else { return Ok::<_, StoreError>(()) };
            super::leave::release(txn, &current)?;
            remove(txn, &current)
        })?;
    }
    Ok(waiting.len())
}
