//! Drafts that nobody decided about in time.

use serde::{Deserialize, Serialize};

use super::model::DraftState;
use super::store;
use crate::app::App;
use crate::base::{DraftId, UnixMillis, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::StoreError;

/// The kind of the job that ends one draft.
pub const EXPIRE: &str = "drafts.expire";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Payload {
    workspace: WorkspaceId,
    draft: DraftId,
}

pub(super) fn job(workspace: WorkspaceId, draft: DraftId, now: UnixMillis, due: UnixMillis) -> NewJob {
    NewJob::new(EXPIRE, Lane::Housekeeping, workspace, now, &Payload { workspace, draft }).due(due)
}

pub struct ExpireDraft;

impl Task<App> for ExpireDraft {
    fn kind(&self) -> &'static str {
        EXPIRE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match expire(app, job) {
            Ok(None) => Outcome::Committed,
            Ok(Some(at)) => Outcome::Again { at },
            Err(error) => error.into(),
        }
    }
}

/// Closes the job with what it did; gives the time to come back when the draft's time is not over (the clock was set).
fn expire(app: &App, job: &Job) -> Result<Option<UnixMillis>, StoreError> {
    let Payload { workspace, draft } = job.payload()?;
    let now = app.now();
    app.store.write(|txn| {
        if let Some(mut draft) = store::find(txn, workspace, draft)?.filter(|draft| draft.is_pending()) {
            if draft.expires_at > now {
                return Ok(Some(draft.expires_at));
            }
            draft.state = DraftState::Expired;
            store::put(txn, &draft)?;
            let what = Happened::DraftDecided { draft: draft.id, contact: draft.contact, approved: false };
            events::append(txn, workspace, now, what)?;
        }
        jobs::complete(txn, job).map(|()| None)
    })
}
