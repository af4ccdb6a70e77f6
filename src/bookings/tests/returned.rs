//! What the owner does in the calendar comes back.

use super::desk::{at, states, Desk, GWEN};
use crate::base::UnixMillis;
use crate::bookings::{create, list_troubled, Anyway, Booking, NewBooking};
use crate::connections::with_calendar;
use crate::providers::calendar::{EventPatch, SendUpdates};

fn booked() -> (Desk, Booking) {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    (desk, booking)
}

fn look(desk: &Desk) {
    desk.advance(desk.app().config.jobs.calendar_sync);
}

fn move_there(desk: &Desk, booking: &Booking, start: &str, end: &str) {
    let time = Some((at(start), at(end), "Europe/London".to_owned()));
    let patch = EventPatch { time, ..EventPatch::default() };
    let id = booking.event_id.as_ref().unwrap();
    with_calendar(desk.app(), booking.workspace, desk.connection.id, |calendar| {
        calendar.patch_event(&booking.calendar_id, id, &patch, None, SendUpdates::None)
    })
    .unwrap();
}

fn last_words(desk: &Desk) -> Vec<String> {
    desk.letters().iter().map(|letter| letter.text.lines().nth(2).unwrap().to_owned()).collect()
}

#[test]
fn what_is_moved_in_the_calendar_is_moved_here_and_the_guest_hears_once() {
    let (desk, booking) = booked();
    look(&desk);
    assert_eq!(desk.bookings()[0].version, booking.version, "nothing has changed");
    move_there(&desk, &booking, "2026-11-26T14:00:00Z", "2026-11-26T14:45:00Z");
    look(&desk);
    look(&desk);
    let moved = desk.bookings().remove(0);
    assert_eq!((moved.start, moved.end), (at("2026-11-26T14:00:00Z"), at("2026-11-26T14:45:00Z")));
    assert_eq!((moved.state.as_str(), moved.is_unwritten()), ("confirmed", false));
    assert_eq!(last_words(&desk)[1..], ["Our meeting has a new time: Thursday 26 November, 14:00."]);
    let free_again = NewBooking { contact: desk.contact, worker: desk.worker, start: at("2026-11-26T11:30:00Z") };
    assert!(create(desk.app(), &desk.world.owner, &free_again, &Anyway::default()).is_ok(), "the old time is free");
}

#[test]
fn what_is_deleted_in_the_calendar_is_cancelled_here_and_the_guest_hears_once() {
    let (desk, booking) = booked();
    let id = booking.event_id.clone().unwrap();
    with_calendar(desk.app(), booking.workspace, desk.connection.id, |calendar| {
        calendar.delete_event(&booking.calendar_id, &id, SendUpdates::None)
    })
    .unwrap();
    look(&desk);
    look(&desk);
    assert_eq!(states(&desk.bookings()), ["cancelled"]);
    assert_eq!(last_words(&desk)[1..], ["Our meeting on Thursday 26 November, 11:30 is cancelled."]);
    assert_eq!(desk.events(), ["cancelled"], "nothing is made anew");
}

#[test]
fn a_move_onto_another_booking_waits_for_a_person() {
    let (desk, booking) = booked();
    let other = NewBooking { contact: desk.contact, worker: desk.worker, start: at("2026-11-26T14:00:00Z") };
    create(desk.app(), &desk.world.owner, &other, &Anyway::default()).unwrap();
    desk.settle();
    let told = desk.letters().len();
    move_there(&desk, &booking, "2026-11-26T14:10:00Z", "2026-11-26T14:40:00Z");
    look(&desk);
    look(&desk);
    let [stays] = &list_troubled(&desk.app().store, booking.workspace, 10).unwrap()[..] else { panic!("it waits") };
    assert_eq!((stays.id, stays.start), (booking.id, booking.start));
    assert!(stays.trouble.as_ref().is_some_and(|why| why.contains("another booking")), "{stays:?}");
    assert_eq!(desk.letters().len(), told, "nobody was told");
}

#[test]
fn a_calendar_that_does_not_answer_cancels_nothing() {
    let (desk, booking) = booked();
    let fault = |path: &str| serde_json::json!({"match": path, "status": 503, "times": 50});
    desk.world.control("faults", &fault("GET /google/calendar/v3/calendars/"));
    look(&desk);
    assert_eq!(desk.bookings()[0].version, booking.version);
    assert_eq!(desk.bookings()[0].start, UnixMillis::parse_rfc3339("2026-11-26T11:30:00Z").unwrap());
    assert_eq!(desk.world.mails_of(GWEN).len(), 1);
}
