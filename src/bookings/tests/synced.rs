//! How calendars are followed at each provider: what changes is known soon, and what cannot be known is not free.

use serde_json::json;

use super::desk::{at, states, Desk};
use crate::availability::{self, Busy, Cached, Span};
use crate::bookings::{create, Anyway, BookError, Booking, NewBooking};
use crate::connections::tests::world::OWNER;
use crate::connections::{with_calendar, Provider, State};
use crate::providers::calendar::{EventPatch, SendUpdates};
use crate::workers::Meeting;

const EVERYWHERE: [&str; 3] = ["google", "microsoft", "caldav"];

fn desk(place: &str) -> Desk {
    let meeting = Meeting { notice: 60, ..Meeting::default() };
    let desk = match place {
        "google" => Desk::new(),
        "microsoft" => Desk::at(Provider::Microsoft, meeting),
        _ => Desk::at_server(meeting),
    };
    desk.may_book_by_itself();
    desk
}

fn booked(place: &str) -> (Desk, Booking) {
    let desk = desk(place);
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    assert_eq!((booking.state.as_str(), desk.events()), ("confirmed", vec!["2026-11-26T11:30:00Z".to_owned()]));
    desk.sync();
    (desk, booking)
}

fn known(desk: &Desk) -> Cached {
    availability::cached(&desk.app().store, desk.world.test.workspace, desk.connection.id).unwrap().unwrap()
}

/// Thursday from two to three.
fn afternoon() -> Span {
    Span::new(at("2026-11-26T14:00:00Z"), at("2026-11-26T15:00:00Z"))
}

fn is_taken(desk: &Desk, span: Span) -> bool {
    known(desk).busy.iter().any(|busy| busy.overlaps(&span))
}

fn add_dentist(desk: &Desk) {
    desk.add_event("Dentist", "2026-11-26T14:00:00Z", "2026-11-26T15:00:00Z");
}

fn on_thursday(desk: &Desk, start: &str) -> Result<Booking, BookError> {
    let wanted = NewBooking { contact: desk.contact, worker: desk.worker, start: at(start) };
    create(desk.app(), &desk.world.owner, &wanted, &Anyway::default())
}

/// All that was asked of the provider, with the bodies.
fn asked(desk: &Desk) -> String {
    desk.world.get("/control/requests")
}

#[test]
fn what_changes_in_a_calendar_is_known_without_reading_all_of_it() {
    for (place, by) in [("google", "syncToken="), ("microsoft", "deltatoken"), ("caldav", "sync-collection")] {
        let (desk, _) = booked(place);
        assert!(!is_taken(&desk, afternoon()), "{place}");
        desk.world.forget_requests();
        desk.sync();
        let quiet = asked(&desk);
        assert!(quiet.lines().all(|line| line.contains(by)), "{place}: nothing changed: {quiet}");
        let app = desk.app();
        let written = || availability::rows_written(&app.store, desk.world.test.workspace, desk.connection.id).unwrap();
        let (before, read_at) = (written(), known(&desk).read_at);
        desk.sync();
        assert_eq!(written(), before, "{place}: nothing changed, so nothing but the moment is written");
        assert!(known(&desk).read_at > read_at, "{place}: and it is known as of now");
        add_dentist(&desk);
        desk.world.forget_requests();
        desk.sync();
        assert!(is_taken(&desk, afternoon()) && known(&desk).is_followed, "{place}: {:?}", known(&desk));
        let news = asked(&desk);
        assert!(news.contains(by) && !news.contains("/freeBusy"), "{place}: {news}");
    }
}

#[test]
fn a_token_that_the_provider_has_forgotten_means_reading_all_again() {
    for place in EVERYWHERE {
        let (desk, _) = booked(place);
        desk.world.control("expire", &json!({"what": "sync", "email": OWNER}));
        add_dentist(&desk);
        desk.sync();
        let row = known(&desk);
        assert!(is_taken(&desk, afternoon()) && row.is_followed && row.failed.is_none(), "{place}: {row:?}");
        desk.world.forget_requests();
        desk.sync();
        assert_eq!(desk.world.requests().len(), 1, "{place}: it goes on from there");
    }
}

