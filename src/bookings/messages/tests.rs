//! What guests hear, when, and how often.

use std::sync::Arc;
use std::time::Duration;

use super::around::Around;
use super::letter::{self, Occasion};
use super::model::{Fate, Invitation, Inviter, Kind, Own, Timing, Wording};
use super::{log, sample, service, store};
use crate::bookings::model::State;
use crate::bookings::store as bookings;
use crate::bookings::tests::desk::{at, Desk};
use crate::bookings::words::Language;
use crate::bookings::{cancel, create, move_to, Anyway, Booking, NewBooking};
use crate::jobs::{Handlers, Runner, Threads};
use crate::messaging::{Delivery, Message};
use crate::testing;

const HOUR: Duration = Duration::from_secs(3600);

/// A made-up booking, for pure tests.
pub fn booking() -> Booking {
    let test = testing::app();
    sample::of(&test.app, &test.owner).unwrap().0
}

/// Who invites the guests of one event type: "provider", "mail" or "none".
pub fn invitation_of(app: &crate::app::App, owner: &crate::authz::Actor, event: uuid::Uuid, choice: &str) {
    let choice = match choice {
        "provider" => Invitation::Provider,
        "mail" => Invitation::Mail,
        _ => Invitation::None,
    };
    let own = Own { invitation: Some(choice), reminders: Some(vec![]) };
    service::set_own(app, owner, event, &own).unwrap();
}

/// As if the provider could not have invited to this one, so that we did.
pub fn invited_by_us(app: &crate::app::App, booking: &Booking) {
    let changed = app.store.write(|txn| {
        let mut plan = super::plan_of(txn, booking)?;
        plan.inviter = Some(Inviter::Us);
        store::put_plan(txn, &plan)
    });
    changed.unwrap();
}

/// Reminds of an event type's meetings so many minutes before.
pub fn remind(app: &crate::app::App, owner: &crate::authz::Actor, event: uuid::Uuid, minutes: u32) {
    let own = Own { invitation: None, reminders: Some(vec![minutes]) };
    service::set_own(app, owner, event, &own).unwrap();
}

/// Kind and text of each message of the only booking, as the log shows them.
fn logged(desk: &Desk) -> Vec<String> {
    let id = desk.bookings()[0].id;
    let log = log::read_log(desk.app(), &desk.world.owner, id).unwrap();
    log.lines.iter().map(|line| format!("{}: {}", line.what, line.words)).collect()
}

/// The desk with a meeting on Thursday 26 November at 11:30, booked on Monday the 23rd.
fn booked() -> Desk {
    booked_with(Timing::default())
}

fn booked_with(timing: Timing) -> Desk {
    let desk = Desk::new();
    service::set_timing(desk.app(), &desk.world.owner, &timing).unwrap();
    book(&desk, "2026-11-26T11:30:00Z");
    desk
}

fn book(desk: &Desk, start: &str) {
    let new = NewBooking { contact: desk.contact, worker: desk.worker, start: at(start) };
    create(desk.app(), &desk.world.owner, &new, &Anyway::default()).unwrap();
    desk.settle();
}

/// Goes on to an instant in steps, so that what falls due on the way is done.
fn until(desk: &Desk, then: &str) {
    while desk.app().now() < at(then) {
        let left = at(then).since(desk.app().now());
        desk.advance(left.min(HOUR / 2));
    }
}

fn subjects(desk: &Desk) -> Vec<String> {
    desk.letters().into_iter().map(|letter: Message| letter.subject).collect()
}

#[test]
fn reminders_leave_at_their_distance_and_once() {
    let desk = booked();
    assert_eq!(
        logged(&desk),
        ["Reminder, 1 day before: To come", "Reminder, 1 hour before: To come", "Confirmation: Sent"]
    );
    until(&desk, "2026-11-25T11:29:00Z");
    assert_eq!(subjects(&desk).len(), 1);
    until(&desk, "2026-11-25T11:31:00Z");
    assert_eq!(subjects(&desk).len(), 2);
    until(&desk, "2026-11-26T13:00:00Z");
    let all = subjects(&desk);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[1].starts_with("Reminder: ") && all[1] == all[2], "{all:?}");
}

