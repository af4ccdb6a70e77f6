//! Days off: what stands on them is named and stays, and every view of the calendar marks them.

use jiff::civil::date;

use super::companions::Office;
use super::desk::{at, guest, GWEN};
use crate::availability::{self, Away, Owner};
use crate::bookings::away::{on_days_off, OnDaysOff};
use crate::bookings::model::Source;
use crate::bookings::pages::draw;
use crate::bookings::public::book;
use crate::bookings::views::{Asked, Body, Calendar, View};
use crate::store::StoreError;

#[test]
fn what_stands_on_a_day_off_is_named_and_the_day_is_marked() {
    let office = Office::open("mail");
    let (app, viewer) = (office.desk.app(), &office.desk.world.owner);
    let booking =
        book(app, &office.event, &guest("Gwen Hartley", GWEN).wants(at("2026-11-26T11:30:00Z"), 30, Source::Page));
    let booking = booking.unwrap();
    office.desk.settle();
    let robin = Owner::Person(office.event.hosts[0].user);
    let off = Away { from: date(2026, 11, 26), to: date(2026, 11, 27), note: "Skiing".into() };
    let saved = app.store.write(|txn| {
        let mut times = availability::find_times(txn, booking.workspace, robin)?;
        times.away = vec![off.clone()];
        availability::put_times(txn, booking.workspace, robin, &times)?;
        Ok::<_, StoreError>(times)
    });
    let times = saved.unwrap();
    let there = |owner, away: &Away| on_days_off(app, viewer, (owner, &times), away).unwrap();
    let named = vec![("Thu 26 Nov, 11:30: Gwen Hartley".to_owned(), format!("/calendar/{}", booking.id))];
    assert_eq!(there(robin, &off), OnDaysOff { named, more: 0 });
    assert_eq!(there(robin, &Away { from: off.to, ..off.clone() }), OnDaysOff::default(), "another day");
    assert_eq!(there(Owner::Workspace, &off), OnDaysOff::default(), "the host has hours of their own");
    let past = Away { from: date(2026, 11, 20), to: date(2026, 11, 21), note: String::new() };
    assert_eq!(there(robin, &past), OnDaysOff::default());
    assert!(office.desk.bookings()[0].state.is_booked(), "it stays");

    let read = |view| Calendar::read(app, viewer, Asked { view, ..Asked::default() }).unwrap();
    let Body::Grid(week) = read(View::Week).body else { panic!("a week is a grid") };
    let marks: Vec<&str> = week.days.iter().map(|day| day.away.as_str()).collect();
    assert_eq!(marks, ["", "", "", "Out of office: Robin", "Out of office: Robin", "", ""]);
    for view in [View::Week, View::Month, View::Agenda] {
        let page = draw(read(view));
        assert!(page.contains("Out of office: Robin") && !page.contains("Skiing"), "{page}");
    }
}
