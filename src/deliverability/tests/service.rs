//! The whole way, with a name server of ours.

use std::collections::BTreeSet;

use crate::authz::{Actor, Role};
use crate::base::{ConnectionId, EmailAddress};
use crate::connections::{self, Connection, Kind, MailServerSettings, SecurityMode, SmtpImap, State};
use crate::deliverability::model::{SendingDomain, Standing, What};
use crate::deliverability::{
    check, check_now, jobs, list_stored, sign_leaving, store, switch, to_mend, Act, DomainError,
};
use crate::events::{self, Subscriber};
use crate::mailer;
use crate::messaging::testing::mailbox;
use crate::sandbox::NameServer;
use crate::store::StoreError;
use crate::testing::{self, TestApp, NOW};

struct World {
    test: TestApp,
    dns: NameServer,
    connection: Connection,
}

/// A mailbox `nora@fernhill.example` on a server of its own, and records that are all right but for DKIM.
fn world() -> World {
    let dns = NameServer::start([127, 0, 0, 1].into()).unwrap();
    let resolver = dns.address.to_string();
    let own = [
        ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true"),
        ("LAUNCHYARD_DNS__RESOLVER", resolver.as_str()),
        ("LAUNCHYARD_DNS__TIMEOUT_SECONDS", "2"),
    ];
    let test = testing::app_with(&[own, testing::MAIL].concat());
    dns.set("fernhill.example", "MX", &["10 mail.fernhill.example"]);
    dns.set("mail.fernhill.example", "A", &["127.0.0.1"]);
    dns.set("1.0.0.127.in-addr.arpa", "PTR", &["mail.fernhill.example"]);
    dns.set("fernhill.example", "TXT", &["v=spf1 mx -all"]);
    dns.set("_dmarc.fernhill.example", "TXT", &["v=DMARC1; p=none"]);
    let server = |port| MailServerSettings {
        host: "mail.fernhill.example".into(),
        port,
        security: SecurityMode::Tls,
        user: "nora".into(),
    };
    let password = test.app.store.seal_secret(test.workspace, b"secret").unwrap();
    let settings =
        SmtpImap { smtp: server(465), imap: server(993), ca_pem: None, password: Some(password), folders: vec![] };
    let connection = Connection { kind: Kind::SmtpImap(settings), ..mailbox(test.workspace, ConnectionId::new(NOW)) };
    test.app.store.write(|txn| connections::put(txn, &connection)).unwrap();
    World { test, dns, connection }
}

impl World {
    fn check(&self) -> SendingDomain {
        check_now(&self.test.app, &self.test.owner, "fernhill.example").unwrap().row
    }

    fn switch(&self, act: Act) -> Result<SendingDomain, DomainError> {
        switch(&self.test.app, &self.test.owner, "fernhill.example", act).map(|shown| shown.row)
    }

    /// Publishes whatever the page advises for DKIM.
    fn publish(&self, row: &SendingDomain) {
        let findings = &row.checked.as_ref().unwrap().findings;
        for record in findings.iter().filter(|one| one.what == What::Dkim).flat_map(|one| &one.records) {
            self.dns.set(&record.name, &record.kind, &[&record.value]);
        }
    }

    /// The selector that a leaving mail is signed with.
    fn signed_with(&self) -> Option<String> {
        let mail = b"From: nora@fernhill.example\r\nSubject: Heating\r\n\r\nHello\r\n".to_vec();
        let signed = sign_leaving(&self.test.app, &self.connection, mail, NOW).unwrap();
        let text = String::from_utf8(signed).unwrap();
        let selector = text.starts_with("DKIM-Signature:").then(|| text.split_once(" s=")?.1.split_once(';'))?;
        selector.map(|(selector, _)| selector.to_owned())
    }

    fn told(&self) -> Vec<String> {
        let log = events::list(&self.test.app.store, self.test.workspace, None, 100).unwrap();
        log.rows.iter().map(|event| events::words(event).2).collect()
    }
}

fn standing(row: &SendingDomain, what: What) -> Standing {
    row.checked.as_ref().unwrap().findings.iter().find(|one| one.what == what).unwrap().standing
}

#[test]
fn what_was_right_and_breaks_is_told_once_and_so_is_its_mending() {
    let world = world();
    let row = world.check();
    assert_eq!(standing(&row, What::Spf), Standing::Found);
    assert_eq!(standing(&row, What::Reverse), Standing::Found);
    assert_eq!(standing(&row, What::Dkim), Standing::Missing);
    assert!(row.broken.is_empty(), "what never was right did not break");
    let (store, workspace) = (&world.test.app.store, world.test.workspace);
    let found: Result<_, StoreError> = store.read(|txn| to_mend(txn, workspace, "fernhill.example"));
    assert_eq!(found.unwrap(), ["DKIM"], "what follows from it is not told a second time");
    let trail = row.checked.unwrap().trail;
    assert!(
        trail.iter().any(|asked| asked.name == "_dmarc.fernhill.example" && asked.answer.contains("p=none")),
        "{trail:?}"
    );

    world.dns.fail("fernhill.example", true);
    let row = world.check();
    assert_eq!(standing(&row, What::Spf), Standing::NotAsked);
    assert!(row.broken.is_empty(), "nobody could be asked");
    world.dns.fail("fernhill.example", false);

    world.dns.set("fernhill.example", "TXT", &["v=spf1 ip4:192.0.2.1 -all"]);
    world.check();
    let row = world.check();
    assert_eq!(row.broken.iter().map(|broken| broken.what).collect::<Vec<_>>(), [What::Spf]);
    assert_eq!(list_stored(&world.test.app.store, world.test.workspace).unwrap()[0].broken.len(), 1);
    world.dns.set("fernhill.example", "TXT", &["v=spf1 mx -all"]);
    assert!(world.check().broken.is_empty());
    let told = world.told();
    assert_eq!(told, ["SPF of fernhill.example is not right any more", "SPF of fernhill.example is right again"]);
}

