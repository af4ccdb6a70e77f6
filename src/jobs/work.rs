//! What a room hands to the queue: tasks (nothing outside notices) and effects (something outside happens).

use std::any::Any;
use std::time::Duration;

use serde_json::Value;

use super::model::Job;
use crate::base::UnixMillis;
use crate::store::{StoreError, Txn};

/// Work that may be repeated freely. `C` is the program's context (`App`).
pub trait Task<C>: Send + Sync {
    fn kind(&self) -> &'static str;
    fn run(&self, context: &C, job: &Job) -> Outcome;
}

#[derive(Debug)]
pub enum Outcome {
    /// The task has completed the job itself, in the transaction of its result (`jobs::complete`).
    Committed,
    Done,
    /// A repeating job: due again then.
    Again {
        at: UnixMillis,
    },
    Retry {
        after: Option<Duration>,
        reason: String,
    },
    Dead {
        reason: String,
    },
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        Outcome::Retry { after: None, reason: error.to_string() }
    }
}

/// Something the outside world sees.
pub trait Effect<C>: Send + Sync {
    fn kind(&self) -> &'static str;

    /// Runs in the transaction that writes the intent: re-reads everything that could forbid the effect.
    fn prepare(&self, context: &C, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError>;

    /// The first byte leaves here; the intent is durable by now. Storage is only read. `ready` is what `prepare` gave.
    fn perform(&self, context: &C, job: &Job, ready: Ready) -> Performed;

    /// Records what came of it, in the transaction that closes (or re-plans) the job.
    fn settle(
        &self,
        context: &C,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<Settled, StoreError>;

    /// It was proved that the effect in doubt did not happen: what `prepare` reserved is given back.
    fn released(&self, context: &C, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<(), StoreError> {
        let _ = (context, txn, job, now);
        Ok(())
    }

    /// Looks at the provider whether the effect happened. Only called for `Class::Once` in doubt.
    fn reconcile(&self, context: &C, job: &Job, now: UnixMillis) -> Reconciled;
}

/// What `prepare` has read and `perform` needs as well: it is not read twice.
pub type Ready = Box<dyn Any + Send>;

#[derive(Debug)]
pub enum Prepared {
    Go(Ready),
    /// Not yet. With `whole_serial` all jobs of the same serial wait too (a mailbox's pace or cap).
    Later {
        at: UnixMillis,
        whole_serial: bool,
        reason: String,
    },
    /// Not any more. `prepare` has recorded the outcome in its transaction.
    Drop {
        reason: String,
    },
}

#[derive(Debug)]
pub enum Performed {
    /// It happened; `answer` is the provider's (ids).
    Done { answer: Value },
    /// It surely did not happen and may be tried again. `whole_serial`: the account as a whole must wait.
    NotDone { after: Option<Duration>, whole_serial: bool, reason: String, detail: Value },
    /// It surely did not happen and never will.
    Refused { reason: String, detail: Value },
    /// The line was cut when it may have happened.
    Unknown { reason: String },
    /// It may have happened and nobody can be asked. Only the queue makes this, for `settle`.
    CannotKnow { reason: String },
}

/// What `settle` wants besides the record it wrote.
#[derive(Debug, Default)]
pub struct Settled {
    /// No job of this serial before then.
    pub pace: Option<UnixMillis>,
    /// It is known by other means that the effect happened (it was answered meanwhile): the job is done, whatever the
    /// provider said of this try.
    pub happened: bool,
    /// It was tried for long enough: a person decides. Heard where the effect was not done.
    pub needs_human: bool,
}

#[derive(Debug)]
pub enum Reconciled {
    /// It happened; settled as `Performed::Done` with this answer.
    Found {
        answer: Value,
    },
    /// It surely did not happen: it may be done now.
    Absent,
    LookAgain {
        after: Duration,
        reason: String,
    },
    /// Nobody can be asked: a person decides.
    CannotKnow {
        reason: String,
    },
}
