//! `/v1/event-types`: list, make, change, switch, free times, and why a time is not offered.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Query};
use actix_web::HttpResponse;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::facts::{self, Question as SlotQuestion};
use super::model::{Align, Assignment, EventType, Horizon, HostOf, Limits, Price, Question, Repeats, Waitlist};
use super::service;
use crate::app::App;
use crate::authz::Actor;
use crate::availability::Every;
use crate::base::{EventTypeId, Mistakes, UnixMillis};
use crate::bookings::schedules::SetupError;
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson};
use crate::meetings::Location;

/// Days of one question for free times.
const MOST_DAYS: i32 = 62;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/event-types").route(web::get().to(list)).route(web::post().to(create)))
        .service(web::resource("/event-types/{event}").route(web::get().to(get)).route(web::put().to(replace)))
        .service(web::resource("/event-types/{event}/slots").route(web::get().to(slots)))
        .service(web::resource("/event-types/{event}/why").route(web::get().to(why)));
}

#[derive(OpenApi)]
#[openapi(
    paths(list, create, get, replace, slots, why),
    components(schemas(
        ApiEventType,
        ApiHost,
        AllEventTypes,
        FreeStarts,
        WhyAnswer,
        Align,
        Horizon,
        Limits,
        Location,
        Assignment,
        Question,
        Waitlist,
        Repeats,
        Every
    ))
)]
pub struct EventTypesApi;

/// What strangers can book. Lengths are minutes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiEventType {
    /// Ignored in a request.
    #[serde(default)]
    pub id: String,
    pub name: String,
    /// The last part of the public address; empty: made of the name.
    #[serde(default)]
    pub slug: String,
    #[serde(default)]
    pub description: String,
    /// Strangers see it.
    #[serde(default = "yes")]
    pub open: bool,
    /// The visitor's choice where there are several.
    pub durations: Vec<u32>,
    /// Distance of starts.
    pub step: u32,
    #[serde(default)]
    pub align: Align,
    #[serde(default)]
    pub buffer_before: u32,
    #[serde(default)]
    pub buffer_after: u32,
    #[serde(default)]
    pub minimum_notice: u32,
    pub horizon: Horizon,
    #[serde(default)]
    pub limits: Limits,
    pub hosts: Vec<ApiHost>,
    #[serde(default)]
    pub assignment: Assignment,
    #[serde(default)]
    pub seats: Option<u32>,
    /// Ids of rooms.
    #[serde(default)]
    pub rooms: Vec<String>,
    #[serde(default)]
    pub needs_approval: bool,
    #[serde(default = "ten")]
    pub hold_minutes: u32,
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Others whom a visitor may bring.
    #[serde(default)]
    pub guests: u32,
    /// A visitor may move or cancel until so many minutes before.
    #[serde(default)]
    pub cut_off: u32,
    #[serde(default)]
    pub needs_reason: bool,
    /// What a visitor pays before the booking stands; absent or null: nothing.
    #[serde(default)]
    pub price: Option<Price>,
    /// Visitors may wait where no time is free; absent or null: there is no list.
    #[serde(default)]
    pub waitlist: Option<Waitlist>,
    /// A visitor books several dates at once; absent or null: one. Not together with `price` or `waitlist`.
    #[serde(default)]
    pub repeats: Option<Repeats>,
    #[serde(default)]
    pub location: Location,
    /// Of page and messages; empty: the visitor's own.
    #[serde(default)]
    pub language: String,
}

fn yes() -> bool {
    true
}

