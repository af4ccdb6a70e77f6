//! Periods named instead of a day: `in two weeks`, `next quarter`, `im Herbst`, `after Christmas`.

use jiff::civil::Date;
use jiff::ToSpan;

use super::super::tokens::Token;
use super::exact::{date, day_number, month, next_weekday};
use super::plus;

/// Words for a unit of time, folded.
const WEEK: &[&str] = &[
    "week",
    "weeks",
    "wk",
    "wks",
    "woche",
    "wochen",
    "semana",
    "semanas",
    "semaine",
    "semaines",
    "hafte",
    "hafton",
    "हफ्ते",
    "सप्ताह",
];
const MONTH: &[&str] =
    &["month", "months", "monat", "monate", "monaten", "mes", "meses", "mois", "mahine", "mahina", "महीने", "माह"];
const QUARTER: &[&str] = &["quarter", "quartal", "trimestre", "timahi", "तिमाही"];
const YEAR: &[&str] = &["year", "years", "jahr", "ano", "annee", "an", "saal", "साल", "वर्ष"];
const NEXT: &[&str] = &[
    "next",
    "nachste",
    "nachsten",
    "nachstes",
    "kommenden",
    "kommende",
    "proximo",
    "proxima",
    "prochain",
    "prochaine",
    "agle",
    "agla",
    "agli",
    "अगले",
    "अगली",
    "अगला",
    "new",
    "neuen",
    "neues",
    "nuevo",
    "nouvel",
    "novo",
    "que",
];
const AFTER: &[&str] = &["after", "nach", "despues", "tras", "apres", "depois", "apos", "baad", "बाद"];

/// Periods named instead of days, each with the place of its word: the first day of it, or of what follows it after
/// "after".
pub(super) fn days(tokens: &[Token], sent: Date) -> Vec<(usize, Date)> {
    let read = |at: usize| {
        let word = tokens[at].folded.as_str();
        let near = |list: &[&str], reach: usize| {
            let from = at.saturating_sub(reach);
            tokens[from..(at + 2).min(tokens.len())].iter().any(|t| list.contains(&t.folded.as_str()))
        };
        let count = tokens[at.saturating_sub(2)..at].iter().rev().find_map(count_of);
        span_ahead(word, count, near(NEXT, 1), sent)
            .or_else(|| quarter_named(word, sent))
            .or_else(|| season(word, near(AFTER, 3), sent))
            .or_else(|| month_alone(tokens, at, near(AFTER, 2), sent))
            .map(|day| (at, day))
    };
    (0..tokens.len()).filter_map(read).collect()
}

/// `in two weeks`, `next month`, `next quarter`, `new year`.
fn span_ahead(word: &str, count: Option<i64>, next: bool, sent: Date) -> Option<Date> {
    if WEEK.contains(&word) {
        return count.map(|n| plus(sent, n.weeks())).or_else(|| next.then(|| next_weekday("monday", sent)).flatten());
    }
    if MONTH.contains(&word) {
        let first_of_next = || plus(sent.first_of_month(), 1.month());
        return count.map(|n| plus(sent, n.months())).or_else(|| next.then(first_of_next));
    }
    if QUARTER.contains(&word) {
        return next.then(|| first_of_quarter((sent.month() - 1) / 3 + 2, sent)).flatten();
    }
    let year = YEAR.contains(&word) || word == "neujahr" || word == "newyear";
    (year && (next || word == "neujahr")).then(|| Date::new(sent.year() + 1, 1, 2).ok()).flatten()
}

fn count_of(token: &Token) -> Option<i64> {
    let small = match token.folded.as_str() {
        "a" | "one" | "einem" | "einer" | "un" | "una" | "une" | "um" | "uma" | "ek" | "एक" => 1,
        "couple" | "two" | "zwei" | "paar" | "dos" | "par" | "deux" | "dois" | "duas" | "do" | "दो" => 2,
        "few" | "three" | "drei" | "einigen" | "unos" | "unas" | "tres" | "trois" | "quelques" | "alguns"
        | "algumas" | "teen" | "तीन" => 3,
        "four" | "vier" | "cuatro" | "quatre" | "quatro" | "char" | "चार" => 4,
        "six" | "sechs" | "seis" | "half" | "cheh" | "छह" => 6,
        digits => return digits.split('-').next_back()?.parse().ok().filter(|n| (1..=36).contains(n)),
    };
    Some(small)
}

/// `Q3`.
fn quarter_named(word: &str, sent: Date) -> Option<Date> {
    let number: i8 = word.strip_prefix('q')?.parse().ok().filter(|n| (1..=4).contains(n))?;
    first_of_quarter(number, sent)
}

/// The first day of quarter 1 to 5 (5 = the first of next year), next year's once it has begun.
fn first_of_quarter(number: i8, sent: Date) -> Option<Date> {
    let (year, month) = if number > 4 { (sent.year() + 1, 1) } else { (sent.year(), (number - 1) * 3 + 1) };
    let day = Date::new(year, month, 1).ok()?;
    if day > sent {
        Some(day)
    } else {
        Date::new(year + 1, month, 1).ok()
    }
}

/// Seasons of the northern half, as meteorologists count them, and the feasts people defer to.
fn season(word: &str, after: bool, sent: Date) -> Option<Date> {
    let starts = match word {
        "spring" | "fruhling" | "fruhjahr" | "primavera" | "printemps" => 3,
        "summer" | "sommer" | "sommerferien" | "verano" | "ete" | "verao" => 6,
        "autumn" | "herbst" | "otono" | "automne" | "outono" | "rentree" => 9,
        "winter" | "invierno" | "hiver" | "inverno" => 12,
        "christmas" | "weihnachten" | "navidad" | "noel" | "natal" => return date(None, 1, 7, sent),
        "carnaval" => return date(None, 3, 1, sent),
        _ => return None,
    };
    let month = if after { (starts + 2) % 12 + 1 } else { starts };
    date(None, month, 1, sent)
}

/// A month without a day.
fn month_alone(tokens: &[Token], at: usize, after: bool, sent: Date) -> Option<Date> {
    let month = month(&tokens[at].folded)?;
    let number_near = at.checked_sub(1).and_then(|b| tokens.get(b)).is_some_and(|t| day_number(t).is_some())
        || tokens.get(at + 1).is_some_and(|t| day_number(t).is_some());
    if number_near || (tokens[at].folded == "may" && at == 0) {
        return None;
    }
    let first = date(None, i16::from(month), 1, sent)?;
    Some(if after { plus(first, 1.month()) } else { first })
}
