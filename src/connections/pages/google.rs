//! Connecting Google: what will be asked for and why, the way to Google's page, and back.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::shown::{use_word, uses_of};
use super::{list, page_of};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::ConnectionId;
use crate::connections::connect_google::{begin, finish, Connected, ConsentAnswer};
use crate::connections::error::ConnectError;
use crate::connections::model::Use;
use crate::connections::scopes;
use crate::http::layout::Layout;
use crate::http::respond::{see_elsewhere, with_toast};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

/// GET /connections/google?use=…: before Google's own page opens (promise 7).
#[derive(Template)]
#[template(path = "connections/google.html")]
struct ExplainPage {
    layout: Layout,
    permissions: Vec<scopes::Permission>,
    /// The account that is signed in to again; empty for a new one.
    address: String,
    start: String,
    with_mail: bool,
    with_calendar: bool,
}

/// Nothing was connected: why, and what to do.
#[derive(Template)]
#[template(path = "connections/not_connected.html")]
struct NotConnectedPage {
    layout: Layout,
    what: String,
    missing: Vec<&'static str>,
    cure: &'static str,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default, rename = "use")]
    wanted: String,
    #[serde(default)]
    again: String,
}

impl Asked {
    fn uses(&self) -> Result<Vec<Use>, PageError> {
        uses_of(&self.wanted).ok_or(PageError::NotFound)
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
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let (uses, again) = (asked.uses()?, asked.again()?);
    let address = match again {
        Some(id) => run(move || list::get(&app, &actor, id)).await??.address.display().to_owned(),
        None => String::new(),
    };
    let mut start = format!("/connections/google/start?use={}", use_word(&uses));
    if let Some(id) = again {
        start.push_str(&format!("&again={id}"));
    }
    let page = ExplainPage {
        layout: frame.layout("Connect Google"),
        permissions: scopes::permissions(&uses),
        address,
        start,
        with_mail: uses.contains(&Use::Outreach),
        with_calendar: uses.contains(&Use::Calendar),
    };
    html(StatusCode::OK, &page)
}

/// GET /connections/google/start: 303 to Google. A link, not a form: the page's policy binds where forms may lead.
pub async fn start(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let (uses, again) = (asked.uses()?, asked.again()?);
    match run(move || begin(&app, &actor, &uses, again)).await? {
        Ok(page) => Ok(see_elsewhere(&page)),
        Err(error) => not_connected(&frame, error),
    }
}

#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// GET /connections/google/callback: 303 to the connection, or the page that says why there is none.
pub async fn callback(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    back: web::Query<Back>,
) -> Result<HttpResponse, PageError> {
    let Back { state, code, error } = back.into_inner();
    let answer = ConsentAnswer { state, code, error };
    match run(move || finish(&app, &actor, &answer)).await? {
        Ok(connected) => Ok(with_toast(see_other(&next_of(&connected)), &cookies, &Toast::new(said(&connected)))),
        Err(error) => not_connected(&frame, error),
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

fn not_connected(frame: &Frame, error: ConnectError) -> Result<HttpResponse, PageError> {
    let (what, cure): (String, &'static str) = match &error {
        ConnectError::Denied(_) | ConnectError::NotFound | ConnectError::Store(_) => return Err(error.into()),
        ConnectError::NoClient => (
            "This server has no client id for Google yet.".into(),
            "Its operator sets providers.google.client_id; the README says how, step by step.",
        ),
        ConnectError::NotBegunHere => (
            "This answer of Google’s does not belong to a sign-in begun in this browser within the last ten minutes, or it was used already.".into(),
            "Begin again from here.",
        ),
        ConnectError::Closing => (
            "This workspace is being closed, so nothing was connected.".into(),
            "Keep the workspace first, on the page of its settings; then begin again.",
        ),
        ConnectError::Declined => ("You declined on Google’s page.".into(), "Begin again when you want to connect it."),
        ConnectError::NotGranted(_) => (
            "On Google’s page, these boxes were not ticked:".into(),
            "Begin again and leave all boxes ticked. Each of them is explained before.",
        ),
        ConnectError::Unusable(words) => ((*words).into(), "Then begin again."),
        ConnectError::Provider(error) => (format!("Google did not answer as it should: {error}."), "Begin again in a minute."),
    };
    let missing = match error {
        ConnectError::NotGranted(missing) => missing,
        _ => Vec::new(),
    };
    let page = NotConnectedPage { layout: frame.layout("Nothing was connected"), what, missing, cure };
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
