//! `/v1/routing-forms`: list, make, change, remove, and where answers lead.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::desk;
use super::model::{Condition, Outcome, RoutingForm, Rule, Test};
use crate::app::App;
use crate::authz::Actor;
use crate::base::RoutingFormId;
use crate::bookings::types::Question;
use crate::http::api::Problem;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiJson};

pub fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/routing-forms").route(web::get().to(list)).route(web::post().to(create)))
        .service(
            web::resource("/routing-forms/{form}")
                .route(web::get().to(get))
                .route(web::put().to(replace))
                .route(web::delete().to(remove)),
        )
        .service(web::resource("/routing-forms/{form}/lead").route(web::post().to(lead)));
}

#[derive(OpenApi)]
#[openapi(
    paths(list, create, get, replace, remove, lead),
    components(schemas(ApiRoutingForm, AllRoutingForms, Rule, Condition, Test, Outcome, Said))
)]
pub struct RoutingApi;

/// Questions that lead a visitor to an event type, a page elsewhere, or a message.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiRoutingForm {
    /// Ignored in a request.
    #[serde(default)]
    pub id: String,
    pub name: String,
    /// The last part of the public address; empty: made of the name.
    #[serde(default)]
    pub slug: String,
    #[serde(default)]
    pub description: String,
    /// Strangers see it.
    #[serde(default = "yes")]
    pub open: bool,
    /// One to ten.
    pub questions: Vec<Question>,
    /// The first that holds decides; at most twenty.
    #[serde(default)]
    pub rules: Vec<Rule>,
    pub otherwise: Outcome,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AllRoutingForms {
    pub data: Vec<ApiRoutingForm>,
}

/// Answers in the order of the questions; what is missing at the end is empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub answers: Vec<String>,
}

impl From<RoutingForm> for ApiRoutingForm {
    fn from(form: RoutingForm) -> Self {
        Self {
            id: form.id.to_string(),
            name: form.name,
            slug: form.slug,
            description: form.description,
            open: form.is_open,
            questions: form.questions,
            rules: form.rules,
            otherwise: form.otherwise,
        }
    }
}

impl ApiRoutingForm {
    fn over(self, before: RoutingForm) -> RoutingForm {
        RoutingForm {
            name: self.name,
            slug: self.slug,
            description: self.description,
            is_open: self.open,
            questions: self.questions,
            rules: self.rules,
            otherwise: self.otherwise,
            ..before
        }
    }
}

/// All routing forms of the workspace.
#[utoipa::path(
    get, path = "/v1/routing-forms", tag = "event types",
    responses((status = 200, description = "All of them", body = AllRoutingForms), (status = 401, description = "No valid key", body = Problem))
)]
async fn list(app: Data<App>, actor: Actor) -> Result<HttpResponse, ApiError> {
    let all = run(move || desk::list(&app, &actor)).await??;
    Ok(HttpResponse::Ok().json(AllRoutingForms { data: all.into_iter().map(ApiRoutingForm::from).collect() }))
}

/// One routing form.
#[utoipa::path(
    get, path = "/v1/routing-forms/{form}", tag = "event types", params(("form" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The form", body = ApiRoutingForm),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn get(app: Data<App>, actor: Actor, path: Path<RoutingFormId>) -> Result<HttpResponse, ApiError> {
    let form = run(move || desk::get(&app, &actor, path.into_inner())).await??;
    Ok(HttpResponse::Ok().json(ApiRoutingForm::from(form)))
}

/// Makes a routing form.
#[utoipa::path(
    post, path = "/v1/routing-forms", tag = "event types", request_body = ApiRoutingForm,
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again")),
    responses(
        (status = 201, description = "Made", body = ApiRoutingForm),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn create(
    app: Data<App>,
    actor: Actor,
    once: Once,
    body: ApiJson<ApiRoutingForm>,
) -> Result<ApiAnswer, ApiError> {
    let once = once.of(&body);
    run(move || {
        once.carry_out(|| {
            let blank = desk::blank(actor.workspace, app.now());
            let form = desk::save(&app, &actor, body.value.over(blank))?;
            ApiAnswer::created(format!("/v1/routing-forms/{}", form.id), &ApiRoutingForm::from(form))
        })
    })
    .await?
}

/// Replaces a routing form.
#[utoipa::path(
    put, path = "/v1/routing-forms/{form}", tag = "event types", request_body = ApiRoutingForm,
    params(("form" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "As it stands now", body = ApiRoutingForm),
        (status = 404, description = "Not in this workspace", body = Problem),
        (status = 422, description = "A value is wrong", body = Problem),
    )
)]
async fn replace(
    app: Data<App>,
    actor: Actor,
    path: Path<RoutingFormId>,
    body: ApiJson<ApiRoutingForm>,
) -> Result<HttpResponse, ApiError> {
    let form = run(move || {
        let before = desk::get(&app, &actor, path.into_inner())?;
        desk::save(&app, &actor, body.value.over(before))
    });
    Ok(HttpResponse::Ok().json(ApiRoutingForm::from(form.await??)))
}

/// Removes a routing form. What was booked by way of it stays.
#[utoipa::path(
    delete, path = "/v1/routing-forms/{form}", tag = "event types", params(("form" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn remove(app: Data<App>, actor: Actor, path: Path<RoutingFormId>) -> Result<HttpResponse, ApiError> {
    run(move || desk::remove(&app, &actor, path.into_inner())).await??;
    Ok(HttpResponse::NoContent().finish())
}

/// Where answers lead by the rules. Nothing is kept.
#[utoipa::path(
    post, path = "/v1/routing-forms/{form}/lead", tag = "event types", request_body = Said,
    params(
        ("form" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat gets the first answer again"),
    ),
    responses(
        (status = 200, description = "Where they lead", body = Outcome),
        (status = 404, description = "Not in this workspace", body = Problem),
    )
)]
async fn lead(
    app: Data<App>,
    actor: Actor,
    once: Once,
    path: Path<RoutingFormId>,
    body: ApiJson<Said>,
) -> Result<ApiAnswer, ApiError> {
    let (id, once) = (path.into_inner(), once.of(&body));
    run(move || {
        once.carry_out(|| {
            let form = desk::get(&app, &actor, id)?;
            let [to, _] = form.lead(&body.value.answers);
            ApiAnswer::json(StatusCode::OK, to)
        })
    })
    .await?
}
