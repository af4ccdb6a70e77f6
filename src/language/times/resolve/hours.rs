//! Hours of the day (rules T2, T3, T5, T12). Times are minutes since midnight of a wall clock.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::Timestamp;

use super::super::ast::{Clock, Mark, TimeExpr};
use super::super::lexicon::Part;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Point(i32),
    Window(i32, i32),
}

const HOUR: i32 = 60;
const DAY_START: i32 = 9 * HOUR;
const DAY_END: i32 = 17 * HOUR;
const EVENING_END: i32 = 20 * HOUR;

/// Rule T2.
pub fn of_part(part: Part) -> Span {
    let (from, to) = match part {
        Part::Morning => (9, 12),
        Part::FirstThing => (9, 10),
        Part::Lunch | Part::EarlyAfternoon => (12, 14),
        Part::Afternoon => (12, 17),
        Part::LateAfternoon => (15, 17),
        Part::Evening => (17, 20),
        Part::FirstHalf => (9, 13),
        Part::SecondHalf => (13, 17),
        Part::WholeDay => (9, 17),
    };
    Span::Window(from * HOUR, to * HOUR)
}

/// The hours an expression names, refined by a part of the day beside it; none when they are empty.
pub fn span(expr: &TimeExpr, part: Option<Part>) -> Option<Span> {
    let span = match *expr {
        TimeExpr::Point(clock) => Span::Point(minutes(clock, part)),
        TimeExpr::Range(from, to) => range(from, to, part)?,
        TimeExpr::Part(part) => of_part(part),
        TimeExpr::After(clock) => after(minutes(clock, part)),
        TimeExpr::Before(clock) => {
            let from = part.map_or(DAY_START, |part| bounds(part).0);
            Span::Window(from, minutes(clock, part))
        }
        TimeExpr::AfterPart(part) => after(bounds(part).1),
        TimeExpr::BeforePart(part) => Span::Window(DAY_START, bounds(part).0),
        TimeExpr::Same | TimeExpr::InMinutes(_) => return None,
    };
    match span {
        Span::Window(from, to) if to <= from => None,
        span => Some(span),
    }
}

fn bounds(part: Part) -> (i32, i32) {
    match of_part(part) {
        Span::Window(from, to) => (from, to),
        Span::Point(at) => (at, at),
    }
}

/// Rule T3.
fn after(from: i32) -> Span {
    Span::Window(from, if from >= DAY_END { EVENING_END } else { DAY_END })
}

/// Rule T5: which half of the day an hour without a mark means.
fn minutes(clock: Clock, part: Option<Part>) -> i32 {
    let hour = i32::from(clock.hour);
    let half = hour % 12;
    let hour = match (clock.mark, part) {
        (Mark::Fixed, _) => hour,
        (Mark::Am, _) => half,
        (Mark::Pm, _) => half + 12,
        (Mark::None, Some(Part::Morning | Part::FirstThing)) => hour,
        (Mark::None, Some(Part::Evening)) if hour < 12 => hour + 12,
        (Mark::None, Some(Part::Afternoon | Part::EarlyAfternoon | Part::LateAfternoon)) if hour < 9 => hour + 12,
        (Mark::None, _) if (1..=6).contains(&hour) => hour + 12,
        (Mark::None, _) => hour,
    };
    hour * HOUR + i32::from(clock.minute)
}

/// One mark holds for both ends unless that empties the range.
fn range(from: Clock, to: Clock, part: Option<Part>) -> Option<Span> {
    let shared = match (from.mark, to.mark) {
        (Mark::None, mark @ (Mark::Am | Mark::Pm)) => Some((Clock { mark, ..from }, to)),
        (mark @ (Mark::Am | Mark::Pm), Mark::None) => Some((from, Clock { mark, ..to })),
        _ => None,
    };
    let read = |(from, to)| (minutes(from, part), minutes(to, part));
    let fits = |(from, to): &(i32, i32)| from < to;
    let late_end = || {
        let (start, end) = read((from, to));
        (to.mark == Mark::None && end < 12 * HOUR).then_some((start, end + 12 * HOUR))
    };
    let early_start = || {
        let (start, end) = read((from, to));
        (from.mark == Mark::None && start >= 13 * HOUR).then_some((start - 12 * HOUR, end))
    };
    let found = shared
        .map(read)
        .filter(fits)
        .or_else(|| Some(read((from, to))).filter(fits))
        .or_else(|| late_end().filter(fits))
        .or_else(|| early_start().filter(fits))?;
    Some(Span::Window(found.0, found.1))
}

/// A wall time as an instant. One that a clock change skips moves forward by the gap; one that
/// happens twice is the first (rule T12, RFC 5545 section 3.3.5 says the same).
pub fn instant(day: Date, minutes: i32, zone: &TimeZone) -> Option<Timestamp> {
    let time = Time::new((minutes / HOUR) as i8, (minutes % HOUR) as i8, 0, 0).ok()?;
    zone.to_ambiguous_zoned(day.to_datetime(time)).compatible().ok().map(|zoned| zoned.timestamp())
}
