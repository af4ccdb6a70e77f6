//! Speaking to a provider with a connection: tokens looked after, calls recorded, trouble noted.

use super::calls::{self, Log};
use super::tokens::fresh;
use super::trouble::record_error;
use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::providers::google::oauth::GoogleOAuth;
use crate::providers::google::Session;
use crate::providers::imap::ImapMailbox;
use crate::providers::outbound::CallLog;
use crate::providers::{ProviderError, Secret};

use super::mail_server::imap_server;
use super::model::SmtpImap;
use super::store;

/// Runs `work` with a session of the connection's Google account. `work` may run twice: a refused token is refreshed
/// once, and a call whose token was refused was not carried out.
///
/// A dead grant marks the connection and pauses its workers before the error comes back.
pub fn google_session<T>(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    mut work: impl FnMut(Session<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let Some(google) = &app.google else { return Err(no_client()) };
    let log = Log::of(id);
    let outcome = with_token(app, google, workspace, id, &log, &mut work);
    calls::flush(app, workspace, id);
    outcome.inspect_err(|error| record_error(app, workspace, id, error))
}

fn with_token<T>(
    app: &App,
    google: &GoogleOAuth,
    workspace: WorkspaceId,
    id: ConnectionId,
    log: &dyn CallLog,
    work: &mut dyn FnMut(Session<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let mut run =
        |token: &Secret| work(Session { outbound: &app.outbound, bases: google.bases(), access_token: token, log });
    let token = fresh(app, google, workspace, id, None, log)?;
    match run(&token) {
        Err(ProviderError::TokenRefused) => {}
        done => return done,
    }
    let newer = fresh(app, google, workspace, id, Some(&token), log)?;
    match run(&newer) {
        Err(ProviderError::TokenRefused) => {
            Err(ProviderError::Reconnect { reason: "a token that was just given is refused".into() })
        }
        done => done,
    }
}

/// The operator took the client id away; whoever waits is not lost.
fn no_client() -> ProviderError {
    ProviderError::Retry {
        after: Some(std::time::Duration::from_secs(3600)),
        reason: "this server has no client id for Google; its operator has to set providers.google.client_id".into(),
    }
}

/// Opens the connection's mailbox over IMAP for `work` and closes it afterwards.
pub fn imap_session<T>(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    settings: &SmtpImap,
    work: impl FnOnce(&mut ImapMailbox<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let log = Log::of(id);
    let opened = imap_server(app, settings).and_then(|server| ImapMailbox::open(&app.outbound, &server, &log));
    let outcome = opened.and_then(|mut mailbox| {
        let outcome = work(&mut mailbox);
        mailbox.close();
        outcome
    });
    calls::flush(app, workspace, id);
    outcome.inspect_err(|error| record_error(app, workspace, id, error))
}

/// Whether it still may be used. To be asked before each fetch: nothing is fetched after disconnecting.
pub fn may_be_used(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<(), ProviderError> {
    match store::get(&app.store, workspace, id) {
        Ok(Some(connection)) if !connection.is_disconnected() => Ok(()),
        Ok(_) => Err(ProviderError::Reconnect { reason: "it was disconnected".into() }),
        Err(error) => Err(ProviderError::Retry { after: None, reason: error.to_string() }),
    }
}
