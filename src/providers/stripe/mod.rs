//! Stripe: Checkout sessions, refunds and webhooks, with the key of the workspace's own account.
//!
//! API: <https://docs.stripe.com/api>; sessions: <https://docs.stripe.com/api/checkout/sessions/create>; refunds:
//! <https://docs.stripe.com/api/refunds/create>; idempotency (the first answer is kept for a day and replayed, a 500
//! too): <https://docs.stripe.com/api/idempotent_requests>. Bodies are forms with names in brackets, amounts are whole
//! numbers of the currency's smallest unit.

mod currency;
mod signature;
mod wire;

use std::time::Duration;

use http::header::{HeaderName, AUTHORIZATION, CONTENT_TYPE};
use http::Method;
use url::Url;

use super::error::{one_line, retry_after, ProviderError, Repeat};
use super::outbound::{Answer, CallLog, Limits, Outbound, Request};
use super::Secret;
use crate::base::UnixMillis;

pub use currency::{minor_digits, smallest_amount};
pub use signature::{verify, BadSignature, SIGNATURE};
pub use wire::{Mode, NewRefund, NewSession, Notice, PaymentStatus, Refund, RefundStatus, Session, Status, Webhook};

/// The version whose shapes are read here; sent with each call and asked for of each webhook.
pub const VERSION: &str = "2026-10-28.endive";
/// What a webhook is asked to tell.
pub const EVENTS: &[&str] = &[
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
];

const STRIPE_VERSION: HeaderName = HeaderName::from_static("stripe-version");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LIMITS: Limits = Limits::of(Duration::from_secs(30), 1024 * 1024);

/// One account's way out.
#[derive(Clone, Copy)]
pub struct Stripe<'a> {
    pub outbound: &'a Outbound,
    /// `https://api.stripe.com`
    pub base: &'a Url,
    pub key: &'a Secret,
    pub log: &'a dyn CallLog,
}

impl Stripe<'_> {
    /// Reads one session: a key that may do that may take payments. Restricted keys see no account.
    pub fn probe(&self) -> Result<(), ProviderError> {
        self.get("/v1/checkout/sessions?limit=1").map(drop)
    }

    /// A page on which the guest pays. `key` names the try: given again, the same session comes back.
    pub fn create_session(&self, session: &NewSession, key: &str) -> Result<Session, ProviderError> {
        self.post("/v1/checkout/sessions", &session.form(), key).and_then(wire::session)
    }

    pub fn session(&self, id: &str) -> Result<Session, ProviderError> {
        let path = format!("/v1/checkout/sessions/{}?expand%5B%5D=payment_intent", wire::checked_id(id)?);
        self.get(&path).and_then(wire::session)
    }

    /// Nobody can pay there any more. `Rejected` where it is not open: it was paid, or had run out.
    pub fn expire_session(&self, id: &str, key: &str) -> Result<Session, ProviderError> {
        let path = format!("/v1/checkout/sessions/{}/expire", wire::checked_id(id)?);
        self.post(&path, &[], key).and_then(wire::session)
    }

    /// Gives money back. What was given back whole before is `Conflict`.
    pub fn refund(&self, refund: &NewRefund, key: &str) -> Result<Refund, ProviderError> {
        self.post("/v1/refunds", &refund.form(), key).and_then(wire::refund)
    }

    /// All that was given back of a payment, the newest first.
    pub fn refunds_of(&self, payment_intent: &str) -> Result<Vec<Refund>, ProviderError> {
        let intent = wire::checked_id(payment_intent)?;
        self.get(&format!("/v1/refunds?payment_intent={intent}&limit=100")).and_then(wire::refunds)
    }

    pub fn find_refund(&self, id: &str) -> Result<Refund, ProviderError> {
        self.get(&format!("/v1/refunds/{}", wire::checked_id(id)?)).and_then(wire::refund)
    }

    /// Has events told to `url`; the answer alone holds the secret that they are signed with.
    pub fn create_webhook(&self, url: &Url, key: &str) -> Result<Webhook, ProviderError> {
        let mut form = vec![("url".to_owned(), url.to_string()), ("api_version".to_owned(), VERSION.to_owned())];
        form.extend(
            EVENTS.iter().enumerate().map(|(at, event)| (format!("enabled_events[{at}]"), (*event).to_owned())),
        );
        self.post("/v1/webhook_endpoints", &form, key).and_then(wire::webhook)
    }

    fn get(&self, path: &str) -> Result<Answer, ProviderError> {
        self.send(Method::GET, path, None)
    }

    /// With a key a write may be repeated: the same key gives the same answer.
    fn post(&self, path: &str, form: &[(String, String)], key: &str) -> Result<Answer, ProviderError> {
        self.send(Method::POST, path, Some((form, key)))
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        form: Option<(&[(String, String)], &str)>,
    ) -> Result<Answer, ProviderError> {
        let lost = |error| ProviderError::from_transport(error, Repeat::Safe);
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|error| ProviderError::Rejected { reason: error.to_string() })?;
        let target = self.outbound.configured(url).map_err(|refused| lost(refused.into()))?;
        let mut request = Request::new(method, target)
            .header(AUTHORIZATION, &format!("Bearer {}", self.key.expose()))
            .header(STRIPE_VERSION, VERSION)
            .limits(LIMITS);
        if let Some((form, key)) = form {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(IDEMPOTENCY_KEY, key)
                .body(body.into_bytes());
        }
        let answer = self.outbound.send(request, self.log).map_err(lost)?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(classify(&answer, self.outbound.clock().now())),
        }
    }
}

/// What an error of Stripe's means. A 5xx is kept with its key for a day: the caller takes another key to try anew.
fn classify(answer: &Answer, now: UnixMillis) -> ProviderError {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["error"];
    let code = error["code"].as_str().unwrap_or_default();
    let reason = match error["message"].as_str() {
        Some(message) => one_line(message),
        None => format!("status {}", answer.status),
    };
    match (answer.status, code) {
        (401, _) => ProviderError::Reconnect { reason: "Stripe refused the key".into() },
        (403, _) => ProviderError::MissingScope { reason },
        (_, "charge_already_refunded") => ProviderError::Conflict,
        // Another try with this key is at work, or the object is locked by one.
        (409, _) | (_, "lock_timeout" | "rate_limit") => {
            ProviderError::Retry { after: retry_after(answer, now), reason }
        }
        (500..=599, _) => ProviderError::Unknown { reason },
        (status, _) => ProviderError::from_status(status, retry_after(answer, now), reason, Repeat::Safe),
    }
}

#[cfg(test)]
mod tests;
