use super::*;
use crate::base::{WorkspaceId, INSTANCE};
use crate::http::{CsrfToken, LiveEvent};
use std::io::{BufRead, BufReader};

fn settings(tls: Option<TlsFiles>, public_url: &str) -> ServerSettings {
    ServerSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        tls,
        workers: 1,
        site: Site::new(url::Url::parse(public_url).unwrap()),
        cookie_key: MacKey::new([5; 32]),
    }
}

#[derive(serde::Deserialize)]
struct Search {
    limit: u32,
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/form", web::get().to(|token: CsrfToken| async move { token.0 }))
        .route("/form", web::post().to(|| async { HttpResponse::Ok().body("done") }))
        .route("/page", web::get().to(|| async { HttpResponse::Ok().content_type("text/html").body("x".repeat(5000)) }))
        .route("/page/{number}", web::get().to(|number: web::Path<u32>| async move { number.to_string() }))
        .route("/v1/page/{number}", web::get().to(|number: web::Path<u32>| async move { number.to_string() }))
        .route("/search", web::get().to(|query: web::Query<Search>| async move { query.limit.to_string() }))
        .route("/panics", web::get().to(|| async { crate::http::run(|| -> String { panic!("in a service") }).await }))
        .route("/v1/mine", web::get().to(|actor: crate::authz::Actor| async move { actor.display }))
        .route("/mine", web::get().to(|actor: crate::authz::Actor| async move { actor.display }))
        .route(
            "/live",
            web::get().to(|hub: Data<LiveHub>| async move {
                hub.subscribe(INSTANCE).map(crate::http::live::LiveStream::into_response)
            }),
        );
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build().into()
}

type Answer = ureq::http::Response<ureq::Body>;

fn get(server: &RunningServer, path: &str) -> Answer {
    agent().get(format!("http://{}{path}", server.address)).call().unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn plain() -> RunningServer {
    start(settings(None, "http://127.0.0.1:8080"), ServerParts::default(), routes).unwrap()
}

#[test]
fn every_answer_of_a_running_server_is_guarded() {
    let server = plain();
    let cases = [
        ("/page", 200, "text/html"),
        ("/page/", 200, "text/html"),
        ("/nowhere", 404, "text/html; charset=utf-8"),
        ("/v1/nowhere", 404, "application/problem+json"),
        ("/page/seven", 404, "text/html; charset=utf-8"),
        ("/v1/page/seven", 404, "application/problem+json"),
        ("/search?limit=many", 400, "text/html; charset=utf-8"),
        ("/panics", 500, "text/html; charset=utf-8"),
        ("/mine", 303, ""),
        ("/v1/mine", 401, "application/problem+json"),
    ];
    for (path, status, kind) in cases {
        let answer = get(&server, path);
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(header(&answer, "content-type"), kind, "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert!(!header(&answer, "content-security-policy").is_empty(), "{path}");
    }
    assert_eq!(header(&get(&server, "/mine?a=1"), "location"), "/signin?next=%2Fmine%3Fa%3D1");
    server.stop().unwrap();
}

#[test]
fn head_is_get_without_the_body() {
    let server = plain();
    let request = agent().head(format!("http://{}/page", server.address)).header("accept-encoding", "identity");
    let mut answer = request.call().unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "text/html"));
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "");
    server.stop().unwrap();
}

#[test]
fn a_form_fetched_by_a_visitor_can_be_sent_once_the_cookie_comes_along() {
    let server = plain();
    let mut page = get(&server, "/form");
    let cookie = header(&page, "set-cookie").split(';').next().unwrap().to_owned();
    let token = page.body_mut().read_to_string().unwrap();
    let send = |cookie: &str| {
        let request = agent().post(format!("http://{}/form", server.address)).header("cookie", cookie);
        request.send_form([("_csrf", token.as_str())]).unwrap().status().as_u16()
    };
    assert!(cookie.starts_with("visit-insecure="), "{cookie}");
    assert_eq!(send(&cookie), 200);
    assert_eq!(send("visit-insecure=other"), 403);
    server.stop().unwrap();
}

#[test]
fn a_live_page_gets_the_event_at_once_and_ends_when_the_server_stops() {
    let parts = ServerParts::default();
    let server = start(settings(None, "http://127.0.0.1:8080"), parts.clone(), routes).unwrap();
    let request = agent().get(format!("http://{}/live", server.address)).header("accept-encoding", "gzip");
    let answer = request.call().unwrap();
    assert_eq!(header(&answer, "content-type"), "text/event-stream; charset=utf-8");
    parts.live.publish(WorkspaceId::new(crate::base::UnixMillis(1)), &LiveEvent::new("reply", "theirs"));
    parts.live.publish(INSTANCE, &LiveEvent::new("reply", "ours"));
    let mut lines = BufReader::new(answer.into_body().into_reader()).lines().map_while(Result::ok);
    let event: Vec<String> = lines.by_ref().take(5).collect();
    assert_eq!(event, ["retry: 3000", "", "event: reply", "data: ours", ""]);
    server.stop().unwrap();
    assert_eq!(lines.next(), None);
}

#[test]
fn pages_are_compressed_and_counted() {
    let parts = ServerParts::default();
    let server = start(settings(None, "http://127.0.0.1:8080"), parts.clone(), routes).unwrap();
    let mut answer = get(&server, "/page");
    assert_eq!(answer.body_mut().read_to_string().unwrap().len(), 5000);
    let raw = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).accept_encoding("gzip").build());
    let zipped = raw.get(format!("http://{}/page", server.address)).call().unwrap();
    assert_eq!(header(&zipped, "vary"), "accept-encoding");
    let text = parts.metrics.render();
    assert!(text.contains("http_requests_total{method=\"GET\",route=\"/page\",status=\"200\"} 2"), "{text}");
    server.stop().unwrap();
}

#[test]
fn with_certificate_files_it_speaks_tls() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let server = start(settings(Some(files), "https://localhost"), ServerParts::default(), routes).unwrap();

    let root = ureq::tls::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let tls = ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::new_with_certs(&[root])).build();
    let agent = ureq::Agent::from(ureq::Agent::config_builder().tls_config(tls).proxy(None).build());
    let answer = agent.get(format!("https://localhost:{}/form", server.address.port())).call().unwrap();
    assert_eq!(header(&answer, "strict-transport-security"), "max-age=31536000");
    assert!(header(&answer, "set-cookie").starts_with("__Host-visit="));
    assert!(header(&answer, "set-cookie").contains("Secure"));
    server.stop().unwrap();
}

#[test]
fn an_idle_connection_does_not_hold_up_the_stop() {
    let server = plain();
    let mut line = std::net::TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut line, b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut reader = BufReader::new(line);
    reader.read_line(&mut String::new()).unwrap();
    server.stop().unwrap();
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut reader, &mut rest).unwrap();
    assert!(rest.ends_with(b"xxxx"), "the answer arrived whole, then the line was closed");
}

#[test]
fn a_taken_address_is_named() {
    let first = plain();
    let second = ServerSettings { listen: first.address, ..settings(None, "http://127.0.0.1") };
    let error = start(second, ServerParts::default(), routes).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {}", first.address));
}

#[test]
fn a_stopped_server_has_let_go_of_its_address() {
    let server = plain();
    let address = server.address;
    server.stop().unwrap();
    assert!(TcpListener::bind(address).is_ok());
}
