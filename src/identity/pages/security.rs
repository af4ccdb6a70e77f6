//! `/settings/security`: password, second step, sessions, linked accounts.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::sign_in::{issuer_buttons, IssuerButton};
use super::{account_refusal, settings_tabs, wait_words};
use crate::app::App;
use crate::authz::Actor;
use crate::base::SessionId;
use crate::http::layout::{ConfirmPage, Layout};
use crate::http::respond::with_toast;
use crate::http::ui::{FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::identity::account::{self, AccountError};
use crate::identity::second_step::{self, Enrolment, SecondStepError};
use crate::identity::{device, issuer, session, store, Client, Session, SignedIn};
use crate::store::StoreError;

const HERE: &str = "/settings/security";
const PROVE: &str = "/reauth?next=%2Fsettings%2Fsecurity";
const PROVE_AUTHENTICATOR: &str = "/reauth?next=%2Fsettings%2Fsecurity%2Fauthenticator";

#[derive(Template)]
#[template(path = "identity/security.html")]
struct SecurityPage {
    layout: Layout,
    tabs: Vec<Tab>,
    authenticator: Option<String>,
    recovery_left: usize,
    password_changed: Option<String>,
    sessions: Vec<SessionRow>,
    links: Vec<LinkRow>,
    issuers: Vec<IssuerButton>,
    errors: FieldErrors,
    login: String,
}

struct SessionRow {
    id: String,
    device: String,
    icon: &'static str,
    facts: String,
    current: bool,
}

struct LinkRow {
    issuer: String,
    subject: String,
    facts: String,
}

#[derive(Template)]
#[template(path = "identity/authenticator.html")]
struct AuthenticatorPage {
    layout: Layout,
    tabs: Vec<Tab>,
    enrolment: Enrolment,
    error: String,
}

#[derive(Template)]
#[template(path = "identity/recovery_codes.html")]
struct RecoveryCodesPage {
    layout: Layout,
    tabs: Vec<Tab>,
    codes: Vec<String>,
}

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
pub struct ConfirmForm {
    #[serde(default)]
    key: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub struct UnlinkForm {
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    subject: String,
}

/// GET /settings/security
pub async fn show(app: Data<App>, actor: Actor, signed_in: SignedIn, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || page(&app, &actor, &signed_in, &frame, FieldErrors::default())).await?;
    html(StatusCode::OK, &page.map_err(internal)?)
}

fn page(
    app: &App,
    actor: &Actor,
    signed_in: &SignedIn,
    frame: &Frame,
    errors: FieldErrors,
) -> Result<SecurityPage, StoreError> {
    let known = store::get_credentials(&app.store, signed_in.user.id)?;
    let sessions = session::list(app, signed_in.user.id)?;
    let totp = known.totp.as_ref().filter(|totp| totp.confirmed_at.is_some());
    Ok(SecurityPage {
        layout: frame.layout("Security"),
        tabs: settings_tabs(actor, HERE),
        authenticator: totp.map(|totp| match totp.used_at {
            Some(at) => format!("Six-digit codes, last used {}", signed_in.time_words(at)),
            None => "Six-digit codes".to_owned(),
        }),
        recovery_left: known.unused_recovery_codes(),
        password_changed: known.password.as_ref().map(|password| signed_in.day_words(password.changed_at)),
        sessions: sessions.iter().map(|row| session_row(row, signed_in)).collect(),
        links: known
            .links
            .iter()
            .map(|link| LinkRow {
                issuer: link.issuer.clone(),
                subject: link.subject.clone(),
                facts: format!("{}, since {}", link.email, signed_in.day_words(link.linked_at)),
            })
            .collect(),
        issuers: issuer_buttons(app, HERE, "link"),
        errors,
        login: signed_in.user.email.display().to_owned(),
    })
}

fn session_row(row: &Session, signed_in: &SignedIn) -> SessionRow {
    let current = row.id == signed_in.session.id;
    let facts = if current {
        format!("{}, since {}", row.address, signed_in.time_words(row.began_at))
    } else {
        format!("{}, active {}", row.address, signed_in.time_words(row.seen_at))
    };
    let icon = if device::is_mobile(&row.device) { "mobile" } else { "laptop" };
    SessionRow { id: row.id.to_string(), device: row.device.clone(), icon, facts, current }
}

/// POST /settings/security/password
pub async fn change_password(
    app: Data<App>,
    cookies: Data<Cookies>,
    actor: Actor,
    signed_in: SignedIn,
    client: Client,
    frame: Frame,
    form: Form<PasswordForm>,
) -> Result<HttpResponse, PageError> {
    let PasswordForm { current, password } = form.into_inner();
    let work = {
        let (app, signed_in) = (app.clone(), signed_in.clone());
        move || account::change_password(&app, &signed_in.user, signed_in.session.id, &current, &password, &client)
    };
    match run(work).await? {
        Ok(()) => {
            let toast = Toast::new("The password is changed. Other browsers are signed out.");
            Ok(with_toast(see_other(HERE), &cookies, &toast))
        }
        Err(AccountError::ProofNeeded) => Ok(see_other(PROVE)),
        Err(error) => {
            let (status, errors) = account_refusal(error)?;
            let page = run(move || page(&app, &actor, &signed_in, &frame, errors)).await?;
            html(status, &page.map_err(internal)?)
        }
    }
}

/// GET /settings/security/authenticator: a fresh key each time; nothing is stored until a code has proved it.
pub async fn show_authenticator(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
) -> Result<HttpResponse, PageError> {
    match run(move || second_step::begin(&app, &signed_in.user, signed_in.session.id)).await? {
        Ok(enrolment) => html(StatusCode::OK, &authenticator_page(&actor, &frame, enrolment, String::new())),
        Err(SecondStepError::ProofNeeded) => Ok(see_other(PROVE_AUTHENTICATOR)),
        Err(error) => Err(second_step_error(error)),
    }
}

fn authenticator_page(actor: &Actor, frame: &Frame, enrolment: Enrolment, error: String) -> AuthenticatorPage {
    AuthenticatorPage { layout: frame.layout("Authenticator app"), tabs: settings_tabs(actor, HERE), enrolment, error }
}

/// POST /settings/security/authenticator: the recovery codes, shown once; 422 with the same key when the code does
/// not fit.
pub async fn confirm_authenticator(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
    form: Form<ConfirmForm>,
) -> Result<HttpResponse, PageError> {
    let ConfirmForm { key, code } = form.into_inner();
    let confirmed = {
        let (app, signed_in, key) = (app.clone(), signed_in.clone(), key.clone());
        run(move || second_step::confirm(&app, &signed_in.user, signed_in.session.id, &key, &code)).await?
    };
    let (status, words) = match confirmed {
        Ok(codes) => return html(StatusCode::OK, &codes_page(&actor, &frame, codes)),
        Err(SecondStepError::ProofNeeded) => return Ok(see_other(PROVE_AUTHENTICATOR)),
        Err(SecondStepError::WrongCode) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "That code does not fit. Check that the phone's clock is right and type the next one.".to_owned(),
        ),
        Err(SecondStepError::TooMany(wait)) => {
            (StatusCode::TOO_MANY_REQUESTS, format!("Too many tries. Try again in {}.", wait_words(wait)))
        }
        Err(error) => return Err(second_step_error(error)),
    };
    let enrolment = second_step::enrolment(&signed_in.user, &key).map_err(second_step_error)?;
    html(status, &authenticator_page(&actor, &frame, enrolment, words))
}

