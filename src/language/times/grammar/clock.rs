//! Clock readings: "3pm", "15h30", "halb acht", "quarter to four", "साढ़े तीन बजे" (rule T5).

use super::super::ast::{Clock, Mark};
use super::super::lex::Items;
use super::super::lexicon::{Sense, Unit};
use super::Read;

/// How sure a reading is: a bare number is an hour only in the right place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// "3", "15"
    Bare,
    /// "9.30", "1430": needs a date or a preposition.
    Joined,
    /// "3pm", "9:30", "half eight"
    Sure,
}

#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub clock: Clock,
    pub strength: Strength,
}

fn reading(hour: u32, minute: u32, fixed: bool, strength: Strength) -> Option<Reading> {
    if hour > 24 || minute > 59 || (hour == 24 && minute > 0) {
        return None;
    }
    let mark = if fixed || hour >= 13 || hour == 0 { Mark::Fixed } else { Mark::None };
    Some(Reading { clock: Clock { hour: (hour % 24) as i8, minute: minute as i8, mark }, strength })
}

/// Reads one clock time at `at`, with its am/pm mark.
pub fn clock(items: &Items, at: usize) -> Read<Reading> {
    let (mut read, mut to) = spoken(items, at).or_else(|| written(items, at))?;
    if items.is_text(to, "ish") || (items.is_sign(to, &["-"]) && items.is_text(to + 1, "ish")) {
        to += if items.is_text(to, "ish") { 1 } else { 2 };
        read.strength = read.strength.max(Strength::Joined);
    }
    if let Some((mark, end)) = meridiem(items, to) {
        if read.clock.hour <= 12 && read.clock.hour > 0 {
            read.clock.mark = mark;
        }
        return Some((Reading { strength: Strength::Sure, ..read }, end));
    }
    Some((read, to))
}

/// "am", "pm", "a.m.", "p. m.", and the single letters of "3p".
fn meridiem(items: &Items, at: usize) -> Read<Mark> {
    if items.has(at, Sense::Am) && !german_on(items, at) {
        return Some((Mark::Am, at + 1));
    }
    if items.has(at, Sense::Pm) {
        return Some((Mark::Pm, at + 1));
    }
    let mark = if items.is_text(at, "a") { Mark::Am } else { Mark::Pm };
    if !items.is_text(at, "a") && !items.is_text(at, "p") {
        return None;
    }
    let dotted = items.is_sign(at + 1, &["."]) && items.is_text(at + 2, "m");
    if dotted {
        let end = at + 3;
        let closing = items.is_sign(end, &["."]) && items.glued(end);
        return Some((mark, end + usize::from(closing)));
    }
    (items.glued(at) && mark == Mark::Pm).then_some((mark, at + 1))
}

/// "um 3 am Montag": a German preposition, not a mark.
fn german_on(items: &Items, at: usize) -> bool {
    items.has(at, Sense::On)
        && items
            .find(at + 1, |s| {
                matches!(
                    s,
                    Sense::Weekday(_) | Sense::WeekdayPart(..) | Sense::Part(_) | Sense::Day(_) | Sense::Number(_)
                )
                .then_some(())
            })
            .is_some()
        || (items.has(at, Sense::On) && items.digits(at + 1) > 0)
}

/// Digits: "9", "9:30", "9.30", "15h", "15h30", "10 Uhr 30", "1430 hrs".
fn written(items: &Items, at: usize) -> Read<Reading> {
    let hour = items.count(at)?;
    let in_digits = items.digits(at) > 0;
    let fixed = items.get(at)?.leading_zero();
    if in_digits && items.digits(at) >= 3 {
        return military(items, at, hour);
    }
    let joined = items.glued(at + 1) && items.glued(at + 2) && items.digits(at + 2) == 2;
    if in_digits && joined && items.is_sign(at + 1, &[":"]) {
        let mut end = at + 3;
        if items.is_sign(end, &[":"]) && items.glued(end) && items.digits(end + 1) == 2 {
            end += 2;
        }
        let end = skip_hour_word(items, end);
        return Some((reading(hour, items.number(at + 2)?, fixed, Strength::Sure)?, end));
    }
    if in_digits && joined && items.is_sign(at + 1, &["."]) && !more_digits(items, at + 3) {
        let end = skip_hour_word(items, at + 3);
        let strength = if end > at + 3 { Strength::Sure } else { Strength::Joined };
        return Some((reading(hour, items.number(at + 2)?, fixed, strength)?, end));
    }
    if items.has(at + 1, Sense::HourWord) {
        return hour_word(items, at, hour, fixed);
    }
    if let Some((minutes, end)) = tail(items, at + 1) {
        return Some((shifted(hour, minutes, fixed)?, end));
    }
    if !in_digits && !items.glued(at + 1) {
        if let Some(minutes @ (15 | 20 | 30 | 40 | 45 | 50 | 10)) =
            items.count(at + 1).filter(|_| items.digits(at + 1) == 0)
        {
            return Some((reading(hour, minutes, false, Strength::Sure)?, at + 2));
        }
    }
    Some((reading(hour, 0, fixed, Strength::Bare)?, at + 1))
}

fn military(items: &Items, at: usize, value: u32) -> Read<Reading> {
    if items.digits(at) != 4 || more_digits(items, at + 1) {
        return None;
    }
    let named = items.has(at + 1, Sense::HourWord);
    let zoned = items.find(at + 1, |s| matches!(s, Sense::Zone(_)).then_some(())).is_some();
    let strength = if named || zoned { Strength::Sure } else { Strength::Joined };
    let to = at + 1 + usize::from(named);
    // "2026" is a year unless something says clock.
    if !named && !zoned && (1900..=2100).contains(&value) && !matches!(value % 100, 0 | 30) {
        return None;
    }
    Some((reading(value / 100, value % 100, true, strength)?, to))
}

