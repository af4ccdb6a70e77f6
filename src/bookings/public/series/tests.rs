use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{judged, starts, Asked, SeriesForm, ENGLISH};
use crate::audit::Who;
use crate::authz::Actor;
use crate::availability::{Every, Span};
use crate::base::UnixMillis;
use crate::bookings::model::{Booking, State};
use crate::bookings::public::asking::{Asking, Dated, Gone};
use crate::bookings::public::commit::{book, book_series, NotBooked, Wanted};
use crate::bookings::public::hold::hold;
use crate::bookings::public::tests::{at, booked, event, office, wanted};
use crate::bookings::public::visit::{Tries, LOOKS};
use crate::bookings::series::{end_rest, read, TABLES};
use crate::bookings::service::{self, Anyway, End};
use crate::bookings::store;
use crate::bookings::types::{self, Assignment, EventType, Horizon, Repeats, SlotQuestion};
use crate::bookings::words::Language;
use crate::http::ClientIp;
use crate::store::Person;
use crate::testing::TestApp;

const FIRST: &str = "2026-11-25T10:00:00Z";

fn weekly(event: &mut EventType) {
    event.repeats = Some(Repeats { every: Every::Week, interval: 1, dates: 8, guest_chooses: true });
}

/// Books so many dates from `first` on, whatever is known of them.
fn series(
    test: &TestApp,
    event: &EventType,
    wanted: &Wanted,
    count: u32,
    gone: &mut Vec<Gone>,
) -> Result<Vec<Booking>, NotBooked> {
    let all = starts(&test.app, event, wanted.start, count)?;
    let first = book_series(&test.app, event, wanted, &all[1..], gone)?;
    Ok(read(&test.app, &first)?)
}

fn made(test: &TestApp, event: &EventType, first: &str, count: u32) -> Vec<Booking> {
    series(test, event, &wanted(first, "tom@lakeside.example"), count, &mut Vec::new()).unwrap()
}

fn why(test: &TestApp, event: &EventType, first: &str, count: u32) -> Vec<Option<&'static str>> {
    let all = starts(&test.app, event, at(first), count).unwrap();
    let asked = Asked { starts: &all, minutes: 30, hold: None, gone: &[] };
    let dates = judged(&test.app, event, &asked).unwrap();
    dates.into_iter().map(|date| date.why.map(super::dates::Why::as_str)).collect()
}

#[test]
fn all_dates_are_booked_together_beyond_the_horizon_and_over_the_change_of_clocks() {
    let (test, hosts) = office();
    let event = event(&test, &hosts[..1], |event| {
        event.repeats = Some(Repeats { every: Every::MonthWeekday, interval: 1, dates: 6, guest_chooses: false });
        event.horizon = Horizon::RollingDays { days: 60 };
    });
    let all = made(&test, &event, FIRST, 6);
    let shown: Vec<String> = all.iter().map(|booking| booking.start.to_rfc3339()).collect();
    // The fourth Wednesday of each month; London changes on 28 March.
    assert_eq!(shown[..2], ["2026-11-25T10:00:00Z", "2026-12-23T10:00:00Z"]);
    assert_eq!(shown[4..], ["2027-03-24T10:00:00Z", "2027-04-28T09:00:00Z"]);
    let part = all[2].details.series.unwrap();
    assert_eq!((part.number, part.of), (3, 6));
    assert!(all.iter().all(|one| one.state == State::Confirmed && one.details.series.unwrap().id == part.id));
    assert_eq!(booked(&test).len(), 6);
}

#[test]
fn a_date_that_is_taken_closed_full_or_outside_is_named_and_nothing_is_booked_without_it() {
    let (test, hosts) = office();
    let other = event(&test, &hosts[..1], |event| event.name = "Another".into());
    book(&test.app, &other, &wanted("2026-12-02T10:00:00Z", "a@elsewhere.example")).unwrap();
    let cases: [(&str, fn(&mut EventType), Vec<Option<&str>>); 4] = [
        ("weekly", weekly, vec![None, Some("taken"), None, None]),
        (
            "every day, at a weekend closed",
            |event| event.repeats = Some(Repeats { every: Every::Day, ..Repeats::default() }),
            vec![None, None, None, Some("closed")],
        ),
        (
            "its own dates count for limits",
            |event| {
                event.repeats = Some(Repeats { every: Every::Day, ..Repeats::default() });
                event.limits.per_week = Some(2);
            },
            vec![None, None, Some("full"), Some("closed")],
        ),
        (
            "outside of the days between two dates",
            |event| {
                weekly(event);
                let (from, to) = (jiff::civil::date(2026, 11, 1), jiff::civil::date(2026, 12, 9));
                event.horizon = Horizon::Range { from, to };
            },
            vec![None, Some("taken"), None, Some("outside")],
        ),
    ];
    for (name, change, expected) in cases {
        let call = event(&test, &hosts[..1], |event| {
            event.name = name.into();
            change(event);
        });
        assert_eq!(why(&test, &call, FIRST, 4), expected, "{name}");
        let before = booked(&test).len();
        let mut gone = Vec::new();
        let refused = series(&test, &call, &wanted(FIRST, "tom@lakeside.example"), 4, &mut gone);
        assert!(matches!(refused, Err(NotBooked::Taken)), "{name}: {refused:?}");
        assert_eq!(booked(&test).len(), before, "{name}: all of them or none");
        let all = starts(&test.app, &call, at(FIRST), 4).unwrap();
        let lacks = |(start, why): (&UnixMillis, &Option<&str>)| why.map(|_| Gone { start: *start, is_unknown: false });
        assert_eq!(gone, all.iter().zip(&expected).filter_map(lacks).collect::<Vec<_>>(), "{name}: each is named");
    }
}

