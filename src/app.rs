//! `App`: everything a service needs from the outside, built once by the binary and again by each test.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::base::{Clock, ContactId, DraftId, UnixMillis, WorkerId, WorkspaceId, INSTANCE};
use crate::config::{Config, MeetingHost, OAuthClient, Resolver};
use crate::http::metrics::Metrics;
use crate::http::rate_limit::RateLimits;
use crate::http::{LiveHub, MacKey};
use crate::jobs::Runner;
use crate::providers::dns::{Dns, Servers};
use crate::providers::google::oauth::GoogleOAuth;
use crate::providers::google::GoogleConfig;
use crate::providers::meeting::{HostConfig, MeetingOAuth};
use crate::providers::microsoft::oauth::MicrosoftOAuth;
use crate::providers::microsoft::MicrosoftConfig;
use crate::providers::outbound::{Outbound, OutboundRules, OutboundSetupError};
use crate::providers::smtp::{SmtpPool, Timeouts};
use crate::providers::BadBase;
use crate::store::{MasterKey, Store, StoreError, Txn};

pub struct App {
    pub store: Store,
    pub clock: Clock,
    pub config: Arc<Config>,
    /// The one guarded client for everything outside.
    pub outbound: Outbound,
    /// `None` until the operator has given a client id.
    pub google: Option<GoogleOAuth>,
    /// The same at Microsoft.
    pub microsoft: Option<MicrosoftOAuth>,
    /// The same where meetings are held.
    pub zoom: Option<MeetingOAuth>,
    pub webex: Option<MeetingOAuth>,
    pub goto: Option<MeetingOAuth>,
    pub smtp: SmtpPool,
    /// Asked about sending domains.
    pub dns: Dns,
    pub live: LiveHub,
    pub metrics: Metrics,
    /// How often whoever asks may ask.
    pub limits: Arc<RateLimits>,
    /// Signs cookies, form tokens and links in mails.
    pub mac: MacKey,
    /// Scheme, host and port under which people reach us, without a slash at the end.
    pub public_url: String,
    runner: OnceLock<Runner>,
    demo: OnceLock<Demo>,
    between: OnceLock<Between>,
    master_key: OnceLock<MasterKey>,
    /// Nothing is sent before then; 0 when nothing is held.
    sending_held_until: AtomicI64,
}

/// What only the demo has: a way to move the clock, and the sandbox's address.
pub struct Demo {
    /// Moves the product's and the sandbox's time forward and returns when both have settled.
    pub advance: Box<dyn Fn(std::time::Duration) -> UnixMillis + Send + Sync>,
    pub sandbox_url: String,
    /// What the simulated AI services take for a key.
    pub ai_key: &'static str,
    /// What the simulated customer systems take as their token.
    pub crm_token: &'static str,
    /// What the simulated Stripe takes as a key.
    pub stripe_key: &'static str,
    /// Of the owner's simulated mailbox and calendar server.
    pub mail_password: &'static str,
}

/// What one room asks of another. Rooms do not import each other, so `wiring` hands these over; without them nothing is
/// asked for.
#[derive(Clone, Copy)]
pub struct Between {
    /// Times that visitors and leads ask for and a person has to decide about, the next first, at most so many.
    pub asked_for: fn(&App, WorkspaceId, usize) -> Result<Vec<AskedFor>, StoreError>,
    /// How many they are.
    pub count_asked_for: fn(&App, WorkspaceId) -> Result<u32, StoreError>,
    /// Offers the times of a draft anew where one has passed or is taken.
    pub renew_offer: fn(&App, WorkspaceId, DraftId, Occasion) -> Result<Renewed, StoreError>,
    /// Whether one of the times that a mail offers is taken, by what is known here. Asked inside the transaction that
    /// lets the mail leave, so nobody outside is asked.
    pub is_offer_taken: fn(&App, &mut Txn<'_>, &Offer<'_>) -> Result<bool, StoreError>,
}

