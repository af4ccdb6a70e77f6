//! The scale on which lead times are counted: by the hour up to two days, by the day up to a year. What lies beyond
//! counts as a year.

use std::time::Duration;

use crate::base::counted;

const HOUR: u64 = 3600;
const HOURS: u64 = 48;
const DAYS: u64 = 365;

/// The step of the scale that a lead time falls on.
pub fn step(lead: Duration) -> u16 {
    let hours = lead.as_secs() / HOUR;
    let step = if hours < HOURS { hours } else { HOURS + (hours / 24).min(DAYS) - 2 };
    u16::try_from(step).unwrap_or(u16::MAX)
}

/// The least hours that fall on a step.
pub fn hours(step: u16) -> u64 {
    let step = u64::from(step);
    if step < HOURS {
        step
    } else {
        (step - HOURS + 2) * 24
    }
}

/// "under an hour", "5 hours", "12 days".
pub fn words(step: u16) -> String {
    match hours(step) {
        0 => "under an hour".to_owned(),
        hours if hours < HOURS => counted(hours, "hour", "hours"),
        hours => counted(hours / 24, "day", "days"),
    }
}

/// How many fell on which step, ascending.
pub type Scale = Vec<(u16, u64)>;

/// Adds to (or takes from) a step.
pub fn change(scale: &mut Scale, step: u16, by: i64) {
    match scale.binary_search_by_key(&step, |(step, _)| *step) {
        Ok(at) => {
            scale[at].1 = scale[at].1.saturating_add_signed(by);
            if scale[at].1 == 0 {
                scale.remove(at);
            }
        }
        Err(at) if by > 0 => scale.insert(at, (step, by.unsigned_abs())),
        Err(_) => {}
    }
}

/// The step below which `quarters` of four lie: 2 is the median. `None` of nothing.
pub fn quartile(scale: &Scale, quarters: u64) -> Option<u16> {
    let all: u64 = scale.iter().map(|(_, count)| count).sum();
    // The nearest rank: the smallest value that at least this share does not exceed.
    let rank = (all * quarters).div_ceil(4).max(1);
    let mut seen = 0;
    scale.iter().find_map(|(step, count)| {
        seen += count;
        (seen >= rank).then_some(*step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_time_is_said_to_the_hour_and_beyond_two_days_to_the_day() {
        let hours_words = |hours: u64| words(step(Duration::from_secs(hours * HOUR + 1)));
        let cases = [
            (0, "under an hour"),
            (1, "1 hour"),
            (47, "47 hours"),
            (48, "2 days"),
            (71, "2 days"),
            (72, "3 days"),
            (365 * 24, "365 days"),
            (9_000 * 24, "365 days"),
        ];
        for (hours, expected) in cases {
            assert_eq!(hours_words(hours), expected, "{hours}");
        }
    }

    #[test]
    fn half_lie_below_the_median_and_a_quarter_below_the_first_quartile() {
        let mut scale = Scale::new();
        for step in [5, 1, 3, 2, 4, 8, 7, 6] {
            change(&mut scale, step, 1);
        }
        assert_eq!([1, 2, 3].map(|quarters| quartile(&scale, quarters)), [Some(2), Some(4), Some(6)]);
        change(&mut scale, 1, -1);
        change(&mut scale, 9, -1);
        assert_eq!(scale.first(), Some(&(2, 1)));
        assert_eq!((quartile(&vec![(3, 1)], 1), quartile(&Scale::new(), 2)), (Some(3), None));
    }
}
