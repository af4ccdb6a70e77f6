//! A contact with a long series ahead of them: what is next is found all the same, and what they asked for.

use std::time::Duration;

use super::desk::{at, states, Desk};
use crate::base::{BookingId, ReplyId, UnixMillis};
use crate::bookings::model::{Booking, State};
use crate::bookings::{promised, store, waiting_of_contact};
use crate::testing::NOW;

const THURSDAY: &str = "2026-11-26T11:30:00Z";
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Twenty-four dates, a week apart, behind everything that is agreed in these tests; all like `model`.
fn add_later_dates(desk: &Desk, model: &Booking) {
    let mut start = at("2026-12-30T15:00:00Z");
    for _ in 0..24 {
        let end = start.plus(Duration::from_secs(1800));
        let state = State::Confirmed;
        let one = Booking { id: BookingId::new(NOW), start, end, reply: None, state, ..model.clone() };
        desk.app().store.write(|txn| store::put(txn, &one, None)).unwrap();
        start = start.plus(WEEK);
    }
}

fn stored(desk: &Desk, id: BookingId) -> Booking {
    store::get(&desk.app().store, desk.world.test.workspace, id).unwrap().unwrap()
}

fn waiting(desk: &Desk, now: UnixMillis) -> Vec<BookingId> {
    let waiting = desk.app().store.read(|txn| waiting_of_contact(txn, desk.world.test.workspace, desk.contact, now));
    waiting.unwrap().iter().map(|booking| booking.id).collect()
}

#[test]
fn the_next_meeting_is_what_they_confirm_and_what_an_answer_is_about() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let first = desk.bookings().remove(0);
    add_later_dates(&desk, &first);
    desk.advance(Duration::from_secs(60));
    desk.reply("Thursday at 11:30 works for me.");
    let last = stored(&desk, first.id).history.pop().unwrap();
    assert!(last.words.ends_with("confirmed the time."), "{last:?}");
    assert_eq!(desk.bookings().len(), 25, "nothing new comes of a yes");
    desk.advance(Duration::from_secs(60));
    desk.reply("Good, let us talk then.");
    assert!(desk.left()[0].1.reason.contains("Thursday 26 November, 11:30"), "{:?}", desk.left());
}

#[test]
fn another_time_would_move_the_next_meeting() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let first = desk.bookings().remove(0);
    add_later_dates(&desk, &first);
    desk.advance(Duration::from_secs(60));
    desk.reply("Could we make it Friday at 11:30?");
    let [asked] = waiting(&desk, desk.app().now())[..] else { panic!("a person is asked") };
    assert_eq!(stored(&desk, asked).instead_of, Some(first.id));
}

#[test]
fn a_meeting_that_runs_is_the_next_until_it_is_over() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let first = desk.bookings().remove(0);
    add_later_dates(&desk, &first);
    let next = |now: UnixMillis| {
        let (workspace, contact) = (desk.world.test.workspace, desk.contact);
        // Of an offer that led to nothing so far.
        let other = ReplyId::new(NOW);
        desk.app().store.read(|txn| promised::meeting(txn, workspace, contact, other, now)).unwrap().unwrap().start
    };
    assert_eq!(next(first.start.plus(Duration::from_secs(60))), first.start);
    assert_eq!(next(first.end), at("2026-12-30T15:00:00Z"), "the first of the later ones, not the last");
}

#[test]
fn what_they_asked_for_ends_with_a_newer_word_and_with_another_reading() {
    let desk = Desk::new();
    let first = desk.reply("Could you do Thursday at 11:30?");
    let asked = desk.bookings().remove(0);
    assert_eq!(asked.start, at(THURSDAY));
    add_later_dates(&desk, &asked);
    assert_eq!(waiting(&desk, desk.app().now()), [asked.id]);
    desk.correct(first, "interested");
    assert_eq!(states(&[stored(&desk, asked.id)]), ["cancelled"]);
    assert!(waiting(&desk, desk.app().now()).is_empty());

    desk.advance(Duration::from_secs(60));
    desk.reply("Could you do Thursday at 14:00?");
    let [second] = waiting(&desk, desk.app().now())[..] else { panic!("one waits") };
    desk.advance(Duration::from_secs(60));
    desk.reply("Or rather Friday at 11:30?");
    assert_eq!(states(&[stored(&desk, second)]), ["cancelled"], "they wrote again");
    assert_eq!(waiting(&desk, desk.app().now()).len(), 1);
}
