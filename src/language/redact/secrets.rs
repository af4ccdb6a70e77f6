//! Passwords, keys and tokens; health insurance numbers; mail addresses.

use super::{words, Found, Kind};

/// How keys of well-known services begin.
const KEY_STARTS: &[&str] = &[
    "sk-",
    "sk_live_",
    "sk_test_",
    "pk_live_",
    "rk_live_",
    "whsec_",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "SG.",
    "npm_",
    "hf_",
];

/// Words after which a secret follows, as far as ":" or "=" or "is" stands between.
const SECRET_CUES: &[&str] = &[
    "password",
    "passwort",
    "kennwort",
    "contraseña",
    "passe",
    "senha",
    "passcode",
    "pin",
    "token",
    "key",
    "apikey",
    "api-key",
    "secret",
    "पासवर्ड",
];

/// Words between such a cue and its secret.
const BETWEEN: &[&str] = &["is", "ist", "es", "est", "é", "lautet", "=", ":", "hai"];

/// Words by which a health insurance number is announced.
const HEALTH_CUES: &[&str] = &[
    "insurance",
    "medicare",
    "medicaid",
    "nhs",
    "krankenkasse",
    "versichertennummer",
    "krankenversicherung",
    "versicherungsnummer",
    "seguro",
    "seguridad",
    "sécurité",
    "assurance",
    "sus",
    "cns",
    "beneficiary",
    "kvnr",
];

/// Longer tokens of mixed letters and digits are keys, not words.
const TOKEN_CHARS: usize = 24;

pub(super) fn secrets(text: &str) -> Vec<Found> {
    let words: Vec<_> = words(text).collect();
    let mut found = Vec::new();
    for (nth, range) in words.iter().enumerate() {
        let word = &text[range.clone()];
        let is_key = KEY_STARTS.iter().any(|start| word.starts_with(start) && word.len() >= start.len() + 8);
        if is_key || is_token(word) || follows_a_cue(text, &words, nth) {
            found.push((range.clone(), Kind::Secret));
        }
    }
    found
}

/// Long, of letters and digits in no order of a language, and no address.
fn is_token(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.bytes().filter(test).count();
    let is_joined = word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'=' | b'+' | b'/'));
    word.len() >= TOKEN_CHARS && is_joined && has(u8::is_ascii_digit) >= 4 && has(u8::is_ascii_alphabetic) >= 4
}

/// "password: hunter2", "the password is hunter2".
fn follows_a_cue(text: &str, words: &[std::ops::Range<usize>], nth: usize) -> bool {
    let lower = |at: usize| text[words[at].clone()].to_lowercase();
    let Some(before) = nth.checked_sub(1) else { return false };
    let cue_at = if BETWEEN.contains(&lower(before).as_str()) { before.checked_sub(1) } else { Some(before) };
    let Some(cue_at) = cue_at.filter(|at| SECRET_CUES.contains(&lower(*at).as_str())) else { return false };
    let between = &text[words[cue_at].end..words[nth].start];
    let is_said = between.contains([':', '=']) || cue_at + 1 < nth;
    // "the key is that …" is about something else; a secret has a digit or another sign, or stands behind a colon.
    let word = &text[words[nth].clone()];
    is_said && (between.contains([':', '=']) || word.chars().any(|c| !c.is_alphabetic()))
}

pub(super) fn mails(text: &str) -> Vec<Found> {
    let is_mail = |word: &str| match word.split_once('@') {
        Some((local, host)) => !local.is_empty() && host.contains('.') && !host.contains('@'),
        None => false,
    };
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '"' | '[' | ']');
    let mut found = Vec::new();
    for word in text.split(ends) {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let bare = word.trim_start_matches("mailto:").trim_matches(['.', ':', '!', '?', '\'']);
        let begin = start + (bare.as_ptr() as usize - word.as_ptr() as usize);
        if is_mail(bare) {
            found.push((begin..begin + bare.len(), Kind::Mail));
        }
    }
    found
}

/// Numbers of a form that insurers use, and any number that is said to be one.
pub(super) fn health_insurance(text: &str) -> Vec<Found> {
    let words: Vec<_> = words(text).collect();
    let is_cue = |at: usize| HEALTH_CUES.contains(&text[words[at].clone()].to_lowercase().as_str());
    let mut found = Vec::new();
    for (nth, range) in words.iter().enumerate() {
        let word = &text[range.clone()];
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_announced = digits >= 6 && (nth.saturating_sub(4)..nth).any(is_cue);
        if is_announced || is_german(word) || is_medicare(word) {
            found.push((range.clone(), Kind::HealthInsurance));
        }
    }
    found
}

/// A letter and nine digits, of which the last checks the rest (section 290 SGB V).
fn is_german(word: &str) -> bool {
    let bytes = word.as_bytes();
    if bytes.len() != 10 || !bytes[0].is_ascii_uppercase() || !bytes[1..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let letter = bytes[0] - b'A' + 1;
    let digits = [letter / 10, letter % 10].into_iter().chain(bytes[1..9].iter().map(|b| b - b'0'));
    let weighted = digits.enumerate().map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 });
    let sum: u32 = weighted.map(|n| u32::from(n / 10 + n % 10)).sum();
    sum % 10 == u32::from(bytes[9] - b'0')
}

/// The Medicare Beneficiary Identifier of the United States: 1EG4-TE5-MK73.
fn is_medicare(word: &str) -> bool {
    const FORM: &[u8; 11] = b"9A*9A*9AA99";
    let signs: Vec<u8> = word.bytes().filter(|b| *b != b'-').collect();
    let fits = |(sign, form): (&u8, &u8)| match form {
        b'9' => sign.is_ascii_digit(),
        b'A' => sign.is_ascii_uppercase(),
        _ => sign.is_ascii_digit() || sign.is_ascii_uppercase(),
    };
    signs.len() == FORM.len() && signs[0] != b'0' && signs.iter().zip(FORM).all(fits)
}
