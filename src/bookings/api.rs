//! `/v1/bookings`: list, get, make, accept, try again, dismiss, move, cancel.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Query};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::figures;
use super::kept;
use super::model::{Booking, State};
use super::schedules;
use super::service::{self, Anyway, NewBooking};
use super::types;
use super::views::{list_filtered, BookingFilter};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{BookingId, UnixMillis};
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageQuery};

pub fn api_routes(config: &mut web::ServiceConfig) {
    schedules::api_routes(config);
    super::calendars::api_routes(config);
    super::messages::api_routes(config);
    types::api_routes(config);
    super::public::api_routes(config);
    super::public::waitlist_api_routes(config);
    super::public::routing_api_routes(config);
    super::on_event::api_routes(config);
    // Before `/bookings/{booking}`, which would take its addresses for ids.
    figures::api_routes(config);
    kept::api_routes(config);
    config
        .service(web::resource("/bookings").route(web::get().to(list)).route(web::post().to(create)))
        .service(web::resource("/bookings/{booking}").route(web::get().to(get)))
        .service(web::resource("/bookings/{booking}/accept").route(web::post().to(accept)))
        .service(web::resource("/bookings/{booking}/again").route(web::post().to(again)))
        .service(web::resource("/bookings/{booking}/dismiss").route(web::post().to(dismiss)))
        .service(web::resource("/bookings/{booking}/move").route(web::post().to(move_to)))
        .service(web::resource("/bookings/{booking}/cancel").route(web::post().to(cancel)));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut all = BookingsApi::openapi();
    all.merge(schedules::SchedulesApi::openapi());
    all.merge(super::calendars::CalendarsApi::openapi());
    all.merge(super::messages::MessagesApi::openapi());
    all.merge(types::EventTypesApi::openapi());
    all.merge(super::public::VisitsApi::openapi());
    all.merge(super::public::WaitlistApi::openapi());
    all.merge(super::public::RoutingApi::openapi());
    all.merge(super::on_event::OnEventApi::openapi());
    all.merge(figures::FiguresApi::openapi());
    all.merge(kept::KeptApi::openapi());
    all
}

#[derive(OpenApi)]
#[openapi(
    paths(list, get, create, accept, again, dismiss, move_to, cancel),
    components(schemas(ApiBooking, ApiAnswerTo, ApiPage<ApiBooking>, NewApiBooking, MoveBooking, CancelBooking, CancelScope, CancelledBooking, Problem))
)]
struct BookingsApi;

/// A meeting with a contact.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiBooking {
    pub id: String,
    pub contact_id: String,
    pub worker_id: Option<String>,
    /// The reply that it came from.
    pub reply_id: Option<String>,
    pub title: String,
    /// RFC 3339, UTC.
    pub start: String,
    pub end: String,
    /// IANA zone in which the guest is told the time.
    pub guest_time_zone: String,
    pub place: String,
    pub video_link: Option<String>,
    /// How they meet: `google_meet`, `zoom`, `teams`, `webex`, `goto`, `jitsi`, `link`, `we_call`, `they_call`, `place` or
    /// `unsaid`.
    pub location: Option<String>,
    /// The meeting's id at the service that holds it, once made.
    pub meeting_id: Option<String>,
    /// Asked of who joins, where the link does not carry it.
    pub passcode: Option<String>,
    /// Why the meeting does not stand at its service as it was agreed.
    pub meeting_trouble: Option<String>,
    /// `proposed`, `held`, `confirmed`, `cancelled` or `failed`.
    pub state: String,
    /// It was only asked for, and a person said no: `reason` is what the visitor was told.
    pub declined: bool,
    /// What people said became of it: `completed` or `no_show`.
    pub outcome: Option<String>,
    /// What is known of a proposed time, or why it was cancelled or failed.
    pub reason: Option<String>,
    /// Why the calendar does not show it as it stands here.
    pub trouble: Option<String>,
    /// The event's id at the calendar's provider, once written.
    pub event_id: Option<String>,
    pub created_at: String,
    /// What a visitor booked; absent for a worker's meeting.
    pub event_type_id: Option<String>,
    /// Ids of members.
    pub host_ids: Vec<String>,
    /// Addresses of others who come along.
    pub guests: Vec<String>,
    pub answers: Vec<ApiAnswerTo>,
    /// `reply`, `by_hand`, `api` or `page`.
    pub source: String,
    /// Grows with each change of time or state.
    pub version: u32,
    /// Of several dates that were booked together: the same for all of them.
    pub series_id: Option<String>,
    /// What was to be paid for it, with all dates of its series; see `/v1/payments`.
    pub payment_id: Option<String>,
    /// Which of them it is, from 1, and how many they were.
    pub series_position: Option<u32>,
    pub series_length: Option<u32>,
}

