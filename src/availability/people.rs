//! The calendars of a person: several that count as conflicts, from any connection they may use, and one that bookings
//! are written to.
//!
//! Until somebody chooses, they are those of the connections that the person made, as chosen there.

use serde::{Deserialize, Serialize};

use super::busy::{read_some_now, together, unknown, Own};
use super::cache;
use super::model::{Busy, Span};
use super::sync::sync_soon;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{ConnectionId, UserId, WorkspaceId};
use crate::connections::{self, with_calendar, Connection, State};
use crate::providers::calendar::CalendarEntry;
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};
use crate::workspaces;

/// Calendars that one person may count.
pub const MOST_CONFLICTS: usize = 20;
/// Members whose choices are looked through.
const MOST_PEOPLE: usize = 1_000;

const PEOPLE: Table<PersonCalendars> = Table::sealed(
    0x0d20,
    "calendars_of_people",
    Tree::Bookings,
    Holds::User,
    Retention::Account,
    "Which calendars of a member count as busy, and which one bookings are written to.",
);

pub(super) const TABLES: &[Declared] = &[Declared::personal(&PEOPLE, export, erase)];

/// One calendar of one connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CalendarRef {
    pub connection: ConnectionId,
    /// The calendar's id at its provider.
    pub calendar: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonCalendars {
    /// What bookings with the person are written to; it counts as a conflict too.
    #[serde(default)]
    pub write_to: Option<CalendarRef>,
    #[serde(default)]
    pub conflicts: Vec<CalendarRef>,
    /// Nobody has chosen yet.
    #[serde(default)]
    pub is_default: bool,
}

impl PersonCalendars {
    /// All that are read, each once.
    pub fn counted(&self) -> Vec<CalendarRef> {
        let mut all: Vec<CalendarRef> = self.conflicts.iter().chain(&self.write_to).cloned().collect();
        all.sort();
        all.dedup();
        all
    }

