//! What a received message is: a person's reply, a bounce, an automatic answer, a complaint, or none.
//!
//! Pure and total: any bytes give an answer, within bounded time and memory, and nothing here trusts
//! what it reads. A report counts only after its ids were matched with mail that we sent, which is
//! the caller's work: `message_ids` and `own_headers` are there for it.

mod arf;
mod auto_reply;
mod bounce_text;
mod dsn;
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
use super::html_text::visible_text;
use super::mime::{split_head, Mail, Part, PartKind};
use super::reply_text::reply_text;

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

/// Looks at a whole message as received.
pub fn inspect(raw: &[u8]) -> Inspection {
    let mail = Mail::parse(raw);
    let facts = ReplyFacts::of(&mail.headers);
    let finding = report(&mail, &facts).unwrap_or_else(|| answer(&mail, &facts));
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

/// What one of the formats found.
#[derive(Debug)]
struct Finding {
    kind: MailKind,
    recipients: Vec<Concerned>,
    status: Option<String>,
    envelope_id: Option<String>,
    feedback_type: Option<String>,
    message_id: Option<String>,
    is_delay: bool,
}

impl Finding {
    fn of(kind: MailKind, recipients: Vec<Concerned>) -> Self {
        Self {
            kind,
            recipients,
            status: None,
            envelope_id: None,
            feedback_type: None,
            message_id: None,
            is_delay: false,
        }
    }
}

/// Reports by machines about our mail, from the most formal to the least.
fn report(mail: &Mail, facts: &ReplyFacts) -> Option<Finding> {
    feedback_report(mail)
        .or_else(|| delivery_report(mail))
        .or_else(|| notification(mail))
        .or_else(|| worded_report(mail, facts))
}

fn feedback_report(mail: &Mail) -> Option<Finding> {
    let report = match mail.first(PartKind::FeedbackReport) {
        Some(part) => arf::FeedbackReport::read(&part.text),
        None if is_microsoft_complaint(mail) => arf::FeedbackReport::read("Feedback-Type: abuse"),
        None => return None,
    };
    let mut addresses = report.recipients.clone();
    if addresses.is_empty() {
        addresses = returned_recipients(mail);
    }
    let kind = if report.is_complaint() { MailKind::Complaint } else { MailKind::None };
    let mut finding = Finding::of(kind, addresses.into_iter().map(Concerned::plain).collect());
    finding.envelope_id = report.original_envelope_id;
    finding.feedback_type = Some(report.kind);
    Some(finding)
}

/// Microsoft's Junk Mail Reporting Program returns the bare original and names its reader in there.
fn is_microsoft_complaint(mail: &Mail) -> bool {
    let is_titled =
        mail.headers.get("subject").is_some_and(|subject| subject.trim_start().starts_with("complaint about message"));
    let names_reader = || returned_heads(mail).iter().any(|head| head.has("x-hmxmroriginalrecipient"));
    mail.first(PartKind::Original).is_some() && (is_titled || names_reader())
}

fn delivery_report(mail: &Mail) -> Option<Finding> {
    let explanation = bounce_text::before_original(&text_for_people(mail));
    let mut envelope_id = None;
    let mut recipients: Vec<Concerned> = Vec::new();
    let parts = mail.all(PartKind::DeliveryStatus).map(|part| part.text.as_str());
    // A report whose MIME structure was lost still has its fields somewhere in the text.
    let plain = mail.plain_text();
    let loose = mail.first(PartKind::DeliveryStatus).is_none().then(|| dsn::fields_in_text(&plain)).flatten();
    for fields in parts.chain(loose) {
        let report = dsn::read(fields, &explanation);
        envelope_id = envelope_id.or(report.original_envelope_id);
        recipients.extend(report.recipients);
    }
    if recipients.is_empty() {
        return None;
    }
    let mut finding = bounce(recipients);
    finding.envelope_id = envelope_id;
    finding.status = finding.recipients.first().and_then(|first| first.status.clone());
    Some(finding)
}

/// The kind of a bounce by its concerned addresses. Failures are listed before the rest.
fn bounce(mut recipients: Vec<Concerned>) -> Finding {
    let is_success = |one: &Concerned| one.action.is_some_and(Action::is_success);
    recipients.sort_by_key(is_success);
    let is_delay = recipients.iter().all(|one| one.action == Some(Action::Delayed));
    let kind = match recipients.first() {
        Some(first) if is_success(first) => MailKind::None,
        Some(first) if first.class.suppresses() => MailKind::Hard,
        _ => MailKind::Soft,
    };
    let mut finding = Finding::of(kind, recipients);
    finding.is_delay = is_delay;
    finding
}

fn notification(mail: &Mail) -> Option<Finding> {
    let (notice, message_id) = notification::read(&mail.plain_text())?;
    let mut finding = match notice {
        notification::Notification::Bounce(recipients) => bounce(recipients),
        notification::Notification::Complaint(addresses) => {
            Finding::of(MailKind::Complaint, addresses.into_iter().map(Concerned::plain).collect())
        }
        notification::Notification::Other(addresses) => {
            Finding::of(MailKind::None, addresses.into_iter().map(Concerned::plain).collect())
        }
    };
    finding.message_id = message_id.map(|id| id.trim_matches(['<', '>']).to_owned());
    Some(finding)
}

/// Bounces that say in words what happened.
fn worded_report(mail: &Mail, facts: &ReplyFacts) -> Option<Finding> {
    let text = text_for_people(mail);
    let subject = mail.headers.decoded("subject").unwrap_or_default();
    let is_titled = machine::is_bounce_subject(&subject);
    let is_worded = machine::is_bounce_text(&text);
    let is_signed =
        facts.is_from_daemon || mail.content_type == "multipart/report" || mail.headers.has("x-failed-recipients");
    let is_certain = is_signed && !is_plain_auto_reply(mail, facts) || facts.is_null_return_path && is_titled;
    // Words alone count only where nobody answers anybody: people tell each other about bounces, too.
    let has_evidence = is_titled || mail.first(PartKind::Original).is_some() || status::find_reply(&text).is_some();
    if !is_certain && !(is_worded && has_evidence && !facts.is_answer) {
        return None;
    }
    let is_delay = machine::is_delay_notice(&subject, &text);
    let failed = mail.headers.addresses("x-failed-recipients");
    let mut ours = mail.headers.addresses("from");
    ours.extend(mail.headers.addresses("to"));
    let mut recipients = bounce_text::read(&text, &failed, &ours, is_delay);
    if recipients.is_empty() {
        let report = bounce_text::before_original(&text);
        recipients =
            returned_recipients(mail).iter().map(|to| bounce_text::from_whole(to, &report, is_delay)).collect();
    }
    if recipients.is_empty() && !is_titled && !is_worded {
        return None;
    }
    let mut finding = bounce(recipients);
    finding.is_delay = is_delay;
    finding.status = mail.first(PartKind::DeliveryStatus).and_then(|part| dsn::read(&part.text, "").status);
    Some(finding)
}

/// A person's away note may come without return address from a subject that mentions delivery.
fn is_plain_auto_reply(mail: &Mail, facts: &ReplyFacts) -> bool {
    facts.auto_submitted.as_deref() == Some("auto-replied")
        && !facts.is_from_daemon
        && !mail.headers.has("x-failed-recipients")
        && mail.report_type.is_none()
        && !machine::is_bounce_subject(&mail.headers.decoded("subject").unwrap_or_default())
}

/// No report: a person, an automatic answer, a list.
fn answer(mail: &Mail, facts: &ReplyFacts) -> Finding {
    let is_report = mail.content_type == "multipart/report";
    let from: Vec<Concerned> = mail.headers.addresses("from").into_iter().take(1).map(Concerned::plain).collect();
    if is_report || facts.is_from_daemon {
        return Finding::of(MailKind::None, Vec::new());
    }
    if auto_reply::is_unsubscribe_request(&mail.headers, facts) {
        let mut finding = Finding::of(MailKind::Complaint, from);
        finding.feedback_type = Some("opt-out".into());
        return finding;
    }
    if auto_reply::is_auto_reply(&mail.headers, facts) {
        return Finding::of(MailKind::AutoReply, from);
    }
    let is_list = facts.is_bulk() && !facts.is_answer;
    let is_empty = mail.plain_text().trim().is_empty() && visible_text(&mail.html()).trim().is_empty();
    if is_list || is_empty && !facts.is_answer {
        return Finding::of(MailKind::None, Vec::new());
    }
    Finding::of(MailKind::Reply, Vec::new())
}

/// Plain text, or the HTML part's visible text when there is none.
fn text_for_people(mail: &Mail) -> String {
    let plain = mail.plain_text();
    if plain.trim().is_empty() {
        visible_text(&mail.html())
    } else {
        plain
    }
}

/// Heads of the messages returned, as parts or inside the report's text.
fn returned_heads(mail: &Mail) -> Vec<HeaderBlock> {
    let head = |part: &Part| HeaderBlock::parse(split_head(part.text.trim_start().as_bytes()).0);
    let mut heads: Vec<HeaderBlock> = mail.all(PartKind::Original).map(head).collect();
    if heads.is_empty() {
        let text = mail.plain_text();
        let inside = HeaderBlock::parse_text(bounce_text::after_original(&text));
        heads.extend((!inside.is_empty()).then_some(inside));
    }
    heads
}

/// Whom the returned message went to, for reports that do not say.
fn returned_recipients(mail: &Mail) -> Vec<String> {
    let heads = returned_heads(mail);
    let by_header = |name: &str| heads.iter().flat_map(|head| head.addresses(name)).collect::<Vec<_>>();
    ["x-hmxmroriginalrecipient", "to", "delivered-to"]
        .iter()
        .map(|name| by_header(name))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
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
