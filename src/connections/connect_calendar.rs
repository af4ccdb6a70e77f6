//! Connecting a calendar at any server that speaks CalDAV: found and tried live, saved when it works.

use url::Url;

use super::calls::{self, Gathered};
use super::error::ConnectionError;
use super::model::{CalDav, Calendars, Connection, Health, Kind, Pace, State, Use};
use super::{polls, store, trouble};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, EmailAddress};
use crate::events::{self, Happened};
use crate::providers::caldav::{discover, Account, Step};
use crate::providers::calendar::CalendarEntry;
use crate::providers::Secret;
use crate::store::SealedSecret;
use crate::workspaces;

/// What the owner typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarSettings {
    /// Invitations name it, and what it has declined takes no time.
    pub address: EmailAddress,
    /// A URL or a domain; empty: that of the address.
    pub server: String,
    /// Empty: the address.
    pub user: String,
    pub password: Secret,
}

impl CalendarSettings {
    fn user(&self) -> &str {
        if self.user.is_empty() {
            self.address.display()
        } else {
            &self.user
        }
    }
}

/// What came of it. With `connection` absent nothing was saved.
#[derive(Clone, Debug)]
pub struct CalendarAttempt {
    pub steps: Vec<Step>,
    pub connection: Option<Connection>,
}

/// Finds the calendars and saves where they are. `again` is the connection that is put right; without it, the same
/// account that was connected before goes on with its history.
pub fn connect_calendar(
    app: &App,
    actor: &Actor,
    settings: &CalendarSettings,
    again: Option<ConnectionId>,
) -> Result<CalendarAttempt, ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    if settings.password.is_empty() {
        let words = "Type the password. Many services want an app password here.".to_owned();
        return Err(ConnectionError::Invalid(vec![("password", words)]));
    }
    let known = known(app, actor, settings, again)?;
    let log = Gathered::default();
    let account = Account { outbound: &app.outbound, log: &log, user: settings.user(), password: &settings.password };
    let typed = if settings.server.is_empty() { settings.address.display() } else { &settings.server };
    let own = [settings.address.compare().to_owned()];
    let done = discover(account, &app.dns, typed, &own);
    let Some((home, entries)) = done.found else {
        return Ok(CalendarAttempt { steps: done.steps, connection: None });
    };
    let connection = save(app, actor, settings, known, &home, &entries)?;
    log.give_to(connection.id);
    calls::flush(app, actor.workspace, connection.id);
    Ok(CalendarAttempt { steps: done.steps, connection: Some(connection) })
}

fn known(
    app: &App,
    actor: &Actor,
    settings: &CalendarSettings,
    again: Option<ConnectionId>,
) -> Result<Option<Connection>, ConnectionError> {
    if let Some(id) = again {
        let found = store::get(&app.store, actor.workspace, id)?.filter(|one| matches!(one.kind, Kind::CalDav(_)));
        return found.map(Some).ok_or(ConnectionError::NotFound);
    }
    let is_same = |one: &Connection| {
        matches!(&one.kind, Kind::CalDav(server) if server.user == settings.user() && server.server == settings.server)
            && one.address.compare() == settings.address.compare()
    };
    Ok(store::list(&app.store, actor.workspace)?.into_iter().find(is_same))
}

fn save(
    app: &App,
    actor: &Actor,
    settings: &CalendarSettings,
    known: Option<Connection>,
    home: &Url,
    entries: &[CalendarEntry],
) -> Result<Connection, ConnectionError> {
    let now = app.now();
    let sealed = app.store.seal_secret(actor.workspace, settings.password.expose().as_bytes())?;
    let id = known.map_or_else(|| ConnectionId::new(now), |connection| connection.id);
    let poll = polls::job(actor.workspace, id, now);
    let saved = app.store.write(|txn| {
        // Asked for while the server was tried; whatever ends connections may have been through already.
        if !workspaces::goes_on(txn, actor.workspace)? {
            return Err(ConnectionError::Closing);
        }
        let before = store::find(txn, actor.workspace, id)?;
        let act = if before.is_some() { "connection.renewed" } else { "connection.made" };
        let old = before.as_ref().and_then(|connection| connection.kind.secret().cloned());
        let mut connection = before.unwrap_or_else(|| new_connection(actor, settings, id, home, now));
        connection.address = settings.address.clone();
        let chosen = connection.calendars().unwrap_or_default();
        connection.kind = Kind::CalDav(kind(settings, home, entries, &sealed, chosen));
        trouble::works(txn, &mut connection, &poll, now)?;
        store::put(txn, &connection)?;
        events::append(txn, actor.workspace, now, Happened::ConnectionMade { connection: id })?;
        let on = format!("connection {id}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, connection.kind_words())?;
        Ok((connection, old))
    });
    store::settle_secret(&app.store, &sealed, saved)
}

fn new_connection(
    actor: &Actor,
    settings: &CalendarSettings,
    id: ConnectionId,
    home: &Url,
    now: crate::base::UnixMillis,
) -> Connection {
    let empty = CalDav {
        server: String::new(),
        home: home.to_string(),
        user: String::new(),
        password: None,
        calendars: Calendars::default(),
    };
    Connection {
        id,
        workspace: actor.workspace,
        address: settings.address.clone(),
        display_name: String::new(),
        kind: Kind::CalDav(empty),
        uses: vec![Use::Calendar],
        state: State::Working,
        pace: Pace::default(),
        health: Health::default(),
        made_by: actor.user,
        made_at: now,
    }
}

/// What was chosen before stays chosen where it is still there.
fn kind(
    settings: &CalendarSettings,
    home: &Url,
    entries: &[CalendarEntry],
    sealed: &SealedSecret,
    chosen: Calendars,
) -> CalDav {
    let is_there = |id: &String| entries.iter().any(|entry| entry.id == *id);
    let first = entries.iter().find(|entry| entry.is_writable());
    let calendars = match chosen.write_to.as_ref().filter(|id| is_there(id)) {
        Some(_) => chosen,
        None => Calendars {
            write_to: first.map(|entry| entry.id.clone()),
            zone: first.map(|entry| entry.time_zone.clone()).filter(|zone| !zone.is_empty()),
            busy: first.map(|entry| entry.id.clone()).into_iter().collect(),
        },
    };
    CalDav {
        server: settings.server.clone(),
        home: home.to_string(),
        user: settings.user().to_owned(),
        password: Some(sealed.clone()),
        calendars,
    }
}
