//! Messages out and in, and what keeps them from leaving.

use serde::{Deserialize, Serialize};

use super::sheet::Sheet;
use crate::base::{
    BookingId, ConnectionId, ContactId, DraftId, EmailAddress, EnrolmentId, JobId, MessageId, ReplyId, StepId,
    SuppressionId, UnixMillis, VariantId, WorkerId, WorkspaceId,
};

/// Why a message is sent; decides which checks of the gate apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A step of a sequence: everything applies.
    Outreach,
    /// An answer in a running conversation, written by a worker's engine or a person.
    Answer,
    /// A confirmation of something the person did (a booking): passes an opt-out from marketing, and is marked so.
    Transactional,
    /// Sent by the owner to their own address to see how it looks.
    Test,
}

/// One message to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    pub purpose: Purpose,
    pub connection: ConnectionId,
    #[serde(default)]
    pub worker: Option<WorkerId>,
    #[serde(default)]
    pub enrolment: Option<EnrolmentId>,
    #[serde(default)]
    pub step: Option<StepId>,
    /// Which wording of the step, where it had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantId>,
    #[serde(default)]
    pub draft: Option<DraftId>,
    #[serde(default)]
    pub booking: Option<BookingId>,
    pub to: EmailAddress,
    #[serde(default)]
    pub to_name: String,
    pub subject: String,
    /// Plain text as the person will read it, without the footer.
    pub text: String,
    /// Our Message-ID, without brackets; replaced by the provider's where it made its own.
    pub message_id: String,
    /// The message of ours (or theirs) that this one answers.
    #[serde(default)]
    pub in_reply_to: Option<String>,
    #[serde(default)]
    pub references: Vec<String>,
    /// The provider's conversation, for threading in the owner's own mailbox.
    #[serde(default)]
    pub provider_thread: Option<String>,
    /// The provider's id of the sent message.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// Sent in the recipient's hours of these days (absent: any time).
    #[serde(default)]
    pub hours: Option<SendingHours>,
    pub state: Delivery,
    pub queued_at: UnixMillis,
    #[serde(default)]
    pub sent_at: Option<UnixMillis>,
    /// The job that sends it.
    pub job: JobId,
    /// Where the mailbox stood before sending (Gmail `historyId`), for looking after a cut line.
    #[serde(default)]
    pub cursor_before: Option<String>,
    /// The times that this message offers (start, end), so that "the second one works" can be read.
    #[serde(default)]
    pub offered: Vec<(UnixMillis, UnixMillis)>,
    #[serde(default)]
    pub noted: Noted,
    /// What it has besides plain text.
    #[serde(default, skip_serializing_if = "Dress::is_plain")]
    pub dress: Dress,
}

/// What a transactional message may have besides its text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dress {
    /// Its HTML part; without one that is made of the text.
    pub sheet: Option<Box<Sheet>>,
    pub calendar: Option<CalendarFile>,
    /// It has lost its use from then on: a reminder of a meeting that has begun never leaves.
    pub useful_until: Option<UnixMillis>,
}

impl Dress {
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// An invitation or its end (RFC 6047).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarFile {
    /// REQUEST, CANCEL: the same as `METHOD` in the file.
    pub method: String,
    pub ics: String,
}

/// What the outbox notes about a message until it has left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noted {
    /// Why it was taken back at a moment when it may have been leaving. If it turns out not to have left, it never does.
    pub withdrawn: Option<String>,
    /// The contact's newest answer when it was queued: whoever queued it knew of none that came later.
    pub newest_reply: Option<ReplyId>,
    /// Since when every try has failed.
    pub failing_since: Option<UnixMillis>,
    /// It was refused once as mail of a sender that is not wanted.
    pub sender_refused: bool,
    /// It was made while its worker was on a dry run, so it never leaves.
    pub in_dry_run: bool,
    /// When it would have left, had there been no dry run.
    pub would_have_left: Option<UnixMillis>,
}

/// When a message may arrive, on the recipient's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingHours {
    /// IANA name.
    pub zone: String,
    /// Monday = 1 to Sunday = 7.
    pub days: Vec<u8>,
    /// Minutes after midnight.
    pub from: u16,
    pub to: u16,
    /// The recipient's country by its code, where that is known otherwise than by the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl SendingHours {
    #[cfg(test)]
    pub fn any_time() -> Self {
        Self { zone: "UTC".into(), days: (1..=7).collect(), from: 0, to: 24 * 60, country: None }
    }

    /// Monday to Friday, nine to five.
    #[cfg(test)]
    pub fn of_an_office(zone: &str) -> Self {
        Self { zone: zone.into(), days: vec![1, 2, 3, 4, 5], from: 9 * 60, to: 17 * 60, country: None }
    }
}

