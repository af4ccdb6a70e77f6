//! When the next mail is due, on the lead's own clock.

use jiff::civil::Date;

use super::model::Step;
use crate::base::UnixMillis;
use crate::messaging::{days_after, next_open, SendingHours};

/// When `step` is due after the mail sent at `after`: so many days later at the same time of day, moved into the
/// lead's sending hours. Days are those of the lead's calendar, so a clock change neither adds nor takes an hour.
pub fn due_after(after: UnixMillis, step: &Step, hours: &SendingHours) -> UnixMillis {
    days_after(after, i32::from(step.wait_days), step.working_days, hours)
}

/// The first moment of `day` (YYYY-MM-DD) in the lead's hours, or the first after it; never before `now`.
pub fn on_day(day: &str, now: UnixMillis, hours: &SendingHours) -> UnixMillis {
    let day: Option<Date> = day.parse().ok();
    let start = day.and_then(|day| day.to_zoned(hours.time_zone()).ok()).map_or(now, |start| start.timestamp().into());
    next_open(hours, start.max(now)).unwrap_or(start.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::StepId;
    use crate::messaging::after_absence;

    fn hours(zone: &str) -> SendingHours {
        SendingHours::of_an_office(zone)
    }

    fn at(text: &str) -> UnixMillis {
        UnixMillis::parse_rfc3339(text).unwrap()
    }

    fn step(wait_days: u16, working_days: bool) -> Step {
        Step { wait_days, working_days, ..Step::mail(StepId::new(UnixMillis(0)), "", "") }
    }

    #[test]
    fn days_are_counted_on_the_leads_calendar() {
        let cases = [
            ("now", "Europe/London", 0, false, "2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
            (
                "now, but it is night there",
                "America/New_York",
                0,
                false,
                "2026-11-24T10:00:00Z",
                "2026-11-24T14:00:00Z",
            ),
            ("three days", "Europe/London", 3, false, "2026-11-24T10:00:00Z", "2026-11-27T10:00:00Z"),
            ("into a weekend", "Europe/London", 4, false, "2026-11-24T10:00:00Z", "2026-11-30T09:00:00Z"),
            ("three working days", "Europe/London", 3, true, "2026-11-26T10:00:00Z", "2026-12-01T10:00:00Z"),
            ("over the end of summer time", "Europe/London", 7, false, "2026-10-22T14:00:00Z", "2026-10-29T15:00:00Z"),
            ("over its beginning", "America/New_York", 3, false, "2027-03-12T20:30:00Z", "2027-03-15T19:30:00Z"),
        ];
        for (name, zone, days, working, from, expected) in cases {
            assert_eq!(due_after(at(from), &step(days, working), &hours(zone)), at(expected), "{name}");
        }
    }

    #[test]
    fn a_step_due_in_an_hour_that_is_missing_or_comes_twice_leaves_once_and_in_its_hours() {
        let night = |zone: &str, from: u16, to: u16| SendingHours { days: (1..=7).collect(), from, to, ..hours(zone) };
        let whole = |zone: &str| night(zone, 0, 24 * 60);
        let cases = [
            // In Berlin 02:00 to 03:00 is missing on 28 March 2027 and comes twice on 25 October 2026.
            ("the hour is missing", whole("Europe/Berlin"), 1, "2027-03-27T01:30:00Z", "2027-03-28T01:30:00Z"),
            ("the day after it", whole("Europe/Berlin"), 2, "2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"),
            ("the hour comes twice", whole("Europe/Berlin"), 1, "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"),
            ("sent in its second turn", whole("Europe/Berlin"), 0, "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"),
            ("a day after the second", whole("Europe/Berlin"), 1, "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
            (
                "open only in the missing hour",
                night("Europe/Berlin", 120, 180),
                1,
                "2027-03-27T01:30:00Z",
                "2027-03-29T00:00:00Z",
            ),
            (
                "open from within it",
                night("Europe/Berlin", 150, 300),
                1,
                "2027-03-27T01:30:00Z",
                "2027-03-28T01:30:00Z",
            ),
            // New York: missing on 14 March 2027, twice on 1 November 2026.
            ("missing there", whole("America/New_York"), 1, "2027-03-13T07:30:00Z", "2027-03-14T07:30:00Z"),
            ("twice there", whole("America/New_York"), 1, "2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z"),
            // Lord Howe moves by half an hour: 02:00 to 02:30 is missing on 4 October 2026.
            ("half an hour", whole("Australia/Lord_Howe"), 1, "2026-10-02T15:45:00Z", "2026-10-03T15:45:00Z"),
        ];
        for (name, hours, days, from, expected) in cases {
            let due = due_after(at(from), &step(days, false), &hours);
            assert_eq!(due, at(expected), "{name}");
            assert!(due >= at(from), "{name}: never before the mail it follows");
            assert_eq!(next_open(&hours, due), Some(due), "{name}: the gate lets it out then");
        }
    }

    #[test]
    fn after_an_absence_the_first_day_back_is_left_alone() {
        let cases = [
            ("back on a Thursday", Some("2026-11-26"), "2026-11-27T09:00:00Z"),
            ("back on a Friday", Some("2026-11-27"), "2026-11-30T09:00:00Z"),
            ("no date", None, "2026-12-01T09:00:00Z"),
            ("a date that has passed", Some("2026-11-20"), "2026-12-01T09:00:00Z"),
            ("no date at all", Some("soon"), "2026-12-01T09:00:00Z"),
            ("misread", Some("2062-11-26"), "2026-12-01T09:00:00Z"),
        ];
        for (name, date, expected) in cases {
            let due = after_absence(at("2026-11-24T10:00:00Z"), date, &hours("Europe/London"));
            assert_eq!(due, at(expected), "{name}");
        }
        let never = SendingHours { days: vec![], ..hours("Europe/London") };
        assert!(due_after(at("2026-11-24T10:00:00Z"), &step(3, true), &never) > at("2026-11-26T00:00:00Z"));
    }
}
