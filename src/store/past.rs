//! How one moment is read while writers go on: each commit first lays aside what it is about to replace, and the
//! reader sees those rows instead of the new ones. What the reader has passed is not kept any more.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::{Dir, Entry, KeyRange, StoreError};
use super::overlay::{rows_under, Base, Batch, Writes};
use super::schema::Tree;

/// Rows per page: the writers wait while one is read.
const PAGE: usize = 500;
/// A reader so slow, or writers so busy, that more than this is laid aside must try again later.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// What was replaced since a reader began. Nothing is kept while there is none.
#[derive(Default)]
pub struct Past {
    kept: Mutex<Option<Kept>>,
    turn: Mutex<()>,
}

#[derive(Default)]
struct Kept {
    trees: BTreeMap<Tree, Writes>,
    bytes: usize,
    /// Everything before this place was read.
    at: Option<(Tree, Vec<u8>)>,
}

/// Ends the keeping when dropped.
pub struct Watching<'a>(&'a Past);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl Past {
    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One reader at a time: a second one waits here, before it holds up any writer.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on replaced rows are kept. Called while no commit runs.
    pub fn begin(&self) -> Result<Watching<'_>, StoreError> {
        let mut kept = self.lock();
        if kept.is_some() {
            return Err(StoreError::Engine("a backup is being made already".into()));
        }
        *kept = Some(Kept::default());
        Ok(Watching(self))
    }

    /// Called by the writer before its commit is applied.
    pub fn keep(&self, base: &dyn Base, writes: &Batch) -> Result<(), StoreError> {
        let mut kept = self.lock();
        let Some(kept) = kept.as_mut() else { return Ok(()) };
        for (tree, rows) in writes {
            for key in rows.keys() {
                kept.keep_row(base, *tree, key)?;
            }
        }
        Ok(())
    }

    /// The next rows of a tree from `start` on, as they were. Called while no commit runs.
    pub fn page(&self, base: &dyn Base, tree: Tree, start: &[u8]) -> Result<Vec<Entry>, StoreError> {
        let mut kept = self.lock();
        let kept = kept.as_mut().ok_or_else(|| StoreError::Engine("no moment is kept".into()))?;
        if kept.bytes > MOST_BYTES {
            return Err(StoreError::Engine(
                "too much changed while the backup was made; it is tried again later".into(),
            ));
        }
        kept.forget_before(tree, start);
        // Above every key: keys begin with a workspace id, and UUIDv7 never begins with sixteen 0xFF.
        let range = KeyRange { start: start.to_vec(), end: vec![0xFF; 64] };
        rows_under(base, kept.trees.get(&tree), tree, &range, Dir::Forward, PAGE)
    }
}

impl Kept {
    fn keep_row(&mut self, base: &dyn Base, tree: Tree, key: &[u8]) -> Result<(), StoreError> {
        let passed = self.at.as_ref().is_some_and(|(at, start)| (tree, key) < (*at, start.as_slice()));
        if passed || self.bytes > MOST_BYTES {
            return Ok(());
        }
        let rows = self.trees.entry(tree).or_default();
        if !rows.contains_key(key) {
            let before = base.get(tree, key)?;
            self.bytes += key.len() + before.as_ref().map_or(0, Vec::len) + 64;
            rows.insert(key.to_vec(), before);
        }
        Ok(())
    }

    fn forget_before(&mut self, tree: Tree, start: &[u8]) {
        self.trees.retain(|kept, _| *kept >= tree);
        if let Some(rows) = self.trees.get_mut(&tree) {
            *rows = rows.split_off(start);
        }
        self.bytes =
            self.trees.values().flatten().map(|(key, old)| key.len() + old.as_ref().map_or(0, Vec::len) + 64).sum();
        self.at = Some((tree, start.to_vec()));
    }
}
