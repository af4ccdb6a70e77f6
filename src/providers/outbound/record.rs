//! The record of calls made for a connection, for its owner to see.

use std::cell::RefCell;
use std::time::Duration;

use url::Url;

use super::rules::{Target, Trust};
use crate::base::UnixMillis;

/// One call to an outside service. Holds no header, no body, no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    pub at: UnixMillis,
    /// HTTP method, or `SMTP` and `IMAP`.
    pub method: String,
    /// Where to; values in the query are dropped unless known to be harmless.
    pub url: String,
    /// HTTP status, or the reply code of SMTP; absent when no answer came.
    pub status: Option<u16>,
    pub took: Duration,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

/// Takes note of each call. Must be quick and must not fail the call.
pub trait CallLog {
    fn record(&self, call: CallRecord);
}

/// For calls that belong to no connection, such as sign-in.
pub struct NoLog;

impl CallLog for NoLog {
    fn record(&self, _call: CallRecord) {}
}

/// Gathers the calls of one piece of work, to be written down behind it.
#[derive(Default)]
pub struct Gathered(RefCell<Vec<CallRecord>>);

impl Gathered {
    pub fn into_calls(self) -> Vec<CallRecord> {
        self.0.into_inner()
    }
}

impl CallLog for Gathered {
    fn record(&self, call: CallRecord) {
        self.0.borrow_mut().push(call);
    }
}

/// Query parameters whose values say nothing secret and nothing about a person.
const HARMLESS: &[&str] = &[
    "format",
    "metadataHeaders",
    "maxResults",
    "startHistoryId",
    "historyTypes",
    "labelId",
    "minAccessRole",
    "sendUpdates",
    "conferenceDataVersion",
    "singleEvents",
    "showDeleted",
    "timeMin",
    "timeMax",
    "$select",
    "$top",
    "changeType",
];

/// The URL as it may be kept and shown. Of a user-given one only the host: paths of webhooks are often secrets.
pub(super) fn redacted(target: &Target) -> String {
    match target.trust {
        Trust::Configured => redacted_query(&target.url),
        Trust::UserGiven => format!("{}/…", target.url.origin().ascii_serialization()),
    }
}

fn redacted_query(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    let shown_value =
        |name: &str, value: &str| if HARMLESS.contains(&name) { value.to_owned() } else { "…".to_owned() };
    let query: Vec<String> =
        url.query_pairs().map(|(name, value)| format!("{name}={}", shown_value(&name, &value))).collect();
    if query.is_empty() {
        return shown.into();
    }
    format!("{shown}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_url_shows_no_secret() {
        let cases = [
            (
                Trust::Configured,
                "https://g.example/v1/messages?maxResults=5&q=to%3Aada",
                "https://g.example/v1/messages?maxResults=5&q=…",
            ),
            (Trust::Configured, "https://g.example/token?access_token=abc#x", "https://g.example/token?access_token=…"),
            (Trust::Configured, "https://g.example/v1/profile", "https://g.example/v1/profile"),
            (Trust::UserGiven, "https://hooks.example/T0/B0/secret?k=v", "https://hooks.example/…"),
        ];
        for (trust, url, expected) in cases {
            let target = Target { url: Url::parse(url).unwrap(), trust };
            assert_eq!(redacted(&target), expected, "{url}");
        }
    }
}
