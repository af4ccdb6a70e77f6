//! `/v1/workers`: making, reading, changing and deleting workers.

use actix_web::{web, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::super::enrol::begin_waiting;
use super::super::{figures, sequences, Group, OutreachError};
use super::worker_parts::{HoursJson, LimitsJson, MeetingJson, SenderJson, ToneJson};
use super::{service, Answers};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Page, UnixMillis, WorkerId};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey};
use crate::http::{run, ApiError, ApiJson, ApiPage, PageQuery};
use crate::workers::{self, Limits, Meeting, Sender, Tone, Worker, WorkerForm, WorkerState};

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateJson {
    Off,
    Working,
    Paused,
}

/// A worker with its settings and figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerJson {
    id: String,
    name: String,
    /// Whom it writes to and why.
    goal: String,
    /// The tag whose contacts are its leads; empty: leads are added one by one.
    audience_tag: String,
    sequence: Option<String>,
    /// The connection that its mails leave from.
    mailbox: Option<String>,
    /// Further ones: new leads are spread over all, each hears from one only.
    more_mailboxes: Vec<String>,
    /// Each mail waits until a person has read it.
    review: bool,
    /// The connection in whose calendar its meetings stand.
    calendar: Option<String>,
    meeting: MeetingJson,
    limits: LimitsJson,
    hours: HoursJson,
    sender: SenderJson,
    tone: ToneJson,
    /// Since when it is on a dry run: everything is decided and recorded, and nothing of its mail leaves. Switched with
    /// `PUT /v1/workers/{worker}/dry-run`.
    dry_run_since: Option<String>,
    /// The event type on which its meetings are booked, instead of `calendar` and `meeting`. Set with
    /// `PUT /v1/workers/{worker}/booking`.
    event_type_id: Option<String>,
    /// Labels of replies whose drafts leave without a person, whatever wrote them. Set with
    /// `PUT /v1/workers/{worker}/autonomy`.
    automatic: Vec<String>,
    state: StateJson,
    /// Why it is paused.
    reason: Option<String>,
    created_at: String,
    activated_at: Option<String>,
    leads: u64,
    written_to: u64,
    replied: u64,
    interested: u64,
    meetings: u64,
}

/// A worker's settings. Only `name` is needed; the rest is as for a new worker. What only the server says may stand in
/// it, so that an answer can be changed and sent back; it is not read.
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
    more_mailboxes: Vec<String>,
    #[serde(default)]
    review: bool,
    #[serde(default)]
    calendar: Option<String>,
    #[serde(default)]
    meeting: MeetingJson,
    #[serde(default)]
    limits: LimitsJson,
    #[serde(default)]
    hours: HoursJson,
    #[serde(default)]
    sender: SenderJson,
    #[serde(default)]
    tone: ToneJson,
    #[serde(default, rename = "id")]
    _id: Option<String>,
    #[serde(default, rename = "automatic")]
    _automatic: Option<Vec<String>>,
    #[serde(default, rename = "state")]
    _state: Option<String>,
    #[serde(default, rename = "reason")]
    _reason: Option<String>,
    #[serde(default, rename = "created_at")]
    _created_at: Option<String>,
    #[serde(default, rename = "activated_at")]
    _activated_at: Option<String>,
    #[serde(default, rename = "dry_run_since")]
    _dry_run_since: Option<String>,
    #[serde(default, rename = "event_type_id")]
    _event_type_id: Option<String>,
    #[serde(default, rename = "leads")]
    _leads: Option<u64>,
    #[serde(default, rename = "written_to")]
    _written_to: Option<u64>,
    #[serde(default, rename = "replied")]
    _replied: Option<u64>,
    #[serde(default, rename = "interested")]
    _interested: Option<u64>,
    #[serde(default, rename = "meetings")]
    _meetings: Option<u64>,
}

/// Changes of a worker: what is absent stays, null takes a sequence or an account away. `meeting`, `limits`, `hours`
/// and `sender` are each replaced whole.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerPatch {
    name: Option<String>,
    goal: Option<String>,
    audience_tag: Option<String>,
    #[serde(deserialize_with = "null_or_text")]
    #[schema(value_type = Option<String>)]
    sequence: Option<Option<String>>,
    #[serde(deserialize_with = "null_or_text")]
    #[schema(value_type = Option<String>)]
    mailbox: Option<Option<String>>,
    more_mailboxes: Option<Vec<String>>,
    review: Option<bool>,
    #[serde(deserialize_with = "null_or_text")]
    #[schema(value_type = Option<String>)]
    calendar: Option<Option<String>>,
    meeting: Option<MeetingJson>,
    limits: Option<LimitsJson>,
    hours: Option<HoursJson>,
    sender: Option<SenderJson>,
    tone: Option<ToneJson>,
}

