//! `/v1/messages`, `/v1/replies`, `/v1/suppressions`. Correcting a reply belongs to `agents`.

mod views;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

pub use views::{MessageView, ReplyView, SuppressionView};

use super::pages::parse_target;
use super::suppression::{self, SuppressError};
use super::{get_message, get_reply, list_recent, list_replies};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, MessageId, ReplyId, SuppressionId};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, IdempotencyStore};
use crate::http::{run, ApiError, ApiJson, ApiPage};
use crate::store::StoreError;

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/messages").route(web::get().to(list_messages)))
        .service(web::resource("/messages/{id}").route(web::get().to(find_message)))
        .service(web::resource("/replies").route(web::get().to(list_all_replies)))
        .service(web::resource("/replies/{id}").route(web::get().to(find_reply)))
        .service(
            web::resource("/suppressions")
                .route(web::get().to(list_suppressions))
                .route(web::post().to(add_suppression)),
        )
        .service(web::resource("/suppressions/{id}").route(web::delete().to(delete_suppression)));
}

/// The room's part of the description of `/v1`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        list_messages,
        find_message,
        list_all_replies,
        find_reply,
        list_suppressions,
        add_suppression,
        delete_suppression
    ))]
    struct Room;
    Room::openapi()
}

/// Where a list goes on, and how many rows it gives.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct ListQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// 1 to 100; 50 when absent.
    pub limit: Option<usize>,
}

impl ListQuery {
    pub fn parts(&self) -> Result<(Option<Cursor>, usize), ApiError> {
        let cursor = self.cursor.as_deref().map(Cursor::parse).transpose();
        let cursor = cursor.map_err(|error| ApiError::bad_request(format!("cursor: {error}.")))?;
        match self.limit.unwrap_or(50) {
            limit @ 1..=100 => Ok((cursor, limit)),
            _ => Err(ApiError::bad_request("limit: 1 to 100.")),
        }
    }
}

fn failed(error: StoreError) -> ApiError {
    ApiError::internal("could not read messages", &error)
}

/// Messages of the workspace, newest first.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", params(ListQuery),
    responses((status = 200, description = "A page of messages", body = ApiPage<MessageView>)))]
async fn list_messages(
    app: Data<App>,
    actor: Actor,
    query: Query<ListQuery>,
) -> Result<Json<ApiPage<MessageView>>, ApiError> {
    actor.require(Permission::ViewReplies)?;
    let (cursor, limit) = query.parts()?;
    let page = run(move || list_recent(&app.store, actor.workspace, cursor.as_ref(), limit)).await?.map_err(failed)?;
    Ok(Json(page.map(MessageView::from).into()))
}

#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, description = "The message", body = MessageView), (status = 404, description = "Not here")))]
async fn find_message(app: Data<App>, actor: Actor, id: Path<MessageId>) -> Result<Json<MessageView>, ApiError> {
    actor.require(Permission::ViewReplies)?;
    let found = run(move || get_message(&app.store, actor.workspace, *id)).await?.map_err(failed)?;
    Ok(Json(found.ok_or_else(ApiError::not_found)?.into()))
}

/// Replies, newest first, with how each was read and why.
#[utoipa::path(get, path = "/v1/replies", tag = "replies", params(ListQuery),
    responses((status = 200, description = "A page of replies", body = ApiPage<ReplyView>)))]
async fn list_all_replies(
    app: Data<App>,
    actor: Actor,
    query: Query<ListQuery>,
) -> Result<Json<ApiPage<ReplyView>>, ApiError> {
    actor.require(Permission::ViewReplies)?;
    let (cursor, limit) = query.parts()?;
    let page = run(move || list_replies(&app.store, actor.workspace, cursor.as_ref(), limit)).await?.map_err(failed)?;
    Ok(Json(page.map(ReplyView::from).into()))
}

#[utoipa::path(get, path = "/v1/replies/{id}", tag = "replies", params(("id" = String, Path)),
    responses((status = 200, description = "The reply", body = ReplyView), (status = 404, description = "Not here")))]
async fn find_reply(app: Data<App>, actor: Actor, id: Path<ReplyId>) -> Result<Json<ReplyView>, ApiError> {
    actor.require(Permission::ViewReplies)?;
    let found = run(move || get_reply(&app.store, actor.workspace, *id)).await?.map_err(failed)?;
    Ok(Json(found.ok_or_else(ApiError::not_found)?.into()))
}

/// Who must not be written to, newest first.
#[utoipa::path(get, path = "/v1/suppressions", tag = "suppressions", params(ListQuery),
    responses((status = 200, description = "A page of suppressions", body = ApiPage<SuppressionView>)))]
async fn list_suppressions(
    app: Data<App>,
    actor: Actor,
    query: Query<ListQuery>,
) -> Result<Json<ApiPage<SuppressionView>>, ApiError> {
    actor.require(Permission::ViewSuppressions)?;
    let (cursor, limit) = query.parts()?;
    let page = run(move || suppression::list(&app.store, actor.workspace, cursor.as_ref(), limit)).await?;
    Ok(Json(page.map_err(failed)?.map(SuppressionView::from).into()))
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuppression {
    /// An address or a domain.
    target: String,
    /// Why; shown on the list.
    #[serde(default)]
    note: String,
}

/// Adds an address or domain. One that is there already stays as it is.
#[utoipa::path(post, path = "/v1/suppressions", tag = "suppressions", request_body = NewSuppression,
    responses((status = 200, description = "The entry that stands now", body = SuppressionView),
              (status = 422, description = "Neither address nor domain")))]
async fn add_suppression(
    app: Data<App>,
    actor: Actor,
    key: IdempotencyKey,
    answers: Data<Arc<dyn IdempotencyStore>>,
    body: ApiJson<NewSuppression>,
) -> Result<ApiAnswer, ApiError> {
    let fingerprint = body.fingerprint;
    let new = body.value;
    run(move || {
        idempotent(&***answers, actor.workspace, &key, fingerprint, || {
            let target = parse_target(&new.target);
            let target = target.map_err(|words| ApiError::invalid(vec![FieldError::at("/target", words)]))?;
            suppression::suppress_by_hand(&app, &actor, &target, new.note.trim())?;
            let entry = suppression::get_by_target(&app.store, actor.workspace, &target).map_err(failed)?;
            ApiAnswer::json(StatusCode::OK, &SuppressionView::from(entry.ok_or_else(ApiError::not_found)?))
        })
    })
    .await?
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftReason {
    /// Why the person may be written to again; kept in the audit trail.
    reason: String,
}

/// Takes an entry back. Needs an admin's key and a reason.
#[utoipa::path(delete, path = "/v1/suppressions/{id}", tag = "suppressions", params(("id" = String, Path)),
    request_body = LiftReason, responses((status = 204, description = "Taken back"), (status = 422, description = "No reason")))]
async fn delete_suppression(
    app: Data<App>,
    actor: Actor,
    id: Path<SuppressionId>,
    body: ApiJson<LiftReason>,
) -> Result<HttpResponse, ApiError> {
    let lifted: Result<(), SuppressError> =
        run(move || suppression::lift(&app, &actor, *id, &body.value.reason)).await?;
    lifted?;
    Ok(HttpResponse::NoContent().finish())
}
