//! `/v1`: sequences, enrolments and workers. The same services as the pages, in JSON.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::sequences::{self, SequenceForm, StepForm};
use super::{
    activate, enrol, figures, get, get_sequence, list_group, list_sequences, stop, Enrolment, Group, OutreachError,
    Sequence, State,
};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor, EnrolmentId, SequenceId, WorkerId};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, IdempotencyStore};
use crate::http::{run, ApiError, ApiJson, ApiPage, PageError};
use crate::workers::{self, Worker, WorkerError, WorkerForm, WorkerState};

pub fn api_routes(config: &mut web::ServiceConfig) {
    let at = web::resource::<&str>;
    config
        .service(at("/sequences").route(web::get().to(get_sequences)).route(web::post().to(post_sequence)))
        .service(
            at("/sequences/{sequence}")
                .route(web::get().to(get_one_sequence))
                .route(web::put().to(put_sequence))
                .route(web::delete().to(delete_sequence)),
        )
        .service(at("/workers").route(web::get().to(get_workers)).route(web::post().to(post_worker)))
        .service(
            at("/workers/{worker}")
                .route(web::get().to(get_worker))
                .route(web::put().to(put_worker))
                .route(web::delete().to(delete_worker)),
        )
        .service(at("/workers/{worker}/activate").route(web::post().to(activate_worker)))
        .service(at("/workers/{worker}/pause").route(web::post().to(pause_worker)))
        .service(
            at("/workers/{worker}/enrolments")
                .route(web::get().to(get_enrolments))
                .route(web::post().to(post_enrolments)),
        )
        .service(at("/enrolments/{enrolment}").route(web::get().to(get_enrolment)))
        .service(at("/enrolments/{enrolment}/stop").route(web::post().to(stop_enrolment)));
}

#[derive(OpenApi)]
#[openapi(
    paths(
        get_sequences,
        post_sequence,
        get_one_sequence,
        put_sequence,
        delete_sequence,
        get_workers,
        post_worker,
        get_worker,
        put_worker,
        delete_worker,
        activate_worker,
        pause_worker,
        get_enrolments,
        post_enrolments,
        get_enrolment,
        stop_enrolment
    ),
    components(schemas(SequenceJson, StepJson, WorkerJson, WorkerBody, EnrolmentJson, EnrolBody, EnrolledJson))
)]
struct Api;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

impl From<OutreachError> for ApiError {
    fn from(error: OutreachError) -> Self {
        match error {
            OutreachError::Mistakes(mistakes) => {
                let pointer = |mistake: &sequences::Mistake| match mistake.step {
                    Some(step) => format!("/steps/{step}/{}", api_field(mistake.field)),
                    None => format!("/{}", mistake.field),
                };
                let errors = mistakes.iter().map(|mistake| FieldError::at(&pointer(mistake), mistake.words.clone()));
                ApiError::invalid(errors.collect())
            }
            OutreachError::Worker(WorkerError::Invalid { field, words }) => {
                ApiError::invalid(vec![FieldError::at(&format!("/{field}"), words)])
            }
            OutreachError::NotReady(missing) => ApiError::new(StatusCode::CONFLICT, "not_ready", missing.join(" ")),
            other => PageError::from(other).into(),
        }
    }
}

fn api_field(field: &str) -> &str {
    match field {
        "wait" => "wait_days",
        field => field,
    }
}

/// Runs a service whose errors are this room's.
async fn service<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OutreachError> + Send + 'static,
) -> Result<T, ApiError> {
    Ok(run(work).await??)
}

