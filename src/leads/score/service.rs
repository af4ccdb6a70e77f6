//! What is asked and set about scores.

use std::collections::BTreeMap;

use super::count::terms;
use super::jobs;
use super::rules::{Rule, Weights, MOST};
use super::store::{self, Score};
use crate::addresses;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor, Page, UnixMillis, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::events;
use crate::http::ui::FieldErrors;
use crate::leads::LeadError;
use crate::messaging::{self, Purpose, SuppressionReason};
use crate::store::{Dir, Store, StoreError, Txn};

/// Entries of a contact's log that are looked at.
const EVENTS: usize = 200;

/// A contact with its score.
#[derive(Clone, Debug)]
pub struct Scored {
    pub contact: Contact,
    pub score: Score,
}

/// The score of one contact; `None` before it was counted, and for who is not scored.
pub fn get(app: &App, actor: &Actor, id: ContactId) -> Result<Option<Score>, LeadError> {
    actor.require(Permission::ViewContacts)?;
    contacts::get(&app.store, actor.workspace, id)?.ok_or(LeadError::NotFound)?;
    Ok(app.store.read(|txn| store::find(txn, actor.workspace, id))?)
}

/// Contacts in the order of their scores, highest first unless asked otherwise.
pub(super) fn list(
    app: &App,
    actor: &Actor,
    lowest_first: bool,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Scored>, LeadError> {
    actor.require(Permission::ViewContacts)?;
    let dir = if lowest_first { Dir::Backward } else { Dir::Forward };
    let page = store::list(&app.store, actor.workspace, after, dir, limit)?;
    let rows = app.store.read(|txn| {
        let mut rows = Vec::new();
        for score in page.rows.iter().cloned() {
            let contact = contacts::find(txn, actor.workspace, score.contact)?;
            rows.extend(contact.map(|contact| Scored { contact, score }));
        }
        Ok::<_, StoreError>(rows)
    })?;
    Ok(Page { rows, next: page.next })
}

/// What every rule gives in a workspace.
pub fn rules_of(app: &App, actor: &Actor) -> Result<Weights, LeadError> {
    actor.require(Permission::ViewContacts)?;
    Ok(app.store.read(|txn| store::weights(txn, actor.workspace))?)
}

/// Sets the points of all rules; everybody is counted anew.
pub(super) fn set_rules(app: &App, actor: &Actor, points: &BTreeMap<Rule, i32>) -> Result<Weights, LeadError> {
    actor.require(Permission::ManageWorkspace)?;
    let mut errors = FieldErrors::default();
    for (rule, points) in points {
        if points.abs() > MOST {
            errors.add(rule.as_str(), format!("Points are a whole number from -{MOST} to {MOST}."));
        }
    }
    if !errors.is_empty() {
        return Err(LeadError::Invalid(errors));
    }
    let weights = Weights::from_all(points);
    let (workspace, now) = (actor.workspace, app.now());
    let job = jobs::count_all(workspace, now);
    app.store.write(|txn| {
        store::put_weights(txn, workspace, &weights)?;
        crate::jobs::enqueue(txn, &job)?;
        audit::record(txn, workspace, now, &Who::of(actor), "lead_weights.changed", "workspace", "")
    })?;
    Ok(weights)
}

/// Counts a contact from its rows and keeps the result. A contact that is gone, or restricted, has no score.
pub(super) fn count(app: &App, workspace: WorkspaceId, id: ContactId) -> Result<(), StoreError> {
    let newest = events::list_newest(&app.store, workspace, Some(id), None, EVENTS)?.rows;
    let now = app.now();
    app.store.write(|txn| {
        let found = contacts::find(txn, workspace, id)?.filter(|contact| !contact.restricted);
        let Some(contact) = found else { return store::remove(txn, workspace, id).map(drop) };
        let reports = addresses::reports(txn, &contact)?;
        let suppressed = suppressed(txn, &contact)?;
        let weights = store::weights(txn, workspace)?;
        let terms = terms(&contact, &reports, &newest, suppressed, &weights);
        store::put(txn, workspace, &Score { contact: id, terms, counted_at: now })
    })
}

/// Why the address is not written to, as a rule, and since when.
fn suppressed(txn: &mut Txn<'_>, contact: &Contact) -> Result<Option<(Rule, UnixMillis)>, StoreError> {
    let Some(address) = contact.address() else { return Ok(None) };
    let found = messaging::is_suppressed(txn, contact.workspace, address, Purpose::Outreach)?;
    Ok(found.map(|entry| match entry.reason {
        SuppressionReason::Bounced => (Rule::Bounced, entry.at),
        SuppressionReason::Complained => (Rule::Complained, entry.at),
        _ => (Rule::OptedOut, entry.at),
    }))
}

/// Counts some contacts, from `after` on; where the next ones begin.
pub(super) fn count_some(
    app: &App,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Option<Cursor>, StoreError> {
    let store: &Store = &app.store;
    let page = contacts::list_newest(store, workspace, after, limit)?;
    page.rows.iter().try_for_each(|contact| count(app, workspace, contact.id))?;
    Ok(page.next)
}
