//! The dates of a meeting that comes again, on the wall clock of one zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::UnixMillis;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    Day,
    Week,
    /// On the same date; the last day of a month that has no such date.
    MonthDate,
    /// On the second Tuesday, say; after a fifth one on the last of each month.
    MonthWeekday,
}

impl Every {
    /// The word, and how a form says it.
    pub const CHOICES: [(&str, &str); 4] = [
        ("day", "A series: every day"),
        ("week", "A series: every week"),
        ("month_date", "A series: every month on the same date"),
        ("month_weekday", "A series: every month on the same weekday"),
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::MonthDate => "month_date",
            Self::MonthWeekday => "month_weekday",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Day, Self::Week, Self::MonthDate, Self::MonthWeekday].into_iter().find(|every| every.as_str() == word)
    }

    fn step(self, first: Date, steps: i64) -> Date {
        match self {
            Self::Day => first.saturating_add(steps.days()),
            Self::Week => first.saturating_add(steps.weeks()),
            Self::MonthDate => first.saturating_add(steps.months()),
            Self::MonthWeekday => {
                let month = first.first_of_month().saturating_add(steps.months());
                let nth = (first.day() + 6) / 7;
                // Not every month has a fifth.
                let nth = if nth == 5 { -1 } else { nth };
                month.nth_weekday_of_month(nth, first.weekday()).unwrap_or(month)
            }
        }
    }
}

/// `count` starts, the first among them: the same time on the zone's clock, every `interval` days, weeks or months. A
/// wall time inside a gap moves forward by the gap; one that exists twice is the first (RFC 5545 section 3.3.5).
pub fn occurrences(first: UnixMillis, every: Every, interval: u32, count: u32, zone: &TimeZone) -> Vec<UnixMillis> {
    let wall = first.in_zone(zone).datetime();
    let later = (1..count).filter_map(|nth| {
        let date = every.step(wall.date(), i64::from(nth) * i64::from(interval));
        let at = date.to_datetime(wall.time()).to_zoned(zone.clone()).ok()?;
        Some(UnixMillis::from(at.timestamp()))
    });
    std::iter::once(first).chain(later).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(first: &str, zone: &str, every: Every, interval: u32, count: u32) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let first = UnixMillis::parse_rfc3339(first).unwrap();
        let all = occurrences(first, every, interval, count, &zone);
        all.into_iter().map(|at| at.in_zone(&zone).strftime("%Y-%m-%d %H:%M%:z").to_string()).collect()
    }

    #[test]
    fn the_time_on_the_clock_stays_when_the_clocks_change() {
        let cases = [
            (
                "every week into summer",
                dates("2027-03-23T09:00:00Z", "Europe/London", Every::Week, 1, 3),
                ["2027-03-23 09:00+00:00", "2027-03-30 09:00+01:00", "2027-04-06 09:00+01:00"],
            ),
            (
                "every other week into winter",
                dates("2026-10-20T13:00:00Z", "America/New_York", Every::Week, 2, 3),
                ["2026-10-20 09:00-04:00", "2026-11-03 09:00-05:00", "2026-11-17 09:00-05:00"],
            ),
            (
                "through the gap: forward by it",
                dates("2027-03-27T01:30:00Z", "Europe/London", Every::Day, 1, 3),
                ["2027-03-27 01:30+00:00", "2027-03-28 02:30+01:00", "2027-03-29 01:30+01:00"],
            ),
            (
                "where it is there twice: the first",
                dates("2026-10-24T00:30:00Z", "Europe/London", Every::Day, 1, 3),
                ["2026-10-24 01:30+01:00", "2026-10-25 01:30+01:00", "2026-10-26 01:30+00:00"],
            ),
        ];
        for (name, found, expected) in cases {
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn months_keep_their_date_or_their_weekday_as_far_as_they_have_it() {
        let days = |first: &str, every| -> Vec<String> {
            let all = dates(first, "UTC", every, 1, 4);
            all.into_iter().map(|at| at[5..10].to_owned()).collect()
        };
        let cases = [
            ("the 31st", days("2027-01-31T10:00:00Z", Every::MonthDate), ["01-31", "02-28", "03-31", "04-30"]),
            (
                "the second Tuesday",
                days("2027-01-12T10:00:00Z", Every::MonthWeekday),
                ["01-12", "02-09", "03-09", "04-13"],
            ),
            (
                "the fifth Friday",
                days("2027-01-29T10:00:00Z", Every::MonthWeekday),
                ["01-29", "02-26", "03-26", "04-30"],
            ),
        ];
        for (name, found, expected) in cases {
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn whatever_the_zone_and_the_distance_each_date_has_the_wall_time_of_the_first_outside_of_gaps() {
        for zone in ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"]
        {
            let zone = TimeZone::get(zone).unwrap();
            for hour in 0..24 {
                let first = UnixMillis(crate::testing::NOW.0 + hour * 3_600_000 + 600_000);
                let wall = first.in_zone(&zone).datetime();
                for (every, interval) in
                    [(Every::Day, 11), (Every::Week, 3), (Every::MonthDate, 1), (Every::MonthWeekday, 1)]
                {
                    let all = occurrences(first, every, interval, 24, &zone);
                    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "ascending: {zone:?} {every:?}");
                    for at in all {
                        let there = at.in_zone(&zone);
                        let exists = there.date().to_datetime(wall.time()).to_zoned(zone.clone()).unwrap().datetime();
                        assert_eq!(there.datetime(), exists, "{zone:?} {every:?}");
                    }
                }
            }
        }
    }
}
