//! Where calls go, and what is told when they do not arrive.

use super::*;
use crate::base::UnixMillis;
use crate::providers::testing::{outbound, Act, FakeHttp, Identity, Reply, Script, Seen};
use std::cell::RefCell;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

const CONNECT: Duration = Duration::from_secs(5);

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
fn the_operator_s_time_limit_holds_whatever_a_call_would_allow_and_a_download_gets_more() {
    let slow = FakeHttp::start(|_: &Seen| Reply::Hang);
    let timeout = Duration::from_millis(200);
    let rules = OutboundRules { allow_loopback: true, timeout, ..OutboundRules::default() };
    let client = Outbound::new(&rules, Clock::stopped_at(UnixMillis(0))).unwrap();
    let late = client.send(get(&client, &slow.base), &NoLog);
    assert!(matches!(late, Err(TransportError::NoAnswer(_))), "{late:?}");
    let large = Limits { max_body_bytes: LARGE_BYTES + 1, ..Limits::default() };
    assert_eq!(
        (client.allowed_time(&Limits::default()), client.allowed_time(&large)),
        (timeout, timeout * LARGE_TAKES)
    );
    let brief = Limits { total: timeout / 2, ..large };
    assert_eq!(client.allowed_time(&brief), timeout / 2, "a call may ask for less");
}

#[test]
fn a_typed_address_inside_the_network_is_never_connected_to() {
    let rules = OutboundRules {
        allow_loopback: false,
        allow_private_hosts: vec![],
        user_agent: "test".into(),
        ..OutboundRules::default()
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

#[test]
fn a_mail_server_is_believed_only_with_a_valid_certificate_for_its_name() {
    let identity = Identity::new("localhost");
    let stranger = Identity::new("localhost");
    let server = Script::start_tls(&identity, vec![vec![Act::Say("220 mx")], vec![Act::Read(1)], vec![Act::Read(1)]]);
    let connect = |host: &str, ca: Option<&str>| {
        let client = outbound();
        let tcp = client.connect_tcp(host, server.port, CONNECT).unwrap();
        Line::new(tcp, CONNECT, 1000).encrypt(host, client.mail_tls(ca).unwrap())
    };
    let mut line = connect("localhost", Some(&identity.pem)).unwrap();
    let mut greeting = [0; 6];
    line.read_exact(&mut greeting).unwrap();
    assert_eq!((&greeting, line.is_encrypted()), (b"220 mx", true));
    let cases = [
        ("localhost", Some(stranger.pem.as_str()), "signed by nobody we know"),
        ("127.0.0.1", Some(identity.pem.as_str()), "for another name"),
    ];
    for (host, ca, expected) in cases {
        let error = connect(host, ca).map(|_| ()).unwrap_err();
        assert_eq!(error.step, ConnectStep::Tls);
        assert!(error.words.contains(expected), "{}", error.words);
    }
    assert!(outbound().mail_tls(Some("not a certificate")).is_err());
}

#[test]
fn a_web_server_of_the_operators_own_ca_is_believed_once_its_file_is_given() {
    let identity = Identity::new("localhost");
    let page = vec![Act::Expect("GET / "), Act::Say("HTTP/1.1 204 x\r\nconnection: close\r\n")];
    let server = Script::start_tls(&identity, vec![page.clone(), page]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &identity.pem).unwrap();
    let with_roots = |extra_roots: Option<PathBuf>| {
        let rules =
            OutboundRules { allow_loopback: true, user_agent: "t".into(), extra_roots, ..OutboundRules::default() };
        let client = Outbound::new(&rules, Clock::stopped_at(UnixMillis(0))).unwrap();
        client.send(get(&client, &format!("https://localhost:{}/", server.port)), &NoLog).map(|answer| answer.status)
    };
    assert_eq!(with_roots(Some(file.path().to_owned())), Ok(204));
    let refused = with_roots(None);
    assert!(matches!(&refused, Err(TransportError::NotSent(words)) if words.contains("CA file")), "{refused:?}");
}

#[test]
fn a_server_that_drips_or_floods_is_cut_off() {
    let line_to = |acts: Vec<Act>, time, bytes| {
        let server = Script::start(vec![acts]);
        Line::new(outbound().connect_tcp("127.0.0.1", server.port, CONNECT).unwrap(), time, bytes)
    };
    let mut flooded = line_to(vec![Act::Flood], CONNECT, 10_000);
    let mut taken = Vec::new();
    assert!(flooded.read_to_end(&mut taken).is_err());
    assert_eq!(taken.len(), 10_000);
    let mut silent = line_to(vec![Act::Read(1)], Duration::from_millis(50), 1000);
    let error = silent.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}
