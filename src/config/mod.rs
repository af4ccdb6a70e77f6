//! Configuration: one struct per concern, read once, validated at start-up and passed in; never a global.
//!
//! Layers, later ones win: defaults, the TOML file, `LAUNCHYARD_SECTION__KEY` variables, a few options
//! of the command line. `config.example.toml` documents every key; a test keeps it true. What is
//! wrong is reported all at once, each mistake with its place and the cure. What holds afterwards is
//! written at the fields, so nobody checks a setting a second time.

mod dns;
mod mail;
pub mod master_key;
mod mistakes;
mod outbound;
mod outreach;
mod places;
mod providers;
mod secret;
mod sections;
mod server;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use dns::{Dns, Resolver};
pub use mail::{MailLogin, MailSecurity, SystemMail};
pub use master_key::{MasterKey, MasterKeyError};
pub use mistakes::{ConfigErrors, Mistake, Place};
pub use outbound::Outbound;
pub use outreach::Outreach;
pub use providers::{Ai, BaseUrl, Google, MeetingHost, Meetings, Microsoft, OAuthClient, Oidc, Providers};
pub use secret::Secret;
pub use sections::{Data, Jobs, Limits, Log, LogFormat, Retention, Sessions};
pub use server::{Server, TlsFiles};

use master_key::KeySource;
use places::Places;
use source::Source;

/// The systemd unit that `launchyard init --systemd` writes and the packages install.
pub const SYSTEMD_UNIT: &str = include_str!("../../packaging/launchyard.service");
/// The script that makes user, folders, key and service, shared with the packages.
pub const SYSTEMD_SETUP: &str = include_str!("../../packaging/setup");
/// Every key with its default, as text.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The whole configuration, valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Providers may lie on loopback and speak plain http; hard limits may be lifted. For the
    /// sandbox, tests and benches.
    pub allow_loopback_providers: bool,
    pub server: Server,
    pub data: Data,
    pub key: KeySource,
    pub outreach: Outreach,
    pub mail: Option<SystemMail>,
    pub outbound: Outbound,
    pub dns: Dns,
    pub providers: Providers,
    pub meetings: Meetings,
    pub jobs: Jobs,
    pub log: Log,
    pub limits: Limits,
    pub sessions: Sessions,
    pub retention: Retention,
}

/// What the command line says over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub listen: Option<SocketAddr>,
    pub data: Option<PathBuf>,
}

impl Config {
    /// Reads all layers. `file` is the one named by the operator; without it, `LAUNCHYARD_CONFIG` and
    /// then the packaged `/etc/launchyard/config.toml` are read if they are there.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, ConfigErrors> {
        let env: BTreeMap<String, String> = env.collect();
        let mut source = Source::default();
        let file = chosen_file(file, &env);
        if let Some(path) = &file {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            source.add_file(path, &text);
        }
        source.add_environment(&env);
        if let Some(listen) = overrides.listen {
            source.add_option("--listen", "server.listen", listen.to_string());
        }
        if let Some(data) = &overrides.data {
            source.add_option("--data", "data.dir", data.to_string_lossy().into_owned());
        }
        // Whoever reads the packaged configuration means the packaged installation.
        let is_system = rustix::process::geteuid().is_root() || file.as_deref() == Some(Path::new(places::SYSTEM_FILE));
        let config = Self::read(&mut source, &env, Places::find(&env, is_system));
        source.finish().map(|()| config)
    }

    fn read(source: &mut Source, env: &BTreeMap<String, String>, places: Places) -> Self {
        let loopback = source.section("").flag("allow_loopback_providers", false);
        let data = Data::read(&mut source.section("data"), places.data);
        Self {
            allow_loopback_providers: loopback,
            server: Server::read(&mut source.section("server")),
            key: KeySource::read(&mut source.section("key"), env, places.key, &data.dir),
            data,
            outreach: Outreach::read(&mut source.section("outreach"), loopback),
            mail: SystemMail::read(&mut source.section("mail")),
            outbound: Outbound::read(&mut source.section("outbound")),
            dns: Dns::read(&mut source.section("dns")),
            providers: Providers {
                google: Google::read(&mut source.section("providers.google"), loopback),
                microsoft: Microsoft::read(&mut source.section("providers.microsoft"), loopback),
                oidc: Oidc::read(&mut source.section("providers.oidc"), loopback),
                ai: Ai::read(&mut source.section("providers.ai"), loopback),
                hubspot: providers::read_hubspot(&mut source.section("providers.hubspot"), loopback),
                pipedrive: providers::read_pipedrive(&mut source.section("providers.pipedrive"), loopback),
                zoom: MeetingHost::zoom(&mut source.section("providers.zoom"), loopback),
                webex: MeetingHost::webex(&mut source.section("providers.webex"), loopback),
                goto: MeetingHost::goto(&mut source.section("providers.goto"), loopback),
            },
            meetings: Meetings::read(&mut source.section("meetings"), loopback),
            jobs: Jobs::read(&mut source.section("jobs")),
            log: Log::read(&mut source.section("log")),
            limits: Limits::read(&mut source.section("limits")),
            sessions: Sessions::read(&mut source.section("sessions")),
            retention: Retention::read(&mut source.section("retention")),
        }
    }
}

/// What applies when nothing is written anywhere and the process has no home.
impl Default for Config {
    fn default() -> Self {
        let env = BTreeMap::new();
        Self::read(&mut Source::default(), &env, Places::find(&env, false))
    }
}

/// A file that was named must exist; the packaged one need not.
fn chosen_file(named: Option<&Path>, env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let packaged = || Some(PathBuf::from(places::SYSTEM_FILE)).filter(|path| path.exists());
    named.map(Path::to_owned).or_else(|| env.get("LAUNCHYARD_CONFIG").map(PathBuf::from)).or_else(packaged)
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigErrors {
    let place = Place::File { path: path.to_owned(), line: 1, column: 1 };
    let message = format!("this file cannot be read: {error}; check the path given with --config, and its permissions");
    ConfigErrors(vec![Mistake { place, message }])
}
