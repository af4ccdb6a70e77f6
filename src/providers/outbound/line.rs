//! A connection for line protocols (SMTP, IMAP): plain or encrypted, with a limit on time and on bytes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::dial::{ConnectError, ConnectStep};
use super::tls;

/// How long a connection may still be used, and how much it may still receive. Kept apart from the
/// connection, so that it can be renewed while a protocol library owns the connection itself.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Mutex<Limits>>);

#[derive(Clone, Copy, Debug)]
struct Limits {
    deadline: Instant,
    bytes: u64,
}

impl Allowance {
    fn new(time: Duration, bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(Limits { deadline: Instant::now() + time, bytes })))
    }

    /// Grants `time` from now and `bytes` to be received, in place of what was left.
    pub fn grant(&self, time: Duration, bytes: u64) {
        *self.limits() = Limits { deadline: Instant::now() + time, bytes };
    }

    fn limits(&self) -> std::sync::MutexGuard<'_, Limits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn time_left(&self) -> io::Result<Duration> {
        let left = self.limits().deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

/// A socket that never waits past its allowance, however slowly the peer drips.
#[derive(Debug)]
struct Metered {
    tcp: TcpStream,
    allowance: Allowance,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.allowance.limits().bytes;
        if bytes == 0 {
            return Err(io::Error::other("the server sent more than was asked for"));
        }
        self.tcp.set_read_timeout(Some(self.allowance.time_left()?))?;
        let room = buffer.len().min(usize::try_from(bytes).unwrap_or(usize::MAX));
        let read = self.tcp.read(&mut buffer[..room]).map_err(timed_out)?;
        let mut limits = self.allowance.limits();
        limits.bytes = limits.bytes.saturating_sub(read as u64);
        Ok(read)
    }
}

impl Write for Metered {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.allowance.time_left()?))?;
        self.tcp.write(buffer).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Unix reports a passed socket time-out as "would block".
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// A connection to a mail server.
#[derive(Debug)]
pub struct Line(Kind);

#[derive(Debug)]
enum Kind {
    Plain(Metered),
    Tls(Box<StreamOwned<ClientConnection, Metered>>),
}

impl Line {
    /// Wraps a fresh TCP connection; `time` and `bytes` are its first allowance.
    pub fn new(tcp: TcpStream, time: Duration, bytes: u64) -> Self {
        Self(Kind::Plain(Metered { tcp, allowance: Allowance::new(time, bytes) }))
    }

    pub fn is_encrypted(&self) -> bool {
        matches!(self.0, Kind::Tls(_))
    }

    pub fn allowance(&self) -> Allowance {
        match &self.0 {
            Kind::Plain(socket) => socket.allowance.clone(),
            Kind::Tls(stream) => stream.sock.allowance.clone(),
        }
    }

    /// Does the TLS handshake for `host`; the certificate must be valid for that name.
    pub fn encrypt(self, host: &str, config: Arc<ClientConfig>) -> Result<Self, ConnectError> {
        let fail = |words: String| ConnectError { step: ConnectStep::Tls, words, may_pass: false };
        let Kind::Plain(mut socket) = self.0 else { return Ok(self) };
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| fail("The host name cannot stand in a certificate. Use the server's full name.".into()))?;
        let mut connection = ClientConnection::new(config, name).map_err(|error| fail(tls::explain_tls(&error)))?;
        // Returns once the handshake is done; the allowance bounds how long that may take.
        connection.complete_io(&mut socket).map_err(|error| ConnectError {
            step: ConnectStep::Tls,
            may_pass: error.kind() == io::ErrorKind::TimedOut,
            words: tls::explain(&error),
        })?;
        if connection.is_handshaking() {
            return Err(fail("The server ended the encrypted connection.".into()));
        }
        Ok(Self(Kind::Tls(Box::new(StreamOwned::new(connection, socket)))))
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(socket) => socket.read(buffer),
            Kind::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Line {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(socket) => socket.write(buffer),
            Kind::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Plain(socket) => socket.flush(),
            Kind::Tls(stream) => stream.flush(),
        }
    }
}
