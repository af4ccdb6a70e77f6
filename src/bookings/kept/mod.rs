//! What people keep about a booking among themselves: whether it took place, and their notes. The guest sees none of
//! it, and it goes with the booking when that is exported or erased.

mod api;

pub use api::{api_routes, KeptApi};

use serde::{Deserialize, Serialize};

use crate::base::{NoteId, UnixMillis};

/// Notes on one booking, and the characters of one: a booking is read whole, in lists too.
pub const MOST_NOTES: usize = 30;
pub const LONGEST_NOTE: usize = 2_000;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Oldest first.
    #[serde(default)]
    pub notes: Vec<Remark>,
}

/// What a person said became of a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub what: Became,
    pub at: UnixMillis,
    /// The name of who said so, as it was then.
    pub by: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It took place.
    Completed,
    /// The guest did not come.
    NoShow,
}

/// A note of a person on a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub id: NoteId,
    pub by: String,
    pub at: UnixMillis,
    pub text: String,
}

impl Became {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NoShow => "no_show",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Completed => "Took place",
            Self::NoShow => "No-show",
        }
    }

    /// Tone of its badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Completed => "ok",
            Self::NoShow => "warn",
        }
    }
}

impl Kept {
    pub fn became(&self) -> Option<Became> {
        self.outcome.as_ref().map(|outcome| outcome.what)
    }
}
