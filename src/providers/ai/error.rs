//! What a failed call means: decided by what the body says, and by the status only where the body says nothing.

use std::time::Duration;

use serde_json::Value;

use super::Service;
use crate::base::UnixMillis;
use crate::providers::error::{one_line, retry_after};
use crate::providers::outbound::Answer;

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    Done,
    /// Its room was used up.
    Full,
    Refused,
}

/// Texts are those of the known services, shortened to one line; they hold no key and nothing of what was asked. What any
/// other server says may repeat what it was asked, so that of its words only the status and a known code are kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AiError {
    /// Too many calls, or too busy: again later, not before `after` when it is given.
    #[error("busy ({status}): {words}")]
    Busy { status: u16, after: Option<Duration>, words: String },
    /// The request left and nothing came back within the time.
    #[error("no answer within the time")]
    NoAnswer,
    /// No connection was made.
    #[error("not reached: {words}")]
    Unreachable { words: String },
    /// The key is refused, or may not do this: nothing works before somebody looks.
    #[error("the key was refused: {words}")]
    Key { words: String },
    /// There is no money or a limit that the customer set was reached: nothing works before somebody looks.
    #[error("the account does not pay for this: {words}")]
    Billing { words: String },
    /// There is no such model for this key.
    #[error("no such model: {words}")]
    NoModel { words: String },
    /// The same request gets the same answer.
    #[error("rejected: {words}")]
    Rejected { words: String },
    /// The address may not be called.
    #[error("{words}")]
    Address { words: String },
    #[error("the model declined to answer")]
    Refusal,
    #[error("the answer was cut off")]
    Truncated,
    /// `text` is what came instead, for one try to put it right. It is written nowhere.
    #[error("the answer was no JSON")]
    NoJson { text: String },
}

impl AiError {
    pub(super) fn no_json(text: &str) -> Self {
        Self::NoJson { text: text.to_owned() }
    }

    pub(super) fn bad_address(words: impl Into<String>) -> Self {
        Self::Address { words: words.into() }
    }

    /// The same request may have an answer in a moment.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::NoAnswer | Self::Unreachable { .. })
    }

    /// Everything fails until somebody has looked at the account.
    pub fn needs_a_person(&self) -> bool {
        matches!(self, Self::Key { .. } | Self::Billing { .. } | Self::Address { .. })
    }

    /// Counts towards leaving the service alone for a while.
    pub fn is_an_outage(&self) -> bool {
        self.may_pass()
    }

    /// A short word for records.
    pub fn code(&self) -> String {
        match self {
            Self::Busy { status, .. } => format!("http_{status}"),
            Self::NoAnswer => "timeout".to_owned(),
            Self::Unreachable { .. } => "unreachable".to_owned(),
            Self::Key { .. } => "key".to_owned(),
            Self::Billing { .. } => "billing".to_owned(),
            Self::NoModel { .. } => "no_model".to_owned(),
            Self::Rejected { .. } => "rejected".to_owned(),
            Self::Address { .. } => "address".to_owned(),
            Self::Refusal => "refusal".to_owned(),
            Self::Truncated => "truncated".to_owned(),
            Self::NoJson { .. } => "invalid_json".to_owned(),
        }
    }
}

/// A limit that money or a person lifts, not time. OpenAI gives these with 429, Anthropic as a detail.
const UNPAID: &[&str] = &[
    "billing_error",
    "enforced_spend_limit_reached",
    "insufficient_quota",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
    "billing_not_active",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
];
const KEY: &[&str] = &[
    "authentication_error",
    "permission_error",
    "invalid_api_key",
    "invalid_authentication",
    "account_deactivated",
    "unsupported_country_region_territory",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "API_KEY_INVALID",
];
const BUSY: &[&str] = &[
    "rate_limit_error",
    "rate_limit_exceeded",
    "slow_down",
    "overloaded_error",
    "api_error",
    "timeout_error",
    "server_error",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
];
const NO_MODEL: &[&str] = &["not_found_error", "model_not_found", "NOT_FOUND"];

