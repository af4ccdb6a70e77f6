//! Stretches of time, working hours, and the rules of a meeting.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::engine::{Hours, Taken};
use crate::base::UnixMillis;
use crate::workers::Meeting;

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;
/// A worker offers or takes nothing further ahead.
pub(super) const HORIZON: Duration = Duration::from_secs(60 * DAY);
/// How far busy times are read; nothing can be known beyond.
pub const READ_AHEAD: Duration = Duration::from_secs(180 * DAY);

/// A stretch of time; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub start: UnixMillis,
    pub end: UnixMillis,
}

impl Span {
    pub fn new(start: UnixMillis, end: UnixMillis) -> Self {
        Self { start, end }
    }

    pub fn lasting(start: UnixMillis, length: Duration) -> Self {
        Self { start, end: start.plus(length) }
    }

    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }

    /// They share at least an instant; what only touches does not.
    pub fn overlaps(&self, other: &Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub fn covers(&self, other: &Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// With so much more on either side.
    pub fn widened(&self, before: Duration, after: Duration) -> Self {
        Self { start: self.start.minus(before), end: self.end.plus(after) }
    }

    /// As the engine sees it: taken, by nobody in particular.
    pub fn as_taken(&self) -> Taken {
        Taken { start: self.start.to_timestamp(), end: self.end.to_timestamp(), booking: None, blocks: true }
    }

    /// What is left of it beside `hole`: nothing, one piece or two.
    pub fn without(&self, hole: &Span) -> impl Iterator<Item = Span> {
        let before = Span::new(self.start, self.end.min(hole.start));
        let after = Span::new(self.start.max(hole.end), self.end);
        let pieces = if self.overlaps(hole) { [before, after] } else { [*self, Span::new(self.end, self.end)] };
        pieces.into_iter().filter(|piece| piece.start < piece.end)
    }
}

/// Open from and to, in minutes after midnight on the schedule's clock; 1440 is the next midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpenHours {
    pub from: u16,
    pub to: u16,
}

/// Working hours of a week, on the clock of one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// IANA name.
    pub zone: String,
    /// Monday first; each day's hours in order, without overlaps.
    pub days: [Vec<OpenHours>; 7],
}

impl Schedule {
    /// Monday to Friday, nine to five.
    pub fn office(zone: &str) -> Self {
        let day = vec![OpenHours { from: 9 * 60, to: 17 * 60 }];
        let days = std::array::from_fn(|weekday| if weekday < 5 { day.clone() } else { Vec::new() });
        Self { zone: zone.to_owned(), days }
    }

    /// The zone, UTC where its name is unknown.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

/// When somebody works, as the engine wants it: the clock of the hours, and the hours.
#[derive(Clone, Debug)]
pub struct OpenTimes {
    pub zone: TimeZone,
    pub hours: Hours,
}

impl OpenTimes {
    /// Weekly hours and nothing else.
    #[cfg(test)]
    pub fn of(schedule: &Schedule) -> Self {
        let hours = Hours { weekly: super::times::weekly(schedule), ..Hours::default() };
        Self { zone: schedule.time_zone(), hours }
    }
}

/// What a meeting needs around itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub length: Duration,
    /// Kept free before and after.
    pub before: Duration,
    pub after: Duration,
    /// Not sooner than this from now.
    pub notice: Duration,
    /// Not later than this from now.
    pub horizon: Duration,
    /// Offered starts stand this far apart, counted from the opening of the day.
    pub step: Duration,
}

impl Rules {
    pub fn of(meeting: &Meeting) -> Self {
        let minutes = |count: u32| Duration::from_secs(u64::from(count) * MINUTE);
        Self {
            length: minutes(meeting.minutes.max(1)),
            before: minutes(meeting.buffer_before),
            after: minutes(meeting.buffer_after),
            notice: minutes(meeting.notice),
            horizon: HORIZON,
            step: minutes(if meeting.minutes < 30 { 15 } else { 30 }),
        }
    }

    pub fn span(&self, start: UnixMillis) -> Span {
        Span::lasting(start, self.length)
    }

    /// The meeting with what is kept free around it: what is claimed.
    pub fn with_buffers(&self, start: UnixMillis) -> Span {
        self.span(start).widened(self.before, self.after)
    }
}

/// What a calendar says about a range that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Busy {
    Known(Vec<Span>),
    /// Nothing may be concluded; the reason is in words for the owner.
    Unknown {
        reason: String,
    },
}

/// Why a start will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyNot {
    Past,
    TooSoon,
    TooFar,
    OutsideHours,
    /// Something stands in the calendar.
    Busy,
    /// Another booking of ours holds it.
    Claimed,
    /// So many seats it has for a group, and somebody sits in each.
    Full {
        seats: u32,
    },
    Unknown {
        reason: String,
    },
    /// By the rules of an event type, in its words.
    NotOffered {
        /// Its name.
        rule: &'static str,
        why: String,
    },
}

impl WhyNot {
    /// A name for forms: what a person was warned of, and wants all the same.
    pub fn code(&self) -> &'static str {
        match self {
            WhyNot::Past => "past",
            WhyNot::TooSoon => "too_soon",
            WhyNot::TooFar => "too_far",
            WhyNot::OutsideHours => "outside_hours",
            WhyNot::Busy => "busy",
            WhyNot::Claimed => "claimed",
            WhyNot::Full { .. } => "full",
            WhyNot::Unknown { .. } => "unreadable",
            WhyNot::NotOffered { rule, .. } => rule,
        }
    }

    /// A person may have it all the same, once warned. What has passed or is taken nobody gets.
    pub fn is_warning(&self) -> bool {
        match self {
            WhyNot::TooSoon | WhyNot::TooFar | WhyNot::OutsideHours => true,
            WhyNot::Unknown { .. } | WhyNot::NotOffered { .. } => true,
            WhyNot::Past | WhyNot::Busy | WhyNot::Claimed | WhyNot::Full { .. } => false,
        }
    }

    /// As the end of "Not free: …".
    pub fn words(&self) -> String {
        match self {
            WhyNot::Past => "That time has passed.".into(),
            WhyNot::TooSoon => "That is sooner than the notice you want.".into(),
            WhyNot::TooFar => "That is more than 60 days ahead.".into(),
            WhyNot::OutsideHours => "That is outside your working hours.".into(),
            WhyNot::Busy => "Your calendar is busy then.".into(),
            WhyNot::Claimed => "Another booking has that time.".into(),
            WhyNot::Full { seats } => format!("All {seats} seats of that time are taken."),
            WhyNot::Unknown { reason } => format!("Your calendar could not be read: {reason}"),
            WhyNot::NotOffered { why, .. } => why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span::new(UnixMillis(start), UnixMillis(end))
    }

    #[test]
    fn a_hole_leaves_what_stands_beside_it() {
        let cases = [
            ("in the middle", span(3, 5), vec![span(0, 3), span(5, 10)]),
            ("at the start", span(-2, 5), vec![span(5, 10)]),
            ("at the end", span(5, 12), vec![span(0, 5)]),
            ("all of it", span(-1, 11), vec![]),
            ("beside it", span(10, 12), vec![span(0, 10)]),
        ];
        for (name, hole, expected) in cases {
            assert_eq!(span(0, 10).without(&hole).collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn what_only_touches_does_not_overlap() {
        assert!(!span(0, 10).overlaps(&span(10, 20)));
        assert!(span(0, 11).overlaps(&span(10, 20)));
    }
}
