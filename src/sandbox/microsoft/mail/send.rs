//! sendMail: a message as JSON in, a mail as Exchange writes it out (learn.microsoft.com/graph/api/user-sendmail).

use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use serde_json::Value;

use super::{admit, errors};
use crate::base::UnixMillis;
use crate::sandbox::mail::mime::{self, Head};
use crate::sandbox::quota::Allowance;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::{Account, World};

/// What a mailbox sends (learn.microsoft.com: Exchange Online limits).
const PACE: Allowance = Allowance { service: "exchange sending", units: 30, within: Duration::from_secs(60) };

/// Properties that Exchange writes header fields from (MS-OXPROPS, MS-OXCMAIL).
const FIELDS: [(&str, &str); 4] = [
    ("string 0x1042", "In-Reply-To"),
    ("string 0x1039", "References"),
    ("string 0x1045", "List-Unsubscribe"),
    ("string {00020386-0000-0000-c000-000000000046} name list-unsubscribe-post", "List-Unsubscribe-Post"),
];

/// 202 without a body: the message is known by its marks only.
pub(super) fn send(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = admit(world, request, &["Mail.Send"])?;
    let invalid = || errors::bad_request("RequestBodyRead", "The request body is no message.");
    let body = request.json().ok_or_else(invalid)?;
    let message = body.get("message").filter(|message| message.is_object()).ok_or_else(invalid)?;
    let account = world.account(&access.email).cloned().ok_or_else(errors::bad_token)?;
    let now = world.clock.now();
    check_headers(message)?;
    let id = world.next_mail_id();
    let made_up = world.settings.replace_message_ids.then(|| format!("<SB{id:016x}@sandbox.prod.outlook.example>"));
    let raw = written(message, &account, made_up.as_deref(), id, now)
        .ok_or_else(|| errors::bad_request("ErrorInvalidRecipients", "At least one recipient is not valid."))?;
    let recipients = Head::parse(&raw).recipients;
    world.microsoft.quota.spend(PACE, &access.email, 1, now).map_err(errors::throttled)?;
    let most = world.settings.daily_recipients;
    let counted = world.mailbox(&access.email).count_sending(recipients.len(), most, now);
    counted.map_err(|until| errors::over_the_day(until, now))?;
    post(world, &access.email, message, raw, recipients, id);
    Ok(Answer::empty(202))
}

fn post(world: &mut World, sender: &str, message: &Value, raw: Arc<[u8]>, recipients: Vec<String>, id: u64) {
    let now = world.clock.now();
    let (to_oneself, others): (Vec<String>, Vec<String>) =
        recipients.into_iter().partition(|one| one.eq_ignore_ascii_case(sender));
    world.mailbox(sender).file(id, raw.clone(), &["SENT"], now, None);
    for (property, value) in properties(message) {
        world.microsoft.marks.insert((sender.to_lowercase(), property, value), id);
    }
    let carried: Arc<[u8]> = mime::without_field(&raw, "Bcc").into();
    world.deliver(&carried, &[to_oneself, others].concat());
}

fn properties(message: &Value) -> Vec<(String, String)> {
    let all = message["singleValueExtendedProperties"].as_array().into_iter().flatten();
    all.filter_map(|one| Some((one["id"].as_str()?.to_lowercase(), one["value"].as_str()?.to_owned()))).collect()
}

fn headers(message: &Value) -> impl Iterator<Item = (&str, &str)> {
    let all = message["internetMessageHeaders"].as_array().into_iter().flatten();
    all.filter_map(|one| Some((one["name"].as_str()?, one["value"].as_str()?)))
}

fn check_headers(message: &Value) -> Result<(), Answer> {
    match headers(message).find(|(name, _)| !name.to_ascii_lowercase().starts_with("x-")) {
        Some((name, _)) => {
            let words = format!("The internet message header name '{name}' should start with 'x-' or 'X-'.");
            Err(errors::bad_request("InvalidInternetMessageHeader", &words))
        }
        None => Ok(()),
    }
}

/// The mail: From and Date are Exchange's own, the plain part is made from the HTML one.
fn written(message: &Value, account: &Account, made_up: Option<&str>, id: u64, now: UnixMillis) -> Option<Arc<[u8]>> {
    let own = message["internetMessageId"].as_str().map(str::to_owned);
    let own = own.unwrap_or_else(|| format!("<SB{id:016x}@sandbox.prod.outlook.example>"));
    let date = std::time::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).ok()?);
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(account.name.clone()), account.email.parse().ok()?))
        .subject(message["subject"].as_str().unwrap_or_default())
        .message_id(Some(made_up.map_or(own, str::to_owned)))
        .date(date);
    for one in message["toRecipients"].as_array()? {
        builder = builder.to(mailbox(one)?);
    }
    for one in message["ccRecipients"].as_array().into_iter().flatten() {
        builder = builder.cc(mailbox(one)?);
    }
    let from_properties = properties(message).into_iter().filter_map(|(property, value)| {
        FIELDS.iter().find(|(known, _)| *known == property).map(|(_, name)| ((*name).to_owned(), value))
    });
    let named = headers(message).map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in named.chain(from_properties) {
        let name = HeaderName::new_from_ascii(name).ok()?;
        builder = builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value));
    }
    let content = message["body"]["content"].as_str().unwrap_or_default();
    let is_html = message["body"]["contentType"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
    let mail = if is_html {
        let plain = mail_parser::decoders::html::html_to_text(content);
        let parts = MultiPart::alternative().singlepart(SinglePart::plain(plain));
        builder.multipart(parts.singlepart(SinglePart::html(content.to_owned())))
    } else {
        builder.singlepart(SinglePart::plain(content.to_owned()))
    };
    Some(mail.ok()?.formatted().into())
}

fn mailbox(recipient: &Value) -> Option<Mailbox> {
    let address = recipient["emailAddress"]["address"].as_str()?.parse().ok()?;
    let name = recipient["emailAddress"]["name"].as_str().map(str::to_owned);
    Some(Mailbox::new(name, address))
}
