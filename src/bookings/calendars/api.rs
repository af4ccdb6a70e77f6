//! `/v1/members/{user}/calendars`: which calendars of a member count, which are offered, which one is written to.

use actix_web::web::{self, Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, CalendarRef, ChooseError, PersonCalendars};
use crate::base::{ConnectionId, UserId};
use crate::http::api::{FieldError, Problem};
use crate::http::{run, ApiError, ApiJson, PageError};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/members/{user}/calendars").route(web::get().to(get)).route(web::put().to(put)))
        .service(web::resource("/members/{user}/calendars/offered").route(web::get().to(offered)));
}

#[derive(OpenApi)]
#[openapi(
    paths(get, put, offered),
    components(schemas(ApiCalendarRef, ApiPersonCalendars, ChooseCalendars, ApiOffered, ApiCalendar, Problem))
)]
pub struct CalendarsApi;

/// One calendar of one connection.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiCalendarRef {
    pub connection_id: String,
    /// The calendar's id at its provider.
    pub calendar_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiPersonCalendars {
    pub user_id: String,
    /// What bookings with the member are written to; it counts as busy too.
    pub write_to: Option<ApiCalendarRef>,
    /// A time is offered only where all of these are free.
    pub conflicts: Vec<ApiCalendarRef>,
    /// Nobody has chosen yet: these are the calendars of the connections that the member made.
    pub is_default: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseCalendars {
    #[serde(default)]
    pub write_to: Option<ApiCalendarRef>,
    /// At most 20.
    #[serde(default)]
    pub conflicts: Vec<ApiCalendarRef>,
}

/// A connection with the calendars that may be chosen of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiOffered {
    pub connection_id: String,
    pub address: String,
    pub calendars: Vec<ApiCalendar>,
    /// Why they could not be listed, in words.
    pub trouble: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApiCalendar {
    pub calendar_id: String,
    pub name: String,
    /// IANA name; empty where its provider does not say.
    pub time_zone: String,
    pub is_writable: bool,
}

impl From<CalendarRef> for ApiCalendarRef {
    fn from(one: CalendarRef) -> Self {
        Self { connection_id: one.connection.to_string(), calendar_id: one.calendar }
    }
}

fn answer(user: UserId, calendars: PersonCalendars) -> Json<ApiPersonCalendars> {
    Json(ApiPersonCalendars {
        user_id: user.to_string(),
        write_to: calendars.write_to.map(ApiCalendarRef::from),
        conflicts: calendars.conflicts.into_iter().map(ApiCalendarRef::from).collect(),
        is_default: calendars.is_default,
    })
}

fn user_in(path: &str) -> Result<UserId, ApiError> {
    path.parse().map_err(|_| ApiError::not_found())
}

/// The calendars of a member.
#[utoipa::path(
    get, path = "/v1/members/{user}/calendars", tag = "bookings",
    params(("user" = String, Path, description = "The member's id")),
    responses(
        (status = 200, description = "What counts and what is written to", body = ApiPersonCalendars),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn get(app: Data<App>, actor: Actor, path: Path<String>) -> Result<Json<ApiPersonCalendars>, ApiError> {
    actor.require(Permission::ViewConnections)?;
    let user = user_in(&path)?;
    let found = run(move || {
        let is_member = app.store.read(|txn| crate::workspaces::find_member(txn, actor.workspace, user))?.is_some();
        if !is_member {
            return Err(ChooseError::NotFound);
        }
        Ok(availability::calendars_of(&app.store, actor.workspace, user)?)
    });
    Ok(answer(user, found.await??))
}

/// Chooses the calendars of a member.
#[utoipa::path(
    put, path = "/v1/members/{user}/calendars", tag = "bookings", request_body = ChooseCalendars,
    params(("user" = String, Path, description = "The member's id")),
    responses(
        (status = 200, description = "What counts from now on", body = ApiPersonCalendars),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "A calendar that is not there, or cannot be written to", body = Problem),
    )
)]
async fn put(
    app: Data<App>,
    actor: Actor,
    path: Path<String>,
    body: ApiJson<ChooseCalendars>,
) -> Result<Json<ApiPersonCalendars>, ApiError> {
    actor.require(Permission::ManageConnections)?;
    let user = user_in(&path)?;
    let mut wrong = Vec::new();
    let mut read = |place: String, one: &ApiCalendarRef| match one.connection_id.parse::<ConnectionId>() {
        Ok(connection) => Some(CalendarRef { connection, calendar: one.calendar_id.clone() }),
        Err(_) => {
            wrong.push(FieldError::at(&format!("{place}/connection_id"), "This is no connection's id."));
            None
        }
    };
    let write_to = body.value.write_to.as_ref().and_then(|one| read("/write_to".to_owned(), one));
    let listed = body.value.conflicts.iter().enumerate();
    let conflicts: Vec<CalendarRef> = listed.filter_map(|(n, one)| read(format!("/conflicts/{n}"), one)).collect();
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    let chosen = run(move || availability::choose(&app, &actor, user, write_to, conflicts)).await??;
    Ok(answer(user, chosen))
}

/// The calendars that can be chosen from, asked of their providers now.
#[utoipa::path(
    get, path = "/v1/members/{user}/calendars/offered", tag = "bookings",
    params(("user" = String, Path, description = "The member's id")),
    responses(
        (status = 200, description = "By connection, oldest first", body = Vec<ApiOffered>),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn offered(app: Data<App>, actor: Actor, path: Path<String>) -> Result<Json<Vec<ApiOffered>>, ApiError> {
    actor.require(Permission::ManageConnections)?;
    let user = user_in(&path)?;
    let found = run(move || availability::offered(&app, &actor, user)).await??;
    let shown = found.into_iter().map(|offer| {
        let (entries, trouble) = match offer.calendars {
            Ok(entries) => (entries, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let calendar = |entry: crate::providers::calendar::CalendarEntry| ApiCalendar {
            is_writable: entry.is_writable(),
            calendar_id: entry.id,
            name: entry.summary,
            time_zone: entry.time_zone,
        };
        ApiOffered {
            connection_id: offer.connection.id.to_string(),
            address: offer.connection.address.display().to_owned(),
            calendars: entries.into_iter().map(calendar).collect(),
            trouble,
        }
    });
    Ok(Json(shown.collect()))
}

impl From<ChooseError> for ApiError {
    fn from(error: ChooseError) -> Self {
        match error {
            ChooseError::Invalid(words) => Self::invalid(vec![FieldError::at("/conflicts", &words)]),
            other => PageError::from(other).into(),
        }
    }
}
