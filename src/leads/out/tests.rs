use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::model::{Outcome, State, Wants};
use super::told::Tell;
use super::{jobs as own_jobs, service, store};
use crate::authz::{Actor, Role};
use crate::base::{BookingId, ContactId};
use crate::contacts::{self, ContactFields, Source};
use crate::events::{self, Ended};
use crate::jobs::{Handlers, Runner, Threads};
use crate::leads::LeadError;
use crate::mailer;
use crate::providers::testing::{FakeHttp, Reply, Seen};
use crate::testing::{self, TestApp};

struct World {
    test: TestApp,
    server: FakeHttp,
    status: Arc<Mutex<u16>>,
    runner: Runner,
}

impl World {
    fn open() -> Self {
        let own = [("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true")];
        let test = testing::app_with(&[&own[..], &testing::MAIL].concat());
        testing::add_members(&test.app);
        let status = Arc::new(Mutex::new(200));
        let answer = Arc::clone(&status);
        let server = FakeHttp::start(move |_: &Seen| Reply::json(*answer.lock().unwrap(), "{}"));
        let app = &test.app;
        let deliver = events::Deliver::new(app.store.clone(), app.clock.clone(), own_jobs::subscribers());
        let handlers = Arc::new(own_jobs::handlers(Handlers::default().task(deliver)));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        Self { test, server, status, runner }
    }

    fn set(&self) -> Option<String> {
        service::set(&self.test.app, &self.test.owner, &self.server.base, Wants::default()).unwrap()
    }

    fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
    }

    fn add(&self, name: &str) -> ContactId {
        let fields = ContactFields {
            addresses: vec![format!("{name}@fellside.example")],
            first_name: name.into(),
            tags: vec!["hotel".into()],
            ..ContactFields::default()
        };
        let id = contacts::add_contact(&self.test.app, &self.test.owner, &fields, Source::ByHand).unwrap().id;
        self.settle();
        id
    }

    /// What came there, oldest first.
    fn seen(&self) -> Vec<Value> {
        self.server.seen().iter().map(Seen::json).collect()
    }

    fn endpoint(&self) -> super::model::Endpoint {
        store::get(&self.test.app.store, self.test.workspace).unwrap().unwrap()
    }
}

#[test]
fn a_change_is_told_once_signed_and_with_the_contact_relocated() {
    let world = World::open();
    world.add("early");
    assert!(world.seen().is_empty(), "nothing is sent before somebody gives an address");
    let key = world.set().unwrap();
    assert!(key.starts_with("whsec_"));
    assert!(!format!("{:?}", world.endpoint()).contains(&key), "the key is sealed");
    assert_eq!(world.set(), None, "it is shown once");
    let anna = world.add("anna");
    let seen = world.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(
        (seen[0]["type"].as_str(), seen[0]["data"]["contact"]["first_name"].as_str()),
        (Some("contact.created"), Some("anna"))
    );
    assert_eq!(seen[0]["data"]["contact"]["id"], anna.to_string());
    let headers = &world.server.seen()[0];
    assert_eq!(headers.header("webhook-id"), seen[0]["id"].as_str());
    assert!(headers.header("webhook-signature").is_some_and(|signature| signature.starts_with("v1,")));
    for event in &events::list(&world.test.app.store, world.test.workspace, None, 50).unwrap().rows {
        own_jobs::subscribers().iter().try_for_each(|each| each.on(&world.test.app, event)).unwrap();
    }
    let shown = format!("{:?}", world.endpoint().last);
    assert!(shown.contains("contact.created") && !shown.contains("fellside"), "the record holds no content: {shown}");
}

#[test]
fn a_request_that_was_declined_is_not_told_as_a_meeting() {
    let test = testing::app();
    let (at, workspace) = (test.app.now(), test.workspace);
    let (booking, contact) = (BookingId::new(at), ContactId::new(at));
    let kinds = [Ended::Meeting, Ended::Declined, Ended::TakenBack].map(|ended| {
        let what = events::Happened::BookingCancelled { booking, contact, ended };
        let event = events::Event { number: 1, workspace, at, what };
        Tell::of(&event, Wants::default()).unwrap().what
    });
    assert_eq!(kinds, ["meeting.cancelled", "request.declined", "request.taken_back"]);
}

