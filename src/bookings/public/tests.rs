use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::tz::TimeZone;

use super::commit::{book, Guest, NotBooked, Wanted};
use super::hold::hold;
use super::moves::{may_change, reschedule, Mover};
use crate::audit::Who;
use crate::authz::Role;
use crate::availability::{self, DayOverride, NamedSchedule, Owner, Schedule, Span, TimesOf, Trip};
use crate::base::{EmailAddress, EventTypeId, ScheduleId, UnixMillis, UserId};
use crate::bookings::figures::{count_as_before, Figures, Question};
use crate::bookings::model::{Booking, Source, State};
use crate::bookings::service::{self, end, Anyway, End};
use crate::bookings::types::{self, Assignment, EventType, Location, SlotQuestion};
use crate::bookings::{list_between, store};
use crate::testing::{self, TestApp, NOW};
use crate::workspaces;

pub(super) fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

/// A workspace whose members keep office hours in London; today is Tuesday 24 November, 10:00.
pub(super) fn office() -> (TestApp, Vec<UserId>) {
    let mut test = testing::app();
    testing::add_members(&test.app);
    let members = workspaces::list_members(&test.app, &test.owner).unwrap();
    let ids: Vec<UserId> = members.into_iter().map(|(_, user)| user.id).collect();
    test.owner.user = Some(ids[0]);
    (test, ids)
}

pub(super) fn event(test: &TestApp, hosts: &[UserId], change: impl Fn(&mut EventType)) -> EventType {
    let now = test.app.now();
    let mut event = EventType::new(EventTypeId::new(now), test.workspace, None, now);
    event.name = "First call".into();
    event.location = Location::Place { address: "Mill Lane 1".into() };
    event.hosts = hosts.iter().map(|user| types::HostOf { user: *user, schedule: None, weight: 1 }).collect();
    change(&mut event);
    types::save(&test.app, &test.owner, event).unwrap()
}

pub(super) fn wanted(start: &str, email: &str) -> Wanted {
    Wanted {
        start: at(start),
        minutes: 30,
        guest: Guest {
            name: "Tom Aldridge".into(),
            email: EmailAddress::parse(email).unwrap(),
            phone: String::new(),
            zone: "Europe/London".into(),
            language: "en".into(),
            others: Vec::new(),
        },
        answers: Vec::new(),
        hold: None,
        came_from: String::new(),
        source: Source::Page,
    }
}

fn free(test: &TestApp, event: &EventType, day: &str, zone: &str) -> Vec<String> {
    let day = day.parse().unwrap();
    let zone = TimeZone::get(zone).unwrap();
    let duration = event.duration(None);
    let question = SlotQuestion { from: day, to: day, zone: zone.clone(), duration, but: None, own: None };
    let starts = types::free_starts(&test.app, event, &question).unwrap();
    starts.into_iter().map(|start| start.in_zone(&zone).strftime("%H:%M").to_string()).collect()
}

