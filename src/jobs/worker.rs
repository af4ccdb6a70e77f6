//! A lane's thread. A serial is worked off in one go, each commit recording one outcome and the next intent together.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{mpsc, Arc, Mutex, PoisonError};
use std::time::Duration;

use super::handlers::Handlers;
use super::model::{backoff, Class, Job, Lane, Serial, State};
use super::moves;
use super::queue;
use super::rows::{find_held, rest, set_pace};
use super::scheduler::{Shared, Work, AFTER_TROUBLE};
use super::work::{Effect, Outcome, Performed, Prepared, Ready, Reconciled, Settled, Task};
use crate::base::{JobId, UnixMillis};
use crate::store::{StoreError, Txn};

/// Jobs of one serial that may be put aside in one transaction before the next is sent.
const SKIPS: usize = 16;
/// Jobs of one serial worked off in one go; then others of the lane have their turn.
const BURST: usize = 50;
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// Looks after which a finding that cannot be recorded is put before a person.
const MOST_LOOKS: u32 = 24;

pub(super) struct Worker<C> {
    pub shared: Arc<Shared>,
    pub context: Arc<C>,
    pub handlers: Arc<Handlers<C>>,
    pub lane: Lane,
    pub is_extra: bool,
}

/// What a serial's thread carries from one transaction to the next.
type Performing = (Job, Performed);
/// A job in hand, with what it needs to be performed.
type InHand = (Job, Ready);

impl<C: Send + Sync> Worker<C> {
    pub fn work(&self, receiver: &Mutex<mpsc::Receiver<Work>>) {
        loop {
            let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(work) = next else { return };
            self.shared.took(self.lane);
            let outcome = guarded(|| match &work {
                Work::Task(job) if self.stopping() => self.keep_held(job, |txn| moves::release(txn, job)),
                Work::Serial(_) if self.stopping() => Ok(()),
                Work::Task(job) => self.run_one(job),
                Work::Serial(serial) => self.run_serial(*serial),
            });
            if let Err(error) = &outcome {
                self.shared.note_trouble(self.lane, error);
            }
            self.shared.end(self.lane, &work, outcome.is_ok());
            if self.is_extra && self.shared.lets_go(self.lane) {
                return;
            }
        }
    }

    fn now(&self) -> UnixMillis {
        self.shared.clock.now()
    }

    fn stopping(&self) -> bool {
        self.shared.lock().stop
    }

    /// A leased job without a serial.
    fn run_one(&self, job: &Job) -> Result<(), StoreError> {
        if let Some(task) = self.handlers.tasks.get(job.kind.as_str()) {
            return self.record_task(job, run_task(&**task, &self.context, job));
        }
        let Some(effect) = self.handlers.effects.get(job.kind.as_str()) else {
            let reason = format!("this version knows no work of kind {}", job.kind);
            return self.shared.store.write(|txn| moves::ask_human(txn, job, &reason));
        };
        if job.state == State::Uncertain {
            return self.look(&**effect, job);
        }
        let now = self.now();
        let intended = match self.shared.store.write(|txn| self.prepare(&**effect, txn, job.clone(), now)) {
            Ok(intended) => intended,
            Err(error) => {
                let reason = error.to_string();
                return self.keep(|txn| moves::retry(txn, job, later(job, now, None), &reason));
            }
        };
        let Some((job, ready)) = intended else { return Ok(()) };
        let performed = perform(&**effect, &self.context, &job, ready);
        self.record(&job, &performed)
    }

    /// Works off a serial: one commit records the last outcome and the next intent.
    fn run_serial(&self, serial: Serial) -> Result<(), StoreError> {
        let mut last: Option<Performing> = None;
        for turn in 0.. {
            let more = turn < BURST && !self.stopping();
            let next = match self.settle_and_take(serial, last.as_ref(), more, &mut None) {
                Ok(next) => next,
                // Each for itself, so that the trouble of one job does not take the outcome of another with it.
                Err(_) => {
                    if let Some((job, performed)) = &last {
                        self.record(job, performed)?;
                    }
                    self.take_or_set_aside(serial, more)?
                }
            };
            last = None;
            let Some((job, ready)) = next else { return Ok(()) };
            if let Some(task) = self.handlers.tasks.get(job.kind.as_str()) {
                self.record_task(&job, run_task(&**task, &self.context, &job))?;
                continue;
            }
            // `next_of` hands out only kinds that are known.
            let Some(effect) = self.handlers.effects.get(job.kind.as_str()) else { continue };
            if job.state == State::Uncertain {
                self.look(&**effect, &job)?;
                continue;
            }
            let performed = perform(&**effect, &self.context, &job, ready);
            last = Some((job, performed));
        }
        Ok(())
    }

