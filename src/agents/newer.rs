//! A newer word makes what waits for approval old: nobody gets two answers, or one that no longer fits.

use crate::app::App;
use crate::base::{ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::drafts::{self, Older};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::messaging;
use crate::store::StoreError;

pub struct Newer;

impl Subscriber<App> for Newer {
    fn name(&self) -> &'static str {
        "agents.newer"
    }

    /// What waits for approval from before it was there is old anyway.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let workspace = event.workspace;
        let withdraw = |contact, but, reason| withdraw(app, workspace, contact, event.at, but, reason);
        match event.what {
            Happened::MessageReceived { reply, contact, .. } => {
                match messaging::get_reply(&app.store, workspace, reply)? {
                    Some(found) if !found.automatic => withdraw(contact, Some(reply), "They wrote again since."),
                    _ => Ok(()),
                }
            }
            Happened::BookingConfirmed { contact, .. } => withdraw(contact, None, "A meeting was booked since."),
            Happened::Unsubscribed { contact: Some(contact), .. } => {
                withdraw(contact, None, "They asked not to be written to.")
            }
            _ => Ok(()),
        }
    }
}

fn withdraw(
    app: &App,
    workspace: WorkspaceId,
    contact: ContactId,
    at: UnixMillis,
    but: Option<ReplyId>,
    reason: &str,
) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| drafts::withdraw(txn, workspace, contact, Older { than: at, but }, reason, now))
}
