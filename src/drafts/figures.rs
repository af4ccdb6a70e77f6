//! How often people sent an engine's text as it was: the figure that decides whether a label may become automatic.

use serde::{Deserialize, Serialize};

use crate::base::{WorkerId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const FIGURES: Table<Figures> = Table::sealed(
    0x0c05,
    "draft_figures",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "How many drafts of a worker and label were approved, edited and rejected.",
);

const BY_ENGINE: Table<OfEngine> = Table::sealed(
    0x0c06,
    "draft_figures_by_engine",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "The same of drafts that an AI service wrote, for each service and model by itself.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&FIGURES), Declared::plain(&BY_ENGINE)];

/// A label needs this many approved drafts, and fewer than this share of all that were decided about may have been
/// edited, rejected or taken back (G1, and a little stricter: what was thrown away was no better than what was mended).
pub const ENOUGH: u32 = 20;
const CHANGED_BELOW_PERCENT: u32 = 20;
/// Services and models of one worker whose records are listed.
const MOST_ENGINES: usize = 200;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Approved by a person, edited ones among them.
    pub approved: u32,
    pub edited: u32,
    pub rejected: u32,
    /// Had left by themselves, and a person took them back before they were gone.
    #[serde(default)]
    pub taken_back: u32,
}

/// The record of one label with one service and model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfEngine {
    pub label: String,
    /// The service and its model, as drafts name what wrote them.
    pub engine: String,
    pub figures: Figures,
}

impl Figures {
    /// People know this label's drafts well enough to let them leave by themselves.
    pub fn allow_automatic(&self) -> bool {
        let (changed, decided) = (u64::from(self.changed()), u64::from(self.decided()));
        self.approved >= ENOUGH && changed * 100 < decided * u64::from(CHANGED_BELOW_PERCENT)
    }

    /// Not sent as they were written.
    fn changed(&self) -> u32 {
        self.edited + self.rejected + self.taken_back
    }

    /// All that somebody decided about.
    pub fn decided(&self) -> u32 {
        self.approved + self.rejected + self.taken_back
    }

    /// Sent as they were written.
    pub fn unedited(&self) -> u32 {
        self.approved.saturating_sub(self.edited)
    }

    /// "18 of 20 approved as written, 1 edited, 1 rejected".
    pub fn words(&self) -> String {
        if self.decided() == 0 {
            return "No draft decided yet".to_owned();
        }
        let counts = [(self.edited, "edited"), (self.rejected, "rejected"), (self.taken_back, "taken back")];
        let others = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        format!("{} of {} approved as written{}", self.unedited(), self.decided(), others.collect::<String>())
    }

    /// What the record lacks before the label may become automatic; empty when nothing.
    pub fn lacks(&self) -> String {
        match ENOUGH.saturating_sub(self.approved) {
            0 if self.allow_automatic() => String::new(),
            0 => format!("Fewer than {CHANGED_BELOW_PERCENT} % may have been edited, rejected or taken back."),
            1 => "One more approval is needed.".to_owned(),
            more => format!("{more} more approvals are needed."),
        }
    }
}

fn key(workspace: WorkspaceId, worker: WorkerId, label: &str) -> Key {
    Key::of(&FIGURES, workspace).id(worker.0).text(label)
}

fn key_of_engine(workspace: WorkspaceId, worker: WorkerId, label: &str, engine: &str) -> Key {
    Key::of(&BY_ENGINE, workspace).id(worker.0).text(label).text(engine)
}

/// The record of a label with one engine; empty is the built-in one.
pub fn figures_of(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
    label: &str,
    engine: &str,
) -> Result<Figures, StoreError> {
    store.read(|txn| find_figures(txn, workspace, worker, label, engine))
}

pub(super) fn find_figures(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    label: &str,
    engine: &str,
) -> Result<Figures, StoreError> {
    if engine.is_empty() {
        return Ok(txn.get(&FIGURES, &key(workspace, worker, label))?.unwrap_or_default());
    }
    let known = txn.get(&BY_ENGINE, &key_of_engine(workspace, worker, label, engine))?;
    Ok(known.map(|known| known.figures).unwrap_or_default())
}

/// The records of a worker with AI services, by label.
pub(super) fn list_by_engine(
    store: &Store,
    workspace: WorkspaceId,
    worker: WorkerId,
) -> Result<Vec<OfEngine>, StoreError> {
    let prefix = Key::of(&BY_ENGINE, workspace).id(worker.0);
    let rows = store.read(|txn| txn.list(&BY_ENGINE, &prefix, Dir::Forward, MOST_ENGINES))?;
    Ok(rows.into_iter().map(|(_, known)| known).collect())
}

/// Counts a person's decision about a draft that `engine` wrote; an undo counts it back with `change` reversed.
pub fn count_decision(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    worker: WorkerId,
    (label, engine): (&str, &str),
    change: impl FnOnce(&mut Figures),
) -> Result<(), StoreError> {
    let mut figures = find_figures(txn, workspace, worker, label, engine)?;
    change(&mut figures);
    if engine.is_empty() {
        return txn.put(&FIGURES, &key(workspace, worker, label), &figures);
    }
    let known = OfEngine { label: label.to_owned(), engine: engine.to_owned(), figures };
    txn.put(&BY_ENGINE, &key_of_engine(workspace, worker, label, engine), &known)
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn a_label_becomes_automatic_after_twenty_approvals_with_few_changes() {
        let cases = [
            ((19, 0, 0, 0), false),
            ((20, 0, 0, 0), true),
            ((20, 3, 0, 0), true),
            ((20, 4, 0, 0), false),
            ((100, 19, 0, 0), true),
            ((100, 20, 0, 0), false),
            ((20, 0, 4, 0), true),
            ((20, 0, 5, 0), false),
            ((20, 2, 1, 2), false),
        ];
        for ((approved, edited, rejected, taken_back), allowed) in cases {
            let figures = Figures { approved, edited, rejected, taken_back };
            assert_eq!(figures.allow_automatic(), allowed, "{figures:?}");
            assert_eq!(figures.lacks().is_empty(), allowed, "{figures:?}");
        }
    }

    #[test]
    fn a_record_is_told_as_what_was_sent_as_written_out_of_all() {
        let figures = Figures { approved: 19, edited: 1, rejected: 1, taken_back: 0 };
        assert_eq!(figures.words(), "18 of 20 approved as written, 1 edited, 1 rejected");
        assert_eq!(Figures::default().words(), "No draft decided yet");
    }
}
