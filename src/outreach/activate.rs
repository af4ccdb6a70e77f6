//! Switching a worker on: what must stand first, and what switching on approves.

use super::figures::Group;
use super::model::Sequence;
use super::words::{in_words, is_known};
use super::{sequences, step, store, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, UnixMillis, WorkerId, WorkspaceId};
use crate::contacts;
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

/// Of fewer leads than this, the custom fields are looked at to know which exist.
const SAMPLE: usize = 100;

/// Something that must be there before anything may leave, and the page that cures it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub words: String,
    pub href: String,
    /// The words of the link.
    pub cure: &'static str,
}

/// Everything that keeps a worker from being switched on; empty when it is ready.
pub fn missing(app: &App, actor: &Actor, id: WorkerId) -> Result<Vec<Missing>, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    app.store.read(|txn| {
        let worker = workers::find(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        Ok(look_for_missing(txn, actor.workspace, &worker)?)
    })
}

/// Switches a worker on. This approves the texts of its sequence as they stand (G1), in the same transaction.
pub fn activate(app: &App, actor: &Actor, id: WorkerId) -> Result<Worker, OutreachError> {
    let now = app.now();
    let ready = |txn: &mut Txn<'_>, worker: &Worker| prepare(txn, actor, worker, now);
    Ok(workers::activate(app, actor, id, &ready)?)
}

fn prepare(txn: &mut Txn<'_>, actor: &Actor, worker: &Worker, now: UnixMillis) -> Result<Vec<String>, StoreError> {
    let missing = look_for_missing(txn, actor.workspace, worker)?;
    if !missing.is_empty() {
        return Ok(missing.into_iter().map(|missing| missing.words).collect());
    }
    if let Some(id) = worker.sequence {
        if let Some(sequence) = store::find_sequence(txn, actor.workspace, id)? {
            sequences::approve_in(txn, actor, sequence, now)?;
        }
    }
    // Whoever switches it on has seen why it had stopped.
    let mut last = store::last_hundred(txn, actor.workspace, worker.id)?;
    last.clear();
    store::put_last_hundred(txn, actor.workspace, worker.id, &last)?;
    Ok(Vec::new())
}

pub(super) fn look_for_missing(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
) -> Result<Vec<Missing>, StoreError> {
    let page = |tab: &str| format!("/outreach/{}/{tab}", worker.id);
    let mut found = Vec::new();
    let mut add = |words: String, href: String, cure| found.push(Missing { words, href, cure });
    if let Err(words) = step::mailbox_of(txn, workspace, worker)? {
        let href = if worker.mailbox.is_some() { "/connections".into() } else { page("settings") };
        add(words, href, if worker.mailbox.is_some() { "Look at connections" } else { "Choose a mailbox" });
    }
    let sequence = worker.sequence.map(|id| store::find_sequence(txn, workspace, id)).transpose()?.flatten();
    match &sequence {
        Some(sequence) if !sequence.steps.is_empty() => {
            let custom = custom_fields(txn, workspace, worker)?;
            for (field, words) in text_mistakes(sequence, custom.as_deref()) {
                add(words, page(&format!("sequence#{field}")), "Edit the step");
            }
            let (steps, limit) = (sequence.steps.len(), worker.limits.per_contact);
            if steps > limit as usize {
                let words = format!(
                    "The sequence has {}, and at most {limit} to one contact may leave.",
                    counted(steps as u64, "mail", "mails")
                );
                add(words, page("sequence"), "Remove steps");
            }
        }
        _ => add("The sequence has no step yet.".into(), page("sequence"), "Write the first mail"),
    }
    let settings = workspaces::find(txn, workspace)?;
    if settings.is_none_or(|workspace| workspace.postal_address.trim().is_empty()) {
        add(
            "The postal address that must stand below each mail is missing.".into(),
            "/settings/workspace".into(),
            "Add the address",
        );
    }
    if worker.sender.name.trim().is_empty() {
        add("Nobody signs: the sender’s name is missing.".into(), page("settings"), "Write the name");
    }
    if store::find_figures(txn, workspace, worker.id)?.of(Group::All) == 0 {
        add("There is no lead yet.".into(), page("leads"), "Add leads");
    }
    Ok(found)
}

/// The custom fields that leads have. None when there are too many leads to look at: one that lacks a field is then
/// held by itself.
fn custom_fields(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
) -> Result<Option<Vec<String>>, StoreError> {
    let mut names: Vec<String> = Vec::new();
    let leads = store::first_of_group(txn, workspace, worker.id, Group::All, SAMPLE)?;
    if leads.len() == SAMPLE {
        return Ok(None);
    }
    for lead in leads {
        let Some(contact) = contacts::find(txn, workspace, lead.contact)? else { continue };
        names.extend(contact.custom.into_keys().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    Ok(Some(names))
}

/// The id of each field of the editor that needs a look, and why.
fn text_mistakes(sequence: &Sequence, custom: Option<&[String]>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (place, step) in sequence.steps.iter().enumerate() {
        let number = place + 1;
        let at = |part: &str| format!("{part}-{number}");
        if step.text.trim().is_empty() {
            found.push((at("text"), format!("Step {number} has no text.")));
        }
        if place == 0 && step.subject.trim().is_empty() {
            found.push((at("subject"), "The first mail needs a subject.".into()));
        }
        match step.parse() {
            Err((part, error)) => found.push((at(part), format!("Step {number}, {part}: {error}"))),
            Ok((subject, text)) => {
                let fields = subject.fields().into_iter().chain(text.fields());
                let unknown = fields
                    .filter(|field| !field.optional && custom.is_some_and(|custom| !is_known(&field.name, custom)));
                found.extend(unknown.map(|field| {
                    let name = in_words(&field.name);
                    (at("text"), format!("Step {number} needs the {name} of each lead, and no lead has it."))
                }));
            }
        }
    }
    found
}