/// What a visitor was asked and said.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiAnswerTo {
    pub question: String,
    pub answer: String,
}

impl From<Booking> for ApiBooking {
    fn from(booking: Booking) -> Self {
        let reason = match &booking.state {
            State::Proposed { note } => Some(note.clone()),
            State::Cancelled { reason } | State::Failed { reason } => Some(reason.clone()),
            State::Unpaid | State::Held | State::Confirmed => None,
        };
        Self {
            id: booking.id.to_string(),
            contact_id: booking.contact.to_string(),
            worker_id: booking.worker.map(|id| id.to_string()),
            reply_id: booking.reply.map(|id| id.to_string()),
            start: booking.start.to_rfc3339(),
            end: booking.end.to_rfc3339(),
            guest_time_zone: booking.guest_zone,
            title: booking.title,
            declined: booking.details.declined,
            place: booking.place,
            video_link: booking.video_link,
            location: booking.location.as_ref().map(|location| location.word().to_owned()),
            meeting_id: booking.hosted.id,
            passcode: booking.hosted.passcode,
            meeting_trouble: booking.hosted.trouble,
            state: booking.state.as_str().to_owned(),
            outcome: booking.kept.became().map(|became| became.as_str().to_owned()),
            reason: reason.filter(|words| !words.is_empty()),
            trouble: booking.trouble,
            event_id: booking.event_id,
            created_at: booking.created_at.to_rfc3339(),
            event_type_id: booking.details.event_type.map(|id| id.to_string()),
            host_ids: booking.details.hosts.iter().map(ToString::to_string).collect(),
            guests: booking.details.guests,
            answers: booking
                .details
                .answers
                .into_iter()
                .map(|said| ApiAnswerTo { question: said.question, answer: said.answer })
                .collect(),
            source: booking.source.as_str().to_owned(),
            version: booking.version,
            series_id: booking.details.series.map(|part| part.id.to_string()),
            payment_id: booking.details.payment.map(|id| id.to_string()),
            series_position: booking.details.series.map(|part| part.number),
            series_length: booking.details.series.map(|part| part.of),
        }
    }
}

/// A meeting to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiBooking {
    pub contact_id: String,
    /// Whose meeting it is: its length, place and calendar.
    pub worker_id: String,
    /// RFC 3339 with any offset.
    pub start: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveBooking {
    /// RFC 3339 with any offset.
    pub start: String,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBooking {
    /// For the guest; at most 500 characters.
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub scope: CancelScope,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissBooking {
    /// For the visitor whose request is declined; at most 500 characters. Of other proposed times nobody hears.
    #[serde(default)]
    pub reason: String,
}

/// How much of a series ends. What is only asked for, or not paid yet, always ends as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelScope {
    #[default]
    One,
    /// This date and all later ones that still stand; the guest gets one message.
    ThisAndLater,
}

/// The booking that was asked about, which may have ended before.
#[derive(Debug, Serialize, ToSchema)]
struct CancelledBooking {
    #[serde(flatten)]
    booking: ApiBooking,
    /// Ids of all bookings that ended with this call, in their order.
    ended: Vec<String>,
}

/// The workspace's bookings, the last made first; with `from` or `to` in the order of their start. Filtered, a page may
/// hold fewer than its limit and still lead on.
#[utoipa::path(
    get, path = "/v1/bookings", tag = "bookings", params(PageQuery, BookingFilter),
    responses(
        (status = 200, description = "A page of bookings", body = ApiPage<ApiBooking>),
        (status = 401, description = "No valid key", body = Problem),
        (status = 422, description = "A wrong cursor, limit or filter", body = Problem),
    )
)]
async fn list(
    app: Data<App>,
    actor: Actor,
    query: PageQuery,
    filter: Query<BookingFilter>,
) -> Result<HttpResponse, ApiError> {
    let ((cursor, limit), only) = (query.parts()?, filter.read()?);
    let page = run(move || list_filtered(&app, &actor, only.as_ref(), cursor.as_ref(), limit)).await??;
    Ok(HttpResponse::Ok().json(query.answer(page.map(ApiBooking::from))))
}

