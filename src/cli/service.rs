//! `init --systemd`: this program becomes a service of the machine, as the Debian package would make it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context};

use super::output;
use crate::config::{EXAMPLE, SYSTEMD_SETUP, SYSTEMD_UNIT};

const PROGRAM: &str = "/usr/local/bin/launchyard";
const UNIT: &str = "/etc/systemd/system/launchyard.service";
const PACKAGED: &[&str] = &["/lib/systemd/system/launchyard.service", "/usr/lib/systemd/system/launchyard.service"];
/// What the set-up script needs lies here, as the package puts it below /usr/lib.
const PARTS: &str = "/usr/local/lib/launchyard";

/// Copies the program to where a service can run it, writes the unit, and makes user, folders, configuration and key;
/// then starts it and prints the owner's link. Run again, it upgrades: what is there stays.
///
/// # Errors
/// For anybody but root, and when a file cannot be written, naming it.
pub fn install() -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("--systemd makes a user and a service of this machine and needs root: run it with sudo");
    }
    if let Some(unit) = PACKAGED.iter().find(|unit| Path::new(unit).exists()) {
        bail!("the Debian package made the service already ({unit}); upgrade with apt-get install ./launchyard_….deb");
    }
    let program = place_program()?;
    write(Path::new(UNIT), &SYSTEMD_UNIT.replace("/usr/bin/launchyard", &program.display().to_string()), 0o644)?;
    let setup = Path::new(PARTS).join("setup");
    write(&setup, SYSTEMD_SETUP, 0o755)?;
    write(&Path::new(PARTS).join("config.example.toml"), EXAMPLE, 0o644)?;
    let ended = Command::new("sh").arg(&setup).arg(&program).status().context("sh")?;
    if !ended.success() {
        bail!("{} did not finish; what it said stands above, and it may be run again", setup.display());
    }
    Ok(())
}

/// The path of the program for the unit: where the system keeps programs, or else a copy there. A service has no way
/// into a home folder, where Cargo installs to.
fn place_program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("where this program is")?;
    if own.starts_with("/usr") || own.starts_with("/opt") {
        return Ok(own);
    }
    // Written beside and moved, because a running program cannot be written over.
    let (program, beside) = (PathBuf::from(PROGRAM), format!("{PROGRAM}.new"));
    fs::create_dir_all("/usr/local/bin").context("/usr/local/bin")?;
    fs::copy(&own, &beside).with_context(|| beside.clone())?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).with_context(|| beside.clone())?;
    fs::rename(&beside, &program).with_context(|| program.display().to_string())?;
    output::line(&format!("program      {}", program.display()));
    Ok(program)
}

fn write(file: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let folder = file.parent().context("a file in no folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, text))
        .and_then(|()| fs::set_permissions(file, fs::Permissions::from_mode(mode)))
        .with_context(|| file.display().to_string())
}
