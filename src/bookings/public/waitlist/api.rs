//! `/v1/event-types/{event}/waitlist`: who waits; adding somebody, offering out of turn, taking off.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::desk::{self, LineError};
use super::model::Waiter;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::Span;
use crate::base::{EmailAddress, EventTypeId, UnixMillis, WaiterId};
use crate::bookings::public::commit::Guest;
use crate::bookings::types::{self, EventType, LANGUAGES};
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson};
use crate::workspaces;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/event-types/{event}/waitlist").route(web::get().to(list)).route(web::post().to(create)),
        )
        .service(web::resource("/event-types/{event}/waitlist/{waiter}").route(web::delete().to(remove)))
        .service(web::resource("/event-types/{event}/waitlist/{waiter}/offer").route(web::post().to(offer)));
}

#[derive(OpenApi)]
#[openapi(paths(list, create, remove, offer), components(schemas(ApiWaiter, ApiWaitlist, NewWaiter)))]
pub struct WaitlistApi;

/// Somebody who waits for a free time. Instants are RFC 3339.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiWaiter {
    pub id: String,
    pub contact_id: String,
    pub name: String,
    pub email: String,
    /// Starts from here…
    pub from: String,
    /// …until before here suit them.
    pub to: String,
    /// Minutes.
    pub duration: u32,
    pub time_zone: String,
    pub language: String,
    pub joined_at: String,
    /// Until they press the button of their mail nothing is offered to them; null until then.
    pub confirmed_at: Option<String>,
    /// What is kept for them now; null while they wait.
    pub offered_start: Option<String>,
    pub offered_until: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiWaitlist {
    /// Who came first stands first; at most 200.
    pub data: Vec<ApiWaiter>,
}

impl From<Waiter> for ApiWaiter {
    fn from(waiter: Waiter) -> Self {
        Self {
            id: waiter.id.to_string(),
            contact_id: waiter.contact.to_string(),
            offered_start: waiter.offer().map(|offer| offer.start.to_rfc3339()),
            offered_until: waiter.offer().map(|offer| offer.until.to_rfc3339()),
            email: waiter.email.display().to_owned(),
            from: waiter.within.start.to_rfc3339(),
            to: waiter.within.end.to_rfc3339(),
            duration: waiter.minutes,
            joined_at: waiter.joined_at.to_rfc3339(),
            confirmed_at: waiter.confirmed_at.map(UnixMillis::to_rfc3339),
            name: waiter.name,
            time_zone: waiter.zone,
            language: waiter.language,
        }
    }
}

/// Somebody to be put at the end of the line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaiter {
    pub name: String,
    pub email: String,
    /// RFC 3339: starts from here…
    pub from: String,
    /// …until before here suit them; within 400 days.
    pub to: String,
    /// One of the event type's lengths; its first where it is absent.
    #[serde(default)]
    pub duration: Option<u32>,
    /// IANA name; the workspace's own where it is absent.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `en`, `de`, `es`, `fr`, `pt` or `hi`.
    #[serde(default)]
    pub language: Option<String>,
}

