//! What is handed to a person, and how answers should sound: two cards below the autonomy of a worker.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::Deserialize;

use super::super::OutreachError;
use super::autonomy::{self, HandOver};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
use crate::http::respond::with_toast;
use crate::http::ui::{reply_badge, Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::workers::{self, Escalation, Guidelines, Worker, WorkerError, LABELS, TAGGED};

/// One form for three acts: `add` a rule, `remove` the one at a place, `guidelines`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Typed {
    pub act: String,
    /// What a new rule looks at: `says`, `read_as`, `tagged`, `from`.
    #[serde(default)]
    pub when: String,
    #[serde(default, rename = "rules")]
    pub rule: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub at: usize,
    #[serde(default)]
    pub guidelines: String,
    #[serde(default)]
    pub avoid: String,
}

/// One field for each label.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct TagsForm(BTreeMap<String, String>);

/// A label with the tag that it gives.
pub struct TagRow {
    /// `tag_interested`
    pub field: String,
    pub label: &'static str,
    pub tag: String,
}

pub fn tag_rows(worker: &Worker) -> Vec<TagRow> {
    let row = |label: &&str| TagRow {
        field: format!("tag_{label}"),
        label: reply_badge(label).words,
        tag: worker.reply_tags.get(*label).cloned().unwrap_or_default(),
    };
    TAGGED.iter().map(row).collect()
}

/// POST /outreach/{worker}/tags: 303 back to the rules.
pub async fn save_tags(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<TagsForm>,
) -> Result<HttpResponse, PageError> {
    let worker = *worker;
    let typed = form.into_inner().0;
    let tags: BTreeMap<String, String> =
        typed.iter().filter_map(|(name, tag)| Some((name.strip_prefix("tag_")?.to_owned(), tag.clone()))).collect();
    let saved = run(move || workers::set_reply_tags(&app, &actor, worker, &tags)).await?;
    let toast = match saved {
        Ok(_) => Toast::new("The tags are saved."),
        Err(WorkerError::Invalid(mistakes)) => Toast::new(mistakes.words()),
        Err(error) => return Err(OutreachError::from(error).into()),
    };
    Ok(with_toast(see_other(&format!("/outreach/{worker}/autonomy")), &cookies, &toast))
}

impl Typed {
    /// The form as it stands for a worker.
    fn of(worker: &Worker) -> Self {
        Self {
            when: "says".to_owned(),
            guidelines: worker.guidelines.text.clone(),
            avoid: worker.guidelines.avoid.join(", "),
            ..Self::default()
        }
    }

    fn change(&self, worker: &Worker) -> (Vec<Escalation>, Guidelines) {
        let (mut rules, mut guidelines) = (worker.escalations.clone(), worker.guidelines.clone());
        match self.act.as_str() {
            "add" => rules.push(self.new_rule()),
            "remove" if self.at < rules.len() => drop(rules.remove(self.at)),
            "guidelines" => {
                guidelines = Guidelines { text: self.guidelines.clone(), avoid: words_of(&self.avoid) };
            }
            _ => {}
        }
        (rules, guidelines)
    }

    fn new_rule(&self) -> Escalation {
        let value = self.rule.clone();
        match self.when.as_str() {
            "read_as" => Escalation::ReadAs { label: self.label.clone() },
            "tagged" => Escalation::Tagged { tag: value },
            "from" => Escalation::From { domain: value },
            _ => Escalation::Says { words: words_of(&value) },
        }
    }
}

/// Words or phrases between commas or on lines.
fn words_of(text: &str) -> Vec<String> {
    text.split([',', ';', '\n']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What the cards show.
pub fn card(worker: &Worker, typed: Option<Typed>, errors: FieldErrors) -> HandOver {
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    HandOver {
        tags: tag_rows(worker),
        rules: worker.escalations.iter().map(Escalation::words).collect(),
        typed: typed.unwrap_or_else(|| Typed::of(worker)),
        errors,
        kinds: vec![
            choice("says", "It says one of these words"),
            choice("read_as", "It was read as"),
            choice("tagged", "The contact has the tag"),
            choice("from", "It comes from the domain"),
        ],
        labels: LABELS.iter().map(|label| choice(label, reply_badge(label).words)).collect(),
    }
}

/// POST /outreach/{worker}/hand-over: 303 back; 422 with what was typed when it does not parse.
pub async fn save(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Typed>,
) -> Result<HttpResponse, PageError> {
    let (worker, typed) = (*worker, form.into_inner());
    let saved = {
        let (app, actor, typed) = (app.clone(), actor.clone(), typed.clone());
        run(move || change(&app, &actor, worker, &typed)).await?
    };
    let errors = match saved {
        Ok(()) => {
            let words = if typed.act == "guidelines" { "Saved." } else { "The rules are changed." };
            return Ok(with_toast(see_other(&format!("/outreach/{worker}/autonomy")), &cookies, &Toast::new(words)));
        }
        Err(WorkerError::Invalid(mistakes)) => FieldErrors::from(mistakes),
        Err(error) => return Err(OutreachError::from(error).into()),
    };
    let page =
        run(move || autonomy::page_with(&app, &actor, &frame, worker, String::new(), Some((typed, errors)))).await??;
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn change(app: &App, actor: &Actor, id: WorkerId, typed: &Typed) -> Result<(), WorkerError> {
    let worker = workers::get(&app.store, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
    let (rules, guidelines) = typed.change(&worker);
    workers::set_escalations(app, actor, id, rules, &guidelines).map(drop)
}
