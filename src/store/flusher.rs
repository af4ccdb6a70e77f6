//! Group commit. Writers lay their batch with the others (see `gathered`), take a ticket and wait; one thread makes
//! everything up to the newest ticket durable: one native transaction (each costs sled two writes of its own), one
//! flush, one fdatasync. Then it wakes all whose ticket is covered. Writers that stand in line go first, so that one
//! sync covers them all.
//!
//! sled 0.34's own `flush` only asks the kernel to start writing (sync_file_range), so the fdatasync of
//! its file is ours. A failed sync is never repeated: the kernel may already have dropped the pages, and a
//! second, successful call would claim what is not true. The store is poisoned instead.

use std::fs::File;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::engine::StoreError;

/// Makes durable what was applied so far. Gives the newest ticket that it covers, asked for while no writer was at work.
pub type Sync = Box<dyn FnMut(&dyn Fn() -> Ticket) -> std::io::Result<Ticket> + Send>;

/// `take` takes what was gathered in hand, while nobody holds `writer`, as whoever commits does; `write` hands it to
/// the engine and its buffer to the system, while the next commits are made; then fdatasync of the engine's log file.
pub fn synced(
    mut take: impl FnMut() + Send + 'static,
    mut write: impl FnMut() -> Result<(), StoreError> + Send + 'static,
    log: File,
    writer: Arc<RwLock<()>>,
) -> Sync {
    Box::new(move |newest| {
        let reached = {
            let _no_writer = writer.read().unwrap_or_else(PoisonError::into_inner);
            take();
            newest()
        };
        write().map_err(std::io::Error::other)?;
        log.sync_data()?;
        Ok(reached)
    })
}

pub struct Flusher {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    tickets: Mutex<Tickets>,
    work: Condvar,
    /// Rung in turn: whoever came while a sync was under way is not woken by its end, only by that of the next.
    done: [Condvar; 2],
    failed: AtomicBool,
    syncs: AtomicU64,
    longest_micros: AtomicU64,
}

#[derive(Default)]
struct Tickets {
    given: u64,
    durable: u64,
    /// Up to here the sync under way, or the last one, covers.
    covered: u64,
    /// Counts syncs: the parity of the one that covers what is not covered yet.
    round: usize,
    waiting: usize,
    busy_since: Option<Instant>,
    /// No more work is taken.
    stop: bool,
    /// The thread is gone: who still waits waits in vain.
    ended: bool,
}

impl Tickets {
    /// A sync begins that covers all that was given so far.
    fn begin_round(&mut self) -> Ticket {
        self.round += 1;
        self.covered = self.given;
        Ticket(self.given)
    }

    /// The sync that covers a ticket which is not durable yet: the one under way, or the one after it.
    fn round_of(&self, ticket: Ticket) -> usize {
        self.round + usize::from(ticket.0 > self.covered)
    }
}

#[derive(Clone, Copy)]
pub struct Ticket(u64);

impl Flusher {
    pub fn start(mut sync: Sync) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("flusher".into()).spawn(move || own.work(&mut sync))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Called while the writer lock is held, right after the batch was laid with the others.
    pub fn ticket(&self) -> Ticket {
        let mut tickets = self.shared.lock();
        tickets.given += 1;
        Ticket(tickets.given)
    }

    /// Blocks until everything up to the ticket is durable.
    pub fn wait(&self, ticket: Ticket) -> Result<(), StoreError> {
        let mut tickets = self.shared.lock();
        tickets.waiting += 1;
        self.shared.work.notify_one();
        while tickets.durable < ticket.0 && !self.shared.failed.load(Ordering::SeqCst) && !tickets.ended {
            let bell = &self.shared.done[tickets.round_of(ticket) % 2];
            tickets = bell.wait(tickets).unwrap_or_else(PoisonError::into_inner);
        }
        tickets.waiting -= 1;
        if tickets.durable >= ticket.0 {
            Ok(())
        } else if self.is_poisoned() {
            Err(StoreError::Poisoned)
        } else {
            Err(StoreError::Closed)
        }
    }

    /// The newest ticket given so far, for one who wrote nothing but speaks of what others wrote.
    pub fn newest(&self) -> Ticket {
        Ticket(self.shared.lock().given)
    }

    /// Refuses work that could not be made durable any more.
    pub fn check(&self) -> Result<(), StoreError> {
        if self.is_poisoned() {
            Err(StoreError::Poisoned)
        } else if self.shared.lock().stop {
            Err(StoreError::Closed)
        } else {
            Ok(())
        }
    }

