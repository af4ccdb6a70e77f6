use std::sync::Arc;
use std::time::Duration;

use super::model::{Reading, State};
use super::{service, store};
use crate::authz::{Actor, Role};
use crate::base::{ContactId, UnixMillis};
use crate::contacts::{self, Contact, ContactFields, Source};
use crate::jobs::{Handlers, Runner, Threads};
use crate::leads::LeadError;
use crate::providers::web_page::Kind;
use crate::sandbox::{OwnerAccount, Sandbox, SandboxOptions};
use crate::store::Person;
use crate::testing::{self, TestApp};

struct World {
    test: TestApp,
    sandbox: Sandbox,
    runner: Runner,
}

impl World {
    fn open() -> Self {
        let test = testing::app();
        let sandbox = Sandbox::start(SandboxOptions {
            clock: test.app.clock.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            people: false,
            owner: OwnerAccount { email: "nora@fernhill.example".into(), name: "Nora".into(), zone: "UTC".into() },
            advance: None,
            smtp_imap: false,
            memory: None,
        })
        .unwrap();
        let handlers = Arc::new(super::handlers(Handlers::default()));
        let app = &test.app;
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        Self { test, sandbox, runner }
    }

    fn add(&self, address: &str, page: &str) -> ContactId {
        let fields = ContactFields {
            addresses: vec![address.into()],
            company: "Lakeview School".into(),
            website: format!("{}{page}", self.sandbox.url),
            ..ContactFields::default()
        };
        contacts::add_contact(&self.test.app, &self.test.owner, &fields, Source::ByHand).unwrap().id
    }

    /// Lets the calls of a reading happen, with the pauses between them.
    fn settle(&self) {
        for _ in 0..8 {
            assert!(self.runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
            self.test.app.clock.advance(Duration::from_secs(10));
        }
    }

    fn read(&self, contact: ContactId) -> Reading {
        service::ask(&self.test.app, &self.test.owner, contact, "").unwrap();
        self.settle();
        self.reading(contact)
    }

    fn reading(&self, contact: ContactId) -> Reading {
        store::get(&self.test.app.store, self.test.workspace, contact).unwrap().unwrap()
    }

    fn contact(&self, id: ContactId) -> Contact {
        contacts::get(&self.test.app.store, self.test.workspace, id).unwrap().unwrap()
    }
}

fn value(reading: &Reading, kind: Kind) -> Option<&str> {
    reading.facts.iter().find(|fact| fact.kind == kind).map(|fact| fact.value.as_str())
}

#[test]
fn a_page_becomes_facts_with_their_source_and_fields_for_texts() {
    let world = World::open();
    let priya = world.add("priya.raman@lakeview-school.example", "/web/www-lakeview-school");
    let reading = world.read(priya);
    assert!(matches!(reading.state, State::Read { .. }), "{:?}", reading.state);
    assert_eq!(value(&reading, Kind::Name), Some("Lakeview School"));
    let source = format!("{}/web/lakeview-school", world.sandbox.url);
    assert!(reading.facts.iter().all(|fact| fact.source == source), "the page that it led to is the source");
    let contact = world.contact(priya);
    assert!(contact.field("page_description").unwrap().contains("Chicago"));
    assert_eq!(contact.field("page_phone").as_deref(), Some("+44 1632 960000"));
    assert_eq!(contact.company, "Lakeview School", "what the owner wrote stays");
}

#[test]
fn what_robots_txt_forbids_is_not_read_and_said() {
    let world = World::open();
    let one = world.add("x@private.example", "/web/private");
    let reading = world.read(one);
    assert!(
        matches!(&reading.state, State::Refused { words, .. } if words.contains("robots.txt")),
        "{:?}",
        reading.state
    );
    assert!(reading.facts.is_empty());
}

#[test]
fn a_page_that_is_not_there_is_said_with_what_to_do() {
    let world = World::open();
    let one = world.add("x@nobody.example", "/web/nobody");
    assert!(matches!(&world.read(one).state, State::Refused { words, .. } if words.contains("Correct the address")));
}

#[test]
fn a_host_is_called_once_at_a_time_with_a_pause_between() {
    let world = World::open();
    let first = world.add("a@lakeview-school.example", "/web/lakeview-school");
    let second = world.add("b@lakeview-school.example", "/web/lakeview-school");
    for contact in [first, second] {
        service::ask(&world.test.app, &world.test.owner, contact, "").unwrap();
    }
    assert!(world.runner.settle(Duration::from_secs(30)));
    let is_allowed = |contact| world.reading(contact).allowed.is_some();
    assert!(is_allowed(first) != is_allowed(second), "one call, then the pause");
    world.settle();
    for contact in [first, second] {
        assert!(matches!(world.reading(contact).state, State::Read { .. }));
    }
}

#[test]
fn a_forgotten_fact_leaves_the_fields_too_and_does_not_come_back() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let priya = world.add("priya.raman@lakeview-school.example", "/web/lakeview-school");
    let phone = value(&world.read(priya), Kind::Phone).unwrap().to_owned();
    service::forget(app, owner, priya, Kind::Phone, &phone).unwrap();
    assert_eq!(world.contact(priya).field("page_phone"), None);
    let again = world.read(priya);
    assert_eq!(value(&again, Kind::Phone), None);
    assert!(value(&again, Kind::Name).is_some());
    assert!(matches!(service::forget(app, owner, priya, Kind::Phone, &phone), Err(LeadError::NotFound)));
}

