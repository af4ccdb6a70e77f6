//! Ending a connection: erased here first, withdrawn at the provider afterwards (promise 6).

use std::sync::PoisonError;
use std::time::Duration;

use super::calls::{self, Log};
use super::error::ConnectionError;
use super::in_memory::held;
use super::model::{Connection, Kind, State};
use super::tokens::Tokens;
use super::{polls, store, trouble};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Lane};
use crate::providers::oauth::{ConsentClient, Revoked};
use crate::providers::{ProviderError, Secret};
use crate::store::StoreError;

/// Between tries to withdraw: the token is in memory only, so the page that asked waits for it, but not for long.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// What the provider made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    Done,
    /// A password has nobody to withdraw it; or it was disconnected before.
    NotNeeded,
    /// The provider did not answer; here everything is erased all the same.
    NotAnswered(String),
    /// The provider lets no program withdraw its access. What is erased here is of no use any more; that it was once
    /// allowed stands there until the person takes it back.
    ByPersonOnly,
}

/// Erases the access before anything else, so that a crash at any point leaves it erased; then the provider is told
/// with the token that is only in memory by then. Again is harmless.
pub fn disconnect(app: &App, actor: &Actor, id: ConnectionId) -> Result<(Connection, Withdrawn), ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    let found = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
    if found.is_disconnected() {
        return Ok((found, Withdrawn::NotNeeded));
    }
    let (connection, token) = erase(app, actor, id)?;
    app.smtp.forget(id);
    let withdrawn = withdraw(app, actor, &connection, token);
    Ok((connection, withdrawn))
}

/// Every connection of a workspace: all are erased before the first provider is told. Gives those whose
/// access still stands at their provider. One that cannot be erased holds up none of the others; the first such error comes back at the end.
pub fn disconnect_all(app: &App, actor: &Actor) -> Result<Vec<Connection>, ConnectionError> {
    actor.require(Permission::ManageConnections)?;
    let all = store::list(&app.store, actor.workspace)?;
    let (mut erased, mut failed) = (Vec::new(), None);
    for connection in all.into_iter().filter(|connection| !connection.is_disconnected()) {
        match erase(app, actor, connection.id) {
            Ok(done) => erased.push(done),
            Err(error) => failed = failed.or(Some(error)),
        }
        app.smtp.forget(connection.id);
    }
    let told = erased.into_iter().map(|(connection, token)| (withdraw(app, actor, &connection, token), connection));
    let is_left = |outcome: &Withdrawn| matches!(outcome, Withdrawn::NotAnswered(_) | Withdrawn::ByPersonOnly);
    let unheard = told.filter(|(outcome, _)| is_left(outcome)).map(|(_, one)| one).collect();
    failed.map_or(Ok(unheard), Err)
}

/// The person removed this program at the provider, who says so: the access is erased here like any that is
/// disconnected, and whatever else came from the account is to be erased by whoever has it.
pub fn withdrawn_there(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<(), ConnectionError> {
    let known = store::get(&app.store, workspace, id)?.filter(|connection| !connection.is_disconnected());
    let Some(connection) = known else { return Ok(()) };
    store::update(&app.store, workspace, id, |connection| {
        if let Kind::Meetings(account) = &mut connection.kind {
            account.is_withdrawn = true;
        }
    })?;
    let display = format!("{}, whose account it is", connection.address);
    erase(app, &Actor { display, ..Actor::system(workspace) }, id).map(drop)
}

/// Under the lock of the tokens: no refresh may write them back.
fn erase(app: &App, actor: &Actor, id: ConnectionId) -> Result<(Connection, Option<Secret>), ConnectionError> {
    let held = held(id);
    let _locked = held.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    let connection = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
    let opened = connection.kind.credentials().and_then(|sealed| Tokens::open(&app.store, &sealed.sealed).ok());
    let token = opened.map(|tokens| tokens.refresh);
    if let Some(sealed) = connection.kind.secret() {
        app.store.shred_secret(sealed)?;
    }
    let connection = record(app, actor, &connection, app.now())?;
    Ok((connection, token))
}

fn record(app: &App, actor: &Actor, before: &Connection, now: UnixMillis) -> Result<Connection, StoreError> {
    let (workspace, id) = (actor.workspace, before.id);
    let workers = trouble::workers_of(app, workspace, id)?;
    let reason = format!("{} was disconnected.", before.address);
    app.store.write_reserved(|txn| {
        let Some(mut connection) = store::find(txn, workspace, id)? else { return Ok(before.clone()) };
        connection.kind.forget_secret();
        connection.state = State::Disconnected { at: now };
        store::put(txn, &connection)?;
        events::append(txn, workspace, now, Happened::ConnectionRemoved { connection: id })?;
        let on = format!("connection {id}");
        audit::record(txn, workspace, now, &Who::of(actor), "connection.removed", &on, connection.kind_words())?;
        polls::cancel(txn, &connection, &reason)?;
        trouble::pause(txn, workspace, &workers, now, &reason)?;
        // What waits to leave hears its "no" from the gate now, not when its pause ends.
        jobs::lift_pace(txn, Lane::MailOut, id.0)?;
        Ok(connection)
    })
}

fn withdraw(app: &App, actor: &Actor, connection: &Connection, token: Option<Secret>) -> Withdrawn {
    let client = connection.kind.provider().and_then(|provider| provider.client(app));
    let (Some(token), Some(client)) = (token, client) else { return Withdrawn::NotNeeded };
    let id = connection.id;
    let outcome = revoke(app, client, id, &token);
    calls::flush(app, actor.workspace, id);
    match outcome {
        Ok(Revoked::Done) => Withdrawn::Done,
        Ok(Revoked::ByPersonOnly) => Withdrawn::ByPersonOnly,
        Err(error) => {
            tracing::warn!(%error, connection = %id, "the access was erased, but could not be withdrawn");
            Withdrawn::NotAnswered(error.to_string())
        }
    }
}

fn revoke(app: &App, client: &dyn ConsentClient, id: ConnectionId, token: &Secret) -> Result<Revoked, ProviderError> {
    for pause in PAUSES {
        match client.revoke(&app.outbound, token, &Log::of(id)) {
            Err(ProviderError::Retry { .. } | ProviderError::Unknown { .. }) => std::thread::park_timeout(pause),
            outcome => return outcome,
        }
    }
    client.revoke(&app.outbound, token, &Log::of(id))
}
