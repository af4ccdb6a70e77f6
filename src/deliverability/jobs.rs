//! The daily look at each domain, and what starts and ends it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check;
use super::error::DomainError;
use super::letters;
use crate::app::App;
use crate::base::{UnixMillis, WorkspaceId};
use crate::connections;
use crate::events::{Event, Happened, Start, Subscriber};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::StoreError;
use crate::workspaces;

const CHECK_DOMAIN: &str = "deliverability.check";
const DAILY: Duration = Duration::from_secs(86_400);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CheckDomain {
    workspace: WorkspaceId,
    domain: String,
}

fn job(workspace: WorkspaceId, domain: &str, at: UnixMillis) -> NewJob {
    let payload = CheckDomain { workspace, domain: domain.to_owned() };
    NewJob::new(CHECK_DOMAIN, Lane::Housekeeping, workspace, at, &payload).once(domain).max_attempts(u32::MAX)
}

/// Plans the look at every domain. Called at the start; again is harmless.
pub fn plan_all(app: &App) -> Result<(), StoreError> {
    workspaces::list_all(&app.store)?.into_iter().try_for_each(|workspace| plan(app, workspace.id))
}

fn plan(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    for domain in check::domains_of(&connections::list(&app.store, workspace)?) {
        let job = job(workspace, &domain, app.now());
        app.store.write(|txn| jobs::enqueue(txn, &job)).map(drop)?;
    }
    Ok(())
}

pub struct CheckTask;

impl Task<App> for CheckTask {
    fn kind(&self) -> &'static str {
        CHECK_DOMAIN
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let wanted: CheckDomain = match job.payload() {
            Ok(wanted) => wanted,
            Err(error) => return Outcome::Dead { reason: error.to_string() },
        };
        let checked = check::find(app, wanted.workspace, &wanted.domain).and_then(|found| match found {
            Some(found) => check::check(app, &found).map(|()| true),
            // No mailbox sends from it any more.
            None => Ok(check::forget_unused(app, wanted.workspace).map(|()| false)?),
        });
        match checked {
            Ok(true) => Outcome::Again { at: app.now().plus(DAILY) },
            Ok(false) => Outcome::Done,
            Err(DomainError::Store(error)) => error.into(),
            Err(error) => Outcome::Retry { after: None, reason: error.to_string() },
        }
    }
}

/// A new mailbox is looked at once it is there; with the last one of a domain its keys go; what breaks is told.
pub struct Follow;

impl Subscriber<App> for Follow {
    fn name(&self) -> &'static str {
        "deliverability.follow"
    }

    /// What stood before is planned at the start.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        match &event.what {
            Happened::ConnectionMade { .. } => plan(app, event.workspace),
            Happened::ConnectionRemoved { .. } => check::forget_unused(app, event.workspace),
            Happened::SendingDomainBroken { domain, .. } => letters::tell(app, event.workspace, domain),
            _ => Ok(()),
        }
    }
}
