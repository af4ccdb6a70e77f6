//! Days on the recipient's calendar: so many after a mail, and the end of an absence.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::ToSpan;

use super::hours::next_open;
use super::model::SendingHours;
use crate::base::UnixMillis;
use crate::contacts::Contact;
use crate::workers::Worker;
use crate::workspaces::Workspace;

/// An absence without a date is taken to last this long (contract 1).
const ABSENCE_DAYS: i32 = 7;
/// A date further away than this was misread.
const LONGEST_DAYS: i32 = 400;

impl SendingHours {
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    fn is_open_on(&self, date: Date) -> bool {
        self.days.contains(&(date.weekday().to_monday_one_offset() as u8))
    }
}

/// When mail may reach this contact: the worker's hours on the contact's own clock.
pub fn hours_for(worker: &Worker, contact: &Contact, workspace: &Workspace) -> SendingHours {
    let zone = contact.time_zone.clone().filter(|zone| jiff::tz::TimeZone::get(zone).is_ok());
    SendingHours {
        zone: zone.unwrap_or_else(|| workspace.time_zone.clone()),
        days: worker.hours.days.clone(),
        from: worker.hours.from,
        to: worker.hours.to,
        country: contact.field("country").and_then(|country| super::country_named(&country)).map(str::to_owned),
    }
}

/// So many days later at the same time of day, moved into the sending hours; with `working` only the days of sending
/// count. Days are those of the recipient's calendar, so a clock change neither adds nor takes an hour.
pub fn days_after(after: UnixMillis, days: i32, working: bool, hours: &SendingHours) -> UnixMillis {
    let zone = hours.time_zone();
    let start = after.in_zone(&zone);
    let date = if working { open_day_after(start.date(), days, hours) } else { plus(start.date(), days) };
    let due = date.to_datetime(start.time()).to_zoned(zone).map_or(after, |due| due.timestamp().into());
    next_open(hours, due.max(after)).unwrap_or(due.max(after))
}

/// When mail goes on after an absence: on the first day of sending after the return, else in a week.
pub fn after_absence(now: UnixMillis, return_date: Option<&str>, hours: &SendingHours) -> UnixMillis {
    let zone = hours.time_zone();
    let today = now.in_zone(&zone).date();
    let back: Option<Date> = return_date.and_then(|date| date.parse().ok());
    let date = match back.filter(|back| *back >= today && *back <= plus(today, LONGEST_DAYS)) {
        Some(back) => open_day_after(back, 1, hours),
        None => plus(today, ABSENCE_DAYS),
    };
    let midnight = date.to_zoned(zone).map_or(now, |start| start.timestamp().into());
    next_open(hours, midnight.max(now)).unwrap_or(midnight.max(now))
}

fn plus(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).unwrap_or(date)
}

/// The `count`th day of sending after `date`; without any such day, calendar days.
fn open_day_after(date: Date, count: i32, hours: &SendingHours) -> Date {
    if !hours.days.iter().any(|day| (1..=7).contains(day)) {
        return plus(date, count);
    }
    let mut date = date;
    for _ in 0..count {
        date = plus(date, 1);
        while !hours.is_open_on(date) {
            let next = plus(date, 1);
            if next == date {
                return date;
            }
            date = next;
        }
    }
    date
}
