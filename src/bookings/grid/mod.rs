//! Days as the calendar draws them, one or seven: blocks on a grid of quarter hours, and the same as a list for a phone.

mod day;
mod elsewhere;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::ToSpan;

pub(super) use self::day::kind;
use self::elsewhere::busy_elsewhere;
use super::away::DaysOff;
use super::kept::Became;
use super::model::{Booking, State};
use super::service::BookError;
use super::views::{Filter, Names};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Span};
use crate::base::{counted, UnixMillis};

/// Days on the clock of the working hours.
pub struct Grid {
    pub days: Vec<Day>,
    /// Class of the grid: which hours it shows.
    pub hours_class: &'static str,
    /// The first hour that is shown, and those that are written beside it.
    pub first_hour: u16,
    pub hours: Vec<u16>,
    /// Nothing is booked or asked for.
    pub is_empty: bool,
    /// There are more bookings than are drawn.
    pub is_cut: bool,
    /// A calendar whose busy times are old or missing, in words.
    pub unread: Vec<String>,
    /// No calendar is connected at all.
    pub no_calendar: bool,
}

pub struct Day {
    /// "Mon", "M", "16", "Monday 16", `d2026-11-16`.
    pub short: String,
    pub letter: String,
    pub number: i8,
    pub name: String,
    /// `2026-11-16`.
    pub date: String,
    pub anchor: String,
    pub is_today: bool,
    pub is_off: bool,
    /// "Out of office: Ann"; empty on a day on which nobody is.
    pub away: String,
    pub blocks: Vec<Block>,
    /// Class of the line that shows the time, on the day that is today.
    pub now_class: Option<String>,
}

/// A stretch of a day: a booking, or busy elsewhere.
pub struct Block {
    /// `ev ev-hold at-1030 for-30 lane-1-of-2`.
    pub class: String,
    pub from: String,
    pub until: String,
    /// Absent for what stands in the calendar without being ours: nothing is known of it but its time.
    pub meeting: Option<Meeting>,
    from_quarter: u16,
    to_quarter: u16,
}

pub struct Meeting {
    pub href: String,
    pub title: String,
    pub who: String,
    pub state: State,
    pub became: Option<Became>,
    pub has_video: bool,
    /// It may be taken to another time.
    pub movable: bool,
    /// Minutes that it lasts.
    pub minutes: u64,
}

impl Grid {
    /// So many days from `first` on.
    pub fn read(app: &App, actor: &Actor, first: Date, days: i32, filter: &Filter) -> Result<Self, BookError> {
        actor.require(Permission::ViewCalendar)?;
        let schedule = availability::schedule_of(&app.store, actor.workspace)?;
        let (zone, now) = (schedule.time_zone(), app.now());
        let range = Span::new(midnight(first, &zone), midnight(after(first, days), &zone));
        // What begins on the evening before may reach into the first day.
        let wider = Span::new(midnight(after(first, -1), &zone), range.end);
        // Our own events are told from what is busy elsewhere, whichever of them are shown.
        let (own, is_cut) = Filter::default().find(app, actor, wider)?;
        let elsewhere = busy_elsewhere(app, actor, range, &own)?;
        let mut bookings = if *filter == Filter::default() { own } else { filter.find(app, actor, wider)?.0 };
        bookings.retain(|booking| booking.span().overlaps(&range));
        let mut names = Names::new(app, actor.workspace);
        let mut pieces = Vec::new();
        let drawn = drawn_once(bookings);
        for (booking, guests) in &drawn {
            let is_open = booking.state.is_booked() && booking.end > now;
            // Who sits in a group is moved on their own page, one at a time.
            let movable = actor.may(Permission::EditBookings) && is_open && *guests == 1;
            let who = match guests {
                1 => names.of(booking.contact)?,
                many => counted(*many, "guest", "guests"),
            };
            pieces.push((booking.span(), Some((booking, who, movable))));
        }
        pieces.extend(elsewhere.busy.into_iter().map(|span| (span, None)));
        let off = DaysOff::read(app, actor, filter.host)?;
        let dates = (0..days).map(|n| after(first, n)).map(|date| (date, (off.words(date), off.is_everybody(date))));
        let days: Vec<Day> = dates.map(|date| day::day(date, &pieces, &schedule, &zone, now)).collect();
        let (hours_class, first_hour, last_hour) = day::hours_shown(&days);
        Ok(Self {
            days,
            hours_class,
            first_hour,
            hours: (first_hour + 1..last_hour).collect(),
            is_empty: drawn.is_empty(),
            is_cut,
            unread: elsewhere.unread,
            no_calendar: elsewhere.no_calendar,
        })
    }

    /// One day, drawn as wide as the page.
    pub fn is_one_day(&self) -> bool {
        self.days.len() == 1
    }
}

/// Those who sit in a group are one block, with how many they are.
fn drawn_once(bookings: Vec<Booking>) -> Vec<(Booking, u64)> {
    let mut drawn: Vec<(Booking, u64)> = Vec::new();
    let sits =
        |one: &Booking| one.details.session.filter(|_| one.state.is_booked()).map(|session| (session, one.start));
    for booking in bookings {
        let group = sits(&booking);
        let same = group.and_then(|_| drawn.iter_mut().find(|(other, _)| sits(other) == group));
        match same {
            Some((first, guests)) => {
                *guests += 1;
                if let Some(name) = first.title.strip_suffix(&format!(": {}", first.details.name)) {
                    first.title = name.to_owned();
                }
            }
            None => drawn.push((booking, 1)),
        }
    }
    drawn
}

impl Day {
    pub fn has_meeting(&self) -> bool {
        self.blocks.iter().any(|block| block.meeting.is_some())
    }
}

impl Meeting {
    /// What is said under the name: what is still open, else the title.
    pub fn words(&self) -> &str {
        match (&self.state, self.became) {
            (State::Proposed { .. }, _) => "asks for this time",
            (State::Unpaid, _) => "not paid yet",
            (State::Failed { .. }, _) => "not booked: the calendar refused it",
            (State::Cancelled { .. }, _) => "cancelled",
            (_, Some(Became::NoShow)) => "did not come",
            _ => &self.title,
        }
    }
}

impl Block {
    /// "Busy until 17:00".
    pub fn until_words(&self) -> String {
        format!("Busy until {}", self.until)
    }
}

pub(super) fn monday_of(date: Date) -> Date {
    after(date, -i32::from(date.weekday().since(Weekday::Monday)))
}

pub(super) fn after(date: Date, days: i32) -> Date {
    date.saturating_add(days.days())
}

pub(super) fn midnight(date: Date, zone: &TimeZone) -> UnixMillis {
    date.to_zoned(zone.clone()).map_or(UnixMillis(0), |zoned| zoned.timestamp().into())
}
