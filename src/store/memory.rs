//! The engine without a disk, for tests of everything above the store.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::engine::{Closure, Dir, Engine, Entry, Health, KeyRange, RunError, StoreError, TxError, Visit};
use super::overlay::{Base, Overlay, Rows};
use super::schema::Tree;

#[derive(Default)]
pub struct MemoryEngine {
    trees: RwLock<Trees>,
    commits: AtomicU64,
}

#[derive(Default)]
struct Trees(BTreeMap<Tree, BTreeMap<Vec<u8>, Vec<u8>>>);

impl Base for Trees {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(&tree).and_then(|rows| rows.get(key)).cloned())
    }

    fn rows<'a>(&'a self, tree: Tree, range: &KeyRange, dir: Dir) -> Rows<'a> {
        let Some(rows) = self.0.get(&tree) else { return Box::new(std::iter::empty()) };
        let bounds = (Bound::Included(range.start.clone()), Bound::Excluded(range.end.clone()));
        let rows = rows.range::<Vec<u8>, _>(bounds).map(|(key, value)| Ok((key.clone(), value.clone())));
        match dir {
            Dir::Forward => Box::new(rows),
            Dir::Backward => Box::new(rows.rev()),
        }
    }
}

impl Engine for MemoryEngine {
    fn run(&self, closure: Closure<'_>) -> Result<(), RunError> {
        let mut trees = self.trees.write().unwrap_or_else(PoisonError::into_inner);
        let writes = {
            let mut overlay = Overlay::new(&*trees);
            closure(&mut overlay).map_err(finished)?;
            overlay.into_writes()
        };
        for (tree, rows) in writes {
            let stored = trees.0.entry(tree).or_default();
            for (key, value) in rows {
                match value {
                    Some(value) => stored.insert(key, value),
                    None => stored.remove(&key),
                };
            }
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn view(&self, closure: Closure<'_>) -> Result<(), RunError> {
        let trees = self.trees.read().unwrap_or_else(PoisonError::into_inner);
        closure(&mut Overlay::read_only(&*trees)).map_err(finished)
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.trees.read().unwrap_or_else(PoisonError::into_inner).get(tree, key)
    }

    fn page(&self, tree: Tree, range: &KeyRange, dir: Dir, limit: usize) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let trees = self.trees.read().unwrap_or_else(PoisonError::into_inner);
        trees.rows(tree, range, dir).take(limit).collect()
    }

    fn snapshot(&self, visit: Visit<'_>) -> Result<(), StoreError> {
        let trees = self.trees.read().unwrap_or_else(PoisonError::into_inner);
        for (tree, rows) in &trees.0 {
            let rows: Vec<Entry> = rows.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            visit(*tree, &rows)?;
        }
        Ok(())
    }

    fn health(&self) -> Health {
        let commits = self.commits.load(Ordering::Relaxed);
        Health { commits, syncs: commits, ..Health::default() }
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A single writer never conflicts; the variant is the closure's own way to ask for another run.
pub(super) fn finished(error: TxError) -> RunError {
    match error {
        TxError::Abort => RunError::Aborted,
        TxError::Conflict => RunError::Storage(StoreError::Conflict),
        TxError::Storage(error) => RunError::Storage(error),
    }
}
