//! `/v1/payments`: what guests were asked to pay, and giving it back. The key is set by people, in the settings.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::model::{Payment, Refund, State};
use super::refund::{self, Wanted};
use super::service;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::PaymentId;
use crate::http::idempotency::{ApiAnswer, Once};
use crate::http::{run, ApiError, ApiPage, MaybeJson, PageError, PageQuery};
use crate::providers::stripe::Mode;

pub fn api_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/payments").get(list))
        .service(web::resource("/payments/{payment}").get(get))
        .service(web::resource("/payments/{payment}/refund").post(give_back));
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(list, get, give_back))]
    struct Doc;
    Doc::openapi()
}

/// What a guest was asked to pay. Amounts are whole numbers of the currency's smallest unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiPayment {
    pub id: String,
    /// Of several dates that were paid for at once, the first; each booking names its payment.
    pub booking_id: String,
    pub contact_id: String,
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    pub name: String,
    /// `opening`, `open`, `processing`, `paid`, `expired`, `failed` or `withdrawn`.
    pub state: &'static str,
    /// Why it failed; null otherwise.
    pub reason: Option<String>,
    /// Made with a key of Stripe's test mode: no money moves.
    pub is_test: bool,
    pub made_at: String,
    pub paid_at: Option<String>,
    /// Nobody can pay after that.
    pub expires_at: String,
    pub refunds: Vec<ApiRefund>,
    /// What may still be given back.
    pub refundable: u64,
    /// Its ids at Stripe.
    pub stripe_session: Option<String>,
    pub stripe_payment_intent: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiRefund {
    pub amount: u64,
    pub reason: String,
    /// `asked`, `pending`, `succeeded`, `failed`, or `in_doubt` where a person has to look at Stripe.
    pub status: &'static str,
    pub at: String,
    /// Of a payment for several dates: the bookings that it is for.
    pub booking_ids: Vec<String>,
}

impl From<&Refund> for ApiRefund {
    fn from(refund: &Refund) -> Self {
        let Refund { amount, reason, at, status, of, .. } = refund.clone();
        let booking_ids = of.iter().map(|date| date.booking.to_string()).collect();
        Self { amount, reason, status: status.as_str(), at: at.to_rfc3339(), booking_ids }
    }
}

impl From<&Payment> for ApiPayment {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id.to_string(),
            booking_id: payment.booking.to_string(),
            contact_id: payment.contact.to_string(),
            amount: payment.amount,
            currency: payment.currency.clone(),
            name: payment.name.clone(),
            state: payment.state.as_str(),
            reason: match &payment.state {
                State::Failed { reason } => Some(reason.clone()),
                _ => None,
            },
            is_test: payment.mode == Mode::Test,
            made_at: payment.made_at.to_rfc3339(),
            paid_at: payment.paid_at.map(|at| at.to_rfc3339()),
            expires_at: payment.expires_at.to_rfc3339(),
            refunds: payment.refunds.iter().map(ApiRefund::from).collect(),
            refundable: payment.refundable(),
            stripe_session: payment.session.clone(),
            stripe_payment_intent: payment.intent.clone(),
        }
    }
}

/// Lists payments, the newest first.
#[utoipa::path(get, path = "/v1/payments", tag = "payments", params(PageQuery),
    responses((status = 200, description = "A page of payments", body = ApiPage<ApiPayment>)))]
async fn list(app: web::Data<App>, actor: Actor, query: PageQuery) -> Result<web::Json<ApiPage<ApiPayment>>, ApiError> {
    let page = run(move || {
        let (cursor, limit) = query.parts()?;
        let page = service::list(&app, &actor, cursor.as_ref(), limit)?;
        Ok::<_, ApiError>(query.answer(page.map(|payment| ApiPayment::from(&payment))))
    });
    page.await?.map(web::Json)
}

/// Gets one payment.
#[utoipa::path(get, path = "/v1/payments/{payment}", tag = "payments", params(("payment" = String, Path)),
    responses((status = 200, description = "The payment", body = ApiPayment)))]
async fn get(app: web::Data<App>, actor: Actor, id: web::Path<PaymentId>) -> Result<web::Json<ApiPayment>, ApiError> {
    let payment = run(move || service::open(&app, &actor, *id)).await??;
    Ok(web::Json(ApiPayment::from(&payment)))
}

/// How much is given back, and why.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiRefund {
    /// In the smallest unit; absent: all that is left.
    #[serde(default)]
    pub amount: Option<u64>,
    /// For the record; the guest does not see it.
    #[serde(default)]
    pub reason: String,
}

/// Gives money back. It goes to Stripe in the background; the refund stands in the answer as `asked`.
#[utoipa::path(post, path = "/v1/payments/{payment}/refund", tag = "payments", params(("payment" = String, Path)),
    request_body = NewApiRefund,
    responses((status = 200, description = "The payment with the refund", body = ApiPayment),
              (status = 409, description = "Nothing is left to give back, or a refund is on its way")))]
async fn give_back(
    app: web::Data<App>,
    actor: Actor,
    once: Once,
    id: web::Path<PaymentId>,
    body: MaybeJson<NewApiRefund>,
) -> Result<ApiAnswer, ApiError> {
    actor.require(Permission::RefundPayments).map_err(PageError::from)?;
    let once = once.of(&body.0);
    let NewApiRefund { amount, reason } = body.0.value;
    run(move || {
        once.carry_out(|| {
            let payment = refund::by_hand(&app, &actor, *id, Wanted::of(amount), &reason)?;
            ApiAnswer::json(StatusCode::OK, &ApiPayment::from(&payment))
        })
    })
    .await?
}
