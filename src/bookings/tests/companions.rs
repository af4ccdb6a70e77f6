//! Those whom a visitor brings hear of the meeting once, from whoever invites, and of what becomes of it.

use std::time::Duration;

use super::desk::{at, guest, Desk, GWEN};
use crate::authz::{Actor, Role};
use crate::base::{EmailAddress, EventTypeId};
use crate::bookings::messages::tests::invitation_of;
use crate::bookings::model::{Booking, Source};
use crate::bookings::public::{book, reschedule, Guest, Mover, Wanted};
use crate::bookings::service::{end, End};
use crate::bookings::types::{self, EventType, HostOf};
use crate::connections;
use crate::messaging::{self, Delivery, SuppressionReason, Target};
use crate::workspaces;

const MARA: &str = "mara@oldmill.example";
const TOM: &str = "tom@oldmill.example";
const THURSDAY: &str = "2026-11-26T11:30:00Z";
const LATER: &str = "2026-11-26T14:00:00Z";

/// An event type of the person whose Google calendar is connected.
pub(super) struct Office {
    pub(super) desk: Desk,
    pub(super) event: EventType,
}

impl Office {
    pub(super) fn open(invitation: &str) -> Self {
        let desk = Desk::new();
        let app = desk.app();
        let add = workspaces::AddUser {
            email: EmailAddress::parse("robin@fernhill.example").unwrap(),
            name: "Robin".into(),
            workspace: "fernhill".into(),
            role: Role::Owner,
            password: "moor-lantern-rowboat-17".into(),
            api_key: false,
        };
        workspaces::add_user(app, &add).unwrap();
        let robin = workspaces::list_members(app, &desk.world.owner).unwrap().remove(0).1.id;
        let (workspace, now) = (desk.world.test.workspace, app.now());
        connections::update(&app.store, workspace, desk.connection.id, |connection| connection.made_by = Some(robin))
            .unwrap();
        let owner = Actor { user: Some(robin), ..desk.world.owner.clone() };
        let mut event = EventType::new(EventTypeId::new(now), workspace, Some(robin), now);
        event.name = "First call".into();
        event.guests = 3;
        event.hosts = vec![HostOf { user: robin, schedule: None, weight: 1 }];
        let event = types::save(app, &owner, event).unwrap();
        invitation_of(app, &desk.world.owner, event.id.0, invitation);
        desk.settle();
        Self { desk, event }
    }

    fn book(&self, others: &[&str]) -> Booking {
        let wanted = Wanted {
            start: at(THURSDAY),
            minutes: 30,
            guest: Guest {
                others: others.iter().map(|email| EmailAddress::parse(email).unwrap()).collect(),
                ..guest("Gwen Hartley", GWEN)
            },
            answers: vec![types::Answer { question: "How is it heated?".into(), answer: "With secret oil".into() }],
            hold: None,
            came_from: String::new(),
            source: Source::Page,
        };
        let booking = book(self.desk.app(), &self.event, &wanted).unwrap();
        self.desk.settle();
        self.stored(&booking)
    }

    fn stored(&self, booking: &Booking) -> Booking {
        self.desk.bookings().into_iter().find(|one| one.id == booking.id).unwrap()
    }

    fn move_to(&self, booking: &Booking, start: &str) -> Booking {
        self.desk.advance(Duration::from_secs(60));
        let mover = Mover { who: crate::audit::Who::Visitor, by: "Gwen", reason: "", insists: false };
        reschedule(self.desk.app(), &self.stored(booking), at(start), &mover).unwrap();
        self.desk.settle();
        self.stored(booking)
    }

    fn cancel(&self, booking: &Booking) {
        self.desk.advance(Duration::from_secs(60));
        let by = End { who: crate::audit::Who::Visitor, by: "Gwen", reason: "ill" };
        end(self.desk.app(), booking.workspace, booking.id, &by).unwrap();
        self.desk.settle();
    }

