use std::sync::Arc;
use std::time::Duration;

use super::model::{State, System, Vendor, Writes};
use super::service::{self, Choices};
use super::{jobs as own_jobs, store};
use crate::authz::{Actor, Role};
use crate::base::{Clock, ContactId, EmailAddress, ReplyId};
use crate::contacts::{self, Contact, ContactFields, Source};
use crate::events::{self, Happened};
use crate::jobs::{self, Handlers, Lane, Runner, Threads};
use crate::leads::LeadError;
use crate::sandbox::{OwnerAccount, Sandbox, SandboxOptions, CRM_TOKEN};
use crate::store::StoreError;
use crate::testing::{self, TestApp};

struct World {
    test: TestApp,
    sandbox: Sandbox,
    sandbox_clock: Clock,
    runner: Runner,
}

impl World {
    fn open() -> Self {
        let clock = Clock::stopped_at(testing::NOW);
        let owner = OwnerAccount { email: "nora@fernhill.example".into(), name: "Nora".into(), zone: "UTC".into() };
        let listen = ([127, 0, 0, 1], 0).into();
        let sandbox_clock = clock.clone();
        let options =
            SandboxOptions { clock, listen, people: false, owner, advance: None, smtp_imap: false, memory: None };
        let sandbox = Sandbox::start(options).unwrap();
        let (hubspot, pipedrive) = (format!("{}/hubspot", sandbox.url), format!("{}/pipedrive", sandbox.url));
        let own = [
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_PROVIDERS__HUBSPOT__API_BASE", hubspot.as_str()),
            ("LAUNCHYARD_PROVIDERS__PIPEDRIVE__API_BASE", pipedrive.as_str()),
        ];
        let test = testing::app_with(&[&own[..], &testing::MAIL].concat());
        let app = &test.app;
        let deliver = events::Deliver::new(app.store.clone(), app.clock.clone(), own_jobs::subscribers());
        let handlers = Arc::new(own_jobs::handlers(Handlers::default().task(deliver)));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        Self { test, sandbox, sandbox_clock, runner }
    }

    fn advance(&self, seconds: u64) {
        self.test.app.clock.advance(Duration::from_secs(seconds));
        self.sandbox_clock.advance(Duration::from_secs(seconds));
    }

    fn connect(&self, vendor: Vendor) -> System {
        service::connect(&self.test.app, &self.test.owner, vendor, CRM_TOKEN).unwrap()
    }

