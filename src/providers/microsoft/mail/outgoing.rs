//! A finished mail as Graph's JSON `message`.
//!
//! | in the mail | in the message |
//! |---|---|
//! | Subject, To, Cc, Bcc | properties of these names |
//! | HTML part | `body`; Exchange makes the plain part from it |
//! | Message-ID | `internetMessageId` |
//! | fields that begin with `X-` | `internetMessageHeaders`, which takes no others |
//! | In-Reply-To, References, List-Unsubscribe | the properties that Exchange writes these fields from (MS-OXPROPS) |
//! | List-Unsubscribe-Post | a property in the namespace of header fields (MS-OXCMAIL) |
//! | From, Date | Exchange writes the account's own, and now |
//! | Auto-Submitted | nothing: Exchange lets nobody set it |

use mail_parser::{Address, HeaderName, Message, MessageParser};
use serde_json::{json, Value};

/// Names the sent copy to us. Of a namespace of our own: it leaves the mailbox with no mail.
const OWN_ID: &str = "String {5b2e5d50-7a0f-4c3a-9f0e-6f1a1c6b3d77} Name LaunchyardId";

/// PidTagInReplyToId, PidTagInternetReferences, PidTagListUnsubscribe; then PS_INTERNET_HEADERS.
const AS_PROPERTY: [(&str, &str); 4] = [
    ("In-Reply-To", "String 0x1042"),
    ("References", "String 0x1039"),
    ("List-Unsubscribe", "String 0x1045"),
    ("List-Unsubscribe-Post", "String {00020386-0000-0000-c000-000000000046} Name List-Unsubscribe-Post"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMail {
    #[error("the mail cannot be read")]
    Unreadable,
    #[error("the mail names no recipient")]
    NoRecipient,
    #[error("files are not sent this way")]
    HasFiles,
}

/// The `message` of a sending.
pub(super) fn message(raw: &[u8], own_id: &str) -> Result<Value, NotMail> {
    let mail = MessageParser::default().parse(raw).ok_or(NotMail::Unreadable)?;
    if mail.attachment_count() > 0 {
        return Err(NotMail::HasFiles);
    }
    let to = recipients(mail.to());
    if to.is_empty() {
        return Err(NotMail::NoRecipient);
    }
    let mut message = json!({
        "subject": mail.subject().unwrap_or_default(),
        "body": body(&mail),
        "toRecipients": to,
        "ccRecipients": recipients(mail.cc()),
        "bccRecipients": recipients(mail.bcc()),
        "singleValueExtendedProperties": properties(&mail, own_id),
    });
    if let Some(id) = mail.message_id() {
        message["internetMessageId"] = json!(format!("<{id}>"));
    }
    let own_headers = own_headers(&mail);
    if !own_headers.is_empty() {
        message["internetMessageHeaders"] = Value::Array(own_headers);
    }
    Ok(message)
}

/// Finds what carries the id. An apostrophe ends a text in OData; two are one.
pub(super) fn has_own_id(own_id: &str) -> String {
    let own_id = own_id.replace('\'', "''");
    format!("singleValueExtendedProperties/Any(ep: ep/id eq '{OWN_ID}' and ep/value eq '{own_id}')")
}

fn body(mail: &Message<'_>) -> Value {
    match (mail.html_body_count(), mail.body_html(0), mail.body_text(0)) {
        (1.., Some(html), _) => json!({ "contentType": "html", "content": html }),
        (_, _, text) => json!({ "contentType": "text", "content": text.unwrap_or_default() }),
    }
}

fn recipients(list: Option<&Address<'_>>) -> Vec<Value> {
    let one = |address: &mail_parser::Addr<'_>| {
        let mut mailbox = json!({ "address": address.address()? });
        if let Some(name) = address.name() {
            mailbox["name"] = json!(name);
        }
        Some(json!({ "emailAddress": mailbox }))
    };
    list.map(|list| list.iter().filter_map(one).collect()).unwrap_or_default()
}

fn own_headers(mail: &Message<'_>) -> Vec<Value> {
    let named = mail.headers_raw().filter(|(name, _)| name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-")));
    named.map(|(name, value)| json!({ "name": name, "value": unfolded(value) })).collect()
}

fn properties(mail: &Message<'_>, own_id: &str) -> Vec<Value> {
    let mut properties = vec![json!({ "id": OWN_ID, "value": own_id })];
    for (field, property) in AS_PROPERTY {
        let name = HeaderName::parse(field);
        if let Some(value) = name.and_then(|name| mail.header_raw(name)) {
            properties.push(json!({ "id": property, "value": unfolded(value) }));
        }
    }
    properties
}

fn unfolded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}
