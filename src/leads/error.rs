//! Why something about leads could not be done.

use crate::authz::Denied;
use crate::http::api::FieldError;
use crate::http::ui::FieldErrors;
use crate::http::{ApiError, PageError};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum LeadError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such contact")]
    NotFound,
    /// What does not parse, by field.
    #[error("some fields do not parse")]
    Invalid(FieldErrors),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LeadError> for PageError {
    fn from(error: LeadError) -> Self {
        match error {
            LeadError::Denied(denied) => denied.into(),
            LeadError::NotFound => Self::NotFound,
            LeadError::Invalid(errors) => {
                let words: Vec<&str> = errors.iter().map(|(_, words)| words.as_str()).collect();
                Self::bad_request(words.join(" "), "Go back and correct it.")
            }
            LeadError::Store(error) => Self::internal("could not reach the leads", &error),
        }
    }
}

impl From<LeadError> for ApiError {
    fn from(error: LeadError) -> Self {
        match error {
            LeadError::Invalid(errors) => {
                Self::invalid(errors.iter().map(|(field, words)| FieldError::at(&format!("/{field}"), words)).collect())
            }
            other => PageError::from(other).into(),
        }
    }
}
