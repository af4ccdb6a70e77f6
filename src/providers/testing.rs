//! Tiny loopback servers for the tests of this room.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64URL_NOPAD;
use url::Url;

use crate::base::{Clock, UnixMillis};

use super::oauth::ConsentClient;
use super::outbound::{NoLog, Outbound, OutboundRules};
use super::{ProviderError, Secret};

/// 2026-11-24T09:00:00Z
pub const NOW: UnixMillis = UnixMillis(1_795_510_800_000);

pub fn outbound() -> Outbound {
    let rules =
        OutboundRules { allow_loopback: true, user_agent: "launchyard-test".into(), ..OutboundRules::default() };
    Outbound::new(&rules, Clock::stopped_at(NOW)).unwrap()
}

/// An identity token with these claims; nobody has signed it.
pub fn id_token(claims: &str) -> String {
    format!("h.{}.s", BASE64URL_NOPAD.encode(claims.as_bytes()))
}

/// The address asks for all of this.
pub fn assert_asks(url: &Url, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        assert_eq!(found.as_deref(), Some(*value), "{name}");
    }
}

/// What a token end point that answers so makes of a refresh.
pub fn refused_refresh<C: ConsentClient>(client: impl Fn(&str) -> C, status: u16, body: &str) -> ProviderError {
    let body = body.to_owned();
    let server = FakeHttp::start(move |_: &Seen| Reply::json(status, &body));
    client(&server.base).refresh(&outbound(), &Secret::new("rt"), &NoLog).unwrap_err()
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

pub enum Reply {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// Closes the connection without an answer.
    Drop,
    /// Keeps the connection open and says nothing.
    Hang,
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Self {
        let headers = vec![("content-type".into(), "application/json".into())];
        Self::Answer { status, headers, body: body.into() }
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

/// An HTTP server on a free port that answers by a function and remembers what it saw.
pub struct FakeHttp {
    pub base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl FakeHttp {
    pub fn start(answer: impl Fn(&Seen) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let store = seen.clone();
        std::thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming().flatten() {
                let Some(request) = read_request(&stream) else { continue };
                store.lock().unwrap().push(request.clone());
                match answer(&request) {
                    Reply::Answer { status, headers, body } => write_answer(&stream, status, &headers, &body),
                    Reply::Drop => {}
                    Reply::Hang => hanging.push(stream),
                }
            }
        });
        Self { base, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }
}

fn read_request(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, v)| v.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn write_answer(mut stream: &TcpStream, status: u16, headers: &[(String, String)], body: &str) {
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
}

/// What a scripted mail server does next.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Sends text and CRLF.
    Say(&'static str),
    /// Reads one line, which must begin so.
    Expect(&'static str),
    /// Reads lines up to the lone dot.
    Body,
    /// Reads so many bytes.
    Read(usize),
    /// Ends the connection with a reset.
    Reset,
    /// Sends until the client hangs up.
    Flood,
}

/// A line server that plays one list of acts per connection, then hangs up. An unexpected line ends the
/// connection, which the client under test then reports.
pub struct Script {
    pub port: u16,
    connections: Arc<Mutex<usize>>,
}

impl Script {
    pub fn start(scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(Mutex::new(0));
        let count = connections.clone();
        std::thread::spawn(move || {
            for acts in scripts {
                let Ok((stream, _)) = listener.accept() else { return };
                *count.lock().unwrap() += 1;
                let socket = stream.try_clone().unwrap();
                play(stream, &acts, &socket);
            }
        });
        Self { port, connections }
    }

    /// The same behind TLS, for as many connections as there are scripts.
    pub fn start_tls(identity: &Identity, scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = identity.config.clone();
        std::thread::spawn(move || {
            for acts in scripts {
                let Ok((stream, _)) = listener.accept() else { return };
                let socket = stream.try_clone().unwrap();
                let connection = rustls::ServerConnection::new(config.clone()).unwrap();
                play(rustls::StreamOwned::new(connection, stream), &acts, &socket);
            }
        });
        Self { port, connections: Arc::default() }
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// A certificate that nobody has signed, and its key.
pub struct Identity {
    pub pem: String,
    config: Arc<rustls::ServerConfig>,
}

impl Identity {
    pub fn new(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        Self { pem: made.cert.pem(), config: Arc::new(config) }
    }
}

fn play(stream: impl Read + Write, acts: &[Act], socket: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    for act in acts {
        match act {
            Act::Say(text) => reader.get_mut().write_all(format!("{text}\r\n").as_bytes()).ok()?,
            Act::Expect(start) => {
                let line = read_line(&mut reader)?;
                if !line.starts_with(start) {
                    return None;
                }
            }
            Act::Body => while read_line(&mut reader)? != ".\r\n" {},
            Act::Read(bytes) => reader.read_exact(&mut vec![0; *bytes]).ok()?,
            Act::Flood => while reader.get_mut().write_all(&[b'x'; 4096]).is_ok() {},
            Act::Reset => socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO)).ok()?,
        }
    }
    Some(())
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then_some(line)
}
