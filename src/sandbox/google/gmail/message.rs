//! messages.get: one mail in the four formats, and its attachments.

use base64::engine::general_purpose::URL_SAFE;
use base64::Engine;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use serde_json::{json, Value};

use super::{errors, hex, id_of, is_metadata_only, mailbox, Call, Cost, FULL, MODIFY, READ, READONLY};
use crate::sandbox::mail::mailbox::Mail;
use crate::sandbox::mail::mime;
use crate::sandbox::wire::Answer;
use crate::sandbox::world::World;

const SNIPPET_CHARACTERS: usize = 200;

pub(super) fn get(world: &mut World, call: &Call, id: &str) -> Result<Answer, Answer> {
    let access = call.admit(world, &READ, Cost::GetMessage)?;
    let format = Format::asked(call)?;
    if is_metadata_only(&access) && !matches!(format, Format::Minimal | Format::Metadata(_)) {
        let message = "Metadata scope doesn't allow format FULL";
        return Err(errors::error(403, "global", "forbidden", message));
    }
    let mail = mailbox(world, &access)?.find(id_of(id)?).ok_or_else(errors::not_found)?;
    Ok(Answer::ok(&shown(mail, &format)))
}

/// The decoded bytes of a part that has a file name.
pub(super) fn attachment(world: &mut World, call: &Call, id: &str, part: &str) -> Result<Answer, Answer> {
    let access = call.admit(world, &[FULL, MODIFY, READONLY], Cost::GetMessage)?;
    let mail = mailbox(world, &access)?.find(id_of(id)?).ok_or_else(errors::not_found)?;
    let number = part.strip_prefix("ATT").and_then(|number| number.parse::<usize>().ok());
    let parsed = MessageParser::default().parse(&mail.raw[..]);
    let bytes =
        parsed.as_ref().zip(number).and_then(|(mail, number)| mail.parts.get(number)).map(|part| part.contents());
    let bytes = bytes.ok_or_else(errors::not_found)?;
    Ok(Answer::ok(&json!({"size": bytes.len(), "data": URL_SAFE.encode(bytes)})))
}

pub(super) enum Format {
    Minimal,
    Full,
    Raw,
    /// With these headers only; all of them when none is named.
    Metadata(Vec<String>),
}

impl Format {
    pub fn asked(call: &Call) -> Result<Self, Answer> {
        match call.request.param("format").unwrap_or("full").to_lowercase().as_str() {
            "minimal" => Ok(Self::Minimal),
            "full" => Ok(Self::Full),
            "raw" => Ok(Self::Raw),
            "metadata" => Ok(Self::Metadata(call.request.params("metadataHeaders").map(str::to_owned).collect())),
            other => Err(errors::bad_request(&format!("Invalid value at 'format': \"{other}\""))),
        }
    }
}

/// The form in which send, list and history name a mail.
pub(super) fn stub(mail: &Mail) -> Value {
    json!({"id": hex(mail.id), "threadId": hex(mail.thread), "labelIds": mail.labels})
}

pub(super) fn shown(mail: &Mail, format: &Format) -> Value {
    let mut value = stub(mail);
    value["snippet"] = json!(snippet(&mail.raw));
    value["historyId"] = json!(mail.history.to_string());
    value["internalDate"] = json!(mail.at.0.to_string());
    value["sizeEstimate"] = json!(mail.raw.len());
    match format {
        Format::Minimal => {}
        Format::Raw => value["raw"] = json!(URL_SAFE.encode(&mail.raw)),
        Format::Metadata(names) => value["payload"] = metadata(mail, names),
        Format::Full => {
            if let Some(parsed) = MessageParser::default().parse(&mail.raw[..]) {
                value["payload"] = payload(&parsed, 0, "");
            }
        }
    }
    value
}

fn metadata(mail: &Mail, names: &[String]) -> Value {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    let headers: Vec<Value> = mime::fields(&mail.raw)
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let kind = mime::field(&mail.raw, "Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    json!({"mimeType": if kind.is_empty() { "text/plain" } else { &kind }, "headers": headers})
}

/// One part as a MessagePart: text as UTF-8, named parts by attachment id only.
fn payload(mail: &Message<'_>, index: usize, path: &str) -> Value {
    let Some(part) = mail.parts.get(index) else { return Value::Null };
    let start = part.offset_header as usize;
    let header = mail.raw_message.get(start..part.offset_body as usize).unwrap_or_default();
    let headers: Vec<Value> =
        mime::fields(header).into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let kind = part.content_type().map_or("text/plain".to_owned(), |kind| {
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")).to_lowercase()
    });
    let filename = part.attachment_name().unwrap_or_default();
    let mut value = json!({"partId": path, "mimeType": kind, "filename": filename, "headers": headers});
    if let PartType::Multipart(children) = &part.body {
        value["body"] = json!({"size": 0});
        let below = |(number, child): (usize, &u32)| {
            let path = if path.is_empty() { number.to_string() } else { format!("{path}.{number}") };
            payload(mail, *child as usize, &path)
        };
        value["parts"] = children.iter().enumerate().map(below).collect();
        return value;
    }
    let bytes = part.contents();
    value["body"] = if filename.is_empty() {
        json!({"size": bytes.len(), "data": URL_SAFE.encode(bytes)})
    } else {
        json!({"size": bytes.len(), "attachmentId": format!("ATT{index}")})
    };
    value
}

fn snippet(raw: &[u8]) -> String {
    let text = mime::text_of(raw);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SNIPPET_CHARACTERS).collect()
}
