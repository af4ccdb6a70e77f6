//! The shapes of Graph's answers about messages.

use serde::Deserialize;
use serde_json::Value;

/// A message by its head only.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Head {
    pub id: String,
    pub internet_message_id: Option<String>,
    pub conversation_id: Option<String>,
    pub subject: Option<String>,
    pub from: Option<Recipient>,
    pub is_draft: bool,
    internet_message_headers: Option<Vec<Header>>,
    /// Why it stands here no longer.
    #[serde(rename = "@removed")]
    removed: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Recipient {
    pub email_address: Address,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Address {
    pub name: Option<String>,
    pub address: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Header {
    name: String,
    value: String,
}

impl Head {
    pub(super) fn is_removed(&self) -> bool {
        self.removed.is_some()
    }

    /// The header fields in the message's order; `None` when the answer left them out.
    pub fn headers(&self) -> Option<Vec<(&str, &str)>> {
        let headers = self.internet_message_headers.as_ref()?;
        Some(headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeltaAnswer {
    pub value: Vec<Head>,
    #[serde(rename = "@odata.nextLink")]
    pub next_link: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    pub delta_link: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct FoundAnswer {
    pub value: Vec<Found>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Found {
    pub id: String,
    pub internet_message_id: Option<String>,
    pub conversation_id: Option<String>,
    pub is_draft: bool,
}
