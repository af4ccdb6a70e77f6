//! What the grammar recognises, before anything is resolved to an instant.

use super::lexicon::Part;

/// A clock reading as written. `Fixed` means 24-hour: a leading zero, or an hour of 13 and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    None,
    Am,
    Pm,
    Fixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub hour: i8,
    pub minute: i8,
    pub mark: Mark,
}

impl Clock {
    pub const NOON: Clock = Clock { hour: 12, minute: 0, mark: Mark::Fixed };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeExpr {
    Point(Clock),
    Range(Clock, Clock),
    Part(Part),
    After(Clock),
    AfterPart(Part),
    Before(Clock),
    BeforePart(Part),
    /// "same time": as the only other clock time of the message.
    Same,
    /// "in 45 minutes", counted from the sending.
    InMinutes(u32),
}

/// ISO weeks from the week of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeekPart {
    Whole,
    Early,
    Mid,
    Late,
    /// "later this week": what is left after today.
    Rest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateExpr {
    /// `week`: none = the next such day; some = in that ISO week, counted from the week of sending.
    Weekday {
        day: i8,
        week: Option<i32>,
        plus_weeks: i32,
    },
    /// Days from the day of sending.
    Offset(i32),
    /// A calendar date; the next such day when the year is missing. `weekday` as written beside it.
    MonthDay {
        month: i8,
        day: i8,
        year: Option<i16>,
        weekday: Option<i8>,
    },
    DayOfMonth {
        day: i8,
        weekday: Option<i8>,
    },
    Week {
        offset: i32,
        part: WeekPart,
    },
    Weekend {
        offset: i32,
    },
    /// Working days from the first to the second.
    Span(Box<DateExpr>, Box<DateExpr>),
    /// From a day to the end of its week.
    Onwards(Box<DateExpr>),
    /// "any day": nothing by itself, a week beside one.
    AnyDay,
    /// Days before a day.
    Until(Box<DateExpr>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneUse {
    Named(String),
    /// Minutes east of UTC.
    Fixed(i32),
    Mine,
    Yours,
    /// A place that no zone is known of: the hour is the sender's, and a person should look.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtomKind {
    Date(DateExpr),
    Time(TimeExpr),
    Zone(ZoneUse),
    Duration(u32),
    /// A date that is certainly no proposal ("every Monday", "last Friday").
    Idle,
    /// A pick among the times we offered, 0-based; -1 = the last; -2 = all of them.
    Pick(i32),
}

/// A recognised expression over the items `from..to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atom {
    pub kind: AtomKind,
    pub from: usize,
    pub to: usize,
}
