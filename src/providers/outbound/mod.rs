//! The one way out over HTTP and TCP.
//!
//! Always true here: every call has time limits for connecting and in total, every answer a size limit; no redirect
//! is followed and no proxy taken from the environment; a user-given address is looked up once, its
//! addresses are judged, and exactly those are connected to; each HTTP call leaves a `CallRecord`.

mod address;
mod dial;
mod guard;
mod line;
mod record;
mod request;
mod rules;
mod tls;

use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use ureq::Agent;
use url::Url;

use crate::base::{Clock, PrivateHost};

pub use address::is_global;
pub use dial::{ConnectError, ConnectStep};
pub use line::{Allowance, Line};
pub use record::{CallLog, CallRecord, Gathered, NoLog};
pub use request::{Answer, Limits, Request, TransportError};
pub use rules::{Refused, Target, Trust, Why};
pub use tls::BadCaFile;

use guard::{agent, Guard};
use request::transport_error;
use rules::{is_loopback_name, Rules};

/// Answers above this many bytes are downloads: they may take longer than an exchange of words.
const LARGE_BYTES: u64 = 16 * 1024 * 1024;
const LARGE_TAKES: u32 = 3;

/// What the operator decided about outgoing connections.
#[derive(Clone, Debug)]
pub struct OutboundRules {
    /// Plain-http bases and mail servers on this machine may be used (demo, tests, benches).
    pub allow_loopback: bool,
    /// What lies beyond the public Internet and users may point to all the same.
    pub allow_private_hosts: Vec<PrivateHost>,
    pub user_agent: String,
    /// PEM file with certificates to trust besides the public ones.
    pub extra_roots: Option<PathBuf>,
    /// For looking a name up, and again for connecting and shaking hands, whatever a call would allow.
    pub connect_timeout: Duration,
    /// For one exchange, whatever a call would allow; a large download may take three times as long.
    pub timeout: Duration,
}

