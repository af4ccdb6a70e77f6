//! A worker that books on an event type: what it offers, what it takes, and what the page behind a link would say.

use std::time::Duration;

use super::desk::{at, states, Desk, GWEN};
use crate::app::App;
use crate::availability::WhyNot;
use crate::base::{EmailAddress, EventTypeId, ReplyId, UnixMillis};
use crate::bookings::model::{Source, State};
use crate::bookings::public::{book_for, Guest, Lead, NotBooked};
use crate::bookings::service::decline;
use crate::bookings::slots::{needs_guest, unfit};
use crate::bookings::types::{self, EventType, HostOf, Kind, Limits, Price, Question};
use crate::bookings::words::Language;
use crate::bookings::{accept, choose_event_type, create, Anyway, BookError, Booking, NewBooking};
use crate::connections::{self, Connection};
use crate::contacts;
use crate::meetings::Location;
use crate::store::Person;
use crate::testing;
use crate::workspaces;

const NOON: &str = "2026-11-26T11:30:00Z";

/// A desk whose worker books on an event type of its owner, who works from nine to five in London.
pub struct Office {
    pub desk: Desk,
    pub event: EventTypeId,
}

impl Office {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl Fn(&mut EventType)) -> Self {
        let desk = Desk::new();
        let (app, owner, now) = (desk.app(), &desk.world.owner, desk.app().now());
        testing::add_members(app);
        let user = workspaces::list_members(app, owner).unwrap().remove(0).1.id;
        let theirs = Connection { made_by: Some(user), ..desk.world.stored(&desk.connection) };
        app.store.write(|txn| connections::put(txn, &theirs)).unwrap();
        let mut event = EventType::new(EventTypeId::new(now), owner.workspace, None, now);
        event.name = "Heating call".into();
        event.location = Location::Place { address: "Mill Lane 1".into() };
        event.notice = 60;
        event.hosts = vec![HostOf { user, schedule: None, weight: 1 }];
        change(&mut event);
        let event = types::save(app, owner, event).unwrap().id;
        choose_event_type(app, owner, desk.worker, Some(event)).unwrap();
        // The calendar of the host is read once before anything is offered.
        desk.settle();
        Self { desk, event }
    }

    pub fn event(&self) -> EventType {
        types::get(&self.desk.app().store, self.desk.world.test.workspace, self.event).unwrap().unwrap()
    }

    pub fn change(&self, change: impl Fn(&mut EventType)) {
        let mut event = self.event();
        change(&mut event);
        types::save(self.desk.app(), &self.desk.world.owner, event).unwrap();
    }

    fn gwen(&self) -> Guest {
        let contact = contacts::get(&self.desk.app().store, self.desk.world.test.workspace, self.desk.contact);
        let to = EmailAddress::parse(GWEN).unwrap();
        Guest::known(&contact.unwrap().unwrap(), &to, "Europe/London", Language::English)
    }

    /// Somebody who presses the button behind a link that was offered in answer to `reply`.
    fn lead(&self, reply: ReplyId) -> Lead {
        let desk = &self.desk;
        Lead {
            contact: desk.contact,
            worker: Some(desk.worker),
            reply: Some(reply),
            proposal: None,
            once: true,
            agreed: false,
            insists: false,
            who: crate::audit::Who::Visitor,
            how: "By a link.".into(),
            detail: String::new(),
        }
    }

    pub fn click(&self, reply: ReplyId, start: &str) -> Result<Booking, NotBooked> {
        let booked = press(self.desk.app(), &self.event(), (self.gwen(), &self.lead(reply)), start);
        self.desk.settle();
        booked
    }
}

fn press(app: &App, event: &EventType, (guest, lead): (Guest, &Lead), start: &str) -> Result<Booking, NotBooked> {
    book_for(app, event, &guest.wants(at(start), 30, Source::Reply), Some(lead), &|_| Ok(()))
}

fn clock(at: UnixMillis) -> String {
    at.in_zone(&jiff::tz::TimeZone::get("Europe/London").unwrap()).strftime("%a %H:%M").to_string()
}

#[test]
fn a_time_that_is_a_slot_is_booked_on_the_event_type_with_its_host_and_place() {
    let office = Office::new();
    office.desk.may_book_by_itself();
    let reply = office.desk.reply("Could you do Thursday at 11:30?");
    let [booking] = &office.desk.bookings()[..] else { panic!("{:?}", office.desk.bookings()) };
    assert_eq!(states(std::slice::from_ref(booking)), ["confirmed"]);
    assert_eq!((booking.details.event_type, booking.worker), (Some(office.event), Some(office.desk.worker)));
    assert_eq!((booking.contact, booking.reply), (office.desk.contact, Some(reply)));
    assert_eq!((booking.place.as_str(), booking.title.as_str()), ("Mill Lane 1", "Heating call: Gwen Hartley"));
    assert_eq!(office.desk.events(), [at(NOON).to_rfc3339()], "it stands in the host's calendar");
    assert_eq!(office.desk.world.mails_of(GWEN).len(), 1, "and the lead has heard");
}

