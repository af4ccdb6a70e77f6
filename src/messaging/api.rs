//! `/v1/messages`, `/v1/replies`, `/v1/suppressions`. Correcting a reply belongs to `agents`.

mod views;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

pub use views::{MessageView, ReplyView, SuppressionView};

use super::pages::parse_target;
use super::suppression::{self, SuppressError};
use super::{get_message, get_reply, list_recent, list_replies, page_of_contact, replies_of_contact};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, MessageId, Page, ReplyId, SuppressionId};
use crate::http::api::FieldError;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageQuery};
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
        .service(
            web::resource("/suppressions/{id}")
                .route(web::get().to(find_suppression))
                .route(web::delete().to(delete_suppression)),
        );
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
        find_suppression,
        delete_suppression
    ))]
    struct Room;
    Room::openapi()
}

/// Whose messages or replies.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfContact {
    /// Only those of this contact.
    contact: Option<String>,
}

impl OfContact {
    fn id(&self) -> Result<Option<ContactId>, ApiError> {
        let wrong = || ApiError::invalid(vec![FieldError::in_query("contact", "contact is the id of a contact.")]);
        self.contact.as_deref().map(|id| id.parse().map_err(|_| wrong())).transpose()
    }
}

fn failed(error: StoreError) -> ApiError {
    ApiError::internal("could not read messages", &error)
}

/// Messages of the workspace, newest first.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", params(PageQuery, OfContact),
    responses((status = 200, description = "A page of messages", body = ApiPage<MessageView>)))]
async fn list_messages(
    app: Data<App>,
    actor: Actor,
    query: PageQuery,
    of: Query<OfContact>,
) -> Result<Json<ApiPage<MessageView>>, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let ((cursor, limit), contact) = (query.parts()?, of.id()?);
    let page = run(move || match contact {
        Some(contact) => page_of_contact(&app.store, actor.workspace, contact, cursor.as_ref(), limit),
        None => list_recent(&app.store, actor.workspace, cursor.as_ref(), limit),
    });
    let page = page.await?.map_err(failed)?;
    Ok(Json(query.answer(page.map(MessageView::from))))
}

/// One message with what became of it.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, description = "The message", body = MessageView), (status = 404, description = "Not here")))]
async fn find_message(app: Data<App>, actor: Actor, id: Path<MessageId>) -> Result<Json<MessageView>, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let found = run(move || get_message(&app.store, actor.workspace, *id)).await?.map_err(failed)?;
    Ok(Json(found.ok_or_else(ApiError::not_found)?.into()))
}

/// Replies, newest first, with how each was read and why.
#[utoipa::path(get, path = "/v1/replies", tag = "replies", params(PageQuery, OfContact),
    responses((status = 200, description = "A page of replies", body = ApiPage<ReplyView>)))]
async fn list_all_replies(
    app: Data<App>,
    actor: Actor,
    query: PageQuery,
    of: Query<OfContact>,
) -> Result<Json<ApiPage<ReplyView>>, ApiError> {
    actor.require(Permission::ViewReplies)?;
    let ((cursor, limit), contact) = (query.parts()?, of.id()?);
    let page = run(move || match contact {
        Some(contact) => replies_of_contact(&app.store, actor.workspace, contact, cursor.as_ref(), limit),
        None => list_replies(&app.store, actor.workspace, cursor.as_ref(), limit),
    });
    let page = page.await?.map_err(failed)?;
    Ok(Json(query.answer(page.map(ReplyView::from))))
}

/// One reply with how it was read and why.
#[utoipa::path(get, path = "/v1/replies/{id}", tag = "replies", params(("id" = String, Path)),
    responses((status = 200, description = "The reply", body = ReplyView), (status = 404, description = "Not here")))]
async fn find_reply(app: Data<App>, actor: Actor, id: Path<ReplyId>) -> Result<Json<ReplyView>, ApiError> {
    actor.require(Permission::ViewReplies)?;
    let found = run(move || get_reply(&app.store, actor.workspace, *id)).await?.map_err(failed)?;
    Ok(Json(found.ok_or_else(ApiError::not_found)?.into()))
}

/// Which suppressions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfTarget {
    /// Only the entry for just this address or domain.
    target: Option<String>,
}

/// Who must not be written to, newest first.
#[utoipa::path(get, path = "/v1/suppressions", tag = "suppressions", params(PageQuery, OfTarget),
    responses((status = 200, description = "A page of suppressions", body = ApiPage<SuppressionView>)))]
async fn list_suppressions(
    app: Data<App>,
    actor: Actor,
    query: PageQuery,
    of: Query<OfTarget>,
) -> Result<Json<ApiPage<SuppressionView>>, ApiError> {
    actor.require(Permission::ViewSuppressions)?;
    let (cursor, limit) = query.parts()?;
    let target = of.target.as_deref().map(parse_target).transpose();
    let target = target.map_err(|words| ApiError::invalid(vec![FieldError::in_query("target", words)]))?;
    let page = run(move || match target {
        Some(target) => {
            let entry = suppression::get_by_target(&app.store, actor.workspace, &target)?;
            Ok(Page { rows: entry.into_iter().collect(), next: None })
        }
        None => suppression::list(&app.store, actor.workspace, cursor.as_ref(), limit),
    });
    Ok(Json(query.answer(page.await?.map_err(failed)?.map(SuppressionView::from))))
}

/// One entry of the list.
#[utoipa::path(get, path = "/v1/suppressions/{id}", tag = "suppressions", params(("id" = String, Path)),
    responses((status = 200, description = "The entry", body = SuppressionView), (status = 404, description = "Not here")))]
async fn find_suppression(
    app: Data<App>,
    actor: Actor,
    id: Path<SuppressionId>,
) -> Result<Json<SuppressionView>, ApiError> {
    actor.require(Permission::ViewSuppressions)?;
    let found = run(move || suppression::get(&app.store, actor.workspace, *id)).await?.map_err(failed)?;
    Ok(Json(found.ok_or_else(ApiError::not_found)?.into()))
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
    once: Once,
    body: ApiJson<NewSuppression>,
) -> Result<ApiAnswer, ApiError> {
    let (once, new) = (once.of(&body), body.value);
    run(move || {
        once.carry_out(|| {
            let target = parse_target(&new.target);
            let target = target.map_err(|words| ApiError::invalid(vec![FieldError::at("/target", words)]))?;
            suppression::suppress_by_hand(&app, &actor, &target, new.note.trim())?;
            let entry = suppression::get_by_target(&app.store, actor.workspace, &target).map_err(failed)?;
            ApiAnswer::json(StatusCode::OK, &SuppressionView::from(entry.ok_or_else(ApiError::not_found)?))
        })
    })
    .await?
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftReason {
    /// Why the person may be written to again; kept in the audit trail. Without one the trail says that a program did
    /// it.
    reason: Option<String>,
}

/// Takes an entry back. Needs an admin's key. A reason may be given.
#[utoipa::path(delete, path = "/v1/suppressions/{id}", tag = "suppressions", params(("id" = String, Path)),
    request_body = Option<LiftReason>, responses((status = 204, description = "Taken back"), (status = 422, description = "An empty reason")))]
async fn delete_suppression(
    app: Data<App>,
    actor: Actor,
    id: Path<SuppressionId>,
    body: MaybeJson<LiftReason>,
) -> Result<HttpResponse, ApiError> {
    let reason = body.0.value.reason.unwrap_or_else(|| format!("By the program {}.", actor.display));
    let lifted: Result<(), SuppressError> = run(move || suppression::lift(&app, &actor, *id, &reason)).await?;
    lifted?;
    Ok(HttpResponse::NoContent().finish())
}