    /// `failed` names the job that could not be begun, when that is why this fails.
    fn settle_and_take(
        &self,
        serial: Serial,
        last: Option<&Performing>,
        more: bool,
        failed: &mut Option<JobId>,
    ) -> Result<Option<InHand>, StoreError> {
        let now = self.now();
        self.shared.store.write(|txn| {
            *failed = None;
            if let Some((job, performed)) = last {
                self.settle_by_kind(txn, job, performed, now)?;
            }
            let next = if more { self.next_of(txn, serial, now, failed)? } else { None };
            rest(txn, self.lane, serial)?;
            Ok::<_, StoreError>(next)
        })
    }

    /// A job that cannot even be begun is moved out of the way of those behind it.
    fn take_or_set_aside(&self, serial: Serial, more: bool) -> Result<Option<InHand>, StoreError> {
        let mut failed = None;
        match (self.settle_and_take(serial, None, more, &mut failed), failed) {
            (Err(error), Some(id)) if !is_of_the_store(&error) => {
                tracing::error!(%error, job = %id, "a job cannot be begun and is set aside");
                let (now, reason) = (self.now(), error.to_string());
                self.keep(|txn| moves::set_aside(txn, id, now, &reason)).map(|()| None)
            }
            (outcome, _) => outcome,
        }
    }

    /// Records what came of an effect. What cannot be recorded needs a look.
    fn record(&self, job: &Job, performed: &Performed) -> Result<(), StoreError> {
        let now = self.now();
        match self.keep(|txn| self.settle_by_kind(txn, job, performed, now)) {
            Err(error) if !is_of_the_store(&error) => {
                let reason = format!("what came of it could not be recorded: {error}");
                self.keep(|txn| moves::ask_human(txn, job, &reason))
            }
            outcome => outcome,
        }
    }

