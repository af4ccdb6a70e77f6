//! A transaction over an engine that only knows single reads and atomic batches: writes gather in memory,
//! reads see them on top of what is stored.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::engine::{Dir, Entry, KeyRange, StoreError, Tx, Written};
use super::schema::Tree;

pub type Rows<'a> = Box<dyn Iterator<Item = Result<Entry, StoreError>> + 'a>;

/// The stored state below an overlay.
pub trait Base {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    fn rows<'a>(&'a self, tree: Tree, range: &KeyRange, dir: Dir) -> Rows<'a>;
}

/// Writes of one tree: `None` means removed.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;
/// Writes of several trees.
pub type Batch = BTreeMap<Tree, Writes>;

/// How many rows a batch writes or removes, and the bytes of their keys and values.
pub fn size_of(batch: &Batch) -> Written {
    let rows = batch.values().flatten();
    let length = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| (key.len() + value.as_ref().map_or(0, Vec::len)) as u64;
    Written { rows: batch.values().map(|rows| rows.len() as u64).sum(), bytes: rows.map(length).sum() }
}

pub struct Overlay<'a> {
    base: &'a dyn Base,
    writes: Batch,
    read_only: bool,
}

impl<'a> Overlay<'a> {
    pub fn new(base: &'a dyn Base) -> Self {
        Self { base, writes: BTreeMap::new(), read_only: false }
    }

    pub fn read_only(base: &'a dyn Base) -> Self {
        Self { base, writes: BTreeMap::new(), read_only: true }
    }

    pub fn into_writes(self) -> Batch {
        self.writes
    }

    fn write(&mut self, tree: Tree, key: &[u8], value: Option<Vec<u8>>) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly);
        }
        self.writes.entry(tree).or_default().insert(key.to_vec(), value);
        Ok(())
    }
}

impl Tx for Overlay<'_> {
    fn get(&mut self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(&tree).and_then(|writes| writes.get(key)) {
            Some(written) => Ok(written.clone()),
            None => self.base.get(tree, key),
        }
    }

    fn put(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.write(tree, key, Some(value.to_vec()))
    }

    fn del(&mut self, tree: Tree, key: &[u8]) -> Result<(), StoreError> {
        self.write(tree, key, None)
    }

    fn range(&mut self, tree: Tree, range: &KeyRange, dir: Dir, limit: usize) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        rows_under(self.base, self.writes.get(&tree), tree, range, dir, limit)
    }
}

/// Rows of `base` as they are with `writes` laid over them.
pub fn rows_under(
    base: &dyn Base,
    writes: Option<&Writes>,
    tree: Tree,
    range: &KeyRange,
    dir: Dir,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let stored = base.rows(tree, range, dir);
    match writes {
        None => stored.take(limit).collect(),
        Some(writes) => merged(stored, written_rows(writes, range, dir), dir).take(limit).collect(),
    }
}

/// A row that was written, or removed.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

pub fn written_rows<'a>(writes: &'a Writes, range: &KeyRange, dir: Dir) -> Box<dyn Iterator<Item = Change> + 'a> {
    let bounds = (Bound::Included(range.start.clone()), Bound::Excluded(range.end.clone()));
    let rows = writes.range::<Vec<u8>, _>(bounds).map(|(key, value)| (key.clone(), value.clone()));
    match dir {
        Dir::Forward => Box::new(rows),
        Dir::Backward => Box::new(rows.rev()),
    }
}

/// Joins two streams that go in the same direction; where both have a key, what was written counts.
pub fn merged<'a>(stored: Rows<'a>, written: impl Iterator<Item = Change> + 'a, dir: Dir) -> Rows<'a> {
    let (mut stored, mut written) = (stored.peekable(), written.peekable());
    Box::new(std::iter::from_fn(move || loop {
        let order = match (stored.peek(), written.peek()) {
            (None, None) => return None,
            (Some(Err(_)), _) => return stored.next(),
            (Some(Ok(_)), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(Ok((a, _))), Some((b, _))) if dir == Dir::Forward => a.cmp(b),
            (Some(Ok((a, _))), Some((b, _))) => b.cmp(a),
        };
        if order.is_lt() {
            return stored.next();
        }
        if order.is_eq() {
            stored.next();
        }
        if let Some((key, Some(value))) = written.next() {
            return Some(Ok((key, value)));
        }
    }))
}
