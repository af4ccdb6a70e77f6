//! `[outbound]`: what the server may reach.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

use super::source::Section;

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

/// A host, address or network, with a port when only that one is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateHost {
    host: NameOrNet,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NameOrNet {
    /// In lower case.
    Name(String),
    Net(IpNet),
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

    /// Whether a private `ip`, found for `host` as it was typed, may be connected to on `port`.
    /// Public addresses need no permission and are not the question here.
    pub fn allows_private(&self, host: &str, ip: IpAddr, port: u16) -> bool {
        self.allow_private_hosts.iter().any(|allowed| allowed.matches(host, ip.to_canonical(), port))
    }
}

impl PrivateHost {
    /// The host, address or network as text, without the port.
    pub fn name(&self) -> String {
        match &self.host {
            NameOrNet::Name(name) => name.clone(),
            NameOrNet::Net(net) => net.to_string(),
        }
    }

    fn matches(&self, host: &str, ip: IpAddr, port: u16) -> bool {
        let is_host = match &self.host {
            NameOrNet::Name(name) => name.eq_ignore_ascii_case(host.trim_end_matches('.')),
            NameOrNet::Net(net) => net.contains(&ip),
        };
        is_host && self.port.is_none_or(|only| only == port)
    }
}

impl FromStr for PrivateHost {
    type Err = ();

    /// Reads `name`, `name:port`, `10.0.0.1`, `10.0.0.1:25`, `10.0.0.0/8`, `::1`, `[::1]:25`.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(net) = read_net(text) {
            return Ok(Self { host: NameOrNet::Net(net), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| ())?)),
            None => (text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = read_net(host).map(NameOrNet::Net).or_else(|| read_name(host)).ok_or(())?;
        Ok(Self { host, port })
    }
}

fn read_net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn read_name(text: &str) -> Option<NameOrNet> {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    name.split('.').all(is_label).then_some(NameOrNet::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_host_is_allowed_by_name_address_or_network_and_by_port_when_given() {
        let cases = [
            ("mail.internal", "MAIL.internal.", "10.0.0.9", 25, true),
            ("mail.internal", "other.internal", "10.0.0.9", 25, false),
            ("mail.internal:25", "mail.internal", "10.0.0.9", 143, false),
            ("10.0.0.9", "anything.example", "10.0.0.9", 25, true),
            ("10.0.0.9:25", "anything.example", "10.0.0.9", 25, true),
            ("10.0.0.0/24", "x", "10.0.1.1", 25, false),
            ("127.0.0.1", "x", "::ffff:127.0.0.1", 25, true),
            ("::1", "localhost", "::1", 25, true),
            ("[::1]:25", "localhost", "::1", 26, false),
        ];
        for (allowed, host, ip, port, expected) in cases {
            let entry: PrivateHost = allowed.parse().unwrap();
            let matched = entry.matches(host, ip.parse::<IpAddr>().unwrap().to_canonical(), port);
            assert_eq!(matched, expected, "{allowed} for {host} {ip}:{port}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", "http://mail.internal", "a b", "mail.internal:smtp", "10.0.0.0/99", "*"] {
            assert_eq!(text.parse::<PrivateHost>(), Err(()), "{text}");
        }
    }
}
