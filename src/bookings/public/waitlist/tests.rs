//! Who waits, who is asked, and for how long.

use std::sync::Arc;
use std::time::Duration;

use super::desk::{self, LineError};
use super::join::{confirm, join, NotJoined};
use super::leave::leave;
use super::model::Waiter;
use super::{pages, store, words};
use crate::audit::Who;
use crate::authz::{Actor, Role};
use crate::availability::{self, Span};
use crate::base::{EmailAddress, EventTypeId, UnixMillis};
use crate::bookings::model::{Booking, Source};
use crate::bookings::public::commit::{book, Guest, NotBooked, Wanted};
use crate::bookings::public::hold::hold;
use crate::bookings::public::moves::{reschedule, Mover};
use crate::bookings::service::{end, End};
use crate::bookings::types::{self, EventType, HostOf, Location, SlotQuestion, Waitlist};
use crate::bookings::words::Language;
use crate::bookings::{self, handlers, subscribers};
use crate::events::Deliver;
use crate::jobs::{Handlers, Runner, Threads};
use crate::mailer;
use crate::messaging::{self, SuppressionReason, Target};
use crate::store::Person;
use crate::testing::{self, TestApp};
use crate::workspaces;

/// Wednesday 25 November 2026, nine in London: the only time of that day.
const NINE: &str = "2026-11-25T09:00:00Z";
/// Minutes of a meeting that lasts all day.
const ALL_DAY: u32 = 480;

fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

fn day(text: &str) -> Span {
    let start = at(&format!("{text}T00:00:00Z"));
    Span::lasting(start, Duration::from_secs(86_400))
}

fn november() -> Span {
    Span::new(testing::NOW, at("2026-12-01T00:00:00Z"))
}

/// An event type that can be booked once a day, and has a list; it is Tuesday 24 November, 10:00.
struct World {
    test: TestApp,
    event: EventType,
    runner: Runner,
}

impl World {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl Fn(&mut EventType)) -> Self {
        let mut test = testing::app_with(&testing::MAIL);
        testing::add_members(&test.app);
        let members = workspaces::list_members(&test.app, &test.owner).unwrap();
        test.owner.user = Some(members[0].1.id);
        let now = test.app.now();
        let mut event = EventType::new(EventTypeId::new(now), test.workspace, None, now);
        event.name = "First call".into();
        event.location = Location::Place { address: "Mill Lane 1".into() };
        event.hosts = vec![HostOf { user: members[0].1.id, schedule: None, weight: 1 }];
        event.durations = vec![ALL_DAY];
        event.notice = 600;
        event.waitlist = Some(Waitlist { offer_minutes: 60 });
        change(&mut event);
        let event = types::save(&test.app, &test.owner, event).unwrap();
        let app = Arc::clone(&test.app);
        let deliver = Deliver::new(app.store.clone(), app.clock.clone(), subscribers());
        let handlers = Arc::new(handlers(Handlers::default()).task(deliver));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(&app), handlers, &Threads::default()).unwrap();
        Self { test, event, runner }
    }

    fn settle(&self) {
        assert!(self.runner.settle(Duration::from_secs(20)), "the queue does not come to rest");
    }

    fn advance(&self, minutes: u64) {
        self.test.app.clock.advance(Duration::from_secs(60 * minutes));
        self.runner.wake();
        self.settle();
    }

    fn book(&self, start: &str, name: &str) -> Result<Booking, NotBooked> {
        let wanted = Wanted {
            start: at(start),
            minutes: ALL_DAY,
            guest: guest(name),
            answers: Vec::new(),
            hold: None,
            came_from: String::new(),
            source: Source::Page,
        };
        book(&self.test.app, &self.event, &wanted)
    }

    /// All days of November but those that are over.
    fn fill(&self) -> Vec<Booking> {
        let days = ["25", "26", "27", "30"].map(|day| format!("2026-11-{day}T09:00:00Z"));
        let filled = days.iter().enumerate().map(|(nth, start)| self.book(start, &format!("full{nth}")).unwrap());
        filled.collect()
    }

    fn join(&self, name: &str, within: Span) -> Waiter {
        let joined = join(&self.test.app, &self.event, &guest(name), (within, ALL_DAY), &Who::Visitor).unwrap();
        confirm(&self.test.app, (joined.workspace, joined.event, joined.id)).unwrap();
        self.settle();
        // Who joins in the same millisecond has no order.
        self.test.app.clock.advance(Duration::from_secs(1));
        joined
    }

    fn cancel(&self, booking: &Booking) {
        let by = End { who: Who::Visitor, by: "them", reason: "" };
        end(&self.test.app, booking.workspace, booking.id, &by).unwrap();
        self.settle();
    }

    fn line(&self) -> Vec<Waiter> {
        self.test.app.store.read(|txn| store::list(txn, self.test.workspace, self.event.id)).unwrap()
    }

    /// Name and offered start of each in line.
    fn offers(&self) -> Vec<(String, Option<String>)> {
        let offered = |waiter: Waiter| {
            let start = waiter.offer().map(|offer| offer.start.to_rfc3339());
            (waiter.name, start)
        };
        self.line().into_iter().map(offered).collect()
    }

    fn letters(&self, subject: &str) -> Vec<String> {
        let all = mailer::waiting(&self.test.app.store).unwrap();
        all.into_iter()
            .filter(|letter| letter.subject.starts_with(subject))
            .map(|one| one.to.display().to_owned())
            .collect()
    }

    fn take(&self, waiter: &Waiter) -> Result<Booking, NotBooked> {
        let offer = waiter.offer().unwrap();
        let wanted = Wanted {
            start: offer.start,
            minutes: ALL_DAY,
            guest: guest(&waiter.name),
            answers: Vec::new(),
            hold: Some(offer.hold),
            came_from: String::new(),
            source: Source::Page,
        };
        book(&self.test.app, &self.event, &wanted)
    }
}

