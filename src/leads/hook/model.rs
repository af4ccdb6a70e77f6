//! A workspace's address for leads, and what came there.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{ContactId, UnixMillis, UserId, WorkspaceId};
use crate::identity::SecretHash;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    pub workspace: WorkspaceId,
    pub secret: SecretHash,
    pub made_at: UnixMillis,
    pub made_by: Option<UserId>,
    /// Their field to ours, on top of those that are known by their names; empty: left out.
    #[serde(default)]
    pub mapping: BTreeMap<String, String>,
    /// Put on whoever comes in; may be empty.
    #[serde(default)]
    pub tag: String,
    /// Which field says to what the person agreed, in words.
    #[serde(default)]
    pub consent_field: String,
    /// Newest first.
    #[serde(default)]
    pub last: Vec<Posted>,
    /// Posts that are taken in 24 hours.
    #[serde(default = "usual_cap")]
    pub daily_cap: u32,
    #[serde(default)]
    pub day: Day,
}

/// Posts of 24 hours, which begin with the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub began: UnixMillis,
    pub posts: u32,
}

pub const MOST_A_DAY: u32 = 20_000;

pub fn usual_cap() -> u32 {
    1_000
}

impl Day {
    const LENGTH: Duration = Duration::from_secs(86_400);

    /// The day as it is now: another one begins when it is over, and when the clock was set back before it.
    pub fn at(self, now: UnixMillis) -> Self {
        match self.began <= now && now < self.ends() {
            true => self,
            false => Self { began: now, posts: 0 },
        }
    }

    pub fn ends(&self) -> UnixMillis {
        self.began.plus(Self::LENGTH)
    }
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    pub at: UnixMillis,
    pub outcome: Outcome,
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// Names of fields that went nowhere.
    #[serde(default)]
    pub left_out: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Added,
    Updated,
    Same,
    /// It came before, with the same key.
    Again,
    /// Nothing is wrong with it, but the contact is restricted, or its addresses belong to two.
    Withheld,
    /// No address, or a field that does not parse.
    Refused,
    /// Neither JSON nor a form, or not one lead.
    Unreadable,
    /// The address had taken its posts of the day. Further ones stand here once for all of them.
    Full,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Added => "added",
            Outcome::Updated => "updated",
            Outcome::Same => "same",
            Outcome::Again => "again",
            Outcome::Withheld => "withheld",
            Outcome::Refused => "refused",
            Outcome::Unreadable => "unreadable",
            Outcome::Full => "wait",
        }
    }

    pub fn shown(self) -> (&'static str, &'static str) {
        match self {
            Outcome::Added => ("ok", "Added"),
            Outcome::Updated => ("ok", "Filled in"),
            Outcome::Same => ("off", "Known already"),
            Outcome::Again => ("off", "Sent again"),
            Outcome::Withheld => ("off", "Left as it is"),
            Outcome::Refused => ("bad", "Refused"),
            Outcome::Unreadable => ("bad", "Not readable"),
            Outcome::Full => ("warn", "Too many"),
        }
    }

    /// What was wrong; empty where nothing was.
    pub fn why(self) -> &'static str {
        match self {
            Outcome::Withheld => "The contact is restricted, or the addresses belong to two contacts.",
            Outcome::Refused => "No address, or a field that does not parse.",
            Outcome::Full => "The posts of 24 hours were used up. This one and those after it were sent away.",
            Outcome::Unreadable => "One lead is sent at a time, as JSON or as a form.",
            _ => "",
        }
    }
}
