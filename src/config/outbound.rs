//! `[outbound]`: what the server may reach.

use std::path::PathBuf;
use std::time::Duration;

use super::source::Section;
use crate::base::PrivateHost;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Private hosts that SMTP, IMAP, CalDAV, webhooks and AI servers may use all the same.
    pub allow_private_hosts: Vec<PrivateHost>,
    pub connect_timeout: Duration,
    /// For a whole exchange, from the first byte out to the last byte in.
    pub timeout: Duration,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
}

impl Outbound {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        Self {
            allow_private_hosts: from.list(
                "allow_private_hosts",
                Vec::new(),
                "a list of hosts, addresses or networks such as [\"mail.internal\", \"10.0.0.0/24\"]",
            ),
            connect_timeout: from.seconds("connect_timeout_seconds", 10, 1..=120),
            timeout: from.seconds("timeout_seconds", 60, 1..=600),
            ca_file: from.path("ca_file"),
        }
    }
}
