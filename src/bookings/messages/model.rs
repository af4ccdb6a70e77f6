//! What can be said to a guest about a booking, when, and what was said so far.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{BookingId, ContactId, JobId, MessageId, Mistakes, UnixMillis, WorkspaceId};

/// What a message is about. Kinds are only ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Confirmation,
    Reminder,
    Moved,
    Cancelled,
    /// The link that was said to follow.
    Link,
    FollowUp,
    NoShow,
    /// Somebody has to agree first.
    Requested,
    Declined,
}

impl Kind {
    pub const ALL: [Kind; 9] = [
        Kind::Confirmation,
        Kind::Reminder,
        Kind::Moved,
        Kind::Cancelled,
        Kind::Link,
        Kind::FollowUp,
        Kind::NoShow,
        Kind::Requested,
        Kind::Declined,
    ];

    /// In addresses and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Confirmation => "confirmation",
            Kind::Reminder => "reminder",
            Kind::Moved => "moved",
            Kind::Cancelled => "cancelled",
            Kind::Link => "link",
            Kind::FollowUp => "follow_up",
            Kind::NoShow => "no_show",
            Kind::Requested => "requested",
            Kind::Declined => "declined",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// As the owner reads it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Confirmation => "Confirmation",
            Kind::Reminder => "Reminder",
            Kind::Moved => "New time",
            Kind::Cancelled => "Cancellation",
            Kind::Link => "Link that followed",
            Kind::FollowUp => "Follow-up",
            Kind::NoShow => "Missed meeting",
            Kind::Requested => "Request received",
            Kind::Declined => "Request declined",
        }
    }

    /// When it is sent, for the list of all of them.
    pub fn occasion(self) -> &'static str {
        match self {
            Kind::Confirmation => "When a meeting is booked and stands in the calendar.",
            Kind::Reminder => "Before the meeting, at the times chosen below.",
            Kind::Moved => "When a meeting gets another time.",
            Kind::Cancelled => "When a meeting is called off.",
            Kind::Link => "When the link of a video call is made after the confirmation.",
            Kind::FollowUp => "After the meeting, where that is chosen below.",
            Kind::NoShow => "When somebody notes that the guest did not come, where that is chosen below.",
            Kind::Requested => "When a visitor asks for a time that somebody has to agree to.",
            Kind::Declined => "When such a request is not agreed to.",
        }
    }

    /// The meeting is still to come, so where it is and how to change it are worth saying.
    pub fn is_ahead(self) -> bool {
        matches!(self, Kind::Confirmation | Kind::Reminder | Kind::Moved | Kind::Link)
    }

    /// It is planned for a time of its own; the others are sent when something happens.
    pub fn is_planned(self) -> bool {
        matches!(self, Kind::Reminder | Kind::FollowUp)
    }
}

/// Who brings the meeting into the guest's calendar. Either the provider of the host's calendar or we; never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Invitation {
    /// The host's calendar, where it mails guests by itself (Google, Microsoft); our mail for any other.
    #[default]
    Provider,
    /// Always our own mail.
    Mail,
    None,
}

impl Invitation {
    pub const ALL: [(Invitation, &'static str, &'static str); 3] = [
        (Invitation::Provider, "provider", "From the calendar (Google, Microsoft); by our mail for others"),
        (Invitation::Mail, "mail", "By our mail"),
        (Invitation::None, "none", "None"),
    ];

    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(own, ..)| *own == self).map_or("provider", |(_, word, _)| word)
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own, _)| *own == word).map(|(own, ..)| *own)
    }
}

/// Reminders of one meeting.
pub const MOST_REMINDERS: usize = 5;
/// Four weeks.
const LONGEST_MINUTES: u32 = 28 * 24 * 60;
/// Two weeks.
const LATEST_HOURS: u32 = 14 * 24;

/// When messages are sent by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// Minutes before the start, longest first.
    pub reminders: Vec<u32>,
    /// Hours after the end.
    pub follow_up_hours: Option<u32>,
    /// Write to a guest who is noted as not having come.
    pub no_show: bool,
    pub invitation: Invitation,
}

impl Default for Timing {
    fn default() -> Self {
        Self { reminders: vec![24 * 60, 60], follow_up_hours: None, no_show: false, invitation: Invitation::Provider }
    }
}

impl Timing {
    /// The longest distance first, each once.
    pub fn sorted(mut self) -> Self {
        self.reminders.sort_unstable_by(|one, other| other.cmp(one));
        self.reminders.dedup();
        self
    }