#[test]
fn what_cannot_be_had_is_left_out_where_that_is_wanted() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], weekly);
    let other = event(&test, &hosts[..1], |event| event.name = "Another".into());
    book(&test.app, &other, &wanted("2026-12-02T10:00:00Z", "a@elsewhere.example")).unwrap();
    let all = starts(&test.app, &call, at(FIRST), 4).unwrap();
    let first = wanted(FIRST, "tom@lakeside.example");
    let booking = book_series(&test.app, &call, &first, &all[2..], &mut Vec::new()).unwrap();
    let dates = read(&test.app, &booking).unwrap();
    assert_eq!(dates.iter().map(|one| one.start).collect::<Vec<_>>(), [all[0], all[2], all[3]]);
    assert_eq!(dates[2].details.series.unwrap().of, 3);
}

#[test]
fn of_two_hosts_the_one_counts_who_can_hold_the_first_date() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..2], |event| {
        weekly(event);
        event.assignment = Assignment::RoundRobin;
    });
    let busy = |host: usize, days: &[&str]| {
        let other = event(&test, &hosts[host..=host], |event| event.name = format!("Of host {host}"));
        for (nth, day) in days.iter().enumerate() {
            book(&test.app, &other, &wanted(day, &format!("g{nth}@elsewhere.example"))).unwrap();
        }
    };
    busy(0, &["2026-12-02T10:00:00Z", "2026-12-09T10:00:00Z"]);
    busy(1, &[FIRST]);
    assert_eq!(why(&test, &call, FIRST, 4), [None, Some("taken"), Some("taken"), None]);
}

#[test]
fn the_longest_series_is_one_decision_too() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], |event| {
        event.repeats = Some(Repeats { dates: 24, ..Repeats::default() });
        event.needs_approval = true;
    });
    let asked = made(&test, &call, FIRST, 24);
    service::accept(&test.app, &test.owner, asked[0].id, None, &Anyway::default()).unwrap();
    service::cancel_rest(&test.app, &test.owner, asked[4].id, "").unwrap();
    assert_eq!(left(&test, &asked[0]).iter().filter(|stands| **stands).count(), 4);
}

#[test]
fn a_request_lapses_as_a_whole_when_nobody_decides_before_its_first_date() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], |event| {
        weekly(event);
        event.needs_approval = true;
    });
    let asked = made(&test, &call, FIRST, 3);
    let now = asked[0].start;
    let lapsed =
        test.app.store.write(|txn| crate::bookings::series::lapse(&test.app, txn, &asked[0], "Too late.", now));
    lapsed.unwrap();
    let after = read(&test.app, &asked[0]).unwrap();
    assert!(after.iter().all(|one| one.state == State::Cancelled { reason: "Too late.".into() }), "{after:?}");
    assert_eq!(why(&test, &call, "2026-12-02T10:00:00Z", 2), [None, None], "the times are free again");
}

#[test]
fn sent_twice_it_is_one_series_and_a_single_date_is_none() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], weekly);
    let held = hold(&test.app, &call, at(FIRST), 30).unwrap();
    let mine = Wanted { hold: Some(held.id), ..wanted(FIRST, "tom@lakeside.example") };
    let once = series(&test, &call, &mine, 3, &mut Vec::new()).unwrap();
    let twice = series(&test, &call, &mine, 3, &mut Vec::new()).unwrap();
    assert_eq!((once[0].id, booked(&test).len()), (held.id, 3));
    assert_eq!(once, twice);
    let alone = book_series(&test.app, &call, &wanted("2026-11-26T10:00:00Z", "b@elsewhere.example"), &[], &mut vec![]);
    assert_eq!(alone.unwrap().details.series, None);
    let plain = event(&test, &hosts[..1], |event| event.name = "Plain".into());
    let refused = series(&test, &plain, &wanted("2026-11-26T11:00:00Z", "c@elsewhere.example"), 1, &mut vec![]);
    assert!(matches!(refused, Err(NotBooked::Closed)));
}

