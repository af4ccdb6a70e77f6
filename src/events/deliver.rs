//! Delivery: each subscriber reads on from its own cursor.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::base::{Clock, UnixMillis, WorkspaceId};
use crate::jobs::{self, Job, Outcome, Task};
use crate::store::{Key, Store, StoreError, Txn};

use super::log::{after, newest, told_so_far, CURSORS};
use super::model::Event;
use super::trouble::{self, Stuck};

/// The kind of the job that delivers a workspace's events.
pub const DELIVER: &str = "events.deliver";
const BATCH: usize = 50;
/// How long events are gathered at most while more are to come, how often that is looked at, and how often they are
/// gathered before the job is given back.
const MOMENT: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(5);
const PASSES: u32 = 5;

/// A part of the program that reacts to events. Idempotent by `event.number`.
pub trait Subscriber<C>: Send + Sync {
    /// Names the cursor; never changes.
    fn name(&self) -> &'static str;
    /// Where it begins in a workspace that was there before it.
    fn start(&self) -> Start;
    /// Reacts to one event. An error stops this subscriber at this event; it is tried again, and after some tries the
    /// operator is asked.
    fn on(&self, context: &C, event: &Event) -> Result<(), StoreError>;
}

/// Where a subscriber begins to read. In a new workspace both are the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest event that is kept: it builds a view of all that happened.
    First,
    /// Behind what the others have been told already: it acts on what happens.
    Now,
}

pub type Subscribers<C> = Vec<Box<dyn Subscriber<C>>>;

/// The task behind `DELIVER`.
pub struct Deliver<C> {
    store: Store,
    clock: Clock,
    subscribers: Subscribers<C>,
    more_to_come: fn(&C) -> bool,
    /// A thread waits for it.
    waiting: AtomicBool,
}

impl<C: Send + Sync> Task<C> for Deliver<C> {
    fn kind(&self) -> &'static str {
        DELIVER
    }

    fn run(&self, context: &C, job: &Job) -> Outcome {
        if let Err(error) = self.place_new(job.workspace) {
            return outcome_of(error);
        }
        for pass in 0.. {
            match self.catch_up(context, job.workspace) {
                Ok(None) => {}
                Ok(Some(error)) => return error.into(),
                Err(error) => return outcome_of(error),
            }
            if pass == PASSES || !self.wait_for_more(context) {
                break;
            }
        }
        self.finish(job)
    }
}

impl<C: Send + Sync> Deliver<C> {
    pub fn new(store: Store, clock: Clock, subscribers: Subscribers<C>) -> Self {
        Self { store, clock, subscribers, more_to_come: |_| false, waiting: AtomicBool::new(false) }
    }

    /// `more_to_come` says whether work is under way that is likely to bring the next event in a moment.
    #[must_use]
    pub fn gathering_while(self, more_to_come: fn(&C) -> bool) -> Self {
        Self { more_to_come, ..self }
    }

    /// While mail leaves, each one brings an event a moment later: those of a moment are told together, so that the
    /// telling does not cost as many commits as the sending. One thread waits, whatever the number of workspaces.
    fn wait_for_more(&self, context: &C) -> bool {
        if !(self.more_to_come)(context) || self.waiting.swap(true, Ordering::SeqCst) {
            return false;
        }
        let until = Instant::now() + MOMENT;
        while Instant::now() < until && (self.more_to_come)(context) {
            std::thread::park_timeout(LOOK);
        }
        self.waiting.store(false, Ordering::SeqCst);
        true
    }

