//! Ending a connection: erased here first, withdrawn at the provider afterwards (promise 6).

use std::sync::PoisonError;
use std::time::Duration;

use super::calls::{self, Log};
use super::error::ConnectionError;
use super::in_memory::held;
use super::model::{Connection, Kind, State};
use super::tokens::Tokens;
use super::{keeping, polls, store, trouble};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, EmailAddress, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Lane};
use crate::providers::calendar::Watching;
use crate::providers::oauth::{ConsentClient, Revoked};
use crate::providers::{ProviderError, Secret};
use crate::store::{StoreError, Txn};

/// Between tries to withdraw: the token is in memory only, so the page that asked waits for it, but not for long.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// Stands where the address of an account was that is no longer ours to know (RFC 2606 section 2).
const NOBODY: &str = "removed@account.invalid";

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
    let erased = erase(app, actor, id)?;
    app.smtp.forget(id);
    Ok((erased.connection.clone(), withdraw(app, actor, erased)))
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
    let told = erased.into_iter().map(|erased| {
        let connection = erased.connection.clone();
        (withdraw(app, actor, erased), connection)
    });
    let is_left = |outcome: &Withdrawn| matches!(outcome, Withdrawn::NotAnswered(_) | Withdrawn::ByPersonOnly);
    let unheard = told.filter(|(outcome, _)| is_left(outcome)).map(|(_, one)| one).collect();
    failed.map_or(Ok(unheard), Err)
}

/// The person removed this program at the provider, who says so: the access is erased here like any that is
/// disconnected, and then what the provider had told of the account, its record of calls included. Whoever keeps more of
/// it hears of it by the event. Again is harmless.
pub fn withdrawn_there(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<(), ConnectionError> {
    let Some(known) = store::get(&app.store, workspace, id)? else { return Ok(()) };
    let was_disconnected = known.is_disconnected();
    app.store.write(|txn| mark_withdrawn(txn, workspace, id))?;
    if !was_disconnected {
        let display = format!("{}, for the account’s own person", known.kind_words());
        erase(app, &Actor { display, ..Actor::system(workspace) }, id)?;
    }
    let now = app.now();
    let nobody = EmailAddress::parse(NOBODY).map_err(|_| ConnectionError::NotFound)?;
    app.store.write_reserved(|txn| {
        let Some(mut connection) = store::find(txn, workspace, id)? else { return Ok(()) };
        connection.address = nobody.clone();
        connection.display_name.clear();
        if let Kind::Meetings(account) = &mut connection.kind {
            account.subject.clear();
            account.scopes.clear();
        }
        store::put(txn, &connection)?;
        if was_disconnected {
            events::append(txn, workspace, now, Happened::ConnectionRemoved { connection: id })?;
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(calls::forget(app, workspace, id)?)
}

fn mark_withdrawn(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    let Some(mut connection) = store::find(txn, workspace, id)? else { return Ok(()) };
    if let Kind::Meetings(account) = &mut connection.kind {
        account.is_withdrawn = true;
    }
    store::put(txn, &connection)
}

/// What is left in memory of a connection whose access is erased here.
struct Erased {
    connection: Connection,
    tokens: Option<Tokens>,
    /// The access token is good until then.
    until: UnixMillis,
    /// What its provider tells of its calendars.
    told: Vec<Watching>,
}

/// Under the lock of the tokens: no refresh may write them back.
fn erase(app: &App, actor: &Actor, id: ConnectionId) -> Result<Erased, ConnectionError> {
    let held = held(id);
    let _locked = held.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    let connection = store::get(&app.store, actor.workspace, id)?.ok_or(ConnectionError::NotFound)?;
    let credentials = connection.kind.credentials();
    let tokens = credentials.and_then(|sealed| Tokens::open(&app.store, &sealed.sealed).ok());
    let until = credentials.map_or(UnixMillis::default(), |sealed| sealed.expires_at);
    let told = keeping::watchings(&app.store, actor.workspace, id)?;
    if let Some(sealed) = connection.kind.secret() {
        app.store.shred_secret(sealed)?;
    }
    let connection = record(app, actor, &connection, app.now())?;
    Ok(Erased { connection, tokens, until, told })
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
        keeping::forget(txn, workspace, id)?;
        trouble::pause(txn, workspace, &workers, now, &reason)?;
        // What waits to leave hears its "no" from the gate now, not when its pause ends.
        jobs::lift_pace(txn, Lane::MailOut, id.0)?;
        Ok(connection)
    })
}

fn withdraw(app: &App, actor: &Actor, erased: Erased) -> Withdrawn {
    let client = erased.connection.kind.provider().and_then(|provider| provider.client(app));
    let (Some(tokens), Some(client)) = (erased.tokens, client) else { return Withdrawn::NotNeeded };
    let (id, mut tokens) = (erased.connection.id, tokens);
    if !erased.told.is_empty() {
        tokens = usable(app, client, id, tokens, erased.until);
        keeping::stop(app, &erased.connection, &erased.told, &tokens.access);
    }
    let outcome = revoke(app, client, id, &tokens.refresh);
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

/// Tokens with which one more call can be made: they are refreshed where that is needed, and stored nowhere.
fn usable(app: &App, client: &dyn ConsentClient, id: ConnectionId, tokens: Tokens, until: UnixMillis) -> Tokens {
    if until > app.now() {
        return tokens;
    }
    match client.refresh(&app.outbound, &tokens.refresh, &Log::of(id)) {
        Ok(set) => Tokens { access: set.access_token, refresh: set.refresh_token.unwrap_or(tokens.refresh) },
        Err(_) => tokens,
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
