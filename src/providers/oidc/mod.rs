//! Sign-in with any OpenID Connect issuer, Google among them (OpenID Connect Core 1.0, Discovery 1.0).
//!
//! `discover` → `Issuer::authorize` → (browser) → `Issuer::finish`, which returns who signed in, or why not.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use http::header::AUTHORIZATION;
use http::Method;
use ring::signature::{RsaPublicKeyComponents, RSA_PKCS1_2048_8192_SHA256};
use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::error::{retry_after, ProviderError, Repeat};
use super::oauth::{Authorize, AuthorizeRequest, OAuthClient};
use super::outbound::{Limits, NoLog, Outbound, Request};
use super::Secret;
use crate::base::UnixMillis;

/// Clocks may differ by so much.
const LEEWAY: Duration = Duration::from_secs(60);
/// Discovery documents, key sets and user info are small.
const LIMITS: Limits = Limits::of(Duration::from_secs(15), 256 * 1024);
const SCOPES: &[&str] = &["openid", "email", "profile"];

/// An issuer as it describes itself. May be kept for an hour or so.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub jwks_uri: Url,
    pub userinfo_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// An issuer at which this server is registered.
#[derive(Clone, Debug)]
pub struct Issuer {
    discovery: Discovery,
    client: OAuthClient,
}

/// What `authorize` put into the session, to be checked against the callback.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub pkce_verifier: &'a Secret,
    pub nonce: &'a Secret,
}

/// Who signed in. `issuer` and `subject` together are the identity; an address may change hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub name: Option<String>,
}

/// A token that does not prove what it should. The text is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadIdToken {
    #[error("not a signed token")]
    Malformed,
    #[error("signed by another method than RS256")]
    Algorithm,
    #[error("signed by a key the issuer does not publish")]
    UnknownKey,
    #[error("the signature is wrong")]
    Signature,
    #[error("from another issuer")]
    Issuer,
    #[error("for another client")]
    Audience,
    #[error("expired, or from the future")]
    Time,
    #[error("for another sign-in")]
    Nonce,
}

/// Reads the issuer's own description. `issuer` is configured by the operator; the endpoints found must keep to
/// the rules for configured bases too.
pub fn discover(outbound: &Outbound, issuer: &Url) -> Result<Discovery, ProviderError> {
    let base = issuer.as_str().trim_end_matches('/');
    let reject = |reason: String| ProviderError::Rejected { reason };
    let url = Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|e| reject(e.to_string()))?;
    let found: Discovery = get_json(outbound, &url, None)?;
    // OpenID Connect Discovery section 4.3: a description of somebody else is no description.
    if found.issuer.trim_end_matches('/') != base {
        return Err(reject(format!("{base} calls itself {}", super::error::one_line(&found.issuer))));
    }
    Ok(found)
}

impl Issuer {
    pub fn new(discovery: Discovery, client_id: &str, client_secret: Secret) -> Self {
        let methods = &discovery.token_endpoint_auth_methods_supported;
        let client = OAuthClient {
            client_id: client_id.to_owned(),
            client_secret,
            auth_url: discovery.authorization_endpoint.clone(),
            token_url: discovery.token_endpoint.clone(),
            // client_secret_basic is the default when nothing is listed.
            basic_auth: !methods.iter().any(|method| method == "client_secret_post"),
        };
        Self { discovery, client }
    }

    /// The issuer's sign-in page. Keep `state`, `pkce_verifier` and `nonce` in the browser's session.
    pub fn authorize(&self, redirect_uri: &str, login_hint: Option<&str>) -> Result<Authorize, ProviderError> {
        let extra: Vec<_> = login_hint.map(|hint| ("login_hint", hint)).into_iter().collect();
        self.client.authorize(&AuthorizeRequest { redirect_uri, scopes: SCOPES, extra: &extra })
    }

    /// Exchanges the code, verifies the token, and asks for the address when the token has none. The caller has
    /// compared `state` already.
    pub fn finish(&self, outbound: &Outbound, callback: Callback<'_>) -> Result<Identity, ProviderError> {
        let tokens =
            self.client.exchange(outbound, callback.code, callback.redirect_uri, callback.pkce_verifier, &NoLog)?;
        let reject = |reason: String| ProviderError::Rejected { reason };
        let id_token = tokens.id_token.ok_or_else(|| reject("the issuer gave no id_token".into()))?;
        let keys: KeySet = get_json(outbound, &self.discovery.jwks_uri, None)?;
        let claims = self
            .verify(&keys, id_token.expose(), callback.nonce.expose(), outbound.clock().now())
            .map_err(|error| reject(error.to_string()))?;
        match (&claims.email, &self.discovery.userinfo_endpoint) {
            (None, Some(endpoint)) => {
                let more: Claims = get_json(outbound, endpoint, Some(&tokens.access_token))?;
                // Core section 5.3.2: user info of another subject must not be used.
                let same = more.sub == claims.sub;
                Ok(self.identity(if same { more } else { claims }))
            }
            _ => Ok(self.identity(claims)),
        }
    }

