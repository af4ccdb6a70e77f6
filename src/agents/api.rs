//! `/v1/drafts`, and correcting how a reply was read. The same services as the pages.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{decide, replies, AgentError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{DraftId, Page, ReplyId, UnixMillis};
use crate::drafts::{self, Draft, DraftState, Source, SourceKind};
use crate::http::api::FieldError;
use crate::http::idempotency::{idempotent, ApiAnswer, IdempotencyKey, IdempotencyStore, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, MaybeJson, PageQuery, SeenWords};
use crate::language::engine::EMBEDDED;
use crate::messaging::api::{MessageView, ReplyView};

type Answers = Data<Arc<dyn IdempotencyStore>>;

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/drafts").route(web::get().to(list_drafts)))
        .service(web::resource("/drafts/{id}").route(web::get().to(find_draft)).route(web::patch().to(edit_draft)))
        .service(web::resource("/drafts/{id}/approve").route(web::post().to(approve_draft)))
        .service(web::resource("/drafts/{id}/reject").route(web::post().to(reject_draft)))
        .service(web::resource("/replies/{id}/correct").route(web::post().to(correct_reply)))
        .service(web::resource("/drafts/{id}/undo").route(web::post().to(undo_draft)))
        .service(web::resource("/replies/{id}/uncorrect").route(web::post().to(uncorrect_reply)))
        .service(web::resource("/replies/{id}/answer").route(web::post().to(answer_reply)))
        .service(web::resource("/replies/{id}/close").route(web::post().to(close_reply)))
        .service(web::resource("/replies/{id}/reopen").route(web::post().to(reopen_reply)));
}

/// The room's part of the description of `/v1`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        list_drafts,
        find_draft,
        edit_draft,
        approve_draft,
        reject_draft,
        undo_draft,
        correct_reply,
        uncorrect_reply,
        answer_reply,
        close_reply,
        reopen_reply
    ))]
    struct Room;
    Room::openapi()
}

/// An answer that an engine wrote and a person decides about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftView {
    pub id: String,
    /// `pending`, `scheduled` (approved, its message waits), `sent`, `not_sent`, `rejected`, `expired` or `withdrawn`.
    pub state: String,
    /// Why it was not sent, rejected or withdrawn.
    pub reason: Option<String>,
    /// `interested`, `question`, `referral`, `later`, `meeting` or `follow_up`.
    pub intent: String,
    pub contact_id: String,
    pub worker_id: Option<String>,
    pub reply_id: Option<String>,
    pub booking_id: Option<String>,
    pub message_id: Option<String>,
    pub to: String,
    pub language: String,
    pub subject: String,
    /// As it leaves.
    pub text: String,
    /// Stands for address, subject and text as they are shown; an approval names it.
    pub words: String,
    /// As the engine had written it.
    pub generated_text: String,
    pub sources: Vec<SourceView>,
    /// Claims of the text that stand in no source.
    pub ungrounded: Vec<String>,
    /// What wrote it: `embedded`, or the service and its model.
    pub engine: String,
    /// Why the embedded engine wrote it although a service is chosen: `timeout`, `http_429`, `policy`, `budget`, …
    pub fallback_reason: Option<String>,
    /// Why it never leaves by itself; empty when nothing speaks against that.
    pub needs_person: String,
    /// Those of them that keep it from being approved: the engine's own, and links to places that are not allowed.
    pub held: Vec<String>,
    pub flags: Vec<String>,
    pub confidence: f32,
    pub created_at: String,
    pub expires_at: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<String>,
    /// It left by itself, as the owner allowed.
    pub automatic: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceView {
    /// `contact`, `snippet`, `sender`, `calendar` or `reply`.
    pub kind: String,
    /// Id and version, where there is one.
    pub id: String,
    pub title: String,
}

impl From<Draft> for DraftView {
    fn from(draft: Draft) -> Self {
        let reason = match &draft.state {
            DraftState::NotSent { reason } | DraftState::Rejected { reason } | DraftState::Withdrawn { reason } => {
                Some(reason.clone())
            }
            _ => None,
        };
        let (subject, text) = (draft.final_subject().to_owned(), draft.final_text().to_owned());
        let sources = draft.shown_sources().map(SourceView::from).collect();
        let held = draft.held().into_iter().map(str::to_owned).collect();
        let words = decide::words_of(&draft).to_string();
        let decided = draft.decided;
        Self {
            id: draft.id.to_string(),
            state: draft.state.name().to_owned(),
            reason: reason.filter(|reason| !reason.is_empty()),
            intent: word(&draft.intent),
            contact_id: draft.contact.to_string(),
            worker_id: draft.worker.map(|id| id.to_string()),
            reply_id: draft.reply.map(|id| id.to_string()),
            booking_id: draft.booking.map(|id| id.to_string()),
            message_id: draft.message.map(|id| id.to_string()),
            to: draft.to.display().to_owned(),
            language: draft.language,
            subject,
            text,
            words,
            generated_text: draft.text,
            sources,
            ungrounded: draft.ungrounded,
            engine: if draft.engine.is_empty() { EMBEDDED.to_owned() } else { draft.engine },
            fallback_reason: draft.fallback_reason,
            needs_person: draft.needs_person,
            held,
            flags: draft.flags,
            confidence: draft.confidence,
            created_at: draft.created_at.to_rfc3339(),
            expires_at: draft.expires_at.to_rfc3339(),
            decided_at: decided.as_ref().map(|decision| decision.at).map(UnixMillis::to_rfc3339),
            automatic: decided.as_ref().is_some_and(|decision| decision.automatic),
            decided_by: decided.map(|decision| decision.name),
        }
    }
}