#[test]
fn a_meeting_booked_inside_a_reminders_distance_gets_no_silly_reminder() {
    let desk = Desk::new();
    let now = desk.app().now();
    let hours = |hours: u64| now.plus(Duration::from_secs(hours * 3600));
    let cases = [(hours(30), vec![1440, 60]), (hours(25), vec![60]), (hours(24), vec![60]), (hours(1), vec![])];
    for (start, expected) in cases {
        let made_up = sample::of(desk.app(), &desk.world.owner).unwrap().0;
        let sample = Booking { start, end: start.plus(HOUR / 2), ..made_up };
        let planned = desk.app().store.write(|txn| {
            let mut plan = super::plan_of(txn, &sample)?;
            super::plan::replan(txn, &mut plan, &sample, &Timing::default(), now)?;
            Ok::<_, crate::store::StoreError>(plan.entries.iter().filter_map(|entry| entry.before).collect::<Vec<_>>())
        });
        assert_eq!(planned.unwrap(), expected, "{start:?}");
    }
}

#[test]
fn a_moved_meeting_is_reminded_of_at_its_new_time_only() {
    let desk = booked();
    let id = desk.bookings()[0].id;
    move_to(desk.app(), &desk.world.owner, id, at("2026-11-26T11:45:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    let lines = logged(&desk);
    assert_eq!(lines.iter().filter(|line| line.ends_with("To come")).count(), 2, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.ends_with("The meeting was moved.")).count(), 2, "{lines:?}");
    until(&desk, "2026-11-25T11:40:00Z");
    assert_eq!(subjects(&desk).len(), 2, "nothing at the old time");
    until(&desk, "2026-11-26T12:00:00Z");
    let reminders: Vec<Message> = desk.letters().into_iter().skip(2).collect();
    assert_eq!(reminders.len(), 2);
    assert!(reminders.iter().all(|letter| letter.text.contains("Thursday 26 November, 11:45")), "{reminders:?}");
}

#[test]
fn a_cancelled_meeting_is_not_reminded_of() {
    let desk = booked();
    let id = desk.bookings()[0].id;
    desk.advance(Duration::from_secs(60));
    cancel(desk.app(), &desk.world.owner, id, "Robin is ill.").unwrap();
    desk.settle();
    until(&desk, "2026-11-27T09:00:00Z");
    let letters = desk.letters();
    assert_eq!(letters.len(), 2);
    assert!(letters[1].text.contains("is cancelled.\n\nRobin is ill."), "{}", letters[1].text);
}

#[test]
fn what_could_not_leave_before_the_meeting_never_does() {
    let desk = booked_with(Timing { reminders: vec![60], ..Timing::default() });
    desk.world
        .test
        .app
        .store
        .write(|txn| {
            let mut mailbox = crate::connections::find(txn, desk.world.test.workspace, desk.connection.id)?.unwrap();
            mailbox.state =
                crate::connections::State::Waiting { until: at("2026-11-26T15:00:00Z"), reason: "busy".into() };
            crate::connections::put(txn, &mailbox)
        })
        .unwrap();
    until(&desk, "2026-11-26T10:40:00Z");
    let waiting = desk.letters().pop().unwrap();
    assert!(matches!(waiting.state, Delivery::Queued { .. }), "{:?}", waiting.state);
    until(&desk, "2026-11-26T16:00:00Z");
    let late = desk.letters().pop().unwrap();
    assert!(matches!(&late.state, Delivery::NotSent { reason } if reason.contains("in time")), "{:?}", late.state);
}

#[test]
fn a_person_skips_one_message_and_sends_another_now() {
    let desk = booked();
    let (app, owner, id) = (desk.app(), &desk.world.owner, desk.bookings()[0].id);
    let numbers: Vec<u32> =
        log::read_log(app, owner, id).unwrap().lines.iter().filter(|line| line.waits).map(|line| line.number).collect();
    service::act_on(app, owner, id, numbers[0], service::Act::Skip).unwrap();
    service::act_on(app, owner, id, numbers[1], service::Act::SendNow).unwrap();
    desk.settle();
    for number in numbers {
        let again = service::act_on(app, owner, id, number, service::Act::SendNow);
        assert!(matches!(again, Err(service::MessagesError::NotWaiting)), "{again:?}");
    }
    until(&desk, "2026-11-26T13:00:00Z");
    assert_eq!(subjects(&desk).len(), 2, "confirmation and one reminder");
}

#[test]
fn a_follow_up_comes_after_the_meeting_unless_the_guest_did_not() {
    for missed in [false, true] {
        let desk =
            booked_with(Timing { reminders: vec![], follow_up_hours: Some(3), no_show: true, ..Timing::default() });
        until(&desk, "2026-11-26T12:30:00Z");
        let booking = desk.bookings().remove(0);
        if missed {
            let now = desk.app().now();
            for _ in 0..2 {
                desk.app().store.write(|txn| super::no_show(desk.app(), txn, &booking, now)).unwrap();
            }
            desk.settle();
        }
        until(&desk, "2026-11-26T18:00:00Z");
        let all = subjects(&desk);
        let expected = if missed { "We missed you: " } else { "Thank you: " };
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[1].starts_with(expected), "{all:?}");
    }
}

