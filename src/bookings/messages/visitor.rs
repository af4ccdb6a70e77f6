//! What a booking has besides that a visitor made on a public page. A meeting that a worker agreed on has none of it.

use uuid::Uuid;

use crate::app::App;
use crate::base::UserId;
use crate::bookings::model::Booking;

/// The event type that was booked.
pub fn event_type(_: &Booking) -> Option<Uuid> {
    None
}

/// Whom the visitor meets.
pub fn host(_: &Booking) -> Option<UserId> {
    None
}

/// The number that the visitor left, or empty.
pub fn phone(_: &Booking) -> &str {
    ""
}

/// Addresses of others who come along.
pub fn others(_: &Booking) -> &[String] {
    &[]
}

/// Question and answer.
pub fn answers(_: &Booking) -> Vec<(&str, &str)> {
    Vec::new()
}

/// Where the visitor sees and changes the booking.
pub fn page(_: &App, _: &Booking) -> Option<String> {
    None
}
