//! Dates: weekdays, relative days, weeks and spans (rules T6, T7, T10).

use super::super::ast::{Atom, AtomKind, DateExpr, WeekPart};
use super::super::lex::Items;
use super::super::lexicon::{Sense, Unit};
use super::calendar::{calendar, dated_weekday};
use super::{Habits, Read};

pub fn date(items: &Items, habits: &Habits, at: usize) -> Read<DateExpr> {
    let (first, to) = open_ended(items, habits, at).or_else(|| single(items, habits, at))?;
    let between = at > 0 && items.has(at - 1, Sense::Between);
    let joined = items.is_sign(to, &["-"])
        || (items.has(to, Sense::Until) && (between || !items.has(to, Sense::And)))
        || (between && items.has(to, Sense::And));
    // "Move Thursday to Friday" names two days, not the days between.
    let moved = (at.saturating_sub(5)..at).any(|i| items.has(i, Sense::Move));
    if !joined || moved || !is_single_day(&first) {
        return Some((first, to));
    }
    let next = skip_articles(items, to + 1);
    match single(items, habits, next) {
        Some((last, mut end)) if is_single_day(&last) => {
            if items.has(end, Sense::UntilPost) {
                end += 1;
            }
            // "14-16 May": the month stands after the second day only.
            Some((DateExpr::Span(Box::new(with_month_of(first, &last)), Box::new(last)), end))
        }
        _ => Some((first, to)),
    }
}

/// A date that recurs or is over: "every Monday", "last Friday", "since Tuesday", "lunes pasado".
pub fn idle(items: &Items, habits: &Habits, at: usize) -> Option<usize> {
    // "the Monday report"
    let named_after = at > 0 && items.is_text(at - 1, "the");
    if let Some((_, to)) = weekday(items, at).filter(|_| named_after) {
        if items.get(to).is_some_and(|next| next.is_word() && next.senses.is_empty()) {
            return Some(to);
        }
    }
    let led = items.any(at, &[Sense::Every, Sense::Last]);
    if led && !items.any(at, &[Sense::Next, Sense::AnyDay]) {
        let mut next = skip_articles(items, at + 1);
        if items.any(next, &[Sense::Unit(Unit::Week), Sense::Unit(Unit::Month), Sense::Unit(Unit::Year)]) {
            next += 1;
            return Some(single(items, habits, next).map_or(next, |(_, to)| to));
        }
        return single(items, habits, next).map(|(_, to)| to);
    }
    if let Some((_, to)) = weekday(items, at) {
        if items.has(to, Sense::Last) && !items.has(to, Sense::This) {
            return Some(to + 1);
        }
    }
    let week = items.has(at, Sense::Unit(Unit::Week)) && items.has(at + 1, Sense::Last);
    week.then_some(at + 2)
}

/// "Not tomorrow, the day after": the day that follows the one named right before.
pub fn day_after(items: &Items, at: usize, previous: Option<&Atom>) -> Read<DateExpr> {
    let previous = previous.filter(|atom| items.has(at, Sense::DayAfter) && at <= atom.to + MOST_BETWEEN)?;
    let to = at + 1;
    let goes_on = items.get(to).is_some_and(|next| next.is_word() && next.senses.is_empty());
    let AtomKind::Date(named) = &previous.kind else { return None };
    let following = match *named {
        DateExpr::Offset(days) if days >= 0 => DateExpr::Offset(days + 1),
        DateExpr::Weekday { day, week, plus_weeks } if day < 7 => DateExpr::Weekday { day: day + 1, week, plus_weeks },
        DateExpr::MonthDay { month, day, year, .. } if day < 28 => {
            DateExpr::MonthDay { month, day: day + 1, year, weekday: None }
        }
        DateExpr::DayOfMonth { day, .. } if day < 28 => DateExpr::DayOfMonth { day: day + 1, weekday: None },
        _ => return None,
    };
    (!goes_on).then_some((following, to))
}

/// Items that may stand between a day and "the day after".
const MOST_BETWEEN: usize = 5;

fn skip_articles(items: &Items, mut at: usize) -> usize {
    while items.any(at, &[Sense::The, Sense::On, Sense::Of]) && !items.digits(at).gt(&0) {
        at += 1;
    }
    at
}

fn is_single_day(date: &DateExpr) -> bool {
    !matches!(
        date,
        DateExpr::AnyDay
            | DateExpr::Week { .. }
            | DateExpr::Weekend { .. }
            | DateExpr::Span(..)
            | DateExpr::Onwards(_)
            | DateExpr::Until(_)
    )
}

fn with_month_of(first: DateExpr, last: &DateExpr) -> DateExpr {
    match (first, last) {
        (DateExpr::DayOfMonth { day, weekday }, DateExpr::MonthDay { month, year, .. }) => {
            DateExpr::MonthDay { month: *month, day, year: *year, weekday }
        }
        (first, _) => first,
    }
}

