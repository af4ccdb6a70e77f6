use std::time::Duration;

use super::model::Outcome;
use super::receive::{open, receive, Received};
use super::{service, store};
use crate::app::App;
use crate::authz::{Actor, Role};
use crate::contacts::{self, Contact, Source};
use crate::leads::LeadError;
use crate::testing::{self, TestApp};

struct World {
    test: TestApp,
    token: String,
}

impl World {
    fn open() -> Self {
        let test = testing::app();
        let (_, token) = service::make(&test.app, &test.owner).unwrap();
        Self { test, token }
    }

    fn post(&self, key: Option<&str>, body: &str) -> Received {
        let workspace = open(&self.test.app, &self.token).unwrap().unwrap();
        receive(&self.test.app, workspace, "application/json", key, body.as_bytes()).unwrap()
    }

    fn contact(&self, received: &Received) -> Contact {
        contacts::get(&self.test.app.store, self.test.workspace, received.contact.unwrap()).unwrap().unwrap()
    }
}

#[test]
fn a_posted_lead_becomes_a_contact_with_its_consent_and_again_it_changes_nothing() {
    let world = World::open();
    let body = r#"{"email":"ada@fellside.example","name":"Ada Lund","company":"Fellside","consent":"brochure form","utm":"x"}"#;
    let added = world.post(Some("k1"), body);
    assert_eq!(added.outcome, Outcome::Added);
    let ada = world.contact(&added);
    assert_eq!((ada.first_name.as_str(), ada.last_name.as_str(), ada.company.as_str()), ("Ada", "Lund", "Fellside"));
    assert_eq!(
        (ada.source.clone(), ada.tags.clone()),
        (Source::Webhook("brochure form".into()), vec!["posted".to_owned()])
    );
    let again = world.post(Some("k1"), r#"{"email":"other@fellside.example"}"#);
    assert_eq!((again.outcome, again.contact), (Outcome::Again, added.contact));
    assert_eq!(world.post(None, body).outcome, Outcome::Same);
    let filled = world.post(None, r#"{"email":"ada@fellside.example","name":"Wrong Name","phone":"+44 1539 1"}"#);
    assert_eq!(filled.outcome, Outcome::Updated);
    assert_eq!(world.contact(&filled).first_name, "Ada", "nothing is overwritten");
    let hook = service::get(&world.test.app, &world.test.owner).unwrap().unwrap();
    assert_eq!(hook.last.len(), 4);
    assert_eq!(hook.last[3].left_out, ["utm"]);
    assert!(!format!("{:?}", hook.last).contains("ada@"), "the record holds no content");
}

#[test]
fn what_cannot_be_taken_is_refused_with_the_reason_and_kept_without_content() {
    let world = World::open();
    let refused = world.post(None, r#"{"email":"ada at fellside"}"#);
    assert_eq!(refused.outcome, Outcome::Refused);
    assert!(refused.words.contains("ada at fellside"), "{}", refused.words);
    assert_eq!(world.post(None, "[]").outcome, Outcome::Unreadable);
    assert_eq!(contacts::count(&world.test.app.store, world.test.workspace).unwrap(), 0);
    let hook = service::get(&world.test.app, &world.test.owner).unwrap().unwrap();
    assert!(!format!("{:?}", hook.last).contains("fellside"));
    let added = world.post(None, r#"{"email":"eve@hillcrest.example"}"#);
    contacts::restrict(&world.test.app, &world.test.owner, added.contact.unwrap()).unwrap();
    assert_eq!(world.post(None, r#"{"email":"eve@hillcrest.example"}"#).outcome, Outcome::Withheld);
}

#[test]
fn a_new_address_ends_the_old_and_a_guessed_one_opens_nothing() {
    let world = World::open();
    let app = &world.test.app;
    let (_, newer) = service::make(app, &world.test.owner).unwrap();
    assert_eq!(open(app, &world.token).unwrap(), None);
    assert_eq!(open(app, &newer).unwrap(), Some(world.test.workspace));
    let (id, _) = newer.split_once('.').unwrap();
    for wrong in
        [id.to_owned(), format!("{id}."), format!("{id}.x"), String::new(), "0199a2b7d0007000800000000000000f.x".into()]
    {
        assert_eq!(open(app, &wrong).unwrap(), None, "{wrong}");
    }
    let kept = app.store.read(|txn| store::find(txn, world.test.workspace)).unwrap().unwrap();
    let secret = newer.split_once('.').unwrap().1;
    assert!(!format!("{kept:?}").contains(secret), "only a hash is kept");
    service::end(app, &world.test.owner).unwrap();
    assert_eq!(open(app, &newer).unwrap(), None);
}

#[test]
fn the_owner_says_what_other_fields_mean() {
    let world = World::open();
    let (app, owner) = (&world.test.app, &world.test.owner);
    let choices = |mapping, tag| service::Choices { mapping, tag, ..service::Choices::default() };
    service::choose(app, owner, choices("Zimmer = rooms\ncompany =", "Messe")).unwrap();
    let added = world.post(None, r#"{"email":"ada@fellside.example","Zimmer":40,"company":"X"}"#);
    let ada = world.contact(&added);
    assert_eq!(
        (ada.custom["rooms"].as_str(), ada.company.as_str(), ada.tags.clone()),
        ("40", "", vec!["messe".to_owned()])
    );
    for wrong in ["no sign", "a = B c"] {
        assert!(matches!(service::choose(app, owner, choices(wrong, "")), Err(LeadError::Invalid(_))), "{wrong}");
    }
    let agent = Actor { role: Role::Agent, ..owner.clone() };
    assert!(matches!(service::make(app, &agent), Err(LeadError::Denied(_))));
}

#[test]
fn an_address_takes_so_many_leads_a_day_and_its_owners_are_told_once() {
    let test = testing::app_with(&testing::MAIL);
    let (_, token) = service::make(&test.app, &test.owner).unwrap();
    let world = World { test, token };
    let (app, owner) = (&world.test.app, &world.test.owner);
    testing::add_members(app);
    for wrong in ["0", "many", "20001"] {
        let choices = service::Choices { daily_cap: wrong, ..service::Choices::default() };
        assert!(matches!(service::choose(app, owner, choices), Err(LeadError::Invalid(_))), "{wrong}");
    }
    service::choose(app, owner, service::Choices { daily_cap: "3", ..service::Choices::default() }).unwrap();
    let letters = || crate::mailer::waiting(&app.store).unwrap().len();
    let post = |number: u32| world.post(Some(&format!("k{number}")), &format!(r#"{{"email":"p{number}@x.example"}}"#));
    for number in 0..3 {
        assert_eq!(post(number).outcome, Outcome::Added);
    }
    assert_eq!(letters(), 0);
    let full = post(3);
    assert_eq!((full.outcome, full.again_at), (Outcome::Full, Some(testing::NOW.plus(Duration::from_secs(86_400)))));
    assert!(full.words.contains("3 leads"), "{}", full.words);
    let told = letters();
    assert!(told > 0, "the owners are told");
    assert_eq!((post(4).outcome, post(5).outcome), (Outcome::Full, Outcome::Full));
    assert_eq!(letters(), told, "once");
    assert_eq!(post(1).outcome, Outcome::Again, "what came before is known");
    let hook = service::get(app, owner).unwrap().unwrap();
    assert_eq!(hook.last.iter().filter(|posted| posted.outcome == Outcome::Full).count(), 1);
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(post(3).outcome, Outcome::Added, "the next day");
}

#[test]
fn keys_of_requests_are_forgotten_after_a_week() {
    let world = World::open();
    world.post(Some("k1"), r#"{"email":"ada@fellside.example"}"#);
    let app = &world.test.app;
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(super::sweep(&app.store, world.test.workspace, testing::NOW, 20), Ok(0));
    assert_eq!(super::sweep(&app.store, world.test.workspace, app.now(), 20), Ok(1));
}

/// A lead that came by post, made through the front door.
pub fn post_for_test(app: &App, owner: &Actor, key: &str, address: &str) {
    service::make(app, owner).unwrap();
    let body = format!(r#"{{"email":"{address}"}}"#);
    receive(app, owner.workspace, "application/json", Some(key), body.as_bytes()).unwrap();
}
