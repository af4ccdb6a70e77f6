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
            "unreadable" => return Err(StoreError::KeyGone),
            "buggy" => panic!("a bug in a room"),
            "opted out" => Prepared::Drop { reason: "opted out".into() },
            "not before noon" if now < START.plus(Duration::from_secs(3600)) => Prepared::Later {
                at: START.plus(Duration::from_secs(3600)),
                whole_serial: false,
                reason: "outside hours".into(),
            },
            _ => Prepared::Go(Box::new(())),
        })
    }
    fn perform(&self, world: &World, job: &Job, _: Ready) -> Performed {
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
        Ok(Settled { pace: world.pace.lock().unwrap().map(|gap| now.plus(gap)), ..Settled::default() })
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

    /// Where the job stands. One that was done has left no row.
    fn state(&self, id: crate::base::JobId) -> State {
        self.store.read(|txn| find(txn, id)).unwrap().map_or(State::Done, |job| job.state)
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
    assert_eq!(bench.state(dropped), State::Dead);
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
        assert_eq!(bench.state(id), state, "{name}");
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
        assert_eq!((bench.state(id), bench.sent().len()), (state, sends), "{verdict:?}");
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
            let job = super::moves::take_next(txn, Lane::MailOut, uuid::Uuid::from_u128(1), START)?.unwrap();
            super::moves::intend(txn, job, START)?;
            super::rows::rest(txn, Lane::MailOut, uuid::Uuid::from_u128(1))
        })
        .unwrap();
    bench.world.found.lock().unwrap().push(Reconciled::Found { answer: json!({}) });
    bench.start();
    bench.settle();
    assert_eq!(bench.sent(), ["b"], "a is not sent again");
    assert_eq!((bench.state(leaving), bench.state(untouched)), (State::Done, State::Done));
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
    assert_eq!((bench.state(first), bench.job(first).attempt), (State::Ready, 1));
    bench.advance(60);
    bench.advance(5);
    assert_eq!(bench.state(first), State::Done);
    let third = bench.store.write(|txn| enqueue(txn, &plan())).unwrap();
    assert_ne!(first, third, "a finished job frees its key");
    bench.settle();
}

#[test]
fn what_was_done_leaves_no_row_what_was_given_up_is_swept_and_open_jobs_never() {
    let mut bench = Bench::new();
    let (done, given_up) = (bench.send("a"), bench.send("opted out"));
    bench.start();
    bench.settle();
    assert!(bench.store.read(|txn| find(txn, done)).unwrap().is_none());
    let later = NewJob::new("send", Lane::MailOut, WS, START, &"later").due(START.plus(Duration::from_secs(99)));
    let open = bench.store.write(|txn| enqueue(txn, &later)).unwrap();
    assert_eq!(bench.state(given_up), State::Dead);
    assert_eq!(sweep_given_up(&bench.store, START.plus(Duration::from_secs(100)), 100).unwrap(), 1);
    assert!(bench.store.read(|txn| find(txn, given_up)).unwrap().is_none());
    assert!(bench.store.read(|txn| find(txn, open)).unwrap().is_some());
    bench.runner.take();
}

#[test]
fn a_job_that_cannot_be_begun_holds_up_nobody_and_ends_where_a_person_sees_it() {
    for name in ["unreadable", "buggy"] {
        let mut bench = Bench::new();
        let stuck = bench.send(name);
        for other in ["a", "b"] {
            bench.send(other);
        }
        bench.start();
        bench.settle();
        assert_eq!(bench.sent(), ["a", "b"], "{name}");
        assert_eq!((bench.state(stuck), bench.job(stuck).attempt), (State::Ready, 1), "{name}");
        for _ in 0..12 {
            bench.advance(2 * 3600);
        }
        assert_eq!(bench.state(stuck), State::Dead, "{name}");
        assert_eq!(list_needing_a_look(&bench.store, 10).unwrap().len(), 1, "{name}");
    }
}

