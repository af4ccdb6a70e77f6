//! What somebody had before their eyes when they said yes: a yes to words means those words, and no others that stand
//! there by then.

use serde::Deserialize;
use utoipa::ToSchema;

use super::api::FieldError;
use super::ApiError;

/// The form of a button that says yes (`ui::post_seen`). Without `seen` nothing is compared.
#[derive(Debug, Default, Deserialize)]
pub struct Seen {
    /// A version, or the number of the words.
    #[serde(default)]
    pub seen: Option<u64>,
}

impl Seen {
    /// As a version; one that no version can have is none that stands.
    pub fn version(&self) -> Option<u32> {
        self.seen.map(|seen| u32::try_from(seen).unwrap_or(u32::MAX))
    }
}

/// A program's yes to something that has versions.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenVersion {
    /// The version that was read. When it is no longer the newest, the answer is 409 and nothing changes; absent:
    /// nothing is compared.
    #[serde(default)]
    pub version: Option<u32>,
}

/// A program's yes to words.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenWords {
    /// `words` of what was read. When it reads differently by now, the answer is 409 and nothing changes; absent:
    /// nothing is compared.
    #[serde(default)]
    words: Option<String>,
}

impl SeenWords {
    pub fn words(&self) -> Result<Option<u64>, ApiError> {
        let wrong = || ApiError::invalid(vec![FieldError::at("/words", "words is what it was shown with.")]);
        self.words.as_deref().map(|words| words.parse().map_err(|_| wrong())).transpose()
    }
}
