//! The repeating job that looks for answers in a mailbox: planned here, done by the e-mail channel.

use serde::{Deserialize, Serialize};

use super::model::{Connection, Use};
use super::store;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::jobs::{self, Lane, NewJob};
use crate::store::{StoreError, Txn};
use crate::workspaces;

/// The kind of the job.
pub const POLL_MAILBOX: &str = "channels.email.poll";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollMailbox {
    pub workspace: WorkspaceId,
    pub connection: ConnectionId,
}

pub(super) fn job(workspace: WorkspaceId, connection: ConnectionId, now: UnixMillis) -> NewJob {
    NewJob::new(POLL_MAILBOX, Lane::MailboxPoll, workspace, now, &PollMailbox { workspace, connection })
        .serial(connection.0)
        .once(connection.to_string())
        .max_attempts(u32::MAX)
}

/// Plans the job unless it stands already.
pub(super) fn plan(txn: &mut Txn<'_>, connection: &Connection, job: &NewJob) -> Result<(), StoreError> {
    if connection.can(Use::Outreach) {
        jobs::enqueue(txn, job)?;
    }
    Ok(())
}

pub(super) fn cancel(txn: &mut Txn<'_>, connection: &Connection, reason: &str) -> Result<(), StoreError> {
    let standing = jobs::find_once(txn, connection.workspace, POLL_MAILBOX, &connection.id.to_string())?;
    if let Some(job) = standing {
        jobs::cancel(txn, job.id, reason)?;
    }
    Ok(())
}

/// Plans the job of every working mailbox. Called at the start; again is harmless.
pub fn plan_polls(app: &App) -> Result<(), StoreError> {
    for workspace in workspaces::list_all(&app.store)? {
        for connection in store::list(&app.store, workspace.id)? {
            if connection.state.is_working() && connection.can(Use::Outreach) {
                let job = job(workspace.id, connection.id, app.now());
                app.store.write(|txn| plan(txn, &connection, &job))?;
            }
        }
    }
    Ok(())
}
