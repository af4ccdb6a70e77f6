//! Pages of identity: signing in and out, the way back in, profile and security.

mod sign_in;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::HttpRequest;

use super::sign_in::SignInError;
use super::throttle::TooManyTries;
use crate::authz::{Actor, Permission};
use crate::http::layout::PublicLayout;
use crate::http::ui::Tab;
use crate::http::{Cookies, CsrfToken, PageError};

/// Pages of this room that carry a secret in their address: they tell nobody where the reader came from.
pub const TOKEN_PREFIXES: &[&str] = &["/reset"];

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/signin").get(sign_in::show).post(sign_in::submit))
        .service(web::resource("/signin/code").get(sign_in::show_code).post(sign_in::submit_code))
        .service(web::resource("/signout").post(sign_in::sign_out));
}

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

/// `light` or `dark`; empty follows the device.
fn theme_attribute(request: &HttpRequest, cookies: &Cookies) -> String {
    match cookies.read_theme(request) {
        crate::http::cookies::Theme::System => String::new(),
        chosen => chosen.as_str().to_owned(),
    }
}

/// The list of settings pages that the actor may open; `current` is the address of the page that shows it.
pub fn settings_tabs(actor: &Actor, current: &str) -> Vec<Tab> {
    let pages: [(&str, &str, Option<Permission>); 6] = [
        ("/settings", "Profile", None),
        ("/settings/security", "Security", None),
        ("/settings/workspace", "Workspace", Some(Permission::ManageWorkspace)),
        ("/settings/team", "Team", Some(Permission::ViewToday)),
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

/// The status and the words for a form that could not be accepted; `Err` for what is no mistake of the person.
fn refusal(error: SignInError, mismatch: &str) -> Result<(StatusCode, String), PageError> {
    match error {
        SignInError::Mismatch | SignInError::WrongCode => Ok((StatusCode::UNPROCESSABLE_ENTITY, mismatch.to_owned())),
        SignInError::TooMany(wait) => {
            let words = format!("Too many tries. Try again in {}.", wait_words(wait));
            Ok((StatusCode::TOO_MANY_REQUESTS, words))
        }
        SignInError::Expired => Err(PageError::SignIn { next: "/".to_owned() }),
        SignInError::Busy => Err(PageError::Unavailable {
            what: "Many people are signing in at once.".to_owned(),
            cure: "Try again in half a minute.".to_owned(),
        }),
        SignInError::Store(error) => Err(PageError::internal("could not check a sign-in", &error)),
    }
}
