//! A transaction as rooms see it: typed rows, sealed on the way in, opened on the way out.

use std::any::Any;
use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::Serialize;

use super::codec::{decode, encode};
use super::engine::{Dir, KeyRange, StoreError, Tx};
use super::envelope::{self, DataKey};
use super::key::Key;
use super::keys::KeyRing;
use super::schema::Tree;
use super::table::Table;
use crate::base::{WorkspaceId, INSTANCE};

/// Values above this many bytes are cut into parts: a page of sled holds up to 17 records, and pages over
/// 128 KiB become files that it never syncs.
const PART_BYTES: usize = 6 * 1024;
/// First byte of a value that stands in parts: `02 | count u16`. A sealed value begins with 01.
const IN_PARTS: u8 = 2;
/// Rows one range call may return inside a transaction.
const MAX_ROWS: usize = 1000;

pub struct Txn<'a> {
    tx: &'a mut dyn Tx,
    keys: &'a KeyRing,
    // A ring lookup takes a lock; a transaction uses one or two keys many times.
    current: HashMap<WorkspaceId, (u32, DataKey)>,
    opened: Opened,
    pub(super) conflicted: bool,
    pub(super) new_work: bool,
}

impl<'a> Txn<'a> {
    pub(super) fn new(tx: &'a mut dyn Tx, keys: &'a KeyRing) -> Self {
        Self { tx, keys, current: HashMap::new(), opened: Opened::default(), conflicted: false, new_work: false }
    }