#[test]
fn only_what_is_wanted_is_told_and_of_who_is_restricted_the_id_alone() {
    let world = World::open();
    world.set();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let anna = world.add("anna");
    contacts::restrict(app, owner, anna).unwrap();
    world.settle();
    let last = world.seen().pop().unwrap();
    assert_eq!(last["data"]["contact"], serde_json::json!({ "id": anna.to_string() }), "{last}");
    let before = world.seen().len();
    let none = Wants { contacts: false, ..Wants::default() };
    service::set(app, owner, &world.server.base, none).unwrap();
    world.add("ben");
    assert_eq!(world.seen().len(), before);
}

#[test]
fn what_is_not_taken_is_tried_again_and_after_hours_the_address_is_switched_off_and_the_owners_are_told() {
    let world = World::open();
    world.set();
    world.answers(500);
    world.add("anna");
    let first = world.endpoint();
    assert_eq!((first.last[0].outcome, first.last[0].words.as_str()), (Outcome::Later, "status 500"));
    world.answers(200);
    world.test.app.clock.advance(Duration::from_secs(60));
    world.settle();
    assert_eq!((world.endpoint().last[0].outcome, world.endpoint().last[0].tries), (Outcome::Taken, 2));
    let ids: Vec<String> = world.seen().iter().map(|message| message["id"].to_string()).collect();
    assert_eq!(ids[0], ids[1], "the same id, so that it can be left out");

    world.answers(503);
    world.add("ben");
    for _ in 0..12 {
        world.test.app.clock.advance(Duration::from_secs(2 * 3600));
        world.settle();
    }
    let State::Off { reason, .. } = world.endpoint().state else { panic!("{:?}", world.endpoint()) };
    assert_eq!(reason, "status 503");
    assert_eq!(world.endpoint().last[0].outcome, Outcome::GivenUp);
    let letters = mailer::waiting(&world.test.app.store).unwrap();
    assert!(letters.iter().any(|letter| letter.text.contains("webhook")), "{letters:?}");
    let before = world.seen().len();
    world.answers(200);
    world.add("cleo");
    assert_eq!(world.seen().len(), before, "nothing is sent while it is off");
    let said = service::test(&world.test.app, &world.test.owner).unwrap();
    assert!(said.contains("status 200"), "{said}");
    assert_eq!(world.endpoint().state, State::On);
    world.add("dora");
    assert_eq!(world.seen().last().unwrap()["data"]["contact"]["first_name"], "dora");
}

#[test]
fn a_receiver_that_is_gone_is_left_alone_at_once() {
    let world = World::open();
    world.set();
    world.answers(410);
    world.add("anna");
    assert!(!world.endpoint().is_on());
    assert_eq!(world.seen().len(), 1);
}

#[test]
fn an_address_inside_the_own_network_is_refused_and_only_admins_may_set_one() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    for wrong in ["http://example.com/", "https://user:pass@example.com/", "https://example.com:8443/", "nonsense", ""]
    {
        let refused = service::set(app, owner, wrong, Wants::default());
        assert!(matches!(refused, Err(LeadError::Invalid(_))), "{wrong}: {refused:?}");
    }
    let agent = Actor { role: Role::Agent, ..owner.clone() };
    assert!(matches!(service::set(app, &agent, "https://example.com/", Wants::default()), Err(LeadError::Denied(_))));
    assert!(matches!(service::test(app, owner), Err(LeadError::NotFound)));
    // A name that leads into the own network is found out when it is called.
    service::set(app, owner, "https://10.0.0.1/", Wants::default()).unwrap();
    let said = service::test(app, owner).unwrap();
    assert!(said.starts_with("It did not take the test"), "{said}");
}

#[test]
fn a_new_key_ends_the_old_and_ending_erases_it() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    world.set();
    let old = world.endpoint().key;
    let key = service::renew_key(app, owner).unwrap();
    assert!(app.store.open_secret(&old).is_err());
    let sealed = world.endpoint().key;
    assert_eq!(app.store.open_secret(&sealed).unwrap().as_slice(), key.as_bytes());
    service::end(app, owner).unwrap();
    assert!(app.store.open_secret(&sealed).is_err());
    assert!(service::get(app, owner).unwrap().is_none());
    service::end_all(app, owner).unwrap();
}
