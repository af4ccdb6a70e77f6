//! Meetings at services that make a link for each: one small interface, one client a service.
//!
//! Only Microsoft takes a key of ours for making a meeting. Everywhere else an answer that was lost is looked for by
//! our mark before another meeting is made.

pub mod goto;
mod oauth;
pub mod webex;
pub mod zoom;
pub mod zoom_hook;

pub use oauth::{HostConfig, MeetingOAuth};

use serde::{Deserialize, Serialize};

use super::error::{one_line, retry_after, ProviderError, Repeat};
use super::outbound::Answer;
use crate::base::UnixMillis;

/// Whose meetings they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Zoom,
    Teams,
    Webex,
    Goto,
}

impl Service {
    pub const ALL: [Self; 4] = [Self::Zoom, Self::Teams, Self::Webex, Self::Goto];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zoom => "Zoom",
            Self::Teams => "Microsoft Teams",
            Self::Webex => "Webex",
            Self::Goto => "GoTo Meeting",
        }
    }

    /// The word in addresses and in `/v1`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Zoom => "zoom",
            Self::Teams => "teams",
            Self::Webex => "webex",
            Self::Goto => "goto",
        }
    }
}

/// A meeting as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Ours, the same at each try, at most 64 characters: the meeting is found again by it.
    pub mark: String,
    pub title: String,
    pub start: UnixMillis,
    pub end: UnixMillis,
    /// IANA name of the zone in which its host sees it.
    pub time_zone: String,
}

/// A meeting as it stands at its service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub id: String,
    pub join_url: String,
    /// Asked of who joins, where the link does not carry it.
    pub passcode: Option<String>,
}

/// A service that makes meetings, with one account.
pub trait MeetingClient {
    /// Makes it. `Unknown` when the answer was lost: `find` comes before another `create` then.
    fn create(&self, wanted: &Wanted) -> Result<Made, ProviderError>;

    /// The meeting that carries this mark, if there is one.
    fn find(&self, wanted: &Wanted) -> Result<Option<Made>, ProviderError>;

    /// Brings title and time to what is wanted; the link stays. `NotFound` when somebody deleted it.
    fn change(&self, id: &str, wanted: &Wanted) -> Result<(), ProviderError>;

    /// Takes it away. One that is gone already is a success.
    fn cancel(&self, id: &str) -> Result<(), ProviderError>;
}

/// At most `most` characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Whole minutes, the last one begun counted.
fn minutes(wanted: &Wanted) -> u64 {
    wanted.end.since(wanted.start).as_secs().div_ceil(60).max(1)
}

/// An id as it is given: some services write it as a number, some as text.
fn id_of(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An answer that lacks what it must have: of a create, the meeting may stand all the same.
fn unreadable(what: &str) -> ProviderError {
    ProviderError::Unknown { reason: format!("the answer has no {what}") }
}

/// What is gone already need not be taken away.
fn gone_is_fine(outcome: Result<Answer, ProviderError>) -> Result<(), ProviderError> {
    match outcome {
        Ok(_) | Err(ProviderError::NotFound | ProviderError::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a status says where the body has no more to tell. 423: somebody is changing it (RFC 4918 section 11.3).
fn by_status(answer: &Answer, now: UnixMillis, repeat: Repeat, reason: &str) -> ProviderError {
    let after = retry_after(answer, now);
    match answer.status {
        423 => ProviderError::Retry { after, reason: one_line(reason) },
        // A refusal of the whole service before anything was done; it says so with Retry-After.
        503 if after.is_some() => ProviderError::Retry { after, reason: one_line(reason) },
        status => ProviderError::from_status(status, after, one_line(reason), repeat),
    }
}

#[cfg(test)]
mod tests;
