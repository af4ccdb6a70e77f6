//! `/v1/workers` and the kill switch.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::super::enrol::begin_waiting;
use super::super::variants::{compare, Measured};
use super::super::{activate_seen, figures, get_sequence, sequences, Figures, Group, OutreachError, Step, StepFigures};
use super::{service, Answers};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Page, UnixMillis, WorkerId};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageQuery, SeenVersion};
use crate::meetings::{self, Location};
use crate::workers::{self, Hours, Limits, Meeting, Sender, Tone, Worker, WorkerForm, WorkerState};

/// The meeting that a worker offers. What is left out is as for a new worker.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MeetingJson {
    title: String,
    /// 5 to 480.
    minutes: u32,
    /// Kept free before.
    buffer_before_minutes: u32,
    /// Kept free after.
    buffer_after_minutes: u32,
    /// At least this long from now.
    notice_minutes: u32,
    /// A place, a phone number or a link. Without `location` it says where the meeting is.
    place: String,
    /// Let the calendar's provider make a video link. Without `location` it says where the meeting is.
    video: bool,
    /// Where the meeting takes place; it counts before `video` and `place`. Left out, those two say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationJson>,
}

/// Where a meeting takes place.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LocationJson {
    /// `unsaid`, `google_meet`, `zoom`, `teams`, `webex`, `goto`, `jitsi`, `link`, `we_call`, `they_call` or `place`.
    kind: String,
    /// The connection whose account holds it, for `zoom`, `teams`, `webex` and `goto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<String>,
    /// The link, the number that guests call, or the address.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl From<&Location> for LocationJson {
    fn from(location: &Location) -> Self {
        Self {
            kind: location.word().to_owned(),
            connection_id: location.host().map(|(_, account)| account.to_string()),
            detail: location.detail().to_owned(),
        }
    }
}

impl LocationJson {
    /// What names no place is a place with an empty address, which is refused like any other.
    fn read(&self) -> Location {
        let value = match &self.connection_id {
            Some(account) => format!("{}:{account}", self.kind),
            None => self.kind.clone(),
        };
        meetings::read_choice(&value, &self.detail).unwrap_or(Location::Place { address: String::new() })
    }
}

impl From<&Meeting> for MeetingJson {
    fn from(meeting: &Meeting) -> Self {
        Self {
            title: meeting.title.clone(),
            minutes: meeting.minutes,
            buffer_before_minutes: meeting.buffer_before,
            buffer_after_minutes: meeting.buffer_after,
            notice_minutes: meeting.notice,
            place: meeting.place.clone(),
            video: meeting.video,
            location: meeting.location.as_ref().map(LocationJson::from),
        }
    }
}

impl Default for MeetingJson {
    fn default() -> Self {
        Self::from(&Meeting::default())
    }
}

impl From<MeetingJson> for Meeting {
    fn from(json: MeetingJson) -> Self {
        let meeting = Self {
            title: json.title.trim().to_owned(),
            minutes: json.minutes,
            buffer_before: json.buffer_before_minutes,
            buffer_after: json.buffer_after_minutes,
            notice: json.notice_minutes,
            place: json.place.trim().to_owned(),
            video: json.video,
            location: None,
        };
        match json.location {
            Some(location) => meeting.at(location.read()),
            None => meeting,
        }
    }
}

/// How much it may send. The operator's hard limits stand above these.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsJson {
    /// Mails a day.
    per_day: u32,
    /// Mails to one recipient domain a day.
    per_domain_day: u32,
    /// Mails to one contact, 1 to 4.
    per_contact: u32,
    /// When somebody of a company answers or meets us, its other leads are left alone.
    stop_company_on_reply: bool,
    /// Percent of each mailbox's day that are kept for follow-ups, 0 to 90.
    follow_up_percent: u32,
}

impl From<&Limits> for LimitsJson {
    fn from(limits: &Limits) -> Self {
        let Limits { per_day, per_domain_day, per_contact, company_stops, follow_up_percent } = *limits;
        Self { per_day, per_domain_day, per_contact, stop_company_on_reply: company_stops, follow_up_percent }
    }
}

impl From<LimitsJson> for Limits {
    fn from(json: LimitsJson) -> Self {
        let LimitsJson { per_day, per_domain_day, per_contact, stop_company_on_reply, follow_up_percent } = json;
        Self { per_day, per_domain_day, per_contact, company_stops: stop_company_on_reply, follow_up_percent }
    }
}