    pub fn get<V: DeserializeOwned + Clone + 'static>(
        &mut self,
        table: &Table<V>,
        key: &Key,
    ) -> Result<Option<V>, StoreError> {
        let tree = table.info.tree;
        if let Some(plain) = self.opened.rows.get_mut(key.as_bytes()) {
            return plain.value(tree).map(Some);
        }
        let Some(stored) = self.raw_get(tree, key.as_bytes())? else { return Ok(None) };
        if !is_whole(&stored) {
            return self.open_value(tree, key.as_bytes(), stored).map(Some);
        }
        let mut plain = Plain::stored(tree, self.open_stored(tree, key.as_bytes(), stored)?);
        let value = plain.value(tree)?;
        self.opened.note(key, plain);
        Ok(Some(value))
    }

    /// Writes a row, replacing an earlier one.
    pub fn put<V: Serialize>(&mut self, table: &Table<V>, key: &Key, value: &V) -> Result<(), StoreError> {
        self.write(table, key, value, false)
    }

    /// As `put`, for a key that was never written (it holds an id made just now): nothing earlier is looked for.
    pub fn put_fresh<V: Serialize>(&mut self, table: &Table<V>, key: &Key, value: &V) -> Result<(), StoreError> {
        self.write(table, key, value, true)
    }

    fn write<V: Serialize>(
        &mut self,
        table: &Table<V>,
        key: &Key,
        value: &V,
        is_fresh: bool,
    ) -> Result<(), StoreError> {
        let tree = table.info.tree;
        if table.info.keys_only {
            return self.raw_put(tree, key.as_bytes(), &[]);
        }
        let plain = encode(tree, value)?;
        if !is_fresh {
            self.drop_parts(tree, key)?;
        }
        if plain.len() + envelope::OVERHEAD > PART_BYTES {
            return self.put_in_parts(table, key, &plain);
        }
        match self.opened.note_change(tree, key, plain) {
            Ok(()) => Ok(()),
            Err(plain) => self.put_sealed(tree, key.as_bytes(), &plain),
        }
    }

    fn seal(&mut self, tree: Tree, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let owner = key.get(..16).and_then(WorkspaceId::from_slice).unwrap_or(INSTANCE);
        let (key_id, data_key) = self.data_key(owner)?;
        envelope::seal(&data_key, key_id, tree, key, plain)
    }

    fn put_sealed(&mut self, tree: Tree, key: &[u8], plain: &[u8]) -> Result<(), StoreError> {
        let sealed = self.seal(tree, key, plain)?;
        self.raw_put(tree, key, &sealed)
    }

    fn put_in_parts<V>(&mut self, table: &Table<V>, key: &Key, plain: &[u8]) -> Result<(), StoreError> {
        let tree = table.info.tree;
        self.opened.forget(key);
        let sealed = self.seal(tree, key.as_bytes(), plain)?;
        let parts: Vec<&[u8]> = sealed.chunks(PART_BYTES).collect();
        let count = u16::try_from(parts.len())
            .map_err(|_| StoreError::Engine(format!("{}: a value is too large", table.info.name)))?;
        for (number, part) in (0_u16..).zip(parts) {
            self.raw_put(Tree::Chunks, &part_key(tree, key.as_bytes(), number), part)?;
        }
        let [high, low] = count.to_be_bytes();
        self.raw_put(tree, key.as_bytes(), &[IN_PARTS, high, low])
    }

    /// Seals what was changed: a row that one act changes several times is sealed once.
    pub(super) fn seal_changes(&mut self) -> Result<(), StoreError> {
        for (key, tree, plain) in self.opened.take_changes(None) {
            self.put_sealed(tree, &key, &plain)?;
        }
        Ok(())
    }

    /// Writes a row that must be new.
    pub fn insert_new<V: Serialize>(&mut self, table: &Table<V>, key: &Key, value: &V) -> Result<(), StoreError> {
        if self.exists(table, key)? {
            return Err(StoreError::Exists);
        }
        self.put(table, key, value)
    }

    pub fn exists<V>(&mut self, table: &Table<V>, key: &Key) -> Result<bool, StoreError> {
        Ok(self.opened.has(key) || self.raw_get(table.info.tree, key.as_bytes())?.is_some())
    }

    /// Removes a row; nothing happens when there is none.
    pub fn remove<V>(&mut self, table: &Table<V>, key: &Key) -> Result<(), StoreError> {
        if !table.info.keys_only {
            self.drop_parts(table.info.tree, key)?;
            self.opened.forget(key);
        }
        self.raw_del(table.info.tree, key.as_bytes())
    }

    /// Adds a row to a table of keys.
    pub fn mark(&mut self, table: &Table<()>, key: &Key) -> Result<(), StoreError> {
        self.raw_put(table.info.tree, key.as_bytes(), &[])
    }

    /// Rows whose key begins with `prefix`, opened, in key order or backwards.
    pub fn list<V: DeserializeOwned>(
        &mut self,
        table: &Table<V>,
        prefix: &Key,
        dir: Dir,
        limit: usize,
    ) -> Result<Vec<(Key, V)>, StoreError> {
        self.list_range(table, &prefix.as_prefix(), dir, limit)
    }

    pub fn list_range<V: DeserializeOwned>(
        &mut self,
        table: &Table<V>,
        range: &KeyRange,
        dir: Dir,
        limit: usize,
    ) -> Result<Vec<(Key, V)>, StoreError> {
        let tree = table.info.tree;
        let rows = self.raw_range(tree, range, dir, limit)?;
        rows.into_iter()
            .map(|(key, stored)| {
                let value = self.open_value(tree, &key, stored)?;
                Ok((Key(key), value))
            })
            .collect()
    }

    /// Keys that begin with `prefix`, without opening any value.
    pub fn keys<V>(&mut self, table: &Table<V>, prefix: &Key, dir: Dir, limit: usize) -> Result<Vec<Key>, StoreError> {
        self.keys_range(table, &prefix.as_prefix(), dir, limit)
    }

    pub fn keys_range<V>(
        &mut self,
        table: &Table<V>,
        range: &KeyRange,
        dir: Dir,
        limit: usize,
    ) -> Result<Vec<Key>, StoreError> {
        let rows = self.raw_range(table.info.tree, range, dir, limit)?;
        Ok(rows.into_iter().map(|(key, _)| Key(key)).collect())
    }

    /// Rings the scheduler once this transaction is durable.
    pub fn announce_work(&mut self) {
        self.new_work = true;
    }

    /// A keyed hash of a normalised value, for keys (see `KeyRing::blind`).
    pub fn blind(&self, owner: WorkspaceId, field: &str, normalized: &str) -> Result<[u8; 16], StoreError> {
        self.keys.blind(owner, field, normalized)
    }

    fn open_value<V: DeserializeOwned>(&mut self, tree: Tree, key: &[u8], stored: Vec<u8>) -> Result<V, StoreError> {
        // Rows of a table of keys have no value; `()` decodes from nothing.
        if stored.is_empty() {
            return decode(tree, &[0xC0]);
        }
        decode(tree, &self.open_stored(tree, key, stored)?)
    }

    fn open_stored(&mut self, tree: Tree, key: &[u8], stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let sealed = match stored.as_slice() {
            [IN_PARTS, high, low] => self.join_parts(tree, key, u16::from_be_bytes([*high, *low]))?,
            _ => stored,
        };
        let id = envelope::key_id(tree, &sealed)?;
        let data_key = self.key_by_id(id)?;
        envelope::open(&data_key, tree, key, &sealed)
    }

    /// A record's bytes, opened but not decoded.
    pub(super) fn open_raw(&mut self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.raw_get(tree, key)? {
            Some(stored) => self.open_stored(tree, key, stored).map(Some),
            None => Ok(None),
        }
    }

    /// Removes a row of whatever table.
    pub(super) fn wipe(&mut self, tree: Tree, key: &[u8]) -> Result<(), StoreError> {
        self.raw_del(tree, key)
    }

    #[cfg(test)]
    pub(super) fn put_raw(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.raw_put(tree, key, value)
    }

    fn join_parts(&mut self, tree: Tree, key: &[u8], count: u16) -> Result<Vec<u8>, StoreError> {
        let mut sealed = Vec::with_capacity(usize::from(count) * PART_BYTES);
        for number in 0..count {
            let part = self.raw_get(Tree::Chunks, &part_key(tree, key, number))?;
            sealed.extend(part.ok_or(StoreError::Corrupt { tree: tree.name(), detail: "a part is missing".into() })?);
        }
        Ok(sealed)
    }

    /// Removes the parts of a value that is about to be replaced. What was opened or written whole has none.
    fn drop_parts(&mut self, tree: Tree, key: &Key) -> Result<(), StoreError> {
        if self.opened.has(key) {
            return Ok(());
        }
        if let Some([IN_PARTS, high, low]) = self.raw_get(tree, key.as_bytes())?.as_deref() {
            for number in 0..u16::from_be_bytes([*high, *low]) {
                self.raw_del(Tree::Chunks, &part_key(tree, key.as_bytes(), number))?;
            }
        }
        Ok(())
    }

    fn data_key(&mut self, owner: WorkspaceId) -> Result<(u32, DataKey), StoreError> {
        if let Some(known) = self.current.get(&owner) {
            return Ok(known.clone());
        }
        let found = self.keys.data_key(owner)?;
        self.current.insert(owner, found.clone());
        Ok(found)
    }

    fn key_by_id(&self, id: u32) -> Result<DataKey, StoreError> {
        match self.current.values().find(|(known, _)| *known == id) {
            Some((_, key)) => Ok(key.clone()),
            None => self.keys.by_id(id),
        }
    }

    fn raw_get(&mut self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let outcome = self.tx.get(tree, key);
        self.watch(outcome)
    }

    fn raw_put(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let outcome = self.tx.put(tree, key, value);
        self.watch(outcome)
    }

    fn raw_del(&mut self, tree: Tree, key: &[u8]) -> Result<(), StoreError> {
        let outcome = self.tx.del(tree, key);
        self.watch(outcome)
    }

    fn raw_range(
        &mut self,
        tree: Tree,
        range: &KeyRange,
        dir: Dir,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        if limit > MAX_ROWS {
            return Err(StoreError::TooManyRows(MAX_ROWS));
        }
        for (key, tree, plain) in self.opened.take_changes(Some(tree)) {
            self.put_sealed(tree, &key, &plain)?;
        }
        let outcome = self.tx.range(tree, range, dir, limit);
        self.watch(outcome)
    }

    /// Remembers that the engine asked for another run, however the closure words its own error.
    fn watch<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(outcome, Err(StoreError::Conflict)) {
            self.conflicted = true;
        }
        outcome
    }
}

