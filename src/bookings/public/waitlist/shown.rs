//! The line as its owner reads it.

use jiff::tz::TimeZone;

use super::letters::wish;
use super::model::State;
use super::store;
use crate::app::App;
use crate::base::EventTypeId;
use crate::base::WorkspaceId;
use crate::bookings::words::Language;
use crate::store::StoreError;

/// One line of the list on the page of the event type.
pub struct ShownWaiter {
    pub id: String,
    pub contact: String,
    pub name: String,
    pub email: String,
    /// "Any free time in November 2026".
    pub wish: String,
    /// "since Tue 24 Nov, 10:00".
    pub since: String,
    /// "Offered Thu 26 Nov, 11:00, until Tue 24 Nov, 12:00"; empty while they wait.
    pub offered: String,
}

pub fn shown(
    app: &App,
    workspace: WorkspaceId,
    event: EventTypeId,
    zone: &TimeZone,
) -> Result<Vec<ShownWaiter>, StoreError> {
    let line = app.store.read(|txn| store::list(txn, workspace, event))?;
    let at = |at: crate::base::UnixMillis| at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string();
    let rows = line.into_iter().map(|waiter| ShownWaiter {
        wish: wish(&waiter, Language::English),
        since: format!("since {}", at(waiter.joined_at)),
        offered: match &waiter.state {
            State::Offered(offer) => format!("Offered {}, until {}", at(offer.start), at(offer.until)),
            State::Waiting => String::new(),
        },
        id: waiter.id.to_string(),
        contact: waiter.contact.to_string(),
        email: waiter.email.display().to_owned(),
        name: waiter.name,
    });
    Ok(rows.collect())
}
