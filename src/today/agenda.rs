//! "Today": the meetings of the day, in order.

use askama::Template;

use super::day::{Day, TodayError};
use super::people::People;
use crate::authz::Permission;
use crate::availability::Span;
use crate::base::{clock_there, on_both_clocks};
use crate::bookings::{self, Booking};

#[derive(Template)]
#[template(path = "today/_agenda.html")]
pub struct Agenda {
    meetings: Vec<Meeting>,
    /// "Wed 25 Nov, 10:30, Gwen Hartley" when nothing more happens today.
    later: String,
}

struct Meeting {
    /// `past`, `next` or empty.
    class: &'static str,
    at_iso: String,
    at: String,
    /// "12:00 in Berlin", where the guest's clock shows another hour.
    there: String,
    title: String,
    who: String,
    href: String,
    /// Where it is held: a link to join, or a place in words.
    link: String,
    place: String,
}

const MINUTE: i64 = 60_000;
const AHEAD_DAYS: i32 = 14;

impl Agenda {
    pub fn read(day: &Day<'_>) -> Result<Option<Self>, TodayError> {
        if !day.actor.may(Permission::ViewCalendar) {
            return Ok(None);
        }
        let tomorrow = day.date().tomorrow().unwrap_or(day.date());
        let end = jiff::Span::new().try_days(AHEAD_DAYS).map_or(tomorrow, |span| tomorrow.saturating_add(span));
        let (start, tomorrow) = (day.start_of(day.date()), day.start_of(tomorrow));
        let range = Span::new(start, day.start_of(end));
        let booked: Vec<Booking> = bookings::list_between(&day.app.store, day.workspace.id, range)?
            .into_iter()
            .filter(|booking| booking.state.is_booked())
            .collect();
        let mut people = People::of(day.app, day.workspace.id);
        let mut agenda = Self { meetings: Vec::new(), later: String::new() };
        for booking in booked.iter().filter(|booking| booking.start < tomorrow) {
            agenda.meetings.push(meeting(day, &mut people, booking)?);
        }
        if let Some(next) = agenda.meetings.iter_mut().find(|meeting| meeting.class.is_empty()) {
            next.class = "next";
        } else if let Some(booking) = booked.iter().find(|booking| booking.start >= tomorrow) {
            let at = booking.start.in_zone(&day.zone).strftime("%a %-d %b, %H:%M").to_string();
            let at = on_both_clocks(&at, booking.start, &day.zone, &booking.guest_zone);
            agenda.later = format!("{at}, {}", people.get(booking.contact)?.name);
        }
        Ok(Some(agenda))
    }
}

fn meeting(day: &Day<'_>, people: &mut People<'_>, booking: &Booking) -> Result<Meeting, TodayError> {
    let known = people.get(booking.contact)?;
    let minutes = (booking.end.0 - booking.start.0) / MINUTE;
    // The calendar's title names the guest, who stands on the next line here.
    let title = booking.title.strip_suffix(&format!(": {}", known.name)).unwrap_or(&booking.title).to_owned();
    let who = if known.company.is_empty() { known.name } else { format!("{}, {}", known.name, known.company) };
    Ok(Meeting {
        class: if booking.end <= day.now { "past" } else { "" },
        at_iso: booking.start.to_rfc3339(),
        at: booking.start.in_zone(&day.zone).strftime("%H:%M").to_string(),
        there: clock_there(booking.start, &day.zone, &booking.guest_zone),
        title: format!("{title}, {minutes} min"),
        who,
        href: format!("/calendar/{}", booking.id),
        link: booking.video_link.clone().filter(|_| booking.end > day.now).unwrap_or_default(),
        place: booking.place.clone(),
    })
}
