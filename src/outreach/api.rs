//! `/v1`: sequences, enrolments and workers. The same services as the pages, in JSON.

mod hand_over;
mod workers;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use self::workers::{
    activate_worker, delete_worker, get_worker, get_workers, patch_worker, pause_sending, pause_worker, post_worker,
    put_worker, resume_sending, resume_worker, worker_of,
};
use super::sequences::{self, SequenceForm, StepForm};
use super::{
    enrol, enrol_tag, get, get_sequence, leave, list_group, list_newest, list_of_contact, list_sequences, stop,
    Enrolment, Group, OutreachError, Sequence, State,
};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, EnrolmentId, Page, SequenceId, WorkerId, WorkspaceId};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, IdempotencyStore, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, PageError, PageQuery};
use crate::store::Store;
use crate::workers::WorkerError;

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
                .route(web::patch().to(patch_worker))
                .route(web::delete().to(delete_worker)),
        )
        .service(
            at("/workers/{worker}/escalations")
                .route(web::get().to(hand_over::get_escalations))
                .route(web::put().to(hand_over::put_escalations)),
        )
        .service(at("/workers/{worker}/activate").route(web::post().to(activate_worker)))
        .service(at("/workers/{worker}/pause").route(web::post().to(pause_worker)))
        .service(at("/workers/{worker}/resume").route(web::post().to(resume_worker)))
        .service(at("/sending/pause").route(web::post().to(pause_sending)))
        .service(at("/sending/resume").route(web::post().to(resume_sending)))
        .service(
            at("/workers/{worker}/enrolments")
                .route(web::get().to(get_enrolments))
                .route(web::post().to(post_enrolments)),
        )
        .service(at("/workers/{worker}/enrolments/audience").route(web::post().to(enrol_audience)))
        .service(at("/enrolments").route(web::get().to(list_enrolments)))
        .service(
            at("/enrolments/{enrolment}").route(web::get().to(get_enrolment)).route(web::delete().to(delete_enrolment)),
        )
        .service(at("/enrolments/{enrolment}/stop").route(web::post().to(stop_enrolment)))
        .service(at("/enrolments/{enrolment}/resume").route(web::post().to(resume_enrolment)))
        .service(at("/enrolments/{enrolment}/leave").route(web::post().to(leave_enrolment)));
}

#[derive(OpenApi)]
#[openapi(paths(
    get_sequences,
    post_sequence,
    get_one_sequence,
    put_sequence,
    delete_sequence,
    workers::get_workers,
    workers::post_worker,
    workers::get_worker,
    workers::put_worker,
    workers::patch_worker,
    workers::delete_worker,
    hand_over::get_escalations,
    hand_over::put_escalations,
    workers::activate_worker,
    workers::pause_worker,
    workers::resume_worker,
    workers::pause_sending,
    workers::resume_sending,
    get_enrolments,
    post_enrolments,
    enrol_audience,
    list_enrolments,
    get_enrolment,
    delete_enrolment,
    stop_enrolment,
    resume_enrolment,
    leave_enrolment
))]
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
            OutreachError::Worker(WorkerError::Invalid(mistakes)) => {
                let at = |(field, words): (&str, String)| FieldError::at(&workers::place_of(field), words);
                ApiError::invalid(mistakes.into_iter().map(at).collect())
            }
            OutreachError::Changed => {
                let words = "The sequence was changed since this version. Read it again, and make your change to that.";
                ApiError::new(StatusCode::CONFLICT, "changed_since", words)
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

#[derive(Debug, Serialize, ToSchema)]
pub struct SequenceJson {
    id: String,
    name: String,
    steps: Vec<StepJson>,
    /// All texts are approved and may leave.
    is_approved: bool,
    /// Grows with each change.
    version: u32,
    created_at: String,
    changed_at: String,
}

/// A sequence as it is written. What only the server says may stand in it, so that an answer can be changed and sent
/// back; it is not read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SequenceBody {
    name: String,
    steps: Vec<StepJson>,
    #[serde(default, rename = "id")]
    _id: Option<String>,
    #[serde(default, rename = "is_approved")]
    _is_approved: Option<bool>,
    /// The version that the change was made from. When it is no longer the newest, the answer is 409 and nothing is
    /// written; absent: nothing is compared.
    #[serde(default)]
    version: Option<u32>,
    #[serde(default, rename = "created_at")]
    _created_at: Option<String>,
    #[serde(default, rename = "changed_at")]
    _changed_at: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
            id: sequence.id.to_string(),
            name: sequence.name.clone(),
            steps: sequence.steps.iter().map(step).collect(),
            is_approved: sequence.is_all_approved(),
            version: sequence.version,
            created_at: sequence.created_at.to_rfc3339(),
            changed_at: sequence.changed_at.to_rfc3339(),
        }
    }
}

