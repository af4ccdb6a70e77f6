//! Rows of connected systems, who of ours is who there, and the record of calls.

use serde::{Deserialize, Serialize};

use super::model::{Refused, System, Vendor};
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const SYSTEMS: Table<System> = Table::sealed(
    0x1120,
    "crm_systems",
    Tree::Connections,
    Holds::Nothing,
    Retention::Account,
    "Which customer systems the workspace has connected, with the sealed token and what is pulled and written.",
);
const LINKS: Table<String> = Table::sealed(
    0x1121,
    "crm_links",
    Tree::Outreach,
    Holds::Contact,
    Retention::UntilErased,
    "Which person of a customer system a contact is, so that nobody is written there twice.",
);
const CALLS: Table<Vec<Called>> = Table::sealed(
    0x1122,
    "crm_calls",
    Tree::Connections,
    Holds::Nothing,
    Retention::Served,
    "The last calls made to a customer system, without content, so that the owner can see what was done.",
);

pub const TABLES: &[Declared] =
    &[Declared::plain(&SYSTEMS), Declared::personal(&LINKS, export, erase), Declared::plain(&CALLS)];

/// Calls that are kept.
const CALLS_KEPT: usize = 60;

/// One call. Neither header nor body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    pub at: UnixMillis,
    pub method: String,
    pub url: String,
    pub status: Option<u16>,
    pub took_millis: u64,
}

fn key(workspace: WorkspaceId, vendor: Vendor) -> Key {
    Key::of(&SYSTEMS, workspace).u8(vendor as u8)
}

fn link_key(workspace: WorkspaceId, contact: ContactId, vendor: Vendor) -> Key {
    Key::of(&LINKS, workspace).id(contact.0).u8(vendor as u8)
}

pub(super) fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, vendor: Vendor) -> Result<Option<System>, StoreError> {
    txn.get(&SYSTEMS, &key(workspace, vendor))
}

pub(super) fn get(store: &Store, workspace: WorkspaceId, vendor: Vendor) -> Result<Option<System>, StoreError> {
    store.get(&SYSTEMS, &key(workspace, vendor))
}

pub(super) fn put(txn: &mut Txn<'_>, system: &System) -> Result<(), StoreError> {
    txn.put(&SYSTEMS, &key(system.workspace, system.vendor), system)
}

/// Changes the system as it stands now; nothing happens when it was disconnected meanwhile.
pub(super) fn update(
    store: &Store,
    workspace: WorkspaceId,
    vendor: Vendor,
    mut change: impl FnMut(&mut System),
) -> Result<(), StoreError> {
    store.write(|txn| {
        let Some(mut system) = find(txn, workspace, vendor)? else { return Ok(()) };
        change(&mut system);
        put(txn, &system)
    })
}

/// Counts a write that was refused for good, for the system's page.
pub(super) fn note_refusal(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    vendor: Vendor,
    at: UnixMillis,
    reason: &str,
) -> Result<(), StoreError> {
    let Some(mut system) = find(txn, workspace, vendor)? else { return Ok(()) };
    let count = system.refused.map_or(0, |refused| refused.count) + 1;
    system.refused = Some(Refused { count, at, reason: reason.to_owned() });
    put(txn, &system)
}

/// The system, its calls and all links to it.
pub(super) fn remove(store: &Store, workspace: WorkspaceId, vendor: Vendor) -> Result<(), StoreError> {
    store.write_reserved(|txn| {
        txn.remove(&SYSTEMS, &key(workspace, vendor))?;
        txn.remove(&CALLS, &Key::of(&CALLS, workspace).u8(vendor as u8))
    })?;
    forget_links(store, workspace, vendor)
}

/// Who of ours is who there.
pub(super) fn forget_links(store: &Store, workspace: WorkspaceId, vendor: Vendor) -> Result<(), StoreError> {
    let mut links = Vec::new();
    store.each(&LINKS, &Key::of(&LINKS, workspace), |key, _| {
        links.extend(Some(key).filter(|key| key.rest().last() == Some(&(vendor as u8))));
        Ok::<_, StoreError>(())
    })?;
    for some in links.chunks(50) {
        store.write_reserved(|txn| some.iter().try_for_each(|key| txn.remove(&LINKS, key)))?;
    }
    Ok(())
}

/// Links a contact, unless another account was connected since `account` was asked.
pub(super) fn link_of_account(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    vendor: Vendor,
    account: &str,
    id: &str,
) -> Result<(), StoreError> {
    match find(txn, workspace, vendor)? {
        Some(system) if system.account_key() == account => link(txn, workspace, contact, vendor, id),
        _ => Ok(()),
    }
}

pub(super) fn link(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    vendor: Vendor,
    id: &str,
) -> Result<(), StoreError> {
    txn.put(&LINKS, &link_key(workspace, contact, vendor), &id.to_owned())
}

/// Who the contact is there.
pub(super) fn find_link(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    vendor: Vendor,
) -> Result<Option<String>, StoreError> {
    txn.get(&LINKS, &link_key(workspace, contact, vendor))
}

pub(super) fn linked(
    store: &Store,
    workspace: WorkspaceId,
    contact: ContactId,
    vendor: Vendor,
) -> Result<Option<String>, StoreError> {
    store.get(&LINKS, &link_key(workspace, contact, vendor))
}

pub(super) fn calls(store: &Store, workspace: WorkspaceId, vendor: Vendor) -> Result<Vec<Called>, StoreError> {
    Ok(store.get(&CALLS, &Key::of(&CALLS, workspace).u8(vendor as u8))?.unwrap_or_default())
}

/// Puts calls in front of those before them.
pub(super) fn note_calls(
    store: &Store,
    workspace: WorkspaceId,
    vendor: Vendor,
    new: &[Called],
) -> Result<(), StoreError> {
    let place = Key::of(&CALLS, workspace).u8(vendor as u8);
    store.write(|txn| {
        if find(txn, workspace, vendor)?.is_none() {
            return Ok(());
        }
        let before = txn.get(&CALLS, &place)?.unwrap_or_default();
        let all: Vec<Called> = new.iter().rev().cloned().chain(before).take(CALLS_KEPT).collect();
        txn.put(&CALLS, &place, &all)
    })
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    store.read(|txn| {
        let rows = txn.list(&LINKS, &Key::of(&LINKS, workspace).id(contact.0), Dir::Forward, 10)?;
        let shown = rows.iter().filter_map(|(key, id)| {
            let number = *key.rest().last()?;
            let vendor = Vendor::ALL.into_iter().find(|vendor| *vendor as u8 == number)?;
            Some(serde_json::json!({ "system": vendor.name(), "id": id }))
        });
        Ok(shown.collect())
    })
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    store.remove_all(&LINKS, &Key::of(&LINKS, workspace).id(contact.0))
}
