//! Somebody who waits, and what they were offered.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::availability::Span;
use crate::base::{BookingId, ContactId, EmailAddress, EventTypeId, UnixMillis, WaiterId, WorkspaceId};

/// Offers that somebody lets pass before they are taken off the list.
pub const MOST_MISSED: usize = 3;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiter {
    pub id: WaiterId,
    pub workspace: WorkspaceId,
    pub event: EventTypeId,
    pub contact: ContactId,
    /// As they wrote it.
    pub name: String,
    pub email: EmailAddress,
    /// IANA name.
    pub zone: String,
    /// BCP 47.
    pub language: String,
    /// Length of the meeting.
    pub minutes: u32,
    /// Starts in it suit them: a month, or the minute of one full start.
    pub within: Span,
    pub joined_at: UnixMillis,
    /// Since when it is known that they wait of their own will: by the button behind their mail, or from a member.
    #[serde(default)]
    pub confirmed_at: Option<UnixMillis>,
    pub state: State,
    /// Starts that they were offered and did not take.
    #[serde(default)]
    pub missed: Vec<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    Waiting,
    Offered(Offer),
}

/// A time that is held for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Becomes the booking's id when they take it.
    pub hold: BookingId,
    pub start: UnixMillis,
    pub until: UnixMillis,
    /// Under which id the time is claimed: the hold's, or that of the group.
    pub holder: BookingId,
    pub claim: Span,
    pub resources: Vec<Uuid>,
}

impl Waiter {
    pub fn offer(&self) -> Option<&Offer> {
        match &self.state {
            State::Offered(offer) => Some(offer),
            State::Waiting => None,
        }
    }

    /// A start that they wish for and did not let pass before.
    pub fn wishes(&self, start: UnixMillis) -> bool {
        self.within.start <= start && start < self.within.end && !self.missed.contains(&start)
    }

    /// Whatever the other wishes for, this one does.
    pub fn covers(&self, other: &Self) -> bool {
        self.within.start <= other.within.start && other.within.end <= self.within.end
    }

    /// They wait for one start, not for any of a period.
    pub fn is_for_one_start(&self) -> bool {
        self.within.length().as_secs() <= 60
    }
}
