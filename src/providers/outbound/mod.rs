//! The one way out over HTTP and TCP.
//!
//! Always true here: every call has time limits for connecting and in total, every answer a size limit; no redirect
//! is followed and no proxy taken from the environment; a user-given address is looked up once, its
//! addresses are judged, and exactly those are connected to; each HTTP call leaves a `CallRecord`.

mod address;
mod dial;
mod line;
mod record;
mod rules;
mod tls;

use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::Agent;
use url::Url;

use crate::base::Clock;

pub use address::is_global;
pub use dial::{ConnectError, ConnectStep};
pub use line::{Allowance, Line};
pub use record::{CallLog, CallRecord, NoLog};
pub use rules::{Refused, Target, Trust, Why};
pub use tls::BadCaFile;

use rules::{is_loopback_name, leads_to_self, Rules};

/// What the operator decided about outgoing connections.
#[derive(Clone, Debug)]
pub struct OutboundRules {
    /// Plain-http bases and mail servers on this machine may be used (demo, tests, benches).
    pub allow_loopback: bool,
    /// Names, addresses or networks beyond the public Internet that users may point to.
    pub allow_private_hosts: Vec<String>,
    pub user_agent: String,
    /// PEM file with certificates to trust besides the public ones.
    pub extra_roots: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum OutboundSetupError {
    #[error("cannot read the CA file {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path}: {source}")]
    NotPem { path: PathBuf, source: BadCaFile },
}

/// Time and size allowed for one HTTP call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From look-up to the last byte of the answer.
    pub total: Duration,
    /// Largest body of an answer, after decompression.
    pub max_body_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: Duration::from_secs(30), max_body_bytes: 1024 * 1024 }
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

/// The guarded client. Clones share connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    rules: Arc<Rules>,
    clock: Clock,
    configured: Agent,
    user_given: Agent,
    extra_roots: Vec<CertificateDer<'static>>,
    tls: Arc<rustls::ClientConfig>,
}

/// Time to look a name up, and to connect and shake hands.
const CONNECT: Duration = Duration::from_secs(5);

impl Outbound {
    pub fn new(settings: &OutboundRules, clock: Clock) -> Result<Self, OutboundSetupError> {
        let rules = Arc::new(Rules::new(settings.allow_loopback, &settings.allow_private_hosts));
        let (extra_roots, tls) = match &settings.extra_roots {
            Some(path) => read_roots(path)?,
            None => (vec![], tls::client_config(&[]).map_err(|source| not_pem(&PathBuf::new(), source))?),
        };
        let agent = |trust| agent(&settings.user_agent, &extra_roots, Guard { rules: rules.clone(), trust });
        let (configured, user_given) = (agent(Trust::Configured), agent(Trust::UserGiven));
        Ok(Self { rules, clock, configured, user_given, extra_roots, tls })
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
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
        let mut built = http::Request::builder().method(request.method).uri(request.target.url.as_str());
        if let Some(headers) = built.headers_mut() {
            headers.extend(request.headers);
        }
        let invalid = |error: http::Error| TransportError::NotSent(error.to_string());
        let answer = match request.body {
            Some(body) => {
                let request = built.body(body).map_err(invalid)?;
                agent.run(agent.configure_request(request).timeout_global(Some(limits.total)).build())
            }
            None => {
                let request = built.body(()).map_err(invalid)?;
                agent.run(agent.configure_request(request).timeout_global(Some(limits.total)).build())
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
        let addresses = dial::look_up(host, port, CONNECT.min(limit)).map_err(|error| dns_error(host, &error))?;
        self.rules.admit(Trust::UserGiven, false, host, &addresses).map_err(ConnectError::refused)?;
        dial::connect(&addresses, limit).map_err(|error| tcp_error(host, port, &error))
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

fn read_roots(path: &PathBuf) -> Result<Roots, OutboundSetupError> {
    let pem = std::fs::read(path).map_err(|source| OutboundSetupError::Unreadable { path: path.clone(), source })?;
    let certificates = tls::read_pem(&pem).map_err(|source| not_pem(path, source))?;
    let config = tls::client_config(&certificates).map_err(|source| not_pem(path, source))?;
    Ok((certificates, config))
}

fn not_pem(path: &std::path::Path, source: BadCaFile) -> OutboundSetupError {
    OutboundSetupError::NotPem { path: path.to_owned(), source }
}

fn agent(user_agent: &str, extra_roots: &[CertificateDer<'static>], guard: Guard) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .allow_non_standard_methods(true)
        .user_agent(user_agent)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT * 2))
        .timeout_global(Some(Limits::default().total))
        .max_response_header_size(64 * 1024)
        .tls_config(tls::http_config(extra_roots))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), guard)
}

/// Looks names up for the HTTP client and hands out only addresses that were judged. The client
/// connects to exactly these, so a second look-up cannot lead elsewhere.
#[derive(Debug)]
struct Guard {
    rules: Arc<Rules>,
    trust: Trust,
}

impl Guard {
    fn judge(&self, plain: bool, host: &str, addresses: &[std::net::SocketAddr]) -> Result<(), Refused> {
        self.rules.admit(self.trust, plain, host, addresses)?;
        let excepted = self.rules.lists(host) || (self.rules.allow_loopback && is_loopback_name(host));
        if self.trust == Trust::UserGiven && !excepted && leads_to_self(addresses) {
            return Err(Why::OwnAddress.into());
        }
        Ok(())
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &http::Uri,
        _config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let plain = uri.scheme_str() == Some("http");
        let port = uri.port_u16().unwrap_or(if plain { 80 } else { 443 });
        let addresses = dial::look_up(host, port, CONNECT.min(*timeout.after)).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ureq::Error::Timeout(ureq::Timeout::Resolve),
            _ => ureq::Error::HostNotFound,
        })?;
        self.judge(plain, host, &addresses).map_err(|refused| {
            tracing::debug!(why = ?refused.why, "outgoing address refused");
            ureq::Error::Other(Box::new(refused))
        })?;
        let mut admitted = self.empty();
        addresses.into_iter().for_each(|address| admitted.push(address));
        Ok(admitted)
    }
}