    pub fn is_poisoned(&self) -> bool {
        self.shared.failed.load(Ordering::SeqCst)
    }

    pub fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }

    /// The longest sync since the last call, in microseconds.
    pub fn take_longest_micros(&self) -> u64 {
        self.shared.longest_micros.swap(0, Ordering::Relaxed)
    }

    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting
    }

    /// How long the sync in work has been running.
    pub fn stalled(&self) -> Duration {
        self.shared.lock().busy_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Syncs once more and ends the thread.
    pub fn stop(&self) {
        self.shared.lock().stop = true;
        self.shared.work.notify_all();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A panic of the sync poisons the store (see `work`); there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, sync: &mut Sync) {
        while self.has_work() {
            let began = Instant::now();
            // A panic would end this thread and let every writer wait for ever.
            let newest = || self.lock().begin_round();
            let outcome = catch_unwind(AssertUnwindSafe(|| sync(&newest)))
                .unwrap_or_else(|_| Err(std::io::Error::other("the engine failed unexpectedly")));
            let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.longest_micros.fetch_max(micros, Ordering::Relaxed);
            self.syncs.fetch_add(1, Ordering::Relaxed);
            let mut tickets = self.lock();
            tickets.busy_since = None;
            match outcome {
                Ok(reached) => tickets.durable = reached.0,
                Err(error) => {
                    tracing::error!(%error, "the data folder could not be made durable; refusing all further writes");
                    self.failed.store(true, Ordering::SeqCst);
                    break;
                }
            }
            self.done[tickets.round % 2].notify_all();
        }
        let mut tickets = self.lock();
        (tickets.stop, tickets.ended) = (true, true);
        self.done.iter().for_each(Condvar::notify_all);
    }

    /// Waits for work; false when all is durable and no more comes.
    fn has_work(&self) -> bool {
        let mut tickets = self.lock();
        while tickets.given == tickets.durable && !tickets.stop {
            tickets = self.work.wait(tickets).unwrap_or_else(PoisonError::into_inner);
        }
        if tickets.given == tickets.durable {
            return false;
        }
        tickets.busy_since = Some(Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_that_panics_poisons_instead_of_letting_writers_wait_for_ever() {
        let flusher = Flusher::start(Box::new(|_| panic!("a bug in the engine"))).unwrap();
        assert_eq!(flusher.wait(flusher.ticket()), Err(StoreError::Poisoned));
    }

    #[test]
    fn a_stop_makes_durable_what_was_applied_and_refuses_what_comes_after() {
        let (entered, at_work) = std::sync::mpsc::channel();
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let sync: Sync = Box::new(move |newest| {
            let reached = newest();
            entered.send(()).unwrap();
            told.recv().map_err(std::io::Error::other)?;
            Ok(reached)
        });
        let flusher = Flusher::start(sync).unwrap();
        let first = flusher.ticket();
        std::thread::scope(|scope| {
            let early = scope.spawn(|| flusher.wait(first));
            at_work.recv().unwrap();
            let late = flusher.ticket();
            let stop = scope.spawn(|| flusher.stop());
            while flusher.check() != Err(StoreError::Closed) {
                std::thread::yield_now();
            }
            go_on.send(()).unwrap();
            go_on.send(()).unwrap();
            assert_eq!(flusher.wait(late), Ok(()), "applied before the end, so durable");
            assert_eq!(early.join().unwrap(), Ok(()));
            stop.join().unwrap();
        });
        assert_eq!(flusher.wait(flusher.ticket()), Err(StoreError::Closed));
    }

    #[test]
    fn a_failed_sync_poisons_for_good_and_tells_every_waiter() {
        let mut calls = 0;
        let sync: Sync = Box::new(move |newest| {
            calls += 1;
            if calls == 1 {
                Ok(newest())
            } else {
                Err(std::io::Error::other("disk gone"))
            }
        });
        let flusher = Flusher::start(sync).unwrap();
        assert_eq!(flusher.wait(flusher.ticket()), Ok(()));
        assert_eq!(flusher.wait(flusher.ticket()), Err(StoreError::Poisoned));
        assert!(flusher.is_poisoned());
        assert_eq!(flusher.wait(flusher.ticket()), Err(StoreError::Poisoned));
        assert_eq!(flusher.syncs(), 2, "a failed fsync is never tried again");
    }
}