fn codes_page(actor: &Actor, frame: &Frame, codes: Vec<String>) -> RecoveryCodesPage {
    RecoveryCodesPage { layout: frame.layout("Recovery codes"), tabs: settings_tabs(actor, HERE), codes }
}

/// POST /settings/security/codes: ten new recovery codes, shown once.
pub async fn renew_codes(
    app: Data<App>,
    actor: Actor,
    signed_in: SignedIn,
    frame: Frame,
) -> Result<HttpResponse, PageError> {
    let renewed = run(move || second_step::renew_recovery_codes(&app, signed_in.user.id, signed_in.session.id)).await?;
    match renewed {
        Ok(codes) => html(StatusCode::OK, &codes_page(&actor, &frame, codes)),
        Err(SecondStepError::ProofNeeded) => Ok(see_other(PROVE)),
        Err(error) => Err(second_step_error(error)),
    }
}

/// GET /settings/security/authenticator/remove: asks first.
pub async fn ask_remove(signed_in: SignedIn, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = ConfirmPage {
        layout: frame.layout("Switch off the second step"),
        question: "Switch off the second step?".to_owned(),
        consequence: format!(
            "From then on the password alone opens the account of {}. The recovery codes end, and other browsers are signed out.",
            signed_in.user.email
        ),
        button: "Switch off".to_owned(),
        action: "/settings/security/authenticator/remove".to_owned(),
        fields: Vec::new(),
        back: HERE.to_owned(),
    };
    html(StatusCode::OK, &page)
}

