//! What the engine is asked.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::Timestamp;

/// A question: the free starts of an event type, within some days of a visitor.
#[derive(Clone, Debug)]
pub struct Request {
    pub now: Timestamp,
    pub event: EventType,
    /// What blocks every host.
    pub taken: Vec<Taken>,
    pub query: Query,
}

/// Minutes are elapsed time.
#[derive(Clone, Debug)]
pub struct EventType {
    pub duration: i64,
    /// Distance of starts.
    pub step: i64,
    pub buffer_before: i64,
    pub buffer_after: i64,
    pub notice: i64,
    pub horizon: Option<Horizon>,
    /// The schedule's zone: of the horizon, of limits and of the clock; of the hours, where nobody travels.
    pub zone: TimeZone,
    pub hours: Hours,
    pub limits: Limits,
    /// A group event: people one start may hold.
    pub seats: Option<u64>,
    pub assignment: Assignment,
    /// Whoever holds the event; empty where the event's own hours are all.
    pub hosts: Vec<Host>,
    pub align: Align,
}

/// When somebody works. Dates are those of the zone in force.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    pub weekly: WeeklyHours,
    /// In place of the weekly hours of that date; none: closed.
    pub overrides: BTreeMap<Date, Vec<WallRange>>,
    /// Goes before overrides.
    pub out_of_office: Vec<DateRange>,
    /// The first that holds a date counts.
    pub travel: Vec<Travel>,
}

impl Hours {
    /// Day and night.
    pub fn always() -> Self {
        let all_day = WallRange { start: Time::midnight(), end: None };
        Self { weekly: std::array::from_fn(|_| vec![all_day]), ..Self::default() }
    }
}

/// From Monday to Sunday.
pub type WeeklyHours = [Vec<WallRange>; 7];

/// `[start, end)` on the wall clock of one date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallRange {
    pub start: Time,
    /// `None`: the next midnight.
    pub end: Option<Time>,
}

/// Both dates included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    pub from: Date,
    pub to: Date,
}

impl DateRange {
    pub fn holds(&self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }
}

#[derive(Clone, Debug)]
pub struct Travel {
    pub dates: DateRange,
    pub zone: TimeZone,
}

/// How far ahead one may book, by dates of the schedule's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// The last date is today and so many days, as a whole.
    RollingDays(u32),
    /// As before, Monday to Friday counted; the days between stay bookable.
    RollingBusinessDays(u32),
    Range(DateRange),
}

/// Of bookings of this event type, by the date of their start in the schedule's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub per_day: Option<u64>,
    /// From Monday on.
    pub per_week: Option<u64>,
    pub minutes_per_day: Option<u64>,
    pub minutes_per_week: Option<u64>,
    /// Of the calendar month.
    pub per_month: Option<u64>,
    pub minutes_per_month: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assignment {
    /// Every host is free.
    #[default]
    Collective,
    /// At least one is.
    RoundRobin,
}

#[derive(Clone, Debug)]
pub struct Host {
    pub zone: TimeZone,
    pub hours: Hours,
    pub taken: Vec<Taken>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Starts are the window's start and every step from there; busy time only removes starts.
    #[default]
    Window,
    /// Each free stretch begins at a round minute of the schedule's zone.
    Clock,
}

/// Time that is taken, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Made by this event type: counted by limits, and kept free around by these minutes.
    pub booking: Option<Booked>,
    /// It blocks: neither transparent, nor cancelled or rejected, nor a hold that has run out.
    pub blocks: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    pub buffer_before: i64,
    pub buffer_after: i64,
    pub seats_taken: Option<u64>,
}

/// Days of the visitor, both included; a start belongs to the day on which it lies.
#[derive(Clone, Debug)]
pub struct Query {
    pub dates: DateRange,
    pub zone: TimeZone,
}
