//! Starts the web server on threads of its own, and stops it in good order.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{from_fn, Compress, NormalizePath};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

use super::cookies::Cookies;
use super::live::LiveHub;
use super::metrics::{self, Metrics};
use super::respond::PageError;
use super::site::Site;
use super::tls::{self, TlsError, TlsFiles};
use super::{csrf, extract, security, MacKey};

/// Stopping finishes within ten seconds; answers under way get this long.
const STOP_SECONDS: u64 = 8;

/// Where to listen and as what.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// `None`: plain HTTP, for loopback or behind a proxy.
    pub tls: Option<TlsFiles>,
    /// Web threads.
    pub workers: usize,
    pub site: Site,
    /// For form tokens and signed cookies.
    pub cookie_key: MacKey,
}

/// What the server shares with the rest of the program.
#[derive(Clone, Default)]
pub struct ServerParts {
    pub live: LiveHub,
    pub metrics: Metrics,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot start the web threads")]
    Threads(#[source] std::io::Error),
}

/// A server that answers. Dropping it stops it without waiting.
pub struct RunningServer {
    /// The address it is bound to, with the real port.
    pub address: SocketAddr,
    pub is_https: bool,
    handle: ServerHandle,
    live: LiveHub,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl RunningServer {
    /// Takes no new requests, ends live pages, lets answers under way finish, and returns when all
    /// is done or 8 s have passed.
    pub fn stop(mut self) -> std::io::Result<()> {
        self.live.close();
        // The command is sent at once; the thread's end is the sign that it was carried out.
        drop(self.handle.stop(true));
        self.thread.take().map_or(Ok(()), join)
    }

    /// `false` when the web threads ended without having been told to.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Waits until the server ends by itself or by `stop` of its handle.
    pub fn wait(mut self) -> std::io::Result<()> {
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.live.close();
        drop(self.handle.stop(false));
    }
}

fn join(thread: JoinHandle<std::io::Result<()>>) -> std::io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(std::io::Error::other("the web thread panicked")))
}

/// Starts answering with `routes`, which is called once for each web thread. The guards stand around
/// all of them; from the outside: metrics, security, compression, trailing slashes, form tokens.
/// Handlers find `Data<Site>`, `Data<Cookies>`, `Data<LiveHub>` and `Data<Metrics>`.
pub fn start<R>(settings: ServerSettings, parts: ServerParts, routes: R) -> Result<RunningServer, StartError>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    start_on(bind(settings.listen)?, settings, parts, routes)
}

/// Takes the address without answering yet: links need the port that a listener on port 0 was given.
pub fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).map_err(|source| StartError::Listen { address, source })
}

/// `start` on a listener that is bound already.
pub fn start_on<R>(
    listener: TcpListener,
    settings: ServerSettings,
    parts: ServerParts,
    routes: R,
) -> Result<RunningServer, StartError>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let tls = settings.tls.as_ref().map(tls::server_config).transpose()?;
    let is_https = tls.is_some();
    let failed = |source| StartError::Listen { address: settings.listen, source };
    let address = listener.local_addr().map_err(failed)?;
    let live = parts.live.clone();
    let (send_handle, handle) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = build(settings, parts, listener, tls, routes)?;
                let _ = send_handle.send(server.handle());
                server.await
            })
        })
        .map_err(StartError::Threads)?;
    match handle.recv() {
        Ok(handle) => Ok(RunningServer { address, is_https, handle, live, thread: Some(thread) }),
        Err(_) => {
            Err(StartError::Threads(join(thread).err().unwrap_or_else(|| std::io::Error::other("it ended at once"))))
        }
    }
}

fn build<R>(
    settings: ServerSettings,
    parts: ServerParts,
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    routes: R,
) -> std::io::Result<Server>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = settings.workers.max(1);
    let cookies = Data::new(Cookies::new(settings.cookie_key, settings.site.is_https()));
    let (site, live, metrics) = (Data::new(settings.site), Data::new(parts.live), Data::new(parts.metrics));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(site.clone())
            .app_data(cookies.clone())
            .app_data(live.clone())
            .app_data(metrics.clone())
            .configure(|config| extract::configure(config, &site))
            .wrap(from_fn(csrf::guard))
            .wrap(NormalizePath::trim())
            .wrap(Compress::default())
            .wrap(from_fn(security::guard))
            .wrap(from_fn(metrics::measure))
            .configure(routes.clone())
            .default_service(web::to(nothing_here))
    })
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(STOP_SECONDS)
    .client_request_timeout(Duration::from_secs(15));
    let server = match tls {
        Some(config) => server.listen_rustls_0_23(listener, config)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}

async fn nothing_here(request: HttpRequest) -> HttpResponse {
    PageError::NotFound.answer_for(request.path())
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
