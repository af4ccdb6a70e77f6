//! Rows of this room.

use serde_json::Value;

use super::model::{Purse, Settings, State, Transfer};
use super::purse::Spent;
use crate::base::{ContactId, Cursor, Page, TransferId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const SETTINGS: Table<Settings> = Table::sealed(
    0x1201,
    "ai_settings",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "Which AI service the workspace has chosen, with its sealed key, models, prices and budgets.",
);
const STATE: Table<State> = Table::sealed(
    0x1202,
    "ai_state",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "Whether the AI service answers, and how its models have to be asked.",
);
const SPENT: Table<Spent> = Table::sealed(
    0x1203,
    "ai_spent",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "What was spent on the AI service today and this month, by the workspace and by each worker.",
);
const TRANSFERS: Table<Transfer> = Table::sealed(
    0x1204,
    "ai_transfers",
    Tree::Agents,
    Holds::Contact,
    Retention::Days(90),
    "That something was sent to the AI service: when, which model, how much and at what cost; never what.",
);
const BY_CONTACT: Table<()> =
    Table::index(0x1205, "ai_transfers_by_contact", "Finds the transfers in which a person’s words were.");

pub fn tables() -> Vec<Declared> {
    vec![
        Declared::plain(&SETTINGS),
        Declared::plain(&STATE),
        Declared::plain(&SPENT),
        Declared::personal(&TRANSFERS, export, erase),
        Declared::plain(&BY_CONTACT),
    ]
}

const BATCH: usize = 20;
const PAGE: usize = 200;

pub fn find_settings(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Option<Settings>, StoreError> {
    txn.get(&SETTINGS, &Key::of(&SETTINGS, workspace))
}

pub fn get_settings(store: &Store, workspace: WorkspaceId) -> Result<Option<Settings>, StoreError> {
    store.get(&SETTINGS, &Key::of(&SETTINGS, workspace))
}

pub fn put_settings(txn: &mut Txn<'_>, workspace: WorkspaceId, settings: &Settings) -> Result<(), StoreError> {
    txn.put(&SETTINGS, &Key::of(&SETTINGS, workspace), settings)
}

/// Settings and state; what was spent and transferred stays.
pub fn remove_settings(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<(), StoreError> {
    txn.remove(&SETTINGS, &Key::of(&SETTINGS, workspace))?;
    txn.remove(&STATE, &Key::of(&STATE, workspace))
}

pub fn find_state(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<State, StoreError> {
    Ok(txn.get(&STATE, &Key::of(&STATE, workspace))?.unwrap_or_default())
}

pub fn put_state(txn: &mut Txn<'_>, workspace: WorkspaceId, state: &State) -> Result<(), StoreError> {
    txn.put(&STATE, &Key::of(&STATE, workspace), state)
}

fn purse_key(workspace: WorkspaceId, purse: Purse) -> Key {
    let key = Key::of(&SPENT, workspace);
    match purse {
        Purse::Workspace => key.u8(0),
        Purse::Worker(worker) => key.u8(1).id(worker.0),
    }
}

pub fn find_spent(txn: &mut Txn<'_>, workspace: WorkspaceId, purse: Purse) -> Result<Option<Spent>, StoreError> {
    txn.get(&SPENT, &purse_key(workspace, purse))
}

pub fn put_spent(txn: &mut Txn<'_>, workspace: WorkspaceId, purse: Purse, spent: &Spent) -> Result<(), StoreError> {
    txn.put(&SPENT, &purse_key(workspace, purse), spent)
}

fn transfer_key(workspace: WorkspaceId, at: UnixMillis, id: TransferId) -> Key {
    Key::of(&TRANSFERS, workspace).time_desc(at).id(id.0)
}

fn contact_key(workspace: WorkspaceId, contact: ContactId, at: UnixMillis, id: TransferId) -> Key {
    Key::of(&BY_CONTACT, workspace).id(contact.0).time_desc(at).id(id.0)
}

pub fn put_transfer(txn: &mut Txn<'_>, workspace: WorkspaceId, transfer: &Transfer) -> Result<(), StoreError> {
    if let Some(contact) = transfer.contact {
        txn.mark(&BY_CONTACT, &contact_key(workspace, contact, transfer.at, transfer.id))?;
    }
    txn.put(&TRANSFERS, &transfer_key(workspace, transfer.at, transfer.id), transfer)
}

/// The answer was looked at once more and is not used after all.
pub fn change_outcome(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    (at, id): (UnixMillis, TransferId),
    outcome: &str,
) -> Result<(), StoreError> {
    let key = transfer_key(workspace, at, id);
    match txn.get(&TRANSFERS, &key)? {
        Some(transfer) => txn.put(&TRANSFERS, &key, &Transfer { outcome: outcome.to_owned(), ..transfer }),
        None => Ok(()),
    }
}

/// Newest first.
pub fn list_transfers(
    store: &Store,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Transfer>, StoreError> {
    let page = store.page(&TRANSFERS, &Key::of(&TRANSFERS, workspace), after, Dir::Forward, limit)?;
    Ok(page.map(|(_, transfer)| transfer))
}

/// Removes what is from before then; returns how many rows went.
pub fn sweep(store: &Store, workspace: WorkspaceId, before: UnixMillis) -> Result<usize, StoreError> {
    let mut range = Key::of(&TRANSFERS, workspace).as_prefix();
    // Newest first: what is older stands behind.
    range.start = Key::of(&TRANSFERS, workspace).time_desc(before).as_bytes().to_vec();
    store.write_reserved(|txn| {
        let rows = txn.list_range(&TRANSFERS, &range, Dir::Forward, BATCH)?;
        for (key, transfer) in &rows {
            if let Some(contact) = transfer.contact {
                txn.remove(&BY_CONTACT, &contact_key(workspace, contact, transfer.at, transfer.id))?;
            }
            txn.remove(&TRANSFERS, key)?;
        }
        Ok(rows.len())
    })
}

/// Rows removed at a time by `sweep`.
pub const SWEPT: usize = BATCH;

fn export(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = store.key_page(&BY_CONTACT, &prefix, after.as_ref(), Dir::Forward, PAGE)?;
        for index in &page.rows {
            if let Some(transfer) = store.get(&TRANSFERS, &row_of(workspace, &prefix, index))? {
                rows.push(serde_json::to_value(&transfer).unwrap_or_default());
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

/// The row that an entry of the index stands for.
fn row_of(workspace: WorkspaceId, prefix: &Key, index: &Key) -> Key {
    Key::of(&TRANSFERS, workspace).bytes(&index.as_bytes()[prefix.as_bytes().len()..])
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let mut gone = 0;
    loop {
        let some = store.write_reserved(|txn| {
            let keys = txn.keys(&BY_CONTACT, &prefix, Dir::Forward, BATCH)?;
            for index in &keys {
                txn.remove(&TRANSFERS, &row_of(workspace, &prefix, index))?;
                txn.remove(&BY_CONTACT, index)?;
            }
            Ok::<_, StoreError>(keys.len())
        })?;
        gone += some;
        if some < BATCH {
            return Ok(gone);
        }
    }
}
