//! Writing sequences and approving their texts.

use super::checks::{self, Finding};
use super::figures::Group;
use super::model::{Approval, Edition, Sequence, Step, Variant, MOST_EDITIONS, MOST_STEPS, SUBJECT_CHARS, TEXT_CHARS};
use super::path::{Kind, Test, Then, Way, Ways, When, LABELS};
use super::variants::MOST_VARIANTS;
use super::{store, OutreachError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, SequenceId, StepId, UnixMillis, VariantId, WorkspaceId};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker, WorkerError, WorkerForm};

/// Leads that are read at once.
const LOOKED_AT: usize = 200;

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
    pub variants: Vec<VariantForm>,
    pub kind: KindForm,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantForm {
    pub id: Option<VariantId>,
    pub subject: String,
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KindForm {
    #[default]
    Mail,
    Task,
    /// `to` is the place of a step in the form (from 0), none the end.
    Branch {
        when: When,
        to: Option<usize>,
    },
}

/// For whom a change of a sequence counts that leads are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Leads that are in flight go on with what they had.
    NewLeads,
    /// For them too, from each one's next step.
    InFlight,
}

/// What is wrong with a form: the step's place (from 0) where it is about one, the field, and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub step: Option<usize>,
    pub field: &'static str,
    pub words: String,
}

impl Mistake {
    /// A finding with its cure.
    fn of(found: Finding) -> Self {
        let words = format!("{} {}", found.words, found.cure);
        Self { step: found.step.map(|number| number - 1), field: found.field, words }
    }
}

impl SequenceForm {
    pub fn of(sequence: &Sequence) -> Self {
        let place = |id: StepId| sequence.steps.iter().position(|step| step.id == id);
        let variant = |variant: &Variant| VariantForm {
            id: Some(variant.id),
            subject: variant.subject.clone(),
            text: variant.text.clone(),
        };
        let step = |step: &Step| StepForm {
            id: Some(step.id),
            wait_days: step.wait_days,
            working_days: step.working_days,
            subject: step.subject.clone(),
            text: step.text.clone(),
            variants: step.variants.iter().map(variant).collect(),
            kind: match &step.kind {
                Kind::Mail => KindForm::Mail,
                Kind::Task => KindForm::Task,
                Kind::Branch { when, then } => KindForm::Branch {
                    when: when.clone(),
                    to: match then {
                        Then::Step { step } => place(*step),
                        Then::End => None,
                    },
                },
            },
        };
        Self { name: sequence.name.clone(), steps: sequence.steps.iter().map(step).collect() }
    }

    pub(super) fn ways(&self) -> Ways {
        let way = |step: &StepForm| match &step.kind {
            KindForm::Branch { when, to } => Way { is_mail: false, goes_on: *when != When::Always, to: *to },
            kind => Way { is_mail: *kind == KindForm::Mail, goes_on: true, to: None },
        };
        Ways(self.steps.iter().map(way).collect())
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
            if step.variants.len() >= MOST_VARIANTS {
                add(Some(place), "text", format!("A step has at most {MOST_VARIANTS} wordings."));
            }
            for (letter, variant) in ('B'..='Z').zip(&step.variants) {
                if let Some(words) = variant.mistake() {
                    add(Some(place), "text", format!("Wording {letter}: {words}"));
                }
            }
            if let KindForm::Branch { when, to } = &step.kind {
                if let Some((field, words)) = self.branch_mistake(place, when, *to) {
                    add(Some(place), field, words);
                }
            }
        }
        if let Some((from, to)) = self.ways().first_loop() {
            let (from_number, to) = (from + 1, to + 1);
            let words = if from_number == to {
                format!("Step {to} goes to itself, which never ends. Choose a later step, or the end.")
            } else {
                format!(
                    "Step {from_number} goes back to step {to}, and after that step {from_number} comes again: this \
                     would never end. Choose a later step, or the end."
                )
            };
            add(Some(from), "then", words);
        }
        found
    }

    /// What is wrong with a branch, with its field.
    fn branch_mistake(&self, place: usize, when: &When, to: Option<usize>) -> Option<(&'static str, String)> {
        let target = to.map(|to| self.steps.get(to));
        if target == Some(None) {
            return Some(("then", "Choose a step that is there, or the end.".into()));
        }
        match when {
            When::Field { name, .. } if name.trim().is_empty() || name.chars().count() > 60 => {
                return Some(("field", "Name the field, for example company.".into()));
            }
            When::Field { test: Test::Is | Test::IsNot | Test::Contains, value, .. } if value.trim().is_empty() => {
                return Some(("value", "Write the value to compare with, or choose “is filled” or “is empty”.".into()));
            }
            When::Replied { label: Some(label) } if !LABELS.contains(&label.as_str()) => {
                return Some(("when", "Choose how the answer was read.".into()));
            }
            _ => {}
        }
        let leads_to_task = target.flatten().is_none_or(|step| step.kind == KindForm::Task);
        if when.is_event() && !leads_to_task {
            let words = "After an answer, a bounce or a meeting nothing leaves by itself: let it go to a task, or to \
                         the end.";
            return Some(("then", words.into()));
        }
        (place == 0 && when.is_event())
            .then(|| ("when", "Nobody was written to yet at the first step. Put this below a mail.".to_owned()))
    }

    /// The steps as they are kept. An id counts only if it is one of `before`; a new step takes one of `fresh`.
    fn steps(&self, before: &[Step], fresh: &[Fresh]) -> Vec<Step> {
        let mut ids: Vec<StepId> = Vec::new();
        for (form, fresh) in self.steps.iter().zip(fresh) {
            let own = form.id.filter(|id| before.iter().any(|step| step.id == *id) && !ids.contains(id));
            ids.push(own.unwrap_or(fresh.step));
        }
        let each = self.steps.iter().zip(fresh).enumerate();
        each.map(|(place, (form, fresh))| form.step(ids[place], &ids, before, fresh)).collect()
    }

    fn fresh_ids(&self, now: UnixMillis) -> Vec<Fresh> {
        let fresh = |step: &StepForm| Fresh {
            at: now,
            step: StepId::new(now),
            variants: step.variants.iter().map(|_| VariantId::new(now)).collect(),
            counted: (0..=step.variants.len()).map(|_| VariantId::new(now)).collect(),
        };
        self.steps.iter().map(fresh).collect()
    }
}