#[test]
fn a_server_that_makes_no_report_of_changes_is_compared_by_the_tags_of_its_files() {
    let (desk, booking) = booked("caldav");
    let has_no_report = || desk.world.control("settings", &json!({"caldav_without_sync": true}));
    has_no_report();
    add_dentist(&desk);
    desk.sync();
    assert!(is_taken(&desk, afternoon()) && known(&desk).is_followed);
    desk.world.forget_requests();
    has_no_report();
    desk.sync();
    assert_eq!(desk.world.requests().len(), 1, "the same tag: {:?}", desk.world.requests());
    let connection = desk.connection.id;
    let taken = with_calendar(desk.app(), booking.workspace, connection, |calendar| {
        calendar.list_taken(&booking.calendar_id, afternoon().start, afternoon().end)
    });
    let [dentist] = &taken.unwrap()[..] else { panic!("one") };
    with_calendar(desk.app(), booking.workspace, connection, |calendar| {
        calendar.delete_event(&booking.calendar_id, &dentist.id, SendUpdates::None)
    })
    .unwrap();
    desk.sync();
    assert!(!is_taken(&desk, afternoon()), "gone there, gone here");
}

#[test]
fn changes_that_a_server_tells_in_parts_are_all_heard() {
    let (desk, _) = booked("caldav");
    desk.world.control("settings", &json!({"caldav_page": 1}));
    add_dentist(&desk);
    desk.add_event("Plumber", "2026-11-26T16:00:00Z", "2026-11-26T17:00:00Z");
    desk.sync();
    let later = Span::new(at("2026-11-26T16:00:00Z"), at("2026-11-26T17:00:00Z"));
    assert!(is_taken(&desk, afternoon()) && is_taken(&desk, later));
}

#[test]
fn a_calendar_that_cannot_be_read_is_unknown_and_never_free() {
    for (place, calls) in [
        ("google", vec!["GET /google/calendar", "POST /google/calendar/v3/freeBusy"]),
        ("microsoft", vec!["GET /microsoft/v1.0/me"]),
        ("caldav", vec!["REPORT /caldav", "PROPFIND /caldav"]),
    ] {
        let desk = desk(place);
        for call in calls {
            desk.world.control("faults", &json!({"match": call, "status": 503, "times": 10_000}));
        }
        let every = desk.app().config.jobs.calendar_sync;
        desk.advance(every * 20);
        let now = desk.app().now();
        assert!(known(&desk).not_known(afternoon(), now, every).is_some(), "{place}: {:?}", known(&desk));
        let (workspace, id) = (desk.world.test.workspace, desk.connection.id);
        let read = availability::read_now(desk.app(), workspace, id, afternoon(), None).unwrap();
        assert!(matches!(read, Busy::Unknown { .. }), "{place}: {read:?}");
        assert!(on_thursday(&desk, "2026-11-26T14:00:00Z").is_err(), "{place}");
        assert!(desk.events().is_empty(), "{place}");
    }
}

#[test]
fn what_came_since_the_last_reading_is_seen_when_a_time_is_taken() {
    for place in EVERYWHERE {
        let (desk, _) = booked(place);
        add_dentist(&desk);
        assert!(!is_taken(&desk, afternoon()), "{place}: not read yet");
        let refused = on_thursday(&desk, "2026-11-26T14:00:00Z");
        assert!(matches!(refused, Err(BookError::NotFree { .. })), "{place}: {refused:?}");
    }
}

