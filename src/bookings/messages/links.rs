//! Where the guest changes a booking by themselves.

use super::visitor;
use crate::app::App;
use crate::bookings::model::Booking;

/// Absent where a meeting has no page of its own: one that a worker agreed on is moved by answering the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    pub change: Option<String>,
    pub cancel: Option<String>,
}

impl Links {
    pub fn of(app: &App, booking: &Booking) -> Self {
        let page = visitor::page(app, booking);
        Self { cancel: page.as_ref().map(|page| format!("{page}/cancel")), change: page }
    }
}
