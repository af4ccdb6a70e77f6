//! What became of an approved draft's message is what became of the draft; and the kill switch brings back those that
//! have not left.

use std::time::Duration;

use super::decide;
use crate::app::App;
use crate::base::{MessageId, WorkerId, WorkspaceId};
use crate::drafts::{self, Draft, DraftState};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::messaging;
use crate::store::StoreError;
use crate::workers::{self, Worker, WorkerState};

/// An answer approved longer ago has left, or never will.
const LOOKED_BACK: Duration = Duration::from_secs(14 * 24 * 3600);
const PAGE: usize = 100;

pub struct Follower;

impl Subscriber<App> for Follower {
    fn name(&self) -> &'static str {
        "agents.follow"
    }

    /// A reaction: nobody wants an old sending acted upon.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (message, state) = match &event.what {
            Happened::MessageSent { message, .. } => (*message, DraftState::Sent),
            Happened::MessageNotSent { message, reason, .. } if messaging::is_for_times(reason) => {
                return bring_back(app, event.workspace, *message);
            }
            Happened::MessageNotSent { message, reason, .. } => {
                (*message, DraftState::NotSent { reason: reason.clone() })
            }
            Happened::MessageRehearsed { message, .. } => return bring_back(app, event.workspace, *message),
            Happened::WorkerPaused { worker, reason } if reason == workers::PAUSED_ALL => {
                return recall(app, event.workspace, *worker);
            }
            _ => return Ok(()),
        };
        follow(app, event.workspace, message, &state)
    }
}

fn bring_back(app: &App, workspace: WorkspaceId, message: MessageId) -> Result<(), StoreError> {
    match messaging::get_message(&app.store, workspace, message)? {
        Some(message) => decide::bring_back(app, workspace, &message),
        None => Ok(()),
    }
}

/// Approved answers of a worker that have not left wait for their decision again (G12).
fn recall(app: &App, workspace: WorkspaceId, worker: WorkerId) -> Result<(), StoreError> {
    let is_paused = |worker: &Worker| matches!(worker.state, WorkerState::Paused(_));
    if !workers::get(&app.store, workspace, worker)?.as_ref().is_some_and(is_paused) {
        return Ok(());
    }
    let oldest = app.now().minus(LOOKED_BACK);
    let mut cursor = None;
    loop {
        let page = drafts::list_newest(&app.store, workspace, cursor.as_ref(), PAGE)?;
        let is_old = page.rows.last().is_none_or(|draft| draft.created_at < oldest);
        let approved = |draft: &&Draft| draft.worker == Some(worker) && draft.state == DraftState::Scheduled;
        page.rows.iter().filter(approved).try_for_each(|draft| decide::recall(app, workspace, draft.id))?;
        cursor = page.next;
        if is_old || cursor.is_none() {
            return Ok(());
        }
    }
}

fn follow(app: &App, workspace: WorkspaceId, message: MessageId, state: &DraftState) -> Result<(), StoreError> {
    let Some(draft) = messaging::get_message(&app.store, workspace, message)?.and_then(|message| message.draft) else {
        return Ok(());
    };
    app.store.write(|txn| {
        let Some(mut draft) = drafts::find(txn, workspace, draft)? else { return Ok(()) };
        // A draft that was taken back and approved anew has another message.
        if draft.message != Some(message) || draft.state == *state {
            return Ok(());
        }
        draft.state = state.clone();
        drafts::put(txn, &draft)
    })
}