fn guest(name: &str) -> Guest {
    Guest {
        name: name.into(),
        email: EmailAddress::parse(&format!("{name}@elsewhere.example")).unwrap(),
        phone: String::new(),
        zone: "Europe/London".into(),
        language: "en".into(),
        others: Vec::new(),
    }
}

fn offered(name: &str, start: &str) -> (String, Option<String>) {
    (name.to_owned(), (!start.is_empty()).then(|| start.to_owned()))
}

#[test]
fn what_is_freed_goes_to_the_first_in_line_and_on_to_the_next_when_the_time_is_over() {
    let world = World::open();
    let booked = world.fill();
    world.join("ada", november());
    world.join("bea", november());
    assert_eq!(world.letters("On the waitlist: First call").len(), 2);
    world.cancel(&booked[0]);
    let first = world.offers();
    assert!(first[0].1.as_deref().is_some_and(|start| start.starts_with("2026-11-25")), "{first:?}");
    assert_eq!(first[1], offered("bea", ""));
    assert_eq!(world.letters("Free for you: First call"), ["ada@elsewhere.example"]);
    assert!(matches!(world.book(NINE, "zoe"), Err(NotBooked::Taken)), "it is kept for ada");

    world.advance(61);
    let then = world.offers();
    assert_eq!(then[0], offered("ada", ""));
    assert!(then[1].1.is_some(), "bea is asked now: {then:?}");
    assert_eq!(world.letters("Free for you: First call").len(), 2);

    let bea = world.line().remove(1);
    let taken = world.take(&bea).unwrap();
    assert_eq!(taken.id, bea.offer().unwrap().hold);
    assert_eq!(world.take(&bea).unwrap().id, taken.id, "taken twice it is one booking");
    world.settle();
    assert_eq!(world.offers(), [offered("ada", "")], "who has booked waits no more");
}

#[test]
fn nothing_is_kept_for_an_address_until_somebody_confirms_it() {
    let world = World::open();
    let booked = world.fill();
    let wish = (november(), ALL_DAY);
    let ada = join(&world.test.app, &world.event, &guest("ada"), wish, &Who::Visitor).unwrap();
    world.settle();
    world.cancel(&booked[0]);
    assert_eq!(world.offers(), [offered("ada", "")]);
    confirm(&world.test.app, (ada.workspace, ada.event, ada.id)).unwrap();
    world.settle();
    assert_eq!(world.offers(), [offered("ada", NINE)]);
}

#[test]
fn whoever_lets_three_offers_pass_is_off_the_list_and_the_time_is_free_for_all() {
    let world = World::open();
    let booked = world.fill();
    world.join("ada", november());
    for booking in &booked[1..] {
        world.cancel(booking);
        assert!(world.offers()[0].1.is_some());
        world.advance(61);
    }
    assert!(world.line().is_empty());
    world.book("2026-11-26T09:00:00Z", "zoe").unwrap();
}

