//! What the toolkit knows about the server as the outside sees it, and about one request.

use std::future::{ready, Ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use ipnet::IpNet;
use url::{Host, Url};

/// Where programs talk to us; answers there are JSON, with a bearer key instead of a cookie.
pub const API_PREFIX: &str = "/v1";

/// The server as the outside sees it. Read once from the configuration and shared by all guards.
#[derive(Clone, Debug)]
pub struct Site {
    /// Scheme, host and port under which people reach us; links in mails begin with it.
    pub public_url: Url,
    /// Only these peers are believed about `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub trusted_proxies: Vec<IpNet>,
    /// HSTS also for the sub-domains. A setting, because the host may serve other things.
    pub hsts_include_subdomains: bool,
    /// Path prefixes whose URL carries a secret: their pages tell nobody where the reader came from.
    pub token_prefixes: Vec<String>,
    /// Routes that are not counted by sender: what comes from many people through one address, and must arrive.
    pub uncounted: Vec<Uncounted>,
    /// Path prefixes without a form token: signed webhooks, one-click unsubscribe (RFC 8058), and
    /// always [`API_PREFIX`].
    pub csrf_exempt: Vec<String>,
    /// Paths at which guests are, who have no account.
    pub guest_prefixes: Vec<String>,
    /// Largest body of a form, in bytes.
    pub max_body_bytes: usize,
    /// Largest JSON body, in bytes.
    pub max_json_bytes: usize,
    /// Largest body of an upload (multipart, CSV), in bytes.
    pub max_upload_bytes: usize,
}

/// One route. Other methods and paths beside or below it are not it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncounted {
    pub method: &'static str,
    /// `{}` stands for one segment, which is not empty.
    pub path: &'static str,
}

impl Uncounted {
    fn is(&self, method: &Method, path: &str) -> bool {
        let mut given = path.split('/');
        let mut own = self.path.split('/');
        let same = own.all(|wanted| match (wanted, given.next()) {
            ("{}", Some(segment)) => !segment.is_empty(),
            (wanted, given) => given == Some(wanted),
        });
        method.as_str() == self.method && same && given.next().is_none()
    }
}

impl Site {
    pub fn new(public_url: Url) -> Self {
        Self {
            public_url,
            trusted_proxies: Vec::new(),
            hsts_include_subdomains: false,
            token_prefixes: Vec::new(),
            guest_prefixes: Vec::new(),
            uncounted: Vec::new(),
            csrf_exempt: Vec::new(),
            max_body_bytes: 1 << 20,
            max_json_bytes: 1 << 20,
            max_upload_bytes: 64 << 20,
        }
    }

    /// People reach us over TLS, ours or a proxy's.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// May a request be addressed to `host` (the `Host` header)? Names other than the public one are
    /// refused, so that a foreign name pointed at us (DNS rebinding) reaches nothing. An address
    /// cannot be rebound, and links are never built from `Host`: health checks by address pass.
    pub fn answers_to(&self, host: &str) -> bool {
        let Ok(url) = Url::parse(&format!("http://{host}/")) else { return false };
        match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || self.public_url.host_str() == Some(name),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => url.username().is_empty(),
            None => false,
        }
    }

    pub fn has_secret_in_url(&self, path: &str) -> bool {
        self.token_prefixes.iter().any(|prefix| is_under(path, prefix))
    }

    /// Pages of guests speak their language, also when something goes wrong.
    pub fn is_for_guests(&self, path: &str) -> bool {
        self.guest_prefixes.iter().any(|prefix| is_under(path, prefix))
    }

    pub fn is_csrf_exempt(&self, path: &str) -> bool {
        is_under(path, API_PREFIX) || self.csrf_exempt.iter().any(|prefix| is_under(path, prefix))
    }

    pub fn is_uncounted(&self, method: &Method, path: &str) -> bool {
        self.uncounted.iter().any(|route| route.is(method, path))
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }

    /// The nearest address in the chain of proxies that is not a proxy of ours. What stands further
    /// left in `X-Forwarded-For` was written by the client itself and means nothing.
    pub fn client_ip(&self, peer: IpAddr, headers: &HeaderMap) -> ClientIp {
        let mut nearest = peer.to_canonical();
        let chain = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = chain.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.iter().rev() {
            if !self.trusts(nearest) {
                break;
            }
            let Some(address) = hop_address(hop) else { break };
            nearest = address.to_canonical();
        }
        ClientIp(nearest)
    }

    /// Did a trusted proxy say that the client came over plain HTTP?
    pub fn came_in_clear(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        self.trusts(peer.to_canonical()) && proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("http"))
    }
}