#[test]
fn what_is_moved_or_deleted_in_the_calendar_comes_back_with_what_changed() {
    for place in EVERYWHERE {
        let (desk, booking) = booked(place);
        let (calendar, id) = (booking.calendar_id.clone(), booking.event_id.clone().unwrap());
        let (start, end) = (at("2026-11-26T14:00:00Z"), at("2026-11-26T14:30:00Z"));
        let patch = EventPatch { time: Some((start, end, "Europe/London".into())), ..EventPatch::default() };
        with_calendar(desk.app(), booking.workspace, desk.connection.id, |one| {
            one.patch_event(&calendar, &id, &patch, None, SendUpdates::None)
        })
        .unwrap();
        desk.sync();
        let moved = desk.bookings().remove(0);
        assert_eq!((moved.start, moved.end, moved.state.as_str()), (start, end, "confirmed"), "{place}");
        with_calendar(desk.app(), booking.workspace, desk.connection.id, |one| {
            one.delete_event(&calendar, &id, SendUpdates::None)
        })
        .unwrap();
        desk.sync();
        assert_eq!((states(&desk.bookings()), desk.events()), (vec!["cancelled"], vec!["cancelled".into()]), "{place}");
        let letters = desk.letters().len();
        desk.sync();
        assert_eq!(desk.letters().len(), letters, "{place}: the guest hears each once");
    }
}

#[test]
fn a_calendar_server_that_times_out_after_the_work_still_has_one_event() {
    let desk = desk("caldav");
    desk.world.control("faults", &json!({"match": "PUT /caldav", "drop": true, "after": true, "times": 2}));
    desk.reply("Could you do Thursday at 11:30?");
    for _ in 0..4 {
        desk.sync();
    }
    assert_eq!((states(&desk.bookings()), desk.events()), (vec!["confirmed"], vec!["2026-11-26T11:30:00Z".to_owned()]));
}

#[test]
fn an_access_that_was_withdrawn_is_said_and_nothing_is_taken_for_free() {
    for place in ["google", "caldav"] {
        let desk = desk(place);
        desk.world.control("revoke", &json!({"email": OWNER}));
        desk.advance(std::time::Duration::from_secs(2 * 3_600));
        assert!(matches!(desk.world.stored(&desk.connection).state, State::NeedsOwner { .. }), "{place}");
        let (workspace, id) = (desk.world.test.workspace, desk.connection.id);
        let busy = availability::read_now(desk.app(), workspace, id, afternoon(), None).unwrap();
        assert!(matches!(busy, Busy::Unknown { .. }), "{place}: {busy:?}");
    }
}

#[test]
fn a_calendar_of_fifty_thousand_events_is_read_and_followed_without_losing_one() {
    for place in EVERYWHERE {
        let desk = desk(place);
        desk.world.control(&format!("calendars/{OWNER}"), &json!({"events": 50_000}));
        desk.sync();
        let row = known(&desk);
        assert!(row.failed.is_none() && row.busy.len() <= 4_000, "{place}: {:?}, {}", row.failed, row.busy.len());
        // Two minutes of every five are taken, from now on.
        let first = crate::testing::NOW;
        for number in [10_u32, 77, 20_001, 49_000] {
            let start = first.plus(std::time::Duration::from_secs(300) * number);
            let span = Span::lasting(start, std::time::Duration::from_secs(120));
            assert!(row.busy.iter().any(|busy| busy.overlaps(&span)), "{place}: {number}");
        }
        let wanted = on_thursday(&desk, "2026-11-26T14:00:00Z");
        assert!(wanted.is_err(), "{place}: {wanted:?}");
    }
}

#[test]
fn a_hostile_file_costs_little_and_makes_nothing_free() {
    let rules = [
        "RRULE:FREQ=SECONDLY;COUNT=2000000000",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=14",
        "RRULE:FREQ=SECONDLY;BYSECOND=59;BYMINUTE=59;BYHOUR=23;BYMONTHDAY=31;BYMONTH=2",
    ];
    for rule in rules {
        let (desk, _) = booked("caldav");
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:hostile\r\nDTSTAMP:20260101T000000Z\r\n\
             DTSTART:20261126T140000Z\r\nDTEND:20261126T150000Z\r\n{rule}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        desk.world.control(&format!("calendars/{OWNER}"), &json!({"file": text}));
        desk.sync();
        let row = known(&desk);
        assert!(row.failed.is_some() || is_taken(&desk, afternoon()), "{rule}: {row:?}");
        assert!(on_thursday(&desk, "2026-11-26T14:00:00Z").is_err(), "{rule}");
    }
}
