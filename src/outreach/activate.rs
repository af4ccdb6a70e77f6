//! Switching a worker on: what must stand first, and what switching on approves.

use std::cell::Cell;

use super::figures::Group;
use super::{checks, rotation, sequences, store, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, UnixMillis, WorkerId, WorkspaceId};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

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
    activate_seen(app, actor, id, None)
}

/// The same by somebody who has seen this version of the sequence: words that were changed since are not approved.
pub fn activate_seen(app: &App, actor: &Actor, id: WorkerId, seen: Option<u32>) -> Result<Worker, OutreachError> {
    let now = app.now();
    let is_unseen = Cell::new(false);
    let ready = |txn: &mut Txn<'_>, worker: &Worker| {
        let sequence = worker.sequence.map(|id| store::find_sequence(txn, actor.workspace, id)).transpose()?.flatten();
        is_unseen.set(sequence.is_some_and(|sequence| sequences::is_unseen(&sequence, seen)));
        if is_unseen.get() {
            return Ok(vec![sequences::READ_AGAIN.to_owned()]);
        }
        prepare(txn, actor, worker, now)
    };
    match workers::activate(app, actor, id, &ready) {
        Err(_) if is_unseen.get() => Err(OutreachError::MayNotMove(sequences::READ_AGAIN.into())),
        switched => Ok(switched?),
    }
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
    if let Err(words) = rotation::any_usable(txn, workspace, worker)? {
        let has_one = !worker.mailboxes().is_empty();
        let href = if has_one { "/connections".into() } else { page("settings") };
        add(words, href, if has_one { "Look at connections" } else { "Choose a mailbox" });
    }
    let sequence = worker.sequence.map(|id| store::find_sequence(txn, workspace, id)).transpose()?.flatten();
    match &sequence {
        Some(sequence) if !sequence.steps.is_empty() => {
            let sample = checks::sample(txn, workspace, std::slice::from_ref(worker))?;
            for found in checks::look(sequence, &sample).into_iter().filter(|found| found.is_blocking) {
                add(found.words, page(&format!("sequence#{}", found.place)), "Edit the step");
            }
            let (mails, limit) = (sequence.ways().most_mails(), worker.limits.per_contact);
            if mails > limit as usize {
                let words = format!(
                    "The sequence has {}, and at most {limit} to one contact may leave.",
                    counted(mails as u64, "mail", "mails")
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
