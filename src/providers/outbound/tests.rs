//! Where calls go, and what is told when they do not arrive.

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
