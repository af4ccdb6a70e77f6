//! Errors, each in the shape of its service, and the faults that can be asked for.

use serde_json::{json, Value};

use super::super::wire::{Answer, Request};
use super::check::{self, Asked};
use super::mind::Said;
use super::{mind, wire, wire_of, Wire};

/// What the services say no to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    NoKey,
    WrongKey,
    NoVersion,
    NoSuchPath,
    NoSuchModel(String),
    /// The field, and what is wrong with it.
    Field(String, String),
}

pub(super) fn answer(wire: Wire, trouble: &Trouble) -> Answer {
    let (status, kind, code, param, words) = match trouble {
        Trouble::NoKey => (401, "authentication_error", "invalid_api_key", None, "No API key was given.".to_owned()),
        Trouble::WrongKey => {
            (401, "authentication_error", "invalid_api_key", None, "The API key is not valid.".to_owned())
        }
        Trouble::NoVersion => {
            (400, "invalid_request_error", "missing_header", None, "anthropic-version: header is required".to_owned())
        }
        Trouble::NoSuchPath => (404, "not_found_error", "not_found", None, "There is nothing here.".to_owned()),
        Trouble::NoSuchModel(model) => {
            (404, "not_found_error", "model_not_found", None, format!("The model `{model}` does not exist."))
        }
        Trouble::Field(field, words) => {
            (400, "invalid_request_error", "invalid_value", Some(field.as_str()), format!("{field}: {words}"))
        }
    };
    shaped(wire, status, kind, code, param, &words)
}

fn shaped(wire: Wire, status: u16, kind: &str, code: &str, param: Option<&str>, words: &str) -> Answer {
    let body = match wire {
        Wire::Anthropic => {
            json!({"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_sandbox_error"})
        }
        Wire::Gemini => {
            // A wrong key is an invalid argument there, and the detail says which.
            let (status, word) = match (status, kind) {
                (401, _) => (400, "INVALID_ARGUMENT"),
                (other, _) => (other, google_word(other)),
            };
            let reason = if code == "invalid_api_key" { "API_KEY_INVALID" } else { "OTHER" };
            let detail = json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason});
            let error = json!({"code": status, "message": words, "status": word, "details": [detail]});
            return Answer::json(status, &json!({"error": error}));
        }
        Wire::Responses | Wire::Chat | Wire::OwnServer => {
            json!({"error": {"message": words, "type": kind, "param": param, "code": code}})
        }
    };
    let id = if wire == Wire::Anthropic { "request-id" } else { "x-request-id" };
    Answer::json(status, &body).with(id, "req_sandbox_error")
}

fn google_word(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        402 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    }
}

/// What the service answers when a status is asked for by `/control/faults`.
fn by_status(wire: Wire, status: u16) -> Answer {
    let (kind, code) = match status {
        401 => ("authentication_error", "invalid_api_key"),
        402 => ("billing_error", "insufficient_quota"),
        403 => ("permission_error", "permission_denied"),
        404 => ("not_found_error", "model_not_found"),
        413 => ("request_too_large", "request_too_large"),
        429 if wire == Wire::Anthropic => ("rate_limit_error", "rate_limit_exceeded"),
        429 => ("requests", "rate_limit_exceeded"),
        529 => ("overloaded_error", "overloaded"),
        500..=599 if wire == Wire::Anthropic => ("api_error", "server_error"),
        500..=599 => ("server_error", "server_error"),
        _ => ("invalid_request_error", "invalid_value"),
    };
    shaped(wire, status, kind, code, None, "As it was asked for.")
}

/// The words of a fault's `manner`.
pub(in crate::sandbox) const MANNERS: &[&str] =
    &["refusal", "truncated", "invalid_json", "wrong_shape", "spend_limit", "daily_quota"];

/// The answer to a call that a fault has taken: an error by its status, or an answer that misbehaves by its manner.
pub(in crate::sandbox) fn fault_answer(status: u16, manner: Option<&str>, request: &Request) -> Answer {
    let wire = wire_of(request);
    match manner {
        None => by_status(wire, status),
        Some("spend_limit") => spend_limit(wire),
        Some("daily_quota") => daily_quota(wire),
        Some(manner) => misbehave(wire, manner, request),
    }
}

fn spend_limit(wire: Wire) -> Answer {
    let words = "You have reached the spend limit that was set for this account.";
    match wire {
        Wire::Anthropic => {
            let details = json!({"error_code": "enforced_spend_limit_reached"});
            let error = json!({"type": "rate_limit_error", "message": words, "details": details});
            Answer::json(429, &json!({"type": "error", "error": error, "request_id": "req_sandbox_limit"}))
        }
        Wire::Gemini => shaped(wire, 402, "billing_error", "billing", None, words),
        Wire::Responses | Wire::Chat | Wire::OwnServer => {
            shaped(wire, 429, "insufficient_quota", "insufficient_quota", None, words)
        }
    }
}

fn daily_quota(wire: Wire) -> Answer {
    if wire != Wire::Gemini {
        return by_status(wire, 429);
    }
    let violation = json!({"quotaId": "GenerateRequestsPerDayPerProjectPerModel"});
    let details = json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}]);
    let words = "You exceeded your current quota.";
    let error = json!({"code": 429, "message": words, "status": "RESOURCE_EXHAUSTED", "details": details});
    Answer::json(429, &json!({"error": error}))
}

fn misbehave(wire: Wire, manner: &str, request: &Request) -> Answer {
    let path: Vec<String> = request.segments();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let asked = match check::asked(wire, request, &path) {
        Ok(asked) => asked,
        Err(trouble) => return answer(wire, &trouble),
    };
    wire::answer(wire, &asked, &misbehaved(manner, &asked))
}

fn misbehaved(manner: &str, asked: &Asked) -> Said {
    let full = mind::answer(asked).to_string();
    let output = mind::tokens(&full);
    let said = |text: String| Said { text, is_full: false, is_refused: false, output, thoughts: 0 };
    match manner {
        "refusal" => Said { is_refused: true, ..said("I cannot help with that.".to_owned()) },
        "truncated" => Said { is_full: true, output: asked.cap, ..said(full.chars().take(40).collect()) },
        "wrong_shape" => said(without_a_field(&mind::answer(asked)).to_string()),
        _ => said(full.replace(['{', '}', '"'], "")),
    }
}

fn without_a_field(answer: &Value) -> Value {
    let mut fields = answer.as_object().cloned().unwrap_or_default();
    let last = fields.keys().next_back().cloned().unwrap_or_default();
    fields.remove(&last);
    fields.insert("surprise".to_owned(), Value::from(true));
    Value::Object(fields)
}
