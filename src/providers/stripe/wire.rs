//! Stripe's shapes as ours.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::base::UnixMillis;
use crate::providers::error::ProviderError;
use crate::providers::outbound::Answer;
use crate::providers::Secret;

/// Whose money moves. Ids of one are unknown to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Test,
    Live,
}

impl Mode {
    /// Of a secret (`sk_`) or restricted (`rk_`) key. A publishable one (`pk_`) can do nothing here.
    pub fn of_key(key: &str) -> Option<Self> {
        let rest = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_"))?;
        match rest.split_once('_') {
            Some(("test", end)) if !end.is_empty() => Some(Mode::Test),
            Some(("live", end)) if !end.is_empty() => Some(Mode::Live),
            _ => None,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Mode::Test => "Test mode",
            Mode::Live => "Live",
        }
    }
}

/// One thing that is paid once.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Three letters, any case.
    pub currency: String,
    /// In the smallest unit.
    pub amount: u64,
    /// What is paid for, on the page and the receipt.
    pub name: String,
    pub email: Option<String>,
    pub success_url: String,
    pub cancel_url: String,
    /// 30 minutes to 24 hours ahead.
    pub expires_at: UnixMillis,
    /// By which the session and the payment find back to what they are for.
    pub reference: String,
    /// Two letters, or `auto`.
    pub locale: String,
}

impl NewSession {
    /// The fields of the form. `ui_mode` is left out: its words change between versions, and none means the hosted page.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        let mut form = vec![
            ("mode", "payment".to_owned()),
            ("submit_type", "book".to_owned()),
            ("client_reference_id", self.reference.clone()),
            ("metadata[payment]", self.reference.clone()),
            ("payment_intent_data[metadata][payment]", self.reference.clone()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", self.currency.to_ascii_lowercase()),
            ("line_items[0][price_data][unit_amount]", self.amount.to_string()),
            ("line_items[0][price_data][product_data][name]", self.name.clone()),
            ("success_url", self.success_url.clone()),
            ("cancel_url", self.cancel_url.clone()),
            ("expires_at", self.expires_at.0.div_euclid(1000).to_string()),
            ("locale", self.locale.clone()),
        ];
        form.extend(self.email.iter().map(|email| ("customer_email", email.clone())));
        form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

#[derive(Clone, Debug)]
pub struct NewRefund {
    pub payment_intent: String,
    /// In the smallest unit; `None`: all that is left.
    pub amount: Option<u64>,
    pub reference: String,
}

impl NewRefund {
    pub(super) fn form(&self) -> Vec<(String, String)> {
        let mut form = vec![
            ("payment_intent".to_owned(), self.payment_intent.clone()),
            ("reason".to_owned(), "requested_by_customer".to_owned()),
            ("metadata[payment]".to_owned(), self.reference.clone()),
        ];
        form.extend(self.amount.map(|amount| ("amount".to_owned(), amount.to_string())));
        form
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Open,
    Complete,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    Paid,
    /// Also while a slow way of paying is under way.
    Unpaid,
    NotNeeded,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: String,
    pub status: Status,
    pub payment_status: PaymentStatus,
    /// Where the guest pays; absent once it is closed.
    pub url: Option<Url>,
    pub payment_intent: Option<String>,
    /// A slow way to pay has come to nothing.
    pub has_failed: bool,
    pub expires_at: UnixMillis,
    pub mode: Mode,
    /// Smallest unit.
    pub amount: u64,
    /// Lower case.
    pub currency: String,
    /// What we named it by.
    pub reference: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Also `requires_action`.
    Pending,
    Succeeded,
    /// Also `canceled`: the money stays.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: String,
    pub status: RefundStatus,
    pub amount: u64,
    pub payment_intent: String,
    /// What we named it by; empty where it was made at Stripe by hand.
    pub reference: String,
}

/// An endpoint that events are told to.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: String,
    pub secret: Secret,
}

/// What a webhook says: that something of this object happened. What became of it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The event's own id: the same notice may come more than once.
    pub id: String,
    pub kind: String,
    pub mode: Mode,
    /// What we named the session or the refund by; empty for what is not ours.
    pub reference: String,
}