    fn settle(&self) {
        for _ in 0..4 {
            assert!(self.runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
            self.advance(70);
        }
    }

    fn pull(&self, vendor: Vendor) -> System {
        service::pull_now(&self.test.app, &self.test.owner, vendor).unwrap();
        self.settle();
        self.system(vendor)
    }

    fn system(&self, vendor: Vendor) -> System {
        store::get(&self.test.app.store, self.test.workspace, vendor).unwrap().unwrap()
    }

    fn find(&self, address: &str) -> Option<Contact> {
        let address = EmailAddress::parse(address).unwrap();
        self.test.app.store.read(|txn| contacts::find_by_address(txn, self.test.workspace, &address)).unwrap()
    }

    fn write_labels(&self, vendor: Vendor) {
        let writes = Writes { labels: true, ..Writes::default() };
        let choices =
            Choices { mapping: System::usual_mapping(vendor), tag: "crm".into(), writes, ..Choices::default() };
        service::choose(&self.test.app, &self.test.owner, vendor, &choices).unwrap();
    }

    fn answers(&self, contact: ContactId, label: &str) {
        let reply = ReplyId::new(self.test.app.now());
        let what = Happened::ReplyClassified { reply, contact, label: label.into() };
        let now = self.test.app.now();
        let append =
            |txn: &mut crate::store::Txn<'_>| events::append(txn, self.test.workspace, now, what.clone()).map(drop);
        self.test.app.store.write::<_, StoreError>(append).unwrap();
        self.settle();
    }

    fn control(&self, path: &str, body: &str) {
        let outbound = &self.test.app.outbound;
        let url = url::Url::parse(&format!("{}/control/{path}", self.sandbox.url)).unwrap();
        let target = outbound.configured(url).unwrap();
        let request = crate::providers::outbound::Request::new(http::Method::POST, target)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.as_bytes().to_vec());
        let answer = outbound.send(request, &crate::providers::outbound::NoLog).unwrap();
        assert!(answer.status < 300, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// Notes on the person there.
    fn notes(&self, vendor: Vendor, contact: ContactId) -> Vec<String> {
        let person = store::linked(&self.test.app.store, self.test.workspace, contact, vendor).unwrap();
        let Some(person) = person else { return Vec::new() };
        let mut found = Vec::new();
        let looked = super::session::with(&self.test.app, self.test.workspace, vendor, |crm, _| {
            found.extend(crm.find_note(&person, "Launchyard ")?);
            Ok(())
        });
        looked.unwrap();
        found
    }
}

#[test]
fn a_token_is_tried_before_it_is_kept_and_the_step_that_failed_is_named() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    for vendor in Vendor::ALL {
        let wrong = service::connect(app, owner, vendor, "wrong");
        let Err(LeadError::Invalid(errors)) = wrong else { panic!("{wrong:?}") };
        assert!(errors.of("token").contains("signing in"), "{errors:?}");
        assert!(service::get(app, owner, vendor).unwrap().is_none(), "nothing was kept");
        let system = world.connect(vendor);
        assert_eq!(system.writes, Writes::default(), "nothing is written until somebody chooses it");
        let calls = service::get(app, owner, vendor).unwrap().unwrap().calls;
        assert_eq!(calls.len(), 2);
        assert!(calls.iter().all(|call| !call.url.contains(CRM_TOKEN)), "{calls:?}");
    }
    let agent = Actor { role: Role::Agent, ..owner.clone() };
    assert!(matches!(service::connect(app, &agent, Vendor::HubSpot, CRM_TOKEN), Err(LeadError::Denied(_))));
}

#[test]
fn a_look_changes_nothing_and_a_pull_does_what_it_said() {
    for vendor in Vendor::ALL {
        let world = World::open();
        let (app, owner) = (&world.test.app, &world.test.owner);
        let known = ContactFields {
            addresses: vec!["mara.quist@northquay.example".into()],
            first_name: "Mara-Lena".into(),
            ..ContactFields::default()
        };
        contacts::add_contact(app, owner, &known, Source::ByHand).unwrap();
        world.connect(vendor);
        world.advance(600);
        let looked = service::look(app, owner, vendor).unwrap().looked.unwrap();
        assert_eq!((looked.added, looked.updated, looked.refused), (1, 1, 0), "{vendor:?}");
        assert!(world.find("jonas.feld@feldmill.example").is_none());

        let pulled = world.pull(vendor).pull;
        let report = pulled.report.unwrap();
        assert_eq!((report.added, report.updated, pulled.is_running), (1, 1, false), "{vendor:?}");
        let jonas = world.find("jonas.feld@feldmill.example").unwrap();
        assert_eq!((jonas.first_name.as_str(), jonas.job_title.as_str()), ("Jonas", "Miller"));
        assert_eq!(
            (jonas.source.clone(), jonas.tags.clone()),
            (Source::Crm(vendor.name().into()), vec![vendor.as_str().to_owned()])
        );
        let mara = world.find("mara.quist@northquay.example").unwrap();
        assert_eq!(
            (mara.first_name.as_str(), mara.company.as_str()),
            ("Mara-Lena", "Northquay Boats"),
            "only what was empty"
        );
        assert!(store::linked(&app.store, world.test.workspace, jonas.id, vendor).unwrap().is_some());

        let again = world.pull(vendor).pull.report.unwrap();
        assert_eq!((again.added, again.updated, again.same), (0, 0, 0), "{vendor:?}: only changes are asked for");
    }
}

#[test]
fn what_was_chosen_is_written_once_on_the_right_person_and_nothing_else() {
    for vendor in Vendor::ALL {
        let world = World::open();
        let (app, owner) = (&world.test.app, &world.test.owner);
        world.connect(vendor);
        let fields = ContactFields {
            addresses: vec!["anna@fellside.example".into()],
            first_name: "Anna".into(),
            ..ContactFields::default()
        };
        let anna = contacts::add_contact(app, owner, &fields, Source::ByHand).unwrap().id;
        world.answers(anna, "interested");
        assert!(store::linked(&app.store, world.test.workspace, anna, vendor).unwrap().is_none(), "writing is off");
        world.write_labels(vendor);
        world.answers(anna, "question");
        assert_eq!(world.notes(vendor, anna).len(), 1, "{vendor:?}");
        assert!(jobs::list_due(&app.store, Lane::Web, 9).unwrap().is_empty());
    }
}

#[test]
fn a_note_whose_answer_was_lost_is_looked_for_and_not_written_twice() {
    for (vendor, path) in
        [(Vendor::HubSpot, "/hubspot/crm/v3/objects/notes"), (Vendor::Pipedrive, "/pipedrive/v1/notes")]
    {
        let world = World::open();
        let (app, owner) = (&world.test.app, &world.test.owner);
        world.connect(vendor);
        world.write_labels(vendor);
        let fields = ContactFields { addresses: vec!["anna@fellside.example".into()], ..ContactFields::default() };
        let anna = contacts::add_contact(app, owner, &fields, Source::ByHand).unwrap().id;
        world.control("faults", &format!(r#"{{"match":"POST {path}","drop":true,"after":true}}"#));
        world.answers(anna, "interested");
        world.settle();
        let written = world.sandbox_requests(path);
        assert_eq!(written, 1, "{vendor:?}: it was there, so it is not written again");
        assert_eq!(world.notes(vendor, anna).len(), 1);
    }
}

impl World {
    /// How many notes were posted.
    fn sandbox_requests(&self, path: &str) -> usize {
        let outbound = &self.test.app.outbound;
        let url = url::Url::parse(&format!("{}/control/requests", self.sandbox.url)).unwrap();
        let target = outbound.configured(url).unwrap();
        let request = crate::providers::outbound::Request::new(http::Method::GET, target);
        let answer = outbound.send(request, &crate::providers::outbound::NoLog).unwrap();
        let text = String::from_utf8(answer.body).unwrap();
        let is_post = |line: &&str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            line["method"] == "POST" && line["url"].as_str().is_some_and(|url| url.ends_with(path))
        };
        text.lines().filter(is_post).count()
    }
}

#[test]
fn a_limit_is_waited_out_and_a_refused_token_stops_everything_and_says_so() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    world.connect(Vendor::HubSpot);
    world.control("faults", r#"{"match":"POST /hubspot/crm/v3/objects/contacts/search","status":429,"retry_after":5}"#);
    assert_eq!(world.pull(Vendor::HubSpot).pull.report.unwrap().added, 2);
    world.control("faults", r#"{"match":"POST /hubspot/crm/v3/objects/contacts/search","status":401}"#);
    let system = world.pull(Vendor::HubSpot);
    assert!(matches!(system.state, State::NeedsOwner { .. }) && !system.pull.is_running);
    let connected = service::connect(app, owner, Vendor::HubSpot, CRM_TOKEN).unwrap();
    assert_eq!(connected.state, State::Working);
}

#[test]
fn disconnecting_erases_the_token_and_who_is_who_and_nothing_is_written_any_more() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let system = world.connect(Vendor::HubSpot);
    world.pull(Vendor::HubSpot);
    let jonas = world.find("jonas.feld@feldmill.example").unwrap();
    service::disconnect(app, owner, Vendor::HubSpot).unwrap();
    assert!(app.store.open_secret(&system.token).is_err());
    assert_eq!(store::linked(&app.store, world.test.workspace, jonas.id, Vendor::HubSpot).unwrap(), None);
    assert!(matches!(service::disconnect(app, owner, Vendor::HubSpot), Err(LeadError::NotFound)));
    assert!(world.find("jonas.feld@feldmill.example").is_some(), "contacts stay");
    let next_door = testing::add_workspace(app, "Lakeside", "lakeside");
    let stranger = Actor { workspace: next_door, ..owner.clone() };
    assert!(service::get(app, &stranger, Vendor::Pipedrive).unwrap().is_none());
    assert!(world.sandbox.url.starts_with("http"));
}

#[test]
fn contacts_of_a_tag_are_made_there_once() {
    for vendor in Vendor::ALL {
        let world = World::open();
        let (app, owner) = (&world.test.app, &world.test.owner);
        world.connect(vendor);
        let fields = ContactFields {
            addresses: vec!["anna@fellside.example".into()],
            first_name: "Anna".into(),
            last_name: "Lund".into(),
            tags: vec!["hotel".into()],
            ..ContactFields::default()
        };
        let anna = contacts::add_contact(app, owner, &fields, Source::ByHand).unwrap().id;
        assert_eq!(service::send_tag(app, owner, vendor, "Hotel").unwrap(), 1);
        world.settle();
        let first = store::linked(&app.store, world.test.workspace, anna, vendor).unwrap();
        assert!(first.is_some(), "{vendor:?}");
        service::send_tag(app, owner, vendor, "hotel").unwrap();
        world.settle();
        assert_eq!(store::linked(&app.store, world.test.workspace, anna, vendor).unwrap(), first, "the same person");
    }
}

#[test]
fn another_account_knows_nobody_of_the_old_one_and_the_same_one_keeps_who_is_who() {
    let world = World::open();
    let (store, workspace) = (&world.test.app.store, world.test.workspace);
    for vendor in Vendor::ALL {
        world.connect(vendor);
        world.pull(vendor);
        let jonas = world.find("jonas.feld@feldmill.example").unwrap().id;
        let linked = || store::linked(store, workspace, jonas, vendor).unwrap();
        let kept = world.connect(vendor);
        assert!(linked().is_some() && kept.pull.since.is_some(), "{vendor:?}: the same account");
        store::update(store, workspace, vendor, |system| system.account_id = "another".into()).unwrap();
        let fresh = world.connect(vendor);
        assert_eq!((linked(), fresh.pull, fresh.state), (None, super::model::Pull::default(), State::Working));
    }
}

#[test]
fn who_was_deleted_there_is_looked_for_by_the_address() {
    for vendor in Vendor::ALL {
        let world = World::open();
        let (app, owner) = (&world.test.app, &world.test.owner);
        world.connect(vendor);
        let fields = ContactFields {
            addresses: vec!["anna@fellside.example".into()],
            tags: vec!["hotel".into()],
            ..ContactFields::default()
        };
        let anna = contacts::add_contact(app, owner, &fields, Source::ByHand).unwrap().id;
        let old = |txn: &mut crate::store::Txn<'_>| store::link(txn, world.test.workspace, anna, vendor, "999999");
        app.store.write::<_, StoreError>(old).unwrap();
        service::send_tag(app, owner, vendor, "hotel").unwrap();
        world.settle();
        let now = store::linked(&app.store, world.test.workspace, anna, vendor).unwrap();
        assert!(now.is_some_and(|id| id != "999999"), "{vendor:?}");
    }
}

fn anna(world: &World) -> ContactId {
    let fields = ContactFields { addresses: vec!["anna@fellside.example".into()], ..ContactFields::default() };
    contacts::add_contact(&world.test.app, &world.test.owner, &fields, Source::ByHand).unwrap().id
}

const NOTES: [(Vendor, &str); 2] =
    [(Vendor::HubSpot, "/hubspot/crm/v3/objects/notes"), (Vendor::Pipedrive, "/pipedrive/v1/notes")];

#[test]
fn somebody_added_a_moment_ago_whom_the_search_does_not_know_yet_is_not_added_again() {
    for (vendor, path) in [
        (Vendor::HubSpot, "/hubspot/crm/v3/objects/contacts/batch/upsert"),
        (Vendor::Pipedrive, "/pipedrive/api/v2/persons"),
    ] {
        let world = World::open();
        world.connect(vendor);
        world.write_labels(vendor);
        let anna = anna(&world);
        world.control("faults", &format!(r#"{{"match":"POST {path}","drop":true,"after":true}}"#));
        world.answers(anna, "interested");
        for _ in 0..4 {
            world.settle();
        }
        assert_eq!(world.sandbox_requests(path), 1, "{vendor:?}");
        assert_eq!(world.notes(vendor, anna).len(), 1, "{vendor:?}");
    }
}

#[test]
fn an_event_that_is_heard_twice_is_noted_once() {
    for (vendor, path) in NOTES {
        let world = World::open();
        world.connect(vendor);
        world.write_labels(vendor);
        let anna = anna(&world);
        world.answers(anna, "interested");
        let app = &world.test.app;
        let heard = events::list(&app.store, world.test.workspace, None, 50).unwrap();
        for event in &heard.rows {
            own_jobs::subscribers().iter().try_for_each(|each| each.on(app, event)).unwrap();
        }
        world.settle();
        assert_eq!(world.sandbox_requests(path), 1, "{vendor:?}");
        world.answers(anna, "question");
        assert_eq!(world.sandbox_requests(path), 2, "{vendor:?}: what happened next is noted too");
    }
}

#[test]
fn what_was_to_be_written_while_the_token_was_refused_is_written_once_it_is_connected_again() {
    for (vendor, path) in NOTES {
        let world = World::open();
        testing::add_members(&world.test.app);
        world.connect(vendor);
        world.write_labels(vendor);
        let anna = anna(&world);
        world.control("faults", &format!(r#"{{"match":"POST {path}","status":401}}"#));
        world.answers(anna, "interested");
        assert!(matches!(world.system(vendor).state, State::NeedsOwner { .. }), "{vendor:?}");
        world.answers(anna, "question");
        assert!(!crate::mailer::waiting(&world.test.app.store).unwrap().is_empty(), "the owners are told");
        world.advance(3 * 86_400);
        world.settle();
        let tried = world.sandbox_requests(path);
        assert_eq!(tried, 1, "{vendor:?}: nothing is tried with a token that was refused");
        world.connect(vendor);
        world.settle();
        assert_eq!(world.sandbox_requests(path) - tried, 2, "{vendor:?}: both were kept");
        assert_eq!(world.system(vendor).refused, None);
    }
}

#[test]
fn a_write_that_is_refused_for_good_is_counted_where_the_owner_looks() {
    for (vendor, path) in NOTES {
        let world = World::open();
        world.connect(vendor);
        world.write_labels(vendor);
        let anna = anna(&world);
        world.control("faults", &format!(r#"{{"match":"POST {path}","status":400}}"#));
        world.answers(anna, "interested");
        let system = world.system(vendor);
        assert_eq!(
            (system.refused.map(|refused| refused.count), system.state),
            (Some(1), State::Working),
            "{vendor:?}"
        );
    }
}

#[test]
fn an_old_token_that_is_refused_late_does_not_stop_the_new_one() {
    let world = World::open();
    let (app, workspace) = (&world.test.app, world.test.workspace);
    world.connect(Vendor::HubSpot);
    let late = super::session::with(app, workspace, Vendor::HubSpot, |_, _| {
        world.connect(Vendor::HubSpot);
        Err::<(), _>(crate::providers::ProviderError::Reconnect { reason: "the token was refused".into() })
    });
    assert!(matches!(late, Err(crate::providers::ProviderError::Retry { .. })), "{late:?}");
    assert_eq!(world.system(Vendor::HubSpot).state, State::Working);
}
