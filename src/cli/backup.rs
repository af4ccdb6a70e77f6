//! `backup`, `restore`, `verify`.

use std::path::PathBuf;

use anyhow::{bail, Context};
use clap::Args;

use super::owner::OwnerKept;
use super::{commands, output, Place};
use crate::base::Clock;
use crate::config::master_key;
use crate::store::{backup, MasterKey};
use crate::wiring::{housekeeping, open_options};

#[derive(Args)]
pub struct BackupArgs {
    #[command(flatten)]
    place: Place,
    /// File to write (default: a file named by date and time in data.backup_dir).
    file: Option<PathBuf>,
}

#[derive(Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    place: Place,
    file: PathBuf,
    /// The copy of keys.slots (default: keys.slots.backup beside the file).
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    place: Place,
    /// A backup to check; without it every record of the data folder is opened.
    file: Option<PathBuf>,
}

pub fn backup(args: &BackupArgs) -> anyhow::Result<()> {
    let config = args.place.load(None)?;
    let now = Clock::system().now().in_zone(&jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d-%H%M%S").to_string();
    let file = args.file.clone().unwrap_or_else(|| housekeeping::file_of(&config.data.backup_dir, &now));
    output::line(&commands::backup_now(&args.place, &file)?.to_string());
    Ok(())
}

pub fn restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let config = args.place.load(None)?;
    let master = master_key::find_or_create(&config.key, &config.data.dir, false)?;
    let master = MasterKey::new(*master.as_bytes());
    let now = Clock::system().now();
    let _kept = OwnerKept::of(&config.data.dir);
    let summary = backup::restore(&args.file, args.keys.as_deref(), &open_options(&config), &master, now)?;
    output::line(&serde_json::to_string(&summary)?);
    output::note("Restored. Workers stay off until you switch them on: what was sent after the backup was made is not known here.");
    Ok(())
}

pub fn verify(args: &VerifyArgs) -> anyhow::Result<()> {
    if let Some(file) = &args.file {
        let config = args.place.load(None)?;
        let master = master_key::find_or_create(&config.key, &config.data.dir, false)?;
        let summary = backup::verify(file, &MasterKey::new(*master.as_bytes()))
            .with_context(|| format!("{} must not be relied on", file.display()))?;
        output::line(&serde_json::to_string(&summary)?);
        return Ok(());
    }
    let report = commands::verify_now(&args.place)?;
    output::line(&report.to_string());
    if report["unreadable"].as_u64() != Some(0) {
        bail!("{} records cannot be read; restore the newest backup", report["unreadable"]);
    }
    Ok(())
}
