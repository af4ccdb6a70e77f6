//! Follow-ups after an answer: what a worker may do, what is planned, and what became of it.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::super::OutreachError;
use super::{cursor, head, when, zone, Head};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, FollowUpId, UnixMillis, WorkerId};
use crate::contacts;
use crate::follow_ups::{self, FollowUp, FollowUpError, RuleForm, State};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Pager};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Seen, Toast};
use crate::messaging;
use crate::workers::{FollowUps, WorkerError};

const PAGE: usize = 25;

#[derive(Template)]
#[template(path = "outreach/follow_ups.html")]
pub struct FollowUpsPage {
    pub layout: Layout,
    pub head: Head,
    pub typed: Typed,
    pub errors: FieldErrors,
    /// How the text leaves, in words.
    pub standing: String,
    pub may_approve: bool,
    /// The saved text, which a yes is for.
    pub text_number: u64,
    pub may_cancel: bool,
    pub rows: Vec<Row>,
    pub pager: Pager,
    pub here: String,
}

pub struct Row {
    pub id: FollowUpId,
    pub name: String,
    pub href: String,
    pub reply: String,
    pub tone: &'static str,
    pub state: &'static str,
    pub words: String,
    pub iso: String,
    pub due: String,
    pub is_open: bool,
    /// The draft that waits; empty where none does.
    pub draft: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    pub on: String,
    #[serde(default)]
    pub after_days: String,
    #[serde(default)]
    pub then_days: String,
    #[serde(default)]
    pub most: String,
    #[serde(default)]
    pub text: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    cursor: Option<String>,
}

impl Typed {
    fn of(rule: &FollowUps) -> Self {
        Self {
            on: if rule.on { "on".to_owned() } else { String::new() },
            after_days: rule.after_days.to_string(),
            then_days: rule.then_days.to_string(),
            most: rule.most.to_string(),
            text: rule.text.clone(),
        }
    }

    pub fn is_on(&self) -> bool {
        self.on == "on"
    }

    /// What is no number counts as one that is out of range, and is told beside its field.
    fn form(&self) -> RuleForm {
        let number = |text: &str| text.trim().parse::<u16>().unwrap_or_default();
        RuleForm {
            on: self.is_on(),
            after_days: number(&self.after_days),
            then_days: number(&self.then_days),
            most: u8::try_from(number(&self.most)).unwrap_or_default(),
            text: self.text.clone(),
        }
    }
}

/// GET /outreach/{worker}/follow-ups?cursor=
pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    let cursor = cursor(asked.cursor.as_deref())?;
    let page = run(move || page(&app, &actor, &frame, *worker, cursor.as_ref(), None)).await??;
    html(StatusCode::OK, &page)
}

/// POST /outreach/{worker}/follow-ups: 303 back; 422 with what was typed when it does not parse.
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
        let (app, actor, form) = (app.clone(), actor.clone(), typed.form());
        run(move || follow_ups::set_rule(&app, &actor, worker, &form)).await?
    };
    match saved {
        Ok(saved) => {
            let words = if saved.follow_ups.on { "Follow-ups are on." } else { "Follow-ups are off." };
            Ok(with_toast(back(worker), &cookies, &Toast::new(words)))
        }
        Err(WorkerError::Invalid(mistakes)) => {
            let typed = (typed, FieldErrors::from(mistakes));
            let page = run(move || page(&app, &actor, &frame, worker, None, Some(typed))).await??;
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(OutreachError::from(error).into()),
    }
}

/// POST /outreach/{worker}/follow-ups/approve: the text leaves without a draft from now on.
pub async fn approve(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: web::Form<Seen>,
) -> Result<HttpResponse, PageError> {
    let worker = *worker;
    let approved = run(move || follow_ups::approve_text(&app, &actor, worker, form.seen)).await?;
    let toast = match approved {
        Ok(_) => Toast::new("Follow-ups in these words leave by themselves."),
        Err(WorkerError::Invalid(_)) => Toast::new("There is no text to approve yet."),
        Err(error) => return Err(OutreachError::from(error).into()),
    };
    Ok(with_toast(back(worker), &cookies, &toast))
}

/// POST /follow-ups/{id}/cancel: back to the worker's list.
pub async fn cancel(
    app: web::Data<App>,
    actor: Actor,
    cookies: web::Data<Cookies>,
    id: web::Path<FollowUpId>,
) -> Result<HttpResponse, PageError> {
    let cancelled = run(move || follow_ups::cancel(&app, &actor, *id)).await??;
    Ok(with_toast(back(cancelled.worker), &cookies, &Toast::new("The follow-up is cancelled.")))
}

