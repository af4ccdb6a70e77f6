//! A series against the sandbox's Google: an event for each date, one message for all of them.

use std::time::Duration;

use serde_json::json;

use super::companions::Office;
use super::desk::{at, guest, GWEN};
use crate::audit::Who;
use crate::availability::{occurrences, Every};
use crate::base::{EmailAddress, UnixMillis};
use crate::bookings::messages;
use crate::bookings::messages::tests::{invited_by_us, remind};
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::public::{book_for, book_series, reschedule, Gone, Guest, Mover, NotBooked, Wanted};
use crate::bookings::series::{end_rest, read};
use crate::bookings::service::{end, End};
use crate::bookings::slots;
use crate::bookings::types::{self, EventType, Repeats, SlotQuestion};
use crate::messaging::Message;

const MARA: &str = "mara@oldmill.example";
const DATES: [&str; 3] = ["2026-11-26T11:30:00Z", "2026-12-03T11:30:00Z", "2026-12-10T11:30:00Z"];

fn open(invitation: &str) -> Office {
    open_for(invitation, Repeats { every: Every::Week, interval: 1, dates: 3, guest_chooses: false })
}

fn open_for(invitation: &str, repeats: Repeats) -> Office {
    let office = Office::open(invitation);
    let event = EventType { repeats: Some(repeats), ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    Office { event, ..office }
}

fn wanted(start: UnixMillis, others: &[&str]) -> Wanted {
    Wanted {
        start,
        minutes: 30,
        guest: Guest {
            others: others.iter().map(|email| EmailAddress::parse(email).unwrap()).collect(),
            ..guest("Gwen Hartley", GWEN)
        },
        answers: Vec::new(),
        hold: None,
        came_from: String::new(),
        source: Source::Page,
    }
}

fn ask(office: &Office, others: &[&str], gone: &mut Vec<Gone>) -> Result<Booking, NotBooked> {
    ask_for(office, &DATES.map(at), others, gone)
}

fn ask_for(office: &Office, dates: &[UnixMillis], others: &[&str], gone: &mut Vec<Gone>) -> Result<Booking, NotBooked> {
    let wanted = wanted(dates[0], others);
    let booked = book_series(office.desk.app(), &office.event, &wanted, &dates[1..], gone);
    office.desk.settle();
    booked
}

fn book(office: &Office, others: &[&str]) -> Vec<Booking> {
    let first = ask(office, others, &mut Vec::new()).unwrap();
    read(office.desk.app(), &first).unwrap()
}

/// What we wrote to the guest.
fn letters(office: &Office) -> Vec<Message> {
    let mut all = office.desk.letters();
    all.retain(|letter| letter.to.display() == GWEN);
    all
}

fn visitor() -> End<'static> {
    End { who: Who::Visitor, by: "Gwen", reason: "ill" }
}

#[test]
fn each_date_has_its_event_and_the_guest_one_confirmation_with_all_of_them() {
    for (choice, method) in [("provider", None), ("mail", Some("PUBLISH")), ("none", None)] {
        let office = open(choice);
        let all = book(&office, &[]);
        assert!(all.iter().all(|one| one.state == State::Confirmed && one.event_id.is_some()), "{choice}");
        let mut events = office.desk.events();
        events.sort();
        assert_eq!(events, DATES, "{choice}");
        let letters = letters(&office);
        let [letter] = &letters[..] else { panic!("{choice}: {letters:?}") };
        for (nth, day) in ["26 November", "3 December", "10 December"].iter().enumerate() {
            let line = format!("{}/3: Thursday {day} 2026, 11:30", nth + 1);
            assert!(letter.text.contains(&line), "{choice}: {}", letter.text);
        }
        assert!(letter.text.contains("first of 3 dates"), "{}", letter.text);
        assert_eq!(letter.dress.useful_until, Some(all[2].end), "{choice}: of use until the last of them");
        let file = letter.dress.calendar.as_ref();
        assert_eq!(file.map(|file| file.method.as_str()), method, "{choice}");
        if let Some(file) = file {
            assert_eq!(file.ics.matches("BEGIN:VEVENT").count(), 3, "{}", file.ics);
            assert!(all.iter().all(|one| file.ics.contains(&one.ics_uid())) && !file.ics.contains("ATTENDEE"));
        }
        let invited = office.invited(GWEN);
        assert_eq!(invited, if choice == "provider" { 3 } else { 0 }, "{choice}: never both");
    }
}

#[test]
fn each_date_shows_the_message_that_told_of_all() {
    let office = open("mail");
    let all = book(&office, &[]);
    for one in &all {
        let log = messages::read_log(office.desk.app(), &office.desk.world.owner, one.id).unwrap();
        let told: Vec<_> =
            log.lines.iter().filter(|line| !line.waits).map(|line| (line.booking, &*line.what)).collect();
        assert_eq!(told, [(all[0].id, "Confirmation, of 3 dates")]);
    }
}

