//! The mail to a workspace's owners and admins when a brake has paused a worker (G4).

use crate::app::App;
use crate::base::{UnixMillis, WorkerId, WorkspaceId};
use crate::mailer;
use crate::store::StoreError;
use crate::workers::{self, Worker, WorkerState};
use crate::workspaces::Warning;

/// A worker paused: where nobody was told yet why, a letter goes to each of them. Again is harmless. Without `[mail]`
/// the pages alone say it.
pub(super) fn tell(app: &App, workspace: WorkspaceId, id: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    let found = workers::get(&app.store, workspace, id)?;
    let Some((worker, reason)) = found.as_ref().and_then(untold).filter(|_| mailer::is_configured(&app.config)) else {
        return Ok(());
    };
    let warning = Warning {
        title: &format!("{} has paused", worker.name),
        reason,
        meanwhile:
            "Nothing more of it leaves until somebody has looked and switches it on again. Nothing is lost: its \
                    leads wait where they are.",
        path: &format!("/outreach/{}", worker.id),
        go: "Look at the worker",
    };
    let letters = warning.letters(app, workspace, now)?;
    app.store.write(|txn| {
        if !workers::take_untold(txn, workspace, id)? {
            return Ok(());
        }
        letters.iter().try_for_each(|letter| mailer::queue(txn, letter))
    })
}

fn untold(worker: &Worker) -> Option<(&Worker, &str)> {
    match &worker.state {
        WorkerState::Paused(off) if off.is_untold => Some((worker, &off.reason)),
        _ => None,
    }
}
