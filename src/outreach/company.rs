//! One answer speaks for the whole company: whoever else of it is a lead is left alone from then on, where the worker
//! is set so. A company is known by the domain of its addresses.

use super::model::State;
use super::{let_go, store};
use crate::app::App;
use crate::base::{is_public_mail, ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workers;

/// Leads of one company that are looked at.
const LOOKED_AT: usize = 500;

/// The company of a contact as enrolments name it.
pub(super) fn of(txn: &mut Txn<'_>, contact: &Contact) -> Result<Option<[u8; 16]>, StoreError> {
    match contact.address().map(|address| address.domain()).filter(|domain| !is_public_mail(domain)) {
        Some(domain) => txn.blind(contact.workspace, "lead company", domain).map(Some),
        None => Ok(None),
    }
}

/// A person's answer was read. An absence and what a machine wrote speak for nobody.
pub(super) fn answered(app: &App, workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> Result<(), StoreError> {
    let Some(reply) = messaging::get_reply(&app.store, workspace, reply)? else { return Ok(()) };
    let label = reply.reading.as_ref().map(|reading| reading.label.as_str());
    if reply.automatic || matches!(label, None | Some("out_of_office")) {
        return Ok(());
    }
    leave_alone(app, workspace, reply.contact, reply.received_at, "Somebody else at their company answered.", now)
}

/// There is a meeting with somebody of the company.
pub(super) fn met(app: &App, workspace: WorkspaceId, contact: ContactId, now: UnixMillis) -> Result<(), StoreError> {
    leave_alone(app, workspace, contact, now, "There is a meeting with somebody else at their company.", now)
}

/// Stops the leads of the contact's company that were begun before `since`; later ones were begun in its knowledge.
fn leave_alone(
    app: &App,
    workspace: WorkspaceId,
    contact: ContactId,
    since: UnixMillis,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let concerned = app.store.read(|txn| {
        let Some(contact) = contacts::find(txn, workspace, contact)? else { return Ok(Vec::new()) };
        let Some(company) = of(txn, &contact)? else { return Ok(Vec::new()) };
        store::list_of_company(txn, workspace, &company, LOOKED_AT)
    })?;
    let_go::stop_each(app, workspace, &concerned, now, |txn, lead| {
        // Who has answered as well is a person's to deal with already.
        let is_in_hand = matches!(lead.state, State::Task { on_event: true, .. });
        if lead.contact == contact || is_in_hand || lead.begun_at() > since {
            return Ok(None);
        }
        let worker = workers::find(txn, workspace, lead.worker)?;
        Ok(worker.filter(|worker| worker.limits.company_stops).map(|_| reason.to_owned()))
    })
}
