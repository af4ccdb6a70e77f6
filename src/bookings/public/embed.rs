//! The times inside the page of a customer: one script of ours, and the one page that may be framed.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::month::month_page;
use super::visit::{enter, language, Chosen};
use crate::app::App;
use crate::http::security::PAGE_CSP;
use crate::http::{html, run, PageError};

const SCRIPT: &str = include_str!("embed.js");
/// Other sites load the script and show the page.
const ACROSS: (&str, &str) = ("cross-origin-resource-policy", "cross-origin");

/// GET /b/embed.js
pub async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header(ACROSS)
        .body(SCRIPT)
}

/// GET /b/{workspace}/{event}/embed: the month, for a frame. A chosen time leads out of it.
pub async fn month(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen) = (path.into_inner(), Chosen { is_embedded: true, moves: String::new(), ..chosen.into_inner() });
    let place = enter(&app, &path).await?;
    let language = language(&chosen.lang, &place.event.language, &request);
    let page = run(move || month_page(&app, &place, chosen, language, String::new()));
    let mut answer = html(StatusCode::OK, &page.await??)?;
    let policy = PAGE_CSP.replace("frame-ancestors 'none'", "frame-ancestors *");
    if let Ok(policy) = policy.parse() {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    let (name, value) = ACROSS;
    answer.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static(name),
        actix_web::http::header::HeaderValue::from_static(value),
    );
    Ok(answer)
}