#[test]
fn what_is_no_slot_is_answered_with_links_to_slots_near_it() {
    let cases: [(&str, &str, fn(&mut EventType)); 5] = [
        ("between the starts", "Could you do Thursday at 11:40?", |_| {}),
        ("outside the hours", "Could we talk on Thursday at 19:30?", |_| {}),
        ("the supplier's call", "How about tomorrow at 10?", |_| {}),
        ("too soon", "Could you do today at 12?", |event| event.notice = 24 * 60),
        ("beyond the horizon", "Could you do Thursday at 11:30?", |event| {
            event.horizon = types::Horizon::RollingDays { days: 1 };
        }),
    ];
    for (name, words, change) in cases {
        let office = Office::with(change);
        office.desk.may_book_by_itself();
        office.desk.reply(words);
        assert!(office.desk.bookings().is_empty(), "{name}");
        let drafts = office.desk.drafts();
        let [draft] = &drafts[..] else { panic!("{name}: {drafts:?}") };
        assert!(!draft.offered.is_empty(), "{name}");
        let links = draft.text.matches("/booking/at/").count();
        assert_eq!(links, draft.offered.len(), "{name}: {}", draft.text);
        assert!(draft.text.contains(&format!("{}/booking/at/", office.desk.app().public_url)), "{}", draft.text);
        assert_eq!(draft.ungrounded, Vec::<String>::new(), "{name}: {}", draft.text);
        for (start, end) in &draft.offered {
            assert_eq!(end.since(*start), Duration::from_secs(1800), "{name}");
            assert_eq!(start.0 % 1_800_000, 0, "{name}: {}", clock(*start));
        }
    }
}

