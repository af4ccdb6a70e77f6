//! The engine that runs every closure twice and drops the first result, so that a closure which counts,
//! draws lots or sends something shows itself in the tests.

use super::engine::{Closure, Dir, Engine, Entry, Health, KeyRange, RunError, StoreError, TxError};
use super::schema::Tree;

pub struct RerunEngine<E>(pub E);

impl<E: Engine> Engine for RerunEngine<E> {
    fn run(&self, closure: Closure<'_>) -> Result<(), RunError> {
        let mut first = |tx: &mut dyn super::engine::Tx| {
            closure(tx)?;
            Err(TxError::Abort)
        };
        match self.0.run(&mut first) {
            // The first pass always aborts; whether the closure itself aborted shows in the second.
            Ok(()) | Err(RunError::Aborted) => self.0.run(closure),
            Err(error) => Err(error),
        }
    }

    fn view(&self, closure: Closure<'_>) -> Result<(), RunError> {
        self.0.view(closure)
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(tree, key)
    }

    fn page(&self, tree: Tree, range: &KeyRange, dir: Dir, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.0.page(tree, range, dir, limit)
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.0.close()
    }
}
