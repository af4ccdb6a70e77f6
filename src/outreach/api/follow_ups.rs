//! `/v1/follow-ups` and the rule of each worker: reminders to who went quiet after an answer.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::service;
use super::workers::worker_of;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{FollowUpId, UnixMillis, WorkerId};
use crate::follow_ups::{self, FollowUp, FollowUpError, RuleForm, State};
use crate::http::api::Problem;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageError, PageQuery, SeenWords};
use crate::outreach::OutreachError;
use crate::workers::{FollowUps, Worker};

/// What a worker does when somebody goes quiet after an answer. What is left out is as for a new worker.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleJson {
    pub on: bool,
    /// Days of sending between our answer and the first, 1 to 60.
    pub after_days: u16,
    /// Between two of them.
    pub then_days: u16,
    /// At most so many after one answer, 1 to 3.
    pub most: u8,
    /// What they say, with merge fields; empty: the built-in engine writes a draft each time.
    pub text: String,
}

impl Default for RuleJson {
    fn default() -> Self {
        let FollowUps { on, after_days, then_days, most, text, .. } = FollowUps::default();
        Self { on, after_days, then_days, most, text }
    }
}

/// The rule as it stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StandingRuleJson {
    pub on: bool,
    pub after_days: u16,
    pub then_days: u16,
    pub most: u8,
    pub text: String,
    /// Stands for the text; an approval names it.
    pub words: String,
    /// Who approved just this text; without it each follow-up waits as a draft.
    pub approved_by: Option<String>,
    pub approved_at: Option<String>,
}

impl From<Worker> for StandingRuleJson {
    fn from(worker: Worker) -> Self {
        let FollowUps { on, after_days, then_days, most, text, approved } = worker.follow_ups;
        let approved_at = approved.as_ref().map(|approved| approved.at.to_rfc3339());
        let (words, approved_by) = (follow_ups::words_of(&text).to_string(), approved.map(|approved| approved.by));
        Self { on, after_days, then_days, most, text, words, approved_by, approved_at }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FollowUpJson {
    pub id: String,
    pub worker_id: String,
    pub contact_id: String,
    /// What they had written.
    pub reply_id: String,
    /// Our mail after which they went quiet.
    pub after_message_id: String,
    /// From 1, of those after one answer.
    pub number: u8,
    /// When it is looked at; the gate may let it go later.
    pub due_at: String,
    /// `planned`, `drafted` (a draft waits for a person), `queued`, `sent` or `ended`.
    pub state: String,
    /// Why it ended.
    pub reason: Option<String>,
    pub draft_id: Option<String>,
    pub message_id: Option<String>,
}

impl From<FollowUp> for FollowUpJson {
    fn from(row: FollowUp) -> Self {
        let state = row.state.name().to_owned();
        let (mut reason, mut draft_id, mut message_id) = (None, None, None);
        match row.state {
            State::Planned => {}
            State::Drafted { draft } => draft_id = Some(draft.to_string()),
            State::Queued { message } | State::Sent { message } => message_id = Some(message.to_string()),
            State::Ended(ended) => reason = Some(ended.reason),
        }
        Self {
            id: row.id.to_string(),
            worker_id: row.worker.to_string(),
            contact_id: row.contact.to_string(),
            reply_id: row.reply.to_string(),
            after_message_id: row.after.to_string(),
            number: row.number,
            due_at: UnixMillis::to_rfc3339(row.due),
            state,
            reason,
            draft_id,
            message_id,
        }
    }
}

impl From<FollowUpError> for ApiError {
    fn from(error: FollowUpError) -> Self {
        match error {
            FollowUpError::Over => ApiError::conflict("It has left, or was ended before."),
            other => PageError::from(other).into(),
        }
    }
}

/// What a worker does when somebody goes quiet
#[utoipa::path(get, path = "/v1/workers/{worker}/follow-up-rule", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The rule", body = StandingRuleJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn get_rule(app: web::Data<App>, actor: Actor, id: web::Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    let found = service(move || worker_of(&app, &actor, *id)).await?;
    Ok(HttpResponse::Ok().json(StandingRuleJson::from(found)))
}

/// Replaces what a worker does when somebody goes quiet
///
/// A changed text waits for approval.
#[utoipa::path(put, path = "/v1/workers/{worker}/follow-up-rule", tag = "workers", params(("worker" = String, Path,)),
    request_body = RuleJson,
    responses((status = 200, description = "The rule", body = StandingRuleJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 422, description = "Something in it is wrong", body = Problem)))]
