//! `/v1/workers/{worker}/dry-run`: the same for programs.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::story::Story;
use super::think::{think, About};
use super::DryRunError;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ReplyId, UnixMillis, WorkerId};
use crate::http::api::{FieldError, Problem};
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, ApiPage, PageError, PageQuery};
use crate::messaging;
use crate::messaging::api::MessageView;
use crate::outreach::OutreachError;
use crate::workers;

pub fn api_routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/workers/{worker}/dry-run")
            .route(web::get().to(list))
            .route(web::post().to(ponder))
            .route(web::put().to(switch)),
    );
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    DryRunApi::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(list, ponder, switch), components(schemas(StoryJson, StepJson, Problem)))]
struct DryRunApi;

/// An answer to think through: one that came in, or words that somebody might write.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AboutJson {
    /// A reply that came in.
    reply_id: Option<String>,
    /// Or words, at most 2,000 characters.
    text: String,
    /// Who wrote them; of a contact's address the contact's own fields count.
    from: String,
    name: String,
}

/// What the worker would do. Nothing was sent or kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoryJson {
    pub label: String,
    pub confidence: f32,
    pub language: String,
    /// Every label with its probability by the built-in engine, the likeliest first.
    pub probabilities: Vec<OddsJson>,
    pub steps: Vec<StepJson>,
    /// What would be written back; absent when nothing would.
    pub draft: Option<DraftJson>,
    /// It would leave, or be booked, without a person.
    pub alone: bool,
    /// Which rule decides that, as sentences.
    pub decision: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OddsJson {
    pub label: String,
    pub probability: f32,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StepJson {
    /// `reading`, `binding`, `at_once`, `sequence`, `times`, `meeting` or `answer`.
    pub kind: String,
    pub words: String,
    pub details: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DraftJson {
    pub subject: String,
    pub text: String,
    /// Snippets that it cites, as `id vN`.
    pub cites: Vec<String>,
    /// Claims that stand in no source.
    pub ungrounded: Vec<String>,
}

impl From<Story> for StoryJson {
    fn from(story: Story) -> Self {
        let odds = |(label, probability): (&'static str, f32)| OddsJson { label: label.to_owned(), probability };
        let snippet = crate::drafts::SourceKind::Snippet;
        let draft = story.draft.map(|draft| DraftJson {
            subject: draft.final_subject().to_owned(),
            text: draft.final_text().to_owned(),
            cites: draft
                .sources
                .iter()
                .filter(|source| source.kind == snippet)
                .map(|source| source.id.clone())
                .collect(),
            ungrounded: draft.ungrounded,
        });
        let step =
            |step: super::story::Step| StepJson { kind: step.kind.to_owned(), words: step.words, details: step.lines };
        Self {
            label: story.label,
            confidence: story.confidence,
            language: story.language,
            probabilities: story.odds.into_iter().map(odds).collect(),
            steps: story.steps.into_iter().map(step).collect(),
            draft,
            alone: story.decision.alone,
            decision: story.decision.words,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunJson {
    pub on: bool,
}

/// How a worker's dry run stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DryRunStateJson {
    pub on: bool,
    pub since: Option<String>,
}

/// What a dry run would have sent
#[utoipa::path(get, path = "/v1/workers/{worker}/dry-run", tag = "workers", params(("worker" = String, Path,), PageQuery),
    responses((status = 200, description = "Mails that would have left, newest first. None of them ever leaves.", body = ApiPage<MessageView>),
              (status = 404, description = "Not in this workspace", body = Problem)))]
async fn list(
    app: Data<App>,
    actor: Actor,
    worker: Path<WorkerId>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (cursor, limit) = query.parts()?;
    let page = run(move || {
        actor.require(Permission::ViewReplies)?;
        let store = &app.store;
        workers::get(store, actor.workspace, *worker)?.ok_or(DryRunError::NotFound)?;
        Ok::<_, DryRunError>(messaging::list_would_have_left(store, actor.workspace, *worker, cursor.as_ref(), limit)?)
    });
    let page = page.await??;
    Ok(HttpResponse::Ok().json(query.answer(page.map(MessageView::from))))
}

/// Think an answer through
///
/// What the worker would do with it and why, step by step, by the rules that decide about real answers. Nothing is
/// sent, kept or asked of an AI service.
#[utoipa::path(post, path = "/v1/workers/{worker}/dry-run", tag = "workers", params(("worker" = String, Path,)),
    request_body = AboutJson,
    responses((status = 200, description = "What it would do", body = StoryJson),
              (status = 404, description = "No such worker or reply", body = Problem),
              (status = 422, description = "Neither words nor a reply", body = Problem)))]
async fn ponder(
    app: Data<App>,
    actor: Actor,
    once: Once,
    worker: Path<WorkerId>,
    body: ApiJson<AboutJson>,
) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    let AboutJson { reply_id, text, from, name } = body.value;
    let about = match reply_id.as_deref().map(str::parse::<ReplyId>) {
        None => About::Pasted { text, from, name },
        Some(Ok(reply)) => About::Past(reply),
        Some(Err(_)) => {
            let wrong = FieldError::at("/reply_id", "This is not the id of a reply.");
            return Err(ApiError::invalid(vec![wrong]));
        }
    };
    let worker = *worker;
    run(move || {
        once.carry_out(|| {
            let story = think(&app, &actor, worker, &about)?;
            ApiAnswer::json(StatusCode::OK, &StoryJson::from(story))
        })
    })
    .await?
}

/// Begins or ends a dry run
///
/// While it is on, nothing of the worker's mail leaves; what would have left is listed. When it ends, nothing of it
/// leaves late.
#[utoipa::path(put, path = "/v1/workers/{worker}/dry-run", tag = "workers", params(("worker" = String, Path,)),
    request_body = DryRunJson,
    responses((status = 200, description = "How it stands", body = DryRunStateJson),
              (status = 404, description = "Not in this workspace", body = Problem)))]
async fn switch(
    app: Data<App>,
    actor: Actor,
    worker: Path<WorkerId>,
    body: ApiJson<DryRunJson>,
) -> Result<HttpResponse, ApiError> {
    let on = body.value.on;
    let worker = run(move || workers::set_dry_run(&app, &actor, *worker, on)).await?.map_err(OutreachError::from)?;
    let since = worker.dry_run.map(UnixMillis::to_rfc3339);
    Ok(HttpResponse::Ok().json(DryRunStateJson { on: since.is_some(), since }))
}

impl From<DryRunError> for ApiError {
    fn from(error: DryRunError) -> Self {
        match error {
            DryRunError::Invalid(mistakes) => {
                let at = |(field, words): (&str, String)| FieldError::at(&format!("/{field}"), words);
                ApiError::invalid(mistakes.into_iter().map(at).collect())
            }
            error => PageError::from(error).into(),
        }
    }
}
