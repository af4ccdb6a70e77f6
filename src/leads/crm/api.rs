//! `/v1/crm`: the connected customer systems. Connecting takes a token, which a person gives on the page.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::model::{Report, State, Vendor};
use super::service::{self, Shown};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, PageError};
use crate::leads::LeadError;

pub fn api_routes(config: &mut ServiceConfig) {
    config.service(web::resource("/crm").get(list)).service(web::resource("/crm/{vendor}/pull").post(pull));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(list, pull))]
    struct Doc;
    Doc::openapi()
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiSystems {
    pub systems: Vec<ApiSystem>,
}

/// A connected customer system. Tokens are never shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiSystem {
    /// `hubspot` or `pipedrive`.
    pub vendor: &'static str,
    pub account: String,
    /// `working` or `needs_owner`.
    pub state: &'static str,
    pub reason: Option<String>,
    /// Changes are pulled every hour.
    pub keeps_up: bool,
    pub is_pulling: bool,
    /// What is written there: `labels`, `meetings`, `status`.
    pub writes: Vec<&'static str>,
    pub last_pull: Option<ApiPull>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiPull {
    pub at: String,
    pub added: u64,
    pub updated: u64,
    pub same: u64,
    pub refused: u64,
}

impl From<&Shown> for ApiSystem {
    fn from(shown: &Shown) -> Self {
        let system = &shown.system;
        let (state, reason) = match &system.state {
            State::Working => ("working", None),
            State::NeedsOwner { reason, .. } => ("needs_owner", Some(reason.clone())),
        };
        let writes = system.writes;
        let chosen = [("labels", writes.labels), ("meetings", writes.meetings), ("status", writes.status)];
        Self {
            vendor: system.vendor.as_str(),
            account: system.account.clone(),
            state,
            reason,
            keeps_up: system.keeps_up,
            is_pulling: system.pull.is_running,
            writes: chosen.into_iter().filter(|(_, on)| *on).map(|(word, _)| word).collect(),
            last_pull: system.pull.report.as_ref().map(ApiPull::from),
        }
    }
}

impl From<&Report> for ApiPull {
    fn from(report: &Report) -> Self {
        let Report { at, added, updated, same, refused, .. } = report.clone();
        Self { at: at.to_rfc3339(), added, updated, same, refused }
    }
}

/// Lists the connected systems.
#[utoipa::path(get, path = "/v1/crm", tag = "leads",
    responses((status = 200, description = "The systems", body = ApiSystems)))]
async fn list(app: web::Data<App>, actor: Actor) -> Result<web::Json<ApiSystems>, ApiError> {
    let systems = run(move || {
        let found = Vendor::ALL.into_iter().filter_map(|vendor| service::get(&app, &actor, vendor).transpose());
        found.map(|shown| Ok(ApiSystem::from(&shown?))).collect::<Result<Vec<_>, LeadError>>()
    });
    Ok(web::Json(ApiSystems { systems: systems.await?? }))
}

/// Starts pulling people, in the background.
#[utoipa::path(post, path = "/v1/crm/{vendor}/pull", tag = "leads", params(("vendor" = String, Path)),
    responses((status = 200, description = "The system", body = ApiSystem),
              (status = 404, description = "It is not connected")))]
async fn pull(app: web::Data<App>, actor: Actor, once: Once, vendor: web::Path<String>) -> Result<ApiAnswer, ApiError> {
    actor.require(Permission::ManageConnections).map_err(PageError::from)?;
    let vendor = Vendor::parse(&vendor).ok_or_else(ApiError::not_found)?;
    run(move || {
        once.carry_out(|| {
            service::pull_now(&app, &actor, vendor)?;
            let shown = service::get(&app, &actor, vendor)?.ok_or_else(ApiError::not_found)?;
            ApiAnswer::json(StatusCode::OK, &ApiSystem::from(&shown))
        })
    })
    .await?
}
