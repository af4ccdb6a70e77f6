//! The running queue: one scheduler thread leases what is due and hands it to the lanes' threads.

use std::collections::BTreeMap;
use std::sync::{mpsc, Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::handlers::{Handlers, Threads};
use super::model::Lane;
use super::recover::recover;
use super::scheduler::{LaneThreads, Shared, Work};
use super::worker::Worker;
use crate::base::{Clock, UnixMillis};
use crate::store::{Store, StoreError};

/// How long all threads of a lane may be busy without one of them coming back before it gets one more: a provider that
/// hangs for minutes must starve nobody else.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is in work at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub running: BTreeMap<Lane, usize>,
}

/// A running scheduler with its threads. Stops when dropped.
pub struct Runner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Runner {
    /// Starts the threads. Jobs that an earlier process held are sorted out before the first lease.
    pub fn start<C: Send + Sync + 'static>(
        store: &Store,
        clock: &Clock,
        context: Arc<C>,
        handlers: Arc<Handlers<C>>,
        threads: &Threads,
    ) -> Result<Self, StoreError> {
        Self::start_with(store, clock, context, handlers, threads, PATIENCE)
    }

    pub(super) fn start_with<C: Send + Sync + 'static>(
        store: &Store,
        clock: &Clock,
        context: Arc<C>,
        handlers: Arc<Handlers<C>>,
        threads: &Threads,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        recover(store, clock.now())?;
        let shared = Arc::new(Shared::new(store, clock, patience));
        let ringer = Arc::downgrade(&shared);
        store.on_new_work(Box::new(move || {
            if let Some(shared) = ringer.upgrade() {
                shared.ring();
            }
        }));
        let mut handles = Vec::new();
        let mut lanes = BTreeMap::new();
        for (lane, count) in &threads.0 {
            let (lane, count) = (*lane, (*count).max(1));
            let (sender, receiver) = mpsc::channel::<Work>();
            let receiver = Arc::new(Mutex::new(receiver));
            let (shared, context, handlers) = (Arc::clone(&shared), Arc::clone(&context), Arc::clone(&handlers));
            let add = move |name: &str, is_extra| {
                let (shared, context, handlers) = (Arc::clone(&shared), Arc::clone(&context), Arc::clone(&handlers));
                let worker = Worker { shared, context, handlers, lane, is_extra };
                let receiver = Arc::clone(&receiver);
                spawn(name, move || worker.work(&receiver))
            };
            for number in 0..count {
                handles.push(add(&format!("{lane:?}-{number}"), false)?);
            }
            // An extra thread ends by itself; nobody waits for it.
            let add_one = Box::new(move || add(&format!("{lane:?}-extra"), true).map(drop));
            lanes.insert(lane, LaneThreads { count, sender, add_one });
        }
        let scheduler = Arc::clone(&shared);
        handles.push(spawn("scheduler", move || scheduler.schedule(&lanes))?);
        Ok(Self { shared, threads: Mutex::new(handles) })
    }

    /// Looks at the queue now (after the clock was moved).
    pub fn wake(&self) {
        self.shared.ring();
    }

    /// Blocks until nothing is due and nothing is in work, or the time is up. True when it is quiet.
    pub fn settle(&self, at_most: Duration) -> bool {
        let until = Instant::now() + at_most;
        let mut state = self.shared.lock();
        (state.rung, state.idle) = (true, false);
        self.shared.bell.notify_all();
        while !state.idle || state.rung {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            state = self.shared.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// True once a stop was asked for.
    pub fn is_stopping(&self) -> bool {
        self.shared.lock().stop
    }

    /// When the next job falls due, over all lanes.
    pub fn next_due(&self) -> Result<Option<UnixMillis>, StoreError> {
        self.shared.next_due()
    }

    pub fn load(&self) -> Load {
        Load { running: self.shared.lock().running.clone() }
    }

    /// Leases nothing more and waits until what is in hand has ended, at most this long. True when all ended.
    pub fn stop(&self, at_most: Duration) -> bool {
        self.shared.lock().stop = true;
        self.shared.bell.notify_all();
        let until = Instant::now() + at_most;
        let mut state = self.shared.lock();
        while state.running.values().any(|count| *count > 0) {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            state = self.shared.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = thread.join();
        }
        true
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(10));
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_lowercase())
        .spawn(body)
        .map_err(|error| StoreError::Engine(format!("no thread for the queue: {error}")))
}
