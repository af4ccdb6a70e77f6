//! `/v1` of what people keep about a booking: what became of it, and notes.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{Became, Remark};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{BookingId, NoteId};
use crate::bookings::api::{answer, ApiBooking};
use crate::bookings::service::{self, BookError};
use crate::http::api::Problem;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/bookings/{booking}/no-show").route(web::post().to(no_show)))
        .service(web::resource("/bookings/{booking}/completed").route(web::post().to(completed)))
        .service(web::resource("/bookings/{booking}/outcome").route(web::delete().to(take_back)))
        .service(web::resource("/bookings/{booking}/notes").route(web::get().to(notes)).route(web::post().to(add_note)))
        .service(web::resource("/bookings/{booking}/notes/{note}").route(web::delete().to(remove_note)));
}

#[derive(OpenApi)]
#[openapi(
    paths(no_show, completed, take_back, notes, add_note, remove_note),
    components(schemas(ApiNote, ApiNotes, NewApiNote, ApiBooking, Problem))
)]
pub struct KeptApi;

/// Says that the guest did not come to a meeting that has begun. Again changes nothing.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/no-show", tag = "bookings",
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "The booking", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "It is not booked, or has not begun", body = Problem),
    )
)]
async fn no_show(app: Data<App>, actor: Actor, once: Once, path: Path<BookingId>) -> Result<ApiAnswer, ApiError> {
    note(app, actor, once, path.into_inner(), Became::NoShow).await
}

/// Says that a meeting that has begun took place. Again changes nothing.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/completed", tag = "bookings",
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "The booking", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "It is not booked, or has not begun", body = Problem),
    )
)]
async fn completed(app: Data<App>, actor: Actor, once: Once, path: Path<BookingId>) -> Result<ApiAnswer, ApiError> {
    note(app, actor, once, path.into_inner(), Became::Completed).await
}

async fn note(app: Data<App>, actor: Actor, once: Once, id: BookingId, became: Became) -> Result<ApiAnswer, ApiError> {
    run(move || once.carry_out(|| answer(service::note_outcome(&app, &actor, id, Some(became))?))).await?
}

/// Takes back what was said to have become of a meeting.
#[utoipa::path(
    delete, path = "/v1/bookings/{booking}/outcome", tag = "bookings",
    params(("booking" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The booking", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "It is not booked, or has not begun", body = Problem),
    )
)]
async fn take_back(app: Data<App>, actor: Actor, path: Path<BookingId>) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let booking = run(move || service::note_outcome(&app, &actor, id, None)).await??;
    Ok(HttpResponse::Ok().json(ApiBooking::from(booking)))
}

/// A note of the team on a booking. The guest never sees it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiNote {
    pub id: String,
    pub text: String,
    /// The name of who wrote it.
    pub by: String,
    pub at: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiNotes {
    /// Oldest first; at most 30.
    pub data: Vec<ApiNote>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiNote {
    /// 1 to 2,000 characters.
    pub text: String,
}

impl From<Remark> for ApiNote {
    fn from(note: Remark) -> Self {
        Self { id: note.id.to_string(), text: note.text, by: note.by, at: note.at.to_rfc3339() }
    }
}

/// The team's notes on a booking.
#[utoipa::path(
    get, path = "/v1/bookings/{booking}/notes", tag = "bookings",
    params(("booking" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "All notes", body = ApiNotes),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn notes(app: Data<App>, actor: Actor, path: Path<BookingId>) -> Result<Json<ApiNotes>, ApiError> {
    let id = path.into_inner();
    let booking = run(move || service::get(&app, &actor, id)).await??;
    Ok(Json(ApiNotes { data: booking.kept.notes.into_iter().map(ApiNote::from).collect() }))
}

/// Adds a note for the team.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/notes", tag = "bookings", request_body = NewApiNote,
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 201, description = "The note", body = ApiNote),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "It has as many notes as are kept", body = Problem),
        (status = 422, description = "It has no text, or too much", body = Problem),
    )
)]
async fn add_note(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<BookingId>,
    body: ApiJson<NewApiNote>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || {
        once.carry_out(|| {
            let booking = service::add_note(&app, &actor, id, &body.value.text)?;
            let added = booking.kept.notes.into_iter().next_back().ok_or(BookError::NotFound)?;
            ApiAnswer::json(StatusCode::CREATED, &ApiNote::from(added))
        })
    })
    .await?
}

/// Removes a note.
#[utoipa::path(
    delete, path = "/v1/bookings/{booking}/notes/{note}", tag = "bookings",
    params(
        ("booking" = String, Path, description = "The booking's id"),
        ("note" = String, Path, description = "The note's id"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "Not on this booking", body = Problem),
    )
)]
async fn remove_note(app: Data<App>, actor: Actor, path: Path<(BookingId, NoteId)>) -> Result<HttpResponse, ApiError> {
    let (id, which) = path.into_inner();
    run(move || service::remove_note(&app, &actor, id, which)).await??;
    Ok(HttpResponse::NoContent().finish())
}
