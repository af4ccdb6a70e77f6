//! The formats in turn: which of them does this mail speak, and what does it say?

use super::machine::{self, ReplyFacts};
use super::{arf, auto_reply, bounce_text, dsn, notification, status};
use super::{Action, Concerned, MailKind};
use crate::channels::email::header_block::HeaderBlock;
use crate::channels::email::html_text::visible_text;
use crate::channels::email::mime::{split_head, Mail, Part, PartKind};

/// What one of the formats found.
#[derive(Debug)]
pub struct Finding {
    pub kind: MailKind,
    pub recipients: Vec<Concerned>,
    pub status: Option<String>,
    pub envelope_id: Option<String>,
    pub feedback_type: Option<String>,
    pub message_id: Option<String>,
    pub is_delay: bool,
}

impl Finding {
    /// Machines' reports come first, from the most formal kind to the least; the rest is an answer.
    pub fn of(mail: &Mail, facts: &ReplyFacts) -> Self {
        report(mail, facts).unwrap_or_else(|| answer(mail, facts))
    }

    fn new(kind: MailKind, recipients: Vec<Concerned>) -> Self {
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
        .or_else(|| disposition_report(mail))
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
    let mut finding = Finding::new(kind, addresses.into_iter().map(Concerned::plain).collect());
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

/// A receipt that a mail was shown or deleted unread (RFC 8098): it proves that the mail arrived, and is no answer.
fn disposition_report(mail: &Mail) -> Option<Finding> {
    let fields = HeaderBlock::parse_text(&mail.first(PartKind::DispositionNotification)?.text);
    let mut finding =
        Finding::new(MailKind::None, dsn::address_of(&fields).into_iter().map(Concerned::plain).collect());
    finding.message_id = fields.message_ids("original-message-id").into_iter().next();
    Some(finding)
}

/// The kind of a bounce by its concerned addresses: what failed for good says more than what is late, and what is late
/// more than what arrived.
fn bounce(mut recipients: Vec<Concerned>) -> Finding {
    let is_success = |one: &Concerned| one.action.is_some_and(Action::is_success);
    let is_late = |one: &Concerned| one.action == Some(Action::Delayed);
    recipients.sort_by_key(is_success);
    let is_delay = !recipients.is_empty() && recipients.iter().all(is_late);
    if let Some(at) = recipients.iter().position(|one| !is_late(one) && !is_success(one)) {
        recipients[..=at].rotate_right(1);
    }
    let kind = match recipients.first() {
        Some(first) if is_success(first) => MailKind::None,
        Some(first) if first.class.suppresses() => MailKind::Hard,
        _ => MailKind::Soft,
    };
    let mut finding = Finding::new(kind, recipients);
    finding.is_delay = is_delay;
    finding
}

fn notification(mail: &Mail) -> Option<Finding> {
    let (notice, message_id) = notification::read(&mail.plain_text())?;
    let mut finding = match notice {
        notification::Notification::Bounce(recipients) => bounce(recipients),
        notification::Notification::Complaint(addresses) => {
            Finding::new(MailKind::Complaint, addresses.into_iter().map(Concerned::plain).collect())
        }
        notification::Notification::Other(addresses) => {
            Finding::new(MailKind::None, addresses.into_iter().map(Concerned::plain).collect())
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
    if !(is_certain || is_worded && has_evidence && !facts.is_answer) {
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
        return Finding::new(MailKind::None, Vec::new());
    }
    if auto_reply::is_unsubscribe_request(&mail.headers, facts) {
        let mut finding = Finding::new(MailKind::Complaint, from);
        finding.feedback_type = Some("opt-out".into());
        return finding;
    }
    if auto_reply::is_auto_reply(&mail.headers, facts) {
        return Finding::new(MailKind::AutoReply, from);
    }
    let is_list = facts.is_bulk() && !facts.is_answer;
    let is_empty = mail.plain_text().trim().is_empty() && visible_text(&mail.html()).trim().is_empty();
    if is_list || is_empty && !facts.is_answer {
        return Finding::new(MailKind::None, Vec::new());
    }
    Finding::new(MailKind::Reply, Vec::new())
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
pub fn returned_heads(mail: &Mail) -> Vec<HeaderBlock> {
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