fn back(worker: WorkerId) -> HttpResponse {
    see_other(&format!("/outreach/{worker}/follow-ups"))
}

impl From<FollowUpError> for PageError {
    fn from(error: FollowUpError) -> Self {
        match error {
            FollowUpError::Denied(denied) => denied.into(),
            FollowUpError::NotFound => Self::NotFound,
            FollowUpError::Over => Self::conflict("It has left, or was ended before.", "There is nothing to cancel."),
            FollowUpError::Store(error) => Self::internal("could not change a follow-up", &error),
        }
    }
}

pub fn page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    id: WorkerId,
    cursor: Option<&Cursor>,
    typed: Option<(Typed, FieldErrors)>,
) -> Result<FollowUpsPage, OutreachError> {
    let head = head(app, actor, id, "follow-ups")?;
    let zone = zone(app, actor)?;
    let found = follow_ups::list_of_worker(&app.store, actor.workspace, id, cursor, PAGE)?;
    let mut rows = Vec::new();
    for follow_up in &found.rows {
        rows.push(row(app, actor, follow_up, &zone)?);
    }
    let here = format!("/outreach/{id}/follow-ups");
    let shown = if rows.is_empty() { String::new() } else { "Newest first".to_owned() };
    let older = found.next.map(|next| format!("{here}?cursor={next}"));
    let rule = &head.worker.follow_ups;
    let (typed, errors) = typed.unwrap_or_else(|| (Typed::of(rule), FieldErrors::default()));
    Ok(FollowUpsPage {
        layout: frame.live_layout(format!("Follow-ups of {}", head.worker.name)),
        standing: standing(rule, &zone),
        may_approve: actor.may(Permission::ApproveDrafts) && !rule.text.is_empty() && rule.approved.is_none(),
        text_number: follow_ups::words_of(&rule.text),
        may_cancel: actor.may(Permission::HandleReplies),
        pager: Pager { shown, newer: cursor.map(|_| here.clone()), older },
        typed,
        errors,
        rows,
        head,
        here,
    })
}

fn standing(rule: &FollowUps, zone: &jiff::tz::TimeZone) -> String {
    match &rule.approved {
        _ if rule.text.is_empty() => "The built-in engine writes each as a draft, in their language.".to_owned(),
        None => "Nobody has approved this text, so each follow-up waits as a draft.".to_owned(),
        Some(approved) => format!("Approved by {}, {}: it leaves by itself.", approved.by, when(approved.at, zone)),
    }
}

fn row(app: &App, actor: &Actor, row: &FollowUp, zone: &jiff::tz::TimeZone) -> Result<Row, OutreachError> {
    let contact = contacts::get(&app.store, actor.workspace, row.contact)?;
    let at = match &row.state {
        State::Sent { message } => sent_at(app, actor, *message)?.unwrap_or(row.changed_at),
        State::Planned | State::Drafted { .. } | State::Queued { .. } => row.due,
        State::Ended(_) => row.changed_at,
    };
    let words = match &row.state {
        State::Ended(ended) => ended.reason.clone(),
        State::Planned => format!("Number {} of {}, unless they answer.", row.number, most(app, actor, row)?),
        State::Drafted { .. } | State::Queued { .. } | State::Sent { .. } => String::new(),
    };
    Ok(Row {
        id: row.id,
        name: contact.map_or_else(|| "Erased".to_owned(), |contact| contact.name()),
        href: format!("/contacts/{}", row.contact),
        reply: format!("/replies/{}", row.reply),
        tone: match row.state {
            State::Planned | State::Queued { .. } | State::Sent { .. } => "ok",
            State::Drafted { .. } => "warn",
            State::Ended(_) => "off",
        },
        state: row.state.words(),
        words,
        iso: at.to_rfc3339(),
        due: when(at, zone),
        is_open: row.state.is_open(),
        draft: match row.state {
            State::Drafted { draft } => format!("/approvals/{draft}"),
            _ => String::new(),
        },
    })
}

fn most(app: &App, actor: &Actor, row: &FollowUp) -> Result<u8, OutreachError> {
    let worker = crate::workers::get(&app.store, actor.workspace, row.worker)?;
    Ok(worker.map_or(row.number, |worker| worker.follow_ups.most.max(row.number)))
}

fn sent_at(app: &App, actor: &Actor, id: crate::base::MessageId) -> Result<Option<UnixMillis>, OutreachError> {
    Ok(messaging::get_message(&app.store, actor.workspace, id)?.and_then(|message| message.sent_at))
}