impl Default for OutboundRules {
    fn default() -> Self {
        Self {
            allow_loopback: false,
            allow_private_hosts: Vec::new(),
            user_agent: concat!("Launchyard/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OutboundSetupError {
    #[error("cannot read the CA file {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path}: {source}")]
    NotPem { path: PathBuf, source: BadCaFile },
}

/// The guarded client. Clones share connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    rules: Arc<Rules>,
    clock: Clock,
    configured: Agent,
    user_given: Agent,
    extra_roots: Vec<CertificateDer<'static>>,
    tls: Arc<rustls::ClientConfig>,
    connect_timeout: Duration,
    timeout: Duration,
}

impl Outbound {
    pub fn new(settings: &OutboundRules, clock: Clock) -> Result<Self, OutboundSetupError> {
        let rules = Arc::new(Rules::new(settings.allow_loopback, &settings.allow_private_hosts));
        let (extra_roots, tls) = match &settings.extra_roots {
            Some(path) => read_roots(path)?,
            None => (vec![], tls::client_config(&[]).map_err(|source| not_pem(Path::new(""), source))?),
        };
        let guard = |trust| Guard { rules: rules.clone(), trust, limit: settings.connect_timeout };
        let agent = |trust| agent(settings, &extra_roots, guard(trust));
        let (configured, user_given) = (agent(Trust::Configured), agent(Trust::UserGiven));
        let (connect_timeout, timeout) = (settings.connect_timeout, settings.timeout);
        Ok(Self { rules, clock, configured, user_given, extra_roots, tls, connect_timeout, timeout })
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How long one exchange may take, a command to a mail server too.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    fn allowed_time(&self, limits: &Limits) -> Duration {
        let most = if limits.max_body_bytes > LARGE_BYTES { self.timeout * LARGE_TAKES } else { self.timeout };
        limits.total.min(most)
    }

    /// Accepts a URL made from a base that the operator configured.
    pub fn configured(&self, url: Url) -> Result<Target, Refused> {
        self.rules.configured(url)
    }

    /// Accepts a URL that somebody typed. Its addresses are judged when it is called.
    pub fn user_given(&self, url: &str) -> Result<Target, Refused> {
        self.rules.user_given(url)
    }

    /// Makes the call and notes it in `log`. Every status is an `Ok`; redirects are answers too.
    pub fn send(&self, request: Request, log: &dyn CallLog) -> Result<Answer, TransportError> {
        let (at, begun) = (self.clock.now(), Instant::now());
        let (method, url) = (request.method.to_string(), record::redacted(&request.target));
        let sent_bytes = request.body.as_ref().map_or(0, |body| body.len() as u64);
        let answer = self.exchange(request);
        log.record(CallRecord {
            at,
            method,
            url,
            status: answer.as_ref().ok().map(|answer| answer.status),
            took: begun.elapsed(),
            sent_bytes,
            received_bytes: answer.as_ref().map_or(0, |answer| answer.body.len() as u64),
        });
        answer
    }

    fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        let agent = match request.target.trust {
            Trust::Configured => &self.configured,
            Trust::UserGiven => &self.user_given,
        };
        let limits = request.limits;
        let total = self.allowed_time(&limits);
        let connect = Some(limits.connect.min(self.connect_timeout));
        let mut built = http::Request::builder().method(request.method).uri(request.target.url.as_str());
        if let Some(headers) = built.headers_mut() {
            headers.extend(request.headers);
        }
        let invalid = |error: http::Error| TransportError::NotSent(error.to_string());
        let answer = match request.body {
            Some(body) => {
                let request = built.body(body).map_err(invalid)?;
                agent.run(agent.configure_request(request).timeout_global(Some(total)).timeout_connect(connect).build())
            }
            None => {
                let request = built.body(()).map_err(invalid)?;
                agent.run(agent.configure_request(request).timeout_global(Some(total)).timeout_connect(connect).build())
            }
        };
        let (head, mut body) = answer.map_err(transport_error)?.into_parts();
        let body = body.with_config().limit(limits.max_body_bytes).read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(limit) => TransportError::TooLarge(limit),
            // The head has arrived, so the request has too.
            other => TransportError::NoAnswer(other.to_string()),
        })?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Connects to a mail server that somebody typed, under the same address rules as a typed URL (any
    /// port; a server of ours that listens in public may be used too).
    pub fn connect_tcp(&self, host: &str, port: u16, limit: Duration) -> Result<TcpStream, ConnectError> {
        let limit = limit.min(self.connect_timeout);
        let addresses = dial::look_up(host, port, limit).map_err(|error| dial::dns_error(host, &error))?;
        self.rules.admit(Trust::UserGiven, false, host, port, &addresses).map_err(ConnectError::refused)?;
        dial::connect(&addresses, limit).map_err(|error| dial::tcp_error(host, port, &error))
    }

    /// The TLS settings for mail servers; `ca_pem` is one more CA to trust for this connection only.
    pub fn mail_tls(&self, ca_pem: Option<&str>) -> Result<Arc<rustls::ClientConfig>, ConnectError> {
        let Some(pem) = ca_pem else { return Ok(self.tls.clone()) };
        let more = tls::read_pem(pem.as_bytes()).and_then(|mut certificates| {
            certificates.extend(self.extra_roots.iter().cloned());
            tls::client_config(&certificates)
        });
        more.map_err(|error| ConnectError { step: ConnectStep::Tls, words: error.to_string(), may_pass: false })
    }

    /// True when a mail server there may be spoken to without encryption: only on this machine, only
    /// when loopback is allowed.
    pub fn may_speak_plain(&self, host: &str) -> bool {
        self.rules.allow_loopback && is_loopback_name(host)
    }
}

type Roots = (Vec<CertificateDer<'static>>, Arc<rustls::ClientConfig>);

fn read_roots(path: &Path) -> Result<Roots, OutboundSetupError> {
    let pem = std::fs::read(path).map_err(|source| OutboundSetupError::Unreadable { path: path.to_owned(), source })?;
    let certificates = tls::read_pem(&pem).map_err(|source| not_pem(path, source))?;
    let config = tls::client_config(&certificates).map_err(|source| not_pem(path, source))?;
    Ok((certificates, config))
}

fn not_pem(path: &Path, source: BadCaFile) -> OutboundSetupError {
    OutboundSetupError::NotPem { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
