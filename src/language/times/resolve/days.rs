//! Days (rules T6, T7, T9, T10), counted from the day of sending in the sender's zone.

use jiff::civil::{Date, Weekday};
use jiff::ToSpan;

use super::super::ast::{DateExpr, WeekPart};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    /// The weekday written beside the date is another one.
    pub ambiguous: bool,
}

/// A span of days longer than this is no proposal of days.
const LONGEST_SPAN: i64 = 31;

pub fn is_span(date: &DateExpr) -> bool {
    matches!(
        date,
        DateExpr::Week { .. }
            | DateExpr::Weekend { .. }
            | DateExpr::Span(..)
            | DateExpr::Onwards(_)
            | DateExpr::Until(_)
    )
}

/// The days an expression names; empty when there is no such date.
pub fn days(expr: &DateExpr, today: Date) -> Vec<Day> {
    let sure = |dates: Vec<Date>| dates.into_iter().map(|date| Day { date, ambiguous: false }).collect();
    match expr {
        DateExpr::Week { offset, part } => sure(week(today, *offset, *part)),
        DateExpr::Weekend { offset } => {
            sure([6, 7].iter().filter_map(|day| day_of_week(today, *offset, *day)).filter(|d| *d >= today).collect())
        }
        DateExpr::Span(first, last) => sure(span(first, last, today)),
        DateExpr::Onwards(first) => {
            let Some(first) = one(first, today) else { return Vec::new() };
            let last = day_of_week(first.date, 0, 5).unwrap_or(first.date);
            if last < first.date {
                vec![first]
            } else {
                sure(working_days(first.date, last))
            }
        }
        DateExpr::Until(last) => {
            let end = one(last, today).and_then(|day| day.date.yesterday().ok());
            sure(end.map(|end| working_days(today, end)).unwrap_or_default())
        }
        DateExpr::AnyDay => Vec::new(),
        single => one(single, today).into_iter().collect(),
    }
}

fn one(expr: &DateExpr, today: Date) -> Option<Day> {
    let (date, weekday) = match *expr {
        DateExpr::Weekday { day, week: Some(week), plus_weeks } => (day_of_week(today, week + plus_weeks, day)?, None),
        DateExpr::Weekday { day, week: None, plus_weeks } => {
            (plus_days(next_weekday(today, day)?, 7 * i64::from(plus_weeks))?, None)
        }
        DateExpr::Offset(offset) => (plus_days(today, i64::from(offset))?, None),
        DateExpr::MonthDay { month, day, year: Some(year), weekday } => (Date::new(year, month, day).ok()?, weekday),
        DateExpr::MonthDay { month, day, year: None, weekday } => (next_date(today, month, day)?, weekday),
        DateExpr::DayOfMonth { day, weekday } => (next_day_of_month(today, day)?, weekday),
        _ => return None,
    };
    let ambiguous = weekday.is_some_and(|written| written != date.weekday().to_monday_one_offset());
    Some(Day { date, ambiguous })
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(days.days()).ok()
}

/// The next such weekday strictly after today.
fn next_weekday(today: Date, day: i8) -> Option<Date> {
    today.nth_weekday(1, Weekday::from_monday_one_offset(day).ok()?).ok()
}

/// A weekday of an ISO week, counted in weeks from the week of `today`.
fn day_of_week(today: Date, week: i32, day: i8) -> Option<Date> {
    let monday = plus_days(today, -i64::from(today.weekday().to_monday_zero_offset()))?;
    plus_days(monday, 7 * i64::from(week) + i64::from(day) - 1)
}

/// The next such date, today included; 29 February waits for its year.
fn next_date(today: Date, month: i8, day: i8) -> Option<Date> {
    (0..=4).filter_map(|years| Date::new(today.year().checked_add(years)?, month, day).ok()).find(|date| *date >= today)
}

fn next_day_of_month(today: Date, day: i8) -> Option<Date> {
    let first = today.first_of_month();
    (0..=2)
        .filter_map(|months: i64| {
            let month = first.checked_add(months.months()).ok()?;
            Date::new(month.year(), month.month(), day).ok()
        })
        .find(|date| *date >= today)
}

/// Rule T7. "In two weeks" names no day by itself.
fn week(today: Date, offset: i32, part: WeekPart) -> Vec<Date> {
    let (first, last) = match part {
        WeekPart::Whole | WeekPart::Rest => (1, 5),
        WeekPart::Early => (1, 2),
        WeekPart::Mid => (3, 3),
        WeekPart::Late => (4, 5),
    };
    if offset > 1 {
        return Vec::new();
    }
    let still_to_come = |date: &Date| if part == WeekPart::Rest { *date > today } else { *date >= today };
    (first..=last).filter_map(|day| day_of_week(today, offset, day)).filter(still_to_come).collect()
}

fn span(first: &DateExpr, last: &DateExpr, today: Date) -> Vec<Date> {
    let Some(from) = one(first, today).map(|day| day.date) else { return Vec::new() };
    let to = match last {
        // "Monday to Wednesday": the Wednesday after that Monday.
        DateExpr::Weekday { day, week: None, .. } => {
            from.yesterday().ok().and_then(|before| next_weekday(before, *day))
        }
        DateExpr::DayOfMonth { day, .. } => next_day_of_month(from, *day),
        other => one(other, today).map(|day| day.date),
    };
    to.map(|to| working_days(from, to)).unwrap_or_default()
}

fn working_days(from: Date, to: Date) -> Vec<Date> {
    let mut days = Vec::new();
    let mut day = Some(from);
    while let Some(date) = day.filter(|date| *date <= to) {
        if date.weekday().to_monday_one_offset() <= 5 {
            days.push(date);
        }
        if days.len() as i64 > LONGEST_SPAN {
            return Vec::new();
        }
        day = date.tomorrow().ok();
    }
    days
}
