//! Amazon SES reports a bounce or complaint as JSON in a mail of its notification service.

use serde_json::Value;

use super::status::EnhancedCode;
use super::verdict::{classify, BounceClass, Evidence};
use super::{Action, Concerned};

/// What a notification states.
#[derive(Debug)]
pub enum Notification {
    Bounce(Vec<Concerned>),
    Complaint(Vec<String>),
    /// Deliveries and what else the service tells, with the addresses it is about.
    Other(Vec<String>),
}

/// Reads the notification, bare or wrapped in the service's envelope (`Message` holds JSON as text).
pub fn read(text: &str) -> Option<(Notification, Option<String>)> {
    let start = text.find('{')?;
    if text[..start].trim().len() > 200 || !text.contains("otificationType") {
        return None;
    }
    // Mail servers fold its long lines, Sendmail with a `!` at the break; JSON strings hold no line ends.
    let unfolded = text[start..].replace("\r\n", "\n").replace("!\n ", "").replace('\n', "");
    let value = first_json(&unfolded)?;
    let inner = value.get("Message").and_then(Value::as_str).and_then(first_json);
    let notice = inner.as_ref().unwrap_or(&value);
    let kind = notice.get("notificationType").or_else(|| notice.get("eventType"))?.as_str()?;
    let message_id = notice.pointer("/mail/commonHeaders/messageId").and_then(Value::as_str).map(str::to_owned);
    let read = match kind {
        "Bounce" => Notification::Bounce(bounced(notice.get("bounce")?)),
        "Complaint" => Notification::Complaint(
            list(notice.pointer("/complaint/complainedRecipients")).filter_map(address).collect(),
        ),
        _ => {
            let about = list(notice.pointer("/delivery/recipients")).chain(list(notice.pointer("/mail/destination")));
            let mut addresses: Vec<String> =
                about.filter_map(Value::as_str).filter_map(crate::channels::email::address::first_address).collect();
            addresses.dedup();
            Notification::Other(addresses)
        }
    };
    Some((read, message_id))
}

/// The first JSON value; the service appends a footer in words.
fn first_json(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten().take(200)
}

fn address(recipient: &Value) -> Option<String> {
    recipient.get("emailAddress")?.as_str().and_then(crate::channels::email::address::first_address)
}

fn bounced(bounce: &Value) -> Vec<Concerned> {
    let is_transient = bounce.get("bounceType").and_then(Value::as_str) == Some("Transient");
    list(bounce.get("bouncedRecipients"))
        .filter_map(|recipient| {
            let text = |name: &str| recipient.get(name).and_then(Value::as_str);
            let status = text("status").and_then(EnhancedCode::parse);
            let diagnostic = text("diagnosticCode").unwrap_or_default();
            let evidence = Evidence { status, diagnostic, ..Evidence::default() };
            let class = match classify(evidence) {
                BounceClass::Unclear if is_transient => BounceClass::Temporary,
                class => class,
            };
            Some(Concerned {
                address: address(recipient)?,
                status: status.map(|code| code.to_string()),
                code: status,
                action: text("action").and_then(Action::parse),
                diagnostic: Some(diagnostic.to_owned()).filter(|text| !text.is_empty()),
                class,
            })
        })
        .collect()
}
