//! The data folder: `store/` (the engine), `keys.slots` (wrapped keys), `launchyard.lock`, `launchyard.sock`.
//! One process at a time; the lock is the kernel's, so a crash never leaves it behind.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::{Engine, StoreError};
use super::key::Key;
use super::keys::{KeyRing, MasterKey};
use super::schema::Tree;
use super::sled_engine::{SledEngine, SledOptions};
use super::table::{Holds, Retention, Table};
use super::{FreeSpace, Store, SCHEMA};
use crate::base::{UnixMillis, INSTANCE};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another Launchyard is running on {0}. Use it through its pages or commands, or stop it first.")]
    InUse(PathBuf),
    #[error("{path}: {source}")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(
        "a restore into {0} was not finished. Empty the folder and restore again; the backup itself is untouched."
    )]
    HalfRestored(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub struct OpenOptions {
    pub dir: PathBuf,
    pub cache_bytes: u64,
    pub min_free_bytes: u64,
    pub free_space: FreeSpace,
}

impl OpenOptions {
    pub fn at(dir: &Path) -> Self {
        let engine = SledOptions::at(dir);
        Self {
            dir: dir.to_owned(),
            cache_bytes: engine.cache_bytes,
            min_free_bytes: engine.min_free_bytes,
            free_space: engine.free_space,
        }
    }
}

/// An open data folder. The lock is held as long as this lives.
pub struct DataFolder {
    pub store: Store,
    dir: PathBuf,
    _lock: File,
}

pub(crate) const INSTANCE_FACTS: Table<u32> = Table::sealed(
    0x0001,
    "instance_facts",
    Tree::Meta,
    Holds::Nothing,
    Retention::Account,
    "The number of the storage format, so that an older program refuses to open it.",
);

pub(crate) const RESTORED: Table<Restored> = Table::sealed(
    0x0002,
    "restored",
    Tree::Meta,
    Holds::Nothing,
    Retention::Served,
    "That this data came from a backup, so that nothing is sent again that left after it was made.",
);

/// What a folder says of itself after `backup::restore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restored {
    /// Still being filled, or cut off while it was.
    Begun,
    /// All is there; `of` is when the backup was made.
    Whole { at: UnixMillis, of: UnixMillis },
}

impl Store {
    /// Whether this data came from a backup and has not been started since.
    pub fn restored(&self) -> Result<Option<Restored>, StoreError> {
        self.get(&RESTORED, &Key::of(&RESTORED, INSTANCE))
    }

    /// `None` once everything that may have left after the backup is held back.
    pub fn set_restored(&self, restored: Option<Restored>) -> Result<(), StoreError> {
        let key = Key::of(&RESTORED, INSTANCE);
        self.write(|txn| match &restored {
            Some(restored) => txn.put(&RESTORED, &key, restored),
            None => txn.remove(&RESTORED, &key),
        })
    }
}

impl DataFolder {
    /// True when the folder holds no store yet: the only moment when a master key may be made.
    pub fn is_fresh(dir: &Path) -> bool {
        !dir.join("keys.slots").exists() && !dir.join("store").exists()
    }

    pub fn socket_path(dir: &Path) -> PathBuf {
        dir.join("launchyard.sock")
    }

    pub fn open(options: &OpenOptions, master: &MasterKey) -> Result<Self, OpenError> {
        let dir = &options.dir;
        make_private(dir).map_err(|source| OpenError::Folder { path: dir.clone(), source })?;
        let lock = lock(dir)?;
        // The keys first: a wrong master key must be refused before the engine touches its files.
        let keys = KeyRing::open(&dir.join("keys.slots"), master)?;
        let engine = SledEngine::open(&SledOptions {
            dir: dir.join("store"),
            cache_bytes: options.cache_bytes,
            min_free_bytes: options.min_free_bytes,
            free_space: options.free_space.clone(),
        })?;
        let engine: Arc<dyn Engine> = Arc::new(engine);
        let store = Store::new(engine, Arc::new(keys));
        check_schema(&store)?;
        if store.restored()? == Some(Restored::Begun) {
            return Err(OpenError::HalfRestored(dir.clone()));
        }
        // The names of the key file and of the engine's folder must survive a power cut as well.
        File::open(dir)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| OpenError::Folder { path: dir.clone(), source })?;
        Ok(Self { store, dir: dir.clone(), _lock: lock })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("launchyard.lock");
    let failed = |source| OpenError::Folder { path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    // A program that another thread starts holds our locks until it has begun, so one refusal says nothing.
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(LOCK_PAUSE),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    Err(OpenError::InUse(dir.to_owned()))
}

/// Makes the folder with mode 0700, or takes all rights from others on one that exists.
fn make_private(dir: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mode = std::fs::metadata(dir)?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn check_schema(store: &Store) -> Result<(), StoreError> {
    let key = Key::of(&INSTANCE_FACTS, INSTANCE).text("schema");
    match store.get(&INSTANCE_FACTS, &key)? {
        Some(found) if found > SCHEMA => Err(StoreError::NewerSchema { found, known: SCHEMA }),
        Some(SCHEMA) => Ok(()),
        _ => store.write(|txn| txn.put(&INSTANCE_FACTS, &key, &SCHEMA)),
    }
}
