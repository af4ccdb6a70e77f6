//! Rows of contacts and their indexes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fold;
use super::model::Contact;
use super::search::{self, Pending};
use super::tags;
use crate::base::{ContactId, Cursor, EmailAddress, Page, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, KeyRange, Person, Retention, Store, StoreError, Table, Tree, Txn};

/// A contact with its number. Numbers are given once, upwards, so the search index can name people by four bytes
/// and list them newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub ordinal: u32,
    pub contact: Contact,
}

/// What is counted of a workspace, so that no page has to count.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub people: u64,
    pub next_ordinal: u32,
    pub next_pending: u64,
}

const CONTACTS: Table<Row> = Table::sealed(
    0x0801,
    "contacts",
    Tree::Contacts,
    Holds::Contact,
    Retention::UntilErased,
    "Whom the workspace writes to, with what is known about them.",
);
const BY_ADDRESS: Table<ContactId> = Table::sealed(
    0x0802,
    "contacts_by_address",
    Tree::Index,
    Holds::Nothing,
    Retention::UntilErased,
    "Which contact has an address, by keyed hash, so that each is there once.",
);
const COUNTS: Table<Counts> = Table::sealed(
    0x0804,
    "contacts_counts",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "How many contacts there are.",
);
const ORDINALS: Table<Vec<ContactId>> = Table::sealed(
    0x0805,
    "contacts_by_number",
    Tree::Search,
    Holds::Nothing,
    Retention::UntilErased,
    "Which contact has a number of the search index.",
);

pub(super) const TABLES: &[Declared] = &[
    Declared::personal(&CONTACTS, export, erase),
    Declared::plain(&BY_ADDRESS),
    Declared::plain(&COUNTS),
    Declared::plain(&ORDINALS),
];

/// Numbers in one row of `ORDINALS`.
const PER_ROW: u32 = 128;

fn key(workspace: WorkspaceId, id: ContactId) -> Key {
    Key::of(&CONTACTS, workspace).id(id.0)
}

fn address_key(txn: &Txn<'_>, workspace: WorkspaceId, address: &EmailAddress) -> Result<Key, StoreError> {
    let hash = txn.blind(workspace, "contact address", address.compare())?;
    Ok(Key::of(&BY_ADDRESS, workspace).bytes(&hash))
}

