//! Rows of imports.

use serde::{Deserialize, Serialize};

use super::model::{Import, ImportState, Progress, Refused};
use crate::base::{ContactId, ImportId, WorkspaceId};
use crate::contacts::model::Contact;
use crate::contacts::packed::Packed;
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const IMPORTS: Table<Import> = Table::sealed(
    0x0810,
    "contact_imports",
    Tree::Imports,
    Holds::Nothing,
    Retention::Days(30),
    "Files of contacts that were brought in: what their columns meant and how far they came.",
);
const PROGRESS: Table<Progress> = Table::sealed(
    0x0811,
    "contact_import_progress",
    Tree::Imports,
    Holds::Nothing,
    Retention::Days(30),
    "How far each import has come.",
);
const CHUNKS: Table<Packed> = Table::sealed(
    0x0812,
    "contact_import_files",
    Tree::Imports,
    Holds::Contact,
    Retention::Served,
    "An uploaded file, until it has been imported or thrown away.",
);
const REFUSED: Table<Vec<Refused>> = Table::sealed(
    0x0813,
    "contact_import_refused",
    Tree::Imports,
    Holds::Contact,
    Retention::Days(30),
    "Rows that were not imported, with the reason, so that they can be mended.",
);
const UNDO: Table<Batch> = Table::sealed(
    0x0814,
    "contact_import_undo",
    Tree::Imports,
    Holds::Contact,
    Retention::Days(30),
    "What an import added and changed, so that it can be undone.",
);

const FILE_REASON: &str = "A file waits at most a week for its import and is then removed whole.";
const REFUSED_REASON: &str = "Rows that became nobody's contact; they are removed with their import after 30 days.";

pub(in crate::contacts) const TABLES: &[Declared] = &[
    Declared::plain(&IMPORTS),
    Declared::plain(&PROGRESS),
    Declared::kept(&CHUNKS, |_, _| Ok(Vec::new()), FILE_REASON),
    Declared::kept(&REFUSED, |_, _| Ok(Vec::new()), REFUSED_REASON),
    Declared::personal(&UNDO, export_undo, erase_undo),
];

/// Bytes of the file in one row: sealed it stays below what the store cuts into parts.
pub(in crate::contacts) const CHUNK_BYTES: usize = 6_000;

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Batch {
    pub added: Vec<ContactId>,
    /// As they were before.
    pub changed: Vec<Contact>,
}

fn import_key(workspace: WorkspaceId, id: ImportId) -> Key {
    Key::of(&IMPORTS, workspace).id(id.0)
}

fn batch_key<V>(table: &Table<V>, workspace: WorkspaceId, id: ImportId, number: u32) -> Key {
    Key::of(table, workspace).id(id.0).u32(number)
}

pub(super) fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ImportId) -> Result<Option<Import>, StoreError> {
    txn.get(&IMPORTS, &import_key(workspace, id))
}

pub(super) fn put(txn: &mut Txn<'_>, import: &Import) -> Result<(), StoreError> {
    txn.put(&IMPORTS, &import_key(import.workspace, import.id), import)
}

/// Newest first.
pub(super) fn list(txn: &mut Txn<'_>, workspace: WorkspaceId, limit: usize) -> Result<Vec<Import>, StoreError> {
    let rows = txn.list(&IMPORTS, &Key::of(&IMPORTS, workspace), Dir::Backward, limit)?;
    Ok(rows.into_iter().map(|(_, import)| import).collect())
}

/// The newest import if it is at work.
pub(in crate::contacts) fn running(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
) -> Result<Option<(Import, Progress)>, StoreError> {
    let Some(import) = list(txn, workspace, 1)?.pop() else { return Ok(None) };
    if !matches!(import.state, ImportState::Running | ImportState::Undoing) {
        return Ok(None);
    }
    let progress = progress_of(txn, workspace, import.id)?;
    Ok(Some((import, progress)))
}

pub(in crate::contacts) fn progress_of(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ImportId,
) -> Result<Progress, StoreError> {
    Ok(txn.get(&PROGRESS, &Key::of(&PROGRESS, workspace).id(id.0))?.unwrap_or_default())
}

pub(super) fn put_progress(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ImportId,
    progress: &Progress,
) -> Result<(), StoreError> {
    txn.put(&PROGRESS, &Key::of(&PROGRESS, workspace).id(id.0), progress)
}

pub(super) fn put_chunk(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ImportId,
    number: u32,
    bytes: &[u8],
) -> Result<(), StoreError> {
    txn.put(&CHUNKS, &batch_key(&CHUNKS, workspace, id, number), &Packed(bytes.to_vec()))
}

