//! What a use case of this room may refuse.

use crate::authz::Denied;
use crate::base::{EmailAddress, Mistakes};
use crate::http::{ApiError, PageError};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    #[error("a workspace has at least one owner")]
    LastOwner,
    #[error("{0} is a member already")]
    AlreadyMember(EmailAddress),
    /// The link was used, has ended, or never was.
    #[error("the link no longer holds")]
    LinkEnded,
    /// It is not being closed, or its time has come.
    #[error("the workspace is not being closed")]
    NotClosing,
    /// The sensitive act needs a fresh proof of who is there.
    #[error("prove again who you are")]
    ProofNeeded,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WorkspaceError {
    pub fn invalid(field: &'static str, words: impl Into<String>) -> Self {
        Self::Invalid(Mistakes::one(field, words))
    }
}

impl From<WorkspaceError> for PageError {
    fn from(error: WorkspaceError) -> Self {
        match error {
            WorkspaceError::Denied(denied) => denied.into(),
            WorkspaceError::NotFound => Self::NotFound,
            WorkspaceError::Invalid(mistakes) => Self::bad_request(mistakes.words(), "Go back and correct it."),
            WorkspaceError::LastOwner => Self::conflict(
                "A workspace has at least one owner, and this is the last one.",
                "Make somebody else an owner first.",
            ),
            WorkspaceError::AlreadyMember(address) => {
                Self::conflict(format!("{address} is a member already."), "Change the role on the team page instead.")
            }
            WorkspaceError::LinkEnded => Self::conflict(
                "This invitation was used already, was taken back, or is older than a week.",
                "Ask for a new one.",
            ),
            WorkspaceError::NotClosing => {
                Self::conflict("This workspace is not being closed, or its days are over.", "Open the settings again.")
            }
            WorkspaceError::ProofNeeded => {
                Self::Denied("Prove again who you are: open the page once more and type your password.".into())
            }
            WorkspaceError::Store(error) => Self::internal("a service of workspaces failed", &error),
        }
    }
}

impl From<WorkspaceError> for ApiError {
    fn from(error: WorkspaceError) -> Self {
        PageError::from(error).into()
    }
}