#[test]
fn nobody_is_written_to_for_not_coming_where_the_owner_does_not_want_it() {
    let desk = booked_with(Timing { reminders: vec![], ..Timing::default() });
    until(&desk, "2026-11-26T12:30:00Z");
    let (booking, now) = (desk.bookings().remove(0), desk.app().now());
    desk.app().store.write(|txn| super::no_show(desk.app(), txn, &booking, now)).unwrap();
    assert_eq!(subjects(&desk).len(), 1);
    service::missed(desk.app(), &desk.world.owner, booking.id).unwrap();
    assert!(service::missed(desk.app(), &desk.world.owner, booking.id).is_err(), "once");
    assert_eq!(subjects(&desk).len(), 2);
}

/// Of each message: METHOD and SEQUENCE of its file, or "none".
fn files(desk: &Desk) -> Vec<(String, String)> {
    let of = |letter: Message| match letter.dress.calendar {
        None => ("none".to_owned(), String::new()),
        Some(file) => {
            let line = |name: &str| {
                let found = file.ics.lines().find(|line| line.starts_with(name));
                found.map(|line| line.trim_start_matches(name).to_owned()).unwrap_or_default()
            };
            assert!(file.ics.contains(&format!("METHOD:{}", file.method)), "{}", file.ics);
            (file.method.clone(), format!("{} {}", line("UID:"), line("SEQUENCE:")))
        }
    };
    desk.letters().into_iter().map(of).collect()
}

#[test]
fn either_the_provider_invites_or_we_do_and_never_both() {
    for (choice, theirs, ours) in [
        (Invitation::Provider, true, ["none", "none", "none"]),
        (Invitation::Mail, false, ["REQUEST", "REQUEST", "CANCEL"]),
        (Invitation::None, false, ["none", "none", "none"]),
    ] {
        let desk = Desk::new();
        let own = Own { invitation: Some(choice), reminders: Some(vec![]) };
        service::set_own(desk.app(), &desk.world.owner, desk.worker.0, &own).unwrap();
        book(&desk, "2026-11-26T11:30:00Z");
        let id = desk.bookings()[0].id;
        desk.advance(Duration::from_secs(1));
        move_to(desk.app(), &desk.world.owner, id, at("2026-11-26T11:45:00Z"), &Anyway::default()).unwrap();
        desk.settle();
        desk.advance(Duration::from_secs(60));
        cancel(desk.app(), &desk.world.owner, id, "").unwrap();
        desk.settle();
        let files = files(&desk);
        let methods: Vec<&str> = files.iter().map(|(method, _)| method.as_str()).collect();
        assert_eq!(methods, ours, "{choice:?}");
        let invited = !desk.world.mails_of(crate::bookings::tests::desk::GWEN).is_empty();
        assert_eq!(invited, theirs, "{choice:?}: what Google mailed");
        if choice == Invitation::Mail {
            let uid = desk.bookings()[0].ics_uid();
            let expected: Vec<String> = (0..3).map(|sequence| format!("{uid} {sequence}")).collect();
            let said: Vec<String> = files.into_iter().map(|(_, said)| said).collect();
            assert_eq!(said, expected, "one UID, and SEQUENCE grows");
        }
    }
}