impl SequenceBody {
    fn form(self) -> Result<SequenceForm, ApiError> {
        let mut errors = Vec::new();
        let mut id = |place: usize, text: String| {
            let id = text.parse().ok();
            if id.is_none() {
                let words = "This is not the id of a step. Leave it out for a new one.";
                errors.push(FieldError::at(&format!("/steps/{place}/id"), words));
            }
            id
        };
        let mut step = |(place, step): (usize, StepJson)| StepForm {
            id: step.id.and_then(|text| id(place, text)),
            wait_days: step.wait_days,
            working_days: step.working_days,
            subject: step.subject,
            text: step.text,
        };
        let steps = self.steps.into_iter().enumerate().map(&mut step).collect();
        if errors.is_empty() {
            Ok(SequenceForm { name: self.name, steps })
        } else {
            Err(ApiError::invalid(errors))
        }
    }
}

/// All sequences of the workspace.
#[utoipa::path(get, path = "/v1/sequences", tag = "sequences", params(PageQuery),
    responses((status = 200, description = "A page of sequences", body = ApiPage<SequenceJson>)))]
async fn get_sequences(app: web::Data<App>, actor: Actor, query: PageQuery) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let all = service(move || Ok(list_sequences(&app.store, actor.workspace)?)).await?;
    let page = query.part_of(all, |sequence| sequence.id.to_string().into_bytes())?;
    Ok(HttpResponse::Ok().json(query.answer(page.map(|sequence| SequenceJson::from(&sequence)))))
}

/// Writes a sequence. Its texts leave once a worker that uses it is switched on.
#[utoipa::path(post, path = "/v1/sequences", tag = "sequences", request_body = SequenceBody, responses((status = 201, description = "The sequence as it was made", body = SequenceJson)))]
async fn post_sequence(
    app: web::Data<App>,
    actor: Actor,
    answers: Answers,
    key: IdempotencyKey,
    body: ApiJson<SequenceBody>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let made = sequences::create(&app, &actor, &body.value.form()?)?;
            ApiAnswer::created(format!("/v1/sequences/{}", made.id), &SequenceJson::from(&made))
        })
    })
    .await?
}

/// One sequence with its steps.
#[utoipa::path(get, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), responses((status = 200, description = "The sequence", body = SequenceJson)))]
async fn get_one_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let found = service(move || get_sequence(&app.store, actor.workspace, *id)?.ok_or(OutreachError::NotFound));
    Ok(HttpResponse::Ok().json(SequenceJson::from(&found.await?)))
}

/// Replaces name and steps. Steps with an id keep their history; changed texts wait for an approval by a person. The
/// last step stays while a worker is at work with it.
#[utoipa::path(put, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)),
    request_body = SequenceBody,
    responses((status = 200, description = "The sequence", body = SequenceJson),
              (status = 409, description = "Changed since the version that was sent, or a worker is at work with it")))]
async fn put_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
    body: ApiJson<SequenceBody>,
) -> Result<HttpResponse, ApiError> {
    let read = body.value.version;
    let form = body.value.form()?;
    let saved = service(move || sequences::update(&app, &actor, *id, &form, read)).await?;
    Ok(HttpResponse::Ok().json(SequenceJson::from(&saved)))
}