fn numbers_key(workspace: WorkspaceId, ordinal: u32) -> Key {
    Key::of(&ORDINALS, workspace).u32(ordinal / PER_ROW)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, StoreError> {
    Ok(txn.get(&CONTACTS, &key(workspace, id))?.map(|row| row.contact))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: ContactId) -> Result<Option<Contact>, StoreError> {
    Ok(store.get(&CONTACTS, &key(workspace, id))?.map(|row| row.contact))
}

pub fn find_by_address(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    address: &EmailAddress,
) -> Result<Option<Contact>, StoreError> {
    match find_id_by_address(txn, workspace, address)? {
        Some(id) => find(txn, workspace, id),
        None => Ok(None),
    }
}

pub(super) fn find_id_by_address(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    address: &EmailAddress,
) -> Result<Option<ContactId>, StoreError> {
    let place = address_key(txn, workspace, address)?;
    txn.get(&BY_ADDRESS, &place)
}

/// Newest first.
pub fn list_newest(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    store.read(|txn| page(txn, workspace, before, limit))
}

pub(super) fn page(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Contact>, StoreError> {
    let prefix = Key::of(&CONTACTS, workspace);
    let mut rows = txn.list_range(&CONTACTS, &before_cursor(&prefix, before), Dir::Backward, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(key, _)| Cursor(key.rest().to_vec()));
    Ok(Page { rows: rows.into_iter().map(|(_, row)| row.contact).collect(), next })
}

/// The part of `prefix` before the cursor, which is relative to it.
pub(super) fn before_cursor(prefix: &Key, before: Option<&Cursor>) -> KeyRange {
    let mut range = prefix.as_prefix();
    if let Some(cursor) = before {
        range.end = prefix.clone().bytes(&cursor.0).as_bytes().to_vec();
    }
    range
}

/// How many contacts the workspace has.
pub fn count(store: &Store, workspace: WorkspaceId) -> Result<u64, StoreError> {
    store.read(|txn| Ok(counts(txn, workspace)?.people))
}

pub(super) fn counts(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Counts, StoreError> {
    Ok(txn.get(&COUNTS, &Key::of(&COUNTS, workspace))?.unwrap_or_default())
}

/// The contacts of some numbers; numbers that are nobody's (any more) are left out. Reads each row once when the
/// numbers are in order.
pub(super) struct ByNumber {
    workspace: WorkspaceId,
    read: Option<(u32, Vec<ContactId>)>,
}

impl ByNumber {
    pub fn new(workspace: WorkspaceId) -> Self {
        Self { workspace, read: None }
    }

    pub fn find(&mut self, txn: &mut Txn<'_>, ordinal: u32) -> Result<Option<Contact>, StoreError> {
        let row = ordinal / PER_ROW;
        if self.read.as_ref().is_none_or(|(read, _)| *read != row) {
            let ids = txn.get(&ORDINALS, &numbers_key(self.workspace, ordinal))?.unwrap_or_default();
            self.read = Some((row, ids));
        }
        let ids = self.read.as_ref().map(|(_, ids)| ids.as_slice()).unwrap_or_default();
        match ids.get((ordinal % PER_ROW) as usize) {
            Some(id) if !id.0.is_nil() => find(txn, self.workspace, *id),
            _ => Ok(None),
        }
    }
}

/// Writes a contact with its index rows; `before` is the row it replaces. Fails with `Exists` when another contact
/// has one of the addresses.
pub fn put(txn: &mut Txn<'_>, contact: &Contact, before: Option<&Contact>) -> Result<(), StoreError> {
    let mut writer = Writer::open(txn, contact.workspace)?;
    writer.put(txn, contact, before)?;
    writer.finish(txn)
}

pub(super) fn remove(txn: &mut Txn<'_>, contact: &Contact) -> Result<(), StoreError> {
    let mut writer = Writer::open(txn, contact.workspace)?;
    writer.remove(txn, contact)?;
    writer.finish(txn)
}

/// Writes many contacts in one transaction; what they have in common (counts, numbers, work for the search index)
/// is written once, by `finish`.
pub(super) struct Writer {
    workspace: WorkspaceId,
    counts: Counts,
    tags: BTreeMap<String, i64>,
    numbers: BTreeMap<u32, Vec<(u32, ContactId)>>,
    pending: Pending,
}

impl Writer {
    pub fn open(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let counts = counts(txn, workspace)?;
        Ok(Self { workspace, counts, tags: BTreeMap::new(), numbers: BTreeMap::new(), pending: Pending::default() })
    }

    /// See `put`.
    pub fn put(&mut self, txn: &mut Txn<'_>, contact: &Contact, before: Option<&Contact>) -> Result<(), StoreError> {
        let place = key(self.workspace, contact.id);
        let ordinal = match before {
            None => self.number(contact.id),
            Some(before) => {
                self.forget(txn, before, contact)?;
                match txn.get(&CONTACTS, &place)? {
                    Some(row) => row.ordinal,
                    None => self.number(contact.id),
                }
            }
        };
        self.index_addresses(txn, contact, before)?;
        self.index_tags(txn, contact, before)?;
        self.plan_search(txn, ordinal, before, Some(contact))?;
        txn.put(&CONTACTS, &place, &Row { ordinal, contact: contact.clone() })
    }

    /// Removes a contact with everything that leads to it.
    pub fn remove(&mut self, txn: &mut Txn<'_>, contact: &Contact) -> Result<(), StoreError> {
        let Some(ordinal) = self.unlink(txn, contact)? else { return Ok(()) };
        self.plan_search(txn, ordinal, Some(contact), None)
    }

    /// The same for many at once: their numbers leave the search index in one pass over it.
    pub fn remove_one_of_many(&mut self, txn: &mut Txn<'_>, contact: &Contact) -> Result<(), StoreError> {
        if let Some(ordinal) = self.unlink(txn, contact)? {
            self.pending.dead.push(ordinal);
        }
        Ok(())
    }

    pub fn finish(self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        let mut counts = self.counts;
        for (row, numbers) in &self.numbers {
            let place = numbers_key(self.workspace, row * PER_ROW);
            let mut ids = txn.get(&ORDINALS, &place)?.unwrap_or_default();
            for (ordinal, id) in numbers {
                let at = (ordinal % PER_ROW) as usize;
                if ids.len() <= at {
                    ids.resize(at + 1, ContactId(uuid::Uuid::nil()));
                }
                ids[at] = *id;
            }
            txn.put(&ORDINALS, &place, &ids)?;
        }
        for (tag, change) in &self.tags {
            tags::count(txn, self.workspace, tag, *change)?;
        }
        if !self.pending.is_empty() {
            search::plan(txn, self.workspace, counts.next_pending, &self.pending)?;
            counts.next_pending += 1;
        }
        txn.put(&COUNTS, &Key::of(&COUNTS, self.workspace), &counts)
    }

    fn number(&mut self, id: ContactId) -> u32 {
        let ordinal = self.counts.next_ordinal;
        self.counts.next_ordinal += 1;
        self.counts.people += 1;
        self.set_number(ordinal, id);
        ordinal
    }

    fn set_number(&mut self, ordinal: u32, id: ContactId) {
        self.numbers.entry(ordinal / PER_ROW).or_default().push((ordinal, id));
    }

    /// Takes out index rows of `before` that `after` does not have.
    fn forget(&mut self, txn: &mut Txn<'_>, before: &Contact, after: &Contact) -> Result<(), StoreError> {
        for address in before.addresses.iter().filter(|address| !after.addresses.contains(address)) {
            let place = address_key(txn, self.workspace, address)?;
            txn.remove(&BY_ADDRESS, &place)?;
        }
        for tag in before.tags.iter().filter(|tag| !after.tags.contains(tag)) {
            tags::unmark(txn, self.workspace, tag, before.id)?;
            *self.tags.entry(tag.clone()).or_default() -= 1;
        }
        Ok(())
    }

    fn index_addresses(
        &mut self,
        txn: &mut Txn<'_>,
        contact: &Contact,
        before: Option<&Contact>,
    ) -> Result<(), StoreError> {
        for address in &contact.addresses {
            if before.is_some_and(|before| before.addresses.contains(address)) {
                continue;
            }
            let place = address_key(txn, self.workspace, address)?;
            match txn.get(&BY_ADDRESS, &place)? {
                Some(other) if other != contact.id => return Err(StoreError::Exists),
                _ => txn.put(&BY_ADDRESS, &place, &contact.id)?,
            }
        }
        Ok(())
    }

    fn index_tags(&mut self, txn: &mut Txn<'_>, contact: &Contact, before: Option<&Contact>) -> Result<(), StoreError> {
        for tag in &contact.tags {
            if before.is_some_and(|before| before.tags.contains(tag)) {
                continue;
            }
            tags::mark(txn, self.workspace, tag, contact.id)?;
            *self.tags.entry(tag.clone()).or_default() += 1;
        }
        Ok(())
    }

    fn unlink(&mut self, txn: &mut Txn<'_>, contact: &Contact) -> Result<Option<u32>, StoreError> {
        let place = key(self.workspace, contact.id);
        let Some(row) = txn.get(&CONTACTS, &place)? else { return Ok(None) };
        let nothing = Contact { addresses: Vec::new(), tags: Vec::new(), ..contact.clone() };
        self.forget(txn, contact, &nothing)?;
        self.set_number(row.ordinal, ContactId(uuid::Uuid::nil()));
        self.counts.people = self.counts.people.saturating_sub(1);
        txn.remove(&CONTACTS, &place)?;
        Ok(Some(row.ordinal))
    }

    /// Leaves work for the search index where words changed.
    fn plan_search(
        &mut self,
        txn: &Txn<'_>,
        ordinal: u32,
        before: Option<&Contact>,
        after: Option<&Contact>,
    ) -> Result<(), StoreError> {
        let Some(before) = before else {
            self.pending.added.push(ordinal);
            return Ok(());
        };
        let old = fold::beginnings_of(before);
        let new = after.map(fold::beginnings_of).unwrap_or_default();
        if after.is_some() && !new.is_subset(&old) {
            self.pending.added.push(ordinal);
        }
        let gone: Result<Vec<u64>, StoreError> =
            old.difference(&new).map(|word| search::term(txn, self.workspace, word)).collect();
        let gone = gone?;
        if !gone.is_empty() {
            self.pending.gone.push((ordinal, gone));
        }
        Ok(())
    }
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(Vec::new()) };
    Ok(get(store, workspace, id)?.and_then(|contact| serde_json::to_value(contact).ok()).into_iter().collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(0) };
    store.write_reserved(|txn| match find(txn, workspace, id)? {
        Some(contact) => remove(txn, &contact).map(|()| 1),
        None => Ok(0),
    })
}
