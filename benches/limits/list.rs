//! The list page of a workspace with 100,000 contacts: 50 rows read, opened and rendered for a signed-in person,
//! beside bare actix-web answering the same bytes to the same clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use actix_web::{web, App, HttpResponse, HttpServer};
use launchyard::base::Clock;
use launchyard::http::server::bind;
use launchyard::wiring::Running;

use super::measure::{millis, size, Samples};
use super::{people, store, Figure};

pub const CLIENTS: usize = 8;
pub const PER_SECOND: u32 = 50;
const OPEN_LOOP: Duration = Duration::from_secs(30);
pub const LIFTED: &[(&str, &str)] = &[("LAUNCHYARD_LIMITS__PAGES_PER_MINUTE", "1000000")];

pub fn run() -> Vec<Figure> {
    let contacts = size("LAUNCHYARD_BENCH_ROWS", 100_000);
    let dir = tempfile::tempdir().unwrap();
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let opened = people::open(dir.path(), Clock::system(), &format!("http://{address}"), LIFTED);
    let app = std::sync::Arc::clone(&opened.app);
    let workspace = people::add_business(&app);
    let running = Running::start(opened, listener).unwrap();
    // Every twentieth row of the file repeats another.
    people::import(&app, workspace, &people::csv((contacts as usize * 20).div_ceil(19)));
    app.runner().unwrap().settle(Duration::from_secs(600));

    let request = request(address, &sign_in(address));
    let page = Line::open(address).get(&request);
    let text = String::from_utf8_lossy(&page);
    assert_eq!(text.matches("name=\"contact\"").count(), 50, "{text}");
    let ours = rate(address, &request);
    let waits = open_loop(address, &request);
    let workers = app.config.server.workers as usize;
    running.stop();

    let bare = serve_bare(page.clone(), workers);
    let limit = rate(bare, &request);
    vec![
        Figure {
            what: format!("list page over {contacts} contacts, 50 rows, {} bytes, {CLIENTS} clients", page.len()),
            ours: format!("{ours:.0} pages/s"),
            limit: format!("bare actix-web, the same bytes: {limit:.0}/s"),
            ratio: Some(ours / limit),
            wanted: "at least 0.05".into(),
        },
        Figure {
            what: format!("the same at {PER_SECOND} requests/s, counted from when each was due"),
            ours: format!("p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms", waits.median(), waits.at(0.99), waits.worst()),
            limit: "25 ms".into(),
            ratio: Some(waits.at(0.99) / 25.0),
            wanted: "p99 under 25 ms".into(),
        },
    ]
}

/// The session's cookie, as a browser gets it: the form, then its answer.
pub fn sign_in(address: SocketAddr) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let url = format!("http://{address}/signin");
    let mut form = agent.get(&url).call().unwrap();
    let first = cookies(form.headers());
    let html = form.body_mut().read_to_string().unwrap();
    let token = html.split("name=\"_csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let answer = agent
        .post(&url)
        .header("cookie", &first)
        .header("origin", format!("http://{address}"))
        .send_form([("_csrf", token), ("login", people::LOGIN), ("password", people::PASSWORD)])
        .unwrap();
    assert_eq!(answer.status(), 303);
    cookies(answer.headers())
}

fn cookies(headers: &http::HeaderMap) -> String {
    let each = headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().split(';').next().unwrap());
    each.collect::<Vec<_>>().join("; ")
}

fn request(address: SocketAddr, cookie: &str) -> String {
    request_of("/contacts", address, cookie)
}

pub fn request_of(path: &str, address: SocketAddr, cookie: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/html\r\ncookie: {cookie}\r\n\r\n")
}

/// A connection that is kept, as of a browser that accepts no compression.
pub struct Line(BufReader<TcpStream>);

impl Line {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::with_capacity(64 * 1024, stream))
    }

    pub fn get(&mut self, request: &str) -> Vec<u8> {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut head, mut length) = (String::new(), None);
        while self.0.read_line(&mut head).unwrap() > 2 {
            length = length.or_else(|| head.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse().ok());
            assert!(!head.starts_with("HTTP/") || head.contains(" 200 "), "{head}");
            head.clear();
        }
        let mut body = vec![0; length.expect("an answer of known length")];
        self.0.read_exact(&mut body).unwrap();
        body
    }
}

/// Answers a second over connections that ask again at once.
pub fn rate(address: SocketAddr, request: &str) -> f64 {
    let lines: Vec<Mutex<Line>> = (0..CLIENTS).map(|_| Mutex::new(Line::open(address))).collect();
    store::concurrently(CLIENTS, |client, _| {
        std::hint::black_box(lines[client].lock().unwrap().get(request));
    })
}

/// Time from when each request was due to its answer: a slow answer makes those behind it late too.
pub fn open_loop(address: SocketAddr, request: &str) -> Samples {
    let requests = PER_SECOND * u32::try_from(OPEN_LOOP.as_secs()).unwrap();
    let began = Instant::now() + Duration::from_millis(100);
    let waits = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS as u32 {
            let waits = &waits;
            scope.spawn(move || {
                let mut line = Line::open(address);
                for n in (client..requests).step_by(CLIENTS) {
                    let due = began + n * Duration::from_secs(1) / PER_SECOND;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    line.get(request);
                    waits.lock().unwrap().push(millis(due.elapsed()));
                }
            });
        }
    });
    Samples::of(waits.into_inner().unwrap())
}

/// actix-web with nothing around it, as many threads as ours.
pub fn serve_bare(page: Vec<u8>, workers: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let page = web::Bytes::from(page);
    std::thread::spawn(move || {
        let answer = move || {
            let page = page.clone();
            let answer = move || {
                let page = page.clone();
                async move { HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page) }
            };
            App::new().default_service(web::get().to(answer))
        };
        let server = HttpServer::new(answer).workers(workers).disable_signals().listen(listener).unwrap();
        actix_web::rt::System::new().block_on(server.run())
    });
    address
}
