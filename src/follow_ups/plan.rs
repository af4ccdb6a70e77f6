//! Planning a follow-up, moving it on, and ending it, each inside the caller's transaction.

use serde::{Deserialize, Serialize};

use super::model::{Ended, FollowUp, State};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{ContactId, FollowUpId, MessageId, ReplyId, UnixMillis, WorkerId, WorkspaceId};
use crate::events::{self, Happened};
use crate::jobs::{self, Lane, NewJob};
use crate::messaging;
use crate::store::{StoreError, Txn};

/// The kind of the job that looks at a follow-up on its day.
pub const FOLLOW_UP: &str = "agents.follow_up";

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Payload {
    pub workspace: WorkspaceId,
    pub follow_up: FollowUpId,
}

#[derive(Debug, thiserror::Error)]
pub enum FollowUpError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such follow-up")]
    NotFound,
    /// It has left, or was ended before.
    #[error("there is nothing to cancel any more")]
    Over,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A follow-up to be planned. Its ids are made outside the transaction.
#[derive(Clone, Debug)]
pub struct NewFollowUp {
    pub id: FollowUpId,
    pub job: NewJob,
}

impl NewFollowUp {
    pub fn new(workspace: WorkspaceId, now: UnixMillis) -> Self {
        let id = FollowUpId::new(now);
        Self { id, job: due_job(workspace, id, now) }
    }
}

/// A job for another look at one.
pub fn due_job(workspace: WorkspaceId, follow_up: FollowUpId, now: UnixMillis) -> NewJob {
    NewJob::new(FOLLOW_UP, Lane::Steps, workspace, now, &Payload { workspace, follow_up })
}

/// Whom it is for and what it follows.
#[derive(Clone, Copy, Debug)]
pub struct Whom {
    pub workspace: WorkspaceId,
    pub worker: WorkerId,
    pub contact: ContactId,
    pub reply: ReplyId,
    pub after: MessageId,
}

/// Plans one for `due`. An open one of the same contact ends: this mail of ours is the newer one.
pub fn plan(
    txn: &mut Txn<'_>,
    new: &NewFollowUp,
    whom: Whom,
    number: u8,
    due: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Whom { workspace, worker, contact, reply, after } = whom;
    end_open(txn, workspace, contact, "We wrote again since.", now)?;
    let job = new.job.clone().due(due);
    let row = FollowUp {
        id: new.id,
        workspace,
        worker,
        contact,
        reply,
        after,
        number,
        due,
        job: job.id(),
        state: State::Planned,
        made_at: now,
        changed_at: now,
    };
    store::put(txn, &row)?;
    jobs::enqueue(txn, &job)?;
    let what = Happened::AnswerFollowUpPlanned { follow_up: new.id, contact };
    events::append(txn, workspace, now, what).map(|_| ())
}

/// Brings one into its next state.
pub fn turn(txn: &mut Txn<'_>, before: &FollowUp, state: State, now: UnixMillis) -> Result<(), StoreError> {
    store::put(txn, &FollowUp { state, changed_at: now, ..before.clone() })
}

/// Puts one off: they are away. `job` is a fresh one.
pub fn postpone(
    txn: &mut Txn<'_>,
    before: &FollowUp,
    job: NewJob,
    due: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    jobs::cancel(txn, before.job, "It is put off.")?;
    let job = job.due(due);
    store::put(txn, &FollowUp { due, job: job.id(), changed_at: now, ..before.clone() })?;
    jobs::enqueue(txn, &job).map(|_| ())
}

/// Its mail was taken back: it is looked at once more, now.
pub fn plan_anew(txn: &mut Txn<'_>, before: &FollowUp, job: NewJob, now: UnixMillis) -> Result<(), StoreError> {
    let job = job.due(now);
    store::put(txn, &FollowUp { job: job.id(), state: State::Planned, changed_at: now, ..before.clone() })?;
    jobs::enqueue(txn, &job).map(|_| ())
}

/// Ends one that is open: its job and its waiting mail are taken back. A draft of it is withdrawn by whoever ends it.
pub fn end(txn: &mut Txn<'_>, before: &FollowUp, ended: Ended, now: UnixMillis) -> Result<(), StoreError> {
    if !before.state.is_open() {
        return Ok(());
    }
    jobs::cancel(txn, before.job, &ended.reason)?;
    if let State::Queued { message } = before.state {
        messaging::cancel(txn, before.workspace, message, &ended.reason)?;
    }
    let what =
        Happened::AnswerFollowUpEnded { follow_up: before.id, contact: before.contact, reason: ended.reason.clone() };
    turn(txn, before, State::Ended(ended), now)?;
    events::append(txn, before.workspace, now, what).map(|_| ())
}

/// Ends what is open for a contact; returns it as it was.
pub fn end_open(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    reason: &str,
    now: UnixMillis,
) -> Result<Option<FollowUp>, StoreError> {
    let open = store::open_of_contact(txn, workspace, contact)?;
    if let Some(open) = &open {
        end(txn, open, Ended { reason: reason.to_owned(), by_person: false }, now)?;
    }
    Ok(open)
}

/// Those to a contact, newest first.
pub fn of_contact(txn: &mut Txn<'_>, workspace: WorkspaceId, contact: ContactId) -> Result<Vec<FollowUp>, StoreError> {
    store::newest_of_contact(txn, workspace, contact)
}

/// A person cancels one that has not left.
pub fn cancel(app: &App, actor: &Actor, id: FollowUpId) -> Result<FollowUp, FollowUpError> {
    actor.require(Permission::HandleReplies)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(FollowUpError::NotFound)?;
        if matches!(&before.state, State::Ended(ended) if ended.by_person) {
            return Ok(before);
        }
        if !before.state.is_open() {
            return Err(FollowUpError::Over);
        }
        let reason = format!("Cancelled by {}.", actor.display);
        end(txn, &before, Ended { reason, by_person: true }, now)?;
        let on = format!("follow_up {id}");
        audit::record(txn, actor.workspace, now, &Who::of(actor), "follow_up.cancelled", &on, "")?;
        store::find(txn, actor.workspace, id)?.ok_or(FollowUpError::NotFound)
    })
}
