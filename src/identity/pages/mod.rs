//! Pages of identity: signing in and out, the way back in, profile and security.

mod address;
mod issuer;
mod reset;
mod security;
mod settings;
mod sign_in;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::account::{AccountError, WRONG_PASSWORD};
use super::sign_in::SignInError;
use super::throttle::TooManyTries;
use super::SignedIn;
use crate::authz::{Actor, Permission};
use crate::http::layout::PublicLayout;
use crate::http::respond::set_retry_after;
use crate::http::ui::{FieldErrors, Tab};
use crate::http::{Cookies, CsrfToken, PageError};

/// Pages of this room that carry a secret in their address: they tell nobody where the reader came from.
pub const TOKEN_PREFIXES: &[&str] = &["/reset", "/confirm-address"];

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/signin").get(sign_in::show).post(sign_in::submit))
        .service(web::resource("/signin/code").get(sign_in::show_code).post(sign_in::submit_code))
        .service(web::resource("/signin/{issuer}").get(issuer::depart))
        .service(web::resource("/signin/{issuer}/return").get(issuer::come_back))
        .service(web::resource("/signin/{issuer}/link").post(issuer::link))
        .service(web::resource("/signout").post(sign_in::sign_out))
        .service(web::resource("/forgot").get(reset::show_forgot).post(reset::submit_forgot))
        .service(web::resource("/reset/{secret}").get(reset::show).post(reset::submit))
        .service(web::resource("/confirm-address/{secret}").get(address::show).post(address::submit))
        .service(web::resource("/reauth").get(settings::show_reauth).post(settings::submit_reauth))
        .service(web::resource("/settings").get(settings::show).post(settings::submit))
        .configure(security_routes);
}

fn security_routes(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("/settings/security{path}"));
    config
        .service(at("").get(security::show))
        .service(at("/password").post(security::change_password))
        .service(at("/authenticator").get(security::show_authenticator).post(security::confirm_authenticator))
        .service(at("/authenticator/remove").get(security::ask_remove).post(security::remove_authenticator))
        .service(at("/codes").post(security::renew_codes))
        .service(at("/sessions/end").post(security::end_other_sessions))
        .service(at("/sessions/{id}/end").post(security::end_session))
        .service(at("/links/end").post(security::unlink));
}

pub use settings::zone_choices;
pub use sign_in::begin_in_browser;

/// The frame of a page for somebody who is not signed in.
pub fn public_layout(request: &HttpRequest, cookies: &Cookies, csrf: &CsrfToken, title: &str) -> PublicLayout {
    PublicLayout {
        title: title.to_owned(),
        lang: "en".to_owned(),
        theme: theme_attribute(request, cookies),
        csrf: csrf.0.clone(),
        no_index: true,
        ..PublicLayout::default()
    }
}

/// What the person who is signed in has chosen, else what this browser showed last.
fn theme_attribute(request: &HttpRequest, cookies: &Cookies) -> String {
    let chosen = request.extensions().get::<SignedIn>().map(|me| me.user.profile.theme);
    chosen.unwrap_or_else(|| cookies.read_theme(request)).attribute().to_owned()
}

/// The list of settings pages that the actor may open; `current` is the address of the page that shows it.
pub fn settings_tabs(actor: &Actor, current: &str) -> Vec<Tab> {
    let pages: [(&str, &str, Option<Permission>); 10] = [
        ("/settings", "Profile", None),
        ("/settings/security", "Security", None),
        ("/settings/workspace", "Workspace", Some(Permission::ManageWorkspace)),
        ("/settings/team", "Team", Some(Permission::ViewToday)),
        ("/settings/hours", "Working hours", Some(Permission::ViewCalendar)),
        ("/settings/calendars", "Calendars", Some(Permission::EditBookings)),
        ("/settings/engines", "AI engines", Some(Permission::ManageEngines)),
        ("/settings/payments", "Payments", Some(Permission::ManagePayments)),
        ("/settings/keys", "API keys", Some(Permission::ManageApiKeys)),
        ("/settings/audit", "Audit trail", Some(Permission::ViewAudit)),
    ];
    let open = pages.into_iter().filter(|(_, _, needs)| needs.is_none_or(|permission| actor.may(permission)));
    open.map(|(href, label, _)| Tab {
        href: href.to_owned(),
        label: label.to_owned(),
        count: String::new(),
        current: href == current,
    })
    .collect()
}

/// How long to wait, in words: "40 seconds", "15 minutes".
fn wait_words(wait: TooManyTries) -> String {
    let seconds = wait.retry_after.as_millis().div_ceil(1000).max(1);
    match seconds {
        1 => "one second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Says to programs how long to wait, as the words of the page say it to people.
fn waiting(retry_after: Option<Duration>, mut page: HttpResponse) -> HttpResponse {
    if let Some(after) = retry_after {
        set_retry_after(&mut page, after);
    }
    page
}

/// The status and the words for a form that could not be accepted; `Err` for what is no mistake of the person.
fn refusal(error: SignInError, mismatch: &str) -> Result<(StatusCode, String), PageError> {
    match error {
        SignInError::Mismatch | SignInError::WrongCode => Ok((StatusCode::UNPROCESSABLE_ENTITY, mismatch.to_owned())),
        SignInError::TooMany(wait) => {
            let words = format!("Too many tries. Try again in {}.", wait_words(wait));
            Ok((StatusCode::TOO_MANY_REQUESTS, words))
        }
        SignInError::Expired => Err(PageError::SignIn { next: "/".to_owned() }),
        SignInError::Busy => Err(busy()),
        SignInError::Store(error) => Err(PageError::internal("could not check a sign-in", &error)),
    }
}

/// What a form about an account shows; `Err` for what is no mistake of the person.
pub fn account_refusal(error: AccountError) -> Result<(StatusCode, FieldErrors), PageError> {
    let mut errors = FieldErrors::default();
    let status = match error {
        AccountError::Invalid(mistakes) => {
            errors.add_mistakes(mistakes);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        AccountError::WrongPassword => {
            errors.add("current", WRONG_PASSWORD);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        AccountError::TooMany(wait) => {
            errors.add("current", format!("Too many tries. Try again in {}.", wait_words(wait)));
            StatusCode::TOO_MANY_REQUESTS
        }
        AccountError::Busy => return Err(busy()),
        AccountError::NotFound => return Err(PageError::NotFound),
        error => return Err(PageError::internal("could not change an account", &error)),
    };
    Ok((status, errors))
}

fn busy() -> PageError {
    PageError::Unavailable {
        what: "Many passwords are being checked at once.".to_owned(),
        cure: "Try again in half a minute.".to_owned(),
    }
}