#[test]
fn all_later_dates_end_with_one_message_and_their_events_go() {
    let office = open("mail");
    let all = book(&office, &[MARA]);
    office.desk.advance(Duration::from_secs(60));
    end_rest(office.desk.app(), all[1].workspace, &all[1], &visitor()).unwrap();
    office.desk.settle();
    let mut events = office.desk.events();
    events.sort();
    assert_eq!(events, [DATES[0], "cancelled", "cancelled"]);
    let all = letters(&office);
    let [_, off] = &all[..] else { panic!("{all:?}") };
    assert!(off.subject.starts_with("Cancelled: ") && off.text.contains("ill"), "{}", off.text);
    assert!(off.text.contains("2/2: Thursday 10 December 2026") && !off.text.contains("26 November"), "{}", off.text);
    let file = off.dress.calendar.as_ref().unwrap();
    assert_eq!(file.ics.matches("STATUS:CANCELLED").count(), 2, "{}", file.ics);
    assert_eq!(office.written(MARA), ["PUBLISH 0", "PUBLISH 1"], "who comes along hears the same");
}

#[test]
fn one_date_ends_like_any_meeting_also_for_who_comes_along() {
    let office = open("mail");
    let all = book(&office, &[MARA]);
    office.desk.advance(Duration::from_secs(60));
    end(office.desk.app(), all[1].workspace, all[1].id, &visitor()).unwrap();
    office.desk.settle();
    let letters = letters(&office);
    assert_eq!(letters.len(), 2);
    assert!(letters[1].text.contains("3 December") && !letters[1].text.contains("/3:"), "{}", letters[1].text);
    assert_eq!(office.written(MARA), ["PUBLISH 0", "CANCEL 1"]);
}

#[test]
fn each_date_has_its_own_reminder_until_it_ends() {
    let office = open("mail");
    remind(office.desk.app(), &office.desk.world.owner, office.event.id.0, 60);
    let all = book(&office, &[]);
    let reminders = || -> Vec<String> {
        let lines = all.iter().flat_map(|one| {
            let log = messages::read_log(office.desk.app(), &office.desk.world.owner, one.id).unwrap();
            log.lines.into_iter().filter(|line| line.what.starts_with("Reminder")).map(|line| line.words)
        });
        lines.collect()
    };
    assert_eq!(reminders(), ["To come", "To come", "To come"]);
    end_rest(office.desk.app(), all[1].workspace, &all[1], &visitor()).unwrap();
    office.desk.settle();
    assert_eq!(reminders(), ["To come", "The meeting was called off.", "The meeting was called off."]);
}

#[test]
fn a_date_that_the_calendar_has_taken_meanwhile_or_cannot_tell_of_is_named_and_none_is_booked() {
    let office = open("provider");
    let all = book(&office, &[]);
    end_rest(office.desk.app(), all[0].workspace, &all[0], &visitor()).unwrap();
    office.desk.settle();
    let before = office.desk.bookings().len();
    office.desk.add_event("Dentist", "2026-12-03T11:00:00Z", "2026-12-03T12:00:00Z");
    let mut gone = Vec::new();
    assert!(matches!(ask(&office, &[], &mut gone), Err(NotBooked::Taken)));
    assert_eq!(gone, [Gone { start: at(DATES[1]), is_unknown: false }]);
    let faults = json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 100});
    office.desk.world.control("faults", &faults);
    let (refused, asked) = asked_meanwhile(&office, &mut gone);
    assert!(matches!(refused, Err(NotBooked::Unreadable(_))), "{refused:?}");
    assert!(gone.len() == 3 && gone.iter().all(|one| one.is_unknown), "{gone:?}");
    assert_eq!(asked, 1, "who could not be read once is not asked again");
    assert_eq!(office.desk.bookings().len(), before, "all of them or none");
}

/// Tries to book, and how often the calendars were asked for it. The queue is at rest, so nobody else asks.
fn asked_meanwhile(office: &Office, gone: &mut Vec<Gone>) -> (Result<Booking, NotBooked>, usize) {
    let asked = || office.desk.world.requests().iter().filter(|one| one.contains("/freeBusy")).count();
    let before = asked();
    let booked = book_series(office.desk.app(), &office.event, &wanted(at(DATES[0]), &[]), &DATES.map(at)[1..], gone);
    (booked, asked() - before)
}