#[test]
fn who_answers_for_the_workspace_has_one_letter_about_what_broke() {
    let world = world();
    let app = &world.test.app;
    testing::add_members(app);
    world.check();
    world.dns.set("fernhill.example", "TXT", &["v=spf1 ip4:192.0.2.1 -all"]);
    world.check();
    // A subscriber may hear an event twice.
    for event in events::list(&app.store, world.test.workspace, None, 100).unwrap().rows {
        jobs::Follow.on(app, &event).unwrap();
        jobs::Follow.on(app, &event).unwrap();
    }
    let letters = mailer::waiting(&app.store).unwrap();
    let to: BTreeSet<&str> = letters.iter().map(|letter| letter.to.display()).collect();
    assert_eq!((letters.len(), to), (2, BTreeSet::from(["ann@fernhill.example", "nora@fernhill.example"])));
    assert_eq!(letters[0].subject, "SPF of fernhill.example is not right any more");
    assert!(letters[0].text.contains("/domains/fernhill.example"), "{}", letters[0].text);
}

#[test]
fn nothing_is_signed_before_the_record_is_seen_and_nothing_after_it_is_gone() {
    let world = world();
    assert!(matches!(world.switch(Act::Rotate), Err(DomainError::NotOn)));
    let row = world.switch(Act::On).unwrap();
    let first = row.signing.next.as_ref().unwrap().selector.clone();
    assert_eq!(first, "ly20261124");
    assert_eq!(world.signed_with(), None);
    world.publish(&row);
    assert_eq!(standing(&world.check(), What::Dkim), Standing::Found);
    assert_eq!(world.signed_with(), Some(first.clone()));

    let row = world.switch(Act::Rotate).unwrap();
    assert_eq!(world.signed_with(), Some(first.clone()), "the old key signs until the new one is seen");
    assert!(matches!(world.switch(Act::Rotate), Err(DomainError::KeyWaits)));
    world.publish(&row);
    let row = world.check();
    let second = row.signing.current.as_ref().unwrap().selector.clone();
    assert_eq!(world.signed_with(), Some(second.clone()));
    assert_eq!(row.signing.retired[0].key.selector, first);

    world.dns.set(&format!("{second}._domainkey.fernhill.example"), "TXT", &[]);
    assert_eq!(world.check().broken.iter().map(|broken| broken.what).collect::<Vec<_>>(), [What::Dkim]);
    assert_eq!(world.signed_with(), None);
    let row = world.switch(Act::Off).unwrap();
    assert!(row.signing.in_use().is_none() && row.broken.is_empty(), "what is switched off did not break");
}

#[test]
fn the_keys_of_a_domain_go_with_its_last_mailbox() {
    let world = world();
    let (app, workspace) = (&world.test.app, world.test.workspace);
    let row = world.switch(Act::On).unwrap();
    let private = row.signing.next.unwrap().private;
    assert!(app.store.open_secret(&private).is_ok());
    check::forget_unused(app, workspace).unwrap();
    assert!(app.store.open_secret(&private).is_ok(), "the mailbox is still there");
    let ended = Connection { state: State::Disconnected { at: NOW }, ..world.connection.clone() };
    app.store.write(|txn| connections::put(txn, &ended)).unwrap();
    check::forget_unused(app, workspace).unwrap();
    assert!(app.store.open_secret(&private).is_err());
    assert!(store::get(&app.store, workspace, "fernhill.example").unwrap().is_none());
}

#[test]
fn a_domain_is_found_by_whoever_sends_from_it_and_may_see_connections() {
    let world = world();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let viewer = Actor { role: Role::Viewer, ..owner.clone() };
    assert!(matches!(check_now(app, &viewer, "fernhill.example"), Err(DomainError::Denied(_))));
    assert!(matches!(check_now(app, owner, "elsewhere.example"), Err(DomainError::NotFound)));
    let next_door = Actor { workspace: testing::add_workspace(app, "Next door", "nextdoor"), ..owner.clone() };
    assert!(matches!(check_now(app, &next_door, "fernhill.example"), Err(DomainError::NotFound)));
}

#[test]
fn a_provider_s_own_domain_is_neither_asked_about_nor_signed() {
    let world = world();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let address = EmailAddress::parse("nora@gmail.com").unwrap();
    let id = ConnectionId::new(NOW);
    let private = Connection { id, address, ..world.connection.clone() };
    app.store.write(|txn| connections::put(txn, &private)).unwrap();
    assert_eq!(check_now(app, owner, "gmail.com").unwrap().row.checked, None);
    assert!(matches!(switch(app, owner, "gmail.com", Act::On), Err(DomainError::SignedElsewhere)));
}
