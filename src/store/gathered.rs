//! Commits that wait for the next sync. They are seen by everybody from the moment they are made, and handed to the
//! engine together: one native transaction for all of them, in which a counter that eight commits changed is written
//! once. A crash loses them all, and nobody was told that one of them stands.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::engine::{Dir, KeyRange, StoreError};
use super::overlay::{merged, written_rows, Batch, Rows, Written};
use super::schema::Tree;

#[derive(Default)]
pub struct Gathered(RwLock<Batch>);

impl Gathered {
    fn read(&self) -> RwLockReadGuard<'_, Batch> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a commit. Called by the one writer.
    pub fn add(&self, writes: Batch) {
        let mut gathered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (tree, rows) in writes {
            gathered.entry(tree).or_default().extend(rows);
        }
    }

    /// What waits to be written at this place: `Some(None)` for a row that is to go.
    pub fn find(&self, tree: Tree, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.read().get(&tree)?.get(key).cloned()
    }

    /// Lays what waits over `stored`, the engine's rows of the same range.
    pub fn over<'a>(&self, stored: Rows<'a>, tree: Tree, range: &KeyRange, dir: Dir) -> Rows<'a> {
        let written: Vec<Written> = match self.read().get(&tree) {
            Some(writes) => written_rows(writes, range, dir).collect(),
            None => Vec::new(),
        };
        if written.is_empty() {
            return stored;
        }
        merged(stored, written.into_iter(), dir)
    }

    /// Gives all to the engine. It is seen here until the engine has it. Called while no commit is made.
    pub fn hand_over(&self, apply: impl FnOnce(&Batch) -> Result<(), StoreError>) -> Result<(), StoreError> {
        {
            let gathered = self.read();
            if gathered.is_empty() {
                return Ok(());
            }
            apply(&gathered)?;
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }
}
