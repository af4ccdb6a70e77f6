//! Commits that wait for the next sync. They are seen by everybody from the moment they are made, and handed to the
//! engine together: one native transaction for all of them, in which a counter that eight commits changed is written
//! once. While the engine takes some in, the next ones gather above them. A crash loses them all, and nobody was told
//! that one of them stands.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::engine::{Dir, KeyRange, StoreError};
use super::overlay::{merged, written_rows, Batch, Change, Rows};
use super::schema::Tree;

#[derive(Default)]
pub struct Gathered(RwLock<Layers>);

#[derive(Default)]
struct Layers {
    /// Made since the engine was last handed something: lies over what is `in_hand`.
    waiting: Batch,
    /// What the engine is taking in.
    in_hand: Arc<Batch>,
}

impl Gathered {
    fn read(&self) -> RwLockReadGuard<'_, Layers> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Layers> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a commit. Called by the one writer.
    pub fn add(&self, writes: Batch) {
        let mut layers = self.write();
        for (tree, rows) in writes {
            layers.waiting.entry(tree).or_default().extend(rows);
        }
    }

    /// What waits to be written at this place: `Some(None)` for a row that is to go.
    pub fn find(&self, tree: Tree, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let layers = self.read();
        let found = |batch: &Batch| batch.get(&tree).and_then(|rows| rows.get(key)).cloned();
        found(&layers.waiting).or_else(|| found(&layers.in_hand))
    }

    /// Lays what waits over `stored`, the engine's rows of the same range.
    pub fn over<'a>(&self, stored: Rows<'a>, tree: Tree, range: &KeyRange, dir: Dir) -> Rows<'a> {
        let written = {
            let layers = self.read();
            [&*layers.in_hand, &layers.waiting].map(|batch| rows_within(batch, tree, range, dir))
        };
        written
            .into_iter()
            .filter(|rows| !rows.is_empty())
            .fold(stored, |below, rows| merged(below, rows.into_iter(), dir))
    }

    /// Takes all that waits in hand; what comes later waits for the next time. Called while no commit is made.
    pub fn take_in_hand(&self) {
        let mut layers = self.write();
        debug_assert!(layers.in_hand.is_empty(), "the engine has not taken in what it was given before");
        layers.in_hand = Arc::new(std::mem::take(&mut layers.waiting));
    }

    /// Gives what is in hand to the engine. It is seen here until the engine has it; commits may go on meanwhile.
    pub fn hand_over(&self, apply: impl FnOnce(&Batch) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let in_hand = Arc::clone(&self.read().in_hand);
        if in_hand.is_empty() {
            return Ok(());
        }
        apply(&in_hand)?;
        self.write().in_hand = Arc::default();
        Ok(())
    }
}

fn rows_within(batch: &Batch, tree: Tree, range: &KeyRange, dir: Dir) -> Vec<Change> {
    batch.get(&tree).map_or_else(Vec::new, |writes| written_rows(writes, range, dir).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: Tree = Tree::Contacts;

    fn commit(rows: &[(&str, Option<&str>)]) -> Batch {
        let bytes = |text: &str| text.as_bytes().to_vec();
        Batch::from([(TREE, rows.iter().map(|(key, value)| (bytes(key), value.map(bytes))).collect())])
    }

    fn seen(gathered: &Gathered, stored: &[(&str, &str)], dir: Dir) -> Vec<String> {
        let mut rows: Vec<_> = stored.iter().map(|(k, v)| Ok((k.as_bytes().to_vec(), v.as_bytes().to_vec()))).collect();
        if dir == Dir::Backward {
            rows.reverse();
        }
        let range = KeyRange { start: b"a".to_vec(), end: b"z".to_vec() };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let over = gathered.over(Box::new(rows.into_iter()), TREE, &range, dir);
        over.map(|row| row.unwrap()).map(|(key, value)| format!("{}={}", text(key), text(value))).collect()
    }

    #[test]
    fn what_comes_while_the_engine_works_lies_over_what_it_takes_in() {
        let gathered = Gathered::default();
        gathered.add(commit(&[("b", Some("1")), ("c", Some("1")), ("d", None)]));
        gathered.take_in_hand();
        gathered.add(commit(&[("b", Some("2")), ("c", None), ("e", Some("2"))]));
        let stored = [("a", "0"), ("b", "0"), ("d", "0")];
        assert_eq!(seen(&gathered, &stored, Dir::Forward), ["a=0", "b=2", "e=2"]);
        assert_eq!(seen(&gathered, &stored, Dir::Backward), ["e=2", "b=2", "a=0"]);
        assert_eq!(gathered.find(TREE, b"b"), Some(Some(b"2".to_vec())));
        assert_eq!(gathered.find(TREE, b"c"), Some(None), "removed, whatever lies below");
        assert_eq!(gathered.find(TREE, b"d"), Some(None));
        assert_eq!(gathered.find(TREE, b"a"), None);
    }

    #[test]
    fn only_what_was_in_hand_is_handed_over_and_it_is_seen_until_then() {
        let gathered = Gathered::default();
        gathered.add(commit(&[("b", Some("1"))]));
        gathered.take_in_hand();
        let given = gathered.hand_over(|batch| {
            gathered.add(commit(&[("c", Some("2"))]));
            assert_eq!(*batch, commit(&[("b", Some("1"))]));
            assert_eq!(seen(&gathered, &[], Dir::Forward), ["b=1", "c=2"]);
            Ok(())
        });
        assert_eq!(given, Ok(()));
        assert_eq!(seen(&gathered, &[("b", "1")], Dir::Forward), ["b=1", "c=2"]);
        gathered.take_in_hand();
        let given = gathered.hand_over(|batch| {
            assert_eq!(*batch, commit(&[("c", Some("2"))]));
            Ok(())
        });
        assert_eq!(given, Ok(()));
        assert_eq!(gathered.find(TREE, b"c"), None, "the engine has it");
    }

    #[test]
    fn what_the_engine_refused_is_still_seen() {
        let gathered = Gathered::default();
        gathered.add(commit(&[("b", Some("1"))]));
        gathered.take_in_hand();
        assert_eq!(gathered.hand_over(|_| Err(StoreError::Poisoned)), Err(StoreError::Poisoned));
        assert_eq!(gathered.find(TREE, b"b"), Some(Some(b"1".to_vec())));
    }
}
