//! The same bookings in a calendar at Microsoft 365.

use std::time::Duration;

use serde_json::json;

use super::desk::{at, states, Desk};
use crate::availability::{self, Busy, Span};
use crate::bookings::{cancel, move_to, Anyway};
use crate::connections::tests::world::OWNER;
use crate::connections::{with_calendar, Provider, State};
use crate::workers::Meeting;

const CREATE: &str = "POST /microsoft/v1.0/me/calendars/";

fn desk() -> Desk {
    let desk = Desk::at(Provider::Microsoft, Meeting { notice: 60, ..Meeting::default() });
    desk.may_book_by_itself();
    desk
}

#[test]
fn a_booking_is_written_moved_and_taken_away_at_microsoft() {
    let desk = desk();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    assert_eq!((booking.state.as_str(), desk.events()), ("confirmed", vec!["2026-11-26T11:30:00Z".to_owned()]));
    assert!(booking.video_link.as_ref().is_some_and(|link| link.contains("teams")), "{booking:?}");
    desk.advance(Duration::from_secs(60));
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:45:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:45:00Z"]);
    cancel(desk.app(), &desk.world.owner, booking.id, "").unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["cancelled"]);
}

#[test]
fn a_microsoft_that_times_out_after_the_work_still_has_one_event() {
    let desk = desk();
    desk.world.control("faults", &json!({"match": CREATE, "drop": true, "after": true, "times": 2}));
    desk.reply("Could you do Thursday at 11:30?");
    assert_eq!(states(&desk.bookings()), ["held"]);
    for _ in 0..4 {
        desk.advance(Duration::from_secs(300));
    }
    assert_eq!((states(&desk.bookings()), desk.events()), (vec!["confirmed"], vec!["2026-11-26T11:30:00Z".to_owned()]));
}

#[test]
fn a_booking_that_is_cancelled_before_its_event_was_answered_leaves_none() {
    let desk = desk();
    desk.world.control("faults", &json!({"match": CREATE, "drop": true, "after": true, "times": 1}));
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    assert_eq!((booking.state.as_str(), booking.event_id), ("held", None));
    cancel(desk.app(), &desk.world.owner, booking.id, "").unwrap();
    for _ in 0..4 {
        desk.advance(Duration::from_secs(300));
    }
    assert_eq!(desk.events(), ["cancelled"], "found by what we called it");
}

#[test]
fn a_throttled_microsoft_is_obeyed() {
    let desk = desk();
    desk.world.control("faults", &json!({"match": CREATE, "status": 429, "retry_after": 120, "times": 1}));
    desk.reply("Could you do Thursday at 11:30?");
    desk.advance(Duration::from_secs(60));
    assert!(desk.events().is_empty(), "not before it allows");
    desk.advance(Duration::from_secs(90));
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
}

#[test]
fn busy_times_count_whole_days_and_pages_and_leave_out_what_is_free() {
    let desk = desk();
    let range = Span::new(at("2026-11-23T00:00:00Z"), at("2027-02-10T00:00:00Z"));
    let busy = availability::read_now(desk.app(), desk.world.test.workspace, desk.connection.id, range, None).unwrap();
    let Busy::Known(busy) = busy else { panic!("{busy:?}") };
    assert!(busy.len() > 50, "{}", busy.len());
    let friday = Span::new(at("2026-11-27T09:00:00Z"), at("2026-11-27T10:00:00Z"));
    assert!(!busy.iter().any(|one| one.overlaps(&friday)), "on call is shown as free");
    let calendars =
        with_calendar(desk.app(), desk.world.test.workspace, desk.connection.id, |one| one.list_calendars());
    let holidays = calendars.unwrap().into_iter().find(|one| !one.is_writable()).unwrap();
    let taken = with_calendar(desk.app(), desk.world.test.workspace, desk.connection.id, |one| {
        one.free_busy(&[&holidays.id], range.start, range.end)
    });
    assert!(matches!(&taken.unwrap()[&holidays.id], crate::providers::calendar::BusyTimes::Known(_)));
}

#[test]
fn a_withdrawn_grant_is_said_and_nothing_is_taken_for_free() {
    let desk = desk();
    desk.world.control("revoke", &json!({"email": OWNER}));
    desk.advance(Duration::from_secs(2 * 3_600));
    assert!(matches!(desk.world.stored(&desk.connection).state, State::NeedsOwner { .. }));
    let range = Span::new(at("2026-11-26T09:00:00Z"), at("2026-11-26T17:00:00Z"));
    let busy = availability::read_now(desk.app(), desk.world.test.workspace, desk.connection.id, range, None).unwrap();
    assert!(matches!(busy, Busy::Unknown { .. }), "{busy:?}");
}
