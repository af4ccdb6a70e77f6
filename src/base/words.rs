//! Numbers and places as people say them.

use jiff::tz::TimeZone;

use super::UnixMillis;

/// "1,482".
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// "1 minute", "1,482 minutes", "2 replies": the number with the noun that fits it.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// "New York" of `America/New_York`, "UTC" of `UTC`.
pub fn city_of(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// "12:00 in Berlin" of an instant that our own clock calls otherwise; with the day where that differs too ("Wed 01:00
/// in Tokyo"). Empty where both clocks show the same, or the zone is unknown.
pub fn clock_there(at: UnixMillis, ours: &TimeZone, theirs: &str) -> String {
    let Ok(zone) = TimeZone::get(theirs) else { return String::new() };
    let (here, there) = (at.in_zone(ours), at.in_zone(&zone));
    if here.datetime() == there.datetime() {
        return String::new();
    }
    let shape = if here.date() == there.date() { "%H:%M" } else { "%a %H:%M" };
    format!("{} in {}", there.strftime(shape), city_of(theirs))
}

/// `here`, and the clock of somebody in another zone beside it: "Tue 24 Nov, 11:00 · 12:00 in Berlin".
pub fn on_both_clocks(here: &str, at: UnixMillis, ours: &TimeZone, theirs: &str) -> String {
    match clock_there(at, ours, theirs) {
        there if there.is_empty() => here.to_owned(),
        there => format!("{here} · {there}"),
    }
}

/// Replaces each `{name}` once; the values are not looked into.
pub fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(pattern.len() + 40);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, behind)) = after.split_once('}') else { break };
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_said_with_the_noun_that_fits_it() {
        let cases = [(0, "0 replies"), (1, "1 reply"), (2, "2 replies"), (1_482, "1,482 replies")];
        for (number, expected) in cases {
            assert_eq!(counted(number, "reply", "replies"), expected);
        }
    }

    #[test]
    fn a_time_is_said_on_the_other_person_s_clock_where_that_shows_another() {
        let at = UnixMillis::parse_rfc3339("2026-11-24T18:00:00Z").unwrap();
        let london = TimeZone::get("Europe/London").unwrap();
        let cases = [
            ("Europe/London", "Tue, 18:00"),
            ("Europe/Lisbon", "Tue, 18:00"),
            ("Europe/Berlin", "Tue, 18:00 · 19:00 in Berlin"),
            ("America/New_York", "Tue, 18:00 · 13:00 in New York"),
            ("Asia/Tokyo", "Tue, 18:00 · Wed 03:00 in Tokyo"),
            ("Nowhere", "Tue, 18:00"),
        ];
        for (zone, expected) in cases {
            assert_eq!(on_both_clocks("Tue, 18:00", at, &london, zone), expected, "{zone}");
        }
    }
}
