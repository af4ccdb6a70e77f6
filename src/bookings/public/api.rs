//! `POST /v1/event-types/{event}/bookings`: a program books for somebody, by the rules of the public page.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use super::commit::{book, Guest, NotBooked, Wanted};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{BookingId, EmailAddress, EventTypeId, UnixMillis};
use crate::bookings::api::{ApiAnswerTo, ApiBooking};
use crate::bookings::model::Source;
use crate::bookings::types::{self, Answer, EventType, LANGUAGES};
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, PageError};
use crate::workspaces;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/event-types/{event}/bookings").route(web::post().to(create)));
}

#[derive(OpenApi)]
#[openapi(paths(create), components(schemas(NewVisit)))]
pub struct VisitsApi;

/// A booking of an event type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVisit {
    /// RFC 3339 with any offset; one of the free starts.
    pub start: String,
    /// One of the event type's lengths; its first where it is absent.
    #[serde(default)]
    pub duration: Option<u32>,
    pub name: String,
    pub email: String,
    #[serde(default)]
    pub phone: String,
    /// IANA name of the zone in which the guest is told the time; the workspace's own where it is absent.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `en`, `de`, `es`, `fr`, `pt` or `hi`.
    #[serde(default)]
    pub language: Option<String>,
    /// Addresses of others who come along.
    #[serde(default)]
    pub guests: Vec<String>,
    #[serde(default)]
    pub answers: Vec<ApiAnswerTo>,
    /// Where the guest came from.
    #[serde(default)]
    pub source: String,
}

/// Books a free start of an event type for somebody.
#[utoipa::path(
    post, path = "/v1/event-types/{event}/bookings", tag = "event types", request_body = NewVisit,
    params(
        ("event" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 201, description = "Booked, or asked for where somebody agrees first", body = ApiBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "The time is not free", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
        (status = 503, description = "A calendar could not be read", body = Problem),
    )
)]
async fn create(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<EventTypeId>,
    body: ApiJson<NewVisit>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || {
        once.carry_out_as(|own| {
            actor.require(Permission::EditBookings).map_err(PageError::from)?;
            let event = types::get(&app.store, actor.workspace, id).map_err(broken)?;
            let event = event.ok_or_else(ApiError::not_found)?;
            let home = workspaces::get(&app.store, actor.workspace).map_err(broken)?;
            let wanted = body.value.read(&event, &home.map(|home| home.time_zone).unwrap_or_default())?;
            // Sent again after a crash, it finds what the first try booked.
            let wanted = Wanted { hold: own.map(BookingId), ..wanted };
            let booking = book(&app, &event, &wanted)?;
            ApiAnswer::created(format!("/v1/bookings/{}", booking.id), &ApiBooking::from(booking))
        })
    })
    .await?
}

fn broken(error: crate::store::StoreError) -> ApiError {
    ApiError::internal("could not read an event type", &error)
}

impl NewVisit {
    fn read(&self, event: &EventType, home: &str) -> Result<Wanted, ApiError> {
        let mut errors = Vec::new();
        let mut wrong = |path: &str, words: &str| errors.push(FieldError::at(path, words));
        let start = UnixMillis::parse_rfc3339(&self.start);
        if start.is_none() {
            wrong("/start", "Write an instant with its offset, for example 2026-11-24T10:30:00Z.");
        }
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            wrong("/name", "Write a name of at most 100 characters.");
        }
        let email = EmailAddress::parse(&self.email).ok();
        if email.is_none() {
            wrong("/email", "Write an e-mail address.");
        }
        let zone = self.time_zone.clone().unwrap_or_else(|| home.to_owned());
        if jiff::tz::TimeZone::get(&zone).is_err() {
            wrong("/time_zone", "Write the name of a time zone, as Europe/Berlin.");
        }
        let language = self.language.clone().unwrap_or_else(|| match event.language.as_str() {
            "" => "en".to_owned(),
            own => own.to_owned(),
        });
        if !LANGUAGES.contains(&language.as_str()) {
            wrong("/language", "Write one of en, de, es, fr, pt and hi.");
        }
        if self.duration.is_some_and(|minutes| !event.durations.contains(&minutes)) {
            wrong("/duration", "The event type has no such length.");
        }
        let others: Result<Vec<EmailAddress>, _> = self.guests.iter().map(|guest| EmailAddress::parse(guest)).collect();
        let others = others.ok().filter(|others| others.len() <= event.guests as usize);
        if others.is_none() {
            wrong("/guests", "One is no e-mail address, or there are more than the event type allows.");
        }
        let sized = |said: &ApiAnswerTo| said.question.chars().count() <= 300 && said.answer.chars().count() <= 4000;
        if self.answers.len() > 40 || !self.answers.iter().all(sized) {
            wrong("/answers", "Send at most 40 answers of at most 4,000 characters.");
        }
        let (Some(start), Some(email), Some(others), true) = (start, email, others, errors.is_empty()) else {
            return Err(ApiError::invalid(errors));
        };
        let answer = |said: &ApiAnswerTo| Answer { question: said.question.clone(), answer: said.answer.clone() };
        Ok(Wanted {
            start,
            minutes: event.duration(self.duration),
            guest: Guest {
                name: name.to_owned(),
                email,
                phone: self.phone.chars().take(40).collect(),
                zone,
                language,
                others,
            },
            answers: self.answers.iter().map(answer).collect(),
            hold: None,
            came_from: self.source.chars().take(100).collect(),
            source: Source::Api,
        })
    }
}

impl From<NotBooked> for ApiError {
    fn from(error: NotBooked) -> Self {
        match error {
            NotBooked::Closed => Self::conflict("The event type is switched off."),
            NotBooked::Taken => Self::new(StatusCode::CONFLICT, "not_free", "The time is not free."),
            NotBooked::TooLate => Self::conflict("It is too late for that."),
            NotBooked::Unreadable(reason) => {
                let words = format!("A calendar could not be read, so nothing was booked: {reason}");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "calendar_unreadable", words)
            }
            NotBooked::Store(error) => Self::internal("could not book", &error),
        }
    }
}