fn more_digits(items: &Items, at: usize) -> bool {
    items.digits(at) > 0 || (items.is_sign(at, &[".", "-", "/"]) && items.glued(at + 1) && items.digits(at + 1) > 2)
}

fn skip_hour_word(items: &Items, at: usize) -> usize {
    at + usize::from(items.has(at, Sense::HourWord))
}

/// "15h", "15h30", "10 Uhr 30", "3 heures et demie".
fn hour_word(items: &Items, at: usize, hour: u32, fixed: bool) -> Read<Reading> {
    let word = at + 1;
    if let Some((minutes, end)) = tail(items, word + 1) {
        return Some((shifted(hour, minutes, fixed)?, end));
    }
    let with_minutes = items.digits(word + 1) == 2 && (items.glued(word + 1) || !items.glued(word));
    let goes_on =
        items.is_sign(word + 2, &[":", "/"]) || (items.is_sign(word + 2, &["."]) && items.digits(word + 3) > 0);
    if with_minutes && !goes_on && !items.has(word + 2, Sense::HourWord) {
        if let Some(minutes) = items.number(word + 1).filter(|m| *m < 60 && m % 5 == 0) {
            return Some((reading(hour, minutes, fixed, Strength::Sure)?, word + 2));
        }
    }
    Some((reading(hour, 0, fixed, Strength::Sure)?, word + 1))
}

/// "y media", "et quart", "menos cuarto".
fn tail(items: &Items, at: usize) -> Read<i32> {
    let minutes = items.find(at, |sense| match *sense {
        Sense::Tail(minutes) => Some(i32::from(minutes)),
        _ => None,
    })?;
    Some((minutes, at + 1))
}

fn shifted(hour: u32, minutes: i32, fixed: bool) -> Option<Reading> {
    let total = hour as i32 * 60 + minutes;
    if total < 0 {
        return None;
    }
    reading(total as u32 / 60, total as u32 % 60, fixed, Strength::Sure)
}

/// Times told with words around the number: "half eight", "Viertel nach drei", "ten to five".
fn spoken(items: &Items, at: usize) -> Read<Reading> {
    if items.has(at, Sense::Noon) {
        let noon = Reading { clock: Clock::NOON, strength: Strength::Sure };
        return match tail(items, at + 1) {
            Some((minutes, end)) => Some((shifted(12, minutes, true)?, end)),
            None => Some((noon, at + 1)),
        };
    }
    let fixed = items.find(at, |s| if let Sense::Clock(hour, minute) = *s { Some((hour, minute)) } else { None });
    if let Some((hour, minute)) = fixed {
        let read = reading(u32::from(hour), u32::from(minute), false, Strength::Sure)?;
        return items.has(at + 1, Sense::HourWord).then_some((read, at + 2));
    }
    if let Some(minutes) = items.find(at, |s| if let Sense::Shift(m) = *s { Some(i32::from(m)) } else { None }) {
        let hour = items.count(at + 1).filter(|hour| *hour <= 12)?;
        return Some((shifted(hour, minutes, false)?, skip_hour_word(items, at + 2)));
    }
    if items.has(at, Sense::HalfPast) {
        return half(items, at + 1, 30);
    }
    if items.has(at, Sense::HalfTo) {
        return half(items, at + 1, -30);
    }
    if items.has(at, Sense::ThreeQuarters) {
        return half(items, at + 1, -15);
    }
    past_or_to(items, at)
}

fn half(items: &Items, at: usize, minutes: i32) -> Read<Reading> {
    let hour = items.count(at).filter(|hour| (1..=12).contains(hour))?;
    // "halb eins" is 12:30, not half an hour past midnight.
    let hour = if hour == 1 && minutes < 0 { 13 } else { hour };
    let total = hour as i32 * 60 + minutes;
    let read = reading(total as u32 / 60, total as u32 % 60, false, Strength::Sure)?;
    Some((read, skip_hour_word(items, at + 1)))
}

fn past_or_to(items: &Items, at: usize) -> Read<Reading> {
    let quarter = items.has(at, Sense::Quarter);
    let minutes =
        if quarter { 15 } else { items.count(at).filter(|m| *m <= 29 && !items.is_sign(at + 1, &[":"]))? as i32 };
    let mut next = at + 1;
    if items.has(next, Sense::Unit(Unit::Minute)) {
        next += 1;
    }
    let sign = if items.has(next, Sense::Past) {
        1
    } else if items.has(next, Sense::To) && (quarter || spelt_to(items, next)) {
        -1
    } else if quarter && items.count(next).is_some() {
        // Regional German "viertel drei" = 2:15.
        return half(items, next, -45);
    } else {
        return None;
    };
    let noon = items.has(next + 1, Sense::Noon).then_some(12);
    let hour = noon.or_else(|| items.count(next + 1)).filter(|hour| (1..=12).contains(hour))?;
    if !quarter && minutes % 5 != 0 {
        return None;
    }
    let hour = if hour == 1 && sign < 0 { 13 } else { hour as i32 };
    let total = hour * 60 + sign * minutes;
    let read = reading(total as u32 / 60, total as u32 % 60, false, Strength::Sure)?;
    Some((read, skip_hour_word(items, next + 2)))
}

/// "ten to five" is a clock time, "10 to 5" and "von 10 bis 5" are ranges.
fn spelt_to(items: &Items, at: usize) -> bool {
    !items.is_text(at, "bis") && at > 0 && items.digits(at - 1) == 0 && items.digits(at + 1) == 0
}
