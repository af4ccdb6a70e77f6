//! A JSON API that is called with a bearer token, as the large providers have it.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use http::{HeaderName, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::error::{ProviderError, Repeat};
use super::outbound::{Answer, CallLog, Limits, Outbound, Request};
use super::Secret;
use crate::base::UnixMillis;

/// Lists and single things.
pub(super) const LIMITS: Limits = Limits::of(Duration::from_secs(60), 8 * 1024 * 1024);
/// A raw message of 35 MiB in base64 inside JSON; nothing larger is asked for.
pub(super) const LARGE: Limits = Limits::of(Duration::from_secs(180), 50 * 1024 * 1024);

/// RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// One connection's way out: as whom, and where the calls are noted.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub outbound: &'a Outbound,
    pub access_token: &'a Secret,
    pub log: &'a dyn CallLog,
}

/// One call; the body, if any, is JSON.
pub(super) struct Call<'a> {
    pub method: Method,
    pub url: Url,
    pub body: Option<&'a Value>,
    pub if_match: Option<&'a str>,
    pub prefer: Option<&'a str>,
    pub repeat: Repeat,
}

impl Call<'static> {
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, body: None, if_match: None, prefer: None, repeat: Repeat::Safe }
    }
}

/// What an error of this API means.
pub(super) type Classify = fn(&Answer, UnixMillis, Repeat) -> ProviderError;

impl Line<'_> {
    /// Makes the call; any status but 2xx is an error.
    pub(super) fn call(&self, call: Call<'_>, limits: Limits, classify: Classify) -> Result<Answer, ProviderError> {
        let (repeat, token) = (call.repeat, format!("Bearer {}", self.access_token.expose()));
        let answer = exchange(self.outbound, self.log, call, (AUTHORIZATION, &token), limits)?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(classify(&answer, self.outbound.clock().now(), repeat)),
        }
    }
}

/// Makes the call with the token in the header where the service wants it, and gives whatever was answered.
pub(super) fn exchange(
    outbound: &Outbound,
    log: &dyn CallLog,
    call: Call<'_>,
    (name, token): (HeaderName, &str),
    limits: Limits,
) -> Result<Answer, ProviderError> {
    let lost = |error| ProviderError::from_transport(error, call.repeat);
    let target = outbound.configured(call.url).map_err(|refused| lost(refused.into()))?;
    let mut request = Request::new(call.method, target).header(name, token).limits(limits);
    for (name, value) in [(IF_MATCH, call.if_match), (PREFER, call.prefer)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    if let Some(body) = call.body {
        request = request.header(CONTENT_TYPE, "application/json").body(body.to_string().into_bytes());
    }
    outbound.send(request, log).map_err(lost)
}

pub(super) fn read_json<T: DeserializeOwned>(answer: &Answer, repeat: Repeat) -> Result<T, ProviderError> {
    serde_json::from_slice(&answer.body).map_err(|error| match repeat {
        Repeat::Safe => ProviderError::Retry { after: None, reason: format!("unreadable answer: {error}") },
        Repeat::Unsafe => ProviderError::Unknown { reason: format!("unreadable answer: {error}") },
    })
}

/// `base` with further path segments, each percent-encoded.
pub(super) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
