//! How a refusal of this room is said on pages and to programs.

use super::suppression::SuppressError;
use crate::http::api::FieldError;
use crate::http::{ApiError, PageError};

impl From<SuppressError> for PageError {
    fn from(error: SuppressError) -> Self {
        match error {
            SuppressError::Denied(denied) => denied.into(),
            SuppressError::NotFound => Self::NotFound,
            SuppressError::ReasonMissing => Self::bad_request("A reason is missing.", "Say why, in a few words."),
            SuppressError::Store(error) => Self::internal("could not read or write suppressions", &error),
        }
    }
}

impl From<SuppressError> for ApiError {
    fn from(error: SuppressError) -> Self {
        match error {
            SuppressError::ReasonMissing => Self::invalid(vec![FieldError::at("/reason", "Say why, in a few words.")]),
            other => PageError::from(other).into(),
        }
    }
}
