//! Who signs in: people, how they prove who they are, and the browsers in which they did.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::secret::SecretHash;
use crate::base::{EmailAddress, SessionId, UnixMillis, UserId, WorkspaceId};
use crate::http::cookies::Theme;
use crate::store::SealedSecret;

/// A person. Belongs to the server, not to a workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub name: String,
    /// Unique on this server.
    pub email: EmailAddress,
    /// Another name to sign in with; unique too.
    #[serde(default)]
    pub username: Option<Username>,
    /// Runs the server: may open the operator's pages.
    #[serde(default)]
    pub is_operator: bool,
    #[serde(default)]
    pub profile: Profile,
    pub created_at: UnixMillis,
}

/// How the product shows itself to one person. Empty texts follow the workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// IANA name, or empty.
    #[serde(default)]
    pub time_zone: String,
    /// BCP 47, or empty.
    #[serde(default)]
    pub locale: String,
    #[serde(default)]
    pub theme: Theme,
    /// Single keys do nothing.
    #[serde(default)]
    pub keys_off: bool,
}

/// 3 to 32 lower-case letters, digits, `.`, `_`, `-`, beginning with a letter: never mistaken for an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A username has 3 to 32 letters, digits, dots or hyphens and begins with a letter.")]
pub struct InvalidUsername;

impl Username {
    pub fn parse(raw: &str) -> Result<Self, InvalidUsername> {
        let name = raw.trim().to_lowercase();
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        let plain =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
        ((3..=32).contains(&name.len()) && begins && plain).then_some(Self(name)).ok_or(InvalidUsername)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a person proves who they are. Kept apart from the person, so that pages never hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    #[serde(default)]
    pub password: Option<StoredPassword>,
    #[serde(default)]
    pub totp: Option<Totp>,
    #[serde(default)]
    pub recovery_codes: Vec<RecoveryCode>,
    #[serde(default)]
    pub links: Vec<ExternalLink>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPassword {
    /// PHC string.
    pub phc: String,
    pub changed_at: UnixMillis,
}

impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredPassword(changed {})", self.changed_at)
    }
}

/// An authenticator app. It counts only once `confirmed_at` is set: a first code has proved that it works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totp {
    pub secret: SealedSecret,
    #[serde(default)]
    pub confirmed_at: Option<UnixMillis>,
    /// The last 30-second step whose code was accepted; it and earlier ones are refused.
    #[serde(default)]
    pub last_step: u64,
    #[serde(default)]
    pub used_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryCode {
    pub hash: SecretHash,
    #[serde(default)]
    pub used_at: Option<UnixMillis>,
}

/// An account at an OpenID Connect issuer. `issuer` and `subject` are the identity; the address is for showing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalLink {
    pub issuer: String,
    pub subject: String,
    #[serde(default)]
    pub email: String,
    pub linked_at: UnixMillis,
}

impl Credentials {
    /// Does signing in ask for a second step?
    pub fn has_second_step(&self) -> bool {
        self.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some())
    }

    pub fn unused_recovery_codes(&self) -> usize {
        self.recovery_codes.iter().filter(|code| code.used_at.is_none()).count()
    }
}

/// A signed-in browser. The cookie's secret is stored only as a hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// The workspace it looks at; absent, or one the person has left: the first they belong to.
    #[serde(default)]
    pub workspace: Option<WorkspaceId>,
    pub secret_hash: SecretHash,
    pub began_at: UnixMillis,
    /// Written at most once a minute.
    pub seen_at: UnixMillis,
    /// When the person last proved who they are. Sensitive acts ask again after a while.
    pub proved_at: UnixMillis,
    /// "Firefox on Mac".
    pub device: String,
    pub address: IpAddr,
}

/// Where a request comes from, for sessions and the record of sign-ins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    /// "Firefox on Mac".
    pub device: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_never_mistaken_for_an_address() {
        let cases = [
            ("Nora", Some("nora")),
            (" nora.w-2 ", Some("nora.w-2")),
            ("nora@fernhill.example", None),
            ("2nora", None),
            ("no", None),
            ("nöra", None),
            ("a23456789012345678901234567890123", None),
        ];
        for (raw, expected) in cases {
            assert_eq!(Username::parse(raw).ok().map(|name| name.as_str().to_owned()).as_deref(), expected, "{raw}");
        }
    }
}
