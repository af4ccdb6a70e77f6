//! What customer systems have in common: people who changed, one person written, a note on a person.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::HeaderName;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::error::{one_line, retry_after, ProviderError, Repeat};
use super::outbound::{Answer, CallLog, Limits, Outbound};
use super::{rest, Secret};
use crate::base::UnixMillis;

const LIMITS: Limits = Limits::of(Duration::from_secs(40), 8 * 1024 * 1024);
/// People of one page.
pub const PAGE: usize = 100;

/// Whose account, and over what.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    pub outbound: &'a Outbound,
    pub base: &'a Url,
    pub token: &'a Secret,
    pub log: &'a dyn CallLog,
}

/// Somebody as the system knows them: its own names of fields, only those with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The system's own id.
    pub id: String,
    /// The main one first.
    pub emails: Vec<String>,
    pub fields: BTreeMap<String, String>,
}

/// Whose system it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Stays when the account is renamed; empty where the system tells none.
    pub id: String,
    pub name: String,
}

/// People in the order in which they changed. `next` is where to go on; absent at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    pub rows: Vec<Person>,
    pub next: Option<String>,
}

/// A customer system. Writes are known again: a person by the address, a note by a mark in its text. Both systems search
/// an index that is behind what was written by a minute or two, so nobody who was just added, and no note, is looked for
/// by searching alone.
pub trait Crm {
    /// Which account it is: proves the token.
    fn account(&self) -> Result<Account, ProviderError>;
    /// Where a walk over all who changed since then begins.
    fn start(&self, since: Option<UnixMillis>) -> String;
    fn changed(&self, cursor: &str) -> Result<People, ProviderError>;
    /// The id of who has this address.
    fn find(&self, email: &str) -> Result<Option<String>, ProviderError>;
    /// Adds the person; the address is known to be nobody's. Gives the id.
    fn add(&self, person: &Person) -> Result<String, ProviderError>;
    fn update(&self, person: &Person) -> Result<(), ProviderError>;
    /// Writes a note on the person. Gives its id.
    fn note(&self, person: &str, text: &str, at: UnixMillis) -> Result<String, ProviderError>;
    /// The note with this mark in its text.
    fn find_note(&self, person: &str, mark: &str) -> Result<Option<String>, ProviderError>;
}

/// One call; the token goes where the service wants it.
pub(super) struct Call<'a> {
    pub method: Method,
    pub url: Url,
    pub token: (HeaderName, String),
    pub body: Option<&'a Value>,
    pub repeat: Repeat,
    /// What an answer that is no success means, where the service says more than its status.
    pub classify: fn(&Answer, UnixMillis) -> Option<ProviderError>,
}

impl Session<'_> {
    /// A path of the service: its parts, each of which may hold anything.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = rest::below(self.base, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    pub(super) fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ProviderError> {
        let Call { method, url, token: (name, token), body, repeat, classify } = call;
        let call = rest::Call { method, url, body, if_match: None, prefer: None, repeat };
        let answer = rest::exchange(self.outbound, self.log, call, (name, &token), LIMITS)?;
        let now = self.outbound.clock().now();
        match answer.status {
            200..=299 => rest::read_json(&answer, repeat),
            401 => Err(ProviderError::Reconnect { reason: "the token was refused".into() }),
            403 => Err(ProviderError::MissingScope { reason: said(&answer) }),
            status => Err(classify(&answer, now).unwrap_or_else(|| {
                ProviderError::from_status(status, retry_after(&answer, now), said(&answer), repeat)
            })),
        }
    }
}

/// The service's own words for what is wrong.
pub(super) fn said(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = body["message"].as_str().or_else(|| body["error"].as_str()).unwrap_or_default();
    if words.is_empty() {
        return format!("status {}", answer.status);
    }
    one_line(words)
}

/// An id, which some systems give as a number; empty where there is none.
pub(super) fn id_text(value: &Value) -> String {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string())).unwrap_or_default()
}

/// Fields of a JSON object that are texts or numbers, without the empty ones.
pub(super) fn texts(object: &Value, names: &[&str]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let each = names.iter().filter_map(|name| Some(((*name).to_owned(), text(&object[*name])?)));
    each.filter(|(_, value)| !value.is_empty()).collect()
}
