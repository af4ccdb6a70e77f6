//! A host that the operator lists although it does not lie on the public Internet.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

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

impl PrivateHost {
    /// `host` (a name or an address) on `port` alone; `None` when it is no host.
    pub fn only(host: &str, port: u16) -> Option<Self> {
        let one: Self = host.parse().ok()?;
        one.port.is_none().then_some(Self { port: Some(port), ..one })
    }

    /// Is this `host`, as it was typed, on `port`? An address in brackets or with a dot behind its name is the same.
    pub fn is_named(&self, host: &str, port: u16) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.');
        match &self.host {
            NameOrNet::Name(name) => name.eq_ignore_ascii_case(host) && self.has_port(port),
            NameOrNet::Net(_) => host.parse().is_ok_and(|ip| self.is_reached_at(ip, port)),
        }
    }

    /// Does the listed address or network hold `ip`, whatever name led there, on `port`?
    pub fn is_reached_at(&self, ip: IpAddr, port: u16) -> bool {
        matches!(&self.host, NameOrNet::Net(net) if net.contains(&ip.to_canonical())) && self.has_port(port)
    }

    fn has_port(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
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
            ("mail.internal:25", "mail.internal", "10.0.0.9", 25, true),
            ("mail.internal:25", "mail.internal", "10.0.0.9", 143, false),
            ("10.0.0.9", "anything.example", "10.0.0.9", 25, true),
            ("10.0.0.9:25", "anything.example", "10.0.0.9", 25, true),
            ("10.0.0.9:25", "anything.example", "10.0.0.9", 22, false),
            ("10.0.0.0/24", "x", "10.0.1.1", 25, false),
            ("127.0.0.1", "x", "::ffff:127.0.0.1", 25, true),
            ("::1", "localhost", "::1", 25, true),
            ("[::1]:25", "[::1]", "::1", 25, true),
            ("[::1]:25", "localhost", "::1", 26, false),
        ];
        for (allowed, host, ip, port, expected) in cases {
            let entry: PrivateHost = allowed.parse().unwrap();
            let matched = entry.is_named(host, port) || entry.is_reached_at(ip.parse().unwrap(), port);
            assert_eq!(matched, expected, "{allowed} for {host} {ip}:{port}");
        }
    }

    #[test]
    fn a_name_that_leads_into_a_listed_network_is_not_a_listed_name() {
        let network: PrivateHost = "10.0.0.0/8".parse().unwrap();
        assert!(network.is_named("10.1.2.3", 80));
        assert!(!network.is_named("ten.example", 80));
    }

    #[test]
    fn one_host_on_one_port_is_that_and_no_more() {
        let cases = [("relay.internal", 25, true), ("::1", 25, true), ("10.0.0.9", 25, true), ("no host", 25, false)];
        for (host, port, expected) in cases {
            let only = PrivateHost::only(host, port);
            assert_eq!(only.as_ref().is_some_and(|only| only.is_named(host, port)), expected, "{host}");
            assert!(!only.is_some_and(|only| only.is_named(host, port + 1)), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["", "http://mail.internal", "a b", "mail.internal:smtp", "10.0.0.0/99", "*"] {
            assert_eq!(text.parse::<PrivateHost>(), Err(()), "{text}");
        }
    }
}
