//! `/v1/events`: the workspace's log for programs, oldest first, so that a reader keeps one cursor and goes on.

use actix_web::web;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::log;
use super::model::Event;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, Page, WorkspaceId};
use crate::http::api::Problem;
use crate::http::{run, ApiError, ApiPage, PageQuery};
use crate::store::{Store, StoreError};

/// Rows looked at for one page of a filtered list; a page may be short and still have a next one.
const LOOKED_AT: usize = 2_000;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/events").route(web::get().to(list)));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    EventsApi::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(list), components(schemas(ApiEvent, Problem)))]
struct EventsApi;

/// Something that happened in the workspace: ids and small facts, never content.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiEvent {
    /// Position in the log, from 1, without gaps.
    pub number: u64,
    /// `reply_classified`, `booking_confirmed`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// Ids and facts of this type of event.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

impl From<&Event> for ApiEvent {
    fn from(event: &Event) -> Self {
        let mut data = match serde_json::to_value(&event.what) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        data.remove("type");
        data.values_mut().for_each(write_as_everywhere);
        Self { number: event.number, kind: event.what.name(), at: event.at.to_rfc3339(), data }
    }
}

/// Ids are written without hyphens in all of `/v1`.
fn write_as_everywhere(value: &mut Value) {
    let id = value.as_str().filter(|text| text.len() == 36).and_then(|text| uuid::Uuid::try_parse(text).ok());
    if let Some(id) = id {
        *value = Value::String(id.simple().to_string());
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only events of this type, for example `reply_classified`.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// What happened, oldest first. On the newest page `next_cursor` is absent: keep your last cursor and ask again.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", params(EventQuery, PageQuery),
    responses(
        (status = 200, description = "A page of events", body = ApiPage<ApiEvent>),
        (status = 401, description = "No valid key", body = Problem),
        (status = 422, description = "A wrong cursor or limit", body = Problem),
    )
)]
async fn list(
    app: web::Data<App>,
    actor: Actor,
    query: web::Query<EventQuery>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    // The log tells of replies, bookings and outreach at once.
    actor.require(Permission::ViewContacts)?;
    let (cursor, limit) = page.parts()?;
    let kind = query.into_inner().kind;
    let read = run(move || page_of(&app.store, actor.workspace, cursor, limit, kind.as_deref())).await?;
    let page = read.map_err(|error| ApiError::internal("could not read the event log", &error))?;
    Ok(HttpResponse::Ok().json(ApiPage::from(page.map(|event| ApiEvent::from(&event)))))
}

fn page_of(
    store: &Store,
    workspace: WorkspaceId,
    mut cursor: Option<Cursor>,
    limit: usize,
    kind: Option<&str>,
) -> Result<Page<Event>, StoreError> {
    let Some(kind) = kind else { return log::list(store, workspace, cursor.as_ref(), limit) };
    let mut found = Vec::new();
    // Pages of the size asked for, so that none is cut and the cursor stays exact.
    for _ in 0..LOOKED_AT.div_ceil(limit) {
        let page = log::list(store, workspace, cursor.as_ref(), limit - found.len())?;
        found.extend(page.rows.into_iter().filter(|event| event.what.name() == kind));
        cursor = page.next;
        if cursor.is_none() || found.len() == limit {
            break;
        }
    }
    Ok(Page { rows: found, next: cursor })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ContactId;
    use crate::events::{append, Happened};

    #[test]
    fn a_program_reads_on_from_its_cursor_and_may_ask_for_one_type_of_event() {
        let test = crate::testing::app();
        let contact = ContactId::new(test.app.now());
        for turn in 0..7 {
            let what = if turn % 3 == 0 { Happened::ContactCreated { contact } } else { Happened::WorkspaceCreated };
            let appended: Result<u64, StoreError> =
                test.app.store.write(|txn| append(txn, test.workspace, test.app.now(), what.clone()));
            appended.unwrap();
        }
        let numbers = |kind: Option<&str>, limit| {
            let (mut cursor, mut numbers) = (None, Vec::new());
            loop {
                let page = page_of(&test.app.store, test.workspace, cursor, limit, kind).unwrap();
                numbers.extend(page.rows.iter().map(|event| event.number));
                cursor = page.next;
                if cursor.is_none() {
                    return numbers;
                }
            }
        };
        assert_eq!(numbers(None, 3), vec![1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(Some("contact_created"), 2), vec![1, 4, 7]);
        assert_eq!(numbers(Some("no_such_thing"), 2), Vec::<u64>::new());
    }

    #[test]
    fn an_event_goes_out_with_its_ids_as_the_rest_of_the_api_writes_them() {
        let test = crate::testing::app();
        let contact = ContactId::new(test.app.now());
        let what = Happened::EnrolmentEnded {
            enrolment: crate::base::EnrolmentId::new(test.app.now()),
            contact,
            reason: "answered".into(),
        };
        let event = Event { number: 9, workspace: test.workspace, at: test.app.now(), what };
        let written = serde_json::to_value(ApiEvent::from(&event)).unwrap();
        assert_eq!(written["type"], "enrolment_ended");
        assert_eq!(written["at"], "2026-11-24T10:00:00Z");
        assert_eq!(written["data"]["contact"], contact.to_string());
        assert_eq!(written["data"]["reason"], "answered");
    }
}
