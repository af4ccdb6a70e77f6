//! A month: whole weeks, and in each day the first meetings and how many more there are.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::ToSpan;

use super::{Asked, Names, View};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Span};
use crate::base::counted;
use crate::bookings::away::DaysOff;
use crate::bookings::grid::{after, kind, midnight, monday_of};
use crate::bookings::model::Booking;
use crate::bookings::service::BookError;

/// Meetings of a day that are named.
const NAMED: usize = 3;

pub struct Month {
    /// Seven days each, Monday first.
    pub weeks: Vec<Vec<MonthDay>>,
    pub is_empty: bool,
    /// There are more bookings than were counted.
    pub is_cut: bool,
}

pub struct MonthDay {
    pub number: i8,
    /// "Tuesday 24 November, 2 bookings", and who is out of office.
    pub name: String,
    /// Its own page.
    pub href: String,
    pub is_today: bool,
    /// Of the month before or after.
    pub is_other: bool,
    /// "Out of office: Ann"; empty on a day on which nobody is.
    pub away: String,
    pub count: usize,
    pub entries: Vec<MonthEntry>,
    /// Those that are not named.
    pub more: usize,
}

pub struct MonthEntry {
    pub href: String,
    /// "10:30".
    pub at: String,
    pub who: String,
    /// Class that says how it stands.
    pub class: &'static str,
}

impl Month {
    pub fn read(app: &App, actor: &Actor, first: Date, asked: &Asked) -> Result<Self, BookError> {
        actor.require(Permission::ViewCalendar)?;
        let zone = availability::schedule_of(&app.store, actor.workspace)?.time_zone();
        let today = app.now().in_zone(&zone).date();
        let (monday, next) = (monday_of(first), first.saturating_add(1.months()));
        let end = after(monday_of(after(next, -1)), 7);
        let range = Span::new(midnight(monday, &zone), midnight(end, &zone));
        let (bookings, is_cut) = asked.filter.find(app, actor, range)?;
        let is_empty = bookings.is_empty();
        let mut by_day: BTreeMap<Date, Vec<Booking>> = BTreeMap::new();
        for booking in bookings {
            by_day.entry(booking.start.in_zone(&zone).date()).or_default().push(booking);
        }
        let off = DaysOff::read(app, actor, asked.filter.host)?;
        let mut names = Names::new(app, actor.workspace);
        let mut days = Vec::new();
        let mut date = monday;
        while date < end {
            let booked = by_day.remove(&date).unwrap_or_default();
            let mut entries = Vec::new();
            for booking in booked.iter().take(NAMED) {
                entries.push(MonthEntry {
                    href: format!("/calendar/{}", booking.id),
                    at: booking.start.in_zone(&zone).strftime("%-H:%M").to_string(),
                    who: names.of(booking.contact)?,
                    class: kind(booking),
                });
            }
            let said = counted(u64::try_from(booked.len()).unwrap_or(u64::MAX), "booking", "bookings");
            let away = off.words(date);
            let (day, comma) = (date.strftime("%A %-d %B"), if away.is_empty() { "" } else { ", " });
            days.push(MonthDay {
                number: date.day(),
                name: format!("{day}, {said}{comma}{away}"),
                away,
                href: asked.at(View::Day, Some(date)),
                is_today: date == today,
                is_other: date.month() != first.month(),
                count: booked.len(),
                more: booked.len() - entries.len(),
                entries,
            });
            date = after(date, 1);
        }
        let mut weeks = Vec::new();
        while !days.is_empty() {
            weeks.push(days.drain(..7.min(days.len())).collect());
        }
        Ok(Self { weeks, is_empty, is_cut })
    }
}
