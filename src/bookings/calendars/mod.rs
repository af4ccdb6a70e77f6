//! Which calendars of a member count as busy, and which one is written to: the page and `/v1`.

mod api;
mod pages;

pub use api::{api_routes, CalendarsApi};
pub use pages::routes;

use crate::availability::CalendarRef;

/// "connection/calendar", as the fields of the form carry it.
fn write_ref(one: &CalendarRef) -> String {
    format!("{}/{}", one.connection, one.calendar)
}

fn read_ref(text: &str) -> Option<CalendarRef> {
    let (connection, calendar) = text.split_once('/')?;
    let calendar = Some(calendar).filter(|id| !id.is_empty() && id.len() <= 2_000)?;
    Some(CalendarRef { connection: connection.parse().ok()?, calendar: calendar.to_owned() })
}
