//! Amounts as people type and read them, and what tokens cost. Nothing here is a float.

use super::model::{Micros, Price, ONE};
use crate::providers::ai::Usage;

/// "0.25", "3", "1,5": at most six places, at most a million.
pub fn parse(text: &str) -> Option<Micros> {
    let text = text.trim().replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    if text.is_empty() || text == "." || whole.len() > 7 || part.len() > 6 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let whole: Micros = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: Micros = if part.is_empty() { 0 } else { format!("{part:0<6}").parse().ok()? };
    Some(whole * ONE + part)
}

/// "0.25", "3.00", "0.000045": two places, more where there is something in them.
pub fn figure(amount: Micros) -> String {
    let digits = format!("{}.{:06}", amount / ONE, amount % ONE);
    let short = digits.trim_end_matches('0');
    let keep = short.len().max(digits.len() - 4);
    digits[..keep].to_owned()
}

/// For bars and sums: two places, rounded up, so that what was spent never looks like nothing.
pub fn rounded(amount: Micros, currency: &str) -> String {
    let cents = amount.div_ceil(ONE / 100);
    format!("{}.{:02} {currency}", cents / 100, cents % 100)
}

/// What tokens cost, rounded up to a millionth.
pub fn cost(price: Price, usage: Usage) -> Micros {
    let of = |tokens: u64, price: Micros| u128::from(tokens) * u128::from(price);
    let sum = (of(usage.input, price.input) + of(usage.output, price.output)).div_ceil(u128::from(ONE));
    Micros::try_from(sum).unwrap_or(Micros::MAX)
}

/// Tokens for what stands around the texts: the frame of each turn, and the words that ask for the shape or a repair.
const FRAME: u64 = 400;

/// What a question may use up at most, whatever the language: a token for every byte sent, since no tokenizer in use makes
/// more of a text than its UTF-8 bytes, and the whole room for the answer.
pub fn most(bytes: usize, room: u32) -> Usage {
    Usage { input: (bytes as u64).saturating_add(FRAME), output: u64::from(room) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_without_loss() {
        let cases = [("3", Some(3_000_000), "3.00"), ("0.25", Some(250_000), "0.25"), ("1,5", Some(1_500_000), "1.50")];
        for (typed, expected, shown) in cases {
            assert_eq!(parse(typed), expected, "{typed}");
            assert_eq!(figure(expected.unwrap()), shown);
        }
        assert_eq!(figure(45), "0.000045");
        for wrong in ["", ".", "-1", "1.2.3", "a", "99999999", "0.1234567", "1 2"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(rounded(1, "USD"), "0.01 USD");
        assert_eq!(rounded(12_340_000, "EUR"), "12.34 EUR");
    }

    #[test]
    fn tokens_cost_what_the_table_says_rounded_up() {
        let price = Price { input: 3_000_000, output: 15_000_000 };
        assert_eq!(cost(price, Usage { input: 1_000_000, output: 0 }), 3_000_000);
        assert_eq!(cost(price, Usage { input: 1, output: 1 }), 18);
        assert_eq!(cost(Price { input: 1, output: 0 }, Usage { input: 1, output: 0 }), 1);
        assert_eq!(cost(Price { input: u64::MAX, output: 0 }, Usage { input: u64::MAX, output: 0 }), u64::MAX);
        assert_eq!(most("čtyři".len(), 600), Usage { input: 407, output: 600 });
    }
}
