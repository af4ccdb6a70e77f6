//! Backups as the operator sees them: which lie in the folder, and one more on request.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{UnixMillis, INSTANCE};
use crate::store::{backup, erased, MasterKey, StoreError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    pub name: String,
    pub size_bytes: u64,
    pub written_at: UnixMillis,
}

#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Only tests run without one.
    #[error("this process holds no master key")]
    NoKey,
    #[error(transparent)]
    Backup(#[from] backup::BackupError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The backups in the folder, newest first. A folder that is not there yet has none.
pub fn list(dir: &Path) -> Vec<BackupFile> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<BackupFile> = entries.filter_map(|entry| read(&entry.ok()?.path())).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.written_at));
    files
}

fn read(path: &Path) -> Option<BackupFile> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("launchyard-")?.strip_suffix(".backup")?;
    let facts = path.metadata().ok()?;
    let written_at = jiff::Timestamp::try_from(facts.modified().ok()?).ok()?;
    Some(BackupFile { name: name.to_owned(), size_bytes: facts.len(), written_at: written_at.into() })
}

/// Writes a backup of the running store, and makes its folder when it is absent.
pub fn write_backup(
    app: &App,
    master: &MasterKey,
    file: &Path,
    now: UnixMillis,
) -> Result<backup::Summary, backup::BackupError> {
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir).map_err(|source| backup::BackupError::File { path: dir.to_owned(), source })?;
    }
    let summary = backup::write(&app.store, master, file, now)?;
    erased::merge(&erased::list_in(&app.config.data.dir), &backup::erased_beside(file), master)?;
    tracing::info!(file = %file.display(), rows = summary.rows(), "backup written");
    Ok(summary)
}

/// Writes a backup named by date and time, beside those of each night. Returns its file and how many rows it holds.
pub fn back_up_now(app: &App, actor: &Actor) -> Result<(PathBuf, u64), BackUpError> {
    actor.require(Permission::Operate)?;
    let master = app.master_key().ok_or(BackUpError::NoKey)?;
    let now = app.now();
    let dir = &app.config.data.backup_dir;
    let name = now.in_zone(&jiff::tz::TimeZone::UTC).strftime("launchyard-%Y-%m-%d-%H%M%S.backup").to_string();
    let file = dir.join(&name);
    let summary = write_backup(app, &master, &file, now)?;
    app.store.write(|txn| {
        audit::record(txn, INSTANCE, now, &Who::of(actor), "backup.written", &format!("file {name}"), "")
    })?;
    Ok((file, summary.rows()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_backup_stands_first_and_other_files_are_no_backups() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["launchyard-2026-11-20.backup", "keys.slots.backup", "launchyard-2026-11-21.part"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        let names: Vec<String> = list(dir.path()).into_iter().map(|file| file.name).collect();
        assert_eq!(names, vec!["launchyard-2026-11-20.backup"]);
        assert_eq!(list(&dir.path().join("not there")), Vec::new());
    }
}