impl Default for LimitsJson {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

/// When its mail may arrive, by the recipient's clock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HoursJson {
    /// Monday is 1, Sunday 7.
    days: Vec<u8>,
    /// HH:MM.
    from: String,
    /// HH:MM; 24:00 is the end of the day.
    to: String,
}

impl From<&Hours> for HoursJson {
    fn from(hours: &Hours) -> Self {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        Self { days: hours.days.clone(), from: clock(hours.from), to: clock(hours.to) }
    }
}

impl Default for HoursJson {
    fn default() -> Self {
        Self::from(&Hours::default())
    }
}

impl HoursJson {
    fn read(&self, errors: &mut Vec<FieldError>) -> Hours {
        let mut minute = |name: &str, text: &str| {
            let minute = parse_clock(text);
            if minute.is_none() {
                errors.push(FieldError::at(&format!("/hours/{name}"), "A time of day is HH:MM, for example 09:00."));
            }
            minute.unwrap_or_default()
        };
        Hours { days: self.days.clone(), from: minute("from", &self.from), to: minute("to", &self.to) }
    }
}

/// Minutes after midnight of "09:00".
fn parse_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 || (hours, minutes) == (24, 0)).then_some(hours * 60 + minutes)
}

/// Who signs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SenderJson {
    name: String,
    role: String,
    /// Plain text below each mail.
    signature: String,
}

impl From<&Sender> for SenderJson {
    fn from(sender: &Sender) -> Self {
        Self { name: sender.name.clone(), role: sender.role.clone(), signature: sender.signature.clone() }
    }
}

impl From<SenderJson> for Sender {
    fn from(json: SenderJson) -> Self {
        Self {
            name: json.name.trim().to_owned(),
            role: json.role.trim().to_owned(),
            signature: json.signature.replace("\r\n", "\n").trim().to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToneJson {
    #[default]
    Plain,
    Warm,
    Formal,
}

impl From<Tone> for ToneJson {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Plain => Self::Plain,
            Tone::Warm => Self::Warm,
            Tone::Formal => Self::Formal,
        }
    }
}

impl From<ToneJson> for Tone {
    fn from(tone: ToneJson) -> Self {
        match tone {
            ToneJson::Plain => Self::Plain,
            ToneJson::Warm => Self::Warm,
            ToneJson::Formal => Self::Formal,
        }
    }
}

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

fn worker_json(app: &App, actor: &Actor, worker: &Worker) -> Result<WorkerJson, OutreachError> {
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

/// Switches a worker on, which approves the texts of its sequence. 409 `not_ready` lists what is missing; 409 also where
/// the sequence is no longer at the `version` that was read.
#[utoipa::path(post, path = "/v1/workers/{worker}/activate", tag = "workers", params(("worker" = String, Path,)),
    request_body = Option<SeenVersion>,
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 409, description = "What is missing, in words")))]
pub async fn activate_worker(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
    MaybeJson(body): MaybeJson<SeenVersion>,
) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    run(move || {
        once.carry_out(|| {
            let switched = activate_seen(&app, &actor, *id, body.value.version)?;
            ApiAnswer::json(StatusCode::OK, &worker_json(&app, &actor, &switched)?)
        })
    })
    .await?
}

/// Switches a worker off: nothing more leaves from that moment on.
#[utoipa::path(post, path = "/v1/workers/{worker}/pause", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The worker", body = WorkerJson)))]
pub async fn pause_worker(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let words = format!("Paused by the program {}.", actor.display);
            workers::pause(&app, &actor, *id, &words).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &worker_json(&app, &actor, &worker_of(&app, &actor, *id)?)?)
        })
    })
    .await?
}

/// Takes a pause back: the worker goes on as it was, without approving changed texts. 409 for one that is off or
/// stopped by itself.
#[utoipa::path(post, path = "/v1/workers/{worker}/resume", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The worker", body = WorkerJson), (status = 409, description = "Switch it on instead")))]
pub async fn resume_worker(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<WorkerId>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let resumed = workers::resume(&app, &actor, *id).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &worker_json(&app, &actor, &resumed)?)
        })
    })
    .await?
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Switched {
    /// How many workers were switched.
    workers: usize,
}

/// The kill switch: every worker of the workspace stops, nothing more leaves.
#[utoipa::path(post, path = "/v1/sending/pause", tag = "workers", responses((status = 200, description = "The workers that changed", body = Switched)))]
pub async fn pause_sending(app: web::Data<App>, actor: Actor, once: Once) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let workers = workers::pause_all(&app, &actor).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &Switched { workers })
        })
    })
    .await?
}

