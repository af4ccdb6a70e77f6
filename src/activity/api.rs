//! `/v1/workers/{worker}/activity`: the same feed for programs.

use actix_web::web::{self, Data, Path, Query};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::doing::Doing;
use super::kind::Kind;
use super::{read, ActivityError};
use crate::app::App;
use crate::authz::Actor;
use crate::base::WorkerId;
use crate::http::api::{FieldError, Problem};
use crate::http::{run, ApiError, ApiPage, PageQuery};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/workers/{worker}/activity").route(web::get().to(list)));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    ActivityApi::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(list), components(schemas(ApiDoing, Problem)))]
struct ActivityApi;

/// Something that a worker did, with its reasons.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiDoing {
    /// The event's position in the workspace's log.
    pub event: u64,
    /// `reply_classified`, `message_sent`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// In one sentence, without anybody's name.
    pub words: String,
    pub contact: Option<String>,
    /// The beginning of what they wrote (at most 140 characters), or the subject of what was sent.
    pub said: String,
    /// The reasons as sentences, the weightiest first.
    pub why: Vec<String>,
}

impl From<Doing> for ApiDoing {
    fn from(doing: Doing) -> Self {
        Self {
            event: doing.number,
            kind: doing.event,
            at: doing.at.to_rfc3339(),
            words: doing.words,
            contact: doing.contact.map(|contact| contact.to_string()),
            said: doing.said,
            why: doing.why,
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Only what is of one kind: `mails`, `answers`, `drafts`, `meetings`, `leads` or `worker`.
    kind: Option<String>,
}

#[utoipa::path(get, path = "/v1/workers/{worker}/activity", tag = "workers", params(("worker" = String, Path,), Asked, PageQuery),
    responses(
        (status = 200, description = "What the worker did, newest first. A page may be short, and still have a next one.", body = ApiPage<ApiDoing>),
        (status = 404, description = "No such worker.", body = Problem),
        (status = 422, description = "A parameter is wrong.", body = Problem)))]
/// What a worker did and why
async fn list(
    app: Data<App>,
    actor: Actor,
    worker: Path<WorkerId>,
    asked: Query<Asked>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (cursor, limit) = query.parts()?;
    let kind = asked.kind.as_deref().map(|kind| Kind::parse(kind).ok_or_else(unknown_kind)).transpose()?;
    let page = run(move || read::list(&app, &actor, *worker, kind, cursor.as_ref(), limit)).await??;
    Ok(HttpResponse::Ok().json(query.answer(page.map(ApiDoing::from))))
}

fn unknown_kind() -> ApiError {
    let kinds = Kind::ALL.map(Kind::as_str).join(", ");
    ApiError::invalid(vec![FieldError::in_query("kind", format!("kind is one of {kinds}."))])
}

impl From<ActivityError> for ApiError {
    fn from(error: ActivityError) -> Self {
        crate::http::PageError::from(error).into()
    }
}
