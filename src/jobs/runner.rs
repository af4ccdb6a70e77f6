//! One scheduler thread leases what is due and hands it to the lanes' threads; it sleeps until the next due
//! time or until a commit rings. Tasks are handed out in batches; a serial (one mailbox) is handed out as a
//! whole and worked off by one thread, each commit recording one outcome and the next intent together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{mpsc, Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::model::{backoff, Class, Job, Lane, Serial, State};
use super::queue;
use super::work::{Effect, Outcome, Performed, Prepared, Reconciled, Settled, Task};
use crate::base::{Clock, JobId, UnixMillis};
use crate::store::{Store, StoreError, Txn};

/// The longest sleep of the scheduler: a safety net, not a poll.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Jobs of one serial that may be put aside in one transaction before the next is sent.
const SKIPS: usize = 16;
/// Jobs of one serial worked off in one go; then others of the lane have their turn.
const BURST: usize = 50;
/// How long all threads of a lane may be busy without one of them coming back before it gets one more: a provider that
/// hangs for minutes must starve nobody else.
const PATIENCE: Duration = Duration::from_secs(3);
/// Threads that a lane may get beyond its own.
const MOST_EXTRA: usize = 32;
/// A wall clock that was set back further than this is noticed.
const SET_BACK: Duration = Duration::from_secs(60);
/// How long nothing is handed out after an outcome could not be recorded.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// What `wiring` registers: every kind of work by its name.
pub struct Handlers<C> {
    tasks: HashMap<&'static str, Box<dyn Task<C>>>,
    effects: HashMap<&'static str, Box<dyn Effect<C>>>,
}

impl<C> Default for Handlers<C> {
    fn default() -> Self {
        Self { tasks: HashMap::new(), effects: HashMap::new() }
    }
}

impl<C> Handlers<C> {
    pub fn task(mut self, task: impl Task<C> + 'static) -> Self {
        self.tasks.insert(task.kind(), Box::new(task));
        self
    }

    pub fn effect(mut self, effect: impl Effect<C> + 'static) -> Self {
        self.effects.insert(effect.kind(), Box::new(effect));
        self
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.tasks.keys().chain(self.effects.keys()).copied().collect()
    }
}

/// How many threads each lane has.
#[derive(Clone, Debug)]
pub struct Threads(pub BTreeMap<Lane, usize>);

impl Default for Threads {
    fn default() -> Self {
        let each = [
            (Lane::MailOut, 8),
            (Lane::MailboxPoll, 6),
            (Lane::CalendarSync, 4),
            (Lane::Steps, 2),
            (Lane::Housekeeping, 2),
        ];
        Self(each.into_iter().collect())
    }
}

/// What is in work at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub running: BTreeMap<Lane, usize>,
}

enum Work {
    Task(Job),
    Serial(Serial),
}

/// A running scheduler with its threads. Stops when dropped.
pub struct Runner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    store: Store,
    clock: Clock,
    state: Mutex<RunState>,
    /// Rung when there is new work, when work ends, and at the stop.
    bell: Condvar,
    patience: Duration,
}

#[derive(Default)]
struct RunState {
    rung: bool,
    stop: bool,
    /// Handed out and not yet ended.
    running: BTreeMap<Lane, usize>,
    hands: BTreeMap<Lane, Hands>,
    busy: HashSet<(Lane, Serial)>,
    /// True when the scheduler found nothing due and nothing is in work.
    idle: bool,
    /// Nothing is handed out before then: the store refused a write.
    trouble_until: Option<Instant>,
}

/// The threads of a lane at this moment.
#[derive(Clone, Copy, Default)]
struct Hands {
    /// Pieces of work that a thread has begun.
    taken: usize,
    /// Threads beyond the lane's own.
    extra: usize,
    /// When work was last begun or ended.
    moved: Option<Instant>,
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
        while store.write(|txn| queue::recover(txn, clock.now(), 200))? > 0 {}
        let shared = Arc::new(Shared {
            store: store.clone(),
            clock: clock.clone(),
            state: Mutex::new(RunState { rung: true, ..RunState::default() }),
            bell: Condvar::new(),
            patience,
        });
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

/// Leases up to `limit` jobs without a serial that are due, earliest first, in one durable transaction.
pub fn lease_due(store: &Store, lane: Lane, now: UnixMillis, limit: usize) -> Result<Vec<Job>, StoreError> {
    store.write(|txn| queue::lease_free(txn, lane, now, limit))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_lowercase())
        .spawn(body)
        .map_err(|error| StoreError::Engine(format!("no thread for the queue: {error}")))
}

