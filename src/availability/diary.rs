//! What a worker asks the slot engine: whether a time that somebody typed will do, and which are free near it. Pure:
//! everything it needs is handed in.

use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::engine::{self, Align, Assignment, EventType, Horizon, Hours, Limits, Request, Rule, Taken};
use super::model::{Busy, OpenTimes, Rules, Span, WhyNot};
use crate::base::UnixMillis;

/// Offers stand at least this far apart, so that three of them are a choice.
const APART_MILLIS: i64 = 60 * 60 * 1000;
/// Offers to somebody who named no time stand on different days.
const DAYS_APART_MILLIS: i64 = 20 * 60 * 60 * 1000;
/// Nobody likes to be offered a call before or after these hours on their own clock.
const GUEST_HOURS: std::ops::Range<i8> = 8..19;
const DAY_SECONDS: u64 = 86_400;

/// Where a worker finds its times: its own diary, or the slots of an event type.
pub trait FreeTimes {
    /// The meeting that begins at `start`, or why it cannot.
    fn check(&self, start: UnixMillis) -> Result<Span, WhyNot>;

    /// A meeting that begins at `start`, whether or not it can.
    fn span(&self, start: UnixMillis) -> Span;

    /// Why nothing can be said about any time, where that is so.
    fn unknown(&self) -> Option<WhyNot>;

    /// Free meetings that begin inside `window`, in order, at most `limit`.
    fn free_slots(&self, window: Span, limit: usize) -> Vec<Span>;

    /// Up to `count` free meetings close to the wished starts, in order and apart from each other. Those in the
    /// guest's own day come first; where there are none, any free time is better than no answer.
    fn near(&self, wished: &[UnixMillis], within: Span, guest: &TimeZone, count: usize) -> Vec<Span> {
        let mut free = free_for(self.free_slots(within, usize::MAX), guest);
        let distance = |span: &Span| wished.iter().map(|at| at.0.abs_diff(span.start.0)).min().unwrap_or(0);
        free.sort_by_key(|span| (distance(span), span.start));
        first_apart(&free, APART_MILLIS, count)
    }

    /// The same close to `start`, without it.
    fn others_near(&self, start: UnixMillis, within: Span, guest: &TimeZone, count: usize) -> Vec<Span> {
        let mut free = self.near(&[start], within, guest, count + 1);
        free.retain(|span| span.start != start);
        free.truncate(count);
        free
    }

    /// Up to `count` free meetings, the first of each day; where the days do not suffice, several of one.
    fn spread(&self, within: Span, guest: &TimeZone, count: usize) -> Vec<Span> {
        let free = free_for(self.free_slots(within, usize::MAX), guest);
        let days = first_apart(&free, DAYS_APART_MILLIS, count);
        if days.len() < count {
            return first_apart(&free, APART_MILLIS, count);
        }
        days
    }
}

/// What of it lies in the guest's own day, where anything does.
fn free_for(mut free: Vec<Span>, guest: &TimeZone) -> Vec<Span> {
    if free.iter().any(|span| in_guests_day(span, guest)) {
        free.retain(|span| in_guests_day(span, guest));
    }
    free
}

/// Everything that decides about a start.
pub struct Diary<'a> {
    pub schedule: &'a OpenTimes,
    pub rules: Rules,
    pub busy: &'a Busy,
    /// Time that our own bookings hold, with their buffers.
    pub claimed: &'a [Span],
    pub now: UnixMillis,
}

