//! What a worker did and why, newest first, each with the way to put it right.
//!
//! Always true here:
//! - Nothing is kept: each line is made from an event and from the rows that it names, so it says what stands now, and
//!   what was erased is told of nobody.
//! - What one's role may not be told is left out, as in the log itself.
//! - A way back is offered only while there is one.
//!
//! It stands above the rooms, because it shows a little of each; no room knows it.

mod api;
mod doing;
mod kind;
mod pages;
mod read;
mod way;
mod whose;
mod why;

#[cfg(test)]
mod tests;

pub use api::{api_routes, openapi};
pub use pages::routes;

use crate::authz::Denied;
use crate::outreach::OutreachError;
use crate::store::StoreError;
use crate::today::TodayError;

#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such worker")]
    NotFound,
    #[error(transparent)]
    Outreach(OutreachError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TodayError> for ActivityError {
    fn from(error: TodayError) -> Self {
        match error {
            TodayError::Denied(denied) => Self::Denied(denied),
            TodayError::NotFound => Self::NotFound,
            TodayError::Store(error) => Self::Store(error),
        }
    }
}

impl From<OutreachError> for ActivityError {
    fn from(error: OutreachError) -> Self {
        match error {
            OutreachError::Denied(denied) => Self::Denied(denied),
            OutreachError::NotFound => Self::NotFound,
            OutreachError::Store(error) => Self::Store(error),
            other => Self::Outreach(other),
        }
    }
}
