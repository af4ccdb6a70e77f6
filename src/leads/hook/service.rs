//! Making the address, choosing what its fields mean, and ending it.

use std::collections::BTreeMap;

use super::model::{usual_cap, Day, Hook, MOST_A_DAY};
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
                daily_cap: usual_cap(),
                day: Day::default(),
            },
        };
        store::put(txn, &hook)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, "lead hook", "")?;
        Ok::<_, StoreError>(hook)
    })?;
    Ok((hook, token))
}

/// What the owner says about the fields: one `theirs = ours` a line; nothing behind the sign leaves the field out. An
/// empty cap stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices<'a> {
    pub mapping: &'a str,
    pub tag: &'a str,
    pub consent_field: &'a str,
    pub daily_cap: &'a str,
}

pub fn choose(app: &App, actor: &Actor, choices: Choices<'_>) -> Result<Hook, LeadError> {
    actor.require(Permission::ManageConnections)?;
    let mapping = read_mapping(choices.mapping)?;
    let tag = checked_tag(choices.tag)?;
    let consent_field: String = choices.consent_field.trim().chars().take(80).collect();
    let daily_cap = read_cap(choices.daily_cap)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(LeadError::NotFound)?;
        let hook = Hook {
            mapping: mapping.clone(),
            tag: tag.clone(),
            consent_field: consent_field.clone(),
            daily_cap: daily_cap.unwrap_or(before.daily_cap),
            ..before
        };
        store::put(txn, &hook)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "lead_hook.changed", "lead hook", "")?;
        Ok(hook)
    })
}

fn read_cap(text: &str) -> Result<Option<u32>, LeadError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let cap = text.parse().ok().filter(|cap| (1..=MOST_A_DAY).contains(cap));
    cap.map(Some).ok_or_else(|| LeadError::field("daily_cap", format!("Write a number from 1 to {MOST_A_DAY}.")))
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