#[test]
fn who_waits_for_a_day_is_not_offered_another_and_is_off_the_list_when_it_has_passed() {
    let world = World::open();
    let booked = world.fill();
    world.join("ada", day("2026-11-26"));
    world.cancel(&booked[0]);
    assert_eq!(world.offers(), [offered("ada", "")]);
    world.book(NINE, "zoe").unwrap();
    world.advance(60 * 24 * 3);
    assert!(world.line().is_empty(), "the day has passed");
}

#[test]
fn a_seat_of_a_full_group_is_offered_and_no_more_sit_than_there_are_seats() {
    let world = World::with(|event| event.seats = Some(2));
    let first = world.book(NINE, "one").unwrap();
    world.book(NINE, "two").unwrap();
    let start = at(NINE);
    world.join("ada", Span::new(start, UnixMillis(start.0 + 60_000)));
    world.join("bea", Span::new(start, UnixMillis(start.0 + 60_000)));
    world.cancel(&first);
    assert_eq!(world.offers(), [offered("ada", NINE), offered("bea", "")]);
    assert!(matches!(world.book(NINE, "zoe"), Err(NotBooked::Taken)), "two seats: one sits, one is kept");
    let ada = world.line().remove(0);
    world.take(&ada).unwrap();
    world.settle();
    assert_eq!(world.offers(), [offered("bea", "")]);
    assert!(matches!(world.book(NINE, "zoe"), Err(NotBooked::Taken)));
}

#[test]
fn what_only_one_of_a_group_held_is_free_with_them_while_a_seat_of_it_is_kept() {
    let world = World::with(|event| event.seats = Some(2));
    let (app, workspace, start) = (&world.test.app, world.test.workspace, at(NINE));
    let [one, two] = ["one", "two"].map(|name| world.book(NINE, name).unwrap());
    // The calendar that the host wrote to when the first of them came.
    let former = uuid::Uuid::from_u128(7);
    let mut held = one.clone();
    held.details.resources.push(former);
    let noted = app.store.write(|txn| {
        availability::claim(txn, workspace, former, one.claim, one.holder(), app.now())?;
        bookings::store::put(txn, &held, Some(&one))
    });
    noted.unwrap();
    world.join("ada", Span::new(start, UnixMillis(start.0 + 60_000)));
    let taken = |resource| {
        app.store.read(|txn| availability::taken_around(txn, workspace, resource, one.claim, app.now())).unwrap().len()
    };
    assert_eq!(taken(former), 1);
    world.cancel(&held);
    assert_eq!(world.offers(), [offered("ada", NINE)]);
    assert_eq!((taken(former), taken(two.details.resources[0])), (0, 1));
    world.cancel(&two);
    assert_eq!(taken(two.details.resources[0]), 1, "the seat is kept");
    world.advance(61);
    assert_eq!(taken(two.details.resources[0]), 0);
}

#[test]
fn nothing_is_kept_for_somebody_who_must_not_be_written_to() {
    let world = World::open();
    let booked = world.fill();
    let (app, ada) = (&world.test.app, world.join("ada", november()));
    world.join("bea", november());
    let noted = app.store.write(|txn| {
        let target = Target::Address(ada.email.clone());
        messaging::suppress(txn, ada.workspace, app.now(), &target, SuppressionReason::Rights, "asked", None)
    });
    noted.unwrap();
    world.cancel(&booked[0]);
    assert_eq!(world.offers(), [offered("ada", ""), offered("bea", NINE)]);
}

#[test]
fn nobody_slips_in_before_those_who_wait() {
    let world = World::open();
    let booked = world.fill();
    world.join("ada", november());
    // The same moment: the line has not been served when a visitor presses on the time.
    let by = End { who: Who::Visitor, by: "them", reason: "" };
    end(&world.test.app, booked[0].workspace, booked[0].id, &by).unwrap();
    let pressed = hold(&world.test.app, &world.event, at(NINE), ALL_DAY);
    assert!(matches!(pressed, Err(NotBooked::Taken)), "{pressed:?}");
    world.settle();
    assert!(world.offers()[0].1.is_some());
}

