//! `/v1/contacts/{id}/page`: what the page of a contact's company says.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::model::{Reading, State};
use super::service;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ContactId;
use crate::http::api::FieldError;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson, MaybeJson, PageError};
use crate::providers::web_page::Kind;

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/contacts/{id}/page").get(get).post(ask))
        .service(web::resource("/contacts/{id}/page/forget").post(forget))
        .service(web::resource("/contacts/{id}/page/accept").post(accept));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(get, ask, forget, accept))]
    struct Doc;
    Doc::openapi()
}

/// What was read of a company's own page.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiPageReading {
    /// As it was asked for.
    pub url: String,
    /// `waiting`, `read` or `refused`.
    pub state: &'static str,
    /// Why it was refused.
    pub reason: Option<String>,
    pub read_at: Option<String>,
    pub facts: Vec<ApiFact>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiFact {
    /// `name`, `title`, `description`, `phone`, `postal_address`, `social` or `email`. An address is a suggestion: it
    /// becomes a contact only when it is accepted.
    pub kind: &'static str,
    pub value: String,
    /// The page on which it stands, and when it was read.
    pub source: String,
    pub at: String,
}

impl From<&Reading> for ApiPageReading {
    fn from(reading: &Reading) -> Self {
        let (state, at, reason) = match &reading.state {
            State::Waiting => ("waiting", None, None),
            State::Read { at } => ("read", Some(*at), None),
            State::Refused { at, words } => ("refused", Some(*at), Some(words.clone())),
        };
        let facts = reading.facts.iter().map(|fact| ApiFact {
            kind: fact.kind.as_str(),
            value: fact.value.clone(),
            source: fact.source.clone(),
            at: fact.at.to_rfc3339(),
        });
        Self {
            url: reading.start.clone(),
            state,
            reason,
            read_at: at.map(|at| at.to_rfc3339()),
            facts: facts.collect(),
        }
    }
}

/// Gets what was read of the company's page.
#[utoipa::path(get, path = "/v1/contacts/{id}/page", tag = "leads", params(("id" = String, Path)),
    responses((status = 200, description = "The reading", body = ApiPageReading),
              (status = 404, description = "No such contact, or nobody asked for its page")))]
async fn get(
    app: web::Data<App>,
    actor: Actor,
    id: web::Path<ContactId>,
) -> Result<web::Json<ApiPageReading>, ApiError> {
    let reading = run(move || service::get(&app, &actor, *id)).await??.ok_or_else(ApiError::not_found)?;
    Ok(web::Json(ApiPageReading::from(&reading)))
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AskPage {
    /// Public and https; left out: the contact's web site.
    pub url: String,
}

/// Who asks about which contact.
type Asked = (web::Data<App>, Actor, Once, web::Path<ContactId>);

fn read_now(reading: Reading) -> Result<ApiAnswer, ApiError> {
    ApiAnswer::json(StatusCode::OK, &ApiPageReading::from(&reading))
}

/// Asks for a page to be read, in the background. Its robots.txt is kept to.
#[utoipa::path(post, path = "/v1/contacts/{id}/page", tag = "leads", params(("id" = String, Path)), request_body = AskPage,
    responses((status = 200, description = "The reading, which waits", body = ApiPageReading),
              (status = 422, description = "No address, or none that may be called")))]
async fn ask((app, actor, once, id): Asked, body: MaybeJson<AskPage>) -> Result<ApiAnswer, ApiError> {
    once.of(&body.0).run(move || read_now(service::ask(&app, &actor, *id, &body.0.value.url)?)).await
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetFact {
    pub kind: String,
    pub value: String,
}

/// Forgets one fact for good.
#[utoipa::path(post, path = "/v1/contacts/{id}/page/forget", tag = "leads", params(("id" = String, Path)),
    request_body = ForgetFact,
    responses((status = 200, description = "What is left", body = ApiPageReading),
              (status = 404, description = "No such fact")))]
async fn forget((app, actor, once, id): Asked, body: ApiJson<ForgetFact>) -> Result<ApiAnswer, ApiError> {
    actor.require(Permission::EditContacts).map_err(PageError::from)?;
    let once = once.of(&body);
    let ForgetFact { kind, value } = body.value;
    let known = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
    let wrong = || ApiError::invalid(vec![FieldError::at("/kind", "There is no such kind of fact.")]);
    let kind = known.ok_or_else(wrong)?;
    once.run(move || read_now(service::forget(&app, &actor, *id, kind, &value)?)).await
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptAddress {
    /// One of the facts of kind `email`.
    pub address: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AcceptedAddress {
    /// The contact that it became, or that had the address already.
    pub contact: String,
}

/// Takes an address that was found over as a contact.
#[utoipa::path(post, path = "/v1/contacts/{id}/page/accept", tag = "leads", params(("id" = String, Path)),
    request_body = AcceptAddress,
    responses((status = 200, description = "The contact", body = AcceptedAddress),
              (status = 404, description = "It was not found on the page")))]
async fn accept((app, actor, once, id): Asked, body: ApiJson<AcceptAddress>) -> Result<ApiAnswer, ApiError> {
    once.of(&body)
        .run(move || {
            let contact = service::accept(&app, &actor, *id, &body.value.address)?;
            ApiAnswer::json(StatusCode::OK, &AcceptedAddress { contact: contact.to_string() })
        })
        .await
}