/// Deletes a sequence that no worker uses.
#[utoipa::path(delete, path = "/v1/sequences/{sequence}", tag = "sequences", params(("sequence" = String, Path,)), responses((status = 204, description = "Gone")))]
async fn delete_sequence(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<SequenceId>,
) -> Result<HttpResponse, ApiError> {
    service(move || sequences::delete(&app, &actor, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
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
    /// YYYY-MM-DD: until then it was put off. On that day the sequence goes on, or a person decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_up_on: Option<String>,
    /// That day has come, and a person decides: `resume` or `leave`.
    ask_again: bool,
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
            ask_again: matches!(lead.state, State::Stopped { is_due: true, .. }),
            label: lead.came.label.clone(),
            sent: lead.sent.iter().map(|sent| sent.message.to_string()).collect(),
            enrolled_at: lead.enrolled_at.to_rfc3339(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfGroup {
    /// One of the lists of the worker's page: `all`, `waiting`, `replied`, …
    group: Option<String>,
}

/// Leads of a worker, newest first.
#[utoipa::path(get, path = "/v1/workers/{worker}/enrolments", tag = "enrolments",
    params(("worker" = String, Path,), OfGroup, PageQuery), responses((status = 200, description = "A page of leads", body = ApiPage<EnrolmentJson>)))]
async fn get_enrolments(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    of: web::Query<OfGroup>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (cursor, limit) = query.parts()?;
    let group = match of.group.as_deref() {
        None => Group::All,
        Some(name) => Group::parse(name).ok_or_else(|| {
            ApiError::invalid(vec![FieldError::in_query("group", "group is one of the lists of the worker's page.")])
        })?,
    };
    let page = service(move || {
        let worker = worker_of(&app, &actor, *id)?;
        Ok(list_group(&app.store, actor.workspace, worker.id, group, cursor.as_ref(), limit)?)
    });
    let page = page.await?.map(|lead| EnrolmentJson::from(&lead));
    Ok(HttpResponse::Ok().json(query.answer(page)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfWhom {
    /// Only what this contact is or was a lead of.
    contact: Option<String>,
    /// Only leads of this worker.
    worker: Option<String>,
    /// Only leads in this sequence.
    sequence: Option<String>,
}

/// The same with its ids read.
struct Filter {
    contact: Option<ContactId>,
    worker: Option<WorkerId>,
    sequence: Option<SequenceId>,
}

impl OfWhom {
    fn read(&self) -> Result<Filter, ApiError> {
        let mut errors = Vec::new();
        let filter = Filter {
            contact: id_in_query("contact", self.contact.as_deref(), &mut errors),
            worker: id_in_query("worker", self.worker.as_deref(), &mut errors),
            sequence: id_in_query("sequence", self.sequence.as_deref(), &mut errors),
        };
        if errors.is_empty() {
            Ok(filter)
        } else {
            Err(ApiError::invalid(errors))
        }
    }
}

fn id_in_query<T: std::str::FromStr>(name: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<T> {
    let id = text?.parse().ok();
    if id.is_none() {
        errors.push(FieldError::in_query(name, format!("{name} is the id of a {name}, as the server gives it.")));
    }
    id
}

impl Filter {
    fn takes(&self, lead: &Enrolment) -> bool {
        self.worker.is_none_or(|worker| lead.worker == worker)
            && self.sequence.is_none_or(|sequence| lead.sequence == sequence)
    }
}

/// Leads of all workers, newest first.
#[utoipa::path(get, path = "/v1/enrolments", tag = "enrolments", params(OfWhom, PageQuery),
    responses((status = 200, description = "A page of leads; a filtered one may be short and still have a next one",
               body = ApiPage<EnrolmentJson>),
              (status = 422, description = "An id, the cursor or the limit is wrong")))]
async fn list_enrolments(
    app: web::Data<App>,
    actor: Actor,
    of: web::Query<OfWhom>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let filter = of.read()?;
    let page = run(move || {
        let page = page_of_leads(&app.store, actor.workspace, &filter, &query)?;
        Ok::<_, ApiError>(query.answer(page.map(|lead| EnrolmentJson::from(&lead))))
    });
    Ok(HttpResponse::Ok().json(page.await??))
}

/// Leads looked at for one page of a filtered list.
const LOOKED_AT: usize = 1_000;

fn page_of_leads(
    store: &Store,
    workspace: WorkspaceId,
    filter: &Filter,
    query: &PageQuery,
) -> Result<Page<Enrolment>, ApiError> {
    let failed = |error| ApiError::from(OutreachError::Store(error));
    if let Some(contact) = filter.contact {
        let mut all = store.read(|txn| list_of_contact(txn, workspace, contact)).map_err(failed)?;
        all.retain(|lead| filter.takes(lead));
        return query.part_of(all, |lead| lead.id.as_bytes().to_vec());
    }
    let (mut before, limit) = query.parts()?;
    let mut rows = Vec::new();
    // Pages of the size asked for, so that none is cut and the cursor stays exact.
    for _ in 0..LOOKED_AT.div_ceil(limit) {
        let page = list_newest(store, workspace, filter.worker, before.as_ref(), limit - rows.len()).map_err(failed)?;
        rows.extend(page.rows.into_iter().filter(|lead| filter.takes(lead)));
        before = page.next;
        if before.is_none() || rows.len() == limit {
            break;
        }
    }
    Ok(Page { rows, next: before })
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
#[utoipa::path(post, path = "/v1/workers/{worker}/enrolments", tag = "enrolments", params(("worker" = String, Path,)), request_body = EnrolBody, responses((status = 200, description = "How many were added, and why others were left out", body = EnrolledJson)))]
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

#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceJson {
    /// The tag whose contacts are being added.
    tag: String,
}

/// Adds all contacts of the worker's audience tag, in the background. Those that cannot be leads are left out.
#[utoipa::path(post, path = "/v1/workers/{worker}/enrolments/audience", tag = "enrolments",
    params(("worker" = String, Path,)),
    responses((status = 202, description = "They are being added", body = AudienceJson), (status = 409, description = "It has no tag or no sequence")))]
async fn enrol_audience(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            enrol_tag(&app, &actor, *id)?;
            let tag = worker_of(&app, &actor, *id)?.audience_tag;
            ApiAnswer::json(StatusCode::ACCEPTED, &AudienceJson { tag })
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

/// One lead: where it stands in its sequence, and why.
#[utoipa::path(get, path = "/v1/enrolments/{enrolment}", tag = "enrolments", params(("enrolment" = String, Path,)), responses((status = 200, description = "The lead", body = EnrolmentJson)))]
async fn get_enrolment(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<EnrolmentId>,
) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let found = service(move || get(&app.store, actor.workspace, *id)?.ok_or(OutreachError::NotFound));
    Ok(HttpResponse::Ok().json(EnrolmentJson::from(&found.await?)))
}

/// Takes a lead off the list, figures included. What was sent stays with the contact's messages.
#[utoipa::path(delete, path = "/v1/enrolments/{enrolment}", tag = "enrolments", params(("enrolment" = String, Path,)),
    responses((status = 204, description = "Gone"), (status = 404, description = "Not in this workspace")))]