/// As many threads as people want the same start at the same moment; how many got it.
fn rush(test: &TestApp, event: &EventType, start: &str, many: usize) -> usize {
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..20 {
            let won = &won;
            scope.spawn(move || {
                for nth in (thread..many).step_by(20) {
                    match book(&test.app, event, &wanted(start, &format!("guest-{nth}@elsewhere.example"))) {
                        Ok(_) => drop(won.fetch_add(1, Ordering::SeqCst)),
                        Err(NotBooked::Taken) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    won.load(Ordering::SeqCst)
}

pub(super) fn booked(test: &TestApp) -> Vec<Booking> {
    let year = Span::new(NOW, UnixMillis(NOW.0 + 400 * 86_400_000));
    list_between(&test.app.store, test.workspace, year).unwrap()
}

#[test]
fn of_a_thousand_who_want_one_time_exactly_one_gets_it_and_of_a_group_as_many_as_there_are_seats() {
    let start = "2026-11-25T10:00:00Z";
    let cases: [(&str, fn(&mut EventType), usize); 3] = [
        ("one", |_| {}, 1),
        ("five seats", |event| event.seats = Some(5), 5),
        ("a request that is pending", |event| event.needs_approval = true, 1),
    ];
    for (name, change, expected) in cases {
        let (test, hosts) = office();
        let event = event(&test, &hosts[..1], change);
        assert_eq!(rush(&test, &event, start, 1000), expected, "{name}");
        assert_eq!(booked(&test).len(), expected, "{name}");
        let offered = free(&test, &event, "2026-11-25", "UTC").contains(&"10:00".to_owned());
        assert!(!offered, "{name}: it is not offered any more");
    }
}

#[test]
fn two_pending_requests_never_stand_at_one_time_and_a_refused_one_frees_it() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |event| event.needs_approval = true);
    let first = book(&test.app, &event, &wanted("2026-11-25T10:00:00Z", "a@elsewhere.example")).unwrap();
    assert!(first.is_request());
    let second = book(&test.app, &event, &wanted("2026-11-25T10:00:00Z", "b@elsewhere.example"));
    assert!(matches!(second, Err(NotBooked::Taken)));
    service::dismiss(&test.app, &test.owner, first.id, "").unwrap();
    let second = book(&test.app, &event, &wanted("2026-11-25T10:00:00Z", "b@elsewhere.example")).unwrap();
    let agreed = service::accept(&test.app, &test.owner, second.id, None, &Anyway::default()).unwrap();
    assert_eq!(agreed.state, State::Confirmed, "nobody has a calendar, so nothing is waited for");
    assert!(!free(&test, &event, "2026-11-25", "UTC").contains(&"10:00".to_owned()));
}

#[test]
fn a_time_is_kept_while_the_form_is_open_and_free_again_when_it_is_not_sent() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |event| event.hold_minutes = 10);
    let start = at("2026-11-25T10:00:00Z");
    let held = hold(&test.app, &event, start, 30).unwrap();
    let other = wanted("2026-11-25T10:00:00Z", "b@elsewhere.example");
    assert!(matches!(book(&test.app, &event, &other), Err(NotBooked::Taken)));
    assert!(matches!(hold(&test.app, &event, start, 30), Err(NotBooked::Taken)));
    let mine = Wanted { hold: Some(held.id), ..wanted("2026-11-25T10:00:00Z", "a@elsewhere.example") };
    let booking = book(&test.app, &event, &mine).unwrap();
    assert_eq!(booking.id, held.id, "sent twice it is one booking");
    assert_eq!(book(&test.app, &event, &mine).unwrap().id, booking.id);
    assert_eq!(booked(&test).len(), 1);

    hold(&test.app, &event, at("2026-11-25T11:00:00Z"), 30).unwrap();
    test.app.clock.advance(std::time::Duration::from_secs(601));
    let late = wanted("2026-11-25T11:00:00Z", "c@elsewhere.example");
    book(&test.app, &event, &late).unwrap();
}

#[test]
fn a_visitor_moves_and_cancels_until_the_cut_off_and_the_time_is_free_again() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |event| event.cut_off = 120);
    let booking = book(&test.app, &event, &wanted("2026-11-25T10:00:00Z", "a@elsewhere.example")).unwrap();
    let visitor = || Mover { who: Who::Visitor, by: "Tom", reason: "", insists: false };
    let day = jiff::civil::date(2026, 11, 25);
    let (but, own) = (Some(booking.id), Some(booking.span()));
    let question = SlotQuestion { from: day, to: day, zone: TimeZone::UTC, duration: 30, but, own };
    let others = types::free_starts_with(&test.app, &event, &question, (&booking.details.hosts, false)).unwrap();
    assert!(!others.contains(&booking.start) && others.contains(&at("2026-11-25T10:30:00Z")), "{others:?}");
    let near = |start: &str| match service::may_move_to(&test.app, &test.owner, booking.id, at(start)) {
        Err(service::BookError::Unsure { free, .. }) => free,
        other => panic!("it is outside the hours: {other:?}"),
    };
    let suggested = near("2026-11-25T08:30:00Z");
    assert!(!suggested.is_empty() && suggested.iter().all(|span| span.start != booking.start), "{suggested:?}");
    let because = Mover { reason: " The train is late. ", ..visitor() };
    let moved = reschedule(&test.app, &booking, at("2026-11-25T10:30:00Z"), &because).unwrap();
    assert_eq!(moved.start, at("2026-11-25T10:30:00Z"));
    assert_eq!(moved.history.last().unwrap().words, "Moved by Tom: The train is late.");
    let times = free(&test, &event, "2026-11-25", "UTC");
    assert!(times.contains(&"10:00".to_owned()) && !times.contains(&"10:30".to_owned()), "{times:?}");

    let other = book(&test.app, &event, &wanted("2026-11-25T12:00:00Z", "b@elsewhere.example")).unwrap();
    let clash = reschedule(&test.app, &moved, other.start, &visitor());
    assert!(matches!(clash, Err(NotBooked::Taken)));
    assert_eq!(store::get(&test.app.store, test.workspace, moved.id).unwrap().unwrap().start, moved.start);

    assert!(may_change(&event, &moved, at("2026-11-25T08:30:00Z")));
    assert!(!may_change(&event, &moved, at("2026-11-25T08:30:01Z")));
    let ended = end(&test.app, test.workspace, moved.id, &End { who: Who::Visitor, by: "Tom", reason: "ill" }).unwrap();
    assert_eq!(ended.state, State::Cancelled { reason: "ill".into() });
    assert!(free(&test, &event, "2026-11-25", "UTC").contains(&"10:30".to_owned()));
}

