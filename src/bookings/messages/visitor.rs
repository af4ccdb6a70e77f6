//! What a booking has besides that a visitor made on a public page. A meeting that a worker agreed on has none of it.

use uuid::Uuid;

use crate::app::App;
use crate::base::UserId;
use crate::bookings::model::Booking;
use crate::bookings::public::manage_path;

/// The event type that was booked.
pub fn event_type(booking: &Booking) -> Option<Uuid> {
    booking.details.event_type.map(|event| event.0)
}

/// Whom the visitor meets.
pub fn host(booking: &Booking) -> Option<UserId> {
    booking.details.hosts.first().copied()
}

/// The number that the visitor left, or empty.
pub fn phone(booking: &Booking) -> &str {
    &booking.details.phone
}

/// Addresses of others who come along.
pub fn others(booking: &Booking) -> &[String] {
    &booking.details.guests
}

/// Question and answer.
pub fn answers(booking: &Booking) -> Vec<(&str, &str)> {
    booking.details.answers.iter().map(|one| (one.question.as_str(), one.answer.as_str())).collect()
}

/// Where the visitor sees and changes the booking.
pub fn page(app: &App, booking: &Booking) -> Option<String> {
    event_type(booking).map(|_| app.url(&manage_path(app, booking)))
}
