//! Which starts are possible. Pure: everything it needs is handed in.

use jiff::tz::TimeZone;

use super::model::{Busy, Rules, Schedule, Span, WhyNot};
use super::schedule::open_spans;
use crate::base::UnixMillis;

/// Offers stand at least this far apart, so that three of them are a choice.
const APART_MILLIS: i64 = 60 * 60 * 1000;
/// Offers to somebody who named no time stand on different days.
const DAYS_APART_MILLIS: i64 = 20 * 60 * 60 * 1000;
/// Nobody likes to be offered a call before or after these hours on their own clock.
const GUEST_HOURS: std::ops::Range<i8> = 8..19;

/// Everything that decides about a start.
pub struct Diary<'a> {
    pub schedule: &'a Schedule,
    pub rules: Rules,
    pub busy: &'a Busy,
    /// Time that our own bookings hold, with their buffers.
    pub claimed: &'a [Span],
    pub now: UnixMillis,
}

impl Diary<'_> {
    /// The meeting that begins at `start`, or why it cannot.
    pub fn check(&self, start: UnixMillis) -> Result<Span, WhyNot> {
        let span = self.rules.span(start);
        if start <= self.now {
            return Err(WhyNot::Past);
        }
        if start < self.now.plus(self.rules.notice) {
            return Err(WhyNot::TooSoon);
        }
        if start > self.now.plus(self.rules.horizon) {
            return Err(WhyNot::TooFar);
        }
        if !open_spans(self.schedule, span).any(|open| open.covers(&span)) {
            return Err(WhyNot::OutsideHours);
        }
        self.not_taken(start).map(|()| span)
    }

    /// Whether nothing else stands at that time, whatever the working hours are.
    pub fn not_taken(&self, start: UnixMillis) -> Result<(), WhyNot> {
        let needed = self.rules.with_buffers(start);
        if self.claimed.iter().any(|claim| claim.overlaps(&needed)) {
            return Err(WhyNot::Claimed);
        }
        match self.busy {
            Busy::Unknown { reason } => Err(WhyNot::Unknown { reason: reason.clone() }),
            Busy::Known(busy) if busy.iter().any(|busy| busy.overlaps(&needed)) => Err(WhyNot::Busy),
            Busy::Known(_) => Ok(()),
        }
    }

    /// Free meetings that begin inside `window`, in order, at most `limit`.
    pub fn free_slots(&self, window: Span, limit: usize) -> Vec<Span> {
        self.starts(window).filter_map(|start| self.check(start).ok()).take(limit).collect()
    }

    /// Up to `count` free meetings close to the wished starts, in order and apart from each other. Those in the
    /// guest's own day come first; where there are none, any free time is better than no answer.
    pub fn near(&self, wished: &[UnixMillis], within: Span, guest: &TimeZone, count: usize) -> Vec<Span> {
        let mut free = self.free_for(within, guest);
        let distance = |span: &Span| wished.iter().map(|at| at.0.abs_diff(span.start.0)).min().unwrap_or(0);
        free.sort_by_key(|span| (distance(span), span.start));
        first_apart(&free, APART_MILLIS, count)
    }

    /// Up to `count` free meetings, the first of each day; where the days do not suffice, several of one.
    pub fn spread(&self, within: Span, guest: &TimeZone, count: usize) -> Vec<Span> {
        let free = self.free_for(within, guest);
        let days = first_apart(&free, DAYS_APART_MILLIS, count);
        if days.len() < count {
            return first_apart(&free, APART_MILLIS, count);
        }
        days
    }

    /// What is free `within`, in order: in the guest's own day where anything is.
    fn free_for(&self, within: Span, guest: &TimeZone) -> Vec<Span> {
        let mut free = self.free_slots(within, usize::MAX);
        if free.iter().any(|span| in_guests_day(span, guest)) {
            free.retain(|span| in_guests_day(span, guest));
        }
        free
    }

    /// Candidate starts: every step from the opening of each stretch of working hours.
    fn starts(&self, window: Span) -> impl Iterator<Item = UnixMillis> + '_ {
        let end = window.end.min(self.now.plus(self.rules.horizon));
        let first = window.start.max(self.now);
        let step = i64::try_from(self.rules.step.as_millis()).unwrap_or(i64::MAX).max(60_000);
        let reach = Span::new(first, end.max(first));
        open_spans(self.schedule, reach)
            .flat_map(move |open| {
                let skipped = (first.0 - open.start.0).max(0);
                let begin = open.start.0 + (skipped + step - 1) / step * step;
                let until = open.end.min(end).0;
                (0..).map(move |n| begin.saturating_add(step.saturating_mul(n))).take_while(move |at| *at < until)
            })
            .map(UnixMillis)
    }
}

/// The first `count` of `free`, as it is ordered, that start so far from each other; in order of time.
fn first_apart(free: &[Span], apart_millis: i64, count: usize) -> Vec<Span> {
    let mut chosen: Vec<Span> = Vec::new();
    for span in free {
        let apart = |other: &Span| (other.start.0 - span.start.0).abs() >= apart_millis;
        if chosen.len() < count && chosen.iter().all(apart) {
            chosen.push(*span);
        }
    }
    chosen.sort();
    chosen
}

fn in_guests_day(span: &Span, guest: &TimeZone) -> bool {
    GUEST_HOURS.contains(&span.start.in_zone(guest).hour())
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
