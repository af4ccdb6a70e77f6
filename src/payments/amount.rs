//! Amounts as people write them, and as the smallest unit of their currency.

use crate::providers::stripe::minor_digits;

/// "49", "49.5" or "49,50" as the smallest unit; `None` for what is no amount of this currency.
pub fn parse(text: &str, currency: &str) -> Option<u64> {
    let text = text.trim().replace(',', ".");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let digits = minor_digits(currency) as usize;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || !is_number(whole) || !is_number(rest) || rest.len() > digits {
        return None;
    }
    format!("{whole}{rest:0<digits$}").parse().ok()
}

/// "49.00 EUR"
pub fn words(units: u64, currency: &str) -> String {
    format!("{} {}", figure(units, currency), currency.to_uppercase())
}

/// "49.00", as a form shows it.
pub fn figure(units: u64, currency: &str) -> String {
    let digits = minor_digits(currency);
    let one = 10_u64.pow(digits);
    match digits {
        0 => units.to_string(),
        digits => format!("{}.{:0width$}", units / one, units % one, width = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_its_currency_counts() {
        for (text, currency, expected) in [
            ("49", "EUR", Some(4_900)),
            ("49.5", "EUR", Some(4_950)),
            (" 49,50 ", "usd", Some(4_950)),
            ("0.005", "EUR", None),
            ("1200", "JPY", Some(1_200)),
            ("1200.5", "JPY", None),
            ("1.234", "KWD", Some(1_234)),
            ("-1", "EUR", None),
            ("", "EUR", None),
            (".5", "EUR", None),
            ("1.2.3", "EUR", None),
            ("9999999999", "EUR", None),
        ] {
            assert_eq!(parse(text, currency), expected, "{text} {currency}");
        }
    }

    #[test]
    fn an_amount_is_written_with_its_currency() {
        for (units, currency, expected) in
            [(4_905, "eur", "49.05 EUR"), (1_200, "JPY", "1200 JPY"), (5, "KWD", "0.005 KWD")]
        {
            assert_eq!(words(units, currency), expected);
        }
    }
}
