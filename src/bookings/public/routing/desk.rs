//! What members do with routing forms.

use super::model::{Outcome, RoutingForm};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, RoutingFormId, UnixMillis, WorkspaceId};
use crate::bookings::schedules::SetupError;
use crate::bookings::types::{self, slug_of};
use crate::store::Txn;

/// An empty one: one question, and a message where no rule holds.
pub fn blank(workspace: WorkspaceId, now: UnixMillis) -> RoutingForm {
    RoutingForm {
        id: RoutingFormId::new(now),
        workspace,
        slug: String::new(),
        name: String::new(),
        description: String::new(),
        is_open: true,
        questions: Vec::new(),
        rules: Vec::new(),
        otherwise: Outcome::Message { text: String::new() },
        created_at: now,
        changed_at: now,
    }
}

pub fn list(app: &App, actor: &Actor) -> Result<Vec<RoutingForm>, SetupError> {
    actor.require(Permission::ViewCalendar)?;
    Ok(app.store.read(|txn| store::list(txn, actor.workspace))?)
}

pub fn get(app: &App, actor: &Actor, id: RoutingFormId) -> Result<RoutingForm, SetupError> {
    actor.require(Permission::ViewCalendar)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(SetupError::NotFound)
}

/// Writes a new form or a changed one. An empty slug is made of the name.
pub fn save(app: &App, actor: &Actor, form: RoutingForm) -> Result<RoutingForm, SetupError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let mut form = RoutingForm { workspace: actor.workspace, changed_at: now, ..form };
    if form.slug.is_empty() {
        form.slug = slug_of(&form.name);
    }
    form.check().map_err(SetupError::Invalid)?;
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, form.id)?;
        let is_new = before.is_none();
        if is_new && store::list(txn, actor.workspace)?.len() >= store::MOST {
            return Err(SetupError::Invalid(Mistakes::one("name", "A workspace has at most 100 routing forms.")));
        }
        for outcome in form.outcomes() {
            let Outcome::EventType { id } = outcome else { continue };
            if types::find(txn, actor.workspace, *id)?.is_none() {
                let words = "A rule leads to an event type that is not here.";
                return Err(SetupError::Invalid(Mistakes::one("rules", words)));
            }
        }
        if !store::put(txn, &form, before.as_ref())? {
            let words = format!("Another routing form has the address “{}”.", form.slug);
            return Err(SetupError::Invalid(Mistakes::one("slug", words)));
        }
        note(txn, actor, if is_new { "routing_form.created" } else { "routing_form.changed" }, form.id, now)
    })?;
    Ok(form)
}

/// Shows it to strangers, or not any more.
pub fn set_open(app: &App, actor: &Actor, id: RoutingFormId, is_open: bool) -> Result<RoutingForm, SetupError> {
    let form = get(app, actor, id)?;
    save(app, actor, RoutingForm { is_open, ..form })
}

pub fn remove(app: &App, actor: &Actor, id: RoutingFormId) -> Result<(), SetupError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    app.store.write(|txn| {
        let form = store::find(txn, actor.workspace, id)?.ok_or(SetupError::NotFound)?;
        store::remove(txn, &form)?;
        note(txn, actor, "routing_form.removed", id, now)
    })
}

fn note(txn: &mut Txn<'_>, actor: &Actor, act: &str, id: RoutingFormId, now: UnixMillis) -> Result<(), SetupError> {
    Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("routing form {id}"), "")?)
}
