use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::base::{Clock, ContactId, UnixMillis, WorkspaceId};
use crate::jobs::{Handlers, Runner, Threads};
use crate::store::{KeyRing, MasterKey, MemoryEngine, RerunEngine, Store, StoreError};

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

#[derive(Default)]
struct Seen(Mutex<Vec<u64>>, Mutex<u32>);

struct Reader(&'static str);

impl Subscriber<Seen> for Reader {
    fn name(&self) -> &'static str {
        self.0
    }
    fn start(&self) -> Start {
        Start::First
    }
    fn on(&self, seen: &Seen, event: &Event) -> Result<(), StoreError> {
        let mut failures = seen.1.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(StoreError::Engine("not now".into()));
        }
        seen.0.lock().unwrap().push(event.number);
        Ok(())
    }
}

/// The folder of its keys must outlive it.
fn new_store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let keys = KeyRing::open(&dir.path().join("keys.slots"), &MasterKey::new([3; 32])).unwrap();
    (dir, Store::new(Arc::new(RerunEngine(MemoryEngine::default())), Arc::new(keys)))
}

#[test]
fn every_event_reaches_its_reader_in_order_also_after_a_failure() {
    let (_dir, store) = new_store();
    let clock = Clock::stopped_at(NOW);
    let workspace = WorkspaceId::new(NOW);
    store.keys().add_owner(workspace).unwrap();
    let contact = ContactId::new(NOW);
    let happen = || store.write(|txn| append(txn, workspace, NOW, Happened::ContactCreated { contact })).unwrap();
    let seen = Arc::new(Seen::default());
    *seen.1.lock().unwrap() = 1;
    let deliver = Deliver::new(store.clone(), clock.clone(), vec![Box::new(Reader("one"))]);
    assert_eq!([happen(), happen(), happen()], [1, 2, 3]);
    let handlers = Arc::new(Handlers::default().task(deliver));
    let runner = Runner::start(&store, &clock, seen.clone(), handlers, &Threads::default()).unwrap();
    assert!(runner.settle(Duration::from_secs(20)));
    assert!(seen.0.lock().unwrap().is_empty(), "the first try failed");
    clock.advance(Duration::from_secs(60));
    assert!(runner.settle(Duration::from_secs(20)));
    happen();
    assert!(runner.settle(Duration::from_secs(20)));
    assert_eq!(*seen.0.lock().unwrap(), [1, 2, 3, 4]);

    let timeline = list_newest(&store, workspace, Some(contact), None, 3).unwrap();
    assert_eq!(timeline.rows.iter().map(|event| event.number).collect::<Vec<_>>(), [4, 3, 2]);
    let rest = list_newest(&store, workspace, Some(contact), timeline.next.as_ref(), 3).unwrap();
    assert_eq!((rest.rows.len(), rest.next), (1, None));
}

/// Fails or panics at every event.
struct Broken(bool);

impl Subscriber<Seen> for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }
    fn start(&self) -> Start {
        Start::First
    }
    fn on(&self, _: &Seen, _: &Event) -> Result<(), StoreError> {
        assert!(!self.0, "a bug in a room");
        Err(StoreError::Engine("not now".into()))
    }
}

#[test]
fn a_reader_that_fails_again_and_again_keeps_no_event_from_the_others() {
    for panics in [false, true] {
        let (_dir, store) = new_store();
        let clock = Clock::stopped_at(NOW);
        let workspace = WorkspaceId::new(NOW);
        store.keys().add_owner(workspace).unwrap();
        let contact = ContactId::new(NOW);
        let happen =
            || store.write(|txn| append(txn, workspace, clock.now(), Happened::ContactCreated { contact })).unwrap();
        let subscribers: Subscribers<Seen> = vec![Box::new(Broken(panics)), Box::new(Reader("one"))];
        let deliver = Deliver::new(store.clone(), clock.clone(), subscribers);
        let seen = Arc::new(Seen::default());
        let handlers = Arc::new(Handlers::default().task(deliver));
        let runner = Runner::start(&store, &clock, seen.clone(), handlers, &Threads::default()).unwrap();
        for number in 1..=4 {
            assert_eq!(happen(), number);
            assert!(runner.settle(Duration::from_secs(20)));
            assert_eq!(seen.0.lock().unwrap().last(), Some(&number), "at once, not when the other is tried again");
        }
    }
}

/// Fails at one event for good.
struct FailsAt(u64);

impl Subscriber<Seen> for FailsAt {
    fn name(&self) -> &'static str {
        "fails"
    }
    fn start(&self) -> Start {
        Start::First
    }
    fn on(&self, seen: &Seen, event: &Event) -> Result<(), StoreError> {
        if event.number == self.0 {
            return Err(StoreError::Engine("a record cannot be read".into()));
        }
        seen.0.lock().unwrap().push(event.number);
        Ok(())
    }
}

