//! The events of the product.

use serde::{Deserialize, Serialize};

use crate::authz::Permission;
use crate::base::{
    BookingId, ConnectionId, ContactId, DraftId, EnrolmentId, EventTypeId, FollowUpId, MessageId, PaymentId, ReplyId,
    SequenceId, UnixMillis, UserId, WorkerId, WorkspaceId,
};

/// One entry of a workspace's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the workspace's log, from 1.
    pub number: u64,
    pub workspace: WorkspaceId,
    pub at: UnixMillis,
    pub what: Happened,
}

/// What ended with a booking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// What was booked is off.
    #[default]
    Meeting,
    /// A visitor asked for it, and a person said no.
    Declined,
    /// The visitor no longer asks for it.
    TakenBack,
}

impl Ended {
    pub fn words(self) -> &'static str {
        match self {
            Ended::Meeting => "Meeting cancelled",
            Ended::Declined => "Request declined",
            Ended::TakenBack => "Request taken back",
        }
    }
}

/// What happened. Variants are only ever added; fields added later carry `#[serde(default)]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Happened {
    WorkspaceCreated,
    MemberJoined {
        user: UserId,
    },
    MemberLeft {
        user: UserId,
    },
    ContactCreated {
        contact: ContactId,
    },
    ContactChanged {
        contact: ContactId,
    },
    ContactErased {
        contact: ContactId,
    },
    ContactsImported {
        import: crate::base::ImportId,
        added: u64,
    },
    /// DNS was asked whether addresses take mail; of one contact, or of many together. `refused`: at so many addresses
    /// nothing can be delivered.
    AddressesChecked {
        contact: Option<ContactId>,
        refused: u64,
    },
    Suppressed {
        contact: Option<ContactId>,
        reason: String,
        /// A whole domain and not one address.
        #[serde(default)]
        domain: bool,
    },
    SuppressionLifted,
    ConnectionMade {
        connection: ConnectionId,
    },
    ConnectionLost {
        connection: ConnectionId,
        reason: String,
    },
    ConnectionRemoved {
        connection: ConnectionId,
    },
    /// What was right about a domain that mail is sent from is not any more: `what` names it ("SPF").
    SendingDomainBroken {
        domain: String,
        what: String,
        reason: String,
    },
    SendingDomainMended {
        domain: String,
        what: String,
    },
    /// Mail of the domain is signed with this key from now on.
    SigningBegan {
        domain: String,
        selector: String,
    },
    /// A replaced key is not needed any more: its record may go.
    SigningKeyEnded {
        domain: String,
        selector: String,
    },
    WorkerActivated {
        worker: WorkerId,
    },
    /// How its mails are written or whether they are read first: its mailboxes, its sender, its review.
    WorkerChanged {
        worker: WorkerId,
    },
    WorkerDeleted {
        worker: WorkerId,
    },
    WorkerPaused {
        worker: WorkerId,
        reason: String,
    },
    /// What kept the whole workspace from sending is gone: a suspension, a missing postal address.
    SendingResumed,
    SequenceChanged {
        sequence: SequenceId,
    },
    Enrolled {
        enrolment: EnrolmentId,
        contact: ContactId,
        sequence: SequenceId,
    },
    EnrolmentEnded {
        enrolment: EnrolmentId,
        contact: ContactId,
        reason: String,
    },
    /// The day has come until which somebody put it off, and a person decides.
    FollowUpDue {
        enrolment: EnrolmentId,
        contact: ContactId,
    },
    /// A sequence has come to something that a person does.
    TaskOpened {
        enrolment: EnrolmentId,
        contact: ContactId,
    },
    /// They were answered; unless they say something, they are reminded of it on a day to come.
    AnswerFollowUpPlanned {
        follow_up: FollowUpId,
        contact: ContactId,
    },
    /// Nothing more comes of it, and why.
    AnswerFollowUpEnded {
        follow_up: FollowUpId,
        contact: ContactId,
        reason: String,
    },
    DraftWritten {
        draft: DraftId,
        contact: ContactId,
    },
    DraftDecided {
        draft: DraftId,
        contact: ContactId,
        approved: bool,
    },
    /// An approved or rejected draft waits for a decision again.
    DraftReturned {
        draft: DraftId,
        contact: ContactId,
    },
    MessageQueued {
        message: MessageId,
        contact: ContactId,
    },
    MessageSent {
        message: MessageId,
        contact: ContactId,
    },
    MessageNotSent {
        message: MessageId,
        contact: ContactId,
        reason: String,
    },
    /// A worker on a dry run would have sent it now.
    MessageRehearsed {
        message: MessageId,
        contact: ContactId,
    },
    MessageInDoubt {
        message: MessageId,
        contact: ContactId,
    },
    MessageBounced {
        message: MessageId,
        contact: ContactId,
        hard: bool,
    },
    Complained {
        message: Option<MessageId>,
        contact: ContactId,
    },
    MessageReceived {
        reply: ReplyId,
        contact: ContactId,
        message: MessageId,
    },
    ReplyClassified {
        reply: ReplyId,
        contact: ContactId,
        label: String,
    },
    ReplyCorrected {
        reply: ReplyId,
        contact: ContactId,
        label: String,
    },
    /// A worker tagged a lead because of what an answer was read as.
    LeadTagged {
        reply: ReplyId,
        contact: ContactId,
        tag: String,
    },
    Unsubscribed {
        contact: Option<ContactId>,
        how: String,
    },
    BookingProposed {
        booking: BookingId,
        contact: ContactId,
    },
    BookingConfirmed {
        booking: BookingId,
        contact: ContactId,
    },
    BookingMoved {
        booking: BookingId,
        contact: ContactId,
    },
    BookingCancelled {
        booking: BookingId,
        contact: ContactId,
        #[serde(default)]
        ended: Ended,
    },
    /// The calendar refused a booking, its move or its end; the reason is the provider's, in words.
    BookingFailed {
        booking: BookingId,
        contact: ContactId,
        reason: String,
    },
    /// A guest has paid for a booking.
    PaymentReceived {
        payment: PaymentId,
        booking: BookingId,
        contact: ContactId,
    },
    /// Nothing was paid, and nothing will be.
    PaymentEnded {
        payment: PaymentId,
        booking: BookingId,
        contact: ContactId,
        reason: String,
    },
    /// Money was given back, or could not be. `amount` as people read it: "49.00 EUR".
    PaymentReturned {
        payment: PaymentId,
        booking: BookingId,
        contact: ContactId,
        amount: String,
        done: bool,
    },
    /// A person said that the guest did not come.
    BookingNoShow {
        booking: BookingId,
        contact: ContactId,
    },
    /// A person said that the meeting took place.
    BookingCompleted {
        booking: BookingId,
        contact: ContactId,
    },
    /// What was said to have become of it was taken back.
    BookingOutcomeTakenBack {
        booking: BookingId,
        contact: ContactId,
    },
    /// Somebody waits for a free time of an event type.
    WaitlistJoined {
        event_type: EventTypeId,
        contact: ContactId,
    },
    /// A time is held for them until they take it, or for as long as the owner says.
    WaitlistOffered {
        event_type: EventTypeId,
        contact: ContactId,
        start: UnixMillis,
    },
    /// They wait no more, and have not booked.
    WaitlistLeft {
        event_type: EventTypeId,
        contact: ContactId,
        reason: String,
    },
    /// An answer about a meeting waits for a person.
    MeetingLeft {
        reply: ReplyId,
        contact: ContactId,
        reason: String,
    },
    /// Written by a newer version: kept, shown as such, acted on by nobody.
    #[serde(other)]
    Unknown,
}