async fn delete_enrolment(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<EnrolmentId>,
) -> Result<HttpResponse, ApiError> {
    service(move || enrol::remove(&app, &actor, *id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes one lead out; nothing more is sent to it.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/stop", tag = "enrolments",
    params(("enrolment" = String, Path,)), responses((status = 200, description = "The lead", body = EnrolmentJson)))]
async fn stop_enrolment(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<EnrolmentId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || once.carry_out(|| ApiAnswer::json(StatusCode::OK, &EnrolmentJson::from(&stop(&app, &actor, *id)?))))
        .await?
}

/// Takes a stopped, finished or paused lead up again, with the step after the last one sent.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/resume", tag = "enrolments",
    params(("enrolment" = String, Path,)),
    responses((status = 200, description = "The lead", body = EnrolmentJson), (status = 409, description = "May not be written to, in words")))]
async fn resume_enrolment(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<EnrolmentId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| ApiAnswer::json(StatusCode::OK, &EnrolmentJson::from(&enrol::resume(&app, &actor, *id)?)))
    })
    .await?
}

/// Lets a deferral rest: nobody is reminded of its day.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/leave", tag = "enrolments",
    params(("enrolment" = String, Path,)), responses((status = 200, description = "The lead", body = EnrolmentJson)))]
async fn leave_enrolment(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<EnrolmentId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || once.carry_out(|| ApiAnswer::json(StatusCode::OK, &EnrolmentJson::from(&leave(&app, &actor, *id)?))))
        .await?
}