#[test]
fn a_busy_account_leaves_room_for_the_others_of_its_lane() {
    let mut bench = Bench::new();
    for _ in 0..120 {
        bench.send("busy");
    }
    let other = NewJob::new("send", Lane::MailOut, WS, START, &"other").serial(uuid::Uuid::from_u128(2));
    bench.store.write(|txn| enqueue(txn, &other)).unwrap();
    let handlers = Arc::new(Handlers::default().effect(Send).task(Tick));
    let threads = Threads([(Lane::MailOut, 1)].into_iter().collect());
    bench.runner = Some(Runner::start(&bench.store, &bench.clock, bench.world.clone(), handlers, &threads).unwrap());
    bench.settle();
    let place = bench.sent().iter().position(|name| name == "other").unwrap();
    assert!(place < 120, "it waited for all {place} of the busy account");
    assert_eq!(bench.sent().len(), 121);
}

#[test]
fn a_job_given_up_is_not_done_again_beside_the_one_planned_in_its_place() {
    let mut bench = Bench::new();
    let plan = |name: &str| NewJob::new("send", Lane::MailOut, WS, START, &name).class(Class::Once).once("one of it");
    let first = bench.store.write(|txn| enqueue(txn, &plan("opted out"))).unwrap();
    bench.start();
    bench.settle();
    assert_eq!(bench.state(first), State::Dead);
    let later = plan("a").due(START.plus(Duration::from_secs(60)));
    let second = bench.store.write(|txn| enqueue(txn, &later)).unwrap();
    assert_ne!(first, second);
    assert!(bench.store.write(|txn| decide(txn, first, Verdict::DoAgain, START)).unwrap().is_none());
    assert_eq!(bench.state(first), State::Dead);
    assert!(bench.store.write(|txn| decide(txn, first, Verdict::Arrived, START)).unwrap().is_some());
    let third = bench.store.write(|txn| enqueue(txn, &plan("b"))).unwrap();
    assert_eq!(third, second, "the key still belongs to the open job");
    bench.advance(60);
    assert_eq!(bench.sent(), ["a"]);
}

#[test]
fn work_that_takes_the_process_down_comes_back_more_and_more_slowly_and_is_never_lost() {
    let bench = Bench::new();
    let plan = NewJob::new("tick", Lane::Steps, WS, START, &()).max_attempts(4);
    let id = bench.store.write(|txn| enqueue(txn, &plan)).unwrap();
    let mut now = START;
    let mut waits = Vec::new();
    for _ in 0..6 {
        assert_eq!(lease_due(&bench.store, Lane::Steps, now, 10).unwrap().len(), 1);
        super::recover::recover(&bench.store, now).unwrap();
        let job = bench.job(id);
        assert_eq!(job.state, State::Ready);
        waits.push(job.due.since(now).as_secs());
        now = now.max(job.due);
    }
    assert_eq!(waits[0], 0, "the first stop may have had nothing to do with it");
    assert!(waits[1] >= 60 && waits[2] >= 120, "{waits:?}");
}

#[test]
fn what_is_out_is_not_handed_out_again_and_is_looked_at_after_a_crash() {
    let bench = Bench::new();
    let plans: Vec<NewJob> = (0..5).map(|n| NewJob::new("tick", Lane::Steps, WS, START, &n)).collect();
    bench.store.write(|txn| plans.iter().try_for_each(|plan| enqueue(txn, plan).map(drop))).unwrap();
    let leases = Leases::default();
    let claim = |limit| leases.claim(&bench.store, Lane::Steps, START, limit).unwrap();
    let (first, second) = (claim(3), claim(9));
    assert_eq!((first.len(), second.len(), claim(9).len()), (3, 2, 0));
    bench.store.write(|txn| complete(txn, &first[0])).unwrap();
    bench.store.write(|txn| super::moves::again(txn, &first[1], START)).unwrap();
    assert_eq!(claim(9).len(), 0, "still out until its thread has ended");
    leases.ended(first[1].id, true);
    let again = claim(9);
    assert_eq!(again.iter().map(|job| job.id).collect::<Vec<_>>(), [first[1].id]);

    super::recover::recover(&bench.store, START).unwrap();
    assert_eq!(bench.state(first[0].id), State::Done);
    for job in [&first[1], &first[2], &second[0], &second[1]] {
        let job = bench.job(job.id);
        assert_eq!((job.state, job.attempt), (State::Ready, 1), "it was in work when the process died");
    }
    super::recover::recover(&bench.store, START).unwrap();
    assert_eq!(bench.job(first[2].id).attempt, 1, "each crash is counted once");
    let stale = bench.store.write(|txn| complete(txn, &second[0]));
    assert!(stale.is_err(), "a thread of the old process cannot close it: {stale:?}");
}