#[test]
fn a_group_keeps_its_time_until_the_last_of_it_has_gone() {
    let (test, hosts) = office();
    let group = event(&test, &hosts[..1], |event| event.seats = Some(2));
    let alone = event(&test, &hosts[..1], |event| event.name = "Another".into());
    let book_one = |email: &str| book(&test.app, &group, &wanted("2026-11-25T10:00:00Z", email)).unwrap();
    let (first, second) = (book_one("a@elsewhere.example"), book_one("b@elsewhere.example"));
    assert_eq!(first.holder(), second.holder());
    let end_it = |id| end(&test.app, test.workspace, id, &End { who: Who::Visitor, by: "Tom", reason: "" }).unwrap();
    let is_free = |event: &EventType| free(&test, event, "2026-11-25", "UTC").contains(&"10:00".to_owned());
    assert!(!is_free(&group) && !is_free(&alone));
    end_it(first.id);
    assert!(is_free(&group), "a seat is free");
    assert!(!is_free(&alone), "the host is not");
    end_it(second.id);
    assert!(is_free(&group) && is_free(&alone));
}

#[test]
fn bookings_go_round_to_whoever_is_free_and_has_had_the_least() {
    let (test, hosts) = office();
    let round = event(&test, &hosts, |event| event.assignment = Assignment::RoundRobin);
    let mut got = Vec::new();
    for nth in 0..6 {
        let start = format!("2026-11-2{}T1{}:00:00Z", 5 + nth % 2, nth);
        let booking = book(&test.app, &round, &wanted(&start, &format!("g{nth}@elsewhere.example"))).unwrap();
        got.extend(booking.details.hosts);
    }
    for host in &hosts {
        assert_eq!(got.iter().filter(|user| *user == host).count(), 2);
    }
    // All three at the same time, then nobody is left.
    let rushed = rush(&test, &round, "2026-11-27T10:00:00Z", 40);
    assert_eq!(rushed, 3);
}

#[test]
fn all_hosts_together_need_all_of_them_and_their_room() {
    let (test, hosts) = office();
    let room = types::add_room(&test.app, &test.owner, "Study").unwrap();
    let both = event(&test, &hosts[..2], |event| event.rooms = vec![room.id]);
    let one = event(&test, &hosts[1..2], |event| event.name = "One".into());
    let third = event(&test, &hosts[2..3], |event| {
        event.name = "Third".into();
        event.rooms = vec![room.id];
    });
    book(&test.app, &one, &wanted("2026-11-25T10:00:00Z", "a@elsewhere.example")).unwrap();
    let clash = book(&test.app, &both, &wanted("2026-11-25T10:00:00Z", "b@elsewhere.example"));
    assert!(matches!(clash, Err(NotBooked::Taken)), "the second host is busy");
    book(&test.app, &both, &wanted("2026-11-25T11:00:00Z", "b@elsewhere.example")).unwrap();
    let clash = book(&test.app, &third, &wanted("2026-11-25T11:00:00Z", "c@elsewhere.example"));
    assert!(matches!(clash, Err(NotBooked::Taken)), "the room is taken");
}

#[test]
fn limits_hold_however_many_book() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |event| event.limits.per_month = Some(2));
    for (start, expected) in [
        ("2026-11-25T10:00:00Z", true),
        ("2026-11-26T10:00:00Z", true),
        ("2026-11-27T10:00:00Z", false),
        ("2026-12-01T10:00:00Z", true),
    ] {
        let email = format!("g{}@elsewhere.example", at(start).0);
        assert_eq!(book(&test.app, &event, &wanted(start, &email)).is_ok(), expected, "{start}");
    }
}

