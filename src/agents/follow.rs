//! What became of an approved draft's message is what became of the draft.

use crate::app::App;
use crate::base::{MessageId, WorkspaceId};
use crate::drafts::{self, DraftState};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::messaging;
use crate::store::StoreError;

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
            Happened::MessageNotSent { message, reason, .. } => {
                (*message, DraftState::NotSent { reason: reason.clone() })
            }
            _ => return Ok(()),
        };
        follow(app, event.workspace, message, &state)
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