/// Ids for what is new in a form. Made outside the transaction.
struct Fresh {
    at: UnixMillis,
    step: StepId,
    variants: Vec<VariantId>,
    /// For the figures of wordings with other words: of the step's own, then of each variant.
    counted: Vec<VariantId>,
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tidy(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

impl VariantForm {
    fn mistake(&self) -> Option<String> {
        if self.subject.chars().count() > SUBJECT_CHARS {
            return Some(format!("A subject has at most {SUBJECT_CHARS} characters."));
        }
        if self.text.chars().count() > TEXT_CHARS {
            return Some(format!("A text has at most {TEXT_CHARS} characters."));
        }
        let parse = crate::language::merge::parse;
        parse(&self.subject).and_then(|_| parse(&self.text)).err().map(|error| error.to_string())
    }
}

impl StepForm {
    /// `ids` are those of all steps, by place.
    fn step(&self, id: StepId, ids: &[StepId], before: &[Step], fresh: &Fresh) -> Step {
        let same = before.iter().find(|step| step.id == id);
        let known = same.map_or(&[][..], |step| &step.variants);
        let is_mail = self.kind == KindForm::Mail;
        let is_branch = matches!(self.kind, KindForm::Branch { .. });
        let mut variants: Vec<Variant> = Vec::new();
        for (form, fresh) in self.variants.iter().zip(&fresh.variants).filter(|_| is_mail) {
            let own = form.id.filter(|id| known.iter().any(|one| one.id == *id));
            let own = own.filter(|id| variants.iter().all(|one| one.id != *id));
            let (subject, text) = (one_line(&form.subject), tidy(&form.text));
            variants.push(Variant { id: own.unwrap_or(*fresh), subject, text, counted: None });
        }
        let is_event = matches!(&self.kind, KindForm::Branch { when, .. } if when.is_event());
        let mut step = Step {
            id,
            // What happens is heard at once.
            wait_days: if is_event { 0 } else { self.wait_days },
            working_days: self.working_days && !is_event,
            subject: if is_branch { String::new() } else { one_line(&self.subject) },
            text: if is_branch { String::new() } else { tidy(&self.text) },
            variants,
            kind: match &self.kind {
                KindForm::Mail => Kind::Mail,
                KindForm::Task => Kind::Task,
                KindForm::Branch { when, to } => {
                    let to = to.and_then(|place| ids.get(place));
                    let then = to.map_or(Then::End, |step| Then::Step { step: *step });
                    Kind::Branch { when: when.clone(), then }
                }
            },
            counted: None,
            earlier: Vec::new(),
        };
        if let Some(before) = same.filter(|_| is_mail) {
            step.count_on_from(before, &fresh.counted, fresh.at);
        }
        step
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
        editions: Vec::new(),
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
/// written over unseen; without it nothing is compared. The last step stays while a worker is at work with it. `scope`
/// says for whom it counts; without it, `AsksForWhom` where leads are in flight. Leads that are left out of a change go on
/// with the words that were approved before it.
pub fn update(
    app: &App,
    actor: &Actor,
    id: SequenceId,
    form: &SequenceForm,
    read: Option<u32>,
    scope: Option<Scope>,
) -> Result<Sequence, OutreachError> {
    actor.require(Permission::EditOutreach)?;
    check(form)?;
    let now = app.now();
    let fresh = form.fresh_ids(now);
    // Read outside: who joins meanwhile is new to the change, and who leaves keeps an old version a little longer.
    let added = match scope {
        Some(Scope::InFlight) => Vec::new(),
        Some(Scope::NewLeads) | None => added_in_flight(app, actor.workspace, id)?,
    };
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
        match scope {
            None if after.steps != before.steps && before.approved.is_some() && !added.is_empty() => {
                return Err(OutreachError::AsksForWhom(added.len() as u64));
            }
            Some(Scope::NewLeads) if after.steps != before.steps && !added.is_empty() => {
                keep_edition(&mut after, &before, &added, now)?
            }
            Some(Scope::InFlight) if after.steps != before.steps => after.editions.clear(),
            Some(_) | None => {}
        }
        after.version += 1;
        after.changed_at = now;
        store::put_sequence(txn, actor.workspace, &after)?;
        changed(txn, actor, now, "sequence.changed", &after)?;
        Ok(after)
    })
}

/// Whoever was added until now goes on with the steps as they were approved: words that nobody has read are no version
/// to be left with. `added`: when each lead in flight was. Refused where leads walk too many older versions already.
fn keep_edition(
    after: &mut Sequence,
    before: &Sequence,
    added: &[UnixMillis],
    now: UnixMillis,
) -> Result<(), OutreachError> {
    let Some(approved) = before.approved.clone() else { return Ok(()) };
    let (version, steps) = match before.is_all_approved() {
        true => (before.version, before.steps.clone()),
        false => (approved.version, approved.steps.clone()),
    };
    if let Some(last) = after.editions.last_mut().filter(|last| last.version == version) {
        last.until = now;
        return Ok(());
    }
    after.editions.push(Edition { until: now, version, steps, approved: Some(approved) });
    if after.editions.len() > MOST_EDITIONS {
        let walked: Vec<u32> =
            added.iter().filter_map(|at| after.edition_of(*at)).map(|edition| edition.version).collect();
        after.editions.retain(|edition| walked.contains(&edition.version));
    }
    match after.editions.len() > MOST_EDITIONS {
        true => Err(OutreachError::TooManyEditions),
        false => Ok(()),
    }
}

/// When each lead was added that is on its way in a sequence, whichever worker has it: one that was given another
/// sequence since may still have leads in this one.
pub(super) fn added_in_flight(
    app: &App,
    workspace: WorkspaceId,
    sequence: SequenceId,
) -> Result<Vec<UnixMillis>, StoreError> {
    let mut added = Vec::new();
    for worker in workers::list(&app.store, workspace)? {
        for group in [Group::Waiting, Group::Queued, Group::Away, Group::Task] {
            let mut cursor = None;
            loop {
                let page = store::list_group(&app.store, workspace, worker.id, group, cursor.as_ref(), LOOKED_AT)?;
                let of = page.rows.iter().filter(|lead| lead.sequence == sequence);
                added.extend(of.map(|lead| lead.enrolled_at));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
    }
    Ok(added)
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

/// A person has read the changed texts: they may leave. What would keep a worker from being switched on keeps them
/// back as well: a sequence changes after that, too. `seen` is the version that was read; without it nothing is compared.
pub fn approve(app: &App, actor: &Actor, id: SequenceId, seen: Option<u32>) -> Result<Sequence, OutreachError> {
    actor.require(Permission::ActivateWorkers)?;
    let now = app.now();
    app.store.write(|txn| {
        let sequence = store::find_sequence(txn, actor.workspace, id)?.ok_or(OutreachError::NotFound)?;
        if is_unseen(&sequence, seen) {
            return Err(OutreachError::MayNotMove(READ_AGAIN.into()));
        }
        let wrong = blocking(txn, actor, &sequence)?;
        if !wrong.is_empty() {
            return Err(OutreachError::Mistakes(wrong));
        }
        Ok(approve_in(txn, actor, sequence, now)?)
    })
}

fn blocking(txn: &mut Txn<'_>, actor: &Actor, sequence: &Sequence) -> Result<Vec<Mistake>, StoreError> {
    let mut users = workers::list_in(txn, actor.workspace)?;
    users.retain(|worker| worker.sequence == Some(sequence.id));
    let found = checks::look(sequence, &checks::sample(txn, actor.workspace, &users)?);
    Ok(found.into_iter().filter(|found| found.is_blocking).map(Mistake::of).collect())
}

pub(super) const READ_AGAIN: &str = "The texts were changed since you read them. Read them again.";

/// There are words to approve, and not those that somebody has read.
pub(super) fn is_unseen(sequence: &Sequence, seen: Option<u32>) -> bool {
    !sequence.is_all_approved() && seen.is_some_and(|seen| seen != sequence.version)
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
