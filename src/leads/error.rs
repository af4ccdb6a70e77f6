//! Why something about leads could not be done.

use crate::authz::Denied;
use crate::contacts::ContactError;
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
    /// Processing is frozen on the person's request.
    #[error("processing of this contact is restricted")]
    Restricted,
    /// What does not parse, by field.
    #[error("some fields do not parse")]
    Invalid(FieldErrors),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LeadError {
    pub(super) fn field(name: &'static str, words: impl Into<String>) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(name, words);
        Self::Invalid(errors)
    }
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
            LeadError::Restricted => ContactError::Restricted.into(),
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
