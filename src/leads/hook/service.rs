//! Making the address, choosing what its fields mean, and ending it.

use std::collections::BTreeMap;

use super::model::Hook;
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::identity::{hash_secret, HandedSecret};
use crate::leads::fields::{checked_tag, is_target, wrong_target};
use crate::leads::LeadError;
use crate::store::StoreError;

/// Lines of the mapping.
const MOST_LINES: usize = 100;

pub fn get(app: &App, actor: &Actor) -> Result<Option<Hook>, LeadError> {
    actor.require(Permission::ViewConnections)?;
    Ok(store::get(&app.store, actor.workspace)?)
}

/// Makes the address, or a new one in the place of the old. Gives what is shown once: the last part of it.
pub fn make(app: &App, actor: &Actor) -> Result<(Hook, String), LeadError> {
    actor.require(Permission::ManageConnections)?;
    let token = format!("{}.{}", actor.workspace.0.simple(), HandedSecret::fresh().expose());
    let (secret, now) = (hash_secret(&token), app.now());
    let hook = app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?;
        let act = if before.is_some() { "lead_hook.renewed" } else { "lead_hook.made" };
        let hook = match before {
            Some(before) => Hook { secret, made_at: now, made_by: actor.user, ..before },
            None => Hook {
                workspace: actor.workspace,
                secret,
                made_at: now,
                made_by: actor.user,
                mapping: BTreeMap::new(),
                tag: "posted".to_owned(),
                consent_field: "consent".to_owned(),
                last: Vec::new(),
            },
        };
        store::put(txn, &hook)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, "lead hook", "")?;
        Ok::<_, StoreError>(hook)
    })?;
    Ok((hook, token))
}

/// What the owner says about the fields: one `theirs = ours` a line; nothing behind the sign leaves the field out.
pub fn choose(app: &App, actor: &Actor, mapping: &str, tag: &str, consent_field: &str) -> Result<Hook, LeadError> {
    actor.require(Permission::ManageConnections)?;
    let mapping = read_mapping(mapping)?;
    let tag = checked_tag(tag)?;
    let consent_field: String = consent_field.trim().chars().take(80).collect();
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(LeadError::NotFound)?;
        let hook = Hook { mapping: mapping.clone(), tag: tag.clone(), consent_field: consent_field.clone(), ..before };
        store::put(txn, &hook)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "lead_hook.changed", "lead hook", "")?;
        Ok(hook)
    })
}

fn read_mapping(text: &str) -> Result<BTreeMap<String, String>, LeadError> {
    let mut mapping = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES) {
        let Some((theirs, ours)) = line.split_once('=') else {
            return Err(LeadError::field(
                "mapping",
                format!("“{line}”: write their field, = and ours, for example Zimmer = rooms."),
            ));
        };
        let ours = ours.trim();
        if !is_target(ours) {
            return Err(LeadError::field("mapping", wrong_target(ours)));
        }
        mapping.insert(theirs.trim().to_owned(), ours.to_owned());
    }
    Ok(mapping)
}

/// Ends the address: what is posted there from now on finds nothing.
pub fn end(app: &App, actor: &Actor) -> Result<(), LeadError> {
    actor.require(Permission::ManageConnections)?;
    let now = app.now();
    app.store.write(|txn| {
        store::find(txn, actor.workspace)?.ok_or(LeadError::NotFound)?;
        store::remove(txn, actor.workspace)?;
        Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), "lead_hook.ended", "lead hook", "")?)
    })
}
