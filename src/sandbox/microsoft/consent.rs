//! Consent and tokens in the words of the Microsoft identity platform.

use serde_json::{json, Value};
use url::Url;

use super::{oauth, Dialect, Exchange, Realm};
use crate::base::UnixMillis;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Any tenant is taken: there is one organisation, whatever it is called.
fn realm() -> Realm {
    Realm {
        name: "Microsoft",
        path: "/microsoft",
        authorise_path: "/common/oauth2/v2.0/authorize",
        token_path: "/common/oauth2/v2.0/token",
        dialect: Dialect::Microsoft,
    }
}

pub(super) fn authorise(world: &mut World, request: &Request) -> Answer {
    let now = world.clock.now();
    let needs_administrator = world.settings.admin_consent;
    let grants = &mut world.microsoft.grants;
    let answer = oauth::authorise(&realm(), grants, &world.accounts, &world.redirects, request, now);
    match back_of(&answer) {
        Some(back) if has(&back, "error") => described(back, "AADSTS65004: User declined to consent to access the app."),
        Some(back) if needs_administrator => {
            described(back, "AADSTS90094: An administrator of the organisation has set a policy that prevents you from granting the permissions.")
        }
        _ => answer,
    }
}

/// The address that a browser is sent back to.
fn back_of(answer: &Answer) -> Option<Url> {
    let (_, to) = answer.headers.iter().find(|(name, _)| *name == "location")?;
    Url::parse(to).ok()
}

fn has(url: &Url, name: &str) -> bool {
    url.query_pairs().any(|(known, _)| known == name)
}

/// Back without a code, with what hinders.
fn described(mut back: Url, description: &str) -> Answer {
    let state: Option<String> =
        back.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned());
    back.query_pairs_mut().clear().append_pair("error", "access_denied").append_pair("error_description", description);
    if let Some(state) = state {
        back.query_pairs_mut().append_pair("state", &state);
    }
    Answer::redirect(back.into()).with("cache-control", "no-store")
}

pub(super) fn token(world: &mut World, request: &Request) -> Answer {
    let now = world.clock.now();
    let (testing_mode, rotate_refresh) = (false, world.settings.rotate_refresh);
    let is_personal = world.settings.personal_account;
    let (grants, accounts) = (&mut world.microsoft.grants, &world.accounts);
    let realm = realm();
    let exchange =
        Exchange { realm: &realm, grants, accounts, request, now, testing_mode, rotate_refresh, is_personal };
    let answer = exchange.answer();
    if answer.status < 400 {
        return answer;
    }
    in_its_words(&answer, now)
}

/// The same refusal with the number that Microsoft gives it.
fn in_its_words(answer: &Answer, now: UnixMillis) -> Answer {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = body["error"].as_str().unwrap_or("invalid_request");
    let (status, number, words) = match error {
        "invalid_grant" => {
            (400, 70_008, "The provided authorization code or refresh token has expired or was revoked.")
        }
        "invalid_client" => (401, 7_000_215, "Invalid client secret provided."),
        "redirect_uri_mismatch" => (400, 50_011, "The redirect URI does not match the one of the code."),
        _ => (400, 900_144, "The request body is not as it should be."),
    };
    let error = if error == "redirect_uri_mismatch" { "invalid_grant" } else { error };
    let body = json!({
        "error": error,
        "error_description": format!("AADSTS{number}: {words} Trace ID: 0 Correlation ID: 0 Timestamp: {}", now.to_rfc3339()),
        "error_codes": [number],
        "timestamp": now.to_rfc3339(),
    });
    Answer::json(status, &body).with("cache-control", "no-store")
}