/// A lane's threads as the scheduler knows them.
struct LaneThreads {
    count: usize,
    sender: mpsc::Sender<Work>,
    add_one: Box<dyn Fn() -> Result<(), StoreError> + Send>,
}

type Lanes = BTreeMap<Lane, LaneThreads>;

impl Shared {
    fn lock(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.lock().rung = true;
        self.bell.notify_all();
    }

    fn next_due(&self) -> Result<Option<UnixMillis>, StoreError> {
        let each = self.store.read(|txn| {
            Lane::ALL.into_iter().map(|lane| queue::next_due(txn, lane)).collect::<Result<Vec<_>, StoreError>>()
        })?;
        Ok(each.into_iter().flatten().min())
    }

    fn schedule(&self, lanes: &Lanes) {
        let mut last = self.clock.now();
        loop {
            self.notice_set_back(&mut last, lanes);
            {
                let mut state = self.lock();
                if state.stop {
                    return;
                }
                state.rung = false;
            }
            let mut handed_out = 0;
            for (lane, threads) in lanes {
                if self.has_trouble() {
                    break;
                }
                self.relieve(*lane, threads);
                match self.hand_out(*lane, threads) {
                    Ok(count) => handed_out += count,
                    Err(error) => self.note_trouble(*lane, &error),
                }
            }
            self.sleep(handed_out);
        }
    }

    /// When the wall clock was set back, what was planned by it moves along: a mailbox that was to be read in a minute
    /// is not left unread until the clock is there again.
    fn notice_set_back(&self, last: &mut UnixMillis, lanes: &Lanes) {
        let now = self.clock.now();
        let back = last.since(now);
        if back > SET_BACK {
            tracing::warn!(seconds = back.as_secs(), "the clock was set back; the queue moves along");
            for lane in lanes.keys().filter(|lane| lane.moves_with_the_clock()) {
                if let Err(error) = queue::move_back(&self.store, *lane, now, back) {
                    return self.note_trouble(*lane, &error);
                }
            }
        }
        *last = now;
    }

    /// Gives the lane one more thread when work waits and none of its threads has come back for a while.
    fn relieve(&self, lane: Lane, threads: &LaneThreads) {
        {
            let mut state = self.lock();
            let running = state.running.get(&lane).copied().unwrap_or(0);
            let hands = state.hands.entry(lane).or_default();
            let all_busy = hands.taken >= threads.count + hands.extra && running > hands.taken;
            let for_long = hands.moved.is_none_or(|at| at.elapsed() >= self.patience);
            if !all_busy || !for_long || hands.extra >= MOST_EXTRA {
                return;
            }
            hands.extra += 1;
            hands.moved = Some(Instant::now());
        }
        tracing::warn!(?lane, "every thread of this lane hangs; it gets one more");
        if let Err(error) = (threads.add_one)() {
            tracing::error!(%error, ?lane, "no further thread");
            self.lock().hands.entry(lane).or_default().extra -= 1;
        }
    }

    /// A thread begins a piece of work.
    fn took(&self, lane: Lane) {
        let mut state = self.lock();
        let hands = state.hands.entry(lane).or_default();
        (hands.taken, hands.moved) = (hands.taken + 1, Some(Instant::now()));
    }

    /// Whether an extra thread of the lane has nothing more to do. It then counts no more.
    fn lets_go(&self, lane: Lane) -> bool {
        let mut state = self.lock();
        let running = state.running.get(&lane).copied().unwrap_or(0);
        let hands = state.hands.entry(lane).or_default();
        let is_over = running <= hands.taken;
        hands.extra -= usize::from(is_over);
        is_over
    }