fn transport_error(error: ureq::Error) -> TransportError {
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

fn dns_error(host: &str, error: &io::Error) -> ConnectError {
    let slow = error.kind() == io::ErrorKind::TimedOut;
    let words = if slow {
        format!("The name servers did not answer for {host}. Try again in a minute.")
    } else {
        format!("There is no server named {host}. Check the spelling.")
    };
    // A name that does not resolve may be a passing fault of the name server: trying again harms nobody.
    ConnectError { step: ConnectStep::Dns, words, may_pass: true }
}

fn tcp_error(host: &str, port: u16, error: &io::Error) -> ConnectError {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnixMillis;
    use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Kept(RefCell<Vec<CallRecord>>);
    impl CallLog for Kept {
        fn record(&self, call: CallRecord) {
            self.0.borrow_mut().push(call);
        }
    }

    fn get(client: &Outbound, url: &str) -> Request {
        Request::new(http::Method::GET, client.configured(Url::parse(url).unwrap()).unwrap())
    }

    #[test]
    fn a_call_is_recorded_without_its_secrets() {
        let server = FakeHttp::start(|_: &Seen| Reply::json(404, "{}"));
        let (client, log) = (outbound(), Kept::default());
        let request = get(&client, &format!("{}/a?code=secret", server.base)).body(b"12345".to_vec());
        assert_eq!(client.send(request, &log).unwrap().status, 404);
        let call = log.0.borrow()[0].clone();
        assert_eq!((call.status, call.sent_bytes, call.received_bytes), (Some(404), 5, 2));
        assert_eq!(call.at, client.clock().now());
        assert!(call.url.ends_with("/a?code=…"), "{}", call.url);
    }

    #[test]
    fn a_redirect_is_an_answer_and_is_not_followed() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let server = FakeHttp::start(|_: &Seen| {
            CALLS.fetch_add(1, Ordering::SeqCst);
            Reply::json(302, "").with_header("location", "/elsewhere")
        });
        let client = outbound();
        assert_eq!(client.send(get(&client, &server.base), &NoLog).unwrap().status, 302);
        assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn an_answer_that_is_too_large_is_cut_off() {
        let server = FakeHttp::start(|_: &Seen| Reply::json(200, &"x".repeat(5000)));
        let client = outbound();
        let small = Limits { max_body_bytes: 1000, ..Limits::default() };
        let result = client.send(get(&client, &server.base).limits(small), &NoLog);
        assert_eq!(result.map(|answer| answer.status), Err(TransportError::TooLarge(1000)));
    }

    #[test]
    fn what_was_never_sent_is_told_from_what_may_have_been_done() {
        let dropping = FakeHttp::start(|_: &Seen| Reply::Drop);
        let client = outbound();
        let dropped = client.send(get(&client, &dropping.base), &NoLog);
        assert!(matches!(dropped, Err(TransportError::NoAnswer(_))), "{dropped:?}");
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = client.send(get(&client, &format!("http://{closed}/")), &NoLog);
        assert!(matches!(refused, Err(TransportError::NotSent(_))), "{refused:?}");
        let slow = FakeHttp::start(|_: &Seen| Reply::Hang);
        let brief = Limits { total: Duration::from_millis(200), ..Limits::default() };
        let late = client.send(get(&client, &slow.base).limits(brief), &NoLog);
        assert!(matches!(late, Err(TransportError::NoAnswer(_))), "{late:?}");
    }

    #[test]
    fn a_typed_address_inside_the_network_is_never_connected_to() {
        let rules = OutboundRules {
            allow_loopback: false,
            allow_private_hosts: vec![],
            user_agent: "test".into(),
            extra_roots: None,
        };
        let client = Outbound::new(&rules, Clock::stopped_at(UnixMillis(0))).unwrap();
        for url in ["https://127.0.0.1/", "https://localhost/", "https://[::ffff:169.254.169.254]/"] {
            let request = Request::new(http::Method::GET, client.user_given(url).unwrap());
            let result = client.send(request, &NoLog).map(|answer| answer.status);
            assert_eq!(result, Err(TransportError::Refused(Why::NotGlobal.into())), "{url}");
        }
        let refused = client.connect_tcp("127.0.0.1", 25, CONNECT).unwrap_err();
        assert_eq!(refused.words, Refused { why: Why::NotGlobal }.to_string());
    }
}
