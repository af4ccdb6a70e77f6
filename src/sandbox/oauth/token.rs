//! The token and revocation endpoints (RFC 6749 sections 4.1.3 and 6, RFC 7009).

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use super::grants::{Code, Scopes, TESTING_LIFE};
use super::{id_token, Access, Dialect, Grants, Realm, CLIENT_ID, CLIENT_SECRET};
use crate::base::UnixMillis;
use crate::providers::microsoft::meetings::PERSONAL_TENANT;
use crate::sandbox::wire::{value_of, Answer, Request};
use crate::sandbox::world::Account;

/// The one organisation of the simulated Microsoft.
const TENANT: &str = "7d1c4f0e-0000-4000-8000-5a6d0b0c5eed";

type Form = Vec<(String, String)>;

/// What the token endpoint works with.
pub(in crate::sandbox) struct Exchange<'a> {
    pub realm: &'a Realm,
    pub grants: &'a mut Grants,
    pub accounts: &'a [Account],
    pub request: &'a Request,
    pub now: UnixMillis,
    /// Refresh tokens get seven days to live.
    pub testing_mode: bool,
    /// A refresh answers with a new refresh token, and the old one ends.
    pub rotate_refresh: bool,
    /// At Microsoft: the account is a person's own, in no organisation.
    pub is_personal: bool,
}

impl Exchange<'_> {
    pub fn answer(mut self) -> Answer {
        let form = self.request.form();
        let answer =
            client_of(self.realm, self.request, &form).and_then(|client| match value_of(&form, "grant_type") {
                Some("authorization_code") => self.redeem(&form, &client),
                Some("refresh_token") => self.refresh(&form, &client),
                Some(other) => Err(refusal(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
                None => Err(refusal(400, "invalid_request", "Required parameter is missing: grant_type")),
            });
        answer.unwrap_or_else(|refusal| refusal).with("cache-control", "no-store")
    }

    fn redeem(&mut self, form: &Form, client: &str) -> Result<Answer, Answer> {
        let shown = value_of(form, "code").unwrap_or_default();
        let code = self.grants.take_code(shown).ok_or_else(|| refusal(400, "invalid_grant", "Malformed auth code."))?;
        check_code(&code, form, client, self.now)?;
        let access =
            self.grants.issue_access(client, &code.email, code.scopes.clone(), self.now, self.realm.access_life());
        let mut answer = self.token_body(&access, &code.scopes, &code.email);
        if code.with_refresh {
            let life = if self.testing_mode { Some(TESTING_LIFE) } else { self.realm.refresh_life() };
            let expires = life.map(|life| self.now.plus(life));
            answer["refresh_token"] =
                json!(self.grants.issue_refresh(client, &code.email, code.scopes.clone(), expires));
            if self.testing_mode {
                answer["refresh_token_expires_in"] = json!(TESTING_LIFE.as_secs());
            }
        }
        if code.scopes.contains("openid") {
            answer["id_token"] = json!(self.id_token(&access, &code));
        }
        Ok(Answer::ok(&answer))
    }

    fn id_token(&self, access: &str, code: &Code) -> Option<String> {
        let account = self.accounts.iter().find(|account| account.email == code.email)?;
        let granted = self.grants.access(access, self.now)?;
        let issuer = self.realm.issuer(self.request);
        let mut claims = identity_claims(&issuer, account, granted, code.nonce.as_deref(), self.now);
        if self.realm.dialect == Dialect::Microsoft {
            claims["tid"] = json!(if self.is_personal { PERSONAL_TENANT } else { TENANT });
            claims["oid"] = json!(account.subject);
            claims["preferred_username"] = json!(account.email);
        }
        id_token::sign(&claims)
    }

    /// Microsoft names what the access token is good for; what else was asked for shows in the other tokens.
    fn token_body(&self, access: &str, scopes: &Scopes, email: &str) -> Value {
        let is_named = |scope: &&str| {
            self.realm.dialect != Dialect::Microsoft
                || !["openid", "profile", "email", "offline_access"].contains(scope)
        };
        let scope: Vec<&str> = scopes.iter().map(String::as_str).filter(is_named).collect();
        let mut body = json!({
            "access_token": access,
            "expires_in": self.realm.access_life().as_secs(),
            "scope": scope.join(" "),
            "token_type": "Bearer",
        });
        match self.realm.dialect {
            Dialect::Webex => {
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("scope");
                }
            }
            Dialect::Goto => body["principal"] = json!(email),
            Dialect::Plain | Dialect::Google | Dialect::Microsoft | Dialect::Zoom => {}
        }
        body
    }

    /// Google's answer carries no new refresh token as a rule, Microsoft's always does; in both the old one goes on.
    /// With `rotate_refresh` it is replaced.
    fn refresh(&mut self, form: &Form, client: &str) -> Result<Answer, Answer> {
        let token = value_of(form, "refresh_token").unwrap_or_default();
        let dead = || refusal(400, "invalid_grant", "Token has been expired or revoked.");
        let grant = self.grants.refresh(token, self.now).filter(|grant| grant.client == client).cloned();
        let grant = grant.ok_or_else(dead)?;
        let life = self.realm.access_life();
        let access = self.grants.issue_access(client, &grant.email, grant.scopes.clone(), self.now, life);
        let mut answer = self.token_body(&access, &grant.scopes, &grant.email);
        let expires = match self.realm.refresh_life() {
            Some(life) => Some(self.now.plus(life)),
            None => grant.expires,
        };
        self.grants.extend_refresh(token, expires);
        if self.realm.dialect == Dialect::Webex {
            answer["refresh_token"] = json!(token);
        }
        if self.rotate_refresh {
            self.grants.end_refresh(token);
        }
        if self.rotate_refresh || self.realm.dialect == Dialect::Microsoft {
            answer["refresh_token"] =
                json!(self.grants.issue_refresh(client, &grant.email, grant.scopes.clone(), expires));
        }
        Ok(Answer::ok(&answer))
    }
}

