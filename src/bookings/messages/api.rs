//! `/v1/booking-messages`: texts and timing; `/v1/bookings/{booking}/messages`: those of one booking.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::log::{read_log, Line};
use super::model::{Invitation, Kind, Own, Timing, Wording};
use super::service::{self, language_in, owner_in, Act, MessagesError, Shown};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::words::Language;
use crate::http::api::Problem;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/booking-messages").route(web::get().to(list)))
        .service(
            web::resource("/booking-messages/timing").route(web::get().to(get_timing)).route(web::put().to(put_timing)),
        )
        .service(
            web::resource("/booking-messages/timing/{owner}")
                .route(web::get().to(get_own))
                .route(web::put().to(put_own)),
        )
        .service(
            web::resource("/booking-messages/{kind}/{language}")
                .route(web::get().to(get))
                .route(web::put().to(put))
                .route(web::delete().to(reset)),
        )
        .service(web::resource("/bookings/{booking}/messages").route(web::get().to(log)))
        .service(web::resource("/bookings/{booking}/messages/{number}/skip").route(web::post().to(skip)))
        .service(web::resource("/bookings/{booking}/messages/{number}/send").route(web::post().to(send)));
}

#[derive(OpenApi)]
#[openapi(
    paths(list, get, put, reset, get_timing, put_timing, get_own, put_own, log, skip, send),
    components(schemas(ApiText, ApiTexts, NewText, Timing, Invitation, Kind, ApiOwn, ApiLine, ApiLines))
)]
pub struct MessagesApi;

/// One message's text in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiText {
    pub kind: Kind,
    /// `en`, `de`, `es`, `fr`, `pt` or `hi`.
    pub language: String,
    pub subject: String,
    /// With merge fields, as the pages show them.
    pub text: String,
    /// False: the built-in one.
    pub is_own: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiTexts {
    pub data: Vec<ApiText>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewText {
    pub subject: String,
    pub text: String,
}

/// What the meetings of one worker or event type have otherwise; null: as for all.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiOwn {
    /// Minutes before the start.
    #[serde(default)]
    pub reminders: Option<Vec<u32>>,
    #[serde(default)]
    pub invitation: Option<Invitation>,
}

/// A message of one booking.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiLine {
    /// Whose message it is. One about several dates of a series stands with one of them.
    #[schema(value_type = String)]
    pub booking: BookingId,
    /// Within that booking.
    pub number: u32,
    pub kind: Kind,
    /// When it leaves, left or was given up (RFC 3339).
    pub at: String,
    /// `to_come`, `sent`, `skipped` or `dropped`.
    pub state: String,
    /// What came of it, in words.
    pub words: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiLines {
    pub data: Vec<ApiLine>,
}

impl From<Shown> for ApiText {
    fn from(shown: Shown) -> Self {
        Self {
            kind: shown.kind,
            language: shown.language.tag().to_owned(),
            subject: shown.wording.subject,
            text: shown.wording.text,
            is_own: shown.is_own,
        }
    }
}

impl From<Own> for ApiOwn {
    fn from(own: Own) -> Self {
        Self { reminders: own.reminders, invitation: own.invitation }
    }
}

impl From<Line> for ApiLine {
    fn from(line: Line) -> Self {
        let Line { booking, number, kind, at, state, words, .. } = line;
        Self { booking, number, kind, at: at.to_rfc3339(), state: state.to_owned(), words }
    }
}

fn of(path: &(String, String)) -> Result<(Kind, Language), MessagesError> {
    Ok((Kind::parse(&path.0).ok_or(MessagesError::NotFound)?, language_in(&path.1)?))
}

/// All texts, built-in or own.
#[utoipa::path(
    get, path = "/v1/booking-messages", tag = "bookings",
    responses((status = 200, description = "Each kind in each language", body = ApiTexts), (status = 401, description = "No valid key", body = Problem))
)]
async fn list(app: Data<App>, actor: Actor) -> Result<Json<ApiTexts>, ApiError> {
    let all = run(move || service::all_texts(&app, &actor)).await??;
    Ok(Json(ApiTexts { data: all.into_iter().map(ApiText::from).collect() }))
}

/// One text.
#[utoipa::path(
    get, path = "/v1/booking-messages/{kind}/{language}", tag = "bookings",
    params(("kind" = String, Path, description = "`confirmation`, `reminder`, …"), ("language" = String, Path, description = "`en`, `de`, …")),
    responses((status = 200, description = "The text", body = ApiText), (status = 404, description = "No such kind or language", body = Problem))
)]
async fn get(app: Data<App>, actor: Actor, path: Path<(String, String)>) -> Result<Json<ApiText>, ApiError> {
    let shown = run(move || {
        let (kind, language) = of(&path)?;
        service::text(&app, &actor, kind, language)
    });
    Ok(Json(shown.await??.into()))
}

/// Gives a message a text of your own.
#[utoipa::path(
    put, path = "/v1/booking-messages/{kind}/{language}", tag = "bookings", request_body = NewText,
    params(("kind" = String, Path, description = "`confirmation`, `reminder`, …"), ("language" = String, Path, description = "`en`, `de`, …")),
    responses(
        (status = 200, description = "The text as it stands now", body = ApiText),
        (status = 404, description = "No such kind or language", body = Problem),
        (status = 422, description = "A field that is not known, or not always there", body = Problem),
    )
)]
async fn put(
    app: Data<App>,
    actor: Actor,
    path: Path<(String, String)>,
    body: ApiJson<NewText>,
) -> Result<Json<ApiText>, ApiError> {
    let wording = Wording { subject: body.value.subject.clone(), text: body.value.text.clone() };
    actor.require(Permission::ManageWorkspace)?;
    let shown = run(move || service::save(&app, &actor, of(&path)?, Some(wording))).await??;
    Ok(Json(shown.into()))
}

