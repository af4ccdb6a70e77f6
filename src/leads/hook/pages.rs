//! GET /hook: the address and what came there; POST /in/{token}: a lead is posted.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;

use super::model::{Hook, Outcome, Posted};
use super::receive::Received;
use super::service::Choices;
use super::{receive, service};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{grouped, UnixMillis, WorkspaceId};
use crate::http::layout::Layout;
use crate::http::rate_limit::{Allowed, Limiter};
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::leads::LeadError;
use crate::workspaces;

/// Where leads are posted; the token follows.
pub const PATH: &str = "/in";

/// Largest body of one lead.
const MOST_BYTES: usize = 64 * 1024;
/// Leads of one workspace in a minute, for each web thread.
const TRIES: u32 = 60;

pub fn routes(config: &mut ServiceConfig) {
    let limits = web::Data::new(Limits::default());
    config
        .app_data(limits)
        .service(web::resource("/hook").route(web::get().to(show)).route(web::post().to(make)))
        .service(web::resource("/hook/settings").route(web::post().to(choose)))
        .service(web::resource("/hook/end").route(web::post().to(end)))
        .service(web::resource("/in/{token}").route(web::post().to(post)));
}

/// Counts the posts to each workspace. Each web thread counts for itself.
#[derive(Default)]
struct Limits(OnceLock<Limiter<WorkspaceId>>);

#[derive(Template)]
#[template(path = "leads/hook.html")]
struct HookPage {
    layout: Layout,
    hook: Option<HookPart>,
    /// The whole address, right after it was made: shown this once.
    fresh: String,
    errors: FieldErrors,
    may_change: bool,
}

struct HookPart {
    made: String,
    mapping: String,
    tag: String,
    consent_field: String,
    daily_cap: String,
    /// How many of them came in the running 24 hours.
    today: String,
    last: Vec<PostedRow>,
}

struct PostedRow {
    when: String,
    tone: &'static str,
    words: &'static str,
    href: String,
    remark: String,
}

fn page(app: &App, actor: &Actor, frame: &Frame, errors: FieldErrors) -> Result<HookPage, LeadError> {
    let hook = service::get(app, actor)?;
    let zone = workspaces::get(&app.store, actor.workspace)?.map_or(TimeZone::UTC, |workspace| workspace.zone());
    Ok(HookPage {
        layout: frame.layout("Leads by post"),
        hook: hook.map(|hook| part(&hook, &zone, app.now())),
        fresh: String::new(),
        errors,
        may_change: actor.may(Permission::ManageConnections),
    })
}

fn part(hook: &Hook, zone: &TimeZone, now: UnixMillis) -> HookPart {
    let posts = hook.day.at(now).posts.min(hook.daily_cap);
    let lines = hook.mapping.iter().map(|(theirs, ours)| format!("{theirs} = {ours}"));
    HookPart {
        made: hook.made_at.in_zone(zone).strftime("%-d %b %Y").to_string(),
        mapping: lines.collect::<Vec<_>>().join("\n"),
        tag: hook.tag.clone(),
        consent_field: hook.consent_field.clone(),
        daily_cap: hook.daily_cap.to_string(),
        today: format!("{posts} of {} in the running 24 hours", grouped(u64::from(hook.daily_cap))),
        last: hook.last.iter().map(|posted| row(posted, zone)).collect(),
    }
}

fn row(posted: &Posted, zone: &TimeZone) -> PostedRow {
    let (tone, words) = posted.outcome.shown();
    PostedRow {
        when: posted.at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string(),
        tone,
        words,
        href: posted.contact.map_or_else(String::new, |contact| format!("/contacts/{contact}")),
        remark: remark(posted),
    }
}

fn remark(posted: &Posted) -> String {
    match posted.left_out.join(", ") {
        names if names.is_empty() => posted.outcome.why().to_owned(),
        names => format!("Left out: {names}"),
    }
}

async fn show(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &frame, FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

/// POST /hook: makes the address, or a new one; 200 with the page that shows it once.
async fn make(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        let (_, token) = service::make(&app, &actor)?;
        let fresh = app.url(&format!("{PATH}/{token}"));
        Ok::<_, LeadError>(HookPage { fresh, ..page(&app, &actor, &frame, FieldErrors::default())? })
    });
    html(StatusCode::OK, &page.await??)
}

#[derive(Deserialize)]
struct SettingsForm {
    #[serde(default)]
    mapping: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    consent_field: String,
    #[serde(default)]
    daily_cap: String,
}