#[test]
fn what_an_earlier_version_had_in_work_is_taken_up_again() {
    use super::rows::{job_key, lift, HELD, JOBS};
    use crate::base::INSTANCE;
    use crate::store::Key;
    let mut bench = Bench::new();
    let (leaving, waited) = (bench.send("a"), bench.send("b"));
    // As that version wrote them: out of the due rows, the state in the job itself.
    let write = bench.store.write::<_, StoreError>(|txn| {
        for (id, state) in [(leaving, State::Intent), (waited, State::Ready)] {
            let Some(job) = find(txn, id)? else { continue };
            lift(txn, &job)?;
            txn.put(&JOBS, &job_key(id), &Job { state, intent_at: Some(START), ..job })?;
            txn.mark(&HELD, &Key::of(&HELD, INSTANCE).id(id.0))?;
        }
        Ok(())
    });
    write.unwrap();
    bench.start();
    bench.settle();
    assert_eq!(bench.sent(), ["b"], "a may have left");
    assert_eq!((bench.state(leaving), bench.state(waited)), (State::NeedsHuman, State::Done));
}

#[test]
fn ids_sort_by_the_time_due_and_then_by_the_time_planned() {
    let job = |made: i64, due: i64| {
        NewJob::new("tick", Lane::Steps, WS, UnixMillis(START.0 + made), &()).due(UnixMillis(START.0 + due)).id()
    };
    let ids: Vec<_> = [(5, 5), (0, 10), (3, 10), (9, 10), (0, 90_000)].map(|(made, due)| job(made, due)).to_vec();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.iter().all(|id| id.0.get_version_num() == 7 && id.0.get_variant() == uuid::Variant::RFC4122));
    assert_eq!(ids[1].made_at(), UnixMillis(START.0 + 10));
    assert_ne!(job(0, 10), job(0, 10));
    let moved = NewJob::new("tick", Lane::Steps, WS, START, &()).due(UnixMillis(1));
    assert_eq!(moved.clone().due(START).id(), moved.due(START).id(), "the closure that plans it may run twice");
}

#[test]
fn a_row_that_cannot_be_read_holds_up_nothing_behind_it() {
    use super::rows::{job_key, JOBS};
    use crate::store::{Holds, Retention, Table, Tree};
    const SPOILT: Table<u8> =
        Table::sealed(0x0201, "jobs", Tree::Jobs, Holds::Nothing, Retention::Days(90), "Rows of another shape.");
    let mut bench = Bench::new();
    bench.world.ran.store(2, Ordering::SeqCst);
    let tick = NewJob::new("tick", Lane::Steps, WS, START, &());
    let behind = NewJob::new("tick", Lane::Steps, WS, START, &()).due(UnixMillis(START.0 + 1));
    bench.store.write(|txn| [&tick, &behind].iter().try_for_each(|job| enqueue(txn, job).map(drop))).unwrap();
    let spoilt = [bench.send("a"), tick.id()];
    let sent = bench.send("b");
    let whole = spoilt.map(|id| bench.job(id));
    bench.store.write(|txn| spoilt.iter().try_for_each(|id| txn.put(&SPOILT, &job_key(*id), &1))).unwrap();
    bench.start();
    bench.advance(1);
    assert_eq!((bench.sent(), bench.state(sent)), (vec!["b".to_owned()], State::Done));
    assert_eq!(bench.state(behind.id()), State::Done);
    // Readable again, so that the sum is right at the end.
    bench.store.write(|txn| whole.iter().try_for_each(|job| txn.put(&JOBS, &job_key(job.id), job))).unwrap();
}

