//! A plain OpenID Connect issuer under `/oidc`, for signing in with "any other" provider.

use super::oauth::{self, Dialect, Exchange, Grants, Realm};
use super::wire::{Answer, Request};
use super::world::World;

const REALM: Realm = Realm {
    name: "OpenID issuer",
    path: "/oidc",
    authorise_path: "/authorize",
    token_path: "/token",
    dialect: Dialect::Plain,
};

#[derive(Default)]
pub(super) struct Issuer {
    grants: Grants,
}

/// `path` is what follows `/oidc`.
pub(super) fn answer(world: &mut World, request: &Request, path: &[String]) -> Answer {
    let now = world.clock.now();
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let grants = &mut world.oidc.grants;
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", [".well-known", "openid-configuration"]) => oauth::discovery(&REALM, request),
        ("GET" | "POST", ["authorize"]) => {
            oauth::authorise(&REALM, grants, &world.accounts, &world.redirects, request, now)
        }
        ("POST", ["token"]) => {
            let accounts = &world.accounts;
            let (testing_mode, rotate_refresh, is_personal) = (false, false, false);
            Exchange { realm: &REALM, grants, accounts, request, now, testing_mode, rotate_refresh, is_personal }
                .answer()
        }
        ("POST", ["revoke"]) => oauth::revoke(grants, request, now),
        ("GET", ["certs"]) => Answer::ok(&oauth::key_set()),
        ("GET", ["style.css"]) => super::stylesheet(),
        ("GET" | "POST", ["v1", "userinfo"]) => userinfo(world, request),
        _ => Answer::json(404, &serde_json::json!({"error": "not_found"})),
    }
}

fn userinfo(world: &World, request: &Request) -> Answer {
    let access = request.bearer().and_then(|token| world.oidc.grants.access(token, world.clock.now()));
    let account = access.and_then(|access| world.account(&access.email).zip(Some(access)));
    match account {
        Some((account, access)) => Answer::ok(&oauth::claims_of(account, access)),
        None => Answer::json(401, &serde_json::json!({"error": "invalid_token"}))
            .with("www-authenticate", "Bearer error=\"invalid_token\""),
    }
}
