//! What a received message is: a person's reply, a bounce, an automatic answer, a complaint, or none.
//!
//! Pure and total: any bytes give an answer, within bounded time and memory, and nothing here trusts
//! what it reads. A report counts only after its ids were matched with mail that we sent, which is
//! the caller's work: `message_ids` and `own_headers` are there for it.

mod arf;
mod auto_reply;
mod bounce_text;
mod dsn;
mod finding;
mod json;
mod machine;
mod notification;
mod reasons;
mod status;
mod verdict;

pub use json::to_json_line;
pub use machine::{looks_like_delivery_report, ReplyFacts};
pub use status::EnhancedCode;
pub use verdict::{classify, BounceClass, Evidence};

use super::header_block::HeaderBlock;
use super::mime::Mail;
use super::reply_text::{excerpt, reply_text};
use finding::{returned_heads, Finding};

/// Headers by which we know our own mail again, wherever it comes back.
pub const OWN_HEADER_PREFIX: &str = "x-launchyard-";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A person wrote it.
    Reply,
    /// The address is dead: no such mailbox or domain.
    Hard,
    /// Not delivered or late for a reason that is not the address's own; suppresses nobody by itself.
    Soft,
    AutoReply,
    Complaint,
    /// Other reports, lists, empty mail.
    None,
}

impl MailKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::AutoReply => "auto_reply",
            Self::Complaint => "complaint",
            Self::None => "none",
        }
    }
}

/// RFC 3464 section 2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Failed,
    Delayed,
    Delivered,
    Relayed,
    Expanded,
}

impl Action {
    /// Reads the word, whatever comment follows; servers also write "failure".
    fn parse(value: &str) -> Option<Self> {
        let word: String = value.trim().chars().take_while(|c| c.is_ascii_alphabetic()).collect();
        match word.to_ascii_lowercase().as_str() {
            "failed" | "failure" | "expired" => Some(Self::Failed),
            "delayed" | "deferred" => Some(Self::Delayed),
            "delivered" | "deliverable" => Some(Self::Delivered),
            "relayed" => Some(Self::Relayed),
            "expanded" => Some(Self::Expanded),
            _ => None,
        }
    }

    /// It arrived, or went on to a server that gives no reports.
    fn is_success(self) -> bool {
        matches!(self, Self::Delivered | Self::Relayed | Self::Expanded)
    }
}

/// One address that a report is about, with what it states about that address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned {
    pub address: String,
    /// The `Status` field, as stated.
    pub status: Option<String>,
    /// The most telling enhanced code: one in the diagnostic beats a generic `Status`.
    pub code: Option<EnhancedCode>,
    pub action: Option<Action>,
    pub diagnostic: Option<String>,
    pub class: BounceClass,
}

impl Concerned {
    fn plain(address: String) -> Self {
        Self { address, status: None, code: None, action: None, diagnostic: None, class: BounceClass::Unclear }
    }
}

/// A sender: address and, when given, name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: String,
}

#[derive(Debug, Clone)]
pub struct Inspection {
    pub kind: MailKind,
    /// What the person wrote, without quotes and signature; of other kinds, the automatic answer's text.
    pub reply_text: String,
    /// Addresses concerned (not ours): failed recipients, complainers, whose machine answered. Of a
    /// person's mail: none, see `from`.
    pub recipients: Vec<Concerned>,
    /// The enhanced code of the first concerned address, when a `Status` field states one.
    pub status: Option<String>,
    /// Ids referred to, without brackets: `In-Reply-To`, `References`, ids of the returned message.
    pub message_ids: Vec<String>,
    /// `X-Launchyard-*` headers found anywhere, the returned message included.
    pub own_headers: Vec<(String, String)>,
    pub from: Option<Mailbox>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub subject: Option<String>,
    pub date: Option<jiff::Timestamp>,
    pub message_id: Option<String>,
    pub headers: ReplyFacts,
    pub original_envelope_id: Option<String>,
    /// Of complaints and other feedback reports: abuse, fraud, opt-out, auth-failure …
    pub feedback_type: Option<String>,
    /// A notice that delivery is late and goes on.
    pub is_delay: bool,
    /// Of bounces: the class of the first concerned address; each address has its own, too.
    pub bounce_class: Option<BounceClass>,
}

impl Inspection {
    /// What of the text may be stored or sent on: its beginning, see `excerpt`.
    pub fn excerpt(&self) -> String {
        excerpt(&self.reply_text)
    }
}

/// Looks at a whole message as received.
pub fn inspect(raw: &[u8]) -> Inspection {
    let mail = Mail::parse(raw);
    let facts = ReplyFacts::of(&mail.headers);
    let finding = Finding::of(&mail, &facts);
    let returned = returned_heads(&mail);
    Inspection {
        reply_text: match finding.kind {
            MailKind::Reply | MailKind::AutoReply => reply_text(&mail.plain_text(), &mail.html()),
            _ => String::new(),
        },
        status: finding.status,
        message_ids: referred_ids(&mail, &returned, finding.message_id),
        own_headers: own_headers(&mail, &returned),
        from: sender(&mail.headers),
        to: mail.headers.addresses("to"),
        cc: mail.headers.addresses("cc"),
        subject: mail.headers.decoded("subject"),
        date: mail.headers.date(),
        message_id: mail.headers.message_ids("message-id").into_iter().next(),
        headers: facts,
        original_envelope_id: finding.envelope_id,
        feedback_type: finding.feedback_type,
        is_delay: finding.is_delay,
        bounce_class: matches!(finding.kind, MailKind::Hard | MailKind::Soft)
            .then(|| finding.recipients.first().map_or(BounceClass::Unclear, |first| first.class)),
        kind: finding.kind,
        recipients: finding.recipients,
    }
}

fn referred_ids(mail: &Mail, returned: &[HeaderBlock], stated: Option<String>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let own = ["in-reply-to", "references"].iter().flat_map(|name| mail.headers.message_ids(name));
    let of_returned = returned.iter().flat_map(|head| {
        ["message-id", "in-reply-to", "references"].iter().flat_map(|name| head.message_ids(name)).collect::<Vec<_>>()
    });
    for id in stated.into_iter().chain(own).chain(of_returned) {
        if !ids.contains(&id) && ids.len() < 200 {
            ids.push(id);
        }
    }
    ids
}

fn own_headers(mail: &Mail, returned: &[HeaderBlock]) -> Vec<(String, String)> {
    std::iter::once(&mail.headers)
        .chain(returned)
        .chain(mail.parts.iter().map(|part| &part.headers))
        .flat_map(HeaderBlock::iter)
        .filter(|(name, _)| name.to_ascii_lowercase().starts_with(OWN_HEADER_PREFIX))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .take(20)
        .collect()
}

fn sender(headers: &HeaderBlock) -> Option<Mailbox> {
    let address = headers.addresses("from").into_iter().next()?;
    Some(Mailbox { name: headers.display_name("from"), address })
}

#[cfg(test)]
mod tests;