/// Some proxies write the port too: `198.51.100.7:4711`, `[2001:db8::1]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

/// Is `path` the prefix itself or below it? `/v1` has `/v1/contacts`, not `/v10`.
pub fn is_under(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The address the request came from, past our own proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// What one customer of a provider holds: an IPv4 address, or an IPv6 /64.
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl std::fmt::Display for ClientIp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of one request in the log and on error pages: 16 hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RequestId {
    pub fn random() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromRequest for ClientIp {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;
    /// A request that came past no guard (a Unix socket) counts as local.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<ClientIp>().copied();
        ready(Ok(known.unwrap_or(ClientIp(IpAddr::V4(Ipv4Addr::LOCALHOST)))))
    }
}

impl FromRequest for RequestId {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<RequestId>().cloned();
        ready(Ok(known.unwrap_or_else(RequestId::random)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn site() -> Site {
        let mut site = Site::new(Url::parse("https://reach.example:8443").unwrap());
        site.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        site
    }

    #[test]
    fn only_proxies_of_ours_are_believed_about_the_client() {
        let cases = [
            ("a stranger invents a header", "203.0.113.9", Some("1.1.1.1"), "203.0.113.9"),
            ("our proxy names the client", "10.0.0.2", Some("198.51.100.7"), "198.51.100.7"),
            ("the client invented the left part", "10.0.0.2", Some("1.1.1.1, 198.51.100.7"), "198.51.100.7"),
            ("two proxies of ours", "10.0.0.2", Some("198.51.100.7, 10.0.0.3"), "198.51.100.7"),
            ("with a port", "10.0.0.2", Some("[2001:db8::1]:4711"), "2001:db8::1"),
            ("rubbish in the chain", "10.0.0.2", Some("198.51.100.7, x"), "10.0.0.2"),
            ("mapped IPv4", "::ffff:10.0.0.2", Some("198.51.100.7"), "198.51.100.7"),
            ("no header", "10.0.0.2", None, "10.0.0.2"),
        ];
        for (name, peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(chain) = forwarded {
                let name = HeaderName::from_static("x-forwarded-for");
                headers.insert(name, HeaderValue::from_static(chain));
            }
            assert_eq!(site().client_ip(peer.parse().unwrap(), &headers).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn we_answer_to_our_own_name_and_to_addresses() {
        let cases = [
            ("reach.example:8443", true),
            ("REACH.example", true),
            ("localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("192.0.2.4", true),
            ("evil.example", false),
            ("reach.example.evil.example", false),
            ("reach.example@evil.example", false),
            ("", false),
        ];
        for (host, expected) in cases {
            assert_eq!(site().answers_to(host), expected, "{host}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        let cases = [("/v1", true), ("/v1/contacts", true), ("/v10", false), ("/", false)];
        for (path, expected) in cases {
            assert_eq!(is_under(path, "/v1"), expected, "{path}");
        }
        assert!(is_under("/u/abc", "/u/"));
    }

    #[test]
    fn a_route_is_its_method_and_its_whole_path() {
        let route = Uncounted { method: "POST", path: "/u/{}" };
        let cases = [
            (Method::POST, "/u/token", true),
            (Method::GET, "/u/token", false),
            (Method::POST, "/u", false),
            (Method::POST, "/u/", false),
            (Method::POST, "/u/token/more", false),
            (Method::POST, "/v/token", false),
            (Method::POST, "//u/token", false),
        ];
        for (method, path, expected) in cases {
            assert_eq!(route.is(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn one_subscriber_of_ipv6_counts_as_one() {
        let one = ClientIp("2001:db8:1:2:3::1".parse().unwrap());
        let two = ClientIp("2001:db8:1:2:ffff::9".parse().unwrap());
        assert_eq!(one.network(), two.network());
    }
}
