//! What a worker may follow up, and in which words.

use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, UnixMillis, WorkerId};
use crate::contacts::Contact;
use crate::language::merge;
use crate::messaging::{is_known_field, Fields};
use crate::store::{StoreError, Txn};
use crate::workers::{self, FollowUps, TextApproval, Worker, WorkerError};
use crate::workspaces::Workspace;

const LONGEST_TEXT: usize = 5_000;

/// What a person may set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleForm {
    pub on: bool,
    pub after_days: u16,
    pub then_days: u16,
    pub most: u8,
    pub text: String,
}

impl From<&FollowUps> for RuleForm {
    fn from(rule: &FollowUps) -> Self {
        let FollowUps { on, after_days, then_days, most, ref text, .. } = *rule;
        Self { on, after_days, then_days, most, text: text.clone() }
    }
}

impl RuleForm {
    fn mistakes(&self) -> Mistakes {
        let mut wrong = Mistakes::default();
        let days = 1..=FollowUps::MOST_DAYS;
        for (field, number) in [("after_days", self.after_days), ("then_days", self.then_days)] {
            wrong.expect(days.contains(&number), field, format!("Between 1 and {} days.", FollowUps::MOST_DAYS));
        }
        let most = format!("Between 1 and {}: more would be pestering.", FollowUps::MOST);
        wrong.expect((1..=FollowUps::MOST).contains(&self.most), "most", most);
        wrong.expect(self.text.chars().count() <= LONGEST_TEXT, "text", "At most 5,000 characters.");
        match merge::parse(&self.text) {
            Err(error) => wrong.add("text", format!("The text has a mistake. {error}")),
            Ok(template) => {
                let unknown = template.fields().into_iter().find(|field| !is_known_field(&field.name, &[]));
                if let Some(field) = unknown.filter(|field| !field.optional) {
                    wrong.add("text", format!("There is no field “{}” for every contact.", field.name));
                }
            }
        }
        wrong
    }
}

/// Replaces a worker's rule. A changed text waits for approval; what is planned already keeps its day.
pub fn set_rule(app: &App, actor: &Actor, id: WorkerId, form: &RuleForm) -> Result<Worker, WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let form = RuleForm { text: form.text.trim().replace("\r\n", "\n"), ..form.clone() };
    form.mistakes().into_result()?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = workers::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if RuleForm::from(&worker.follow_ups) == form {
            return Ok(worker);
        }
        let approved = worker.follow_ups.approved.take().filter(|_| worker.follow_ups.text == form.text);
        let RuleForm { on, after_days, then_days, most, text } = form.clone();
        worker.follow_ups = FollowUps { on, after_days, then_days, most, text, approved };
        workers::put(txn, actor.workspace, &worker)?;
        let detail = if on { format!("on, {most} after {after_days} days") } else { "off".to_owned() };
        note(txn, actor, now, "worker.follow_ups_changed", id, &detail)?;
        Ok(worker)
    })
}

/// A number for a text: where a word of it is another, so is the number.
pub fn words_of(text: &str) -> u64 {
    merge::seed(&[text.as_bytes()])
}

/// From now on follow-ups in these words leave without a draft (G1). `seen` stands for the words that were read
/// ([`words_of`]); without it nothing is compared.
pub fn approve_text(app: &App, actor: &Actor, id: WorkerId, seen: Option<u64>) -> Result<Worker, WorkerError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = workers::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if worker.follow_ups.text.is_empty() {
            return Err(Mistakes::one("text", "Write the text first.").into());
        }
        if seen.is_some_and(|seen| seen != words_of(&worker.follow_ups.text)) {
            return Err(WorkerError::Changed);
        }
        if worker.follow_ups.approved.is_none() {
            worker.follow_ups.approved = Some(TextApproval { by: actor.display.clone(), at: now });
            workers::put(txn, actor.workspace, &worker)?;
            note(txn, actor, now, "worker.follow_up_text_approved", id, "")?;
        }
        Ok(worker)
    })
}

fn note(
    txn: &mut Txn<'_>,
    actor: &Actor,
    now: UnixMillis,
    act: &str,
    id: WorkerId,
    detail: &str,
) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("worker {id}"), detail)
}

/// The worker's own text for one person, signed; `Err` says which field is missing.
pub fn written(worker: &Worker, contact: &Contact, workspace: &Workspace, number: u8) -> Result<String, String> {
    let fields = Fields::of(contact, worker, workspace);
    let template = merge::parse(&worker.follow_ups.text).map_err(|error| format!("The text has a mistake. {error}"))?;
    let seed = merge::seed(&[contact.id.as_bytes(), &[number]]);
    let rendered = merge::render(&template, &|name| fields.lookup(name), seed);
    match rendered.missing.first() {
        Some(name) => Err(format!("The {} of this lead is missing.", name.replace('_', " "))),
        None => Ok(fields.signed(rendered.text.trim())),
    }
}
