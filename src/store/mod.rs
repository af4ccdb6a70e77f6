//! The store: one folder, one writer, everything sealed.
//!
//! Always true here:
//! - `write` returns `Ok` only after the change survives a power cut (group commit with fdatasync).
//! - Closures may run more than once: no I/O, no clock, no randomness, no sending in them.
//! - Every value is sealed; keys hold random ids, times and keyed hashes only.
//! - Keys begin with the workspace, and a page's cursor is relative to its prefix, so nothing that comes
//!   from outside can reach into another workspace.

pub mod backup;
mod codec;
mod disk;
mod engine;
mod envelope;
pub mod erased;
mod flusher;
mod folder;
mod gathered;
mod inspect;
mod key;
mod keys;
mod memory;
mod overlay;
mod past;
mod rerun;
mod schema;
mod sled_engine;
mod slots;
mod table;
mod txn;
mod unpack;
mod wipe;
mod xchacha;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash_tests;

use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use disk::{real_free_space, FreeSpace};
pub use engine::{successor, Dir, Engine, Health, KeyRange, RunError, StoreError, TxError};
pub use folder::{DataFolder, OpenError, OpenOptions, Restored};
pub use inspect::Checked;
pub use key::{read_time, Key, HEAD};
pub use keys::{KeyRing, MasterKey, SecretSlot};
pub use memory::MemoryEngine;
pub use rerun::RerunEngine;
pub use schema::Tree;
pub use sled_engine::{SledEngine, SledOptions};
pub use table::{Declared, EraseFn, ExportFn, Holds, Person, Retention, Table, TableInfo};
pub use txn::Txn;
pub use unpack::from_slice as read_packed;

use crate::base::{Cursor, Page, WorkspaceId};

/// The tables of the store itself.
pub fn own_tables() -> Vec<Declared> {
    vec![Declared::plain(&folder::INSTANCE_FACTS), Declared::plain(&folder::RESTORED)]
}

/// Bumped when an older program could no longer read what this one writes.
pub const SCHEMA: u32 = 1;

/// Rows one page may hold.
pub const MAX_PAGE: usize = 500;

/// A secret sealed with a key of its own, so that it can be erased by itself: see `Store::seal_secret`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct SealedSecret {
    slot: SecretSlot,
    bytes: Vec<u8>,
}

#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    keys: Arc<KeyRing>,
    bell: Arc<OnceLock<Bell>>,
}

/// Rung after a commit that asked for it: there is new work in the queue.
pub type Bell = Box<dyn Fn() + Send + Sync>;

