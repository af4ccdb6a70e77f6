//! Which language a reply is in.
//!
//! One of the six that we write is told by what its words look like (`letters`); another only by
//! letter statistics, and only where the words look like none of the six.

use whatlang::Info;

use super::letters::{Letters, Likeliest};
use super::normalise::is_devanagari;
use super::reading::{Read, Reading};

/// So many bytes of a reply, to the end of a sentence, tell its language.
const ENOUGH: usize = 500;
/// Below this a text looks like none of the six.
const STRANGE: f32 = 0.6;
/// Up to this it may be another language, if the statistics are sure of it: Dutch looks much like German.
const LIKE: f32 = 1.2;
/// How sure they must be of a strange text.
const LIKELY: f64 = 0.1;
const UNKNOWN: &str = "und";

/// BCP 47 tag: one of `en de es fr pt hi hi-Latn`, another ISO 639-1 code when the text is plainly
/// in another language, else `und`.
pub(super) fn language(reading: &Reading<'_>, letters: &Letters) -> String {
    let person: Vec<&Read<'_>> = reading.human().collect();
    // Where no person wrote anything, the orders to the machine are in some language.
    let sentences = if person.is_empty() { reading.sentences.iter().collect() } else { person };
    let mut text = String::new();
    for sentence in sentences {
        if text.len() >= ENOUGH {
            break;
        }
        text.extend([sentence.clean.as_str(), " "]);
    }
    tag(&text, letters).to_owned()
}

fn tag(text: &str, letters: &Letters) -> &'static str {
    let count = |is: fn(char) -> bool| text.chars().filter(|c| is(*c)).count();
    let (all, devanagari) = (count(char::is_alphabetic), count(is_devanagari));
    if devanagari * 3 > all {
        return "hi";
    }
    if count(is_latin) * 2 < all {
        return other(text, |_| true).unwrap_or(UNKNOWN);
    }
    let Some(Likeliest { tongue, likeness }) = letters.likeliest(text) else { return UNKNOWN };
    if likeness >= LIKE {
        return tongue;
    }
    let is_believed = |info: &Info| info.is_reliable() || (likeness < STRANGE && info.confidence() >= LIKELY);
    other(text, is_believed).unwrap_or(tongue)
}

/// What letter statistics say, if it is none of the six.
fn other(text: &str, is_believed: impl Fn(&Info) -> bool) -> Option<&'static str> {
    let info = whatlang::detect(text).filter(is_believed)?;
    code(info.lang()).filter(|code| !SIX.contains(code))
}

fn is_latin(c: char) -> bool {
    c.is_alphabetic() && c < '\u{0250}'
}

const SIX: [&str; 6] = ["en", "de", "es", "fr", "pt", "hi"];

/// ISO 639-1 codes of the languages that a reply may be in.
fn code(lang: whatlang::Lang) -> Option<&'static str> {
    const CODES: &[(&str, &str)] = &[
        ("eng", "en"),
        ("deu", "de"),
        ("spa", "es"),
        ("fra", "fr"),
        ("por", "pt"),
        ("hin", "hi"),
        ("ita", "it"),
        ("nld", "nl"),
        ("pol", "pl"),
        ("rus", "ru"),
        ("ukr", "uk"),
        ("tur", "tr"),
        ("ara", "ar"),
        ("jpn", "ja"),
        ("cmn", "zh"),
        ("kor", "ko"),
        ("swe", "sv"),
        ("nob", "nb"),
        ("dan", "da"),
        ("fin", "fi"),
        ("ces", "cs"),
        ("slk", "sk"),
        ("ron", "ro"),
        ("hun", "hu"),
        ("hrv", "hr"),
        ("bul", "bg"),
        ("ell", "el"),
        ("cat", "ca"),
        ("heb", "he"),
        ("mar", "mr"),
        ("ben", "bn"),
        ("tam", "ta"),
        ("urd", "ur"),
    ];
    CODES.iter().find(|(three, _)| *three == lang.code()).map(|(_, two)| *two)
}
