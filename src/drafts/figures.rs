//! How often people sent an engine's text as it was: the figure that decides whether a label may become automatic.

use serde::{Deserialize, Serialize};

use crate::base::{WorkerId, WorkspaceId};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const FIGURES: Table<Figures> = Table::sealed(
    0x0c05,
    "draft_figures",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "How many drafts of a worker and label were approved, edited and rejected.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&FIGURES)];

/// A label needs this many approved drafts, and fewer than this share of them edited (G1).
pub const ENOUGH: u32 = 20;
const EDITED_BELOW_PERCENT: u32 = 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Approved by a person, edited ones among them.
    pub approved: u32,
    pub edited: u32,
    pub rejected: u32,
}

impl Figures {
    /// People know this label's drafts well enough to let them leave by themselves.
    pub fn allow_automatic(&self) -> bool {
        self.approved >= ENOUGH && self.edited * 100 < self.approved * EDITED_BELOW_PERCENT
    }

    /// Sent as they were written.
    pub fn unedited(&self) -> u32 {
        self.approved.saturating_sub(self.edited)
    }

    /// "18 approved, 2 of them edited, 1 rejected".
    pub fn words(&self) -> String {
        if self.approved == 0 && self.rejected == 0 {
            return "No draft decided yet".to_owned();
        }
        format!("{} approved, {} of them edited, {} rejected", self.approved, self.edited, self.rejected)
    }

    /// What the record lacks before the label may become automatic; empty when nothing.
    pub fn lacks(&self) -> String {
        match ENOUGH.saturating_sub(self.approved) {
            0 if self.allow_automatic() => String::new(),
            0 => format!("Fewer than {EDITED_BELOW_PERCENT} % may have been edited."),
            1 => "One more approval is needed.".to_owned(),
            more => format!("{more} more approvals are needed."),
        }
    }
}

fn key(workspace: WorkspaceId, worker: WorkerId, label: &str) -> Key {
    Key::of(&FIGURES, workspace).id(worker.0).text(label)
}

pub fn figures_of(store: &Store, workspace: WorkspaceId, worker: WorkerId, label: &str) -> Result<Figures, StoreError> {
    Ok(store.get(&FIGURES, &key(workspace, worker, label))?.unwrap_or_default())
}

pub(super) fn find_figures(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    label: &str,
) -> Result<Figures, StoreError> {
    Ok(txn.get(&FIGURES, &key(workspace, worker, label))?.unwrap_or_default())
}

/// Counts a person's decision; an undo counts it back with `change` reversed.
pub fn count_decision(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    label: &str,
    change: impl FnOnce(&mut Figures),
) -> Result<(), StoreError> {
    let place = key(workspace, worker, label);
    let mut figures = txn.get(&FIGURES, &place)?.unwrap_or_default();
    change(&mut figures);
    txn.put(&FIGURES, &place, &figures)
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn a_label_becomes_automatic_after_twenty_approvals_with_few_edits() {
        let cases = [(19, 0, false), (20, 0, true), (20, 3, true), (20, 4, false), (100, 19, true), (100, 20, false)];
        for (approved, edited, allowed) in cases {
            let figures = Figures { approved, edited, rejected: 0 };
            assert_eq!(figures.allow_automatic(), allowed, "{approved} approved, {edited} edited");
            assert_eq!(figures.lacks().is_empty(), allowed, "{approved} approved, {edited} edited");
        }
    }
}
