//! A workspace's address for leads, and what came there.

use std::collections::BTreeMap;

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
        }
    }

    /// What was wrong; empty where nothing was.
    pub fn why(self) -> &'static str {
        match self {
            Outcome::Withheld => "The contact is restricted, or the addresses belong to two contacts.",
            Outcome::Refused => "No address, or a field that does not parse.",
            Outcome::Unreadable => "One lead is sent at a time, as JSON or as a form.",
            _ => "",
        }
    }
}
