//! Numbers and times as people read them.

use jiff::tz::TimeZone;

use crate::base::UnixMillis;

/// `2,418`
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut words = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// `1 contact`, `2,418 contacts`
pub(super) fn people(value: u64) -> String {
    format!("{} {}", number(value), if value == 1 { "contact" } else { "contacts" })
}

/// `24 Nov 2026`
pub(super) fn date(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%-d %b %Y").to_string()
}

/// `Tuesday 24 November`, with the year when it is another; `Today` today.
pub(super) fn day(at: UnixMillis, now: UnixMillis, zone: &TimeZone) -> String {
    let (at, now) = (at.in_zone(zone), now.in_zone(zone));
    if at.date() == now.date() {
        return "Today".to_owned();
    }
    let form = if at.year() == now.year() { "%A %-d %B" } else { "%A %-d %B %Y" };
    at.strftime(form).to_string()
}

/// `10:30`
pub(super) fn time(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%H:%M").to_string()
}

/// A value in a query string.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_read_at_a_glance() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        let zone = TimeZone::UTC;
        let now = crate::testing::NOW;
        assert_eq!(day(now, now, &zone), "Today");
        assert_eq!(day(now.minus(std::time::Duration::from_secs(86_400)), now, &zone), "Monday 23 November");
        assert_eq!(people(1), "1 contact");
    }
}
