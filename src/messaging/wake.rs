//! Answers and test mails that were held back go on as soon as what held them is gone. (Steps of a sequence are woken by
//! their enrolments.)

use super::outbox::{answers_of, Payload, SEND};
use super::store::find_message;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkerId, WorkspaceId};
use crate::connections;
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane};
use crate::store::{StoreError, Txn};

/// Mails woken in one transaction.
const BATCH: usize = 20;

/// Looks at what waits when a worker is switched on, a mailbox works again or is gone, or the workspace may send again.
pub struct Wake;

impl Subscriber<App> for Wake {
    fn name(&self) -> &'static str {
        "messaging"
    }

    /// What waits is looked at by the hour anyway: only what happens from now on can be missed.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (workspace, now) = (event.workspace, app.now());
        match event.what {
            Happened::WorkerActivated { worker } => all_mailboxes(app, workspace, Some(worker), now),
            Happened::SendingResumed => all_mailboxes(app, workspace, None, now),
            Happened::ConnectionMade { connection } | Happened::ConnectionRemoved { connection } => {
                app.store.write(|txn| jobs::lift_pace(txn, Lane::MailOut, answers_of(connection)))?;
                mailbox(app, connection, None, now)
            }
            _ => Ok(()),
        }
    }
}

/// A worker's mails may wait in any mailbox: it may have been given another since.
fn all_mailboxes(
    app: &App,
    workspace: WorkspaceId,
    worker: Option<WorkerId>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let all = connections::list(&app.store, workspace)?;
    all.iter().try_for_each(|connection| mailbox(app, connection.id, worker, now))
}

/// Mails that the gate put off are asked about again now; those of one worker, or all.
fn mailbox(app: &App, id: ConnectionId, worker: Option<WorkerId>, now: UnixMillis) -> Result<(), StoreError> {
    let waiting = jobs::list_later(&app.store, Lane::MailOut, answers_of(id), now)?;
    for batch in waiting.chunks(BATCH) {
        app.store.write(|txn| {
            for job in batch {
                if is_held_back(txn, job, worker)? {
                    jobs::hurry(txn, job.id, now)?;
                }
            }
            Ok::<_, StoreError>(())
        })?;
    }
    Ok(())
}

/// Whether the gate has said "not yet" to it, rather than that its time has not come.
fn is_held_back(txn: &mut Txn<'_>, job: &Job, worker: Option<WorkerId>) -> Result<bool, StoreError> {
    if job.kind != SEND || job.reason.is_none() {
        return Ok(false);
    }
    let Payload { workspace, message } = job.payload()?;
    let message = find_message(txn, workspace, message)?;
    Ok(message.is_some_and(|message| worker.is_none() || message.worker == worker))
}
