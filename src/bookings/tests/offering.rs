//! What is offered when no time was named or the named one will not do, and how it is signed.

use std::time::Duration;

use serde_json::json;

use super::desk::{at, states, Desk};
use crate::bookings::{cancel, hold};
use crate::connections::{self, Connection};
use crate::contacts::{self, Contact};
use crate::messaging::{ProposedTime, Reading};
use crate::testing::NOW;
use crate::workers;

#[test]
fn a_taken_time_is_answered_with_three_free_ones_and_the_chosen_one_is_booked() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    // The diary has a call with a supplier from 9:30 to 10:30 on Wednesday.
    desk.reply("How about tomorrow at 10?");
    assert_eq!(states(&desk.bookings()), Vec::<&str>::new());
    let [draft] = &desk.drafts()[..] else { panic!("one draft") };
    assert_eq!(draft.offered.len(), 3);
    assert_eq!(draft.ungrounded, Vec::<String>::new(), "{}", draft.text);
    assert!(draft.text.contains("- Wednesday 25 November, 10:30\n"), "{}", draft.text);
    let offered = draft.offered.clone();
    desk.reply_of(desk.contact, "The second one works for me.", &offered);
    desk.settle();
    assert_eq!(states(&desk.bookings()), ["confirmed"]);
    assert_eq!(desk.events(), [offered[1].0.to_rfc3339()]);
}

#[test]
fn a_time_outside_working_hours_is_answered_with_free_ones() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could we talk on Thursday at 19:30?");
    assert!(desk.events().is_empty());
    assert_eq!(desk.drafts()[0].offered.len(), 3);
}

#[test]
fn who_wants_to_meet_and_names_no_time_is_offered_three_days() {
    let desk = Desk::new();
    desk.reply("Gladly, let us talk. When suits you?");
    let [draft] = &desk.drafts()[..] else { panic!("one draft") };
    assert_eq!(draft.offered.len(), 3);
    assert!(draft.text.starts_with("Hello Gwen,\n\nGladly. These times are free:"), "{}", draft.text);
    assert_eq!(draft.ungrounded, Vec::<String>::new());
    assert!(desk.left().is_empty(), "the draft waits; nothing else does");
}

#[test]
fn who_asks_us_for_times_is_offered_three_in_their_language() {
    let desk = Desk::new();
    let ask = "Pouvez-vous proposer quelques créneaux ?";
    let wish = |reading| Reading {
        label: "interested".into(),
        language: "fr".into(),
        asks_for_times: true,
        times: vec![],
        ..reading
    };
    desk.reply_read(desk.contact, ask, &[], |reading| Reading { asks_for_times: false, ..wish(reading) });
    desk.settle();
    assert!(desk.drafts().is_empty(), "interest alone is not answered with times");
    desk.reply_read(desk.contact, ask, &[], wish);
    desk.settle();
    let [draft] = &desk.drafts()[..] else { panic!("one draft") };
    assert_eq!((draft.offered.len(), draft.language.as_str()), (3, "fr"));
    assert_eq!(draft.ungrounded, Vec::<String>::new(), "{}", draft.text);
}

#[test]
fn an_afternoon_is_the_guests_own_and_begins_after_lunch() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let (noon, evening) = (at("2026-11-26T11:00:00Z"), at("2026-11-26T16:00:00Z"));
    let contact = contacts::get(&desk.app().store, desk.world.test.workspace, desk.contact).unwrap().unwrap();
    let in_berlin = Contact { time_zone: Some("Europe/Berlin".into()), ..contact.clone() };
    desk.app().store.write(|txn| contacts::put(txn, &in_berlin, Some(&contact))).unwrap();
    let text = "Donnerstagnachmittag würde passen.";
    let window = ProposedTime { start: noon, end: Some(evening), source_text: text.into(), ambiguous: false };
    desk.reply_read(desk.contact, text, &[], |reading| Reading { times: vec![window], ..reading });
    desk.settle();
    let [draft] = &desk.drafts()[..] else { panic!("one draft") };
    assert_eq!(draft.offered.len(), 3);
    for (start, _) in &draft.offered {
        assert!((at("2026-11-26T12:00:00Z")..evening).contains(start), "{}", draft.text);
    }
}

#[test]
fn a_link_to_their_calendar_is_a_person_s_and_times_are_offered_all_the_same() {
    let desk = Desk::new();
    let reply = desk.reply("Sure, pick a time here: https://calendly.com/gwen-hartley/intro");
    assert_eq!(desk.drafts().len(), 1);
    let [(left, why)] = &desk.left()[..] else { panic!("one waits: {:?}", desk.left()) };
    assert_eq!((left.id, why.reason.as_str()), (reply, "They sent a link to their own calendar."));
    desk.app().store.write(|txn| hold::handled(txn, desk.world.test.workspace, reply, NOW)).unwrap();
    assert!(desk.left().is_empty(), "somebody has dealt with it");
}

#[test]
fn when_nothing_can_be_offered_a_person_hears_of_it() {
    let desk = Desk::new();
    desk.world.control("faults", &json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 50}));
    let reply = desk.reply("Gladly, let us talk. When suits you?");
    assert!(desk.drafts().is_empty() && desk.bookings().is_empty());
    let [(left, why)] = &desk.left()[..] else { panic!("one waits: {:?}", desk.left()) };
    assert_eq!(left.id, reply);
    assert!(why.reason.contains("could not be read"), "{why:?}");
}

#[test]
fn who_has_a_meeting_already_is_not_offered_another() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    desk.reply("Could you do Thursday at 11:30?");
    desk.advance(Duration::from_secs(60));
    desk.reply("Good, let us talk then.");
    assert!(desk.drafts().is_empty(), "{:?}", desk.drafts());
    assert!(desk.left()[0].1.reason.contains("Thursday 26 November, 11:30"), "{:?}", desk.left());
}

#[test]
fn what_is_written_about_a_meeting_is_signed_like_every_other_letter() {
    let desk = Desk::new();
    desk.may_book_by_itself();
    let signature = "Robin Larkfield\nFernhill Heat Pumps";
    desk.change_worker(|worker| worker.sender.signature = signature.into());
    desk.reply("How about tomorrow at 10?");
    let draft = desk.drafts().remove(0);
    assert!(draft.text.ends_with(signature), "{}", draft.text);
    assert_eq!(draft.ungrounded, Vec::<String>::new());
    desk.advance(Duration::from_secs(60));
    desk.reply("Could you do Thursday at 11:30?");
    assert!(desk.letters()[0].text.ends_with(signature), "{}", desk.letters()[0].text);
    desk.change_worker(|worker| worker.sender = workers::Sender::default());
    let named = Connection { display_name: "Robin at Fernhill".into(), ..desk.connection.clone() };
    desk.app().store.write(|txn| connections::put(txn, &named)).unwrap();
    desk.advance(Duration::from_secs(60));
    cancel(desk.app(), &desk.world.owner, desk.bookings()[0].id, "").unwrap();
    desk.settle();
    let last = desk.letters().pop().unwrap();
    assert!(last.text.ends_with("Robin at Fernhill"), "the mailbox's own name: {}", last.text);
}
