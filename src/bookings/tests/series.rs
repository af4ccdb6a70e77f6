//! A series against the sandbox's Google: an event for each date, one message for all of them.

use std::time::Duration;

use serde_json::json;

use super::companions::Office;
use super::desk::{at, GWEN};
use crate::audit::Who;
use crate::availability::Every;
use crate::base::EmailAddress;
use crate::bookings::messages;
use crate::bookings::messages::tests::remind;
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::public::{book_series, Gone, Guest, NotBooked, Wanted};
use crate::bookings::series::{end_rest, read};
use crate::bookings::service::{end, End};
use crate::bookings::types::{self, EventType, Repeats};
use crate::messaging::Message;

const MARA: &str = "mara@oldmill.example";
const DATES: [&str; 3] = ["2026-11-26T11:30:00Z", "2026-12-03T11:30:00Z", "2026-12-10T11:30:00Z"];

fn open(invitation: &str) -> Office {
    let office = Office::open(invitation);
    let repeats = Some(Repeats { every: Every::Week, interval: 1, dates: 3, guest_chooses: false });
    let event = EventType { repeats, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    Office { event, ..office }
}

fn ask(office: &Office, others: &[&str], gone: &mut Vec<Gone>) -> Result<Booking, NotBooked> {
    let wanted = Wanted {
        start: at(DATES[0]),
        minutes: 30,
        guest: Guest {
            name: "Gwen Hartley".into(),
            email: EmailAddress::parse(GWEN).unwrap(),
            phone: String::new(),
            zone: "Europe/London".into(),
            language: "en".into(),
            others: others.iter().map(|email| EmailAddress::parse(email).unwrap()).collect(),
        },
        answers: Vec::new(),
        hold: None,
        came_from: String::new(),
        source: Source::Page,
    };
    let booked = book_series(office.desk.app(), &office.event, &wanted, &[at(DATES[1]), at(DATES[2])], gone);
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
    let faults = json!({"match": "POST /google/calendar/v3/freeBusy", "status": 403, "times": 3});
    office.desk.world.control("faults", &faults);
    assert!(matches!(ask(&office, &[], &mut gone), Err(NotBooked::Unreadable(_))));
    assert!(gone.len() == 3 && gone.iter().all(|one| one.is_unknown), "{gone:?}");
    assert_eq!(office.desk.bookings().len(), before, "all of them or none");
}
