//! The outermost guard: what every request must pass, and the headers every answer carries.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use futures_util::{FutureExt, StreamExt};

use super::cookies;
use super::respond::{PageError, X_REQUEST_ID};
use super::site::{is_under, RequestId, Site, API_PREFIX};

/// What anything here answers to. Whatever else comes (TRACE, CONNECT, those of WebDAV) is refused before it is looked
/// at.
const KNOWN_METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Pages: only our own files, no inline code, no frames, forms only to us. (Chromium applies
/// `form-action` to redirects too, so whatever leads to another site is a GET.)
pub const PAGE_CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/// Everything that is not a page: if a browser is made to show it, it can do nothing.
pub const DATA_CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox";

const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Middleware, to be wrapped around everything else: names the request, finds the client's address,
/// refuses what is not for us, and completes the headers of the answer. Headers that a handler set
/// itself (an embeddable page's CSP, a hashed asset's Cache-Control) are left alone.
pub async fn guard<B: MessageBody + 'static>(
    site: Data<Site>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = RequestId::random();
    let peer = request.peer_addr().map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.ip());
    let client = site.client_ip(peer, request.headers());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(client);
    let path = request.path().to_owned();

    let mut response = match check(&site, peer, &request) {
        Err(refusal) => request.into_response(refusal.answer_for(&path)).map_into_right_body(),
        Ok(limit) => {
            cap_body(&mut request, limit);
            answer_head_like_get(&mut request);
            let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
            match answered.unwrap_or_else(|panic| Err(panicked(panic.as_ref(), &path))) {
                Ok(response) => own_words_for_405(response),
                Err(error) => return Err(with_headers(error, &site, &path, &id)),
            }
        }
    };
    for cookie in cookies::pending(response.request()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    complete(response.headers_mut(), &site, &path, &id);
    Ok(response)
}

/// HEAD is GET without the body (RFC 9110 section 9.3.2), which the server leaves out by itself:
/// it remembers the method that it read.
fn answer_head_like_get(request: &mut ServiceRequest) {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
}

/// Without this the line would be cut, and a proxy would say something about a bad gateway.
fn panicked(panic: &(dyn Any + Send), path: &str) -> Error {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let cause = std::io::Error::other(words);
    InternalError::from_response("panic", PageError::internal("a handler panicked", &cause).answer_for(path)).into()
}

/// The router's answer to a wrong method has no words; ours has, and keeps its `Allow`.
fn own_words_for_405<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let headers = response.headers();
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || headers.contains_key(header::CONTENT_TYPE) {
        return response.map_into_left_body();
    }
    let allow = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or("").to_owned();
    let answer = PageError::Method { allow }.answer_for(response.request().path());
    response.into_response(answer).map_into_right_body()
}

/// A middleware further in failed instead of answering; its answer gets the headers all the same.
fn with_headers(error: Error, site: &Site, path: &str, id: &RequestId) -> Error {
    let mut response = error.error_response();
    complete(response.headers_mut(), site, path, id);
    InternalError::from_response(error, response).into()
}

/// The size that the body may have, or why the request is refused.
fn check(site: &Site, peer: IpAddr, request: &ServiceRequest) -> Result<usize, PageError> {
    if !KNOWN_METHODS.contains(request.method()) {
        let allow = KNOWN_METHODS.each_ref().map(Method::as_str).join(", ");
        return Err(PageError::Method { allow });
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.map(str::to_owned).or_else(|| request.uri().authority().map(ToString::to_string));
    if !host.is_some_and(|host| site.answers_to(&host)) {
        return Err(PageError::bad_request(
            "This server does not go by the name under which it was asked.",
            format!("It answers at {}. The operator sets that name as public_url.", site.public_url),
        ));
    }
    if is_under(request.path(), API_PREFIX) && site.is_https() && site.came_in_clear(peer, request.headers()) {
        // Not redirected: the key has already crossed the network in clear, and the caller must notice.
        return Err(PageError::Denied(
            "The API answers over https only. Replace this key: it was sent in clear.".into(),
        ));
    }
    let limit = body_limit(site, request.headers());
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match announced.and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > limit => Err(PageError::TooLarge { limit_bytes: limit }),
        _ => Ok(limit),
    }
}

fn body_limit(site: &Site, headers: &HeaderMap) -> usize {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match kind.as_str() {
        "multipart/form-data" | "text/csv" => site.max_upload_bytes,
        "application/json" => site.max_json_bytes,
        _ => site.max_body_bytes,
    }
}

/// Cuts a body of unknown length where it passes the limit.
fn cap_body(request: &mut ServiceRequest, limit: usize) {
    let is_announced = request.headers().contains_key(header::CONTENT_LENGTH);
    if is_announced || matches!(*request.method(), Method::GET | Method::HEAD) {
        return;
    }
    let mut read = 0_usize;
    let capped = request.take_payload().map(move |chunk| {
        let chunk = chunk?;
        read = read.saturating_add(chunk.len());
        if read > limit {
            return Err(PayloadError::Overflow);
        }
        Ok(chunk)
    });
    request.set_payload(Payload::Stream { payload: Box::pin(capped) });
}

fn complete(headers: &mut HeaderMap, site: &Site, path: &str, id: &RequestId) {
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    let referrer = if site.has_secret_in_url(path) { "no-referrer" } else { "strict-origin-when-cross-origin" };
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, if is_page { PAGE_CSP } else { DATA_CSP }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, referrer),
        (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (CORP, "same-origin"),
        (header::PERMISSIONS_POLICY, "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        // Pages carry names, tokens and counts of one person; what may be kept says so itself.
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if site.is_https() {
        let hsts =
            if site.hsts_include_subdomains { "max-age=31536000; includeSubDomains" } else { "max-age=31536000" };
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(hsts));
    }
    if !headers.contains_key(X_REQUEST_ID) {
        if let Ok(value) = HeaderValue::from_str(&id.0) {
            headers.insert(X_REQUEST_ID, value);
        }
    }
}

#[cfg(test)]
#[path = "security_tests.rs"]
mod tests;
