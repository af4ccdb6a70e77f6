//! Room on the disk. New work is refused before the disk is full, because an engine that meets a full disk
//! in the middle of a write is an engine whose file nobody vouches for. A ballast file is held so that
//! housekeeping (which frees space) can still write.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::engine::StoreError;

pub const MIB: u64 = 1024 * 1024;
const BALLAST_BYTES: u64 = 64 * MIB;
const SAMPLE_EVERY: Duration = Duration::from_millis(500);

/// Free bytes on the disk of a folder; replaced in tests to play a disk that fills up.
pub type FreeSpace = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

pub fn real_free_space() -> FreeSpace {
    Arc::new(|path| {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    })
}

pub struct DiskGuard {
    dir: PathBuf,
    need: u64,
    free_space: FreeSpace,
    sampled: Mutex<Option<Instant>>,
    free: AtomicU64,
    full: AtomicBool,
}

impl DiskGuard {
    /// `need` bytes must stay free for new work.
    pub fn new(dir: &Path, need: u64, free_space: FreeSpace) -> Self {
        let guard = Self {
            dir: dir.to_owned(),
            need,
            free_space,
            sampled: Mutex::new(None),
            free: AtomicU64::new(u64::MAX),
            full: AtomicBool::new(false),
        };
        guard.sample();
        guard
    }

    /// Refuses when there is not enough room. Looks at the disk at most twice a second, and each time while full,
    /// so that work goes on by itself once there is room again.
    ///
    /// `reserved` work goes on until three quarters of the needed room are gone as well.
    pub fn check(&self, reserved: bool) -> Result<(), StoreError> {
        let mut sampled = self.sampled.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = sampled.is_some_and(|at| at.elapsed() < SAMPLE_EVERY);
        if !fresh || self.full.load(Ordering::Relaxed) {
            self.sample();
            *sampled = Some(Instant::now());
        }
        drop(sampled);
        let free = self.free.load(Ordering::Relaxed);
        if self.full.load(Ordering::Relaxed) && !(reserved && free >= self.need / 4) {
            let free_mib = free / MIB;
            return Err(StoreError::DiskFull { free_mib, need_mib: self.need / MIB });
        }
        Ok(())
    }

    pub fn free_bytes(&self) -> u64 {
        self.free.load(Ordering::Relaxed)
    }

    fn sample(&self) {
        // An unreadable file system is not a full one; the write itself will tell.
        let Ok(free) = (self.free_space)(&self.dir) else { return };
        self.free.store(free, Ordering::Relaxed);
        let full = free < self.need;
        let was_full = self.full.swap(full, Ordering::Relaxed);
        if full && !was_full {
            tracing::error!(free_mib = free / MIB, "the disk is nearly full; new work is refused until there is room");
            self.release_ballast();
        }
        if !full && was_full {
            tracing::info!(free_mib = free / MIB, "there is room on the disk again");
        }
        if !full && free > self.need + 2 * BALLAST_BYTES {
            self.hold_ballast();
        }
    }

    fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    fn release_ballast(&self) {
        if let Err(error) = std::fs::remove_file(self.ballast()) {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, "the ballast file could not be removed");
            }
        }
    }

    fn hold_ballast(&self) {
        let path = self.ballast();
        if path.exists() {
            return;
        }
        let held = std::fs::File::create(&path).and_then(|file| {
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES).map_err(io::Error::from)
        });
        if let Err(error) = held {
            // Some file systems cannot reserve space. The limit itself still holds.
            tracing::debug!(%error, "no ballast file on this file system");
        }
    }
}
