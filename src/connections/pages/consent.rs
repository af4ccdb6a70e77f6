//! Connecting an account by consent: what will be asked for and why, the way to the provider's page, and back.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::shown::{use_word, uses_of};
use super::{list, page_of};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ConnectionId;
use crate::connections::aadsts::Hurdle;
use crate::connections::connect_account::{begin, finish, Connected, ConsentAnswer};
use crate::connections::error::ConnectError;
use crate::connections::model::Use;
use crate::connections::provider::Provider;
use crate::connections::scopes;
use crate::http::layout::Layout;
use crate::http::respond::{see_elsewhere, with_toast};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// GET /connections/google?use=…, /connections/microsoft?use=…: before the provider's own page opens (promise 7).
#[derive(Template)]
#[template(path = "connections/consent.html")]
struct ExplainPage {
    layout: Layout,
    provider: Provider,
    permissions: Vec<scopes::Permission>,
    /// The account that is signed in to again; empty for a new one.
    address: String,
    start: String,
    with_mail: bool,
    with_calendar: bool,
    with_meetings: bool,
}

/// Nothing was connected: why, and what to do.
#[derive(Template)]
#[template(path = "connections/not_connected.html")]
struct NotConnectedPage {
    layout: Layout,
    what: String,
    missing: Vec<&'static str>,
    cure: String,
    /// Where an administrator helps; empty where none is needed.
    admin_link: String,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default, rename = "use")]
    wanted: String,
    #[serde(default)]
    again: String,
}

impl Asked {
    /// What nothing is offered for is not found.
    fn uses(&self, provider: Provider) -> Result<Vec<Use>, PageError> {
        let uses = uses_of(&self.wanted).ok_or(PageError::NotFound)?;
        let is_offered = uses.iter().all(|wanted| scopes::needed_for(provider, *wanted).is_some());
        is_offered.then_some(uses).ok_or(PageError::NotFound)
    }

    fn again(&self) -> Result<Option<ConnectionId>, PageError> {
        match self.again.as_str() {
            "" => Ok(None),
            id => super::id_in(id).map(Some),
        }
    }
}

pub async fn explain(
    app: web::Data<App>,
    provider: web::Data<Provider>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let (uses, again) = (asked.uses(**provider)?, asked.again()?);
    let address = match again {
        Some(id) => run(move || list::get(&app, &actor, id)).await??.address.display().to_owned(),
        None => String::new(),
    };
    let mut start = format!("/connections/{}/start?use={}", provider.word(), use_word(&uses));
    if let Some(id) = again {
        start.push_str(&format!("&again={id}"));
    }
    let page = ExplainPage {
        layout: frame.layout(format!("Connect {}", provider.name())),
        provider: **provider,
        permissions: scopes::permissions(**provider, &uses),
        address,
        start,
        with_mail: uses.contains(&Use::Outreach),
        with_calendar: uses.contains(&Use::Calendar),
        with_meetings: uses.contains(&Use::Meetings),
    };
    html(StatusCode::OK, &page)
}

/// GET /connections/google/start: 303 to the provider. A link, not a form: the page's policy binds where forms may lead.
pub async fn start(
    app: web::Data<App>,
    provider: web::Data<Provider>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let (uses, again) = (asked.uses(**provider)?, asked.again()?);
    let provider = **provider;
    match run(move || begin(&app, &actor, provider, &uses, again)).await? {
        Ok(page) => Ok(see_elsewhere(&page)),
        Err(error) => not_connected(&frame, provider, error, String::new()),
    }
}

#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// GET /connections/google/callback: 303 to the connection, or the page that says why there is none.
pub async fn callback(
    app: web::Data<App>,
    provider: web::Data<Provider>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    back: web::Query<Back>,
) -> Result<HttpResponse, PageError> {
    let Back { state, code, error, error_description } = back.into_inner();
    let answer = ConsentAnswer { state, code, error, error_description };
    let provider = **provider;
    let admin_link = match (provider, &app.microsoft) {
        (Provider::Microsoft, Some(client)) => client.admin_consent_url().into(),
        _ => String::new(),
    };
    match run(move || finish(&app, &actor, provider, &answer)).await? {
        Ok(connected) => Ok(with_toast(see_other(&next_of(&connected)), &cookies, &Toast::new(said(&connected)))),
        Err(error) => not_connected(&frame, provider, error, admin_link),
    }
}