/// POST /settings/security/authenticator/remove
pub async fn remove_authenticator(
    app: Data<App>,
    cookies: Data<Cookies>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    match run(move || second_step::remove(&app, &signed_in.user, signed_in.session.id)).await? {
        Ok(()) => Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The second step is off."))),
        Err(SecondStepError::ProofNeeded) => Ok(see_other(PROVE)),
        Err(error) => Err(second_step_error(error)),
    }
}

/// POST /settings/security/sessions/<id>/end
pub async fn end_session(
    app: Data<App>,
    cookies: Data<Cookies>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let id: SessionId = id.parse().map_err(|_| PageError::NotFound)?;
    let ended = run(move || session::end(&app, signed_in.user.id, id)).await?.map_err(internal)?;
    if !ended {
        return Err(PageError::NotFound);
    }
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("That browser is signed out.")))
}

/// POST /settings/security/sessions/end: all but this one.
pub async fn end_other_sessions(
    app: Data<App>,
    cookies: Data<Cookies>,
    signed_in: SignedIn,
) -> Result<HttpResponse, PageError> {
    let keep = Some(signed_in.session.id);
    let ended = run(move || session::end_others(&app, signed_in.user.id, keep)).await?.map_err(internal)?;
    let words = match ended {
        0 => "No other browser was signed in.".to_owned(),
        1 => "One other browser is signed out.".to_owned(),
        many => format!("{many} other browsers are signed out."),
    };
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new(words)))
}

/// POST /settings/security/links/end
pub async fn unlink(
    app: Data<App>,
    cookies: Data<Cookies>,
    signed_in: SignedIn,
    form: Form<UnlinkForm>,
) -> Result<HttpResponse, PageError> {
    let UnlinkForm { issuer, subject } = form.into_inner();
    let work = move || issuer::unlink(&app, &signed_in.user, signed_in.session.id, &issuer, &subject);
    match run(work).await? {
        Ok(()) => Ok(with_toast(see_other(HERE), &cookies, &Toast::new("The account is no longer linked."))),
        Err(AccountError::ProofNeeded) => Ok(see_other(PROVE)),
        Err(AccountError::LastWayIn) => Err(PageError::conflict(
            "This account is your only way to sign in.",
            "Set a password first, then remove it.",
        )),
        Err(AccountError::NotFound) => Err(PageError::NotFound),
        Err(error) => Err(PageError::internal("could not remove a linked account", &error)),
    }
}

fn second_step_error(error: SecondStepError) -> PageError {
    match error {
        SecondStepError::NotBegun => {
            PageError::bad_request("No authenticator is being set up.", "Begin again under Settings, Security.")
        }
        error => PageError::internal("could not change the second step", &error),
    }
}

fn internal(error: StoreError) -> PageError {
    PageError::internal("could not read or change how a person signs in", &error)
}