/// What became of a message. "Sent" means that the provider took it, not that it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Delivery {
    Queued {
        /// Why it waits, as the gate last said.
        #[serde(default)]
        waits_for: Option<String>,
    },
    /// The intent is written; it leaves now.
    Leaving,
    Sent,
    /// It may have left; being looked for.
    InDoubt {
        reason: String,
    },
    /// A person must say.
    NeedsHuman {
        reason: String,
    },
    NotSent {
        reason: String,
    },
    /// It left and came back. Not `hard`: the address is kept, this mail has not been delivered.
    Bounced {
        hard: bool,
        reason: String,
        /// The mailbox was full: several of these, and the address is given up.
        #[serde(default)]
        full: bool,
    },
}

impl Delivery {
    pub fn words(&self) -> &'static str {
        match self {
            Delivery::Queued { .. } => "Waiting",
            Delivery::Leaving => "Leaving",
            Delivery::Sent => "Sent",
            Delivery::InDoubt { .. } => "Being looked for",
            Delivery::NeedsHuman { .. } => "Needs a look",
            Delivery::NotSent { .. } => "Not sent",
            Delivery::Bounced { hard: true, .. } => "Bounced",
            Delivery::Bounced { hard: false, .. } => "Not delivered",
        }
    }

    pub fn is_waiting(&self) -> bool {
        matches!(self, Delivery::Queued { .. })
    }
}

/// An answer to something we sent. The body was used in memory; this is what is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub id: ReplyId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    /// The message it answers.
    pub message: MessageId,
    pub connection: ConnectionId,
    #[serde(default)]
    pub worker: Option<WorkerId>,
    #[serde(default)]
    pub enrolment: Option<EnrolmentId>,
    pub from: EmailAddress,
    #[serde(default)]
    pub from_name: String,
    pub received_at: UnixMillis,
    pub sent_at: UnixMillis,
    pub subject: String,
    /// At most 2,000 characters of what the person wrote, quotes and signature removed.
    pub excerpt: String,
    /// Its Message-ID and those it refers to, for answering in the thread.
    pub message_id: String,
    #[serde(default)]
    pub references: Vec<String>,
    #[serde(default)]
    pub provider_thread: Option<String>,
    /// Header facts that classification needs (name, value), few and short.
    #[serde(default)]
    pub header_facts: Vec<(String, String)>,
    /// Written by a machine, as headers say.
    #[serde(default)]
    pub automatic: bool,
    /// How it was read; absent until the reader has come to it.
    #[serde(default)]
    pub reading: Option<Reading>,
    /// A person has dealt with it.
    #[serde(default)]
    pub handled_at: Option<UnixMillis>,
}

/// How a reply was read, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// One of the nine labels (contract names: `interested`, `meeting_proposed`, …).
    pub label: String,
    /// Calibrated, 0 to 1.
    pub confidence: f32,
    pub language: String,
    #[serde(default)]
    pub reasons: Vec<String>,
    #[serde(default)]
    pub flags: Vec<String>,
    #[serde(default)]
    pub times: Vec<ProposedTime>,
    /// YYYY-MM-DD.
    #[serde(default)]
    pub return_date: Option<String>,
    #[serde(default)]
    pub follow_up_on: Option<String>,
    pub read_at: UnixMillis,
    /// What the program had read before a person corrected it.
    #[serde(default)]
    pub corrected_from: Option<String>,
    /// Perhaps an opt-out, and too unsure to act on: a person says. Until then nothing of a sequence is sent.
    #[serde(default)]
    pub undecided: bool,
    /// A person has said that the label is right, having looked.
    #[serde(default)]
    pub confirmed: bool,
    /// With the label `other`: `ack`, `spam`, `bounce_hard`, …
    #[serde(default)]
    pub other_kind: Option<String>,
    /// The length of meeting that the person asks for.
    #[serde(default)]
    pub duration_minutes: Option<u32>,
    /// Links to the person's own booking page, as written; shown, never fetched.
    #[serde(default)]
    pub booking_links: Vec<String>,
    /// They leave it to us to name the times.
    #[serde(default)]
    pub asks_for_times: bool,
    /// What read it: empty for the built-in engine, else the service and its model.
    #[serde(default)]
    pub engine: String,
    /// Why the built-in engine read it although a service is chosen: `timeout`, `budget`, …
    #[serde(default)]
    pub fallback_reason: Option<String>,
    /// Whom the person points to. Nobody here is written to before a person has added them as a contact.
    #[serde(default)]
    pub suggested: Vec<SuggestedContact>,
    /// The tag that the worker gave its writer because of the label; none where they had it before.
    #[serde(default)]
    pub tagged: Option<String>,
    /// Why the owner's rules hand it to a person, as the end of "Handed over because"; empty where none does.
    #[serde(default)]
    pub escalation: String,
}

