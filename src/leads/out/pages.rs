//! GET and POST /webhook: the address that is told of changes, and how the last messages went.

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::model::{Endpoint, Sent, State, Wants};
use super::service;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{counted, UnixMillis};
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::leads::LeadError;
use crate::workspaces;

pub fn routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/webhook{path}"));
    config
        .service(at("").get(show).post(set))
        .service(at("/key").post(renew_key))
        .service(at("/test").post(test))
        .service(at("/end").get(ask_end).post(end));
}

#[derive(Template)]
#[template(path = "leads/out.html")]
struct OutPage {
    layout: Layout,
    endpoint: Option<Part>,
    /// As it was typed, or as it stands.
    url: String,
    wants: Wants,
    /// The key, right after it was made: shown this once.
    fresh: String,
    errors: FieldErrors,
    may_change: bool,
}

struct Part {
    tone: &'static str,
    state: &'static str,
    /// Why it is off.
    reason: String,
    last: Vec<Row>,
}

struct Row {
    when: String,
    what: String,
    tone: &'static str,
    words: &'static str,
    remark: String,
}

fn page(app: &App, actor: &Actor, frame: &Frame) -> Result<OutPage, LeadError> {
    let endpoint = service::get(app, actor)?;
    let zone = workspaces::get(&app.store, actor.workspace)?.map_or(TimeZone::UTC, |workspace| workspace.zone());
    Ok(OutPage {
        layout: frame.layout("Webhook"),
        url: endpoint.as_ref().map(|endpoint| endpoint.url.clone()).unwrap_or_default(),
        wants: endpoint.as_ref().map(|endpoint| endpoint.wants).unwrap_or_default(),
        endpoint: endpoint.map(|endpoint| part(&endpoint, &zone)),
        fresh: String::new(),
        errors: FieldErrors::default(),
        may_change: actor.may(Permission::ManageConnections),
    })
}

fn part(endpoint: &Endpoint, zone: &TimeZone) -> Part {
    let (tone, state, reason) = match &endpoint.state {
        State::On => ("ok", "On", String::new()),
        State::Off { since, reason } => {
            let when = moment(*since, zone);
            let cure = "A test that is taken switches it on again. What happens meanwhile is not sent later.";
            ("bad", "Switched off", format!("Since {when}: {}. {cure}", reason.trim_end_matches('.')))
        }
    };
    Part { tone, state, reason, last: endpoint.last.iter().map(|sent| row(sent, zone)).collect() }
}

fn row(sent: &Sent, zone: &TimeZone) -> Row {
    let (tone, words) = sent.outcome.shown();
    let remark = match sent.tries {
        0 | 1 => sent.words.clone(),
        tries => format!("{}, {}", sent.words, counted(u64::from(tries), "try", "tries")),
    };
    Row { when: moment(sent.at, zone), what: sent.what.clone(), tone, words, remark }
}

fn moment(at: UnixMillis, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%a %-d %b, %H:%M").to_string()
}

async fn show(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    html(StatusCode::OK, &run(move || page(&app, &actor, &frame)).await??)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Form {
    url: String,
    contacts: Option<String>,
    sequences: Option<String>,
    answers: Option<String>,
    meetings: Option<String>,
}

/// POST /webhook: 200 with the key the first time, later 303; 422 for an address that cannot be called.
async fn set(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: web::Form<Form>,
) -> Result<HttpResponse, PageError> {
    let wants = Wants {
        contacts: form.contacts.is_some(),
        sequences: form.sequences.is_some(),
        answers: form.answers.is_some(),
        meetings: form.meetings.is_some(),
    };
    let url = form.into_inner().url;
    let shown = run(move || match service::set(&app, &actor, &url, wants) {
        Ok(None) => Ok(None),
        Ok(Some(fresh)) => Ok(Some((StatusCode::OK, OutPage { fresh, ..page(&app, &actor, &frame)? }))),
        Err(LeadError::Invalid(errors)) => {
            let again = OutPage { url, wants, errors, ..page(&app, &actor, &frame)? };
            Ok(Some((StatusCode::UNPROCESSABLE_ENTITY, again)))
        }
        Err(error) => Err(error),
    });
    match shown.await?? {
        Some((status, page)) => html(status, &page),
        None => Ok(with_toast(see_other("/webhook"), &cookies, &Toast::new("Saved."))),
    }
}

/// POST /webhook/key: 200 with the page that shows the new key once.
async fn renew_key(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        let fresh = service::renew_key(&app, &actor)?;
        Ok::<_, LeadError>(OutPage { fresh, ..page(&app, &actor, &frame)? })
    });
    html(StatusCode::OK, &page.await??)
}

/// POST /webhook/test: 303, with what was answered.
async fn test(app: web::Data<App>, actor: Actor, cookies: web::Data<Cookies>) -> Result<HttpResponse, PageError> {
    let said = run(move || service::test(&app, &actor)).await??;
    Ok(with_toast(see_other("/webhook"), &cookies, &Toast::new(said)))
}

/// GET /webhook/end: asks.
async fn ask_end(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let found = run(move || service::get(&app, &actor)).await??;
    found.ok_or(PageError::NotFound)?;
    let page = ConfirmPage {
        layout: frame.layout("End the webhook"),
        question: "End the webhook?".to_owned(),
        consequence: "Its key is erased at once, and nothing is sent there any more.".to_owned(),
        button: "End it".to_owned(),
        action: "/webhook/end".to_owned(),
        fields: Vec::new(),
        back: "/webhook".to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// POST /webhook/end
async fn end(app: web::Data<App>, actor: Actor, cookies: web::Data<Cookies>) -> Result<HttpResponse, PageError> {
    run(move || service::end(&app, &actor)).await??;
    Ok(with_toast(see_other("/webhook"), &cookies, &Toast::new("Ended. Nothing is sent there any more.")))
}
