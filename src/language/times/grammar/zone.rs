//! Time zones in the text (rule T11).

use super::super::ast::{Atom, AtomKind, TimeExpr, ZoneUse};
use super::super::lex::Items;
use super::super::lexicon::{named_zone, Sense, ZoneName};
use super::{Habits, Read};

pub fn zone(items: &Items, habits: &Habits, at: usize) -> Read<ZoneUse> {
    if items.has(at, Sense::MyTime) {
        return Some((ZoneUse::Mine, at + 1));
    }
    if items.has(at, Sense::YourTime) {
        return Some((ZoneUse::Yours, at + 1));
    }
    if let Some((minutes, to)) = iso_offset(items, at) {
        return Some((ZoneUse::Fixed(minutes), to));
    }
    let name = items.find(at, |sense| if let Sense::Zone(name) = *sense { Some(name) } else { None })?;
    if name == ZoneName::Utc {
        let (minutes, to) = offset(items, at + 1).unwrap_or((0, at + 1));
        return Some((ZoneUse::Fixed(minutes), to));
    }
    Some((ZoneUse::Named(named_zone(name, habits.sender_zone).to_owned()), at + 1))
}

/// Words of a place's name that are looked at.
const MOST_WORDS: usize = 3;

/// "Winterfell time", "Sioux Falls time" right after a clock time: a place of which no zone is known.
pub fn unknown(items: &Items, at: usize, previous: Option<&Atom>) -> Option<usize> {
    let clock = previous.filter(|atom| match atom.kind {
        AtomKind::Time(expr) => {
            matches!(expr, TimeExpr::Point(_) | TimeExpr::Range(..) | TimeExpr::After(_) | TimeExpr::Before(_))
        }
        _ => false,
    })?;
    let beside = clock.to == at || (clock.to + 1 == at && items.is_sign(clock.to, &["(", ","]));
    let is_name = |at: usize| {
        items.get(at).is_some_and(|item| item.is_word() && item.senses.is_empty()) && !items.is_text(at, "time")
    };
    let words = (at..at + MOST_WORDS).take_while(|at| is_name(*at)).count();
    (beside && words > 0 && items.is_text(at + words, "time")).then_some(at + words + 1)
}

/// "+2", "-05:30", "+0530" right after GMT or UTC.
fn offset(items: &Items, at: usize) -> Read<i32> {
    let sign = if items.is_sign(at, &["+"]) { 1 } else { -1 };
    if !items.is_sign(at, &["+", "-"]) || !items.glued(at + 1) || (sign < 0 && !items.glued(at)) {
        return None;
    }
    let value = items.number(at + 1)? as i32;
    let (hours, minutes, to) = if items.digits(at + 1) > 2 {
        (value / 100, value % 100, at + 2)
    } else if items.is_sign(at + 2, &[":"]) && items.glued(at + 2) && items.digits(at + 3) == 2 {
        (value, items.number(at + 3)? as i32, at + 4)
    } else {
        (value, 0, at + 2)
    };
    (hours <= 14 && minutes < 60).then_some((sign * (hours * 60 + minutes), to))
}

/// RFC 3339's "+02:00" right after a clock time.
fn iso_offset(items: &Items, at: usize) -> Read<i32> {
    let follows_clock = at >= 2 && items.digits(at - 1) == 2 && items.is_sign(at - 2, &[":"]) && items.glued(at);
    let full = items.digits(at + 1) == 2 && items.is_sign(at + 2, &[":"]);
    if follows_clock && full {
        offset(items, at)
    } else {
        None
    }
}