    pub fn check(&self) -> Result<(), Mistakes> {
        let mut wrong = Mistakes::default();
        wrong.expect(self.reminders.len() <= MOST_REMINDERS, "reminders", "Use at most five reminders.");
        let sound = self.reminders.iter().all(|minutes| (5..=LONGEST_MINUTES).contains(minutes));
        wrong.expect(sound, "reminders", "A reminder is 5 minutes to 28 days before the meeting: 1 day, 1 hour.");
        let hours = self.follow_up_hours.is_none_or(|hours| (1..=LATEST_HOURS).contains(&hours));
        wrong.expect(hours, "follow_up_hours", "Use 1 to 336 hours, or leave it empty.");
        wrong.into_result()
    }
}

/// What one worker's meetings or one event type has otherwise; absent: as the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    #[serde(default)]
    pub reminders: Option<Vec<u32>>,
    #[serde(default)]
    pub invitation: Option<Invitation>,
}

impl Own {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn over(&self, all: Timing) -> Timing {
        Timing {
            reminders: self.reminders.clone().unwrap_or(all.reminders),
            invitation: self.invitation.unwrap_or(all.invitation),
            ..all
        }
        .sorted()
    }
}

/// Subject and text of one kind in one language, in the language of merge fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    pub subject: String,
    pub text: String,
}

/// One wording that the owner had, and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// `None`: back to the built-in text.
    pub wording: Option<Wording>,
    pub at: UnixMillis,
    pub by: String,
}

/// Versions of one text that are kept.
const MOST_VERSIONS: usize = 20;

/// All the owner wrote for one kind and language, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    pub all: Vec<Version>,
}

impl Versions {
    pub fn current(&self) -> Option<&Wording> {
        self.all.last().and_then(|version| version.wording.as_ref())
    }

    pub fn add(&mut self, version: Version) {
        if self.all.len() >= MOST_VERSIONS {
            self.all.remove(0);
        }
        self.all.push(version);
    }
}

/// Who invites the guest of one booking, decided when they first hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inviter {
    Provider,
    Us,
    Nobody,
}

/// The messages of one booking: sent, to come, and those that nobody wants any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    pub booking: BookingId,
    /// The start that what is to come was planned for.
    pub start: UnixMillis,
    #[serde(default)]
    pub inviter: Option<Inviter>,
    /// Name and address of the organizer in invitations of ours: a cancellation names the same one.
    #[serde(default)]
    pub organizer: Option<(String, String)>,
    /// The guest was told that their request has come in.
    #[serde(default)]
    pub asked: bool,
    #[serde(default)]
    pub entries: Vec<Entry>,
}

/// Entries of one booking that are kept.
const MOST_ENTRIES: usize = 60;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts up within the booking.
    pub number: u32,
    pub kind: Kind,
    /// Of a reminder: minutes before the start.
    #[serde(default)]
    pub before: Option<u32>,
    /// When it is (or was) to leave.
    pub due: UnixMillis,
    pub fate: Fate,
    /// Those who come along and were told the same.
    #[serde(default)]
    pub also: Vec<Also>,
    /// All dates of a series that it is about; empty: the booking alone.
    #[serde(default)]
    pub with: Vec<BookingId>,
}

/// Somebody whom the visitor brings, and what they were told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Also {
    pub email: String,
    /// Of the booking.
    pub version: u32,
    /// It left; else they must not be written to.
    pub sent: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    Waits {
        job: JobId,
    },
    Sent {
        at: UnixMillis,
        /// Absent: by the server's own mail.
        message: Option<MessageId>,
        /// By the server's own mail: the letter, while it waits.
        #[serde(default)]
        letter: Option<JobId>,
    },
    /// A person did not want it.
    Skipped {
        at: UnixMillis,
    },
    Dropped {
        at: UnixMillis,
        reason: String,
    },
}

impl Entry {
    pub fn waits(&self) -> bool {
        matches!(self.fate, Fate::Waits { .. })
    }
}

impl Plan {
    pub fn new(workspace: WorkspaceId, contact: ContactId, booking: BookingId, start: UnixMillis) -> Self {
        Self { workspace, contact, booking, start, inviter: None, organizer: None, asked: false, entries: Vec::new() }
    }

    pub fn next_number(&self) -> u32 {
        self.entries.iter().map(|entry| entry.number + 1).max().unwrap_or(0)
    }

    pub fn add(&mut self, entry: Entry) {
        if self.entries.len() >= MOST_ENTRIES {
            if let Some(oldest) = self.entries.iter().position(|entry| !entry.waits()) {
                self.entries.remove(oldest);
            }
        }
        self.entries.push(entry);
    }

    pub fn entry(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.number == number)
    }

    pub fn was_sent(&self, kind: Kind) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind && matches!(entry.fate, Fate::Sent { .. }))
    }
}
