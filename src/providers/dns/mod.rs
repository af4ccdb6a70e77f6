//! DNS questions (RFC 1035), asked of a resolver over plain sockets.
//!
//! Nothing is kept between two questions: whoever has just changed a record wants to see it. "There is no such
//! record" and "nobody could be asked" are different answers, and never taken for each other.

mod wire;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The kinds of records that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    A,
    Aaaa,
    Mx,
    Txt,
    Ptr,
    /// Where a service is (RFC 2782).
    Srv,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Txt => "TXT",
            Self::Ptr => "PTR",
            Self::Srv => "SRV",
        }
    }
}

/// Names are in lower case and without the dot at the end; the root is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Address(IpAddr),
    Mail {
        preference: u16,
        host: String,
    },
    /// Its strings put together, as SPF, DKIM and DMARC read them.
    Text(String),
    Name(String),
    /// The host is empty where the service is said not to be offered.
    Service {
        priority: u16,
        port: u16,
        host: String,
    },
}

/// Nobody gave a usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    #[error("the name server did not answer in time")]
    TimedOut,
    #[error("the name server could not answer ({0})")]
    Refused(String),
    #[error("the name server cannot be reached: {0}")]
    Unreachable(String),
    #[error("{0:?} is no name that can be asked for")]
    BadName(String),
    #[error("the name server answered something that cannot be read")]
    Unreadable,
    #[error("not asked: the name server did not answer the questions before")]
    GivenUp,
}

/// Where questions go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Those of `/etc/resolv.conf`, read anew each time.
    System,
    At(Vec<SocketAddr>),
}

#[derive(Clone, Debug)]
pub struct Dns {
    servers: Servers,
    timeout: Duration,
}

/// Names that a question may be led on to by CNAME.
const MOST_ALIASES: usize = 8;
/// Servers asked for one question.
const MOST_SERVERS: usize = 3;
/// Questions in a row without any answer, after which the rest is not asked: at the beginning, and once there was an
/// answer, when it may well be one domain's servers that are silent.
const MOST_SILENT: (u32, u32) = (2, 5);

impl Dns {
    /// `timeout` is for one question, with its second try.
    pub fn new(servers: Servers, timeout: Duration) -> Self {
        Self { servers, timeout }
    }

    /// Begins a series of questions.
    pub fn series(&self) -> Series<'_> {
        let servers = match &self.servers {
            Servers::System => from_resolv_conf(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default()),
            Servers::At(servers) => servers.clone(),
        };
        Series { dns: self, servers, silent: Cell::new(0), answered: Cell::new(false) }
    }
}

/// Questions that belong together. When nobody answers the first of them, the others are not waited for.
pub struct Series<'a> {
    dns: &'a Dns,
    servers: Vec<SocketAddr>,
    silent: Cell<u32>,
    answered: Cell<bool>,
}

impl Series<'_> {
    /// The records of this kind under `name`, following aliases; empty when there are none.
    pub fn ask(&self, name: &str, kind: Kind) -> Result<Vec<Record>, DnsError> {
        let most = if self.answered.get() { MOST_SILENT.1 } else { MOST_SILENT.0 };
        if self.silent.get() >= most {
            return Err(DnsError::GivenUp);
        }
        let answer = self.follow(name, kind);
        let is_silent = matches!(answer, Err(DnsError::TimedOut | DnsError::Unreachable(_)));
        self.silent.set(if is_silent { self.silent.get() + 1 } else { 0 });
        self.answered.set(self.answered.get() || !is_silent);
        answer
    }

    fn follow(&self, name: &str, kind: Kind) -> Result<Vec<Record>, DnsError> {
        let mut name = name.to_owned();
        for _ in 0..MOST_ALIASES {
            let reply = self.ask_servers(&name, kind)?;
            match reply.alias {
                // The server knows where the alias leads, but not what is there.
                Some(alias) if reply.records.is_empty() => name = alias,
                _ => return Ok(reply.records),
            }
        }
        Err(DnsError::Refused("an alias that leads in a circle".into()))
    }

    fn ask_servers(&self, name: &str, kind: Kind) -> Result<wire::Reply, DnsError> {
        let servers = &self.servers[..self.servers.len().min(MOST_SERVERS)];
        // Each server is asked once, then the first once more.
        let tries = servers.iter().chain(servers.first());
        let each = self.dns.timeout / u32::try_from(servers.len() + 1).unwrap_or(1);
        let mut failed = DnsError::Unreachable("no name server is set on this machine".into());
        for server in tries {
            match wire::exchange(*server, name, kind, each) {
                Err(error @ DnsError::BadName(_)) => return Err(error),
                Err(error) => failed = error,
                answer => return answer,
            }
        }
        Err(failed)
    }
}

/// The name under which the host name of an address stands (RFC 1035 section 3.5, RFC 3596 section 2.5).
pub fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let digits = ip
                .octets()
                .iter()
                .rev()
                .fold(String::new(), |digits, byte| digits + &format!("{:x}.{:x}.", byte & 15, byte >> 4));
            format!("{digits}ip6.arpa")
        }
    }
}

/// `nameserver` lines (resolv.conf(5)); without any, the resolver on this machine.
fn from_resolv_conf(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        words.next().filter(|word| *word == "nameserver")?;
        // A scope behind a link-local address ("fe80::1%eth0") is not supported.
        words.next()?.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, 53))
    };
    let found: Vec<SocketAddr> = text.lines().filter_map(address).collect();
    if found.is_empty() {
        vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 53))]
    } else {
        found
    }
}
