use super::*;
use crate::base::{ContactId, EmailAddress, UnixMillis};
use crate::contacts::{self, Contact, ContactFields, Source};
use crate::events::{self, Happened};
use crate::jobs::{self, Runner, Threads};
use crate::sandbox::{OwnerAccount, Sandbox, SandboxOptions};
use crate::testing::{self, TestApp};
use std::sync::Arc;
use std::time::Duration;

struct World {
    test: TestApp,
    sandbox: Sandbox,
    runner: Runner,
}

impl World {
    fn open() -> Self {
        let clock = crate::base::Clock::stopped_at(testing::NOW);
        let sandbox = Sandbox::start(SandboxOptions {
            clock,
            listen: ([127, 0, 0, 1], 0).into(),
            people: false,
            owner: OwnerAccount { email: "nora@fernhill.example".into(), name: "Nora".into(), zone: "UTC".into() },
            advance: None,
            smtp_imap: false,
            memory: None,
        })
        .unwrap();
        sandbox.dns.set("silent.example", "MX", &["0 ."]);
        let resolver = sandbox.dns.address.to_string();
        let test = testing::app_with(&[
            ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
            ("LAUNCHYARD_DNS__RESOLVER", &resolver),
        ]);
        let app = &test.app;
        let all = contacts::subscribers().into_iter().chain(subscribers()).collect();
        let deliver = events::Deliver::new(app.store.clone(), app.clock.clone(), all);
        let handlers = Arc::new(handlers(contacts::handlers(Handlers::default().task(deliver))));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        Self { test, sandbox, runner }
    }

    fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(30)), "the queue does not come to rest");
    }

    fn add(&self, address: &str) -> Contact {
        let fields = ContactFields { addresses: vec![address.into()], ..ContactFields::default() };
        let contact = contacts::add_contact(&self.test.app, &self.test.owner, &fields, Source::ByHand).unwrap();
        self.settle();
        contact
    }

    fn report(&self, contact: ContactId) -> AddressReport {
        let contact = contacts::get(&self.test.app.store, self.test.workspace, contact).unwrap().unwrap();
        self.test.app.store.read(|txn| reports(txn, &contact)).unwrap().remove(0)
    }

    fn why_not(&self, address: &str) -> Option<String> {
        let address = EmailAddress::parse(address).unwrap();
        self.test.app.store.read(|txn| why_no_mail(txn, self.test.workspace, &address)).unwrap()
    }
}

#[test]
fn whoever_comes_in_is_looked_at_and_a_domain_without_mail_is_named_with_its_cure() {
    let world = World::open();
    let anna = world.add("anna@fellside.example");
    assert!(world.report(anna.id).is_good());
    let info = world.add("info@fellside.example");
    assert!(!world.report(info.id).is_good(), "an office is doubtful");
    assert_eq!(world.why_not("info@fellside.example"), None, "a doubt stops nothing");

    let silent = world.add("tom@silent.example");
    assert_eq!(world.report(silent.id).takes(), Some(TakesMail::Refuses));
    assert!(world.why_not("tom@silent.example").unwrap().contains("Correct the address"));
    let gone = world.add("tom@nowhere.invalid");
    assert_eq!(world.report(gone.id).takes(), Some(TakesMail::Nowhere));
    assert!(world.why_not("tom@nowhere.invalid").unwrap().contains("MX record"));
    let told = crate::events::list_newest(&world.test.app.store, world.test.workspace, Some(gone.id), None, 9).unwrap();
    assert!(told.rows.iter().any(|event| matches!(event.what, Happened::AddressesChecked { refused: 1, .. })));
}

#[test]
fn silence_is_no_answer_and_does_not_undo_one() {
    let world = World::open();
    world.sandbox.dns.fail("fellside.example", true);
    let anna = world.add("anna@fellside.example");
    assert_eq!(world.report(anna.id).takes(), Some(TakesMail::Unknown));
    assert_eq!(world.why_not("anna@fellside.example"), None);
    world.sandbox.dns.fail("fellside.example", false);
    check_now(&world.test.app, &world.test.owner, anna.id).unwrap();
    assert_eq!(world.report(anna.id).takes(), Some(TakesMail::Yes));
    world.sandbox.dns.fail("fellside.example", true);
    check_now(&world.test.app, &world.test.owner, anna.id).unwrap();
    assert_eq!(world.report(anna.id).takes(), Some(TakesMail::Yes), "what was answered stands");
}

#[test]
fn a_mended_domain_is_found_by_the_daily_walk() {
    let world = World::open();
    plan_all(&world.test.app).unwrap();
    world.add("tom@silent.example");
    assert!(world.why_not("tom@silent.example").is_some());
    world.sandbox.dns.set("silent.example", "MX", &["10 mx.silent.example"]);
    world.test.app.clock.advance(Duration::from_secs(3 * 86_400));
    world.settle();
    assert_eq!(world.why_not("tom@silent.example"), None);
}

#[test]
fn a_file_says_which_of_its_addresses_to_look_at() {
    let world = World::open();
    let file =
        "Email\nanna@fellside.example\ninfo@fellside.example\ntom@silent.example\njo@gmial.com\nx@mailinator.com\n";
    contacts::import_file(&world.test.app, &world.test.owner, "leads.csv", file.as_bytes(), &[], false).unwrap();
    world.settle();
    let contact = contacts::list_newest(&world.test.app.store, world.test.workspace, None, 1).unwrap().rows.remove(0);
    let Source::Import(import) = contact.source else { panic!("{:?}", contact.source) };
    let tally = tally_of(&world.test.app.store, world.test.workspace, import).unwrap().unwrap();
    // gmial.com and mailinator.com are unknown to the sandbox's name server, as names that do not exist.
    assert_eq!(tally, ImportTally { role: 1, disposable: 1, typo: 1, no_mail: 3, unknown: 0 });
    assert_eq!(tally.lines().len(), 4);
}

#[test]
fn two_workspaces_do_not_see_what_the_other_asked() {
    let world = World::open();
    world.add("tom@silent.example");
    let other = testing::add_workspace(&world.test.app, "Lakeside", "lakeside");
    let address = EmailAddress::parse("tom@silent.example").unwrap();
    assert_eq!(world.test.app.store.read(|txn| why_no_mail(txn, other, &address)).unwrap(), None);
    let jobs = jobs::count_open(&world.test.app.store).unwrap();
    assert!(jobs < 5, "nothing is left over: {jobs}");
    assert!(DomainMail { domain: "x".into(), takes: TakesMail::Yes, host: None, checked_at: UnixMillis(0) }
        .is_fresh(UnixMillis(1)));
}