#[test]
fn what_waits_is_put_before_a_person_and_what_is_leaving_stays_in_its_hand() {
    let mut bench = Bench::new();
    let (leaving, behind) = (bench.send("a"), bench.send("b"));
    let serial = uuid::Uuid::from_u128(1);
    let leave = bench.store.write(|txn| {
        let job = super::moves::take_next(txn, Lane::MailOut, serial, START)?.unwrap();
        super::moves::intend(txn, job, START)?;
        super::rows::rest(txn, Lane::MailOut, serial)
    });
    leave.unwrap();
    assert!(bench.store.write(|txn| needs_look(txn, behind, "restored")).unwrap());
    assert_eq!((bench.state(leaving), bench.state(behind)), (State::Intent, State::NeedsHuman));
    bench.start();
    bench.settle();
    assert_eq!(bench.state(leaving), State::NeedsHuman, "nobody could be asked about it");
    assert!(bench.sent().is_empty());
}

#[test]
fn a_thread_that_ended_in_the_middle_of_a_serial_leaves_its_mail_in_doubt() {
    let mut bench = Bench::new();
    let (leaving, behind) = (bench.send("a"), bench.send("b"));
    bench.start();
    bench.settle();
    let serial = uuid::Uuid::from_u128(2);
    let again = |name: &str| {
        let job = NewJob::new("send", Lane::MailOut, WS, START, &name).serial(serial).class(Class::Once);
        bench.store.write(|txn| enqueue(txn, &job)).unwrap()
    };
    assert_eq!((bench.state(leaving), bench.state(behind)), (State::Done, State::Done));
    bench.runner = None;
    let (first, second) = (again("c"), again("d"));
    let take = |txn: &mut Txn<'_>| super::moves::take_next(txn, Lane::MailOut, serial, START);
    let left = bench.store.write(|txn| {
        let job = take(txn)?.unwrap();
        super::moves::intend(txn, job, START).map(|job| job.id)
    });
    let left = left.unwrap();
    bench.store.write(take).unwrap();
    assert_eq!(bench.state(left), State::Uncertain, "its intent is not forgotten");
    assert!([first, second].contains(&left));
}

#[test]
fn a_task_whose_job_was_taken_back_meanwhile_ends_without_a_trace() {
    let mut bench = Bench::new();
    let job = NewJob::new("slow", Lane::MailboxPoll, WS, START, &0);
    bench.store.write(|txn| enqueue(txn, &job)).unwrap();
    let (go_on, told) = std::sync::mpsc::channel();
    let handlers = Arc::new(Handlers::default().task(Slow(Mutex::new(told))));
    let runner = Runner::start(&bench.store, &bench.clock, bench.world.clone(), handlers, &Threads::default()).unwrap();
    while bench.world.ran.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    assert!(bench.store.write(|txn| cancel(txn, job.id(), "not needed")).unwrap());
    drop(go_on);
    assert!(runner.settle(Duration::from_secs(20)));
    assert_eq!(bench.state(job.id()), State::Dead);
    assert_eq!(bench.job(job.id()).reason.as_deref(), Some("not needed"));
    bench.runner = None;
}

#[test]
fn what_may_have_been_done_before_a_restore_waits_for_a_person() {
    let mut bench = Bench::new();
    let id = bench.send("a");
    assert!(bench.store.write(|txn| needs_look(txn, id, "restored")).unwrap());
    assert!(!bench.store.write(|txn| needs_look(txn, id, "restored")).unwrap(), "again is harmless");
    bench.start();
    bench.settle();
    assert!(bench.sent().is_empty());
    assert_eq!(list_needing_a_look(&bench.store, 10).unwrap().len(), 1);
    bench.store.write(|txn| decide(txn, id, Verdict::DoAgain, START)).unwrap();
    bench.settle();
    assert_eq!(bench.sent(), ["a"]);
}

