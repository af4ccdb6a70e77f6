//! Mail in wire form: an outreach mail, an answer, a transactional mail.
//!
//! RFC 5322 with a plain text and an HTML part, RFC 2047 headers, CRLF and short lines. DKIM is put in
//! front of the finished bytes by whoever sends them.

mod body;
mod threading;

pub use threading::{message_id_for, references_for, reply_subject};

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, Message};
use lettre::Address;

use crate::base::{EmailAddress, UnixMillis};
use threading::{check_id, trimmed_references};

/// A mail to be written. Ids are without brackets.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub from_name: Option<String>,
    pub from: EmailAddress,
    pub to_name: Option<String>,
    pub to: EmailAddress,
    pub subject: String,
    /// Plain text, the source of the HTML part unless `html` is given.
    pub text: String,
    pub html: Option<String>,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    /// Oldest first.
    pub references: Vec<String>,
    pub date: UnixMillis,
    pub list_unsubscribe: Option<ListUnsubscribe>,
    /// `X-Launchyard-Id`: by this we know the mail again where Message-IDs were changed.
    pub own_id: String,
    pub footer: Option<Footer>,
    pub auto_submitted: Option<AutoSubmitted>,
    pub calendar: Option<CalendarPart>,
}

/// RFC 2369 and RFC 8058. The URL holds an opaque token and answers a bare POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUnsubscribe {
    pub url: String,
    /// `mailto:` URI, for clients that unsubscribe by mail.
    pub mailto: Option<String>,
}

/// What stands below the signature line of both parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footer {
    /// Why this was sent, or who wrote it.
    pub line: Option<String>,
    pub postal_address: Option<String>,
    /// The word in front of, or as, the link ("Unsubscribe"), in the reader's language.
    pub unsubscribe_label: String,
    pub unsubscribe_url: Option<String>,
}

/// RFC 3834 section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSubmitted {
    /// A program started it: confirmations, reminders.
    Generated,
    /// A program answers a mail.
    Replied,
}

/// An invitation (RFC 6047): part of the alternatives, and a file for clients that want one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarPart {
    /// REQUEST, CANCEL …: the same as `METHOD` inside.
    pub method: String,
    pub ics: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("{0} must not hold line breaks or control characters")]
    ControlCharacter(&'static str),
    #[error("{0} is too long")]
    TooLong(&'static str),
    #[error("{0} is not a message id")]
    MessageId(&'static str),
    #[error("the unsubscribe link must be an address without spaces or brackets, at most 900 characters")]
    UnsubscribeUrl,
    #[error("{0} needs a server that accepts international mailbox names, which few do")]
    InternationalMailbox(String),
    #[error("the text is longer than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the mail could not be written: {0}")]
    Build(String),
}

/// Text and HTML together stay far below what any server takes.
const MAX_BODY_BYTES: usize = 1024 * 1024;
const MAX_HEADER_CHARS: usize = 500;

/// Writes the mail. Anything that could forge a header is refused, not repaired.
pub fn render(mail: &Outgoing) -> Result<Vec<u8>, ComposeError> {
    check_line(&mail.subject, "the subject")?;
    check_line(&mail.own_id, "the id")?;
    if mail.text.len() + mail.html.as_ref().map_or(0, String::len) > MAX_BODY_BYTES {
        return Err(ComposeError::TooLarge);
    }
    check_id(&mail.message_id, "the message id")?;
    let mut builder = Message::builder()
        .from(mailbox(mail.from_name.as_deref(), &mail.from, "the sender's name")?)
        .to(mailbox(mail.to_name.as_deref(), &mail.to, "the recipient's name")?)
        .subject(mail.subject.trim())
        .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(mail.date.0).unwrap_or(0)))
        .header(MessageId::from(format!("<{}>", mail.message_id)));
    for header in extra_headers(mail)? {
        builder = builder.raw_header(header);
    }
    let message = body::attach(builder, mail)?;
    Ok(message.formatted())
}

/// Headers whose form is exact: written as they are, folded only between ids or URIs.
fn extra_headers(mail: &Outgoing) -> Result<Vec<HeaderValue>, ComposeError> {
    let mut headers = vec![exact("X-Launchyard-Id", mail.own_id.clone())];
    if let Some(parent) = &mail.in_reply_to {
        check_id(parent, "the id of the mail answered")?;
        headers.push(exact("In-Reply-To", format!("<{parent}>")));
    }
    let references = trimmed_references(&mail.references, mail.in_reply_to.as_deref())?;
    if !references.is_empty() {
        headers.push(exact("References", references.join("\r\n ")));
    }
    if let Some(unsubscribe) = &mail.list_unsubscribe {
        headers.extend(unsubscribe_headers(unsubscribe)?);
    }
    if let Some(kind) = mail.auto_submitted {
        let value = match kind {
            AutoSubmitted::Generated => "auto-generated",
            AutoSubmitted::Replied => "auto-replied",
        };
        headers.push(exact("Auto-Submitted", value.to_owned()));
    }
    Ok(headers)
}

/// One-click is announced for HTTPS only (RFC 8058 section 3.1).
fn unsubscribe_headers(unsubscribe: &ListUnsubscribe) -> Result<Vec<HeaderValue>, ComposeError> {
    let is_sound = |uri: &str| {
        uri.len() <= 900 && uri.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b','))
    };
    let is_web = unsubscribe.url.starts_with("https://") || unsubscribe.url.starts_with("http://");
    let is_mailto = unsubscribe.mailto.as_ref().is_none_or(|uri| uri.starts_with("mailto:") && is_sound(uri));
    if !is_web || !is_sound(&unsubscribe.url) || !is_mailto {
        return Err(ComposeError::UnsubscribeUrl);
    }
    let mailto = unsubscribe.mailto.as_ref().map(|uri| format!(",\r\n <{uri}>")).unwrap_or_default();
    let mut headers = vec![exact("List-Unsubscribe", format!("<{}>{mailto}", unsubscribe.url))];
    if unsubscribe.url.starts_with("https://") {
        headers.push(exact("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    Ok(headers)
}

fn exact(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

fn check_line(value: &str, what: &'static str) -> Result<(), ComposeError> {
    if value.chars().any(char::is_control) {
        return Err(ComposeError::ControlCharacter(what));
    }
    if value.chars().count() > MAX_HEADER_CHARS {
        return Err(ComposeError::TooLong(what));
    }
    Ok(())
}

/// The address as written, its domain as A-label.
fn mailbox(name: Option<&str>, address: &EmailAddress, what: &'static str) -> Result<Mailbox, ComposeError> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    check_line(name.unwrap_or_default(), what)?;
    let local = address.display().rsplit_once('@').map_or("", |(local, _)| local);
    if !local.is_ascii() {
        return Err(ComposeError::InternationalMailbox(address.display().to_owned()));
    }
    let address = Address::new(local, address.domain()).map_err(|error| ComposeError::Build(error.to_string()))?;
    Ok(Mailbox::new(name.map(str::to_owned), address))
}

#[cfg(test)]
mod tests;
