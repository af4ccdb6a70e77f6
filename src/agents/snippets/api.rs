//! `/v1/snippets`: what workers may say, with its versions and their approval.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::model::{Snippet, SnippetForm};
use super::service;
use crate::agents::AgentError;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{SnippetId, UnixMillis};
use crate::http::api::Problem;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageQuery, SeenVersion};

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/snippets").route(web::get().to(list)).route(web::post().to(create)))
        .service(
            web::resource("/snippets/{id}")
                .route(web::get().to(find))
                .route(web::put().to(update))
                .route(web::delete().to(remove)),
        )
        .service(web::resource("/snippets/{id}/versions").route(web::get().to(versions)))
        .service(web::resource("/snippets/{id}/approve").route(web::post().to(approve)))
        .service(web::resource("/snippets/{id}/restore").route(web::post().to(restore)));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(list, create, find, update, remove, versions, approve, restore), components(schemas(Problem)))]
    struct Snippets;
    Snippets::openapi()
}

/// One version of what a worker may say.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SnippetJson {
    pub id: String,
    /// From 1; each change is a new one.
    pub version: u32,
    /// The question that it answers, as people put it.
    pub title: String,
    /// Quoted as it stands.
    pub text: String,
    /// `en`, `de`, `es`, `fr`, `pt` or `hi`.
    pub language: String,
    /// Without an approval nothing quotes this version.
    pub approved_by: Option<String>,
    pub approved_at: Option<String>,
    pub changed_by: String,
    pub changed_at: String,
}

impl From<Snippet> for SnippetJson {
    fn from(snippet: Snippet) -> Self {
        let approved_at = snippet.approved.as_ref().map(|approval| approval.at.to_rfc3339());
        Self {
            id: snippet.id.to_string(),
            version: snippet.version,
            title: snippet.title,
            text: snippet.text,
            language: snippet.language,
            approved_by: snippet.approved.map(|approval| approval.by),
            approved_at,
            changed_by: snippet.changed_by,
            changed_at: UnixMillis::to_rfc3339(snippet.changed_at),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnippetBody {
    title: String,
    text: String,
    #[serde(default = "english")]
    language: String,
}

fn english() -> String {
    "en".to_owned()
}

impl From<SnippetBody> for SnippetForm {
    fn from(body: SnippetBody) -> Self {
        Self { title: body.title, text: body.text, language: body.language }
    }
}

/// The version that is written anew.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionBody {
    version: u32,
}

fn told(snippet: Result<Snippet, AgentError>) -> Result<ApiAnswer, ApiError> {
    ApiAnswer::json(StatusCode::OK, &SnippetJson::from(snippet?))
}

/// All snippets in their newest version, oldest first.
#[utoipa::path(get, path = "/v1/snippets", tag = "snippets", params(PageQuery),
    responses((status = 200, description = "A page of snippets", body = ApiPage<SnippetJson>)))]
async fn list(app: Data<App>, actor: Actor, query: PageQuery) -> Result<HttpResponse, ApiError> {
    let page = run(move || {
        let page = query.part_of(service::list(&app, &actor)?, |snippet| snippet.id.to_string().into_bytes())?;
        Ok::<_, ApiError>(query.answer(page.map(SnippetJson::from)))
    });
    Ok(HttpResponse::Ok().json(page.await??))
}

/// Writes a snippet. It is quoted once it is approved.
#[utoipa::path(post, path = "/v1/snippets", tag = "snippets", request_body = SnippetBody,
    responses((status = 201, description = "The snippet", body = SnippetJson),
              (status = 422, description = "Something in it is wrong", body = Problem)))]
async fn create(app: Data<App>, actor: Actor, once: Once, body: ApiJson<SnippetBody>) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    let form = SnippetForm::from(body.value);
    run(move || {
        once.carry_out(|| {
            let made = service::create(&app, &actor, &form)?;
            ApiAnswer::created(format!("/v1/snippets/{}", made.id), &SnippetJson::from(made))
        })
    })
    .await?
}