/// A sealed value that stands in one row; not one in parts, nor a row of a table of keys.
pub(super) fn is_whole(stored: &[u8]) -> bool {
    stored.first().is_some_and(|first| *first != IN_PARTS)
}

/// Values that a transaction has opened or written whole, in the clear: the checks of one act ask for the same
/// mailbox, worker and counters again and again. A key names its table, so it stands for one row of one tree.
#[derive(Default)]
struct Opened {
    rows: HashMap<Vec<u8>, Plain>,
    changed: usize,
}

struct Plain {
    tree: Tree,
    bytes: Vec<u8>,
    /// The bytes as a value, once somebody asked for it.
    value: Option<Box<dyn Any>>,
    /// Not yet sealed and handed to the engine.
    is_changed: bool,
}

impl Plain {
    fn stored(tree: Tree, bytes: Vec<u8>) -> Self {
        Self { tree, bytes, value: None, is_changed: false }
    }

    fn value<V: DeserializeOwned + Clone + 'static>(&mut self, tree: Tree) -> Result<V, StoreError> {
        if let Some(value) = self.value.as_ref().and_then(|value| value.downcast_ref::<V>()) {
            return Ok(value.clone());
        }
        let value: V = decode(tree, &self.bytes)?;
        self.value = Some(Box::new(value.clone()));
        Ok(value)
    }
}