fn ten() -> u32 {
    10
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiHost {
    pub user_id: String,
    /// Absent: their default one.
    #[serde(default)]
    pub schedule_id: Option<String>,
    #[serde(default = "one")]
    pub weight: u32,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AllEventTypes {
    pub data: Vec<ApiEventType>,
}

impl From<EventType> for ApiEventType {
    fn from(event: EventType) -> Self {
        let host = |host: &HostOf| ApiHost {
            user_id: host.user.to_string(),
            schedule_id: host.schedule.map(|id| id.to_string()),
            weight: host.weight,
        };
        Self {
            id: event.id.to_string(),
            hosts: event.hosts.iter().map(host).collect(),
            rooms: event.rooms.iter().map(ToString::to_string).collect(),
            name: event.name,
            slug: event.slug,
            description: event.description,
            open: event.is_open,
            durations: event.durations,
            step: event.step,
            align: event.align,
            buffer_before: event.buffer_before,
            buffer_after: event.buffer_after,
            minimum_notice: event.notice,
            horizon: event.horizon,
            limits: event.limits,
            assignment: event.assignment,
            seats: event.seats,
            needs_approval: event.needs_approval,
            hold_minutes: event.hold_minutes,
            questions: event.questions,
            guests: event.guests,
            cut_off: event.cut_off,
            needs_reason: event.needs_reason,
            price: event.price,
            waitlist: event.waitlist,
            repeats: event.repeats,
            location: event.location,
            language: event.language,
        }
    }
}

impl ApiEventType {
    fn over(&self, before: EventType) -> Result<EventType, SetupError> {
        let mut wrong = Mistakes::default();
        let hosts = self.hosts.iter().filter_map(|host| {
            let user = wrong.keep("hosts", host.user_id.parse().map_err(|_| "This is no member's id."))?;
            let schedule = match &host.schedule_id {
                Some(id) => Some(wrong.keep("hosts", id.parse().map_err(|_| "This is no schedule's id."))?),
                None => None,
            };
            Some(HostOf { user, schedule, weight: host.weight })
        });
        let hosts = hosts.collect();
        let rooms = self.rooms.iter();
        let rooms = rooms.filter_map(|id| wrong.keep("rooms", id.parse().map_err(|_| "This is no room's id.")));
        let rooms = rooms.collect();
        wrong.into_result().map_err(SetupError::Invalid)?;
        Ok(EventType {
            name: self.name.clone(),
            slug: self.slug.clone(),
            description: self.description.clone(),
            is_open: self.open,
            durations: self.durations.clone(),
            step: self.step,
            align: self.align,
            buffer_before: self.buffer_before,
            buffer_after: self.buffer_after,
            notice: self.minimum_notice,
            horizon: self.horizon,
            limits: self.limits,
            hosts,
            assignment: self.assignment,
            seats: self.seats,
            rooms,
            needs_approval: self.needs_approval,
            hold_minutes: self.hold_minutes,
            questions: self.questions.clone(),
            guests: self.guests,
            cut_off: self.cut_off,
            needs_reason: self.needs_reason,
            price: self.price.clone(),
            waitlist: self.waitlist,
            repeats: self.repeats,
            location: self.location.clone(),
            language: self.language.clone(),
            ..before
        })
    }
}

/// All event types of the workspace.
#[utoipa::path(
    get, path = "/v1/event-types", tag = "event types",
    responses((status = 200, description = "All of them", body = AllEventTypes), (status = 401, description = "No valid key", body = Problem))
)]
async fn list(app: Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    let all = run(move || service::list(&app, &actor)).await??;
    Ok(HttpResponse::Ok().json(AllEventTypes { data: all.into_iter().map(ApiEventType::from).collect() }))
}

