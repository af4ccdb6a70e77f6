//! Stage 3: items to atoms (dates, times, zones, durations), leftmost and longest first.
//! Numbers that belong to nothing here (prices, phone numbers, versions) are stepped over whole, so
//! that no part of them is taken for an hour.

mod calendar;
mod clock;
mod date;
mod numeric;
mod time;
mod zone;

use super::ast::{Atom, AtomKind, DateExpr, TimeExpr, ZoneUse};
use super::lex::Items;
use super::lexicon::{Sense, Unit};

/// A recogniser's answer: what was read, and the position after it.
type Read<T> = Option<(T, usize)>;

/// What the grammar needs to know about the writer.
pub struct Habits<'a> {
    /// Month before day in numeric dates (rule T9).
    pub month_first: bool,
    pub sender_zone: &'a str,
}

pub fn atoms(items: &Items, habits: &Habits) -> Vec<Atom> {
    let mut found: Vec<Atom> = Vec::new();
    let mut at = 0;
    while at < items.len() {
        at = match numeric::noise(items, at) {
            Some(end) => end,
            None => one(items, habits, at, &mut found).unwrap_or(at + 1),
        };
    }
    found
}

/// Reads one expression at `at`, pushes its atoms and gives the position after it.
fn one(items: &Items, habits: &Habits, at: usize, found: &mut Vec<Atom>) -> Option<usize> {
    let mut push = |kind: AtomKind, to: usize| {
        found.push(Atom { kind, from: at, to });
        Some(to)
    };
    if let Some((time, to)) = time::in_minutes(items, at) {
        return push(AtomKind::Time(time), to);
    }
    if let Some((minutes, to)) = duration(items, at) {
        return push(AtomKind::Duration(minutes), to);
    }
    if let Some((pick, to)) = pick(items, at) {
        return push(AtomKind::Pick(pick), to);
    }
    if let Some((parts, to)) = day_with_part(items, at) {
        push(AtomKind::Date(parts.0), to);
        return push(AtomKind::Time(parts.1), to);
    }
    if let Some(to) = date::idle(items, habits, at) {
        return push(AtomKind::Idle, to);
    }
    if let Some((date, to)) = date::date(items, habits, at) {
        return push(AtomKind::Date(date), to);
    }
    if let Some((zone, to)) = zone::zone(items, habits, at) {
        return push(AtomKind::Zone(zone), to);
    }
    let previous = found.last();
    if let Some((date, to)) = date::day_after(items, at, previous) {
        found.push(Atom { kind: AtomKind::Date(date), from: at, to });
        return Some(to);
    }
    if let Some(to) = zone::unknown(items, at, previous) {
        found.push(Atom { kind: AtomKind::Zone(ZoneUse::Unknown), from: at, to });
        return Some(to);
    }
    if let Some((time, to)) = time::time(items, at, time::Place::after(items, at, previous)) {
        found.push(Atom { kind: AtomKind::Time(time), from: at, to });
        return Some(to);
    }
    None
}

/// "tonight", "Dienstagnachmittag", "this afternoon": a day and a time in one.
fn day_with_part(items: &Items, at: usize) -> Read<(DateExpr, TimeExpr)> {
    let weekday = |day| DateExpr::Weekday { day, week: None, plus_weeks: 0 };
    let in_one = items.find(at, |sense| match *sense {
        Sense::DayPart(days, part) => Some((DateExpr::Offset(days), TimeExpr::Part(part))),
        Sense::WeekdayPart(day, part) => Some((weekday(day), TimeExpr::Part(part))),
        Sense::WeekdayNoon(day) => Some((weekday(day), TimeExpr::Point(super::ast::Clock::NOON))),
        _ => None,
    });
    if let Some(found) = in_one {
        return Some((found, at + 1));
    }
    if !items.has(at, Sense::This) {
        return None;
    }
    let (part, to) = time::part(items, at + 1)?;
    Some(((DateExpr::Offset(0), TimeExpr::Part(part)), to))
}

/// A length: "30 minutes", "an hour", "1.5 hours". Not "in 30 minutes", which is a time.
fn duration(items: &Items, at: usize) -> Read<u32> {
    let minutes = |sense: &Sense| match *sense {
        Sense::Minutes(minutes) => Some(u32::from(minutes)),
        _ => None,
    };
    if at > 0 && items.any(at - 1, &[Sense::In]) && !items.any(at - 1, &[Sense::On]) {
        return None;
    }
    if let Some(minutes) = items.find(at, minutes) {
        return Some((minutes, at + 1));
    }
    let count = items.count(at)?;
    let mut next = at + 1;
    if items.is_sign(next, &["-"]) {
        let ranged = items.count(next + 1).is_some();
        next += if ranged { 2 } else { 1 };
    }
    let half = items.is_sign(next, &[".", ","]) && items.is_text(next + 1, "5") && items.glued(next + 1);
    if half {
        next += 2;
    }
    if items.has(next, Sense::Unit(Unit::Minute)) {
        return Some((count, next + 1));
    }
    // "3 h", "15 horas" are clock times; an hour word that is only a unit makes a length.
    if items.has(next, Sense::Unit(Unit::Hour)) && (!items.has(next, Sense::HourWord) || half) {
        return Some((count * 60 + if half { 30 } else { 0 }, next + 1));
    }
    None
}

/// A choice among what we offered: "the second one", "slot two", "option 3", "both".
fn pick(items: &Items, at: usize) -> Read<i32> {
    let ordinal = items.find(at, |sense| match *sense {
        Sense::Ordinal(value) => Some(i32::from(value)),
        Sense::Last => Some(0),
        _ => None,
    });
    if let Some(ordinal) = ordinal {
        let numeral = items.has(at + 1, Sense::Choice);
        return numeral.then_some((ordinal - 1, at + 2));
    }
    if items.has(at, Sense::Choice) && !items.is_text(at, "time") {
        let value = items.count(at + 1)?;
        let ends = !items.is_sign(at + 2, &[":", "%"]) && !items.any(at + 2, &[Sense::Am, Sense::Pm, Sense::HourWord]);
        return (ends && (1..=12).contains(&value)).then_some((value as i32 - 1, at + 2));
    }
    None
}
