//! A workspace and its settings.

use serde::{Deserialize, Serialize};

use super::routing::Routing;
use crate::authz::Role;
use crate::base::{ApiKeyId, EmailAddress, InvitationId, UnixMillis, UserId, WorkspaceId};
use crate::identity::SecretHash;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    /// Lower case, digits and hyphens; unique on this server; stands in addresses of public pages.
    pub slug: String,
    pub state: WorkspaceState,
    /// Stands below every outreach mail; sending needs it.
    #[serde(default)]
    pub postal_address: String,
    /// IANA name: the zone of "today" for its members and of contacts without one.
    pub time_zone: String,
    #[serde(default)]
    pub locale: String,
    /// "Written with AI assistance." below engine-written mails (G11).
    #[serde(default)]
    pub discloses_ai: bool,
    #[serde(default)]
    pub routing: Routing,
    /// Hosts that links in answers may lead to, in lower case; their sub-domains count too (G5).
    #[serde(default)]
    pub link_hosts: Vec<String>,
    /// An owner has asked for its end. Nothing leaves any more; until `ends_at` an owner may take it back.
    #[serde(default)]
    pub closing: Option<Closing>,
    pub created_at: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub at: UnixMillis,
    pub by: Option<UserId>,
    /// Everything is erased from then on.
    pub ends_at: UnixMillis,
}

/// What is left of a workspace that was erased, so that the people who were in it can read what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    pub id: WorkspaceId,
    pub name: String,
    /// When the end was asked for, and by whom.
    pub asked_at: UnixMillis,
    pub asked_by: Option<UserId>,
    pub at: UnixMillis,
    /// Who belonged to it at the end.
    pub members: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceState {
    Open,
    /// Nothing leaves; the owner sees why.
    Suspended {
        at: UnixMillis,
        reason: String,
    },
}

impl Workspace {
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

/// A person's place in a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub role: Role,
    pub joined_at: UnixMillis,
}

/// An invitation that was not accepted yet. Its secret stands in the link and is kept only as a hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub workspace: WorkspaceId,
    pub email: EmailAddress,
    pub role: Role,
    pub invited_by: Option<UserId>,
    pub secret_hash: SecretHash,
    pub created_at: UnixMillis,
    pub ends_at: UnixMillis,
}

/// A key for programs. Its secret is shown once and kept only as a hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub role: Role,
    pub secret_hash: SecretHash,
    pub made_by: Option<UserId>,
    pub created_at: UnixMillis,
    /// Written at most once a minute.
    #[serde(default)]
    pub used_at: Option<UnixMillis>,
}
