//! Rows of contacts and their indexes.

use super::model::Contact;
use crate::base::{ContactId, Cursor, EmailAddress, Page, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

pub(super) const CONTACTS: Table<Contact> = Table::sealed(
    0x0801,
    "contacts",
    Tree::Contacts,
    Holds::Contact,
    Retention::UntilErased,
    "Whom the workspace writes to, with what is known about them.",
);
pub(super) const BY_ADDRESS: Table<ContactId> = Table::sealed(
    0x0802,
    "contacts_by_address",
    Tree::Index,
    Holds::Nothing,
    Retention::UntilErased,
    "Which contact has an address, by keyed hash, so that each is there once.",
);
pub(super) const BY_TAG: Table<()> = Table::index(0x0803, "contacts_by_tag", "Contacts of a tag, by keyed hash.");

pub const TABLES: &[Declared] =
    &[Declared::personal(&CONTACTS, export, erase), Declared::plain(&BY_ADDRESS), Declared::plain(&BY_TAG)];

pub(super) fn key(workspace: WorkspaceId, id: ContactId) -> Key {
    Key::of(&CONTACTS, workspace).id(id.0)
}

pub(super) fn address_key(txn: &Txn<'_>, workspace: WorkspaceId, address: &EmailAddress) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "contact address", address.compare())?;
    Ok(Key::of(&BY_ADDRESS, workspace).bytes(&hash))
}

pub(super) fn tag_prefix(txn: &Txn<'_>, workspace: WorkspaceId, tag: &str) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "contact tag", tag)?;
    Ok(Key::of(&BY_TAG, workspace).bytes(&hash))
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, StoreError> {
    txn.get(&CONTACTS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, StoreError> {
    store.get(&CONTACTS, &key(workspace, id))
}

pub fn find_by_address(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    address: &EmailAddress,
) -> Result<Option<Contact>, StoreError> {
    let place = address_key(txn, workspace, address)?;
    match txn.get(&BY_ADDRESS, &place)? {
        Some(id) => find(txn, workspace, id),
        None => Ok(None),
    }
}

/// Newest first.
pub fn list_newest(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    let page = store.page(&CONTACTS, &Key::of(&CONTACTS, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, contact)| contact))
}

/// Writes a contact with its index rows; `before` is the row it replaces. Fails with `Exists` when another contact
/// has one of the addresses.
pub fn put(txn: &mut Txn<'_>, contact: &Contact, before: Option<&Contact>) -> Result<(), StoreError> {
    let workspace = contact.workspace;
    if let Some(before) = before {
        unindex(txn, before)?;
    }
    for address in &contact.addresses {
        let place = address_key(txn, workspace, address)?;
        match txn.get(&BY_ADDRESS, &place)? {
            Some(other) if other != contact.id => return Err(StoreError::Exists),
            _ => txn.put(&BY_ADDRESS, &place, &contact.id)?,
        }
    }
    for tag in &contact.tags {
        let place = tag_prefix(txn, workspace, tag)?.id(contact.id.0);
        txn.mark(&BY_TAG, &place)?;
    }
    txn.put(&CONTACTS, &key(workspace, contact.id), contact)
}

pub fn remove(txn: &mut Txn<'_>, contact: &Contact) -> Result<(), StoreError> {
    unindex(txn, contact)?;
    txn.remove(&CONTACTS, &key(contact.workspace, contact.id))
}

fn unindex(txn: &mut Txn<'_>, contact: &Contact) -> Result<(), StoreError> {
    for address in &contact.addresses {
        let place = address_key(txn, contact.workspace, address)?;
        txn.remove(&BY_ADDRESS, &place)?;
    }
    for tag in &contact.tags {
        let place = tag_prefix(txn, contact.workspace, tag)?.id(contact.id.0);
        txn.remove(&BY_TAG, &place)?;
    }
    Ok(())
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(Vec::new()) };
    Ok(get(store, workspace, id)?.and_then(|contact| serde_json::to_value(contact).ok()).into_iter().collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(0) };
    store.write(|txn| match find(txn, workspace, id)? {
        Some(contact) => remove(txn, &contact).map(|()| 1),
        None => Ok(0),
    })
}
