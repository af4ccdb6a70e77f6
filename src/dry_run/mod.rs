//! Dry runs: what a worker would do with an answer, step by step, and what it would have sent while it was on a dry run.
//!
//! Always true here:
//! - Each step is told by the function that decides it when a real answer arrives; there is no second opinion.
//! - Nothing is written, sent or asked of an AI service. Only the calendar is read, where times are at stake.
//! - That nothing leaves while a worker is on a dry run is the gate's to see to (`messaging`), not this room's.
//!
//! It stands above the rooms, because it shows a little of each; no room knows it.

mod api;
mod pages;
mod story;
mod think;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use pages::routes;

use crate::agents::AgentError;
use crate::authz::Denied;
use crate::base::Mistakes;
use crate::http::PageError;
use crate::outreach::OutreachError;
use crate::store::StoreError;
use crate::today::TodayError;

#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such worker or reply")]
    NotFound,
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    #[error(transparent)]
    Outreach(OutreachError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AgentError> for DryRunError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Denied(denied) => Self::Denied(denied),
            AgentError::Invalid(mistakes) => Self::Invalid(mistakes),
            AgentError::Store(error) => Self::Store(error),
            AgentError::NotFound | AgentError::Decided(_) | AgentError::Changed(_) | AgentError::Held(_) => {
                Self::NotFound
            }
        }
    }
}

impl From<OutreachError> for DryRunError {
    fn from(error: OutreachError) -> Self {
        match error {
            OutreachError::Denied(denied) => Self::Denied(denied),
            OutreachError::NotFound => Self::NotFound,
            OutreachError::Store(error) => Self::Store(error),
            other => Self::Outreach(other),
        }
    }
}

impl From<TodayError> for DryRunError {
    fn from(error: TodayError) -> Self {
        match error {
            TodayError::Denied(denied) => Self::Denied(denied),
            TodayError::NotFound => Self::NotFound,
            TodayError::Store(error) => Self::Store(error),
        }
    }
}

impl From<DryRunError> for PageError {
    fn from(error: DryRunError) -> Self {
        match error {
            DryRunError::Denied(denied) => denied.into(),
            DryRunError::NotFound => Self::NotFound,
            DryRunError::Invalid(mistakes) => Self::bad_request(mistakes.words(), "Go back and correct it."),
            DryRunError::Outreach(error) => error.into(),
            DryRunError::Store(error) => Self::internal("could not think an answer through", &error),
        }
    }
}
