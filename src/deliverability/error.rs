//! Why something about a sending domain could not be done.

use crate::authz::Denied;
use crate::http::{ApiError, PageError};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No mailbox of the workspace has an address there.
    #[error("no mailbox of this workspace has an address in this domain")]
    NotFound,
    /// Its mail leaves through providers only, or it is a provider's own domain.
    #[error("mail of this domain is signed by its provider")]
    SignedElsewhere,
    #[error("a new key waits for its record already")]
    KeyWaits,
    #[error("signing is not switched on")]
    NotOn,
    #[error("the key could not be made")]
    Key(#[from] super::keys::KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DomainError> for PageError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Denied(denied) => denied.into(),
            DomainError::NotFound => Self::NotFound,
            DomainError::SignedElsewhere => Self::conflict(
                "Mail of this domain is signed by the provider that sends it.",
                "Make the key there; the page of the domain says where.",
            ),
            DomainError::KeyWaits => Self::conflict(
                "A new key waits for its record already.",
                "Publish the record that the page shows, then check again.",
            ),
            DomainError::NotOn => Self::conflict("Mail of this domain is not signed here.", "Switch signing on first."),
            DomainError::Key(error) => Self::internal("could not make a key", &error),
            DomainError::Store(error) => Self::internal("could not reach the store", &error),
        }
    }
}

impl From<DomainError> for ApiError {
    fn from(error: DomainError) -> Self {
        PageError::from(error).into()
    }
}
