//! Gmail API v1: send, and read what answers it.
//!
//! Shapes: Google's discovery document `gmail:v1`. Units of quota: send 100, get 20, list 5, history 2, profile 1.

use data_encoding::BASE64URL_NOPAD;
use http::Method;
use serde::Deserialize;
use serde_json::{json, Value};
use url::Url;

use super::api::{at, Write};
use super::Session;
use crate::providers::error::{ProviderError, Repeat};

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
    pub history_id: u64,
}

/// What arrived since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum History {
    /// Store `cursor` only after `added` has been worked through. Each message stands once.
    Read { added: Vec<MessageRef>, cursor: u64 },
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
        self.0.write_json(Write {
            method: Method::POST,
            url: self.url(&["messages", "send"]),
            body: Some(&body),
            if_match: None,
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
        Ok(Metadata { message: found.message, headers })
    }

    /// The whole message, as bytes of RFC 5322.
    pub fn raw(&self, id: &str) -> Result<Vec<u8>, ProviderError> {
        let mut url = self.url(&["messages", id]);
        url.query_pairs_mut().append_pair("format", "raw");
        let found: RawAnswer = self.0.get_json(url)?;
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
    pub fn history(&self, cursor: u64) -> Result<History, ProviderError> {
        let (mut added, mut page): (Vec<MessageRef>, Option<String>) = (vec![], None);
        let mut last_record = cursor;
        for _ in 0..MAX_PAGES {
            let answer = match self.history_page(cursor, page.as_deref()) {
                Ok(answer) => answer,
                Err(ProviderError::NotFound | ProviderError::Gone) => return Ok(History::Expired),
                Err(error) => return Err(error),
            };
            for record in answer.history {
                last_record = last_record.max(number(&record.id));
                let new = record.messages_added.into_iter().map(|entry| entry.message);
                added.extend(new.filter(|message| !message.id.is_empty()));
            }
            page = answer.next_page_token;
            if page.is_none() {
                return Ok(History::Read { added: unique(added), cursor: number(&answer.history_id).max(cursor) });
            }
        }
        // A very full mailbox: go on from the last record read.
        Ok(History::Read { added: unique(added), cursor: last_record })
    }

    fn history_page(&self, cursor: u64, page: Option<&str>) -> Result<HistoryAnswer, ProviderError> {
        let mut url = self.url(&["history"]);
        url.query_pairs_mut()
            .append_pair("startHistoryId", &cursor.to_string())
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
        Ok(Profile { email: found.email_address, history_id: number(&found.history_id) })
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
        at(&self.0.bases.gmail, segments)
    }
}

fn unique(messages: Vec<MessageRef>) -> Vec<MessageRef> {
    let mut seen = std::collections::HashSet::new();
    messages.into_iter().filter(|message| seen.insert(message.id.clone())).collect()
}

/// 64-bit numbers come as strings in Google's JSON; the emulators also send numbers.
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

#[derive(Deserialize)]
struct MetadataAnswer {
    #[serde(flatten)]
    message: MessageRef,
    #[serde(default)]
    payload: Payload,
}

#[derive(Default, Deserialize)]
struct Payload {
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct RawAnswer {
    raw: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileAnswer {
    email_address: String,
    #[serde(default)]
    history_id: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HistoryAnswer {
    #[serde(default)]
    history: Vec<HistoryRecord>,
    #[serde(default)]
    history_id: Value,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HistoryRecord {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    messages_added: Vec<HistoryMessage>,
}

#[derive(Deserialize)]
struct HistoryMessage {
    message: MessageRef,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::google::{GoogleBases, GoogleConfig};
    use crate::providers::outbound::NoLog;
    use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};
    use crate::providers::Secret;

    fn with_gmail<T>(base: &str, test: impl FnOnce(&Gmail<'_>) -> T) -> T {
        let bases = GoogleBases::new(&GoogleConfig { api_base: base.into(), ..GoogleConfig::default() }).unwrap();
        let (outbound, token) = (outbound(), Secret::new("at"));
        test(&Gmail(Session { outbound: &outbound, bases: &bases, access_token: &token, log: &NoLog }))
    }

    #[test]
    fn a_mail_goes_out_as_base64url_in_its_conversation() {
        let server = FakeHttp::start(|_: &Seen| Reply::json(200, r#"{"id":"m1","threadId":"t1","labelIds":["SENT"]}"#));
        let sent = with_gmail(&server.base, |gmail| gmail.send(b"To: a@b.example\r\n\r\n\xff?>", Some("t1"))).unwrap();
        assert_eq!((sent.id.as_str(), sent.thread_id.as_str()), ("m1", "t1"));
        let seen = server.last();
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/gmail/v1/users/me/messages/send"));
        assert_eq!(seen.header("authorization"), Some("Bearer at"));
        assert_eq!(seen.json()["threadId"], "t1");
        let raw = seen.json()["raw"].as_str().unwrap().to_owned();
        assert_eq!(BASE64URL_NOPAD.decode(raw.as_bytes()).unwrap(), b"To: a@b.example\r\n\r\n\xff?>");
    }

    #[test]
    fn a_send_whose_answer_is_lost_is_unknown() {
        for reply in [|| Reply::Drop, || Reply::json(500, ""), || Reply::json(200, "not json")] {
            let server = FakeHttp::start(move |_: &Seen| reply());
            let error = with_gmail(&server.base, |gmail| gmail.send(b"x", None)).unwrap_err();
            assert!(matches!(error, ProviderError::Unknown { .. }), "{error:?}");
        }
    }

    #[test]
    fn history_is_read_to_its_last_page_and_each_message_counts_once() {
        let server = FakeHttp::start(|seen: &Seen| {
            let (second, body) = (
                seen.path.contains("pageToken=p2"),
                [
                    r#"{"history":[{"id":"11","messagesAdded":[{"message":{"id":"a","threadId":"t","labelIds":["INBOX"]}}]}],"nextPageToken":"p2","historyId":"30"}"#,
                    r#"{"history":[{"id":"12","messagesAdded":[{"message":{"id":"a","threadId":"t"}},{"message":{"id":"b","threadId":"u"}}]},{"id":"13"}],"historyId":"31"}"#,
                ],
            );
            Reply::json(200, body[usize::from(second)])
        });
        let History::Read { added, cursor } = with_gmail(&server.base, |gmail| gmail.history(10)).unwrap() else {
            panic!("expired")
        };
        assert_eq!(added.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(added[0].labels, ["INBOX"]);
        assert_eq!(cursor, 31);
    }

    #[test]
    fn quiet_and_expired_history_are_told_apart() {
        let quiet = FakeHttp::start(|_: &Seen| Reply::json(200, r#"{"historyId":"12"}"#));
        let read = with_gmail(&quiet.base, |gmail| gmail.history(10)).unwrap();
        assert_eq!(read, History::Read { added: vec![], cursor: 12 });
        let expired = FakeHttp::start(|_: &Seen| {
            Reply::json(404, r#"{"error":{"code":404,"message":"Requested entity was not found."}}"#)
        });
        assert_eq!(with_gmail(&expired.base, |gmail| gmail.history(10)).unwrap(), History::Expired);
    }

    #[test]
    fn a_mail_with_a_replaced_message_id_is_found_by_our_own_header() {
        let server = FakeHttp::start(|seen: &Seen| match seen.path.as_str() {
            path if path.contains("rfc822msgid") => Reply::json(200, r#"{"resultSizeEstimate":0}"#),
            path if path.contains("in%3Asent") => {
                Reply::json(200, r#"{"messages":[{"id":"x","threadId":"t"},{"id":"y","threadId":"t"}]}"#)
            }
            path => {
                let own = if path.contains("/x?") { "other" } else { "own-7" };
                Reply::json(
                    200,
                    &format!(
                        r#"{{"id":"y","threadId":"t","payload":{{"headers":[
                    {{"name":"x-launchyard-id","value":"{own}"}},{{"name":"Message-Id","value":"<g@mail.gmail.com>"}}]}}}}"#
                    ),
                )
            }
        });
        let found = with_gmail(&server.base, |gmail| gmail.find_sent("own-7", "<o@us.example>", 1_795_510_000))
            .unwrap()
            .unwrap();
        assert_eq!(found.header("Message-ID"), Some("<g@mail.gmail.com>"));
        let none = with_gmail(&server.base, |gmail| gmail.find_sent("own-8", "<o@us.example>", 1)).unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn a_raw_message_is_decoded_with_and_without_padding() {
        for raw in ["SGkh4pi6", "SGk", "SGk="] {
            let server = FakeHttp::start(move |_: &Seen| Reply::json(200, &format!(r#"{{"id":"m","raw":"{raw}"}}"#)));
            let bytes = with_gmail(&server.base, |gmail| gmail.raw("m")).unwrap();
            assert!(bytes.starts_with(b"Hi"), "{raw}");
        }
    }

    #[test]
    fn the_profile_gives_address_and_cursor() {
        let server = FakeHttp::start(|_: &Seen| {
            Reply::json(200, r#"{"emailAddress":"ada@example.com","historyId":"987654321987"}"#)
        });
        let profile = with_gmail(&server.base, |gmail| gmail.profile()).unwrap();
        assert_eq!(profile, Profile { email: "ada@example.com".into(), history_id: 987_654_321_987 });
    }
}
