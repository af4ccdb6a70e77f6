//! The embedded engine: sled 0.34 under one writer lock and a group-commit flusher.
//!
//! Only this file touches sled. A `Db` or `Tree` call inside a native sled transaction blocks for ever
//! (sled issue 1139), so the native transaction here does nothing but apply finished batches.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use sled::transaction::{ConflictableTransactionError, TransactionError};
use sled::Transactional;

use super::disk::{real_free_space, DiskGuard, FreeSpace, MIB};
use super::engine::{Closure, Dir, Engine, Entry, Health, KeyRange, RunError, StoreError, Visit, Written};
use super::flusher::{synced, Flusher};
use super::gathered::Gathered;
use super::memory::finished;
use super::overlay::{size_of, Base, Batch, Overlay, Rows};
use super::past::Past;
use super::schema::Tree;

const LOCK_TRIES: u32 = 30;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

pub struct SledOptions {
    /// Folder of the engine's own files; made when absent.
    pub dir: PathBuf,
    pub cache_bytes: u64,
    /// New work is refused when less than this is free on the disk.
    pub min_free_bytes: u64,
    pub free_space: FreeSpace,
}

impl SledOptions {
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), cache_bytes: 24 * MIB, min_free_bytes: 256 * MIB, free_space: real_free_space() }
    }
}

