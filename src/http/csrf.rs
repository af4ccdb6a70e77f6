//! Proof that a change was asked for on a page of ours (OWASP CSRF prevention).
//!
//! Every POST, PUT, PATCH and DELETE outside the exempt prefixes passes two checks: the browser's
//! own word on where the request came from, and a token that only our pages hold. The token is bound
//! to the session cookie or, before signing in, to the visit cookie; it is fresh on every page, so
//! that compressed pages leak nothing of it (BREACH).

use std::future::{ready, Ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, ORIGIN, REFERER};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpRequest};
use url::Url;

use super::cookies::Cookies;
use super::csrf_field;
use super::error_page::{self, Person};
use super::mac::{random_value, MacKey};
use super::respond::PageError;
use super::site::Site;

/// The name of the hidden field. In a multipart form it must be the first field.
pub const FIELD: &str = "_csrf";
/// Scripts send the token in this header instead.
pub const HEADER: &str = "x-csrf-token";

const PURPOSE: &str = "csrf";

/// The value for the hidden field `_csrf` of a form on the page being answered. Asking for it gives
/// a browser without a session a visit cookie to bind it to.
#[derive(Clone, Debug)]
pub struct CsrfToken(pub String);

impl std::fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl CsrfToken {
    /// For a browser that holds the cookie value `binding`.
    pub fn bound_to(key: &MacKey, binding: &str) -> Self {
        let salt = random_value();
        let tag = key.tag(PURPOSE, format!("{salt}.{binding}").as_bytes());
        Self(format!("{salt}.{tag}"))
    }
}

fn is_valid(key: &MacKey, binding: &str, token: &str) -> bool {
    token.split_once('.').is_some_and(|(salt, tag)| key.is_tag_of(PURPOSE, format!("{salt}.{binding}").as_bytes(), tag))
}

impl FromRequest for CsrfToken {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(cookies) = request.app_data::<Data<Cookies>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("the server holds no cookie key")));
        };
        let binding = binding(cookies, request).unwrap_or_else(|| cookies.begin_visit(request));
        ready(Ok(Self::bound_to(cookies.key(), &binding)))
    }
}

/// The cookie that form tokens of this browser are bound to.
fn binding(cookies: &Cookies, request: &HttpRequest) -> Option<String> {
    cookies.read_session(request).or_else(|| cookies.read_visit(request))
}

/// Middleware: refuses a change that does not prove to come from a page of ours.
pub async fn guard<B: MessageBody + 'static>(
    site: Data<Site>,
    cookies: Data<Cookies>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && !site.is_csrf_exempt(request.path()) {
        if let Err(refusal) = check(&site, &cookies, &mut request).await {
            tracing::info!(reason = %refusal, "refused a change that did not come from a page of ours");
            let path = request.path().to_owned();
            let refused = request.into_response(refusal.answer_for(&path));
            let refused = error_page::placed(refused, Some(&site), Person::default());
            return Ok(refused.map_into_boxed_body().map_into_right_body());
        }
    }
    // Here also come the errors that no frame was put around.
    Ok(error_page::placed(next.call(request).await?, Some(&site), Person::default()))
}

async fn check(site: &Site, cookies: &Cookies, request: &mut ServiceRequest) -> Result<(), PageError> {
    if !came_from_us(site, request.path(), request.headers()) {
        return Err(PageError::Denied("This came from another site, so nothing was done.".into()));
    }
    let Some(binding) = binding(cookies, request.request()) else {
        return Err(PageError::bad_request(
            "Your browser sent no cookie with the form.",
            "Allow cookies for this site, open the page again and send the form again.",
        ));
    };
    let sent = request.headers().get(HEADER).and_then(|token| token.to_str().ok()).map(str::to_owned);
    let token = match sent {
        Some(token) => Some(token),
        None => csrf_field::read(request, FIELD, site.max_body_bytes).await?,
    };
    if token.is_some_and(|token| is_valid(cookies.key(), &binding, &token)) {
        return Ok(());
    }
    Err(PageError::Denied("This form is older than your sign-in. Open the page again and send the form again.".into()))
}

/// What the browser says about where the request came from: `Sec-Fetch-Site`, else `Origin`, else
/// `Referer`. Browsers send none of the three only when they are no browsers of this decade; then
/// the token alone decides. So it does for `Origin: null` where our own pages cause it: those with a
/// secret in their address, which tell nobody where they are, in browsers without `Sec-Fetch-Site`
/// (old ones, and all on plain HTTP).
fn came_from_us(site: &Site, path: &str, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(word) = text("sec-fetch-site") {
        return word == "same-origin";
    }
    match text(ORIGIN.as_str()).or_else(|| text(REFERER.as_str())) {
        Some("null") => !site.is_https() || site.has_secret_in_url(path),
        Some(source) => is_our_origin(site, source, text("host")),
        None => true,
    }
}

/// The public origin; or, asked by address or as localhost, that very host.
fn is_our_origin(site: &Site, source: &str, host: Option<&str>) -> bool {
    let Ok(source) = Url::parse(source) else { return false };
    if source.origin() == site.public_url.origin() {
        return true;
    }
    let asked = host.filter(|host| site.answers_to(host)).and_then(|host| {
        let own = Url::parse(&format!("{}://{host}/", source.scheme())).ok()?;
        (own.host_str() != site.public_url.host_str()).then_some(own)
    });
    asked.is_some_and(|own| own.origin() == source.origin())
}

#[cfg(test)]
#[path = "csrf_tests.rs"]
mod tests;
