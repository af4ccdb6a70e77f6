//! Groups against the sandbox's Google and Zoom: one event and one meeting for all who sit at one time.

use std::time::Duration;

use serde_json::{json, Value};

use super::companions::Office;
use super::desk::{at, guest};
use crate::audit::Who;
use crate::bookings::group::Sitting;
use crate::bookings::model::Booking;
use crate::bookings::public::{book, reschedule, Mover};
use crate::bookings::service::{accept, end, try_again, Anyway, BookError, End};
use crate::bookings::types::{self, EventType};
use crate::bookings::{host, shared_event, store};
use crate::connections::tests::world::OWNER;
use crate::connections::{self, with_calendar, Connection, Provider};
use crate::meetings::{Location, Service};
use crate::messaging;
use crate::providers::calendar::{EventPatch, SendUpdates};
use crate::store::Person;

pub(super) const NOON: &str = "2026-11-26T11:30:00Z";
pub(super) const LATER: &str = "2026-11-26T14:00:00Z";
pub(super) const ANN: &str = "ann@first.example";
pub(super) const BEN: &str = "ben@second.example";

/// A class of five.
pub(super) fn class(location: Option<Location>) -> Office {
    let office = Office::open("provider");
    let location = location.unwrap_or_else(|| office.event.location.clone());
    let event = EventType { name: "Pottery".into(), seats: Some(5), guests: 0, location, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    Office { event, ..office }
}

fn at_zoom() -> (Office, Connection) {
    let office = class(None);
    let account = office.desk.world.connect_host(Provider::Zoom);
    office.desk.settle();
    let location = Location::Hosted { service: Service::Zoom, account: account.id };
    let event = EventType { location, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    (Office { event, ..office }, account)
}

pub(super) fn seat(office: &Office, email: &str, start: &str) -> Booking {
    let guest = guest(email.split('@').next().unwrap(), email);
    let wanted = guest.wants(at(start), 30, crate::bookings::model::Source::Page);
    let booking = book(office.desk.app(), &office.event, &wanted).unwrap();
    office.desk.settle();
    stored(office, &booking)
}

pub(super) fn stored(office: &Office, booking: &Booking) -> Booking {
    store::get(&office.desk.app().store, booking.workspace, booking.id).unwrap().unwrap()
}

pub(super) fn move_to(office: &Office, booking: &Booking, start: &str) -> Booking {
    office.desk.advance(Duration::from_secs(60));
    let mover = Mover { who: Who::Visitor, by: "A guest", reason: "", insists: false };
    reschedule(office.desk.app(), &stored(office, booking), at(start), &mover).unwrap();
    office.desk.settle();
    stored(office, booking)
}

pub(super) fn cancel(office: &Office, booking: &Booking) {
    office.desk.advance(Duration::from_secs(60));
    let by = End { who: Who::Visitor, by: "A guest", reason: "" };
    end(office.desk.app(), booking.workspace, booking.id, &by).unwrap();
    office.desk.settle();
}

/// Our events that stand: when, their title, and their text.
fn events(office: &Office) -> Vec<(String, String, String)> {
    let all: Value = serde_json::from_str(&office.desk.world.get(&format!("/control/calendars/{OWNER}"))).unwrap();
    let events = all["calendars"].as_array().unwrap().iter().flat_map(|one| one["events"].as_array().unwrap());
    let ours = events.filter(|event| {
        event["extendedProperties"]["private"]["app"] == "launchyard" && event["status"] != "cancelled"
    });
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let mut standing: Vec<_> = ours
        .map(|event| {
            assert!(event["attendees"].as_array().is_none_or(Vec::is_empty), "nobody learns who else comes: {event}");
            let start = at(event["start"]["dateTime"].as_str().unwrap()).to_rfc3339();
            (start, text(event, "summary"), text(event, "description"))
        })
        .collect();
    standing.sort();
    standing
}

pub(super) fn times_and_titles(office: &Office) -> Vec<(String, String)> {
    events(office).into_iter().map(|(start, title, _)| (start, title)).collect()
}

pub(super) fn shown(start: &str, title: &str) -> (String, String) {
    (start.to_owned(), title.to_owned())
}

#[test]
fn one_event_tells_the_host_who_comes_and_ends_with_the_last() {
    let office = class(Some(Location::Place { address: "Mill Lane 3".into() }));
    let ann = seat(&office, ANN, NOON);
    let ben = seat(&office, BEN, NOON);
    assert_eq!(events(&office).len(), 1, "{:?}", events(&office));
    let (_, title, text) = &events(&office)[0];
    assert_eq!(title, "Pottery: 2 guests");
    assert_eq!(text.lines().collect::<Vec<_>>().len(), 2, "{text}");
    assert!(text.contains(ANN) && text.contains(BEN), "{text}");
    for (booking, own, other) in [(&ann, ANN, BEN), (&ben, BEN, ANN)] {
        let mails =
            messaging::list_of_contact(&office.desk.app().store, booking.workspace, booking.contact, 10).unwrap();
        let [letter] = &mails[..] else { panic!("{mails:?}") };
        let file = &letter.dress.calendar.as_ref().expect("our invitation").ics;
        assert!(file.contains(own) && file.contains(&booking.id.to_string()), "{file}");
        assert!(!file.contains(other) && !letter.text.contains(other));
        assert_eq!(office.invited(own), 0, "never both");
    }
    cancel(&office, &ann);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest")]);
    assert!(!events(&office)[0].2.contains(ANN));
    let again = seat(&office, ANN, NOON);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 2 guests")]);
    cancel(&office, &ben);
    cancel(&office, &again);
    assert_eq!(events(&office), []);
    seat(&office, BEN, NOON);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest")], "a group after the group");
}

#[test]
fn who_moves_leaves_the_others_where_they_are_and_joins_those_who_are_there() {
    let office = class(None);
    let ann = seat(&office, ANN, NOON);
    let ben = seat(&office, BEN, NOON);
    move_to(&office, &ann, LATER);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest"), shown(LATER, "Pottery: 1 guest")]);
    move_to(&office, &ben, LATER);
    assert_eq!(times_and_titles(&office), [shown(LATER, "Pottery: 2 guests")]);
    assert_eq!(stored(&office, &ann).event_id, stored(&office, &ben).event_id);
    move_to(&office, &ann, NOON);
    cancel(&office, &ben);
    move_to(&office, &ann, "2026-11-26T15:00:00Z");
    assert_eq!(times_and_titles(&office), [shown("2026-11-26T15:00:00Z", "Pottery: 1 guest")]);
}

#[test]
fn who_moves_while_nothing_is_written_yet_or_the_answer_was_lost_leaves_no_event_behind() {
    let lost = json!({"match": "POST /google/calendar/v3/calendars/", "drop": true, "after": true, "times": 1});
    let throttled = json!({"match": "POST /google/calendar/v3/calendars/", "status": 503, "times": 1});
    for fault in [lost, throttled] {
        let office = class(None);
        office.desk.world.control("faults", &fault);
        let ann = seat(&office, ANN, NOON);
        let ben = seat(&office, BEN, NOON);
        let mover = Mover { who: Who::Visitor, by: "A guest", reason: "", insists: false };
        reschedule(office.desk.app(), &stored(&office, &ann), at(LATER), &mover).unwrap();
        office.desk.advance(Duration::from_secs(600));
        assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest"), shown(LATER, "Pottery: 1 guest")]);
        cancel(&office, &ben);
        cancel(&office, &ann);
        office.desk.advance(Duration::from_secs(600));
        assert_eq!(events(&office), []);
    }
}

#[test]
fn who_waits_for_a_yes_keeps_the_group_and_finds_nothing_of_those_who_moved_away() {
    let office = class(Some(Location::Place { address: "Mill Lane 3".into() }));
    let ann = seat(&office, ANN, NOON);
    let event = EventType { needs_approval: true, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    let office = Office { event, ..office };
    let ben = seat(&office, BEN, NOON);
    assert!(ben.is_request() && ben.details.session == ann.details.session);
    move_to(&office, &ann, LATER);
    accept(office.desk.app(), &office.desk.world.owner, ben.id, None, &Anyway::default()).unwrap();
    office.desk.settle();
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest"), shown(LATER, "Pottery: 1 guest")]);
    assert!(events(&office)[1].2.contains(ANN) && events(&office)[0].2.contains(BEN), "{:?}", events(&office));
}

#[test]
fn a_guest_who_is_erased_goes_from_the_shared_event_too_and_the_last_takes_it_along() {
    let office = class(Some(Location::Place { address: "Mill Lane 3".into() }));
    let ann = seat(&office, ANN, NOON);
    let ben = seat(&office, BEN, NOON);
    let erase = |booking: &Booking| {
        let person = Person::Contact(booking.workspace, booking.contact);
        for erase in store::TABLES.iter().filter_map(|table| table.erase) {
            erase(&office.desk.app().store, person).unwrap();
        }
        office.desk.advance(Duration::from_secs(60));
    };
    assert!(events(&office)[0].2.contains(ANN));
    erase(&ann);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest")]);
    assert!(!events(&office)[0].2.contains(ANN));
    erase(&ben);
    assert_eq!(events(&office), []);
}

#[test]
fn everybody_of_a_group_gets_the_same_room_and_keeps_a_fixed_link_when_moving() {
    let link = "https://meet.fernhill.example/class".to_owned();
    for (location, is_fixed) in [(Location::Jitsi, false), (Location::Link { url: link.clone() }, true)] {
        let office = class(Some(location));
        let ann = seat(&office, ANN, NOON);
        let ben = seat(&office, BEN, NOON);
        assert!(ann.video_link.is_some() && ann.video_link == ben.video_link);
        let moved = move_to(&office, &ann, LATER);
        assert!(moved.video_link.is_some());
        assert_eq!(moved.video_link == ann.video_link, is_fixed);
        assert_eq!(move_to(&office, &ben, LATER).video_link, moved.video_link);
    }
}

#[test]
fn a_meeting_that_was_deleted_at_its_service_is_made_once_and_all_get_the_new_link() {
    let (office, account) = at_zoom();
    let ann = seat(&office, ANN, NOON);
    let ben = seat(&office, BEN, NOON);
    let old = stored(&office, &ann).hosted.id.unwrap();
    let workspace = ann.workspace;
    connections::meeting_session(office.desk.app(), workspace, account.id, |zoom| zoom.cancel(&old)).unwrap();
    for one in [&ann, &ben] {
        let current = stored(&office, one);
        let mut again = current.clone();
        again.hosted.written = 0;
        let app = office.desk.app();
        app.store
            .write(|txn| {
                store::put(txn, &again, Some(&current))?;
                crate::bookings::host::plan(txn, &again, app.now())
            })
            .unwrap();
    }
    office.desk.settle();
    let (ann, ben) = (stored(&office, &ann), stored(&office, &ben));
    assert_eq!(office.desk.world.meetings_at("zoom").len(), 1);
    assert!(ann.hosted.id != Some(old) && ann.hosted.id.is_some());
    assert_eq!((&ann.hosted.id, &ann.video_link), (&ben.hosted.id, &ben.video_link));
}

#[test]
fn all_of_a_group_meet_behind_one_link() {
    let (office, _) = at_zoom();
    let ann = seat(&office, ANN, NOON);
    let ben = seat(&office, BEN, NOON);
    let meetings = || -> Vec<String> {
        let all = office.desk.world.meetings_at("zoom");
        let mut starts: Vec<_> = all.iter().map(|one| at(one["start"].as_str().unwrap()).to_rfc3339()).collect();
        starts.sort();
        starts
    };
    assert_eq!(meetings(), [NOON]);
    let link = stored(&office, &ann).video_link;
    assert!(link.is_some() && stored(&office, &ben).video_link == link);

    let moved = move_to(&office, &ann, LATER);
    assert_eq!(meetings(), [NOON, LATER], "those who stay keep theirs");
    assert!(moved.video_link.is_some() && moved.video_link != link);
    let joined = move_to(&office, &ben, LATER);
    assert_eq!(meetings(), [LATER], "where nobody is left there is no meeting");
    assert_eq!(joined.video_link, moved.video_link);

    cancel(&office, &ann);
    assert_eq!(meetings(), [LATER]);
    cancel(&office, &joined);
    assert_eq!(meetings(), [""; 0]);
}

fn move_in_the_calendar(office: &Office, booking: &Booking, start: &str, end: &str) {
    let time = Some((at(start), at(end), "Europe/London".to_owned()));
    let patch = EventPatch { time, ..EventPatch::default() };
    let event = stored(office, booking).event_id.unwrap();
    let connection = booking.connection.unwrap();
    with_calendar(office.desk.app(), booking.workspace, connection, |calendar| {
        calendar.patch_event(&booking.calendar_id, &event, &patch, None, SendUpdates::None)
    })
    .unwrap();
    office.desk.advance(office.desk.app().config.jobs.calendar_sync);
}

fn heard(office: &Office, booking: &Booking) -> usize {
    messaging::list_of_contact(&office.desk.app().store, booking.workspace, booking.contact, 10).unwrap().len()
}

#[test]
fn a_group_that_the_host_moves_in_the_calendar_moves_as_a_whole() {
    let (office, _) = at_zoom();
    let (ann, ben) = (seat(&office, ANN, NOON), seat(&office, BEN, NOON));
    let told = [heard(&office, &ann), heard(&office, &ben)];
    move_in_the_calendar(&office, &ann, LATER, "2026-11-26T14:30:00Z");
    office.desk.advance(office.desk.app().config.jobs.calendar_sync);
    for (one, told) in [&ann, &ben].into_iter().zip(told) {
        let one = stored(&office, one);
        assert_eq!((one.start, one.trouble.clone(), one.is_unwritten()), (at(LATER), None, false));
        assert_eq!(heard(&office, &one), told + 1, "each hears once");
    }
    assert_eq!(times_and_titles(&office), [shown(LATER, "Pottery: 2 guests")]);
    let meetings = office.desk.world.meetings_at("zoom");
    assert_eq!(meetings.iter().map(|one| at(one["start"].as_str().unwrap())).collect::<Vec<_>>(), [at(LATER)]);
    let again = seat(&office, "cleo@third.example", NOON);
    assert_ne!(again.details.session, stored(&office, &ann).details.session, "the old time is free for another group");
    cancel(&office, &ann);
    cancel(&office, &ben);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest")]);
}

#[test]
fn what_was_planned_before_the_host_moved_the_group_takes_neither_event_nor_meeting_away() {
    let (office, account) = at_zoom();
    let (ann, _) = (seat(&office, ANN, NOON), seat(&office, BEN, NOON));
    let before = Sitting::of(&stored(&office, &ann)).unwrap();
    move_in_the_calendar(&office, &ann, LATER, "2026-11-26T14:30:00Z");
    cancel(&office, &ann);
    let (app, workspace) = (office.desk.app(), ann.workspace);
    shared_event::tend(app, workspace, ann.connection.unwrap(), before.clone()).unwrap();
    host::tend(app, workspace, account.id, before).unwrap();
    assert_eq!(times_and_titles(&office), [shown(LATER, "Pottery: 1 guest")]);
    assert_eq!(office.desk.world.meetings_at("zoom").len(), 1);
}

#[test]
fn a_group_is_not_moved_onto_another_and_not_away_from_who_still_asks_for_a_seat() {
    let office = class(None);
    let (ann, ben) = (seat(&office, ANN, NOON), seat(&office, BEN, LATER));
    let cleo = seat(&office, "cleo@third.example", NOON);
    move_in_the_calendar(&office, &ann, "2026-11-26T14:10:00Z", "2026-11-26T14:40:00Z");
    for one in [&ann, &cleo] {
        let stays = stored(&office, one);
        assert!(stays.trouble.as_ref().is_some_and(|why| why.contains("another booking")), "{stays:?}");
        assert_eq!(stays.start, at(NOON));
    }
    try_again(office.desk.app(), &office.desk.world.owner, cleo.id, &Anyway::default()).unwrap();
    office.desk.settle();
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 2 guests"), shown(LATER, "Pottery: 1 guest")]);
    assert_eq!(stored(&office, &ann).trouble, None, "it stands again for all of them");

    let event = EventType { needs_approval: true, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    let office = Office { event, ..office };
    assert!(seat(&office, "dan@fourth.example", LATER).is_request());
    move_in_the_calendar(&office, &ben, "2026-11-26T16:00:00Z", "2026-11-26T16:30:00Z");
    let stays = stored(&office, &ben);
    assert!(stays.trouble.as_ref().is_some_and(|why| why.contains("asks for one")), "{stays:?}");
    assert_eq!(stays.start, at(LATER));
}

#[test]
fn the_week_draws_a_group_once_and_its_page_names_the_others() {
    let office = class(None);
    let ann = seat(&office, ANN, NOON);
    let drawn = || -> Vec<(String, String)> {
        let blocks = office.desk.noon_on_thursday().into_iter();
        blocks.filter(|(.., who)| !who.is_empty()).map(|(from, _, who)| (from, who)).collect()
    };
    assert_eq!(drawn(), [("11:30".to_owned(), "ann".to_owned())]);
    seat(&office, BEN, NOON);
    assert_eq!(drawn(), [("11:30".to_owned(), "2 guests".to_owned())]);
    let (others, seats) = crate::bookings::group::read(office.desk.app(), &ann).unwrap().unwrap();
    assert_eq!((others.iter().map(|one| one.details.name.as_str()).collect::<Vec<_>>(), seats), (vec!["ben"], 5));
}

#[test]
fn a_full_group_speaks_of_its_seats() {
    let office = class(None);
    let (app, owner) = (office.desk.app(), &office.desk.world.owner);
    let event = types::save(app, owner, EventType { seats: Some(2), ..office.event.clone() }).unwrap();
    let office = Office { event, ..office };
    let why = || types::why(office.desk.app(), &office.desk.world.owner, office.event.id, at(NOON), None).unwrap();
    let carl = seat(&office, "carl@third.example", LATER);
    seat(&office, ANN, NOON);
    assert_eq!(why().rule, None, "one seat is left");
    seat(&office, BEN, NOON);
    assert_eq!((why().rule, why().words.as_str()), (Some("full"), "All 2 seats of this time are taken."));
    match service_move(&office, &carl, NOON) {
        Err(BookError::NotFree { why, .. }) => assert_eq!(why.words(), "All 2 seats of that time are taken."),
        other => panic!("{other:?}"),
    }
}

fn service_move(office: &Office, booking: &Booking, start: &str) -> Result<Booking, BookError> {
    crate::bookings::move_to(office.desk.app(), &office.desk.world.owner, booking.id, at(start), &Anyway::default())
}