pub(super) fn put_refused(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ImportId,
    number: u32,
    rows: &Vec<Refused>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    txn.put(&REFUSED, &batch_key(&REFUSED, workspace, id, number), rows)
}

pub(super) fn put_batch(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ImportId,
    number: u32,
    batch: &Batch,
) -> Result<(), StoreError> {
    if batch.added.is_empty() && batch.changed.is_empty() {
        return Ok(());
    }
    txn.put(&UNDO, &batch_key(&UNDO, workspace, id, number), batch)
}

pub(super) fn batch(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ImportId, number: u32) -> Result<Batch, StoreError> {
    Ok(txn.get(&UNDO, &batch_key(&UNDO, workspace, id, number))?.unwrap_or_default())
}

pub(super) fn remove_batch(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ImportId,
    number: u32,
) -> Result<(), StoreError> {
    txn.remove(&UNDO, &batch_key(&UNDO, workspace, id, number))
}

/// Visits the refused rows in the order of the file, pack by pack, until `visit` says enough.
pub(super) fn each_refused(
    store: &Store,
    workspace: WorkspaceId,
    id: ImportId,
    mut visit: impl FnMut(Vec<Refused>) -> bool,
) -> Result<(), StoreError> {
    let prefix = Key::of(&REFUSED, workspace).id(id.0);
    let mut cursor = None;
    loop {
        let page = store.page(&REFUSED, &prefix, cursor.as_ref(), Dir::Forward, 4)?;
        for (_, rows) in page.rows {
            if !visit(rows) {
                return Ok(());
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Removes the uploaded file.
pub(super) fn remove_file(store: &Store, workspace: WorkspaceId, id: ImportId) -> Result<(), StoreError> {
    store.remove_all(&CHUNKS, &Key::of(&CHUNKS, workspace).id(id.0)).map(drop)
}

/// Removes an import with all that is kept of it. Contacts stay.
pub(super) fn remove(store: &Store, workspace: WorkspaceId, id: ImportId) -> Result<(), StoreError> {
    remove_file(store, workspace, id)?;
    store.remove_all(&REFUSED, &Key::of(&REFUSED, workspace).id(id.0))?;
    store.remove_all(&UNDO, &Key::of(&UNDO, workspace).id(id.0))?;
    store.write(|txn| {
        txn.remove(&PROGRESS, &Key::of(&PROGRESS, workspace).id(id.0))?;
        txn.remove(&IMPORTS, &import_key(workspace, id))
    })
}

/// The uploaded file from its beginning, read a few chunks at a time.
pub(super) struct FileReader {
    store: Store,
    prefix: Key,
    next: u32,
    ready: Vec<u8>,
    at: usize,
}

impl FileReader {
    pub fn open(store: &Store, workspace: WorkspaceId, id: ImportId) -> Self {
        let prefix = Key::of(&CHUNKS, workspace).id(id.0);
        Self { store: store.clone(), prefix, next: 0, ready: Vec::new(), at: 0 }
    }

    fn read_on(&mut self) -> Result<(), StoreError> {
        let mut range = self.prefix.as_prefix();
        range.start = self.prefix.clone().u32(self.next).as_bytes().to_vec();
        let rows = self.store.read(|txn| txn.list_range(&CHUNKS, &range, Dir::Forward, 8))?;
        self.next += u32::try_from(rows.len()).unwrap_or(0);
        self.ready = rows.into_iter().flat_map(|(_, chunk)| chunk.0).collect();
        self.at = 0;
        Ok(())
    }
}

impl std::io::Read for FileReader {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.ready.len() {
            self.read_on().map_err(std::io::Error::other)?;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn export_undo(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    store.each(&UNDO, &Key::of(&UNDO, workspace), |_, batch| {
        let before = batch.changed.iter().filter(|contact| contact.id == id);
        rows.extend(before.filter_map(|contact| serde_json::to_value(contact).ok()));
        Ok::<(), StoreError>(())
    })?;
    Ok(rows)
}

fn erase_undo(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(0) };
    let mut places = Vec::new();
    store.each(&UNDO, &Key::of(&UNDO, workspace), |key, batch| {
        if batch.added.contains(&id) || batch.changed.iter().any(|contact| contact.id == id) {
            places.push(key);
        }
        Ok::<(), StoreError>(())
    })?;
    for place in &places {
        store.write_reserved(|txn| {
            let Some(mut batch) = txn.get(&UNDO, place)? else { return Ok(()) };
            batch.added.retain(|own| *own != id);
            batch.changed.retain(|own| own.id != id);
            txn.put(&UNDO, place, &batch)
        })?;
    }
    Ok(places.len())
}
