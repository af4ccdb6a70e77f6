//! What every engine must do, run on each of them: memory, sled, and sled behind the engine that runs
//! closures twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;

use super::*;
use crate::base::{UnixMillis, INSTANCE};

const ROWS: Table<String> =
    Table::sealed(0x7100, "rows", Tree::Contacts, Holds::Nothing, Retention::Account, "For these tests.");
const COUNTERS: Table<u64> =
    Table::sealed(0x7101, "counters", Tree::Counters, Holds::Nothing, Retention::Account, "For these tests.");
const MARKS: Table<()> = Table::index(0x7102, "marks", "For these tests.");

struct Subject {
    name: &'static str,
    store: Store,
    _dir: tempfile::TempDir,
}

fn subjects() -> Vec<Subject> {
    let make = |name, engine: &dyn Fn(&std::path::Path) -> Arc<dyn Engine>| {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyRing::open(&dir.path().join("keys.slots"), &MasterKey::new([9; 32])).unwrap();
        Subject { name, store: Store::new(engine(dir.path()), Arc::new(keys)), _dir: dir }
    };
    let sled = |dir: &std::path::Path| {
        let options = SledOptions { min_free_bytes: 0, ..SledOptions::at(&dir.join("store")) };
        SledEngine::open(&options).unwrap()
    };
    vec![
        make("memory", &|_| Arc::new(MemoryEngine::default())),
        make("sled", &|dir| Arc::new(sled(dir))),
        make("sled, closures twice", &|dir| Arc::new(RerunEngine(sled(dir)))),
    ]
}

fn row(n: u32) -> Key {
    Key::of(&ROWS, INSTANCE).u32(n)
}

#[test]
fn a_transaction_sees_its_own_writes_and_leaves_nothing_when_it_fails() {
    for Subject { name, store, .. } in subjects() {
        let failed: Result<(), StoreError> = store.write(|txn| {
            txn.put(&ROWS, &row(1), &"one".into())?;
            assert_eq!(txn.get(&ROWS, &row(1))?, Some("one".into()), "{name}");
            txn.remove(&ROWS, &row(1))?;
            assert_eq!(txn.get(&ROWS, &row(1))?, None, "{name}");
            txn.put(&ROWS, &row(2), &"two".into())?;
            Err(StoreError::Exists)
        });
        assert_eq!(failed, Err(StoreError::Exists), "{name}");
        assert_eq!(store.get(&ROWS, &row(2)).unwrap(), None, "{name}");
    }
}

#[test]
fn ranges_join_what_is_stored_with_what_was_just_written() {
    for Subject { name, store, .. } in subjects() {
        let write = |n: u32, text: &str| store.write(|txn| txn.put(&ROWS, &row(n), &text.to_owned())).unwrap();
        [1, 3, 5, 7].into_iter().for_each(|n| write(n, "stored"));
        let lists = |dir, limit| {
            store.write::<_, StoreError>(|txn| {
                txn.put(&ROWS, &row(2), &"new".into())?;
                txn.put(&ROWS, &row(3), &"changed".into())?;
                txn.remove(&ROWS, &row(5))?;
                let rows = txn.list(&ROWS, &Key::of(&ROWS, INSTANCE), dir, limit)?;
                Ok(rows.into_iter().map(|(key, text)| format!("{}:{text}", key.rest()[3])).collect::<Vec<_>>())
            })
        };
        assert_eq!(lists(Dir::Forward, 10).unwrap(), ["1:stored", "2:new", "3:changed", "7:stored"], "{name}");
        assert_eq!(lists(Dir::Backward, 3).unwrap(), ["7:stored", "3:changed", "2:new"], "{name}");
    }
}