#[test]
fn a_field_that_somebody_wrote_over_stays_theirs() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let priya = world.add("priya.raman@lakeview-school.example", "/web/lakeview-school");
    world.read(priya);
    let mut fields = ContactFields::of(&world.contact(priya));
    fields.custom.insert("page_title".into(), "Our words".into());
    contacts::update_contact(app, owner, priya, &fields).unwrap();
    world.read(priya);
    assert_eq!(world.contact(priya).field("page_title").as_deref(), Some("Our words"));
}

#[test]
fn an_address_that_was_found_is_nobody_until_a_person_accepts_it() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let priya = world.add("priya.raman@lakeview-school.example", "/web/lakeview-school");
    let reading = world.read(priya);
    let count = || contacts::count(&app.store, world.test.workspace).unwrap();
    assert_eq!(count(), 1);
    let open = |reading| app.store.read(|txn| service::suggestions(txn, world.test.workspace, reading)).unwrap();
    assert_eq!(open(&reading), ["office@lakeview-school.example"]);
    assert!(matches!(service::accept(app, owner, priya, "made@up.example"), Err(LeadError::NotFound)));
    let added = service::accept(app, owner, priya, "office@lakeview-school.example").unwrap();
    let added = world.contact(added);
    assert_eq!((added.source.clone(), added.company.as_str()), (Source::WebPage, "Lakeview School"));
    assert_eq!(open(&reading), [""; 0]);
    assert_eq!(service::accept(app, owner, priya, "office@lakeview-school.example").unwrap(), added.id);
    assert_eq!(count(), 2);
}

#[test]
fn only_a_public_address_is_taken_and_only_from_who_may_change_contacts() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let one = world.add("a@lakeview-school.example", "/web/lakeview-school");
    for url in ["http://fellside.example/", "https://10.0.0.1:8443/", "ftp://x.example", "https://u:p@x.example/"] {
        assert!(matches!(service::ask(app, owner, one, url), Err(LeadError::Invalid(_))), "{url}");
    }
    let viewer = Actor { role: Role::Viewer, ..owner.clone() };
    assert!(matches!(service::ask(app, &viewer, one, ""), Err(LeadError::Denied(_))));
    let next_door = testing::add_workspace(app, "Lakeside", "lakeside");
    let stranger = Actor { workspace: next_door, ..owner.clone() };
    assert!(matches!(service::ask(app, &stranger, one, ""), Err(LeadError::NotFound)));
    contacts::restrict(app, owner, one).unwrap();
    assert!(matches!(service::ask(app, owner, one, ""), Err(LeadError::Restricted)));
}

#[test]
fn a_person_sees_what_was_read_about_them_and_takes_it_along() {
    let world = World::open();
    let priya = world.add("priya.raman@lakeview-school.example", "/web/lakeview-school");
    world.read(priya);
    let person = Person::Contact(world.test.workspace, priya);
    let table = super::TABLES[0];
    let held = (table.export.unwrap())(&world.test.app.store, person).unwrap();
    assert!(held[0].to_string().contains("Lakeview School"));
    assert_eq!((table.erase.unwrap())(&world.test.app.store, person), Ok(1));
    assert_eq!((table.erase.unwrap())(&world.test.app.store, person), Ok(0));
    assert_eq!(store::get(&world.test.app.store, world.test.workspace, priya).unwrap(), None);
    assert!(world.test.app.now() > UnixMillis(0));
}

#[test]
fn what_changed_during_the_call_is_not_undone() {
    let test = testing::app();
    let (app, owner) = (&test.app, &test.owner);
    let fields = ContactFields { addresses: vec!["anna@fellside.example".into()], ..ContactFields::default() };
    let anna = contacts::add_contact(app, owner, &fields, Source::ByHand).unwrap().id;
    let asked = Reading::begin(anna, "https://fellside.example/", None, app.now());
    let still = || app.store.read(|txn| super::jobs::still_waiting(txn, test.workspace, &asked)).unwrap();
    let put = |reading: &Reading| app.store.write(|txn| store::put(txn, test.workspace, reading)).unwrap();
    assert_eq!(still(), None, "erased");
    let forgotten = vec![(Kind::Phone, "112".to_owned())];
    put(&Reading { forgotten: forgotten.clone(), ..asked.clone() });
    assert_eq!(still().unwrap().forgotten, forgotten);
    put(&Reading { asked_at: UnixMillis(asked.asked_at.0 + 1), ..asked.clone() });
    assert_eq!(still(), None, "asked anew");
    put(&asked);
    contacts::restrict(app, owner, anna).unwrap();
    assert_eq!(still(), None, "restricted");
}
