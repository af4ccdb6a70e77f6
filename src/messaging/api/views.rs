//! Messages, replies and suppressions as programs see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::UnixMillis;
use crate::messaging::{Delivery, Message, ProposedTime, Reading, Reply, Suppression, Target};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageView {
    pub id: String,
    pub contact_id: String,
    /// `outreach`, `answer`, `transactional` or `test`.
    pub purpose: String,
    /// `queued`, `leaving`, `sent`, `in_doubt`, `needs_human`, `not_sent`, `bounced` (nobody has this
    /// address) or `not_delivered` (refused on its way; the address is kept).
    pub state: String,
    /// Why it waits, failed or bounced.
    pub reason: Option<String>,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub connection_id: String,
    pub worker_id: Option<String>,
    pub enrolment_id: Option<String>,
    pub draft_id: Option<String>,
    pub booking_id: Option<String>,
    /// RFC 5322 Message-ID, without brackets.
    pub message_id: String,
    /// RFC 3339, UTC.
    pub queued_at: String,
    pub sent_at: Option<String>,
    /// When it would have left, had its worker not been on a dry run; it is `not_sent` for good.
    pub would_have_left_at: Option<String>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let (state, reason) = state_of(&message.state);
        Self {
            would_have_left_at: message.noted.would_have_left.map(UnixMillis::to_rfc3339),
            id: message.id.to_string(),
            contact_id: message.contact.to_string(),
            purpose: word(&message.purpose),
            state: state.to_owned(),
            reason,
            to: message.to.display().to_owned(),
            subject: message.subject,
            text: message.text,
            connection_id: message.connection.to_string(),
            worker_id: message.worker.map(|id| id.to_string()),
            enrolment_id: message.enrolment.map(|id| id.to_string()),
            draft_id: message.draft.map(|id| id.to_string()),
            booking_id: message.booking.map(|id| id.to_string()),
            message_id: message.message_id,
            queued_at: message.queued_at.to_rfc3339(),
            sent_at: message.sent_at.map(UnixMillis::to_rfc3339),
        }
    }
}

fn state_of(state: &Delivery) -> (&'static str, Option<String>) {
    match state {
        Delivery::Queued { waits_for } => ("queued", waits_for.clone()),
        Delivery::Leaving => ("leaving", None),
        Delivery::Sent => ("sent", None),
        Delivery::InDoubt { reason } => ("in_doubt", Some(reason.clone())),
        Delivery::NeedsHuman { reason } => ("needs_human", Some(reason.clone())),
        Delivery::NotSent { reason } => ("not_sent", Some(reason.clone())),
        Delivery::Bounced { hard: false, reason, .. } => ("not_delivered", Some(reason.clone())),
        Delivery::Bounced { reason, .. } => ("bounced", Some(reason.clone())),
    }
}

/// The word by which a unit variant is written.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplyView {
    pub id: String,
    pub contact_id: String,
    /// The message that it answers.
    pub message_id: String,
    pub worker_id: Option<String>,
    pub enrolment_id: Option<String>,
    pub from: String,
    pub subject: String,
    /// At most 2,000 characters of what the person wrote.
    pub excerpt: String,
    pub received_at: String,
    pub handled_at: Option<String>,
    /// A person is to look at it.
    pub waits: bool,
    /// Absent until it has been read.
    pub reading: Option<ReadingView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingView {
    pub label: String,
    /// Calibrated, 0 to 1.
    pub confidence: f32,
    pub language: String,
    pub reasons: Vec<String>,
    pub flags: Vec<String>,
    pub times: Vec<TimeView>,
    /// YYYY-MM-DD.
    pub return_date: Option<String>,
    pub follow_up_on: Option<String>,
    /// What the program had read before a person corrected it.
    pub corrected_from: Option<String>,
    /// A person has said that the label is right.
    pub confirmed: bool,
    /// Perhaps an opt-out, and too unsure to act on: it waits for a person, and nothing of a sequence is sent. Decide
    /// with `POST /v1/replies/{id}/correct`.
    pub undecided: bool,
    /// What read it: `embedded`, or the service and its model.
    pub engine: String,
    /// Why the embedded engine read it although a service is chosen: `timeout`, `http_429`, `schema`, `budget`, …
    pub fallback_reason: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimeView {
    pub start: String,
    /// Absent for an exact point.
    pub end: Option<String>,
    pub source_text: String,
    pub ambiguous: bool,
}

impl From<Reply> for ReplyView {
    fn from(reply: Reply) -> Self {
        let waits = reply.waits();
        Self {
            waits,
            id: reply.id.to_string(),
            contact_id: reply.contact.to_string(),
            message_id: reply.message.to_string(),
            worker_id: reply.worker.map(|id| id.to_string()),
            enrolment_id: reply.enrolment.map(|id| id.to_string()),
            from: reply.from.display().to_owned(),
            subject: reply.subject,
            excerpt: reply.excerpt,
            received_at: reply.received_at.to_rfc3339(),
            handled_at: reply.handled_at.map(UnixMillis::to_rfc3339),
            reading: reply.reading.map(ReadingView::from),
        }
    }
}

impl From<Reading> for ReadingView {
    fn from(reading: Reading) -> Self {
        Self {
            label: reading.label,
            confidence: reading.confidence,
            language: reading.language,
            reasons: reading.reasons,
            flags: reading.flags,
            times: reading.times.into_iter().map(TimeView::from).collect(),
            return_date: reading.return_date,
            follow_up_on: reading.follow_up_on,
            corrected_from: reading.corrected_from,
            confirmed: reading.confirmed,
            undecided: reading.undecided,
            engine: if reading.engine.is_empty() { "embedded".to_owned() } else { reading.engine },
            fallback_reason: reading.fallback_reason,
        }
    }
}

impl From<ProposedTime> for TimeView {
    fn from(time: ProposedTime) -> Self {
        Self {
            start: time.start.to_rfc3339(),
            end: time.end.map(UnixMillis::to_rfc3339),
            source_text: time.source_text,
            ambiguous: time.ambiguous,
        }
    }
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuppressionView {
    pub id: String,
    /// `address`, `domain`, or `erased` with a keyed hash as its target.
    pub kind: String,
    pub target: String,
    /// `unsubscribed`, `complained`, `bounced`, `by_hand` or `rights`.
    pub reason: String,
    /// How it came: `one-click`, `reply`, a person's note.
    pub how: String,
    pub since: String,
    pub contact_id: Option<String>,
}

impl From<Suppression> for SuppressionView {
    fn from(entry: Suppression) -> Self {
        let (kind, target) = match &entry.target {
            Target::Address(address) => ("address", address.display().to_owned()),
            Target::Domain(domain) => ("domain", domain.clone()),
            Target::Erased(hash) => ("erased", data_encoding::HEXLOWER.encode(hash)),
        };
        Self {
            id: entry.id.to_string(),
            kind: kind.to_owned(),
            target,
            reason: word(&entry.reason),
            how: entry.how,
            since: entry.at.to_rfc3339(),
            contact_id: entry.contact.map(|id| id.to_string()),
        }
    }
}