pub struct SledEngine {
    flusher: Flusher,
    trees: Arc<Trees>,
    gathered: Arc<Gathered>,
    writer: Arc<RwLock<()>>,
    /// Since when the writer has had the lock: an engine that hangs inside a commit shows itself.
    busy: Busy,
    past: Past,
    disk: DiskGuard,
    commits: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

struct Trees {
    all: Vec<sled::Tree>,
    db: sled::Db,
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as inside a transaction; a nested `run` would wait for itself for ever.
struct Inside;

impl Inside {
    fn enter() -> Result<Self, StoreError> {
        if INSIDE.replace(true) {
            return Err(StoreError::Nested);
        }
        Ok(Self)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

impl SledEngine {
    pub fn open(options: &SledOptions) -> Result<Self, StoreError> {
        let dir = &options.dir;
        std::fs::create_dir_all(dir).map_err(|error| folder_error(dir, &error))?;
        let db = open_db(options).map_err(engine_error)?;
        let all = Tree::ALL.iter().map(|tree| db.open_tree(tree.name())).collect::<Result<_, _>>();
        let trees = Arc::new(Trees { all: all.map_err(engine_error)?, db });
        let gathered = Arc::new(Gathered::default());
        // The folder's own entries must survive a power cut too.
        File::open(dir).and_then(|folder| folder.sync_all()).map_err(|error| folder_error(dir, &error))?;
        let log = File::open(dir.join("db")).map_err(|error| folder_error(dir, &error))?;
        let writer = Arc::new(RwLock::new(()));
        let (below, waiting, in_hand) = (Arc::clone(&trees), Arc::clone(&gathered), Arc::clone(&gathered));
        let take = move || waiting.take_in_hand();
        let write = move || {
            in_hand.hand_over(|batch| below.apply(batch))?;
            below.flush()
        };
        let sync = synced(take, write, log, Arc::clone(&writer));
        let flusher = Flusher::start(sync).map_err(|error| folder_error(dir, &error))?;
        let disk = DiskGuard::new(dir, options.min_free_bytes, options.free_space.clone());
        Ok(Self {
            flusher,
            trees,
            gathered,
            writer,
            busy: Busy::default(),
            past: Past::default(),
            disk,
            commits: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    fn commit(&self, closure: Closure<'_>, reserved: bool) -> Result<(), RunError> {
        let _inside = Inside::enter().map_err(RunError::Storage)?;
        self.flusher.check().map_err(RunError::Storage)?;
        self.disk.check(reserved).map_err(RunError::Storage)?;
        let (ticket, wrote) = {
            let _alone = self.writer.write().unwrap_or_else(PoisonError::into_inner);
            let _busy = self.busy.begin();
            let mut overlay = Overlay::new(self);
            closure(&mut overlay).map_err(finished)?;
            let writes = overlay.into_writes();
            if writes.is_empty() {
                // "It stands already" may rest on a commit that is not durable yet.
                (self.flusher.newest(), false)
            } else {
                let written = size_of(&writes);
                self.rows.fetch_add(written.rows, Ordering::Relaxed);
                self.bytes.fetch_add(written.bytes, Ordering::Relaxed);
                self.past.keep(self, &writes).map_err(RunError::Storage)?;
                self.gathered.add(writes);
                (self.flusher.ticket(), true)
            }
        };
        self.flusher.wait(ticket).map_err(RunError::Storage)?;
        self.commits.fetch_add(u64::from(wrote), Ordering::Relaxed);
        Ok(())
    }
}

impl Trees {
    fn tree(&self, tree: Tree) -> &sled::Tree {
        &self.all[tree as usize]
    }

    /// Applies all writes as one atomic change.
    fn apply(&self, writes: &Batch) -> Result<(), StoreError> {
        let mut trees = Vec::with_capacity(writes.len());
        let mut batches = Vec::with_capacity(writes.len());
        for (tree, rows) in writes {
            let mut batch = sled::Batch::default();
            for (key, value) in rows {
                match value {
                    Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                    None => batch.remove(key.as_slice()),
                }
            }
            trees.push(self.tree(*tree));
            batches.push(batch);
        }
        let applied = trees.as_slice().transaction(|open| {
            for (tree, batch) in open.iter().zip(&batches) {
                tree.apply_batch(batch)?;
            }
            Ok::<(), ConflictableTransactionError<()>>(())
        });
        applied.map_err(|error| match error {
            TransactionError::Abort(()) => StoreError::Engine("the batch was refused".into()),
            TransactionError::Storage(error) => engine_error(error),
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map(|_| ()).map_err(engine_error)
    }
}

impl Base for SledEngine {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(waiting) = self.gathered.find(tree, key) {
            return Ok(waiting);
        }
        Ok(self.trees.tree(tree).get(key).map_err(engine_error)?.map(|value| value.to_vec()))
    }

    fn rows<'a>(&'a self, tree: Tree, range: &KeyRange, dir: Dir) -> Rows<'a> {
        let rows = self.trees.tree(tree).range(range.start.as_slice()..range.end.as_slice());
        let entry = |row: Result<(sled::IVec, sled::IVec), sled::Error>| {
            row.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(engine_error)
        };
        let stored: Rows<'a> = match dir {
            Dir::Forward => Box::new(rows.map(entry)),
            Dir::Backward => Box::new(rows.rev().map(entry)),
        };
        self.gathered.over(stored, tree, range, dir)
    }
}

impl Engine for SledEngine {
    fn run(&self, closure: Closure<'_>) -> Result<(), RunError> {
        self.commit(closure, false)
    }

    fn run_reserved(&self, closure: Closure<'_>) -> Result<(), RunError> {
        self.commit(closure, true)
    }

    fn view(&self, closure: Closure<'_>) -> Result<(), RunError> {
        let _inside = Inside::enter().map_err(RunError::Storage)?;
        let _steady = self.writer.read().unwrap_or_else(PoisonError::into_inner);
        closure(&mut Overlay::read_only(self)).map_err(finished)
    }

    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let _inside = Inside::enter()?;
        Base::get(self, tree, key)
    }

    fn page(&self, tree: Tree, range: &KeyRange, dir: Dir, limit: usize) -> Result<Vec<Entry>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.rows(tree, range, dir).take(limit).collect()
    }

    fn snapshot(&self, visit: Visit<'_>) -> Result<(), StoreError> {
        let _turn = self.past.turn();
        let _watching = {
            let _alone = self.writer.write().unwrap_or_else(PoisonError::into_inner);
            self.past.begin()?
        };
        for tree in Tree::ALL {
            let mut start = Vec::new();
            loop {
                let rows = {
                    let _steady = self.writer.read().unwrap_or_else(PoisonError::into_inner);
                    self.past.page(self, tree, &start)?
                };
                let Some((last, _)) = rows.last() else { break };
                start.clone_from(last);
                start.push(0);
                visit(tree, &rows)?;
            }
        }
        Ok(())
    }

    fn health(&self) -> Health {
        Health {
            poisoned: self.flusher.is_poisoned(),
            disk_bytes: self.trees.db.size_on_disk().unwrap_or(0),
            free_bytes: Some(self.disk.free_bytes()),
            commits: self.commits.load(Ordering::Relaxed),
            written: Written { rows: self.rows.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) },
            syncs: self.flusher.syncs(),
            sync_max_micros: self.flusher.take_longest_micros(),
            waiting: self.flusher.waiting(),
            stalled_millis: u64::try_from(self.flusher.stalled().max(self.busy.lasts()).as_millis())
                .unwrap_or(u64::MAX),
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.flusher.stop();
        self.trees.flush()
    }
}

/// Since when a piece of work runs.
#[derive(Default)]
struct Busy(Mutex<Option<Instant>>);

struct BusyGuard<'a>(&'a Busy);

impl Busy {
    fn begin(&self) -> BusyGuard<'_> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        BusyGuard(self)
    }

    fn lasts(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        *self.0 .0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn engine_error(error: sled::Error) -> StoreError {
    StoreError::Engine(error.to_string())
}

/// sled's own threads let go of a store's file a moment after it was closed, so that its lock is waited for. Another
/// process is kept out by the lock of the folder, before this.
fn open_db(options: &SledOptions) -> Result<sled::Db, sled::Error> {
    let config = sled::Config::new().path(&options.dir).cache_capacity(options.cache_bytes).flush_every_ms(Some(1000));
    for _ in 0..LOCK_TRIES {
        match config.open() {
            Err(error) if error.to_string().contains("could not acquire lock") => thread::park_timeout(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
    config.open()
}

fn folder_error(dir: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Engine(format!("{}: {error}", dir.display()))
}
