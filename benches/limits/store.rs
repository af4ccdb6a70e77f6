//! Durable commits a second beside a bare append + fdatasync on the same disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use launchyard::base::INSTANCE;
use launchyard::store::{DataFolder, Holds, Key, MasterKey, OpenOptions, Retention, Store, StoreError, Table, Tree};

use super::measure::{millis, Samples};
use super::Figure;

const ROWS: Table<Vec<u8>> =
    Table::sealed(0x7f01, "bench", Tree::Contacts, Holds::Nothing, Retention::Account, "For this bench.");
const OTHER: Table<Vec<u8>> =
    Table::sealed(0x7f02, "bench_2", Tree::Messages, Holds::Nothing, Retention::Account, "For this bench.");
const MARKS: Table<()> = Table::index(0x7f03, "bench_marks", "For this bench.");
const JOBS: Table<Vec<u8>> =
    Table::sealed(0x7f04, "bench_jobs", Tree::Jobs, Holds::Nothing, Retention::Account, "For this bench.");

const ROUND: Duration = Duration::from_secs(3);

pub fn run() -> Vec<Figure> {
    [1, 8, 64].into_iter().map(figure).collect()
}

fn figure(writers: usize) -> Figure {
    let dir = tempfile::tempdir_in(
        std::env::current_dir().unwrap().join("target").canonicalize().unwrap_or(std::env::temp_dir()),
    )
    .unwrap();
    let limit = raw_appends(dir.path(), writers);
    let ours = commits(dir.path(), writers);
    Figure {
        what: format!("durable transactions over 4 trees, {writers} writers"),
        ours: format!("{ours:.0}/s"),
        limit: format!("append + fdatasync {limit:.0}/s"),
        ratio: Some(ours / limit),
        wanted: String::new(),
    }
}

/// Sealed four-tree transactions a second at this many writers.
pub fn commits(dir: &Path, writers: usize) -> f64 {
    let options = OpenOptions { dir: dir.join(format!("data-{writers}")), ..OpenOptions::at(dir) };
    let folder = DataFolder::open(&options, &MasterKey::new([1; 32])).unwrap();
    let rate = concurrently(writers, |writer, n| write_once(&folder.store, writer, n));
    folder.store.close().unwrap();
    rate
}

/// What key and seal add to a row of this bench.
const AROUND: usize = 75;

/// Transactions a second that write so many rows of so many bytes each, with key and seal, in turn to three trees.
pub fn commits_of(dir: &Path, writers: usize, rows: u32, bytes: usize) -> f64 {
    let options = OpenOptions { dir: dir.join(format!("data-{writers}-of-{rows}")), ..OpenOptions::at(dir) };
    let folder = DataFolder::open(&options, &MasterKey::new([1; 32])).unwrap();
    let value = vec![7_u8; bytes.saturating_sub(AROUND)];
    let rate = concurrently(writers, |writer, n| {
        let writer = u32::try_from(writer).unwrap();
        let written = folder.store.write(|txn| {
            (0..rows).try_for_each(|row| {
                let table = [&ROWS, &OTHER, &JOBS][row as usize % 3];
                txn.put(table, &Key::of(table, INSTANCE).u32(writer).u32(n).u32(row), &value)
            })
        });
        written.unwrap_or_else(|error: StoreError| panic!("{error}"));
    });
    folder.store.close().unwrap();
    rate
}

/// How long each of these transactions takes, one after the other.
pub fn waits(dir: &Path, times: u32) -> Samples {
    let options = OpenOptions { dir: dir.join("data-waits"), ..OpenOptions::at(dir) };
    let folder = DataFolder::open(&options, &MasterKey::new([1; 32])).unwrap();
    let wait = |n| {
        let began = Instant::now();
        write_once(&folder.store, 0, n);
        millis(began.elapsed())
    };
    let waits = Samples::of((0..times).map(wait).collect());
    folder.store.close().unwrap();
    waits
}

fn write_once(store: &Store, writer: usize, n: u32) {
    let value = vec![7_u8; 300];
    let key = |table: u8| (table, u32::try_from(writer).unwrap(), n);
    store
        .write(|txn| {
            let (_, w, n) = key(0);
            txn.put(&ROWS, &Key::of(&ROWS, INSTANCE).u32(w).u32(n), &value)?;
            txn.put(&OTHER, &Key::of(&OTHER, INSTANCE).u32(w).u32(n), &value)?;
            txn.put(&JOBS, &Key::of(&JOBS, INSTANCE).u32(w).u32(n), &value)?;
            txn.mark(&MARKS, &Key::of(&MARKS, INSTANCE).u32(w).u32(n))
        })
        .unwrap();
}

/// Group-committed appends to a file: every writer's bytes are covered by an fdatasync before it goes on.
fn raw_appends(dir: &Path, writers: usize) -> f64 {
    let file = Mutex::new(File::create(dir.join(format!("raw-{writers}"))).unwrap());
    let synced = Mutex::new(0_u64);
    let written = std::sync::atomic::AtomicU64::new(0);
    concurrently(writers, |_, _| {
        let mine = {
            let mut file = file.lock().unwrap();
            file.write_all(&[7_u8; 1200]).unwrap();
            written.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1
        };
        let mut synced = synced.lock().unwrap();
        if *synced < mine {
            let upto = written.load(std::sync::atomic::Ordering::SeqCst);
            file.lock().unwrap().sync_data().unwrap();
            *synced = upto;
        }
    })
}

/// Calls `work(writer, n)` from this many threads for a round; returns calls a second.
pub fn concurrently(writers: usize, work: impl Fn(usize, u32) + Sync) -> f64 {
    let until = Instant::now() + ROUND;
    let total = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (work, total) = (&work, &total);
            scope.spawn(move || {
                let mut n = 0;
                while Instant::now() < until {
                    work(writer, n);
                    n += 1;
                }
                total.fetch_add(u64::from(n), std::sync::atomic::Ordering::SeqCst);
            });
        }
    });
    total.load(std::sync::atomic::Ordering::SeqCst) as f64 / ROUND.as_secs_f64()
}
