//! The one HTTP port: a small actix server in a thread of its own, in front of plain functions.

use std::any::Any;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::{Extensions, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use socket2::Socket;

use super::wire::{Answer, Request};
use super::world::Shared;
use super::{ai, control, google, microsoft, oidc, SandboxError};

/// Gmail takes messages of 35 MiB; as base64 inside JSON that is 47 MiB.
const MOST_BODY_BYTES: usize = 50 * 1024 * 1024;

pub(super) struct Server {
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: JoinHandle<()>,
}

/// A second handle on the client's connection, so that a fault can hang up without an answer.
struct Line(Option<Socket>);

impl Line {
    fn of(stream: &dyn Any) -> Self {
        let stream = stream.downcast_ref::<actix_web::rt::net::TcpStream>();
        Self(stream.and_then(|stream| socket2::SockRef::from(stream).try_clone().ok()))
    }

    fn hang_up(&self) {
        if let Some(socket) = &self.0 {
            // A connection that is already gone is as good as hung up.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Server {
    pub fn start(listen: SocketAddr, shared: Shared) -> Result<Self, SandboxError> {
        let listener = TcpListener::bind(listen).map_err(|source| SandboxError::Listen { listen, source })?;
        let address = listener.local_addr().map_err(SandboxError::Thread)?;
        let (started, handle) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox-http".into())
            .spawn(move || run(listener, shared, &started))
            .map_err(SandboxError::Thread)?;
        match handle.recv() {
            Ok(Ok(handle)) => Ok(Self { address, handle, thread }),
            Ok(Err(source)) => Err(SandboxError::Listen { listen, source }),
            Err(_) => Err(SandboxError::Thread(std::io::Error::other("the server thread ended early"))),
        }
    }

    pub fn stop(self) {
        // The command is sent at once; joining the thread waits for it to be carried out.
        drop(self.handle.stop(false));
        let _ = self.thread.join();
    }
}

fn run(listener: TcpListener, shared: Shared, started: &mpsc::Sender<std::io::Result<ServerHandle>>) {
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(shared.clone()))
                .app_data(web::PayloadConfig::new(MOST_BODY_BYTES))
                .default_service(web::to(receive))
        })
        .workers(1)
        .disable_signals()
        .tcp_nodelay(true)
        .on_connect(|stream, extensions: &mut Extensions| {
            extensions.insert(Line::of(stream));
        })
        .listen(listener);
        match server {
            Ok(server) => {
                let server = server.run();
                let _ = started.send(Ok(server.handle()));
                if let Err(error) = server.await {
                    tracing::error!(%error, "the sandbox stopped serving");
                }
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        }
    });
}

async fn receive(http: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let request = request_of(&http, body);
    if request.path.starts_with("/control/") {
        let local = http.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
        return respond(if local && !request.is_from_elsewhere() {
            blocking(shared, request, control::answer).await
        } else {
            Answer::empty(403)
        });
    }
    let fault = shared.world().admit(&request);
    let Some(fault) = fault else { return respond(blocking(shared, request, provide).await) };
    if fault.delay_ms > 0 {
        actix_web::rt::time::sleep(fault.delay()).await;
    }
    let done = if fault.after { Some(blocking(shared.clone(), request.clone(), provide).await) } else { None };
    if fault.drop {
        if let Some(line) = http.conn_data::<Line>() {
            line.hang_up();
        }
        return respond(Answer::empty(500));
    }
    match (fault.answer(&request), done) {
        (Some(answer), _) | (None, Some(answer)) => respond(answer),
        (None, None) => respond(blocking(shared, request, provide).await),
    }
}

/// Providers take locks and the clock hook may work for seconds: never on the event loop.
async fn blocking(shared: Data<Shared>, request: Request, work: fn(&Shared, &Request) -> Answer) -> Answer {
    web::block(move || work(&shared, &request)).await.unwrap_or_else(|_| Answer::empty(500))
}

/// The provider that the path names answers; faults and the record are the caller's business.
pub(super) fn provide(shared: &Shared, request: &Request) -> Answer {
    let segments = request.segments();
    if ai::is_ours(&request.path) {
        return ai::answer(request, &segments);
    }
    let mut world = shared.world();
    let answer = match segments.first().map(String::as_str) {
        Some("google") => google::answer(&mut world, request, &segments[1..]),
        Some(".well-known") => super::caldav::well_known(&segments[1..]),
        Some("caldav") => super::caldav::answer(&mut world, request, &segments[1..]),
        Some("hubspot") => super::crm::hubspot(&mut world, request, &segments[1..]),
        Some("pipedrive") => super::crm::pipedrive(&mut world, request, &segments[1..]),
        Some("robots.txt") => super::site::robots(),
        Some("web") => super::site::answer(request, &segments[1..]),
        Some("microsoft") => microsoft::answer(&mut world, request, &segments[1..]),
        Some("stripe") => super::stripe::answer(&mut world, request, &segments[1..]),
        Some(service @ ("zoom" | "webex" | "goto")) => {
            super::meetings::answer(&mut world, request, service, &segments[1..])
        }
        Some("oidc") => oidc::answer(&mut world, request, &segments[1..]),
        _ => Answer::json(404, &serde_json::json!({"error": "no such provider in the sandbox"})),
    };
    // Every grant begins, is renewed and ends with a form.
    if request.method == "POST" {
        world.remember();
    }
    answer
}

fn request_of(http: &HttpRequest, body: Bytes) -> Request {
    let text = |value: &actix_web::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = http.headers().get("host").map(text).unwrap_or_default();
    Request {
        method: http.method().to_string(),
        url: format!("http://{host}{}", http.uri()),
        path: http.path().to_owned(),
        query: url::form_urlencoded::parse(http.query_string().as_bytes()).into_owned().collect(),
        headers: http.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_vec(),
    }
}

fn respond(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for header in answer.headers {
        response.insert_header(header);
    }
    response.body(answer.body)
}
