//! How amounts of a currency are counted at Stripe.
//!
//! Zero-decimal and three-decimal currencies: <https://docs.stripe.com/currencies#zero-decimal>; smallest charges:
//! <https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>.

const WITHOUT: &[&str] =
    &["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
const THREE: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// Digits behind the point: an amount of 12.50 in a currency with two is 1250.
pub fn minor_digits(currency: &str) -> u32 {
    let code = currency.to_ascii_uppercase();
    match code.as_str() {
        code if WITHOUT.contains(&code) => 0,
        code if THREE.contains(&code) => 3,
        _ => 2,
    }
}

/// The least that can be charged, in the smallest unit; of a currency that is not listed, the least that any takes.
pub fn smallest_amount(currency: &str) -> u64 {
    match currency.to_ascii_uppercase().as_str() {
        "GBP" => 30,
        "KRW" => 100,
        "CZK" => 1_500,
        "DKK" => 250,
        "HKD" => 400,
        "HUF" => 17_500,
        "MXN" => 1_000,
        "MYR" => 200,
        "NOK" | "SEK" => 300,
        "PLN" | "RON" | "AED" => 200,
        "THB" => 1_000,
        _ => 50,
    }
}
