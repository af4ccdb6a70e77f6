//! One follow-up and its states.

use serde::{Deserialize, Serialize};

use crate::base::{ContactId, DraftId, FollowUpId, JobId, MessageId, ReplyId, UnixMillis, WorkerId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    pub id: FollowUpId,
    pub workspace: WorkspaceId,
    pub worker: WorkerId,
    pub contact: ContactId,
    /// What they had written.
    pub reply: ReplyId,
    /// Our mail after which they went quiet; this one goes on from it.
    pub after: MessageId,
    /// From 1, of those after one answer.
    pub number: u8,
    pub due: UnixMillis,
    /// The job that looks at it on its day.
    pub job: JobId,
    pub state: State,
    pub made_at: UnixMillis,
    pub changed_at: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Its day is still to come.
    Planned,
    /// A draft waits for a person.
    Drafted {
        draft: DraftId,
    },
    /// Its mail is with the gate out.
    Queued {
        message: MessageId,
    },
    Sent {
        message: MessageId,
    },
    Ended(Ended),
}

/// Why nothing (more) came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// As a sentence.
    pub reason: String,
    /// A person cancelled it.
    #[serde(default)]
    pub by_person: bool,
}

impl State {
    /// Something may still come of it.
    pub fn is_open(&self) -> bool {
        matches!(self, State::Planned | State::Drafted { .. } | State::Queued { .. })
    }

    pub fn name(&self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Drafted { .. } => "drafted",
            State::Queued { .. } => "queued",
            State::Sent { .. } => "sent",
            State::Ended(_) => "ended",
        }
    }

    pub fn words(&self) -> &'static str {
        match self {
            State::Planned => "Planned",
            State::Drafted { .. } => "Waits for approval",
            State::Queued { .. } => "Leaving next",
            State::Sent { .. } => "Sent",
            State::Ended(Ended { by_person: true, .. }) => "Cancelled",
            State::Ended(_) => "Not needed",
        }
    }
}
