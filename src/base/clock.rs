//! The only source of "now". A server follows the system clock; the demo and the tests move it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::UnixMillis;

/// A clock shared by all that need the time. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    /// System time plus an offset in milliseconds that only ever grows (the demo's "move on an hour").
    System { ahead: AtomicI64 },
    /// Stands still until it is moved.
    Stopped { at: AtomicI64 },
}

impl Clock {
    pub fn system() -> Self {
        Self(Arc::new(Source::System { ahead: AtomicI64::new(0) }))
    }

    pub fn stopped_at(at: UnixMillis) -> Self {
        Self(Arc::new(Source::Stopped { at: AtomicI64::new(at.0) }))
    }

    pub fn now(&self) -> UnixMillis {
        match &*self.0 {
            Source::System { ahead } => UnixMillis(system_millis().saturating_add(ahead.load(Ordering::SeqCst))),
            Source::Stopped { at } => UnixMillis(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves the clock forward and returns the new time.
    pub fn advance(&self, by: Duration) -> UnixMillis {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        match &*self.0 {
            Source::System { ahead } => ahead.fetch_add(by, Ordering::SeqCst),
            Source::Stopped { at } => at.fetch_add(by, Ordering::SeqCst),
        };
        self.now()
    }

    /// Sets a stopped clock, also back, as a wall clock may be.
    #[cfg(test)]
    pub fn set(&self, to: UnixMillis) {
        if let Source::Stopped { at } = &*self.0 {
            at.store(to.0, Ordering::SeqCst);
        }
    }

    /// Moves the clock forward to `instant`; an instant already passed changes nothing.
    pub fn advance_to(&self, instant: UnixMillis) {
        let ahead = instant.since(self.now());
        if !ahead.is_zero() {
            self.advance(ahead);
        }
    }

    /// How far this clock runs ahead of the system's; zero for a stopped clock.
    pub fn offset(&self) -> Duration {
        match &*self.0 {
            Source::System { ahead } => Duration::from_millis(u64::try_from(ahead.load(Ordering::SeqCst)).unwrap_or(0)),
            Source::Stopped { .. } => Duration::ZERO,
        }
    }
}

/// The one place that reads the system clock.
#[allow(clippy::disallowed_methods)]
fn system_millis() -> i64 {
    // A clock before 1970 is read as 1970: nothing is due, nothing is sent, until it is set right.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
