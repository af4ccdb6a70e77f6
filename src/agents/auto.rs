//! Drafts that leave by themselves, where the owner switched that on for the label and nothing speaks against it.

use super::decide;
use super::errors::AgentError;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{DraftId, WorkspaceId};
use crate::contacts;
use crate::drafts::{self, Asked, Draft};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::messaging::{self, Delivery, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

pub struct AutoSender;

impl Subscriber<App> for AutoSender {
    fn name(&self) -> &'static str {
        "agents.auto"
    }

    /// A reaction: nobody wants an old draft acted upon.
    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let Happened::DraftWritten { draft, .. } = event.what else { return Ok(()) };
        if !may_leave_by_itself(app, event.workspace, draft)? {
            return Ok(());
        }
        match decide::approve_as(app, &Actor::system(event.workspace), draft, None, true) {
            Ok(_) => Ok(()),
            Err(AgentError::Store(error)) => Err(error),
            // Somebody was quicker, or it may not leave: it is, or stays, a person's.
            Err(_) => Ok(()),
        }
    }
}

fn may_leave_by_itself(app: &App, workspace: WorkspaceId, id: DraftId) -> Result<bool, StoreError> {
    let may = app.store.read(|txn| {
        let Some(draft) = drafts::find(txn, workspace, id)?.filter(Draft::is_pending) else { return Ok(None) };
        let (Some(worker), Some(reply)) = (draft.worker, draft.reply) else { return Ok(None) };
        let Some(worker) = workers::find(txn, workspace, worker)? else { return Ok(None) };
        let Some(reply) = messaging::find_reply(txn, workspace, reply)? else { return Ok(None) };
        let waits = why_it_waits(txn, &draft, &reply, &worker)?;
        Ok::<_, StoreError>(Some(draft).filter(|_| waits.is_none()))
    })?;
    match may {
        Some(draft) => is_in_conversation(app, &draft),
        None => Ok(false),
    }
}

/// Why a draft waits for a person, as a sentence: it is not as it was written, claims something from nowhere, something
/// asks for a person, or the worker may not act alone here. `None`: nothing holds it.
pub fn why_it_waits(
    txn: &mut Txn<'_>,
    draft: &Draft,
    reply: &Reply,
    worker: &Worker,
) -> Result<Option<String>, StoreError> {
    if !draft.ungrounded.is_empty() {
        return Ok(Some(format!("It says something that stands in no source: {}.", draft.ungrounded.join(", "))));
    }
    if !draft.needs_person.is_empty() {
        return Ok(Some(draft.needs_person.clone()));
    }
    if draft.is_edited() {
        return Ok(Some("Somebody has edited it.".to_owned()));
    }
    let asked = Asked {
        label: &draft.label,
        engine: &draft.engine,
        confidence: draft.confidence,
        at_least: workspaces::find_routing(txn, draft.workspace)?.send,
        flags: &draft.flags,
        words: &reply.excerpt,
    };
    Ok(drafts::why_not_alone(txn, draft.workspace, worker, &asked)?.map(|why| why.words()))
}

/// Never the first message to anybody: it goes to an address of the contact, who was written to before.
pub(super) fn is_in_conversation(app: &App, draft: &Draft) -> Result<bool, StoreError> {
    let Some(contact) = contacts::get(&app.store, draft.workspace, draft.contact)? else { return Ok(false) };
    let earlier = messaging::list_of_contact(&app.store, draft.workspace, draft.contact, 20)?;
    Ok(contact.addresses.contains(&draft.to) && earlier.iter().any(|message| message.state == Delivery::Sent))
}
