//! The event in the calendar: made once, moved, taken away, refused, deleted by others.

use std::time::Duration;

use serde_json::json;

use super::desk::{at, states, Desk, GWEN};
use crate::availability::WhyNot;
use crate::base::UnixMillis;
use crate::bookings::{cancel, create, dismiss, list_troubled, move_to, try_again, Anyway, BookError, NewBooking};
use crate::connections;
use crate::messaging;

#[test]
fn a_provider_that_times_out_after_the_work_still_gives_one_event() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let insert = "POST /google/calendar/v3/calendars/";
    desk.world.control("faults", &json!({"match": insert, "drop": true, "after": true, "times": 2}));
    desk.reply("Could you do Thursday at 11:30?");
    assert_eq!(states(&desk.bookings()), ["held"]);
    for _ in 0..4 {
        desk.advance(Duration::from_secs(300));
    }
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    assert_eq!((desk.letters().len(), desk.world.mails_of(GWEN).len()), (1, 1));
}

#[test]
fn a_moved_booking_moves_its_event_and_a_cancelled_one_takes_it_away() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    desk.advance(Duration::from_secs(60));
    let busy = move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T16:15:00Z"), &Anyway::default());
    let Err(BookError::NotFree { free, .. }) = busy else { panic!("the stock count is then: {busy:?}") };
    assert_eq!(free.len(), 3);
    // Half an hour later overlaps its own old time, which is no conflict.
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:45:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:45:00Z"]);
    desk.advance(Duration::from_secs(60));
    cancel(desk.app(), &desk.world.owner, booking.id, "Robin is ill.").unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["cancelled"]);
    let letters: Vec<String> =
        desk.letters().iter().map(|letter| letter.text.lines().nth(2).unwrap().to_owned()).collect();
    assert_eq!(
        letters,
        [
            "That works. We meet on Thursday 26 November, 11:30.",
            "Our meeting has a new time: Thursday 26 November, 11:45.",
            "Our meeting on Thursday 26 November, 11:45 is cancelled."
        ]
    );
    let free_again = NewBooking { contact: desk.contact, worker: desk.worker, start: at("2026-11-26T11:45:00Z") };
    assert!(create(desk.app(), &desk.world.owner, &free_again, &Anyway::default()).is_ok());
}

#[test]
fn an_event_that_is_not_ours_any_more_is_never_touched() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    let foreign = json!({"id": booking.event_id, "status": "confirmed", "etag": "1", "summary": "Mine"});
    desk.world.control(
        "faults",
        &json!({"match": "GET /google/calendar/v3/calendars/", "status": 200, "body": foreign, "times": 9}),
    );
    cancel(desk.app(), &desk.world.owner, booking.id, "").unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"], "left alone");
    let kept = desk.bookings().remove(0);
    assert!(kept.trouble.as_ref().is_some_and(|why| why.contains("our mark")), "{kept:?}");
}

#[test]
fn an_event_that_was_deleted_in_the_calendar_is_gone_or_made_anew() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    let calendar = booking.calendar_id.clone();
    crate::availability::with_calendar(desk.app(), booking.workspace, desk.connection.id, |google| {
        let id = booking.event_id.as_ref().unwrap();
        google.delete_event(&calendar, id, crate::providers::calendar::SendUpdates::None)
    })
    .unwrap();
    let later = UnixMillis::parse_rfc3339("2026-11-26T14:00:00Z").unwrap();
    move_to(desk.app(), &desk.world.owner, booking.id, later, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["cancelled", "2026-11-26T14:00:00Z"]);
}

#[test]
fn a_link_that_takes_its_time_is_waited_for() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("settings", &json!({"slow_conferences": true}));
    desk.reply("Could you do Thursday at 11:30?");
    assert!(desk.letters().is_empty(), "not before the link is there");
    desk.advance(Duration::from_secs(2));
    let [letter] = &desk.letters()[..] else { panic!("one letter") };
    assert!(letter.text.contains("Where: https://"), "{}", letter.text);
}

