//! The host of a group chooses another calendar while the group is filling.

use serde_json::json;

use super::companions::Office;
use super::group::{cancel, class, move_to, seat, shown, stored, times_and_titles, ANN, BEN, LATER, NOON};
use crate::availability::{self, claimed, with_calendar, CalendarRef};
use crate::bookings::model::Booking;
use crate::bookings::service::{accept, Anyway};
use crate::bookings::types::{self, EventType};
use crate::connections::{self, State};

const CLEO: &str = "cleo@third.example";

/// From now on meetings of the host are written there, and nothing else counts.
fn choose(office: &Office, calendar: &CalendarRef) {
    let (app, host) = (office.desk.app(), office.event.hosts[0].user);
    availability::choose(app, &office.desk.world.owner, host, Some(calendar.clone()), vec![calendar.clone()]).unwrap();
    office.desk.settle();
    office.desk.sync();
}

/// Another calendar of the account that can be written to.
fn another(office: &Office, booking: &Booking) -> CalendarRef {
    let connection = booking.connection.unwrap();
    let all = with_calendar(office.desk.app(), booking.workspace, connection, |one| one.list_calendars()).unwrap();
    let other = all.into_iter().find(|one| one.is_writable() && !one.primary && one.id != booking.calendar_id);
    CalendarRef { connection, calendar: other.unwrap().id }
}

fn place_of(office: &Office, booking: &Booking) -> (Option<crate::base::ConnectionId>, String, Option<String>) {
    let booking = stored(office, booking);
    assert_eq!(booking.trouble, None);
    (booking.connection, booking.calendar_id, booking.event_id)
}

#[test]
fn who_joins_after_the_host_has_chosen_another_calendar_comes_into_the_event_that_is_there() {
    let office = class(None);
    let ann = seat(&office, ANN, NOON);
    let new = another(&office, &ann);
    choose(&office, &new);
    let ben = seat(&office, BEN, NOON);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 2 guests")]);
    assert_eq!(place_of(&office, &ben), place_of(&office, &ann));

    // A group that begins now is written where the host wants it; who moves from one to the other joins there.
    let cleo = seat(&office, CLEO, LATER);
    assert_eq!(stored(&office, &cleo).calendar_id, new.calendar);
    let ben = move_to(&office, &ben, LATER);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest"), shown(LATER, "Pottery: 2 guests")]);
    assert_eq!(place_of(&office, &ben), place_of(&office, &cleo));
    let ben = move_to(&office, &ben, NOON);
    cancel(&office, &ann);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 1 guest"), shown(LATER, "Pottery: 1 guest")]);
    cancel(&office, &ben);
    cancel(&office, &cleo);
    assert_eq!(times_and_titles(&office), []);
    let again = seat(&office, ANN, NOON);
    assert_eq!(stored(&office, &again).calendar_id, new.calendar, "a group after the group");
}

#[test]
fn who_asked_for_a_seat_before_is_written_to_the_event_that_there_is_when_they_get_it() {
    let office = class(None);
    let (app, owner) = (office.desk.app(), &office.desk.world.owner);
    let asks = types::save(app, owner, EventType { needs_approval: true, ..office.event.clone() }).unwrap();
    let office = Office { event: asks, ..office };
    let ann = seat(&office, ANN, NOON);
    choose(&office, &another(&office, &ann));
    let ben = seat(&office, BEN, NOON);
    let (app, owner) = (office.desk.app(), &office.desk.world.owner);
    for one in [&ben, &ann] {
        accept(app, owner, one.id, None, &Anyway::default()).unwrap();
        office.desk.settle();
    }
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 2 guests")]);
    assert_eq!(place_of(&office, &ann), place_of(&office, &ben));
}

#[test]
fn where_the_calendar_of_the_group_cannot_be_written_there_is_one_new_event_for_all_who_come_later() {
    let office = class(None);
    let ann = seat(&office, ANN, NOON);
    let server = office.desk.world.connect_server();
    let calendar = server.calendars().unwrap().write_to.unwrap();
    choose(&office, &CalendarRef { connection: server.id, calendar });
    let lost = State::NeedsOwner { since: office.desk.app().now(), reason: "Sign in again.".into() };
    let lose = |connection: &mut connections::Connection| connection.state = lost.clone();
    connections::update(&office.desk.app().store, ann.workspace, ann.connection.unwrap(), lose).unwrap();
    let (ben, cleo) = (seat(&office, BEN, NOON), seat(&office, CLEO, NOON));
    assert_eq!(place_of(&office, &ben).0, Some(server.id));
    assert_eq!(place_of(&office, &ben), place_of(&office, &cleo));
}

#[test]
fn where_the_calendar_of_the_group_is_deleted_who_comes_later_stands_in_that_of_today() {
    let office = class(None);
    let ann = seat(&office, ANN, NOON);
    let new = another(&office, &ann);
    choose(&office, &new);
    let gone = format!("* /google/calendar/v3/calendars/{}", ann.calendar_id);
    office.desk.world.control("faults", &json!({"match": gone, "status": 404, "times": 1000}));
    let ben = seat(&office, BEN, NOON);
    assert_eq!(place_of(&office, &ben).1, new.calendar);
}

#[test]
fn what_only_one_of_a_group_holds_is_free_when_they_leave() {
    let office = class(None);
    let ann = seat(&office, ANN, NOON);
    let server = office.desk.world.connect_server();
    let calendar = server.calendars().unwrap().write_to.unwrap();
    choose(&office, &CalendarRef { connection: server.id, calendar });
    let ben = seat(&office, BEN, NOON);
    assert_eq!(times_and_titles(&office), [shown(NOON, "Pottery: 2 guests")]);
    let held = |resource| claimed(&office.desk.app().store, ann.workspace, resource, ann.claim, None).unwrap().len();
    let (old, host) = (ann.connection.unwrap().0, office.event.hosts[0].user.0);
    assert_eq!([held(old), held(server.id.0), held(host)], [1, 1, 1]);
    cancel(&office, &ben);
    assert_eq!([held(old), held(server.id.0), held(host)], [1, 0, 1]);
    cancel(&office, &ann);
    assert_eq!([held(old), held(server.id.0), held(host)], [0, 0, 0]);
}
