//! A time that somebody proposes: booked alone, or a person's to decide.

use std::time::Duration;

use serde_json::json;

use super::desk::{add_contact, states, Desk, GWEN};
use crate::audit;
use crate::availability::WhyNot;
use crate::bookings::{accept, cancel, create, move_to, Anyway, BookError, Bookable, Booking, NewBooking, State};
use crate::connections;
use crate::drafts;
use crate::messaging;
use crate::testing::NOW;
use crate::workers::WorkerState;

#[test]
fn a_free_time_is_booked_with_one_event_and_one_confirmation() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let bookings = desk.bookings();
    assert_eq!(states(&bookings), ["confirmed"]);
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    let [letter] = &desk.letters()[..] else { panic!("one letter") };
    assert!(
        letter.text.starts_with("Hello Gwen,\n\nThat works. We meet on Thursday 26 November, 11:30."),
        "{}",
        letter.text
    );
    assert!(letter.text.contains("Where: https://"), "{}", letter.text);
    assert_eq!((letter.subject.as_str(), letter.to.display()), ("Re: Heating", GWEN));
    let invitation = desk.world.mails_of(GWEN);
    assert_eq!(invitation.len(), 1, "Google invites, once");
    desk.advance(Duration::from_secs(3600));
    assert_eq!((desk.events().len(), desk.letters().len()), (1, 1));
}

#[test]
fn a_person_decides_unless_the_owner_said_otherwise() {
    let desk = Desk::new();
    let reply = desk.reply("Could you do Thursday at 11:30?");
    let [asked] = &desk.bookings()[..] else { panic!("one proposal") };
    assert_eq!(asked.state, State::Proposed { note: "You are free then.".into() });
    assert!(desk.events().is_empty());
    accept(desk.app(), &desk.world.owner, asked.id, None, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!((desk.events().len(), desk.letters().len()), (1, 1));
    let reply = messaging::get_reply(&desk.app().store, desk.world.test.workspace, reply).unwrap().unwrap();
    assert!(reply.handled_at.is_some());
    let again = accept(desk.app(), &desk.world.owner, asked.id, None, &Anyway::default());
    assert!(matches!(again, Err(BookError::NotOpen("Booked"))), "{again:?}");
}

#[test]
fn a_proposed_time_is_offered_only_as_long_as_it_can_be_booked() {
    let desk = Desk::new();
    desk.reply("Could you do Thursday at 11:30?");
    let [asked] = &desk.bookings()[..] else { panic!("one proposal") };
    let stands = || Bookable::of(desk.app(), asked).unwrap();
    let free = Bookable { note: "You are free then.".into(), is_offered: true, ..Bookable::default() };
    assert_eq!(stands(), free);

    let other = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    let by_hand = NewBooking { contact: other, worker: desk.worker, start: asked.start };
    let booked = create(desk.app(), &desk.world.owner, &by_hand, &Anyway::default()).unwrap();
    assert_eq!((stands().note.as_str(), stands().is_offered), ("Another booking has that time.", false));
    cancel(desk.app(), &desk.world.owner, booked.id, "").unwrap();
    assert_eq!(stands(), free);

    desk.change_worker(|worker| worker.meeting.notice = 60 * 24 * 7);
    let soon = stands();
    assert_eq!((soon.note.as_str(), soon.anyway.as_str()), (&*WhyNot::TooSoon.words(), "too_soon"));
    desk.change_worker(|worker| worker.meeting.notice = 0);

    let calendar = asked.connection.unwrap();
    let workspace = desk.world.test.workspace;
    connections::update(&desk.app().store, workspace, calendar, |connection| connection.uses.clear()).unwrap();
    let none = stands();
    assert_eq!(none.note, "No calendar is connected: only your bookings here were checked.");
    assert_eq!((none.is_offered, none.choose_calendar.as_str()), (false, "/connections"));

    desk.app().clock.advance(Duration::from_secs(14 * 86_400));
    assert_eq!((stands().note.as_str(), stands().is_offered), ("That time has passed.", false));
}

#[test]
fn who_confirms_the_time_that_is_booked_moves_nothing_and_hears_nothing_again() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    let [booked] = &desk.bookings()[..] else { panic!("one booking") };
    let written = booked.version;
    let answer = desk.reply("Thursday at 11:30 it is, thank you.");
    let [stands] = &desk.bookings()[..] else { panic!("still one booking") };
    assert_eq!((stands.state.as_str(), stands.start, stands.version), ("confirmed", booked.start, written));
    assert_eq!((desk.events().len(), desk.letters().len()), (1, 1));
    let answer = messaging::get_reply(&desk.app().store, desk.world.test.workspace, answer).unwrap().unwrap();
    assert!(answer.handled_at.is_some(), "nobody has to look at it");
    assert!(stands.history.iter().any(|note| note.words.contains("confirmed the time")), "{:?}", stands.history);

    let same = move_to(desk.app(), &desk.world.owner, booked.id, booked.start, &Anyway::default()).unwrap();
    assert_eq!(same.version, written, "to where it is already");
    desk.settle();
    assert_eq!(desk.letters().len(), 1);

    desk.reply("Sorry, could we do Thursday at 15:00 instead of 11:30?");
    assert!(desk.bookings().iter().any(|booking| booking.state.is_proposed()), "another time is asked for");
}

