//! A job: something that must happen once it is due, however often the program stops in between.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{JobId, UnixMillis, WorkspaceId};
use crate::store::{read_packed, StoreError};

/// Kinds of work with threads of their own, so that a slow provider of one starves no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Lane {
    /// Outreach and other mail to people.
    MailOut = 1,
    /// Looking for replies.
    MailboxPoll = 2,
    /// Busy times read, events written.
    CalendarSync = 3,
    /// Steps falling due, replies being read, events delivered.
    Steps = 4,
    /// System mail, clean-up, backups.
    Housekeeping = 5,
    /// Asking AI services that a workspace has chosen.
    Engines = 6,
    /// Web pages read, customer systems brought up to date.
    Web = 7,
}

impl Lane {
    pub const ALL: [Lane; 7] = [
        Lane::MailOut,
        Lane::MailboxPoll,
        Lane::CalendarSync,
        Lane::Steps,
        Lane::Housekeeping,
        Lane::Engines,
        Lane::Web,
    ];

    /// Whether its times were counted from "now" (again in a minute, in an hour) rather than read off a calendar: the
    /// former move along when the clock is set back.
    pub fn moves_with_the_clock(self) -> bool {
        self != Lane::Steps
    }

    pub fn words(self) -> &'static str {
        match self {
            Lane::MailOut => "Mail out",
            Lane::MailboxPoll => "Mailboxes",
            Lane::CalendarSync => "Calendars",
            Lane::Steps => "Steps and replies",
            Lane::Housekeeping => "Housekeeping",
            Lane::Engines => "AI services",
            Lane::Web => "Web pages and CRM",
        }
    }
}

/// Jobs with the same serial run one after the other, in the order they fall due (one mailbox, one calendar).
pub type Serial = Uuid;

/// What repeating the work would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing outside notices: repeat freely.
    Pure,
    /// The outside recognises our key and does it once: repeat after any doubt.
    Keyed,
    /// The outside would do it twice: never repeat without knowing.
    Once,
}

/// `Ready → Leased → Intent → Done | Ready(later) | Dead | Uncertain → Done | Ready | NeedsHuman`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum State {
    Ready = 1,
    Leased = 2,
    /// Written durably before the first byte leaves.
    Intent = 3,
    /// It may have happened. Only looking (or a person) leads out of here.
    Uncertain = 4,
    NeedsHuman = 5,
    Done = 6,
    Dead = 7,
}

impl State {
    pub fn words(self) -> &'static str {
        match self {
            State::Ready => "waits",
            State::Leased => "in work",
            State::Intent => "leaving",
            State::Uncertain => "may have happened",
            State::NeedsHuman => "needs a look",
            State::Done => "done",
            State::Dead => "given up",
        }
    }

    pub fn is_open(self) -> bool {
        !matches!(self, State::Done | State::Dead)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    pub workspace: WorkspaceId,
    pub lane: Lane,
    pub serial: Option<Serial>,
    pub class: Class,
    pub state: State,
    pub due: UnixMillis,
    pub created_at: UnixMillis,
    /// Failed tries since the last success or change of plan.
    pub attempt: u32,
    pub max_attempts: u32,
    /// Looks at the provider while uncertain.
    #[serde(default)]
    pub looks: u32,
    #[serde(default)]
    pub intent_at: Option<UnixMillis>,
    /// Why it waits or failed, in words for the operator. Never content.
    #[serde(default)]
    pub reason: Option<String>,
    /// At most one open job has this key.
    #[serde(default)]
    pub once: Option<[u8; 16]>,
    /// Grows when a lease ends without closing the job: a worker that lost its lease cannot complete.
    #[serde(default)]
    pub fence: u64,
    /// Ids only, never content: MessagePack of the kind's own struct.
    pub payload: Vec<u8>,
}

impl Job {
    pub fn payload<P: DeserializeOwned>(&self) -> Result<P, StoreError> {
        read_packed(&self.payload)
            .map_err(|error| StoreError::Corrupt { tree: "jobs", detail: format!("{}: {error}", self.kind) })
    }
}

