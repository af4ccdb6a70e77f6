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
use crate::store::Health;
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
    let mut stalls = Stalls::default();
    let watch = move || loop {
        std::thread::park_timeout(std::time::Duration::from_secs(2));
        if stalls.must_end(&app.store.health()) {
            tracing::error!("the data folder can no longer be written; the server ends so that it can be started anew");
            std::process::exit(70);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("disk-watch".into()).spawn(watch) {
        tracing::error!(%error, "no thread to watch the disk");
    }
}

/// A sync that takes longer than this has no end.
const STALLED: u64 = 10_000;

/// Looks at the store's health, one look after the other.
#[derive(Default)]
struct Stalls {
    was_stalled: bool,
}

impl Stalls {
    /// Poisoned: at once. Stalled: only if the next look still finds it so, because a process that was stopped and goes
    /// on (a suspended machine, SIGSTOP) sees a long stall that is over in a moment.
    fn must_end(&mut self, health: &Health) -> bool {
        let is_stalled = health.stalled_millis > STALLED;
        let was_stalled = std::mem::replace(&mut self.was_stalled, is_stalled);
        health.poisoned || (is_stalled && was_stalled)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_write_ends_the_server_and_one_that_only_slept_does_not() {
        let stalled = |stalled_millis| Health { stalled_millis, ..Health::default() };
        let poisoned = Health { poisoned: true, ..Health::default() };
        let cases = [
            ("a busy disk", vec![stalled(9_000), stalled(0), stalled(9_500)], vec![false; 3]),
            (
                "no sync for ten seconds",
                vec![stalled(8_500), stalled(10_500), stalled(12_500)],
                vec![false, false, true],
            ),
            ("a machine that slept", vec![stalled(3_600_000), stalled(0), stalled(10_500)], vec![false; 3]),
            ("a failed sync", vec![poisoned], vec![true]),
        ];
        for (name, looks, expected) in cases {
            let mut stalls = Stalls::default();
            let found: Vec<bool> = looks.iter().map(|health| stalls.must_end(health)).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