#[test]
fn who_invites_is_decided_once_for_a_booking() {
    let desk = booked_with(Timing { reminders: vec![], ..Timing::default() });
    let booking = desk.bookings().remove(0);
    let timing = Timing { invitation: Invitation::Mail, ..Timing::default() };
    service::set_timing(desk.app(), &desk.world.owner, &timing).unwrap();
    move_to(desk.app(), &desk.world.owner, booking.id, at("2026-11-26T11:45:00Z"), &Anyway::default()).unwrap();
    desk.settle();
    assert!(files(&desk).iter().all(|(method, _)| method == "none"));
    let plan = desk.app().store.read(|txn| store::find_plan(txn, booking.workspace, booking.contact, booking.id));
    assert_eq!(plan.unwrap().unwrap().inviter, Some(Inviter::Provider));
}

#[test]
fn an_own_text_is_used_in_its_language_until_it_is_reset() {
    let desk = Desk::new();
    let (app, owner) = (desk.app(), &desk.world.owner);
    let of = (Kind::Confirmation, Language::English);
    let own = Wording { subject: "See you, {{first_name|friend}}".into(), text: "{{host}} on {{start}}.".into() };
    service::save(app, owner, of, Some(own.clone())).unwrap();
    assert!(service::save(app, owner, of, Some(Wording { subject: "x".into(), text: "{{company}}".into() })).is_err());
    book(&desk, "2026-11-26T11:30:00Z");
    let letter = desk.letters().remove(0);
    assert_eq!(letter.subject, "See you, Gwen");
    assert!(letter.text.starts_with("Robin Larkfield on Thursday 26 November, 11:30.\n\nWhen: "), "{}", letter.text);
    let reset = service::save(app, owner, of, None).unwrap();
    assert!(!reset.is_own && reset.versions.all.len() == 2);
    let again = service::restore(app, owner, of, 0).unwrap();
    assert_eq!((again.is_own, again.wording), (true, own));
    let german = service::text(app, owner, Kind::Confirmation, Language::German).unwrap();
    assert!(!german.is_own);
}

#[test]
fn both_clocks_are_shown_and_the_html_part_says_the_same() {
    let desk = Desk::new();
    let letter =
        service::preview(desk.app(), &desk.world.owner, (Kind::Reminder, Language::German), None, None).unwrap();
    assert!(letter.text.contains("Wann: "), "{}", letter.text);
    assert!(letter.text.contains("Ortszeit Berlin") && letter.text.contains("in London"), "{}", letter.text);
    let html = letter.sheet.html("").unwrap();
    assert!(html.contains("Ortszeit Berlin") && html.contains("Zum Gespräch"), "{html}");
}

#[test]
fn what_was_paid_stands_in_the_confirmation_and_in_no_mail_to_others() {
    let test = testing::app();
    let (sample, around) = sample::of(&test.app, &test.owner).unwrap();
    let around = || Around { paid: Some((4_950, "GBP".into())), ..around.clone() };
    let said = |kind: Kind, tag: &str, around: &Around| {
        let booking = Booking { language: tag.into(), ..sample.clone() };
        let inviters = vec![Inviter::Provider];
        let occasion =
            Occasion { kind, booking: &booking, with: &[], around, own: None, inviters, organizer: None, reason: "" };
        letter::write(&test.app, &occasion, test.app.now()).text
    };
    let cases = [
        ("en", "Paid: £49.50"),
        ("de", "Bezahlt: 49,50\u{a0}£"),
        ("es", "Pagado: 49,50\u{a0}£"),
        ("fr", "Payé: 49,50\u{a0}£"),
        ("pt", "Pago: £\u{a0}49,50"),
        ("hi", "भुगतान: £49.50"),
    ];
    for (tag, words) in cases {
        let text = said(Kind::Confirmation, tag, &around());
        assert!(text.contains(words), "{text}");
    }
    assert!(!said(Kind::Reminder, "en", &around()).contains("Paid"));
    let companion = around().for_companion(crate::base::EmailAddress::parse("lea@elsewhere.example").unwrap());
    assert!(!said(Kind::Confirmation, "en", &companion).contains("Paid"));
}

#[test]
fn a_test_goes_to_the_person_who_asks_and_to_no_contact() {
    let desk = Desk::new();
    let to = crate::base::EmailAddress::parse("robin@larkfield.example").unwrap();
    let of = (Kind::FollowUp, Language::French);
    service::send_test(desk.app(), &desk.world.owner, of, None, &to).unwrap();
    desk.settle();
    assert!(desk.letters().is_empty(), "not among the guest's");
}