/// One snippet in its newest version.
#[utoipa::path(get, path = "/v1/snippets/{id}", tag = "snippets", params(("id" = String, Path)),
    responses((status = 200, description = "The snippet", body = SnippetJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
async fn find(app: Data<App>, actor: Actor, id: Path<SnippetId>) -> Result<HttpResponse, ApiError> {
    let found = run(move || service::get(&app, &actor, *id)).await??;
    Ok(HttpResponse::Ok().json(SnippetJson::from(found)))
}

/// Writes a new version, which waits for approval. The same words again change nothing.
#[utoipa::path(put, path = "/v1/snippets/{id}", tag = "snippets", params(("id" = String, Path)), request_body = SnippetBody,
    responses((status = 200, description = "The newest version", body = SnippetJson),
              (status = 404, description = "Not in this workspace", body = Problem),
              (status = 422, description = "Something in it is wrong", body = Problem)))]
async fn update(
    app: Data<App>,
    actor: Actor,
    id: Path<SnippetId>,
    body: ApiJson<SnippetBody>,
) -> Result<HttpResponse, ApiError> {
    let form = SnippetForm::from(body.value);
    let changed = run(move || service::update(&app, &actor, *id, &form)).await??;
    Ok(HttpResponse::Ok().json(SnippetJson::from(changed)))
}

/// Takes a snippet out of use. Its versions stay for the answers that cite them.
#[utoipa::path(delete, path = "/v1/snippets/{id}", tag = "snippets", params(("id" = String, Path)),
    responses((status = 204, description = "It is out of use"),
              (status = 404, description = "Not in this workspace", body = Problem)))]
async fn remove(app: Data<App>, actor: Actor, id: Path<SnippetId>) -> Result<HttpResponse, ApiError> {
    run(move || service::remove(&app, &actor, *id)).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Every version of a snippet, newest first.
#[utoipa::path(get, path = "/v1/snippets/{id}/versions", tag = "snippets", params(("id" = String, Path), PageQuery),
    responses((status = 200, description = "A page of versions", body = ApiPage<SnippetJson>),
              (status = 404, description = "Not in this workspace", body = Problem)))]
async fn versions(
    app: Data<App>,
    actor: Actor,
    id: Path<SnippetId>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let page = run(move || {
        service::get(&app, &actor, *id)?;
        let all = service::versions(&app, &actor, *id)?;
        let page = query.part_of(all, |snippet| snippet.version.to_be_bytes().to_vec())?;
        Ok::<_, ApiError>(query.answer(page.map(SnippetJson::from)))
    });
    Ok(HttpResponse::Ok().json(page.await??))
}

/// Lets the newest version be quoted.
#[utoipa::path(post, path = "/v1/snippets/{id}/approve", tag = "snippets", params(("id" = String, Path)),
    request_body = Option<SeenVersion>,
    responses((status = 200, description = "The approved version", body = SnippetJson),
              (status = 409, description = "Changed since the version that was read", body = Problem),
              (status = 404, description = "Not in this workspace", body = Problem)))]
async fn approve(
    app: Data<App>,
    actor: Actor,
    once: Once,
    id: Path<SnippetId>,
    MaybeJson(body): MaybeJson<SeenVersion>,
) -> Result<ApiAnswer, ApiError> {
    let (once, seen) = (once.of(&body), body.value.version);
    run(move || once.carry_out(|| told(service::approve(&app, &actor, *id, seen)))).await?
}

/// Writes an older version anew, as the newest one, which waits for approval.
#[utoipa::path(post, path = "/v1/snippets/{id}/restore", tag = "snippets", params(("id" = String, Path)), request_body = VersionBody,
    responses((status = 200, description = "The newest version", body = SnippetJson),
              (status = 404, description = "No such snippet or version", body = Problem)))]
async fn restore(
    app: Data<App>,
    actor: Actor,
    once: Once,
    id: Path<SnippetId>,
    body: ApiJson<VersionBody>,
) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    let version = body.value.version;
    run(move || once.carry_out(|| told(service::restore(&app, &actor, *id, version)))).await?
}
