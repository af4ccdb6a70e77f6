//! Times that a person or a program chooses.

use serde_json::json;

use super::desk::{add_contact, at, Desk};
use crate::availability::WhyNot;
use crate::bookings::{accept, create, Anyway, BookError, NewBooking, State};

#[test]
fn a_person_is_told_what_speaks_against_a_time_before_it_is_booked() {
    let desk = Desk::new();
    let new = |start: &str| NewBooking { contact: desk.contact, worker: desk.worker, start: at(start) };
    let book = |start: &str, anyway: &str| {
        create(desk.app(), &desk.world.owner, &new(start), &Anyway::parse(anyway)).map(|booking| booking.id)
    };
    let warned = |outcome: Result<crate::base::BookingId, BookError>| match outcome {
        Err(BookError::Unsure { why, .. }) => Anyway::field(&why),
        other => panic!("not warned: {other:?}"),
    };
    assert_eq!(warned(book("2026-11-26T19:00:00Z", "")), "outside_hours");
    assert_eq!(warned(book("2026-11-24T10:30:00Z", "")), "too_soon");
    assert_eq!(warned(book("2026-11-26T19:00:00Z", "too_soon")), "outside_hours", "another warning was set aside");
    assert!(book("2026-11-26T19:00:00Z", "outside_hours").is_ok());
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 2}));
    assert_eq!(warned(book("2026-11-26T11:30:00Z", "outside_hours")), "unreadable");
    assert!(book("2026-11-26T11:30:00Z", "unreadable").is_ok(), "known, and wanted all the same");
    let taken = book("2026-11-25T10:00:00Z", "busy claimed past");
    assert!(matches!(taken, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{taken:?}");
}

#[test]
fn a_time_beyond_sixty_days_is_asked_about_where_it_lies() {
    let desk = Desk::new();
    let new = |start: &str| NewBooking { contact: desk.contact, worker: desk.worker, start: at(start) };
    let book = |start: &str| create(desk.app(), &desk.world.owner, &new(start), &Anyway::parse("too_far"));
    // The diary's supplier call is on every Wednesday, 9:30 to 10:30, for twelve weeks; 3 February is the eleventh.
    let taken = book("2027-02-03T10:00:00Z");
    assert!(matches!(taken, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{taken:?}");
    assert!(book("2027-02-03T11:00:00Z").is_ok());
}

#[test]
fn a_proposal_whose_time_has_gone_is_booked_at_a_free_one() {
    let desk = Desk::new();
    desk.reply("Could you do Thursday at 11:30?");
    let asked = desk.bookings().remove(0);
    let other = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let new = NewBooking { contact: other, worker: desk.worker, start: asked.start };
    create(desk.app(), &desk.world.owner, &new, &Anyway::default()).unwrap();
    let gone = accept(desk.app(), &desk.world.owner, asked.id, None, &Anyway::default());
    let Err(BookError::NotFree { free, .. }) = gone else { panic!("somebody was quicker: {gone:?}") };
    assert_eq!(free.len(), 3);
    let booked = accept(desk.app(), &desk.world.owner, asked.id, Some(free[0].start), &Anyway::default()).unwrap();
    assert_eq!((booked.start, booked.state), (free[0].start, State::Held));
}
