//! `/v1/enrolments`: what a person does with one lead in its sequence.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::review::{self, ToRead};
use super::super::{move_lead, Enrolment, Move, OutreachError};
use super::workers::worker_of;
use super::{service, EnrolmentJson};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{EnrolmentId, StepId, WorkerId};
use crate::http::api::FieldError;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{ApiError, ApiJson, ApiPage, MaybeJson, PageQuery};

/// Who asks about which lead.
type Asked = (web::Data<App>, Actor, Once, web::Path<EnrolmentId>);

/// Does something with the lead, once for `body`, and answers how it stands.
async fn act<T>(
    (app, actor, once, id): Asked,
    body: &ApiJson<T>,
    work: impl FnOnce(&App, &Actor, EnrolmentId) -> Result<Enrolment, OutreachError> + Send + 'static,
) -> Result<ApiAnswer, ApiError> {
    once.of(body).run(move || ApiAnswer::json(StatusCode::OK, &EnrolmentJson::from(&work(&app, &actor, *id)?))).await
}

async fn moved<T>(asked: Asked, body: &ApiJson<T>, wanted: Move) -> Result<ApiAnswer, ApiError> {
    act(asked, body, move |app, actor, id| move_lead(app, actor, id, wanted)).await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeenBody {
    /// The id of the step that is meant. Where another one is next by now, nothing is changed.
    step: Option<String>,
}

impl SeenBody {
    fn step(&self) -> Result<Option<StepId>, ApiError> {
        self.step.as_deref().map(step_id).transpose()
    }
}

fn step_id(text: &str) -> Result<StepId, ApiError> {
    let wrong = || ApiError::invalid(vec![FieldError::at("/step", "step is the id of a step of the sequence.")]);
    text.parse().map_err(|_| wrong())
}

/// Leaves out the step that would come next; a task, or a mail that waits, is skipped too.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/skip", tag = "enrolments", params(("enrolment" = String, Path,)),
    request_body = Option<SeenBody>,
    responses((status = 200, description = "The lead", body = EnrolmentJson), (status = 409, description = "Nothing to skip, or the mail is leaving")))]
pub async fn skip_enrolment(asked: Asked, body: MaybeJson<SeenBody>) -> Result<ApiAnswer, ApiError> {
    moved(asked, &body.0, Move::Skip(body.0.value.step()?)).await
}

/// The lead's open task is done: its sequence goes on.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/done", tag = "enrolments", params(("enrolment" = String, Path,)),
    request_body = Option<SeenBody>,
    responses((status = 200, description = "The lead", body = EnrolmentJson), (status = 409, description = "No task is open")))]
pub async fn done_enrolment(asked: Asked, body: MaybeJson<SeenBody>) -> Result<ApiAnswer, ApiError> {
    moved(asked, &body.0, Move::Done(body.0.value.step()?)).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveBody {
    /// The id of the step that comes next.
    step: String,
}

/// Sends a lead to a step of its sequence that it has not had.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/move", tag = "enrolments", params(("enrolment" = String, Path,)),
    request_body = MoveBody,
    responses((status = 200, description = "The lead", body = EnrolmentJson), (status = 409, description = "It has had that step, or has ended")))]
pub async fn move_enrolment(asked: Asked, body: ApiJson<MoveBody>) -> Result<ApiAnswer, ApiError> {
    moved(asked, &body, Move::To(step_id(&body.value.step)?)).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadBody {
    /// `words` of the mail as `/v1/workers/{worker}/to-read` showed it.
    words: String,
}

/// A person has read the mail that waits for this lead, and it may leave as they read it.
#[utoipa::path(post, path = "/v1/enrolments/{enrolment}/read", tag = "enrolments", params(("enrolment" = String, Path,)),
    request_body = ReadBody,
    responses((status = 200, description = "The lead", body = EnrolmentJson), (status = 409, description = "No mail waits to be read, or it reads differently by now")))]
pub async fn read_enrolment(asked: Asked, body: ApiJson<ReadBody>) -> Result<ApiAnswer, ApiError> {
    let wrong = || ApiError::invalid(vec![FieldError::at("/words", "words is what the mail was shown with.")]);
    let words: u64 = body.value.words.parse().map_err(|_| wrong())?;
    act(asked, &body, move |app, actor, id| review::approve(app, actor, id, words)).await
}

/// A mail that waits until a person has read it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToReadJson {
    enrolment: String,
    contact: String,
    from: String,
    to: String,
    subject: String,
    text: String,
    /// Stands for address, subject and text as they are shown; a yes names it.
    words: String,
}

impl From<ToRead> for ToReadJson {
    fn from(mail: ToRead) -> Self {
        let ToRead { lead, to, from, subject, text, words, .. } = mail;
        let (enrolment, contact, words) = (lead.id.to_string(), lead.contact.to_string(), words.to_string());
        Self { enrolment, contact, from, to, subject, text, words }
    }
}

/// The mails of a worker that wait until a person has read them.
#[utoipa::path(get, path = "/v1/workers/{worker}/to-read", tag = "enrolments", params(("worker" = String, Path,), PageQuery),
    responses((status = 200, description = "A page of mails", body = ApiPage<ToReadJson>)))]
pub async fn get_to_read(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<WorkerId>,
    query: PageQuery,
) -> Result<HttpResponse, ApiError> {
    let (cursor, limit) = query.parts()?;
    let page = service(move || {
        let worker = worker_of(&app, &actor, *id)?;
        review::list(&app, &actor, worker.id, cursor.as_ref(), limit)
    });
    Ok(HttpResponse::Ok().json(query.answer(page.await?.map(ToReadJson::from))))
}