#[test]
fn who_moves_passes_nobody_in_line_and_leaves_their_time_to_the_line() {
    let world = World::open();
    let booked = world.fill();
    world.join("ada", november());
    let by = End { who: Who::Visitor, by: "them", reason: "" };
    end(&world.test.app, booked[0].workspace, booked[0].id, &by).unwrap();
    let mover = Mover { who: Who::Visitor, by: "full1 (the guest)", reason: "", insists: false };
    let moved = |start: &str| reschedule(&world.test.app, &booked[1], at(start), &mover);
    let passed = moved(NINE);
    assert!(matches!(passed, Err(NotBooked::Taken)), "{passed:?}");
    world.settle();
    assert!(
        world.offers()[0].1.as_deref().is_some_and(|start| start.starts_with("2026-11-25")),
        "{:?}",
        world.offers()
    );

    world.join("bea", november());
    assert_eq!(world.offers()[1], offered("bea", ""));
    moved("2026-12-01T09:00:00Z").unwrap();
    world.settle();
    assert!(
        world.offers()[1].1.as_deref().is_some_and(|start| start.starts_with("2026-11-26")),
        "{:?}",
        world.offers()
    );
}

#[test]
fn the_same_wish_twice_is_one_place_and_one_mail_and_nobody_waits_for_more_than_five_things() {
    let world = World::open();
    world.fill();
    let first = world.join("ada", november());
    world.advance(5);
    let again = world.join("ada", Span::new(world.test.app.now(), november().end));
    assert_eq!((first.id, world.line().len()), (again.id, 1));
    assert_eq!(world.letters("On the waitlist").len(), 1);
    for nth in 1..=4 {
        world.join("ada", day(&format!("2026-12-0{nth}")));
    }
    let wish = (day("2026-12-09"), ALL_DAY);
    let sixth = join(&world.test.app, &world.event, &guest("ada"), wish, &Who::Visitor);
    assert!(matches!(sixth, Err(NotJoined::Enough)));
}

#[test]
fn leaving_and_erasing_give_back_what_was_kept() {
    let world = World::open();
    let booked = world.fill();
    let ada = world.join("ada", november());
    let bea = world.join("bea", november());
    world.join("cleo", november());
    world.cancel(&booked[0]);
    assert!(leave(&world.test.app, (ada.workspace, ada.event, ada.id), &Who::Visitor, "They left it.").unwrap());
    assert!(!leave(&world.test.app, (ada.workspace, ada.event, ada.id), &Who::Visitor, "They left it.").unwrap());
    world.settle();
    assert!(world.offers()[0].1.is_some(), "bea is next: {:?}", world.offers());

    let person = Person::Contact(bea.workspace, bea.contact);
    let table = store::TABLES.iter().find(|table| table.info.name == "waitlist").unwrap();
    let held = (table.export.unwrap())(&world.test.app.store, person).unwrap();
    assert_eq!(held[0]["name"], "bea");
    assert_eq!((table.erase.unwrap())(&world.test.app.store, person).unwrap(), 1);
    assert!((table.export.unwrap())(&world.test.app.store, person).unwrap().is_empty());
    world.advance(11);
    assert!(world.offers()[0].1.is_some(), "cleo is next: {:?}", world.offers());
}

#[test]
fn a_member_sees_the_line_adds_to_it_and_offers_out_of_turn_and_a_viewer_only_looks() {
    let world = World::open();
    let booked = world.fill();
    let (app, owner) = (&world.test.app, &world.test.owner);
    // As long as they have not confirmed, nothing is offered to them but by a member.
    let ask =
        |name: &str, within: Span| join(app, &world.event, &guest(name), (within, ALL_DAY), &Who::Visitor).unwrap();
    let ada = ask("ada", day("2026-11-27"));
    // Who joins in the same millisecond has no order.
    app.clock.advance(Duration::from_secs(1));
    let bea = ask("bea", november());
    world.settle();
    let nothing = desk::offer_now(app, owner, world.event.id, bea.id);
    assert!(matches!(nothing, Err(LineError::NothingFree)));
    let by = End { who: Who::Visitor, by: "them", reason: "" };
    end(app, booked[2].workspace, booked[2].id, &by).unwrap();
    let asked = desk::offer_now(app, owner, world.event.id, bea.id).unwrap();
    world.settle();
    assert!(asked.offer().is_some() && world.offers()[0] == offered("ada", ""));
    let viewer = Actor { role: Role::Viewer, ..owner.clone() };
    assert_eq!(desk::list(app, &viewer, world.event.id).unwrap().len(), 2);
    assert!(matches!(desk::remove(app, &viewer, world.event.id, bea.id), Err(LineError::Denied(_))));
    confirm(app, (ada.workspace, ada.event, ada.id)).unwrap();
    desk::remove(app, owner, world.event.id, bea.id).unwrap();
    world.settle();
    assert!(world.offers()[0].1.is_some(), "ada gets what bea had");
    let cleo = desk::add(app, owner, world.event.id, &guest("cleo"), (november(), ALL_DAY)).unwrap();
    assert!(cleo.confirmed_at.is_some(), "a member knows them");
    assert_eq!(desk::list(app, owner, world.event.id).unwrap().len(), 2);
}

