//! The mail to a workspace's owners and admins when a brake has paused a worker (G4).

use std::time::Duration;

use askama::Template;

use crate::app::App;
use crate::base::{UnixMillis, WorkerId, WorkspaceId};
use crate::identity;
use crate::mailer::{self, Posting};
use crate::store::StoreError;
use crate::workers::{self, Worker, WorkerState};
use crate::workspaces;

/// After that the worker's page says it as well.
const USEFUL: Duration = Duration::from_secs(7 * 86_400);

#[derive(Template)]
#[template(path = "email/worker_paused.html")]
struct PausedHtml<'a> {
    name: &'a str,
    worker: &'a str,
    reason: &'a str,
    workspace: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "email/worker_paused.txt")]
struct PausedText<'a> {
    name: &'a str,
    worker: &'a str,
    reason: &'a str,
    workspace: &'a str,
    link: &'a str,
}

/// A worker paused: where nobody was told yet why, a letter goes to each of them. Again is harmless. Without `[mail]`
/// the pages alone say it.
pub(super) fn tell(app: &App, workspace: WorkspaceId, id: WorkerId, now: UnixMillis) -> Result<(), StoreError> {
    let found = workers::get(&app.store, workspace, id)?;
    let Some((worker, reason)) = found.as_ref().and_then(untold).filter(|_| mailer::is_configured(&app.config)) else {
        return Ok(());
    };
    let letters = letters(app, workspace, worker, reason, now)?;
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

fn letters(
    app: &App,
    workspace: WorkspaceId,
    worker: &Worker,
    reason: &str,
    now: UnixMillis,
) -> Result<Vec<Posting>, StoreError> {
    let Some(workspace) = workspaces::get(&app.store, workspace)? else { return Ok(Vec::new()) };
    let (subject, link) = (format!("{} has paused", worker.name), app.url(&format!("/outreach/{}", worker.id)));
    let people = workspaces::owners_and_admins(app, workspace.id)?;
    let each = people.iter().map(|person| {
        let (name, worker, workspace, link) =
            (person.name.as_str(), worker.name.as_str(), workspace.name.as_str(), link.as_str());
        let pair = (
            &PausedHtml { name, worker, reason, workspace, link },
            &PausedText { name, worker, reason, workspace, link },
        );
        let letter = identity::letter(Some(person), &person.email, &subject, pair, now.plus(USEFUL))?;
        Ok(Posting::new(letter, now))
    });
    each.collect()
}
