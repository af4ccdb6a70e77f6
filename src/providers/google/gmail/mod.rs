//! Gmail API v1: send, and read what answers it.
//!
//! Shapes: Google's discovery document `gmail:v1`. Units of quota: send 100, get 20, list 5, history 2, profile 1.

mod wire;

use data_encoding::BASE64URL_NOPAD;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Session;
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::rest::{below, Call};
use wire::{number, HistoryAnswer, MetadataAnswer, MinimalAnswer, ProfileAnswer, RawAnswer};

pub use wire::HistoryId;

/// Gmail's ids of a message and of its conversation; neither is the Message-ID header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRef {
    pub id: String,
    #[serde(default)]
    pub thread_id: String,
    #[serde(default, rename = "labelIds")]
    pub labels: Vec<String>,
}

/// The headers asked for, in the message's order, and where the message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub message: MessageRef,
    /// Gmail's estimate of the whole message; look here before asking for `raw`.
    pub size_bytes: u64,
    pub headers: Vec<(String, String)>,
}

impl Metadata {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub email: String,
    /// Where to begin reading the history.
    pub history_id: HistoryId,
}

/// What arrived since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// Store `cursor` only after `added` has been worked through. Each message stands once.
    Read { added: Vec<MessageRef>, cursor: HistoryId },
    /// The cursor is too old. List by date, drop what is known, take a fresh cursor from `profile`.
    Expired,
}

/// A message found by search, and the page after it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageList {
    pub messages: Vec<MessageRef>,
    pub next_page_token: Option<String>,
}

/// Header that every mail of ours carries, with our own message id; Gmail may replace the Message-ID.
pub const OWN_ID_HEADER: &str = "X-Launchyard-Id";

/// Pages read at once before the caller gets its turn; 500 messages each.
const MAX_PAGES: usize = 40;

pub struct Gmail<'a>(pub Session<'a>);

