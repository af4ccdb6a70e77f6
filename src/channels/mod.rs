//! One adapter per channel; each turns messages into wire form and inbound events into values.

pub mod email;

use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::jobs::Handlers;
use crate::store::Declared;

/// Channels keep nothing of their own: messages stand with `messaging`, cursors with their connection.
pub fn tables() -> Vec<Declared> {
    Vec::new()
}

pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(email::PollTask)
}

/// Looks for answers in one mailbox now.
pub fn poll_now(
    app: &App,
    workspace: WorkspaceId,
    connection: ConnectionId,
) -> Result<email::PollReport, email::PollError> {
    email::poll_now(app, workspace, connection)
}
