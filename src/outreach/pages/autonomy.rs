//! What a worker may send without a person: label by label, the record that earns it and the switch.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::OutreachError;
use super::{day, hand_over, head, zone, Head};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
use crate::drafts::{self, LabelAutonomy, Standing, SwitchError, ENOUGH};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{reply_badge, Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

#[derive(Template)]
#[template(path = "outreach/autonomy.html")]
pub struct AutonomyPage {
    pub layout: Layout,
    pub head: Head,
    /// The labels by what wrote the drafts: the built-in engine first, then each AI service that has a record.
    pub engines: Vec<OfEngine>,
    pub locked: Vec<LockedRow>,
    pub enough: u32,
    /// What was refused a moment ago, in words; empty otherwise.
    pub refused: String,
    pub hand_over: HandOver,
}

/// The owner's rules and guidelines.
pub struct HandOver {
    /// Each in words, as the end of "Handed over because".
    pub rules: Vec<String>,
    /// Labels with the tags that they give.
    pub tags: Vec<hand_over::TagRow>,
    pub typed: hand_over::Typed,
    pub errors: FieldErrors,
    pub kinds: Vec<Choice>,
    pub labels: Vec<Choice>,
}

/// The labels of one engine.
pub struct OfEngine {
    /// As the form names it; empty for the built-in engine.
    pub engine: String,
    pub rows: Vec<Row>,
}

/// A label that can be switched.
pub struct Row {
    pub label: &'static str,
    pub act: &'static str,
    pub record: String,
    pub unedited: u64,
    pub enough: u64,
    /// "since 24 November"; empty while a person decides.
    pub since: String,
    /// What the record lacks; empty when the switch is free.
    pub lacks: String,
}

impl Row {
    pub fn is_on(&self) -> bool {
        !self.since.is_empty()
    }

    /// For who does not see which row a button stands in.
    pub fn name(&self) -> &'static str {
        reply_badge(self.label).words
    }
}

pub struct LockedRow {
    pub label: &'static str,
    pub why: &'static str,
}

#[derive(Debug, Deserialize)]
pub struct SwitchForm {
    label: String,
    /// Whose drafts; empty for the built-in engine.
    #[serde(default)]
    engine: String,
    to: String,
}

/// GET /outreach/{worker}/autonomy
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, *worker, String::new())).await??;
    html(StatusCode::OK, &page)
}

/// POST /outreach/{worker}/autonomy: 303 back; 422 with the reason when the label is locked or its record too short.
pub async fn switch(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<SwitchForm>,
) -> Result<HttpResponse, PageError> {
    let worker = *worker;
    let SwitchForm { label, engine, to } = form.into_inner();
    let on = to == "on";
    let switched = {
        let (app, actor) = (app.clone(), actor.clone());
        run(move || drafts::switch_label(&app, &actor, worker, (&label, &engine), on)).await?
    };
    match switched {
        Ok(label) => {
            let name = reply_badge(label).words;
            let words = if on { "Answers leave by themselves" } else { "A person decides again" };
            let toast = Toast::new(format!("{name}: {}.", words.to_lowercase()));
            Ok(with_toast(see_other(&format!("/outreach/{worker}/autonomy")), &cookies, &toast))
        }
        Err(SwitchError::Locked(why)) => refuse(app, actor, frame, worker, why.to_owned()).await,
        Err(SwitchError::NotEarned(figures)) => {
            let words = format!("Not yet: {}. {}", figures.words().to_lowercase(), figures.lacks());
            refuse(app, actor, frame, worker, words).await
        }
        Err(SwitchError::Denied(denied)) => Err(denied.into()),
        Err(SwitchError::NotFound) => Err(PageError::NotFound),
        Err(SwitchError::Store(error)) => Err(OutreachError::from(error).into()),
    }
}

async fn refuse(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: WorkerId,
    words: String,
) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, worker, words)).await??;
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    refused: String,
) -> Result<AutonomyPage, OutreachError> {
    page_with(app, actor, frame, id, refused, None)
}

/// With what was typed for a rule or the guidelines, and what is wrong with it.
pub fn page_with(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    refused: String,
    typed: Option<(hand_over::Typed, FieldErrors)>,
) -> Result<AutonomyPage, OutreachError> {
    let head = head(app, actor, id, "autonomy")?;
    let zone = zone(app, actor)?;
    let (mut engines, mut locked): (Vec<OfEngine>, Vec<LockedRow>) = (Vec::new(), Vec::new());
    for one in drafts::autonomy_of(&app.store, actor.workspace, &head.worker)? {
        if let Standing::Locked(why) = one.standing {
            locked.push(LockedRow { label: one.label, why });
            continue;
        }
        let row = row(&one, &zone);
        match engines.last_mut().filter(|last| last.engine == one.engine) {
            Some(last) => last.rows.push(row),
            None => engines.push(OfEngine { engine: one.engine, rows: vec![row] }),
        }
    }
    let layout = frame.layout(format!("Autonomy of {}", head.worker.name));
    let (typed, errors) = typed.map_or((None, FieldErrors::default()), |(typed, errors)| (Some(typed), errors));
    let hand_over = hand_over::card(&head.worker, typed, errors);
    Ok(AutonomyPage { layout, head, engines, locked, enough: ENOUGH, refused, hand_over })
}

fn row(one: &LabelAutonomy, zone: &jiff::tz::TimeZone) -> Row {
    let since = match one.standing {
        Standing::On(at) => format!("since {}", day(at, zone)),
        _ => String::new(),
    };
    Row {
        label: one.label,
        act: one.act,
        record: one.figures.words(),
        unedited: u64::from(one.figures.unedited()),
        enough: u64::from(one.figures.decided().max(ENOUGH)),
        since,
        lacks: one.figures.lacks(),
    }
}