impl Notice {
    pub fn read(body: &[u8]) -> Option<Self> {
        let event: Value = serde_json::from_slice(body).ok()?;
        let object = &event["data"]["object"];
        Some(Self {
            id: event["id"].as_str()?.to_owned(),
            kind: event["type"].as_str()?.to_owned(),
            mode: mode_of(&event),
            reference: object["metadata"]["payment"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// An id as it may stand in a path.
pub(super) fn checked_id(id: &str) -> Result<&str, ProviderError> {
    let fits = !id.is_empty() && id.len() <= 255 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fits.then_some(id).ok_or(ProviderError::NotFound)
}

fn mode_of(object: &Value) -> Mode {
    if object["livemode"].as_bool() == Some(true) {
        Mode::Live
    } else {
        Mode::Test
    }
}

/// An id, or that of the object that stands in its place.
fn id_of(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["id"].as_str()).map(str::to_owned)
}

fn read(answer: &Answer) -> Result<Value, ProviderError> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| ProviderError::Retry { after: None, reason: format!("unreadable answer: {error}") })
}

fn odd(what: &str) -> ProviderError {
    ProviderError::Retry { after: None, reason: format!("Stripe's answer has no usable {what}") }
}

pub(super) fn session(answer: Answer) -> Result<Session, ProviderError> {
    let body = read(&answer)?;
    Ok(Session {
        id: id_of(&body["id"]).ok_or_else(|| odd("id"))?,
        status: match body["status"].as_str() {
            Some("open") => Status::Open,
            Some("complete") => Status::Complete,
            Some("expired") => Status::Expired,
            _ => return Err(odd("status")),
        },
        payment_status: match body["payment_status"].as_str() {
            Some("paid") => PaymentStatus::Paid,
            Some("unpaid") => PaymentStatus::Unpaid,
            Some("no_payment_required") => PaymentStatus::NotNeeded,
            _ => return Err(odd("payment_status")),
        },
        url: body["url"].as_str().and_then(|url| Url::parse(url).ok()),
        has_failed: matches!(body["payment_intent"]["status"].as_str(), Some("requires_payment_method" | "canceled")),
        payment_intent: id_of(&body["payment_intent"]),
        expires_at: UnixMillis::from_seconds(body["expires_at"].as_i64().ok_or_else(|| odd("expires_at"))?),
        mode: mode_of(&body),
        amount: body["amount_total"].as_u64().unwrap_or_default(),
        currency: body["currency"].as_str().unwrap_or_default().to_owned(),
        reference: body["client_reference_id"].as_str().unwrap_or_default().to_owned(),
    })
}

pub(super) fn refund(answer: Answer) -> Result<Refund, ProviderError> {
    refund_in(&read(&answer)?)
}

pub(super) fn refunds(answer: Answer) -> Result<Vec<Refund>, ProviderError> {
    let body = read(&answer)?;
    body["data"].as_array().ok_or_else(|| odd("list"))?.iter().map(refund_in).collect()
}

fn refund_in(body: &Value) -> Result<Refund, ProviderError> {
    Ok(Refund {
        id: id_of(&body["id"]).ok_or_else(|| odd("id"))?,
        status: match body["status"].as_str() {
            Some("succeeded") => RefundStatus::Succeeded,
            Some("failed" | "canceled") => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        },
        amount: body["amount"].as_u64().unwrap_or_default(),
        payment_intent: id_of(&body["payment_intent"]).unwrap_or_default(),
        reference: body["metadata"]["payment"].as_str().unwrap_or_default().to_owned(),
    })
}

pub(super) fn webhook(answer: Answer) -> Result<Webhook, ProviderError> {
    let body = read(&answer)?;
    let secret = body["secret"].as_str().ok_or_else(|| odd("secret"))?;
    Ok(Webhook { id: id_of(&body["id"]).ok_or_else(|| odd("id"))?, secret: Secret::new(secret) })
}
