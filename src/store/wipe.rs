//! Erasing a whole workspace: by what its keys begin with, tree by tree, so that no table can be forgotten.

use super::engine::{Dir, KeyRange, StoreError};
use super::schema::Tree;
use super::Store;
use crate::base::{WorkspaceId, INSTANCE};

/// Rows removed in one transaction.
const BATCH: usize = 50;

impl Store {
    /// Removes every row whose key begins with `owner`, in all trees, parts of large values included. Again is
    /// harmless. Returns how many rows went. The instance's own rows cannot be removed like this.
    pub fn wipe(&self, owner: WorkspaceId) -> Result<u64, StoreError> {
        if owner == INSTANCE {
            return Err(StoreError::Engine("the instance is no workspace".into()));
        }
        let range = KeyRange::prefix(owner.as_bytes());
        let mut gone = 0;
        for tree in Tree::ALL {
            loop {
                let keys = self.engine().page(tree, &range, Dir::Forward, BATCH)?;
                if keys.is_empty() {
                    break;
                }
                self.write_reserved(|txn| keys.iter().try_for_each(|(key, _)| txn.wipe(tree, key)))?;
                gone += keys.len() as u64;
            }
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Holds, Key, Retention, Table};
    use crate::testing;

    const LONG: Table<Vec<u8>> =
        Table::sealed(0x7f01, "long_values", Tree::Messages, Holds::Nothing, Retention::Served, "For this test only.");

    #[test]
    fn a_wiped_workspace_leaves_no_row_and_no_part_of_one_and_its_neighbour_stays() {
        let test = testing::app();
        let store = &test.app.store;
        let next_door = testing::add_workspace(&test.app, "Lakeside", "lakeside");
        for owner in [test.workspace, next_door, INSTANCE] {
            let long = vec![7_u8; 40_000];
            let put = |number| store.write(|txn| txn.put(&LONG, &Key::of(&LONG, owner).u32(number), &long));
            (0..60).try_for_each(put).unwrap_or_else(|error: StoreError| panic!("{error}"));
        }
        assert!(store.wipe(test.workspace).unwrap() > 60, "with the parts");
        assert_eq!(store.wipe(test.workspace).unwrap(), 0);
        for (owner, left) in [(test.workspace, 0), (next_door, 60), (INSTANCE, 60)] {
            let keys = store.read(|txn| txn.keys(&LONG, &Key::of(&LONG, owner), Dir::Forward, 100));
            assert_eq!(keys.unwrap_or_else(|error: StoreError| panic!("{error}")).len(), left);
        }
        for tree in Tree::ALL {
            let rows =
                store.engine().page(tree, &KeyRange::prefix(test.workspace.as_bytes()), Dir::Forward, 9).unwrap();
            assert!(rows.is_empty(), "{}", tree.name());
        }
        assert!(store.wipe(INSTANCE).is_err());
    }
}
