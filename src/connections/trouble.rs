//! What happens to a connection that no longer works as it should.

use super::model::{Connection, State};
use super::{letters, polls, store, words};
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::events::{self, Event, Happened, Start, Subscriber};
use crate::jobs::{self, Lane};
use crate::mailer;
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};
use crate::workers;

/// Only the owner can help: the connection is marked, its workers pause, its owners and admins get a mail, the history stays.
/// `reason` is for the owner. Again is harmless.
pub fn lose(app: &App, workspace: WorkspaceId, id: ConnectionId, reason: &str) -> Result<(), StoreError> {
    let now = app.now();
    let Some(known) = store::get(&app.store, workspace, id)?.filter(|connection| connection.state.is_working()) else {
        return Ok(());
    };
    let workers = workers_of(app, workspace, id)?;
    let letters = letters::lost(app, &known, reason, now)?;
    app.store.write(|txn| {
        let found = store::find(txn, workspace, id)?.filter(|connection| connection.state.is_working());
        let Some(mut connection) = found else { return Ok(()) };
        connection.state = State::NeedsOwner { since: now, reason: reason.to_owned() };
        connection.health.last_error = Some((now, reason.to_owned()));
        connection.health.told_at = Some(now);
        store::put(txn, &connection)?;
        let what = Happened::ConnectionLost { connection: id, reason: reason.to_owned() };
        events::append(txn, workspace, now, what)?;
        let who = Who::System("the provider refused".to_owned());
        audit::record(txn, workspace, now, &who, "connection.lost", &format!("connection {id}"), reason)?;
        letters.iter().try_for_each(|letter| mailer::queue(txn, letter))?;
        pause(txn, workspace, &workers, now, &format!("{} needs its owner: {reason}", connection.address))
    })
}

/// The gate out has found that a mailbox needs its owner: told and acted upon as `lose` does, once for each incident.
pub(super) fn tell(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    let now = app.now();
    let known = store::get(&app.store, workspace, id)?;
    let Some((known, reason)) = known.and_then(untold) else { return Ok(()) };
    let workers = workers_of(app, workspace, id)?;
    let letters = letters::lost(app, &known, &reason, now)?;
    app.store.write(|txn| {
        let Some((mut connection, _)) = store::find(txn, workspace, id)?.and_then(untold) else { return Ok(()) };
        connection.health.told_at = Some(now);
        store::put(txn, &connection)?;
        letters.iter().try_for_each(|letter| mailer::queue(txn, letter))?;
        pause(txn, workspace, &workers, now, &format!("{} needs its owner: {reason}", connection.address))
    })
}

/// A connection that needs its owner, who was not told since it does, with the reason.
fn untold(connection: Connection) -> Option<(Connection, String)> {
    let State::NeedsOwner { since, reason } = &connection.state else { return None };
    let (is_told, reason) = (connection.health.told_at.is_some_and(|at| at >= *since), reason.clone());
    (!is_told).then_some((connection, reason))
}

/// Mailboxes that the gate out has marked are told about like those that were found here.
pub struct Tell;

impl Subscriber<App> for Tell {
    fn name(&self) -> &'static str {
        "connections.tell"
    }

    /// A reaction: a mailbox that was lost long ago is no news.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        match &event.what {
            Happened::ConnectionLost { connection, .. } => tell(app, event.workspace, *connection),
            _ => Ok(()),
        }
    }
}

/// The provider allows nothing more before then.
pub fn wait(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    until: UnixMillis,
    reason: &str,
) -> Result<(), StoreError> {
    let now = app.now();
    store::update(&app.store, workspace, id, |connection| {
        connection.health.last_error = Some((now, reason.to_owned()));
        if connection.state.is_working() {
            connection.state = State::Waiting { until, reason: reason.to_owned() };
        }
    })
    .map(|_| ())
}

/// Something failed that passes by itself, or that the owner should know.
pub fn note(app: &App, workspace: WorkspaceId, id: ConnectionId, reason: &str) -> Result<(), StoreError> {
    let now = app.now();
    store::update(&app.store, workspace, id, |connection| {
        connection.health.last_error = Some((now, reason.to_owned()));
    })
    .map(|_| ())
}

/// What an error of the provider means for the connection, recorded. Store errors are logged: they must not hide
/// what the provider said.
pub(super) fn record_error(app: &App, workspace: WorkspaceId, id: ConnectionId, error: &ProviderError) {
    let recorded = store::get(&app.store, workspace, id).and_then(|connection| {
        let Some(connection) = connection else { return Ok(()) };
        let reason = words::of_error(&connection.kind, error);
        match error {
            ProviderError::Reconnect { .. } | ProviderError::TokenRefused | ProviderError::MissingScope { .. } => {
                lose(app, workspace, id, &reason)
            }
            ProviderError::Quota { until: Some(until), .. } => wait(app, workspace, id, *until, &reason),
            ProviderError::Quota { .. } | ProviderError::Retry { .. } => note(app, workspace, id, &reason),
            _ => Ok(()),
        }
    });
    if let Err(failed) = recorded {
        tracing::error!(%failed, %error, connection = %id, "trouble with a connection could not be recorded");
    }
}

/// It works (again): marked so, its mailbox is read, its mail need not wait any longer.
pub(super) fn works(
    txn: &mut Txn<'_>,
    connection: &mut Connection,
    poll: &jobs::NewJob,
    now: UnixMillis,
) -> Result<(), StoreError> {
    connection.state = State::Working;
    connection.health.last_success = Some(now);
    polls::plan(txn, connection, poll)?;
    jobs::lift_pace(txn, Lane::MailOut, connection.id.0)?;
    jobs::lift_pace(txn, Lane::CalendarSync, connection.id.0)
}

/// The working workers that can go on neither sending nor booking without this connection.
pub(super) fn workers_of(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
) -> Result<Vec<workers::Worker>, StoreError> {
    let mut all = workers::list(&app.store, workspace)?;
    all.retain(|worker| worker.state.is_working());
    let mut concerned = Vec::new();
    for worker in all {
        let writes_from_it = worker.mailboxes().contains(&id);
        let is_stopped = worker.calendar == Some(id)
            || (writes_from_it && !app.store.read(|txn| workers::writes_without(txn, workspace, &worker, id))?);
        if is_stopped {
            concerned.push(worker);
        }
    }
    Ok(concerned)
}

pub(super) fn pause(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    workers: &[workers::Worker],
    now: UnixMillis,
    reason: &str,
) -> Result<(), StoreError> {
    workers.iter().try_for_each(|worker| workers::pause_by_itself(txn, workspace, worker.id, now, reason))
}
