//! A booking as a file for the visitor's calendar.

use super::pages::Place;
use super::token::manage_path;
use crate::app::App;
use crate::base::ics::{self, Entry, Method, Status};
use crate::bookings::model::{Booking, State};

/// One event, or its end when it was cancelled.
pub fn calendar_file(app: &App, place: &Place, booking: &Booking) -> String {
    let (method, status) = match &booking.state {
        State::Cancelled { .. } | State::Failed { .. } => (Method::Cancel, Status::Cancelled),
        State::Proposed { .. } | State::Unpaid => (Method::Publish, Status::Tentative),
        State::Held | State::Confirmed => (Method::Publish, Status::Confirmed),
    };
    let link = booking.video_link.clone().filter(|_| booking.state.is_booked());
    let entry = Entry {
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
    };
    ics::calendar_file(Some(method), None, &[entry])
}