/// What an answer that is no success means.
pub(super) fn of(service: Service, answer: &Answer, now: UnixMillis) -> AiError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let error = error_of(&body);
    let words = words_of(error, answer);
    let codes = codes_of(error);
    let has = |known: &[&str]| codes.iter().any(|code| known.contains(&code.as_str()));
    let status = answer.status;
    let after = retry_after(answer, now).or_else(|| retry_delay(error));
    if has(UNPAID) || status == 402 || is_spend_limit(service, status, &words) {
        return AiError::Billing { words };
    }
    if has(KEY) || status == 401 || status == 403 {
        return AiError::Key { words };
    }
    if service == Service::Gemini && status == 429 && is_daily(error) {
        // What is used up for the day comes back by itself, but not within any wait of ours.
        return AiError::Busy { status, after: Some(Duration::from_secs(3600)), words };
    }
    if has(BUSY) || matches!(status, 408 | 409 | 429 | 500..=599) {
        return AiError::Busy { status, after, words };
    }
    if has(NO_MODEL) || status == 404 {
        return AiError::NoModel { words };
    }
    AiError::Rejected { words }
}

/// Gemini's older front end wraps the error in a list.
fn error_of(body: &Value) -> &Value {
    let body = body.get(0).unwrap_or(body);
    body.get("error").unwrap_or(&Value::Null)
}

/// All the places in which a service names the kind of its error.
fn codes_of(error: &Value) -> Vec<String> {
    let of_details = error["details"].as_array().into_iter().flatten().filter_map(|detail| detail["reason"].as_str());
    let places = [&error["type"], &error["code"], &error["status"], &error["details"]["error_code"]];
    places.iter().filter_map(|place| place.as_str()).chain(of_details).map(str::to_owned).collect()
}

fn words_of(error: &Value, answer: &Answer) -> String {
    let said = error["message"].as_str().or_else(|| error.as_str());
    let param = error["param"].as_str().map(|param| format!(" ({param})")).unwrap_or_default();
    match said {
        Some(said) => one_line(&format!("{said}{param}")),
        None => format!("HTTP {}", answer.status),
    }
}

/// Of a server that nobody here knows: the status, and the code where it is one that is known. Nothing that it could have
/// put other words into is left.
pub(super) fn for_keeping(service: Service, error: AiError, answer: &Answer) -> AiError {
    if service != Service::Compatible {
        return error;
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let known = [UNPAID, KEY, BUSY, NO_MODEL].concat();
    let codes = codes_of(error_of(&body));
    let kept = match codes.iter().find(|code| known.contains(&code.as_str())) {
        Some(code) => format!("HTTP {}, {code}", answer.status),
        None => format!("HTTP {}", answer.status),
    };
    match error {
        AiError::Busy { status, after, .. } => AiError::Busy { status, after, words: kept },
        AiError::Key { .. } => AiError::Key { words: kept },
        AiError::Billing { .. } => AiError::Billing { words: kept },
        AiError::NoModel { .. } => AiError::NoModel { words: kept },
        AiError::Rejected { .. } => AiError::Rejected { words: kept },
        other => other,
    }
}

/// Anthropic says with an ordinary 400 that a limit was reached that the customer set.
fn is_spend_limit(service: Service, status: u16, words: &str) -> bool {
    let words = words.to_lowercase();
    let said = ["usage limit", "spend limit", "credit balance is too low"].iter().any(|part| words.contains(part));
    service == Service::Anthropic && matches!(status, 400 | 429) && said
}

/// `google.rpc.RetryInfo`: `"retryDelay":"17s"`.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error["details"].as_array()?;
    let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str())?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// `google.rpc.QuotaFailure` of a quota that is counted by the day.
fn is_daily(error: &Value) -> bool {
    let details = error["details"].as_array().into_iter().flatten();
    let violations = details.flat_map(|detail| detail["violations"].as_array().into_iter().flatten());
    let mut ids = violations.filter_map(|violation| violation["quotaId"].as_str());
    ids.any(|id| id.contains("PerDay"))
}
