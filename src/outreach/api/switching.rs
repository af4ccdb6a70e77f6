//! `/v1/workers/{worker}/activate`, `pause`, `resume`, and the kill switch.

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::workers::{worker_json, worker_of, WorkerJson};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, MaybeJson, SeenVersion};
use crate::outreach::{activate_seen, OutreachError};
use crate::workers;

/// Switches a worker on, which approves the texts of its sequence. 409 `not_ready` lists what is missing; 409 also where
/// the sequence is no longer at the `version` that was read.
#[utoipa::path(post, path = "/v1/workers/{worker}/activate", tag = "workers", params(("worker" = String, Path,)),
    request_body = Option<SeenVersion>,
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 409, description = "What is missing, in words")))]
pub async fn activate_worker(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
    MaybeJson(body): MaybeJson<SeenVersion>,
) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    run(move || {
        once.carry_out(|| {
            let switched = activate_seen(&app, &actor, *id, body.value.version)?;
            ApiAnswer::json(StatusCode::OK, &worker_json(&app, &actor, &switched)?)
        })
    })
    .await?
}

/// Switches a worker off: nothing more leaves from that moment on.
#[utoipa::path(post, path = "/v1/workers/{worker}/pause", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The worker", body = WorkerJson)))]
pub async fn pause_worker(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let words = format!("Paused by the program {}.", actor.display);
            workers::pause(&app, &actor, *id, &words).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &worker_json(&app, &actor, &worker_of(&app, &actor, *id)?)?)
        })
    })
    .await?
}

/// Takes a pause back: the worker goes on as it was, without approving changed texts. 409 for one that is off or
/// stopped by itself.
#[utoipa::path(post, path = "/v1/workers/{worker}/resume", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 409, description = "Switch it on instead")))]
pub async fn resume_worker(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let resumed = workers::resume(&app, &actor, *id).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &worker_json(&app, &actor, &resumed)?)
        })
    })
    .await?
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Switched {
    /// How many workers were switched.
    workers: usize,
}

/// The kill switch: every worker of the workspace stops, nothing more leaves.
#[utoipa::path(post, path = "/v1/sending/pause", tag = "workers", responses((status = 200, description = "The workers that changed", body = Switched)))]
pub async fn pause_sending(app: web::Data<App>, actor: Actor, once: Once) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let workers = workers::pause_all(&app, &actor).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &Switched { workers })
        })
    })
    .await?
}

/// Switches those on again that the kill switch had stopped.
#[utoipa::path(post, path = "/v1/sending/resume", tag = "workers", responses((status = 200, description = "The workers that changed", body = Switched)))]
pub async fn resume_sending(app: web::Data<App>, actor: Actor, once: Once) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let workers = workers::resume_all(&app, &actor).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &Switched { workers })
        })
    })
    .await?
}
