//! Rows of drafts. Ids sort by time, so the table itself is the list by age.

use super::model::Draft;
use crate::base::{ContactId, Cursor, DraftId, Page, ReplyId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const DRAFTS: Table<Draft> = Table::sealed(
    0x0c01,
    "drafts",
    Tree::Agents,
    Holds::Contact,
    Retention::UntilErased,
    "Answers that an engine wrote, what they rest on, and who decided about them.",
);
const PENDING: Table<()> = Table::index(0x0c02, "drafts_pending", "Drafts that wait for a person, oldest first.");
const BY_REPLY: Table<()> = Table::index(0x0c03, "drafts_by_reply", "Drafts that answer one reply.");
const BY_CONTACT: Table<()> = Table::index(0x0c04, "drafts_by_contact", "Drafts to one contact.");

pub(super) const TABLES: &[Declared] = &[
    Declared::personal(&DRAFTS, export, erase),
    Declared::plain(&PENDING),
    Declared::plain(&BY_REPLY),
    Declared::plain(&BY_CONTACT),
];

/// A queue longer than this is shown and counted as this long.
const MOST_PENDING: usize = 500;
/// Drafts that one reply may have: one for each label it was read under.
const MOST_OF_REPLY: usize = 20;

fn key(workspace: WorkspaceId, id: DraftId) -> Key {
    Key::of(&DRAFTS, workspace).id(id.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: DraftId) -> Result<Option<Draft>, StoreError> {
    txn.get(&DRAFTS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: DraftId) -> Result<Option<Draft>, StoreError> {
    store.get(&DRAFTS, &key(workspace, id))
}

/// Writes a draft with its index rows, new or changed.
pub fn put(txn: &mut Txn<'_>, draft: &Draft) -> Result<(), StoreError> {
    let (workspace, id) = (draft.workspace, draft.id.0);
    let pending = Key::of(&PENDING, workspace).id(id);
    if draft.is_pending() {
        txn.mark(&PENDING, &pending)?;
    } else {
        txn.remove(&PENDING, &pending)?;
    }
    if let Some(reply) = draft.reply {
        txn.mark(&BY_REPLY, &Key::of(&BY_REPLY, workspace).id(reply.0).id(id))?;
    }
    txn.mark(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(draft.contact.0).id(id))?;
    txn.put(&DRAFTS, &key(workspace, draft.id), draft)
}

/// What waits for a person, oldest first.
pub fn list_pending(store: &Store, workspace: WorkspaceId, limit: usize) -> Result<Vec<Draft>, StoreError> {
    store.read(|txn| {
        let keys = txn.keys(&PENDING, &Key::of(&PENDING, workspace), Dir::Forward, limit.min(MOST_PENDING))?;
        by_keys(txn, workspace, &keys)
    })
}

/// What waits for a person page by page, oldest first.
pub fn page_of_pending(
    store: &Store,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Draft>, StoreError> {
    let keys = store.key_page(&PENDING, &Key::of(&PENDING, workspace), after, Dir::Forward, limit)?;
    let rows = store.read(|txn| by_keys(txn, workspace, &keys.rows))?;
    Ok(Page { rows, next: keys.next })
}

pub fn count_pending(store: &Store, workspace: WorkspaceId) -> Result<u32, StoreError> {
    let keys = store.read(|txn| txn.keys(&PENDING, &Key::of(&PENDING, workspace), Dir::Forward, MOST_PENDING))?;
    Ok(u32::try_from(keys.len()).unwrap_or(u32::MAX))
}

/// The draft to look at after `id`: the next one that waits, or else the first.
pub fn next_pending(store: &Store, workspace: WorkspaceId, id: DraftId) -> Result<Option<DraftId>, StoreError> {
    let keys = store.read(|txn| txn.keys(&PENDING, &Key::of(&PENDING, workspace), Dir::Forward, MOST_PENDING))?;
    let waiting: Vec<DraftId> =
        keys.iter().filter_map(Key::last_id).map(DraftId).filter(|other| *other != id).collect();
    Ok(waiting.iter().find(|other| **other > id).or(waiting.first()).copied())
}

/// All drafts, newest first.
pub fn list_newest(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Draft>, StoreError> {
    let page = store.page(&DRAFTS, &Key::of(&DRAFTS, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, draft)| draft))
}

/// Drafts that answer a reply, oldest first.
pub fn list_of_reply(txn: &mut Txn<'_>, workspace: WorkspaceId, reply: ReplyId) -> Result<Vec<Draft>, StoreError> {
    let keys = txn.keys(&BY_REPLY, &Key::of(&BY_REPLY, workspace).id(reply.0), Dir::Forward, MOST_OF_REPLY)?;
    by_keys(txn, workspace, &keys)
}

/// Drafts to a contact, newest first.
pub(super) fn newest_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Draft>, StoreError> {
    let keys = txn.keys(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(contact.0), Dir::Backward, limit)?;
    by_keys(txn, workspace, &keys)
}

fn of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    limit: usize,
) -> Result<Vec<Draft>, StoreError> {
    let keys = txn.keys(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(contact.0), Dir::Forward, limit)?;
    by_keys(txn, workspace, &keys)
}

fn by_keys(txn: &mut Txn<'_>, workspace: WorkspaceId, keys: &[Key]) -> Result<Vec<Draft>, StoreError> {
    let ids = keys.iter().filter_map(Key::last_id).map(DraftId);
    ids.filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

/// Rows of one person read in one go for an export.
const EXPORTED: usize = 200;

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(Vec::new()) };
    let prefix = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = store.key_page(&BY_CONTACT, &prefix, after.as_ref(), Dir::Forward, EXPORTED)?;
        let drafts = store.read(|txn| by_keys(txn, workspace, &page.rows))?;
        rows.extend(drafts.iter().filter_map(|draft| serde_json::to_value(draft).ok()));
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, contact) = person else { return Ok(0) };
    let mut gone = 0;
    loop {
        let count = store.write_reserved(|txn| {
            let drafts = of_contact(txn, workspace, contact, 12)?;
            for draft in &drafts {
                remove(txn, draft)?;
            }
            Ok::<_, StoreError>(drafts.len())
        })?;
        gone += count;
        if count == 0 {
            return Ok(gone);
        }
    }
}

fn remove(txn: &mut Txn<'_>, draft: &Draft) -> Result<(), StoreError> {
    let (workspace, id) = (draft.workspace, draft.id.0);
    txn.remove(&PENDING, &Key::of(&PENDING, workspace).id(id))?;
    if let Some(reply) = draft.reply {
        txn.remove(&BY_REPLY, &Key::of(&BY_REPLY, workspace).id(reply.0).id(id))?;
    }
    txn.remove(&BY_CONTACT, &Key::of(&BY_CONTACT, workspace).id(draft.contact.0).id(id))?;
    txn.remove(&DRAFTS, &key(workspace, draft.id))
}
