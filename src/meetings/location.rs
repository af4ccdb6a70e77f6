//! Where a meeting takes place.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::Service;
use crate::app::App;
use crate::base::ConnectionId;

/// What is chosen for a kind of meeting, and kept with each booking of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Location {
    /// Nothing is said: they agree on it by themselves.
    #[default]
    Unsaid,
    /// A link that the calendar's provider makes with the event.
    #[serde(alias = "video")]
    GoogleMeet,
    /// A meeting of its own at a service, held with a connected account.
    Hosted {
        #[schema(value_type = String)]
        service: Service,
        /// A connected account of that service.
        #[schema(value_type = String)]
        account: ConnectionId,
    },
    /// A room of its own at the operator's Jitsi.
    Jitsi,
    /// The same link each time.
    Link { url: String },
    /// We call the guest.
    WeCall,
    /// The guest calls us.
    TheyCall { number: String },
    Place {
        #[serde(alias = "text")]
        address: String,
    },
}

impl Location {
    /// The word in forms and in `/v1`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unsaid => "unsaid",
            Self::GoogleMeet => "google_meet",
            Self::Hosted { service, .. } => service.word(),
            Self::Jitsi => "jitsi",
            Self::Link { .. } => "link",
            Self::WeCall => "we_call",
            Self::TheyCall { .. } => "they_call",
            Self::Place { .. } => "place",
        }
    }

    /// As people call it.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Unsaid => "Not said",
            Self::GoogleMeet => "Google Meet",
            Self::Hosted { service, .. } => service.name(),
            Self::Jitsi => "Jitsi",
            Self::Link { .. } => "A link of your own",
            Self::WeCall => "We call the guest",
            Self::TheyCall { .. } => "The guest calls us",
            Self::Place { .. } => "A place",
        }
    }

    /// What was typed beside the choice: a link, a number, an address.
    pub fn detail(&self) -> &str {
        match self {
            Self::Link { url } => url,
            Self::TheyCall { number } => number,
            Self::Place { address } => address,
            Self::Unsaid | Self::GoogleMeet | Self::Hosted { .. } | Self::Jitsi | Self::WeCall => "",
        }
    }

    /// The service and the account that hold the meeting, where one is made for each booking.
    pub fn host(&self) -> Option<(Service, ConnectionId)> {
        match self {
            Self::Hosted { service, account } => Some((*service, *account)),
            _ => None,
        }
    }

    /// The link that a new booking has from the beginning. Differs at each call for a room that has to be unguessable:
    /// call it outside a transaction.
    pub fn own_link(&self, app: &App) -> Option<String> {
        match self {
            Self::Jitsi => Some(Self::room(app, &rand::random())),
            Self::Link { url } => Some(url.clone()),
            _ => None,
        }
    }

    /// A room at the Jitsi server whose name nobody guesses who does not know these bytes.
    pub fn room(app: &App, bytes: &[u8; 16]) -> String {
        let room = data_encoding::BASE32_DNSSEC.encode(bytes);
        app.config.meetings.jitsi_base.at(&format!("/{room}"))
    }

    /// What stands in the calendar as the place, beside any link.
    pub fn place(&self) -> String {
        match self {
            Self::TheyCall { number } => number.clone(),
            Self::Place { address } => address.clone(),
            _ => String::new(),
        }
    }

    /// What is wrong with what was typed beside the choice, in words.
    pub fn mistake(&self) -> Option<&'static str> {
        match self {
            Self::Link { url } if !is_link(url) => {
                Some("Write the whole link, beginning with https://, or choose another kind.")
            }
            Self::TheyCall { number } if !number.chars().any(|letter| letter.is_ascii_digit()) => {
                Some("Write the number that guests call, for example +44 1539 555 0100.")
            }
            Self::Place { address } if address.trim().is_empty() => Some("Write where you meet."),
            other if other.detail().chars().count() > 500 => Some("At most 500 characters."),
            _ => None,
        }
    }
}

fn is_link(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}