/// Blocks until the test lets it go on.
struct Slow(Mutex<std::sync::mpsc::Receiver<()>>);

impl Task<World> for Slow {
    fn kind(&self) -> &'static str {
        "slow"
    }
    fn run(&self, world: &World, _: &Job) -> Outcome {
        world.ran.fetch_add(1, Ordering::SeqCst);
        let _ = self.0.lock().unwrap().recv();
        Outcome::Done
    }
}

#[test]
fn a_stop_gives_back_what_was_not_begun() {
    let mut bench = Bench::new();
    let jobs: Vec<_> = (0..4).map(|n| NewJob::new("slow", Lane::MailboxPoll, WS, START, &n)).collect();
    for job in &jobs {
        bench.store.write(|txn| enqueue(txn, job)).unwrap();
    }
    let (go_on, told) = std::sync::mpsc::channel();
    let handlers = Arc::new(Handlers::default().task(Slow(Mutex::new(told))));
    let threads = Threads([(Lane::MailboxPoll, 1)].into_iter().collect());
    let runner = Runner::start(&bench.store, &bench.clock, bench.world.clone(), handlers, &threads).unwrap();
    let all_given = || runner.load().running.get(&Lane::MailboxPoll) == Some(&4);
    while !all_given() || bench.world.ran.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    std::thread::scope(|scope| {
        let stop = scope.spawn(|| runner.stop(Duration::from_secs(20)));
        while !runner.is_stopping() {
            std::thread::yield_now();
        }
        drop(go_on);
        assert!(stop.join().unwrap());
    });
    let in_state = |state| jobs.iter().filter(|job| bench.state(job.id()) == state).count();
    assert_eq!((in_state(State::Done), in_state(State::Ready)), (1, 3));
    assert_eq!(bench.world.ran.load(Ordering::SeqCst), 1);
    bench.runner = None;
}

#[test]
fn what_left_is_recorded_although_the_disk_became_full_meanwhile() {
    use crate::store::{DataFolder, OpenOptions};
    let free = Arc::new(std::sync::atomic::AtomicU64::new(1 << 40));
    let probe = free.clone();
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions {
        free_space: Arc::new(move |_| Ok(probe.load(Ordering::SeqCst))),
        min_free_bytes: 256 << 20,
        ..OpenOptions::at(&dir.path().join("data"))
    };
    let folder = DataFolder::open(&options, &MasterKey::new([9; 32])).unwrap();
    let job = NewJob::new("send", Lane::MailOut, WS, START, &"a").serial(uuid::Uuid::from_u128(1)).class(Class::Once);
    let behind = NewJob::new("send", Lane::MailOut, WS, START, &"b").serial(uuid::Uuid::from_u128(1));
    let job = job.due(UnixMillis(START.0 - 1));
    folder.store.write(|txn| enqueue(txn, &job).and_then(|_| enqueue(txn, &behind))).unwrap();
    let full = free.clone();
    let handlers = Arc::new(Handlers::default().effect(FillsTheDisk(full)));
    let clock = Clock::stopped_at(START);
    let runner =
        Runner::start(&folder.store, &clock, Arc::new(World::default()), handlers, &Threads::default()).unwrap();
    let is_done = |id| folder.store.read(|txn| find(txn, id)).unwrap().is_none();
    while !is_done(job.id()) {
        std::thread::yield_now();
    }
    let refused = folder.store.write(|txn| enqueue(txn, &NewJob::new("send", Lane::Steps, WS, START, &"c")));
    assert!(matches!(refused, Err(StoreError::DiskFull { .. })), "{refused:?}");
    free.store(1 << 40, Ordering::SeqCst);
    while !is_done(behind.id()) {
        std::thread::yield_now();
    }
    assert!(runner.stop(Duration::from_secs(20)));
    assert!(totals(&folder.store).unwrap().open() == 0);
}

