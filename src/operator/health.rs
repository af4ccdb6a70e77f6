//! How the server is, in figures and in one sentence.

use std::time::Duration;

use super::backups::{self, BackupFile};
use crate::app::App;
use crate::authz::{Actor, Denied, Permission};
use crate::base::UnixMillis;
use crate::jobs::{self, Lane};
use crate::store::{self, StoreError};

/// A queue that is this far behind is said on the page.
const LATE: Duration = Duration::from_secs(60);
/// A daily backup may be late by some hours, not by a day.
const BACKUP_LATE: Duration = Duration::from_secs(36 * 3600);

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything the health page shows.
#[derive(Debug)]
pub struct Report {
    pub store: store::Health,
    /// Resident memory of the process and its highest value so far, in bytes; absent where /proc is not.
    pub memory: Option<(u64, u64)>,
    pub jobs: jobs::Totals,
    /// How far the queue is behind: the age of the oldest job that is due and not in work.
    pub behind: Duration,
    pub backups: Vec<BackupFile>,
    /// Jobs that a person should look at.
    pub to_look_at: usize,
    pub readers: usize,
    /// How far the clock was set back while the server was off, as long as sending is held for that, and until when.
    pub clock: Option<(Duration, UnixMillis)>,
    /// What is wrong, in words; nothing means that all is well.
    pub troubles: Vec<String>,
}

pub fn report(app: &App, actor: &Actor) -> Result<Report, ReadError> {
    actor.require(Permission::Operate)?;
    let now = app.now();
    let mut report = Report {
        store: app.store.health(),
        memory: memory(),
        jobs: jobs::totals(&app.store)?,
        behind: behind(app, now)?,
        backups: backups::list(&app.config.data.backup_dir),
        to_look_at: jobs::list_needing_a_look(&app.store, 100)?.len() + super::look::all_stuck(app)?.len(),
        readers: app.live.reader_count(),
        clock: app.sending_held(now).map(|until| (until.since(now), until)),
        troubles: Vec::new(),
    };
    report.troubles = troubles(&report, app.config.data.min_free_mib, app.config.data.backup_daily, now);
    Ok(report)
}

fn behind(app: &App, now: UnixMillis) -> Result<Duration, StoreError> {
    let mut most = Duration::ZERO;
    for lane in Lane::ALL {
        // Ordered by serial first, so the earliest may stand further down.
        for job in jobs::list_due(&app.store, lane, 200)? {
            // A whole mailbox that waits for its pace or its day is not late.
            if job.serial.is_none() {
                most = most.max(now.since(job.due));
            }
        }
    }
    Ok(most)
}

fn troubles(report: &Report, min_free_mib: u32, backup_daily: bool, now: UnixMillis) -> Vec<String> {
    let mut found = Vec::new();
    if report.store.poisoned {
        found.push("The data folder could not be written. The server must be started anew.".to_owned());
    } else if report.store.stalled_millis > 10_000 {
        found.push(format!("The disk has not answered for {} s.", report.store.stalled_millis / 1000));
    }
    if let Some((back, until)) = report.clock {
        let (back, until) = (super::pages::length(back), super::pages::when(until));
        found.push(format!(
            "The clock was set back by {back} while the server was off. Nothing is sent until it is there again, {until}, \
             or until you say that the time is right."
        ));
    }
    let needed = u64::from(min_free_mib) * 1024 * 1024;
    if let Some(free) = report.store.free_bytes.filter(|free| *free < needed) {
        let (free, needed) = (super::pages::size(free), super::pages::size(needed));
        found.push(format!(
            "The disk is full: {free} are free, {needed} are needed. Writing goes on by itself once there is room."
        ));
    }
    if report.behind > LATE {
        found.push(format!("Work waits for {} s longer than it should.", report.behind.as_secs()));
    }
    let newest = report.backups.first().map(|file| now.since(file.written_at));
    if backup_daily && newest.is_some_and(|age| age > BACKUP_LATE) {
        found.push("No backup was written since yesterday. Errors has the reason.".to_owned());
    }
    found
}

/// `VmRSS` and `VmHWM` of /proc/self/status, which Linux gives in kB.
fn memory() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some((read_kib(&status, "VmRSS:")? * 1024, read_kib(&status, "VmHWM:")? * 1024))
}

fn read_kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well(now: UnixMillis) -> Report {
        Report {
            store: store::Health { free_bytes: Some(9 << 30), ..store::Health::default() },
            memory: None,
            jobs: jobs::Totals::default(),
            behind: Duration::from_secs(1),
            backups: vec![BackupFile { name: String::new(), size_bytes: 1, written_at: now }],
            to_look_at: 0,
            readers: 0,
            clock: None,
            troubles: Vec::new(),
        }
    }

    #[test]
    fn whatever_needs_the_operator_is_said_in_words_and_a_healthy_server_says_nothing() {
        let now = UnixMillis(1_795_514_400_000);
        let said = |report: &Report| troubles(report, 256, true, now);
        assert_eq!(said(&well(now)), Vec::<String>::new());
        let cases: [(&str, Box<dyn Fn(&mut Report)>); 6] = [
            (
                "set back by 3 h",
                Box::new(|report| report.clock = Some((LATE * 180, report.backups[0].written_at.plus(LATE * 180)))),
            ),
            ("could not be written", Box::new(|report| report.store.poisoned = true)),
            ("has not answered for 12 s", Box::new(|report| report.store.stalled_millis = 12_400)),
            ("The disk is full: 90 MB are free", Box::new(|report| report.store.free_bytes = Some(90_000_000))),
            ("longer than it should", Box::new(|report| report.behind = Duration::from_secs(90))),
            (
                "No backup",
                Box::new(|report| report.backups[0].written_at = report.backups[0].written_at.minus(BACKUP_LATE * 2)),
            ),
        ];
        for (words, spoil) in cases {
            let mut report = well(now);
            spoil(&mut report);
            assert!(said(&report)[0].contains(words), "{words}: {:?}", said(&report));
        }
    }

    #[test]
    fn memory_is_read_from_the_kernel_s_own_table() {
        let status = "Name:\tlaunchyard\nVmHWM:\t   40960 kB\nVmRSS:\t   20480 kB\n";
        assert_eq!(read_kib(status, "VmRSS:"), Some(20_480));
        assert_eq!(read_kib(status, "VmSwap:"), None);
    }

    #[test]
    fn the_report_is_for_operators_only() {
        let test = crate::testing::app();
        assert!(matches!(report(&test.app, &test.owner), Err(ReadError::Denied(_))));
        let operator = Actor { is_operator: true, ..test.owner.clone() };
        assert_eq!(report(&test.app, &operator).unwrap().to_look_at, 0);
    }
}
