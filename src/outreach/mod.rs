//! Outreach: sequences of mails that stop at the first answer.
//!
//! Always true here:
//! - A contact is in at most one sequence at a time, and gets each step at most once, in one of its wordings.
//! - A branch leads a lead on to another step. After an answer, a bounce or a meeting it can only lead to a person's
//!   task, and no mail after that leaves unread.
//! - A lead hears from one mailbox only, however many a worker has.
//! - Only words that a person approved leave: by switching the worker on, or later by approving a change.
//! - Any answer a person wrote stops the sequence, even when the next mail is already queued; an absence pauses it.
//! - Who puts it off is taken up again on the day named, by the sequence where that was read surely, else by a person.
//! - A step is rendered just before it is handed to the gate out, in one transaction with the lead's new state; a
//!   field without value and without fallback holds the step back.
//! - Figures are the sum over the enrolments they count, so each opens exactly its list.

mod activate;
mod api;
mod checks;
mod company;
mod content;
mod enrol;
mod figures;
mod forecast;
mod foretold;
mod later;
mod let_go;
mod letters;
mod mails;
mod model;
mod onward;
pub mod pages;
mod path;
mod period;
mod plan;
mod preview;
mod react;
mod recall;
pub mod report;
mod review;
mod rotation;
pub mod sequences;
mod step;
mod store;
mod timing;
mod variants;
mod wake;
mod why;
mod words;

#[cfg(test)]
mod tests;

pub use activate::{activate, activate_seen, missing, Missing};
pub use api::{api_routes, openapi};
pub use enrol::{enrol, enrol_tag, remove, resume, stop, want_tagged, LastRun, Tally, ENROL};
pub use figures::{Figures, Group, Of, StepFigures};
pub use forecast::{forecast, Forecast, OfMailbox};
pub use foretold::{foretold, Cell, Foretold};
pub use later::{leave, TAKE_UP};
pub use model::{Approval, Came, Enrolment, Hold, Sent, Sequence, Skip, State, Step, Variant, Why};
pub use onward::{move_lead, next_step_of, open_task_of, Move};
pub use pages::routes;
pub use path::{Kind, Test, Then, When};
pub use period::Period;
pub use plan::STEP;
pub use react::{meaning_of, Meaning};
pub use report::{list_of_step, plan_all};
pub use sequences::{KindForm, Mistake, Scope, SequenceForm, StepForm, VariantForm};
pub use store::{
    figures, find_active, get, get_sequence, last_run, list_group, list_newest, list_of_contact, list_sequences,
};

use crate::app::App;
use crate::authz::Denied;
use crate::events::Subscribers;
use crate::jobs::Handlers;
use crate::store::{Declared, StoreError};
use crate::workers::{ActivateError, WorkerError};

#[derive(Debug, thiserror::Error)]
pub enum OutreachError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such worker, sequence or lead")]
    NotFound,
    #[error("the worker has no sequence yet")]
    NoSequence,
    #[error("the worker has no tag whose contacts are its leads")]
    NoTag,
    /// The sequence's form, each mistake with its place.
    #[error("{} mistakes in the sequence", .0.len())]
    Mistakes(Vec<Mistake>),
    /// The names of the workers that send it.
    #[error("in use by {}", .0.join(", "))]
    SequenceInUse(Vec<String>),
    /// The names of the workers that are at work with a sequence whose last step would go.
    #[error("{} at work with it", .0.join(", "))]
    AtWork(Vec<String>),
    /// So many leads are in flight: is the change for them too?
    #[error("{0} leads are in flight")]
    AsksForWhom(u64),
    /// A change for new leads only would leave leads with more older versions than are kept.
    #[error("leads walk too many older versions of the sequence")]
    TooManyEditions,
    #[error("{0}")]
    MayNotMove(String),
    /// Somebody else has changed the sequence since it was read.
    #[error("the sequence was changed since it was read")]
    Changed,
    #[error("{0}")]
    MayNotWrite(String),
    #[error("the contact is in another sequence at this moment")]
    InAnother,
    #[error(transparent)]
    Worker(WorkerError),
    /// What is missing before the worker can be switched on.
    #[error("not ready: {}", .0.join(" "))]
    NotReady(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<WorkerError> for OutreachError {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::Denied(denied) => Self::Denied(denied),
            WorkerError::NotFound => Self::NotFound,
            WorkerError::Store(error) => Self::Store(error),
            other => Self::Worker(other),
        }
    }
}

impl From<ActivateError> for OutreachError {
    fn from(error: ActivateError) -> Self {
        match error {
            ActivateError::Worker(error) => error.into(),
            ActivateError::NotReady(missing) => Self::NotReady(missing),
        }
    }
}

/// All tables of the room.
pub fn tables() -> Vec<Declared> {
    store::tables()
}

/// The room's kinds of work.
pub fn handlers(handlers: Handlers<App>) -> Handlers<App> {
    handlers.task(step::StepDue).task(enrol::EnrolTag).task(later::TakeUp).task(report::FillReport)
}

pub fn subscribers() -> Subscribers<App> {
    vec![Box::new(react::Follow)]
}
