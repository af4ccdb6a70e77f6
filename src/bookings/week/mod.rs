//! The week as the calendar page draws it: blocks on a grid of quarter hours, and the same as a list for a phone.

mod elsewhere;
mod grid;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::ToSpan;

use self::elsewhere::busy_elsewhere;
use super::model::{Booking, State};
use super::service::BookError;
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Span};
use crate::base::UnixMillis;
use crate::contacts;

/// One week, Monday to Sunday, on the clock of the working hours.
pub struct Week {
    /// "23 to 29 November".
    pub title: String,
    /// Mondays, as in the address: `2026-11-23`.
    pub monday: String,
    pub earlier: String,
    pub later: String,
    pub days: Vec<Day>,
    /// Class of the grid: which hours it shows.
    pub hours_class: &'static str,
    pub hours: Vec<u16>,
    /// Nothing is booked or asked for.
    pub is_empty: bool,
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
    pub anchor: String,
    pub is_today: bool,
    pub is_off: bool,
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
    pub has_video: bool,
}

impl Week {
    /// The week of `date`; today's when there is none.
    pub fn read(app: &App, actor: &Actor, date: Option<Date>) -> Result<Self, BookError> {
        actor.require(Permission::ViewCalendar)?;
        let schedule = availability::schedule_of(&app.store, actor.workspace)?;
        let zone = schedule.time_zone();
        let now = app.now();
        let date = date.unwrap_or_else(|| now.in_zone(&zone).date());
        let monday = monday_of(date);
        let range = Span::new(midnight(monday, &zone), midnight(after(monday, 7), &zone));
        // What begins on Sunday night may reach into Monday.
        let wider = Span::new(midnight(after(monday, -1), &zone), range.end);
        let mut bookings = store::list_between(&app.store, actor.workspace, wider)?;
        bookings.retain(|booking| booking.span().overlaps(&range) && is_shown(booking));
        let elsewhere = busy_elsewhere(app, actor, range, &bookings)?;
        let mut pieces = Vec::new();
        for booking in &bookings {
            let contact = contacts::get(&app.store, actor.workspace, booking.contact)?;
            let who = contact.map(|contact| contact.name()).unwrap_or_default();
            pieces.push((booking.span(), Some((booking, who))));
        }
        pieces.extend(elsewhere.busy.into_iter().map(|span| (span, None)));
        let days: Vec<Day> = (0..7).map(|n| grid::day(after(monday, n), &pieces, &schedule, &zone, now)).collect();
        let (hours_class, first, last) = grid::hours_shown(&days);
        Ok(Self {
            title: title(monday),
            monday: monday.to_string(),
            earlier: after(monday, -7).to_string(),
            later: after(monday, 7).to_string(),
            days,
            hours_class,
            hours: (first + 1..last).collect(),
            is_empty: bookings.is_empty(),
            unread: elsewhere.unread,
            no_calendar: elsewhere.no_calendar,
        })
    }
}

impl Day {
    pub fn has_meeting(&self) -> bool {
        self.blocks.iter().any(|block| block.meeting.is_some())
    }
}

impl Meeting {
    /// What is said under the name: what is still open, else the title.
    pub fn words(&self) -> &str {
        match self.state {
            State::Proposed { .. } => "asks for this time",
            State::Failed { .. } => "not booked: the calendar refused it",
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

fn is_shown(booking: &Booking) -> bool {
    !matches!(booking.state, State::Cancelled { .. })
}

fn monday_of(date: Date) -> Date {
    after(date, -i32::from(date.weekday().since(Weekday::Monday)))
}

fn after(date: Date, days: i32) -> Date {
    date.saturating_add(days.days())
}

fn midnight(date: Date, zone: &TimeZone) -> UnixMillis {
    date.to_zoned(zone.clone()).map_or(UnixMillis(0), |zoned| zoned.timestamp().into())
}

/// "16 to 22 November", "30 November to 6 December".
fn title(monday: Date) -> String {
    let sunday = after(monday, 6);
    let first = if monday.month() == sunday.month() { "%-d" } else { "%-d %B" };
    format!("{} to {}", monday.strftime(first), sunday.strftime("%-d %B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_named_by_its_days() {
        let monday = |year, month, day| title(monday_of(jiff::civil::date(year, month, day)));
        assert_eq!(monday(2026, 11, 24), "23 to 29 November");
        assert_eq!(monday(2026, 12, 6), "30 November to 6 December");
        assert_eq!(monday(2026, 12, 28), "28 December to 3 January");
    }
}