    /// Gives each subscriber without a cursor its first one. Together and before anybody reads, so that a workspace
    /// without any cursor is known to be a new one.
    fn place_new(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        let place = |subscriber: &dyn Subscriber<C>| Key::of(&CURSORS, workspace).text(subscriber.name());
        let is_new = |txn: &mut Txn<'_>| {
            let mut new = Vec::new();
            for subscriber in &self.subscribers {
                if !txn.exists(&CURSORS, &place(&**subscriber))? {
                    new.push(&**subscriber);
                }
            }
            Ok::<_, StoreError>(new)
        };
        if self.store.read(is_new)?.is_empty() {
            return Ok(());
        }
        self.store.write(|txn| {
            let told = told_so_far(txn, workspace)?;
            for subscriber in is_new(txn)? {
                let read = if subscriber.start() == Start::Now { told } else { 0 };
                txn.put(&CURSORS, &place(subscriber), &read)?;
            }
            Ok(())
        })
    }

    /// Hands every subscriber what it has not read, batch by batch: a batch is read once for all of them, and one
    /// commit notes how far they have come. Gives the error of the last that failed; the others went on.
    fn catch_up(&self, context: &C, workspace: WorkspaceId) -> Result<Option<StoreError>, StoreError> {
        let places: Vec<Key> =
            self.subscribers.iter().map(|subscriber| Key::of(&CURSORS, workspace).text(subscriber.name())).collect();
        let (mut read, troubled) = self.store.read(|txn| {
            let read = places.iter().map(|place| Ok(txn.get(&CURSORS, place)?.unwrap_or(0)));
            let read = read.collect::<Result<Vec<u64>, StoreError>>()?;
            Ok::<_, StoreError>((read, trouble::all_in(txn, workspace)?))
        })?;
        let mut stuck = vec![false; read.len()];
        let mut failed = None;
        loop {
            let behind = read.iter().zip(&stuck).filter(|(_, stuck)| !**stuck).map(|(read, _)| *read).min();
            let Some(behind) = behind else { return Ok(failed) };
            let events = self.store.read(|txn| after(txn, workspace, behind, BATCH))?;
            if events.is_empty() {
                return Ok(failed);
            }
            let begun = read.clone();
            let mut failures = Vec::new();
            for (n, subscriber) in self.subscribers.iter().enumerate() {
                if stuck[n] {
                    continue;
                }
                let unread = events.iter().filter(|event| event.number > begun[n]);
                let handed = hand_over(context, &**subscriber, unread);
                read[n] = handed.last.unwrap_or(begun[n]);
                if let Some((number, error)) = handed.failed {
                    tracing::error!(%error, subscriber = subscriber.name(), number, "an event could not be handled");
                    stuck[n] = true;
                    failures.push((subscriber.name(), number, error.to_string()));
                    failed = Some(error);
                }
            }
            let goes_on = |stands: &&Stuck| {
                let own = self.subscribers.iter().position(|subscriber| subscriber.name() == stands.subscriber);
                own.is_none_or(|n| read[n] >= stands.number)
            };
            let cleared: Vec<&Stuck> = troubled.iter().filter(goes_on).collect();
            self.note(workspace, &places, &begun, &read, &cleared, &failures)?;
        }
    }

    /// Writes the cursors that have moved, and who stands still.
    fn note(
        &self,
        workspace: WorkspaceId,
        places: &[Key],
        before: &[u64],
        after: &[u64],
        cleared: &[&Stuck],
        failures: &[(&'static str, u64, String)],
    ) -> Result<(), StoreError> {
        let moved: Vec<(&Key, &u64)> = places
            .iter()
            .zip(after)
            .zip(before)
            .filter(|((_, after), before)| after > before)
            .map(|(row, _)| row)
            .collect();
        if moved.is_empty() && cleared.is_empty() && failures.is_empty() {
            return Ok(());
        }
        let now = self.now();
        self.store.write(|txn| {
            moved.iter().try_for_each(|(place, read)| txn.put(&CURSORS, place, read))?;
            cleared.iter().try_for_each(|stuck| trouble::clear(txn, workspace, &stuck.subscriber))?;
            failures
                .iter()
                .try_for_each(|(name, number, error)| trouble::note(txn, workspace, name, *number, now, error))
        })
    }

    /// Closes the job only if nothing was appended meanwhile: the append found this job open and planned no other.
    fn finish(&self, job: &Job) -> Outcome {
        let closed = self.store.write(|txn| {
            let newest = newest(txn, job.workspace)?;
            // What retention has swept before anybody read it holds nobody up.
            if after(txn, job.workspace, newest.saturating_sub(1), 1)?.is_empty() {
                jobs::complete(txn, job)?;
                return Ok(true);
            }
            for subscriber in &self.subscribers {
                let place = Key::of(&CURSORS, job.workspace).text(subscriber.name());
                if txn.get(&CURSORS, &place)?.unwrap_or(0) < newest {
                    return Ok(false);
                }
            }
            jobs::complete(txn, job)?;
            Ok::<_, StoreError>(true)
        });
        match closed {
            Ok(true) => Outcome::Committed,
            Ok(false) => Outcome::Again { at: self.now() },
            Err(error) => outcome_of(error),
        }
    }

    fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

/// What a fault of the log itself means. Without its key the workspace is gone, and nobody is left to be told.
fn outcome_of(error: StoreError) -> Outcome {
    match error {
        StoreError::KeyGone => Outcome::Done,
        other => other.into(),
    }
}

/// How far a subscriber came.
struct Handed {
    /// The last event that was handled.
    last: Option<u64>,
    /// The one it failed at, and how.
    failed: Option<(u64, StoreError)>,
}

/// Hands events to one subscriber until it fails.
fn hand_over<'a, C>(context: &C, subscriber: &dyn Subscriber<C>, events: impl Iterator<Item = &'a Event>) -> Handed {
    let mut last = None;
    for event in events {
        // A panic in one room must not keep the event from the others.
        let outcome = catch_unwind(AssertUnwindSafe(|| subscriber.on(context, event)))
            .unwrap_or_else(|_| Err(StoreError::Engine("failed unexpectedly; see the log".into())));
        if let Err(error) = outcome {
            return Handed { last, failed: Some((event.number, error)) };
        }
        last = Some(event.number);
    }
    Handed { last, failed: None }
}
