//! The dates of a series, and which of them can be had as far as is known.

use std::time::Duration;

use crate::app::App;
use crate::availability::engine::Rule;
use crate::availability::{occurrences, Span};
use crate::base::{BookingId, UnixMillis, UserId};
use crate::bookings::public::asking::{Dated, Gone};
use crate::bookings::public::commit::candidates;
use crate::bookings::types::{self, EventType, SlotQuestion};
use crate::store::StoreError;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    Day,
    Week,
    Month,
}

/// Why a date cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Taken,
    /// Outside the hours.
    Closed,
    /// A limit of the day, the week or the month is reached.
    Full(Limited),
    /// Outside the days that can be booked.
    Outside,
    /// A calendar could not be read, and unknown is not free.
    Unknown,
}

impl Why {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Closed => "closed",
            Self::Full(_) => "full",
            Self::Outside => "outside",
            Self::Unknown => "unknown",
        }
    }

    fn of(rule: &Rule) -> Self {
        match rule {
            Rule::Busy { .. } => Self::Taken,
            Rule::Hours | Rule::Align => Self::Closed,
            Rule::Query | Rule::MinimumNotice { .. } | Rule::Horizon => Self::Outside,
            Rule::MaxPerDay | Rule::MaxMinutesPerDay => Self::Full(Limited::Day),
            Rule::MaxPerWeek | Rule::MaxMinutesPerWeek => Self::Full(Limited::Week),
            Rule::MaxPerMonth | Rule::MaxMinutesPerMonth => Self::Full(Limited::Month),
        }
    }
}

/// One date of a series; without a reason it can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateOf {
    pub start: UnixMillis,
    pub why: Option<Why>,
}

/// The starts of a series, its first among them, on the clock of the event type.
pub fn starts(app: &App, event: &EventType, first: UnixMillis, count: u32) -> Result<Vec<UnixMillis>, StoreError> {
    let Some(repeats) = event.repeats else { return Ok(vec![first]) };
    let facts = types::load_for(app, event, &SlotQuestion::at(first, event.duration(None), None))?;
    Ok(occurrences(first, repeats.every, repeats.interval, count, &facts.zone()))
}

/// What is wanted, for one judgement.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub starts: &'a [UnixMillis],
    pub minutes: u32,
    /// The first of them is kept under this id.
    pub hold: Option<BookingId>,
    /// What could not be had a moment ago, whatever the books say.
    pub gone: &'a [Gone],
}

/// Judges each date by what is known now, those before it counted as booked. Of several hosts of whom one would do, the one
/// is taken who can hold the first, which is kept, and most of the others. No calendar is asked.
pub fn judged(app: &App, event: &EventType, asked: &Asked<'_>) -> Result<Vec<DateOf>, StoreError> {
    let mut read = Vec::new();
    for (nth, start) in asked.starts.iter().enumerate() {
        let question = SlotQuestion::at(*start, asked.minutes, asked.hold.filter(|_| nth == 0));
        let facts = types::load_for(app, event, &question)?;
        let facts = if nth == 0 { facts } else { facts.for_later() };
        let span = Span::lasting(*start, Duration::from_secs(60 * u64::from(asked.minutes)));
        read.push(Dated { facts, question, span });
    }
    let Some(Dated { facts, span, .. }) = read.first() else { return Ok(Vec::new()) };
    let mut best: Option<((bool, usize), Vec<DateOf>)> = None;
    for hosts in candidates(app, facts, asked.hold.map(|held| (held, span.start)))? {
        let dates = with_hosts(app, &read, asked, &hosts)?;
        let has = |date: &DateOf| date.why.is_none();
        let had = (dates.first().is_some_and(has), dates.iter().filter(|date| has(date)).count());
        if best.as_ref().is_none_or(|(most, _)| had > *most) {
            best = Some((had, dates));
        }
    }
    let none = || asked.starts.iter().map(|start| DateOf { start: *start, why: Some(Why::Taken) }).collect();
    Ok(best.map_or_else(none, |(_, dates)| dates))
}

fn with_hosts(app: &App, read: &[Dated], asked: &Asked<'_>, hosts: &[UserId]) -> Result<Vec<DateOf>, StoreError> {
    let (mut dates, mut own) = (Vec::new(), Vec::new());
    for date in read {
        let (date, start) = (Dated { facts: date.facts.only(hosts), ..date.clone() }, date.span.start);
        let standing = app.store.read(|txn| types::standing(txn, &date.facts, &date.question))?.with(&own);
        let gone = asked.gone.iter().find(|gone| gone.start == start);
        let why = match types::why_not(&date.facts, &standing, &date.question, start) {
            _ if !date.facts.unknown().is_empty() || gone.is_some_and(|gone| gone.is_unknown) => Some(Why::Unknown),
            Some(rule) => Some(Why::of(&rule)),
            None => gone.map(|_| Why::Taken),
        };
        // The hold of the first stands in the books already.
        if why.is_none() && date.question.but.is_none() {
            own.push(date.as_entry());
        }
        dates.push(DateOf { start, why });
    }
    Ok(dates)
}
