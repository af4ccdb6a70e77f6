//! What Stripe looks at before anything happens.

use serde_json::json;
use url::Url;

use super::STRIPE_KEY;
use crate::base::UnixMillis;
use crate::providers::stripe::smallest_amount;
use crate::sandbox::wire::{value_of, Answer, Request};

const HALF_AN_HOUR: i64 = 30 * 60;
const DAY: i64 = 24 * 3600;

/// A no, with the place.
pub(super) struct Refusal {
    status: u16,
    kind: &'static str,
    code: &'static str,
    param: String,
    message: String,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code, param: String::new(), message: message.into() }
    }

    pub fn field(param: &str, message: impl Into<String>) -> Self {
        let refusal = Self::new(400, "invalid_request_error", "parameter_invalid", message);
        Self { param: param.to_owned(), ..refusal }
    }

    pub fn with_code(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", code, message)
    }

    pub fn missing(what: &str, id: &str) -> Self {
        Self::new(404, "invalid_request_error", "resource_missing", format!("No such {what}: '{id}'"))
    }

    pub fn no_path(request: &Request) -> Self {
        let message = format!("Unrecognized request URL ({}: {}).", request.method, request.path);
        Self::new(404, "invalid_request_error", "", message)
    }

    pub fn other_fields() -> Self {
        let message =
            "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        Self::new(400, "idempotency_error", "", message)
    }

    pub fn answer(self) -> Answer {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if !self.code.is_empty() {
            error["code"] = self.code.into();
        }
        if !self.param.is_empty() {
            error["param"] = self.param.into();
        }
        Answer::json(self.status, &json!({ "error": error }))
    }
}

pub(super) fn caller(request: &Request) -> Result<(), Refusal> {
    match request.bearer() {
        None => return Err(Refusal::new(401, "invalid_request_error", "", "You did not provide an API key.")),
        Some(STRIPE_KEY) => {}
        Some(_) => return Err(Refusal::new(401, "invalid_request_error", "", "Invalid API Key provided.")),
    }
    if request.header("stripe-version").is_none() {
        return Err(Refusal::field("Stripe-Version", "Name the version whose shapes you read."));
    }
    Ok(())
}

type Form = [(String, String)];

/// Every field by name; one that Stripe does not know is refused there too.
fn known(form: &Form, names: &[&str], prefixes: &[&str]) -> Result<(), Refusal> {
    let fits = |name: &str| names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix));
    match form.iter().find(|(name, _)| !fits(name)) {
        Some((name, _)) => Err(Refusal {
            param: name.clone(),
            ..Refusal::with_code("parameter_unknown", format!("Received unknown parameter: {name}"))
        }),
        None => Ok(()),
    }
}

fn needed<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    value_of(form, name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let refusal = Refusal::with_code("parameter_missing", format!("Missing required param: {name}."));
        Refusal { param: name.to_owned(), ..refusal }
    })
}

fn url(form: &Form, name: &str) -> Result<String, Refusal> {
    let text = needed(form, name)?;
    // The placeholder is no URL text, but allowed.
    match Url::parse(&text.replace(['{', '}'], "")) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.to_owned()),
        _ => Err(Refusal::field(name, "Not a valid URL")),
    }
}

pub(super) struct NewSession {
    pub name: String,
    pub currency: String,
    pub amount: u64,
    pub email: Option<String>,
    pub success_url: String,
    pub cancel_url: String,
    pub expires_at: UnixMillis,
    pub reference: String,
    pub metadata: serde_json::Value,
}

