//! `/signin/<issuer>`: to Google or another issuer, and back.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{public_layout, refusal, sign_in};
use crate::app::App;
use crate::http::layout::PublicLayout;
use crate::http::respond::{see_elsewhere, with_toast};
use crate::http::{cookies, html, run, see_other, Cookies, CsrfToken, PageError, Toast};
use crate::identity::issuer::{self, IssuerError, Returned, ERRAND_LIFETIME};
use crate::identity::ticket::Errand;
use crate::identity::{Client, HandedSecret, SignedIn};

#[derive(Template)]
#[template(path = "identity/link.html")]
struct LinkPage {
    layout: PublicLayout,
    issuer: String,
    key: String,
    email: String,
    secret: String,
    error: String,
}

#[derive(Deserialize)]
pub struct Departure {
    #[serde(default)]
    next: String,
    /// `link` adds the account to whoever is signed in, `prove` proves again who is there.
    #[serde(default)]
    errand: String,
}

/// What the issuer adds to the way back (RFC 6749 section 4.1.2).
#[derive(Deserialize)]
pub struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
pub struct LinkForm {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// GET /signin/<issuer>: 303 to the issuer. A browser without a cookie gets one first, so that only it can come
/// back. Changes nothing here, so it may be a link.
pub async fn depart(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    key: Path<String>,
    query: Query<Departure>,
    signed_in: Option<SignedIn>,
) -> Result<HttpResponse, PageError> {
    let (key, query) = (key.into_inner(), query.into_inner());
    let errand = match (query.errand.as_str(), &signed_in) {
        ("link", Some(signed_in)) => Errand::Link(signed_in.user.id),
        ("prove", Some(signed_in)) => Errand::ProveAgain(signed_in.user.id),
        _ => Errand::SignIn,
    };
    let known = cookies.read_session(&request);
    let browser = known.clone().unwrap_or_else(|| HandedSecret::fresh().expose().to_owned());
    let next = if query.next.is_empty() { "/".to_owned() } else { query.next };
    let work = {
        let (app, key, browser) = (app.clone(), key.clone(), browser.clone());
        move || issuer::depart(&app, &key, &browser, errand, &next)
    };
    let url = run(work).await?.map_err(|error| words(&app, &key, error))?;
    let mut response = see_elsewhere(&url);
    if known.is_none() {
        cookies::add(&mut response, &cookies.session(&browser, ERRAND_LIFETIME));
    }
    Ok(response)
}

/// GET /signin/<issuer>/return
pub async fn come_back(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    key: Path<String>,
    answer: Query<Answer>,
) -> Result<HttpResponse, PageError> {
    let (key, answer) = (key.into_inner(), answer.into_inner());
    if !answer.error.is_empty() {
        return Err(words(&app, &key, IssuerError::Refused(answer.error)));
    }
    let Some(browser) = cookies.read_session(&request) else { return Err(words(&app, &key, IssuerError::Expired)) };
    let work = {
        let (app, key) = (app.clone(), key.clone());
        move || issuer::come_back(&app, &key, &browser, &answer.state, &answer.code, &client)
    };
    match run(work).await?.map_err(|error| words(&app, &key, error))? {
        Returned::Admitted(admitted, next) => Ok(sign_in::welcome(&cookies, *admitted, &next)),
        Returned::Done { words, next } => Ok(with_toast(see_other(&next), &cookies, &Toast::new(words))),
        Returned::ConfirmLink { secret, email } => {
            let layout = public_layout(&request, &cookies, &csrf, "Link the two once");
            let page = LinkPage {
                layout,
                issuer: name(&app, &key),
                key,
                email,
                secret: secret.expose().to_owned(),
                error: String::new(),
            };
            html(StatusCode::OK, &page)
        }
    }
}

/// POST /signin/<issuer>/link: the password that links the account.
pub async fn link(
    app: Data<App>,
    cookies: Data<Cookies>,
    request: HttpRequest,
    csrf: CsrfToken,
    client: Client,
    key: Path<String>,
    form: Form<LinkForm>,
) -> Result<HttpResponse, PageError> {
    let (key, LinkForm { secret, email, password }) = (key.into_inner(), form.into_inner());
    let work = {
        let (app, secret) = (app.clone(), secret.clone());
        move || issuer::confirm_link(&app, &secret, &password, &client)
    };
    match run(work).await? {
        Ok((admitted, next)) => Ok(sign_in::welcome(&cookies, admitted, &next)),
        Err(IssuerError::SignIn(error)) => {
            let (status, error) = refusal(error, "That is not the password of this account here.")?;
            let layout = public_layout(&request, &cookies, &csrf, "Link the two once");
            html(status, &LinkPage { layout, issuer: name(&app, &key), key, email, secret, error })
        }
        Err(error) => Err(words(&app, &key, error)),
    }
}

fn name(app: &App, key: &str) -> String {
    issuer::offers(app).into_iter().find(|offer| offer.key == key).map_or_else(|| key.to_owned(), |offer| offer.name)
}

/// The refusal in words; the issuer's own go to the log.
fn words(app: &App, key: &str, error: IssuerError) -> PageError {
    let name = name(app, key);
    tracing::info!(issuer = key, %error, "a sign-in at an issuer did not succeed");
    match error {
        IssuerError::NotOffered => PageError::NotFound,
        IssuerError::Expired => PageError::bad_request(
            "This sign-in took longer than ten minutes, or began in another browser.",
            "Begin again on the sign-in page.",
        ),
        IssuerError::Refused(_) => PageError::Denied(format!("{name} did not confirm who you are. Nothing was changed.")),
        IssuerError::Unreachable(_) => PageError::Unavailable {
            what: format!("{name} did not answer."),
            cure: "Try again in a minute, or sign in with your password.".to_owned(),
        },
        IssuerError::Unknown { email } => PageError::Denied(format!(
            "Nobody here has {}. Sign in with your password and link the account under Settings, Security, or ask for an invitation.",
            email.map_or_else(|| format!("this account at {name}"), |email| format!("the address {email}"))
        )),
        IssuerError::Taken => PageError::conflict(
            format!("This account at {name} belongs to somebody else here."),
            "Choose another one there.",
        ),
        IssuerError::SignIn(error) => match refusal(error, "That did not match.") {
            Ok((_, words)) => PageError::Denied(words),
            Err(error) => error,
        },
        IssuerError::Store(error) => PageError::internal("could not finish a sign-in at an issuer", &error),
    }
}
