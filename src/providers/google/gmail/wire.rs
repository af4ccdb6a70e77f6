//! The shapes of Gmail's answers, and ids of places in a mailbox's history.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MessageRef;

/// A place in the mailbox's history, as decimal digits. Ordered as a number; Google says 64 bits, others more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HistoryId(String);

impl HistoryId {
    /// `None` when it is not a number.
    pub fn parse(digits: &str) -> Option<Self> {
        let fits = (1..=40).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let significant = digits.trim_start_matches('0');
        fits.then(|| Self(if significant.is_empty() { "0" } else { significant }.to_owned()))
    }

    /// The beginning; Google itself refuses 0.
    pub(super) fn first() -> Self {
        Self("1".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for HistoryId {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for HistoryId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Large numbers come as strings in Google's JSON.
pub(super) fn number(value: &Value) -> Option<HistoryId> {
    match value {
        Value::String(digits) => HistoryId::parse(digits),
        Value::Number(number) => HistoryId::parse(&number.to_string()),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MinimalAnswer {
    #[serde(default)]
    pub history_id: Value,
}

#[derive(Deserialize)]
pub(super) struct MetadataAnswer {
    #[serde(flatten)]
    pub message: MessageRef,
    #[serde(default, rename = "sizeEstimate")]
    pub size_estimate: u64,
    #[serde(default)]
    pub payload: Payload,
}

#[derive(Default, Deserialize)]
pub(super) struct Payload {
    #[serde(default)]
    pub headers: Vec<Header>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub name: String,
    #[serde(default)]
    pub value: String,
}

#[derive(Deserialize)]
pub(super) struct RawAnswer {
    pub raw: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileAnswer {
    pub email_address: String,
    #[serde(default)]
    pub history_id: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryAnswer {
    #[serde(default)]
    pub history: Vec<HistoryRecord>,
    #[serde(default)]
    pub history_id: Value,
    pub next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryRecord {
    #[serde(default)]
    pub id: Value,
    #[serde(default)]
    pub messages_added: Vec<HistoryMessage>,
}

#[derive(Deserialize)]
pub(super) struct HistoryMessage {
    pub message: MessageRef,
}