/// "from Tuesday on", "ab Dienstag", "a partir del martes"; "before Friday".
fn open_ended(items: &Items, habits: &Habits, at: usize) -> Read<DateExpr> {
    let after = items.has(at, Sense::After) && !items.has(at, Sense::Before);
    let before = items.has(at, Sense::Before);
    let from = items.has(at, Sense::From);
    if !(after || before || from) {
        return None;
    }
    let next = skip_articles(items, at + 1);
    let (day, mut to) = single(items, habits, next)?;
    if from && !after && !before {
        if !items.has(to, Sense::Onwards) {
            return None;
        }
        to += 1;
    }
    if !is_single_day(&day) {
        return None;
    }
    let on = items.any(at, &[Sense::After]) && items.find(at, |s| matches!(s, Sense::Past).then_some(())).is_some();
    if before {
        return Some((DateExpr::Until(Box::new(day)), to));
    }
    // "after Tuesday" names no day; "ab Dienstag" begins with it.
    if on {
        return None;
    }
    Some((DateExpr::Onwards(Box::new(day)), to))
}

fn single(items: &Items, habits: &Habits, at: usize) -> Read<DateExpr> {
    if items.has(at, Sense::AnyDay) {
        return Some((DateExpr::AnyDay, at + 1));
    }
    None.or_else(|| week(items, at))
        .or_else(|| relative(items, at))
        .or_else(|| named_day(items, habits, at))
        .or_else(|| calendar(items, habits, at))
}

/// "next week", "early next week", "end of this week", "the weekend".
fn week(items: &Items, at: usize) -> Read<DateExpr> {
    let part_of = |at: usize| {
        [
            (Sense::RestOf, WeekPart::Rest),
            (Sense::Early, WeekPart::Early),
            (Sense::Mid, WeekPart::Mid),
            (Sense::Late, WeekPart::Late),
        ]
        .into_iter()
        .find(|(sense, _)| items.has(at, *sense))
        .map(|(_, part)| part)
    };
    let (lead, mut next) = match part_of(at) {
        Some(part) => (Some(part), at + 1),
        None => (None, at),
    };
    if lead.is_some() {
        while items.any(next, &[Sense::Of, Sense::The, Sense::In, Sense::On]) || items.is_sign(next, &["-"]) {
            next += 1;
        }
    }
    let edge =
        [(Sense::EarlyWeek, WeekPart::Early), (Sense::MidWeek, WeekPart::Mid), (Sense::LateWeek, WeekPart::Late)]
            .into_iter()
            .find(|(sense, _)| items.has(next, *sense));
    if let Some((_, part)) = edge {
        let following = items.any(next + 1, &[Sense::Next]);
        return Some((DateExpr::Week { offset: i32::from(following), part }, next + 1 + usize::from(following)));
    }
    let offset = [(Sense::NextWeek, 1), (Sense::ThisWeek, 0), (Sense::WeekAfterNext, 2)]
        .into_iter()
        .find(|(sense, _)| items.has(next, *sense))
        .map(|(_, offset)| offset);
    if let Some(offset) = offset {
        let part = lead.unwrap_or(WeekPart::Whole);
        return Some((DateExpr::Week { offset, part }, next + 1));
    }
    if lead == Some(WeekPart::Late) || lead == Some(WeekPart::Rest) {
        if items.has(next, Sense::Unit(Unit::Week))
            && items.any(next - 1, &[Sense::The, Sense::Of, Sense::Late, Sense::RestOf])
        {
            return Some((DateExpr::Week { offset: 0, part: lead? }, next + 1));
        }
        return None;
    }
    weekend(items, at)
}

fn weekend(items: &Items, at: usize) -> Read<DateExpr> {
    let lead = items.any(at, &[Sense::Next, Sense::This]);
    let next = at + usize::from(lead);
    if !items.has(next, Sense::Weekend) {
        return None;
    }
    let after = items.has(next + 1, Sense::Next);
    let offset = i32::from(items.has(at, Sense::Next) || after);
    Some((DateExpr::Weekend { offset }, next + 1 + usize::from(after)))
}

/// "today", "tomorrow", "in 3 days", "aaj".
fn relative(items: &Items, at: usize) -> Read<DateExpr> {
    let offset = items.find(at, |sense| if let Sense::Day(days) = *sense { Some(days) } else { None });
    if let Some(offset) = offset {
        if offset == 1 && is_morning_word(items, at) {
            return None;
        }
        return Some((DateExpr::Offset(offset), at + 1));
    }
    let lead = usize::from(items.has(at, Sense::In));
    let count = items.count(at + lead).filter(|count| (1..=60).contains(count))?;
    if !items.has(at + lead + 1, Sense::Unit(Unit::Day)) {
        return None;
    }
    let to = at + lead + 2;
    let from_now = items.is_text(to, "from") && items.is_text(to + 1, "now");
    if lead == 1 {
        return Some((DateExpr::Offset(count as i32), to));
    }
    if items.has(to, Sense::AfterPost) || items.is_text(to, "mein") || items.is_text(to, "में") {
        return Some((DateExpr::Offset(count as i32), to + 1));
    }
    from_now.then_some((DateExpr::Offset(count as i32), to + 2))
}

