//! Numbers that are no dates and no times.

use super::super::lex::Items;
use super::super::lexicon::Sense;

const CURRENCIES: &[&str] = &["$", "€", "£", "₹", "¥", "#", "§", "+", "~"];
const SEPARATORS: &[&str] = &["-", "/", ".", "(", ")", " "];
/// From here on a run of digits is a phone, tax or account number.
const PHONE_DIGITS: usize = 9;

/// If something starting at `at` is a price, phone number, version or the like: the position after it.
pub fn noise(items: &Items, at: usize) -> Option<usize> {
    let offset = at > 0 && items.glued(at) && items.digits(at - 1) > 0;
    if !offset && items.is_sign(at, CURRENCIES) && !items.is_sign(at, &["~"]) && items.digits(at + 1) > 0 {
        return Some(chain_end(items, at + 1));
    }
    if items.is_sign(at, &["+", "("]) && items.digits(at + 1) > 0 && phone_end(items, at + 1, 6).is_some() {
        return phone_end(items, at + 1, 6);
    }
    if items.digits(at) == 0 {
        return label(items, at);
    }
    if let Some(end) = phone_end(items, at, PHONE_DIGITS) {
        return Some(end);
    }
    let end = chain_end(items, at);
    let is_noise = items.digits(at) > 4
        || glued_to_a_word(items, at)
        || items.is_sign(end, &["%", "€", "$", "£", "°", "₹"])
        || is_ratio(items, at, end)
        || (items.has(end, Sense::Noun) && !items.is_sign(at + 1, &[":"]) && !is_dated(items, at));
    is_noise.then_some(end)
}

/// "room 12", "version 2.3", "no. 4".
fn label(items: &Items, at: usize) -> Option<usize> {
    if !items.has(at, Sense::Label) {
        return None;
    }
    let mut next = at + 1;
    while items.is_sign(next, &[".", "#", ":", "°", "-"]) || items.is_text(next, "no") {
        next += 1;
    }
    (items.digits(next) > 0 && next <= at + 3).then(|| chain_end(items, next))
}

/// Digits joined without space: "3.50", "2.3.1", "24/7", "555-1234".
fn chain_end(items: &Items, at: usize) -> usize {
    let mut end = at + 1;
    while items.is_sign(end, &[".", ",", "-", "/", "'"])
        && items.glued(end)
        && items.glued(end + 1)
        && items.digits(end + 1) > 0
    {
        end += 2;
    }
    end
}

fn phone_end(items: &Items, at: usize, least: usize) -> Option<usize> {
    let (mut digits, mut end, mut next) = (0, at, at);
    while items.digits(next) > 0 || (next > at && items.is_sign(next, SEPARATORS)) {
        digits += items.digits(next);
        next += 1;
        if items.digits(next - 1) > 0 {
            end = next;
        }
        if next - at > 24 {
            break;
        }
    }
    let starts_as_date = (items.digits(at) == 4 && items.is_sign(at + 1, &["-"]) && items.digits(at + 2) == 2)
        || (items.digits(at) <= 2 && items.is_sign(at + 1, &[".", "/", "-"]) && items.digits(at + 2) <= 2);
    let is_clock = items.is_sign(end, &[":"]);
    (digits >= least && !is_clock && !starts_as_date).then_some(end)
}

/// "v2", "Q3", "B12"; but "at3", "um15" and ISO 8601's "T15" are times.
fn glued_to_a_word(items: &Items, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    items.glued(at)
        && items.get(before).is_some_and(|word| word.is_word())
        && !items
            .any(before, &[Sense::At, Sense::On, Sense::HourWord, Sense::Am, Sense::Pm, Sense::Around, Sense::Until])
        && !items.any(before, &[Sense::After, Sense::Before, Sense::Between, Sense::From])
        && !items.is_text(before, "t")
        && !items.find(before, |s| matches!(s, Sense::Weekday(_) | Sense::Month(_)).then_some(true)).unwrap_or(false)
}

fn is_ratio(items: &Items, at: usize, end: usize) -> bool {
    let whole = items.number(at) == Some(24) && items.is_sign(at + 1, &["/", "-"]) && items.number(at + 2) == Some(7);
    let halves = items.number(at) == Some(50) && end > at + 1;
    let out_of = end == at + 1 && items.is_text(end, "in") && items.number(end + 1).is_some_and(|n| n <= 20);
    let of_counted = end == at + 1
        && items.is_text(end, "of")
        && items.number(end + 1).is_some()
        && !items.has(end + 1, Sense::HourWord);
    whole || halves || out_of || of_counted
}

/// A month beside the number says that it is a date whatever follows.
fn is_dated(items: &Items, at: usize) -> bool {
    let month = |at: usize| items.find(at, |s| matches!(s, Sense::Month(_)).then_some(())).is_some();
    at.checked_sub(1).is_some_and(month) || month(at + 1)
}
