//! The address, what it is told, and how that went.

use serde::{Deserialize, Serialize};

use crate::base::{UnixMillis, UserId, WorkspaceId};
use crate::store::SealedSecret;

/// Messages that the page shows.
const KEPT: usize = 40;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    pub workspace: WorkspaceId,
    pub url: String,
    /// The key of the signature, as the receiver has it.
    pub key: SealedSecret,
    pub made_at: UnixMillis,
    pub made_by: Option<UserId>,
    pub wants: Wants,
    pub state: State,
    /// Newest first.
    #[serde(default)]
    pub last: Vec<Sent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    On,
    /// It took nothing for hours.
    Off {
        since: UnixMillis,
        reason: String,
    },
}

/// Of what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wants {
    pub contacts: bool,
    pub sequences: bool,
    pub answers: bool,
    pub meetings: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Self { contacts: true, sequences: true, answers: true, meetings: true }
    }
}

/// One message and what became of its last try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub at: UnixMillis,
    pub id: String,
    /// `contact.changed` and the like.
    pub what: String,
    pub tries: u32,
    pub outcome: Outcome,
    /// What was answered, or why nothing was.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Taken,
    /// It is tried again.
    Later,
    GivenUp,
}

impl Outcome {
    pub fn shown(self) -> (&'static str, &'static str) {
        match self {
            Outcome::Taken => ("ok", "Taken"),
            Outcome::Later => ("warn", "Tried again later"),
            Outcome::GivenUp => ("bad", "Given up"),
        }
    }
}

impl Endpoint {
    pub fn is_on(&self) -> bool {
        self.state == State::On
    }

    /// Puts a try in front; an earlier one of the same message makes room for it.
    pub fn note(&mut self, sent: Sent) {
        self.last.retain(|other| other.id != sent.id);
        self.last.insert(0, sent);
        self.last.truncate(KEPT);
    }
}