#[test]
fn a_reader_that_stands_still_is_listed_after_some_tries_and_goes_on_once_the_event_is_skipped() {
    let (_dir, store) = new_store();
    let clock = Clock::stopped_at(NOW);
    let workspace = WorkspaceId::new(NOW);
    store.keys().add_owner(workspace).unwrap();
    let contact = ContactId::new(NOW);
    let happen =
        || store.write(|txn| append(txn, workspace, clock.now(), Happened::ContactCreated { contact })).unwrap();
    let deliver = Deliver::new(store.clone(), clock.clone(), vec![Box::new(FailsAt(2))]);
    let seen = Arc::new(Seen::default());
    assert_eq!([happen(), happen(), happen()], [1, 2, 3]);
    let handlers = Arc::new(Handlers::default().task(deliver));
    let runner = Runner::start(&store, &clock, seen.clone(), handlers, &Threads::default()).unwrap();
    let settle = || assert!(runner.settle(Duration::from_secs(20)));
    for tried in 1..SHOWN_AFTER {
        settle();
        assert_eq!(list_stuck(&store, workspace).unwrap(), [], "tried {tried} times");
        clock.advance(Duration::from_secs(7200));
    }
    settle();
    let stuck = list_stuck(&store, workspace).unwrap();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    assert_eq!((stuck[0].subscriber.as_str(), stuck[0].number, stuck[0].since), ("fails", 2, NOW));
    assert!(stuck[0].error.contains("a record cannot be read"), "{stuck:?}");
    assert_eq!(*seen.0.lock().unwrap(), [1]);

    let decide = |number, act| store.write(|txn| super::decide(txn, workspace, "fails", number, act, clock.now()));
    assert!(decide(2, Act::TryAgain).unwrap());
    settle();
    assert_eq!(list_stuck(&store, workspace).unwrap()[0].tries, SHOWN_AFTER + 1, "it was tried at once");
    assert!(!decide(3, Act::Skip).unwrap(), "it does not stand at that one");
    assert!(decide(2, Act::Skip).unwrap());
    settle();
    assert_eq!(*seen.0.lock().unwrap(), [1, 3]);
    assert_eq!(list_stuck(&store, workspace).unwrap(), []);
    assert!(!decide(2, Act::Skip).unwrap(), "it is done");
}

/// Begins where it says.
struct Late(&'static str, Start);

impl Subscriber<Seen> for Late {
    fn name(&self) -> &'static str {
        self.0
    }
    fn start(&self) -> Start {
        self.1
    }
    fn on(&self, seen: &Seen, event: &Event) -> Result<(), StoreError> {
        seen.0.lock().unwrap().push(event.number);
        Ok(())
    }
}

#[test]
fn a_reader_that_comes_later_begins_where_it_says_and_in_a_new_workspace_with_the_first_event() {
    for (start, expected) in [(Start::Now, vec![4]), (Start::First, vec![1, 2, 3, 4])] {
        let (_dir, store) = new_store();
        let clock = Clock::stopped_at(NOW);
        let (old, new) = (WorkspaceId::new(NOW), WorkspaceId::new(NOW));
        let happen = |workspace| {
            let contact = ContactId::new(NOW);
            store.write(|txn| append(txn, workspace, NOW, Happened::ContactCreated { contact })).unwrap()
        };
        let run = |seen: &Arc<Seen>, subscribers: Subscribers<Seen>| {
            let deliver = Deliver::new(store.clone(), clock.clone(), subscribers);
            let handlers = Arc::new(Handlers::default().task(deliver));
            let runner = Runner::start(&store, &clock, seen.clone(), handlers, &Threads::default()).unwrap();
            assert!(runner.settle(Duration::from_secs(20)));
            runner.stop(Duration::from_secs(5));
        };
        [old, new].iter().for_each(|workspace| store.keys().add_owner(*workspace).unwrap());
        assert_eq!([happen(old), happen(old), happen(old)], [1, 2, 3]);
        run(&Arc::default(), vec![Box::new(Reader("one"))]);

        let seen = Arc::new(Seen::default());
        happen(old);
        run(&seen, vec![Box::new(Reader("one")), Box::new(Late("later", start))]);
        let mut told = std::mem::take(&mut *seen.0.lock().unwrap());
        // "one" hears of the fourth as well.
        told.remove(told.iter().position(|number| *number == 4).unwrap());
        assert_eq!(told, expected, "{start:?}");

        happen(new);
        run(&seen, vec![Box::new(Late("later", start))]);
        assert_eq!(*seen.0.lock().unwrap(), [1], "{start:?}");
    }
}

#[test]
fn a_workspace_that_was_erased_has_nobody_to_tell_and_its_delivery_ends() {
    let (_dir, store) = new_store();
    let clock = Clock::stopped_at(NOW);
    let workspace = WorkspaceId::new(NOW);
    store.keys().add_owner(workspace).unwrap();
    let contact = ContactId::new(NOW);
    store.write(|txn| append(txn, workspace, NOW, Happened::ContactCreated { contact })).unwrap();
    store.keys().shred_owner(workspace).unwrap();
    store.wipe(workspace).unwrap();
    let deliver = Deliver::new(store.clone(), clock.clone(), vec![Box::new(Reader("one"))]);
    let handlers = Arc::new(Handlers::default().task(deliver));
    let runner = Runner::start(&store, &clock, Arc::new(Seen::default()), handlers, &Threads::default()).unwrap();
    assert!(runner.settle(Duration::from_secs(20)));
    let totals = crate::jobs::totals(&store).unwrap();
    assert_eq!((totals.done, totals.open()), (1, 0));
}
