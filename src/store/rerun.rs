//! The engine that runs every closure twice and drops the first result, so that a closure which counts,
//! draws lots or sends something shows itself in the tests.

use super::engine::{Closure, Dir, Engine, Entry, Health, KeyRange, RunError, StoreError, TxError, Visit};
use super::schema::Tree;

pub struct RerunEngine<E>(pub E);

impl<E: Engine> Engine for RerunEngine<E> {
    fn run(&self, closure: Closure<'_>) -> Result<(), RunError> {
        twice(closure, |closure| self.0.run(closure))
    }

    fn run_reserved(&self, closure: Closure<'_>) -> Result<(), RunError> {
        twice(closure, |closure| self.0.run_reserved(closure))
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

    fn snapshot(&self, visit: Visit<'_>) -> Result<(), StoreError> {
        self.0.snapshot(visit)
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn close(&self) -> Result<(), StoreError> {
        self.0.close()
    }
}

fn twice(closure: Closure<'_>, run: impl Fn(Closure<'_>) -> Result<(), RunError>) -> Result<(), RunError> {
    let mut first = |tx: &mut dyn super::engine::Tx| {
        closure(tx)?;
        Err(TxError::Abort)
    };
    match run(&mut first) {
        // The first pass always aborts; whether the closure itself aborted shows in the second.
        Ok(()) | Err(RunError::Aborted) => run(closure),
        Err(error) => Err(error),
    }
}
