//! Answers to people: a page, a redirect after a change, and the page that says what went wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::header::{ContentType, HeaderName, HeaderValue, ALLOW, LOCATION, RETRY_AFTER};
use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse, ResponseError};
use askama::Template;

use super::cookies::{self, Cookies, Toast};
use super::error_page::{ErrorPage, Kind, NOTHING_CHANGED};
use super::site::{is_under, RequestId, API_PREFIX};
use super::ApiError;
use crate::authz::Denied;

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where somebody who is not signed in is sent; `?next=` brings them back.
pub const SIGN_IN_PATH: &str = "/signin";

/// Renders a page. Rendering is pure: everything it shows is already in the template's fields.
pub fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let text = page.render().map_err(|error| PageError::internal("could not render the page", &error))?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(text))
}

/// 303 to a page of ours, after a change. A path that leads off this site leads to `/` instead.
pub fn see_other(path: &str) -> HttpResponse {
    let path = local_path(path).unwrap_or_else(|| {
        tracing::warn!("refused to redirect off this site");
        "/"
    });
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// 303 to another site, for consent and payment pages. Only from a GET: the page's CSP
/// (`form-action 'self'`) also binds where a form's answer may lead.
pub fn see_elsewhere(address: &url::Url) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address.as_str())).finish()
}

/// `raw` if it is a path on this site. Browsers read `//host` and `/\host` as another host.
pub fn local_path(raw: &str) -> Option<&str> {
    let mut chars = raw.chars();
    let is_path = chars.next() == Some('/') && !matches!(chars.next(), Some('/' | '\\'));
    let is_clean = raw.is_ascii() && !raw.chars().any(|c| c.is_ascii_control() || c == ' ');
    (is_path && is_clean && raw.len() <= 2048).then_some(raw)
}

/// Says one sentence on the next page.
pub fn with_toast(mut response: HttpResponse, cookies: &Cookies, toast: &Toast) -> HttpResponse {
    cookies::add(&mut response, &cookies.toast(toast));
    response
}

/// Runs a blocking service off the web threads. A panic there becomes an answer, not a cut line.
pub async fn run<T, F>(work: F) -> Result<T, PageError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let done = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&done);
    run_boxed(Box::new(move || *unpoisoned(&slot) = Some(work()))).await?;
    let answer = unpoisoned(&done).take();
    answer.ok_or_else(|| PageError::internal("a service did not come back", &std::io::Error::other("no answer")))
}

/// One task for all kinds of work: a task for each type of closure would be a megabyte of the program.
async fn run_boxed(work: Box<dyn FnOnce() + Send>) -> Result<(), PageError> {
    web::block(work).await.map_err(|error| PageError::internal("a service did not come back", &error))
}

/// The lock guards one assignment; nothing is left half done in it.
fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a page cannot be shown, in words for the person. Rooms turn their own errors into it.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nobody is signed in: sign in, then go on to `next`.
    #[error("not signed in")]
    SignIn { next: String },
    /// Also what belongs to another workspace.
    #[error("not found")]
    NotFound,
    /// Refused for a reason that no role changes, in words.
    #[error("denied: {0}")]
    Denied(String),
    /// The person's role may not; the page names those whose role may.
    #[error("denied: {0}")]
    NotAllowed(Denied),
    /// The address exists, but not for this method; `allow` lists those it has.
    #[error("method not allowed")]
    Method { allow: String },
    #[error("bad request: {what}")]
    BadRequest { what: String, cure: String },
    #[error("larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
    #[error("too many requests")]
    TooMany { retry_after: Duration },
    /// Somebody else was quicker, or the thing has changed since.
    #[error("conflict: {what}")]
    Conflict { what: String, cure: String },
    /// We cannot just now (disk full, shutting down) and changed nothing.
    #[error("unavailable: {what}")]
    Unavailable { what: String, cure: String },
    /// Our fault. The cause stands in the log under `id`.
    #[error("internal error {id}")]
    Internal { id: String },
}