impl Opened {
    /// Rows remembered; a transaction on many rows seldom asks for one twice.
    const MOST: usize = 64;

    fn has(&self, key: &Key) -> bool {
        self.rows.contains_key(key.as_bytes())
    }

    fn note(&mut self, key: &Key, plain: Plain) {
        if self.rows.len() < Self::MOST {
            self.rows.insert(key.as_bytes().to_vec(), plain);
        }
    }

    /// Gives the value back when there is no room for it.
    fn note_change(&mut self, tree: Tree, key: &Key, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        if self.rows.len() >= Self::MOST && !self.rows.contains_key(key.as_bytes()) {
            return Err(bytes);
        }
        let changed = Plain { is_changed: true, ..Plain::stored(tree, bytes) };
        let before = self.rows.insert(key.as_bytes().to_vec(), changed);
        self.changed += usize::from(!before.is_some_and(|before| before.is_changed));
        Ok(())
    }

    fn forget(&mut self, key: &Key) {
        if self.rows.remove(key.as_bytes()).is_some_and(|plain| plain.is_changed) {
            self.changed -= 1;
        }
    }

    /// What is changed and not sealed, of one tree or all.
    fn take_changes(&mut self, tree: Option<Tree>) -> Vec<(Vec<u8>, Tree, Vec<u8>)> {
        if self.changed == 0 {
            return Vec::new();
        }
        let wanted = |plain: &Plain| plain.is_changed && tree.is_none_or(|tree| tree == plain.tree);
        let mut changes = Vec::with_capacity(self.changed);
        for (key, plain) in self.rows.iter_mut().filter(|(_, plain)| wanted(plain)) {
            plain.is_changed = false;
            changes.push((key.clone(), plain.tree, plain.bytes.clone()));
        }
        self.changed -= changes.len();
        changes
    }
}

fn part_key(tree: Tree, key: &[u8], number: u16) -> Vec<u8> {
    // The workspace stays in front, so that parts go with their tenant.
    let mut part = Vec::with_capacity(key.len() + 3);
    let (workspace, rest) = key.split_at(key.len().min(16));
    part.extend_from_slice(workspace);
    part.push(tree as u8);
    part.extend_from_slice(rest);
    part.extend_from_slice(&number.to_be_bytes());
    part
}
