//! What can go wrong when a person decides something here, and how it is said.

use actix_web::http::StatusCode;

use crate::authz::Denied;
use crate::base::Mistakes;
use crate::http::api::FieldError;
use crate::http::{ApiError, PageError};
use crate::messaging::SuppressError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Also what belongs to another workspace.
    #[error("not found")]
    NotFound,
    /// Somebody else was first; in words, with who and when.
    #[error("{0}")]
    Decided(String),
    /// It is no longer what was read; in words.
    #[error("{0}")]
    Changed(String),
    /// The text may not leave as it is; in words.
    #[error("{0}")]
    Held(String),
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    #[error("could not read or write")]
    Store(#[from] StoreError),
}

impl AgentError {
    pub fn invalid(field: &'static str, words: impl Into<String>) -> Self {
        Self::Invalid(Mistakes::one(field, words))
    }
}

impl From<SuppressError> for AgentError {
    fn from(error: SuppressError) -> Self {
        match error {
            SuppressError::Denied(denied) => Self::Denied(denied),
            SuppressError::NotFound => Self::NotFound,
            SuppressError::ReasonMissing => Self::invalid("reason", "Say why, in a few words."),
            SuppressError::Store(error) => Self::Store(error),
        }
    }
}

impl From<AgentError> for PageError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Denied(denied) => denied.into(),
            AgentError::NotFound => Self::NotFound,
            AgentError::Decided(words) => Self::conflict(words, "Go on with the next one."),
            AgentError::Changed(words) => Self::conflict(words, "Nothing was approved."),
            AgentError::Held(words) => Self::conflict(words, "Edit the text, or reject it."),
            AgentError::Invalid(mistakes) => Self::bad_request(mistakes.words(), "Go back and correct it."),
            AgentError::Store(error) => Self::internal("could not read or write", &error),
        }
    }
}

impl From<AgentError> for ApiError {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::Decided(words) => Self::new(StatusCode::CONFLICT, "already_decided", words),
            AgentError::Changed(words) => Self::new(StatusCode::CONFLICT, "changed", words),
            AgentError::Held(words) => Self::new(StatusCode::CONFLICT, "held", words),
            AgentError::Invalid(mistakes) => {
                let at = |(field, words): (&str, String)| FieldError::at(&format!("/{field}"), words);
                Self::invalid(mistakes.into_iter().map(at).collect())
            }
            other => PageError::from(other).into(),
        }
    }
}
