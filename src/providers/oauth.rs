//! The OAuth 2.0 authorisation code flow with PKCE (RFC 6749, RFC 7636), for any provider.
//!
//! The `oauth2` crate forms requests and reads answers; `outbound` carries them.

use data_encoding::BASE64URL_NOPAD;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType, BasicTokenType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;

use super::error::{one_line, ProviderError, Repeat};
use super::outbound::{CallLog, Limits, Outbound, Request, TransportError};
use super::Secret;
use crate::base::UnixMillis;

/// A registered client and where its provider listens.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    pub client_id: String,
    pub client_secret: Secret,
    pub auth_url: Url,
    pub token_url: Url,
    /// Send the client's name and secret in a header instead of in the form.
    pub basic_auth: bool,
}

/// What the consent page is asked for.
#[derive(Clone, Debug, Default)]
pub struct AuthorizeRequest<'a> {
    pub redirect_uri: &'a str,
    pub scopes: &'a [&'a str],
    /// Further parameters, such as `access_type` or `login_hint`.
    pub extra: &'a [(&'a str, &'a str)],
}

/// Where to send the browser, and what to keep in its session until it comes back. `state` must be
/// compared before anything else and used once; all three are fresh and random.
#[derive(Clone, Debug)]
pub struct Authorize {
    pub url: Url,
    pub state: Secret,
    pub pkce_verifier: Secret,
    pub nonce: Secret,
}

/// Tokens as granted. Seal them at once.
#[derive(Clone, Debug)]
pub struct TokenSet {
    pub access_token: Secret,
    /// After a refresh this is the old one unless the provider gave a new one.
    pub refresh_token: Option<Secret>,
    pub expires_at: UnixMillis,
    /// What was really granted: people can untick single scopes. Empty when the provider does not say.
    pub scopes: Vec<String>,
    pub id_token: Option<Secret>,
    /// Whose account it is, where the token endpoint says so itself, as GoTo's does.
    pub principal: Option<String>,
}

impl TokenSet {
    /// The scopes of `needed` that were not granted.
    pub fn missing<'a>(&self, needed: &[&'a str]) -> Vec<&'a str> {
        needed.iter().filter(|scope| !self.scopes.iter().any(|granted| granted == *scope)).copied().collect()
    }

    /// What the id token states, unchecked: it came straight from the token endpoint over TLS, which may stand in for
    /// its signature (OpenID Connect Core 3.1.3.7, 6). `None` without one that is for `client_id`.
    pub(super) fn claims<T: serde::de::DeserializeOwned>(&self, client_id: &str) -> Option<T> {
        #[derive(Deserialize)]
        struct Claims<T> {
            aud: String,
            #[serde(flatten)]
            stated: T,
        }
        let payload = self.id_token.as_ref()?.expose().split('.').nth(1)?;
        let claims: Claims<T> = serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?).ok()?;
        (claims.aud == client_id).then_some(claims.stated)
    }
}

/// Whose account was connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's stable id at its provider.
    pub subject: String,
    pub email: String,
    /// Must hold before the address is used for anything.
    pub email_verified: bool,
    pub name: String,
}

/// How far a grant was withdrawn at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// It has ended there.
    Done,
    /// The provider lets nobody but the person withdraw it.
    ByPersonOnly,
}

/// The operator's client at a provider whose accounts are connected by consent.
pub trait ConsentClient {
    fn client(&self) -> &OAuthClient;

    /// The consent page for a connection that works while nobody is signed in.
    fn authorize(
        &self,
        redirect_uri: &str,
        scopes: &[&str],
        login_hint: Option<&str>,
    ) -> Result<Authorize, ProviderError>;

    /// What the token endpoint answered, as this provider means it.
    fn understood(&self, answer: Result<TokenSet, ProviderError>) -> Result<TokenSet, ProviderError> {
        answer
    }

    /// See `OAuthClient::exchange`.
    fn exchange(
        &self,
        outbound: &Outbound,
        code: &str,
        redirect_uri: &str,
        verifier: &Secret,
        log: &dyn CallLog,
    ) -> Result<TokenSet, ProviderError> {
        self.understood(self.client().exchange(outbound, code, redirect_uri, verifier, log))
    }

    /// See `OAuthClient::refresh`.
    fn refresh(&self, outbound: &Outbound, token: &Secret, log: &dyn CallLog) -> Result<TokenSet, ProviderError> {
        self.understood(self.client().refresh(outbound, token, log))
    }

    /// Whose account was just connected.
    fn account(&self, outbound: &Outbound, tokens: &TokenSet, log: &dyn CallLog) -> Result<Account, ProviderError>;

    /// Ends the whole grant, by its access or refresh token. A grant that is dead already is a success.
    fn revoke(&self, outbound: &Outbound, token: &Secret, log: &dyn CallLog) -> Result<Revoked, ProviderError>;
}

/// The answer's fields beyond RFC 6749.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct OpenIdFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal: Option<String>,
}
impl oauth2::ExtraTokenFields for OpenIdFields {}

type TokenAnswer = StandardTokenResponse<OpenIdFields, BasicTokenType>;
type CodeClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    oauth2::basic::BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;
type TokenError = RequestTokenError<TransportError, BasicErrorResponse>;

/// Token endpoints answer small JSON.
const LIMITS: Limits = Limits::of(Duration::from_secs(20), 64 * 1024);
/// How long a token lives when its provider does not say (RFC 6749 section 5.1 only recommends it).
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);

impl OAuthClient {
    /// A client that sends its name and secret in the form.
    pub(super) fn new(id: &str, secret: &str, auth_url: &Url, token_url: &Url) -> Self {
        Self {
            client_id: id.to_owned(),
            client_secret: Secret::new(secret),
            auth_url: auth_url.clone(),
            token_url: token_url.clone(),
            basic_auth: false,
        }
    }

