//! A message in the making.

use serde::{Deserialize, Serialize};

use super::{serial_of, SEND};
use crate::base::{
    BookingId, ContactId, DraftId, EmailAddress, EnrolmentId, MessageId, StepId, UnixMillis, VariantId, WorkerId,
    WorkspaceId,
};
use crate::connections::Connection;
use crate::jobs::{Class, Lane, NewJob};
use crate::messaging::model::{Delivery, Dress, Message, Noted, Purpose, SendingHours};

/// A message to be enqueued. Ids are made here, outside the transaction.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub(super) message: Message,
    pub(super) job: NewJob,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::messaging) struct Payload {
    pub workspace: WorkspaceId,
    pub message: MessageId,
}

impl NewMessage {
    /// `domain` for the Message-ID is the sender's own.
    pub fn new(
        now: UnixMillis,
        workspace: WorkspaceId,
        contact: ContactId,
        purpose: Purpose,
        from: &Connection,
        to: &EmailAddress,
    ) -> Self {
        let id = MessageId::new(now);
        let job = NewJob::new(SEND, Lane::MailOut, workspace, now, &Payload { workspace, message: id })
            .serial(serial_of(from.id, purpose))
            .class(Class::Once)
            .max_attempts(u32::MAX);
        let message = Message {
            id,
            workspace,
            contact,
            purpose,
            connection: from.id,
            worker: None,
            enrolment: None,
            step: None,
            variant: None,
            draft: None,
            booking: None,
            to: to.clone(),
            to_name: String::new(),
            subject: String::new(),
            text: String::new(),
            message_id: format!("{}@{}", id, from.address.domain()),
            in_reply_to: None,
            references: Vec::new(),
            provider_thread: None,
            provider_id: None,
            hours: None,
            state: Delivery::Queued { waits_for: None },
            queued_at: now,
            sent_at: None,
            job: job.id(),
            cursor_before: None,
            offered: Vec::new(),
            noted: Noted::default(),
            dress: Dress::default(),
        };
        Self { message, job }
    }

    pub fn id(&self) -> MessageId {
        self.message.id
    }

    /// As it would be written.
    pub fn message(&self) -> &Message {
        &self.message
    }

    pub fn to_name(mut self, name: &str) -> Self {
        self.message.to_name = name.to_owned();
        self
    }

    pub fn words(mut self, subject: &str, text: &str) -> Self {
        self.message.subject = subject.to_owned();
        self.message.text = text.to_owned();
        self
    }

    pub fn worker(mut self, worker: WorkerId) -> Self {
        self.message.worker = Some(worker);
        self
    }

    /// A mail of a sequence; `variant` where the step has several wordings.
    pub fn step(mut self, enrolment: EnrolmentId, step: StepId, variant: Option<VariantId>) -> Self {
        self.message.enrolment = Some(enrolment);
        self.message.step = Some(step);
        self.message.variant = variant;
        self
    }

    pub fn enrolment(mut self, enrolment: EnrolmentId) -> Self {
        self.message.enrolment = Some(enrolment);
        self
    }

    pub fn draft(mut self, draft: DraftId) -> Self {
        self.message.draft = Some(draft);
        self
    }

    pub fn booking(mut self, booking: BookingId) -> Self {
        self.message.booking = Some(booking);
        self
    }

    pub fn hours(mut self, hours: SendingHours) -> Self {
        self.message.hours = Some(hours);
        self
    }

    /// Continues a conversation: `parent` is answered, `references` are those before it.
    pub fn answering(mut self, parent: &str, references: &[String], provider_thread: Option<&str>) -> Self {
        self.message.in_reply_to = Some(parent.to_owned());
        self.message.references = references.iter().filter(|id| *id != parent).cloned().collect();
        self.message.references.push(parent.to_owned());
        self.message.provider_thread = provider_thread.map(str::to_owned);
        self
    }

    /// The times that its text offers, as (start, end).
    pub fn offering(mut self, times: &[(UnixMillis, UnixMillis)]) -> Self {
        self.message.offered = times.to_vec();
        self
    }

    pub fn dress(mut self, dress: Dress) -> Self {
        self.message.dress = dress;
        self
    }

    /// Not before then.
    pub fn due(mut self, at: UnixMillis) -> Self {
        self.job = self.job.due(at);
        self.message.job = self.job.id();
        self
    }
}
