//! `/v1` of what the team does with bookings: what became of them, notes, figures, and the filters of the list.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query};
use actix_web::HttpResponse;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::api::{answer, ApiBooking};
use super::figures::{lead_hours, quartile, Figures, Question, Sums};
use super::kept::{Became, Remark};
use super::model::{Booking, Source};
use super::service::{self, BookError};
use super::store::{find_all, Wanted};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::Span;
use crate::base::{BookingId, ContactId, Cursor, NoteId, Page, UnixMillis, WorkerId};
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/bookings/analytics").route(web::get().to(analytics)))
        .service(web::resource("/bookings/{booking}/no-show").route(web::post().to(no_show)))
        .service(web::resource("/bookings/{booking}/completed").route(web::post().to(completed)))
        .service(web::resource("/bookings/{booking}/outcome").route(web::delete().to(take_back)))
        .service(web::resource("/bookings/{booking}/notes").route(web::get().to(notes)).route(web::post().to(add_note)))
        .service(web::resource("/bookings/{booking}/notes/{note}").route(web::delete().to(remove_note)));
}

#[derive(OpenApi)]
#[openapi(
    paths(analytics, no_show, completed, take_back, notes, add_note, remove_note),
    components(schemas(
        ApiFigures,
        ApiSums,
        ApiWeek,
        ApiOfSource,
        ApiOfWorker,
        ApiNote,
        ApiNotes,
        NewApiNote,
        ApiBooking,
        Problem
    ))
)]
pub struct TeamApi;

/// Filters of the list of bookings. With `from` or `to` the list is in the order of the bookings' start, else the last
/// made comes first.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BookingFilter {
    /// Only those that begin at this instant (RFC 3339) or later.
    from: Option<String>,
    /// Only those that begin before this instant (RFC 3339).
    to: Option<String>,
    /// `proposed`, `held`, `confirmed`, `cancelled` or `failed`.
    state: Option<String>,
    /// `completed` or `no_show`.
    outcome: Option<String>,
    /// `reply`, `by_hand` or `api`.
    source: Option<String>,
    worker_id: Option<String>,
    contact_id: Option<String>,
}

/// A filter that was read.
#[derive(Clone, Debug, Default)]
pub struct Only {
    within: Option<Span>,
    state: Option<String>,
    outcome: Option<Became>,
    source: Option<Source>,
    worker: Option<WorkerId>,
    contact: Option<ContactId>,
}

const STATES: [&str; 5] = ["proposed", "held", "confirmed", "cancelled", "failed"];

impl BookingFilter {
    /// The filter, or 422 with each parameter that is wrong. `None`: nothing is filtered.
    pub fn read(&self) -> Result<Option<Only>, ApiError> {
        let mut errors = Vec::new();
        let from = parsed(&self.from, "from", INSTANT, UnixMillis::parse_rfc3339, &mut errors);
        let to = parsed(&self.to, "to", INSTANT, UnixMillis::parse_rfc3339, &mut errors);
        let state = |text: &str| STATES.contains(&text).then(|| text.to_owned());
        let outcome = |text: &str| [Became::Completed, Became::NoShow].into_iter().find(|one| one.as_str() == text);
        let only = Only {
            within: (from.is_some() || to.is_some())
                .then(|| Span::new(from.unwrap_or(UnixMillis(0)), to.unwrap_or(UnixMillis(i64::MAX)))),
            state: parsed(
                &self.state,
                "state",
                "state is proposed, held, confirmed, cancelled or failed.",
                state,
                &mut errors,
            ),
            outcome: parsed(&self.outcome, "outcome", "outcome is completed or no_show.", outcome, &mut errors),
            source: parsed(&self.source, "source", SOURCE, Source::parse, &mut errors),
            worker: parsed(
                &self.worker_id,
                "worker_id",
                "worker_id is the id of a worker.",
                |text| text.parse().ok(),
                &mut errors,
            ),
            contact: parsed(
                &self.contact_id,
                "contact_id",
                "contact_id is the id of a contact.",
                |text| text.parse().ok(),
                &mut errors,
            ),
        };
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        let is_all = only.within.is_none()
            && only.state.is_none()
            && only.outcome.is_none()
            && only.source.is_none()
            && only.worker.is_none()
            && only.contact.is_none();
        Ok((!is_all).then_some(only))
    }
}