/// Goes back to the built-in text.
#[utoipa::path(
    delete, path = "/v1/booking-messages/{kind}/{language}", tag = "bookings",
    params(("kind" = String, Path, description = "`confirmation`, `reminder`, …"), ("language" = String, Path, description = "`en`, `de`, …")),
    responses((status = 200, description = "The built-in text", body = ApiText), (status = 404, description = "No such kind or language", body = Problem))
)]
async fn reset(app: Data<App>, actor: Actor, path: Path<(String, String)>) -> Result<Json<ApiText>, ApiError> {
    actor.require(Permission::ManageWorkspace)?;
    let shown = run(move || service::save(&app, &actor, of(&path)?, None)).await??;
    Ok(Json(shown.into()))
}

/// When messages are sent by themselves.
#[utoipa::path(
    get, path = "/v1/booking-messages/timing", tag = "bookings",
    responses((status = 200, description = "Reminders, follow-up, invitation", body = Timing), (status = 401, description = "No valid key", body = Problem))
)]
async fn get_timing(app: Data<App>, actor: Actor) -> Result<Json<Timing>, ApiError> {
    Ok(Json(run(move || service::timing(&app, &actor)).await??))
}

/// Changes when messages are sent, for meetings booked or moved from now on.
#[utoipa::path(
    put, path = "/v1/booking-messages/timing", tag = "bookings", request_body = Timing,
    responses((status = 200, description = "As it stands now", body = Timing), (status = 422, description = "A value is wrong", body = Problem))
)]
async fn put_timing(app: Data<App>, actor: Actor, body: ApiJson<Timing>) -> Result<Json<Timing>, ApiError> {
    let timing = body.value.clone();
    Ok(Json(run(move || service::set_timing(&app, &actor, &timing)).await??))
}

/// What the meetings of one worker or event type have otherwise.
#[utoipa::path(
    get, path = "/v1/booking-messages/timing/{owner}", tag = "bookings",
    params(("owner" = String, Path, description = "Id of a worker or an event type")),
    responses((status = 200, description = "Their own", body = ApiOwn), (status = 404, description = "Not in this workspace", body = Problem))
)]
async fn get_own(app: Data<App>, actor: Actor, path: Path<String>) -> Result<Json<ApiOwn>, ApiError> {
    Ok(Json(run(move || service::own(&app, &actor, owner_in(&path)?)).await??.into()))
}

/// Changes that.
#[utoipa::path(
    put, path = "/v1/booking-messages/timing/{owner}", tag = "bookings", request_body = ApiOwn,
    params(("owner" = String, Path, description = "Id of a worker or an event type")),
    responses(
        (status = 200, description = "As it stands now", body = ApiOwn),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn put_own(
    app: Data<App>,
    actor: Actor,
    path: Path<String>,
    body: ApiJson<ApiOwn>,
) -> Result<Json<ApiOwn>, ApiError> {
    let own = Own { reminders: body.value.reminders.clone(), invitation: body.value.invitation };
    actor.require(Permission::ManageWorkspace)?;
    Ok(Json(run(move || service::set_own(&app, &actor, owner_in(&path)?, &own)).await??.into()))
}

/// The messages of one booking: to come, then sent, skipped and dropped.
#[utoipa::path(
    get, path = "/v1/bookings/{booking}/messages", tag = "bookings",
    params(("booking" = String, Path, description = "The booking's id")),
    responses((status = 200, description = "Its messages", body = ApiLines), (status = 404, description = "Not in this workspace", body = Problem))
)]
async fn log(app: Data<App>, actor: Actor, path: Path<BookingId>) -> Result<Json<ApiLines>, ApiError> {
    let log = run(move || read_log(&app, &actor, *path)).await??;
    Ok(Json(ApiLines { data: log.lines.into_iter().map(ApiLine::from).collect() }))
}

async fn act_on(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: (BookingId, String),
    act: Act,
) -> Result<ApiAnswer, ApiError> {
    actor.require(Permission::EditBookings)?;
    run(move || {
        once.carry_out(|| {
            let number = path.1.parse::<u32>().map_err(|_| ApiError::not_found())?;
            service::act_on(&app, &actor, path.0, number, act)?;
            let log = read_log(&app, &actor, path.0)?;
            ApiAnswer::json(StatusCode::OK, &ApiLines { data: log.lines.into_iter().map(ApiLine::from).collect() })
        })
    })
    .await?
}

/// Skips a message that is to come. Again: 409.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/messages/{number}/skip", tag = "bookings",
    params(("booking" = String, Path, description = "The booking's id"), ("number" = u32, Path, description = "The message's number")),
    responses(
        (status = 200, description = "The messages, this one skipped", body = ApiLines),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "It does not wait any more", body = Problem),
    )
)]
async fn skip(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<(BookingId, String)>,
) -> Result<ApiAnswer, ApiError> {
    act_on(app, actor, once, path.into_inner(), Act::Skip).await
}

/// Sends a message now that is to come later. Again: 409.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/messages/{number}/send", tag = "bookings",
    params(("booking" = String, Path, description = "The booking's id"), ("number" = u32, Path, description = "The message's number")),
    responses(
        (status = 200, description = "The messages, this one on its way", body = ApiLines),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "It does not wait any more", body = Problem),
    )
)]
async fn send(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<(BookingId, String)>,
) -> Result<ApiAnswer, ApiError> {
    act_on(app, actor, once, path.into_inner(), Act::SendNow).await
}
