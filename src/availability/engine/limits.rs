//! Days that offer nothing: full ones, and those beyond the horizon.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use jiff::ToSpan;

use super::hours::{date_of, day, start_of};
use super::model::{Assignment, Horizon, Limits, Request, Taken};
use super::ranges::{Millis, Range, MINUTE};
use super::taken::{is_there, length};

/// Which limit a day has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    Day,
    Minutes,
    Week,
    WeekMinutes,
    Month,
    MonthMinutes,
}

/// The days on which no more is offered, each with the first limit that it has reached.
pub fn full_days(request: &Request) -> BTreeMap<Date, Full> {
    let (limits, zone) = (request.event.limits, &request.event.zone);
    if limits == Limits::default() {
        return BTreeMap::new();
    }
    let [mut days, mut weeks, mut months] = [const { BTreeMap::<Date, (u64, Millis)>::new() }; 3];
    for booking in bookings(request) {
        let date = date_of(booking.start.as_millisecond(), zone);
        for (stretch, first) in [(&mut days, date), (&mut weeks, monday_of(date)), (&mut months, date.first_of_month())] {
            let (count, length_of_all) = stretch.entry(first).or_default();
            *count += 1;
            *length_of_all += length(booking);
        }
    }
    let mut full = BTreeMap::new();
    let own = request.event.duration * MINUTE;
    let minutes = |length: Millis| u64::try_from((length + own) / MINUTE).unwrap_or(u64::MAX);
    // What is asked first is written last.
    for (first, (count, length)) in months {
        let dates = || (0..i64::from(first.days_in_month())).map(|at| first.saturating_add(at.days()));
        if limits.minutes_per_month.is_some_and(|most| minutes(length) > most) {
            full.extend(dates().map(|date| (date, Full::MonthMinutes)));
        }
        if limits.per_month.is_some_and(|most| count >= most) {
            full.extend(dates().map(|date| (date, Full::Month)));
        }
    }
    for (monday, (count, length)) in weeks {
        let dates = || (0..7).map(|at| monday.saturating_add(at.days()));
        if limits.minutes_per_week.is_some_and(|most| minutes(length) > most) {
            full.extend(dates().map(|date| (date, Full::WeekMinutes)));
        }
        if limits.per_week.is_some_and(|most| count >= most) {
            full.extend(dates().map(|date| (date, Full::Week)));
        }
    }
    for (date, (count, length)) in days {
        if limits.minutes_per_day.is_some_and(|most| minutes(length) > most) {
            full.insert(date, Full::Minutes);
        }
        if limits.per_day.is_some_and(|most| count >= most) {
            full.insert(date, Full::Day);
        }
    }
    full
}

/// A limit that lets nothing through at all, however empty the day.
pub fn closed_by_limit(request: &Request) -> Option<Full> {
    let limits = request.event.limits;
    let own = u64::try_from(request.event.duration).unwrap_or(u64::MAX);
    match limits {
        Limits { per_day: Some(0), .. } => Some(Full::Day),
        Limits { minutes_per_day: Some(most), .. } if own > most => Some(Full::Minutes),
        Limits { per_week: Some(0), .. } => Some(Full::Week),
        Limits { minutes_per_week: Some(most), .. } if own > most => Some(Full::WeekMinutes),
        Limits { per_month: Some(0), .. } => Some(Full::Month),
        Limits { minutes_per_month: Some(most), .. } if own > most => Some(Full::MonthMinutes),
        _ => None,
    }
}

/// What this event type has booked. A booking that stands with several hosts is one; those of one list are each one.
fn bookings(request: &Request) -> Vec<&Taken> {
    let is_booking = |taken: &&Taken| taken.booking.is_some() && is_there(taken);
    let lists = std::iter::once(&request.taken).chain(request.event.hosts.iter().map(|host| &host.taken));
    if request.event.assignment == Assignment::RoundRobin {
        return lists.flatten().filter(is_booking).collect();
    }
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for list in lists {
        let mut of_list = BTreeMap::<_, usize>::new();
        for taken in list.iter().filter(is_booking) {
            let nth = of_list.entry((taken.start, taken.end)).or_default();
            *nth += 1;
            if seen.insert((taken.start, taken.end, *nth)) {
                found.push(taken);
            }
        }
    }
    found
}

fn monday_of(date: Date) -> Date {
    date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days())
}

/// The instants that the horizon leaves.
pub fn horizon(request: &Request) -> Range {
    let zone = &request.event.zone;
    let today = date_of(request.now.as_millisecond(), zone);
    let until = |last: Date| Range::new(Millis::MIN, day(last, zone).end);
    match request.event.horizon {
        None => Range::new(Millis::MIN, Millis::MAX),
        Some(Horizon::RollingDays(days)) => until(today.saturating_add(i64::from(days).days())),
        Some(Horizon::RollingBusinessDays(days)) => until(after_business_days(today, days)),
        Some(Horizon::Range(dates)) => Range::new(start_of(dates.from, zone), day(dates.to, zone).end),
    }
}

/// The date on which so many working days have passed since `today`.
fn after_business_days(today: Date, days: u32) -> Date {
    let mut date = today.saturating_add(i64::from(days / 5 * 7).days());
    let mut left = days % 5;
    // Whole weeks from a weekend end on a weekend: they count from the Friday before.
    if days >= 5 && left == 0 {
        while is_weekend(date) {
            date = date.saturating_sub(1.days());
        }
    }
    while left > 0 {
        date = date.saturating_add(1.days());
        left -= u32::from(!is_weekend(date));
    }
    date
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}
