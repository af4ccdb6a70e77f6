//! Days named in a notice of absence or a deferral: "back on 18 May", "im Herbst", "in two weeks".
//!
//! Meeting times are the time reader's matter; here only the day counts, and vague words count
//! too. A day that has passed in the year of sending is taken to be next year's.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::lexicon::Lexicon;
use super::reading::{Read, Reading};
use super::tokens::{Kind, Token};

/// Where days are counted from, and whether `3/4` is the third of April or the fourth of March.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    pub sent: Date,
    pub month_first: bool,
}

/// The day of return a notice of absence names: the last day after "until", "back" and the like,
/// else the last day in it. Never before the day of sending.
pub(super) fn return_date(reading: &Reading<'_>, lexicon: &Lexicon, calendar: Calendar) -> Option<Date> {
    let cue = lexicon.bit("RETURN").unwrap_or(0) | lexicon.bit("UNTIL").unwrap_or(0);
    let mut after_cue = None;
    let mut any = None;
    for sentence in reading.human() {
        for (at, day) in days(sentence, calendar) {
            let before = &sentence.concepts[at.saturating_sub(4)..at];
            if before.iter().any(|set| set & cue != 0) {
                after_cue = after_cue.max(Some(day));
            }
            any = any.max(Some(day));
        }
    }
    after_cue.or(any).filter(|day| *day >= calendar.sent)
}

/// The day on which a deferral may be taken up again: a working day, after the day of sending.
pub(super) fn follow_up(reading: &Reading<'_>, calendar: Calendar) -> Option<Date> {
    let exact = || reading.human().flat_map(|sentence| days(sentence, calendar)).map(|(_, day)| day).next();
    let vague = || reading.human().find_map(|sentence| vague_day(&sentence.tokens, calendar.sent));
    vague().or_else(exact).map(working_day).filter(|day| *day > calendar.sent)
}

/// Saturday and Sunday become Monday.
fn working_day(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => plus(day, 2.days()),
        Weekday::Sunday => plus(day, 1.day()),
        _ => day,
    }
}

fn plus(day: Date, span: Span) -> Date {
    day.saturating_add(span)
}

/// Month names of the six languages, folded; the first three to five letters decide.
const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "januar", "janner", "enero", "janvier", "janeiro", "जनवरी"],
    &["february", "feb", "februar", "febrero", "fevrier", "fevereiro", "फरवरी"],
    &["march", "marz", "maerz", "marzo", "mars", "marco", "मार्च"],
    &["april", "apr", "abril", "avril", "अप्रैल"],
    &["may", "mai", "mayo", "maio", "मई"],
    &["june", "jun", "juni", "junio", "juin", "junho", "जून"],
    &["july", "jul", "juli", "julio", "juillet", "julho", "जुलाई"],
    &["august", "aug", "agosto", "aout", "अगस्त"],
    &["september", "sep", "sept", "septiembre", "septembre", "setembro", "सितंबर"],
    &["october", "oct", "oktober", "okt", "octubre", "octobre", "outubro", "अक्टूबर"],
    &["november", "nov", "noviembre", "novembre", "novembro", "नवंबर"],
    &["december", "dec", "dezember", "dez", "diciembre", "decembre", "dezembro", "दिसंबर"],
];

const WEEKDAYS: [&[&str]; 7] = [
    &["monday", "montag", "lunes", "lundi", "segunda", "somvar", "सोमवार"],
    &["tuesday", "dienstag", "martes", "mardi", "terca", "mangalvar", "मंगलवार"],
    &["wednesday", "mittwoch", "miercoles", "mercredi", "quarta", "budhvar", "बुधवार"],
    &["thursday", "donnerstag", "jueves", "jeudi", "quinta", "guruvar", "गुरुवार"],
    &["friday", "freitag", "viernes", "vendredi", "sexta", "shukravar", "शुक्रवार"],
    &["saturday", "samstag", "sabado", "samedi", "shanivar", "शनिवार"],
    &["sunday", "sonntag", "domingo", "dimanche", "ravivar", "रविवार"],
];

fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at + 1).ok()
}

fn weekday(word: &str) -> Option<i8> {
    let at = WEEKDAYS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at).ok()
}

