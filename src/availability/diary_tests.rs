use std::time::Duration;

use super::*;
use crate::availability::{OpenHours, Schedule};
use crate::workers::Meeting;

fn at(text: &str) -> UnixMillis {
    UnixMillis::parse_rfc3339(text).unwrap()
}

fn span(start: &str, end: &str) -> Span {
    Span::new(at(start), at(end))
}

fn meeting() -> Meeting {
    Meeting { minutes: 30, buffer_before: 10, buffer_after: 15, notice: 120, ..Meeting::default() }
}

/// Monday 23 November 2026, nine o'clock in London.
fn now() -> UnixMillis {
    at("2026-11-23T09:00:00Z")
}

fn diary<'a>(schedule: &'a OpenTimes, busy: &'a Busy, claimed: &'a [Span]) -> Diary<'a> {
    Diary { schedule, rules: Rules::of(&meeting()), busy, claimed, now: now() }
}

#[test]
fn a_start_is_free_or_says_why_not() {
    let schedule = OpenTimes::of(&Schedule::office("Europe/London"));
    let busy = Busy::Known(vec![span("2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z")]);
    let claimed = [span("2026-11-24T15:00:00Z", "2026-11-24T15:55:00Z")];
    let diary = diary(&schedule, &busy, &claimed);
    let cases = [
        ("free", "2026-11-24T10:30:00Z", None),
        ("ends as the day ends", "2026-11-24T16:30:00Z", None),
        ("in the past", "2026-11-23T08:30:00Z", Some(WhyNot::Past)),
        ("within the notice", "2026-11-23T10:30:00Z", Some(WhyNot::TooSoon)),
        ("next year", "2027-03-24T10:30:00Z", Some(WhyNot::TooFar)),
        ("before opening", "2026-11-24T08:30:00Z", Some(WhyNot::OutsideHours)),
        ("ends after closing", "2026-11-24T16:45:00Z", Some(WhyNot::OutsideHours)),
        ("on a Sunday", "2026-11-29T10:30:00Z", Some(WhyNot::OutsideHours)),
        ("busy", "2026-11-24T12:15:00Z", Some(WhyNot::Busy)),
        ("its end buffer runs into something", "2026-11-24T11:20:00Z", Some(WhyNot::Busy)),
        ("its end buffer just fits", "2026-11-24T11:15:00Z", None),
        ("its start buffer runs into something", "2026-11-24T13:05:00Z", Some(WhyNot::Busy)),
        ("its start buffer just fits", "2026-11-24T13:10:00Z", None),
        ("another booking has it", "2026-11-24T15:00:00Z", Some(WhyNot::Claimed)),
    ];
    for (name, start, expected) in cases {
        assert_eq!(diary.check(at(start)).err(), expected, "{name}");
    }
}

#[test]
fn a_calendar_that_cannot_be_read_is_not_free() {
    let schedule = OpenTimes::of(&Schedule::office("Europe/London"));
    let busy = Busy::Unknown { reason: "notFound".into() };
    let diary = diary(&schedule, &busy, &[]);
    assert_eq!(diary.check(at("2026-11-24T10:30:00Z")), Err(WhyNot::Unknown { reason: "notFound".into() }));
    assert_eq!(diary.free_slots(span("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"), 9), vec![]);
}

#[test]
fn a_window_gives_its_free_starts_in_order() {
    let schedule = OpenTimes::of(&Schedule::office("Europe/London"));
    let busy = Busy::Known(vec![span("2026-11-24T09:30:00Z", "2026-11-24T10:00:00Z")]);
    let diary = diary(&schedule, &busy, &[]);
    let starts = |from: &str, to: &str| -> Vec<String> {
        diary.free_slots(span(from, to), 4).iter().map(|slot| slot.start.to_rfc3339()[11..16].to_owned()).collect()
    };
    // 9:00 would leave no room for the buffer, 10:00 neither.
    assert_eq!(starts("2026-11-24T09:00:00Z", "2026-11-24T12:00:00Z"), ["10:30", "11:00", "11:30"]);
    assert_eq!(starts("2026-11-24T10:50:00Z", "2026-11-24T11:01:00Z"), ["11:00"]);
    assert_eq!(starts("2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"), Vec::<String>::new());
    assert_eq!(starts("2026-11-23T08:00:00Z", "2026-11-23T12:00:00Z"), ["11:00", "11:30"], "after the notice");
}

