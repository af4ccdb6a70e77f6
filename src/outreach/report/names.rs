//! What the ids in figures are called.

use std::collections::BTreeMap;

use super::slice::Slice;
use crate::app::App;
use crate::base::{ConnectionId, SequenceId, StepId, VariantId, WorkerId, WorkspaceId};
use crate::connections;
use crate::outreach::model::{Sequence, Step};
use crate::outreach::path::Kind;
use crate::outreach::store::list_sequences;
use crate::outreach::words::for_nobody;
use crate::store::StoreError;
use crate::workers;

/// Figures outlive what they are about.
const GONE: &str = "Removed since";

#[derive(Clone, Debug, Default)]
pub struct Names {
    /// In the order in which they were made.
    pub workers: Vec<(WorkerId, String)>,
    pub sequences: Vec<Sequence>,
    pub mailboxes: Vec<(ConnectionId, String)>,
    /// The sequence, the place and the step of each id.
    steps: BTreeMap<StepId, (SequenceId, usize, Step)>,
}

impl Names {
    pub fn read(app: &App, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let workers = workers::list(&app.store, workspace)?;
        let sequences = list_sequences(&app.store, workspace)?;
        let mailboxes = connections::list(&app.store, workspace)?;
        let mut steps = BTreeMap::new();
        for sequence in &sequences {
            // Of a step that older versions have too the newest words are shown.
            let older = sequence.editions.iter().flat_map(|edition| (1..).zip(&edition.steps));
            for (place, step) in older.chain((1..).zip(&sequence.steps)) {
                steps.insert(step.id, (sequence.id, place, step.clone()));
            }
        }
        Ok(Self {
            workers: workers.into_iter().map(|worker| (worker.id, worker.name)).collect(),
            mailboxes: mailboxes.into_iter().map(|one| (one.id, one.address.display().to_owned())).collect(),
            sequences,
            steps,
        })
    }

    pub fn worker(&self, id: WorkerId) -> &str {
        self.workers.iter().find(|(known, _)| *known == id).map_or(GONE, |(_, name)| name)
    }

    pub fn mailbox(&self, id: ConnectionId) -> &str {
        self.mailboxes.iter().find(|(known, _)| *known == id).map_or(GONE, |(_, name)| name)
    }

    pub fn sequence(&self, id: SequenceId) -> &str {
        self.sequences.iter().find(|known| known.id == id).map_or(GONE, |sequence| sequence.name.as_str())
    }

    /// Where the step stands in its sequence, after all others where it is gone.
    pub fn place(&self, id: StepId) -> usize {
        self.steps.get(&id).map_or(usize::MAX, |(_, place, _)| *place)
    }

    /// "Step 2, “Re: Heating”".
    pub fn step(&self, id: StepId) -> String {
        match self.steps.get(&id) {
            Some((_, place, step)) if step.subject.is_empty() => format!("Step {place}"),
            Some((_, place, step)) => format!("Step {place}, “{}”", for_nobody(&step.subject)),
            None => "A step that was removed since".to_owned(),
        }
    }

    /// "Wording B"; empty for none.
    pub fn variant(&self, step: StepId, variant: Option<VariantId>) -> String {
        let Some(id) = variant else { return String::new() };
        let known = self.steps.get(&step).and_then(|(_, _, step)| {
            step.wordings().into_iter().find(|wording| wording.id == id).map(|wording| wording.letter)
        });
        known.map_or_else(|| "A wording that was removed since".to_owned(), |letter| format!("Wording {letter}"))
    }

    /// The slice without a step of another sequence than the one that is chosen, and without a wording of another step:
    /// the form keeps both when something else is chosen in it.
    pub fn fitting(&self, slice: &Slice) -> Slice {
        let mut fits = *slice;
        let known = fits.step.and_then(|step| self.steps.get(&step));
        if known.is_some_and(|(own, ..)| fits.sequence.is_some_and(|chosen| chosen != *own)) {
            (fits.step, fits.variant) = (None, None);
        }
        if let (Some((_, _, step)), Some(variant)) = (known, fits.variant) {
            let mut others = self.steps.values().filter(|(_, _, other)| other.id != step.id);
            let has = |step: &Step| step.wordings().iter().any(|wording| wording.id == variant);
            if others.any(|(_, _, other)| has(other)) {
                fits.variant = None;
            }
        }
        fits
    }

    /// The mails of a sequence.
    pub fn mails_of(&self, sequence: SequenceId) -> Vec<&Step> {
        let found = self.sequences.iter().find(|known| known.id == sequence);
        found.map(|sequence| sequence.steps.iter().filter(|step| step.kind == Kind::Mail).collect()).unwrap_or_default()
    }
}