/// "Dienstag Morgen", "heute morgen", "la mañana": here the word for tomorrow means morning.
fn is_morning_word(items: &Items, at: usize) -> bool {
    if !items.is_text(at, "morgen") || at == 0 {
        return false;
    }
    items.find(at - 1, |s| matches!(s, Sense::Weekday(_) | Sense::Day(0)).then_some(())).is_some()
        || items.is_text(at - 1, "am")
        || items.is_text(at - 1, "jeden")
}

/// Position after a weekday, its number.
pub fn weekday(items: &Items, at: usize) -> Read<i8> {
    let day = items.find(at, |sense| if let Sense::Weekday(day) = *sense { Some(day) } else { None })?;
    let dotted = items.is_sign(at + 1, &["."]) && items.glued(at + 1) && items.get(at)?.text.len() <= 5;
    let dotted = dotted && (items.digits(at + 2) > 0 || items.is_sign(at + 2, &[","]));
    Some((day, at + 1 + usize::from(dotted)))
}

/// A weekday with what qualifies it: "next Friday", "vendredi prochain", "Tuesday week",
/// "Thursday 14 May", "nächste Woche Freitag".
fn named_day(items: &Items, habits: &Habits, at: usize) -> Read<DateExpr> {
    if let Some(found) = a_week_on(items, at) {
        return Some(found);
    }
    let mut week = None;
    let mut next = at;
    if items.has(at, Sense::NextWeek) || items.has(at, Sense::ThisWeek) {
        week = Some(i32::from(items.has(at, Sense::NextWeek)));
        next = skip_articles(items, at + 1);
    } else if items.has(at, Sense::WeekAfterNext) {
        week = Some(2);
        next = skip_articles(items, at + 1);
    } else if items.has(at, Sense::Next) {
        week = Some(1);
        next = at + 1;
    } else if items.has(at, Sense::This) {
        week = Some(0);
        next = at + 1;
        if items.has(next, Sense::Coming) {
            week = None;
            next += 1;
        }
    } else if items.has(at, Sense::Coming) {
        next = at + 1;
    }
    let (day, mut to) = weekday(items, next)?;
    if next == at {
        if let Some(found) = dated_weekday(items, habits, day, to) {
            return Some(found);
        }
    }
    let mut plus_weeks = 0;
    let lead = usize::from(items.any(to, &[Sense::Of, Sense::On, Sense::In]));
    let and_article = lead + usize::from(lead == 1 && items.has(to + lead, Sense::The));
    let follow = to
        + if items.any(to + lead, &[Sense::NextWeek, Sense::ThisWeek, Sense::WeekAfterNext]) {
            lead
        } else if lead == 1 {
            and_article
        } else {
            0
        };
    if items.has(follow, Sense::NextWeek) {
        (week, to) = (Some(1), follow + 1);
    } else if items.has(follow, Sense::ThisWeek) {
        (week, to) = (Some(0), follow + 1);
    } else if items.has(follow, Sense::WeekAfterNext) {
        (week, to) = (Some(2), follow + 1);
    } else if items.has(to, Sense::PlusWeek) && (!items.has(to, Sense::Unit(Unit::Week)) || !items.is_text(to + 1, "s"))
    {
        (plus_weeks, to) = (1, to + 1);
    } else if items.has(to, Sense::Next)
        && !items.any(to + 1, &[Sense::Unit(Unit::Week)])
        && !is_english_next(items, to)
    {
        (week, to) = (Some(1), to + 1);
    } else if items.has(to, Sense::Coming) && !items.is_text(to, "following") {
        to += 1;
    }
    Some((DateExpr::Weekday { day, week, plus_weeks }, to))
}

/// In English "next" stands before its day: "Tuesday next Friday" is two dates.
fn is_english_next(items: &Items, at: usize) -> bool {
    items.is_text(at, "next") && weekday(items, at + 1).is_some()
}

/// "a week on Tuesday", "a week from Tuesday".
fn a_week_on(items: &Items, at: usize) -> Read<DateExpr> {
    let lead = usize::from(items.is_text(at, "a"));
    let spelt = items.is_text(at + lead, "week")
        && (items.is_text(at + lead + 1, "on") || items.is_text(at + lead + 1, "from"));
    if !spelt {
        return None;
    }
    if items.is_text(at + lead + 2, "today") || items.is_text(at + lead + 2, "tomorrow") {
        let days = if items.is_text(at + lead + 2, "today") { 7 } else { 8 };
        return Some((DateExpr::Offset(days), at + lead + 3));
    }
    let (day, to) = weekday(items, at + lead + 2)?;
    Some((DateExpr::Weekday { day, week: None, plus_weeks: 1 }, to))
}
