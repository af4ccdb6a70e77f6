//! `/v1/availability`: the hours of the workspace and of each person.

use actix_web::web::{self, Data, Path};
use actix_web::HttpResponse;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::service::{self, ScheduleError};
use crate::app::App;
use crate::authz::Actor;
use crate::availability::{Away, DayOverride, NamedSchedule, OpenHours, Owner, Schedule, TimesOf, Trip};
use crate::base::{Mistakes, ScheduleId};
use crate::http::api::Problem;
use crate::http::{run, ApiError, ApiJson};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/availability").route(web::get().to(list)))
        .service(web::resource("/availability/{owner}").route(web::get().to(get)).route(web::put().to(replace)));
}

#[derive(OpenApi)]
#[openapi(paths(list, get, replace), components(schemas(ApiTimes, ApiSchedule, ApiDay, ApiAway, ApiTrip, AllTimes)))]
pub struct SchedulesApi;

/// When one owner takes meetings.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiTimes {
    /// `workspace`, or the id of a member. Ignored in a request.
    #[serde(default)]
    pub owner: String,
    pub schedules: Vec<ApiSchedule>,
    #[serde(default)]
    pub out_of_office: Vec<ApiAway>,
    #[serde(default)]
    pub travel: Vec<ApiTrip>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiSchedule {
    /// Absent for a new one.
    #[serde(default)]
    pub id: Option<String>,
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// `mon` to `sun`, each a list of `[start, end]` as `HH:MM`; `24:00` is the next midnight.
    pub weekly_hours: std::collections::BTreeMap<String, Vec<[String; 2]>>,
    #[serde(default)]
    pub date_overrides: Vec<ApiDay>,
    /// Exactly one of an owner's.
    #[serde(default)]
    pub is_default: bool,
}

/// A date whose hours replace the weekly ones; none: closed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiDay {
    /// `2026-12-24`
    pub date: String,
    pub hours: Vec<[String; 2]>,
}

/// Both dates included.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiAway {
    pub from: String,
    pub to: String,
    #[serde(default)]
    pub note: String,
}

/// Another zone on these dates; without `to`: until further notice.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiTrip {
    pub from: String,
    #[serde(default)]
    pub to: Option<String>,
    pub time_zone: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AllTimes {
    pub data: Vec<ApiTimes>,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn ranges(hours: &[OpenHours]) -> Vec<[String; 2]> {
    hours.iter().map(|open| [clock(open.from), clock(open.to)]).collect()
}

impl ApiTimes {
    fn of(owner: Owner, times: &TimesOf) -> Self {
        let schedule = |own: &NamedSchedule| ApiSchedule {
            id: Some(own.id.to_string()),
            name: own.name.clone(),
            time_zone: own.hours.zone.clone(),
            weekly_hours: DAYS
                .iter()
                .zip(&own.hours.days)
                .map(|(day, hours)| ((*day).to_owned(), ranges(hours)))
                .collect(),
            date_overrides: own
                .overrides
                .iter()
                .map(|day| ApiDay { date: day.date.to_string(), hours: ranges(&day.hours) })
                .collect(),
            is_default: own.is_default,
        };
        let away =
            |away: &Away| ApiAway { from: away.from.to_string(), to: away.to.to_string(), note: away.note.clone() };
        let trip = |trip: &Trip| ApiTrip {
            from: trip.from.to_string(),
            to: trip.to.map(|to| to.to_string()),
            time_zone: trip.zone.clone(),
        };
        Self {
            owner: service::owner_word(owner),
            schedules: times.schedules.iter().map(schedule).collect(),
            out_of_office: times.away.iter().map(away).collect(),
            travel: times.trips.iter().map(trip).collect(),
        }
    }

    fn read(&self, new_id: impl Fn() -> ScheduleId) -> Result<TimesOf, Mistakes> {
        let mut wrong = Mistakes::default();
        let schedules = self.schedules.iter().filter_map(|own| own.read(&new_id, &mut wrong)).collect();
        let away = self.out_of_office.iter().filter_map(|away| {
            let (from, to) =
                (date("out_of_office", &away.from, &mut wrong), date("out_of_office", &away.to, &mut wrong));
            Some(Away { from: from?, to: to?, note: away.note.clone() })
        });
        let away = away.collect();
        let trips = self.travel.iter().filter_map(|trip| {
            let from = date("travel", &trip.from, &mut wrong)?;
            let to = trip.to.as_ref().and_then(|to| date("travel", to, &mut wrong));
            Some(Trip { from, to, zone: trip.time_zone.clone() })
        });
        let trips = trips.collect();
        wrong.into_result()?;
        Ok(TimesOf { schedules, away, trips })
    }
}

impl ApiSchedule {
    fn read(&self, new_id: &impl Fn() -> ScheduleId, wrong: &mut Mistakes) -> Option<NamedSchedule> {
        let id = match &self.id {
            None => new_id(),
            Some(id) => wrong.keep("schedules", id.parse().map_err(|_| "This is no schedule's id."))?,
        };
        let unknown = self.weekly_hours.keys().find(|day| !DAYS.contains(&day.as_str()));
        wrong.expect(unknown.is_none(), "schedules", "Days are named mon, tue, wed, thu, fri, sat and sun.");
        let days = DAYS.map(|day| self.weekly_hours.get(day).map_or_else(Vec::new, |hours| open(hours, wrong)));
        let overrides = self.date_overrides.iter().filter_map(|day| {
            let hours = open(&day.hours, wrong);
            Some(DayOverride { date: date("schedules", &day.date, wrong)?, hours })
        });
        Some(NamedSchedule {
            id,
            name: self.name.trim().to_owned(),
            overrides: overrides.collect(),
            hours: Schedule { zone: self.time_zone.clone(), days },
            is_default: self.is_default,
        })
    }
}

fn date(field: &'static str, text: &str, wrong: &mut Mistakes) -> Option<Date> {
    wrong.keep(field, text.parse().map_err(|_| format!("“{text}” is not a date like 2026-12-24.")))
}

fn open(ranges: &[[String; 2]], wrong: &mut Mistakes) -> Vec<OpenHours> {
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (minute < 60 && hour <= 24).then_some(hour * 60 + minute)
    };
    let mut read = Vec::new();
    for [from, to] in ranges {
        match minute(from).zip(minute(to)) {
            Some((from, to)) => read.push(OpenHours { from, to }),
            None => wrong.add("schedules", format!("“{from}” to “{to}” are no times like 09:00 and 17:00.")),
        }
    }
    read.sort();
    read
}

