//! A connected account's tokens: sealed at rest, refreshed under the connection's lock.

use std::sync::PoisonError;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::in_memory::held;
use super::model::{Connection, Credentials};
use super::store;
use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::providers::oauth::{ConsentClient, TokenSet};
use crate::providers::outbound::CallLog;
use crate::providers::{ProviderError, Secret};
use crate::store::{SealedSecret, Store, StoreError};

/// Refreshed this long before it ends, so that no call is caught on the way.
const EARLY: Duration = Duration::from_secs(90);

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct TokenJson {
    access: String,
    refresh: String,
}

pub(super) struct Tokens {
    pub access: Secret,
    pub refresh: Secret,
}

impl Tokens {
    /// `None` when the provider gave no refresh token: such a grant ends within the hour.
    pub fn of(set: &TokenSet) -> Option<Self> {
        Some(Self { access: set.access_token.clone(), refresh: set.refresh_token.clone()? })
    }

    fn to_json(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let json = TokenJson { access: self.access.expose().to_owned(), refresh: self.refresh.expose().to_owned() };
        let bytes = serde_json::to_vec(&json).map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(zeroize::Zeroizing::new(bytes))
    }

    /// Seals with a new key of its own, which is on disk before this returns.
    pub fn seal(&self, store: &Store, workspace: WorkspaceId) -> Result<SealedSecret, StoreError> {
        store.seal_secret(workspace, &self.to_json()?)
    }

    pub fn open(store: &Store, sealed: &SealedSecret) -> Result<Self, StoreError> {
        let plain = store.open_secret(sealed)?;
        let json: TokenJson = serde_json::from_slice(&plain)
            .map_err(|_| StoreError::Corrupt { tree: "connections", detail: "sealed tokens".into() })?;
        Ok(Self { access: Secret::new(json.access), refresh: Secret::new(json.refresh) })
    }
}

/// An access token that is good for the next call. `refused` is one that the provider just refused.
pub(super) fn fresh(
    app: &App,
    client: &dyn ConsentClient,
    workspace: WorkspaceId,
    id: ConnectionId,
    refused: Option<&Secret>,
    log: &dyn CallLog,
) -> Result<Secret, ProviderError> {
    let held = held(id);
    let _locked = held.tokens.lock().unwrap_or_else(PoisonError::into_inner);
    // Read under the lock: whoever held it before may have refreshed.
    let (connection, credentials) = stored(app, workspace, id)?;
    let tokens = Tokens::open(&app.store, &credentials.sealed).map_err(erased)?;
    let is_good = credentials.expires_at > app.now().plus(EARLY) && refused != Some(&tokens.access);
    if is_good {
        return Ok(tokens.access);
    }
    let set = client.refresh(&app.outbound, &tokens.refresh, log)?;
    let newer = Tokens {
        access: set.access_token.clone(),
        refresh: set.refresh_token.clone().unwrap_or_else(|| tokens.refresh.clone()),
    };
    replace(app, &connection, &credentials, &newer, &set).map_err(unavailable)?;
    Ok(newer.access)
}

fn stored(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<(Connection, Credentials), ProviderError> {
    let gone = || ProviderError::Reconnect { reason: "it was disconnected".into() };
    let connection = store::get(&app.store, workspace, id).map_err(unavailable)?.ok_or_else(gone)?;
    if connection.kind.provider().is_none() {
        return Err(ProviderError::Rejected { reason: "this account was not connected by consent".into() });
    }
    let credentials = connection.kind.credentials().cloned().ok_or_else(gone)?;
    Ok((connection, credentials))
}

/// Stores the new token before it is used: some providers end the old one at once.
fn replace(
    app: &App,
    connection: &Connection,
    old: &Credentials,
    tokens: &Tokens,
    set: &TokenSet,
) -> Result<(), StoreError> {
    let sealed = app.store.reseal_secret(old.sealed.slot(), &tokens.to_json()?)?;
    let credentials = Credentials { sealed, expires_at: set.expires_at };
    store::update(&app.store, connection.workspace, connection.id, |connection| {
        connection.kind.replace_credentials(Some(credentials.clone()));
    })
    .map(|_| ())
}

fn unavailable(error: StoreError) -> ProviderError {
    ProviderError::Retry { after: None, reason: error.to_string() }
}

/// The key of the tokens is gone: they were erased, and a crash kept the row from saying so.
fn erased(error: StoreError) -> ProviderError {
    ProviderError::Reconnect { reason: format!("the stored access cannot be opened: {error}") }
}