/// Sends; and while the first leaves, something else fills the disk.
struct FillsTheDisk(Arc<std::sync::atomic::AtomicU64>);

impl Effect<World> for FillsTheDisk {
    fn kind(&self) -> &'static str {
        "send"
    }
    fn prepare(&self, _: &World, _: &mut Txn<'_>, _: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        Ok(Prepared::Go(Box::new(())))
    }
    fn perform(&self, world: &World, _: &Job, _: Ready) -> Performed {
        if world.ran.fetch_add(1, Ordering::SeqCst) == 0 {
            self.0.store(100 << 20, Ordering::SeqCst);
            std::thread::park_timeout(Duration::from_millis(600));
        }
        Performed::Done { answer: json!({}) }
    }
    fn settle(&self, _: &World, _: &mut Txn<'_>, _: &Job, _: &Performed, _: UnixMillis) -> Result<Settled, StoreError> {
        Ok(Settled::default())
    }
    fn reconcile(&self, _: &World, _: &Job, _: UnixMillis) -> Reconciled {
        Reconciled::CannotKnow { reason: "no one to ask".into() }
    }
}

/// Mail whose provider takes it and then says nothing any more, until the other end is dropped.
struct Hangs(Mutex<std::sync::mpsc::Receiver<()>>);

impl Effect<World> for Hangs {
    fn kind(&self) -> &'static str {
        "send"
    }
    fn prepare(&self, _: &World, _: &mut Txn<'_>, _: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        Ok(Prepared::Go(Box::new(())))
    }
    fn perform(&self, world: &World, job: &Job, _: Ready) -> Performed {
        let name: String = job.payload().unwrap();
        if name.starts_with("hangs") {
            let _ = self.0.lock().unwrap().recv();
        }
        world.sent.lock().unwrap().push(name);
        Performed::Done { answer: json!({}) }
    }
    fn settle(&self, _: &World, _: &mut Txn<'_>, _: &Job, _: &Performed, _: UnixMillis) -> Result<Settled, StoreError> {
        Ok(Settled::default())
    }
    fn reconcile(&self, _: &World, _: &Job, _: UnixMillis) -> Reconciled {
        Reconciled::CannotKnow { reason: "no one to ask".into() }
    }
}

#[test]
fn a_provider_that_hangs_starves_no_other_mailbox_even_when_it_holds_every_thread() {
    let bench = Bench::new();
    let mail = |mailbox: u128, name: &str, after: i64| {
        let due = UnixMillis(START.0 - 1000 + after);
        let job = NewJob::new("send", Lane::MailOut, WS, START, &name).due(due).class(Class::Once);
        let job = job.serial(uuid::Uuid::from_u128(mailbox));
        bench.store.write(|txn| enqueue(txn, &job)).unwrap()
    };
    // Two threads; five mailboxes of the provider that hangs come first, each with a mail behind.
    let stuck: Vec<_> = (1..=5).map(|mailbox| mail(mailbox, "hangs", i64::try_from(mailbox).unwrap())).collect();
    let behind: Vec<_> = (1..=5).map(|mailbox| mail(mailbox, "behind", 100)).collect();
    let others: Vec<_> = (6..=9).flat_map(|mailbox| (0..3).map(move |nth| (mailbox, nth))).collect();
    let others: Vec<_> = others.into_iter().map(|(mailbox, nth)| mail(mailbox, "another", 200 + nth)).collect();
    let (go_on, told) = std::sync::mpsc::channel();
    let handlers = Arc::new(Handlers::default().effect(Hangs(Mutex::new(told))));
    let threads = Threads([(Lane::MailOut, 2)].into_iter().collect());
    let runner =
        Runner::start_with(&bench.store, &bench.clock, bench.world.clone(), handlers, &threads, Duration::ZERO)
            .unwrap();
    let done = |jobs: &[crate::base::JobId]| jobs.iter().filter(|id| bench.state(**id) == State::Done).count();
    while done(&others) < others.len() {
        std::thread::yield_now();
    }
    assert_eq!((done(&stuck), done(&behind)), (0, 0), "those behind wait for their own mailbox only");
    drop(go_on);
    assert!(runner.settle(Duration::from_secs(20)));
    assert_eq!((done(&stuck), done(&behind)), (5, 5), "nobody was lost");
    assert_eq!(bench.world.sent.lock().unwrap().len(), 22, "and nobody got it twice");
    assert!(runner.stop(Duration::from_secs(20)));
}

