//! What the server does for itself each hour: the daily backup, old rows, the check of the queue's books.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sweepers;
use crate::app::App;
use crate::base::{UnixMillis, INSTANCE};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::operator::write_backup;
use crate::store::{backup, StoreError};

pub const HOUSEKEEPING: &str = "housekeeping";
const HOURLY: Duration = Duration::from_secs(3600);

pub struct Housekeeping;

/// Plans the hourly round; again is harmless.
pub fn plan(app: &App) -> Result<(), StoreError> {
    let job =
        NewJob::new(HOUSEKEEPING, Lane::Housekeeping, INSTANCE, app.now(), &()).once("hourly").max_attempts(u32::MAX);
    app.store.write(|txn| jobs::enqueue(txn, &job)).map(|_| ())
}

impl Task<App> for Housekeeping {
    fn kind(&self) -> &'static str {
        HOUSEKEEPING
    }

    fn run(&self, app: &App, _: &Job) -> Outcome {
        let now = app.now();
        let swept = sweep(app, now).and_then(|()| check_books(app));
        if let Err(error) = swept {
            return error.into();
        }
        if app.config.data.backup_daily {
            if let Err(error) = daily_backup(app, now) {
                // A backup that fails is said on the operator's page; the rest of the round was done.
                tracing::error!(%error, "the daily backup failed");
            }
        }
        Outcome::Again { at: now.plus(HOURLY) }
    }
}

fn sweep(app: &App, now: UnixMillis) -> Result<(), StoreError> {
    sweepers::run_all(app, now)?;
    app.smtp.sweep();
    app.limits.sweep();
    Ok(())
}

/// `enqueued = done + dead + open`, counted one by one.
fn check_books(app: &App) -> Result<(), StoreError> {
    let totals = jobs::totals(&app.store)?;
    let open = jobs::count_open(&app.store)?;
    // Jobs come and go while they are counted; only a gap that stands in both counts is a gap.
    let after = jobs::totals(&app.store)?;
    if totals == after && totals.open() != open {
        tracing::error!(?totals, open, "the queue's books do not balance");
    }
    Ok(())
}

/// Writes today's backup once its hour has come (UTC) and removes those past their time.
fn daily_backup(app: &App, now: UnixMillis) -> Result<(), backup::BackupError> {
    let utc = now.in_zone(&jiff::tz::TimeZone::UTC);
    let file = file_of(&app.config.data.backup_dir, &utc.date().to_string());
    let due = u32::try_from(utc.hour()).unwrap_or(0) >= app.config.data.backup_hour;
    let Some(master) = app.master_key() else { return Ok(()) };
    if !due || file.exists() {
        return Ok(());
    }
    write_backup(app, &master, &file, now)?;
    remove_old(&app.config.data.backup_dir, &utc, app.config.data.backup_keep_days);
    Ok(())
}

pub fn file_of(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("launchyard-{name}.backup"))
}

/// The newest backup in the folder, by its name, which holds its date.
pub fn newest_backup(dir: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?;
    let backups = entries.filter_map(|entry| Some(entry.ok()?.path()));
    backups.filter(|path| date_of(path).is_some()).max()
}

fn date_of(path: &Path) -> Option<jiff::civil::Date> {
    path.file_name()?.to_str()?.strip_prefix("launchyard-")?.strip_suffix(".backup")?.parse().ok()
}

fn remove_old(dir: &Path, today: &jiff::Zoned, keep_days: u32) {
    let span = jiff::Span::new().try_days(i64::from(keep_days)).unwrap_or_default();
    let Ok(oldest) = today.date().checked_sub(span) else { return };
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if date_of(&path).is_some_and(|date| date < oldest) {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, file = %path.display(), "an old backup could not be removed");
            }
        }
    }
}
