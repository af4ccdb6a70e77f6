//! The work of an AI service that the workspace has chosen, in jobs of their own lane: a service that hangs holds up
//! neither a page nor any other work. Whatever it cannot do, the built-in engine does in the same job, with the reason
//! on record.

use serde::{Deserialize, Serialize};

use super::{read, write};
use crate::app::App;
use crate::base::{ReplyId, UnixMillis, WorkspaceId};
use crate::engines::{About, Line};
use crate::jobs::{Job, Lane, NewJob, Outcome, Task};
use crate::language::engine::NoUse;
use crate::messaging::Reply;
use crate::store::StoreError;

const READ: &str = "agents.read_by_service";
const WRITE: &str = "agents.write_by_service";

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    workspace: WorkspaceId,
    reply: ReplyId,
}

/// Whatever breaks again and again must not keep a reply unread: so many tries, then the built-in engine does it.
pub const MOST_TRIES: u32 = 6;
/// The reason on record then.
pub const GAVE_UP: &str = "gave_up";

/// What came of asking.
pub enum Asked<T> {
    Has(T),
    /// The built-in engine does it, and why.
    Fallback(String),
}

/// Why a job cannot end yet.
pub enum NotNow {
    Store(StoreError),
    Again(NoUse),
}

impl From<StoreError> for NotNow {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Sorts what is to be done again from what the built-in engine does.
pub fn asked<T>(answer: Result<T, NoUse>) -> Result<Asked<T>, NotNow> {
    match answer {
        Ok(value) => Ok(Asked::Has(value)),
        Err(NoUse::Fallback(why)) => Ok(Asked::Fallback(why)),
        Err(later) => Err(NotNow::Again(later)),
    }
}

/// Tries are counted by the engines, not by the queue.
fn job(kind: &'static str, workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> NewJob {
    let payload = Payload { workspace, reply };
    NewJob::new(kind, Lane::Engines, workspace, now, &payload).once(reply.to_string()).max_attempts(u32::MAX)
}

pub fn read_job(workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> NewJob {
    job(READ, workspace, reply, now)
}

pub fn write_job(workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> NewJob {
    job(WRITE, workspace, reply, now)
}

/// The service, on behalf of the reply's worker.
pub fn line_of<'a>(app: &'a App, reply: &Reply, tried: u32) -> Result<Option<Line<'a>>, StoreError> {
    let about = About { worker: reply.worker, contact: Some(reply.contact) };
    Line::of(app, reply.workspace, about, tried)
}

fn run(app: &App, job: &Job, work: fn(&App, WorkspaceId, ReplyId, u32) -> Result<(), NotNow>) -> Outcome {
    let wanted: Payload = match job.payload() {
        Ok(wanted) => wanted,
        Err(error) => return Outcome::Dead { reason: error.to_string() },
    };
    match work(app, wanted.workspace, wanted.reply, job.attempt) {
        Ok(()) => Outcome::Done,
        Err(NotNow::Store(error)) => error.into(),
        Err(NotNow::Again(NoUse::Later { after, reason, is_failure: true })) => {
            Outcome::Retry { after: Some(after), reason }
        }
        Err(NotNow::Again(NoUse::Later { after, .. })) => Outcome::Again { at: app.now().plus(after) },
        Err(NotNow::Again(NoUse::Fallback(reason))) => Outcome::Retry { after: None, reason },
    }
}

pub struct ReadTask;

impl Task<App> for ReadTask {
    fn kind(&self) -> &'static str {
        READ
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        run(app, job, read::read_by_service)
    }
}

pub struct WriteTask;

impl Task<App> for WriteTask {
    fn kind(&self) -> &'static str {
        WRITE
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        run(app, job, write::write_by_service)
    }
}
