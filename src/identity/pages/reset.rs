//! `/forgot` and `/reset/<token>`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{account_refusal, public_layout, sign_in, wait_words, waiting};
use crate::app::App;
use crate::http::layout::PublicLayout;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, Cookies, CsrfToken, PageError};
use crate::identity::reset::{self, ResetError};
use crate::identity::Client;
use crate::mailer;

#[derive(Template)]
#[template(path = "identity/forgot.html")]
struct ForgotPage {
    layout: PublicLayout,
    /// Without it the operator has to be asked.
    sends_mail: bool,
    login: String,
    error: String,
    /// The answer, the same whether somebody has the address or not.
    asked: bool,
}

#[derive(Template)]
#[template(path = "identity/reset.html")]
struct ResetPage {
    layout: PublicLayout,
    secret: String,
    /// For password managers.
    login: String,
    errors: FieldErrors,
}

#[derive(Deserialize)]
pub struct ForgotForm {
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
pub struct ResetForm {
    #[serde(default)]
    password: String,
}

/// GET /forgot
pub async fn show_forgot(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
) -> Result<HttpResponse, PageError> {
    let layout = public_layout(&request, &cookies, &csrf, "Set a new password");
    let sends_mail = mailer::is_configured(&app.config);
    let page = ForgotPage { layout, sends_mail, login: String::new(), error: String::new(), asked: false };
    html(StatusCode::OK, &page)
}

/// POST /forgot: the same answer for everybody; 429 after too many from one network.
pub async fn submit_forgot(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    form: Form<ForgotForm>,
) -> Result<HttpResponse, PageError> {
    let login = form.into_inner().login;
    let sends_mail = mailer::is_configured(&app.config);
    let asked = {
        let login = login.clone();
        run(move || reset::ask(&app, &login, &client)).await?
    };
    let retry_after = match &asked {
        Err(ResetError::TooMany(wait)) => Some(wait.retry_after),
        _ => None,
    };
    let (status, error) = match asked {
        Ok(()) => (StatusCode::OK, String::new()),
        Err(ResetError::TooMany(wait)) => {
            let words = format!("Too many mails were asked for from here. Try again in {}.", wait_words(wait));
            (StatusCode::TOO_MANY_REQUESTS, words)
        }
        Err(error) => return Err(PageError::internal("could not plan a reset", &error)),
    };
    let layout = public_layout(&request, &cookies, &csrf, "Set a new password");
    let page = html(status, &ForgotPage { layout, sends_mail, login, asked: error.is_empty(), error })?;
    Ok(waiting(retry_after, page))
}

/// GET /reset/<token>: the form, as long as the link holds.
pub async fn show(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    secret: Path<String>,
) -> Result<HttpResponse, PageError> {
    let secret = secret.into_inner();
    let looked = {
        let secret = secret.clone();
        run(move || reset::look(&app, &secret)).await?
    };
    let user = looked.map_err(reset_error)?;
    let layout = public_layout(&request, &cookies, &csrf, "Set a new password");
    let login = user.email.display().to_owned();
    html(StatusCode::OK, &ResetPage { layout, secret, login, errors: FieldErrors::default() })
}

/// POST /reset/<token>: 303 on, signed in or at the second step; 422 with what is wrong with the password.
pub async fn submit(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    secret: Path<String>,
    form: Form<ResetForm>,
) -> Result<HttpResponse, PageError> {
    let (secret, password) = (secret.into_inner(), form.into_inner().password);
    let finished = {
        let (app, secret) = (app.clone(), secret.clone());
        run(move || reset::finish(&app, &secret, &password, &client)).await?
    };
    match finished {
        Ok(admitted) => Ok(sign_in::welcome(&cookies, admitted, "/")),
        Err(ResetError::Account(error)) => {
            let (status, errors) = account_refusal(error)?;
            let looked = {
                let secret = secret.clone();
                run(move || reset::look(&app, &secret)).await?
            };
            let login = looked.map_err(reset_error)?.email.display().to_owned();
            let layout = public_layout(&request, &cookies, &csrf, "Set a new password");
            html(status, &ResetPage { layout, secret, login, errors })
        }
        Err(error) => Err(reset_error(error)),
    }
}

fn reset_error(error: ResetError) -> PageError {
    match error {
        ResetError::LinkEnded => PageError::conflict(
            "This link was used already, is older than an hour, or a newer one was sent.",
            "Ask for a new one on the sign-in page, under \"Forgotten?\".",
        ),
        ResetError::TooMany(wait) => PageError::TooMany { retry_after: wait.retry_after },
        error => PageError::internal("could not set a password", &error),
    }
}