#[test]
fn a_proposal_ends_when_its_time_has_passed_and_its_answer_waits_for_a_person() {
    let desk = Desk::new();
    let reply = desk.reply("Could you do Thursday at 11:30?");
    let [asked] = &desk.bookings()[..] else { panic!("one proposal") };
    desk.advance(asked.start.since(desk.app().now()).saturating_sub(Duration::from_secs(60)));
    assert_eq!(states(&desk.bookings()), ["proposed"]);
    desk.advance(Duration::from_secs(120));
    assert_eq!(states(&desk.bookings()), ["cancelled"]);
    assert_eq!(desk.left().iter().map(|(reply, _)| reply.id).collect::<Vec<_>>(), [reply]);
}

#[test]
fn a_calendar_that_cannot_be_read_is_left_to_a_person() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 50}));
    desk.reply("Could you do Thursday at 11:30?");
    let [asked] = &desk.bookings()[..] else { panic!("one proposal") };
    assert!(matches!(&asked.state, State::Proposed { note } if note.contains("could not be read")), "{asked:?}");
    assert!(desk.events().is_empty());
    let by_program = NewBooking { contact: desk.contact, worker: desk.worker, start: asked.start };
    let key =
        crate::authz::Actor { api_key: Some(crate::base::ApiKeyId::new(NOW)), user: None, ..desk.world.owner.clone() };
    let refused = create(desk.app(), &key, &by_program, &Anyway::default());
    assert!(
        matches!(&refused, Err(BookError::Unsure { why, .. }) if matches!(why[..], [WhyNot::Unknown { .. }])),
        "{refused:?}"
    );
}

#[test]
fn an_answer_read_differently_ends_its_proposal_and_read_back_proposes_anew() {
    let desk = Desk::new();
    let reply = desk.reply("Could you do Thursday at 11:30?");
    assert_eq!(states(&desk.bookings()), ["proposed"]);
    desk.correct(reply, "question");
    assert_eq!(states(&desk.bookings()), ["cancelled"]);
    desk.correct(reply, "meeting_proposed");
    let bookings = desk.bookings();
    let mut all = states(&bookings);
    all.sort_unstable();
    assert_eq!(all, ["cancelled", "proposed"]);
}

#[test]
fn a_worker_books_alone_only_what_people_know_and_what_is_not_delicate() {
    type Change = fn(&Desk);
    let off: Change = |desk| desk.change_worker(|worker| worker.state = WorkerState::Off);
    let cases: [(&str, &str, &[&str], Change, &str); 6] = [
        ("known", "", &[], |_| {}, "confirmed"),
        ("too few booked by people", "", &[], |desk| desk.approved_before(19), "proposed"),
        ("money back", "It is about the refund.", &[], |_| {}, "proposed"),
        ("legal", "", &["legal"], |_| {}, "proposed"),
        ("price", "", &["price"], |_| {}, "proposed"),
        ("the worker is off", "", &[], off, "proposed"),
    ];
    for (name, more, flags, change, expected) in cases {
        let desk = Desk::new();
        desk.may_book_by_itself();
        change(&desk);
        let text = format!("Could you do Thursday at 11:30? {more}");
        desk.reply_flagged(desk.contact, &text, &[], flags);
        desk.settle();
        assert_eq!(states(&desk.bookings()), [expected], "{name}");
    }
}