#[test]
fn of_fifty_overlapping_series_at_once_no_two_dates_overlap_and_none_is_half() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], |event| {
        weekly(event);
        event.step = 15;
    });
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..10_i64 {
            let (test, call, won) = (&test, &call, &won);
            scope.spawn(move || {
                for nth in 0..5_i64 {
                    // Some begin a week later, some a quarter of an hour: all cross others.
                    let shift = (thread % 3) * 7 * 86_400_000 + (nth % 3) * 900_000;
                    let email = format!("guest-{thread}-{nth}@elsewhere.example");
                    let wish = Wanted { start: UnixMillis(at(FIRST).0 + shift), ..wanted(FIRST, &email) };
                    match series(test, call, &wish, 4, &mut Vec::new()) {
                        Ok(all) => {
                            assert_eq!(all.len(), 4);
                            won.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(NotBooked::Taken) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let mut spans: Vec<Span> = booked(&test).iter().map(Booking::span).collect();
    spans.sort();
    assert!(spans.windows(2).all(|pair| !pair[0].overlaps(&pair[1])), "{spans:?}");
    let won = won.load(Ordering::SeqCst);
    assert!(won >= 1 && spans.len() == 4 * won, "{won} of {}", spans.len());
}

#[test]
fn hosts_in_turn_hold_a_series_each_and_the_one_who_can_hold_all_of_it() {
    let (test, hosts) = office();
    let round = event(&test, &hosts[..2], |event| {
        weekly(event);
        event.assignment = Assignment::RoundRobin;
    });
    let busy = event(&test, &hosts[..1], |event| event.name = "Another".into());
    book(&test.app, &busy, &wanted("2026-12-09T10:00:00Z", "a@elsewhere.example")).unwrap();
    assert_eq!(why(&test, &round, FIRST, 3), [None, None, None]);
    let all = made(&test, &round, FIRST, 3);
    assert!(all.iter().all(|one| one.details.hosts == hosts[1..2]), "{all:?}");
    let again = series(&test, &round, &wanted(FIRST, "b@elsewhere.example"), 3, &mut Vec::new());
    assert!(matches!(again, Err(NotBooked::Taken)), "nobody is left for the third date");
}

#[test]
fn a_request_for_a_series_is_decided_about_once() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], |event| {
        weekly(event);
        event.needs_approval = true;
    });
    let asked = made(&test, &call, FIRST, 3);
    let waiting = || store::list_waiting(&test.app.store, test.workspace, 10).unwrap().len();
    assert_eq!(waiting(), 1, "one question");
    service::accept(&test.app, &test.owner, asked[1].id, None, &Anyway::default()).unwrap();
    assert!(read(&test.app, &asked[0]).unwrap().iter().all(|one| one.state == State::Confirmed));
    assert_eq!(waiting(), 0);

    let declined = made(&test, &call, "2026-11-26T10:00:00Z", 3);
    let dismissed = service::dismiss(&test.app, &test.owner, declined[0].id, "").unwrap();
    assert_eq!(dismissed, service::Dismissed::Declined);
    let after = read(&test.app, &declined[0]).unwrap();
    assert!(after.iter().all(|one| matches!(one.state, State::Cancelled { .. })), "{after:?}");
    assert_eq!(made(&test, &call, "2026-11-26T10:00:00Z", 3).len(), 3, "the times are free again");
}

fn left(test: &TestApp, one: &Booking) -> Vec<bool> {
    read(&test.app, one).unwrap().iter().map(|one| one.state.is_booked()).collect()
}

#[test]
fn one_date_ends_alone_or_with_all_later_ones() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], weekly);
    let all = made(&test, &call, FIRST, 5);
    service::cancel(&test.app, &test.owner, all[1].id, "").unwrap();
    assert_eq!(left(&test, &all[0]), [true, false, true, true, true]);
    let by = End { who: Who::Visitor, by: "Tom", reason: "ill" };
    end_rest(&test.app, test.workspace, &all[3], &by).unwrap();
    assert_eq!(left(&test, &all[0]), [true, false, true, false, false]);
    let ended = store::get(&test.app.store, test.workspace, all[4].id).unwrap().unwrap();
    assert!(ended.details.given_up && ended.state == State::Cancelled { reason: "ill".into() });
    assert!(end_rest(&test.app, test.workspace, &all[3], &by).is_err(), "nothing is left to end");
    let of = |nth: usize| service::cancel_of_series(&test.app, &test.owner, all[nth].id, "", true).unwrap();
    let (asked, also) = of(1);
    assert_eq!((asked.id, also), (all[1].id, vec![all[2].id]), "it had ended, and the one after it ends now");
    let viewer = Actor { role: crate::authz::Role::Viewer, ..test.owner.clone() };
    assert!(service::cancel_rest(&test.app, &viewer, all[0].id, "").is_err());
    service::cancel_rest(&test.app, &test.owner, all[0].id, "").unwrap();
    assert_eq!(left(&test, &all[0]), [false; 5]);
}

