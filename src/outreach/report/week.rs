//! Weeks, by their Monday.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{date, Date};
use jiff::Span;

/// The Monday that a week begins with, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written like 2026-11-24")]
pub struct InvalidWeek;

impl Week {
    /// The week that holds the day.
    pub fn of(day: Date) -> Self {
        let since = day - date(1970, 1, 1);
        let monday = since.get_days() - i32::from(day.weekday().to_monday_zero_offset());
        Self(u32::try_from(monday).unwrap_or(0))
    }

    pub fn monday(self) -> Date {
        let days = Span::new().days(i64::from(self.0));
        date(1970, 1, 1).checked_add(days).unwrap_or(Date::MAX)
    }

    /// So many weeks before.
    pub fn before(self, weeks: u32) -> Self {
        Self(self.0.saturating_sub(7 * weeks))
    }

    pub fn sunday(self) -> Date {
        self.monday().checked_add(Span::new().days(6)).unwrap_or(Date::MAX)
    }
}

/// YYYY-MM-DD of its Monday.
impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.monday().fmt(f)
    }
}

/// The week that holds a day, which need not be a Monday.
impl FromStr for Week {
    type Err = InvalidWeek;

    fn from_str(text: &str) -> Result<Self, InvalidWeek> {
        let day: Date = text.parse().map_err(|_| InvalidWeek)?;
        let known = date(1970, 1, 5)..date(3000, 1, 1);
        if known.contains(&day) {
            Ok(Self::of(day))
        } else {
            Err(InvalidWeek)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_named_by_its_monday_and_found_by_any_of_its_days() {
        for day in ["2026-11-23", "2026-11-25", "2026-11-29"] {
            assert_eq!(day.parse::<Week>().unwrap().to_string(), "2026-11-23", "{day}");
        }
        let week: Week = "2026-11-30".parse().unwrap();
        assert_eq!((week.before(1).to_string(), week.sunday().to_string()), ("2026-11-23".into(), "2026-12-06".into()));
        for wrong in ["", "2026-13-01", "1969-12-31", "9999-12-31", "yesterday"] {
            assert_eq!(wrong.parse::<Week>(), Err(InvalidWeek), "{wrong}");
        }
    }
}
