//! OAuth at the services whose accounts are connected for meetings alone: Zoom, Webex, GoTo.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::Method;
use serde_json::Value;
use url::Url;

use super::{goto, webex, zoom, MeetingClient, Service};
use crate::providers::bases::{at, BadBase};
use crate::providers::error::{one_line, retry_after, ProviderError, Repeat};
use crate::providers::oauth::{Account, Authorize, AuthorizeRequest, ConsentClient, OAuthClient, Revoked, TokenSet};
use crate::providers::outbound::{CallLog, Outbound, Request};
use crate::providers::rest::{below, read_json, Call, Line, LIMITS};
use crate::providers::Secret;

/// How the operator's client is registered, and where the service answers; empty bases mean its own addresses.
#[derive(Clone, Debug, Default)]
pub struct HostConfig {
    pub client_id: String,
    pub client_secret: String,
    pub auth_base: String,
    pub token_base: String,
    pub api_base: String,
}

/// The operator's client at one of them.
///
/// | service | consent | tokens | meetings |
/// |---|---|---|---|
/// | Zoom | `auth_base/oauth/authorize` | `token_base/oauth/token` | `api_base/v2` |
/// | Webex | `auth_base/v1/authorize` | `token_base/v1/access_token` | `api_base/v1` |
/// | GoTo | `auth_base/oauth/authorize` | `token_base/oauth/token` | `api_base/G2M/rest` |
#[derive(Clone, Debug)]
pub struct MeetingOAuth {
    service: Service,
    client: OAuthClient,
    api: Url,
    /// Where access is given back; Zoom alone has such a place.
    revoke: Option<Url>,
}

/// Host and path of the consent page, of the tokens and of the meetings.
struct Places {
    auth: (&'static str, &'static str),
    token: (&'static str, &'static str),
    api: (&'static str, &'static str),
}

const ZOOM: Places = Places {
    auth: ("https://zoom.us", "oauth/authorize"),
    token: ("https://zoom.us", "oauth/token"),
    api: ("https://api.zoom.us", "v2"),
};
const WEBEX: Places = Places {
    auth: ("https://webexapis.com", "v1/authorize"),
    token: ("https://webexapis.com", "v1/access_token"),
    api: ("https://webexapis.com", "v1"),
};
/// The former host of its tokens was switched off.
const GOTO: Places = Places {
    auth: ("https://authentication.logmeininc.com", "oauth/authorize"),
    token: ("https://authentication.logmeininc.com", "oauth/token"),
    api: ("https://api.getgo.com", "G2M/rest"),
};

impl MeetingOAuth {
    pub fn zoom(config: &HostConfig) -> Result<Self, BadBase> {
        let revoke = at("token_base", &config.token_base, ZOOM.token.0, "oauth/revoke")?;
        Ok(Self { revoke: Some(revoke), ..Self::new(Service::Zoom, &ZOOM, config)? })
    }

    pub fn webex(config: &HostConfig) -> Result<Self, BadBase> {
        Self::new(Service::Webex, &WEBEX, config)
    }

    pub fn goto(config: &HostConfig) -> Result<Self, BadBase> {
        Self::new(Service::Goto, &GOTO, config)
    }

    fn new(service: Service, places: &Places, config: &HostConfig) -> Result<Self, BadBase> {
        let auth = at("auth_base", &config.auth_base, places.auth.0, places.auth.1)?;
        let token = at("token_base", &config.token_base, places.token.0, places.token.1)?;
        let api = at("api_base", &config.api_base, places.api.0, places.api.1)?;
        let mut client = OAuthClient::new(&config.client_id, &config.client_secret, &auth, &token);
        // Webex reads the secret in the form, the others in the header.
        client.basic_auth = service != Service::Webex;
        Ok(Self { service, client, api, revoke: None })
    }

    /// The meetings of the account behind `line`.
    pub fn meetings<'a>(&'a self, line: Line<'a>) -> Box<dyn MeetingClient + 'a> {
        let base = &self.api;
        match self.service {
            Service::Webex => Box::new(webex::Webex { base, line }),
            Service::Goto => Box::new(goto::Goto { base, line }),
            Service::Zoom | Service::Teams => Box::new(zoom::Zoom { base, line }),
        }
    }

    fn profile(&self, line: Line<'_>) -> Result<Value, ProviderError> {
        let (segments, classify): (&[&str], _) = match self.service {
            Service::Webex => (&["people", "me"], webex::classify as crate::providers::rest::Classify),
            _ => (&["users", "me"], zoom::classify as crate::providers::rest::Classify),
        };
        read_json(&line.call(Call::get(below(&self.api, segments)), LIMITS, classify)?, Repeat::Safe)
    }
}

impl ConsentClient for MeetingOAuth {
    fn client(&self) -> &OAuthClient {
        &self.client
    }

    /// What may be done is fixed with the client at Zoom and GoTo; only Webex is asked for it by name.
    fn authorize(&self, redirect_uri: &str, scopes: &[&str], _: Option<&str>) -> Result<Authorize, ProviderError> {
        let scopes = if self.service == Service::Webex { scopes } else { &[] };
        self.client.authorize(&AuthorizeRequest { redirect_uri, scopes, extra: &[] })
    }

    fn account(&self, outbound: &Outbound, tokens: &TokenSet, log: &dyn CallLog) -> Result<Account, ProviderError> {
        let unsaid = || ProviderError::Rejected { reason: "it was not said whose account this is".into() };
        if self.service == Service::Goto {
            // It stands beside the token: there is nothing to be asked.
            let email = tokens.principal.clone().filter(|email| !email.is_empty()).ok_or_else(unsaid)?;
            return Ok(Account { subject: email.to_lowercase(), email, email_verified: true, name: String::new() });
        }
        let profile = self.profile(Line { outbound, access_token: &tokens.access_token, log })?;
        let text = |name: &str| profile[name].as_str().unwrap_or_default().to_owned();
        let (email, name) = match self.service {
            Service::Webex => (profile["emails"][0].as_str().unwrap_or_default().to_owned(), text("displayName")),
            _ => (text("email"), format!("{} {}", text("first_name"), text("last_name")).trim().to_owned()),
        };
        let subject = Some(text("id")).filter(|id| !id.is_empty()).ok_or_else(unsaid)?;
        Ok(Account { subject, email, email_verified: true, name })
    }

    fn revoke(&self, outbound: &Outbound, token: &Secret, log: &dyn CallLog) -> Result<Revoked, ProviderError> {
        let Some(url) = &self.revoke else { return Ok(Revoked::ByPersonOnly) };
        let lost = |error| ProviderError::from_transport(error, Repeat::Safe);
        let target = outbound.configured(url.clone()).map_err(|refused| lost(refused.into()))?;
        let pair = format!("{}:{}", self.client.client_id, self.client.client_secret.expose());
        let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
        let request = Request::new(Method::POST, target)
            .header(AUTHORIZATION, &format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes())))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        let answer = outbound.send(request, log).map_err(lost)?;
        let said = String::from_utf8_lossy(&answer.body);
        match answer.status {
            200..=299 => Ok(Revoked::Done),
            // It had ended before.
            400 if said.contains("invalid_") => Ok(Revoked::Done),
            status => {
                let after = retry_after(&answer, outbound.clock().now());
                Err(ProviderError::from_status(status, after, one_line(&said), Repeat::Safe))
            }
        }
    }
}
