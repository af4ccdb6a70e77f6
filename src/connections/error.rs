//! Why something could not be done with a connection.

use super::aadsts::Hurdle;
use crate::authz::Denied;
use crate::providers::ProviderError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such connection")]
    NotFound,
    /// Erased: it has to be connected again first.
    #[error("this account was disconnected")]
    Disconnected,
    /// Its workspace is being closed, or is gone.
    #[error("this workspace is being closed")]
    Closing,
    /// Fields and what is wrong with them, in words for the person.
    #[error("{} values do not fit", .0.len())]
    Invalid(Vec<(&'static str, String)>),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why connecting an account by consent did not come to its end. Nothing was saved.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("this server has no client there")]
    NoClient,
    /// This provider's accounts are not used for that.
    #[error("this is not offered with such an account")]
    NotOffered,
    #[error("no such connection")]
    NotFound,
    /// The answer does not belong to a consent begun in this browser within ten minutes, or came twice.
    #[error("this consent was not begun here")]
    NotBegunHere,
    /// Its workspace is being closed, or is gone.
    #[error("this workspace is being closed")]
    Closing,
    #[error("the person declined")]
    Declined,
    /// Not the person's own no.
    #[error("the provider did not let this account through")]
    Hurdle(Hurdle),
    /// Names of the permissions that were unticked.
    #[error("not all permissions were granted")]
    NotGranted(Vec<&'static str>),
    /// No refresh token, or no verified address.
    #[error("{0}")]
    Unusable(String),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