#[test]
fn offers_stand_near_the_wish_and_apart_from_each_other() {
    let schedule = OpenTimes::of(&Schedule::office("Europe/London"));
    let busy = Busy::Known(vec![span("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z")]);
    let diary = diary(&schedule, &busy, &[]);
    let week = span("2026-11-23T00:00:00Z", "2026-12-01T00:00:00Z");
    let offered = |zone: &str| -> Vec<String> {
        let guest = TimeZone::get(zone).unwrap();
        let near = diary.near(&[at("2026-11-24T10:30:00Z")], week, &guest, 3);
        near.iter().map(|slot| slot.start.to_rfc3339()[8..16].to_owned()).collect()
    };
    assert_eq!(offered("Europe/London"), ["24T09:00", "24T11:30", "24T12:30"]);
    assert_eq!(offered("America/New_York"), ["24T13:00", "24T14:00", "24T15:00"], "not before eight in New York");
    assert_eq!(offered("Pacific/Auckland").len(), 3, "nobody's day fits, so any free time is offered");
}

#[test]
fn working_hours_follow_the_clock_changes() {
    let schedule = OpenTimes::of(&Schedule::office("Europe/London"));
    let busy = Busy::Known(vec![]);
    let first_of = |day: &str, now: &str| {
        let diary = Diary { now: at(now), ..diary(&schedule, &busy, &[]) };
        let whole = Span::lasting(at(&format!("{day}T00:00:00Z")), Duration::from_secs(86_400));
        diary.free_slots(whole, 1)[0].start.to_rfc3339()
    };
    // The clocks go forward on 28 March 2027 and back on 31 October 2027.
    assert_eq!(first_of("2027-03-26", "2027-03-20T00:00:00Z"), "2027-03-26T09:00:00Z");
    assert_eq!(first_of("2027-03-29", "2027-03-20T00:00:00Z"), "2027-03-29T08:00:00Z");
    assert_eq!(first_of("2027-11-01", "2027-10-20T00:00:00Z"), "2027-11-01T09:00:00Z");
}

#[test]
fn an_opening_that_does_not_exist_begins_when_the_clock_goes_on() {
    let mut schedule = Schedule::office("Europe/Berlin");
    schedule.days[6] = vec![OpenHours { from: 150, to: 300 }];
    let schedule = OpenTimes::of(&schedule);
    let busy = Busy::Known(vec![]);
    let sundays = |day: &str, now: &str| {
        let diary = Diary { now: at(now), ..diary(&schedule, &busy, &[]) };
        let whole = Span::lasting(at(&format!("{day}T00:00:00Z")), Duration::from_secs(86_400));
        diary.free_slots(whole, 99).len()
    };
    assert_eq!(sundays("2027-03-21", "2027-03-20T00:00:00Z"), 5, "02:30 to 05:00");
    assert_eq!(sundays("2027-03-28", "2027-03-20T00:00:00Z"), 3, "the clock goes from 2 to 3: 03:30 to 05:00");
    assert_eq!(sundays("2027-10-31", "2027-10-20T00:00:00Z"), 7, "the hour from 2 to 3 comes twice");
}

#[test]
fn hours_up_to_midnight_reach_into_the_next_utc_day() {
    let mut schedule = Schedule::office("America/Los_Angeles");
    schedule.days[0] = vec![OpenHours { from: 12 * 60, to: 24 * 60 }];
    let schedule = OpenTimes::of(&schedule);
    let busy = Busy::Known(vec![]);
    // Monday evening in Los Angeles is Tuesday in UTC.
    assert!(diary(&schedule, &busy, &[]).check(at("2026-11-24T07:30:00Z")).is_ok());
    assert_eq!(diary(&schedule, &busy, &[]).check(at("2026-11-24T07:45:00Z")), Err(WhyNot::OutsideHours));
}

#[test]
fn a_meeting_may_run_from_one_stretch_into_the_next_that_touches_it() {
    let mut schedule = Schedule::office("Europe/London");
    let hours = |from: u16, to: u16| OpenHours { from: from * 60, to: to * 60 };
    schedule.days[1] = vec![hours(9, 12), hours(12, 17), hours(20, 24)];
    schedule.days[2] = vec![hours(0, 2), hours(3, 5)];
    let schedule = OpenTimes::of(&schedule);
    let busy = Busy::Known(vec![]);
    let cases = [
        ("over noon", "2026-11-24T11:45:00Z", None),
        ("over midnight", "2026-11-24T23:45:00Z", None),
        ("over the hour between two and three", "2026-11-25T01:45:00Z", Some(WhyNot::OutsideHours)),
        ("over the end of the day", "2026-11-24T16:45:00Z", Some(WhyNot::OutsideHours)),
    ];
    for (name, start, expected) in cases {
        assert_eq!(diary(&schedule, &busy, &[]).check(at(start)).err(), expected, "{name}");
    }
}
