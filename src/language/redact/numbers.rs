//! Numbers that name an account, a card, a person or a phone.

use std::ops::Range;

use super::{Found, Kind};

/// Cards, social security numbers, phones: runs of digits with what people put between them.
pub(super) fn numbers(text: &str) -> Vec<Found> {
    runs(text).into_iter().filter_map(|range| Some((range.clone(), kind_of(&text[range])?))).collect()
}

/// Maximal runs of digits joined by single blanks, dots, hyphens, slashes and brackets, begun by a digit, `+` or `(`.
fn runs(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80);
        let begins = bytes[at].is_ascii_digit()
            || (matches!(bytes[at], b'+' | b'(') && bytes[at + 1..].iter().take(2).any(u8::is_ascii_digit));
        if !begins || is_inside_word {
            at += 1;
            continue;
        }
        let end = end_of_run(bytes, at);
        if !bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
            found.push(at..end);
        }
        at = end.max(at + 1);
    }
    found
}

/// Behind the last digit of the run that begins at `start`.
fn end_of_run(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    let mut joints = 0;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'0'..=b'9' => {
                end = at + 1;
                joints = 0;
            }
            b'+' if at == start => {}
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' => {
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

fn kind_of(run: &str) -> Option<Kind> {
    let digits: Vec<u8> = run.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let groups: Vec<&str> = run.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let is_plain = run.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'));
    if is_plain && (13..=19).contains(&digits.len()) && passes_luhn(&digits) {
        return Some(Kind::Card);
    }
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths == [3, 2, 4] && run.bytes().filter(|b| *b == b'-').count() == 2 {
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
    let is_american = matches!(lengths, [3, 3, 4] | [1, 3, 3, 4]) && run.contains(['-', '.', '(']);
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
            && bytes[at..at + 2].iter().all(u8::is_ascii_uppercase)
            && bytes[at + 2..at + 4].iter().all(u8::is_ascii_digit);
        match begins.then(|| account_end(bytes, at)).flatten() {
            Some(end) => {
                found.push((at..end, Kind::BankAccount));
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// The longest account number that begins at `start`: 15 to 34 letters and digits, with blanks between them.
fn account_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut signs = Vec::new();
    let mut end = None;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' => signs.push(*byte),
            b' ' if bytes[at - 1] != b' ' => continue,
            _ => break,
        }
        let is_end = !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if signs.len() >= 15 && is_end && passes_mod_97(&signs) {
            end = Some(at + 1);
        }
        if signs.len() >= 34 {
            break;
        }
    }
    end
}

fn passes_mod_97(signs: &[u8]) -> bool {
    let (head, tail) = signs.split_at(4);
    let rest = tail.iter().chain(head).fold(0_u32, |rest, sign| match sign {
        b'0'..=b'9' => (rest * 10 + u32::from(sign - b'0')) % 97,
        _ => (rest * 100 + u32::from(sign - b'A') + 10) % 97,
    });
    rest == 1
}
