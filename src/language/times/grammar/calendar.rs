//! Calendar dates: "14 May", "May 14th, 2026", "14.5.", "2026-05-14", "the 14th" (rule T9).

use super::super::ast::DateExpr;
use super::super::lex::Items;
use super::super::lexicon::Sense;
use super::clock::{clock, Strength};
use super::date::weekday;
use super::{Habits, Read};

/// A calendar date after a weekday: "Thursday, 14 May", "Do., 14.5.", "martes 19".
pub fn dated_weekday(items: &Items, habits: &Habits, weekday: i8, at: usize) -> Read<DateExpr> {
    let mut next = at + usize::from(items.is_sign(at, &[",", "("]));
    let mut articles = 0;
    while items.any(next, &[Sense::The, Sense::On, Sense::Of]) && items.digits(next) == 0 && articles < 3 {
        next += 1;
        articles += 1;
    }
    let listed = || {
        let ((day, _), to) = day_number(items, next)?;
        Some((month_day(month_of_list(items, habits, to)?, day, None)?, to))
    };
    let (date, to) = calendar_beside(items, habits, next, true, articles > 0)
        .filter(|(date, _)| !matches!(date, DateExpr::DayOfMonth { .. }))
        .or_else(listed)
        .or_else(|| calendar_beside(items, habits, next, true, articles > 0))?;
    let closed = to + usize::from(items.is_sign(at, &["("]) && items.is_sign(to, &[")"]));
    let dated = match date {
        DateExpr::MonthDay { month, day, year, .. } => DateExpr::MonthDay { month, day, year, weekday: Some(weekday) },
        DateExpr::DayOfMonth { day, .. } => DateExpr::DayOfMonth { day, weekday: Some(weekday) },
        other => other,
    };
    Some((dated, closed))
}

pub fn calendar(items: &Items, habits: &Habits, at: usize) -> Read<DateExpr> {
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
    if let Some(((day, _), to)) = day_number(items, at).or_else(|| spelt_day(items, at)) {
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

/// "diez de marzo", "dix mars", "das March": the day in words, which only a month beside it makes a day.
fn spelt_day(items: &Items, at: usize) -> Read<(u32, bool)> {
    let day = items.count(at).filter(|day| items.digits(at) == 0 && (2..=31).contains(day))?;
    // "The two march on", "ten may come": English says "the tenth of".
    let is_english_word = ["march", "may", "mar"].iter().any(|word| items.is_text(at + 1, word));
    (!is_english_word).then_some(((day, true), at + 1))
}

/// The month that a list of weekdays and numbers ends with: after "Wed 4" in "Wed 4, Thu 5 or Fri 6 March".
fn month_of_list(items: &Items, habits: &Habits, at: usize) -> Option<u32> {
    let mut next = at;
    while items.is_sign(next, &[",", "/", "&"]) || items.any(next, &[Sense::Or, Sense::And, Sense::On, Sense::The]) {
        next += 1;
    }
    let (_, numbered) = weekday(items, next).filter(|_| next > at)?;
    match with_month_name(items, numbered).or_else(|| numeric(items, habits, numbered, true)) {
        Some((DateExpr::MonthDay { month, .. }, _)) => Some(month as u32),
        _ => day_number(items, numbered).and_then(|(_, to)| month_of_list(items, habits, to)),
    }
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
    // With a dot the day stands first everywhere: "9.30" is no date.
    let (month, day) = if sign == "." { (right, left) } else { order(habits, left, right)? };
    let date = month_day(month, day, year)?;
    let accepted = match sign.as_str() {
        "/" => year.is_some() || beside_date || slash_is_date(items, at, to) || goes_on(items, habits, to, &sign),
        "." => {
            dot_is_date(items, at, to, beside_date, year.is_some())
                || trailing_dot && goes_on(items, habits, to + 1, &sign)
        }
        _ => year.is_some() || (beside_date && is_no_range(items, at, left, right)),
    };
    accepted.then_some((date, to + usize::from(trailing_dot && !ends_sentence(items, to))))
}

/// "3/10, 3/11 or 3/12 at 11": what follows the comma is written alike and is a date.
fn goes_on(items: &Items, habits: &Habits, at: usize, sign: &str) -> bool {
    let joined = items.is_sign(at, &[",", "&"]) || items.any(at, &[Sense::Or, Sense::And]);
    let next = at + 1 + usize::from(items.any(at + 1, &[Sense::Or, Sense::And]));
    joined && items.is_text(next + 1, sign) && numeric(items, habits, next, false).is_some()
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
    let is_clock = (plain && items.is_sign(to, &[":"]) && items.glued(to) && items.digits(to + 1) > 0)
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
            .or_else(|| (romance_day(items, at, to) || dated_by_hour(items, at, to)).then_some((date_of(day), to)));
    }
    (after_article && (romance_day(items, at, to) || range) && followed_well(items, to)).then_some((date, to))
}

fn date_of(day: u32) -> DateExpr {
    DateExpr::DayOfMonth { day: day as i8, weekday: None }
}

/// "Thursday 12 at 4": an hour follows, so the number beside the weekday is none. In Spanish, French and Portuguese
/// it never is ("jueves 12"), for an hour has its "a las", "à" or "às", unless a span begins ("lunes 10 a 12").
fn dated_by_hour(items: &Items, at: usize, to: usize) -> bool {
    const FRENCH: &[&str] = &["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    const IBERIAN: &[&str] = &[
        "lunes",
        "martes",
        "miercoles",
        "jueves",
        "viernes",
        "sabado",
        "domingo",
        "feira",
        "segunda",
        "terca",
        "quarta",
        "quinta",
        "sexta",
    ];
    let Some(before) = at.checked_sub(1) else { return false };
    let is = |words: &[&str]| words.iter().any(|word| items.is_text(before, word));
    let spans = items.is_text(to, "a") || items.is_text(to, "as") || items.is_text(to, "y");
    let is_english = items.is_text(to, "at") && items.digits(to + 1) > 0 && weekday(items, before).is_some();
    is_english || is(FRENCH) || (is(IBERIAN) && !spans)
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