impl From<&Source> for SourceView {
    fn from(source: &Source) -> Self {
        Self { kind: word::<SourceKind>(&source.kind), id: source.id.clone(), title: source.title.clone() }
    }
}

/// The word by which a unit variant is written.
fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DraftQuery {
    /// `pending` gives only those that wait, oldest first; absent: all, newest first.
    pub state: Option<String>,
}

/// Drafts of the workspace.
#[utoipa::path(get, path = "/v1/drafts", tag = "drafts", params(DraftQuery, PageQuery),
    responses((status = 200, description = "A page of drafts", body = ApiPage<DraftView>)))]
async fn list_drafts(
    app: Data<App>,
    actor: Actor,
    query: Query<DraftQuery>,
    page: PageQuery,
) -> Result<Json<ApiPage<DraftView>>, ApiError> {
    actor.require(Permission::ApproveDrafts)?;
    let (cursor, limit) = page.parts()?;
    let only_pending = match query.state.as_deref() {
        None => false,
        Some("pending") => true,
        Some(_) => {
            let words = "state is \"pending\", or left out.";
            return Err(ApiError::invalid(vec![FieldError::in_query("state", words)]));
        }
    };
    let found = run(move || -> Result<Page<Draft>, AgentError> {
        if only_pending {
            return Ok(drafts::page_of_pending(&app.store, actor.workspace, cursor.as_ref(), limit)?);
        }
        Ok(drafts::list_newest(&app.store, actor.workspace, cursor.as_ref(), limit)?)
    })
    .await??;
    Ok(Json(page.answer(found.map(DraftView::from))))
}

/// One draft with its sources.
#[utoipa::path(get, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)),
    responses((status = 200, description = "The draft", body = DraftView), (status = 404, description = "Not here")))]
async fn find_draft(app: Data<App>, actor: Actor, id: Path<DraftId>) -> Result<Json<DraftView>, ApiError> {
    actor.require(Permission::ApproveDrafts)?;
    let found = run(move || drafts::get(&app.store, actor.workspace, *id).map_err(AgentError::from)).await??;
    Ok(Json(found.ok_or_else(ApiError::not_found)?.into()))
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftChange {
    /// Absent: stays.
    subject: Option<String>,
    /// Absent: stays.
    text: Option<String>,
}

/// Changes the wording of a draft that waits.
#[utoipa::path(patch, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)), request_body = DraftChange,
    responses((status = 200, description = "The draft as it is now", body = DraftView),
              (status = 409, description = "Decided already")))]
async fn edit_draft(
    app: Data<App>,
    actor: Actor,
    id: Path<DraftId>,
    body: ApiJson<DraftChange>,
) -> Result<Json<DraftView>, ApiError> {
    let change = body.value;
    let edited = run(move || -> Result<Draft, AgentError> {
        actor.require(Permission::ApproveDrafts)?;
        let draft = drafts::get(&app.store, actor.workspace, *id)?.ok_or(AgentError::NotFound)?;
        let subject = change.subject.as_deref().unwrap_or(draft.final_subject());
        let text = change.text.as_deref().unwrap_or(draft.final_text());
        decide::edit(&app, &actor, *id, subject, text)
    })
    .await??;
    Ok(Json(edited.into()))
}

/// Sends the draft, once.
#[utoipa::path(post, path = "/v1/drafts/{id}/approve", tag = "drafts", params(("id" = String, Path)),
    request_body = Option<SeenWords>,
    responses((status = 200, description = "Approved", body = DraftView),
              (status = 409, description = "Decided by somebody else, expired, other words than were read, or a claim stands in no source")))]
async fn approve_draft(
    app: Data<App>,
    actor: Actor,
    once: Once,
    id: Path<DraftId>,
    MaybeJson(body): MaybeJson<SeenWords>,
) -> Result<ApiAnswer, ApiError> {
    let (once, seen) = (once.of(&body), body.value.words()?);
    run(move || {
        once.carry_out(|| {
            let approved = decide::approve_seen(&app, &actor, *id, seen)?;
            ApiAnswer::json(StatusCode::OK, &DraftView::from(approved))
        })
    })
    .await?
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Kept with the draft.
    #[serde(default)]
    reason: String,
}

/// Rejects the draft: nothing is sent.
#[utoipa::path(post, path = "/v1/drafts/{id}/reject", tag = "drafts", params(("id" = String, Path)), request_body = Option<Rejection>,
    responses((status = 200, description = "Rejected", body = DraftView), (status = 409, description = "Decided already")))]
