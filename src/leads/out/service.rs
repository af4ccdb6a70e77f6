//! Giving the address, trying it, and ending it.

use super::effect::{send, Tried};
use super::model::{Endpoint, Outcome, Sent, State, Wants};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::MessageId;
use crate::leads::LeadError;
use crate::providers::webhook::{fresh_key, Message};

pub fn get(app: &App, actor: &Actor) -> Result<Option<Endpoint>, LeadError> {
    actor.require(Permission::ViewConnections)?;
    Ok(store::get(&app.store, actor.workspace)?)
}

/// Sets the address and what it is told. The first time it makes the key, which is given to be shown once.
pub fn set(app: &App, actor: &Actor, url: &str, wants: Wants) -> Result<Option<String>, LeadError> {
    actor.require(Permission::ManageConnections)?;
    let url = url.trim();
    let wrong = |why: String| LeadError::field("url", format!("This address cannot be called: {why}."));
    app.outbound.user_given(url).map_err(|refused| wrong(refused.to_string()))?;
    if store::get(&app.store, actor.workspace)?.is_none() {
        return make(app, actor, url, wants).map(Some);
    }
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(LeadError::NotFound)?;
        let is_same = before.url == url;
        // Another address gets its own chance.
        let state = if is_same { before.state.clone() } else { State::On };
        store::put(txn, &Endpoint { url: url.to_owned(), wants, state, ..before })?;
        let detail = if is_same { "" } else { "another address" };
        audit::record(txn, actor.workspace, now, &Who::of(actor), "webhook.changed", "webhook", detail)?;
        Ok::<_, LeadError>(None)
    })
}

fn make(app: &App, actor: &Actor, url: &str, wants: Wants) -> Result<String, LeadError> {
    let (key, now) = (fresh_key(), app.now());
    let sealed = app.store.seal_secret(actor.workspace, key.expose().as_bytes())?;
    let endpoint = Endpoint {
        workspace: actor.workspace,
        url: url.to_owned(),
        key: sealed,
        made_at: now,
        made_by: actor.user,
        wants,
        state: State::On,
        last: Vec::new(),
    };
    app.store.write(|txn| {
        store::put(txn, &endpoint)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "webhook.made", "webhook", "")
    })?;
    Ok(key.expose().to_owned())
}

/// Another key, which holds from the next message on. Gives what is shown once.
pub fn renew_key(app: &App, actor: &Actor) -> Result<String, LeadError> {
    actor.require(Permission::ManageConnections)?;
    store::get(&app.store, actor.workspace)?.ok_or(LeadError::NotFound)?;
    let (key, now) = (fresh_key(), app.now());
    let sealed = app.store.seal_secret(actor.workspace, key.expose().as_bytes())?;
    let old = app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(LeadError::NotFound)?;
        let old = before.key.clone();
        store::put(txn, &Endpoint { key: sealed.clone(), ..before })?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "webhook.key_renewed", "webhook", "")?;
        Ok::<_, LeadError>(old)
    })?;
    app.store.shred_secret(&old)?;
    Ok(key.expose().to_owned())
}

/// Sends a message that tells nothing, now, and says what was answered. One that is taken switches the address on again.
pub fn test(app: &App, actor: &Actor) -> Result<String, LeadError> {
    actor.require(Permission::ManageConnections)?;
    let endpoint = store::get(&app.store, actor.workspace)?.ok_or(LeadError::NotFound)?;
    let now = app.now();
    let id = format!("{}-test-{}", actor.workspace.sid(), MessageId::new(now));
    let body = serde_json::json!({ "id": id, "type": "test", "timestamp": now.to_rfc3339(), "data": {} }).to_string();
    let (outcome, words) = match send(app, &endpoint, Message { id: &id, body: &body }) {
        Tried::Taken(words) => (Outcome::Taken, words),
        Tried::NotTaken(words) | Tried::Never(words) => (Outcome::GivenUp, words),
    };
    let said = match outcome {
        Outcome::Taken => format!("It took the test: {words}."),
        _ => format!("It did not take the test: {words}."),
    };
    app.store.write(|txn| {
        let Some(mut standing) = store::find(txn, actor.workspace)? else { return Ok(()) };
        if outcome == Outcome::Taken && standing.url == endpoint.url {
            standing.state = State::On;
        }
        standing.note(Sent {
            at: now,
            id: id.clone(),
            what: "test".to_owned(),
            tries: 1,
            outcome,
            words: words.clone(),
        });
        store::put(txn, &standing)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "webhook.tested", "webhook", &words)
    })?;
    Ok(said)
}

/// Erases the key, and the address with it. What waits is not sent any more.
pub fn end(app: &App, actor: &Actor) -> Result<(), LeadError> {
    actor.require(Permission::ManageConnections)?;
    let endpoint = store::get(&app.store, actor.workspace)?.ok_or(LeadError::NotFound)?;
    app.store.shred_secret(&endpoint.key)?;
    let now = app.now();
    Ok(app.store.write(|txn| {
        store::remove(txn, actor.workspace)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "webhook.ended", "webhook", "")
    })?)
}

/// That of a workspace that is being closed.
pub fn end_all(app: &App, actor: &Actor) -> Result<(), LeadError> {
    match end(app, actor) {
        Ok(()) | Err(LeadError::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
