//! Why something about payments could not be done.

use crate::authz::Denied;
use crate::base::Mistakes;
use crate::http::api::FieldError;
use crate::http::{ApiError, PageError};
use crate::providers::ProviderError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum PayError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such payment")]
    NotFound,
    #[error("no account at Stripe is connected")]
    NotSet,
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    /// In words for the person.
    #[error("{0}")]
    Conflict(String),
    /// Stripe did not take the key, or was not reached.
    #[error("{0}")]
    Test(ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a failed test means and what to do.
pub fn words_of(error: &ProviderError) -> String {
    match error {
        ProviderError::Reconnect { .. } | ProviderError::TokenRefused => {
            "Stripe refused this key. Copy it once more, whole and without blanks.".to_owned()
        }
        ProviderError::MissingScope { reason } => {
            format!("The key may not do that ({reason}). Give it write access to Checkout Sessions and to Refunds.")
        }
        ProviderError::Retry { reason, .. }
        | ProviderError::Unknown { reason }
        | ProviderError::Quota { reason, .. } => {
            format!("Stripe could not be asked just now: {reason}. Try again in a minute.")
        }
        other => format!("Stripe did not answer as expected: {other}."),
    }
}

impl From<PayError> for PageError {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Denied(denied) => denied.into(),
            PayError::NotFound => Self::NotFound,
            PayError::NotSet => Self::conflict("No account at Stripe is connected.", "Give a key first."),
            PayError::Invalid(mistakes) => Self::bad_request(mistakes.words(), "Go back and correct it."),
            PayError::Conflict(words) => Self::conflict(words, "Look at the payment again."),
            PayError::Test(error) => Self::conflict(words_of(&error), "Then try again."),
            PayError::Store(error) => Self::internal("could not reach the payments", &error),
        }
    }
}

impl From<PayError> for ApiError {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Invalid(mistakes) => Self::invalid(
                mistakes.into_iter().map(|(field, words)| FieldError::at(&format!("/{field}"), words)).collect(),
            ),
            other => PageError::from(other).into(),
        }
    }
}
