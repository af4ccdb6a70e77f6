//! Where this server may connect to.
//!
//! Two kinds of target. A *configured* base was written by the operator and is trusted: https anywhere, or plain
//! http on this machine when loopback providers are allowed. A *user-given* address was typed by somebody
//! with an account, so it must lead to the public Internet, or to a host the operator has listed.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use url::{Host, Url};

use super::address::{is_global, is_loopback};
use crate::base::PrivateHost;

/// Longest URL accepted from a user, in bytes.
const MAX_URL: usize = 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Configured,
    UserGiven,
}

/// An address that will not be called. One text for all causes: which one it was would tell the
/// person who typed it what the network behind this server looks like. `why` is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This address cannot be used. It has to be a public host, and a web address has to begin with https://.")]
pub struct Refused {
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    NotAUrl,
    Scheme,
    Port,
    UserInfo,
    NotGlobal,
    OwnAddress,
}

impl From<Why> for Refused {
    fn from(why: Why) -> Self {
        Self { why }
    }
}

/// A URL that passed the rules which need no look-up; addresses are checked when it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(super) url: Url,
    pub(super) trust: Trust,
}

impl Target {
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// The operator's settings.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub allow_loopback: bool,
    private_hosts: Vec<PrivateHost>,
}

impl Rules {
    pub fn new(allow_loopback: bool, allow_private_hosts: &[PrivateHost]) -> Self {
        Self { allow_loopback, private_hosts: allow_private_hosts.to_vec() }
    }

    pub fn configured(&self, url: Url) -> Result<Target, Refused> {
        let plain_loopback = url.scheme() == "http" && self.allow_loopback && names_loopback(&url);
        if url.scheme() != "https" && !plain_loopback {
            return Err(Why::Scheme.into());
        }
        Ok(Target { url, trust: Trust::Configured })
    }

    pub fn user_given(&self, raw: &str) -> Result<Target, Refused> {
        if raw.len() > MAX_URL {
            return Err(Why::NotAUrl.into());
        }
        let url = Url::parse(raw.trim()).map_err(|_| Why::NotAUrl)?;
        let host = url.host_str().ok_or(Why::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Why::UserInfo.into());
        }
        let port = url.port_or_known_default().ok_or(Why::Scheme)?;
        let listed = self.lists(host, port) || (self.allow_loopback && names_loopback(&url));
        if url.scheme() != "https" && !(listed && url.scheme() == "http") {
            return Err(Why::Scheme.into());
        }
        if !listed && port != 443 {
            return Err(Why::Port.into());
        }
        Ok(Target { url, trust: Trust::UserGiven })
    }

    /// Decides about the addresses that `host` led to, for a connection to `port`. All must pass, so that a name
    /// with one good and one bad address cannot be used to try its luck.
    pub fn admit(
        &self,
        trust: Trust,
        plain: bool,
        host: &str,
        port: u16,
        addresses: &[SocketAddr],
    ) -> Result<(), Refused> {
        let all = |test: &dyn Fn(IpAddr) -> bool| addresses.iter().all(|address| test(address.ip()));
        match trust {
            // Plain http was accepted for the name of this machine only; the name must mean it.
            Trust::Configured if plain => all(&is_loopback).then_some(()).ok_or(Why::NotGlobal.into()),
            Trust::Configured => Ok(()),
            Trust::UserGiven if self.lists(host, port) => Ok(()),
            Trust::UserGiven if self.allow_loopback && is_loopback_name(host) && all(&is_loopback) => Ok(()),
            Trust::UserGiven if all(&|ip| is_global(ip) || self.lists_address(ip, port)) => Ok(()),
            Trust::UserGiven => Err(Why::NotGlobal.into()),
        }
    }

    /// True when the operator listed this host, by name or by address, for this port.
    pub fn lists(&self, host: &str, port: u16) -> bool {
        self.private_hosts.iter().any(|listed| listed.is_named(host, port))
    }

    fn lists_address(&self, ip: IpAddr, port: u16) -> bool {
        self.private_hosts.iter().any(|listed| listed.is_reached_at(ip, port))
    }
}