/// One event type.
#[utoipa::path(
    get, path = "/v1/event-types/{event}", tag = "event types", params(("event" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The event type", body = ApiEventType),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn get(app: Data<App>, actor: Actor, path: Path<EventTypeId>) -> Result<HttpResponse, ApiError> {
    let event = run(move || service::get(&app, &actor, path.into_inner())).await??;
    Ok(HttpResponse::Ok().json(ApiEventType::from(event)))
}

/// Makes an event type.
#[utoipa::path(
    post, path = "/v1/event-types", tag = "event types", request_body = ApiEventType,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again")),
    responses(
        (status = 201, description = "Made", body = ApiEventType),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn create(app: Data<App>, actor: Actor, once: Once, body: ApiJson<ApiEventType>) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    run(move || {
        once.carry_out(|| {
            let now = app.now();
            let blank = EventType::new(EventTypeId::new(now), actor.workspace, None, now);
            let event = service::save(&app, &actor, body.value.over(blank)?)?;
            ApiAnswer::created(format!("/v1/event-types/{}", event.id), &ApiEventType::from(event))
        })
    })
    .await?
}

/// Replaces an event type. What is booked stays.
#[utoipa::path(
    put, path = "/v1/event-types/{event}", tag = "event types", request_body = ApiEventType,
    params(("event" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "As it stands now", body = ApiEventType),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn replace(
    app: Data<App>,
    actor: Actor,
    path: Path<EventTypeId>,
    body: ApiJson<ApiEventType>,
) -> Result<HttpResponse, ApiError> {
    let event = run(move || {
        let before = service::get(&app, &actor, path.into_inner())?;
        service::save(&app, &actor, body.value.over(before)?)
    });
    Ok(HttpResponse::build(StatusCode::OK).json(ApiEventType::from(event.await??)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SlotsQuery {
    /// First day, as `2026-12-01`, in `time_zone`.
    #[serde(default)]
    from: String,
    /// Last day, included.
    #[serde(default)]
    to: String,
    /// IANA name of the visitor's zone; UTC where it is absent.
    #[serde(default)]
    time_zone: Option<String>,
    /// One of the event type's lengths; its first where it is absent.
    #[serde(default)]
    duration: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FreeStarts {
    /// UTC instants, ascending.
    pub slots: Vec<String>,
}

/// The free starts of some days.
#[utoipa::path(
    get, path = "/v1/event-types/{event}/slots", tag = "event types",
    params(("event" = String, Path, description = "Its id"), SlotsQuery),
    responses(
        (status = 200, description = "Free starts", body = FreeStarts),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn slots(
    app: Data<App>,
    actor: Actor,
    path: Path<EventTypeId>,
    query: Query<SlotsQuery>,
) -> Result<HttpResponse, ApiError> {
    let event = {
        let (app, actor, id) = (app.clone(), actor.clone(), path.into_inner());
        run(move || service::get(&app, &actor, id)).await??
    };
    let mut errors = Vec::new();
    let mut date = |name: &str, text: &str| {
        let date = text.parse::<Date>().ok();
        if date.is_none() {
            errors.push(FieldError::in_query(name, "Write a date as 2026-12-01."));
        }
        date
    };
    let dates = date("from", &query.from).zip(date("to", &query.to));
    let zone = TimeZone::get(query.time_zone.as_deref().unwrap_or("UTC"));
    if zone.is_err() {
        errors.push(FieldError::in_query("time_zone", "Write the name of a time zone, as Europe/Berlin."));
    }
    if dates.is_some_and(|(from, to)| (to - from).get_days() > MOST_DAYS) {
        errors.push(FieldError::in_query("to", "Ask for at most 62 days at once."));
    }
    let (Some((from, to)), Ok(zone), true) = (dates, zone, errors.is_empty()) else {
        return Err(ApiError::invalid(errors));
    };
    let free = run(move || {
        let question = SlotQuestion { from, to, zone, duration: event.duration(query.duration), but: None, own: None };
        Ok::<_, SetupError>(facts::free_starts(&app, &event, &question)?)
    });
    let slots = free.await??.into_iter().map(UnixMillis::to_rfc3339).collect();
    Ok(HttpResponse::Ok().json(FreeStarts { slots }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhyQuery {
    /// RFC 3339 with any offset.
    #[serde(default)]
    at: String,
    #[serde(default)]
    duration: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WhyAnswer {
    pub offered: bool,
    /// The first rule that removes it; `full` where all seats of a group are taken.
    pub rule: Option<String>,
    pub why: String,
}

/// Why a time is offered or not.
#[utoipa::path(
    get, path = "/v1/event-types/{event}/why", tag = "event types",
    params(("event" = String, Path, description = "Its id"), WhyQuery),
    responses(
        (status = 200, description = "The first rule that removes it", body = WhyAnswer),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn why(
    app: Data<App>,
    actor: Actor,
    path: Path<EventTypeId>,
    query: Query<WhyQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    {
        let (app, actor) = (app.clone(), actor.clone());
        run(move || service::get(&app, &actor, id)).await??;
    }
    let Some(at) = UnixMillis::parse_rfc3339(&query.at) else {
        return Err(ApiError::invalid(vec![FieldError::in_query("at", "Write an instant as 2026-12-01T10:30:00Z.")]));
    };
    let why = run(move || service::why(&app, &actor, id, at, query.duration)).await??;
    let answer = WhyAnswer { offered: why.rule.is_none(), rule: why.rule.map(str::to_owned), why: why.words };
    Ok(HttpResponse::Ok().json(answer))
}
