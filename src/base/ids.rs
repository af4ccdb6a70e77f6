//! Ids are types of their own; strings are parsed once, at the edge.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UnixMillis;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

/// A new UUIDv7: sorts by the instant given, the rest is random. Instants before 1970 count as 1970.
pub fn uuid_at(now: UnixMillis) -> Uuid {
    let millis = u64::try_from(now.0).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            pub fn new(now: UnixMillis) -> Self {
                Self(uuid_at(now))
            }
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
            /// When the id was made, as written into it.
            pub fn made_at(&self) -> UnixMillis {
                let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |t| t.to_unix());
                UnixMillis(i64::try_from(seconds).unwrap_or(0) * 1000 + i64::from(nanos) / 1_000_000)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.simple())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.simple())
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    )+};
}

ids! {
    /// A tenant. Written as account SID `AC` + 32 hex digits where people and programs see it.
    WorkspaceId
    /// A person who signs in.
    UserId
    /// A signed-in browser.
    SessionId
    /// An invitation to a workspace, not yet accepted.
    InvitationId
    /// A key for programs. Written as `SK` + 32 hex digits.
    ApiKeyId
    /// A workspace's grant to one outside account.
    ConnectionId
    ContactId
    NoteId
    ImportId
    /// One message in or out on any channel.
    MessageId
    SuppressionId
    SequenceId
    StepId
    /// One wording of a step that has several.
    VariantId
    EnrolmentId
    WorkerId
    SnippetId
    DraftId
    /// A mail to somebody who went quiet after an answer of ours.
    FollowUpId
    /// One call to an AI service.
    TransferId
    ReplyId
    BookingId
    /// Dates that were booked together, one after the other.
    SeriesId
    /// What a guest is asked to pay.
    PaymentId
    ScheduleId
    /// Something that strangers can book: its hours, rules and questions.
    EventTypeId
    /// A room or a thing that a meeting needs and that serves one at a time.
    RoomId
    /// Somebody on the waitlist of an event type.
    WaiterId
    /// Questions that lead a visitor to the right event type.
    RoutingFormId
    JobId
    EventId
    AuditId
}

/// The instance itself: users, sessions, the queue. Never a tenant's.
pub const INSTANCE: WorkspaceId = WorkspaceId(Uuid::nil());

impl WorkspaceId {
    /// The account SID: `AC` + 32 hex digits.
    pub fn sid(&self) -> String {
        format!("AC{}", self.0.simple())
    }

    pub fn parse_sid(text: &str) -> Option<Self> {
        text.strip_prefix("AC").filter(|hex| hex.len() == 32).and_then(|hex| hex.parse().ok())
    }
}

impl ApiKeyId {
    /// The key's public name: `SK` + 32 hex digits.
    pub fn sid(&self) -> String {
        format!("SK{}", self.0.simple())
    }

    pub fn parse_sid(text: &str) -> Option<Self> {
        text.strip_prefix("SK").filter(|hex| hex.len() == 32).and_then(|hex| hex.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made_and_tell_it() {
        let early = ContactId::new(UnixMillis(1_700_000_000_000));
        let late = ContactId::new(UnixMillis(1_700_000_000_001));
        assert!(early < late);
        assert_eq!(late.made_at(), UnixMillis(1_700_000_000_001));
        assert_eq!(early.to_string().parse(), Ok(early));
    }

    #[test]
    fn a_workspace_is_known_by_its_sid() {
        let id = WorkspaceId::new(UnixMillis(1));
        assert_eq!(WorkspaceId::parse_sid(&id.sid()), Some(id));
        assert_eq!(WorkspaceId::parse_sid("AC12"), None);
    }
}
