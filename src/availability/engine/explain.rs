//! Why a start is not offered: the first rule that removes it.

use jiff::Timestamp;

use super::find::{asked, blocker, calendars, earliest, find, round_start, Calendar};
use super::hours::date_of;
use super::limits::{closed_by_limit, full_days, horizon, Full};
use super::model::{Align, Request};
use super::ranges::{holding, minus, Millis, Range, MINUTE};
use super::taken::blocks;

/// In the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Outside the days that were asked for.
    Query,
    /// Sooner than now and the notice.
    MinimumNotice {
        earliest: Timestamp,
    },
    Horizon,
    /// Outside the hours, or it would end outside.
    Hours,
    /// Within the hours, but on none of the starts.
    Align,
    /// Taken, buffers counted in.
    Busy {
        start: Timestamp,
        end: Timestamp,
    },
    MaxPerDay,
    MaxMinutesPerDay,
    MaxPerWeek,
    MaxMinutesPerWeek,
    MaxPerMonth,
    MaxMinutesPerMonth,
}

impl Rule {
    /// The word of the output.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Query => "query",
            Rule::MinimumNotice { .. } => "minimum_notice",
            Rule::Horizon => "horizon",
            Rule::Hours => "hours",
            Rule::Align => "align",
            Rule::Busy { .. } => "busy",
            Rule::MaxPerDay => "max_per_day",
            Rule::MaxMinutesPerDay => "max_minutes_per_day",
            Rule::MaxPerWeek => "max_per_week",
            Rule::MaxMinutesPerWeek => "max_minutes_per_week",
            Rule::MaxPerMonth => "max_per_month",
            Rule::MaxMinutesPerMonth => "max_minutes_per_month",
        }
    }

    pub fn words(&self) -> String {
        match self {
            Rule::Query => "It lies outside the days that were asked for.".to_owned(),
            Rule::MinimumNotice { earliest } => format!("The first start with enough notice is {earliest}."),
            Rule::Horizon => "It lies beyond the days that can be booked.".to_owned(),
            Rule::Hours => "It begins or ends outside the hours.".to_owned(),
            Rule::Align => "It lies on none of the starts.".to_owned(),
            Rule::Busy { start, end } => format!("Taken from {start} to {end}, buffers not counted."),
            Rule::MaxPerDay => "The day is full.".to_owned(),
            Rule::MaxMinutesPerDay => "The day has no minutes left for it.".to_owned(),
            Rule::MaxPerWeek => "The week is full.".to_owned(),
            Rule::MaxMinutesPerWeek => "The week has no minutes left for it.".to_owned(),
            Rule::MaxPerMonth => "The month is full.".to_owned(),
            Rule::MaxMinutesPerMonth => "The month has no minutes left for it.".to_owned(),
        }
    }
}

/// `None`: it is offered. Of several hosts of whom one would do, the one that comes closest is told of.
pub fn explain(request: &Request, at: Timestamp) -> Option<Rule> {
    if find(request).binary_search(&at).is_ok() {
        return None;
    }
    let start = at.as_millisecond();
    let asked = asked(request);
    if start < asked.start || start >= asked.end {
        return Some(Rule::Query);
    }
    if at < request.now || start < earliest(request) {
        let earliest = Timestamp::from_millisecond(earliest(request)).unwrap_or(request.now);
        return Some(Rule::MinimumNotice { earliest });
    }
    let bookable = horizon(request);
    if start < bookable.start || start >= bookable.end {
        return Some(Rule::Horizon);
    }
    let reach = Range::new(start, start + 1);
    let of_calendars = calendars(request, reach);
    // None at all where one of them is free.
    let rules: Option<Vec<Rule>> = of_calendars.iter().map(|own| of_calendar(request, own, start)).collect();
    let closest = rules.and_then(|rules| rules.into_iter().max());
    Some(closest.unwrap_or_else(|| of_limits(request, start)))
}

fn of_calendar(request: &Request, own: &Calendar<'_>, start: Millis) -> Option<Rule> {
    let event = &request.event;
    let end = start + event.duration * MINUTE;
    let Some(window) = holding(&own.windows, start).filter(|window| end <= window.end) else {
        return Some(Rule::Hours);
    };
    let taken = blocker(request, own, start).map(|taken| Rule::Busy { start: taken.start, end: taken.end });
    let first = match event.align {
        Align::Window => window.start,
        // Where it is taken, there is no stretch to count from.
        Align::Clock if taken.is_some() => return taken,
        Align::Clock => {
            let free = minus(&[*window], &blocks(event, own.taken.iter().copied()));
            let stretch = holding(&free, start).map_or(window.start, |stretch| stretch.start);
            round_start(stretch.max(earliest(request)), event.step, &event.zone)
        }
    };
    let is_on_a_start = start >= first && (start - first) % (event.step * MINUTE) == 0;
    if is_on_a_start {
        taken
    } else {
        Some(Rule::Align)
    }
}

fn of_limits(request: &Request, start: Millis) -> Rule {
    let full = full_days(request).get(&date_of(start, &request.event.zone)).copied();
    match closed_by_limit(request).or(full) {
        Some(Full::Minutes) => Rule::MaxMinutesPerDay,
        Some(Full::Week) => Rule::MaxPerWeek,
        Some(Full::WeekMinutes) => Rule::MaxMinutesPerWeek,
        Some(Full::Month) => Rule::MaxPerMonth,
        Some(Full::MonthMinutes) => Rule::MaxMinutesPerMonth,
        Some(Full::Day) => Rule::MaxPerDay,
        // A part of a millisecond behind a start is none.
        None => Rule::Align,
    }
}