/// True when one of the addresses is this server's own: a web address that leads back to ourselves
/// would see pages and ports from the inside. Connecting a UDP socket sends nothing; it only asks the
/// kernel which source address it would use, and that equals the destination when it is our own.
pub(super) fn leads_to_self(addresses: &[SocketAddr]) -> bool {
    let source = |to: &SocketAddr| {
        let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(to).ok()?;
        socket.local_addr().ok()
    };
    addresses.iter().any(|to| source(to).is_some_and(|from| from.ip() == to.ip()))
}

fn names_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(ip)) => is_loopback(ip.into()),
        Some(Host::Ipv6(ip)) => is_loopback(ip.into()),
        None => false,
    }
}

/// A name that can only mean this machine; `127.0.0.1.nip.example` is not one.
pub(super) fn is_loopback_name(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict() -> Rules {
        Rules::new(false, &[])
    }

    fn listing(hosts: &[&str]) -> Rules {
        Rules::new(false, &hosts.iter().map(|host| host.parse().unwrap()).collect::<Vec<_>>())
    }

    /// What a user-given URL with a literal address comes to, look-up included.
    fn outcome(rules: &Rules, raw: &str) -> Result<(), Why> {
        let target = rules.user_given(raw).map_err(|refused| refused.why)?;
        let addresses = target.url.socket_addrs(|| None).unwrap_or_default();
        let (host, port) = (target.url.host_str().unwrap(), target.url.port_or_known_default().unwrap());
        rules.admit(target.trust, false, host, port, &addresses).map_err(|refused| refused.why)
    }

    #[test]
    fn a_typed_web_address_must_lead_to_the_public_internet() {
        let long = format!("https://example.com/{}", "a".repeat(MAX_URL));
        let cases = [
            ("https://8.8.8.8/hook", Ok(())),
            ("https://[2606:4700::1111]/hook", Ok(())),
            ("http://8.8.8.8/", Err(Why::Scheme)),
            ("ftp://8.8.8.8/", Err(Why::Scheme)),
            ("file:///etc/passwd", Err(Why::NotAUrl)),
            ("https://8.8.8.8:22/", Err(Why::Port)),
            ("https://8.8.8.8:8443/", Err(Why::Port)),
            ("https://me:pw@8.8.8.8/", Err(Why::UserInfo)),
            ("https://example.com@127.0.0.1/", Err(Why::UserInfo)),
            ("https://2130706433/", Err(Why::NotGlobal)),
            ("https://0x7f.1/", Err(Why::NotGlobal)),
            ("https://0177.0.0.1/", Err(Why::NotGlobal)),
            ("https://127.1/", Err(Why::NotGlobal)),
            ("https://[::ffff:127.0.0.1]/", Err(Why::NotGlobal)),
            ("https://[64:ff9b::7f00:1]/", Err(Why::NotGlobal)),
            ("https://169.254.169.254/latest/meta-data", Err(Why::NotGlobal)),
            ("https://localhost/", Err(Why::NotGlobal)),
            ("not a url", Err(Why::NotAUrl)),
            (&long, Err(Why::NotAUrl)),
        ];
        for (raw, expected) in cases {
            assert_eq!(outcome(&strict(), raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_name_with_one_bad_address_is_refused() {
        let mixed: Vec<SocketAddr> = vec!["8.8.8.8:443".parse().unwrap(), "10.0.0.1:443".parse().unwrap()];
        let refused = strict().admit(Trust::UserGiven, false, "two-faced.example", 443, &mixed);
        assert_eq!(refused, Err(Why::NotGlobal.into()));
    }

    #[test]
    fn the_operator_may_list_private_hosts_by_name_address_or_network() {
        let rules = listing(&["ai.internal", "10.1.0.0/16", "192.168.7.7"]);
        let private: SocketAddr = "172.16.0.9:11434".parse().unwrap();
        assert!(rules.user_given("http://AI.internal:11434/v1").is_ok());
        assert_eq!(rules.admit(Trust::UserGiven, false, "ai.internal", 11434, &[private]), Ok(()));
        for (raw, expected) in [
            ("http://10.1.2.3:8080/", Ok(())),
            ("http://192.168.7.7/", Ok(())),
            ("https://192.168.7.8/", Err(Why::NotGlobal)),
            ("http://10.2.0.1/", Err(Why::Scheme)),
        ] {
            assert_eq!(outcome(&rules, raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_host_that_was_listed_with_a_port_is_closed_on_every_other() {
        let rules = listing(&["ai.internal:11434", "10.1.0.9:8080", "[fd00::5]:443"]);
        let cases = [
            ("http://10.1.0.9:8080/", Ok(())),
            ("https://10.1.0.9:8080/", Ok(())),
            ("http://10.1.0.9/", Err(Why::Scheme)),
            ("https://10.1.0.9/", Err(Why::NotGlobal)),
            ("https://10.1.0.9:22/", Err(Why::Port)),
            ("https://[fd00::5]/", Ok(())),
            ("https://[fd00::5]:22/", Err(Why::Port)),
            ("http://ai.internal:6379/", Err(Why::Scheme)),
            ("https://ai.internal:6379/", Err(Why::Port)),
        ];
        for (raw, expected) in cases {
            assert_eq!(outcome(&rules, raw), expected, "{raw}");
        }
        // What mail servers use: a name with any port, and a name that leads to a listed address.
        let at = |port: u16| [SocketAddr::from(([10, 1, 0, 9], port))];
        let admitted = |host: &str, port| rules.admit(Trust::UserGiven, false, host, port, &at(port)).is_ok();
        assert!(admitted("ai.internal", 11434) && admitted("mail.example", 8080));
        assert!(!admitted("ai.internal", 25) && !admitted("mail.example", 25));
    }

    #[test]
    fn loopback_is_reached_only_when_allowed_and_only_by_its_own_names() {
        let rules = Rules::new(true, &[]);
        let local: SocketAddr = "127.0.0.1:8025".parse().unwrap();
        assert_eq!(outcome(&rules, "http://127.0.0.1:8025/"), Ok(()));
        assert_eq!(rules.admit(Trust::UserGiven, false, "localhost", 8025, &[local]), Ok(()));
        assert_eq!(
            rules.admit(Trust::UserGiven, false, "127.0.0.1.nip.example", 8025, &[local]),
            Err(Why::NotGlobal.into()),
            "a public name that leads to this machine"
        );
        assert_eq!(rules.user_given("http://127.0.0.1.nip.example/").map_err(|r| r.why), Err(Why::Scheme));
    }

    #[test]
    fn a_configured_base_is_https_or_plain_on_this_machine_when_allowed() {
        let cases = [
            (false, "https://gmail.googleapis.com", true),
            (false, "https://10.0.0.1", true),
            (false, "http://127.0.0.1:9000", false),
            (true, "http://127.0.0.1:9000", true),
            (true, "http://[::1]:9000", true),
            (true, "http://localhost:9000", true),
            (true, "http://gmail.googleapis.com", false),
        ];
        for (allow_loopback, base, expected) in cases {
            let url = Url::parse(base).unwrap();
            assert_eq!(Rules::new(allow_loopback, &[]).configured(url).is_ok(), expected, "{base}");
        }
        let elsewhere: SocketAddr = "8.8.8.8:80".parse().unwrap();
        assert!(Rules::new(true, &[]).admit(Trust::Configured, true, "localhost", 80, &[elsewhere]).is_err());
    }

    #[test]
    fn our_own_address_is_recognised() {
        assert!(leads_to_self(&["127.0.0.1:443".parse().unwrap()]));
    }
}
