//! Writing sequences and approving their texts.

use super::model::{Approval, Sequence, Step, MOST_STEPS, SUBJECT_CHARS, TEXT_CHARS};
use super::{store, OutreachError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, SequenceId, StepId, UnixMillis};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker, WorkerError, WorkerForm};

/// What a person wrote. A step without an id is new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceForm {
    pub name: String,
    pub steps: Vec<StepForm>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepForm {
    pub id: Option<StepId>,
    pub wait_days: u16,
    pub working_days: bool,
    pub subject: String,
    pub text: String,
}

/// What is wrong with a form: the step's place (from 0) where it is about one, the field, and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub step: Option<usize>,
    pub field: &'static str,
    pub words: String,
}

impl Mistake {
    /// About the step of this number, from 1.
    fn no_text(number: usize) -> Self {
        let words = format!("Step {number} has no text. Write it, or remove the step.");
        Self { step: Some(number - 1), field: "text", words }
    }
}

impl SequenceForm {
    pub fn of(sequence: &Sequence) -> Self {
        let step = |step: &Step| StepForm {
            id: Some(step.id),
            wait_days: step.wait_days,
            working_days: step.working_days,
            subject: step.subject.clone(),
            text: step.text.clone(),
        };
        Self { name: sequence.name.clone(), steps: sequence.steps.iter().map(step).collect() }
    }

    /// Everything that is wrong, in the order of the form. An unfinished sequence may be saved: what is only
    /// missing is asked for when a worker is switched on.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        let mut add = |step, field, words: String| found.push(Mistake { step, field, words });
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 80 {
            add(None, "name", "Write a name of 1 to 80 characters, so that you know it in lists.".into());
        }
        if self.steps.len() > MOST_STEPS {
            add(None, "steps", format!("A sequence has at most {MOST_STEPS} steps."));
        }
        for (place, step) in self.steps.iter().enumerate() {
            if step.wait_days > 365 {
                add(Some(place), "wait", "Wait at most 365 days.".into());
            }
            if step.subject.chars().count() > SUBJECT_CHARS {
                add(Some(place), "subject", format!("A subject has at most {SUBJECT_CHARS} characters."));
            }
            if step.text.chars().count() > TEXT_CHARS {
                add(Some(place), "text", format!("A text has at most {TEXT_CHARS} characters."));
            }
            for (field, text) in [("subject", &step.subject), ("text", &step.text)] {
                if let Err(error) = crate::language::merge::parse(text) {
                    add(Some(place), field, error.to_string());
                }
            }
        }
        found
    }

    /// The steps as they are kept. An id counts only if it is one of `before`; a new step takes one of `fresh`.
    fn steps(&self, before: &[Step], fresh: &[StepId]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (form, fresh) in self.steps.iter().zip(fresh) {
            let own = form.id.filter(|id| before.iter().any(|step| step.id == *id));
            let own = own.filter(|id| steps.iter().all(|step| step.id != *id));
            steps.push(Step {
                id: own.unwrap_or(*fresh),
                wait_days: form.wait_days,
                working_days: form.working_days,
                subject: form.subject.split_whitespace().collect::<Vec<_>>().join(" "),
                text: form.text.replace("\r\n", "\n").trim_end().to_owned(),
            });
        }
        steps
    }

    fn fresh_ids(&self, now: UnixMillis) -> Vec<StepId> {
        self.steps.iter().map(|_| StepId::new(now)).collect()
    }
}

pub fn create(app: &App, actor: &Actor, form: &SequenceForm) -> Result<Sequence, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    check(form)?;
    let now = app.now();
    let sequence = Sequence {
        id: SequenceId::new(now),
        name: form.name.trim().to_owned(),
        steps: form.steps(&[], &form.fresh_ids(now)),
        version: 1,
        approved: None,
        created_at: now,
        changed_at: now,
    };
    app.store.write(|txn| {
        store::put_sequence(txn, actor.workspace, &sequence)?;
        changed(txn, actor, now, "sequence.created", &sequence)
    })?;
    Ok(sequence)
}