impl PageError {
    /// Logs the cause, once, and keeps only the id under which it was logged.
    pub fn internal(doing: &'static str, cause: &(dyn std::error::Error + '_)) -> Self {
        let RequestId(id) = RequestId::random();
        tracing::error!(request_id = %id, doing, error = %chain(cause), "a request failed");
        Self::Internal { id }
    }

    pub fn bad_request(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::BadRequest { what: what.into(), cure: cure.into() }
    }

    pub fn conflict(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Conflict { what: what.into(), cure: cure.into() }
    }

    /// The answer in the form that `path` speaks: a problem document below `/v1`, else a page.
    pub fn answer_for(self, path: &str) -> HttpResponse {
        if is_under(path, API_PREFIX) {
            ApiError::from(self).error_response()
        } else {
            self.error_response()
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::Absent,
            Self::Method { .. } => Kind::Method,
            Self::BadRequest { .. } => Kind::Unclear,
            Self::TooLarge { .. } => Kind::Large,
            Self::TooMany { .. } => Kind::Many,
            Self::SignIn { .. } | Self::Denied(_) | Self::NotAllowed(_) | Self::Conflict { .. } => Kind::Refused,
            Self::Unavailable { .. } => Kind::Later,
            Self::Internal { .. } => Kind::Ours,
        }
    }

    fn page(&self) -> ErrorPage {
        let page = |title: &'static str, what: String, cure: String| ErrorPage {
            kind: self.kind(),
            lang: "en",
            title,
            what,
            cure,
            kept: NOTHING_CHANGED,
            way: "/".to_owned(),
            way_words: "Go to the start page".to_owned(),
            id: String::new(),
            log_words: "For the log:",
            theme: "",
            permission: None,
            is_way_fixed: false,
        };
        match self {
            Self::SignIn { .. } => ErrorPage {
                way: SIGN_IN_PATH.to_owned(),
                way_words: "Sign in".to_owned(),
                is_way_fixed: true,
                ..page("Sign in first", "This page is for people who are signed in.".into(), String::new())
            },
            Self::NotFound => ErrorPage {
                kept: "",
                ..page(
                    "Not here",
                    "Nothing is at this address, or it belongs to another workspace.".into(),
                    "It may have been deleted since the page that led here was opened.".into(),
                )
            },
            Self::Method { .. } => page(
                "Not this way",
                "This address does not take what was sent to it.".into(),
                "Start again from the page with the form.".into(),
            ),
            Self::Denied(words) => page("Not allowed", words.clone(), String::new()),
            Self::NotAllowed(denied) => ErrorPage {
                permission: Some(denied.permission),
                ..page("Not allowed", denied.words.clone(), "Ask one of them to do it.".into())
            },
            Self::BadRequest { what, cure } => page("Not understood", what.clone(), cure.clone()),
            Self::TooLarge { limit_bytes } => page(
                "Too large",
                format!("What you sent is larger than {}.", size(*limit_bytes)),
                "Send a smaller file, or several.".into(),
            ),
            Self::TooMany { retry_after } => page(
                "Too many at once",
                "Too many requests came from here.".into(),
                format!("Try again in {}.", wait(*retry_after)),
            ),
            Self::Conflict { what, cure } => page("Not possible now", what.clone(), cure.clone()),
            Self::Unavailable { what, cure } => page("Not just now", what.clone(), cure.clone()),
            Self::Internal { id } => ErrorPage {
                kept: "What was saved before is kept; whether this step was saved, its page shows.",
                id: id.clone(),
                ..page("A mistake of ours", "The server met an error it did not expect.".into(), String::new())
            },
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied(_) | Self::NotAllowed(_) => StatusCode::FORBIDDEN,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        if let Self::SignIn { next } = self {
            return to_sign_in(next);
        }
        // If even this page cannot be rendered, its words alone are the page.
        let page = self.page();
        let text = page.render().unwrap_or_else(|_| page.title.to_owned());
        let mut response = HttpResponse::build(self.status_code()).content_type(ContentType::html()).body(text);
        response.extensions_mut().insert(page);
        match self {
            Self::Method { allow } => set_allow(&mut response, allow),
            Self::TooMany { retry_after } => set_retry_after(&mut response, *retry_after),
            Self::Unavailable { .. } => set_retry_after(&mut response, Duration::from_secs(30)),
            Self::Internal { id } => set_request_id(&mut response, id),
            _ => {}
        }
        response
    }
}

fn to_sign_in(next: &str) -> HttpResponse {
    let next = local_path(next).filter(|path| *path != "/");
    let query = next.map(|path| url::form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>());
    see_other(&query.map_or_else(|| SIGN_IN_PATH.to_owned(), |next| format!("{SIGN_IN_PATH}?next={next}")))
}

pub fn set_retry_after(response: &mut HttpResponse, after: Duration) {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
}

pub(super) fn set_allow(response: &mut HttpResponse, methods: &str) {
    if let Ok(value) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(ALLOW, value);
    }
}

pub(super) fn set_request_id(response: &mut HttpResponse, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
}

/// Rounded up, at least one: "0 s" would be an invitation to try at once.
pub(super) fn whole_seconds(length: Duration) -> u64 {
    (length.as_secs() + u64::from(length.subsec_nanos() > 0)).max(1)
}

fn wait(length: Duration) -> String {
    match whole_seconds(length) {
        1 => "a second".to_owned(),
        seconds @ ..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..=1023 => format!("{bytes} bytes"),
        1024..=1_048_575 => format!("{} kB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}

/// The whole chain of causes on one line.
fn chain(error: &(dyn std::error::Error + '_)) -> String {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<Denied> for PageError {
    fn from(denied: Denied) -> Self {
        tracing::info!(permission = ?denied.permission, "denied");
        Self::NotAllowed(denied)
    }
}

#[cfg(test)]
#[path = "respond_tests.rs"]
mod tests;
