//! One HTTP request, its answer, and what it means when none came.

use std::io;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::rules::{Refused, Target};
use super::tls;

/// Time and size allowed for one HTTP call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From look-up to the last byte of the answer.
    pub total: Duration,
    /// For connecting and shaking hands; the operator's own limit holds where that is shorter.
    pub connect: Duration,
    /// Largest body of an answer, after decompression.
    pub max_body_bytes: u64,
}

impl Limits {
    /// The operator's own limit for connecting.
    pub const fn of(total: Duration, max_body_bytes: u64) -> Self {
        Self { total, connect: total, max_body_bytes }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(Duration::from_secs(30), 1024 * 1024)
    }
}

/// One HTTP request. `body` absent means none is sent at all.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: http::Method,
    pub target: Target,
    pub headers: HeaderMap,
    pub body: Option<Vec<u8>>,
    pub limits: Limits,
}

impl Request {
    pub fn new(method: http::Method, target: Target) -> Self {
        Self { method, target, headers: HeaderMap::new(), body: None, limits: Limits::default() }
    }

    /// Sets a header; a value that cannot stand in one (line breaks, control characters) is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    #[must_use]
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// Any answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// No answer came. The variants tell what may have happened at the other side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// No connection was made: nothing was asked for.
    #[error("{0}")]
    NotSent(String),
    /// The request may have been received and carried out.
    #[error("{0}")]
    NoAnswer(String),
    /// Carried out, but the answer was larger than allowed.
    #[error("the answer was larger than {0} bytes")]
    TooLarge(u64),
}

pub(super) fn transport_error(error: ureq::Error) -> TransportError {
    use ureq::{Error as E, Timeout as T};
    match error {
        E::Other(other) => match other.downcast::<Refused>() {
            Ok(refused) => TransportError::Refused(*refused),
            Err(other) => TransportError::NoAnswer(other.to_string()),
        },
        E::HostNotFound => TransportError::NotSent("the host was not found".into()),
        E::Timeout(T::Resolve | T::Connect) => TransportError::NotSent("no connection within the time limit".into()),
        E::Rustls(error) => TransportError::NotSent(tls::explain_tls(&error)),
        E::Tls(_) | E::ConnectionFailed | E::TlsRequired | E::BadUri(_) | E::Http(_) => {
            TransportError::NotSent(error.to_string())
        }
        E::Io(error) if was_not_connected(&error) => TransportError::NotSent(connect_words(&error)),
        other => TransportError::NoAnswer(other.to_string()),
    }
}

/// Errors that can only come from connecting or from the handshake, before a byte of the request left.
fn was_not_connected(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    let certificate = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        error.kind(),
        K::ConnectionRefused | K::HostUnreachable | K::NetworkUnreachable | K::AddrNotAvailable | K::NetworkDown
    ) || matches!(certificate, Some(rustls::Error::InvalidCertificate(_)))
}

fn connect_words(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls_error) => tls::explain_tls(tls_error),
        None => format!("no connection: {error}"),
    }
}
