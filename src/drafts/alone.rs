//! What may happen without a person (G1): one rule for answers that leave and for times that are booked.

use super::autonomy::is_locked;
use super::figures::find_figures;
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
    /// How surely it was read, 0 to 1, and what that must reach, in percent.
    pub confidence: f32,
    pub at_least: u8,
    pub flags: &'a [String],
    /// What the person wrote.
    pub words: &'a str,
}

/// The worker is on and its owner switched the label to automatic, people have approved enough of it, it was read
/// surely, and nothing about it is delicate.
pub fn may_act_alone(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: &Worker,
    asked: &Asked<'_>,
) -> Result<bool, StoreError> {
    let is_on = worker.state.is_working() && worker.autonomy.automatic.contains_key(asked.label);
    if !is_on || is_locked(asked.label) || is_delicate(asked) {
        return Ok(false);
    }
    let known = find_figures(txn, workspace, worker.id, asked.label)?;
    Ok(known.allow_automatic() && reaches(asked.confidence, asked.at_least))
}

fn is_delicate(asked: &Asked<'_>) -> bool {
    let words = asked.words.to_lowercase();
    !asked.flags.is_empty() || REFUNDS.iter().any(|refund| words.contains(refund))
}
