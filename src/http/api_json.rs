//! A JSON body, or the exact place of its mistake and the cure.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_json::Value;

use super::api::{ApiError, FieldError};
use super::idempotency::Fingerprint;
use super::respond::PageError;
use super::site::Site;
use crate::base::json_words;

/// The body of a `/v1` request, read as `T`. Refuses another content type with 415, text that is
/// not JSON with 400, and JSON of another shape with 422; the last two name line, column and path.
#[derive(Debug)]
pub struct ApiJson<T> {
    pub value: T,
    /// Of the whole request; see `idempotency`.
    pub fingerprint: Fingerprint,
}

impl<T: DeserializeOwned + 'static> FromRequest for ApiJson<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), body_of(request, payload));
        Box::pin(async move {
            is_json(&request)?;
            let body = body.await?;
            let value = parse(&body)?;
            Ok(Self { value, fingerprint: Fingerprint::of(&request, &body) })
        })
    }
}

/// The whole body. Its limit is the server's `PayloadConfig`.
fn body_of(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Bytes, ApiError>> {
    let (request, body) = (request.clone(), Bytes::from_request(request, payload));
    async move { body.await.map_err(|error| unreadable(&error, &request)) }
}

/// A body of which every field may be left out, and which may therefore be left out itself, with its content type.
#[derive(Debug)]
pub struct MaybeJson<T>(pub ApiJson<T>);

impl<T: DeserializeOwned + Default + 'static> FromRequest for MaybeJson<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), body_of(request, payload));
        Box::pin(async move {
            let body = body.await?;
            let value = if body.trim_ascii().is_empty() {
                T::default()
            } else {
                is_json(&request)?;
                parse(&body)?
            };
            Ok(Self(ApiJson { value, fingerprint: Fingerprint::of(&request, &body) }))
        })
    }
}

fn is_json(request: &HttpRequest) -> Result<(), ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "Send the body as JSON, with the header \"Content-Type: application/json\".";
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail))
}

fn unreadable(error: &actix_web::Error, request: &HttpRequest) -> ApiError {
    if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE {
        let limit_bytes = request.app_data::<Data<Site>>().map_or(0, |site| site.max_json_bytes);
        return PageError::TooLarge { limit_bytes }.into();
    }
    ApiError::bad_request("The body did not arrive whole. Send the request again.")
}

/// Reads `body` as `T`, or says where it is wrong.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        ApiError::bad_request(format!(
            "The body is not UTF-8 from byte {} on. JSON is always UTF-8.",
            error.valid_up_to()
        ))
    })?;
    // First of all it must be JSON: what stands behind a mistake of shape would else not be looked at.
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        serde_json::from_str::<Value>(text).map_err(|error| explain(text, &error))?;
    }
    // The parser would take a list for an object, its values in the order of the fields.
    if text.trim_start().starts_with('[') {
        return Err(ApiError::invalid(vec![FieldError::at("", "The body is one object: {…}.")]));
    }
    serde_json::from_str(text).map_err(|error| explain(text, &error))
}

fn explain(text: &str, error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
    let mut around = levels_at(text, line, column);
    if what.starts_with("missing field") || what.starts_with("invalid length") {
        // Noticed at the end of the object or list, behind its last member: it is meant as a whole.
        around.pop();
    }
    let path = pointer(&around);
    let place = if path.is_empty() { String::new() } else { format!(", at {path}") };
    match error.classify() {
        Category::Data => {
            let words = capitalised(&json_words::shape(what));
            ApiError::invalid(vec![FieldError::at(&path, format!("{words}. Line {line}, column {column}{place}."))])
        }
        _ => {
            let words = json_words::syntax(what);
            ApiError::bad_request(format!("The body is not JSON: {words}. Line {line}, column {column}{place}."))
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// One level of the document around a place.
enum Level {
    Object { key: Option<String> },
    List { index: usize },
}

/// The objects and lists around a place, from the outside. Lines and columns count from one, columns
/// in bytes, as serde_json does; the place is the last byte it had read. Walks the text before the
/// place only, so that it also works when what follows is not JSON.
fn levels_at(text: &str, line: usize, column: usize) -> Vec<Level> {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (before + column.saturating_sub(1)).min(text.len());
    let bytes = &text.as_bytes()[..end];
    let mut levels: Vec<Level> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => levels.push(Level::Object { key: None }),
            b'[' => levels.push(Level::List { index: 0 }),
            b'}' | b']' => {
                levels.pop();
            }
            b',' => match levels.last_mut() {
                Some(Level::Object { key }) => *key = None,
                Some(Level::List { index }) => *index += 1,
                None => {}
            },
            b'"' => {
                let close = string_end(bytes, at);
                if let Some(Level::Object { key: key @ None }) = levels.last_mut() {
                    let raw = String::from_utf8_lossy(&bytes[at..close]);
                    *key = Some(serde_json::from_str(&raw).unwrap_or_else(|_| raw.trim_matches('"').to_owned()));
                }
                at = close - 1;
            }
            _ => {}
        }
        at += 1;
    }
    levels
}

/// One past the closing quote of the string that opens at `open`, or the end of the text.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The JSON Pointer (RFC 6901) of the value inside all `levels`.
fn pointer(levels: &[Level]) -> String {
    let step = |level: &Level| match level {
        Level::Object { key: None } => String::new(),
        Level::Object { key: Some(key) } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Level::List { index } => format!("/{index}"),
    };
    levels.iter().map(step).collect()
}

#[cfg(test)]
#[path = "api_json_tests.rs"]
mod tests;