    /// What we wrote to somebody: METHOD and SEQUENCE of its file, or its subject where it has none.
    pub(super) fn written(&self, to: &str) -> Vec<String> {
        let own = self.desk.letters().into_iter().filter(|letter| letter.to.display() == to);
        let words = own.map(|letter| match letter.dress.calendar {
            None => letter.subject,
            Some(file) => {
                let line = file.ics.lines().find_map(|line| line.strip_prefix("SEQUENCE:").map(str::to_owned));
                format!("{} {}", file.method, line.unwrap_or_default())
            }
        });
        words.collect()
    }

    /// What Google mailed to somebody by itself.
    pub(super) fn invited(&self, who: &str) -> usize {
        self.desk.world.mails_of(who).len()
    }
}

#[test]
fn companions_are_invited_once_by_the_provider_or_by_us_and_hear_of_changes_and_of_the_end() {
    for (choice, ours, theirs) in
        [("provider", vec![], true), ("mail", vec!["REQUEST 0", "REQUEST 1", "CANCEL 2"], false)]
    {
        let office = Office::open(choice);
        let booking = office.book(&[MARA, TOM]);
        let moved = office.move_to(&booking, LATER);
        office.cancel(&moved);
        for who in [MARA, TOM] {
            assert_eq!(office.written(who), ours, "{choice}: {who}");
            assert_eq!(office.invited(who) > 0, theirs, "{choice}: {who}");
        }
    }
}

#[test]
fn without_invitations_they_are_told_in_words() {
    let office = Office::open("none");
    let booking = office.book(&[MARA]);
    office.cancel(&booking);
    let written = office.written(MARA);
    assert_eq!((written.len(), office.invited(MARA)), (2, 0), "{written:?}");
}

#[test]
fn nobody_is_written_to_twice_and_the_visitor_is_no_companion_of_their_own() {
    let office = Office::open("mail");
    office.book(&[MARA, "Mara@OldMill.example", GWEN]);
    let all: Vec<String> = office.desk.letters().iter().map(|letter| letter.to.compare().to_owned()).collect();
    assert_eq!(all.iter().filter(|to| *to == MARA).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|to| *to == GWEN).count(), 1, "{all:?}");
}

#[test]
fn a_companion_reads_nothing_of_what_the_visitor_told_and_gets_no_way_to_change_it() {
    let office = Office::open("mail");
    let booking = office.book(&[MARA]);
    let letters = office.desk.letters();
    let letter = letters.iter().find(|letter| letter.to.display() == MARA).unwrap();
    let html = letter.dress.sheet.as_ref().unwrap().html("").unwrap();
    let ics = &letter.dress.calendar.as_ref().unwrap().ics;
    let page = crate::bookings::public::manage_path(office.desk.app(), &booking);
    for said in [letter.text.as_str(), &html, ics] {
        assert!(!said.contains(&page) && !said.contains("secret oil"), "{said}");
    }
    let own = letters.iter().find(|letter| letter.to.display() == GWEN).unwrap();
    assert!(own.text.contains(&page), "{}", own.text);
}

#[test]
fn who_must_not_be_written_to_is_not_and_hears_nothing_of_the_end() {
    let office = Office::open("mail");
    let desk = &office.desk;
    let app = desk.app();
    let target = Target::Address(EmailAddress::parse(MARA).unwrap());
    let noted = app.store.write(|txn| {
        let (workspace, now) = (desk.world.test.workspace, app.now());
        messaging::suppress(txn, workspace, now, &target, SuppressionReason::Rights, "asked", None)
    });
    noted.unwrap();
    let booking = office.book(&[MARA, TOM]);
    office.cancel(&booking);
    let left: Vec<_> = desk
        .letters()
        .into_iter()
        .filter(|letter| letter.to.display() == MARA && !matches!(letter.state, Delivery::NotSent { .. }))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(office.written(TOM), ["REQUEST 0", "CANCEL 1"]);
}