    /// By connection, which is asked once.
    fn by_connection(&self) -> Vec<(ConnectionId, Vec<String>)> {
        let mut all: Vec<(ConnectionId, Vec<String>)> = Vec::new();
        for one in self.counted() {
            match all.last_mut() {
                Some((id, calendars)) if *id == one.connection => calendars.push(one.calendar),
                _ => all.push((one.connection, vec![one.calendar])),
            }
        }
        all
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such member")]
    NotFound,
    /// In words for the person.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A connection with the calendars that may be chosen of it.
#[derive(Clone, Debug)]
pub struct Offered {
    pub connection: Connection,
    /// Why they could not be listed, in words.
    pub calendars: Result<Vec<CalendarEntry>, String>,
}

fn key(workspace: WorkspaceId, user: UserId) -> Key {
    Key::of(&PEOPLE, workspace).id(user.0)
}

/// The calendars of a member, as chosen or by default.
pub fn calendars_of(store: &Store, workspace: WorkspaceId, user: UserId) -> Result<PersonCalendars, StoreError> {
    store.read(|txn| find_calendars(txn, workspace, user))
}

/// The same inside a transaction.
pub fn find_calendars(txn: &mut Txn<'_>, workspace: WorkspaceId, user: UserId) -> Result<PersonCalendars, StoreError> {
    if let Some(chosen) = txn.get(&PEOPLE, &key(workspace, user))? {
        return Ok(chosen);
    }
    let own = connections::list_in(txn, workspace)?.into_iter().filter(|one| one.made_by == Some(user));
    let mut found = PersonCalendars { is_default: true, ..PersonCalendars::default() };
    for connection in own {
        let Some(calendars) = connection.calendars() else { continue };
        let refer = |calendar: String| CalendarRef { connection: connection.id, calendar };
        found.conflicts.extend(calendars.counted().into_iter().map(refer));
        found.write_to = found.write_to.or(calendars.write_to.map(refer));
    }
    Ok(found)
}

/// When the person is busy, as last read: without asking anybody. Unknown when any calendar that counts is not known
/// for all of `range`. `range` may reach `READ_AHEAD` from now at most.
pub fn busy_of(
    app: &App,
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    user: UserId,
    range: Span,
) -> Result<Busy, StoreError> {
    let (now, every) = (app.now(), app.config.jobs.calendar_sync);
    let calendars = find_calendars(txn, workspace, user)?;
    let mut all = Vec::new();
    for (id, names) in calendars.by_connection() {
        let Some(connection) = connections::find(txn, workspace, id)? else {
            return Ok(unknown("one of the calendars is no longer connected."));
        };
        if let Some(reason) = why_unreadable(&connection) {
            return Ok(unknown(&reason));
        }
        for name in names {
            let Some(row) = cache::find(txn, workspace, id, &name)? else {
                return Ok(unknown(&format!("a calendar of {} was not read yet.", connection.address)));
            };
            if let Some(reason) = row.not_known(range, now, every) {
                return Ok(unknown(&format!("{}: {reason}", connection.address)));
            }
            all.extend(row.busy.into_iter().filter(|busy| busy.overlaps(&range)));
        }
    }
    Ok(Busy::Known(cache::joined(all)))
}

/// Asks all calendars of the person about exactly this range, without the event `but`: for the moment of a decision.
/// Anything but full answers is unknown.
pub fn busy_of_now(
    app: &App,
    workspace: WorkspaceId,
    user: UserId,
    range: Span,
    but: Option<Own<'_>>,
) -> Result<Busy, StoreError> {
    let calendars = calendars_of(&app.store, workspace, user)?;
    let mut all = Vec::new();
    for (id, names) in calendars.by_connection() {
        let read = read_some_now(app, workspace, id, Some(&names), range, but)?;
        let is_unknown = matches!(read, Busy::Unknown { .. });
        all.push(read);
        // One that cannot be read decides; the others need not be asked.
        if is_unknown {
            break;
        }
    }
    Ok(match together(all) {
        Busy::Known(busy) => Busy::Known(cache::joined(busy)),
        unknown @ Busy::Unknown { .. } => unknown,
    })
}

fn why_unreadable(connection: &Connection) -> Option<String> {
    match &connection.state {
        State::NeedsOwner { reason, .. } => Some(format!("{}: {reason}", connection.address)),
        State::Disconnected { .. } => Some(format!("{} was disconnected.", connection.address)),
        _ if connection.calendars().is_none() => Some(format!("{} has no calendar.", connection.address)),
        State::Working | State::Waiting { .. } => None,
    }
}

/// The calendars of a connection that people count.
pub(super) fn counted_of(
    store: &Store,
    workspace: WorkspaceId,
    connection: ConnectionId,
) -> Result<Vec<String>, StoreError> {
    let rows = store.read(|txn| txn.list(&PEOPLE, &Key::of(&PEOPLE, workspace), Dir::Forward, MOST_PEOPLE))?;
    let counted = rows.into_iter().flat_map(|(_, person)| person.counted());
    Ok(counted.filter(|one| one.connection == connection).map(|one| one.calendar).collect())
}

/// Whose calendars the actor may look at or choose: their own, or anybody's with the permission to manage connections.
fn may_choose_for(actor: &Actor, user: UserId) -> Result<(), Denied> {
    if actor.user == Some(user) {
        return actor.require(Permission::EditBookings);
    }
    actor.require(Permission::ManageConnections)
}

/// The connections that may be chosen from for `user`, asked for their calendars now: with the permission to manage
/// connections all of the workspace, else those that the person made or was given.
pub fn offered(app: &App, actor: &Actor, user: UserId) -> Result<Vec<Offered>, ChooseError> {
    may_choose_for(actor, user)?;
    let is_member = app.store.read(|txn| workspaces::find_member(txn, actor.workspace, user))?.is_some();
    if !is_member {
        return Err(ChooseError::NotFound);
    }
    let chosen = calendars_of(&app.store, actor.workspace, user)?.counted();
    let mut all = Vec::new();
    for connection in connections::list(&app.store, actor.workspace)? {
        if connection.calendars().is_none() || !may_use(actor, user, &connection, &chosen) {
            continue;
        }
        let listed = with_calendar(app, actor.workspace, connection.id, |calendar| calendar.list_calendars());
        all.push(Offered { connection, calendars: listed.map_err(|error| error.to_string()) });
    }
    Ok(all)
}

fn may_use(actor: &Actor, user: UserId, connection: &Connection, chosen: &[CalendarRef]) -> bool {
    actor.may(Permission::ManageConnections)
        || connection.made_by == Some(user)
        || chosen.iter().any(|one| one.connection == connection.id)
}

/// Sets the calendars of a member. Each must be among those offered now, and the one written to must be writable; one
/// that was chosen before may stay while its connection cannot be asked.
pub fn choose(
    app: &App,
    actor: &Actor,
    user: UserId,
    write_to: Option<CalendarRef>,
    conflicts: Vec<CalendarRef>,
) -> Result<PersonCalendars, ChooseError> {
    let offered = offered(app, actor, user)?;
    let before = calendars_of(&app.store, actor.workspace, user)?;
    let mut conflicts = conflicts;
    conflicts.sort();
    conflicts.dedup();
    if conflicts.len() > MOST_CONFLICTS {
        return Err(ChooseError::Invalid(format!("At most {MOST_CONFLICTS} calendars can count for one person.")));
    }
    for one in &conflicts {
        let stays = is_unanswered(&offered, one) && before.conflicts.contains(one);
        if !is_offered(&offered, one, |_| true) && !stays {
            return Err(ChooseError::Invalid("One of these calendars is not there any more. Choose again.".into()));
        }
    }
    if let Some(one) = &write_to {
        let stays = is_unanswered(&offered, one) && before.write_to.as_ref() == Some(one);
        if !is_offered(&offered, one, CalendarEntry::is_writable) && !stays {
            return Err(ChooseError::Invalid("Choose a calendar to write to that may be written to.".into()));
        }
    }
    let chosen = PersonCalendars { write_to, conflicts, is_default: false };
    keep(app, actor, user, &chosen)?;
    Ok(chosen)
}

fn is_offered(offered: &[Offered], one: &CalendarRef, fits: fn(&CalendarEntry) -> bool) -> bool {
    let of_connection = offered.iter().find(|offer| offer.connection.id == one.connection);
    let listed = of_connection.and_then(|offer| offer.calendars.as_ref().ok());
    listed.is_some_and(|all| all.iter().any(|entry| entry.id == one.calendar && fits(entry)))
}

fn is_unanswered(offered: &[Offered], one: &CalendarRef) -> bool {
    offered.iter().any(|offer| offer.connection.id == one.connection && offer.calendars.is_err())
}

fn keep(app: &App, actor: &Actor, user: UserId, chosen: &PersonCalendars) -> Result<(), ChooseError> {
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| {
        txn.put(&PEOPLE, &key(workspace, user), chosen)?;
        for (connection, _) in chosen.by_connection() {
            sync_soon(txn, workspace, connection, now)?;
        }
        let on = format!("user {user}");
        audit::record(txn, workspace, now, &Who::of(actor), "calendars.chosen", &on, "")?;
        Ok(())
    })
}

/// What stands about a member in one workspace goes with them.
pub fn forget_member(txn: &mut Txn<'_>, workspace: WorkspaceId, user: UserId) -> Result<(), StoreError> {
    txn.remove(&PEOPLE, &key(workspace, user))
}

fn of_person(store: &Store, person: Person) -> Result<Vec<(Key, PersonCalendars)>, StoreError> {
    let Person::User(user) = person else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for workspace in store.read(|txn| workspaces::workspaces_of(txn, user))? {
        let key = key(workspace, user);
        found.extend(store.get(&PEOPLE, &key)?.map(|row| (key, row)));
    }
    Ok(found)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let rows = of_person(store, person)?;
    Ok(rows.iter().filter_map(|(_, row)| serde_json::to_value(row).ok()).collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let rows = of_person(store, person)?;
    store.write_reserved(|txn| rows.iter().try_for_each(|(key, _)| txn.remove(&PEOPLE, key)))?;
    Ok(rows.len())
}