    /// A write that must not be lost: uses the disk's reserve, and waits for room when that is gone too.
    fn keep(&self, mut closure: impl FnMut(&mut Txn<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        loop {
            match self.shared.store.write_reserved(&mut closure) {
                Err(StoreError::DiskFull { .. }) if self.shared.pause(AFTER_TROUBLE) => {}
                outcome => return outcome,
            }
        }
    }

    /// The next job of the serial that may go now, held or with its intent written.
    fn next_of(
        &self,
        txn: &mut Txn<'_>,
        serial: Serial,
        now: UnixMillis,
        failed: &mut Option<JobId>,
    ) -> Result<Option<InHand>, StoreError> {
        for _ in 0..SKIPS {
            let Some(job) = moves::take_next(txn, self.lane, serial, now)? else { return Ok(None) };
            if self.handlers.tasks.contains_key(job.kind.as_str()) || job.state == State::Uncertain {
                return moves::hold(txn, job).map(|job| Some((job, nothing())));
            }
            let Some(effect) = self.handlers.effects.get(job.kind.as_str()) else {
                let held = moves::hold(txn, job)?;
                let reason = format!("this version knows no work of kind {}", held.kind);
                moves::ask_human(txn, &held, &reason)?;
                continue;
            };
            *failed = Some(job.id);
            let intended = self.prepare(&**effect, txn, job, now)?;
            *failed = None;
            if intended.is_some() {
                return Ok(intended);
            }
        }
        // More may be due; the serial's head still says so and the scheduler comes back to it.
        Ok(None)
    }

    fn prepare(
        &self,
        effect: &dyn Effect<C>,
        txn: &mut Txn<'_>,
        job: Job,
        now: UnixMillis,
    ) -> Result<Option<InHand>, StoreError> {
        match guarded(|| effect.prepare(&self.context, txn, &job, now))? {
            Prepared::Go(ready) => moves::intend(txn, job, now).map(|job| Some((job, ready))),
            Prepared::Later { at, whole_serial, reason } => {
                // Never "now" again: a gate that names no later time would spin.
                let at = at.max(now.plus(Duration::from_secs(1)));
                if let (true, Some(serial)) = (whole_serial, job.serial) {
                    let due = job.due;
                    moves::postpone(txn, job, due, &reason)?;
                    set_pace(txn, self.lane, serial, at)?;
                } else {
                    moves::postpone(txn, job, at, &reason)?;
                }
                Ok(None)
            }
            Prepared::Drop { reason } => {
                let held = moves::hold(txn, job)?;
                queue::give_up(txn, &held, &reason)?;
                Ok(None)
            }
        }
    }

    fn settle_by_kind(
        &self,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        match self.handlers.effects.get(job.kind.as_str()) {
            Some(effect) => self.settle(&**effect, txn, job, performed, now),
            None => Ok(()),
        }
    }

    fn settle(
        &self,
        effect: &dyn Effect<C>,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let Settled { pace, happened, needs_human } =
            guarded(|| effect.settle(&self.context, txn, job, performed, now))?;
        match performed {
            _ if happened => queue::complete(txn, job)?,
            Performed::Done { .. } => queue::complete(txn, job)?,
            Performed::Refused { reason, .. } => queue::give_up(txn, job, reason)?,
            Performed::NotDone { after, whole_serial, reason, .. } => {
                let at = later(job, now, *after);
                let rests = job.serial.filter(|_| *whole_serial);
                if needs_human {
                    moves::ask_human(txn, job, reason)?;
                } else {
                    // Where the account as a whole rests, the job stays before those behind it.
                    moves::retry(txn, job, if rests.is_some() { job.due } else { at }, reason)?;
                }
                if let Some(serial) = rests {
                    set_pace(txn, self.lane, serial, at)?;
                }
            }
            Performed::CannotKnow { reason } => moves::ask_human(txn, job, reason)?,
            Performed::Unknown { reason } if job.class == Class::Once => moves::doubt(txn, job, now, reason)?,
            Performed::Unknown { reason } => {
                moves::retry(txn, job, later(job, now, None), reason)?;
            }
        }
        if let (Some(at), Some(serial)) = (pace, job.serial) {
            set_pace(txn, self.lane, serial, at)?;
        }
        Ok(())
    }

    /// Asks the provider about an effect in doubt.
    fn look(&self, effect: &dyn Effect<C>, job: &Job) -> Result<(), StoreError> {
        let now = self.now();
        let found = catch_unwind(AssertUnwindSafe(|| effect.reconcile(&self.context, job, now)))
            .unwrap_or_else(|_| Reconciled::CannotKnow { reason: "looking for it failed unexpectedly".into() });
        let looked = self.keep(|txn| match &found {
            Reconciled::Found { answer } => {
                let performed = Performed::Done { answer: answer.clone() };
                self.settle(effect, txn, job, &performed, now)
            }
            Reconciled::Absent => {
                guarded(|| effect.released(&self.context, txn, job, now))?;
                moves::ready_again(txn, job, now)
            }
            Reconciled::LookAgain { after, reason } => moves::look_later(txn, job, now.plus(*after), reason),
            Reconciled::CannotKnow { reason } => {
                let lost = Performed::CannotKnow { reason: reason.clone() };
                self.settle(effect, txn, job, &lost, now)
            }
        });
        match looked {
            Err(error) if !is_of_the_store(&error) => {
                let reason = format!("what was found could not be recorded: {error}");
                self.keep(|txn| match job.looks < MOST_LOOKS {
                    true => moves::look_later(txn, job, now.plus(LOOK_AGAIN), &reason),
                    false => moves::ask_human(txn, job, &reason),
                })
            }
            outcome => outcome,
        }
    }

    fn record_task(&self, job: &Job, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.now();
        match outcome {
            Outcome::Committed => Ok(()),
            Outcome::Done => self.keep_held(job, |txn| queue::complete(txn, job)),
            Outcome::Again { at } => self.keep_held(job, |txn| moves::again(txn, job, at)),
            Outcome::Dead { reason } => self.keep_held(job, |txn| queue::give_up(txn, job, &reason)),
            Outcome::Retry { after, reason } => {
                tracing::warn!(kind = job.kind, job = %job.id, reason, "work failed and is tried again");
                self.keep_held(job, |txn| moves::retry(txn, job, later(job, now, after), &reason))
            }
        }
    }

    /// As `keep`, for work that may be repeated: nothing is written when its job was taken back or proved done
    /// meanwhile.
    fn keep_held(
        &self,
        job: &Job,
        mut closure: impl FnMut(&mut Txn<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.keep(|txn| match find_held(txn, job)? {
            Some(_) => closure(txn),
            None => Ok(()),
        })
    }
}

fn nothing() -> Ready {
    Box::new(())
}

/// When a job that failed is tried again: after the time that was said, or after a pause that grows.
fn later(job: &Job, now: UnixMillis, after: Option<Duration>) -> UnixMillis {
    now.plus(after.unwrap_or_else(|| backoff(job.id, job.attempt + 1)))
}

/// Errors that say something about the store and nothing about the job at hand.
fn is_of_the_store(error: &StoreError) -> bool {
    matches!(error, StoreError::DiskFull { .. } | StoreError::Poisoned | StoreError::Closed)
}

/// A panic in a room's code ends that piece of work, never the thread that does it.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Engine("failed unexpectedly; see the log".into())))
}

fn run_task<C>(task: &dyn Task<C>, context: &C, job: &Job) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| task.run(context, job)))
        .unwrap_or_else(|_| Outcome::Retry { after: None, reason: "failed unexpectedly; see the log".into() })
}

fn perform<C>(effect: &dyn Effect<C>, context: &C, job: &Job, ready: Ready) -> Performed {
    // A panic may come after the bytes left: that is doubt, not failure.
    catch_unwind(AssertUnwindSafe(|| effect.perform(context, job, ready)))
        .unwrap_or_else(|_| Performed::Unknown { reason: "failed unexpectedly; see the log".into() })
}
