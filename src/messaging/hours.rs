//! Sending hours on the recipient's own clock.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::days_off::DaysOff;
use super::model::SendingHours;
use crate::base::UnixMillis;

/// The earliest instant from `now` on that lies inside the hours: `now` itself while they are open. Days whose
/// opening does not exist (a clock change) open when the clock goes on; hours without any day open never (`None`).
pub fn next_open(hours: &SendingHours, now: UnixMillis) -> Option<UnixMillis> {
    first_open(hours, now, 8, |_| false)
}

/// The same with days off; longer than this nobody is away for holidays.
pub fn next_working(hours: &SendingHours, off: &DaysOff, now: UnixMillis) -> Option<UnixMillis> {
    first_open(hours, now, 60, |date| off.name_of(hours, date).is_some())
}

/// What is kept at this moment where the recipient is.
pub fn kept_now(hours: &SendingHours, off: &DaysOff, now: UnixMillis) -> Option<String> {
    let zone = TimeZone::get(&hours.zone).unwrap_or(TimeZone::UTC);
    off.name_of(hours, now.in_zone(&zone).date())
}

fn first_open(hours: &SendingHours, now: UnixMillis, days: u8, is_off: impl Fn(Date) -> bool) -> Option<UnixMillis> {
    // An unknown zone is a mistake of an import; the instant is then read on UTC rather than never.
    let zone = TimeZone::get(&hours.zone).unwrap_or(TimeZone::UTC);
    let today = now.in_zone(&zone).date();
    (0..days).find_map(|ahead| {
        let date = today.checked_add(i32::from(ahead).days()).ok()?;
        if !hours.days.contains(&(date.weekday().to_monday_one_offset() as u8)) || is_off(date) {
            return None;
        }
        let (open, close) = (at_minute(date, hours.from, &zone)?, at_minute(date, hours.to, &zone)?);
        let start = open.max(now);
        (start < close).then_some(start)
    })
}

/// `minute` after midnight on the wall clock; 1440 is the next midnight.
fn at_minute(date: Date, minute: u16, zone: &TimeZone) -> Option<UnixMillis> {
    let date = date.checked_add(i32::from(minute / 1440).days()).ok()?;
    let minute = minute % 1440;
    let time = jiff::civil::time((minute / 60) as i8, (minute % 60) as i8, 0, 0);
    let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str) -> SendingHours {
        SendingHours::of_an_office(zone)
    }

    fn at(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn mail_waits_for_the_recipients_own_morning() {
        let cases = [
            ("open", "Europe/London", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
            ("before", "Europe/London", "2026-11-24T07:00:00Z", "2026-11-24T09:00:00Z"),
            ("after", "Europe/London", "2026-11-24T17:00:00Z", "2026-11-25T09:00:00Z"),
            ("weekend", "Europe/London", "2026-11-27T18:00:00Z", "2026-11-30T09:00:00Z"),
            ("another zone", "America/Los_Angeles", "2026-11-24T10:00:00Z", "2026-11-24T17:00:00Z"),
            ("over a clock change", "America/New_York", "2026-10-30T22:00:00Z", "2026-11-02T14:00:00Z"),
        ];
        for (name, zone, now, expected) in cases {
            assert_eq!(next_open(&hours(zone), at(now)), Some(at(expected)), "{name}");
        }
        let never = SendingHours { days: vec![], ..hours("Europe/London") };
        assert_eq!(next_open(&never, at("2026-11-24T10:00:00Z")), None);
    }

    #[test]
    fn mail_waits_for_the_end_of_the_recipients_own_holidays() {
        let off = DaysOff::default();
        let cases = [
            ("Thanksgiving there", "America/New_York", "2026-11-26T15:00:00Z", "2026-11-27T14:00:00Z"),
            ("not here", "Europe/London", "2026-11-26T15:00:00Z", "2026-11-26T15:00:00Z"),
            ("Christmas and the weekend", "Europe/London", "2026-12-25T10:00:00Z", "2026-12-29T09:00:00Z"),
            ("already Christmas there", "Australia/Sydney", "2026-12-24T22:30:00Z", "2026-12-28T22:00:00Z"),
        ];
        for (name, zone, now, expected) in cases {
            assert_eq!(next_working(&hours(zone), &off, at(now)), Some(at(expected)), "{name}");
        }
        assert!(kept_now(&hours("Europe/London"), &off, at("2026-12-25T10:00:00Z")).is_some());
    }

    #[test]
    fn an_opening_that_the_clock_change_swallows_moves_forward() {
        let night = SendingHours {
            zone: "Europe/Berlin".into(),
            days: vec![7],
            from: 150,
            to: 300,
            ..SendingHours::any_time()
        };
        assert_eq!(next_open(&night, at("2026-03-28T22:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
    }
}