#[test]
fn nobody_joins_where_there_is_no_list_or_after_the_time() {
    let world = World::with(|event| event.waitlist = None);
    let none = join(&world.test.app, &world.event, &guest("ada"), (november(), ALL_DAY), &Who::Visitor);
    assert!(matches!(none, Err(NotJoined::Closed)));
    let world = World::open();
    let late = join(&world.test.app, &world.event, &guest("ada"), (day("2026-11-23"), ALL_DAY), &Who::Visitor);
    assert!(matches!(late, Err(NotJoined::Closed)));
}

#[test]
fn what_can_be_waited_for_are_days_that_are_full_and_not_days_that_are_closed() {
    let world = World::open();
    let question = SlotQuestion {
        from: jiff::civil::date(2026, 11, 1),
        to: jiff::civil::date(2026, 11, 30),
        zone: jiff::tz::TimeZone::get("Europe/London").unwrap(),
        duration: ALL_DAY,
        but: None,
        own: None,
    };
    let full = || {
        let free = types::free_starts(&world.test.app, &world.event, &question).unwrap();
        super::what_is_full(&world.test.app, &world.event, &question, &free).unwrap()
    };
    assert!(full().is_empty());
    world.book(NINE, "one").unwrap();
    assert_eq!(full().days, [jiff::civil::date(2026, 11, 25)]);
    for day in ["26", "27", "30"] {
        world.book(&format!("2026-11-{day}T09:00:00Z"), &format!("on{day}")).unwrap();
    }
    let all = full();
    let labels: Vec<String> = all.choices(Language::German, "Europe/London").into_iter().map(|one| one.label).collect();
    assert_eq!(labels[0], "Jede freie Zeit im November 2026");
    assert!(labels.iter().all(|label| !label.contains("Samstag") && !label.contains("Sonntag")), "{labels:?}");
    let zone = &question.zone;
    assert_eq!(all.period("2026-11-26", zone, testing::NOW), Some(day("2026-11-26")));
    assert_eq!(all.period("2026-12-26", zone, testing::NOW), None, "nothing is said to be full there");
}

#[test]
fn the_form_of_an_offer_knows_who_it_is_for() {
    let world = World::open();
    let booked = world.fill();
    world.join("ada", november());
    world.cancel(&booked[0]);
    let hold = world.line()[0].offer().unwrap().hold;
    let typed = pages::invited(&world.test.app, world.test.workspace, hold).unwrap();
    assert_eq!(typed["email"], "ada@elsewhere.example");
    let other = crate::base::BookingId::new(testing::NOW);
    assert!(pages::invited(&world.test.app, world.test.workspace, other).unwrap().is_empty());
}

#[test]
fn every_language_fills_in_what_it_must() {
    for tag in types::LANGUAGES {
        let words = words::of(Language::of(tag));
        let cases = [
            (words.join_month, "{month}"),
            (words.any_time, "{month}"),
            (words.kept_until, "{until}"),
            (words.joined_subject, "{title}"),
            (words.joined_text, "{title}"),
            (words.offer_subject, "{title}"),
            (words.offer_subject, "{when}"),
            (words.offer_text, "{when}"),
            (words.offer_text, "{until}"),
            (words.why, "{from}"),
        ];
        for (said, mark) in cases {
            assert!(said.contains(mark), "{tag}: {mark} in {said}");
        }
    }
}