/// Who waits for a free time of an event type.
#[utoipa::path(
    get, path = "/v1/event-types/{event}/waitlist", tag = "event types",
    params(("event" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "All who wait, in their order", body = ApiWaitlist),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn list(app: Data<App>, actor: Actor, path: Path<EventTypeId>) -> Result<HttpResponse, ApiError> {
    let line = run(move || desk::list(&app, &actor, path.into_inner())).await??;
    Ok(HttpResponse::Ok().json(ApiWaitlist { data: line.into_iter().map(ApiWaiter::from).collect() }))
}

/// Puts somebody on the waitlist. They get a mail that says so; who waits for the same already stays where they are.
#[utoipa::path(
    post, path = "/v1/event-types/{event}/waitlist", tag = "event types", request_body = NewWaiter,
    params(
        ("event" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 201, description = "On the list", body = ApiWaiter),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "There is no list, or it is full", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn create(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<EventTypeId>,
    body: ApiJson<NewWaiter>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || {
        once.carry_out(|| {
            actor.require(Permission::EditBookings).map_err(LineError::from)?;
            let event = types::get(&app.store, actor.workspace, id).map_err(LineError::from)?;
            let event = event.ok_or_else(ApiError::not_found)?;
            let home = workspaces::get(&app.store, actor.workspace).map_err(LineError::from)?;
            let (guest, wish) =
                body.value.read(&event, home.map(|home| home.time_zone).unwrap_or_default(), app.now())?;
            let waiter = desk::add(&app, &actor, id, &guest, wish)?;
            ApiAnswer::created(format!("/v1/event-types/{id}/waitlist"), &ApiWaiter::from(waiter))
        })
    })
    .await?
}

impl NewWaiter {
    fn read(&self, event: &EventType, home: String, now: UnixMillis) -> Result<(Guest, (Span, u32)), ApiError> {
        let mut errors = Vec::new();
        let mut expect = |is_right: bool, path: &str, words: &str| {
            if !is_right {
                errors.push(FieldError::at(path, words));
            }
        };
        let name = self.name.trim().to_owned();
        let has_name = !name.is_empty() && name.chars().count() <= 100 && !name.chars().any(char::is_control);
        expect(has_name, "/name", "Write a name of at most 100 characters.");
        let email = EmailAddress::parse(&self.email).ok();
        expect(email.is_some(), "/email", "Write an e-mail address.");
        let within = UnixMillis::parse_rfc3339(&self.from).zip(UnixMillis::parse_rfc3339(&self.to));
        let within = within.map(|(from, to)| Span::new(from.max(now), to)).filter(|within| desk::is_sized(within, now));
        expect(
            within.is_some(),
            "/to",
            "Write two instants with their offsets; the end is to come, and within 400 days.",
        );
        let length = self.duration.is_none_or(|minutes| event.durations.contains(&minutes));
        expect(length, "/duration", "The event type has no such length.");
        let zone = self.time_zone.clone().unwrap_or(home);
        expect(
            jiff::tz::TimeZone::get(&zone).is_ok(),
            "/time_zone",
            "Write the name of a time zone, as Europe/Berlin.",
        );
        let language = self.language.clone().unwrap_or_else(|| match event.language.as_str() {
            "" => "en".to_owned(),
            own => own.to_owned(),
        });
        expect(LANGUAGES.contains(&language.as_str()), "/language", "Write one of en, de, es, fr, pt and hi.");
        let (Some(email), Some(within), true) = (email, within, errors.is_empty()) else {
            return Err(ApiError::invalid(errors));
        };
        let guest = Guest { name, email, phone: String::new(), zone, language, others: Vec::new() };
        Ok((guest, (within, event.duration(self.duration))))
    }
}

/// Takes somebody off the waitlist. What was kept for them goes to the next.
#[utoipa::path(
    delete, path = "/v1/event-types/{event}/waitlist/{waiter}", tag = "event types",
    params(("event" = String, Path, description = "The event type's id"), ("waiter" = String, Path, description = "Their id on the list")),
    responses(
        (status = 204, description = "They are off it"),
        (status = 404, description = "Not on this list", body = Problem),
    )
)]
async fn remove(app: Data<App>, actor: Actor, path: Path<(EventTypeId, WaiterId)>) -> Result<HttpResponse, ApiError> {
    let (event, waiter) = path.into_inner();
    run(move || desk::remove(&app, &actor, event, waiter)).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Offers somebody the first free time that suits them, out of turn.
#[utoipa::path(
    post, path = "/v1/event-types/{event}/waitlist/{waiter}/offer", tag = "event types",
    params(
        ("event" = String, Path, description = "The event type's id"),
        ("waiter" = String, Path, description = "Their id on the list"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "What is kept for them", body = ApiWaiter),
        (status = 404, description = "Not on this list", body = Problem),
        (status = 409, description = "Nothing is free that suits them, or they hold an offer", body = Problem),
    )
)]
async fn offer(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<(EventTypeId, WaiterId)>,
) -> Result<ApiAnswer, ApiError> {
    let (event, waiter) = path.into_inner();
    run(move || {
        once.carry_out(|| {
            let offered = desk::offer_now(&app, &actor, event, waiter)?;
            ApiAnswer::json(StatusCode::OK, &ApiWaiter::from(offered))
        })
    })
    .await?
}