#[test]
fn nobody_is_asked_about_dates_that_cannot_be_had_by_our_own_books() {
    let office = open("provider");
    let plain = EventType { repeats: None, ..office.event.clone() };
    let plain = types::save(office.desk.app(), &office.desk.world.owner, plain).unwrap();
    for date in &DATES[1..] {
        book_for(office.desk.app(), &plain, &wanted(at(date), &[]), None, &|_| Ok(())).unwrap();
        office.desk.settle();
    }
    let repeats = office.event.repeats;
    let event = types::save(office.desk.app(), &office.desk.world.owner, EventType { repeats, ..plain }).unwrap();
    let office = Office { event, ..office };
    let mut gone = Vec::new();
    let (refused, asked) = asked_meanwhile(&office, &mut gone);
    assert!(matches!(refused, Err(NotBooked::Taken)), "{refused:?}");
    assert_eq!(asked, 0);
    assert_eq!(gone, DATES[1..].iter().map(|date| Gone { start: at(date), is_unknown: false }).collect::<Vec<_>>());
}

/// Every five weeks from 27 November on: the sixth is on the very day up to which calendars are read, the seventh after it.
fn far() -> (Office, Vec<UnixMillis>) {
    let office = open_for("provider", Repeats { every: Every::Week, interval: 5, dates: 7, guest_chooses: false });
    let london = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let dates = occurrences(at("2026-11-27T11:30:00Z"), Every::Week, 5, 7, &london);
    assert_eq!(dates[5].to_rfc3339(), "2027-05-21T10:30:00Z");
    (office, dates)
}

#[test]
fn whatever_the_clock_shows_a_later_date_is_judged_without_how_far_calendars_were_read() {
    let (office, dates) = far();
    let app = office.desk.app();
    for minutes in [0, 29, 1, 1] {
        office.desk.advance(Duration::from_secs(60 * minutes));
        office.desk.sync();
        for date in &dates[4..] {
            let question = SlotQuestion::at(*date, 30, None);
            let facts = types::load_for(app, &office.event, &question).unwrap();
            for later in [0, 1, 60_000] {
                let mut facts = facts.clone();
                facts.now = UnixMillis(facts.now.0 + later);
                let facts = facts.for_later();
                let standing = app.store.read(|txn| types::standing(txn, &facts, &question)).unwrap();
                let why = types::why_not(&facts, &standing, &question, *date);
                assert!(why.is_none(), "{} at {}: {why:?}", date.to_rfc3339(), facts.now.to_rfc3339());
            }
        }
    }
}

#[test]
fn a_date_beyond_what_is_read_is_moved_as_it_was_booked_by_asking_the_calendar() {
    let (office, dates) = far();
    let app = office.desk.app();
    let first = ask_for(&office, &dates, &[], &mut Vec::new()).unwrap();
    let last = read(app, &first).unwrap().remove(6);
    let noon = at("2027-06-25T12:00:00Z");
    let zone = jiff::tz::TimeZone::UTC;
    let day = noon.in_zone(&zone).date();
    let question = SlotQuestion { from: day, to: day, zone, duration: 30, but: Some(last.id), own: Some(last.span()) };
    let shown = |of_series| {
        types::free_starts_with(app, &office.event, &question, (&last.details.hosts, of_series))
            .unwrap()
            .contains(&noon)
    };
    assert!(shown(true) && !shown(false), "only a date of a series goes beyond what is read");
    let objections = slots::objections(app, &office.event, noon, 30, Some(&last)).unwrap();
    assert!(objections.is_empty(), "{objections:?}");
    office.desk.add_event("Dentist", "2027-06-25T13:00:00Z", "2027-06-25T14:00:00Z");
    let mover = Mover { who: Who::Visitor, by: "Gwen", reason: "", insists: false };
    let to = |start: UnixMillis| reschedule(app, &last, start, &mover);
    assert!(matches!(to(at("2027-06-25T13:00:00Z")), Err(NotBooked::Taken)), "the calendar says so");
    assert_eq!(to(noon).unwrap().start, noon);
    office.desk.settle();
    assert!(office.desk.events().contains(&"2027-06-25T12:00:00Z".to_owned()));
}

#[test]
fn our_file_holds_those_dates_only_to_which_we_invite() {
    for (choice, ours) in [("provider", vec![1]), ("mail", vec![0, 1, 2])] {
        let office = open(choice);
        let all = book(&office, &[]);
        invited_by_us(office.desk.app(), &all[1]);
        office.desk.advance(Duration::from_secs(60));
        end_rest(office.desk.app(), all[0].workspace, &all[0], &visitor()).unwrap();
        office.desk.settle();
        let letters = letters(&office);
        let off = letters.last().unwrap();
        assert!(off.text.contains("1/3:") && off.text.contains("3/3:"), "{choice}: {}", off.text);
        let file = &off.dress.calendar.as_ref().unwrap().ics;
        let named: Vec<usize> = (0..3).filter(|nth| file.contains(&all[*nth].ics_uid())).collect();
        assert_eq!(named, ours, "{choice}: {file}");
    }
}
