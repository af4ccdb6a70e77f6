//! A booking and what may become of it.

use serde::{Deserialize, Serialize};

use super::kept::Kept;
use crate::availability::Span;
use crate::base::{BookingId, ConnectionId, ContactId, ReplyId, UnixMillis, WorkerId, WorkspaceId};

/// Entries of a booking's history that are kept; the oldest of a long one is the least of interest.
const MOST_HISTORY: usize = 30;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    pub id: BookingId,
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    #[serde(default)]
    pub worker: Option<WorkerId>,
    /// The answer that it came from.
    #[serde(default)]
    pub reply: Option<ReplyId>,
    /// The account whose calendar holds it; absent on a proposal made before one was connected.
    #[serde(default)]
    pub connection: Option<ConnectionId>,
    #[serde(default)]
    pub calendar_id: String,
    pub title: String,
    pub start: UnixMillis,
    pub end: UnixMillis,
    /// What is claimed for it: the meeting with its buffers.
    pub claim: Span,
    /// IANA name of the zone in which the guest is told the time.
    pub guest_zone: String,
    /// BCP 47: the language in which the guest is written to.
    #[serde(default)]
    pub language: String,
    #[serde(default)]
    pub place: String,
    /// Let the calendar's provider make a video link.
    #[serde(default)]
    pub video: bool,
    #[serde(default)]
    pub video_link: Option<String>,
    pub state: State,
    /// The booking that a proposal would move.
    #[serde(default)]
    pub instead_of: Option<BookingId>,
    /// The event's id as the provider returned it.
    #[serde(default)]
    pub event_id: Option<String>,
    pub source: Source,
    pub created_at: UnixMillis,
    /// Counts the changes that the calendar must hear of.
    #[serde(default)]
    pub version: u32,
    /// The version that stands in the calendar.
    #[serde(default)]
    pub written: u32,
    /// The version that the guest was told of; 0: of none.
    #[serde(default)]
    pub told: u32,
    /// Why the calendar does not show the newest version, in words.
    #[serde(default)]
    pub trouble: Option<String>,
    #[serde(default)]
    pub history: Vec<Note>,
    #[serde(default)]
    pub kept: Kept,
}

/// `Proposed → Held → Confirmed → Cancelled`, or `Failed` when the calendar refused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// The guest asks for this time and a person decides. Nothing is claimed yet.
    Proposed {
        /// What was found out about the time, in words: "You are free then."
        note: String,
    },
    /// The time is claimed; the event is being written.
    Held,
    Confirmed,
    Cancelled {
        reason: String,
    },
    Failed {
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Reply,
    ByHand,
    Api,
}

impl Source {
    pub const ALL: [Self; 3] = [Self::Reply, Self::ByHand, Self::Api];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::ByHand => "by_hand",
            Self::Api => "api",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Reply => "Answers",
            Self::ByHand => "By hand",
            Self::Api => "Programs",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == code)
    }
}

/// One line of a booking's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: UnixMillis,
    pub words: String,
}

impl State {
    pub fn as_str(&self) -> &'static str {
        match self {
            State::Proposed { .. } => "proposed",
            State::Held => "held",
            State::Confirmed => "confirmed",
            State::Cancelled { .. } => "cancelled",
            State::Failed { .. } => "failed",
        }
    }

    pub fn words(&self) -> &'static str {
        match self {
            State::Proposed { .. } => "To confirm",
            State::Held => "Being written",
            State::Confirmed => "Booked",
            State::Cancelled { .. } => "Cancelled",
            State::Failed { .. } => "Not booked",
        }
    }

    /// It holds its time.
    pub fn is_booked(&self) -> bool {
        matches!(self, State::Held | State::Confirmed)
    }

    pub fn is_proposed(&self) -> bool {
        matches!(self, State::Proposed { .. })
    }
}

impl Booking {
    pub fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    pub fn note(&mut self, at: UnixMillis, words: impl Into<String>) {
        if self.history.len() >= MOST_HISTORY {
            self.history.remove(0);
        }
        self.history.push(Note { at, words: words.into() });
    }

    /// The calendar does not show it as it was agreed. Ends when the calendar takes it, or a person lets it rest.
    pub fn needs_help(&self) -> bool {
        matches!(self.state, State::Failed { .. }) || self.trouble.is_some()
    }

    /// What the calendar did not do, as a sentence.
    pub fn trouble_words(&self) -> &'static str {
        match (&self.state, self.is_unwritten()) {
            (State::Failed { .. }, _) => "The calendar did not take it.",
            (_, true) => "The calendar does not show it yet; it is tried again by itself.",
            (State::Cancelled { .. }, false) => "The event could not be taken out of the calendar.",
            (_, false) => "The calendar still shows it as it was before.",
        }
    }

    /// The calendar or the guest does not know the newest version yet.
    pub fn is_unwritten(&self) -> bool {
        self.written < self.version
    }
}
