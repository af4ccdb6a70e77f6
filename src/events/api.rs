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
use crate::base::{Cursor, Page};
use crate::http::api::{FieldError, Problem};
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
    /// Position in the log. Events that the key may not see are left out, and what is older than the server keeps events is gone from its beginning.
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

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    data: Vec<ApiEvent>,
    /// Goes into `?cursor=` for the following page; null on the newest.
    next_cursor: Option<String>,
    /// The number up to which the log was read for this page, also what was left out of it. Kept, it goes into
    /// `?after=` whenever there may be news: nothing is told twice, and nothing is missed.
    last: u64,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only events of this type, for example `reply_classified`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only events behind this number: `last` of an answer, or `number` of an event. Absent: from the beginning.
    #[param(value_type = Option<u64>)]
    after: Option<String>,
}

impl EventQuery {
    fn after(&self) -> Result<u64, ApiError> {
        let words = "after is a whole number: last of an answer, or the number of an event.";
        let number = self.after.as_deref().map_or(Ok(0), str::parse);
        number.map_err(|_| ApiError::invalid(vec![FieldError::in_query("after", words)]))
    }
}

/// What happened, oldest first. To follow the log, read its pages until `next_cursor` is null, keep `last`, and ask
/// again with `after`.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", params(EventQuery, PageQuery),
    responses(
        (status = 200, description = "A page of events", body = EventPage),
        (status = 401, description = "No valid key", body = Problem),
        (status = 422, description = "A wrong cursor, limit or number", body = Problem),
    )
)]
async fn list(
    app: web::Data<App>,
    actor: Actor,
    query: web::Query<EventQuery>,
    page: PageQuery,
) -> Result<HttpResponse, ApiError> {
    // The log tells of everything at once; each event is told to whom may see what it is about.
    actor.require(Permission::ViewContacts)?;
    let (cursor, limit) = page.parts()?;
    let after = query.after()?;
    let after = cursor.and_then(|cursor| Some(u64::from_be_bytes(cursor.0.try_into().ok()?))).unwrap_or(after);
    let kind = query.into_inner().kind;
    let read = run(move || page_of(&app.store, &actor, after, limit, kind.as_deref())).await?;
    let Read { page: found, last } =
        read.map_err(|error| ApiError::internal("could not read the event log", &error))?;
    let ApiPage { data, next_cursor } = page.answer(found.map(|event| ApiEvent::from(&event)));
    Ok(HttpResponse::Ok().json(EventPage { data, next_cursor, last }))
}

/// Events that were found, and how far the log was read for them.
struct Read {
    page: Page<Event>,
    last: u64,
}

fn page_of(store: &Store, actor: &Actor, after: u64, limit: usize, kind: Option<&str>) -> Result<Read, StoreError> {
    let is_wanted = |event: &Event| kind.is_none_or(|kind| event.what.name() == kind) && actor.may(event.what.needs());
    let (mut rows, mut last, mut is_end) = (Vec::new(), after, false);
    // Pages of the size asked for, so that none is cut and the place in the log stays exact.
    for _ in 0..LOOKED_AT.div_ceil(limit) {
        let wanted = limit - rows.len();
        let mut read = store.read(|txn| log::after(txn, actor.workspace, last, wanted + 1))?;
        is_end = read.len() <= wanted;
        read.truncate(wanted);
        last = read.last().map_or(last, |event| event.number);
        rows.extend(read.into_iter().filter(is_wanted));
        if is_end || rows.len() == limit {
            break;
        }
    }
    let next = (!is_end).then(|| Cursor(last.to_be_bytes().to_vec()));
    Ok(Read { page: Page { rows, next }, last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Role;
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
            let (mut after, mut numbers) = (0, Vec::new());
            loop {
                let Read { page, last } = page_of(&test.app.store, &test.owner, after, limit, kind).unwrap();
                numbers.extend(page.rows.iter().map(|event| event.number));
                after = last;
                if page.next.is_none() {
                    assert_eq!(last, 7, "what was left out counts as read");
                    return numbers;
                }
            }
        };
        assert_eq!(numbers(None, 3), vec![1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(Some("contact_created"), 2), vec![1, 4, 7]);
        assert_eq!(numbers(Some("no_such_thing"), 2), Vec::<u64>::new());
    }

    #[test]
    fn a_key_is_told_only_of_what_its_role_may_see() {
        let test = crate::testing::app();
        let now = test.app.now();
        let contact = ContactId::new(now);
        let happened = [
            Happened::ContactCreated { contact },
            Happened::WorkerActivated { worker: crate::base::WorkerId::new(now) },
            Happened::ConnectionRemoved { connection: crate::base::ConnectionId::new(now) },
            Happened::ReplyCorrected { reply: crate::base::ReplyId::new(now), contact, label: "later".into() },
        ];
        for what in happened {
            let appended: Result<u64, StoreError> =
                test.app.store.write(|txn| append(txn, test.workspace, now, what.clone()));
            appended.unwrap();
        }
        let told = |role| {
            let actor = Actor { role, ..test.owner.clone() };
            let read = page_of(&test.app.store, &actor, 0, 10, None).unwrap();
            read.page.rows.iter().map(|event| event.number).collect::<Vec<_>>()
        };
        assert_eq!(told(Role::Owner), [1, 2, 3, 4]);
        assert_eq!(told(Role::Viewer), [1, 2, 4], "not of connections");
        assert_eq!(told(Role::Agent), [1, 4], "nor of outreach");
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
