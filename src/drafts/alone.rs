//! What may happen without a person (G1): one rule for answers that leave and for times that are booked.

use super::autonomy::is_locked;
use super::figures::{find_figures, Figures};
use crate::base::WorkspaceId;
use crate::store::{StoreError, Txn};
use crate::workers::Worker;
use crate::workspaces::reaches;

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

/// An answer of somebody, as far as it decides whether a worker may act on it alone.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub label: &'a str,
    /// What wrote the draft: empty for the built-in engine. Each earns its freedom by itself.
    pub engine: &'a str,
    /// How surely it was read, 0 to 1, and what that must reach, in percent.
    pub confidence: f32,
    pub at_least: u8,
    pub flags: &'a [String],
    /// What the person wrote.
    pub words: &'a str,
}

/// Why a worker does not act alone: the first rule that says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAlone {
    Locked,
    Delicate,
    Refund,
    WorkerOff,
    NotSwitchedOn,
    Record(Figures),
    Unsure { at_least: u8 },
}

impl NotAlone {
    /// As a sentence.
    pub fn words(&self) -> String {
        match self {
            NotAlone::Locked => "This label is always a person’s.".to_owned(),
            NotAlone::Delicate => "Something about the reply is delicate.".to_owned(),
            NotAlone::Refund => "It speaks of money back.".to_owned(),
            NotAlone::WorkerOff => "The worker is not switched on.".to_owned(),
            NotAlone::NotSwitchedOn => "Nobody has switched this label to leave by itself.".to_owned(),
            NotAlone::Record(figures) => {
                format!("Its record does not allow it: {}. {}", figures.words().to_lowercase(), figures.lacks())
            }
            NotAlone::Unsure { at_least } => format!("It was read with less than {at_least} % confidence."),
        }
    }
}

/// The worker is on and its owner switched the label to automatic, people have approved enough of it, it was read
/// surely, and nothing about it is delicate. `None`: it may.
pub fn why_not_alone(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
    asked: &Asked<'_>,
) -> Result<Option<NotAlone>, StoreError> {
    if is_locked(asked.label) {
        return Ok(Some(NotAlone::Locked));
    }
    if !asked.flags.is_empty() {
        return Ok(Some(NotAlone::Delicate));
    }
    let words = asked.words.to_lowercase();
    if REFUNDS.iter().any(|refund| words.contains(refund)) {
        return Ok(Some(NotAlone::Refund));
    }
    if !worker.state.is_working() {
        return Ok(Some(NotAlone::WorkerOff));
    }
    if worker.autonomy.since(asked.label, asked.engine).is_none() {
        return Ok(Some(NotAlone::NotSwitchedOn));
    }
    let known = find_figures(txn, workspace, worker.id, asked.label, asked.engine)?;
    if !known.allow_automatic() {
        return Ok(Some(NotAlone::Record(known)));
    }
    let is_sure = reaches(asked.confidence, asked.at_least);
    Ok((!is_sure).then_some(NotAlone::Unsure { at_least: asked.at_least }))
}

/// Whether nothing speaks against it.
pub fn may_act_alone(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
    asked: &Asked<'_>,
) -> Result<bool, StoreError> {
    Ok(why_not_alone(txn, workspace, worker, asked)?.is_none())
}