#[test]
fn what_was_decided_about_a_time_is_on_record() {
    let desk = Desk::new();
    let id = desk.reply("Could you do Thursday at 11:30?");
    let trail = audit::list(&desk.app().store, desk.world.test.workspace, None, 50).unwrap().rows;
    let entry = trail.iter().find(|entry| entry.act == "booking.proposed").unwrap();
    for words in ["Proposed a time, 97 % sure, 1 time", "left to a person", "Engine embedded", &format!("reply {id}")] {
        assert!(entry.detail.contains(words), "{words}: {}", entry.detail);
    }
}

#[test]
fn what_people_book_of_what_was_proposed_is_counted() {
    let desk = Desk::new();
    desk.reply("Could you do Thursday at 11:30?");
    accept(desk.app(), &desk.world.owner, desk.bookings()[0].id, None, &Anyway::default()).unwrap();
    let (store, workspace) = (&desk.app().store, desk.world.test.workspace);
    let known = drafts::figures_of(store, workspace, desk.worker, "meeting_proposed", "").unwrap();
    assert_eq!(known.approved, 1);
}

#[test]
fn two_replies_for_the_same_slot_make_one_booking() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let tom = add_contact(&desk.world, "Tom", "Aldridge", "tom@lakeside.example");
    desk.reply_of(desk.contact, "Could you do Thursday at 11:30?", &[]);
    desk.reply_of(tom, "Thursday 11:30 would suit me.", &[]);
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!(desk.events(), ["2026-11-26T11:30:00Z"]);
    assert_eq!(desk.drafts().len(), 1, "the other is offered other times");
}

#[test]
fn who_has_a_meeting_and_names_another_time_moves_it() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    desk.advance(Duration::from_secs(60));
    desk.reply("Sorry, can we make it Friday at 9:30?");
    let bookings = desk.bookings();
    assert_eq!(states(&bookings), ["proposed", "confirmed"], "a person is asked");
    accept(desk.app(), &desk.world.owner, bookings[0].id, None, &Anyway::default()).unwrap();
    desk.settle();
    assert_eq!(desk.events(), ["2026-11-27T09:30:00Z"]);
    assert_eq!(states(&desk.bookings()), ["cancelled", "confirmed"]);
}

#[test]
fn a_worker_asked_across_a_clock_change_keeps_its_wall_clock() {
    let desk = Desk::new();
    desk.advance(Duration::from_secs(120 * 86_400));
    desk.may_book_by_itself();
    // 24 March 2027; the clocks go forward on the 28th.
    desk.reply("Could you do 31 March at 9:00?");
    assert_eq!(desk.events(), ["2027-03-31T08:00:00Z"]);
    assert!(desk.letters()[0].text.contains("Wednesday 31 March, 9:00"), "{}", desk.letters()[0].text);
}

#[test]
fn the_length_that_they_ask_for_is_the_length_that_is_checked_and_booked() {
    let minutes = |booking: &Booking| booking.span().length().as_secs() / 60;
    let cases = [
        ("Could we do 15 minutes on Thursday at 11:30?", 15, "confirmed", ""),
        ("Thursday at 11:30 for an hour?", 60, "proposed", "They ask for 60 minutes, not 30."),
        ("Thursday at 11:30, a 4 hour workshop?", 30, "confirmed", ""),
    ];
    for (text, length, state, note) in cases {
        let desk = Desk::new();
        desk.may_book_by_itself();
        desk.reply(text);
        let [booking] = &desk.bookings()[..] else { panic!("{text}: {:?}", desk.bookings()) };
        assert_eq!((minutes(booking), booking.state.as_str()), (length, state), "{text}");
        if let State::Proposed { note: said } = &booking.state {
            assert!(said.contains(note), "{said}");
            accept(desk.app(), &desk.world.owner, booking.id, None, &Anyway::default()).unwrap();
            let held = desk.bookings().remove(0);
            assert_eq!((minutes(&held), held.claim.length().as_secs() / 60), (60, 70), "with the buffer behind it");
        }
    }
    // The stock count on Thursday begins at 16:00: half an hour fits before it, an hour does not.
    let desk = Desk::new();
    desk.reply("Thursday at 15:15 for an hour?");
    assert!(desk.bookings().is_empty() && desk.drafts().len() == 1, "{:?}", desk.bookings());
}
