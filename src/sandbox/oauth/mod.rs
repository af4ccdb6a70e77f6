//! OAuth 2.0 and OpenID Connect as the simulated Google and the simulated issuer both speak them.
//!
//! Always true: a code works once, within ten minutes, for the client, the redirect URI and the PKCE verifier it was
//! made for (RFC 6749 section 4.1, RFC 7636); a browser is sent to registered redirect URIs only; a token works only for the scopes that a person ticked, and until the
//! clock or a revocation ends it.

mod authorise;
mod grants;
mod id_token;
mod redirects;
mod token;

pub(super) use authorise::authorise;
pub(super) use grants::{Access, Grants};
pub(super) use id_token::key_set;
pub(super) use redirects::Redirects;
pub(super) use token::{fault_answer, revoke, Exchange};

use std::time::Duration;

use serde_json::{json, Value};

use super::wire::{Answer, Request};
use super::world::Account;

/// The resource that Microsoft's scopes belong to when none is named.
const GRAPH: &str = "https://graph.microsoft.com/";

/// The one client that is registered.
pub const CLIENT_ID: &str = "sandbox-client";
pub const CLIENT_SECRET: &str = "sandbox-secret";

/// What differs between the providers that share this code.
pub(super) struct Realm {
    /// As shown to people: `Google`.
    pub name: &'static str,
    /// The path in front of every endpoint: `/google`.
    pub path: &'static str,
    pub authorise_path: &'static str,
    pub token_path: &'static str,
    pub dialect: Dialect,
}

/// How a provider speaks beyond what the standards say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Plain,
    /// People tick scopes one by one, and short scope names come back as URLs.
    Google,
    /// A refresh token is asked for by a scope, and a new one comes with each refresh.
    Microsoft,
    /// What may be done is fixed with the client, a refresh token works once, the client names itself in a header.
    Zoom,
    /// The scopes that were granted are not said; a token lasts for two weeks.
    Webex,
    /// Says whose account it is beside the token; a refresh gives no new refresh token.
    Goto,
}

/// What the registered client may do at Zoom.
const ZOOM_SCOPES: &str =
    "meeting:write:meeting meeting:update:meeting meeting:delete:meeting meeting:read:list_meetings user:read:user";
const DAY: Duration = Duration::from_secs(86_400);

impl Realm {
    /// The name a granted scope is returned under. Google turns `email` and `profile` into URLs.
    fn canonical(&self, scope: &str) -> String {
        match scope {
            "email" | "profile" if self.dialect == Dialect::Google => {
                format!("https://www.googleapis.com/auth/userinfo.{scope}")
            }
            _ => scope.strip_prefix(GRAPH).unwrap_or(scope).to_owned(),
        }
    }

    /// The scopes that are fixed with the client and not asked for.
    fn fixed_scopes(&self) -> Option<&'static str> {
        match self.dialect {
            Dialect::Zoom => Some(ZOOM_SCOPES),
            Dialect::Goto => Some("collab:"),
            Dialect::Plain | Dialect::Google | Dialect::Microsoft | Dialect::Webex => None,
        }
    }

    fn code_life(&self) -> Duration {
        if self.dialect == Dialect::Zoom {
            Duration::from_secs(5 * 60)
        } else {
            Duration::from_secs(10 * 60)
        }
    }

    /// One second short of an hour, as Google states it, at most.
    fn access_life(&self) -> Duration {
        match self.dialect {
            Dialect::Plain | Dialect::Google | Dialect::Microsoft => Duration::from_secs(3_599),
            Dialect::Zoom | Dialect::Goto => Duration::from_secs(3_600),
            Dialect::Webex => DAY * 14,
        }
    }

    /// From its last use; `None`: until it is withdrawn.
    fn refresh_life(&self) -> Option<Duration> {
        match self.dialect {
            Dialect::Plain | Dialect::Google | Dialect::Microsoft => None,
            Dialect::Zoom | Dialect::Webex => Some(DAY * 90),
            Dialect::Goto => Some(DAY * 30),
        }
    }

    /// The client's name and secret are taken from a header only.
    fn wants_basic(&self) -> bool {
        matches!(self.dialect, Dialect::Zoom | Dialect::Goto)
    }

    pub fn issuer(&self, request: &Request) -> String {
        format!("{}{}", request.origin(), self.path)
    }
}

/// `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 section 4).
pub(super) fn discovery(realm: &Realm, request: &Request) -> Answer {
    let at = |path: &str| format!("{}{path}", realm.issuer(request));
    Answer::ok(&json!({
        "issuer": realm.issuer(request),
        "authorization_endpoint": at(realm.authorise_path),
        "token_endpoint": at(realm.token_path),
        "userinfo_endpoint": at("/v1/userinfo"),
        "revocation_endpoint": at("/revoke"),
        "jwks_uri": at("/certs"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "name", "nonce", "sub"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

/// The claims about a person that the scopes of a token open.
pub(super) fn claims_of(account: &Account, access: &Access) -> Value {
    let mut claims = json!({"sub": account.subject});
    let has =
        |short: &str| access.scopes.iter().any(|scope| scope == short || scope.ends_with(&format!("userinfo.{short}")));
    if has("email") {
        claims["email"] = json!(account.email);
        claims["email_verified"] = json!(true);
    }
    if has("profile") {
        let (given, family) = account.name.split_once(' ').unwrap_or((&account.name, ""));
        claims["name"] = json!(account.name);
        claims["given_name"] = json!(given);
        claims["family_name"] = json!(family);
    }
    claims
}