const INSTANT: &str = "Write an instant with its offset, for example 2026-11-24T10:30:00Z.";
const SOURCE: &str = "source is reply, by_hand or api.";

fn parsed<T>(
    given: &Option<String>,
    name: &str,
    words: &str,
    parse: impl Fn(&str) -> Option<T>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let given = given.as_deref()?;
    let value = parse(given);
    if value.is_none() {
        errors.push(FieldError::in_query(name, words));
    }
    value
}

impl Only {
    fn keeps(&self, booking: &Booking) -> bool {
        self.state.as_ref().is_none_or(|state| state == booking.state.as_str())
            && self.outcome.is_none_or(|outcome| booking.kept.became() == Some(outcome))
            && self.source.is_none_or(|source| source == booking.source)
            && self.worker.is_none_or(|worker| Some(worker) == booking.worker)
            && self.contact.is_none_or(|contact| contact == booking.contact)
    }
}

/// The bookings that the filter lets through.
pub fn list(
    app: &App,
    actor: &Actor,
    only: Option<&Only>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Booking>, BookError> {
    let Some(only) = only else { return service::list(app, actor, after, limit) };
    actor.require(Permission::ViewCalendar)?;
    let wanted = Wanted { within: only.within, after, limit };
    Ok(find_all(&app.store, actor.workspace, &wanted, |_, booking| Ok(only.keeps(booking)))?)
}

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

/// Which weeks, and of them which bookings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AnalyticsQuery {
    /// A day of the first week, `2026-09-01`. Without it 13 weeks are told, and never more than 106.
    from: Option<String>,
    /// A day of the last week; without it this week is the last.
    to: Option<String>,
    /// `reply`, `by_hand` or `api`.
    source: Option<String>,
    worker_id: Option<String>,
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
            to: super::grid::after(figures.last, 6).to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bookings::tests::team::many;
    use crate::testing;

    fn filter(query: &str) -> BookingFilter {
        Query::<BookingFilter>::from_query(query).unwrap().into_inner()
    }

    #[test]
    fn each_wrong_filter_is_named() {
        let wrong = "from=today&to=x&state=open&outcome=came&source=fax&worker_id=1&contact_id=2";
        let problem = filter(wrong).read().unwrap_err().problem();
        let places: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(places, ["?from", "?to", "?state", "?outcome", "?source", "?worker_id", "?contact_id"]);
        assert!(filter("").read().unwrap().is_none());
    }

    #[test]
    fn a_filtered_list_is_complete_page_by_page() {
        let test = testing::app();
        many(&test, "2026-11-25T08:00:00Z", 130);
        let count = |query: &str| {
            let only = filter(query).read().unwrap();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = list(&test.app, &test.owner, only.as_ref(), after.as_ref(), 40).unwrap();
                assert!(page.rows.len() <= 40);
                seen.extend(page.rows.iter().map(|booking| booking.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), all, "{query}: a booking came twice");
            all
        };
        let cases = [
            ("", 130),
            ("source=api", 130),
            ("source=reply", 0),
            ("state=confirmed", 130),
            ("outcome=no_show", 0),
            ("from=2026-11-25T09:00:00Z", 70),
            ("to=2026-11-25T09:00:00Z", 60),
            ("from=2026-11-25T09:00:00Z&to=2026-11-25T09:30:00Z&source=api", 30),
            ("from=2026-11-25T09:00:00Z&to=2026-11-25T08:00:00Z", 0),
        ];
        for (query, expected) in cases {
            assert_eq!(count(query), expected, "{query}");
        }
    }
}