type Answers = web::Data<Arc<dyn IdempotencyStore>>;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SequenceJson {
    /// Absent in what is sent.
    #[serde(default)]
    id: Option<String>,
    name: String,
    steps: Vec<StepJson>,
    /// All texts are approved and may leave.
    #[serde(default)]
    is_approved: bool,
    #[serde(default)]
    version: u32,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StepJson {
    /// Of a step that exists; absent for a new one.
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    wait_days: u16,
    #[serde(default)]
    working_days: bool,
    /// Empty: an answer in the same thread.
    #[serde(default)]
    subject: String,
    text: String,
}

impl From<&Sequence> for SequenceJson {
    fn from(sequence: &Sequence) -> Self {
        let step = |step: &super::Step| StepJson {
            id: Some(step.id.to_string()),
            wait_days: step.wait_days,
            working_days: step.working_days,
            subject: step.subject.clone(),
            text: step.text.clone(),
        };
        Self {
            id: Some(sequence.id.to_string()),
            name: sequence.name.clone(),
            steps: sequence.steps.iter().map(step).collect(),
            is_approved: sequence.is_all_approved(),
            version: sequence.version,
        }
    }
}

impl SequenceJson {
    fn form(self) -> SequenceForm {
        let step = |step: StepJson| StepForm {
            id: step.id.and_then(|id| id.parse().ok()),
            wait_days: step.wait_days,
            working_days: step.working_days,
            subject: step.subject,
            text: step.text,
        };
        SequenceForm { name: self.name, steps: self.steps.into_iter().map(step).collect() }
    }
}

/// All sequences of the workspace.
#[utoipa::path(get, path = "/v1/sequences", tag = "sequences", responses((status = 200, body = ApiPage<SequenceJson>)))]
async fn get_sequences(app: web::Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let all = service(move || Ok(list_sequences(&app.store, actor.workspace)?)).await?;
    Ok(HttpResponse::Ok().json(ApiPage { data: all.iter().map(SequenceJson::from).collect(), next_cursor: None }))
}

/// Writes a sequence. Its texts leave once a worker that uses it is switched on.
#[utoipa::path(post, path = "/v1/sequences", tag = "sequences", request_body = SequenceJson, responses((status = 201, body = SequenceJson)))]
async fn post_sequence(
    app: web::Data<App>,
    actor: Actor,
    answers: Answers,
    key: IdempotencyKey,
    body: ApiJson<SequenceJson>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let made = sequences::create(&app, &actor, &body.value.form())?;
            ApiAnswer::created(format!("/v1/sequences/{}", made.id), &SequenceJson::from(&made))
        })
    })
    .await?
}

#[utoipa::path(get, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), responses((status = 200, body = SequenceJson)))]
async fn get_one_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let found = service(move || get_sequence(&app.store, actor.workspace, *id)?.ok_or(OutreachError::NotFound));
    Ok(HttpResponse::Ok().json(SequenceJson::from(&found.await?)))
}

/// Replaces name and steps. Steps with an id keep their history; changed texts wait for an approval by a person.
#[utoipa::path(put, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), request_body = SequenceJson, responses((status = 200, body = SequenceJson)))]
async fn put_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
    body: ApiJson<SequenceJson>,
) -> Result<HttpResponse, ApiError> {
    let saved = service(move || sequences::update(&app, &actor, *id, &body.value.form())).await?;
    Ok(HttpResponse::Ok().json(SequenceJson::from(&saved)))
}

#[utoipa::path(delete, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), responses((status = 204)))]
async fn delete_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    service(move || sequences::delete(&app, &actor, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerJson {
    id: String,
    name: String,
    goal: String,
    audience_tag: String,
    sequence: Option<String>,
    mailbox: Option<String>,
    calendar: Option<String>,
    /// `off`, `working` or `paused`.
    state: &'static str,
    /// Why it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    leads: u64,
    written_to: u64,
    replied: u64,
    interested: u64,
    meetings: u64,
}

/// What may be set; limits, hours and the meeting are set on the worker's page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerBody {
    name: String,
    #[serde(default)]
    goal: String,
    #[serde(default)]
    audience_tag: String,
    #[serde(default)]
    sequence: Option<String>,
    #[serde(default)]
    mailbox: Option<String>,
    #[serde(default)]
    calendar: Option<String>,
    #[serde(default)]
    sender_name: Option<String>,
}

impl WorkerBody {
    fn into_form(self, standing: WorkerForm) -> Result<WorkerForm, ApiError> {
        let mut form = standing;
        form.sequence = id_at("/sequence", self.sequence)?;
        form.mailbox = id_at("/mailbox", self.mailbox)?;
        form.calendar = id_at("/calendar", self.calendar)?;
        (form.name, form.goal, form.audience_tag) = (self.name, self.goal, self.audience_tag.to_lowercase());
        if let Some(name) = self.sender_name {
            form.sender.name = name;
        }
        Ok(form)
    }
}

fn id_at<T: std::str::FromStr>(pointer: &str, text: Option<String>) -> Result<Option<T>, ApiError> {
    let wrong = |_| ApiError::invalid(vec![FieldError::at(pointer, "This is not an id of ours.")]);
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

fn worker_json(app: &App, actor: &Actor, worker: &Worker) -> Result<WorkerJson, OutreachError> {
    let figures = figures(&app.store, actor.workspace, worker.id)?;
    let (state, reason) = match &worker.state {
        WorkerState::Off => ("off", None),
        WorkerState::Working => ("working", None),
        WorkerState::Paused(off) => ("paused", Some(off.reason.clone())),
    };
    Ok(WorkerJson {
        id: worker.id.to_string(),
        name: worker.name.clone(),
        goal: worker.goal.clone(),
        audience_tag: worker.audience_tag.clone(),
        sequence: worker.sequence.map(|id| id.to_string()),
        mailbox: worker.mailbox.map(|id| id.to_string()),
        calendar: worker.calendar.map(|id| id.to_string()),
        state,
        reason,
        leads: figures.of(Group::All),
        written_to: figures.of(Group::Written),
        replied: figures.of(Group::Replied),
        interested: figures.of(Group::Interested),
        meetings: figures.of(Group::Meeting),
    })
}

fn worker_of(app: &App, actor: &Actor, id: WorkerId) -> Result<Worker, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)
}