pub(super) fn new_session(form: &Form, now: UnixMillis) -> Result<NewSession, Refusal> {
    const NAMES: &[&str] = &[
        "mode",
        "submit_type",
        "client_reference_id",
        "customer_email",
        "success_url",
        "cancel_url",
        "expires_at",
        "locale",
        "line_items[0][quantity]",
        "line_items[0][price_data][currency]",
        "line_items[0][price_data][unit_amount]",
        "line_items[0][price_data][product_data][name]",
    ];
    known(form, NAMES, &["metadata[", "payment_intent_data[metadata]["])?;
    if needed(form, "mode")? != "payment" {
        return Err(Refusal::field("mode", "The sandbox sells single things: payment."));
    }
    let price = |name: &str| needed(form, &format!("line_items[0][price_data][{name}]"));
    let currency = price("currency")?.to_owned();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Refusal::field("line_items[0][price_data][currency]", format!("Invalid currency: {currency}")));
    }
    let whole = |name: &str, text: &str| {
        text.parse::<u64>().map_err(|_| Refusal::field(name, format!("Invalid integer: {text}")))
    };
    let amount = whole("unit_amount", price("unit_amount")?)?;
    let quantity = whole("quantity", needed(form, "line_items[0][quantity]")?)?;
    if amount * quantity < smallest_amount(&currency) {
        return Err(Refusal::with_code(
            "amount_too_small",
            "The Checkout Session's total amount must convert to at least 50 cents.",
        ));
    }
    let ends = needed(form, "expires_at")?;
    let ends = ends.parse::<i64>().map_err(|_| Refusal::field("expires_at", format!("Invalid integer: {ends}")))?;
    let ahead = ends - now.0.div_euclid(1000);
    if !(HALF_AN_HOUR..=DAY).contains(&ahead) {
        let message =
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.";
        return Err(Refusal::field("expires_at", message));
    }
    Ok(NewSession {
        name: needed(form, "line_items[0][price_data][product_data][name]")?.to_owned(),
        currency,
        amount: amount * quantity,
        email: value_of(form, "customer_email").map(str::to_owned),
        success_url: url(form, "success_url")?,
        cancel_url: url(form, "cancel_url")?,
        expires_at: UnixMillis::from_seconds(ends),
        reference: value_of(form, "client_reference_id").unwrap_or_default().to_owned(),
        metadata: metadata(form),
    })
}

fn metadata(form: &Form) -> serde_json::Value {
    let named = |name: &str| Some(name.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned());
    let all: serde_json::Map<String, serde_json::Value> =
        form.iter().filter_map(|(name, value)| Some((named(name)?, json!(value)))).collect();
    all.into()
}

pub(super) struct NewRefund {
    pub metadata: serde_json::Value,
    pub intent: String,
    pub amount: Option<u64>,
}

pub(super) fn new_refund(form: &Form) -> Result<NewRefund, Refusal> {
    known(form, &["payment_intent", "amount", "reason"], &["metadata["])?;
    if let Some(reason) = value_of(form, "reason") {
        if !["duplicate", "fraudulent", "requested_by_customer"].contains(&reason) {
            return Err(Refusal::field("reason", format!("Invalid reason: {reason}")));
        }
    }
    let amount = match value_of(form, "amount") {
        None => None,
        Some(text) => match text.parse::<u64>() {
            Ok(amount) if amount > 0 => Some(amount),
            _ => return Err(Refusal::field("amount", format!("Invalid positive integer: {text}"))),
        },
    };
    Ok(NewRefund { metadata: metadata(form), intent: needed(form, "payment_intent")?.to_owned(), amount })
}

pub(super) struct NewWebhook {
    pub url: String,
    pub events: Vec<String>,
}

pub(super) fn new_webhook(form: &Form) -> Result<NewWebhook, Refusal> {
    known(form, &["url", "api_version", "description"], &["enabled_events["])?;
    let events: Vec<String> =
        form.iter().filter(|(name, _)| name.starts_with("enabled_events[")).map(|(_, value)| value.clone()).collect();
    if events.is_empty() {
        return Err(Refusal::with_code("parameter_missing", "Missing required param: enabled_events."));
    }
    Ok(NewWebhook { url: url(form, "url")?, events })
}
