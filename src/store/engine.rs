//! What a storage engine must do. Two things only the engine can promise: that a transaction is all or
//! nothing and alone, and that `Ok` means it survives a power cut. Nothing above `store/` knows which one runs.

use super::schema::Tree;

pub type Entry = (Vec<u8>, Vec<u8>);

/// Keys from `start` (included) to `end` (excluded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    pub start: Vec<u8>,
    pub end: Vec<u8>,
}

impl KeyRange {
    /// All keys that begin with `prefix`, which must hold a byte below 0xFF (ours begin with a workspace).
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { start: prefix.to_vec(), end: successor(prefix) }
    }

    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// The smallest byte string above all strings that begin with `prefix`; of only 0xFF bytes, itself extended.
pub fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xFF {
            end.push(last + 1);
            return end;
        }
    }
    vec![0xFF; prefix.len() + 17]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    Forward,
    Backward,
}

/// What a store refuses or fails with. The words are for the log; pages have their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("storage engine: {0}")]
    Engine(String),
    #[error("a write to disk failed earlier; the server must be restarted after the disk was checked")]
    Poisoned,
    #[error("only {free_mib} MiB are free on the disk of the data folder; {need_mib} MiB are needed for new work")]
    DiskFull { free_mib: u64, need_mib: u64 },
    #[error("{tree}: a record cannot be read: {detail}")]
    Corrupt { tree: &'static str, detail: String },
    #[error("the key of this record was erased")]
    KeyGone,
    #[error("a record with this key exists")]
    Exists,
    #[error("a transaction inside a transaction")]
    Nested,
    #[error("a write inside a view")]
    ReadOnly,
    #[error("a transaction may touch at most {0} rows")]
    TooManyRows(usize),
    #[error("key file: {0}")]
    Keys(String),
    #[error("the data folder was written by a newer version (schema {found}, this program knows {known})")]
    NewerSchema { found: u32, known: u32 },
    #[error("the store is closed; the server is stopping")]
    Closed,
    #[error("another transaction changed the same records")]
    Conflict,
}

#[derive(Debug)]
pub enum TxError {
    /// Another transaction got there first: the engine runs the closure again.
    Conflict,
    /// The closure decided against it; nothing is written. The reason stays with the caller.
    Abort,
    Storage(StoreError),
}

/// A transaction as the closure sees it: its own writes are visible to its reads.
pub trait Tx {
    fn get(&mut self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    fn put(&mut self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), StoreError>;
    fn del(&mut self, tree: Tree, key: &[u8]) -> Result<(), StoreError>;
    fn range(&mut self, tree: Tree, range: &KeyRange, dir: Dir, limit: usize) -> Result<Vec<Entry>, StoreError>;
}

pub type Closure<'a> = &'a mut dyn FnMut(&mut dyn Tx) -> Result<(), TxError>;

/// The outcome of `Engine::run`: the closure's own abort is told apart from the engine's failures.
#[derive(Debug)]
pub enum RunError {
    Aborted,
    Storage(StoreError),
}

/// How much was written since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub poisoned: bool,
    pub disk_bytes: u64,
    pub free_bytes: Option<u64>,
    pub commits: u64,
    /// Rows that these commits wrote or removed, and the bytes of their keys and values.
    pub written: Written,
    /// fdatasync calls; grows with commits, so a lazy "flush" cannot hide.
    pub syncs: u64,
    /// Longest wait of the last syncs, in microseconds.
    pub sync_max_micros: u64,
    pub waiting: usize,
    /// The engine has had work in hand without progress for this long, in milliseconds.
    pub stalled_millis: u64,
}

/// What is done with each page of a snapshot.
pub type Visit<'a> = &'a mut dyn FnMut(Tree, &[Entry]) -> Result<(), StoreError>;

pub trait Engine: Send + Sync {
    /// Runs the closure alone and durably: `Ok` only after its writes would survive a power cut.
    /// The closure may run more than once: no I/O, clock, randomness or nested `run` in it.
    fn run(&self, closure: Closure<'_>) -> Result<(), RunError>;
    /// As `run`, but may use the room kept back when new work is refused.
    fn run_reserved(&self, closure: Closure<'_>) -> Result<(), RunError> {
        self.run(closure)
    }
    /// One consistent state for several reads.
    fn view(&self, closure: Closure<'_>) -> Result<(), RunError>;
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Not a snapshot: rows may be of different moments.
    fn page(&self, tree: Tree, range: &KeyRange, dir: Dir, limit: usize) -> Result<Vec<Entry>, StoreError>;
    /// Reads every tree as it stood at one moment, in pages; writers go on meanwhile. One at a time.
    fn snapshot(&self, visit: Visit<'_>) -> Result<(), StoreError>;
    fn health(&self) -> Health;
    /// Makes everything durable and stops background work; later writes fail.
    fn close(&self) -> Result<(), StoreError>;
}
