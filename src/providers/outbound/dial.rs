//! Names to addresses, and addresses to connections, each within a time limit.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::rules::Refused;

/// At most this many addresses of a name are looked at.
const MAX_ADDRESSES: usize = 16;

/// Which part of connecting failed, for a text that names the cure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectStep {
    Dns,
    Tcp,
    Tls,
}

impl fmt::Display for ConnectStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        })
    }
}

/// No connection was made; nothing of what was to be said has left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {words}")]
pub struct ConnectError {
    pub step: ConnectStep,
    /// What happened and what to do, for the person who set it up.
    pub words: String,
    /// True when trying again later makes sense without changing anything.
    pub may_pass: bool,
}

impl ConnectError {
    pub(super) fn refused(refused: Refused) -> Self {
        Self { step: ConnectStep::Tcp, words: refused.to_string(), may_pass: false }
    }
}

/// The addresses of `host`. The system's resolver knows no time limit, so it runs on a thread of its own that is
/// left behind when it takes too long.
pub(super) fn look_up(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let bare = host.trim_matches(['[', ']']).to_owned();
    if let Ok(ip) = bare.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (answer, addresses) = mpsc::sync_channel(1);
    std::thread::Builder::new().name("look-up".into()).spawn(move || {
        let found = (bare.as_str(), port).to_socket_addrs().map(|all| all.take(MAX_ADDRESSES).collect::<Vec<_>>());
        // Nobody listens any more when the limit has passed.
        let _ = answer.send(found);
    })?;
    match addresses.recv_timeout(limit) {
        Ok(Ok(found)) if found.is_empty() => Err(io::ErrorKind::NotFound.into()),
        Ok(found) => found,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Connects to the first address that answers, all of them together within `limit`.
pub(super) fn connect(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let deadline = Instant::now() + limit;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for (index, address) in addresses.iter().enumerate() {
        // An address that swallows packets must leave time for those after it.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        if share.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                // Small commands must not wait for the peer's delayed acknowledgement.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What to tell about a name that leads nowhere.
pub(super) fn dns_error(host: &str, error: &io::Error) -> ConnectError {
    let slow = error.kind() == io::ErrorKind::TimedOut;
    let words = if slow {
        format!("The name servers did not answer for {host}. Try again in a minute.")
    } else {
        format!("There is no server named {host}. Check the spelling.")
    };
    // A name that does not resolve may be a passing fault of the name server: trying again harms nobody.
    ConnectError { step: ConnectStep::Dns, words, may_pass: true }
}

/// What to tell about a server that cannot be reached.
pub(super) fn tcp_error(host: &str, port: u16, error: &io::Error) -> ConnectError {
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            format!("{host} refuses connections on port {port}. Check the port, or ask whether the service is running.")
        }
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            format!("{host} does not answer on port {port}. Check the port; some networks block outgoing mail ports.")
        }
        _ => format!("No connection to {host} on port {port}: {error}."),
    };
    ConnectError { step: ConnectStep::Tcp, words, may_pass: true }
}