/// Changes a sequence. Steps whose words change wait for an approval before they leave; the others go on. `read` is
/// the version that the change was made from: `Changed` when it is no longer the newest, so that nobody's work is
/// written over unseen; without it nothing is compared. The last step stays while a worker is at work with it.
pub fn update(
    app: &App,
    actor: &Actor,
    id: SequenceId,
    form: &SequenceForm,
    read: Option<u32>,
) -> Result<Sequence, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    check(form)?;
    let now = app.now();
    let fresh = form.fresh_ids(now);
    app.store.write(|txn| {
        let before = store::find_sequence(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let mut after = before.clone();
        after.name = form.name.trim().to_owned();
        after.steps = form.steps(&before.steps, &fresh);
        if after == before {
            return Ok(before);
        }
        if read.is_some_and(|read| read != before.version) {
            return Err(OutreachError::Changed);
        }
        if after.steps.is_empty() {
            not_at_work(txn, actor, id)?;
        }
        after.version += 1;
        after.changed_at = now;
        store::put_sequence(txn, actor.workspace, &after)?;
        changed(txn, actor, now, "sequence.changed", &after)?;
        Ok(after)
    })
}

/// Without a step its leads could only wait, and whoever switched the worker on was told that they are written to.
fn not_at_work(txn: &mut Txn<'_>, actor: &Actor, id: SequenceId) -> Result<(), OutreachError> {
    let workers = workers::list_in(txn, actor.workspace)?;
    let at_work = workers.into_iter().filter(|worker| worker.sequence == Some(id) && worker.state.is_working());
    let names: Vec<String> = at_work.map(|worker| worker.name).collect();
    if names.is_empty() {
        Ok(())
    } else {
        Err(OutreachError::AtWork(names))
    }
}

/// A person has read the changed texts: they may leave. A step without a text is no text that somebody has read.
pub fn approve(app: &App, actor: &Actor, id: SequenceId) -> Result<Sequence, OutreachError> {
    actor.require(Permission::ActivateWorkers)?;
    let now = app.now();
    app.store.write(|txn| {
        let sequence = store::find_sequence(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        let empty: Vec<Mistake> = sequence.without_text().into_iter().map(Mistake::no_text).collect();
        if !empty.is_empty() {
            return Err(OutreachError::Mistakes(empty));
        }
        Ok(approve_in(txn, actor, sequence, now)?)
    })
}

pub(super) fn approve_in(
    txn: &mut Txn<'_>,
    actor: &Actor,
    mut sequence: Sequence,
    now: UnixMillis,
) -> Result<Sequence, StoreError> {
    if sequence.is_all_approved() {
        return Ok(sequence);
    }
    let (version, steps) = (sequence.version, sequence.steps.clone());
    sequence.approved = Some(Approval { version, at: now, by: actor.display.clone(), steps });
    store::put_sequence(txn, actor.workspace, &sequence)?;
    changed(txn, actor, now, "sequence.approved", &sequence)?;
    Ok(sequence)
}

/// The workers that send its mails. A sequence that has any stays.
pub(super) fn users(app: &App, actor: &Actor, id: SequenceId) -> Result<Vec<Worker>, OutreachError> {
    let workers = workers::list(&app.store, actor.workspace)?;
    Ok(workers.into_iter().filter(|worker| worker.sequence == Some(id)).collect())
}

/// Deletes a sequence that no worker uses. Leads that are still in it, of a worker that was given another, are taken
/// out as its event is heard.
pub fn delete(app: &App, actor: &Actor, id: SequenceId) -> Result<(), OutreachError> {
    actor.require(Permission::EditOutreach)?;
    let users = users(app, actor, id)?;
    if !users.is_empty() {
        return Err(OutreachError::SequenceInUse(users.into_iter().map(|worker| worker.name).collect()));
    }
    let now = app.now();
    app.store.write(|txn| {
        let sequence = store::find_sequence(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        store::remove_sequence(txn, actor.workspace, id)?;
        changed(txn, actor, now, "sequence.deleted", &sequence)?;
        Ok(())
    })
}

/// A sequence that a worker is given must be one of the workspace's own.
pub fn check_chosen(app: &App, actor: &Actor, form: &WorkerForm) -> Result<(), WorkerError> {
    let Some(id) = form.sequence else { return Ok(()) };
    if store::get_sequence(&app.store, actor.workspace, id)?.is_none() {
        return Err(Mistakes::one("sequence", "There is no such sequence here.").into());
    }
    Ok(())
}

fn check(form: &SequenceForm) -> Result<(), OutreachError> {
    match form.mistakes() {
        mistakes if mistakes.is_empty() => Ok(()),
        mistakes => Err(OutreachError::Mistakes(mistakes)),
    }
}

fn changed(
    txn: &mut Txn<'_>,
    actor: &Actor,
    now: UnixMillis,
    act: &str,
    sequence: &Sequence,
) -> Result<(), StoreError> {
    let (on, detail) = (format!("sequence {}", sequence.id), format!("version {}", sequence.version));
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, &detail)?;
    events::append(txn, actor.workspace, now, Happened::SequenceChanged { sequence: sequence.id }).map(|_| ())
}