const RELAY: [(&str, &str); 4] = [
    ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
    ("LAUNCHYARD_MAIL__PORT", "25"),
    ("LAUNCHYARD_MAIL__SECURITY", "plain"),
    ("LAUNCHYARD_MAIL__FROM", "server@reach.example"),
];

#[test]
fn a_reminder_that_waits_for_the_servers_relay_goes_no_more_when_the_meeting_is_off_or_moved() {
    for is_moved in [false, true] {
        let test = testing::app_with(&RELAY);
        let app = &test.app;
        let (sample, around) = sample::of(app, &test.owner).unwrap();
        let start = app.now().plus(HOUR * 30);
        let mut booking = Booking { start, end: start.plus(HOUR), state: State::Confirmed, ..sample };
        app.store
            .write(|txn| {
                crate::contacts::put(txn, &around.contact, None)?;
                bookings::put(txn, &booking, None)?;
                super::tell(app, txn, &booking, Kind::Confirmation, "", app.now())
            })
            .unwrap();
        let handlers = Arc::new(crate::bookings::handlers(Handlers::default()));
        let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &Threads::default()).unwrap();
        // Nobody answers for the relay, so all of them wait.
        let waiting = || {
            assert!(runner.settle(Duration::from_secs(20)));
            crate::mailer::waiting(&app.store)
                .unwrap()
                .into_iter()
                .map(|letter| letter.useful_until)
                .collect::<Vec<_>>()
        };
        app.clock.advance(HOUR * 7);
        runner.wake();
        assert_eq!(waiting().iter().filter(|until| **until == start).count(), 1, "a day before");
        let before = booking.clone();
        let kind = match is_moved {
            true => {
                (booking.start, booking.end) = (start.plus(HOUR * 48), start.plus(HOUR * 49));
                Kind::Moved
            }
            false => {
                booking.state = State::Cancelled { reason: String::new() };
                Kind::Cancelled
            }
        };
        app.store
            .write(|txn| {
                bookings::put(txn, &booking, Some(&before))?;
                super::tell(app, txn, &booking, kind, "", app.now())
            })
            .unwrap();
        let left = waiting();
        assert_eq!((left.len(), left.contains(&start)), (2, false), "{kind:?}: {left:?}");
    }
}

#[test]
fn without_a_mailbox_the_servers_own_mail_carries_it() {
    let test = testing::app_with(&RELAY);
    let (sample, around) = sample::of(&test.app, &test.owner).unwrap();
    let now = test.app.now();
    let told = test.app.store.write(|txn| {
        crate::contacts::put(txn, &around.contact, None)?;
        super::tell(&test.app, txn, &sample, Kind::Confirmation, "", now)?;
        super::plan_of(txn, &sample)
    });
    let plan = told.unwrap();
    assert!(plan.entries.iter().any(|entry| matches!(entry.fate, Fate::Sent { message: None, .. })), "{plan:?}");
    let letter = crate::mailer::waiting(&test.app.store).unwrap().remove(0);
    assert_eq!(letter.to.display(), "gwen@oldmill.example");
    let about = letter.booking.unwrap();
    assert!(about.calendar.is_some_and(|(method, ics)| method == "REQUEST" && ics.contains("server@reach.example")));
}

#[test]
fn the_plan_goes_with_its_contact() {
    let desk = booked();
    let (workspace, contact) = (desk.world.test.workspace, desk.contact);
    let person = crate::store::Person::Contact(workspace, contact);
    let table = store::TABLES.iter().find(|table| table.info.name == "messages_of_bookings").unwrap();
    let (export, erase) = (table.export.unwrap(), table.erase.unwrap());
    assert_eq!(export(&desk.app().store, person).unwrap().len(), 1);
    assert_eq!(erase(&desk.app().store, person).unwrap(), 1);
    assert!(export(&desk.app().store, person).unwrap().is_empty());
    let before: usize = subjects(&desk).len();
    until(&desk, "2026-11-26T13:00:00Z");
    assert_eq!(subjects(&desk).len(), before, "its jobs find nothing to send");
}
