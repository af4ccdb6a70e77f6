//! The scheduler thread sleeps until the next due time or until a commit rings. Tasks are handed out in batches; a
//! serial (one mailbox) is handed out as a whole and worked off by one thread.

use std::collections::{BTreeMap, HashSet};
use std::sync::{mpsc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::leases::Leases;
use super::model::{Job, Lane, Serial};
use super::moves;
use super::recover::move_back;
use crate::base::{Clock, UnixMillis};
use crate::store::{Store, StoreError};

/// The longest sleep of the scheduler: a safety net, not a poll.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Threads that a lane may get beyond its own.
const MOST_EXTRA: usize = 32;
/// Jobs handed out together at most.
const TOGETHER: usize = 32;
/// A wall clock that was set back further than this is noticed.
const SET_BACK: Duration = Duration::from_secs(60);
/// How long nothing is handed out after an outcome could not be recorded.
pub(super) const AFTER_TROUBLE: Duration = Duration::from_secs(1);

pub(super) enum Work {
    Task(Job),
    Serial(Serial),
}

pub(super) struct Shared {
    pub store: Store,
    pub clock: Clock,
    leases: Leases,
    state: Mutex<RunState>,
    /// Rung when there is new work, when work ends, and at the stop.
    pub bell: Condvar,
    patience: Duration,
}

#[derive(Default)]
pub(super) struct RunState {
    pub rung: bool,
    pub stop: bool,
    /// Handed out and not yet ended.
    pub running: BTreeMap<Lane, usize>,
    hands: BTreeMap<Lane, Hands>,
    busy: HashSet<(Lane, Serial)>,
    /// True when the scheduler found nothing due and nothing is in work.
    pub idle: bool,
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

/// A lane's threads as the scheduler knows them.
pub(super) struct LaneThreads {
    pub count: usize,
    pub sender: mpsc::Sender<Work>,
    pub add_one: Box<dyn Fn() -> Result<(), StoreError> + Send>,
}

pub(super) type Lanes = BTreeMap<Lane, LaneThreads>;

impl Shared {
    pub fn new(store: &Store, clock: &Clock, patience: Duration) -> Self {
        Self {
            store: store.clone(),
            clock: clock.clone(),
            leases: Leases::default(),
            state: Mutex::new(RunState { rung: true, ..RunState::default() }),
            bell: Condvar::new(),
            patience,
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ring(&self) {
        self.lock().rung = true;
        self.bell.notify_all();
    }

    pub fn next_due(&self) -> Result<Option<UnixMillis>, StoreError> {
        let mut first = None;
        for lane in Lane::ALL {
            let head = self.store.read(|txn| moves::next_head(txn, lane))?;
            let free = self.leases.next_due(&self.store, lane)?;
            first = first.into_iter().chain(head).chain(free).min();
        }
        Ok(first)
    }

    pub fn schedule(&self, lanes: &Lanes) {
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
                if let Err(error) = move_back(&self.store, *lane, now, back) {
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
    pub fn took(&self, lane: Lane) {
        let mut state = self.lock();
        let hands = state.hands.entry(lane).or_default();
        (hands.taken, hands.moved) = (hands.taken + 1, Some(Instant::now()));
    }

    /// Whether an extra thread of the lane has nothing more to do. It then counts no more.
    pub fn lets_go(&self, lane: Lane) -> bool {
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
        let serials = self.store.read(|txn| moves::due_serials(txn, lane, now, room + busy.len()))?;
        let free = self.leases.due(&self.store, lane, now, room)?;
        let serials: Vec<_> = serials.into_iter().filter(|(_, serial)| !busy.contains(&(lane, *serial))).collect();
        let (serials, free) = earliest(&serials, &free, room);
        let mut count = serials.len();
        for serial in serials {
            self.begin(lane, Some(serial));
            // The threads live as long as the scheduler.
            let _ = sender.send(Work::Serial(serial));
        }
        if free > 0 {
            for job in self.leases.claim(&self.store, lane, now, free.min(TOGETHER))? {
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
    pub fn note_trouble(&self, lane: Lane, error: &StoreError) {
        tracing::error!(%error, ?lane, "the queue cannot go on for the moment");
        self.lock().trouble_until = Some(Instant::now() + AFTER_TROUBLE);
    }

    /// Waits this long; false when the server stops meanwhile.
    pub fn pause(&self, time: Duration) -> bool {
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

    pub fn end(&self, lane: Lane, work: &Work, is_recorded: bool) {
        if let Work::Task(job) = work {
            self.leases.ended(job.id, is_recorded);
        }
        let mut state = self.lock();
        if let Some(running) = state.running.get_mut(&lane) {
            *running = running.saturating_sub(1);
        }
        let hands = state.hands.entry(lane).or_default();
        (hands.taken, hands.moved) = (hands.taken.saturating_sub(1), Some(Instant::now()));
        if let Work::Serial(serial) = work {
            state.busy.remove(&(lane, *serial));
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
