//! The simulated Google: accounts and consent, Gmail, Calendar.
//!
//! Where a client is pointed at the real service by these bases, it is pointed here by the ones on the right; the
//! rest of each path is the same:
//!
//! | real | sandbox |
//! |---|---|
//! | `https://accounts.google.com/o/oauth2/v2/auth` | `<sandbox>/google/o/oauth2/v2/auth` |
//! | `https://oauth2.googleapis.com/{token,revoke}` | `<sandbox>/google/{token,revoke}` |
//! | `https://openidconnect.googleapis.com/v1/userinfo` | `<sandbox>/google/v1/userinfo` |
//! | `https://www.googleapis.com/oauth2/v3/certs` | `<sandbox>/google/oauth2/v3/certs` |
//! | `https://gmail.googleapis.com/gmail/v1/…` | `<sandbox>/google/gmail/v1/…` |
//! | `https://www.googleapis.com/calendar/v3/…` | `<sandbox>/google/calendar/v3/…` |

pub(super) mod calendar;
mod errors;
mod gmail;

pub(super) use calendar::Calendars;
pub(super) use errors::fault_answer;

use serde_json::json;

use super::oauth::{self, Access, Dialect, Exchange, Grants, Realm};
use super::quota::Quota;
use super::wire::{Answer, Request};
use super::world::World;

const REALM: Realm = Realm {
    name: "Google",
    path: "/google",
    authorise_path: "/o/oauth2/v2/auth",
    token_path: "/token",
    dialect: Dialect::Google,
};

#[derive(Default)]
pub(super) struct Google {
    pub grants: Grants,
    pub calendars: Calendars,
    /// What programs are told of.
    pub channels: Vec<calendar::Channel>,
    quota: Quota,
}

/// `path` is what follows `/google`, decoded.
pub(super) fn answer(world: &mut World, request: &Request, path: &[String]) -> Answer {
    let now = world.clock.now();
    let (testing_mode, rotate_refresh) = (world.settings.testing_mode, world.settings.rotate_refresh);
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let grants = &mut world.google.grants;
    match (request.method.as_str(), segments.as_slice()) {
        ("GET" | "POST", ["o", "oauth2", "v2", "auth"]) => {
            oauth::authorise(&REALM, grants, &world.accounts, &world.redirects, request, now)
        }
        ("POST", ["token"]) => {
            let accounts = &world.accounts;
            let is_personal = false;
            Exchange { realm: &REALM, grants, accounts, request, now, testing_mode, rotate_refresh, is_personal }
                .answer()
        }
        ("POST", ["revoke"]) => oauth::revoke(grants, request, now),
        ("GET", [".well-known", "openid-configuration"]) => oauth::discovery(&REALM, request),
        ("GET", ["certs"] | ["oauth2", "v3", "certs"]) => Answer::ok(&oauth::key_set()),
        ("GET", ["style.css"]) => super::stylesheet(),
        ("GET", ["userinfo"] | ["v1", "userinfo"] | ["oauth2", "v3", "userinfo"]) => {
            or_error(userinfo(world, request, "sub"))
        }
        ("GET", ["oauth2", "v2", "userinfo"] | ["userinfo", "v2", "me"]) => or_error(userinfo(world, request, "id")),
        (_, ["gmail", "v1", "users", user, rest @ ..]) => or_error(gmail::answer(world, request, user, rest)),
        ("POST", ["upload", "gmail", "v1", "users", _, "messages", "send"]) => or_error(gmail::upload(world, request)),
        (_, ["calendar", "v3", rest @ ..]) => or_error(calendar::answer(world, request, rest)),
        _ => errors::not_found(),
    }
}

fn or_error(answer: Result<Answer, Answer>) -> Answer {
    answer.unwrap_or_else(|error| error)
}

/// Whose token this is, provided that it is live and has one of `scopes`.
fn authorised(world: &World, request: &Request, scopes: &[&str]) -> Result<Access, Answer> {
    let now = world.clock.now();
    let token = request.bearer().ok_or_else(errors::no_credentials)?;
    let access = world.google.grants.access(token, now).ok_or_else(errors::bad_credentials)?;
    if !access.allows(scopes) {
        return Err(errors::scope_missing(scopes));
    }
    Ok(access.clone())
}

/// OpenID's userinfo names the subject `sub`, the older API names it `id`.
fn userinfo(world: &World, request: &Request, subject: &str) -> Result<Answer, Answer> {
    const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
    const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";
    let access = authorised(world, request, &["openid", EMAIL, PROFILE])?;
    let account = world.account(&access.email).ok_or_else(errors::bad_credentials)?;
    let mut claims = oauth::claims_of(account, &access);
    if subject == "id" {
        claims = json!({
            "id": claims["sub"], "email": claims["email"], "verified_email": claims["email_verified"],
            "name": claims["name"], "given_name": claims["given_name"], "family_name": claims["family_name"],
        });
        if let Some(fields) = claims.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
    }
    Ok(Answer::ok(&claims))
}