/// The revocation endpoint: either token ends the whole grant.
pub(in crate::sandbox) fn revoke(grants: &mut Grants, request: &Request, now: UnixMillis) -> Answer {
    let form = request.form();
    let token = value_of(&form, "token").or_else(|| request.param("token")).unwrap_or_default();
    if grants.revoke_token(token, now) {
        Answer::ok(&json!({}))
    } else {
        refusal(400, "invalid_token", "Token expired or revoked")
    }
}

/// The client, from the form or from basic authentication.
fn client_of(realm: &Realm, request: &Request, form: &Form) -> Result<String, Answer> {
    let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|value| STANDARD.decode(value).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (id.to_owned(), secret.to_owned()),
        None if realm.wants_basic() => {
            return Err(refusal(401, "invalid_client", "Invalid client_id or client_secret"))
        }
        None => {
            let field = |name| value_of(form, name).unwrap_or_default().to_owned();
            (field("client_id"), field("client_secret"))
        }
    };
    if id != CLIENT_ID {
        return Err(refusal(401, "invalid_client", "The OAuth client was not found."));
    }
    if secret != CLIENT_SECRET {
        return Err(refusal(401, "invalid_client", "Unauthorized"));
    }
    Ok(id)
}

fn check_code(code: &Code, form: &Form, client: &str, now: UnixMillis) -> Result<(), Answer> {
    if code.client != client || now >= code.expires {
        return Err(refusal(400, "invalid_grant", "Bad Request"));
    }
    if value_of(form, "redirect_uri") != Some(&code.redirect_uri) {
        return Err(refusal(400, "redirect_uri_mismatch", "Bad Request"));
    }
    match (&code.challenge, value_of(form, "code_verifier")) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(refusal(400, "invalid_grant", "Missing code verifier.")),
        (Some(challenge), Some(verifier)) if fits(verifier, challenge) => Ok(()),
        _ => Err(refusal(400, "invalid_grant", "Invalid code verifier.")),
    }
}

/// PKCE with S256: RFC 7636 section 4.6, lengths of section 4.1.
fn fits(verifier: &str, challenge: &str) -> bool {
    (43..=128).contains(&verifier.len()) && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
}

fn identity_claims(issuer: &str, account: &Account, access: &Access, nonce: Option<&str>, now: UnixMillis) -> Value {
    let mut claims = super::claims_of(account, access);
    claims["iss"] = json!(issuer);
    claims["aud"] = json!(access.client);
    claims["azp"] = json!(access.client);
    claims["iat"] = json!(now.as_seconds());
    claims["exp"] = json!(now.as_seconds() + 3_600);
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

/// What the endpoint answers when a status is asked for by `/control/faults`.
pub(in crate::sandbox) fn fault_answer(status: u16) -> Answer {
    match status {
        400 => refusal(400, "invalid_grant", "Token has been expired or revoked."),
        401 => refusal(401, "invalid_client", "Unauthorized"),
        429 => refusal(429, "rate_limit_exceeded", "Rate Limit Exceeded"),
        _ => refusal(status, "internal_failure", "Internal error encountered."),
    }
}

fn refusal(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}