    /// Checks an id_token (Core section 3.1.3.7).
    fn verify(&self, keys: &KeySet, token: &str, nonce: &str, now: UnixMillis) -> Result<Claims, BadIdToken> {
        let (signed, signature) = token.rsplit_once('.').ok_or(BadIdToken::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(BadIdToken::Malformed)?;
        let header: TokenHeader = decode_json(header)?;
        if header.alg != "RS256" {
            return Err(BadIdToken::Algorithm);
        }
        let key = keys.find(header.kid.as_deref()).ok_or(BadIdToken::UnknownKey)?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).map_err(|_| BadIdToken::Malformed)?;
        key.components()?
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .map_err(|_| BadIdToken::Signature)?;
        let claims: Claims = decode_json(payload)?;
        self.check(&claims, nonce, now)?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims, nonce: &str, now: UnixMillis) -> Result<(), BadIdToken> {
        // Google has long written its name without the scheme.
        let ours = claims.iss == self.discovery.issuer
            || (claims.iss == "accounts.google.com" && self.discovery.issuer == "https://accounts.google.com");
        if !ours {
            return Err(BadIdToken::Issuer);
        }
        if !claims.is_for(&self.client.client_id) {
            return Err(BadIdToken::Audience);
        }
        let expired = UnixMillis::from_seconds(claims.exp) < now.minus(LEEWAY);
        let from_the_future = UnixMillis::from_seconds(claims.iat) > now.plus(LEEWAY);
        if expired || from_the_future {
            return Err(BadIdToken::Time);
        }
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(BadIdToken::Nonce);
        }
        Ok(())
    }

    fn identity(&self, claims: Claims) -> Identity {
        Identity {
            issuer: self.discovery.issuer.clone(),
            subject: claims.sub,
            // Some issuers write the flag as text.
            email_verified: claims.email_verified == Value::Bool(true) || claims.email_verified == "true",
            email: claims.email,
            name: claims.name,
        }
    }
}

#[derive(Deserialize)]
struct TokenHeader {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    aud: Value,
    azp: Option<String>,
    #[serde(default)]
    exp: i64,
    #[serde(default)]
    iat: i64,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    name: Option<String>,
}

impl Claims {
    /// One audience that is ours, or several with ours among them and named as the authorised party.
    fn is_for(&self, client_id: &str) -> bool {
        match &self.aud {
            Value::String(aud) => aud == client_id,
            Value::Array(all) if all.len() == 1 => all[0] == client_id,
            Value::Array(all) => all.iter().any(|aud| aud == client_id) && self.azp.as_deref() == Some(client_id),
            _ => false,
        }
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

impl KeySet {
    /// The key with this id; without an id, the only RSA key there is.
    fn find(&self, kid: Option<&str>) -> Option<&Key> {
        let signs = |key: &&Key| key.kty == "RSA" && key.used_for.as_deref().unwrap_or("sig") == "sig";
        let mut keys = self.keys.iter().filter(signs).filter(|key| kid.is_none() || key.kid.as_deref() == kid);
        let first = keys.next()?;
        (kid.is_some() || keys.next().is_none()).then_some(first)
    }
}

impl Key {
    fn components(&self) -> Result<RsaPublicKeyComponents<Vec<u8>>, BadIdToken> {
        let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadIdToken::UnknownKey);
        // ring wants the modulus without leading zeros.
        let n = decode(&self.n)?.into_iter().skip_while(|byte| *byte == 0).collect();
        Ok(RsaPublicKeyComponents { n, e: decode(&self.e)? })
    }
}

fn decode_json<T: DeserializeOwned>(part: &str) -> Result<T, BadIdToken> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| BadIdToken::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| BadIdToken::Malformed)
}

fn get_json<T: DeserializeOwned>(outbound: &Outbound, url: &Url, token: Option<&Secret>) -> Result<T, ProviderError> {
    let lost = |error| ProviderError::from_transport(error, Repeat::Safe);
    let target = outbound.configured(url.clone()).map_err(|refused| lost(refused.into()))?;
    let mut request = Request::new(Method::GET, target).limits(LIMITS);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, &format!("Bearer {}", token.expose()));
    }
    let answer = outbound.send(request, &NoLog).map_err(lost)?;
    if answer.status != 200 {
        let after = retry_after(&answer, outbound.clock().now());
        let reason = format!("{} answered {}", url.host_str().unwrap_or_default(), answer.status);
        return Err(ProviderError::from_status(answer.status, after, reason, Repeat::Safe));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| ProviderError::Rejected { reason: format!("unreadable answer of the issuer: {error}") })
}

#[cfg(test)]
mod tests;
