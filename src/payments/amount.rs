//! Amounts as people write them, and as the smallest unit of their currency.

use crate::base::Language;
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

/// As a guest writes it: "£49.50", "49,50\u{a0}£", "₹1,23,456.00".
pub fn said(units: u64, currency: &str, language: Language) -> String {
    let (code, number) = (currency.to_uppercase(), number(units, currency, language));
    let sign = sign(&code, language);
    let leads = match language {
        // As Brazil writes it.
        Language::English | Language::Hindi | Language::Portuguese => true,
        Language::German | Language::Spanish | Language::French => false,
    };
    let stands_apart = language == Language::Portuguese || sign.ends_with(char::is_alphanumeric);
    match leads {
        true if stands_apart => format!("{sign}\u{a0}{number}"),
        true => format!("{sign}{number}"),
        false => format!("{number}\u{a0}{sign}"),
    }
}

/// The sign that says the currency alone, else its code.
fn sign(code: &str, language: Language) -> &str {
    match code {
        "EUR" => "€",
        "GBP" => "£",
        "INR" => "₹",
        "JPY" => "¥",
        "BRL" => "R$",
        "USD" => language.among(["$", "$", "US$", "$US", "US$", "$"]),
        code => code,
    }
}

fn number(units: u64, currency: &str, language: Language) -> String {
    let digits = minor_digits(currency);
    let one = 10_u64.pow(digits);
    let whole = grouped(units / one, language);
    let point = if matches!(language, Language::English | Language::Hindi) { '.' } else { ',' };
    match digits {
        0 => whole,
        digits => format!("{whole}{point}{:0width$}", units % one, width = digits as usize),
    }
}

fn grouped(number: u64, language: Language) -> String {
    let digits = number.to_string();
    let sign = match language {
        // Four digits stand together.
        Language::Spanish if digits.len() < 5 => return digits,
        Language::English | Language::Hindi => ',',
        Language::German | Language::Spanish | Language::Portuguese => '.',
        Language::French => '\u{202f}',
    };
    let begins_group = |left: usize| match language {
        // Thousands, then lakhs and crores.
        Language::Hindi => left == 3 || (left > 3 && left % 2 == 1),
        _ => left.is_multiple_of(3),
    };
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && begins_group(digits.len() - at) {
            out.push(sign);
        }
        out.push(digit);
    }
    out
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
    fn a_guest_reads_an_amount_as_their_language_writes_it() {
        let cases = [
            ("en", 4_950, "gbp", "£49.50"),
            ("en", 123_456_700, "USD", "$1,234,567.00"),
            ("en", 4_950, "CHF", "CHF\u{a0}49.50"),
            ("de", 4_950, "GBP", "49,50\u{a0}£"),
            ("de", 120_000, "EUR", "1.200,00\u{a0}€"),
            ("es", 120_000, "EUR", "1200,00\u{a0}€"),
            ("es", 1_200_000, "USD", "12.000,00\u{a0}US$"),
            ("fr", 120_000, "EUR", "1\u{202f}200,00\u{a0}€"),
            ("fr", 1_200, "JPY", "1\u{202f}200\u{a0}¥"),
            ("pt", 4_950, "GBP", "£\u{a0}49,50"),
            ("pt", 120_000, "BRL", "R$\u{a0}1.200,00"),
            ("hi", 12_345_600, "INR", "₹1,23,456.00"),
            ("hi", 4_950, "GBP", "£49.50"),
            ("hi", 1_234_567_800, "INR", "₹1,23,45,678.00"),
        ];
        for (tag, units, currency, expected) in cases {
            assert_eq!(said(units, currency, Language::of(tag)), expected, "{tag} {currency}");
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