#[test]
fn a_full_day_offers_nothing_and_the_next_one_does() {
    let office = Office::with(|event| event.limits = Limits { per_day: Some(1), ..Limits::default() });
    office.desk.may_book_by_itself();
    office.desk.reply("Could you do Thursday at 11:30?");
    let tom = super::desk::add_contact(&office.desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    office.desk.reply_of(tom, "Thursday at 14:00 would be fine.", &[]);
    office.desk.settle();
    assert_eq!(office.desk.bookings().len(), 1);
    let draft = office.desk.drafts().remove(0);
    assert!(draft.offered.iter().all(|(start, _)| !clock(*start).starts_with("Thu")), "{}", draft.text);
}

#[test]
fn who_asks_for_times_gets_a_link_for_each_and_the_second_one_in_words_is_booked() {
    let office = Office::new();
    office.desk.may_book_by_itself();
    office.desk.reply("Gladly, let us talk. When suits you?");
    let draft = office.desk.drafts().remove(0);
    assert_eq!((draft.offered.len(), draft.text.matches("/at/").count()), (3, 3), "{}", draft.text);
    let offered = draft.offered.clone();
    office.desk.reply_of(office.desk.contact, "The second one works for me.", &offered);
    office.desk.settle();
    assert_eq!(office.desk.events(), [offered[1].0.to_rfc3339()]);
}

#[test]
fn a_link_clicked_twice_and_an_answer_in_words_make_one_meeting() {
    let office = Office::new();
    office.desk.may_book_by_itself();
    let reply = office.desk.reply("Gladly, let us talk. When suits you?");
    let first = office.click(reply, "2026-11-25T11:00:00Z").unwrap();
    let again = office.click(reply, "2026-11-25T11:00:00Z").unwrap();
    let other = office.click(reply, "2026-11-26T11:00:00Z").unwrap();
    assert_eq!((again.id, other.id), (first.id, first.id));
    let offered = [(at("2026-11-25T11:00:00Z"), at("2026-11-25T11:30:00Z"))];
    office.desk.reply_of(office.desk.contact, "Wednesday at 11:00 works for me.", &offered);
    office.desk.settle();
    assert_eq!(states(&office.desk.bookings()), ["confirmed"]);
    assert_eq!(office.desk.drafts().len(), 1, "nothing more is offered");
}

#[test]
fn two_clicks_in_the_same_moment_make_one_meeting() {
    let office = Office::new();
    let reply = office.desk.reply("Gladly, let us talk. When suits you?");
    std::thread::scope(|scope| {
        for hour in ["10:30", "11:00", "11:30", "13:00", "14:00", "15:00"] {
            let (guest, lead, event, app) = (office.gwen(), office.lead(reply), office.event(), office.desk.app());
            scope.spawn(move || press(app, &event, (guest, &lead), &format!("2026-11-26T{hour}:00Z")).unwrap());
        }
    });
    office.desk.settle();
    assert_eq!(states(&office.desk.bookings()), ["confirmed"]);
}

#[test]
fn a_meeting_that_was_called_off_is_not_made_again_by_the_same_offer() {
    let office = Office::new();
    let reply = office.desk.reply("Gladly, let us talk. When suits you?");
    let booking = office.click(reply, NOON).unwrap();
    crate::bookings::cancel(office.desk.app(), &office.desk.world.owner, booking.id, "").unwrap();
    office.desk.settle();
    let again = office.click(reply, "2026-11-26T14:00:00Z").unwrap();
    assert_eq!(again.id, booking.id, "the page of the one that was called off, from which another can be booked");
    let later = office.desk.reply("Sorry about that. When else would you have time?");
    let other = office.click(later, "2026-11-26T14:00:00Z").unwrap();
    assert_ne!(other.id, booking.id, "a new answer, a new offer");
}

#[test]
fn a_time_that_only_the_guest_can_book_is_answered_with_its_link() {
    let question =
        |required| Question { label: "How is it heated?".into(), kind: Kind::Text, required, choices: vec![] };
    let price = Price { amount: 4_900, currency: "EUR".into(), free_until: 0, late_percent: 0 };
    let cases: [(&str, Box<dyn Fn(&mut EventType)>, bool); 5] = [
        ("nothing is asked", Box::new(|_| {}), false),
        ("a question that may stay open", Box::new(|event| event.questions = vec![question(false)]), false),
        ("a question", Box::new(|event| event.questions = vec![question(true)]), true),
        ("a price", Box::new(move |event| event.price = Some(price.clone())), true),
        ("we call, and have no number", Box::new(|event| event.location = Location::WeCall), true),
    ];
    for (name, change, by_link) in cases {
        for trusted in [true, false] {
            let office = Office::with(&change);
            let (event, store) = (office.event(), &office.desk.app().store);
            if trusted {
                office.desk.may_book_by_itself();
            }
            office.desk.reply("Could you do Thursday at 11:30?");
            let (bookings, drafts) = (office.desk.bookings(), office.desk.drafts());
            assert_eq!(drafts.len(), usize::from(by_link), "{name}");
            assert_eq!(bookings.len(), usize::from(!by_link), "{name}");
            if by_link {
                let draft = &drafts[0];
                assert_eq!(draft.offered, [(at(NOON), at("2026-11-26T12:00:00Z"))], "{name}");
                assert!(draft.text.contains("That time is free:") && draft.text.contains("/at/"), "{}", draft.text);
                assert_eq!(draft.ungrounded, Vec::<String>::new(), "{name}: {}", draft.text);
            }
            let contact = contacts::get(store, event.workspace, office.desk.contact).unwrap().unwrap();
            assert_eq!((needs_guest(&event, &contact), unfit(&event)), (by_link, None), "{name}");
        }
    }
}

#[test]
fn a_member_says_yes_to_a_time_and_may_set_the_rules_aside_but_never_what_is_taken() {
    let office = Office::with(|event| event.needs_approval = true);
    let (app, owner) = (office.desk.app(), &office.desk.world.owner);
    office.desk.reply("Could you do Thursday at 11:30?");
    let asked = office.desk.bookings().remove(0);
    assert!(asked.state.is_proposed());
    let booked = accept(app, owner, asked.id, None, &Anyway::default()).unwrap();
    assert_eq!(
        (booked.state.clone(), booked.details.event_type),
        (State::Held, Some(office.event)),
        "nobody is asked twice"
    );
    assert_eq!((booked.id, booked.created_at), (asked.id, asked.created_at), "the proposal has become the booking");
    assert!(booked.history.len() > asked.history.len() && booked.history.starts_with(&asked.history));

    let tom = super::desk::add_contact(&office.desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let new = |start: &str| NewBooking { contact: tom, worker: office.desk.worker, start: at(start) };
    let book = |start: &str, anyway: &str| create(app, owner, &new(start), &Anyway::parse(anyway));
    let cases = [
        ("2026-11-26T19:00:00Z", "outside_hours"),
        ("2026-11-26T13:10:00Z", "align"),
        ("2026-11-24T10:30:00Z", "too_soon"),
        ("2027-01-30T19:00:00Z", "horizon outside_hours"),
    ];
    for (start, codes) in cases {
        let warned = book(start, "busy past claimed");
        let Err(BookError::Unsure { why, free }) = warned else { panic!("{start}: {warned:?}") };
        assert_eq!(Anyway::field(&why), codes, "{start}");
        assert!(free.iter().all(|span| span.start != at(start)), "{start}");
        assert_eq!(free.is_empty(), codes.contains("horizon"), "{start}");
    }
    let years_ahead = book("2030-01-09T10:00:00Z", "");
    assert!(
        matches!(&years_ahead, Err(BookError::Unsure { why, .. }) if Anyway::field(why) == "horizon"),
        "{years_ahead:?}"
    );
    let taken = book(NOON, "busy claimed outside_hours align horizon too_soon");
    assert!(matches!(taken, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{taken:?}");
    let evening = book("2026-11-26T19:00:00Z", "outside_hours").unwrap();
    office.desk.settle();
    assert!(office.desk.events().contains(&evening.start.to_rfc3339()));
}

#[test]
fn a_member_who_says_no_offers_links_to_other_slots() {
    let office = Office::new();
    let (app, owner) = (office.desk.app(), &office.desk.world.owner);
    office.desk.reply("Could you do Thursday at 11:30?");
    let asked = office.desk.bookings().remove(0);
    decline(app, owner, asked.id).unwrap();
    let draft = office.desk.drafts().remove(0);
    assert_eq!((draft.offered.len(), draft.text.matches("/at/").count()), (3, 3), "{}", draft.text);
    assert!(draft.offered.iter().all(|(start, _)| *start != asked.start));
}

#[test]
fn where_nothing_can_be_booked_the_lead_is_left_to_a_person() {
    let office = Office::new();
    office.desk.may_book_by_itself();
    office.change(|event| event.is_open = false);
    let reply = office.desk.reply("Could you do Thursday at 11:30?");
    let [(left, why)] = &office.desk.left()[..] else { panic!("{:?}", office.desk.left()) };
    assert_eq!((left.id, why.reason.as_str()), (reply, "The event type “Heating call” is switched off."));
    assert!(matches!(office.click(reply, NOON), Err(NotBooked::Closed)));
    let refused =
        choose_event_type(office.desk.app(), &office.desk.world.owner, office.desk.worker, Some(office.event));
    assert!(refused.unwrap_err().to_string().contains("switched off"));
    let elsewhere = testing::add_workspace(office.desk.app(), "Elsewhere", "elsewhere");
    let stranger = crate::authz::Actor { workspace: elsewhere, ..office.desk.world.owner.clone() };
    assert!(choose_event_type(office.desk.app(), &stranger, office.desk.worker, None).is_err());
}

#[test]
fn a_worker_without_an_event_type_offers_no_links_and_books_as_before() {
    let office = Office::new();
    choose_event_type(office.desk.app(), &office.desk.world.owner, office.desk.worker, None).unwrap();
    office.desk.may_book_by_itself();
    office.desk.reply("Could you do Thursday at 11:40?");
    let booking = office.desk.bookings().remove(0);
    assert_eq!((booking.details.event_type, booking.start), (None, at("2026-11-26T11:40:00Z")));
}

#[test]
fn what_mails_say_of_the_meeting_follows_the_event_type() {
    let office = Office::new();
    let worker = || {
        let (app, workspace) = (office.desk.app(), office.desk.world.test.workspace);
        crate::workers::get(&app.store, workspace, office.desk.worker).unwrap().unwrap()
    };
    assert_eq!(worker().meets_for(), ("Heating call", 30));
    office.change(|event| (event.name, event.durations) = ("Short call".into(), vec![20, 45]));
    assert_eq!(worker().meets_for(), ("Short call", 20));
    choose_event_type(office.desk.app(), &office.desk.world.owner, office.desk.worker, None).unwrap();
    assert_eq!(worker().meets_for(), (worker().meeting.title.as_str(), worker().meeting.minutes));
}

#[test]
fn erasing_the_lead_takes_the_record_of_their_offer_with_them() {
    let office = Office::new();
    let (app, workspace) = (office.desk.app(), office.desk.world.test.workspace);
    let reply = office.desk.reply("Gladly, let us talk. When suits you?");
    office.click(reply, NOON).unwrap();
    let tables = crate::bookings::tables();
    let table = tables.into_iter().find(|table| table.info.name == "meetings_of_offers").unwrap();
    let gwen = Person::Contact(workspace, office.desk.contact);
    assert_eq!((table.export.unwrap())(&app.store, gwen).unwrap().len(), 1);
    assert_eq!((table.erase.unwrap())(&app.store, gwen).unwrap(), 1);
    assert_eq!((table.erase.unwrap())(&app.store, gwen).unwrap(), 0);
}
