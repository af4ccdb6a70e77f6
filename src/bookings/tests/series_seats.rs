//! A course: several people in the same dates, each of which has its seats.

use super::companions::Office;
use super::desk::{at, guest};
use crate::audit::Who;
use crate::availability::Every;
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::public::{book_series, Gone, NotBooked};
use crate::bookings::series::{end_rest, read};
use crate::bookings::service::End;
use crate::bookings::types::{self, EventType, Repeats};

const DATES: [&str; 3] = ["2026-11-26T11:30:00Z", "2026-12-03T11:30:00Z", "2026-12-10T11:30:00Z"];

fn course(seats: u32) -> Office {
    let office = Office::open("mail");
    let repeats = Some(Repeats { every: Every::Week, interval: 1, dates: 3, guest_chooses: false });
    let event = EventType { repeats, seats: Some(seats), guests: 0, ..office.event.clone() };
    let event = types::save(office.desk.app(), &office.desk.world.owner, event).unwrap();
    Office { event, ..office }
}

fn enrol(office: &Office, email: &str, gone: &mut Vec<Gone>) -> Result<Vec<Booking>, NotBooked> {
    let guest = guest(email.split('@').next().unwrap(), email);
    let wanted = guest.wants(at(DATES[0]), 30, Source::Page);
    let later = [at(DATES[1]), at(DATES[2])];
    let booked = book_series(office.desk.app(), &office.event, &wanted, &later, gone);
    office.desk.settle();
    Ok(read(office.desk.app(), &booked?)?)
}

fn leave(office: &Office, first: &Booking) {
    end_rest(office.desk.app(), first.workspace, first, &End { who: Who::Visitor, by: "A guest", reason: "" }).unwrap();
    office.desk.settle();
}

fn events(office: &Office) -> Vec<String> {
    let mut events = office.desk.events();
    events.sort();
    events
}

#[test]
fn each_date_of_a_course_takes_as_many_as_have_a_seat_and_one_event_holds_them() {
    let office = course(2);
    let mut gone = Vec::new();
    let gwen = enrol(&office, "gwen@old.example", &mut gone).unwrap();
    let mara = enrol(&office, "mara@old.example", &mut gone).unwrap();
    assert_eq!(gone, []);
    assert!(gwen.iter().chain(&mara).all(|one| one.state == State::Confirmed));
    let sessions = |all: &[Booking]| -> Vec<_> { all.iter().map(|one| one.details.session).collect() };
    assert_eq!(sessions(&gwen), sessions(&mara), "they sit together on each date");
    assert_eq!(events(&office), DATES, "a date is one event, however many come");

    assert!(matches!(enrol(&office, "tom@old.example", &mut gone), Err(NotBooked::Taken)));
    assert_eq!(gone.iter().map(|one| one.start).collect::<Vec<_>>(), DATES.map(at));

    leave(&office, &gwen[0]);
    assert_eq!(events(&office), DATES, "somebody still comes");
    gone.clear();
    let tom = enrol(&office, "tom@old.example", &mut gone).unwrap();
    assert_eq!(sessions(&tom), sessions(&mara), "the seat that was given back");
    leave(&office, &mara[0]);
    leave(&office, &tom[0]);
    assert_eq!(events(&office), ["cancelled"; 3]);
}

#[test]
fn one_full_date_is_named_and_the_others_keep_their_seats() {
    let office = course(2);
    let gwen = enrol(&office, "gwen@old.example", &mut Vec::new()).unwrap();
    let mara = enrol(&office, "mara@old.example", &mut Vec::new()).unwrap();
    leave(&office, &mara[2]);
    let mut gone = Vec::new();
    assert!(matches!(enrol(&office, "tom@old.example", &mut gone), Err(NotBooked::Taken)));
    assert_eq!(gone.iter().map(|one| one.start).collect::<Vec<_>>(), [at(DATES[0]), at(DATES[1])]);
    let standing = read(office.desk.app(), &gwen[0]).unwrap();
    assert!(standing.iter().all(|one| one.state == State::Confirmed));
}
