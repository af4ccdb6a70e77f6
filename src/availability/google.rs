//! Calls to a connected Google calendar.

use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::connections::{self, Kind};
use crate::providers::google::calendar::Calendar;
use crate::providers::google::Session;
use crate::providers::outbound::NoLog;
use crate::providers::{ProviderError, Secret};

/// Runs `work` as the connection, with a valid token; a dead grant is noted with the connection.
pub fn with_calendar<T>(
    app: &App,
    workspace: WorkspaceId,
    connection: ConnectionId,
    work: impl Fn(&Calendar<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let lost = |reason: &str| ProviderError::Reconnect { reason: reason.to_owned() };
    let found = connections::get(&app.store, workspace, connection).ok().flatten();
    let Some(Kind::Google(google)) = found.map(|found| found.kind) else { return Err(lost("not connected")) };
    let credentials = google.credentials.ok_or_else(|| lost("not connected"))?;
    let opened = app.store.open_secret(&credentials.sealed).map_err(|error| lost(&error.to_string()))?;
    let token = Secret::new(String::from_utf8_lossy(&opened).into_owned());
    let oauth = app.google.as_ref().ok_or_else(|| lost("Google is not set up"))?;
    work(&Calendar(Session { outbound: &app.outbound, bases: oauth.bases(), access_token: &token, log: &NoLog }))
}
