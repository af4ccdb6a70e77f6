//! What a workspace has chosen, how its service stands, and what was transferred.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{ContactId, TransferId, UnixMillis, WorkerId};
use crate::providers::ai::{Quirks, Service};
use crate::store::SealedSecret;

/// What an engine may be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Classify,
    Times,
    Draft,
    Answer,
}

impl Task {
    pub const ALL: [Task; 4] = [Task::Classify, Task::Times, Task::Draft, Task::Answer];

    /// The word in forms, records and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Task::Classify => "classify",
            Task::Times => "times",
            Task::Draft => "draft",
            Task::Answer => "answer",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Task::Classify => "Reading replies",
            Task::Times => "Finding times in them",
            Task::Draft => "Writing drafts",
            Task::Answer => "Answering from snippets",
        }
    }

    /// What leaves this server for it, in plain words.
    pub fn leaves(self) -> &'static str {
        match self {
            Task::Classify => "The text of a reply, at most 2,000 characters, its language and the day it was sent.",
            Task::Times => "The text of a reply that proposes a meeting, when it was sent, and the two time zones.",
            Task::Draft => {
                "The text of the reply, the person’s name, your signature, the length of a meeting, and approved snippets in the reply’s language."
            }
            Task::Answer => "The question, and approved snippets in its language.",
        }
    }
}

/// Money in millionths of the workspace's currency.
pub type Micros = u64;

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub input: Micros,
    pub output: Micros,
}

/// The most that may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    pub day: Micros,
    pub month: Micros,
}

pub const ONE: Micros = 1_000_000;

/// Until somebody says otherwise.
pub const WORKSPACE_CAPS: Caps = Caps { day: 2 * ONE, month: 20 * ONE };
pub const WORKER_CAPS: Caps = Caps { day: ONE, month: 10 * ONE };

/// What a workspace has set. Without it the embedded engine does everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub service: Service,
    /// Of a server of one's own; empty for the others, whose address is the operator's to set.
    #[serde(default)]
    pub base: String,
    /// Absent for a server that asks for none.
    #[serde(default)]
    pub key: Option<SealedSecret>,
    /// The last four characters of the key: all that is ever shown of it.
    #[serde(default)]
    pub key_ends: String,
    /// A task that is not in it is the embedded engine's.
    #[serde(default)]
    pub models: BTreeMap<Task, String>,
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    pub currency: String,
    pub caps: Caps,
    /// Of every worker that has none of its own.
    pub worker_caps: Caps,
    #[serde(default)]
    pub own_caps: BTreeMap<WorkerId, Caps>,
    /// What the last test of the key found.
    #[serde(default)]
    pub known_models: Vec<String>,
    #[serde(default)]
    pub tested_at: Option<UnixMillis>,
    pub set_by: String,
    pub set_at: UnixMillis,
}

impl Settings {
    pub fn model_of(&self, task: Task) -> Option<&str> {
        self.models.get(&task).map(String::as_str)
    }

    pub fn caps_of(&self, worker: WorkerId) -> Caps {
        self.own_caps.get(&worker).copied().unwrap_or(self.worker_caps)
    }

    /// "Anthropic", "ai.internal:11434".
    pub fn name(&self) -> String {
        match self.service {
            Service::Compatible => host_of(&self.base),
            service => service.name().to_owned(),
        }
    }
}

/// Host and port of a base, for people.
fn host_of(base: &str) -> String {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

/// How the service stands: what calls have found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// When it failed lately, oldest first.
    #[serde(default)]
    pub failures: Vec<UnixMillis>,
    /// It is left alone until then.
    #[serde(default)]
    pub open_until: Option<UnixMillis>,
    /// It is not asked at all until somebody has looked.
    #[serde(default)]
    pub stopped: Option<Stopped>,
    /// What each model was found not to take.
    #[serde(default)]
    pub quirks: BTreeMap<String, Quirks>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    pub at: UnixMillis,
    /// `key`, `billing` or `address`.
    pub code: String,
    /// What the service said.
    pub words: String,
    /// The workspace's owners and admins were told.
    #[serde(default)]
    pub told: bool,
}

/// Whose money is counted: the workspace's, or one worker's share of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purse {
    Workspace,
    Worker(WorkerId),
}

/// One call. Neither what was asked nor what was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    pub id: TransferId,
    pub at: UnixMillis,
    pub service: Service,
    /// Where it went: a host.
    pub to: String,
    pub model: String,
    pub task: Task,
    /// The id by which the service's support finds it.
    #[serde(default)]
    pub request_id: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost: Micros,
    pub currency: String,
    pub took_millis: u64,
    /// `ok`, or why the answer was not used.
    pub outcome: String,
    /// First half of the SHA-256 of what was sent, in hex.
    pub prompt_hash: String,
    #[serde(default)]
    pub worker: Option<WorkerId>,
    /// Whose words were in it.
    #[serde(default)]
    pub contact: Option<ContactId>,
}
