//! What an owner may set on a connection: the name on its mail, its pace, its calendars.

use super::error::ConnectionError;
use super::model::{Calendars, Connection, Pace};
use super::session::with_calendar;
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::ConnectionId;
use crate::providers::calendar::CalendarEntry;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub display_name: String,
    pub pace: Pace,
}

impl Settings {
    pub(super) fn check(&self, app: &App) -> Result<(), ConnectionError> {
        let (cap, gap) = (app.config.outreach.hard_daily_cap, app.config.outreach.min_gap.as_secs());
        let mut wrong = Vec::new();
        if self.display_name.chars().count() > 80 || self.display_name.chars().any(char::is_control) {
            wrong.push(("display_name", "A name is one line of at most 80 characters.".to_owned()));
        }
        if self.pace.daily_cap == 0 || self.pace.daily_cap > cap {
            wrong.push(("daily_cap", format!("Between 1 and {cap}, the limit of this server.")));
        }
        if u64::from(self.pace.min_gap_seconds) < gap || self.pace.min_gap_seconds > 86_400 {
            wrong.push(("min_gap_seconds", format!("Between {gap} s, the limit of this server, and 86,400 s.")));
        }
        if self.pace.jitter_seconds > 86_400 {
            wrong.push(("jitter_seconds", "At most 86,400 s, which is a day.".to_owned()));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(ConnectionError::Invalid(wrong))
        }
    }
}

/// Changes name and pace. Holds from the next mail on.
pub fn change_settings(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
    settings: &Settings,
) -> Result<Connection, ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    settings.check(app)?;
    change(app, actor, id, "connection.changed", |connection| {
        connection.display_name = settings.display_name.trim().to_owned();
        connection.pace = settings.pace;
    })
}

/// The calendars that may be chosen from.
pub fn calendars(app: &App, actor: &Actor, id: ConnectionId) -> Result<Vec<CalendarEntry>, ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    let connection = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
    if connection.is_disconnected() {
        return Err(ConnectionError::Disconnected);
    }
    connection.calendars().ok_or(ConnectionError::NotFound)?;
    Ok(with_calendar(app, actor.workspace, id, |calendar| calendar.list_calendars())?)
}

/// Sets the calendar that bookings are written to and those whose busy times count. The one written to always counts.
pub fn choose_calendars(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
    write_to: &str,
    busy: &[String],
) -> Result<Connection, ConnectionError> {
    let offered = calendars(app, actor, id)?;
    let chosen = offered.iter().find(|calendar| calendar.id == write_to && calendar.is_writable());
    let Some(chosen) = chosen else {
        let words = "Choose a calendar that you may write to.".to_owned();
        return Err(ConnectionError::Invalid(vec![("write_to", words)]));
    };
    let counted: Vec<String> = offered
        .iter()
        .filter(|calendar| calendar.id == write_to || busy.contains(&calendar.id))
        .map(|calendar| calendar.id.clone())
        .collect();
    change(app, actor, id, "connection.calendars_chosen", |connection| {
        connection.set_calendars(Calendars {
            write_to: Some(chosen.id.clone()),
            zone: Some(chosen.time_zone.clone()),
            busy: counted.clone(),
        });
    })
}

fn change(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
    act: &str,
    mut change: impl FnMut(&mut Connection),
) -> Result<Connection, ConnectionError> {
    let now = app.now();
    app.store.write(|txn| {
        let mut connection = store::find(txn, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
        if connection.is_disconnected() {
            return Err(ConnectionError::Disconnected);
        }
        change(&mut connection);
        store::put(txn, &connection)?;
        let on = format!("connection {id}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, "")?;
        Ok(connection)
    })
}
