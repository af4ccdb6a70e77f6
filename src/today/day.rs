//! The day that a page is about: who looks, in which workspace, and what time it is there.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use crate::app::App;
use crate::authz::{Actor, Denied, Permission};
use crate::base::UnixMillis;
use crate::http::PageError;
use crate::store::StoreError;
use crate::workspaces::{self, Workspace};

#[derive(Debug, thiserror::Error)]
pub enum TodayError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TodayError> for PageError {
    fn from(error: TodayError) -> Self {
        match error {
            TodayError::Denied(denied) => denied.into(),
            TodayError::NotFound => Self::NotFound,
            TodayError::Store(error) => Self::internal("could not read the day", &error),
        }
    }
}

/// What every part of the page starts from.
pub struct Day<'a> {
    pub app: &'a App,
    pub actor: &'a Actor,
    pub workspace: Workspace,
    pub zone: TimeZone,
    pub now: UnixMillis,
}

impl<'a> Day<'a> {
    pub fn open(app: &'a App, actor: &'a Actor) -> Result<Self, TodayError> {
        actor.require(Permission::ViewToday)?;
        let workspace = workspaces::get(&app.store, actor.workspace)?.ok_or(TodayError::NotFound)?;
        Ok(Self { app, actor, zone: workspace.zone(), workspace, now: app.now() })
    }

    pub fn date(&self) -> Date {
        self.now.in_zone(&self.zone).date()
    }

    /// The first instant of `date` here.
    pub fn start_of(&self, date: Date) -> UnixMillis {
        // A date at the end of time has no start; "now" keeps the page whole.
        date.to_zoned(self.zone.clone()).map_or(self.now, |start| start.timestamp().into())
    }

    /// Monday of the running week, or of `weeks` before it.
    pub fn monday(&self, weeks: i64) -> Date {
        let date = self.date();
        let back = i64::from(date.weekday().to_monday_zero_offset()) + 7 * weeks;
        date.saturating_sub(back.days())
    }

    /// "Thursday 19 November".
    pub fn date_words(&self) -> String {
        self.now.in_zone(&self.zone).strftime("%A %-d %B").to_string()
    }

    /// "Good morning", on the workspace's clock.
    pub fn greeting(&self) -> &'static str {
        match self.now.in_zone(&self.zone).hour() {
            4..=11 => "Good morning",
            12..=17 => "Good afternoon",
            _ => "Good evening",
        }
    }

    /// "09:12" today, "Wed 21:40" within a week, else "6 Nov".
    pub fn time_words(&self, at: UnixMillis) -> String {
        let there = at.in_zone(&self.zone);
        let apart = (self.date() - there.date()).get_days().abs();
        let shape = match apart {
            0 => "%H:%M",
            1..=6 => "%a %H:%M",
            _ => "%-d %b",
        };
        there.strftime(shape).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Clock;
    use crate::testing::TestApp;

    /// Tuesday 24 November 2026, 10:00 in London.
    fn at<T>(test: &TestApp, hours: i64, look: impl FnOnce(&Day<'_>) -> T) -> T {
        let mut day = Day::open(&test.app, &test.owner).unwrap();
        day.now = UnixMillis(day.now.0 + hours * 3_600_000);
        look(&day)
    }

    #[test]
    fn the_greeting_and_the_week_follow_the_workspace_s_own_clock() {
        let test = crate::testing::app();
        let greetings = [
            (0, "Good morning"),
            (3, "Good afternoon"),
            (9, "Good evening"),
            (15, "Good evening"),
            (20, "Good morning"),
        ];
        for (hours, words) in greetings {
            assert_eq!(at(&test, hours, |day| day.greeting()), words, "{hours} h later");
        }
        assert_eq!(at(&test, 0, |day| day.monday(0).to_string()), "2026-11-23");
        assert_eq!(at(&test, -34, |day| day.monday(0).to_string()), "2026-11-23", "midnight belongs to Monday");
        assert_eq!(at(&test, -35, |day| day.monday(0).to_string()), "2026-11-16", "Sunday ends the week");
        assert_eq!(at(&test, 0, |day| day.monday(1).to_string()), "2026-11-16");
        assert_eq!(at(&test, 0, |day| day.date_words()), "Tuesday 24 November");
    }

    #[test]
    fn a_time_is_said_as_shortly_as_it_can_be() {
        let test = crate::testing::app();
        let now = Clock::stopped_at(crate::testing::NOW).now();
        let cases = [(0, "10:00"), (-12, "Mon 22:00"), (24, "Wed 10:00"), (-240, "14 Nov")];
        for (hours, words) in cases {
            let then = UnixMillis(now.0 + hours * 3_600_000);
            assert_eq!(at(&test, 0, |day| day.time_words(then)), words);
        }
    }
}