/// A job to be enqueued. Made outside the transaction, because its id must not change when the closure runs again.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub(super) job: Job,
    pub(super) once: Option<String>,
    pub(super) encoded: Result<(), String>,
}

impl NewJob {
    pub fn new(kind: &str, lane: Lane, workspace: WorkspaceId, now: UnixMillis, payload: &impl Serialize) -> Self {
        let (payload, encoded) = match rmp_serde::to_vec_named(payload) {
            Ok(bytes) => (bytes, Ok(())),
            Err(error) => (Vec::new(), Err(error.to_string())),
        };
        let job = Job {
            id: ordered(JobId::new(now), now, now),
            kind: kind.to_owned(),
            workspace,
            lane,
            serial: None,
            class: Class::Pure,
            state: State::Ready,
            due: now,
            created_at: now,
            attempt: 0,
            max_attempts: 12,
            looks: 0,
            intent_at: None,
            reason: None,
            once: None,
            fence: 0,
            payload,
        };
        Self { job, once: None, encoded }
    }

    /// Runs from then on. Its id changes with that.
    pub fn due(mut self, at: UnixMillis) -> Self {
        self.job.due = at;
        self.job.id = ordered(self.job.id, at, self.job.created_at);
        self
    }

    /// Runs after all earlier jobs of the same serial, one at a time.
    pub fn serial(mut self, serial: Serial) -> Self {
        self.job.serial = Some(serial);
        self
    }

    pub fn class(mut self, class: Class) -> Self {
        self.job.class = class;
        self
    }

    pub fn max_attempts(mut self, tries: u32) -> Self {
        self.job.max_attempts = tries;
        self
    }

    /// While a job of this workspace with the same key is open, enqueueing again does nothing.
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.once = Some(key.into());
        self
    }

    /// Ask when the time it is due is settled.
    pub fn id(&self) -> JobId {
        self.job.id
    }
}

/// Bits of an id that stay random: among a thousand jobs made in the same millisecond for the same one, two alike come
/// up once in thirty million times.
const RANDOM_BITS: u32 = 44;

/// A UUIDv7 whose time is the one it is due; the 30 bits behind it are those of the time it was made, in milliseconds.
/// So jobs that fall due together lie together on the disk, and those due at the same moment in the order in which
/// they were planned.
fn ordered(id: JobId, due: UnixMillis, made: UnixMillis) -> JobId {
    let bits = |number: i64, width: u32| u128::from(number.max(0).unsigned_abs()) & ((1 << width) - 1);
    let random = id.0.as_u128() & ((1 << RANDOM_BITS) - 1);
    let tail = bits(made.0, 30) << RANDOM_BITS | random;
    let (high, low) = (tail >> 62, tail & ((1 << 62) - 1));
    // RFC 9562 section 5.7: 48 bits of time, version 7, 12 bits, variant 2, 62 bits.
    JobId(uuid::Uuid::from_u128(bits(due.0, 48) << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
}

/// Wait before try number `attempt` (1 = first repeat): 30 s doubling to one hour, spread by a quarter. The
/// spread comes from the job's id, so that the same job always gives the same answer.
pub fn backoff(id: JobId, attempt: u32) -> Duration {
    let base = 30_u64.saturating_mul(1 << attempt.saturating_sub(1).min(7)).min(3600);
    Duration::from_secs(base) + spread(id, attempt, Duration::from_secs(base / 4))
}

/// A stable pseudo-random length below `width`, drawn from the id and a number.
pub fn spread(id: JobId, number: u32, width: Duration) -> Duration {
    let bytes = id.as_bytes();
    let mut seed =
        u64::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]]);
    // splitmix64: near ids must not give near answers.
    seed = seed.wrapping_add(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    seed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    seed = (seed ^ (seed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    seed ^= seed >> 31;
    let millis = u64::try_from(width.as_millis()).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(seed % millis)
}