#[test]
fn concurrent_counting_loses_nothing_and_a_place_is_given_once() {
    for Subject { name, store, .. } in subjects() {
        let won = AtomicUsize::new(0);
        thread::scope(|scope| {
            for writer in 0..8_u32 {
                let (store, won) = (&store, &won);
                scope.spawn(move || {
                    for n in 0..25 {
                        let count = Key::of(&COUNTERS, INSTANCE);
                        store
                            .write::<_, StoreError>(|txn| {
                                let before = txn.get(&COUNTERS, &count)?.unwrap_or(0);
                                txn.put(&COUNTERS, &count, &(before + 1))
                            })
                            .unwrap();
                        let place = row(1000 + n);
                        if store.write(|txn| txn.insert_new(&ROWS, &place, &writer.to_string())).is_ok() {
                            won.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(store.get(&COUNTERS, &Key::of(&COUNTERS, INSTANCE)).unwrap(), Some(200), "{name}");
        assert_eq!(won.load(Ordering::SeqCst), 25, "{name}: each place once");
    }
}

#[test]
fn pages_follow_each_other_without_gap_and_never_leave_their_prefix() {
    for Subject { name, store, .. } in subjects() {
        let other = WorkspaceId::new(UnixMillis(5));
        store.keys().add_owner(other).unwrap();
        for n in 0..7 {
            store.write(|txn| txn.put(&ROWS, &row(n), &n.to_string())).unwrap();
        }
        let foreign = Key::of(&ROWS, other).u32(1);
        store.write(|txn| txn.put(&ROWS, &foreign, &"foreign".into())).unwrap();
        for dir in [Dir::Forward, Dir::Backward] {
            let mut seen = Vec::new();
            let mut cursor = None;
            loop {
                let page = store.page(&ROWS, &Key::of(&ROWS, INSTANCE), cursor.as_ref(), dir, 3).unwrap();
                seen.extend(page.rows.into_iter().map(|(_, text)| text));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            if dir == Dir::Backward {
                seen.reverse();
            }
            assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"], "{name}");
        }
        let hostile = Cursor(vec![0xFF; 40]);
        for dir in [Dir::Forward, Dir::Backward] {
            let page = store.page(&ROWS, &Key::of(&ROWS, INSTANCE), Some(&hostile), dir, 100).unwrap();
            assert!(page.rows.iter().all(|(_, text)| text != "foreign"), "{name}");
        }
    }
}

#[test]
fn large_values_stand_in_parts_and_leave_none_behind() {
    for Subject { name, store, .. } in subjects() {
        let parts = || {
            let all = KeyRange { start: vec![0], end: vec![0xFF; 40] };
            store.engine().page(Tree::Chunks, &all, Dir::Forward, 100).unwrap().len()
        };
        let long = "é".repeat(20_000);
        store.write(|txn| txn.put(&ROWS, &row(1), &long)).unwrap();
        assert_eq!(store.get(&ROWS, &row(1)).unwrap(), Some(long), "{name}");
        assert!(parts() > 1, "{name}");
        store.write(|txn| txn.put(&ROWS, &row(1), &"short".into())).unwrap();
        assert_eq!((store.get(&ROWS, &row(1)).unwrap(), parts()), (Some("short".into()), 0), "{name}");
    }
}

#[test]
fn a_transaction_within_a_transaction_and_a_write_in_a_view_are_refused() {
    for Subject { name, store, .. } in subjects() {
        let write = store.read(|txn| txn.put(&ROWS, &row(1), &"x".into()));
        assert_eq!(write, Err(StoreError::ReadOnly), "{name}");
        if name != "memory" {
            let nested = store.write(|_| store.get(&ROWS, &row(1)));
            assert_eq!(nested, Err(StoreError::Nested), "{name}");
        }
    }
}

#[test]
fn nothing_readable_and_no_unsealed_value_reaches_the_engine() {
    for Subject { name, store, .. } in subjects() {
        store.write(|txn| txn.put(&ROWS, &row(1), &"ada@example.com".into())).unwrap();
        store.write(|txn| txn.mark(&MARKS, &Key::of(&MARKS, INSTANCE).u8(1))).unwrap();
        for tree in Tree::ALL {
            let all = KeyRange { start: vec![0], end: vec![0xFF; 40] };
            for (key, value) in store.engine().page(tree, &all, Dir::Forward, 1000).unwrap() {
                assert!(value.is_empty() || value[0] == 1, "{name}: {key:?}");
                assert!(!value.windows(3).any(|part| part == b"ada"), "{name}");
            }
        }
    }
}

#[test]
fn each_commit_is_covered_by_an_fdatasync() {
    for Subject { name, store, .. } in subjects() {
        for n in 0..5 {
            let before = store.health().syncs;
            store.write(|txn| txn.put(&ROWS, &row(n), &"x".into())).unwrap();
            assert!(store.health().syncs > before, "{name}");
        }
    }
}

#[test]
fn a_full_disk_refuses_new_work_and_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(std::sync::atomic::AtomicU64::new(1 << 40));
    let probe = free.clone();
    let options = OpenOptions {
        free_space: Arc::new(move |_| Ok(probe.load(Ordering::SeqCst))),
        ..OpenOptions::at(&dir.path().join("data"))
    };
    let folder = DataFolder::open(&options, &MasterKey::new([9; 32])).unwrap();
    let put = || folder.store.write(|txn| txn.put(&ROWS, &row(1), &"x".into()));
    put().unwrap();
    free.store(1 << 20, Ordering::SeqCst);
    // The disk is looked at twice a second.
    let refused = (0..1_000_000).map(|_| put()).find(|outcome| outcome.is_err());
    assert!(matches!(refused, Some(Err(StoreError::DiskFull { free_mib: 1, .. }))), "{refused:?}");
    assert_eq!(folder.store.get(&ROWS, &row(1)).unwrap(), Some("x".into()), "reading goes on");
    free.store(1 << 40, Ordering::SeqCst);
    put().unwrap();
}

#[test]
fn a_second_server_and_a_wrong_key_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::at(&dir.path().join("data"));
    let folder = DataFolder::open(&options, &MasterKey::new([9; 32])).unwrap();
    assert!(matches!(DataFolder::open(&options, &MasterKey::new([9; 32])), Err(OpenError::InUse(_))));
    folder.store.close().unwrap();
    drop(folder);
    let wrong = DataFolder::open(&options, &MasterKey::new([8; 32])).err().unwrap();
    assert!(matches!(wrong, OpenError::Store(StoreError::Keys(_))), "{wrong}");
    DataFolder::open(&options, &MasterKey::new([9; 32])).unwrap();
}