    /// The address of the consent page, with PKCE, state and nonce.
    pub fn authorize(&self, request: &AuthorizeRequest<'_>) -> Result<Authorize, ProviderError> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random();
        let client = self.client()?.set_redirect_uri(redirect(request.redirect_uri)?);
        let mut page = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
        for scope in request.scopes {
            page = page.add_scope(Scope::new((*scope).to_owned()));
        }
        for (name, value) in request.extra {
            page = page.add_extra_param(*name, *value);
        }
        if request.scopes.contains(&"openid") {
            page = page.add_extra_param("nonce", nonce.secret().clone());
        }
        let (url, state) = page.url();
        Ok(Authorize {
            url,
            state: Secret::new(state.secret().as_str()),
            pkce_verifier: Secret::new(verifier.secret().as_str()),
            nonce: Secret::new(nonce.secret().as_str()),
        })
    }

    /// Exchanges the code from the callback. `Reconnect` when it was used, has expired or does not fit.
    pub fn exchange(
        &self,
        outbound: &Outbound,
        code: &str,
        redirect_uri: &str,
        pkce_verifier: &Secret,
        log: &dyn CallLog,
    ) -> Result<TokenSet, ProviderError> {
        let asked_at = outbound.clock().now();
        let answer = self
            .client()?
            .set_redirect_uri(redirect(redirect_uri)?)
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(pkce_verifier.expose().to_owned()))
            .request(&over(outbound, log))
            .map_err(token_error)?;
        Ok(token_set(&answer, asked_at, None))
    }

    /// Gets a new access token. Hold the connection's lock: some providers end the old refresh token.
    /// `Reconnect` when the grant is dead; the stored tokens stay valid on every other error.
    pub fn refresh(
        &self,
        outbound: &Outbound,
        refresh_token: &Secret,
        log: &dyn CallLog,
    ) -> Result<TokenSet, ProviderError> {
        let asked_at = outbound.clock().now();
        let answer = self
            .client()?
            .exchange_refresh_token(&RefreshToken::new(refresh_token.expose().to_owned()))
            .request(&over(outbound, log))
            .map_err(token_error)?;
        Ok(token_set(&answer, asked_at, Some(refresh_token)))
    }

    fn client(&self) -> Result<CodeClient, ProviderError> {
        let invalid = |error: oauth2::url::ParseError| ProviderError::Rejected { reason: error.to_string() };
        Ok(Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose().to_owned()))
            .set_auth_type(if self.basic_auth { AuthType::BasicAuth } else { AuthType::RequestBody })
            .set_auth_uri(AuthUrl::new(self.auth_url.to_string()).map_err(invalid)?)
            .set_token_uri(TokenUrl::new(self.token_url.to_string()).map_err(invalid)?))
    }
}

fn redirect(uri: &str) -> Result<RedirectUrl, ProviderError> {
    RedirectUrl::new(uri.to_owned()).map_err(|error| ProviderError::Rejected { reason: error.to_string() })
}

/// Carries the crate's requests through the guarded client.
fn over<'a>(
    outbound: &'a Outbound,
    log: &'a dyn CallLog,
) -> impl Fn(HttpRequest) -> Result<HttpResponse, TransportError> + 'a {
    move |request| {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string()).map_err(|error| TransportError::NotSent(error.to_string()))?;
        let mut call = Request::new(head.method, outbound.configured(url)?).body(body).limits(LIMITS);
        call.headers = head.headers;
        let answer = outbound.send(call, log)?;
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

fn token_set(answer: &TokenAnswer, asked_at: UnixMillis, old_refresh: Option<&Secret>) -> TokenSet {
    let fresh = answer.refresh_token().map(|token| Secret::new(token.secret().as_str()));
    TokenSet {
        access_token: Secret::new(answer.access_token().secret().as_str()),
        refresh_token: fresh.or_else(|| old_refresh.cloned()),
        // Counted from before the request, so that it is rather early than late.
        expires_at: asked_at.plus(answer.expires_in().unwrap_or(DEFAULT_LIFE)),
        scopes: answer.scopes().map(|all| all.iter().map(|scope| scope.to_string()).collect()).unwrap_or_default(),
        id_token: answer.extra_fields().id_token.as_deref().map(Secret::new),
        principal: answer.extra_fields().principal.clone(),
    }
}

/// RFC 6749 section 5.2. Asking again is safe: a code or a refresh token that was used answers `invalid_grant`.
fn token_error(error: TokenError) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(said) => {
            let reason = one_line(said.error_description().map_or_else(|| said.error().as_ref(), String::as_str));
            match said.error() {
                BasicErrorResponseType::InvalidGrant => ProviderError::Reconnect { reason },
                BasicErrorResponseType::InvalidScope => ProviderError::MissingScope { reason },
                // Nobody but the person can go on (OpenID Connect Core section 3.1.2.6).
                BasicErrorResponseType::Extension(code)
                    if ["interaction_required", "login_required", "consent_required"].contains(&code.as_str()) =>
                {
                    ProviderError::Reconnect { reason }
                }
                BasicErrorResponseType::Extension(code)
                    if ["temporarily_unavailable", "server_error", "internal_failure"].contains(&code.as_str()) =>
                {
                    ProviderError::Retry { after: None, reason }
                }
                // The client id or secret is wrong: the operator has to act, the user cannot.
                _ => ProviderError::Rejected { reason },
            }
        }
        RequestTokenError::Request(error) => ProviderError::from_transport(error, Repeat::Safe),
        // Not OAuth's JSON: a gateway's error page, which passes.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            ProviderError::Retry { after: None, reason: "the token endpoint gave no usable answer".into() }
        }
    }
}
