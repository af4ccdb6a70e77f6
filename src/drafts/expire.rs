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
            Ok(()) => Outcome::Committed,
            Err(error) => error.into(),
        }
    }
}

fn expire(app: &App, job: &Job) -> Result<(), StoreError> {
    let Payload { workspace, draft } = job.payload()?;
    let now = app.now();
    app.store.write(|txn| {
        if let Some(mut draft) = store::find(txn, workspace, draft)?.filter(|draft| draft.is_pending()) {
            draft.state = DraftState::Expired;
            store::put(txn, &draft)?;
            let what = Happened::DraftDecided { draft: draft.id, contact: draft.contact, approved: false };
            events::append(txn, workspace, now, what)?;
        }
        jobs::complete(txn, job)
    })
}
