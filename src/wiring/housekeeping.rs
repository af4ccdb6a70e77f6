//! What the server does for itself each hour: the daily backup, old rows, the check of the queue's books.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{backup_trouble, sweepers};
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
        if let Err(error) = back_up(app, now) {
            return error.into();
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

/// A backup that fails is told to the operators, and stands on their page; the rest of the round was done.
fn back_up(app: &App, now: UnixMillis) -> Result<(), StoreError> {
    if !app.config.data.backup_daily {
        return Ok(());
    }
    match daily_backup(app, now) {
        Ok(Backup::NotDue) => Ok(()),
        Ok(Backup::Written) => backup_trouble::over(app),
        Err(error) => {
            tracing::error!(%error, "the daily backup failed");
            backup_trouble::tell(app, &error, now)
        }
    }
}

enum Backup {
    NotDue,
    Written,
}

/// Writes today's backup once its hour has come (UTC) and removes those past their time.
fn daily_backup(app: &App, now: UnixMillis) -> Result<Backup, backup::BackupError> {
    let utc = now.in_zone(&jiff::tz::TimeZone::UTC);
    let file = file_of(&app.config.data.backup_dir, &utc.date().to_string());
    let due = u32::try_from(utc.hour()).unwrap_or(0) >= app.config.data.backup_hour;
    let Some(master) = app.master_key() else { return Ok(Backup::NotDue) };
    if !due || file.exists() {
        return Ok(Backup::NotDue);
    }
    write_backup(app, &master, &file, now)?;
    remove_old(&app.config.data.backup_dir, &utc, app.config.data.backup_keep_days);
    Ok(Backup::Written)
}

pub fn file_of(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("launchyard-{name}.backup"))
}

/// The newest backup in the folder, by its name, which holds its date.
pub fn newest_backup(dir: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?;
    let backups = entries.filter_map(|entry| Some(entry.ok()?.path()));
    backups.filter(|path| date_of(path).is_some()).max_by_key(|path| path.with_extension(""))
}

/// Of the nightly ones and of those made by hand, whose names go on with the time of day: what was erased must not
/// outlive its time in either.
fn date_of(path: &Path) -> Option<jiff::civil::Date> {
    let name = path.file_name()?.to_str()?.strip_prefix("launchyard-")?.strip_suffix(".backup")?;
    name.get(..10)?.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::EmailAddress;
    use crate::identity::{self, NewAccount};
    use crate::{mailer, testing};

    #[test]
    fn the_operators_are_told_once_when_the_daily_backup_fails_and_again_after_one_that_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("backups");
        let test = testing::app_with(&[
            ("LAUNCHYARD_DATA__BACKUP_DIR", &folder.display().to_string()),
            ("LAUNCHYARD_MAIL__HOST", "127.0.0.1"),
            ("LAUNCHYARD_MAIL__SECURITY", "plain"),
            ("LAUNCHYARD_MAIL__FROM", "server@reach.example"),
        ]);
        let app = &test.app;
        app.set_master_key(testing::MASTER.clone());
        // The first account of a server is its operator's.
        for email in ["nora@fernhill.example", "vic@fernhill.example"] {
            let email = EmailAddress::parse(email).unwrap();
            let account = NewAccount { name: "Nora Whitfield".into(), email, password: None };
            let account = identity::prepare(&account, &[], app.now()).unwrap();
            app.store.write(|txn| identity::insert(txn, &account)).unwrap();
        }
        let letters = || mailer::waiting(&app.store).unwrap();
        let round = || back_up(app, app.now()).unwrap();

        // A file stands where the folder should be.
        std::fs::write(&folder, "").unwrap();
        round();
        round();
        let to: Vec<String> = letters().iter().map(|letter| letter.to.to_string()).collect();
        assert_eq!(to, ["nora@fernhill.example"], "one letter, to the operator");
        assert!(letters()[0].text.contains(&folder.display().to_string()), "{}", letters()[0].text);

        std::fs::remove_file(&folder).unwrap();
        round();
        assert!(newest_backup(&folder).is_some());
        app.clock.advance(Duration::from_secs(86_400));
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "").unwrap();
        round();
        assert_eq!(letters().len(), 2, "another incident");
    }

    #[test]
    fn backups_end_after_their_days_whether_made_at_night_or_by_hand() {
        let dir = tempfile::tempdir().unwrap();
        let names = [
            ("launchyard-2026-10-24.backup", false),
            ("launchyard-2026-10-24-101500.backup", false),
            ("launchyard-2026-10-25.backup", true),
            ("launchyard-2026-11-24.backup", true),
            ("launchyard-2026-11-24-101500.backup", true),
            ("before-the-upgrade.backup", true),
            ("keys.slots.backup", true),
        ];
        for (name, _) in names {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let today = UnixMillis::parse_rfc3339("2026-11-24T10:20:00Z").unwrap().in_zone(&jiff::tz::TimeZone::UTC);
        remove_old(dir.path(), &today, 30);
        for (name, stays) in names {
            assert_eq!(dir.path().join(name).exists(), stays, "{name}");
        }
        assert_eq!(newest_backup(dir.path()), Some(dir.path().join("launchyard-2026-11-24-101500.backup")));
    }
}
