//! What can go wrong when somebody sets up an engine, and how it is said.

use crate::authz::Denied;
use crate::base::Mistakes;
use crate::http::{ApiError, PageError};
use crate::providers::ai::AiError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No service is set up.
    #[error("no AI service is set up")]
    NotSet,
    #[error(transparent)]
    Invalid(#[from] Mistakes),
    /// The service did not accept the key, or was not reached.
    #[error("the test failed: {0}")]
    Test(AiError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a failed test means and what to do, for the person who set it up.
pub fn words_of(error: &AiError) -> String {
    match error {
        AiError::Key { words } => {
            format!("The key was refused (“{words}”). Copy it once more from the service’s console.")
        }
        AiError::Billing { words } => format!("The account cannot pay for calls (“{words}”). Look at billing there."),
        AiError::Busy { .. } => "The service is too busy just now. Try again in a minute.".to_owned(),
        AiError::NoAnswer => "Nothing came back within 20 seconds. Try again, or look at the address.".to_owned(),
        AiError::Unreachable { words } => format!("No connection could be made: {words}."),
        AiError::NoModel { words } | AiError::Rejected { words } => {
            format!("Something answers there, but not as this kind of service does (“{words}”). Look at the address.")
        }
        AiError::Address { words } => {
            format!("{words} A private host has to be listed by the operator, in outbound.allow_private_hosts.")
        }
        AiError::Refusal | AiError::Truncated | AiError::NoJson { .. } => {
            "What answers there is no such service. Look at the address.".to_owned()
        }
    }
}

impl From<EngineError> for PageError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Denied(denied) => denied.into(),
            EngineError::NotSet => Self::conflict("No AI service is set up.", "Give a key first."),
            EngineError::Invalid(mistakes) => Self::bad_request(mistakes.words(), "Go back and correct it."),
            EngineError::Test(error) => Self::conflict(words_of(&error), "Then test it again."),
            EngineError::Store(error) => Self::internal("could not read or write", &error),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        PageError::from(error).into()
    }
}
