//! `/v1/engine`: which AI service the workspace uses, what it spends, and what was sent to it. Keys are set by people, in
//! the settings.

use actix_web::web::{self, ServiceConfig};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::budget;
use super::error::EngineError;
use super::model::{Purse, Task, Transfer};
use super::money::figure;
use super::{setup, transfers};
use crate::app::App;
use crate::authz::Actor;
use crate::http::{run, ApiError, ApiPage, PageQuery};

pub fn api_routes(config: &mut ServiceConfig) {
    config.service(web::resource("/engine").get(get)).service(web::resource("/engine/transfers").get(list));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(get, list))]
    struct Doc;
    Doc::openapi()
}

/// The engine of a workspace. Amounts are decimal numbers in `currency`, as text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiEngine {
    /// `embedded`, or the service: `anthropic`, `openai`, `openai_chat`, `gemini`, `compatible`.
    pub service: &'static str,
    /// The model of each task that the service does; the built-in engine does the others.
    pub models: Vec<ApiTaskModel>,
    /// Why the service is not asked until somebody has looked: `key`, `billing` or `address`; null while it is.
    pub stopped: Option<String>,
    pub currency: String,
    pub spent_today: String,
    pub budget_today: String,
    pub spent_this_month: String,
    pub budget_this_month: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiTaskModel {
    /// `classify`, `times`, `draft` or `answer`.
    pub task: &'static str,
    pub model: String,
}

/// One call to the service: neither what was asked nor what was answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiTransfer {
    pub id: String,
    pub at: String,
    pub service: &'static str,
    /// The host that it went to.
    pub to: String,
    pub model: String,
    /// `classify`, `times`, `draft` or `answer`.
    pub task: &'static str,
    pub request_id: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// A decimal number, as text.
    pub cost: String,
    pub currency: String,
    pub took_ms: u64,
    /// `ok`, or why the answer was not used.
    pub outcome: String,
    /// First half of the SHA-256 of what was sent, in hex.
    pub prompt_hash: String,
    pub worker_id: Option<String>,
    pub contact_id: Option<String>,
}

impl From<Transfer> for ApiTransfer {
    fn from(transfer: Transfer) -> Self {
        Self {
            id: transfer.id.to_string(),
            at: transfer.at.to_rfc3339(),
            service: transfer.service.as_str(),
            to: transfer.to,
            model: transfer.model,
            task: transfer.task.as_str(),
            request_id: transfer.request_id,
            input_tokens: transfer.input_tokens,
            output_tokens: transfer.output_tokens,
            cost: figure(transfer.cost),
            currency: transfer.currency,
            took_ms: transfer.took_millis,
            outcome: transfer.outcome,
            prompt_hash: transfer.prompt_hash,
            worker_id: transfer.worker.map(|worker| worker.to_string()),
            contact_id: transfer.contact.map(|contact| contact.to_string()),
        }
    }
}

fn engine(app: &App, actor: &Actor) -> Result<ApiEngine, EngineError> {
    let Some(standing) = setup::get(app, actor)? else {
        let nothing = || figure(0);
        return Ok(ApiEngine {
            service: "embedded",
            models: Vec::new(),
            stopped: None,
            currency: "USD".to_owned(),
            spent_today: nothing(),
            budget_today: nothing(),
            spent_this_month: nothing(),
            budget_this_month: nothing(),
        });
    };
    let settings = standing.settings;
    let spent = app.store.read(|txn| budget::spent(txn, actor.workspace, Purse::Workspace, app.now()))?;
    let model = |task: Task| Some(ApiTaskModel { task: task.as_str(), model: settings.model_of(task)?.to_owned() });
    Ok(ApiEngine {
        service: settings.service.as_str(),
        models: Task::ALL.into_iter().filter_map(model).collect(),
        stopped: standing.state.stopped.map(|stopped| stopped.code),
        spent_today: figure(spent.day),
        budget_today: figure(settings.caps.day),
        spent_this_month: figure(spent.month),
        budget_this_month: figure(settings.caps.month),
        currency: settings.currency,
    })
}

/// Gets the engine that the workspace uses, and what it has spent.
#[utoipa::path(get, path = "/v1/engine", tag = "engine",
    responses((status = 200, description = "The engine", body = ApiEngine)))]
async fn get(app: web::Data<App>, actor: Actor) -> Result<web::Json<ApiEngine>, ApiError> {
    Ok(web::Json(run(move || engine(&app, &actor)).await??))
}

/// Lists what was sent to the service, newest first, without its content.
#[utoipa::path(get, path = "/v1/engine/transfers", tag = "engine", params(PageQuery),
    responses((status = 200, description = "A page of transfers", body = ApiPage<ApiTransfer>)))]
async fn list(
    app: web::Data<App>,
    actor: Actor,
    query: PageQuery,
) -> Result<web::Json<ApiPage<ApiTransfer>>, ApiError> {
    let page = run(move || {
        let (cursor, limit) = query.parts()?;
        let page = transfers::list(&app, &actor, cursor.as_ref(), limit)?;
        Ok::<_, ApiError>(query.answer(page.map(ApiTransfer::from)))
    });
    page.await?.map(web::Json)
}
