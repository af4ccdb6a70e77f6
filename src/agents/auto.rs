//! Drafts that leave by themselves, where the owner switched that on for the label and nothing speaks against it.

use super::decide;
use super::errors::AgentError;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{DraftId, WorkspaceId};
use crate::contacts;
use crate::drafts::{self, Asked, Draft};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::messaging::{self, Delivery};
use crate::store::StoreError;
use crate::{workers, workspaces};

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
        match decide::approve_as(app, &Actor::system(event.workspace), draft, true) {
            Ok(_) => Ok(()),
            Err(AgentError::Store(error)) => Err(error),
            // Somebody was quicker, or it may not leave: it is, or stays, a person's.
            Err(_) => Ok(()),
        }
    }
}

fn may_leave_by_itself(app: &App, workspace: WorkspaceId, id: DraftId) -> Result<bool, StoreError> {
    let may = app.store.read(|txn| {
        let Some(draft) = drafts::find(txn, workspace, id)?.filter(stands_on_its_sources) else { return Ok(None) };
        let (Some(worker), Some(reply)) = (draft.worker, draft.reply) else { return Ok(None) };
        let Some(worker) = workers::find(txn, workspace, worker)? else { return Ok(None) };
        let Some(reply) = messaging::find_reply(txn, workspace, reply)? else { return Ok(None) };
        let asked = Asked {
            label: &draft.label,
            confidence: draft.confidence,
            at_least: workspaces::find_routing(txn, workspace)?.send,
            flags: &draft.flags,
            words: &reply.excerpt,
        };
        let alone = drafts::may_act_alone(txn, workspace, &worker, &asked)?;
        Ok::<_, StoreError>(Some(draft).filter(|_| alone))
    })?;
    match may {
        Some(draft) => is_in_conversation(app, &draft),
        None => Ok(false),
    }
}

/// It waits, as the built-in engine wrote it, and claims nothing from nowhere. What an AI service wrote is a person's to
/// read each time: the record that earns a label its freedom is that of our own wording.
fn stands_on_its_sources(draft: &Draft) -> bool {
    draft.engine.is_empty()
        && draft.is_pending()
        && draft.ungrounded.is_empty()
        && draft.needs_person.is_empty()
        && !draft.is_edited()
}

/// Never the first message to anybody: it goes to an address of the contact, who was written to before.
fn is_in_conversation(app: &App, draft: &Draft) -> Result<bool, StoreError> {
    let Some(contact) = contacts::get(&app.store, draft.workspace, draft.contact)? else { return Ok(false) };
    let earlier = messaging::list_of_contact(&app.store, draft.workspace, draft.contact, 20)?;
    Ok(contact.addresses.contains(&draft.to) && earlier.iter().any(|message| message.state == Delivery::Sent))
}
