//! `/signin`, its second step, and `/signout`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{public_layout, refusal, waiting};
use crate::app::App;
use crate::authz::Actor;
use crate::http::layout::PublicLayout;
use crate::http::{cookies, html, run, see_other, Cookies, CsrfToken, PageError};
use crate::identity::issuer;
use crate::identity::sign_in::{self, Admitted, SECOND_STEP_LIFETIME};
use crate::identity::{Client, NewSession, SignedIn};

const MISMATCH: &str = "That did not match. Check the address and the password.";
const WRONG_CODE: &str = "That code does not fit. Each code works once; wait for the next one and type it at once.";

#[derive(Template)]
#[template(path = "identity/sign_in.html")]
struct SignInPage {
    layout: PublicLayout,
    login: String,
    next: String,
    error: String,
    issuers: Vec<IssuerButton>,
}

/// A way to sign in somewhere else.
pub struct IssuerButton {
    pub href: String,
    pub words: String,
}

#[derive(Template)]
#[template(path = "identity/code.html")]
struct CodePage {
    layout: PublicLayout,
    error: String,
}

#[derive(Deserialize)]
pub struct NextQuery {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

/// GET /signin. Whoever is signed in already goes on; who belongs to no workspace reads what became of theirs, and
/// can make one.
pub async fn show(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    query: Query<NextQuery>,
    signed_in: Option<SignedIn>,
    actor: Option<Actor>,
) -> Result<HttpResponse, PageError> {
    let next = query.into_inner().next;
    match (signed_in, actor) {
        (Some(_), Some(_)) => return Ok(see_other(or_start(&next))),
        (Some(_), None) => return Ok(see_other("/workspaces")),
        _ => {}
    }
    let layout = public_layout(&request, &cookies, &csrf, "Sign in to Launchyard");
    let issuers = issuer_buttons(&app, &next, "");
    html(StatusCode::OK, &SignInPage { layout, login: String::new(), next, error: String::new(), issuers })
}

/// POST /signin: 303 on, or to the second step; 422 and 429 with the form and the login as typed.
pub async fn submit(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    form: Form<SignInForm>,
) -> Result<HttpResponse, PageError> {
    let SignInForm { login, password, next } = form.into_inner();
    let work = {
        let (app, login, next) = (app.clone(), login.clone(), next.clone());
        move || sign_in::sign_in(&app, &login, &password, &client, or_start(&next))
    };
    match run(work).await? {
        Ok(admitted) => Ok(welcome(&cookies, admitted, or_start(&next))),
        Err(error) => {
            let retry_after = error.retry_after();
            let (status, error) = refusal(error, MISMATCH)?;
            let layout = public_layout(&request, &cookies, &csrf, "Sign in to Launchyard");
            let issuers = issuer_buttons(&app, &next, "");
            let page = html(status, &SignInPage { layout, login, next, error, issuers })?;
            Ok(waiting(retry_after, page))
        }
    }
}

/// GET /signin/code: the second step of a sign-in that this browser has begun.
pub async fn show_code(
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
) -> Result<HttpResponse, PageError> {
    if cookies.read_session(&request).is_none() {
        return Ok(see_other("/signin"));
    }
    let layout = public_layout(&request, &cookies, &csrf, "One more step");
    html(StatusCode::OK, &CodePage { layout, error: String::new() })
}

/// POST /signin/code: 303 on with a new session; 422 when the code does not fit.
pub async fn submit_code(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    form: Form<CodeForm>,
) -> Result<HttpResponse, PageError> {
    let Some(half) = cookies.read_session(&request) else { return Ok(see_other("/signin")) };
    let code = form.into_inner().code;
    match run(move || sign_in::second_step(&app, &half, &code, &client)).await? {
        Ok((session, next)) => Ok(welcome(&cookies, Admitted::Session(session), &next)),
        Err(error) => {
            let retry_after = error.retry_after();
            let (status, error) = refusal(error, WRONG_CODE)?;
            let layout = public_layout(&request, &cookies, &csrf, "One more step");
            Ok(waiting(retry_after, html(status, &CodePage { layout, error })?))
        }
    }
}

/// POST /signout: the session ends on the server, and whatever the browser kept goes.
pub async fn sign_out(
    app: Data<App>,
    cookies: Data<Cookies>,
    signed_in: Option<SignedIn>,
) -> Result<HttpResponse, PageError> {
    if let Some(SignedIn { user, session, .. }) = signed_in {
        run(move || sign_in::sign_out(&app, user.id, session.id))
            .await?
            .map_err(|error| PageError::internal("could not end the session", &error))?;
    }
    let mut response = see_other("/signin");
    cookies.end_session(&mut response);
    Ok(response)
}

/// The answer to a good proof: on with a session, or to the second step with the half of one.
pub fn welcome(cookies: &Cookies, admitted: Admitted, next: &str) -> HttpResponse {
    match admitted {
        Admitted::Session(session) => begin_in_browser(cookies, &session, see_other(next)),
        Admitted::SecondStep(half) => {
            let mut response = see_other("/signin/code");
            cookies::add(&mut response, &cookies.session(half.expose(), SECOND_STEP_LIFETIME));
            response
        }
    }
}

/// Hands the new session's secret to the browser with this answer.
pub fn begin_in_browser(cookies: &Cookies, session: &NewSession, mut response: HttpResponse) -> HttpResponse {
    cookies::add(&mut response, &cookies.session(session.secret.expose(), session.lifetime));
    response
}

fn or_start(next: &str) -> &str {
    if next.is_empty() {
        "/"
    } else {
        next
    }
}

/// A button for each issuer. `errand` is empty for signing in; see `issuer::Departure`.
pub fn issuer_buttons(app: &App, next: &str, errand: &str) -> Vec<IssuerButton> {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("next", next), ("errand", errand)].iter().filter(|(_, value)| !value.is_empty()))
        .finish();
    let verb = if errand == "link" { "Link" } else { "Continue with" };
    let button = |offer: issuer::Offer| IssuerButton {
        href: format!("/signin/{}{}{query}", offer.key, if query.is_empty() { "" } else { "?" }),
        words: format!("{verb} {}", offer.name),
    };
    issuer::offers(app).into_iter().map(button).collect()
}
