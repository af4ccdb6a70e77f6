//! `POST /v1/event-types/{event}/bookings`: a program books for somebody, by the rules of the public page.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Query};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::commit::{book, book_series, Guest, NotBooked, Wanted};
use super::series::{self, DateOf};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{BookingId, EmailAddress, EventTypeId, UnixMillis};
use crate::bookings::api::{ApiAnswerTo, ApiBooking};
use crate::bookings::model::{Booking, Source};
use crate::bookings::store;
use crate::bookings::types::{self, Answer, EventType, Repeats, LANGUAGES};
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, PageError};
use crate::workspaces;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/event-types/{event}/bookings").route(web::post().to(create)))
        .service(web::resource("/event-types/{event}/series").route(web::get().to(dates)));
}

#[derive(OpenApi)]
#[openapi(paths(create, dates), components(schemas(NewVisit, SeriesDates, SeriesDate)))]
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
    /// How many dates of an event type that repeats. Absent: one, or its own number where guests do not choose.
    #[serde(default)]
    pub dates: Option<u32>,
    /// Of a series: book the dates that can be had without the others. Else all of them are booked or none.
    #[serde(default)]
    pub leave_out: bool,
}

/// Books a free start of an event type for somebody, or a series of them, of which it gives the first.
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
            let booking = match event.repeats {
                Some(repeats) => body.value.book_dates(&app, &event, &wanted, &repeats)?,
                None => book(&app, &event, &wanted)?,
            };
            ApiAnswer::created(format!("/v1/bookings/{}", booking.id), &ApiBooking::from(booking))
        })
    })
    .await?
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// The first date: RFC 3339 with any offset.
    #[serde(default)]
    start: String,
    /// How many dates; the event type's own number where it is absent.
    #[serde(default)]
    dates: Option<u32>,
    /// One of the event type's lengths; its first where it is absent.
    #[serde(default)]
    duration: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesDates {
    pub dates: Vec<SeriesDate>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesDate {
    /// RFC 3339, UTC.
    pub start: String,
    /// As far as is known; the calendars are asked when it is booked.
    pub free: bool,
    /// `taken`, `closed` (outside the hours), `full` (a limit), `outside` (of the bookable days) or `unknown` (a calendar
    /// could not be read).
    pub why: Option<String>,
}

/// The dates of a series that would begin at a start, and which of them can be had.
#[utoipa::path(
    get, path = "/v1/event-types/{event}/series", tag = "event types",
    params(("event" = String, Path, description = "Its id"), SeriesQuery),
    responses(
        (status = 200, description = "Its dates in order", body = SeriesDates),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 409, description = "The event type does not repeat", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn dates(
    app: Data<App>,
    actor: Actor,
    path: Path<EventTypeId>,
    query: Query<SeriesQuery>,
) -> Result<HttpResponse, ApiError> {
    let (id, query) = (path.into_inner(), query.into_inner());
    let judged = run(move || {
        actor.require(Permission::ViewCalendar).map_err(PageError::from)?;
        let event = types::get(&app.store, actor.workspace, id).map_err(broken)?;
        let event = event.ok_or_else(ApiError::not_found)?;
        let repeats = event.repeats.ok_or_else(|| ApiError::conflict("The event type does not repeat."))?;
        let start = UnixMillis::parse_rfc3339(&query.start).ok_or(FieldError::in_query("start", START));
        let count = repeats.count(query.dates).ok_or(FieldError::in_query("dates", DATES));
        let (start, count) = match (start, count) {
            (Ok(start), Ok(count)) => (start, count),
            (start, count) => return Err(ApiError::invalid(start.err().into_iter().chain(count.err()).collect())),
        };
        let starts = series::starts(&app, &event, start, count).map_err(broken)?;
        let asked = series::Asked { starts: &starts, minutes: event.duration(query.duration), hold: None, gone: &[] };
        series::judged(&app, &event, &asked).map_err(broken)
    });
    let date = |date: DateOf| SeriesDate {
        start: date.start.to_rfc3339(),
        free: date.why.is_none(),
        why: date.why.map(|why| why.as_str().to_owned()),
    };
    Ok(HttpResponse::Ok().json(SeriesDates { dates: judged.await??.into_iter().map(date).collect() }))
}

const START: &str = "Write an instant with its offset, for example 2026-11-24T10:30:00Z.";
const DATES: &str = "The event type books no such number of dates.";

fn broken(error: crate::store::StoreError) -> ApiError {
    ApiError::internal("could not read an event type", &error)
}

impl NewVisit {
    /// Books a series: all its dates, or with `leave_out` those that can be had.
    fn book_dates(
        &self,
        app: &App,
        event: &EventType,
        wanted: &Wanted,
        repeats: &Repeats,
    ) -> Result<Booking, ApiError> {
        if let Some(own) = wanted.hold {
            // Sent again, it finds what the first try booked.
            if let Some(booking) = store::get(&app.store, event.workspace, own).map_err(broken)? {
                return Ok(booking);
            }
        }
        let count = repeats.count(self.dates.or(repeats.guest_chooses.then_some(1)));
        let count = count.ok_or_else(|| ApiError::invalid(vec![FieldError::at("/dates", DATES)]))?;
        let starts = series::starts(app, event, wanted.start, count).map_err(broken)?;
        let asked = series::Asked { starts: &starts, minutes: wanted.minutes, hold: None, gone: &[] };
        let dates = match count {
            1 => vec![DateOf { start: wanted.start, why: None }],
            _ => series::judged(app, event, &asked).map_err(broken)?,
        };
        let lacks = |dates: &[DateOf]| dates.iter().any(|date| date.why.is_some());
        let is_first_lacking = dates.first().is_none_or(|date| date.why.is_some());
        if is_first_lacking || (!self.leave_out && lacks(&dates)) {
            return Err(not_all(&dates));
        }
        let later: Vec<UnixMillis> =
            dates.iter().skip(1).filter(|date| date.why.is_none()).map(|date| date.start).collect();
        let mut gone = Vec::new();
        match book_series(app, event, wanted, &later, &mut gone) {
            Err(NotBooked::Taken | NotBooked::Unreadable(_)) if count > 1 => {
                let now = series::judged(app, event, &series::Asked { gone: &gone, ..asked }).map_err(broken)?;
                Err(not_all(&now))
            }
            booked => Ok(booked?),
        }
    }

    fn read(&self, event: &EventType, home: &str) -> Result<Wanted, ApiError> {
        let mut errors = Vec::new();
        let mut wrong = |path: &str, words: &str| errors.push(FieldError::at(path, words));
        let start = UnixMillis::parse_rfc3339(&self.start);
        if start.is_none() {
            wrong("/start", START);
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
        if event.repeats.is_none() && self.dates.is_some_and(|count| count != 1) {
            wrong("/dates", "The event type does not repeat.");
        }
        let others: Result<Vec<EmailAddress>, _> = self.guests.iter().map(|guest| EmailAddress::parse(guest)).collect();
        let others = others.ok().filter(|others| others.len() <= event.companions() as usize);
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

/// Each date that cannot be had, with why.
fn not_all(dates: &[DateOf]) -> ApiError {
    let lacking = dates.iter().filter_map(|date| Some((date.start.to_rfc3339(), date.why?.as_str())));
    let lacking: Vec<String> = lacking.map(|(start, why)| format!("{start} ({why})")).collect();
    let words = match lacking.len() {
        0 => "The dates are not free any more.".to_owned(),
        n => format!("{n} of {} dates cannot be had: {}.", dates.len(), lacking.join(", ")),
    };
    ApiError::new(StatusCode::CONFLICT, "not_free", words)
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
