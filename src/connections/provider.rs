//! The providers whose accounts are connected by consent.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::providers::meeting::{MeetingOAuth, Service};
use crate::providers::oauth::ConsentClient;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    #[default]
    Google,
    Microsoft,
    Zoom,
    Webex,
    Goto,
}

impl Provider {
    pub const ALL: [Self; 5] = [Self::Google, Self::Microsoft, Self::Zoom, Self::Webex, Self::Goto];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
            Self::Zoom => "Zoom",
            Self::Webex => "Webex",
            Self::Goto => "GoTo",
        }
    }

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Zoom => "zoom",
            Self::Webex => "webex",
            Self::Goto => "goto",
        }
    }

    /// Where it sends the browser back to; registered with the operator's client, to the letter. Each has its own, so
    /// that no answer of one is taken for another's (RFC 9700 section 4.4).
    pub fn callback(self) -> &'static str {
        match self {
            Self::Google => "/connections/google/callback",
            Self::Microsoft => "/connections/microsoft/callback",
            Self::Zoom => "/connections/zoom/callback",
            Self::Webex => "/connections/webex/callback",
            Self::Goto => "/connections/goto/callback",
        }
    }

    /// Where the person takes back what was allowed, for the end of a sentence.
    pub fn own_page(self) -> &'static str {
        match self {
            Self::Google => "myaccount.google.com/connections",
            Self::Microsoft => "myapps.microsoft.com (with a personal account: account.live.com/consent/Manage)",
            Self::Zoom => "marketplace.zoom.us/user/installed",
            Self::Webex => "idbroker.webex.com/idb/profile",
            Self::Goto => "myaccount.goto.com",
        }
    }

    /// A program may give its own access back there; elsewhere only the person can.
    pub(super) fn takes_access_back(self) -> bool {
        matches!(self, Self::Google | Self::Zoom)
    }

    /// What its accounts hold meetings with, if they do.
    pub fn meeting_service(self) -> Option<Service> {
        match self {
            Self::Google => None,
            Self::Microsoft => Some(Service::Teams),
            Self::Zoom => Some(Service::Zoom),
            Self::Webex => Some(Service::Webex),
            Self::Goto => Some(Service::Goto),
        }
    }

    /// `None` until the operator has given a client id.
    pub(super) fn client(self, app: &App) -> Option<&dyn ConsentClient> {
        match self {
            Self::Google => app.google.as_ref().map(|client| client as &dyn ConsentClient),
            Self::Microsoft => app.microsoft.as_ref().map(|client| client as &dyn ConsentClient),
            Self::Zoom | Self::Webex | Self::Goto => self.host(app).map(|client| client as &dyn ConsentClient),
        }
    }

    /// The client where accounts are for meetings alone.
    pub(super) fn host(self, app: &App) -> Option<&MeetingOAuth> {
        match self {
            Self::Google | Self::Microsoft => None,
            Self::Zoom => app.zoom.as_ref(),
            Self::Webex => app.webex.as_ref(),
            Self::Goto => app.goto.as_ref(),
        }
    }

    pub fn is_offered(self, app: &App) -> bool {
        self.client(app).is_some()
    }
}
