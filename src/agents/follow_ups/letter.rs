//! The mail of a follow-up: in the conversation and from the mailbox of the answer before it, and one that nobody asked
//! for, so everything applies to it that applies to a sequence: hours, days off, caps, the share kept for follow-ups.

use crate::agents::AgentError;
use crate::app::App;
use crate::base::UnixMillis;
use crate::connections::Connection;
use crate::contacts::{self, Contact};
use crate::drafts::Draft;
use crate::messaging::{self, hours_for, Message, NewMessage, Purpose};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces::{self, Workspace};

/// Everything that a follow-up is written from.
#[derive(Clone, Debug)]
pub struct Scene {
    pub worker: Worker,
    pub contact: Contact,
    pub workspace: Workspace,
    /// Our mail that it goes on from.
    pub before: Message,
}

impl Scene {
    /// The mail with these words, as an answer to our own last one.
    pub fn mail(&self, mailbox: &Connection, subject: &str, text: &str, now: UnixMillis) -> NewMessage {
        let Self { worker, contact, workspace, before } = self;
        NewMessage::new(now, workspace.id, contact.id, Purpose::Outreach, mailbox, &before.to)
            .to_name(&before.to_name)
            .worker(worker.id)
            .hours(hours_for(worker, contact, workspace))
            .words(subject, text)
            .answering(&before.message_id, &before.references, before.provider_thread.as_deref())
    }
}

/// The mail of an approved draft.
pub fn message_of(app: &App, draft: &Draft, mailbox: &Connection, now: UnixMillis) -> Result<NewMessage, AgentError> {
    let scene = app.store.read(|txn| scene_of_draft(txn, draft))?;
    let scene = scene.ok_or_else(|| AgentError::Held("The worker or its mail is gone.".into()))?;
    Ok(scene.mail(mailbox, draft.final_subject(), draft.final_text(), now).draft(draft.id))
}

fn scene_of_draft(txn: &mut Txn<'_>, draft: &Draft) -> Result<Option<Scene>, StoreError> {
    let (Some(worker), Some(before)) = (draft.worker, draft.after) else { return Ok(None) };
    let worker = workers::find(txn, draft.workspace, worker)?;
    let contact = contacts::find(txn, draft.workspace, draft.contact)?;
    let workspace = workspaces::find(txn, draft.workspace)?;
    let before = messaging::find_message(txn, draft.workspace, before)?;
    let (Some(worker), Some(contact), Some(workspace), Some(before)) = (worker, contact, workspace, before) else {
        return Ok(None);
    };
    Ok(Some(Scene { worker, contact, workspace, before }))
}
