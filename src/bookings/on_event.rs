//! On which event type a worker books: a page beside its settings, and `/v1/workers/{worker}/booking`.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::slots::unfit;
use super::types::{self, EventType};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{EventTypeId, WorkerId};
use crate::http::api::{FieldError, Problem};
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::Choice;
use crate::http::{html, run, see_other, ApiError, ApiJson, Cookies, Frame, PageError, Toast};
use crate::store::StoreError;
use crate::workers::{self, Worker};

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/outreach/{worker}/booking").route(web::get().to(show)).route(web::post().to(save)));
}

pub fn api_routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/workers/{worker}/booking").route(web::get().to(get)).route(web::put().to(put)));
}

#[derive(OpenApi)]
#[openapi(paths(get, put), components(schemas(WorkerBooking)))]
pub struct OnEventApi;

#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such worker")]
    NotFound,
    /// In words.
    #[error("it cannot be chosen: {0}")]
    Unfit(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChooseError> for PageError {
    fn from(error: ChooseError) -> Self {
        match error {
            ChooseError::Denied(denied) => denied.into(),
            ChooseError::NotFound => Self::NotFound,
            ChooseError::Unfit(words) => Self::conflict(words, "Choose another event type."),
            ChooseError::Store(error) => Self::internal("could not read or write a worker", &error),
        }
    }
}

impl From<ChooseError> for ApiError {
    fn from(error: ChooseError) -> Self {
        match error {
            ChooseError::Unfit(words) => Self::invalid(vec![FieldError::at("/event_type_id", words)]),
            other => PageError::from(other).into(),
        }
    }
}

fn read(app: &App, actor: &Actor, id: WorkerId) -> Result<(Worker, Vec<EventType>), ChooseError> {
    actor.require(Permission::ViewOutreach)?;
    app.store.read(|txn| {
        let worker = workers::find(txn, actor.workspace, id)?.ok_or(ChooseError::NotFound)?;
        Ok((worker, types::list(txn, actor.workspace)?))
    })
}

/// From now on the worker offers and books the times of an event type, or, with `None`, its own meeting.
pub fn choose(app: &App, actor: &Actor, id: WorkerId, chosen: Option<EventTypeId>) -> Result<Worker, ChooseError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = workers::find(txn, actor.workspace, id)?.ok_or(ChooseError::NotFound)?;
        worker.books_on = None;
        if let Some(chosen) = chosen {
            let missing = || ChooseError::Unfit("There is no such event type here.".to_owned());
            let event = types::find(txn, actor.workspace, chosen)?.ok_or_else(missing)?;
            if let Some(words) = unfit(&event) {
                return Err(ChooseError::Unfit(words));
            }
            worker.books_on = Some(event.for_worker());
        }
        workers::put(txn, actor.workspace, &worker)?;
        let detail =
            chosen.map_or_else(|| "books its own meeting".to_owned(), |id| format!("books on event type {id}"));
        audit::record(txn, actor.workspace, now, &Who::of(actor), "worker.changed", &format!("worker {id}"), &detail)?;
        Ok(worker)
    })
}

#[derive(Template)]
#[template(path = "bookings/on_event.html")]
struct OnEventPage {
    layout: Layout,
    worker: String,
    name: String,
    chosen: String,
    choices: Vec<Choice>,
    /// Why nothing can be booked on the chosen one.
    trouble: String,
    error: String,
    has_calendar: bool,
    may_edit: bool,
}

fn page(layout: Layout, actor: &Actor, worker: &Worker, events: &[EventType]) -> OnEventPage {
    let mut choices =
        vec![Choice { value: String::new(), label: "Its own meeting, in the hours of the workspace".into() }];
    let fits = events.iter().filter(|event| unfit(event).is_none() || worker.event_type() == Some(event.id));
    choices.extend(fits.map(|event| Choice { value: event.id.to_string(), label: event.name.clone() }));
    let chosen = worker.event_type().and_then(|id| events.iter().find(|event| event.id == id));
    OnEventPage {
        layout,
        worker: worker.id.to_string(),
        name: worker.name.clone(),
        chosen: chosen.map(|event| event.id.to_string()).unwrap_or_default(),
        choices,
        trouble: chosen.and_then(unfit).unwrap_or_default(),
        error: String::new(),
        has_calendar: worker.calendar.is_some(),
        may_edit: actor.may(Permission::EditOutreach),
    }
}

/// GET /outreach/{worker}/booking
async fn show(app: Data<App>, actor: Actor, frame: Frame, id: Path<WorkerId>) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("What it books on");
    let page = run(move || read(&app, &actor, *id).map(|(worker, events)| page(layout, &actor, &worker, &events)));
    html(StatusCode::OK, &page.await??)
}

#[derive(Deserialize)]
struct ChooseForm {
    #[serde(default)]
    event_type: String,
}

/// POST /outreach/{worker}/booking: 303 back; 422 when it cannot be chosen.
async fn save(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    id: Path<WorkerId>,
    form: Form<ChooseForm>,
) -> Result<HttpResponse, PageError> {
    let (id, layout) = (*id, frame.layout("What it books on"));
    let refused = run(move || {
        let chosen = match form.event_type.as_str() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| ChooseError::Unfit("Choose one of the list.".to_owned())),
        };
        match chosen.and_then(|chosen| choose(&app, &actor, id, chosen)) {
            Ok(_) => Ok(None),
            Err(ChooseError::Unfit(error)) => {
                let (worker, events) = read(&app, &actor, id)?;
                Ok(Some(OnEventPage { error, ..page(layout, &actor, &worker, &events) }))
            }
            Err(error) => Err(error),
        }
    });
    match refused.await?? {
        None => Ok(with_toast(see_other(&format!("/outreach/{id}/booking")), &cookies, &Toast::new("Saved."))),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

/// What a worker books on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerBooking {
    /// An event type that is open; null: the worker's own meeting, in the hours of the workspace.
    pub event_type_id: Option<String>,
}

impl WorkerBooking {
    fn of(worker: &Worker) -> Self {
        Self { event_type_id: worker.event_type().map(|id| id.to_string()) }
    }
}

/// The event type on which a worker books.
#[utoipa::path(
    get, path = "/v1/workers/{worker}/booking", tag = "workers", params(("worker" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "What it books on", body = WorkerBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn get(app: Data<App>, actor: Actor, id: Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    let (worker, _) = run(move || read(&app, &actor, *id)).await??;
    Ok(HttpResponse::Ok().json(WorkerBooking::of(&worker)))
}

/// Has a worker offer and book the times of an event type; each offered time in its mails is a link that books it.
#[utoipa::path(
    put, path = "/v1/workers/{worker}/booking", tag = "workers", request_body = WorkerBooking,
    params(("worker" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "As it stands now", body = WorkerBooking),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "It cannot be booked on", body = Problem),
    )
)]
async fn put(
    app: Data<App>,
    actor: Actor,
    id: Path<WorkerId>,
    body: ApiJson<WorkerBooking>,
) -> Result<HttpResponse, ApiError> {
    let worker = run(move || {
        let chosen = match &body.value.event_type_id {
            Some(text) => {
                let wrong = || ChooseError::Unfit("This is not an id of ours.".to_owned());
                Some(text.parse().map_err(|_| wrong())?)
            }
            None => None,
        };
        choose(&app, &actor, *id, chosen)
    });
    Ok(HttpResponse::Ok().json(WorkerBooking::of(&worker.await??)))
}
