//! Dates: weekdays, relative days, calendar dates, weeks and spans (rules T6, T7, T9, T10).

use super::super::ast::{DateExpr, WeekPart};
use super::super::lex::Items;
use super::super::lexicon::{Sense, Unit};
use super::clock::{clock, Strength};
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
fn weekday(items: &Items, at: usize) -> Read<i8> {
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

/// A calendar date after a weekday: "Thursday, 14 May", "Do., 14.5.", "martes 19".
fn dated_weekday(items: &Items, habits: &Habits, weekday: i8, at: usize) -> Read<DateExpr> {
    let mut next = at + usize::from(items.is_sign(at, &[",", "("]));
    let mut articles = 0;
    while items.any(next, &[Sense::The, Sense::On, Sense::Of]) && items.digits(next) == 0 && articles < 3 {
        next += 1;
        articles += 1;
    }
    let (date, to) = calendar_beside(items, habits, next, true, articles > 0)?;
    let closed = to + usize::from(items.is_sign(at, &["("]) && items.is_sign(to, &[")"]));
    let dated = match date {
        DateExpr::MonthDay { month, day, year, .. } => DateExpr::MonthDay { month, day, year, weekday: Some(weekday) },
        DateExpr::DayOfMonth { day, .. } => DateExpr::DayOfMonth { day, weekday: Some(weekday) },
        other => other,
    };
    Some((dated, closed))
}

fn calendar(items: &Items, habits: &Habits, at: usize) -> Read<DateExpr> {
    let after_article = at > 0 && items.any(at - 1, &[Sense::The, Sense::On]);
    let (date, to) = calendar_beside(items, habits, at, false, after_article)?;
    // A weekday may follow: "14 May (Thursday)", "14.5., Donnerstag".
    let sign = usize::from(items.is_sign(to, &["(", ","]));
    let Some((day, end)) = weekday(items, to + sign).filter(|_| sign == 1 && items.is_sign(to, &["("])) else {
        return Some((date, to));
    };
    let end = end + usize::from(items.is_sign(end, &[")"]));
    Some(match date {
        DateExpr::MonthDay { month, day: d, year, .. } => {
            (DateExpr::MonthDay { month, day: d, year, weekday: Some(day) }, end)
        }
        other => (other, to),
    })
}

fn calendar_beside(
    items: &Items,
    habits: &Habits,
    at: usize,
    beside_weekday: bool,
    after_article: bool,
) -> Read<DateExpr> {
    None.or_else(|| iso(items, at))
        .or_else(|| with_month_name(items, at))
        .or_else(|| numeric(items, habits, at, beside_weekday || after_article))
        .or_else(|| day_of_month(items, at, beside_weekday, after_article))
}

/// 2026-05-14
fn iso(items: &Items, at: usize) -> Read<DateExpr> {
    let sign = |i: usize| items.is_sign(i, &["-", "/", "."]) && items.glued(i) && items.glued(i + 1);
    if items.digits(at) != 4 || !sign(at + 1) || !sign(at + 3) {
        return None;
    }
    let date = month_day(items.number(at + 2)?, items.number(at + 4)?, Some(items.number(at)?))?;
    Some((date, at + 5))
}

fn month_day(month: u32, day: u32, year: Option<u32>) -> Option<DateExpr> {
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
    let year = match year {
        Some(year) if year < 100 => Some(2000 + year as i16),
        Some(year) => Some(year as i16),
        None => None,
    };
    fits.then_some(DateExpr::MonthDay { month: month as i8, day: day as i8, year, weekday: None })
}

/// The day number at `at`, with "th", "º" or a dot.
fn day_number(items: &Items, at: usize) -> Read<(u32, bool)> {
    let ordinal =
        items.find(at, |sense| if let Sense::Ordinal(value) = *sense { Some(u32::from(value)) } else { None });
    if let Some(value) = ordinal {
        return Some(((value, true), at + 1));
    }
    let value = items.number(at).filter(|value| (1..=31).contains(value) && items.digits(at) <= 2)?;
    if ["tareekh", "tarikh", "taarikh", "तारीख"].iter().any(|word| items.is_text(at + 1, word)) {
        return Some(((value, true), at + 2));
    }
    let suffix = items.glued(at + 1)
        && ["st", "nd", "rd", "th", "er", "º", "ª", "°", "o"].iter().any(|suffix| items.is_text(at + 1, suffix));
    if suffix {
        return Some(((value, true), at + 2));
    }
    let dotted =
        items.is_sign(at + 1, &["."]) && items.glued(at + 1) && !(items.glued(at + 2) && items.digits(at + 2) > 0);
    Some(((value, false), at + 1 + usize::from(dotted)))
}

/// "14 May", "14th of May 2026", "May 14", "May 14th, 2026", "14 de mayo de 2026".
fn with_month_name(items: &Items, at: usize) -> Read<DateExpr> {
    let month = |at: usize| items.find(at, |s| if let Sense::Month(month) = *s { Some(month as u32) } else { None });
    if let Some(((day, _), to)) = day_number(items, at) {
        let next = skip_of(items, to);
        if let Some(found) = month(next) {
            let (year, end) = year(items, next + 1);
            return Some((month_day(found, day, year)?, end));
        }
    }
    let found = month(at)?;
    let dotted = usize::from(items.is_sign(at + 1, &["."]) && items.digits(at + 2) > 0);
    let next = at + 1 + dotted + usize::from(items.has(at + 1 + dotted, Sense::The));
    let ((day, _), to) = day_number(items, next)?;
    if items.is_sign(next + 1, &[":"]) || items.any(to, &[Sense::Am, Sense::Pm]) {
        return None;
    }
    let to = if items.is_sign(to.wrapping_sub(1), &["."]) { to - 1 } else { to };
    let (year, end) = year(items, to);
    Some((month_day(found, day, year)?, end))
}

fn skip_of(items: &Items, at: usize) -> usize {
    let dash = usize::from(items.is_sign(at, &["-"]) && items.glued(at));
    at + if items.any(at, &[Sense::Of]) { 1 } else { dash }
}

fn year(items: &Items, at: usize) -> (Option<u32>, usize) {
    let next = at + usize::from(items.is_sign(at, &[",", ".", "-"]) || items.has(at, Sense::Of));
    match items.number(next).filter(|year| (2020..=2099).contains(year) && items.digits(next) == 4) {
        Some(year) if !items.is_sign(next + 1, &[":"]) && !items.has(next + 1, Sense::HourWord) => {
            (Some(year), next + 1)
        }
        _ => (None, at),
    }
}

/// 14/5, 14.5., 05/14/2026 (rule T9). With a dot or hyphen only beside other date words.
fn numeric(items: &Items, habits: &Habits, at: usize, beside_date: bool) -> Read<DateExpr> {
    let sign = items.get(at + 1)?.text.clone();
    let (left, right) = (items.number(at)?, items.number(at + 2)?);
    let two_digits = items.digits(at) <= 2 && items.digits(at + 2) <= 2;
    let glued = items.glued(at + 1) && (items.glued(at + 2) || sign == ".");
    if !two_digits || !glued || !matches!(sign.as_str(), "/" | "." | "-") {
        return None;
    }
    let year =
        items.number(at + 4).filter(|_| items.is_text(at + 3, &sign) && items.glued(at + 3) && items.glued(at + 4));
    let year = year.filter(|_| matches!(items.digits(at + 4), 2 | 4));
    let trailing_dot = sign == "." && year.is_none() && items.is_sign(at + 3, &["."]) && items.glued(at + 3);
    let to = if year.is_some() { at + 5 } else { at + 3 };
    let (month, day) = order(habits, left, right)?;
    let date = month_day(month, day, year)?;
    let accepted = match sign.as_str() {
        "/" => year.is_some() || beside_date || slash_is_date(items, at, to),
        "." => dot_is_date(items, at, to, beside_date, year.is_some()),
        _ => year.is_some() || (beside_date && is_no_range(items, at, left, right)),
    };
    accepted.then_some((date, to + usize::from(trailing_dot && !ends_sentence(items, to))))
}

/// A dot after "14.5" ends the sentence when nothing or a line break follows.
fn ends_sentence(items: &Items, at: usize) -> bool {
    items.get(at + 1).is_none() || items.is_sign(at + 1, &["\n"])
}

fn order(habits: &Habits, left: u32, right: u32) -> Option<(u32, u32)> {
    match (left > 12, right > 12) {
        (true, true) => None,
        (true, false) => Some((right, left)),
        (false, true) => Some((left, right)),
        (false, false) if habits.month_first => Some((left, right)),
        (false, false) => Some((right, left)),
    }
}

fn slash_is_date(items: &Items, at: usize, to: usize) -> bool {
    let padded = items.get(at).is_some_and(|i| i.leading_zero()) || items.get(at + 2).is_some_and(|i| i.leading_zero());
    let led = at > 0
        && items
            .any(at - 1, &[Sense::On, Sense::The, Sense::Or, Sense::And, Sense::Between, Sense::From, Sense::Until]);
    let timed = items.any(to, &[Sense::At, Sense::Or, Sense::Around]) || clock_follows(items, to);
    let day_like = items.number(at).is_some_and(|n| n > 12) || items.number(at + 2).is_some_and(|n| n > 12);
    (padded || led || timed || (day_like && items.any(to, &[Sense::Accept]))) && !items.has(to, Sense::Noun)
}

fn clock_follows(items: &Items, at: usize) -> bool {
    let at = at + usize::from(items.is_sign(at, &[",", "-"]));
    clock(items, at).is_some_and(|(read, _)| read.strength == Strength::Sure)
}

fn dot_is_date(items: &Items, at: usize, to: usize, beside_date: bool, has_year: bool) -> bool {
    if has_year {
        return true;
    }
    let timed = items.any(to, &[Sense::HourWord, Sense::Am, Sense::Pm]) || (at > 0 && items.is_text(at - 1, "um"));
    let closed = items.is_sign(to, &["."]) && items.glued(to) && !ends_sentence(items, to);
    let sentence_date = at > 0 && items.any(at - 1, &[Sense::Or, Sense::And, Sense::Until]) && closed;
    !timed
        && (beside_date
            || sentence_date
            || (closed && clock_follows(items, to + 1))
            || (closed && items.has(to + 1, Sense::At)))
}

/// "Tuesday 10-12" is a range of hours, "Tuesday 19-05" a date.
fn is_no_range(items: &Items, at: usize, left: u32, right: u32) -> bool {
    items.get(at + 2).is_some_and(|item| item.leading_zero()) || left > 24 || right > 24
}

/// "the 14th", "le 14", "am 14.", "el día 14", "Tuesday 19".
fn day_of_month(items: &Items, at: usize, beside_weekday: bool, after_article: bool) -> Read<DateExpr> {
    let ((day, is_ordinal), to) = day_number(items, at)?;
    let dotted = items.is_sign(to.wrapping_sub(1), &["."]) && to > at + 1;
    let spelt = items.digits(at) == 0;
    let plain = !is_ordinal && !dotted;
    if spelt && (beside_weekday || !after_article || day < 4 || items.is_sign(to, &["-"])) {
        return None;
    }
    let is_clock = items.is_sign(to, &[":"]) && items.glued(to)
        || items.any(to, &[Sense::HourWord, Sense::Am, Sense::Pm, Sense::Choice, Sense::Noun])
        || items.find(to, |s| matches!(s, Sense::Tail(_) | Sense::Unit(_)).then_some(())).is_some()
        || items.is_sign(to, &["%", "€", "/"]);
    let range = items.is_sign(to, &["-"]) && items.digits(to + 1) > 0 && plain;
    if is_clock || (range && !range_of_days(items, to + 1)) {
        return None;
    }
    let date = DateExpr::DayOfMonth { day: day as i8, weekday: None };
    let end = if dotted && (items.get(to).is_none() || items.is_sign(to, &["\n"])) { to - 1 } else { to };
    if is_ordinal {
        return followed_well(items, to).then_some((date, end));
    }
    if dotted && after_article && !items.is_text(at.wrapping_sub(1), "the") {
        return followed_well(items, to).then_some((date, end));
    }
    if beside_weekday {
        return (day > 12 && (items.has(to, Sense::At) || !items.has(to, Sense::Until)))
            .then_some((date, to))
            .or_else(|| romance_day(items, at, to).then_some((date_of(day), to)));
    }
    (after_article && (romance_day(items, at, to) || range) && followed_well(items, to)).then_some((date, to))
}

fn date_of(day: u32) -> DateExpr {
    DateExpr::DayOfMonth { day: day as i8, weekday: None }
}

/// "14-16 May": days, because a month follows.
fn range_of_days(items: &Items, at: usize) -> bool {
    let next = day_number(items, at).map_or(at + 1, |(_, to)| to);
    let next = skip_of(items, next);
    items.find(next, |s| matches!(s, Sense::Month(_)).then_some(())).is_some()
}

/// Spanish, French and Portuguese name days by bare numbers: "el 14", "le 14", "dia 14".
fn romance_day(items: &Items, at: usize, to: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let led = ["el", "le", "dia", "el dia", "no dia", "para el", "al", "au", "du", "pour le", "para o dia", "o dia"]
        .iter()
        .any(|word| items.is_text(before, word));
    led && !items.is_sign(to, &["h"])
}

fn followed_well(items: &Items, at: usize) -> bool {
    items.get(at).is_none_or(|item| {
        !item.is_word() || (!item.senses.is_empty() && !item.any_of(&[Sense::Noun, Sense::Label, Sense::Choice]))
    })
}
