//! What is known about the mail of a domain.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{doubts, Doubt, EmailAddress, UnixMillis};

const HOUR: Duration = Duration::from_secs(3600);

/// Whether a domain takes mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakesMail {
    /// A server for mail is named, or the domain's own address serves (RFC 5321 section 5.1).
    Yes,
    /// It says itself that it takes none: a null MX (RFC 7505).
    Refuses,
    /// Neither MX nor address: there is nowhere to deliver to.
    Nowhere,
    /// No answer came.
    Unknown,
    /// This server may reach private networks, whose domains the name servers of the outside do not know.
    NotAsked,
}

impl TakesMail {
    pub fn is_no(self) -> bool {
        matches!(self, Self::Refuses | Self::Nowhere)
    }

    /// The word of `/v1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Refuses => "refuses",
            Self::Nowhere => "nowhere",
            Self::Unknown => "unknown",
            Self::NotAsked => "not_asked",
        }
    }
}

/// The last look at a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainMail {
    /// A-label, lower case.
    pub domain: String,
    pub takes: TakesMail,
    /// The server that comes first, where one is named.
    #[serde(default)]
    pub host: Option<String>,
    pub checked_at: UnixMillis,
}

impl DomainMail {
    /// Whether it need not be asked about again yet. A "no" is looked at sooner: its owner may have mended it.
    pub fn is_fresh(&self, now: UnixMillis) -> bool {
        let good_for = match self.takes {
            TakesMail::Yes => 7 * 24 * HOUR,
            TakesMail::Refuses | TakesMail::Nowhere => 24 * HOUR,
            TakesMail::Unknown | TakesMail::NotAsked => HOUR,
        };
        now < self.checked_at.plus(good_for)
    }

    /// What was found, as a sentence; with the cure where there is something to do.
    pub fn words(&self) -> String {
        let domain = &self.domain;
        match (self.takes, &self.host) {
            (TakesMail::Yes, Some(host)) => format!("{domain} takes mail, at {host}."),
            (TakesMail::Yes, None) => format!("{domain} takes mail."),
            (TakesMail::Refuses, _) => {
                format!("{domain} says that it takes no mail at all (null MX). Correct the address, or ask for another one.")
            }
            (TakesMail::Nowhere, _) => {
                format!("{domain} has no mail server. Correct the address; if it is right, its owner has to set an MX record.")
            }
            (TakesMail::NotAsked, _) => {
                format!("Whether {domain} takes mail was not asked: this server may reach private networks, and no name server is set for them (dns.resolver).")
            }
            (TakesMail::Unknown, _) => {
                format!("Whether {domain} takes mail is not known: no name server answered. It is asked again within the hour.")
            }
        }
    }
}

/// Addresses that a person should look at, counted over a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportTally {
    pub role: u64,
    pub disposable: u64,
    pub typo: u64,
    /// Their domain takes no mail.
    pub no_mail: u64,
    /// Nobody could be asked yet.
    pub unknown: u64,
}

impl ImportTally {
    /// Counts one contact by the address that is written to.
    pub fn count(&mut self, address: &EmailAddress, takes: Option<TakesMail>) {
        for doubt in doubts(address) {
            match doubt {
                Doubt::Role => self.role += 1,
                Doubt::Disposable => self.disposable += 1,
                Doubt::Typo(_) => self.typo += 1,
            }
        }
        match takes {
            Some(takes) if takes.is_no() => self.no_mail += 1,
            Some(TakesMail::Unknown | TakesMail::NotAsked) | None => self.unknown += 1,
            Some(_) => {}
        }
    }

    /// Each figure that is not zero with what it counts.
    pub fn lines(&self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.no_mail, "at domains that take no mail; no sequence writes to them"),
            (self.typo, "with a slip of the pen in a well-known domain"),
            (self.disposable, "at services whose addresses soon end"),
            (self.role, "of an office instead of a person, such as info@"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}
