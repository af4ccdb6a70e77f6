//! `launchyard serve`.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::EnvFilter;

use super::control::ControlSocket;
use super::{notify, output, Place};
use crate::app::App;
use crate::base::Clock;
use crate::config::{Config, Log, LogFormat};
use crate::http::server::bind;
use crate::operator::ErrorLayer;
use crate::wiring::{open_app, Running};
use crate::workspaces;

pub fn serve(place: &Place, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let stop = notify::Stop::listen()?;
    let config = place.load(listen)?;
    start_log(&config.log)?;
    let listener = bind(config.server.listen).context("the server cannot start")?;
    let address = listener.local_addr()?;
    let public_url = config.server.public_url(address);
    warn_about_exposure(&config, address);
    let opened = open_app(config, Clock::system(), &public_url)?;
    let running = Running::start(opened, listener)?;
    let app = Arc::clone(&running.opened.app);
    let control = ControlSocket::start(&app, running.opened.folder.dir())?;
    tracing::info!(%address, %public_url, version = env!("CARGO_PKG_VERSION"), "Launchyard answers");
    say_owner_link(&app);
    watch_disk(&app);
    notify::ready();
    stop.wait()?;
    tracing::info!("stopping: what is in hand is finished first");
    notify::stopping();
    drop(control);
    running.stop();
    Ok(())
}

/// Until somebody has made the owner's account, the way to it stands on the console.
fn say_owner_link(app: &App) {
    if let Some(link) = workspaces::owner_link(app) {
        output::note("");
        output::note("  No account yet. Make the owner's account here (the link works once):");
        output::note(&format!("  {link}"));
        output::note("");
    }
}

/// A store that cannot write any more must not look alive: the service manager starts us anew.
fn watch_disk(app: &Arc<App>) {
    let app = Arc::clone(app);
    let watch = move || loop {
        std::thread::park_timeout(std::time::Duration::from_secs(2));
        let health = app.store.health();
        if health.poisoned || health.stalled_millis > 60_000 {
            tracing::error!("the data folder can no longer be written; the server ends so that it can be started anew");
            std::process::exit(70);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("disk-watch".into()).spawn(watch) {
        tracing::error!(%error, "no thread to watch the disk");
    }
}

fn warn_about_exposure(config: &Config, address: SocketAddr) {
    if !address.ip().is_loopback() && !config.server.is_https() {
        tracing::warn!("answering on {address} without TLS: passwords can be read on the way. Give server.tls_certificate and server.tls_key, or put a proxy in front and set server.public_url to https");
    }
}

/// Writes the log to standard error, and keeps the newest errors for the operator's page.
pub fn start_log(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).context("log.filter")?;
    // Colours are for people; in a journal or a file they would be noise between the words.
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let log_and_page = tracing_subscriber::registry().with(filter).with(ErrorLayer);
    match log.format {
        LogFormat::Json => log_and_page.with(lines.json()).init(),
        LogFormat::Text => log_and_page.with(lines.with_target(false)).init(),
    }
    Ok(())
}
