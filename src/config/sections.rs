//! The sections of the configuration that have no rules beyond their own limits. One struct each;
//! field and key have one name (a length drops its unit: `timeout_seconds` is `timeout`).

use std::path::PathBuf;
use std::time::Duration;

use super::source::Section;

/// Threads for each kind of background work. Each kind has its own, so that a slow provider starves nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jobs {
    pub mail_workers: u32,
    pub mailbox_workers: u32,
    pub calendar_workers: u32,
    pub general_workers: u32,
    /// Calls to AI services at the same time.
    pub engine_workers: u32,
    /// How often a mailbox is looked at for replies.
    pub mailbox_poll: Duration,
    /// How often busy times are fetched again.
    pub calendar_sync: Duration,
}

impl Jobs {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        Self {
            mail_workers: from.number("mail_workers", 4, 1..=64),
            mailbox_workers: from.number("mailbox_workers", 2, 1..=64),
            calendar_workers: from.number("calendar_workers", 2, 1..=64),
            general_workers: from.number("general_workers", 2, 1..=64),
            engine_workers: from.number("engine_workers", 4, 1..=64),
            mailbox_poll: from.seconds("mailbox_poll_seconds", 60, 1..=3_600),
            calendar_sync: from.seconds("calendar_sync_seconds", 300, 1..=86_400),
        }
    }
}

/// How log lines look; they go to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    pub format: LogFormat,
    /// A tracing filter, for example `info,launchyard::jobs=debug`.
    pub filter: String,
}

impl Log {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        let format = from.parsed("format", LogFormat::Text, "\"text\" or \"json\"");
        let filter = from.text("filter", "info");
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
            let cure = "must be a level or a list such as \"info,launchyard::jobs=debug\"";
            from.mistake("filter", format_args!("{cure}, is {filter:?} ({error})"));
        }
        Self { format, filter }
    }
}

impl std::str::FromStr for LogFormat {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// What one caller may do in a stretch of time, and how large a request may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed sign-ins for one account in a quarter of an hour.
    pub sign_in_tries_per_account: u32,
    /// Failed sign-ins from one client address in a quarter of an hour.
    pub sign_in_tries_per_address: u32,
    pub api_requests_per_minute: u32,
    pub pages_per_minute: u32,
    pub form_body_kib: u32,
    pub json_body_kib: u32,
    pub import_mib: u32,
}

impl Limits {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        Self {
            sign_in_tries_per_account: from.number("sign_in_tries_per_account", 5, 1..=1_000),
            sign_in_tries_per_address: from.number("sign_in_tries_per_address", 30, 1..=100_000),
            api_requests_per_minute: from.number("api_requests_per_minute", 600, 1..=1_000_000),
            pages_per_minute: from.number("pages_per_minute", 600, 1..=1_000_000),
            form_body_kib: from.number("form_body_kib", 256, 16..=10_240),
            json_body_kib: from.number("json_body_kib", 1_024, 16..=10_240),
            import_mib: from.number("import_mib", 64, 1..=1_024),
        }
    }
}

/// How long a sign-in lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Without a request for this long, the session ends.
    pub idle_hours: u32,
    /// However busy, the session ends after this long.
    pub absolute_days: u32,
}

impl Sessions {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        let idle_hours = from.number("idle_hours", 12, 1..=720);
        let absolute_days = from.number("absolute_days", 30, 1..=365);
        if idle_hours > absolute_days.saturating_mul(24) {
            from.mistake("idle_hours", "must not be longer than sessions.absolute_days");
        }
        Self { idle_hours, absolute_days }
    }
}

/// How long records are kept that nobody deletes by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    pub audit_days: u32,
    pub events_days: u32,
    pub job_outcomes_days: u32,
    pub provider_calls_days: u32,
    /// That something was sent to an AI service, and what it cost.
    pub ai_transfers_days: u32,
    /// Excerpts of replies; the counts and labels made from them stay.
    pub excerpts_days: u32,
}

impl Retention {
    pub(super) fn read(from: &mut Section<'_>) -> Self {
        Self {
            audit_days: from.number("audit_days", 730, 30..=3_650),
            events_days: from.number("events_days", 400, 7..=3_650),
            job_outcomes_days: from.number("job_outcomes_days", 90, 7..=3_650),
            provider_calls_days: from.number("provider_calls_days", 30, 1..=365),
            ai_transfers_days: from.number("ai_transfers_days", 90, 1..=1_095),
            excerpts_days: from.number("excerpts_days", 730, 1..=3_650),
        }
    }
}

/// The data folder and its backups. Both paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    pub dir: PathBuf,
    /// The store's cache; memory in use is two to four times as much.
    pub cache_mib: u32,
    /// Below this much free space, work that writes is refused until there is room again.
    pub min_free_mib: u32,
    pub backup_daily: bool,
    pub backup_dir: PathBuf,
    /// In UTC.
    pub backup_hour: u32,
    /// Backups age out, and with them what was erased meanwhile: 30 days at most.
    pub backup_keep_days: u32,
}

impl Data {
    pub(super) fn read(from: &mut Section<'_>, default_dir: PathBuf) -> Self {
        let dir = absolute(from.path("dir").unwrap_or(default_dir));
        let backup_dir = from.path("backup_dir").map_or_else(|| super::places::backups_beside(&dir), absolute);
        if super::places::is_inside(&backup_dir, &dir) {
            from.mistake("backup_dir", "must not be inside the data folder: what destroys one destroys both");
        }
        Self {
            cache_mib: from.number("cache_mib", 8, 4..=8_192),
            min_free_mib: from.number("min_free_mib", 256, 1..=1_048_576),
            backup_daily: from.flag("backup_daily", true),
            backup_hour: from.number("backup_hour", 3, 0..=23),
            backup_keep_days: from.number("backup_keep_days", 30, 1..=30),
            dir,
            backup_dir,
        }
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