    /// Leases as much as the lane can take and gives it to its threads.
    fn hand_out(&self, lane: Lane, threads: &LaneThreads) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let sender = &threads.sender;
        let room = {
            let state = self.lock();
            let extra = state.hands.get(&lane).map_or(0, |hands| hands.extra);
            let running = state.running.get(&lane).copied().unwrap_or(0);
            ((threads.count + extra) * 4).saturating_sub(running)
        };
        if room == 0 {
            return Ok(0);
        }
        let busy = self.lock().busy.clone();
        let (serials, free) = self.store.read(|txn| {
            let serials = queue::due_serials(txn, lane, now, room + busy.len())?;
            Ok::<_, StoreError>((serials, queue::due_free(txn, lane, now, room)?))
        })?;
        let serials: Vec<_> = serials.into_iter().filter(|(_, serial)| !busy.contains(&(lane, *serial))).collect();
        let (serials, free) = earliest(&serials, &free, room);
        let mut count = serials.len();
        for serial in serials {
            self.begin(lane, Some(serial));
            // The threads live as long as the scheduler.
            let _ = sender.send(Work::Serial(serial));
        }
        if free > 0 {
            for job in lease_due(&self.store, lane, now, free.min(32))? {
                self.begin(lane, None);
                count += 1;
                let _ = sender.send(Work::Task(job));
            }
        }
        Ok(count)
    }

    fn has_trouble(&self) -> bool {
        self.lock().trouble_until.is_some_and(|until| Instant::now() < until)
    }

    /// The store refused: waits a moment instead of asking it again and again.
    fn note_trouble(&self, lane: Lane, error: &StoreError) {
        tracing::error!(%error, ?lane, "the queue cannot go on for the moment");
        self.lock().trouble_until = Some(Instant::now() + AFTER_TROUBLE);
    }

    /// Waits this long; false when the server stops meanwhile.
    fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.stop {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return true };
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    fn begin(&self, lane: Lane, serial: Option<Serial>) {
        let mut state = self.lock();
        *state.running.entry(lane).or_default() += 1;
        state.idle = false;
        if let Some(serial) = serial {
            state.busy.insert((lane, serial));
        }
    }

    fn end(&self, lane: Lane, serial: Option<Serial>) {
        let mut state = self.lock();
        if let Some(running) = state.running.get_mut(&lane) {
            *running = running.saturating_sub(1);
        }
        let hands = state.hands.entry(lane).or_default();
        (hands.taken, hands.moved) = (hands.taken.saturating_sub(1), Some(Instant::now()));
        if let Some(serial) = serial {
            state.busy.remove(&(lane, serial));
        }
        state.rung = true;
        drop(state);
        self.bell.notify_all();
    }

    /// Waits for the bell or the next due time.
    fn sleep(&self, handed_out: usize) {
        let wait = match self.next_due() {
            Ok(Some(at)) => at.since(self.clock.now()).min(LONGEST_SLEEP),
            Ok(None) => LONGEST_SLEEP,
            Err(_) => Duration::from_secs(1),
        };
        let mut state = self.lock();
        let quiet = state.running.values().all(|count| *count == 0);
        if handed_out == 0 && quiet && !state.rung && !wait.is_zero() {
            state.idle = true;
            self.bell.notify_all();
        }
        // Work that is due but cannot be taken (its serial is busy, its lane full) is looked at when something ends.
        let trouble = state.trouble_until.and_then(|until| until.checked_duration_since(Instant::now()));
        let taken = state.hands.values().map(|hands| hands.taken).sum::<usize>();
        let is_queued = state.running.values().sum::<usize>() > taken;
        // A lane whose threads all hang is looked at again before long.
        let relief = self.patience.max(Duration::from_millis(5));
        let wait = match trouble {
            Some(left) => left,
            None if is_queued && wait > relief => relief,
            None if wait.is_zero() => Duration::from_millis(if quiet { 5 } else { 250 }).min(relief),
            None => wait,
        };
        let until = Instant::now() + wait;
        while (!state.rung || trouble.is_some()) && !state.stop {
            let Some(left) = until.checked_duration_since(Instant::now()) else { break };
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Which of a lane's due work comes first: at most `room` serials and jobs without one, in the order they fell due,
/// so that neither kind starves the other. Gives the serials and how many of the free jobs.
fn earliest(serials: &[(UnixMillis, Serial)], free: &[UnixMillis], room: usize) -> (Vec<Serial>, usize) {
    let (mut taken, mut count) = (Vec::new(), 0);
    while taken.len() + count < room {
        match (serials.get(taken.len()), free.get(count)) {
            (Some((at, serial)), other) if other.is_none_or(|other| at <= other) => taken.push(*serial),
            (_, Some(_)) => count += 1,
            _ => break,
        }
    }
    (taken, count)
}

struct Worker<C> {
    shared: Arc<Shared>,
    context: Arc<C>,
    handlers: Arc<Handlers<C>>,
    lane: Lane,
    is_extra: bool,
}

/// What a serial's thread carries from one transaction to the next.
type Performing = (Job, Performed);

impl<C: Send + Sync> Worker<C> {
    fn work(&self, receiver: &Mutex<mpsc::Receiver<Work>>) {
        loop {
            let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(work) = next else { return };
            self.shared.took(self.lane);
            let serial = match &work {
                Work::Serial(serial) => Some(*serial),
                Work::Task(_) => None,
            };
            let outcome = guarded(|| match &work {
                Work::Task(job) if self.stopping() => self.shared.store.write_reserved(|txn| queue::release(txn, job)),
                Work::Serial(_) if self.stopping() => Ok(()),
                Work::Task(job) => self.run_one(job),
                Work::Serial(serial) => self.run_serial(*serial),
            });
            if let Err(error) = outcome {
                self.shared.note_trouble(self.lane, &error);
            }
            self.shared.end(self.lane, serial);
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
            return self.shared.store.write(|txn| queue::ask_human(txn, job, &reason));
        };
        if job.state == State::Uncertain {
            return self.look(&**effect, job);
        }
        let now = self.now();
        let intended = match self.shared.store.write(|txn| self.prepare(&**effect, txn, job.clone(), now)) {
            Ok(intended) => intended,
            Err(error) => {
                let reason = error.to_string();
                return self.keep(|txn| queue::retry(txn, job, now, None, &reason).map(|_| ()));
            }
        };
        let Some(job) = intended else { return Ok(()) };
        let performed = perform(&**effect, &self.context, &job);
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
            let Some(job) = next else { return Ok(()) };
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
            let performed = perform(&**effect, &self.context, &job);
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
    ) -> Result<Option<Job>, StoreError> {
        let now = self.now();
        self.shared.store.write(|txn| {
            *failed = None;
            if let Some((job, performed)) = last {
                self.settle_by_kind(txn, job, performed, now)?;
            }
            let next = if more { self.next_of(txn, serial, now, failed)? } else { None };
            queue::rest(txn, self.lane, serial)?;
            Ok::<_, StoreError>(next)
        })
    }

    /// A job that cannot even be begun is moved out of the way of those behind it.
    fn take_or_set_aside(&self, serial: Serial, more: bool) -> Result<Option<Job>, StoreError> {
        let mut failed = None;
        match (self.settle_and_take(serial, None, more, &mut failed), failed) {
            (Err(error), Some(id)) if !is_of_the_store(&error) => {
                tracing::error!(%error, job = %id, "a job cannot be begun and is set aside");
                let (now, reason) = (self.now(), error.to_string());
                self.keep(|txn| queue::set_aside(txn, id, now, &reason)).map(|()| None)
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
                self.keep(|txn| queue::ask_human(txn, job, &reason))
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
    ) -> Result<Option<Job>, StoreError> {
        for _ in 0..SKIPS {
            let Some(job) = queue::take_next(txn, self.lane, serial, now)? else { return Ok(None) };
            if self.handlers.tasks.contains_key(job.kind.as_str()) || job.state == State::Uncertain {
                return queue::hold(txn, job).map(Some);
            }
            let Some(effect) = self.handlers.effects.get(job.kind.as_str()) else {
                let held = queue::hold(txn, job)?;
                let reason = format!("this version knows no work of kind {}", held.kind);
                queue::ask_human(txn, &held, &reason)?;
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
    ) -> Result<Option<Job>, StoreError> {
        match guarded(|| effect.prepare(&self.context, txn, &job, now))? {
            Prepared::Go => queue::intend(txn, job, now).map(Some),
            Prepared::Later { at, whole_serial, reason } => {
                // Never "now" again: a gate that names no later time would spin.
                let at = at.max(now.plus(Duration::from_secs(1)));
                if let (true, Some(serial)) = (whole_serial, job.serial) {
                    let due = job.due;
                    queue::postpone(txn, job, due, &reason)?;
                    queue::set_pace(txn, self.lane, serial, at)?;
                } else {
                    queue::postpone(txn, job, at, &reason)?;
                }
                Ok(None)
            }
            Prepared::Drop { reason } => {
                let held = queue::hold(txn, job)?;
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
                if needs_human {
                    queue::ask_human(txn, job, reason)?;
                } else {
                    queue::retry(txn, job, now, *after, reason)?;
                }
                if let (true, Some(serial)) = (whole_serial, job.serial) {
                    // Without a time given, the account rests as long as the job itself.
                    let after = after.unwrap_or_else(|| backoff(job.id, job.attempt + 1));
                    queue::set_pace(txn, self.lane, serial, now.plus(after))?;
                }
            }
            Performed::CannotKnow { reason } => queue::ask_human(txn, job, reason)?,
            Performed::Unknown { reason } if job.class == Class::Once => queue::doubt(txn, job, now, reason)?,
            Performed::Unknown { reason } => {
                queue::retry(txn, job, now, None, reason)?;
            }
        }
        if let (Some(at), Some(serial)) = (pace, job.serial) {
            queue::set_pace(txn, self.lane, serial, at)?;
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
                queue::ready_again(txn, job, now)
            }
            Reconciled::LookAgain { after, reason } => queue::look_later(txn, job, now.plus(*after), reason),
            Reconciled::CannotKnow { reason } => {
                let lost = Performed::CannotKnow { reason: reason.clone() };
                self.settle(effect, txn, job, &lost, now)
            }
        });
        match looked {
            Err(error) if !is_of_the_store(&error) => {
                let reason = format!("what was found could not be recorded: {error}");
                self.keep(|txn| queue::look_later(txn, job, now.plus(LOOK_AGAIN), &reason))
            }
            outcome => outcome,
        }
    }

    fn record_task(&self, job: &Job, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.now();
        match outcome {
            Outcome::Committed => Ok(()),
            Outcome::Done => self.keep(|txn| queue::complete(txn, job)),
            Outcome::Again { at } => self.keep(|txn| queue::again(txn, job, at)),
            Outcome::Dead { reason } => self.keep(|txn| queue::give_up(txn, job, &reason)),
            Outcome::Retry { after, reason } => {
                tracing::warn!(kind = job.kind, job = %job.id, reason, "work failed and is tried again");
                self.keep(|txn| queue::retry(txn, job, now, after, &reason).map(|_| ()))
            }
        }
    }
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

fn perform<C>(effect: &dyn Effect<C>, context: &C, job: &Job) -> Performed {
    // A panic may come after the bytes left: that is doubt, not failure.
    catch_unwind(AssertUnwindSafe(|| effect.perform(context, job)))
        .unwrap_or_else(|_| Performed::Unknown { reason: "failed unexpectedly; see the log".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fell_due_first_is_taken_first_whether_it_has_a_serial_or_not() {
        let serial = |at: i64| (UnixMillis(at), Serial::from_u128(at as u128));
        let free = |times: &[i64]| times.iter().map(|at| UnixMillis(*at)).collect::<Vec<_>>();
        let cases = [
            ("none", vec![], free(&[]), 4, (0, 0)),
            ("more serials than room", vec![serial(1), serial(2), serial(3)], free(&[9]), 2, (2, 0)),
            ("an old free job comes before", vec![serial(5), serial(6)], free(&[1, 7]), 2, (1, 1)),
            ("all of both", vec![serial(5)], free(&[1, 7]), 9, (1, 2)),
        ];
        for (name, serials, free, room, expected) in cases {
            let (taken, count) = earliest(&serials, &free, room);
            assert_eq!((taken.len(), count), expected, "{name}");
        }
    }
}
