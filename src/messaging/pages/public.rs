//! The page behind the link below each mail, and one-click unsubscribe (RFC 8058). Nobody is signed in here, no cookie
//! is needed, and the token is the proof. A GET changes nothing: scanners follow links before people do.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::HttpResponse;
use askama::Template;

use crate::app::App;
use crate::base::MessageId;
use crate::http::layout::{FooterLink, PublicLayout};
use crate::http::rate_limit::{Allowed, Limiter, TooMany};
use crate::http::{html, run, PageError};
use crate::messaging::{get_message, is_suppressed, read_token, unsubscribe, Opened, Purpose};
use crate::store::StoreError;
use crate::workspaces::{self, Workspace};

/// A person presses once, a mail program perhaps twice.
const TRIES: u32 = 20;
const TRIES_IN: Duration = Duration::from_secs(3600);

/// Counts the posts with each token. Each web thread counts for itself, which is as good: what is limited is load, since
/// a second post changes nothing.
#[derive(Default)]
pub struct TokenLimits(OnceLock<Limiter<MessageId>>);

impl TokenLimits {
    fn check(&self, app: &App, token: MessageId) -> Result<(), TooMany> {
        let limiter = self.0.get_or_init(|| Limiter::new(app.clock.clone(), Allowed::new(TRIES, TRIES_IN)));
        limiter.check(&token).map(|_| ())
    }
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    /// The button. The address is masked: whoever holds a forwarded mail need not learn it.
    Ask { address: String },
    /// `address` is empty when nothing is held about the person any more.
    Done { address: String, when: String },
    /// Not a link of ours, or cut off by a mail program.
    Unknown,
}

#[derive(Template)]
#[template(path = "messaging/unsubscribe.html")]
struct UnsubscribePage {
    layout: PublicLayout,
    business: String,
    token: String,
    view: View,
}

/// GET /u/{token}: who would stop writing to whom, and a button.
pub async fn ask(app: Data<App>, token: Path<String>) -> Result<HttpResponse, PageError> {
    let token = token.into_inner();
    let Some(opened) = read_token(&app, &token) else { return unknown(&app) };
    let (business, view) = run({
        let app = app.clone();
        move || look(&app, opened)
    })
    .await?
    .map_err(failed)?;
    html(StatusCode::OK, &page(business, token, view))
}

/// POST /u/{token}: opts out at once. Mail programs get plain text; the page's own button gets the page. Never a
/// redirect (RFC 8058 section 3.1), the same answer every time. A post that says neither `List-Unsubscribe=One-Click`
/// nor comes from the button is a scanner's, and gets the button.
pub async fn act(
    app: Data<App>,
    limits: Data<TokenLimits>,
    token: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, PageError> {
    let token = token.into_inner();
    let Some(opened) = read_token(&app, &token) else { return unknown(&app) };
    limits.check(&app, opened.message)?;
    let by_page = url::form_urlencoded::parse(&body).any(|(name, value)| name == "from" && value == "page");
    if !by_page && !is_one_click(&body) {
        let (business, view) = run(move || look(&app, opened)).await?.map_err(failed)?;
        return html(StatusCode::BAD_REQUEST, &page(business, token, view));
    }
    let how = if by_page { "unsubscribe page" } else { "one-click" };
    let (business, view) = run({
        let app = app.clone();
        move || opt_out(&app, opened, how)
    })
    .await?
    .map_err(failed)?;
    if by_page {
        return html(StatusCode::OK, &page(business, token, view));
    }
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("Done. No more mail from us.\n"))
}

/// The one pair of RFC 8058 section 3.2, as a form in either encoding.
fn is_one_click(body: &[u8]) -> bool {
    let is_pair = |name: &str, value: &str| {
        name.eq_ignore_ascii_case("List-Unsubscribe") && value.trim().eq_ignore_ascii_case("One-Click")
    };
    let text = String::from_utf8_lossy(body).to_lowercase();
    url::form_urlencoded::parse(body).any(|(name, value)| is_pair(&name, &value))
        || (text.contains("name=\"list-unsubscribe\"") && text.lines().any(|line| line == "one-click"))
}

fn look(app: &App, opened: Opened) -> Result<(Option<Workspace>, View), StoreError> {
    let business = workspaces::get(&app.store, opened.workspace)?;
    let Some(message) = get_message(&app.store, opened.workspace, opened.message)? else {
        return Ok((business, View::Ask { address: String::new() }));
    };
    let standing = app.store.read(|txn| is_suppressed(txn, opened.workspace, &message.to, Purpose::Outreach))?;
    let address = masked(message.to.display());
    let view = match standing {
        Some(entry) => View::Done { address, when: when(business.as_ref(), entry.at) },
        None => View::Ask { address },
    };
    Ok((business, view))
}

fn opt_out(app: &App, opened: Opened, how: &str) -> Result<(Option<Workspace>, View), StoreError> {
    let address = unsubscribe(app, opened, how)?;
    let business = workspaces::get(&app.store, opened.workspace)?;
    let when = when(business.as_ref(), app.now());
    Ok((business, View::Done { address: address.map(|address| masked(&address)).unwrap_or_default(), when }))
}

/// "09:44 on 19 November", on the business's clock.
fn when(business: Option<&Workspace>, at: crate::base::UnixMillis) -> String {
    let zone = business.map_or(jiff::tz::TimeZone::UTC, Workspace::zone);
    at.in_zone(&zone).strftime("%H:%M on %-d %B").to_string()
}

/// "a•••@fellside.example".
fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}•••@{domain}")
}

fn page(business: Option<Workspace>, token: String, view: View) -> UnsubscribePage {
    let title = match view {
        View::Ask { .. } => "Stop mail from us",
        View::Done { .. } => "No more mail from us",
        View::Unknown => "This link is not complete",
    };
    let label = business.as_ref().map(|business| match business.postal_address.starts_with(&business.name) {
        true => business.postal_address.clone(),
        false => format!("{}, {}", business.name, business.postal_address),
    });
    let label = label.map(|label| label.trim_end_matches([',', ' ']).replace('\n', ", "));
    let layout = PublicLayout {
        title: title.to_owned(),
        lang: "en".to_owned(),
        no_index: true,
        footer: label.into_iter().map(|label| FooterLink { href: String::new(), label }).collect(),
        ..PublicLayout::default()
    };
    UnsubscribePage { layout, business: business.map(|business| business.name).unwrap_or_default(), token, view }
}

fn unknown(_: &App) -> Result<HttpResponse, PageError> {
    html(StatusCode::NOT_FOUND, &page(None, String::new(), View::Unknown))
}

fn failed(error: StoreError) -> PageError {
    PageError::internal("could not opt out", &error)
}

#[cfg(test)]
#[path = "public_tests.rs"]
mod tests;
