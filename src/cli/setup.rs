//! `init`, `check-config`, `doctor`.

use std::path::Path;

use anyhow::bail;
use clap::Args;

use super::owner::OwnerKept;
use super::{output, service, Place};
use crate::app::outbound_rules;
use crate::base::Clock;
use crate::config::{master_key, Config};
use crate::connections;
use crate::providers::outbound::Outbound;
use crate::store::{real_free_space, DataFolder, MasterKey};
use crate::wiring::{housekeeping, open_options};

#[derive(Args)]
pub struct InitArgs {
    #[command(flatten)]
    place: Place,
    /// Install this program as a service: user, folders, configuration, key and a hardened systemd unit; start it.
    #[arg(long, conflicts_with_all = ["config", "data"])]
    systemd: bool,
}

/// Makes the master key and the data folder. What exists stays as it is.
pub fn init(args: &InitArgs) -> anyhow::Result<()> {
    if args.systemd {
        return service::install();
    }
    let config = args.place.load(None)?;
    let fresh = DataFolder::is_fresh(&config.data.dir);
    let master = master_key::find_or_create(&config.key, &config.data.dir, fresh)?;
    let _kept = OwnerKept::of(&config.data.dir);
    let folder = DataFolder::open(&open_options(&config), &MasterKey::new(*master.as_bytes()))?;
    folder.store.close()?;
    output::line(&format!("data folder  {}", config.data.dir.display()));
    match config.key.path() {
        Some(path) => {
            output::line(&format!("master key   {} (keep a copy: without it no backup opens)", path.display()))
        }
        None => output::line("master key   from the environment"),
    }
    Ok(())
}

pub fn check_config(place: &Place) -> anyhow::Result<()> {
    let config = place.load(None)?;
    output::line(&format!("The configuration is sound. Data folder: {}", config.data.dir.display()));
    Ok(())
}

/// One line for each thing that was looked at. Fails when something would keep the server from working.
pub fn doctor(place: &Place) -> anyhow::Result<()> {
    let config = place.load(None)?;
    let checks = [
        ("configuration", Ok("sound".to_owned())),
        ("data folder", check_folder(&config)),
        ("master key", check_key(&config)),
        ("disk", check_disk(&config)),
        ("backups", Ok(newest_backup(&config))),
        ("outbound", check_outbound(&config)),
        ("public address", Ok(config.server.public_url(config.server.listen))),
        (
            "Google",
            Ok(if config.providers.google.client.is_some() {
                let url = config.server.public_url(config.server.listen);
                format!("redirect URIs {url}/connections/google/callback and {url}/signin/google/return")
            } else {
                "no client id: connecting Google is not offered".to_owned()
            }),
        ),
        (
            "Microsoft 365",
            Ok(if config.providers.microsoft.client.is_some() {
                let url = config.server.public_url(config.server.listen);
                format!("redirect URI {url}{}", connections::Provider::Microsoft.callback())
            } else {
                "no client id: connecting Microsoft 365 is not offered".to_owned()
            }),
        ),
        ("meetings", Ok(meeting_services(&config))),
        (
            "single sign-on",
            Ok(if config.providers.oidc.is_some() {
                let url = config.server.public_url(config.server.listen);
                format!("redirect URI {url}/signin/oidc/return")
            } else {
                "no issuer: people sign in with a password".to_owned()
            }),
        ),
        (
            "system mail",
            Ok(if config.mail.is_some() {
                "configured"
            } else {
                "none: invitations and password resets are shown as links"
            }
            .to_owned()),
        ),
    ];
    let mut failed = 0;
    for (name, outcome) in checks {
        match outcome {
            Ok(words) => output::line(&format!("ok    {name:<15} {words}")),
            Err(words) => {
                failed += 1;
                output::line(&format!("FAIL  {name:<15} {words}"));
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of these would keep the server from working");
    }
    Ok(())
}

/// The services that hold meetings, each with what to register there.
fn meeting_services(config: &Config) -> String {
    use connections::Provider;
    let url = config.server.public_url(config.server.listen);
    let hosts = &config.providers;
    let known = [(Provider::Zoom, &hosts.zoom), (Provider::Webex, &hosts.webex), (Provider::Goto, &hosts.goto)];
    let offered = known.iter().filter(|(_, host)| host.client.is_some());
    let lines: Vec<String> = offered
        .map(|(provider, _)| format!("{} at redirect URI {url}{}", provider.name(), provider.callback()))
        .collect();
    if lines.is_empty() {
        return "no client id at Zoom, Webex or GoTo: connecting them is not offered".to_owned();
    }
    lines.join("; ")
}

fn check_folder(config: &Config) -> Result<String, String> {
    let dir = &config.data.dir;
    if std::os::unix::net::UnixStream::connect(DataFolder::socket_path(dir)).is_ok() {
        return Ok(format!("{} (a server is running on it)", dir.display()));
    }
    let state = if DataFolder::is_fresh(dir) { "empty: the first start fills it" } else { "in use before" };
    nearest_existing(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(format!("{} ({state})", dir.display()))
}

fn check_key(config: &Config) -> Result<String, String> {
    if DataFolder::is_fresh(&config.data.dir) && config.key.path().is_some_and(|path| !path.exists()) {
        return Ok("none yet: the first start makes it".to_owned());
    }
    let found = master_key::find_or_create(&config.key, &config.data.dir, false);
    found
        .map(|_| config.key.path().map_or("from the environment".into(), |path| path.display().to_string()))
        .map_err(|error| error.to_string())
}

fn check_disk(config: &Config) -> Result<String, String> {
    let dir = nearest_existing(&config.data.dir).map_err(|error| error.to_string())?;
    let free = real_free_space()(&dir).map_err(|error| error.to_string())? / (1024 * 1024);
    if free < u64::from(config.data.min_free_mib) {
        return Err(format!("{free} MiB free, {} MiB are needed", config.data.min_free_mib));
    }
    Ok(format!("{free} MiB free"))
}

fn newest_backup(config: &Config) -> String {
    match housekeeping::newest_backup(&config.data.backup_dir) {
        Some(file) => format!("newest {}", file.display()),
        None => format!("none yet in {}", config.data.backup_dir.display()),
    }
}

fn check_outbound(config: &Config) -> Result<String, String> {
    Outbound::new(&outbound_rules(config), Clock::system())
        .map(|_| "certificates load".to_owned())
        .map_err(|error| error.to_string())
}

fn nearest_existing(path: &Path) -> std::io::Result<std::path::PathBuf> {
    let found = path.ancestors().find(|ancestor| ancestor.exists());
    found.map(Path::to_path_buf).ok_or_else(|| std::io::Error::other("no part of this path exists"))
}
