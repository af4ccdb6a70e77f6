//! What somebody can wait for on a page: a month, one of its days, or one full start of a group.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::words;
use crate::app::App;
use crate::availability::Span;
use crate::base::UnixMillis;
use crate::bookings::types::{self, EventType, SlotQuestion};
use crate::bookings::words::{self as booking_words, fill, Clocks, Language};
use crate::http::ui::Choice;
use crate::store::StoreError;

/// What is full in a month of a visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Full {
    /// Nothing is free in all of it.
    pub month: Option<Date>,
    /// Days on which something could be, and nothing is free.
    pub days: Vec<Date>,
    /// Starts of a group whose seats are taken.
    pub starts: Vec<UnixMillis>,
}

/// Looks at the month of `question` beside what is free in it; nothing where there is no list.
pub fn what_is_full(
    app: &App,
    event: &EventType,
    question: &SlotQuestion,
    free: &[UnixMillis],
) -> Result<Full, StoreError> {
    if event.waitlist.is_none() {
        return Ok(Full::default());
    }
    let date = |start: &UnixMillis| start.in_zone(&question.zone).date();
    let mut days: Vec<Date> = types::possible_starts(app, event, question)?.iter().map(date).collect();
    days.dedup();
    let with_times: Vec<Date> = free.iter().map(date).collect();
    days.retain(|day| !with_times.contains(day));
    let month = (free.is_empty() && !days.is_empty()).then_some(question.from);
    Ok(Full { month, days, starts: types::full_starts(app, event, question, free)? })
}

impl Full {
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.starts.is_empty()
    }

    /// As a visitor chooses one.
    pub fn choices(&self, language: Language, zone: &str) -> Vec<Choice> {
        let clocks = Clocks::of(zone, zone);
        let month = self.month.map(|month| Choice {
            value: month.strftime("%Y-%m").to_string(),
            label: fill(words::of(language).any_time, &[("month", &booking_words::month(language, month))]),
        });
        let starts = self
            .starts
            .iter()
            .map(|start| Choice { value: start.to_rfc3339(), label: booking_words::when(language, *start, &clocks) });
        let days =
            self.days.iter().map(|day| Choice { value: day.to_string(), label: booking_words::day(language, *day) });
        month.into_iter().chain(starts).chain(days).collect()
    }

    /// The period of a choice, from now on; nothing for what is not full.
    pub fn period(&self, chosen: &str, zone: &TimeZone, now: UnixMillis) -> Option<Span> {
        if let Some(month) = self.month.filter(|month| month.strftime("%Y-%m").to_string() == chosen) {
            return days(month, month.last_of_month(), zone, now);
        }
        if let Some(day) = self.days.iter().find(|day| day.to_string() == chosen) {
            return days(*day, *day, zone, now);
        }
        let start = self.starts.iter().find(|start| start.to_rfc3339() == chosen)?;
        Some(Span::new(*start, UnixMillis(start.0 + 60_000)))
    }
}

/// Whole days on the clock of a zone, as far as they are still to come.
pub fn days(first: Date, last: Date, zone: &TimeZone, now: UnixMillis) -> Option<Span> {
    let midnight = |date: Date| Some(UnixMillis::from(date.to_zoned(zone.clone()).ok()?.timestamp()));
    let start = midnight(first)?.max(now);
    let end = midnight(last.checked_add(1.day()).ok()?)?;
    (start < end).then(|| Span::new(start, end))
}
