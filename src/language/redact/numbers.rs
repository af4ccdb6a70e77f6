//! Numbers that name an account, a card, a person or a phone.

use std::ops::Range;

use super::{Found, Kind};

/// Cards, social security numbers, phones: runs of digits with what people put between them.
pub(super) fn numbers(text: &str) -> Vec<Found> {
    runs(text).into_iter().filter_map(|range| Some((range.clone(), kind_of(&text[range])?))).collect()
}

/// Blanks, also those at which no line breaks.
const BLANKS: [char; 3] = [' ', '\u{a0}', '\u{202f}'];
const HYPHENS: [char; 3] = ['-', '\u{2010}', '\u{2011}'];
/// An account number in small letters has so many digits at least: prose with blanks in it could pass the check too.
const FEWEST_DIGITS: usize = 10;

/// Maximal runs of digits joined by single blanks, dots, hyphens, slashes and brackets, begun by a digit, `+` or `(`.
fn runs(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let begins = bytes[at].is_ascii_digit()
            || (matches!(bytes[at], b'+' | b'(') && bytes[at + 1..].iter().take(2).any(u8::is_ascii_digit));
        // Where one begins, a character begins.
        if !begins || text[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            at += 1;
            continue;
        }
        let end = end_of_run(text, at);
        if !bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
            found.push(at..end);
        }
        at = end.max(at + 1);
    }
    found
}

/// Behind the last digit of the run that begins at `start`.
fn end_of_run(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut joints = 0;
    for (at, sign) in text[start..].char_indices() {
        match sign {
            '0'..='9' => {
                end = start + at + 1;
                joints = 0;
            }
            '+' if at == 0 => {}
            _ if is_joint(sign) || matches!(sign, '.' | '/' | '(' | ')') => {
                joints += 1;
                // ") 7" and " (0" have two; three are no joint any more.
                if joints > 2 {
                    break;
                }
            }
            _ => break,
        }
    }
    end
}

fn is_joint(sign: char) -> bool {
    BLANKS.contains(&sign) || HYPHENS.contains(&sign)
}

fn kind_of(run: &str) -> Option<Kind> {
    let digits: Vec<u8> = run.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let groups: Vec<&str> = run.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let is_plain = run.chars().all(|c| c.is_ascii_digit() || is_joint(c));
    if is_plain && (13..=19).contains(&digits.len()) && passes_luhn(&digits) {
        return Some(Kind::Card);
    }
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths == [3, 2, 4] && run.matches(HYPHENS).count() == 2 {
        return Some(Kind::SocialSecurity);
    }
    is_phone(run, &digits, &groups, &lengths).then_some(Kind::Phone)
}

/// The check of card numbers (ISO/IEC 7812-1 annex B).
fn passes_luhn(digits: &[u8]) -> bool {
    let doubled = |(place, digit): (usize, &u8)| match (place % 2, digit * 2) {
        (0, _) => u32::from(*digit),
        (_, twice @ 0..=9) => u32::from(twice),
        (_, twice) => u32::from(twice - 9),
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0 && digits.iter().any(|digit| *digit != 0)
}

/// International, or with the leading zero or the brackets of a number that is dialled, or grouped as in North America.
fn is_phone(run: &str, digits: &[u8], groups: &[&str], lengths: &[usize]) -> bool {
    if has_date(groups) || digits.len() > 15 {
        return false;
    }
    let is_american =
        matches!(lengths, [3, 3, 4] | [1, 3, 3, 4]) && (run.contains(['.', '(']) || run.contains(HYPHENS));
    let is_dialled = run.starts_with('0') && digits.len() >= 9;
    let is_international = (run.starts_with('+') || run.starts_with("(+")) && digits.len() >= 8;
    let is_bracketed = run.starts_with('(') && digits.len() >= 8;
    is_american || is_dialled || is_international || is_bracketed
}

/// 24.11.2026, 2026-11-24: three groups of a day, a month and a year.
fn has_date(groups: &[&str]) -> bool {
    let year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    let small = |group: &str| group.len() <= 2 && group.parse::<u8>().is_ok_and(|n| (1..=31).contains(&n));
    groups.windows(3).any(|three| match three {
        [a, b, c] => (small(a) && small(b) && year(c)) || (year(a) && small(b) && small(c)),
        _ => false,
    })
}

/// International bank account numbers that pass their check (ISO 13616, modulo 97).
pub(super) fn bank_accounts(text: &str) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 15 <= bytes.len() {
        let is_inside_word = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        let begins = !is_inside_word
            && bytes[at..at + 2].iter().all(u8::is_ascii_alphabetic)
            && bytes[at + 2..at + 4].iter().all(u8::is_ascii_digit);
        match begins.then(|| account_end(text, at)).flatten() {
            Some(end) => {
                found.push((at..end, Kind::BankAccount));
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// The longest account number that begins at `start`: 15 to 34 letters and digits, with blanks or hyphens between them.
fn account_end(text: &str, start: usize) -> Option<usize> {
    let mut signs: Vec<u8> = Vec::new();
    let (mut end, mut is_small, mut after_joint) = (None, false, false);
    let mut rest = text[start..].char_indices().peekable();
    while let Some((at, sign)) = rest.next() {
        if is_joint(sign) && !after_joint {
            after_joint = true;
            continue;
        }
        let Some(byte) = u8::try_from(sign).ok().filter(u8::is_ascii_alphanumeric) else { break };
        after_joint = false;
        is_small |= byte.is_ascii_lowercase();
        signs.push(byte.to_ascii_uppercase());
        let is_end = !rest.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric());
        if signs.len() >= 15 && is_end && is_account(&signs, is_small) {
            end = Some(start + at + 1);
        }
        if signs.len() >= 34 {
            break;
        }
    }
    end
}

fn is_account(signs: &[u8], is_small: bool) -> bool {
    let digits = signs.iter().filter(|sign| sign.is_ascii_digit()).count();
    (!is_small || digits >= FEWEST_DIGITS) && passes_mod_97(signs)
}

fn passes_mod_97(signs: &[u8]) -> bool {
    let (head, tail) = signs.split_at(4);
    let rest = tail.iter().chain(head).fold(0_u32, |rest, sign| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    });
    rest == 1
}