impl Happened {
    /// What one must be allowed to be told of it.
    pub fn needs(&self) -> Permission {
        use Happened as H;
        match self {
            H::WorkspaceCreated | H::MemberJoined { .. } | H::MemberLeft { .. } | H::Unknown => Permission::ViewToday,
            H::ContactCreated { .. }
            | H::ContactChanged { .. }
            | H::ContactErased { .. }
            | H::AddressesChecked { .. }
            | H::ContactsImported { .. } => Permission::ViewContacts,
            H::Suppressed { .. } | H::SuppressionLifted | H::Unsubscribed { .. } => Permission::ViewSuppressions,
            H::ConnectionMade { .. }
            | H::ConnectionLost { .. }
            | H::ConnectionRemoved { .. }
            | H::SendingDomainBroken { .. }
            | H::SendingDomainMended { .. }
            | H::SigningBegan { .. }
            | H::SigningKeyEnded { .. } => Permission::ViewConnections,
            H::WorkerActivated { .. }
            | H::WorkerChanged { .. }
            | H::WorkerDeleted { .. }
            | H::WorkerPaused { .. }
            | H::SendingResumed
            | H::SequenceChanged { .. }
            | H::Enrolled { .. }
            | H::EnrolmentEnded { .. } => Permission::ViewOutreach,
            H::DraftWritten { .. } | H::DraftDecided { .. } | H::DraftReturned { .. } => Permission::ApproveDrafts,
            H::MessageQueued { .. }
            | H::MessageSent { .. }
            | H::MessageNotSent { .. }
            | H::MessageRehearsed { .. }
            | H::MessageInDoubt { .. }
            | H::MessageBounced { .. }
            | H::Complained { .. }
            | H::MessageReceived { .. }
            | H::ReplyClassified { .. }
            | H::ReplyCorrected { .. }
            | H::LeadTagged { .. }
            | H::FollowUpDue { .. }
            | H::AnswerFollowUpPlanned { .. }
            | H::AnswerFollowUpEnded { .. }
            | H::TaskOpened { .. }
            | H::MeetingLeft { .. } => Permission::ViewReplies,
            H::BookingProposed { .. }
            | H::BookingConfirmed { .. }
            | H::BookingMoved { .. }
            | H::BookingCancelled { .. }
            | H::BookingNoShow { .. }
            | H::BookingCompleted { .. }
            | H::BookingOutcomeTakenBack { .. }
            | H::WaitlistJoined { .. }
            | H::WaitlistOffered { .. }
            | H::WaitlistLeft { .. }
            | H::BookingFailed { .. } => Permission::ViewCalendar,
            H::PaymentReceived { .. } | H::PaymentEnded { .. } | H::PaymentReturned { .. } => Permission::ViewPayments,
        }
    }

