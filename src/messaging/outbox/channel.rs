//! What a channel does for the outbox, and what it answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::connections::Connection;
use crate::messaging::model::Message;

/// How a channel hands a message to its provider. Implemented in `channels/`, given to the outbox by `wiring`.
pub trait Channel: Send + Sync {
    /// The first byte may leave here.
    fn send(&self, app: &App, message: &Message, connection: &Connection) -> SendOutcome;
    /// Looks at the provider whether the message left.
    fn look(&self, app: &App, message: &Message, connection: &Connection, looks: u32) -> Look;
}

/// What the provider made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAs {
    pub provider_id: Option<String>,
    pub provider_thread: Option<String>,
    /// The Message-ID under which it really left.
    pub message_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    Sent(SentAs),
    /// Surely not sent; later may be better. `whole_mailbox`: nothing from this mailbox until then.
    Wait {
        after: Option<Duration>,
        whole_mailbox: bool,
        reason: String,
    },
    /// Surely not sent, and this message never will be. `bad_address`: nobody is there (5.1.x).
    Refused {
        reason: String,
        bad_address: bool,
    },
    /// Surely not sent; the owner must act before anything leaves from this mailbox.
    NeedsOwner {
        reason: String,
    },
    /// Surely not sent: mail of this sender is not wanted (5.7.x). The owner must act; refused again after that, this
    /// message never will be sent.
    SenderRefused {
        reason: String,
    },
    /// It may have left.
    Unknown {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Found(SentAs),
    Absent,
    LookAgain { after: Duration, reason: String },
    CannotKnow { reason: String },
}