/// POST /hook/settings: 303, or 422 with what was typed.
async fn choose(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: web::Form<SettingsForm>,
) -> Result<HttpResponse, PageError> {
    let form = form.into_inner();
    let again = run(move || {
        let SettingsForm { mapping, tag, consent_field, daily_cap } = &form;
        match service::choose(&app, &actor, Choices { mapping, tag, consent_field, daily_cap }) {
            Ok(_) => Ok(None),
            Err(LeadError::Invalid(errors)) => {
                let mut page = page(&app, &actor, &frame, errors)?;
                if let Some(hook) = &mut page.hook {
                    (hook.mapping, hook.tag) = (form.mapping, form.tag);
                    (hook.consent_field, hook.daily_cap) = (form.consent_field, form.daily_cap);
                }
                Ok(Some(page))
            }
            Err(error) => Err(error),
        }
    });
    match again.await?? {
        None => Ok(with_toast(see_other("/hook"), &cookies, &Toast::new("Saved."))),
        Some(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &page),
    }
}

/// POST /hook/end
async fn end(app: web::Data<App>, actor: Actor, cookies: web::Data<Cookies>) -> Result<HttpResponse, PageError> {
    run(move || service::end(&app, &actor)).await??;
    Ok(with_toast(see_other("/hook"), &cookies, &Toast::new("Ended. What is posted there finds nothing any more.")))
}

/// POST /in/{token}: one lead as JSON or as a form. 202 whatever became of it; 404 for an address that is not one; 422
/// with what is wrong; 429 with `Retry-After` when too many came in a minute or in 24 hours. `Idempotency-Key` or `webhook-id` names the request for a week.
async fn post(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    request: HttpRequest,
    token: web::Path<String>,
    body: Bytes,
) -> Result<HttpResponse, PageError> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let content_type = text(CONTENT_TYPE.as_str()).unwrap_or_default();
    let key = text("idempotency-key").or_else(|| text("webhook-id")).filter(|key| !key.is_empty() && key.len() <= 255);
    if body.len() > MOST_BYTES {
        return Err(PageError::TooLarge { limit_bytes: MOST_BYTES });
    }
    let broken = |error| PageError::internal("could not take a posted lead", &error);
    let for_open = app.clone();
    let opened = run(move || receive::open(&for_open, &token)).await?.map_err(broken)?;
    let Some(workspace) = opened else { return Err(PageError::NotFound) };
    let limiter =
        limits.0.get_or_init(|| Limiter::new(app.clock.clone(), Allowed::new(TRIES, Duration::from_secs(60))));
    if let Err(wait) = limiter.check(&workspace) {
        return Ok(too_many(wait.retry_after, "Too many leads in this minute. Send it again later."));
    }
    let now = app.now();
    let received =
        run(move || receive::receive(&app, workspace, &content_type, key.as_deref(), &body)).await?.map_err(broken)?;
    if let Some(at) = received.again_at {
        return Ok(too_many(at.since(now), &received.words));
    }
    let (status, answer) = told(&received);
    Ok(HttpResponse::build(status).json(answer))
}

fn too_many(wait: Duration, words: &str) -> HttpResponse {
    let seconds = wait.as_secs().max(1).to_string();
    let answer = json!({ "result": Outcome::Full.as_str(), "detail": words });
    HttpResponse::TooManyRequests().insert_header((RETRY_AFTER, seconds)).json(answer)
}

/// What a stranger hears: never whether somebody is known here.
fn told(received: &Received) -> (StatusCode, serde_json::Value) {
    let refused = || json!({ "result": received.outcome.as_str(), "detail": received.words });
    match received.outcome {
        Outcome::Refused => (StatusCode::UNPROCESSABLE_ENTITY, refused()),
        Outcome::Unreadable => (StatusCode::BAD_REQUEST, refused()),
        Outcome::Full => (StatusCode::TOO_MANY_REQUESTS, refused()),
        Outcome::Added | Outcome::Updated | Outcome::Same | Outcome::Again | Outcome::Withheld => {
            (StatusCode::ACCEPTED, json!({ "result": "taken" }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_does_not_hear_who_is_known() {
        let heard = |outcome| told(&Received { outcome, contact: None, words: "Restricted.".into(), again_at: None });
        for outcome in [Outcome::Added, Outcome::Updated, Outcome::Same, Outcome::Again, Outcome::Withheld] {
            assert_eq!(heard(outcome), (StatusCode::ACCEPTED, json!({ "result": "taken" })));
        }
        assert_eq!(heard(Outcome::Refused).0, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
