//! Days named to the day: `18 May`, `18.5.`, `the 9th`, `Thursday`.

use jiff::civil::Date;
use jiff::ToSpan;

use super::super::reading::Read;
use super::super::tokens::{Kind, Token};
use super::{plus, Calendar};

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

pub(super) fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at + 1).ok()
}

fn weekday(word: &str) -> Option<i8> {
    let at = WEEKDAYS.iter().position(|names| names.contains(&word))?;
    i8::try_from(at).ok()
}

/// Days named to the day, each with the place of its first word.
pub(super) fn days(sentence: &Read<'_>, calendar: Calendar) -> Vec<(usize, Date)> {
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

pub(super) fn day_number(token: &Token) -> Option<i16> {
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

pub(super) fn next_weekday(word: &str, sent: Date) -> Option<Date> {
    let wanted = weekday(word)?;
    let ahead = (wanted - sent.weekday().to_monday_zero_offset()).rem_euclid(7);
    Some(plus(sent, i64::from(if ahead == 0 { 7 } else { ahead }).days()))
}

/// A valid date; without a year the next such day from the day of sending on.
pub(super) fn date(year: Option<i16>, month: i16, day: i16, sent: Date) -> Option<Date> {
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
