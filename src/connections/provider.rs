//! The providers whose accounts are connected by consent.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::providers::oauth::ConsentClient;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    #[default]
    Google,
    Microsoft,
}

impl Provider {
    pub const ALL: [Self; 2] = [Self::Google, Self::Microsoft];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
        }
    }

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
        }
    }

    /// Where it sends the browser back to; registered with the operator's client, to the letter. Each has its own, so
    /// that no answer of one is taken for another's (RFC 9700 section 4.4).
    pub fn callback(self) -> &'static str {
        match self {
            Self::Google => "/connections/google/callback",
            Self::Microsoft => "/connections/microsoft/callback",
        }
    }

    /// Where the person takes back what was allowed.
    pub fn own_page(self) -> &'static str {
        match self {
            Self::Google => "myaccount.google.com/connections",
            Self::Microsoft => "myapps.microsoft.com",
        }
    }

    /// `None` until the operator has given a client id.
    pub(super) fn client(self, app: &App) -> Option<&dyn ConsentClient> {
        match self {
            Self::Google => app.google.as_ref().map(|client| client as &dyn ConsentClient),
            Self::Microsoft => app.microsoft.as_ref().map(|client| client as &dyn ConsentClient),
        }
    }

    pub fn is_offered(self, app: &App) -> bool {
        self.client(app).is_some()
    }
}
