//! `[server]`: where pages are served, and under which address people reach them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use url::Url;

use super::source::Section;
use super::Secret;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    /// What stands in links and OAuth redirects; None until it is set.
    pub configured_url: Option<Url>,
    pub tls: Option<TlsFiles>,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    pub workers: u32,
    /// What a collector of figures shows at `/metrics`; None closes it to all but the operator.
    pub metrics_token: Option<Secret>,
}

/// PEM files: the certificate with its chain, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Server {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        Self {
            listen: from.parsed(
                "listen",
                SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
                "an address and port such as 127.0.0.1:8080",
            ),
            configured_url: read_public_url(from),
            tls: read_tls(from),
            trusted_proxies: read_proxies(from),
            workers: from.number("workers", 2, 1..=64),
            metrics_token: from.secret("metrics_token"),
        }
    }

    /// The address people type, without a slash at the end: `public_url`, or else made from where the
    /// server really listens (`bound`, which has the port when `listen` asked for any).
    pub fn public_url(&self, bound: SocketAddr) -> String {
        if let Some(url) = &self.configured_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        // "Every address" is none that a browser could open.
        let host = match bound.ip() {
            ip if !ip.is_unspecified() => ip,
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        format!("{scheme}://{}", SocketAddr::new(host, bound.port()))
    }

    /// True when browsers come over TLS, ended here or by a proxy: cookies are then `Secure`.
    pub fn is_https(&self) -> bool {
        self.configured_url.as_ref().map_or(self.tls.is_some(), |url| url.scheme() == "https")
    }

    pub fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&peer.to_canonical()))
    }
}

fn read_public_url(from: &mut Section<'_>) -> Option<Url> {
    let must_be = "the address people type, such as \"https://desk.example.com\"";
    let url: Url = from.optional_parsed("public_url", must_be)?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
    if !is_plain || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        from.mistake("public_url", format_args!("must be {must_be}, without user, path or query"));
        return None;
    }
    Some(url)
}

fn read_tls(from: &mut Section<'_>) -> Option<TlsFiles> {
    match (from.path("tls_certificate"), from.path("tls_key")) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            from.mistake("tls_certificate", "needs server.tls_key beside it");
            None
        }
        (None, Some(_)) => {
            from.mistake("tls_key", "needs server.tls_certificate beside it");
            None
        }
    }
}

/// Networks or single addresses; by default whatever runs on this machine.
fn read_proxies(from: &mut Section<'_>) -> Vec<IpNet> {
    let must_be = "a list of addresses or networks such as [\"10.0.0.0/8\"]";
    let default = vec![Net(loopback_v4()), Net(IpNet::from(IpAddr::from(std::net::Ipv6Addr::LOCALHOST)))];
    from.list("trusted_proxies", default, must_be).into_iter().map(|Net(net)| net).collect()
}

fn loopback_v4() -> IpNet {
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8)
}

/// A network, or one address as a network of its own.
struct Net(IpNet);

impl std::str::FromStr for Net {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| address()).map(Self).map_err(|_| ())
    }
}