async fn reject_draft(
    app: Data<App>,
    actor: Actor,
    id: Path<DraftId>,
    key: IdempotencyKey,
    answers: Answers,
    MaybeJson(body): MaybeJson<Rejection>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let draft = decide::reject(&app, &actor, *id, &body.value.reason)?;
            ApiAnswer::json(StatusCode::OK, &DraftView::from(draft))
        })
    })
    .await?
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// `interested`, `meeting_proposed`, `question`, `referral`, `later`, `not_interested`, `out_of_office`,
    /// `unsubscribe` or `other`.
    label: String,
}

/// Says that a reply means something else. The program's own reading stays on record.
#[utoipa::path(post, path = "/v1/replies/{id}/correct", tag = "replies", params(("id" = String, Path)), request_body = Correction,
    responses((status = 200, description = "The reply as it is read now", body = ReplyView),
              (status = 422, description = "No such label")))]
async fn correct_reply(
    app: Data<App>,
    actor: Actor,
    id: Path<ReplyId>,
    key: IdempotencyKey,
    answers: Answers,
    body: ApiJson<Correction>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let reply = replies::correct(&app, &actor, *id, &body.value.label)?;
            ApiAnswer::json(StatusCode::OK, &ReplyView::from(reply))
        })
    })
    .await?
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Plain text, at most 10,000 characters; signature and footer come from the worker.
    text: String,
}

/// Sends these words in the reply's thread and closes the reply. The same words again send nothing.
#[utoipa::path(post, path = "/v1/replies/{id}/answer", tag = "replies", params(("id" = String, Path)), request_body = Words,
    responses((status = 201, description = "The message that will leave", body = MessageView),
              (status = 409, description = "May not be sent as it is"), (status = 422, description = "No text")))]
async fn answer_reply(
    app: Data<App>,
    actor: Actor,
    id: Path<ReplyId>,
    key: IdempotencyKey,
    answers: Answers,
    body: ApiJson<Words>,
) -> Result<ApiAnswer, ApiError> {
    run(move || {
        idempotent(&***answers, actor.workspace, &key, body.fingerprint, || {
            let message = replies::answer(&app, &actor, *id, &body.value.text)?;
            ApiAnswer::created(format!("/v1/messages/{}", message.id), &MessageView::from(message))
        })
    })
    .await?
}

/// Notes that nothing more is to be done about a reply.
#[utoipa::path(post, path = "/v1/replies/{id}/close", tag = "replies", params(("id" = String, Path)),
    responses((status = 200, description = "The closed reply", body = ReplyView)))]
async fn close_reply(app: Data<App>, actor: Actor, once: Once, id: Path<ReplyId>) -> Result<ApiAnswer, ApiError> {
    run(move || set_handled(&app, &actor, &once, *id, true)).await?
}

/// Takes the last decision about a draft back: an approval while its mail waits, a rejection until the draft is too old.
#[utoipa::path(post, path = "/v1/drafts/{id}/undo", tag = "drafts", params(("id" = String, Path)),
    responses((status = 200, description = "The draft, which waits again", body = DraftView),
              (status = 409, description = "It has left, or its time is over")))]
async fn undo_draft(app: Data<App>, actor: Actor, once: Once, id: Path<DraftId>) -> Result<ApiAnswer, ApiError> {
    run(move || once.carry_out(|| ApiAnswer::json(StatusCode::OK, &DraftView::from(decide::undo(&app, &actor, *id)?))))
        .await?
}

/// Takes a correction back: the reply is read anew as if nobody had said anything. An opt-out that somebody has noted is
/// not undone this way.
#[utoipa::path(post, path = "/v1/replies/{id}/uncorrect", tag = "replies", params(("id" = String, Path)),
    responses((status = 200, description = "The reply", body = ReplyView),
              (status = 409, description = "It is an opt-out by a person's word")))]
async fn uncorrect_reply(app: Data<App>, actor: Actor, once: Once, id: Path<ReplyId>) -> Result<ApiAnswer, ApiError> {
    run(move || {
        once.carry_out(|| ApiAnswer::json(StatusCode::OK, &ReplyView::from(replies::uncorrect(&app, &actor, *id)?)))
    })
    .await?
}

/// Takes a reply up again.
#[utoipa::path(post, path = "/v1/replies/{id}/reopen", tag = "replies", params(("id" = String, Path)),
    responses((status = 200, description = "The open reply", body = ReplyView)))]
async fn reopen_reply(app: Data<App>, actor: Actor, once: Once, id: Path<ReplyId>) -> Result<ApiAnswer, ApiError> {
    run(move || set_handled(&app, &actor, &once, *id, false)).await?
}

fn set_handled(app: &App, actor: &Actor, once: &Once, id: ReplyId, handled: bool) -> Result<ApiAnswer, ApiError> {
    once.carry_out(|| {
        let reply = replies::set_handled(app, actor, id, handled)?;
        ApiAnswer::json(StatusCode::OK, &ReplyView::from(reply))
    })
}