/// With a calendar new here, the choice of calendars comes first.
fn next_of(connected: &Connected) -> String {
    let page = page_of(connected.connection.id);
    if connected.connection.can(Use::Calendar) && !connected.is_again {
        return format!("{page}/calendars");
    }
    page
}

fn said(connected: &Connected) -> String {
    let address = &connected.connection.address;
    if connected.is_again {
        format!("{address} works again. Workers that were paused stay paused until you switch them on.")
    } else {
        format!("{address} is connected.")
    }
}

/// Nothing was connected: the page that says why. What is no answer of the provider's is the error it is anywhere.
fn not_connected(
    frame: &Frame,
    provider: Provider,
    error: ConnectError,
    admin_link: String,
) -> Result<HttpResponse, PageError> {
    let Some((what, cure)) = words_of(provider, &error) else { return Err(error.into()) };
    let admin_link = match error {
        ConnectError::Hurdle(Hurdle::NeedsAdministrator) => admin_link,
        _ => String::new(),
    };
    let missing = match error {
        ConnectError::NotGranted(missing) => missing,
        _ => Vec::new(),
    };
    let page = NotConnectedPage { layout: frame.layout("Nothing was connected"), what, missing, cure, admin_link };
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// What happened, and what to do.
fn words_of(provider: Provider, error: &ConnectError) -> Option<(String, String)> {
    let (name, word) = (provider.name(), provider.word());
    let (what, cure) = match error {
        ConnectError::Denied(_) | ConnectError::NotFound | ConnectError::NotOffered | ConnectError::Store(_) => {
            return None
        }
        ConnectError::NoClient => (
            format!("This server has no client id for {name} yet."),
            format!("Its operator sets providers.{word}.client_id; the README says how, step by step."),
        ),
        ConnectError::NotBegunHere => (
            format!("This answer of {name}’s does not belong to a sign-in begun in this browser within the last ten minutes, or it was used already."),
            "Begin again from here.".to_owned(),
        ),
        ConnectError::Closing => (
            "This workspace is being closed, so nothing was connected.".to_owned(),
            "Keep the workspace first, on the page of its settings; then begin again.".to_owned(),
        ),
        ConnectError::Declined => {
            (format!("You declined on {name}’s page."), "Begin again when you want to connect it.".to_owned())
        }
        ConnectError::Hurdle(hurdle) => words_of_hurdle(*hurdle),
        ConnectError::NotGranted(_) => (
            format!("On {name}’s page, these were not allowed:"),
            "Begin again and allow all of them. Each is explained before.".to_owned(),
        ),
        ConnectError::Unusable(words) => (words.clone(), "Then begin again.".to_owned()),
        ConnectError::Provider(error) => {
            (format!("{name} did not answer as it should: {error}."), "Begin again in a minute.".to_owned())
        }
    };
    Some((what, cure))
}

fn words_of_hurdle(hurdle: Hurdle) -> (String, String) {
    let (what, cure) = match hurdle {
        Hurdle::NeedsAdministrator => (
            "In your organisation, an administrator has to allow this app before anybody can connect it.",
            "Send the address below to an administrator of your Microsoft 365. Once they have allowed it there, begin again.",
        ),
        Hurdle::Policy => (
            "Your organisation’s rules keep this account, device or place from using this app.",
            "Ask an administrator of your Microsoft 365 to let you use it, then begin again.",
        ),
        Hurdle::Registration => (
            "Microsoft does not know this server as it is registered there.",
            "Its operator compares client id, redirect URI and permissions with the README; then begin again.",
        ),
    };
    (what.to_owned(), cure.to_owned())
}
