use std::collections::BTreeMap;

use super::rules::Rule;
use super::service;
use super::store::{Score, Source};
use crate::app::App;
use crate::authz::{Actor, Role};
use crate::base::{BookingId, ContactId, EmailAddress, ReplyId, WorkspaceId};
use crate::contacts::{self, ContactFields};
use crate::events::{self, Ended, Happened};
use crate::leads::LeadError;
use crate::messaging;
use crate::store::StoreError;
use crate::testing::{self, TestApp};

struct World(TestApp);

impl World {
    fn open() -> Self {
        Self(testing::app())
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn add(&self, address: &str, company: &str) -> ContactId {
        let fields = ContactFields {
            addresses: vec![address.into()],
            first_name: "Anna".into(),
            company: company.into(),
            ..ContactFields::default()
        };
        contacts::add_contact(self.app(), &self.0.owner, &fields, contacts::Source::ByHand).unwrap().id
    }

    /// Appends an event, and counts as the subscriber does.
    fn happens(&self, contact: ContactId, what: Happened) {
        let append = |txn: &mut crate::store::Txn<'_>| {
            events::append(txn, self.0.workspace, self.app().now(), what.clone()).map(drop)
        };
        self.app().store.write::<_, StoreError>(append).unwrap();
        service::count(self.app(), self.0.workspace, contact).unwrap();
    }

    fn score(&self, contact: ContactId) -> Score {
        service::count(self.app(), self.0.workspace, contact).unwrap();
        service::get(self.app(), &self.0.owner, contact).unwrap().unwrap()
    }

    fn rules(&self, contact: ContactId) -> Vec<Rule> {
        self.score(contact).terms.iter().map(|term| term.rule).collect()
    }

    fn order(&self) -> Vec<ContactId> {
        let page = service::list(self.app(), &self.0.owner, false, None, 50).unwrap();
        page.rows.iter().map(|scored| scored.contact.id).collect()
    }
}

fn read_as(contact: ContactId, reply: ReplyId, label: &str) -> Happened {
    Happened::ReplyClassified { reply, contact, label: label.into() }
}

#[test]
fn a_score_is_the_sum_of_terms_that_name_their_rows() {
    let world = World::open();
    let anna = world.add("info@fellside.example", "Fellside Hotel");
    let score = world.score(anna);
    let told: Vec<(Rule, i32)> = score.terms.iter().map(|term| (term.rule, term.points)).collect();
    assert_eq!(told, [(Rule::HasName, 5), (Rule::HasCompany, 10), (Rule::RoleAddress, -15)]);
    assert_eq!(score.points(), 0);

    let reply = ReplyId::new(world.app().now());
    world.happens(anna, read_as(anna, reply, "interested"));
    let score = world.score(anna);
    let term = score.terms.iter().find(|term| term.rule == Rule::Interested).unwrap();
    let log = events::list_newest(&world.app().store, world.0.workspace, Some(anna), None, 1).unwrap();
    assert_eq!(term.from, Source::Event(log.rows[0].number));
    assert_eq!(score.points(), 40);
}

#[test]
fn an_answer_counts_by_its_last_reading_and_a_meeting_by_its_last_state() {
    let world = World::open();
    let anna = world.add("anna@fellside.example", "");
    let (reply, booking) = (ReplyId::new(world.app().now()), BookingId::new(world.app().now()));
    world.happens(anna, read_as(anna, reply, "interested"));
    world.happens(anna, Happened::ReplyCorrected { reply, contact: anna, label: "not_interested".into() });
    assert_eq!(world.rules(anna), [Rule::HasName, Rule::NotInterested]);
    world.happens(anna, Happened::BookingConfirmed { booking, contact: anna });
    assert!(world.rules(anna).contains(&Rule::Booked));
    world.happens(anna, Happened::BookingCancelled { booking, contact: anna, ended: Ended::Meeting });
    assert!(!world.rules(anna).contains(&Rule::Booked) && world.rules(anna).contains(&Rule::CancelledMeeting));
}

#[test]
fn who_must_not_be_written_to_falls_behind_everybody_else() {
    let world = World::open();
    let anna = world.add("anna@fellside.example", "Fellside Hotel");
    let tom = world.add("tom@lakeside.example", "");
    for contact in [anna, tom] {
        world.score(contact);
    }
    assert_eq!(world.order(), [anna, tom]);
    let address = EmailAddress::parse("anna@fellside.example").unwrap();
    let target = messaging::Target::Address(address);
    messaging::suppress_by_hand(world.app(), &world.0.owner, &target, "by phone").unwrap();
    world.score(anna);
    assert_eq!(world.order(), [tom, anna]);
    assert!(world.rules(anna).contains(&Rule::OptedOut));
}

#[test]
fn a_workspace_gives_its_own_points_and_everybody_is_counted_by_them() {
    let world = World::open();
    let anna = world.add("anna@fellside.example", "Fellside Hotel");
    world.score(anna);
    let points = BTreeMap::from([(Rule::HasCompany, 60), (Rule::HasName, 0)]);
    service::set_rules(world.app(), &world.0.owner, &points).unwrap();
    service::count_some(world.app(), world.0.workspace, None, 50).unwrap();
    assert_eq!(world.rules(anna), [Rule::HasCompany]);
    assert_eq!(world.score(anna).points(), 60);
    let too_many = BTreeMap::from([(Rule::HasCompany, 101)]);
    assert!(matches!(service::set_rules(world.app(), &world.0.owner, &too_many), Err(LeadError::Invalid(_))));
    let viewer = Actor { role: Role::Viewer, ..world.0.owner.clone() };
    assert!(matches!(service::set_rules(world.app(), &viewer, &points), Err(LeadError::Denied(_))));
}

#[test]
fn who_asked_to_be_left_alone_is_not_scored_and_nobody_next_door_sees_a_score() {
    let world = World::open();
    let anna = world.add("anna@fellside.example", "Fellside Hotel");
    world.score(anna);
    let next_door: WorkspaceId = testing::add_workspace(world.app(), "Lakeside", "lakeside");
    let stranger = Actor { workspace: next_door, ..world.0.owner.clone() };
    assert!(matches!(service::get(world.app(), &stranger, anna), Err(LeadError::NotFound)));
    assert!(service::list(world.app(), &stranger, false, None, 9).unwrap().rows.is_empty());
    contacts::restrict(world.app(), &world.0.owner, anna).unwrap();
    service::count(world.app(), world.0.workspace, anna).unwrap();
    assert_eq!(service::get(world.app(), &world.0.owner, anna).unwrap(), None);
    assert!(world.order().is_empty());
}

#[test]
fn pages_of_the_list_go_on_where_the_last_one_ended() {
    let world = World::open();
    let mut all: Vec<ContactId> = (0..5).map(|nth| world.add(&format!("p{nth}@fellside.example"), "")).collect();
    all.sort();
    for contact in &all {
        world.score(*contact);
    }
    let first = service::list(world.app(), &world.0.owner, false, None, 3).unwrap();
    let rest = service::list(world.app(), &world.0.owner, false, first.next.as_ref(), 3).unwrap();
    let seen: Vec<ContactId> = first.rows.iter().chain(&rest.rows).map(|scored| scored.contact.id).collect();
    assert_eq!(seen, all.iter().rev().copied().collect::<Vec<_>>(), "the newest of equals first");
    assert!(rest.next.is_none());
    let lowest = service::list(world.app(), &world.0.owner, true, None, 9).unwrap();
    assert_eq!(lowest.rows[0].contact.id, all[0]);
}