    /// The event's public name, as in webhooks and `/v1/events`: `reply_classified`.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("type").and_then(|name| name.as_str()).unwrap_or("unknown").to_owned()
    }

    /// The contact whose timeline shows it.
    pub fn contact(&self) -> Option<ContactId> {
        use Happened as H;
        match self {
            H::ContactCreated { contact }
            | H::ContactChanged { contact }
            | H::ContactErased { contact }
            | H::Enrolled { contact, .. }
            | H::EnrolmentEnded { contact, .. }
            | H::FollowUpDue { contact, .. }
            | H::AnswerFollowUpPlanned { contact, .. }
            | H::AnswerFollowUpEnded { contact, .. }
            | H::TaskOpened { contact, .. }
            | H::DraftWritten { contact, .. }
            | H::DraftDecided { contact, .. }
            | H::DraftReturned { contact, .. }
            | H::MessageQueued { contact, .. }
            | H::MessageSent { contact, .. }
            | H::MessageNotSent { contact, .. }
            | H::MessageRehearsed { contact, .. }
            | H::MessageInDoubt { contact, .. }
            | H::MessageBounced { contact, .. }
            | H::Complained { contact, .. }
            | H::MessageReceived { contact, .. }
            | H::ReplyClassified { contact, .. }
            | H::ReplyCorrected { contact, .. }
            | H::LeadTagged { contact, .. }
            | H::BookingProposed { contact, .. }
            | H::BookingConfirmed { contact, .. }
            | H::BookingMoved { contact, .. }
            | H::BookingCancelled { contact, .. }
            | H::BookingNoShow { contact, .. }
            | H::BookingCompleted { contact, .. }
            | H::BookingOutcomeTakenBack { contact, .. }
            | H::BookingFailed { contact, .. }
            | H::WaitlistJoined { contact, .. }
            | H::WaitlistOffered { contact, .. }
            | H::WaitlistLeft { contact, .. }
            | H::PaymentReceived { contact, .. }
            | H::PaymentEnded { contact, .. }
            | H::PaymentReturned { contact, .. }
            | H::MeetingLeft { contact, .. } => Some(*contact),
            H::Suppressed { contact, .. } | H::Unsubscribed { contact, .. } | H::AddressesChecked { contact, .. } => {
                *contact
            }
            _ => None,
        }
    }
}