impl Diary<'_> {
    /// All that speaks against a start, the plainest first.
    pub fn objections(&self, start: UnixMillis) -> impl Iterator<Item = WhyNot> + '_ {
        type Check<'a> = fn(&Diary<'a>, UnixMillis) -> Option<WhyNot>;
        let checks: [Check<'_>; 5] = [
            |diary, start| (start <= diary.now).then_some(WhyNot::Past),
            |diary, start| (start < diary.now.plus(diary.rules.notice)).then_some(WhyNot::TooSoon),
            |diary, start| diary.is_too_far(start).then_some(WhyNot::TooFar),
            |diary, start| diary.is_outside_hours(start).then_some(WhyNot::OutsideHours),
            |diary, start| diary.not_taken(start).err(),
        ];
        checks.into_iter().filter_map(move |check| check(self, start))
    }

    fn is_too_far(&self, start: UnixMillis) -> bool {
        let horizon = Some(Horizon::RollingDays(self.horizon_days()));
        let event = EventType { horizon, ..self.event(Hours::always(), 1) };
        self.why(event, Vec::new(), start) == Some(Rule::Horizon)
    }

    fn is_outside_hours(&self, start: UnixMillis) -> bool {
        self.why(self.event(self.schedule.hours.clone(), 1), Vec::new(), start) == Some(Rule::Hours)
    }

    /// Whether nothing else stands at that time, whatever the working hours are.
    pub fn not_taken(&self, start: UnixMillis) -> Result<(), WhyNot> {
        let is_taken = |taken: &[Span]| {
            let event = self.event(Hours::always(), 1);
            matches!(self.why(event, blocking(taken), start), Some(Rule::Busy { .. }))
        };
        match self.busy {
            _ if is_taken(self.claimed) => Err(WhyNot::Claimed),
            Busy::Unknown { reason } => Err(WhyNot::Unknown { reason: reason.clone() }),
            Busy::Known(busy) if is_taken(busy) => Err(WhyNot::Busy),
            Busy::Known(_) => Ok(()),
        }
    }

    /// The first rule that removes one start, of those rules that `event` has.
    fn why(&self, event: EventType, taken: Vec<Taken>, start: UnixMillis) -> Option<Rule> {
        let span = Span::new(start, start);
        // Only the rules that are asked about: what lies in the past or too near is told apart from them.
        let now = start.min(self.now);
        engine::explain(&self.request(event, taken, span, now), start.to_timestamp())
    }

    /// An event type with hours, length and buffers, and no other rule.
    fn event(&self, hours: Hours, step: i64) -> EventType {
        EventType {
            duration: minutes(self.rules.length),
            step,
            buffer_before: minutes(self.rules.before),
            buffer_after: minutes(self.rules.after),
            notice: 0,
            horizon: None,
            zone: self.schedule.zone.clone(),
            hours,
            limits: Limits::default(),
            seats: None,
            assignment: Assignment::Collective,
            hosts: Vec::new(),
            align: Align::Window,
        }
    }

    fn request(&self, event: EventType, taken: Vec<Taken>, window: Span, now: UnixMillis) -> Request {
        let date = |at: UnixMillis| at.in_zone(&TimeZone::UTC).date();
        let dates = engine::DateRange { from: date(window.start), to: date(window.end).saturating_add(1.days()) };
        let query = engine::Query { dates, zone: TimeZone::UTC };
        Request { now: now.to_timestamp(), event, taken, query }
    }

    fn horizon_days(&self) -> u32 {
        u32::try_from(self.rules.horizon.as_secs() / DAY_SECONDS).unwrap_or(u32::MAX)
    }
}

impl FreeTimes for Diary<'_> {
    /// A typed time need not lie on the steps of what is offered.
    fn check(&self, start: UnixMillis) -> Result<Span, WhyNot> {
        match self.objections(start).next() {
            Some(why) => Err(why),
            None => Ok(self.rules.span(start)),
        }
    }

    fn span(&self, start: UnixMillis) -> Span {
        self.rules.span(start)
    }

    fn unknown(&self) -> Option<WhyNot> {
        match self.busy {
            Busy::Unknown { reason } => Some(WhyNot::Unknown { reason: reason.clone() }),
            Busy::Known(_) => None,
        }
    }

    fn free_slots(&self, window: Span, limit: usize) -> Vec<Span> {
        let Busy::Known(busy) = self.busy else { return Vec::new() };
        let step = minutes(self.rules.step).max(1);
        let event = EventType {
            notice: minutes(self.rules.notice),
            horizon: Some(Horizon::RollingDays(self.horizon_days())),
            ..self.event(self.schedule.hours.clone(), step)
        };
        let taken = [blocking(self.claimed), blocking(busy)].concat();
        let starts = engine::find(&self.request(event, taken, window, self.now)).into_iter().map(UnixMillis::from);
        let wanted = starts.filter(|start| window.start <= *start && *start < window.end && *start > self.now);
        wanted.take(limit).map(|start| self.rules.span(start)).collect()
    }
}

fn minutes(length: std::time::Duration) -> i64 {
    i64::try_from(length.as_secs() / 60).unwrap_or(i64::MAX)
}

/// Time that is taken, whoever has it: what buffers it needs are in it already.
fn blocking(spans: &[Span]) -> Vec<Taken> {
    spans.iter().map(Span::as_taken).collect()
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
#[path = "diary_tests.rs"]
mod tests;
