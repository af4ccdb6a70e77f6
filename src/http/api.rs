//! The JSON envelope of `/v1`: problem documents (RFC 9457) and bearer keys.

use std::time::Duration;

use actix_web::http::header::{HeaderValue, AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::respond::{set_allow, set_request_id, set_retry_after, PageError};
use crate::authz::Denied;

pub const PROBLEM_JSON: &str = "application/problem+json";

/// What is wrong with one value of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON Pointer into the body (RFC 6901), as a URI fragment; `#` is the whole body. Of a parameter in the
    /// address its name behind a question mark: `?limit`.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl FieldError {
    /// `path` is a JSON Pointer: `/steps/0/subject`.
    pub fn at(path: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("#{path}"), detail: detail.into() }
    }

    /// `name` is a parameter of the address: `limit`.
    pub fn in_query(name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("?{name}"), detail: detail.into() }
    }
}

/// A problem document, as RFC 9457 section 3 describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is, `code` narrows it.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// Names this one occurrence in the server's log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance: Option<String>,
    /// A word for programs to match on; stays the same when the sentences change.
    pub code: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<FieldError>,
    /// With `not_free`: times that can be had instead, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub free_times: Vec<FreeTime>,
}

/// A time at which the same meeting could be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FreeTime {
    /// RFC 3339, UTC.
    pub start: String,
    pub end: String,
}

/// A refusal to a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {detail}")]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    free_times: Vec<FreeTime>,
    hint: Hint,
}

/// What else one kind of refusal says, in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hint {
    None,
    /// 401: how to sign in.
    Authenticate,
    /// 405: the methods that the address has.
    Allow(String),
    /// 429 and 503.
    RetryAfter(Duration),
    /// 500: the name of this occurrence in the log.
    RequestId(String),
}

impl ApiError {
    /// `code` is a word in snake_case; `detail` says what is wrong and what to do about it.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), free_times: Vec::new(), hint: Hint::None }
    }

    pub fn unauthorized() -> Self {
        let detail = "Send an API key as \"Authorization: Bearer …\". Keys are made under Settings, API keys.";
        Self { hint: Hint::Authenticate, ..Self::new(StatusCode::UNAUTHORIZED, "no_valid_key", detail) }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Nothing is at this address, or it belongs to another workspace.")
    }

    /// The request could not be read at all.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// The request was read, but these values are wrong. Nothing was changed.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            many => format!("{} values are wrong. Nothing was changed.", many.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    pub fn too_many(retry_after: Duration) -> Self {
        let error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests. Wait as Retry-After says.",
        );
        Self { hint: Hint::RetryAfter(retry_after), ..error }
    }

    /// Logs the cause, once; the program gets only the id under which it was logged.
    pub fn internal(doing: &'static str, cause: &(dyn std::error::Error + '_)) -> Self {
        PageError::internal(doing, cause).into()
    }

    pub fn with_free_times(self, free_times: Vec<FreeTime>) -> Self {
        Self { free_times, ..self }
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn problem(&self) -> Problem {
        let instance = match &self.hint {
            Hint::RequestId(id) => Some(format!("urn:launchyard:request:{id}")),
            _ => None,
        };
        Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance,
            code: self.code.to_owned(),
            errors: self.errors.clone(),
            free_times: self.free_times.clone(),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = HttpResponse::build(self.status).content_type(PROBLEM_JSON).body(body);
        match &self.hint {
            Hint::None => {}
            Hint::Authenticate => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Hint::Allow(methods) => set_allow(&mut response, methods),
            Hint::RetryAfter(after) => set_retry_after(&mut response, *after),
            Hint::RequestId(id) => set_request_id(&mut response, id),
        }
        response
    }
}

impl From<PageError> for ApiError {
    fn from(error: PageError) -> Self {
        let plain = |status, code, detail: String| Self::new(status, code, detail);
        match error {
            PageError::SignIn { .. } => Self::unauthorized(),
            PageError::NotFound => Self::not_found(),
            PageError::Denied(words) => plain(StatusCode::FORBIDDEN, "denied", words),
            PageError::NotAllowed(denied) => plain(StatusCode::FORBIDDEN, "denied", denied.words),
            PageError::Method { allow } => {
                let detail = format!("This address answers to {allow} only.");
                Self { hint: Hint::Allow(allow), ..plain(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail) }
            }
            PageError::BadRequest { what, cure } => Self::bad_request(sentences(&what, &cure)),
            PageError::TooLarge { limit_bytes } => plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("The body is larger than {limit_bytes} bytes. Send less at once."),
            ),
            PageError::TooMany { retry_after } => Self::too_many(retry_after),
            PageError::Conflict { what, cure } => Self::conflict(sentences(&what, &cure)),
            PageError::Unavailable { what, cure } => Self {
                hint: Hint::RetryAfter(Duration::from_secs(30)),
                ..plain(StatusCode::SERVICE_UNAVAILABLE, "unavailable", sentences(&what, &cure))
            },
            PageError::Internal { id } => Self {
                hint: Hint::RequestId(id),
                ..plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "The server met an error it did not expect.".into(),
                )
            },
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        PageError::from(denied).into()
    }
}

fn sentences(what: &str, cure: &str) -> String {
    [what, cure].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The key in `Authorization: Bearer …` (RFC 6750 section 2.1). Keys in the URL are not read: URLs
/// end up in logs.
pub fn bearer_key(request: &HttpRequest) -> Result<&str, ApiError> {
    let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, key) = value.and_then(|value| value.split_once(' ')).ok_or_else(ApiError::unauthorized)?;
    let key = key.trim();
    let is_plain = !key.is_empty() && key.len() <= 256 && key.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_plain).then_some(key).ok_or_else(ApiError::unauthorized)
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
