//! The token and revocation endpoints (RFC 6749 sections 4.1.3 and 6, RFC 7009).

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use super::grants::{Code, Scopes, ACCESS_LIFE, TESTING_LIFE};
use super::{id_token, Access, Grants, Realm, CLIENT_ID, CLIENT_SECRET};
use crate::base::UnixMillis;
use crate::sandbox::wire::{value_of, Answer, Request};
use crate::sandbox::world::Account;

type Form = Vec<(String, String)>;

/// The token endpoint of a realm. `testing_mode` gives refresh tokens seven days to live.
pub(in crate::sandbox) fn exchange(
    realm: &Realm,
    grants: &mut Grants,
    accounts: &[Account],
    request: &Request,
    now: UnixMillis,
    testing_mode: bool,
) -> Answer {
    let form = request.form();
    let answer = client_of(request, &form).and_then(|client| match value_of(&form, "grant_type") {
        Some("authorization_code") => redeem(realm, grants, accounts, request, &form, &client, now, testing_mode),
        Some("refresh_token") => refresh(grants, &form, &client, now),
        Some(other) => Err(refusal(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
        None => Err(refusal(400, "invalid_request", "Required parameter is missing: grant_type")),
    });
    answer.unwrap_or_else(|refusal| refusal).with("cache-control", "no-store")
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
fn client_of(request: &Request, form: &Form) -> Result<String, Answer> {
    let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|value| STANDARD.decode(value).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (id.to_owned(), secret.to_owned()),
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

#[allow(clippy::too_many_arguments)] // one call; a struct for it would only repeat the names
fn redeem(
    realm: &Realm,
    grants: &mut Grants,
    accounts: &[Account],
    request: &Request,
    form: &Form,
    client: &str,
    now: UnixMillis,
    testing_mode: bool,
) -> Result<Answer, Answer> {
    let shown = value_of(form, "code").unwrap_or_default();
    let code = grants.take_code(shown).ok_or_else(|| refusal(400, "invalid_grant", "Malformed auth code."))?;
    check_code(&code, form, client, now)?;
    let access = grants.issue_access(client, &code.email, code.scopes.clone(), now);
    let mut answer = token_body(&access, &code.scopes);
    if code.with_refresh {
        let expires = testing_mode.then(|| now.plus(TESTING_LIFE));
        answer["refresh_token"] = json!(grants.issue_refresh(client, &code.email, code.scopes.clone(), expires));
        if testing_mode {
            answer["refresh_token_expires_in"] = json!(TESTING_LIFE.as_secs());
        }
    }
    if code.scopes.contains("openid") {
        let account = accounts.iter().find(|account| account.email == code.email);
        let granted = grants.access(&access, now);
        let claims = account.zip(granted).map(|(account, granted)| {
            identity_claims(&realm.issuer(request), account, granted, code.nonce.as_deref(), now)
        });
        answer["id_token"] = json!(claims.as_ref().and_then(id_token::sign));
    }
    Ok(Answer::ok(&answer))
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

/// The answer carries no new refresh token: the old one goes on.
fn refresh(grants: &mut Grants, form: &Form, client: &str, now: UnixMillis) -> Result<Answer, Answer> {
    let token = value_of(form, "refresh_token").unwrap_or_default();
    let dead = || refusal(400, "invalid_grant", "Token has been expired or revoked.");
    let grant = grants.refresh(token, now).filter(|grant| grant.client == client).cloned().ok_or_else(dead)?;
    let access = grants.issue_access(client, &grant.email, grant.scopes.clone(), now);
    Ok(Answer::ok(&token_body(&access, &grant.scopes)))
}

fn token_body(access: &str, scopes: &Scopes) -> Value {
    let scope: Vec<&str> = scopes.iter().map(String::as_str).collect();
    json!({
        "access_token": access,
        "expires_in": ACCESS_LIFE.as_secs(),
        "scope": scope.join(" "),
        "token_type": "Bearer",
    })
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

fn refusal(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "error_description": description}))
}
