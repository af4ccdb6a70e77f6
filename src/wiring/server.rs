//! Putting a server together: open the folder, build the app, start the queue, answer.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;

use super::{between, housekeeping, idempotency, jobs, restored, routes};
use crate::app::{App, AppError};
use crate::base::Clock;
use crate::config::{master_key, Config, MasterKeyError};
use crate::http::idempotency::IdempotencyStore;
use crate::http::server::{self, RunningServer, ServerParts, ServerSettings};
use crate::http::tls::TlsFiles;
use crate::http::Site;
use crate::jobs::Runner;
use crate::mailer::MailerError;
use crate::store::{real_free_space, DataFolder, MasterKey, OpenError, OpenOptions, StoreError};
use crate::{
    addresses, bookings, connections, deliverability, identity, leads, meetings, messaging, operator, outreach,
    payments, workspaces,
};

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Key(#[from] MasterKeyError),
    #[error(transparent)]
    Folder(#[from] OpenError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Server(#[from] server::StartError),
    #[error(transparent)]
    Mail(#[from] MailerError),
    #[error("server.public_url is not an address")]
    PublicUrl,
}

/// An app with the folder it stands on. The folder's lock is held as long as this lives.
pub struct OpenedApp {
    pub app: Arc<App>,
    pub folder: DataFolder,
}

/// Opens the data folder and builds the app. The master key is made only when the folder is empty.
pub fn open_app(config: Config, clock: Clock, public_url: &str) -> Result<OpenedApp, StartError> {
    let fresh = DataFolder::is_fresh(&config.data.dir);
    let master = master_key::find_or_create(&config.key, &config.data.dir, fresh)?;
    let master = MasterKey::new(*master.as_bytes());
    let folder = DataFolder::open(&open_options(&config), &master)?;
    let app = App::new(folder.store.clone(), clock, Arc::new(config), public_url)?;
    app.set_master_key(master);
    app.set_between(between::between());
    Ok(OpenedApp { app: Arc::new(app), folder })
}

pub fn open_options(config: &Config) -> OpenOptions {
    const MIB: u64 = 1024 * 1024;
    OpenOptions {
        dir: config.data.dir.clone(),
        cache_bytes: u64::from(config.data.cache_mib) * MIB,
        min_free_bytes: u64::from(config.data.min_free_mib) * MIB,
        free_space: real_free_space(),
    }
}

/// Starts the queue's threads and plans what repeats.
pub fn start_jobs(app: &Arc<App>) -> Result<(), StartError> {
    operator::look_at_the_clock(app)?;
    restored::hold_back(app)?;
    messaging::hand_over_unrecorded(app)?;
    let handlers = Arc::new(jobs::handlers(app)?);
    let threads = jobs::threads(&app.config.jobs);
    let runner = Runner::start(&app.store, &app.clock, Arc::clone(app), handlers, &threads)?;
    app.set_runner(runner);
    housekeeping::plan(app)?;
    operator::plan_clock(app)?;
    identity::schedule(app)?;
    connections::plan_polls(app)?;
    deliverability::plan_all(app)?;
    addresses::plan_all(app)?;
    leads::plan_all(app)?;
    outreach::plan_all(app)?;
    Ok(())
}

/// A server that answers, with its queue.
pub struct Running {
    pub opened: OpenedApp,
    web: Option<RunningServer>,
}

impl Running {
    /// Starts everything on a listener that is bound already.
    pub fn start(opened: OpenedApp, listener: TcpListener) -> Result<Self, StartError> {
        start_jobs(&opened.app)?;
        let web = start_web(&opened.app, listener)?;
        Ok(Self { opened, web: Some(web) })
    }

    pub fn address(&self) -> Option<SocketAddr> {
        self.web.as_ref().map(|web| web.address)
    }

    /// Leases nothing more, lets what is in hand end, answers what is under way, makes all durable. Within ten seconds.
    pub fn stop(mut self) {
        let app = &self.opened.app;
        let quiet = app.runner().is_none_or(|runner| runner.stop(Duration::from_secs(6)));
        if !quiet {
            tracing::warn!("some work was still in hand at the stop; it is looked at on the next start");
        }
        if let Some(web) = self.web.take() {
            if let Err(error) = web.stop() {
                tracing::warn!(%error, "the web server did not stop cleanly");
            }
        }
        if let Err(error) = operator::note_time(app) {
            tracing::warn!(%error, "the time of the stop could not be written down");
        }
        if let Err(error) = app.store.close() {
            tracing::error!(%error, "the store could not be closed");
        }
    }
}

fn start_web(app: &Arc<App>, listener: TcpListener) -> Result<RunningServer, StartError> {
    let config = &app.config;
    let settings = ServerSettings {
        listen: config.server.listen,
        tls: config
            .server
            .tls
            .as_ref()
            .map(|files| TlsFiles { certificate: files.certificate.clone(), key: files.key.clone() }),
        workers: config.server.workers as usize,
        site: site(app)?,
        cookie_key: app.mac.clone(),
    };
    let parts = ServerParts { live: app.live.clone(), metrics: app.metrics.clone() };
    let limits = Data::from(Arc::clone(&app.limits));
    let answers: Arc<dyn IdempotencyStore> = Arc::new(idempotency::Answers::new(app.store.clone(), app.clock.clone()));
    let answers = Data::new(answers);
    let app = Data::from(Arc::clone(app));
    let routes = move |services: &mut actix_web::web::ServiceConfig| {
        routes::configure(services, &app, &limits, &answers);
    };
    Ok(server::start_on(listener, settings, parts, routes)?)
}

fn site(app: &App) -> Result<Site, StartError> {
    let config = &app.config;
    let mut site = Site::new(url::Url::parse(&app.public_url).map_err(|_| StartError::PublicUrl)?);
    site.trusted_proxies = config.server.trusted_proxies.clone();
    let of_visitors = [bookings::VISITOR_PATH, bookings::WAITING_PATH];
    let secret_paths = ["/u", "/pay", leads::HOOK_PATH, bookings::FEED_PATH]
        .iter()
        .chain(&of_visitors)
        .chain(identity::pages::TOKEN_PREFIXES)
        .chain(workspaces::pages::TOKEN_PREFIXES);
    site.token_prefixes = secret_paths.map(|prefix| (*prefix).to_owned()).collect();
    site.guest_prefixes = ["/b", "/pay"].iter().chain(&of_visitors).map(|path| (*path).to_owned()).collect();
    // One-click unsubscribe comes without any cookie (RFC 8058 section 3.1); its token proves itself.
    // So does the address for leads: its token is the proof, and what posts there has no form of ours.
    // Visitors book without a cookie, also inside the page of a customer: nothing there acts for somebody signed in.
    // Notices that are signed prove themselves as well.
    let without = ["/u", "/b", leads::HOOK_PATH, payments::WEBHOOK_PATH, meetings::HOOK_PATH];
    site.csrf_exempt = without.iter().chain(&of_visitors).map(|path| (*path).to_owned()).collect();
    // A mail provider presses for all its people from a few addresses; a wish not to be written to is never refused.
    // Providers tell of all calendars from a few addresses, too: each connection's notices are counted by themselves,
    // and before that all of one network, more widely than people are.
    site.uncounted = messaging::UNCOUNTED.iter().chain(connections::UNCOUNTED).copied().collect();
    site.max_body_bytes = config.limits.form_body_kib as usize * 1024;
    site.max_json_bytes = config.limits.json_body_kib as usize * 1024;
    site.max_upload_bytes = config.limits.import_mib as usize * 1024 * 1024;
    Ok(site)
}