/// One booking.
#[utoipa::path(
    get, path = "/v1/bookings/{booking}", tag = "bookings", params(("booking" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The booking", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn get(app: Data<App>, actor: Actor, path: Path<BookingId>) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let booking = run(move || service::get(&app, &actor, id)).await??;
    Ok(HttpResponse::Ok().json(ApiBooking::from(booking)))
}

/// Books a contact at a time. The time must be free, inside working hours and beyond the notice.
#[utoipa::path(
    post, path = "/v1/bookings", tag = "bookings", request_body = NewApiBooking,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again")),
    responses(
        (status = 201, description = "Held; confirmed once the calendar has it", body = ApiBooking),
        (status = 409, description = "The time is not free; free ones are named", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
        (status = 503, description = "The calendar could not be read", body = Problem),
    )
)]
async fn create(app: Data<App>, actor: Actor, once: Once, body: ApiJson<NewApiBooking>) -> Result<ApiAnswer, ApiError> {
    let (new, once) = (read_new(&body.value)?, once.of(&body));
    run(move || {
        once.carry_out(|| {
            let booking = service::create(&app, &actor, &new, &Anyway::default())?;
            ApiAnswer::created(format!("/v1/bookings/{}", booking.id), &ApiBooking::from(booking))
        })
    })
    .await?
}

fn read_new(new: &NewApiBooking) -> Result<NewBooking, ApiError> {
    let mut errors = Vec::new();
    let mut wrong = |path: &str, words: &str| errors.push(FieldError::at(path, words));
    let contact = new.contact_id.parse().ok();
    if contact.is_none() {
        wrong("/contact_id", "This is no contact's id.");
    }
    let worker = new.worker_id.parse().ok();
    if worker.is_none() {
        wrong("/worker_id", "This is no worker's id.");
    }
    let start = read_start(&new.start);
    if start.is_none() {
        wrong("/start", START_WORDS);
    }
    match (contact, worker, start) {
        (Some(contact), Some(worker), Some(start)) => Ok(NewBooking { contact, worker, start }),
        _ => Err(ApiError::invalid(errors)),
    }
}

const START_WORDS: &str =
    "Write an instant from 2000-01-01 to 2199-12-31 with its offset, for example 2026-11-24T10:30:00Z.";
/// Milliseconds since 1970 of 2000-01-01 and 2200-01-01, in UTC.
const STARTS: std::ops::Range<i64> = 946_684_800_000..7_258_118_400_000;

fn read_start(text: &str) -> Option<UnixMillis> {
    UnixMillis::parse_rfc3339(text).filter(|start| STARTS.contains(&start.0))
}

/// Books the time that a guest asked for; of a series all dates that they asked for.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/accept", tag = "bookings",
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "Held; confirmed once the calendar has it", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "Not free, or not proposed any more", body = Problem),
        (status = 503, description = "The calendar could not be read", body = Problem),
    )
)]
async fn accept(app: Data<App>, actor: Actor, once: Once, path: Path<BookingId>) -> Result<ApiAnswer, ApiError> {
    let id = path.into_inner();
    run(move || once.carry_out(|| answer(service::accept(&app, &actor, id, None, &Anyway::default())?))).await?
}

/// Has the calendar asked once more for what it refused: the event, its move or its end.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/again", tag = "bookings",
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "The calendar is asked again", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "Nothing was refused, or the time has gone since", body = Problem),
        (status = 503, description = "The calendar could not be read", body = Problem),
    )
)]
async fn again(app: Data<App>, actor: Actor, once: Once, path: Path<BookingId>) -> Result<ApiAnswer, ApiError> {
    let id = path.into_inner();
    run(move || once.carry_out(|| answer(service::try_again(&app, &actor, id, &Anyway::default())?))).await?
}

/// Lets a proposed time go without an answer to the guest. What a visitor asked for is declined, a series as a whole, and
/// they are told, with the reason where one is given.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/dismiss", tag = "bookings", request_body = Option<DismissBooking>,
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "Cancelled", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "Not proposed any more", body = Problem),
        (status = 422, description = "The reason is too long", body = Problem),
    )
)]
async fn dismiss(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<BookingId>,
    MaybeJson(body): MaybeJson<DismissBooking>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || {
        once.carry_out(|| {
            service::dismiss(&app, &actor, id, &body.value.reason)?;
            answer(service::get(&app, &actor, id)?)
        })
    })
    .await?
}