/// All workers with their figures.
#[utoipa::path(get, path = "/v1/workers", tag = "workers", responses((status = 200, body = ApiPage<WorkerJson>)))]
async fn get_workers(app: web::Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let data = service(move || {
        let all = workers::list(&app.store, actor.workspace)?;
        all.iter().map(|worker| worker_json(&app, &actor, worker)).collect::<Result<Vec<_>, _>>()
    });
    Ok(HttpResponse::Ok().json(ApiPage { data: data.await?, next_cursor: None }))
}

/// Makes a worker that is off.
#[utoipa::path(post, path = "/v1/workers", tag = "workers", request_body = WorkerBody, responses((status = 201, body = WorkerJson)))]
async fn post_worker(
    app: web::Data<App>,
    actor: Actor,
    answers: Answers,
    key: IdempotencyKey,
    body: ApiJson<WorkerBody>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let form = body.value.into_form(WorkerForm::fresh(""))?;
            let made = workers::create(&app, &actor, &form).map_err(OutreachError::from)?;
            ApiAnswer::created(format!("/v1/workers/{}", made.id), &worker_json(&app, &actor, &made)?)
        })
    })
    .await?
}

#[utoipa::path(get, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)), responses((status = 200, body = WorkerJson)))]
async fn get_worker(app: web::Data<App>, actor: Actor, id: web::Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    let found = service(move || worker_json(&app, &actor, &worker_of(&app, &actor, *id)?));
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Changes a worker; what the body cannot name stays.
#[utoipa::path(put, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)), request_body = WorkerBody, responses((status = 200, body = WorkerJson)))]
async fn put_worker(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<WorkerBody>,
) -> Result<HttpResponse, ApiError> {
    let saved = run(move || {
        let standing = WorkerForm::of(&worker_of(&app, &actor, *id)?);
        let form = body.value.into_form(standing)?;
        let saved = workers::update(&app, &actor, *id, &form).map_err(OutreachError::from)?;
        Ok::<_, ApiError>(worker_json(&app, &actor, &saved)?)
    });
    Ok(HttpResponse::Ok().json(saved.await??))
}

#[utoipa::path(delete, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)), responses((status = 204)))]
async fn delete_worker(app: web::Data<App>, actor: Actor, id: web::Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    service(move || Ok(workers::delete(&app, &actor, *id)?)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Switches a worker on. 409 `not_ready` lists what is missing.
#[utoipa::path(post, path = "/v1/workers/{worker}/activate", tag = "workers", params(("worker" = String, Path,)), responses((status = 200, body = WorkerJson), (status = 409)))]
async fn activate_worker(app: web::Data<App>, actor: Actor, id: web::Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    let switched = service(move || worker_json(&app, &actor, &activate(&app, &actor, *id)?));
    Ok(HttpResponse::Ok().json(switched.await?))
}

/// Switches a worker off: nothing more leaves from that moment on.
#[utoipa::path(post, path = "/v1/workers/{worker}/pause", tag = "workers", params(("worker" = String, Path,)), responses((status = 200, body = WorkerJson)))]
async fn pause_worker(app: web::Data<App>, actor: Actor, id: web::Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    let switched = service(move || {
        workers::pause(&app, &actor, *id, "Paused by a program.")?;
        worker_json(&app, &actor, &worker_of(&app, &actor, *id)?)
    });
    Ok(HttpResponse::Ok().json(switched.await?))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentJson {
    id: String,
    contact: String,
    worker: String,
    sequence: String,
    /// `waiting`, `queued`, `away`, `finished` or `stopped`.
    state: &'static str,
    /// Why it waits or ended.
    reason: String,
    /// RFC 3339; of a waiting or paused one.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_up_on: Option<String>,
    /// How its answer was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Message ids, oldest first.
    sent: Vec<String>,
    enrolled_at: String,
}

impl From<&Enrolment> for EnrolmentJson {
    fn from(lead: &Enrolment) -> Self {
        let (state, reason, due, follow_up_on) = match &lead.state {
            State::Waiting { due, waits_for, .. } => {
                let words = waits_for.as_ref().map(|hold| hold.words.clone()).unwrap_or_default();
                ("waiting", words, Some(due.to_rfc3339()), None)
            }
            State::Queued { .. } => ("queued", String::new(), None, None),
            State::PausedUntil { at, reason, .. } => ("away", reason.clone(), Some(at.to_rfc3339()), None),
            State::Finished { reason, .. } => ("finished", reason.clone(), None, None),
            State::Stopped { reason, follow_up_on, .. } => ("stopped", reason.clone(), None, follow_up_on.clone()),
        };
        Self {
            id: lead.id.to_string(),
            contact: lead.contact.to_string(),
            worker: lead.worker.to_string(),
            sequence: lead.sequence.to_string(),
            state,
            reason,
            due,
            follow_up_on,
            label: lead.came.label.clone(),
            sent: lead.sent.iter().map(|sent| sent.message.to_string()).collect(),
            enrolled_at: lead.enrolled_at.to_rfc3339(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
struct ListQuery {
    /// One of the lists of the worker's page: `all`, `waiting`, `replied`, …
    group: Option<String>,
    cursor: Option<String>,
    /// 1 to 100.
    limit: Option<usize>,
}

/// Leads of a worker, newest first.
#[utoipa::path(get, path = "/v1/workers/{worker}/enrolments", tag = "enrolments", params(("worker" = String, Path,), ListQuery), responses((status = 200, body = ApiPage<EnrolmentJson>)))]
async fn get_enrolments(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.cursor.as_deref().map(Cursor::parse).transpose();
    let cursor = cursor.map_err(|error| ApiError::bad_request(error.to_string()))?;
    let group = match query.group.as_deref() {
        None => Group::All,
        Some(name) => Group::parse(name).ok_or_else(|| ApiError::bad_request("There is no such group of leads."))?,
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 100);
    let page = service(move || {
        let worker = worker_of(&app, &actor, *id)?;
        Ok(list_group(&app.store, actor.workspace, worker.id, group, cursor.as_ref(), limit)?)
    });
    let page = page.await?.map(|lead| EnrolmentJson::from(&lead));
    Ok(HttpResponse::Ok().json(ApiPage::from(page)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolBody {
    /// Ids of contacts, at most 100.
    contacts: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolledJson {
    added: u64,
    /// Why contacts were left out, with how many.
    skipped: std::collections::BTreeMap<String, u64>,
}

/// Adds contacts as leads. Those that cannot be are left out and counted with the reason.
#[utoipa::path(post, path = "/v1/workers/{worker}/enrolments", tag = "enrolments", params(("worker" = String, Path,)), request_body = EnrolBody, responses((status = 200, body = EnrolledJson)))]
async fn post_enrolments(
    app: web::Data<App>,
    actor: Actor,
    answers: Answers,
    key: IdempotencyKey,
    id: web::Path<WorkerId>,
    body: ApiJson<EnrolBody>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let contacts = contact_ids(&body.value.contacts)?;
            let tally = enrol(&app, &actor, *id, &contacts)?;
            let named = |skip| serde_json::to_value(skip).ok().and_then(|name| name.as_str().map(str::to_owned));
            let skipped = tally.skipped.into_iter().filter_map(|(skip, count)| Some((named(skip)?, count))).collect();
            ApiAnswer::json(StatusCode::OK, &EnrolledJson { added: tally.added, skipped })
        })
    })
    .await?
}

fn contact_ids(texts: &[String]) -> Result<Vec<ContactId>, ApiError> {
    if texts.len() > 100 {
        return Err(ApiError::invalid(vec![FieldError::at("/contacts", "Send at most 100 contacts at once.")]));
    }
    let read = |(place, text): (usize, &String)| {
        let wrong = |_| FieldError::at(&format!("/contacts/{place}"), "This is not the id of a contact.");
        text.parse::<ContactId>().map_err(|error| ApiError::invalid(vec![wrong(error)]))
    };
    texts.iter().enumerate().map(read).collect()
}

#[utoipa::path(get, path = "/v1/enrolments/{enrolment}", tag = "enrolments", params(("enrolment" = String, Path,)), responses((status = 200, body = EnrolmentJson)))]
async fn get_enrolment(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<EnrolmentId>,
) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let found = service(move || get(&app.store, actor.workspace, *id)?.ok_or(OutreachError::NotFound));
    Ok(HttpResponse::Ok().json(EnrolmentJson::from(&found.await?)))
}

/// Takes one lead out; nothing more is sent to it.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/stop", tag = "enrolments", params(("enrolment" = String, Path,)), responses((status = 200, body = EnrolmentJson)))]
async fn stop_enrolment(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<EnrolmentId>,
) -> Result<HttpResponse, ApiError> {
    let stopped = service(move || stop(&app, &actor, *id)).await?;
    Ok(HttpResponse::Ok().json(EnrolmentJson::from(&stopped)))
}