/// Switches those on again that the kill switch had stopped.
#[utoipa::path(post, path = "/v1/sending/resume", tag = "workers", responses((status = 200, description = "The workers that changed", body = Switched)))]
pub async fn resume_sending(app: web::Data<App>, actor: Actor, once: Once) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| {
            let workers = workers::resume_all(&app, &actor).map_err(OutreachError::from)?;
            ApiAnswer::json(StatusCode::OK, &Switched { workers })
        })
    })
    .await?
}

/// What came of a step, or of one wording of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepFiguresJson {
    sent: u64,
    replied: u64,
    interested: u64,
    bounced: u64,
    opted_out: u64,
}

impl From<StepFigures> for StepFiguresJson {
    fn from(figures: StepFigures) -> Self {
        let StepFigures { sent, replied, interested, bounced, opted_out } = figures;
        Self { sent, replied, interested, bounced, opted_out }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredJson {
    id: String,
    /// A, B, …
    letter: char,
    figures: StepFiguresJson,
    /// Between which shares of answers the true one lies, with 95 % confidence (Wilson), 0 to 1.
    replied_low: f64,
    replied_high: f64,
    /// The same of answers with interest, by which wordings are compared.
    interested_low: f64,
    interested_high: f64,
}

/// Words that a wording had before they were changed, or that are gone; their figures stand with them.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlierJson {
    /// The wording that had them.
    of: String,
    subject: String,
    text: String,
    until: String,
    figures: StepFiguresJson,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredStepJson {
    id: String,
    figures: StepFiguresJson,
    /// Of a step with several wordings: each, since it has several and has these words.
    wordings: Vec<MeasuredJson>,
    /// Earlier words, oldest first.
    earlier: Vec<EarlierJson>,
    /// The letter of the wording that most people answer with interest, once the figures bear that out.
    winner: Option<char>,
    /// What the figures say, and why there is no winner yet.
    verdict: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredSteps {
    data: Vec<MeasuredStepJson>,
}

fn measured_step(step: &Step, figures: &Figures) -> MeasuredStepJson {
    let wordings = if step.variants.is_empty() { Vec::new() } else { step.wordings() };
    let measured: Vec<Measured> =
        wordings.iter().map(|one| Measured { letter: one.letter, figures: figures.variant(one.counted) }).collect();
    let verdict = (!measured.is_empty()).then(|| compare(&measured));
    let each = wordings.iter().zip(&measured).map(|(wording, measured)| {
        let (replied_low, replied_high) = measured.replied_interval();
        let (interested_low, interested_high) = measured.interval();
        let (id, letter, figures) = (wording.id.to_string(), wording.letter, measured.figures.into());
        MeasuredJson { id, letter, figures, replied_low, replied_high, interested_low, interested_high }
    });
    let earlier = step.earlier.iter().map(|one| EarlierJson {
        of: one.of.to_string(),
        subject: one.subject.clone(),
        text: one.text.clone(),
        until: one.until.to_rfc3339(),
        figures: figures.variant(one.counted).into(),
    });
    MeasuredStepJson {
        id: step.id.to_string(),
        figures: figures.step(step.id).into(),
        wordings: each.collect(),
        earlier: earlier.collect(),
        winner: verdict.as_ref().and_then(|verdict| verdict.winner),
        verdict: verdict.map(|verdict| verdict.words).unwrap_or_default(),
    }
}

/// What came of each step of a worker's sequence, and of each wording where a step has several.
#[utoipa::path(get, path = "/v1/workers/{worker}/steps", tag = "workers", params(("worker" = String, Path,)),
    responses((status = 200, description = "The steps in their order", body = MeasuredSteps), (status = 409, description = "It has no sequence")))]
pub async fn get_worker_steps(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
) -> Result<HttpResponse, ApiError> {
    let data = service(move || {
        let worker = worker_of(&app, &actor, *id)?;
        let sequence = worker.sequence.ok_or(OutreachError::NoSequence)?;
        let sequence = get_sequence(&app.store, actor.workspace, sequence)?.ok_or(OutreachError::NoSequence)?;
        let figures = figures(&app.store, actor.workspace, worker.id)?;
        Ok(sequence.steps.iter().map(|step| measured_step(step, &figures)).collect())
    });
    Ok(HttpResponse::Ok().json(MeasuredSteps { data: data.await? }))
}
