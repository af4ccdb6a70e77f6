//! Speaking to a provider with a connection: tokens looked after, calls recorded, trouble noted.

use std::time::Duration;

use super::calls::{self, Log};
use super::in_memory::held;
use super::provider::Provider;
use super::tokens::fresh;
use super::trouble::record_error;
use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::providers::calendar::CalendarClient;
use crate::providers::imap::ImapMailbox;
use crate::providers::meeting::MeetingClient;
use crate::providers::microsoft::meetings::Teams;
use crate::providers::oauth::ConsentClient;
use crate::providers::outbound::CallLog;
use crate::providers::{google, microsoft, Line, ProviderError, Secret};

use super::mail_server::imap_server;
use super::model::{Connection, Kind, SmtpImap};
use super::store;

/// Requests that Exchange takes at a time from one program for one mailbox
/// (<https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits>).
const MICROSOFT_AT_ONCE: usize = 4;
/// How long a session waits for its turn: longer than any of those before it is likely to take.
const TURN: Duration = Duration::from_secs(60);

/// Runs `work` with a session of the connection's Google account. `work` may run twice: a refused token is refreshed
/// once, and a call whose token was refused was not carried out.
///
/// A dead grant marks the connection and pauses its workers before the error comes back.
pub fn google_session<T>(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    mut work: impl FnMut(google::Session<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let Some(client) = &app.google else { return Err(no_client(Provider::Google)) };
    let bases = client.bases();
    session(app, client, workspace, id, &mut |line| work(google::Session { bases, line }))
}

/// The same with the connection's Microsoft account; no more of them at a time than its mailbox takes.
pub fn microsoft_session<T>(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    mut work: impl FnMut(microsoft::Session<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let Some(client) = &app.microsoft else { return Err(no_client(Provider::Microsoft)) };
    let bases = client.bases();
    let held = held(id);
    let busy = || ProviderError::Retry { after: None, reason: "too much is under way with this mailbox".into() };
    let _turn = held.turns.take(MICROSOFT_AT_ONCE, TURN).ok_or_else(busy)?;
    session(app, client, workspace, id, &mut |line| work(microsoft::Session { bases, line }))
}

/// The same with the meetings of the connection's account, whichever service they are held with.
pub fn meeting_session<T>(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    mut work: impl FnMut(&dyn MeetingClient) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let gone = || ProviderError::Reconnect { reason: "it was disconnected".into() };
    let unavailable = |error: crate::store::StoreError| ProviderError::Retry { after: None, reason: error.to_string() };
    let connection = store::get(&app.store, workspace, id).map_err(unavailable)?.ok_or_else(gone)?;
    match connection.kind.provider() {
        Some(Provider::Microsoft) => microsoft_session(app, workspace, id, |session| work(&Teams(session))),
        Some(host @ (Provider::Zoom | Provider::Webex | Provider::Goto)) => {
            let Some(client) = host.host(app) else { return Err(no_client(host)) };
            session(app, client, workspace, id, &mut |line| work(&*client.meetings(line)))
        }
        Some(Provider::Google) | None => {
            Err(ProviderError::Rejected { reason: "no meetings are held with this account".into() })
        }
    }
}

fn session<T>(
    app: &App,
    client: &dyn ConsentClient,
    workspace: WorkspaceId,
    id: ConnectionId,
    work: &mut dyn FnMut(Line<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let log = Log::of(id);
    let outcome = with_token(app, client, workspace, id, &log, work);
    calls::flush(app, workspace, id);
    outcome.inspect_err(|error| record_error(app, workspace, id, error))
}

fn with_token<T>(
    app: &App,
    client: &dyn ConsentClient,
    workspace: WorkspaceId,
    id: ConnectionId,
    log: &dyn CallLog,
    work: &mut dyn FnMut(Line<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let mut run = |token: &Secret| work(Line { outbound: &app.outbound, access_token: token, log });
    let token = fresh(app, client, workspace, id, None, log)?;
    match run(&token) {
        Err(ProviderError::TokenRefused) => {}
        done => return done,
    }
    let newer = fresh(app, client, workspace, id, Some(&token), log)?;
    match run(&newer) {
        Err(ProviderError::TokenRefused) => {
            Err(ProviderError::Reconnect { reason: "a token that was just given is refused".into() })
        }
        done => done,
    }
}

/// The operator took the client id away; whoever waits is not lost.
fn no_client(provider: Provider) -> ProviderError {
    let (name, word) = (provider.name(), provider.word());
    ProviderError::Retry {
        after: Some(Duration::from_secs(3600)),
        reason: format!("this server has no client id for {name}; its operator has to set providers.{word}.client_id"),
    }
}

/// Runs `work` with the calendars of the connection's account, whoever keeps them. It may run twice, as in
/// `google_session`.
pub fn with_calendar<T>(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    work: impl Fn(&dyn CalendarClient) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    match &usable(app, workspace, id)?.kind {
        Kind::Google(_) => google_session(app, workspace, id, |session| work(&google::calendar::Calendar(session))),
        Kind::Microsoft(_) | Kind::SmtpImap(_) | Kind::Meetings(_) => {
            Err(ProviderError::Rejected { reason: "this connection has no calendar".into() })
        }
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
    usable(app, workspace, id).map(drop)
}

fn usable(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<Connection, ProviderError> {
    match store::get(&app.store, workspace, id) {
        Ok(Some(connection)) if !connection.is_disconnected() => Ok(connection),
        Ok(_) => Err(ProviderError::Reconnect { reason: "it was disconnected".into() }),
        Err(error) => Err(ProviderError::Retry { after: None, reason: error.to_string() }),
    }
}
