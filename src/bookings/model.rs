//! A booking and what may become of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hosted::Hosted;
use super::kept::Kept;
use super::types::Answer;
use crate::availability::Span;
use crate::base::{
    BookingId, ConnectionId, ContactId, EmailAddress, EventTypeId, PaymentId, ReplyId, SeriesId, UnixMillis, UserId,
    WorkerId, WorkspaceId,
};
use crate::meetings::{Location, Service};

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
    /// Where it takes place. Absent on bookings from before there was a choice: `video` and `place` say it.
    #[serde(default)]
    pub location: Option<Location>,
    /// The meeting at a service of its own, where there is one.
    #[serde(default)]
    pub hosted: Hosted,
    pub state: State,
    /// The booking that a proposal would move.
    #[serde(default)]
    pub instead_of: Option<BookingId>,
    /// The event's id as the provider returned it.
    #[serde(default)]
    pub event_id: Option<String>,
    /// The UID under which the provider's own invitation goes out.
    #[serde(default)]
    pub ical_uid: Option<String>,
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
    /// What a booking of an event type has besides; empty for a worker's meeting.
    #[serde(default)]
    pub details: Details,
}

/// What a visitor booked, and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Details {
    #[serde(default)]
    pub event_type: Option<EventTypeId>,
    #[serde(default)]
    pub hosts: Vec<UserId>,
    /// What its time is claimed of: hosts, their calendars, rooms.
    #[serde(default)]
    pub resources: Vec<Uuid>,
    /// Of a group: under which id the time is claimed for all of it.
    #[serde(default)]
    pub session: Option<BookingId>,
    /// As the visitor wrote it.
    #[serde(default)]
    pub name: String,
    /// Where they asked to be written to; one of the contact's own.
    #[serde(default)]
    pub email: Option<EmailAddress>,
    #[serde(default)]
    pub phone: String,
    /// Addresses of others who come along.
    #[serde(default)]
    pub guests: Vec<String>,
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Where the visitor came from, as the link said it.
    #[serde(default)]
    pub came_from: String,
    /// What was to be paid for it.
    #[serde(default)]
    pub payment: Option<PaymentId>,
    /// The visitor moved it when a cancelled meeting would not have brought all of the money back any more.
    #[serde(default)]
    pub moved_late: bool,
    /// It was the visitor who cancelled.
    #[serde(default)]
    pub given_up: bool,
    /// It was only asked for, and a person said no.
    #[serde(default)]
    pub declined: bool,
    /// Of several dates that were booked together.
    #[serde(default)]
    pub series: Option<Part>,
}

/// One date of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub id: SeriesId,
    /// From 1, in the order in which they were booked.
    pub number: u32,
    pub of: u32,
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
    /// The time is claimed, and the visitor is to pay for it.
    Unpaid,
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
    /// A visitor, on a public page.
    Page,
}

impl Source {
    pub const ALL: [Self; 4] = [Self::Reply, Self::Page, Self::ByHand, Self::Api];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::ByHand => "by_hand",
            Self::Api => "api",
            Self::Page => "page",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Reply => "Answers",
            Self::ByHand => "By hand",
            Self::Api => "Programs",
            Self::Page => "Public pages",
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
            State::Unpaid => "unpaid",
            State::Held => "held",
            State::Confirmed => "confirmed",
            State::Cancelled { .. } => "cancelled",
            State::Failed { .. } => "failed",
        }
    }

    pub fn words(&self) -> &'static str {
        match self {
            State::Proposed { .. } => "To confirm",
            State::Unpaid => "Not paid yet",
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
    /// How it stands.
    pub fn words(&self) -> &'static str {
        match self.state {
            State::Cancelled { .. } if self.details.declined => "Declined",
            _ => self.state.words(),
        }
    }

    /// Somebody who visited a public page asks for it, and its time is kept until a person has decided.
    pub fn is_request(&self) -> bool {
        self.state.is_proposed() && self.details.event_type.is_some()
    }

    /// Nothing stands yet: it is to be paid for, or asked for. What was booked together ends together until then.
    pub fn is_pending(&self) -> bool {
        self.is_request() || self.state == State::Unpaid
    }

    /// A person has to decide about it; of the dates of a series once, about the first for all.
    pub fn waits(&self) -> bool {
        self.state.is_proposed() && self.details.series.is_none_or(|part| part.number == 1)
    }

    /// Under which id its time is claimed.
    pub fn holder(&self) -> BookingId {
        self.details.session.unwrap_or(self.id)
    }

    pub fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    /// The UID in calendar files of ours: the same as in the provider's invitation, or guests get two entries.
    pub fn ics_uid(&self) -> String {
        self.ical_uid.clone().unwrap_or_else(|| self.id.to_string())
    }

    pub fn note(&mut self, at: UnixMillis, words: impl Into<String>) {
        if self.history.len() >= MOST_HISTORY {
            self.history.remove(0);
        }
        self.history.push(Note { at, words: words.into() });
    }

    /// The calendar does not show it as it was agreed. Ends when the calendar takes it, or a person lets it rest.
    pub fn needs_help(&self) -> bool {
        matches!(self.state, State::Failed { .. }) || self.trouble.is_some() || self.hosted.is_given_up
    }

    /// What the calendar did not do, as a sentence.
    pub fn trouble_words(&self) -> &'static str {
        if self.trouble.is_none() && self.hosted.is_given_up {
            return match (self.state.is_booked(), &self.video_link) {
                (true, None) => "There is no link for this meeting, and none is being made.",
                (true, Some(_)) => "The meeting still stands at its service as it was before.",
                (false, _) => "The meeting could not be taken away at its service.",
            };
        }
        match (&self.state, self.is_unwritten()) {
            (State::Failed { .. }, _) => "The calendar did not take it.",
            (_, true) => "The calendar does not show it yet; it is tried again by itself.",
            (State::Cancelled { .. }, false) => "The event could not be taken out of the calendar.",
            (_, false) => "The calendar does not show it as it stands here.",
        }
    }

    /// The service and the account that hold its meeting, where one is made for it.
    pub fn host(&self) -> Option<(Service, ConnectionId)> {
        self.location.as_ref().and_then(Location::host)
    }

    /// What stands in the calendar as its place: the link, unless the calendar made that itself.
    pub fn whereabouts(&self) -> String {
        let link = self.video_link.as_deref().filter(|_| !self.video);
        link.unwrap_or(&self.place).to_owned()
    }

    /// The calendar or the guest does not know the newest version yet.
    pub fn is_unwritten(&self) -> bool {
        self.written < self.version
    }
}