/// Days named to the day, each with the place of its first word.
fn days(sentence: &Read<'_>, calendar: Calendar) -> Vec<(usize, Date)> {
    let tokens = &sentence.tokens;
    let read = |at: usize| {
        numeric(&tokens[at], calendar)
            .or_else(|| with_month_name(tokens, at, calendar.sent))
            .or_else(|| ordinal_alone(sentence, at, calendar.sent))
            .or_else(|| next_weekday(&tokens[at].folded, calendar.sent))
            .map(|day| (at, day))
    };
    (0..tokens.len()).filter_map(read).collect()
}

/// `2026-05-18`, `18.5.`, `18.05.2026`, `5/18`.
fn numeric(token: &Token, calendar: Calendar) -> Option<Date> {
    if token.kind != Kind::Number || token.folded.contains(':') {
        return None;
    }
    let parts: Vec<&str> = token.folded.split(['/', '-', '.']).filter(|part| !part.is_empty()).collect();
    let number = |at: usize| parts.get(at).and_then(|part| part.parse::<i16>().ok());
    let (first, second) = (number(0)?, number(1)?);
    if first > 31 {
        return date(Some(first), second, number(2)?, calendar.sent);
    }
    let month_first = second > 12 || (calendar.month_first && first <= 12 && !token.folded.contains('.'));
    let (day, month) = if month_first { (second, first) } else { (first, second) };
    let year = number(2).map(|year| if year < 100 { 2000 + year } else { year });
    date(year, month, day, calendar.sent)
}

/// `18 May`, `May 18th`, `18. Mai`, `1er août`, `18 de mayo`.
fn with_month_name(tokens: &[Token], at: usize, sent: Date) -> Option<Date> {
    let month = month(&tokens[at].folded)?;
    let day_of = |place: Option<usize>| place.and_then(|place| tokens.get(place)).and_then(day_number);
    let before = day_of(at.checked_sub(1)).or_else(|| {
        if tokens[at - at.min(1)].folded == "de" {
            day_of(at.checked_sub(2))
        } else {
            None
        }
    });
    date(None, i16::from(month), before.or_else(|| day_of(Some(at + 1)))?, sent)
}

fn day_number(token: &Token) -> Option<i16> {
    let digits = token.folded.trim_end_matches(|c: char| c.is_alphabetic());
    digits.parse::<i16>().ok().filter(|day| (1..=31).contains(day))
}

/// `the 9th`, `le 9`, `am 9.`, `el 9`, `dia 9`, `9 tareekh` without a month: the next such day.
fn ordinal_alone(sentence: &Read<'_>, at: usize, sent: Date) -> Option<Date> {
    const LEADS: &[&str] = &["the", "le", "au", "am", "zum", "dem", "el", "dia", "den"];
    const FOLLOWS: &[&str] = &["tareekh", "tarikh", "तारीख", "inclus"];
    let tokens = &sentence.tokens;
    let day = (tokens[at].kind == Kind::Number).then(|| day_number(&tokens[at])).flatten()?;
    let word = |place: Option<usize>| place.and_then(|p| tokens.get(p)).map_or("", |t| t.folded.as_str());
    let before = word(at.checked_sub(1));
    let after = word(Some(at + 1));
    let marked = tokens[at].folded.ends_with(|c: char| c.is_alphabetic()) || FOLLOWS.contains(&after);
    let named = month(before).is_some() || month(after).is_some() || after == "de";
    if named || !(marked || LEADS.contains(&before)) {
        return None;
    }
    let this_month = date(Some(sent.year()), i16::from(sent.month()), day, sent);
    this_month.filter(|day| *day >= sent).or_else(|| {
        let next = plus(sent.first_of_month(), 1.month());
        date(Some(next.year()), i16::from(next.month()), day, sent)
    })
}

fn next_weekday(word: &str, sent: Date) -> Option<Date> {
    let wanted = weekday(word)?;
    let ahead = (wanted - sent.weekday().to_monday_zero_offset()).rem_euclid(7);
    Some(plus(sent, i64::from(if ahead == 0 { 7 } else { ahead }).days()))
}

/// A valid date; without a year the next such day from the day of sending on.
fn date(year: Option<i16>, month: i16, day: i16, sent: Date) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    match year {
        Some(year) => Date::new(year, month, day).ok(),
        None => {
            let this_year = Date::new(sent.year(), month, day).ok()?;
            if this_year >= sent {
                Some(this_year)
            } else {
                Date::new(sent.year() + 1, month, day).ok()
            }
        }
    }
}

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

/// A period named instead of a day: the first day of it, or of what follows it after "after".
fn vague_day(tokens: &[Token], sent: Date) -> Option<Date> {
    (0..tokens.len()).find_map(|at| {
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
    })
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
