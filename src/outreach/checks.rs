//! What is to be looked at in a sequence before a worker is switched on with it. What would hold every mail back, or
//! should never leave, blocks; the rest are hints.

use super::content;
use super::figures::Group;
use super::model::{Sequence, Step};
use super::path::Kind;
use super::words::in_words;
use super::{store, OutreachError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{SequenceId, WorkspaceId};
use crate::contacts::{self, Contact};
use crate::language::merge::FieldUse;
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};

/// Leads whose fields are looked at.
const SAMPLE: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub is_blocking: bool,
    /// The number of the step, from 1.
    pub step: Option<usize>,
    pub field: &'static str,
    /// The id of the field in the editor.
    pub place: String,
    pub words: String,
    pub cure: String,
}

/// Leads of the workers that use a sequence, for knowing which fields have values.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    leads: Vec<Contact>,
    /// There are more: a field that none of these has may still have values.
    is_part: bool,
}

pub fn of_sequence(app: &App, actor: &Actor, id: SequenceId) -> Result<Vec<Finding>, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    app.store.read(|txn| {
        let sequence = store::find_sequence(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let mut users = workers::list_in(txn, actor.workspace)?;
        users.retain(|worker| worker.sequence == Some(id));
        Ok(look(&sequence, &sample(txn, actor.workspace, &users)?))
    })
}

pub(super) fn sample(txn: &mut Txn<'_>, workspace: WorkspaceId, workers: &[Worker]) -> Result<Sample, StoreError> {
    let mut sample = Sample::default();
    for worker in workers {
        let leads = store::first_of_group(txn, workspace, worker.id, Group::All, SAMPLE)?;
        sample.is_part |= leads.len() == SAMPLE;
        for lead in leads {
            sample.leads.extend(contacts::find(txn, workspace, lead.contact)?);
        }
    }
    Ok(sample)
}

/// Everything that was found, blocking ones first, then in the order of the steps.
pub(super) fn look(sequence: &Sequence, sample: &Sample) -> Vec<Finding> {
    let ways = sequence.ways();
    let mut all = Vec::new();
    for (place, step) in sequence.steps.iter().enumerate() {
        let of_step = Of { number: place + 1, step, is_first: ways.fewest_mails_before(place) == 0 };
        match step.kind {
            Kind::Mail => all.extend(of_step.mail(sample)),
            Kind::Task => all.extend(of_step.text()),
            Kind::Branch { .. } => {}
        }
    }
    for place in ways.unreached() {
        let number = place + 1;
        all.push(Finding {
            is_blocking: false,
            step: Some(number),
            field: "then",
            place: format!("step-{number}"),
            words: format!("No way leads to step {number}."),
            cure: "Let a branch go to it, or remove it.".into(),
        });
    }
    all.sort_by_key(|found| !found.is_blocking);
    all
}

struct Of<'a> {
    number: usize,
    step: &'a Step,
    is_first: bool,
}

impl Of<'_> {
    fn found(&self, is_blocking: bool, field: &'static str, words: String, cure: &str) -> Finding {
        let place = format!("{field}-{}", self.number);
        Finding { is_blocking, step: Some(self.number), field, place, words, cure: cure.to_owned() }
    }

    fn text(&self) -> Option<Finding> {
        let is_empty = self.step.wordings().iter().any(|wording| wording.text.trim().is_empty());
        let words = format!("Step {} has no text.", self.number);
        is_empty.then(|| self.found(true, "text", words, "Write it, or remove the step."))
    }

    fn mail(&self, sample: &Sample) -> Vec<Finding> {
        let number = self.number;
        let mut all: Vec<Finding> = self.text().into_iter().collect();
        for wording in self.step.wordings() {
            let of =
                if self.step.variants.is_empty() { String::new() } else { format!(", wording {}", wording.letter) };
            let worded = self.step.worded(&wording);
            if self.is_first && wording.subject.trim().is_empty() {
                let words = if number == 1 && of.is_empty() {
                    "The first mail needs a subject.".to_owned()
                } else {
                    format!("Step {number}{of} can be the first mail, which needs a subject.")
                };
                all.push(self.found(true, "subject", words, "Write a subject."));
            }
            match worded.parse() {
                Err((part, error)) => {
                    all.push(self.found(true, part, format!("Step {number}{of}, {part}: {error}"), &error.cure));
                }
                Ok((subject, text)) => {
                    let mut fields = subject.fields();
                    fields.extend(
                        text.fields().into_iter().filter(|field| subject.fields().iter().all(|f| f.name != field.name)),
                    );
                    all.extend(fields.iter().filter_map(|field| self.field(field, sample)));
                }
            }
            for found in content::look(wording.subject, wording.text, self.is_first) {
                let words = format!("Step {number}{of}: {}", found.words);
                all.push(self.found(found.is_blocking, found.field, words, &found.cure));
            }
        }
        all
    }

    /// A field without a fallback must have a value for each lead; where it has none, that lead's mail is held back.
    fn field(&self, field: &FieldUse, sample: &Sample) -> Option<Finding> {
        let (number, name) = (self.number, in_words(&field.name));
        if field.optional || crate::messaging::SENDER_FIELDS.contains(&field.name.as_str()) {
            return None;
        }
        let without = sample.leads.iter().filter(|lead| lead.field(&field.name).is_none()).count();
        let custom: Vec<String> = sample.leads.iter().flat_map(|lead| lead.custom.keys().cloned()).collect();
        let fallback = "Write a fallback into the text, as in {{company|your house}}, or add the field.";
        if !sample.is_part && !crate::messaging::is_known_field(&field.name, &custom) {
            let words = format!("Step {number} needs the {name} of each lead, and no lead has it.");
            return Some(self.found(true, "text", words, fallback));
        }
        (without > 0).then(|| {
            let of = sample.leads.len();
            let words = format!("{without} of {of} leads have no {name}: their step {number} is held back.");
            self.found(false, "text", words, fallback)
        })
    }
}
