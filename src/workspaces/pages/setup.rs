//! `/setup/<token>`: the first account of a fresh server.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::field_errors;
use crate::app::App;
use crate::http::layout::PublicLayout;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, CsrfToken, PageError};
use crate::identity::pages::{account_refusal, begin_in_browser, public_layout, zone_choices};
use crate::identity::{self, Client, NewSession};
use crate::workspaces::setup::{self, SetUp, SetupError};

#[derive(Template)]
#[template(path = "workspaces/setup.html")]
struct SetupPage {
    layout: PublicLayout,
    secret: String,
    form: SetupForm,
    zones: Vec<Choice>,
    errors: FieldErrors,
}

#[derive(Clone, Default, Deserialize)]
pub struct SetupForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    workspace: String,
    #[serde(default)]
    time_zone: String,
}

/// GET /setup/<token>
pub async fn show(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    secret: Path<String>,
) -> Result<HttpResponse, PageError> {
    let secret = secret.into_inner();
    let (looked, zone) = (secret.clone(), app.config.outreach.default_time_zone.clone());
    let open = run(move || identity::is_setup_open(&app, &looked)).await?;
    if !open.map_err(|error| PageError::internal("could not look up the set-up link", &error))? {
        return Err(link_ended());
    }
    let layout = public_layout(&request, &cookies, &csrf, "Welcome to your server");
    html(
        StatusCode::OK,
        &page(layout, secret, SetupForm { time_zone: zone, ..SetupForm::default() }, FieldErrors::default()),
    )
}

fn page(layout: PublicLayout, secret: String, form: SetupForm, errors: FieldErrors) -> SetupPage {
    SetupPage { layout, secret, form, zones: zone_choices(""), errors }
}

/// POST /setup/<token>: 303 to the start page, signed in; 422 with the form when it does not parse.
pub async fn submit(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    secret: Path<String>,
    form: Form<SetupForm>,
) -> Result<HttpResponse, PageError> {
    let (secret, form) = (secret.into_inner(), form.into_inner());
    let errors = match set_up(app, &secret, &form, client).await? {
        Ok(session) => return Ok(begin_in_browser(&cookies, &session, see_other("/"))),
        Err(error) => setup_errors(error)?,
    };
    let layout = public_layout(&request, &cookies, &csrf, "Welcome to your server");
    let kept = SetupForm { password: String::new(), ..form };
    html(StatusCode::UNPROCESSABLE_ENTITY, &page(layout, secret, kept, errors))
}

async fn set_up(
    app: Data<App>,
    secret: &str,
    form: &SetupForm,
    client: Client,
) -> Result<Result<NewSession, SetupError>, PageError> {
    let wanted = SetUp {
        name: form.name.clone(),
        email: form.email.clone(),
        password: form.password.clone(),
        workspace: form.workspace.clone(),
        time_zone: form.time_zone.clone(),
    };
    let secret = secret.to_owned();
    run(move || setup::set_up(&app, &secret, &wanted, &client)).await
}

fn setup_errors(error: SetupError) -> Result<FieldErrors, PageError> {
    match error {
        SetupError::LinkEnded => Err(link_ended()),
        SetupError::Workspace(error) => field_errors(error),
        SetupError::Account(error) => account_refusal(error).map(|(_, errors)| errors),
        error => Err(PageError::internal("could not make the first account", &error)),
    }
}

fn link_ended() -> PageError {
    PageError::conflict(
        "This link was used already, or the server was started again since and printed a newer one.",
        "Sign in if you have an account; else look at the server's newest output.",
    )
}