pub async fn put_rule(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<RuleJson>,
) -> Result<HttpResponse, ApiError> {
    let RuleJson { on, after_days, then_days, most, text } = body.value;
    let form = RuleForm { on, after_days, then_days, most, text };
    let saved = service(move || follow_ups::set_rule(&app, &actor, *id, &form).map_err(OutreachError::from)).await?;
    Ok(HttpResponse::Ok().json(StandingRuleJson::from(saved)))
}

/// Lets follow-ups in the worker's text leave without a draft
#[utoipa::path(post, path = "/v1/workers/{worker}/follow-up-rule/approve", tag = "workers", params(("worker" = String, Path,)),
    request_body = Option<SeenWords>,
    responses((status = 200, description = "The rule", body = StandingRuleJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 409, description = "It reads differently by now", body = Problem),
              (status = 422, description = "There is no text", body = Problem)))]
pub async fn approve_rule(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
    MaybeJson(body): MaybeJson<SeenWords>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once, seen) = (*id, once.of(&body), body.value.words()?);
    run(move || {
        once.carry_out(|| {
            let saved = follow_ups::approve_text(&app, &actor, id, seen).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &StandingRuleJson::from(saved))
        })
    })
    .await?
}

/// Follow-ups of a worker, newest first
#[utoipa::path(get, path = "/v1/workers/{worker}/follow-ups", tag = "workers", params(("worker" = String, Path,), PageQuery),
    responses((status = 200, description = "A page of follow-ups", body = ApiPage<FollowUpJson>),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn list(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (cursor, limit) = query.parts()?;
    let page = service(move || {
        let worker = worker_of(&app, &actor, *id)?;
        Ok(follow_ups::list_of_worker(&app.store, actor.workspace, worker.id, cursor.as_ref(), limit)?)
    });
    let page = page.await?;
    Ok(HttpResponse::Ok().json(query.answer(page.map(FollowUpJson::from))))
}

/// One follow-up
#[utoipa::path(get, path = "/v1/follow-ups/{id}", tag = "workers", params(("id" = String, Path,)),
    responses((status = 200, description = "The follow-up", body = FollowUpJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn get(app: web::Data<App>, actor: Actor, id: web::Path<FollowUpId>) -> Result<HttpResponse, ApiError> {
    let found = service(move || {
        actor.require(Permission::ViewOutreach)?;
        follow_ups::get(&app.store, actor.workspace, *id)?.ok_or(OutreachError::NotFound)
    });
    Ok(HttpResponse::Ok().json(FollowUpJson::from(found.await?)))
}

/// Cancels a follow-up that has not left
#[utoipa::path(post, path = "/v1/follow-ups/{id}/cancel", tag = "workers", params(("id" = String, Path,)),
    responses((status = 200, description = "It is ended", body = FollowUpJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 409, description = "It has left, or was ended before", body = Problem)))]
pub async fn cancel(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<FollowUpId>,
) -> Result<ApiAnswer, ApiError> {
    let id = *id;
    run(move || {
        once.carry_out(|| {
            let cancelled = follow_ups::cancel(&app, &actor, id)?;
            ApiAnswer::json(StatusCode::OK, &FollowUpJson::from(cancelled))
        })
    })
    .await?
}
