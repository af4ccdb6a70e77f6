//! Drafts that leave by themselves, where the owner switched that on for the label and nothing speaks against it.

use super::decide;
use super::errors::AgentError;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{DraftId, WorkspaceId};
use crate::contacts;
use crate::drafts::{self, Draft};
use crate::events::{Event, Happened, Start, Subscriber};
use crate::messaging::{self, Delivery};
use crate::store::StoreError;
use crate::workers;

/// A message to a person needs this much confidence to leave without one.
const SEND_FROM: f32 = 0.90;
/// Words for getting money back: never answered without a person.
const REFUNDS: &[&str] = &[
    "refund",
    "money back",
    "chargeback",
    "rückerstattung",
    "geld zurück",
    "erstattung",
    "reembolso",
    "devolución",
    "devolver el dinero",
    "remboursement",
    "rembourser",
    "dinheiro de volta",
    "estorno",
    "रिफंड",
    "पैसे वापस",
    "paise wapas",
];

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
    let Some(draft) = drafts::get(&app.store, workspace, id)?.filter(Draft::is_pending) else { return Ok(false) };
    let Some(worker) = draft.worker else { return Ok(false) };
    let Some(settings) = workers::get(&app.store, workspace, worker)? else { return Ok(false) };
    if drafts::is_locked(&draft.label) || !settings.autonomy.automatic.contains_key(&draft.label) {
        return Ok(false);
    }
    let known = drafts::figures_of(&app.store, workspace, worker, &draft.label)?.allow_automatic();
    Ok(known && speaks_for_itself(&draft) && !is_delicate(app, &draft)? && is_in_conversation(app, &draft)?)
}

/// Read surely, written from its sources only, nothing flagged.
fn speaks_for_itself(draft: &Draft) -> bool {
    draft.confidence >= SEND_FROM && draft.flags.is_empty() && draft.ungrounded.is_empty() && !draft.is_edited()
}

fn is_delicate(app: &App, draft: &Draft) -> Result<bool, StoreError> {
    let Some(reply) = draft.reply else { return Ok(true) };
    let Some(reply) = messaging::get_reply(&app.store, draft.workspace, reply)? else { return Ok(true) };
    let text = reply.excerpt.to_lowercase();
    Ok(REFUNDS.iter().any(|word| text.contains(word)))
}

/// Never the first message to anybody: it goes to an address of the contact, who was written to before.
fn is_in_conversation(app: &App, draft: &Draft) -> Result<bool, StoreError> {
    let Some(contact) = contacts::get(&app.store, draft.workspace, draft.contact)? else { return Ok(false) };
    let earlier = messaging::list_of_contact(&app.store, draft.workspace, draft.contact, 20)?;
    Ok(contact.addresses.contains(&draft.to) && earlier.iter().any(|message| message.state == Delivery::Sent))
}
