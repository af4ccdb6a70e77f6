//! `/v1/workers/{worker}/escalations`: what is handed to a person, and how answers should sound.

use std::collections::BTreeMap;

use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::workers::worker_of;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::WorkerId;
use crate::http::api::Problem;
use crate::http::{run, ApiError, ApiJson};
use crate::outreach::OutreachError;
use crate::workers::{self, Escalation, Guidelines, Worker, LOCKED};

/// When an answer is handed to a person: nothing is drafted or booked for it. An opt-out and what was not read surely
/// are handed over anyway.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "when", deny_unknown_fields)]
pub enum EscalationJson {
    /// It says one of these, whole words, whatever their case.
    Says { words: Vec<String> },
    /// It was read as this label.
    ReadAs { label: String },
    /// The contact has this tag.
    Tagged { tag: String },
    /// It comes from this domain or one below it.
    From { domain: String },
}

/// The rules of a worker, and its guidelines.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationsJson {
    /// At most 20.
    pub rules: Vec<EscalationJson>,
    /// How answers should sound, in at most 1,500 characters. It permits nothing.
    #[serde(default)]
    pub guidelines: String,
    /// Words that no draft says; at most 20.
    #[serde(default)]
    pub avoid: Vec<String>,
    /// The rules that hold for every worker, before the others. They cannot be changed: what is written here is ignored.
    #[serde(default)]
    pub locked: Vec<LockedRuleJson>,
}

/// A rule that nobody can change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LockedRuleJson {
    /// `opt_out` or `unsure`.
    pub when: String,
    /// In words.
    pub words: String,
}

impl From<Escalation> for EscalationJson {
    fn from(rule: Escalation) -> Self {
        match rule {
            Escalation::Says { words } => Self::Says { words },
            Escalation::ReadAs { label } => Self::ReadAs { label },
            Escalation::Tagged { tag } => Self::Tagged { tag },
            Escalation::From { domain } => Self::From { domain },
        }
    }
}

impl From<EscalationJson> for Escalation {
    fn from(rule: EscalationJson) -> Self {
        match rule {
            EscalationJson::Says { words } => Self::Says { words },
            EscalationJson::ReadAs { label } => Self::ReadAs { label },
            EscalationJson::Tagged { tag } => Self::Tagged { tag },
            EscalationJson::From { domain } => Self::From { domain },
        }
    }
}

impl From<Worker> for EscalationsJson {
    fn from(worker: Worker) -> Self {
        Self {
            rules: worker.escalations.into_iter().map(EscalationJson::from).collect(),
            guidelines: worker.guidelines.text,
            avoid: worker.guidelines.avoid,
            locked: LOCKED.map(|(when, words)| LockedRuleJson { when: when.into(), words: words.into() }).to_vec(),
        }
    }
}

/// The tags that leads get by what their answers were read as.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyTagsJson {
    /// By label; an empty tag is none.
    pub tags: BTreeMap<String, String>,
}

/// The tags that a worker gives
#[utoipa::path(get, path = "/v1/workers/{worker}/reply-tags", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "Tags by label", body = ReplyTagsJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn get_reply_tags(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
) -> Result<HttpResponse, ApiError> {
    let found = run(move || worker_of(&app, &actor, *id)).await??;
    Ok(HttpResponse::Ok().json(ReplyTagsJson { tags: found.reply_tags }))
}

/// Replaces the tags that a worker gives
#[utoipa::path(put, path = "/v1/workers/{worker}/reply-tags", tag = "workers", params(("worker" = String, Path,)),
    request_body = ReplyTagsJson,
    responses((status = 200, description = "Tags by label, as they are kept", body = ReplyTagsJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 422, description = "A label or a tag is wrong", body = Problem)))]
pub async fn put_reply_tags(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<ReplyTagsJson>,
) -> Result<HttpResponse, ApiError> {
    let tags = body.value.tags;
    let saved = run(move || workers::set_reply_tags(&app, &actor, *id, &tags).map_err(OutreachError::from));
    Ok(HttpResponse::Ok().json(ReplyTagsJson { tags: saved.await??.reply_tags }))
}

/// What a worker hands to a person
#[utoipa::path(get, path = "/v1/workers/{worker}/escalations", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The rules and guidelines", body = EscalationsJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn get_escalations(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
) -> Result<HttpResponse, ApiError> {
    let found = run(move || {
        actor.require(Permission::ViewOutreach).map_err(OutreachError::from)?;
        worker_of(&app, &actor, *id)
    });
    Ok(HttpResponse::Ok().json(EscalationsJson::from(found.await??)))
}

/// Replaces what a worker hands to a person
#[utoipa::path(put, path = "/v1/workers/{worker}/escalations", tag = "workers", params(("worker" = String, Path,)),
    request_body = EscalationsJson,
    responses((status = 200, description = "The rules and guidelines as they are kept", body = EscalationsJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 422, description = "A rule is wrong", body = Problem)))]
pub async fn put_escalations(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<EscalationsJson>,
) -> Result<HttpResponse, ApiError> {
    let EscalationsJson { rules, guidelines, avoid, .. } = body.value;
    let (rules, guidelines) =
        (rules.into_iter().map(Escalation::from).collect(), Guidelines { text: guidelines, avoid });
    let saved =
        run(move || workers::set_escalations(&app, &actor, *id, rules, &guidelines).map_err(OutreachError::from));
    Ok(HttpResponse::Ok().json(EscalationsJson::from(saved.await??)))
}