/// Tells null (take it away) from absent (leave it).
fn null_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl WorkerBody {
    fn into_form(self) -> Result<WorkerForm, ApiError> {
        let everything = WorkerPatch {
            name: Some(self.name),
            goal: Some(self.goal),
            audience_tag: Some(self.audience_tag),
            sequence: Some(self.sequence),
            mailbox: Some(self.mailbox),
            more_mailboxes: Some(self.more_mailboxes),
            review: Some(self.review),
            calendar: Some(self.calendar),
            meeting: Some(self.meeting),
            limits: Some(self.limits),
            hours: Some(self.hours),
            sender: Some(self.sender),
            tone: Some(self.tone),
        };
        everything.over(WorkerForm::default())
    }
}

impl WorkerPatch {
    fn over(self, mut form: WorkerForm) -> Result<WorkerForm, ApiError> {
        let mut errors = Vec::new();
        set(&mut form.name, self.name);
        set(&mut form.goal, self.goal);
        set(&mut form.audience_tag, self.audience_tag.map(|tag| tag.to_lowercase()));
        set(&mut form.sequence, self.sequence.map(|id| id_at("/sequence", id, &mut errors)));
        set(&mut form.mailbox, self.mailbox.map(|id| id_at("/mailbox", id, &mut errors)));
        set(&mut form.calendar, self.calendar.map(|id| id_at("/calendar", id, &mut errors)));
        set(&mut form.meeting, self.meeting.map(Meeting::from));
        set(&mut form.sender, self.sender.map(Sender::from));
        set(&mut form.hours, self.hours.map(|hours| hours.read(&mut errors)));
        set(&mut form.tone, self.tone.map(Tone::from));
        set(&mut form.limits, self.limits.map(Limits::from));
        if let Some(ids) = self.more_mailboxes {
            let each = ids.into_iter().enumerate();
            let read = each.map(|(place, id)| id_at(&format!("/more_mailboxes/{place}"), Some(id), &mut errors));
            form.more_mailboxes = read.flatten().collect();
        }
        set(&mut form.review, self.review);
        if errors.is_empty() {
            Ok(form)
        } else {
            Err(ApiError::invalid(errors))
        }
    }
}

fn set<T>(own: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *own = new;
    }
}

fn id_at<T: std::str::FromStr>(pointer: &str, text: Option<String>, errors: &mut Vec<FieldError>) -> Option<T> {
    let text = text?;
    let id = text.parse().ok();
    if id.is_none() {
        errors.push(FieldError::at(pointer, "This is not an id of ours."));
    }
    id
}

/// Where the service's name of a field stands in the body.
pub(super) fn place_of(field: &str) -> String {
    let place = match field {
        "meeting_title" => "/meeting/title",
        "meeting_minutes" => "/meeting/minutes",
        "buffer_before" => "/meeting/buffer_before_minutes",
        "buffer_after" => "/meeting/buffer_after_minutes",
        "notice" => "/meeting/notice_minutes",
        "place" => "/meeting/place",
        "where" => "/meeting/location",
        "per_day" => "/limits/per_day",
        "per_domain_day" => "/limits/per_domain_day",
        "per_contact" => "/limits/per_contact",
        "follow_up_percent" => "/limits/follow_up_percent",
        "days" => "/hours/days",
        "sender_name" => "/sender/name",
        "sender_role" => "/sender/role",
        "signature" => "/sender/signature",
        other => return format!("/{other}"),
    };
    place.to_owned()
}

pub(super) fn worker_json(app: &App, actor: &Actor, worker: &Worker) -> Result<WorkerJson, OutreachError> {
    let figures = figures(&app.store, actor.workspace, worker.id)?;
    let (state, reason) = match &worker.state {
        WorkerState::Off => (StateJson::Off, None),
        WorkerState::Working => (StateJson::Working, None),
        WorkerState::Paused(off) => (StateJson::Paused, Some(off.reason.clone())),
    };
    Ok(WorkerJson {
        id: worker.id.to_string(),
        name: worker.name.clone(),
        goal: worker.goal.clone(),
        audience_tag: worker.audience_tag.clone(),
        sequence: worker.sequence.map(|id| id.to_string()),
        mailbox: worker.mailbox.map(|id| id.to_string()),
        more_mailboxes: worker.more_mailboxes.iter().map(|id| id.to_string()).collect(),
        review: worker.review,
        calendar: worker.calendar.map(|id| id.to_string()),
        meeting: MeetingJson::from(&worker.meeting),
        limits: LimitsJson::from(&worker.limits),
        hours: HoursJson::from(&worker.hours),
        sender: SenderJson::from(&worker.sender),
        tone: worker.tone.into(),
        dry_run_since: worker.dry_run.map(UnixMillis::to_rfc3339),
        event_type_id: worker.event_type().map(|id| id.to_string()),
        automatic: worker.autonomy.labels().into_iter().map(str::to_owned).collect(),
        state,
        reason,
        created_at: worker.created_at.to_rfc3339(),
        activated_at: worker.activated_at.map(UnixMillis::to_rfc3339),
        leads: figures.of(Group::All),
        written_to: figures.of(Group::Written),
        replied: figures.of(Group::Replied),
        interested: figures.of(Group::Interested),
        meetings: figures.of(Group::Meeting),
    })
}

