//! Taking out of the sums what bookings had added that were erased when the sums still kept it.
//!
//! All bookings are read for it, page by page, and nobody waits meanwhile. Each row of a week carries a stamp that every
//! change of it renews: where it is the same before and after, no booking of the row changed while they were read, and
//! what was read is what the row should say. Rows that did change are read for anew.

use std::collections::BTreeMap;

use super::store::{row_key, Row, Sums, COUNTED, WEEKS};
use crate::base::WorkspaceId;
use crate::store::{Key, Store, StoreError};

/// Rows put right in one transaction.
const WEEKS_AT_ONCE: usize = 50;
/// How often all is read before the rest is left for another day; each time fewer rows have changed in between.
const ROUNDS: usize = 10;

/// `false`: bookings changed all the while, and some rows are still to be looked at. `meanwhile` is called between
/// reading and writing.
pub(super) fn drop_erased(
    store: &Store,
    workspace: WorkspaceId,
    mut meanwhile: impl FnMut(),
) -> Result<bool, StoreError> {
    for _ in 0..ROUNDS {
        let before = weeks(store, workspace)?;
        let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
        store.each(&COUNTED, &Key::of(&COUNTED, workspace), |_, counted| {
            sums.entry(row_key(workspace, &counted)).or_default().change(&counted, 1);
            Ok::<_, StoreError>(())
        })?;
        meanwhile();
        if put_right(store, &before, &weeks(store, workspace)?, &sums)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn weeks(store: &Store, workspace: WorkspaceId) -> Result<BTreeMap<Key, Row>, StoreError> {
    let mut rows = BTreeMap::new();
    store.each(&WEEKS, &Key::of(&WEEKS, workspace), |key, row| {
        rows.insert(key, row);
        Ok::<_, StoreError>(())
    })?;
    Ok(rows)
}

/// Whether all rows that there were before are known to be right.
fn put_right(
    store: &Store,
    before: &BTreeMap<Key, Row>,
    after: &BTreeMap<Key, Row>,
    sums: &BTreeMap<Key, Sums>,
) -> Result<bool, StoreError> {
    // A row that is new or gone since was written by what happened to its bookings, from nothing or to nothing.
    let both = || before.iter().filter_map(|(key, row)| after.get(key).map(|now| (key, row, now)));
    let mut is_sure = both().all(|(_, row, now)| row.stamp == now.stamp);
    let unchanged = both().filter(|(_, row, now)| row.stamp == now.stamp);
    let right = |key: &Key| sums.get(key).cloned().unwrap_or_default();
    let wrong: Vec<(&Key, &Row, Sums)> =
        unchanged.map(|(key, row, _)| (key, row, right(key))).filter(|(_, row, right)| row.sums != *right).collect();
    for some in wrong.chunks(WEEKS_AT_ONCE) {
        is_sure &= store.write(|txn| {
            let mut are_all = true;
            for (key, row, right) in some {
                match txn.get(&WEEKS, key)?.filter(|now| now.stamp == row.stamp) {
                    Some(_) if right.booked == 0 => txn.remove(&WEEKS, key)?,
                    Some(now) => txn.put(&WEEKS, key, &Row { sums: right.clone(), ..now }.renewed())?,
                    None => are_all = false,
                }
            }
            Ok::<_, StoreError>(are_all)
        })?;
    }
    Ok(is_sure)
}