/// Looks every minute, as a mailbox is looked at.
struct Polls(Clock);

impl Task<World> for Polls {
    fn kind(&self) -> &'static str {
        "poll"
    }
    fn run(&self, world: &World, _: &Job) -> Outcome {
        world.ran.fetch_add(1, Ordering::SeqCst);
        Outcome::Again { at: self.0.now().plus(Duration::from_secs(60)) }
    }
}

#[test]
fn a_clock_that_is_set_forward_and_back_by_hours_leaves_no_mailbox_unread_and_no_account_at_rest() {
    let mut bench = Bench::new();
    *bench.world.pace.lock().unwrap() = Some(Duration::from_secs(600));
    let poll = NewJob::new("poll", Lane::MailboxPoll, WS, START, &());
    let friday = START.plus(Duration::from_secs(5 * 3600));
    let step = NewJob::new("tick", Lane::Steps, WS, START, &()).due(friday);
    bench.store.write(|txn| enqueue(txn, &poll).and_then(|_| enqueue(txn, &step))).unwrap();
    let handlers = Arc::new(Handlers::default().effect(Send).task(Tick).task(Polls(bench.clock.clone())));
    let threads = Threads::default();
    bench.runner = Some(Runner::start(&bench.store, &bench.clock, bench.world.clone(), handlers, &threads).unwrap());
    bench.settle();
    bench.advance(3 * 3600);
    assert_eq!(bench.world.ran.load(Ordering::SeqCst), 2, "once, not once for each minute that was jumped over");
    let (first, second) = (bench.send("a"), bench.send("b"));
    bench.settle();
    assert_eq!((bench.state(first), bench.state(second)), (State::Done, State::Ready));

    let right = START.plus(Duration::from_secs(20));
    bench.clock.set(right);
    bench.settle();
    bench.advance(61);
    assert_eq!(bench.world.ran.load(Ordering::SeqCst), 3, "a minute later, not three hours later");
    assert_eq!(bench.state(second), State::Ready, "its pace still holds");
    bench.advance(600);
    assert_eq!(bench.state(second), State::Done);
    assert_eq!(bench.job(step.id()).due, friday, "what was read off a calendar stays where it was");
}

#[test]
fn work_in_hand_stays_in_its_hand_however_the_clock_jumps() {
    let mut bench = Bench::new();
    let job = NewJob::new("slow", Lane::MailboxPoll, WS, START, &0);
    bench.store.write(|txn| enqueue(txn, &job)).unwrap();
    let (go_on, told) = std::sync::mpsc::channel();
    let handlers = Arc::new(Handlers::default().task(Slow(Mutex::new(told))));
    let runner = Runner::start(&bench.store, &bench.clock, bench.world.clone(), handlers, &Threads::default()).unwrap();
    while bench.world.ran.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    for hours in [9, -12, 48] {
        bench.clock.set(UnixMillis(START.0 + hours * 3_600_000));
        runner.wake();
        runner.settle(Duration::from_millis(20));
        assert_eq!(bench.world.ran.load(Ordering::SeqCst), 1, "after {hours} hours");
    }
    drop(go_on);
    assert!(runner.settle(Duration::from_secs(20)));
    assert_eq!(bench.state(job.id()), State::Done);
    assert_eq!(bench.world.ran.load(Ordering::SeqCst), 1, "begun once");
    bench.runner = None;
}