pub(super) fn worker_of(app: &App, actor: &Actor, id: WorkerId) -> Result<Worker, OutreachError> {
    actor.require(Permission::ViewOutreach)?;
    workers::get(&app.store, actor.workspace, id)?.ok_or(OutreachError::NotFound)
}

/// All workers with their settings and figures, oldest first.
#[utoipa::path(get, path = "/v1/workers", tag = "workers", params(PageQuery),
    responses((status = 200, description = "A page of workers", body = ApiPage<WorkerJson>)))]
pub async fn get_workers(app: web::Data<App>, actor: Actor, query: PageQuery) -> Result<HttpResponse, ApiError> {
    actor.require(Permission::ViewOutreach)?;
    let page = run(move || {
        let all = workers::list(&app.store, actor.workspace).map_err(OutreachError::from)?;
        let page = query.part_of(all, |worker| worker.id.to_string().into_bytes())?;
        let data = page.rows.iter().map(|worker| worker_json(&app, &actor, worker)).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, ApiError>(query.answer(Page { rows: data, next: page.next }))
    });
    Ok(HttpResponse::Ok().json(page.await??))
}

/// Makes a worker that is off.
#[utoipa::path(post, path = "/v1/workers", tag = "workers", request_body = WorkerBody,
    responses((status = 201, description = "The worker as it was made", body = WorkerJson), (status = 422, description = "A value is wrong")))]
pub async fn post_worker(
    app: web::Data<App>,
    actor: Actor,
    answers: Answers,
    key: IdempotencyKey,
    body: ApiJson<WorkerBody>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            actor.require(Permission::EditOutreach)?;
            let form = body.value.into_form()?;
            sequences::check_chosen(&app, &actor, &form).map_err(OutreachError::from)?;
            let made = workers::create(&app, &actor, &form).map_err(OutreachError::from)?;
            ApiAnswer::created(format!("/v1/workers/{}", made.id), &worker_json(&app, &actor, &made)?)
        })
    })
    .await?
}

/// One worker.
#[utoipa::path(get, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 404, description = "Not in this workspace")))]
pub async fn get_worker(app: web::Data<App>, actor: Actor, id: web::Path<WorkerId>) -> Result<HttpResponse, ApiError> {
    let found = service(move || worker_json(&app, &actor, &worker_of(&app, &actor, *id)?));
    Ok(HttpResponse::Ok().json(found.await?))
}

/// Replaces a worker's settings; its state stays.
#[utoipa::path(put, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)),
    request_body = WorkerBody,
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 404, description = "Not in this workspace"),
              (status = 422, description = "A value is wrong")))]
pub async fn put_worker(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<WorkerBody>,
) -> Result<HttpResponse, ApiError> {
    change(app, actor, *id, |_| body.value.into_form()).await
}

/// Changes some of a worker's settings; its state stays.
#[utoipa::path(patch, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)),
    request_body = WorkerPatch,
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 404, description = "Not in this workspace"),
              (status = 422, description = "A value is wrong")))]
pub async fn patch_worker(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    body: ApiJson<WorkerPatch>,
) -> Result<HttpResponse, ApiError> {
    change(app, actor, *id, |standing| body.value.over(WorkerForm::of(standing))).await
}

/// Saves what `read` makes of the body over a worker's standing settings.
async fn change(
    app: web::Data<App>,
    actor: Actor,
    id: WorkerId,
    read: impl FnOnce(&Worker) -> Result<WorkerForm, ApiError> + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    let saved = run(move || {
        actor.require(Permission::EditOutreach)?;
        let form = read(&worker_of(&app, &actor, id)?)?;
        sequences::check_chosen(&app, &actor, &form).map_err(OutreachError::from)?;
        let saved = workers::update(&app, &actor, id, &form).map_err(OutreachError::from)?;
        begin_waiting(&app, &saved, actor.workspace).map_err(OutreachError::from)?;
        Ok::<_, ApiError>(worker_json(&app, &actor, &saved)?)
    });
    Ok(HttpResponse::Ok().json(saved.await??))
}

/// Deletes a worker that does not work. What was sent stays with its contacts.
#[utoipa::path(delete, path = "/v1/workers/{worker}", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 204, description = "Gone"), (status = 404, description = "Not in this workspace"),
              (status = 409, description = "It is working; pause it first")))]
pub async fn delete_worker(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
) -> Result<HttpResponse, ApiError> {
    service(move || Ok(workers::delete(&app, &actor, *id)?)).await?;
    Ok(HttpResponse::NoContent().finish())
}