/// The flag of an answer that a rule of the owner hands to a person.
pub const ESCALATED: &str = "escalated";

/// Below this a label is a guess.
const SURE_FROM: f32 = 0.60;

impl Reply {
    /// A person is to look at it: it asks for something, it is delicate, or it could not be read surely.
    pub fn waits(&self) -> bool {
        let Some(reading) = &self.reading else { return false };
        reading.undecided || (self.handled_at.is_none() && self.asks_for_somebody(reading))
    }

    fn asks_for_somebody(&self, reading: &Reading) -> bool {
        const ASK: &[&str] = &["interested", "question", "meeting_proposed", "referral"];
        // What gives orders to the machine is always a person's to read (G7).
        const DELICATE: &[&str] = &["injection", "complaint", "legal", "data_request", ESCALATED];
        let is_delicate = reading.flags.iter().any(|flag| DELICATE.contains(&flag.as_str()));
        let is_guess = !self.automatic && !reading.is_sure();
        ASK.contains(&reading.label.as_str()) || is_delicate || is_guess
    }
}

impl Reading {
    /// A person's word, or more than a guess of the program.
    pub fn is_sure(&self) -> bool {
        self.is_by_person() || self.confidence >= SURE_FROM
    }

    /// They would like to go on and ask us for times: the answer is an offer of free ones, not a question for theirs.
    pub fn wants_our_times(&self) -> bool {
        self.asks_for_times && self.is_sure() && matches!(self.label.as_str(), "interested" | "question")
    }

    /// The label is a person's word, no longer the program's.
    pub fn is_by_person(&self) -> bool {
        self.confirmed || self.corrected_from.is_some()
    }
}

/// Somebody named in a reply. What was not said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuggestedContact {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub role: String,
    /// Added by a member since.
    #[serde(default)]
    pub contact: Option<ContactId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedTime {
    pub start: UnixMillis,
    /// Absent for an exact point.
    #[serde(default)]
    pub end: Option<UnixMillis>,
    pub source_text: String,
    #[serde(default)]
    pub ambiguous: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub id: SuppressionId,
    pub target: Target,
    pub reason: SuppressionReason,
    /// How it came: "one-click", "unsubscribe page", "reply", "bounce 5.1.1", a person's note.
    pub how: String,
    pub at: UnixMillis,
    #[serde(default)]
    pub contact: Option<ContactId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Address(EmailAddress),
    /// In lower case, as A-label; holds for its sub-domains too.
    Domain(String),
    /// Somebody who was erased: the keyed hash of the address, and nothing else of it.
    Erased([u8; 16]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionReason {
    Unsubscribed,
    Complained,
    Bounced,
    /// Entered by a member.
    ByHand,
    /// The person was erased or asked for restriction.
    Rights,
}

impl SuppressionReason {
    pub fn words(self) -> &'static str {
        match self {
            SuppressionReason::Unsubscribed => "Unsubscribed",
            SuppressionReason::Complained => "Reported as spam",
            SuppressionReason::Bounced => "Address does not work",
            SuppressionReason::ByHand => "Added by hand",
            SuppressionReason::Rights => "Asked for it",
        }
    }

    /// An opt-out from marketing leaves transactional mail possible; an address that does not work does not.
    pub fn blocks(self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Test => false,
            Purpose::Outreach | Purpose::Answer => true,
            Purpose::Transactional => matches!(self, SuppressionReason::Bounced | SuppressionReason::Rights),
        }
    }
}
