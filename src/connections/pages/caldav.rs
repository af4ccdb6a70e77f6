//! The form for a calendar at any server, with a live test that names the step that fails.

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{id_in, list, page_of};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::EmailAddress;
use crate::connections::connect_calendar::{connect_calendar, CalendarSettings};
use crate::connections::error::ConnectionError;
use crate::connections::model::Kind;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::providers::caldav::Step;
use crate::providers::Secret;

/// GET /connections/caldav; again with `errors`, or with `tried` when the test failed.
#[derive(Template)]
#[template(path = "connections/caldav.html")]
struct CalDavPage {
    layout: Layout,
    form: CalDavForm,
    errors: FieldErrors,
    tried: Vec<Step>,
    back: String,
    /// The server and the password that there are in a demo.
    demo: Option<(String, &'static str)>,
}

/// As typed. The password is never sent back to a page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CalDavForm {
    again: String,
    address: String,
    server: String,
    user: String,
    password: String,
}

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    again: String,
}

pub async fn show(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let demo = simulated(&app);
    let mut form = CalDavForm::default();
    if !asked.again.is_empty() {
        let id = id_in(&asked.again)?;
        let connection = run(move || list::get(&app, &actor, id)).await??;
        let Kind::CalDav(server) = &connection.kind else { return Err(PageError::NotFound) };
        form = CalDavForm {
            again: id.to_string(),
            address: connection.address.display().to_owned(),
            server: server.server.clone(),
            user: server.user.clone(),
            password: String::new(),
        };
    }
    html(StatusCode::OK, &page(&frame, form, FieldErrors::default(), Vec::new(), demo))
}

fn simulated(app: &App) -> Option<(String, &'static str)> {
    app.demo().map(|demo| (format!("{}/caldav/", demo.sandbox_url), demo.mail_password))
}

fn page(
    frame: &Frame,
    form: CalDavForm,
    errors: FieldErrors,
    tried: Vec<Step>,
    demo: Option<(String, &'static str)>,
) -> CalDavPage {
    let back = match form.again.as_str() {
        "" => "/connections/new".to_owned(),
        id => format!("/connections/{id}"),
    };
    let form = CalDavForm { password: String::new(), ..form };
    CalDavPage { layout: frame.layout("Connect a calendar"), form, errors, tried, back, demo }
}

/// POST: 303 to the choice of calendars; 422 with the form when it does not parse or a step failed.
pub async fn submit(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: web::Form<CalDavForm>,
) -> Result<HttpResponse, PageError> {
    actor.require(Permission::ManageConnections)?;
    let form = form.into_inner();
    let demo = simulated(&app);
    let mut errors = FieldErrors::default();
    let address = match EmailAddress::parse(&form.address) {
        Ok(address) => address,
        Err(_) => {
            errors.add("address", "Write the address of this calendar’s owner, for example you@example.org.");
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page(&frame, form, errors, Vec::new(), demo));
        }
    };
    let again = match form.again.as_str() {
        "" => None,
        id => Some(id_in(id)?),
    };
    let settings = CalendarSettings {
        address,
        server: form.server.trim().to_owned(),
        user: form.user.trim().to_owned(),
        password: Secret::new(form.password.as_str()),
    };
    match run(move || connect_calendar(&app, &actor, &settings, again)).await? {
        Ok(attempt) => match attempt.connection {
            Some(connection) => {
                let to = format!("{}/calendars", page_of(connection.id));
                Ok(with_toast(see_other(&to), &cookies, &Toast::new("Connected. Choose which calendars count.")))
            }
            None => html(StatusCode::UNPROCESSABLE_ENTITY, &page(&frame, form, errors, attempt.steps, demo)),
        },
        Err(ConnectionError::Invalid(fields)) => {
            fields.into_iter().for_each(|(field, words)| errors.add(field, words));
            html(StatusCode::UNPROCESSABLE_ENTITY, &page(&frame, form, errors, Vec::new(), demo))
        }
        Err(error) => Err(error.into()),
    }
}
