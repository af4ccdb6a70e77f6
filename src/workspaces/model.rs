//! A workspace and its settings.

use serde::{Deserialize, Serialize};

use crate::base::{UnixMillis, WorkspaceId};

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
    pub created_at: UnixMillis,
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