/// Which way of the engine runs a closure.
type How<'a> = &'a mut dyn FnMut(&dyn Engine, engine::Closure<'_>) -> Result<(), RunError>;

impl Store {
    pub fn new(engine: Arc<dyn Engine>, keys: Arc<KeyRing>) -> Self {
        Self { engine, keys, bell: Arc::default() }
    }

    /// Sets what is rung after commits with new work; the first setting stays.
    pub fn on_new_work(&self, bell: Bell) {
        let _ = self.bell.set(bell);
    }

    /// Runs `closure` as one durable transaction. Its error aborts: nothing is written.
    pub fn write<T, E>(&self, closure: impl FnMut(&mut Txn<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.run(&mut |engine, work| engine.run(work), closure)
    }

    /// As `write`, for what must be recorded even when the disk is nearly full and new work is refused: what came
    /// of an effect, an opt-out, an erasure, clean-up.
    pub fn write_reserved<T, E>(&self, closure: impl FnMut(&mut Txn<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.run(&mut |engine, work| engine.run_reserved(work), closure)
    }

    /// Runs `closure` over one consistent state; writes in it fail.
    pub fn read<T, E>(&self, closure: impl FnMut(&mut Txn<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.run(&mut |engine, work| engine.view(work), closure)
    }

    fn run<T, E>(&self, how: How<'_>, mut closure: impl FnMut(&mut Txn<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let mut answer = None;
        self.run_plain(how, &mut |txn| answer.insert(closure(txn)).is_ok())?;
        answer.unwrap_or_else(|| Err(did_not_run().into()))
    }

    /// The same without the closure's types, so that it is in the program once. `closure` says whether its changes are
    /// kept; an error is the store's own.
    fn run_plain(&self, how: How<'_>, closure: &mut dyn FnMut(&mut Txn<'_>) -> bool) -> Result<(), StoreError> {
        let mut ring = false;
        let mut last = Ok(());
        let run = how(&*self.engine, &mut |tx| {
            let mut txn = Txn::new(tx, &self.keys);
            let is_kept = closure(&mut txn);
            // Hands what was changed to the engine; in a read it refuses.
            last = if is_kept { txn.seal_changes() } else { Ok(()) };
            ring = txn.new_work;
            if txn.conflicted {
                last = Err(did_not_run());
                return Err(TxError::Conflict);
            }
            if is_kept && last.is_ok() {
                return Ok(());
            }
            Err(TxError::Abort)
        });
        if let Err(RunError::Storage(error)) = run {
            return Err(error);
        }
        if let (Ok(()), true, Some(bell)) = (&run, ring, self.bell.get()) {
            bell();
        }
        last
    }

    /// One row by itself. It is whole at every moment, so no writer is waited for.
    pub fn get<V: DeserializeOwned + Clone + 'static>(
        &self,
        table: &Table<V>,
        key: &Key,
    ) -> Result<Option<V>, StoreError> {
        let tree = table.info.tree;
        let Some(stored) = self.engine.get(tree, key.as_bytes())? else { return Ok(None) };
        if !txn::is_whole(&stored) {
            // The parts of a large value must be of one moment.
            return self.read(|txn| txn.get(table, key));
        }
        let data_key = self.keys.by_id(envelope::key_id(tree, &stored)?)?;
        codec::decode(tree, &envelope::open(&data_key, tree, key.as_bytes(), &stored)?).map(Some)
    }

    /// One page of the rows under `prefix`. The cursor is relative to the prefix.
    pub fn page<V: DeserializeOwned>(
        &self,
        table: &Table<V>,
        prefix: &Key,
        after: Option<&Cursor>,
        dir: Dir,
        limit: usize,
    ) -> Result<Page<(Key, V)>, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let range = after_cursor(prefix, after, dir);
        let mut rows = self.read(|txn| txn.list_range(table, &range, dir, limit + 1))?;
        let next = cut(&mut rows, limit, prefix);
        Ok(Page { rows, next })
    }

    /// One page of keys under `prefix`, no value opened.
    pub fn key_page<V>(
        &self,
        table: &Table<V>,
        prefix: &Key,
        after: Option<&Cursor>,
        dir: Dir,
        limit: usize,
    ) -> Result<Page<Key>, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let range = after_cursor(prefix, after, dir);
        let keys = self.read(|txn| txn.keys_range(table, &range, dir, limit + 1))?;
        let mut rows: Vec<(Key, ())> = keys.into_iter().map(|key| (key, ())).collect();
        let next = cut(&mut rows, limit, prefix);
        Ok(Page { rows: rows.into_iter().map(|(key, ())| key).collect(), next })
    }

    /// Walks all rows under `prefix` in pages, each a consistent state of its own. For exports and housekeeping.
    pub fn each<V: DeserializeOwned, E: From<StoreError>>(
        &self,
        table: &Table<V>,
        prefix: &Key,
        mut visit: impl FnMut(Key, V) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut cursor = None;
        loop {
            let page = self.page(table, prefix, cursor.as_ref(), Dir::Forward, 200)?;
            for (key, value) in page.rows {
                visit(key, value)?;
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// All rows under `prefix` as JSON, for the person whom they are about.
    pub fn export_all<V: DeserializeOwned + Serialize>(
        &self,
        table: &Table<V>,
        prefix: &Key,
    ) -> Result<Vec<serde_json::Value>, StoreError> {
        let mut rows = Vec::new();
        self.each(table, prefix, |_, row| {
            rows.extend(serde_json::to_value(row).ok());
            Ok::<_, StoreError>(())
        })?;
        Ok(rows)
    }

    /// Removes all rows under `prefix`, some at a time, from what is kept back for removing; gives how many there were.
    pub fn remove_all<V>(&self, table: &Table<V>, prefix: &Key) -> Result<usize, StoreError> {
        const AT_ONCE: usize = 50;
        let mut gone = 0;
        loop {
            let some = self.write_reserved(|txn| {
                let keys = txn.keys(table, prefix, Dir::Forward, AT_ONCE)?;
                keys.iter().try_for_each(|key| txn.remove(table, key))?;
                Ok::<_, StoreError>(keys.len())
            })?;
            gone += some;
            if some < AT_ONCE {
                return Ok(gone);
            }
        }
    }

    /// Seals a secret with a new key of its own. The returned value may be stored in any record of `owner`.
    pub fn seal_secret(&self, owner: WorkspaceId, plain: &[u8]) -> Result<SealedSecret, StoreError> {
        let slot = self.keys.add_secret(owner)?;
        self.reseal_secret(slot, plain)
    }

    /// Seals a changed secret (a refreshed token) with the key it already has.
    pub fn reseal_secret(&self, slot: SecretSlot, plain: &[u8]) -> Result<SealedSecret, StoreError> {
        let key = self.keys.by_id(slot.0)?;
        let bytes = envelope::seal(&key, slot.0, Tree::Meta, b"secret", plain)?;
        Ok(SealedSecret { slot, bytes })
    }

    pub fn open_secret(&self, secret: &SealedSecret) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let key = self.keys.by_id(secret.slot.0)?;
        envelope::open(&key, Tree::Meta, b"secret", &secret.bytes).map(zeroize::Zeroizing::new)
    }

    /// Erases the secret's key on disk before it returns.
    pub fn shred_secret(&self, secret: &SealedSecret) -> Result<(), StoreError> {
        self.keys.shred_secret(secret.slot)
    }

    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    pub fn blind(&self, owner: WorkspaceId, field: &str, normalized: &str) -> Result<[u8; 16], StoreError> {
        self.keys.blind(owner, field, normalized)
    }

    pub fn health(&self) -> Health {
        self.engine.health()
    }

    pub fn close(&self) -> Result<(), StoreError> {
        self.engine.close()
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }
}

impl SealedSecret {
    pub fn slot(&self) -> SecretSlot {
        self.slot
    }
}

fn did_not_run() -> StoreError {
    StoreError::Engine("the transaction did not run".into())
}

/// The part of `prefix` that lies behind the cursor. Whatever the cursor holds, the range stays inside the prefix.
fn after_cursor(prefix: &Key, after: Option<&Cursor>, dir: Dir) -> KeyRange {
    let mut range = prefix.as_prefix();
    let Some(cursor) = after else { return range };
    let mut last = prefix.as_bytes().to_vec();
    last.extend_from_slice(&cursor.0);
    match dir {
        Dir::Forward => {
            last.push(0);
            range.start = last;
        }
        Dir::Backward => range.end = last,
    }
    range
}

fn cut<V>(rows: &mut Vec<(Key, V)>, limit: usize, prefix: &Key) -> Option<Cursor> {
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(|(key, _)| Cursor(key.as_bytes()[prefix.as_bytes().len()..].to_vec()))
}