#[test]
fn busy_times_are_kept_fresh_and_forgotten_with_the_connection() {
    let desk = Desk::new();
    let kept =
        || crate::availability::cached(&desk.app().store, desk.world.test.workspace, desk.connection.id).unwrap();
    let first = kept().unwrap();
    assert!(first.busy.len() > 20 && first.failed.is_none(), "{first:?}");
    desk.advance(desk.app().config.jobs.calendar_sync);
    assert!(kept().unwrap().read_at > first.read_at);
    connections::disconnect(desk.app(), &desk.world.owner, desk.connection.id).unwrap();
    desk.settle();
    assert_eq!(kept(), None);
}

#[test]
fn a_move_never_covers_what_else_stands_at_its_old_time() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let booking = desk.bookings().remove(0);
    // Something of the owner's own overlaps the meeting; Google melts both into one busy stretch.
    desk.add_event("Dentist", "2026-11-26T11:45:00Z", "2026-11-26T12:15:00Z");
    let covered = move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:40:00Z"), &Anyway::default());
    assert!(matches!(covered, Err(BookError::NotFree { why: WhyNot::Busy, .. })), "{covered:?}");
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:05:00Z"), &Anyway::default()).unwrap();
    let asked = desk.world.requests();
    assert!(asked.iter().any(|url| url.contains("fields=nextPageToken")), "no titles are asked for: {asked:?}");
}

#[test]
fn the_week_shows_what_else_stands_at_the_time_of_a_meeting() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let block = |from: &str, until: &str, who: &str| (from.to_owned(), until.to_owned(), who.to_owned());
    let ours = block("11:30", "12:00", "Gwen Hartley");
    let sync = || desk.advance(desk.app().config.jobs.calendar_sync);
    sync();
    assert_eq!(desk.noon_on_thursday(), std::slice::from_ref(&ours), "our own event is no other");
    desk.add_event("Plumber", "2026-11-26T11:40:00Z", "2026-11-26T11:50:00Z");
    sync();
    assert_eq!(desk.noon_on_thursday(), [ours.clone(), block("11:40", "11:50", "")], "wholly inside");
    desk.add_event("Dentist", "2026-11-26T11:45:00Z", "2026-11-26T12:15:00Z");
    sync();
    assert_eq!(desk.noon_on_thursday(), [ours, block("11:40", "12:15", "")], "what overlaps is one stretch");
}

#[test]
fn what_the_calendar_refuses_waits_for_a_person_and_can_be_tried_again() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    let reply = desk.reply("Could you do Thursday at 11:30?");
    let workspace = desk.world.test.workspace;
    let troubled = || list_troubled(&desk.app().store, workspace, 10).unwrap();
    let [failed] = &troubled()[..] else { panic!("it waits: {:?}", desk.bookings()) };
    assert_eq!(failed.state.as_str(), "failed");
    let open = messaging::get_reply(&desk.app().store, workspace, reply).unwrap().unwrap();
    assert_eq!(open.handled_at, None, "the answer is open again");
    assert!(desk.letters().is_empty() && desk.events().is_empty());
    try_again(desk.app(), &desk.world.owner, failed.id, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!((states(&desk.bookings()), desk.events()), (vec!["confirmed"], vec!["2026-11-26T11:30:00Z".to_owned()]));
    assert!(troubled().is_empty());
    // A refused move stands at its new time here and at the old one in the calendar.
    desk.world.control("faults", &json!({"match": "PATCH /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    let booking = desk.bookings().remove(0);
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T14:00:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    assert_eq!(troubled()[0].trouble_words(), "The calendar does not show it as it stands here.");
    try_again(desk.app(), &desk.world.owner, booking.id, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!((desk.events(), troubled().len()), (vec!["2026-11-26T14:00:00Z".to_owned()], 0));
    assert_eq!(desk.letters().len(), 2, "booked, moved: each told once, when the calendar had it");
}

#[test]
fn what_the_calendar_refuses_can_be_left_relocated() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/calendars/", "status": 400, "times": 1}));
    desk.reply("Could you do Thursday at 11:30?");
    let failed = desk.bookings().remove(0);
    dismiss(desk.app(), &desk.world.owner, failed.id, "").unwrap();
    assert_eq!(states(&desk.bookings()), ["cancelled"]);
    assert!(list_troubled(&desk.app().store, failed.workspace, 10).unwrap().is_empty());
}
