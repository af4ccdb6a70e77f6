//! `/v1`: sequences, enrolments and workers. The same services as the pages, in JSON.

mod analytics;
mod autonomy;
mod follow_ups;
mod hand_over;
mod leads;
mod sending;
mod sequences;
mod switching;
mod why;
mod worker_parts;
mod worker_steps;
mod workers;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use self::leads::{done_enrolment, get_to_read, move_enrolment, read_enrolment, skip_enrolment};
use self::sending::{get_days_off, get_forecast, get_forecast_mails, put_days_off};
use self::sequences::{
    approve_sequence, delete_sequence, get_checks, get_one_sequence, get_sequences, post_sequence, put_sequence,
};
use self::switching::{activate_worker, pause_sending, pause_worker, resume_sending, resume_worker};
use self::worker_steps::get_worker_steps;
use self::workers::{delete_worker, get_worker, get_workers, patch_worker, post_worker, put_worker, worker_of};
use super::sequences::Mistake;
use super::{
    enrol, enrol_tag, get, leave, list_group, list_newest, list_of_contact, stop, Enrolment, Group, OutreachError,
    State,
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
        .service(at("/sequences/{sequence}/checks").route(web::get().to(get_checks)))
        .service(at("/sequences/{sequence}/approve").route(web::post().to(approve_sequence)))
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
        .service(
            at("/workers/{worker}/follow-up-rule")
                .route(web::get().to(follow_ups::get_rule))
                .route(web::put().to(follow_ups::put_rule)),
        )
        .service(at("/workers/{worker}/follow-up-rule/approve").route(web::post().to(follow_ups::approve_rule)))
        .service(at("/workers/{worker}/follow-ups").route(web::get().to(follow_ups::list)))
        .service(at("/follow-ups/{id}").route(web::get().to(follow_ups::get)))
        .service(at("/follow-ups/{id}/cancel").route(web::post().to(follow_ups::cancel)))
        .service(
            at("/workers/{worker}/reply-tags")
                .route(web::get().to(hand_over::get_reply_tags))
                .route(web::put().to(hand_over::put_reply_tags)),
        )
        .service(
            at("/workers/{worker}/autonomy")
                .route(web::get().to(autonomy::get_autonomy))
                .route(web::put().to(autonomy::put_autonomy)),
        )
        .service(at("/workers/{worker}/activate").route(web::post().to(activate_worker)))
        .service(at("/workers/{worker}/pause").route(web::post().to(pause_worker)))
        .service(at("/workers/{worker}/resume").route(web::post().to(resume_worker)))
        .service(at("/workers/{worker}/steps").route(web::get().to(get_worker_steps)))
        .service(at("/workers/{worker}/why").route(web::get().to(why::get_why)))
        .service(at("/workers/{worker}/to-read").route(web::get().to(get_to_read)))
        .service(at("/sending/pause").route(web::post().to(pause_sending)))
        .service(at("/sending/resume").route(web::post().to(resume_sending)))
        .service(at("/analytics").route(web::get().to(analytics::get_analytics)))
        .service(at("/analytics/leads").route(web::get().to(analytics::get_analytics_leads)))
        .service(at("/sending/forecast").route(web::get().to(get_forecast)))
        .service(at("/sending/forecast/mails").route(web::get().to(get_forecast_mails)))
        .service(at("/sending/days-off").route(web::get().to(get_days_off)).route(web::put().to(put_days_off)))
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
        .service(at("/enrolments/{enrolment}/leave").route(web::post().to(leave_enrolment)))
        .service(at("/enrolments/{enrolment}/skip").route(web::post().to(skip_enrolment)))
        .service(at("/enrolments/{enrolment}/move").route(web::post().to(move_enrolment)))
        .service(at("/enrolments/{enrolment}/done").route(web::post().to(done_enrolment)))
        .service(at("/enrolments/{enrolment}/read").route(web::post().to(read_enrolment)));
}

#[derive(OpenApi)]
#[openapi(paths(
    sequences::get_sequences,
    sequences::post_sequence,
    sequences::get_one_sequence,
    sequences::put_sequence,
    sequences::delete_sequence,
    sequences::get_checks,
    sequences::approve_sequence,
    workers::get_workers,
    workers::post_worker,
    workers::get_worker,
    workers::put_worker,
    workers::patch_worker,
    workers::delete_worker,
    follow_ups::get_rule,
    follow_ups::put_rule,
    follow_ups::approve_rule,
    follow_ups::list,
    follow_ups::get,
    follow_ups::cancel,
    autonomy::get_autonomy,
    autonomy::put_autonomy,
    hand_over::get_reply_tags,
    hand_over::put_reply_tags,
    hand_over::get_escalations,
    hand_over::put_escalations,
    switching::activate_worker,
    switching::pause_worker,
    switching::resume_worker,
    switching::pause_sending,
    switching::resume_sending,
    get_enrolments,
    post_enrolments,
    enrol_audience,
    list_enrolments,
    get_enrolment,
    delete_enrolment,
    stop_enrolment,
    resume_enrolment,
    leave_enrolment,
    leads::skip_enrolment,
    leads::move_enrolment,
    leads::done_enrolment,
    leads::read_enrolment,
    leads::get_to_read,
    worker_steps::get_worker_steps,
    why::get_why,
    analytics::get_analytics,
    analytics::get_analytics_leads,
    sending::get_forecast,
    sending::get_forecast_mails,
    sending::get_days_off,
    sending::put_days_off
))]
struct Api;

pub fn openapi() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

impl From<OutreachError> for ApiError {
    fn from(error: OutreachError) -> Self {
        match error {
            OutreachError::Mistakes(mistakes) => {
                let pointer = |mistake: &Mistake| match mistake.step {
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
        "when" => "branch/when",
        "then" => "branch/go_to",
        "field" => "branch/field",
        "value" => "branch/value",
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
pub struct EnrolmentJson {
    id: String,
    contact: String,
    worker: String,
    sequence: String,
    /// `waiting`, `queued`, `away`, `task`, `finished` or `stopped`.
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
            State::Task { .. } => ("task", "A person has something to do.".to_owned(), None, None),
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
