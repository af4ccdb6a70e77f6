use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::base::{Clock, UnixMillis, WorkspaceId};
use crate::store::{KeyRing, MasterKey, MemoryEngine, RerunEngine, Store, StoreError, Txn};

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const WS: WorkspaceId = WorkspaceId(uuid::Uuid::from_u128(7));

/// What the outside saw and how it answers next.
#[derive(Default)]
struct World {
    sent: Mutex<Vec<String>>,
    answers: Mutex<Vec<Performed>>,
    found: Mutex<Vec<Reconciled>>,
    pace: Mutex<Option<Duration>>,
    ran: AtomicUsize,
}

struct Send;

impl Effect<World> for Send {
    fn kind(&self) -> &'static str {
        "send"
    }
    fn prepare(&self, _: &World, _: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let name: String = job.payload()?;
        Ok(match name.as_str() {
            "opted out" => Prepared::Drop { reason: "opted out".into() },
            "not before noon" if now < START.plus(Duration::from_secs(3600)) => Prepared::Later {
                at: START.plus(Duration::from_secs(3600)),
                whole_serial: false,
                reason: "outside hours".into(),
            },
            _ => Prepared::Go,
        })
    }
    fn perform(&self, world: &World, job: &Job) -> Performed {
        world.sent.lock().unwrap().push(job.payload().unwrap());
        world.answers.lock().unwrap().pop().unwrap_or(Performed::Done { answer: json!({}) })
    }
    fn settle(
        &self,
        world: &World,
        _: &mut Txn<'_>,
        _: &Job,
        _: &Performed,
        now: UnixMillis,
    ) -> Result<Settled, StoreError> {
        Ok(Settled { pace: world.pace.lock().unwrap().map(|gap| now.plus(gap)) })
    }
    fn reconcile(&self, world: &World, _: &Job, _: UnixMillis) -> Reconciled {
        world.found.lock().unwrap().pop().unwrap_or(Reconciled::CannotKnow { reason: "no one to ask".into() })
    }
}

struct Tick;

impl Task<World> for Tick {
    fn kind(&self) -> &'static str {
        "tick"
    }
    fn run(&self, world: &World, _: &Job) -> Outcome {
        match world.ran.fetch_add(1, Ordering::SeqCst) {
            0 => panic!("a bug"),
            1 => Outcome::Retry { after: Some(Duration::from_secs(5)), reason: "try again".into() },
            _ => Outcome::Done,
        }
    }
}

struct Bench {
    store: Store,
    clock: Clock,
    world: Arc<World>,
    runner: Option<Runner>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyRing::open(&dir.path().join("keys.slots"), &MasterKey::new([3; 32])).unwrap();
        let store = Store::new(Arc::new(RerunEngine(MemoryEngine::default())), Arc::new(keys));
        Self { store, clock: Clock::stopped_at(START), world: Arc::default(), runner: None, _dir: dir }
    }

    fn start(&mut self) {
        let handlers = Arc::new(Handlers::default().effect(Send).task(Tick));
        let threads = Threads::default();
        self.runner = Some(Runner::start(&self.store, &self.clock, self.world.clone(), handlers, &threads).unwrap());
    }

    fn settle(&self) {
        assert!(self.runner.as_ref().unwrap().settle(Duration::from_secs(20)), "the queue does not come to rest");
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.settle();
    }

    /// Enqueued one after the other, each due a millisecond later than the one before.
    fn send(&self, name: &str) -> crate::base::JobId {
        let nth = i64::try_from(totals(&self.store).unwrap().enqueued).unwrap();
        let job = NewJob::new("send", Lane::MailOut, WS, self.clock.now(), &name)
            .due(UnixMillis(START.0 - 1000 + nth))
            .serial(uuid::Uuid::from_u128(1))
            .class(Class::Once);
        self.store.write(|txn| enqueue(txn, &job)).unwrap()
    }

    fn job(&self, id: crate::base::JobId) -> Job {
        self.store.read(|txn| find(txn, id)).unwrap().unwrap()
    }

    fn sent(&self) -> Vec<String> {
        self.world.sent.lock().unwrap().clone()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.runner.take();
        if !std::thread::panicking() {
            let totals = totals(&self.store).unwrap();
            assert_eq!(totals.open(), count_open(&self.store).unwrap(), "{totals:?}");
        }
    }
}

#[test]
fn jobs_of_a_serial_leave_in_order_and_keep_their_pace() {
    let mut bench = Bench::new();
    *bench.world.pace.lock().unwrap() = Some(Duration::from_secs(90));
    for name in ["a", "b", "c"] {
        bench.send(name);
    }
    bench.start();
    bench.settle();
    assert_eq!(bench.sent(), ["a"]);
    bench.advance(89);
    assert_eq!(bench.sent(), ["a"]);
    bench.advance(1);
    assert_eq!(bench.sent(), ["a", "b"]);
    bench.advance(90);
    assert_eq!(bench.sent(), ["a", "b", "c"]);
}

#[test]
fn a_gate_may_drop_one_job_and_delay_another_without_holding_up_the_rest() {
    let mut bench = Bench::new();
    let dropped = bench.send("opted out");
    bench.send("not before noon");
    bench.send("c");
    bench.start();
    bench.settle();
    assert_eq!(bench.sent(), ["c"]);
    assert_eq!(bench.job(dropped).state, State::Dead);
    assert_eq!(bench.job(dropped).reason.as_deref(), Some("opted out"));
    bench.advance(3600);
    assert_eq!(bench.sent(), ["c", "not before noon"]);
}

