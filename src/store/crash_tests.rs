//! The program is killed (`kill -9`) again and again while eight threads write; every record and every
//! multi-tree transaction that was acknowledged must be there, whole, at the next start.
//!
//! The child is this test binary itself, started with a filter for the test that writes. A kill does not
//! test a power cut: that an fdatasync stands behind each commit is asserted in `conformance`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::base::INSTANCE;

const FOLDER: &str = "LAUNCHYARD_CRASH_TEST_FOLDER";
const ROUND: &str = "LAUNCHYARD_CRASH_TEST_ROUND";
const ROUNDS: u32 = 30;
const WRITERS: u32 = 8;
/// Acknowledged records before the kill: another number each round, so that it strikes at other moments.
const FEWEST: u32 = 20;

const RECORDS: Table<String> =
    Table::sealed(0x7200, "records", Tree::Contacts, Holds::Nothing, Retention::Account, "For this test.");
const BESIDE: Table<String> =
    Table::sealed(0x7201, "beside", Tree::Audit, Holds::Nothing, Retention::Account, "For this test.");
const INDEX: Table<()> = Table::index(0x7202, "records_index", "For this test.");
const COUNT: Table<u64> =
    Table::sealed(0x7203, "records_count", Tree::Counters, Holds::Nothing, Retention::Account, "For this test.");

fn place<V>(table: &Table<V>, round: u32, writer: u32, number: u32) -> Key {
    Key::of(table, INSTANCE).u32(round).u32(writer).u32(number)
}

fn open(dir: &Path) -> DataFolder {
    let options = OpenOptions { min_free_bytes: 0, ..OpenOptions::at(&dir.join("data")) };
    DataFolder::open(&options, &MasterKey::new([4; 32])).unwrap()
}

/// Four trees in one transaction; every fifth record is long and stands in parts.
fn write(store: &Store, round: u32, writer: u32, number: u32) {
    let long = if number.is_multiple_of(5) { "long ".repeat(3000) } else { String::new() };
    let text = format!("{round} {writer} {number} {long}");
    store
        .write::<_, StoreError>(|txn| {
            txn.put(&RECORDS, &place(&RECORDS, round, writer, number), &text)?;
            txn.put(&BESIDE, &place(&BESIDE, round, writer, number), &text)?;
            txn.mark(&INDEX, &place(&INDEX, round, writer, number))?;
            let count = Key::of(&COUNT, INSTANCE);
            let before = txn.get(&COUNT, &count)?.unwrap_or(0);
            txn.put(&COUNT, &count, &(before + 1))
        })
        .unwrap();
}

/// The child: says which folder is open, then each record once it is acknowledged, until it is killed.
#[test]
fn writes_until_it_is_killed() {
    let (Ok(dir), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else { return };
    let round: u32 = round.parse().unwrap();
    let folder = open(Path::new(&dir));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &folder.store;
            scope.spawn(move || {
                for number in 0.. {
                    write(store, round, writer, number);
                    let line = format!("\nacknowledged {writer} {number}\n");
                    if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

/// Starts the child, kills it after some acknowledgements, and gives all that it had told.
fn run_and_kill(dir: &Path, round: u32) -> Vec<(u32, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["store::crash_tests::writes_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    let enough = (FEWEST + round * 3) as usize;
    let mut killed = false;
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        let mut words = line.split(' ');
        if words.next() != Some("acknowledged") {
            continue;
        }
        let numbers: Vec<u32> = words.filter_map(|word| word.parse().ok()).collect();
        // The last line may have been cut off by the kill.
        if let [writer, number] = numbers[..] {
            told.push((writer, number));
        }
        if told.len() >= enough && !killed {
            killed = true;
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(killed, "round {round}: the child ended by itself after {} records", told.len());
    // A last line without its end may name a shorter number than was meant, and that one was acknowledged before.
    told
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_there_in_part_after_thirty_kills() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = 0;
    for round in 0..ROUNDS {
        let told = run_and_kill(dir.path(), round);
        let folder = open(dir.path());
        let store = &folder.store;
        for (writer, number) in &told {
            let key = place(&RECORDS, round, *writer, *number);
            let found = store.get(&RECORDS, &key).unwrap();
            assert!(found.is_some(), "round {round}: record {number} of writer {writer} was acknowledged and is gone");
        }
        all += check_whole(store, round);
        assert_eq!(store.get(&COUNT, &Key::of(&COUNT, INSTANCE)).unwrap(), Some(all), "round {round}");
        store.close().unwrap();
    }
    let folder = open(dir.path());
    let kept: u64 = (0..ROUNDS).map(|round| count(&folder.store, &RECORDS, round)).sum();
    assert_eq!(kept, all, "what was there after one kill is there after those that followed");
}

/// Every record of the round has its companions in the other trees and no companion is alone. Returns how many
/// records there are.
fn check_whole(store: &Store, round: u32) -> u64 {
    let mut records = 0;
    store
        .each(&RECORDS, &Key::of(&RECORDS, INSTANCE).u32(round), |key, text| {
            records += 1;
            let rest = key.rest();
            assert_eq!(store.get(&BESIDE, &Key::of(&BESIDE, INSTANCE).bytes(rest))?, Some(text));
            assert!(store.read(|txn| txn.exists(&INDEX, &Key::of(&INDEX, INSTANCE).bytes(rest)))?);
            Ok::<(), StoreError>(())
        })
        .unwrap();
    for (name, count) in [("beside", count(store, &BESIDE, round)), ("index", count(store, &INDEX, round))] {
        assert_eq!(count, records, "{name}");
    }
    records
}

fn count<V>(store: &Store, table: &Table<V>, round: u32) -> u64 {
    let (mut rows, mut cursor) = (0, None);
    loop {
        let page =
            store.key_page(table, &Key::of(table, INSTANCE).u32(round), cursor.as_ref(), Dir::Forward, 500).unwrap();
        rows += page.rows.len() as u64;
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}