#[test]
fn hours_follow_the_hosts_clock_over_its_changes_and_travels_and_days_that_differ() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |event| {
        event.horizon = types::Horizon::RollingDays { days: 700 };
        event.step = 60;
    });
    let first = |day: &str, zone: &str| free(&test, &event, day, zone).first().cloned().unwrap_or_default();
    // London goes forward on 28 March 2027; New York on 14 March.
    let cases = [
        ("2027-03-12", "America/New_York", "04:00"),
        ("2027-03-15", "America/New_York", "05:00"),
        ("2027-03-29", "America/New_York", "04:00"),
        ("2027-03-29", "Asia/Kolkata", "13:30"),
        ("2027-03-26", "Asia/Kolkata", "14:30"),
        ("2027-11-01", "Europe/London", "09:00"),
    ];
    for (day, zone, expected) in cases {
        assert_eq!(first(day, zone), expected, "{day} in {zone}");
    }
    let closed = jiff::civil::date(2027, 3, 29);
    let schedule = NamedSchedule {
        id: ScheduleId::new(NOW),
        name: "Mine".into(),
        hours: Schedule::office("Europe/London"),
        overrides: vec![DayOverride { date: closed, hours: vec![] }],
        is_default: true,
    };
    let from = jiff::civil::date(2027, 4, 5);
    let trips = vec![Trip { from, to: Some(from), zone: "America/New_York".into() }];
    let times = TimesOf { schedules: vec![schedule], away: vec![], trips };
    test.app.store.write(|txn| availability::put_times(txn, test.workspace, Owner::Person(hosts[0]), &times)).unwrap();
    assert_eq!(first("2027-03-29", "Europe/London"), "", "closed on that day");
    assert_eq!(first("2027-04-05", "Europe/London"), "14:00", "nine in New York");
}

#[test]
fn what_a_visitor_books_is_handed_out_and_erased_with_their_person() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |_| {});
    let mut with_answer = wanted("2026-11-25T10:00:00Z", "a@elsewhere.example");
    with_answer.answers = vec![types::Answer { question: "Heated?".into(), answer: "Oil".into() }];
    let booking = book(&test.app, &event, &with_answer).unwrap();
    let person = crate::store::Person::Contact(test.workspace, booking.contact);
    let table = store::TABLES.iter().find(|table| table.info.name == "bookings").unwrap();
    let held = (table.export.unwrap())(&test.app.store, person).unwrap();
    assert_eq!(held[0]["details"]["answers"][0]["answer"], "Oil");
    assert_eq!((table.erase.unwrap())(&test.app.store, person).unwrap(), 1);
    assert!(free(&test, &event, "2026-11-25", "UTC").contains(&"10:00".to_owned()), "the time is free again");
}

#[test]
fn why_a_time_is_not_offered_is_told_in_words() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |_| {});
    book(&test.app, &event, &wanted("2026-11-25T10:00:00Z", "a@elsewhere.example")).unwrap();
    let cases = [
        ("2026-11-25T10:00:00Z", Some("busy")),
        ("2026-11-25T11:00:00Z", None),
        ("2026-11-25T11:10:00Z", Some("align")),
        ("2026-11-25T20:00:00Z", Some("hours")),
        ("2026-11-24T11:00:00Z", Some("minimum_notice")),
        ("2027-11-24T11:00:00Z", Some("horizon")),
    ];
    for (start, expected) in cases {
        let why = types::why(&test.app, &test.owner, event.id, at(start), None).unwrap();
        assert_eq!(why.rule, expected, "{start}: {}", why.words);
    }
    let viewer = crate::authz::Actor { role: Role::Viewer, ..test.owner.clone() };
    assert!(types::save(&test.app, &viewer, event).is_err());
}

#[test]
fn what_was_counted_before_hosts_were_told_apart_is_counted_anew_once() {
    let (test, members) = office();
    let call = event(&test, &members[..2], |event| event.assignment = Assignment::Collective);
    let booked = book(&test.app, &call, &wanted("2026-11-26T10:00:00Z", "tom@lakeside.example")).unwrap();
    let read = || {
        let question = Question { to: Some(jiff::civil::date(2026, 11, 29)), ..Question::default() };
        let figures = Figures::read(&test.app, &test.owner, &question).unwrap();
        let hosts: Vec<_> = figures.by_host.iter().map(|(host, _, sums)| (*host, sums.booked)).collect();
        (figures.all.booked, hosts, figures.by_event_type.len())
    };
    let whole = read();
    assert_eq!((whole.0, whole.1.len(), whole.2), (1, 2, 1));
    test.app.store.write(|txn| count_as_before(txn, test.workspace, booked.id)).unwrap();
    assert_eq!(read(), whole);
    assert_eq!(read(), whole);
}