/// Moves a booking; the calendar and the guest follow.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/move", tag = "bookings", request_body = MoveBooking,
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "The booking at its new time", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "Not free, or no longer booked", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
        (status = 503, description = "The calendar could not be read", body = Problem),
    )
)]
async fn move_to(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<BookingId>,
    body: ApiJson<MoveBooking>,
) -> Result<ApiAnswer, ApiError> {
    let start = read_start(&body.value.start);
    let start = start.ok_or_else(|| ApiError::invalid(vec![FieldError::at("/start", START_WORDS)]))?;
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || once.carry_out(|| answer(service::move_to(&app, &actor, id, start, &Anyway::default())?))).await?
}

/// Cancels a booking: its time is free at once, the event goes, the guest is told.
#[utoipa::path(
    post, path = "/v1/bookings/{booking}/cancel", tag = "bookings", request_body = Option<CancelBooking>,
    params(
        ("booking" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "The booking as it stands now, and all that this call has ended", body = CancelledBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "Nothing of it is booked", body = Problem),
        (status = 422, description = "The reason is too long", body = Problem),
    )
)]
async fn cancel(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<BookingId>,
    MaybeJson(body): MaybeJson<CancelBooking>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || {
        once.carry_out(|| {
            let CancelBooking { reason, scope } = &body.value;
            let rest = *scope == CancelScope::ThisAndLater;
            let (booking, ended) = service::cancel_of_series(&app, &actor, id, reason, rest)?;
            let ended = ended.iter().map(BookingId::to_string).collect();
            ApiAnswer::json(StatusCode::OK, &CancelledBooking { booking: ApiBooking::from(booking), ended })
        })
    })
    .await?
}

/// 200 with the booking as it stands now.
pub(super) fn answer(booking: Booking) -> Result<ApiAnswer, ApiError> {
    ApiAnswer::json(StatusCode::OK, &ApiBooking::from(booking))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_all_named_at_once() {
        let new = NewApiBooking { contact_id: "x".into(), worker_id: String::new(), start: "half ten".into() };
        let problem = read_new(&new).unwrap_err().problem();
        let places: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(places, ["#/contact_id", "#/worker_id", "#/start"]);
    }

    #[test]
    fn the_description_lists_every_way_in() {
        let paths: Vec<String> = openapi().paths.paths.into_keys().collect();
        let expected = [
            "/v1/availability",
            "/v1/availability/{owner}",
            "/v1/booking-messages",
            "/v1/booking-messages/timing",
            "/v1/booking-messages/timing/{owner}",
            "/v1/booking-messages/{kind}/{language}",
            "/v1/bookings",
            "/v1/bookings/analytics",
            "/v1/bookings/{booking}",
            "/v1/bookings/{booking}/accept",
            "/v1/bookings/{booking}/again",
            "/v1/bookings/{booking}/cancel",
            "/v1/bookings/{booking}/completed",
            "/v1/bookings/{booking}/dismiss",
            "/v1/bookings/{booking}/messages",
            "/v1/bookings/{booking}/messages/{number}/send",
            "/v1/bookings/{booking}/messages/{number}/skip",
            "/v1/bookings/{booking}/move",
            "/v1/bookings/{booking}/no-show",
            "/v1/bookings/{booking}/notes",
            "/v1/bookings/{booking}/notes/{note}",
            "/v1/bookings/{booking}/outcome",
            "/v1/event-types",
            "/v1/event-types/{event}",
            "/v1/event-types/{event}/bookings",
            "/v1/event-types/{event}/series",
            "/v1/event-types/{event}/slots",
            "/v1/event-types/{event}/waitlist",
            "/v1/event-types/{event}/waitlist/{waiter}",
            "/v1/event-types/{event}/waitlist/{waiter}/offer",
            "/v1/event-types/{event}/why",
            "/v1/members/{user}/calendars",
            "/v1/members/{user}/calendars/offered",
            "/v1/routing-forms",
            "/v1/routing-forms/{form}",
            "/v1/routing-forms/{form}/lead",
            "/v1/workers/{worker}/booking",
        ];
        assert_eq!(paths, expected);
    }
}
