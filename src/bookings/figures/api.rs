//! `GET /v1/bookings/analytics`.

use actix_web::web::{self, Data, Json, Query};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{lead_hours, quartile, Figures, Question, Sums};
use crate::app::App;
use crate::authz::Actor;
use crate::bookings::grid::after;
use crate::bookings::model::Source;
use crate::bookings::views::{parsed, EVENT_TYPE, HOST, SOURCE};
use crate::http::api::Problem;
use crate::http::{run, ApiError};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/bookings/analytics").route(web::get().to(analytics)));
}

#[derive(OpenApi)]
#[openapi(
    paths(analytics),
    components(schemas(ApiFigures, ApiSums, ApiWeek, ApiOfSource, ApiOfWorker, ApiOfHost, ApiOfEventType, Problem))
)]
pub struct FiguresApi;

/// Which weeks, and of them which bookings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AnalyticsQuery {
    /// A day of the first week, `2026-09-01`. Without it 13 weeks are told, and never more than 106.
    from: Option<String>,
    /// A day of the last week; without it this week is the last.
    to: Option<String>,
    /// `reply`, `by_hand`, `api` or `page`.
    source: Option<String>,
    worker_id: Option<String>,
    /// A member who hosts.
    host_id: Option<String>,
    event_type_id: Option<String>,
}

/// Bookings in numbers. A booking counts in the week in which it begins, once the calendar has confirmed it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiFigures {
    /// Monday of the first and Sunday of the last week.
    pub from: String,
    pub to: String,
    pub total: ApiSums,
    /// Each week, oldest first.
    pub weeks: Vec<ApiWeek>,
    pub by_source: Vec<ApiOfSource>,
    pub by_worker: Vec<ApiOfWorker>,
    pub by_host: Vec<ApiOfHost>,
    pub by_event_type: Vec<ApiOfEventType>,
}

/// All were booked; some of them were moved, cancelled, missed or completed. Hours from booking to start: three
/// quartiles, to the hour, beyond two days to the day; absent where nothing was booked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiSums {
    pub booked: u64,
    pub moved: u64,
    pub cancelled: u64,
    pub no_show: u64,
    pub completed: u64,
    pub lead_hours_quarter: Option<u64>,
    pub lead_hours_median: Option<u64>,
    pub lead_hours_three_quarters: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiWeek {
    /// `2026-11-23`.
    pub monday: String,
    #[serde(flatten)]
    pub sums: ApiSums,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiOfSource {
    pub source: String,
    #[serde(flatten)]
    pub sums: ApiSums,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiOfWorker {
    /// Absent: of no worker.
    pub worker_id: Option<String>,
    pub name: String,
    #[serde(flatten)]
    pub sums: ApiSums,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiOfHost {
    pub host_id: String,
    pub name: String,
    #[serde(flatten)]
    pub sums: ApiSums,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiOfEventType {
    pub event_type_id: String,
    pub name: String,
    #[serde(flatten)]
    pub sums: ApiSums,
}

impl From<&Sums> for ApiSums {
    fn from(sums: &Sums) -> Self {
        let lead = |quarters: u64| quartile(&sums.leads, quarters).map(lead_hours);
        Self {
            booked: sums.booked,
            moved: sums.moved,
            cancelled: sums.cancelled,
            no_show: sums.no_show,
            completed: sums.completed,
            lead_hours_quarter: lead(1),
            lead_hours_median: lead(2),
            lead_hours_three_quarters: lead(3),
        }
    }
}

impl From<Figures> for ApiFigures {
    fn from(figures: Figures) -> Self {
        let of = |sums: &Sums| ApiSums::from(sums);
        Self {
            from: figures.first.to_string(),
            to: after(figures.last, 6).to_string(),
            total: of(&figures.all),
            weeks: figures
                .weeks
                .iter()
                .map(|(monday, sums)| ApiWeek { monday: monday.to_string(), sums: of(sums) })
                .collect(),
            by_source: figures
                .by_source
                .iter()
                .map(|(source, sums)| ApiOfSource { source: source.as_str().to_owned(), sums: of(sums) })
                .collect(),
            by_host: figures
                .by_host
                .iter()
                .map(|(host, name, sums)| ApiOfHost { host_id: host.to_string(), name: name.clone(), sums: of(sums) })
                .collect(),
            by_event_type: figures
                .by_event_type
                .iter()
                .map(|(event, name, sums)| ApiOfEventType {
                    event_type_id: event.to_string(),
                    name: name.clone(),
                    sums: of(sums),
                })
                .collect(),
            by_worker: figures
                .by_worker
                .iter()
                .map(|(worker, name, sums)| ApiOfWorker {
                    worker_id: worker.map(|id| id.to_string()),
                    name: name.clone(),
                    sums: of(sums),
                })
                .collect(),
        }
    }
}

/// How many meetings were booked, moved, cancelled, missed and completed, and how long ahead, week by week.
#[utoipa::path(
    get, path = "/v1/bookings/analytics", tag = "bookings", params(AnalyticsQuery),
    responses(
        (status = 200, description = "The figures", body = ApiFigures),
        (status = 422, description = "A parameter is wrong", body = Problem),
    )
)]
async fn analytics(app: Data<App>, actor: Actor, query: Query<AnalyticsQuery>) -> Result<Json<ApiFigures>, ApiError> {
    let mut errors = Vec::new();
    const DAY: &str = "Write a day from 2000 on as 2026-11-24.";
    let day = |text: &str| text.parse::<Date>().ok().filter(|date| (2000..2200).contains(&date.year()));
    let question = Question {
        from: parsed(&query.from, "from", DAY, day, &mut errors),
        to: parsed(&query.to, "to", DAY, day, &mut errors),
        source: parsed(&query.source, "source", SOURCE, Source::parse, &mut errors),
        host: parsed(&query.host_id, "host_id", HOST, |text| text.parse().ok(), &mut errors),
        event_type: parsed(&query.event_type_id, "event_type_id", EVENT_TYPE, |text| text.parse().ok(), &mut errors),
        worker: parsed(
            &query.worker_id,
            "worker_id",
            "worker_id is the id of a worker.",
            |text| text.parse().ok(),
            &mut errors,
        ),
    };
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    let figures = run(move || Figures::read(&app, &actor, &question)).await??;
    Ok(Json(ApiFigures::from(figures)))
}
