//! messages.send: raw mail in, into the sender's box, out to the recipients.

use std::sync::Arc;

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::DecodePaddingMode;
use base64::{alphabet, Engine};
use serde_json::Value;

use super::{errors, hex, id_of, message, Call, Cost, COMPOSE, FULL, MODIFY, SEND};
use crate::base::UnixMillis;
use crate::sandbox::mail::mailbox::Mailbox;
use crate::sandbox::mail::mime::{self, Head};
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::{Account, World};

/// Of one message through the API or SMTP (support.google.com/a/answer/166852).
const MOST_RECIPIENTS: usize = 100;
/// `maxSize` of messages.send in the discovery document: 35 MiB.
const MOST_BYTES: usize = 36_700_160;
const SCOPES: [&str; 4] = [FULL, MODIFY, COMPOSE, SEND];

/// base64url with or without padding: both are taken.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `{"raw":"…","threadId":"…"}`
pub(super) fn send(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let access = call.admit(world, &SCOPES, Cost::Send)?;
    let body = call.request.json().ok_or_else(|| errors::bad_request("Invalid JSON payload received."))?;
    let raw =
        body["raw"].as_str().ok_or_else(|| errors::bad_request("'raw' RFC822 payload message string required"))?;
    let raw = BASE64URL
        .decode(raw)
        .map_err(|_| errors::bad_request("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed"))?;
    let thread = body.get("threadId").and_then(Value::as_str).map(id_of).transpose()?;
    post(world, &access.email, raw, thread)
}

/// The upload variant: the mail itself is the body, `message/rfc822`.
pub(in crate::sandbox::google) fn upload(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = Call { request, user: "me" }.admit(world, &SCOPES, Cost::Send)?;
    if !request.header("content-type").unwrap_or_default().starts_with("message/rfc822") {
        return Err(errors::bad_request("Media type is not supported. Valid media types: [message/*]"));
    }
    post(world, &access.email, request.body.clone(), None)
}

fn post(world: &mut World, sender: &str, raw: Vec<u8>, thread: Option<u64>) -> Result<Answer, Answer> {
    if raw.len() > MOST_BYTES {
        let message = "The message is larger than the maximum allowed size.";
        return Err(errors::error(413, "global", "uploadTooLarge", message));
    }
    let recipients = Head::parse(&raw).recipients;
    if recipients.is_empty() {
        return Err(errors::bad_request("Recipient address required"));
    }
    if recipients.len() > MOST_RECIPIENTS {
        return Err(errors::bad_request("Too many recipients"));
    }
    let (now, most) = (world.clock.now(), world.settings.daily_sends);
    world.mailbox(sender).count_sending(1, most, now).map_err(errors::daily_sends)?;
    let id = world.next_mail_id();
    let replace_id = world.settings.replace_message_ids;
    let account = world.account(sender).cloned().ok_or_else(errors::bad_credentials)?;
    let own: Arc<[u8]> = completed(raw, &account, id, now, replace_id).into();
    let head = Head::parse(&own);
    let mailbox = world.mailbox(sender);
    let thread = thread.map(|thread| joined_thread(mailbox, thread, &head)).transpose()?.flatten();
    // A mail to oneself is one mail under both labels, not two.
    let (own_copy, others): (Vec<String>, Vec<String>) =
        recipients.into_iter().partition(|recipient| recipient.eq_ignore_ascii_case(sender));
    let labels: &[&str] = if own_copy.is_empty() { &["SENT"] } else { &["SENT", "INBOX", "UNREAD"] };
    let answer = message::stub(mailbox.file(id, own.clone(), labels, now, thread));
    let carried: Arc<[u8]> = mime::without_field(&own, "Bcc").into();
    world.deliver(&carried, &others);
    Ok(Answer::ok(&answer))
}

/// What Gmail does to a mail before it leaves: From is the account's own, Date and Message-ID are there.
fn completed(raw: Vec<u8>, account: &Account, id: u64, now: UnixMillis, replace_id: bool) -> Vec<u8> {
    let mut mail = raw;
    if !Head::parse(&mail).from.eq_ignore_ascii_case(&account.email) {
        mail = mime::with_field(&mail, "From", &format!("{} <{}>", account.name, account.email));
    }
    if mime::field(&mail, "Date").is_none() {
        let date = jiff::fmt::rfc2822::to_string(&now.to_timestamp().to_zoned(jiff::tz::TimeZone::UTC));
        mail = mime::with_field(&mail, "Date", &date.unwrap_or_default());
    }
    if replace_id || mime::field(&mail, "Message-ID").is_none() {
        mail = mime::with_field(&mail, "Message-ID", &format!("<CAF{}@mail.gmail.com>", hex(id)));
    }
    mail
}

/// A mail joins the thread asked for when its references lead there and its subject is the thread's; otherwise it
/// starts a thread of its own. (developers.google.com/workspace/gmail/api/guides/threads)
fn joined_thread(mailbox: &Mailbox, thread: u64, head: &Head) -> Result<Option<u64>, Answer> {
    let mut members = mailbox.in_thread(thread).peekable();
    members.peek().ok_or_else(errors::not_found)?;
    let fits =
        members.any(|member| head.refers_to.contains(&member.head.message_id) && member.head.topic() == head.topic());
    Ok(fits.then_some(thread))
}
