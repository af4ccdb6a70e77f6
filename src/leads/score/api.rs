//! `/v1/leads`: contacts by score, one score with its terms, and what counts how much.

use std::collections::BTreeMap;

use actix_web::web::{self, ServiceConfig};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::rules::{Rule, Weights};
use super::service::{self, Scored};
use super::store::{Score, Source};
use crate::app::App;
use crate::authz::Actor;
use crate::base::ContactId;
use crate::http::api::FieldError;
use crate::http::api_json::ApiJson;
use crate::http::{run, ApiError, ApiPage, PageQuery};

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/leads").get(list))
        .service(web::resource("/leads/weights").get(weights).put(set_weights))
        .service(web::resource("/contacts/{id}/score").get(get));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(list, get, weights, set_weights))]
    struct Doc;
    Doc::openapi()
}

/// The score of a contact: the sum of its terms.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiScore {
    pub contact: String,
    pub score: i32,
    pub terms: Vec<ApiTerm>,
    pub counted_at: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiTerm {
    /// `has_company`, `booked` …: the keys of `/v1/leads/weights`.
    pub rule: &'static str,
    pub points: i32,
    /// What is true of the lead, as a sentence.
    pub words: &'static str,
    /// The row it comes from: `contact`, `address`, `suppressions` or `event`.
    pub from: &'static str,
    /// Of an event, its number in `/v1/events`.
    pub event: Option<u64>,
    /// When that row came to be.
    pub at: String,
}

impl From<&Score> for ApiScore {
    fn from(score: &Score) -> Self {
        let term = |term: &super::Term| ApiTerm {
            rule: term.rule.as_str(),
            points: term.points,
            words: term.rule.words(),
            from: match term.from {
                Source::Contact => "contact",
                Source::Address => "address",
                Source::Event(_) => "event",
                Source::Suppressions => "suppressions",
            },
            event: match term.from {
                Source::Event(number) => Some(number),
                _ => None,
            },
            at: term.at.to_rfc3339(),
        };
        Self {
            contact: score.contact.to_string(),
            score: score.points(),
            terms: score.terms.iter().map(term).collect(),
            counted_at: score.counted_at.to_rfc3339(),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Order {
    /// `highest` (as a rule) or `lowest` first.
    order: Option<String>,
}

/// Lists contacts by score.
#[utoipa::path(get, path = "/v1/leads", tag = "leads", params(Order, PageQuery),
    responses((status = 200, description = "A page of scores", body = ApiPage<ApiScore>)))]
async fn list(
    app: web::Data<App>,
    actor: Actor,
    order: web::Query<Order>,
    query: PageQuery,
) -> Result<web::Json<ApiPage<ApiScore>>, ApiError> {
    let (cursor, limit) = query.parts()?;
    let lowest_first = match order.order.as_deref() {
        None | Some("highest") => false,
        Some("lowest") => true,
        Some(_) => {
            return Err(ApiError::invalid(vec![FieldError::in_query("order", "order is highest or lowest.")]));
        }
    };
    let page = run(move || service::list(&app, &actor, lowest_first, cursor.as_ref(), limit)).await??;
    Ok(web::Json(query.answer(page.map(|Scored { score, .. }| ApiScore::from(&score)))))
}

/// Gets the score of one contact with its terms.
#[utoipa::path(get, path = "/v1/contacts/{id}/score", tag = "leads", params(("id" = String, Path)),
    responses((status = 200, description = "The score", body = ApiScore),
              (status = 404, description = "No such contact, or none that is counted")))]
async fn get(app: web::Data<App>, actor: Actor, id: web::Path<ContactId>) -> Result<web::Json<ApiScore>, ApiError> {
    let score = run(move || service::get(&app, &actor, *id)).await??;
    Ok(web::Json(ApiScore::from(&score.ok_or_else(ApiError::not_found)?)))
}

/// Points by rule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiWeights {
    /// From -100 to 100; zero leaves the rule out.
    pub points: BTreeMap<String, i32>,
}

impl From<&Weights> for ApiWeights {
    fn from(weights: &Weights) -> Self {
        Self { points: Rule::ALL.iter().map(|rule| (rule.as_str().to_owned(), weights.of(*rule))).collect() }
    }
}

/// What every rule gives.
#[utoipa::path(get, path = "/v1/leads/weights", tag = "leads",
    responses((status = 200, description = "Points by rule", body = ApiWeights)))]
async fn weights(app: web::Data<App>, actor: Actor) -> Result<web::Json<ApiWeights>, ApiError> {
    let weights = run(move || service::rules_of(&app, &actor)).await??;
    Ok(web::Json(ApiWeights::from(&weights)))
}

/// Sets the points; a rule that is left out has its usual ones. Everybody is counted anew.
#[utoipa::path(put, path = "/v1/leads/weights", tag = "leads", request_body = ApiWeights,
    responses((status = 200, description = "Points by rule", body = ApiWeights),
              (status = 422, description = "No such rule, or points out of range")))]
async fn set_weights(
    app: web::Data<App>,
    actor: Actor,
    body: ApiJson<ApiWeights>,
) -> Result<web::Json<ApiWeights>, ApiError> {
    actor.require(crate::authz::Permission::ManageWorkspace).map_err(crate::http::PageError::from)?;
    let mut points = BTreeMap::new();
    for (word, value) in &body.value.points {
        let Some(rule) = Rule::parse(word) else {
            let place = format!("/points/{word}");
            return Err(ApiError::invalid(vec![FieldError::at(&place, "There is no such rule; GET lists them all.")]));
        };
        points.insert(rule, *value);
    }
    let weights = run(move || service::set_rules(&app, &actor, &points)).await??;
    Ok(web::Json(ApiWeights::from(&weights)))
}