#[test]
fn what_may_have_happened_is_looked_for_and_never_simply_repeated() {
    let unknown = || Performed::Unknown { reason: "the line was cut".into() };
    let cases: Vec<(&str, Vec<Reconciled>, State, usize)> = vec![
        ("found", vec![Reconciled::Found { answer: json!({}) }], State::Done, 1),
        ("surely absent", vec![Reconciled::Absent], State::Done, 2),
        ("nobody knows", vec![], State::NeedsHuman, 1),
    ];
    for (name, found, state, sends) in cases {
        let mut bench = Bench::new();
        bench.world.answers.lock().unwrap().push(unknown());
        *bench.world.found.lock().unwrap() = found;
        let id = bench.send("a");
        bench.start();
        bench.settle();
        assert_eq!(bench.job(id).state, state, "{name}");
        assert_eq!(bench.sent().len(), sends, "{name}");
    }
}

#[test]
fn a_person_decides_about_what_nobody_knows() {
    for (verdict, state, sends) in
        [(Verdict::Arrived, State::Done, 1), (Verdict::DoAgain, State::Done, 2), (Verdict::GiveUp, State::Dead, 1)]
    {
        let mut bench = Bench::new();
        bench.world.answers.lock().unwrap().push(Performed::Unknown { reason: "cut".into() });
        let id = bench.send("a");
        bench.start();
        bench.settle();
        assert_eq!(list_needing_a_look(&bench.store, 10).unwrap().len(), 1);
        bench.store.write(|txn| decide(txn, id, verdict, START)).unwrap();
        bench.settle();
        assert_eq!((bench.job(id).state, bench.sent().len()), (state, sends), "{verdict:?}");
        assert!(list_needing_a_look(&bench.store, 10).unwrap().is_empty());
        let again = bench.store.write(|txn| decide(txn, id, Verdict::Arrived, START)).unwrap();
        assert_eq!(again.is_some(), state == State::Dead, "only what is not done can still be decided");
    }
}

#[test]
fn a_crash_between_intent_and_outcome_leaves_doubt_and_one_before_leaves_nothing() {
    let mut bench = Bench::new();
    let leaving = bench.send("a");
    let untouched = bench.send("b");
    // As the process died: the intent is written, the outcome is not.
    bench
        .store
        .write(|txn| {
            let job = super::queue::take_next(txn, Lane::MailOut, uuid::Uuid::from_u128(1), START)?.unwrap();
            super::queue::intend(txn, job, START)?;
            super::queue::rest(txn, Lane::MailOut, uuid::Uuid::from_u128(1))
        })
        .unwrap();
    bench.world.found.lock().unwrap().push(Reconciled::Found { answer: json!({}) });
    bench.start();
    bench.settle();
    assert_eq!(bench.sent(), ["b"], "a is not sent again");
    assert_eq!((bench.job(leaving).state, bench.job(untouched).state), (State::Done, State::Done));
}

#[test]
fn a_provider_that_says_wait_holds_the_whole_account_as_long_as_it_says() {
    let mut bench = Bench::new();
    let wait = Performed::NotDone {
        after: Some(Duration::from_secs(600)),
        whole_serial: true,
        reason: "limit".into(),
        detail: json!({}),
    };
    bench.world.answers.lock().unwrap().push(wait);
    for name in ["a", "b"] {
        bench.send(name);
    }
    bench.start();
    bench.settle();
    bench.advance(599);
    assert_eq!(bench.sent(), ["a"]);
    bench.advance(1);
    assert_eq!(bench.sent().len(), 3, "both leave, nobody is lost");
}

#[test]
fn a_task_that_fails_or_panics_is_tried_again_and_one_key_plans_one_job() {
    let mut bench = Bench::new();
    let plan = || NewJob::new("tick", Lane::Steps, WS, START, &()).once("daily");
    let first = bench.store.write(|txn| enqueue(txn, &plan())).unwrap();
    let second = bench.store.write(|txn| enqueue(txn, &plan())).unwrap();
    assert_eq!(first, second);
    bench.start();
    bench.settle();
    assert_eq!((bench.job(first).state, bench.job(first).attempt), (State::Ready, 1));
    bench.advance(60);
    bench.advance(5);
    assert_eq!(bench.job(first).state, State::Done);
    let third = bench.store.write(|txn| enqueue(txn, &plan())).unwrap();
    assert_ne!(first, third, "a finished job frees its key");
    bench.settle();
}

#[test]
fn finished_jobs_are_swept_and_open_ones_never() {
    let mut bench = Bench::new();
    let done = bench.send("a");
    bench.start();
    bench.settle();
    let later = NewJob::new("send", Lane::MailOut, WS, START, &"later").due(START.plus(Duration::from_secs(99)));
    let open = bench.store.write(|txn| enqueue(txn, &later)).unwrap();
    assert_eq!(sweep_finished(&bench.store, START.plus(Duration::from_secs(100)), 100).unwrap(), 1);
    assert!(bench.store.read(|txn| find(txn, done)).unwrap().is_none());
    assert!(bench.store.read(|txn| find(txn, open)).unwrap().is_some());
    bench.runner.take();
}
