//! A booking as a file for the visitor's calendar.

use super::token::manage_path;
use super::visit::Place;
use crate::app::App;
use crate::base::ics::{self, Entry, Method, Status};
use crate::bookings::model::{Booking, State};

/// One event, or its end when it was cancelled; of several those that stand, all published.
pub fn calendar_file(app: &App, place: &Place, bookings: &[Booking]) -> String {
    if let [booking] = bookings {
        let is_over = matches!(booking.state, State::Cancelled { .. } | State::Failed { .. });
        let method = if is_over { Method::Cancel } else { Method::Publish };
        return ics::calendar_file(Some(method), None, &[entry(app, place, booking)]);
    }
    let stands = |booking: &&Booking| booking.state.is_booked() || booking.is_request();
    let entries: Vec<Entry> = bookings.iter().filter(stands).map(|booking| entry(app, place, booking)).collect();
    ics::calendar_file(Some(Method::Publish), None, &entries)
}

fn entry(app: &App, place: &Place, booking: &Booking) -> Entry {
    let status = match &booking.state {
        State::Cancelled { .. } | State::Failed { .. } => Status::Cancelled,
        State::Proposed { .. } | State::Unpaid => Status::Tentative,
        State::Held | State::Confirmed => Status::Confirmed,
    };
    let link = booking.video_link.clone().filter(|_| booking.state.is_booked());
    Entry {
        uid: booking.ics_uid(),
        sequence: booking.version.saturating_sub(1),
        stamp: app.now(),
        start: booking.start,
        end: booking.end,
        summary: format!("{} ({})", place.event.name, place.workspace.name),
        description: app.url(&manage_path(app, booking)),
        location: if booking.place.is_empty() { link.clone().unwrap_or_default() } else { booking.place.clone() },
        url: link.unwrap_or_default(),
        status,
        ..Entry::default()
    }
}
