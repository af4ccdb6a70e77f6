//! Postal addresses: a street with a number, in the six languages that replies are read in, and British postcodes.

use std::ops::Range;

use super::{words, Found, Kind};

/// Behind the name: 12 Mill Lane.
const AFTER: &[&str] = &[
    "street",
    "st",
    "road",
    "rd",
    "lane",
    "ln",
    "avenue",
    "ave",
    "drive",
    "dr",
    "way",
    "close",
    "court",
    "square",
    "terrace",
    "crescent",
    "boulevard",
    "blvd",
    "place",
    "marg",
    "nagar",
];
/// At the end of the name: Hauptstraße 5.
const JOINED: &[&str] = &["straße", "strasse", "str", "gasse", "weg", "platz", "allee", "ufer", "damm"];
/// Before the name: rue de Rivoli, calle Mayor, rua Augusta.
const BEFORE: &[&str] =
    &["rue", "calle", "rua", "avenida", "av", "paseo", "plaza", "boulevard", "praça", "travessa", "quai"];
/// Words of a street's name, at most.
const MOST_WORDS: usize = 4;

pub(super) fn places(text: &str) -> Vec<Found> {
    let words: Vec<Range<usize>> = words(text).collect();
    let lower: Vec<String> = words.iter().map(|range| text[range.clone()].to_lowercase()).collect();
    let mut found = Vec::new();
    for nth in 0..words.len() {
        let span = english(text, &words, &lower, nth)
            .or_else(|| german(&words, &lower, nth))
            .or_else(|| romance(&words, &lower, nth))
            .or_else(|| postcode(text, &words, nth));
        if let Some((from, to)) = span.filter(|(from, to)| !text[words[*from].start..words[*to].end].contains('\n')) {
            found.push((words[from].start..words[to].end, Kind::Place));
        }
    }
    found
}

/// 12, 12a, 12-14.
fn is_number(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    (1..=5).contains(&digits) && word.len() <= digits + 4 && word[digits..].len() <= 4
}

/// `nth` is the word behind the name; before it stand one to three words with capitals, and before them a number.
fn english(text: &str, words: &[Range<usize>], lower: &[String], nth: usize) -> Option<(usize, usize)> {
    if !AFTER.contains(&lower[nth].as_str()) || !starts_upper(text, &words[nth]) {
        return None;
    }
    let names = (1..MOST_WORDS).take_while(|back| nth >= *back && starts_upper(text, &words[nth - back])).count();
    let number = nth.checked_sub(names + 1)?;
    (names > 0 && is_number(&lower[number])).then_some((number, nth))
}

fn starts_upper(text: &str, word: &Range<usize>) -> bool {
    text[word.clone()].starts_with(char::is_uppercase)
}

fn german(words: &[Range<usize>], lower: &[String], nth: usize) -> Option<(usize, usize)> {
    let is_street = JOINED.iter().any(|end| lower[nth].len() > end.len() + 2 && lower[nth].ends_with(end));
    (is_street && nth + 1 < words.len() && is_number(&lower[nth + 1])).then_some((nth, nth + 1))
}

/// The number stands before (12 rue de Rivoli) or behind (calle Mayor, 5).
fn romance(words: &[Range<usize>], lower: &[String], nth: usize) -> Option<(usize, usize)> {
    if !BEFORE.contains(&lower[nth].as_str()) {
        return None;
    }
    let last = words.len() - 1;
    let behind = (nth + 2..=(nth + 1 + MOST_WORDS).min(last)).find(|at| is_number(&lower[*at]));
    let before = nth.checked_sub(1).filter(|at| is_number(&lower[*at]));
    match (before, behind) {
        (Some(before), _) => Some((before, (nth + 2).min(last))),
        (None, behind) => Some((nth, behind?)),
    }
}

/// LA9 4QD.
fn postcode(text: &str, words: &[Range<usize>], nth: usize) -> Option<(usize, usize)> {
    let (out, inside) = (&text[words[nth].clone()], &text[words.get(nth + 1)?.clone()]);
    let letters = out.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &out[letters..];
    let is_out = (1..=2).contains(&letters)
        && (1..=2).contains(&rest.len())
        && rest.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let is_in = matches!(inside.as_bytes(), [b'0'..=b'9', b'A'..=b'Z', b'A'..=b'Z']);
    (is_out && is_in).then_some((nth, nth + 1))
}