/// The hours of the workspace and of every member.
#[utoipa::path(
    get, path = "/v1/availability", tag = "availability",
    responses((status = 200, description = "All of them", body = AllTimes), (status = 401, description = "No valid key", body = Problem))
)]
async fn list(app: Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    let all = run(move || {
        let people = service::members(&app, &actor)?.into_iter().map(|user| Owner::Person(user.id));
        let owners = std::iter::once(Owner::Workspace).chain(people);
        let all = owners.map(|owner| Ok(ApiTimes::of(owner, &service::get(&app, &actor, owner)?)));
        all.collect::<Result<Vec<_>, ScheduleError>>()
    });
    Ok(HttpResponse::Ok().json(AllTimes { data: all.await?? }))
}

/// The hours of one owner.
#[utoipa::path(
    get, path = "/v1/availability/{owner}", tag = "availability",
    params(("owner" = String, Path, description = "`workspace`, or the id of a member")),
    responses(
        (status = 200, description = "The hours", body = ApiTimes),
        (status = 404, description = "Nobody of this workspace", body = Problem),
    )
)]
async fn get(app: Data<App>, actor: Actor, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let times = run(move || {
        let owner = service::read_owner(&actor, &path)?;
        Ok::<_, ScheduleError>(ApiTimes::of(owner, &service::get(&app, &actor, owner)?))
    });
    Ok(HttpResponse::Ok().json(times.await??))
}

/// Replaces all hours of one owner.
#[utoipa::path(
    put, path = "/v1/availability/{owner}", tag = "availability", request_body = ApiTimes,
    params(("owner" = String, Path, description = "`workspace`, or the id of a member")),
    responses(
        (status = 200, description = "The hours as they stand now", body = ApiTimes),
        (status = 403, description = "Somebody else's hours", body = Problem),
        (status = 404, description = "Nobody of this workspace", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn replace(
    app: Data<App>,
    actor: Actor,
    path: Path<String>,
    body: ApiJson<ApiTimes>,
) -> Result<HttpResponse, ApiError> {
    let times = run(move || {
        let owner = service::read_owner(&actor, &path)?;
        let now = app.now();
        let times = body.value.read(|| ScheduleId::new(now)).map_err(ScheduleError::Invalid)?;
        let after = service::change(&app, &actor, owner, |before| {
            before.clone_from(&times);
            Ok(())
        })?;
        Ok::<_, ScheduleError>(ApiTimes::of(owner, &after))
    });
    Ok(HttpResponse::Ok().json(times.await??))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    #[test]
    fn hours_come_back_as_they_were_sent() {
        let sent = serde_json::json!({
            "schedules": [{
                "name": "Mornings", "time_zone": "Europe/Berlin", "is_default": true,
                "weekly_hours": { "mon": [["09:00", "12:00"], ["13:30", "24:00"]] },
                "date_overrides": [{ "date": "2026-12-24", "hours": [] }],
            }],
            "out_of_office": [{ "from": "2026-12-25", "to": "2026-12-31" }],
            "travel": [{ "from": "2027-01-04", "to": null, "time_zone": "Asia/Tokyo" }],
        });
        let read: ApiTimes = serde_json::from_value(sent.clone()).unwrap();
        let times = read.read(|| ScheduleId::new(NOW)).unwrap();
        times.check().unwrap();
        let back = serde_json::to_value(ApiTimes::of(Owner::Workspace, &times)).unwrap();
        assert_eq!(back["schedules"][0]["weekly_hours"]["mon"], sent["schedules"][0]["weekly_hours"]["mon"]);
        assert_eq!(back["schedules"][0]["date_overrides"], sent["schedules"][0]["date_overrides"]);
        assert_eq!(back["travel"], sent["travel"]);
        assert_eq!(back["out_of_office"][0]["to"], "2026-12-31");
    }
}