/// Times that a mail offers to somebody.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    pub workspace: WorkspaceId,
    pub contact: ContactId,
    /// Whose times they are.
    pub worker: Option<WorkerId>,
    /// From and until.
    pub times: &'a [(UnixMillis, UnixMillis)],
}

/// Why the times that a draft offers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A page shows it: by what is known here, nobody outside is asked.
    Shown,
    /// It is about to leave: the calendars are asked.
    Leaves,
    /// A person wants it written anew in any case: the calendars are asked.
    Wanted,
}

/// What became of the times that a draft offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It offers none, or all that it offers are to come and free.
    Stands,
    /// Others stand in it now, and its words were written anew.
    Anew,
    /// It cannot leave as it is, and is not written anew by itself: why.
    Stuck(String),
    /// Somebody changed it or decided about it while its times were looked at; nothing was written.
    Overtaken,
}

/// A time that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFor {
    /// The page where it is decided about.
    pub href: String,
    pub who: String,
    /// "Intro call, Thu 26 Nov, 11:30".
    pub what: String,
    /// Since when it waits.
    pub since: UnixMillis,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Outbound(#[from] OutboundSetupError),
    #[error("providers.google.{0}")]
    Google(#[source] BadBase),
    #[error("providers.microsoft.{0}")]
    Microsoft(#[source] BadBase),
    #[error("providers.{0}.{1}")]
    MeetingHost(&'static str, #[source] BadBase),
}

impl App {
    pub fn new(store: Store, clock: Clock, config: Arc<Config>, public_url: &str) -> Result<Self, AppError> {
        let outbound = Outbound::new(&outbound_rules(&config), clock.clone())?;
        let google = google_config(&config).map(|google| GoogleOAuth::new(&google));
        let google = google.transpose().map_err(AppError::Google)?;
        let microsoft = microsoft_config(&config).map(|microsoft| MicrosoftOAuth::new(&microsoft));
        let microsoft = microsoft.transpose().map_err(AppError::Microsoft)?;
        let hosts = &config.providers;
        let host = |name, config: Option<HostConfig>, make: fn(&HostConfig) -> Result<MeetingOAuth, BadBase>| {
            config.map(|config| make(&config)).transpose().map_err(|error| AppError::MeetingHost(name, error))
        };
        let zoom = host("zoom", host_config(&hosts.zoom), MeetingOAuth::zoom)?;
        let webex = host("webex", host_config(&hosts.webex), MeetingOAuth::webex)?;
        let goto = host("goto", host_config(&hosts.goto), MeetingOAuth::goto)?;
        let timeouts = Timeouts { command: outbound.timeout(), ..Timeouts::default() };
        let smtp = SmtpPool::new(outbound.clone(), hello_name(public_url), timeouts);
        let dns = Dns::new(dns_servers(&config.dns.resolver), config.dns.timeout);
        let limits = &config.limits;
        let limits = RateLimits::new(&clock, limits.api_requests_per_minute, limits.pages_per_minute);
        let mac = MacKey::new(store.keys().derive(INSTANCE, "cookies, forms and links")?);
        Ok(Self {
            store,
            clock,
            config,
            outbound,
            google,
            microsoft,
            zoom,
            webex,
            goto,
            smtp,
            dns,
            live: LiveHub::default(),
            metrics: Metrics::default(),
            limits: Arc::new(limits),
            mac,
            public_url: public_url.trim_end_matches('/').to_owned(),
            runner: OnceLock::new(),
            demo: OnceLock::new(),
            between: OnceLock::new(),
            master_key: OnceLock::new(),
            sending_held_until: AtomicI64::new(0),
        })
    }

    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// An address of ours for links in mails and redirects: `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The queue's threads; absent in commands that only look at the store.
    pub fn runner(&self) -> Option<&Runner> {
        self.runner.get()
    }

    /// Called once, by `wiring`, after the handlers were built around this app.
    pub fn set_runner(&self, runner: Runner) {
        if self.runner.set(runner).is_err() {
            tracing::error!("a second queue was started in one process and is ignored");
        }
    }

    /// For backups; tests without a data folder have none.
    pub fn master_key(&self) -> Option<MasterKey> {
        self.master_key.get().cloned()
    }

    pub fn set_master_key(&self, key: MasterKey) {
        let _ = self.master_key.set(key);
    }

    /// Until when the whole server holds its mail, because its clock is in doubt.
    pub fn sending_held(&self, now: UnixMillis) -> Option<UnixMillis> {
        Some(UnixMillis(self.sending_held_until.load(Ordering::SeqCst))).filter(|until| *until > now)
    }

    pub fn hold_sending_until(&self, until: UnixMillis) {
        self.sending_held_until.store(until.0, Ordering::SeqCst);
    }

    pub fn release_sending(&self) {
        self.sending_held_until.store(0, Ordering::SeqCst);
    }

    pub fn between(&self) -> Option<Between> {
        self.between.get().copied()
    }

    /// Called once, by `wiring`.
    pub fn set_between(&self, between: Between) {
        let _ = self.between.set(between);
    }

    pub fn demo(&self) -> Option<&Demo> {
        self.demo.get()
    }

    pub fn set_demo(&self, demo: Demo) {
        let _ = self.demo.set(demo);
    }
}

pub fn outbound_rules(config: &Config) -> OutboundRules {
    OutboundRules {
        allow_loopback: config.allow_loopback_providers,
        allow_private_hosts: config.outbound.allow_private_hosts.clone(),
        extra_roots: config.outbound.ca_file.clone(),
        connect_timeout: config.outbound.connect_timeout,
        timeout: config.outbound.timeout,
        ..OutboundRules::default()
    }
}

fn dns_servers(resolver: &Resolver) -> Servers {
    match resolver {
        Resolver::System => Servers::System,
        Resolver::At(servers) => Servers::At(servers.clone()),
    }
}

fn google_config(config: &Config) -> Option<GoogleConfig> {
    let google = &config.providers.google;
    let client = google.client.as_ref()?;
    Some(GoogleConfig {
        client_id: client.id.clone(),
        client_secret: secret_of(client),
        auth_base: google.auth_base.as_str().to_owned(),
        token_base: google.token_base.as_str().to_owned(),
        api_base: api_base(google.api_base.as_str()).to_owned(),
    })
}

fn microsoft_config(config: &Config) -> Option<MicrosoftConfig> {
    let microsoft = &config.providers.microsoft;
    let client = microsoft.client.as_ref()?;
    Some(MicrosoftConfig {
        client_id: client.id.clone(),
        client_secret: secret_of(client),
        tenant: microsoft.tenant.clone(),
        auth_base: microsoft.auth_base.as_str().to_owned(),
        token_base: microsoft.token_base.as_str().to_owned(),
        api_base: microsoft.api_base.as_str().to_owned(),
    })
}

fn host_config(host: &MeetingHost) -> Option<HostConfig> {
    let client = host.client.as_ref()?;
    Some(HostConfig {
        client_id: client.id.clone(),
        client_secret: secret_of(client),
        auth_base: host.auth_base.as_str().to_owned(),
        token_base: host.token_base.as_str().to_owned(),
        api_base: host.api_base.as_str().to_owned(),
    })
}

fn secret_of(client: &OAuthClient) -> String {
    client.secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default()
}

/// Google's APIs have hosts of their own (Gmail, Calendar, user info); only another base replaces them all.
fn api_base(configured: &str) -> &str {
    if configured == "https://www.googleapis.com" {
        ""
    } else {
        configured
    }
}

/// What we call ourselves in EHLO: the host of the public address.
fn hello_name(public_url: &str) -> String {
    url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or("localhost".into())
}