impl Gmail<'_> {
    /// Sends a finished RFC 5322 message to its To, Cc and Bcc. Not idempotent: after `Unknown`, look with
    /// `find_sent` before sending again. `thread_id` places it in a conversation of this mailbox.
    pub fn send(&self, message: &[u8], thread_id: Option<&str>) -> Result<MessageRef, ProviderError> {
        let mut body = json!({ "raw": BASE64URL_NOPAD.encode(message) });
        if let Some(thread) = thread_id {
            body["threadId"] = thread.into();
        }
        self.0.call_json(Call {
            method: Method::POST,
            url: self.url(&["messages", "send"]),
            body: Some(&body),
            if_match: None,
            prefer: None,
            repeat: Repeat::Unsafe,
        })
    }

    /// Some headers of a message; its body is not opened.
    pub fn metadata(&self, id: &str, headers: &[&str]) -> Result<Metadata, ProviderError> {
        let mut url = self.url(&["messages", id]);
        url.query_pairs_mut().append_pair("format", "metadata");
        for header in headers {
            url.query_pairs_mut().append_pair("metadataHeaders", header);
        }
        let found: MetadataAnswer = self.0.get_json(url)?;
        let headers = found.payload.headers.into_iter().map(|header| (header.name, header.value)).collect();
        Ok(Metadata { message: found.message, size_bytes: found.size_estimate, headers })
    }

    /// The whole message, as bytes of RFC 5322. Gmail gives no part of it, so it may have up to 35 MiB.
    pub fn raw(&self, id: &str) -> Result<Vec<u8>, ProviderError> {
        let mut url = self.url(&["messages", id]);
        url.query_pairs_mut().append_pair("format", "raw");
        let found: RawAnswer = self.0.get_large_json(url)?;
        let unreadable = |_| ProviderError::Rejected { reason: "the message is not valid base64".into() };
        BASE64URL_NOPAD.decode(found.raw.trim_end_matches('=').as_bytes()).map_err(unreadable)
    }

    /// One page of messages that match `query` (Gmail's search syntax), newest first.
    pub fn list(&self, query: &str, page: Option<&str>) -> Result<MessageList, ProviderError> {
        let mut url = self.url(&["messages"]);
        url.query_pairs_mut().append_pair("q", query).append_pair("maxResults", "100");
        if let Some(token) = page {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        self.0.get_json(url)
    }

    /// What was added to the mailbox since `cursor`, oldest first.
    pub fn history(&self, cursor: &HistoryId) -> Result<History, ProviderError> {
        let (mut added, mut page): (Vec<MessageRef>, Option<String>) = (vec![], None);
        let mut last_record = cursor.clone();
        for _ in 0..MAX_PAGES {
            let answer = match self.history_page(cursor, page.as_deref()) {
                Ok(answer) => answer,
                Err(ProviderError::NotFound | ProviderError::Gone) => return Ok(History::Expired),
                Err(error) => return Err(error),
            };
            for record in answer.history {
                last_record = number(&record.id).map_or(last_record.clone(), |id| id.max(last_record));
                let new = record.messages_added.into_iter().map(|entry| entry.message);
                added.extend(new.filter(|message| !message.id.is_empty()));
            }
            page = answer.next_page_token;
            if page.is_none() {
                let cursor = number(&answer.history_id).map_or(last_record.clone(), |id| id.max(last_record));
                return Ok(History::Read { added: unique(added), cursor });
            }
        }
        // A very full mailbox: go on from the last record read.
        Ok(History::Read { added: unique(added), cursor: last_record })
    }

    fn history_page(&self, cursor: &HistoryId, page: Option<&str>) -> Result<HistoryAnswer, ProviderError> {
        let mut url = self.url(&["history"]);
        url.query_pairs_mut()
            .append_pair("startHistoryId", cursor.as_str())
            .append_pair("historyTypes", "messageAdded")
            .append_pair("maxResults", "500");
        if let Some(token) = page {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        self.0.get_json(url)
    }

    /// Whose mailbox this is, and its present cursor. Needs a scope that reads.
    pub fn profile(&self) -> Result<Profile, ProviderError> {
        let found: ProfileAnswer = self.0.get_json(self.url(&["profile"]))?;
        let unreadable = || ProviderError::Rejected { reason: "the profile holds no history id".into() };
        Ok(Profile { email: found.email_address, history_id: number(&found.history_id).ok_or_else(unreadable)? })
    }

    /// Where to begin reading the history. Servers that have no profile are asked for their newest message.
    pub fn start_cursor(&self) -> Result<HistoryId, ProviderError> {
        match self.profile() {
            Err(ProviderError::NotFound) => {}
            other => return other.map(|profile| profile.history_id),
        }
        let newest = self.list("", None)?.messages.into_iter().next();
        let Some(newest) = newest else { return Ok(HistoryId::first()) };
        let mut url = self.url(&["messages", &newest.id]);
        url.query_pairs_mut().append_pair("format", "minimal");
        let found: MinimalAnswer = self.0.get_json(url)?;
        Ok(number(&found.history_id).unwrap_or_else(HistoryId::first))
    }

    /// Looks for a mail that may have been sent: first by its Message-ID, then, as Gmail may have replaced that,
    /// among the mails sent since `since_seconds` (Unix time). A hit must carry our own id in `X-Launchyard-Id`.
    pub fn find_sent(
        &self,
        own_id: &str,
        message_id: &str,
        since_seconds: i64,
    ) -> Result<Option<Metadata>, ProviderError> {
        let by_id = format!("rfc822msgid:{}", message_id.trim_matches(['<', '>']));
        if let Some(found) = self.first_with_own_id(&by_id, own_id)? {
            return Ok(Some(found));
        }
        self.first_with_own_id(&format!("in:sent after:{since_seconds}"), own_id)
    }

    fn first_with_own_id(&self, query: &str, own_id: &str) -> Result<Option<Metadata>, ProviderError> {
        // Two pages: 200 mails sent since the try, far above the daily caps' pace.
        let mut page = None;
        for _ in 0..2 {
            let list = self.list(query, page.as_deref())?;
            for message in &list.messages {
                let found = match self.metadata(&message.id, &[OWN_ID_HEADER, "Message-ID"]) {
                    Err(ProviderError::NotFound) => continue,
                    other => other?,
                };
                if found.header(OWN_ID_HEADER) == Some(own_id) {
                    return Ok(Some(found));
                }
            }
            page = list.next_page_token;
            if page.is_none() {
                break;
            }
        }
        Ok(None)
    }

    fn url(&self, segments: &[&str]) -> Url {
        below(&self.0.bases.gmail, segments)
    }
}

fn unique(messages: Vec<MessageRef>) -> Vec<MessageRef> {
    let mut seen = std::collections::HashSet::new();
    messages.into_iter().filter(|message| seen.insert(message.id.clone())).collect()
}

#[cfg(test)]
mod tests;