#[test]
fn a_series_is_handed_out_and_erased_with_its_person() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], weekly);
    let all = made(&test, &call, FIRST, 3);
    let person = Person::Contact(test.workspace, all[0].contact);
    let table = TABLES.iter().find(|table| table.info.name == "series_of_bookings").unwrap();
    let (export, erase) = (table.export.unwrap(), table.erase.unwrap());
    assert_eq!(export(&test.app.store, person).unwrap()[0]["bookings"].as_array().unwrap().len(), 3);
    assert_eq!(erase(&test.app.store, person).unwrap(), 1);
    assert!(export(&test.app.store, person).unwrap().is_empty());
    let rows = store::TABLES.iter().find(|table| table.info.name == "bookings").unwrap();
    assert_eq!((rows.erase.unwrap())(&test.app.store, person).unwrap(), 3);
    assert_eq!(why(&test, &call, FIRST, 3), [None; 3], "its times are free again");
}

#[test]
fn when_the_asking_has_taken_too_long_the_rest_is_unknown_and_said_to_be() {
    let (test, hosts) = office();
    let call = event(&test, &hosts[..1], weekly);
    let dates: Vec<Dated> = starts(&test.app, &call, at(FIRST), 3)
        .unwrap()
        .into_iter()
        .map(|start| {
            let question = SlotQuestion::at(start, 30, None);
            let facts = types::load_for(&test.app, &call, &question).unwrap().for_later();
            Dated { facts, question, span: Span::lasting(start, Duration::from_secs(1800)) }
        })
        .collect();
    let all = |at_most: Duration| {
        let mut gone = Vec::new();
        let asked = Asking::for_at_most(at_most).all(&test.app, &dates, &hosts[..1], false, &mut gone);
        (asked.map(|all| all.len()), gone.iter().filter(|one| one.is_unknown).count())
    };
    assert!(matches!(all(Duration::from_secs(600)), (Ok(3), 0)));
    let (refused, unknown) = all(Duration::ZERO);
    assert!(matches!(&refused, Err(NotBooked::Unreadable(why)) if why.contains("too long")), "{refused:?}");
    assert_eq!(unknown, 3);
}

#[test]
fn looks_at_a_series_are_counted_apart_and_widely() {
    let (test, _) = office();
    let (tries, client) = (Tries::default(), ClientIp([203, 0, 113, 7].into()));
    for _ in 0..LOOKS {
        tries.look(&test.app, client).unwrap();
    }
    assert!(tries.look(&test.app, client).is_err());
    tries.check(&test.app, client).unwrap();
}

#[test]
fn a_limit_is_named_by_what_it_counts_and_one_date_is_not_said_to_be_many() {
    let (test, hosts) = office();
    let cases: [(fn(&mut EventType), &str); 3] = [
        (|event| event.limits.per_day = Some(1), "Nothing more that day"),
        (|event| event.limits.per_week = Some(1), "Nothing more that week"),
        (|event| event.limits.per_month = Some(1), "Nothing more that month"),
    ];
    for (nth, (change, expected)) in cases.into_iter().enumerate() {
        let call = event(&test, &hosts[nth..=nth], |event| {
            event.repeats = Some(Repeats { every: Every::Day, dates: 2, ..Repeats::default() });
            event.name = expected.into();
            change(event);
        });
        if nth == 0 {
            book(&test.app, &call, &wanted("2026-11-26T14:00:00Z", "a@elsewhere.example")).unwrap();
        }
        let held = hold(&test.app, &call, at(FIRST), 30).unwrap();
        let shown = ("2", &jiff::tz::TimeZone::UTC, Language::of("en"));
        let form = SeriesForm::of(&test.app, &call, &held, shown, &ENGLISH, &[]).unwrap().unwrap();
        assert_eq!(form.dates[1].1, expected);
        assert!(form.leave_out.ends_with("book the one date that is"), "{}", form.leave_out);
    }
}
