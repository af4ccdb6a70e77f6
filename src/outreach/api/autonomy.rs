//! `/v1/workers/{worker}/autonomy`: what leaves without a person, and the record that earns it.

use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::workers::worker_of;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{UnixMillis, WorkerId};
use crate::drafts::{self, LabelAutonomy, Standing, SwitchError};
use crate::http::api::{FieldError, Problem};
use crate::http::{run, ApiError, ApiJson};
use crate::outreach::OutreachError;

/// How one label stands, with one engine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LabelAutonomyJson {
    pub label: String,
    /// What writes the drafts: empty for the built-in engine, else the service and its model.
    pub engine: String,
    /// `locked` (always a person's), `earning`, `ready`, `on`, or `on_hold` (switched on, but its record no longer
    /// allows it, so a person decides).
    pub standing: String,
    /// Since when it is switched on.
    pub since: Option<String>,
    /// Why it is locked, or what the record lacks; empty otherwise.
    pub reason: String,
    /// Approved by people, edited ones among them.
    pub approved: u32,
    pub edited: u32,
    pub rejected: u32,
    /// Had left by themselves and were taken back.
    pub taken_back: u32,
}

impl From<LabelAutonomy> for LabelAutonomyJson {
    fn from(one: LabelAutonomy) -> Self {
        let lacks = one.figures.lacks();
        let (standing, since, reason) = match one.standing {
            Standing::Locked(why) => ("locked", None, why.to_owned()),
            Standing::Earning => ("earning", None, lacks),
            Standing::Ready => ("ready", None, lacks),
            Standing::On(at) if lacks.is_empty() => ("on", Some(at), lacks),
            Standing::On(at) => ("on_hold", Some(at), lacks),
        };
        Self {
            label: one.label.to_owned(),
            engine: one.engine,
            standing: standing.to_owned(),
            since: since.map(UnixMillis::to_rfc3339),
            reason,
            approved: one.figures.approved,
            edited: one.figures.edited,
            rejected: one.figures.rejected,
            taken_back: one.figures.taken_back,
        }
    }
}

/// Every label with its record.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AutonomyJson {
    pub labels: Vec<LabelAutonomyJson>,
}

/// Switches one label of one engine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchJson {
    pub label: String,
    /// Empty for the built-in engine.
    #[serde(default)]
    pub engine: String,
    pub on: bool,
}

fn read(app: &App, actor: &Actor, id: WorkerId) -> Result<AutonomyJson, ApiError> {
    let worker = worker_of(app, actor, id)?;
    let all = drafts::autonomy_of(&app.store, actor.workspace, &worker).map_err(OutreachError::from)?;
    Ok(AutonomyJson { labels: all.into_iter().map(LabelAutonomyJson::from).collect() })
}

/// What leaves without a person
#[utoipa::path(get, path = "/v1/workers/{worker}/autonomy", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "Every label with its record", body = AutonomyJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
pub async fn get_autonomy(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
) -> Result<HttpResponse, ApiError> {
    let found = run(move || {
        actor.require(Permission::ViewOutreach).map_err(OutreachError::from)?;
        read(&app, &actor, *id)
    });
    Ok(HttpResponse::Ok().json(found.await??))
}

/// Lets a label leave without a person, or no longer
///
/// Switching on needs the record: 20 approvals, and fewer than 20 % edited, rejected or taken back.
#[utoipa::path(put, path = "/v1/workers/{worker}/autonomy", tag = "workers", params(("worker" = String, Path,)),
    request_body = SwitchJson,
    responses((status = 200, description = "Every label with its record", body = AutonomyJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 422, description = "The label is locked, or its record does not allow it", body = Problem)))]
pub async fn put_autonomy(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<SwitchJson>,
) -> Result<HttpResponse, ApiError> {
    let SwitchJson { label, engine, on } = body.value;
    let switched = run(move || {
        drafts::switch_label(&app, &actor, *id, (&label, &engine), on).map_err(refusal)?;
        read(&app, &actor, *id)
    });
    Ok(HttpResponse::Ok().json(switched.await??))
}

fn refusal(error: SwitchError) -> ApiError {
    match error {
        SwitchError::Denied(denied) => OutreachError::from(denied).into(),
        SwitchError::NotFound => OutreachError::NotFound.into(),
        SwitchError::Store(error) => OutreachError::from(error).into(),
        refused => ApiError::invalid(vec![FieldError::at("/label", format!("{refused}."))]),
    }
}
