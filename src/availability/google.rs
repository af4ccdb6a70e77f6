//! Calls to a connected Google calendar.

use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::connections;
use crate::providers::google::calendar::Calendar;
use crate::providers::ProviderError;

/// Runs `work` as the connection, with a valid token. It may run twice: a refused token is refreshed once.
pub fn with_calendar<T>(
    app: &App,
    workspace: WorkspaceId,
    connection: ConnectionId,
    work: impl Fn(&Calendar<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    connections::google_session(app, workspace, connection, |session| work(&Calendar(session)))
}
