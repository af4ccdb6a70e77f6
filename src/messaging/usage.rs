//! How much was sent in the last 24 hours, per mailbox, worker and recipient domain, over all sequences. The window
//! rolls by the minute, so no 24 hours ever hold more than a limit says; a restart does not reset it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::{ConnectionId, UnixMillis, WorkerId, WorkspaceId};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const USAGE: Table<Window> = Table::sealed(
    0x0a20,
    "sending_usage",
    Tree::Counters,
    Holds::Nothing,
    Retention::Account,
    "How many mails left each mailbox, worker and to each domain, for the limits and the chart.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&USAGE)];

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const MINUTES_A_DAY: i64 = 24 * 60;
/// Kept for the chart.
const DAYS_KEPT: i64 = 35;

/// Counts by hour since the epoch, for the chart, and by minute for the last day. What an older program has counted
/// stands in the hours alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    hours: BTreeMap<i64, u32>,
    #[serde(default)]
    minutes: BTreeMap<i64, u32>,
    /// The first mail ever, for the ramp.
    first: Option<UnixMillis>,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Counted<'a> {
    Mailbox(ConnectionId),
    Worker(WorkerId),
    /// The recipient's domain.
    Domain(&'a str),
    Workspace,
    /// Of a mailbox, those to people who were not written to before.
    FirstMails(ConnectionId),
}

impl Window {
    pub fn add(&mut self, now: UnixMillis, by: i32) {
        let hour = self.hours.entry(now.0.div_euclid(HOUR)).or_default();
        *hour = hour.saturating_add_signed(by);
        let minute = self.minutes.entry(now.0.div_euclid(MINUTE)).or_default();
        *minute = minute.saturating_add_signed(by);
        let yesterday = now.0.div_euclid(MINUTE) - 2 * MINUTES_A_DAY;
        self.minutes.retain(|minute, count| *minute >= yesterday && *count > 0);
        self.first.get_or_insert(now);
        let oldest = now.0.div_euclid(HOUR) - DAYS_KEPT * 24;
        self.hours.retain(|hour, _| *hour >= oldest);
    }

    /// Both together. The ramp begins with the mail that really left first.
    fn and(mut self, other: &Window) -> Window {
        for (hour, count) in &other.hours {
            *self.hours.entry(*hour).or_default() += count;
        }
        for (minute, count) in &other.minutes {
            *self.minutes.entry(*minute).or_default() += count;
        }
        self
    }

    /// Sent in the last 24 hours. Times to come count too: they were before the clock was set back, and a cap must not
    /// begin anew with it.
    pub fn last_day(&self, now: UnixMillis) -> u32 {
        self.leaving(now).map(|(_, count)| count).sum()
    }

    /// When the count falls below `cap`: enough of what was sent first is then a day ago.
    pub fn below(&self, cap: u32, now: UnixMillis) -> UnixMillis {
        let mut left = self.last_day(now);
        let mut leaving: Vec<(UnixMillis, u32)> = self.leaving(now).collect();
        leaving.sort_unstable();
        for (at, count) in leaving {
            if left < cap {
                break;
            }
            left -= count;
            if left < cap {
                return at;
            }
        }
        now
    }

    /// What counts at this moment, each with the moment from which on it no longer does.
    fn leaving(&self, now: UnixMillis) -> impl Iterator<Item = (UnixMillis, u32)> + '_ {
        let (minute, hour) = (now.0.div_euclid(MINUTE), now.0.div_euclid(HOUR));
        let minutes = self.minutes.range(minute - MINUTES_A_DAY..);
        let minutes = minutes.map(|(minute, count)| (UnixMillis((minute + MINUTES_A_DAY + 1) * MINUTE), *count));
        let hours = self.hours.range(hour - 23..).map(|(hour, count)| {
            let by_minute: u32 = self.minutes.range(hour * 60..(hour + 1) * 60).map(|(_, count)| count).sum();
            (UnixMillis((hour + 24) * HOUR), count.saturating_sub(by_minute))
        });
        minutes.chain(hours.filter(|(_, count)| *count > 0))
    }

    /// The cap of a mailbox that begins small: 10 on the first day, 5 more each day.
    pub fn ramped(&self, cap: u32, now: UnixMillis) -> u32 {
        let days = self.first.map_or(0, |first| now.since(first).as_secs() / 86_400);
        cap.min(10 + 5 * u32::try_from(days).unwrap_or(u32::MAX / 10))
    }
}

/// Windows of dry runs stand beside the others.
const DRY: u8 = 0x40;

fn key(txn: &Txn<'_>, workspace: WorkspaceId, what: Counted<'_>, book: u8) -> Result<Key, StoreError> {
    let base = |kind: u8| Key::of(&USAGE, workspace).u8(kind | book);
    Ok(match what {
        Counted::Mailbox(id) => base(1).id(id.0),
        Counted::Worker(id) => base(2).id(id.0),
        Counted::Domain(domain) => base(3).bytes(&txn.blind(workspace, "usage domain", domain)?),
        Counted::Workspace => base(4).id(Uuid::nil()),
        Counted::FirstMails(id) => base(5).id(id.0),
    })
}

/// What was counted.
pub fn window(txn: &mut Txn<'_>, workspace: WorkspaceId, what: Counted<'_>) -> Result<Window, StoreError> {
    let key = key(txn, workspace, what, 0)?;
    Ok(txn.get(&USAGE, &key)?.unwrap_or_default())
}

/// The same with what dry runs would have sent.
pub(super) fn window_with_dry(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    what: Counted<'_>,
) -> Result<Window, StoreError> {
    let key = key(txn, workspace, what, DRY)?;
    let dry: Window = txn.get(&USAGE, &key)?.unwrap_or_default();
    Ok(window(txn, workspace, what)?.and(&dry))
}

/// Counts one mail more (or one less, when it surely did not leave after all).
pub(super) fn count(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    what: Counted<'_>,
    now: UnixMillis,
    by: i32,
) -> Result<(), StoreError> {
    count_in(txn, workspace, what, 0, now, by)
}

/// Counts one mail that a dry run would have sent.
pub(super) fn count_in_dry_run(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    what: Counted<'_>,
    now: UnixMillis,
) -> Result<(), StoreError> {
    count_in(txn, workspace, what, DRY, now, 1)
}

fn count_in(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    what: Counted<'_>,
    book: u8,
    now: UnixMillis,
    by: i32,
) -> Result<(), StoreError> {
    let key = key(txn, workspace, what, book)?;
    let mut window = txn.get(&USAGE, &key)?.unwrap_or_default();
    window.add(now, by);
    txn.put(&USAGE, &key, &window)
}

pub fn sent_in_last_day(
    store: &Store,
    workspace: WorkspaceId,
    what: Counted<'_>,
    now: UnixMillis,
) -> Result<u32, StoreError> {
    Ok(store.read(|txn| window(txn, workspace, what))?.last_day(now))
}

/// Mails of the last `days` days, oldest first, by the days of `zone`; the last entry is today.
pub fn usage_by_day(
    store: &Store,
    workspace: WorkspaceId,
    what: Counted<'_>,
    zone: &jiff::tz::TimeZone,
    now: UnixMillis,
    days: usize,
) -> Result<Vec<(jiff::civil::Date, u32)>, StoreError> {
    let window = store.read(|txn| window(txn, workspace, what))?;
    let today = now.in_zone(zone).date();
    let mut counts: BTreeMap<jiff::civil::Date, u32> = BTreeMap::new();
    for (hour, count) in &window.hours {
        *counts.entry(UnixMillis(hour * HOUR).in_zone(zone).date()).or_default() += count;
    }
    let each = (0..i32::try_from(days).unwrap_or(i32::MAX)).rev();
    let dates = each.filter_map(|back| today.checked_sub(jiff::Span::new().try_days(back).ok()?).ok());
    Ok(dates.map(|date| (date, counts.get(&date).copied().unwrap_or(0))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_24_hours_hold_more_than_the_limit_however_the_mails_lie_in_them() {
        let start = UnixMillis(1_000 * HOUR);
        let (mut window, mut sent) = (Window::default(), Vec::new());
        // As fast as a cap of 5 allows, a mail every 7 minutes, for four days.
        for turn in 0..4 * MINUTES_A_DAY / 7 {
            let now = UnixMillis(start.0 + turn * 7 * MINUTE + 11);
            if window.last_day(now) < 5 {
                window.add(now, 1);
                sent.push(now);
            }
        }
        assert!(sent.len() >= 20, "{}", sent.len());
        for (place, first) in sent.iter().enumerate() {
            let within = sent[place..].iter().filter(|at| at.0 - first.0 < 24 * HOUR).count();
            assert!(within <= 5, "{within} mails within 24 hours");
        }
    }

    #[test]
    fn what_was_counted_by_the_hour_before_counts_on() {
        let mut window = Window { hours: BTreeMap::from([(1_000, 4)]), ..Window::default() };
        let now = UnixMillis(1_000 * HOUR + 40 * MINUTE);
        assert_eq!(window.last_day(now), 4);
        window.add(now, 1);
        assert_eq!(window.last_day(now), 5);
        assert_eq!(window.below(2, now), UnixMillis(1_024 * HOUR));
        assert_eq!(window.last_day(UnixMillis(1_024 * HOUR)), 1);
    }

    #[test]
    fn the_window_rolls_by_the_minute_and_tells_when_there_is_room() {
        let start = UnixMillis(1_000 * HOUR + 5);
        let mut window = Window::default();
        window.add(start, 1);
        window.add(UnixMillis(start.0 + 2 * HOUR), 1);
        let later = UnixMillis(start.0 + 3 * HOUR);
        assert_eq!(window.last_day(later), 2);
        assert_eq!(window.below(2, later), UnixMillis(1_024 * HOUR + MINUTE));
        assert_eq!(window.below(1, later), UnixMillis(1_026 * HOUR + MINUTE));
        assert_eq!(window.below(3, later), later);
        assert_eq!(window.last_day(UnixMillis(1_024 * HOUR)), 2, "not yet a day ago");
        assert_eq!(window.last_day(UnixMillis(1_024 * HOUR + MINUTE)), 1);
        window.add(later, -1);
        assert_eq!(window.last_day(later), 2, "never below zero");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_begin_the_cap_anew() {
        let now = UnixMillis(1_000 * HOUR + 5);
        let mut window = Window::default();
        window.add(UnixMillis(now.0 + 3 * HOUR), 5);
        assert_eq!(window.last_day(now), 5);
        assert_eq!(window.below(5, now), UnixMillis(1_027 * HOUR + MINUTE));
    }

    #[test]
    fn a_new_mailbox_begins_small() {
        let start = UnixMillis(1_000 * HOUR);
        let mut window = Window::default();
        assert_eq!(window.ramped(30, start), 10);
        window.add(start, 1);
        assert_eq!(window.ramped(30, UnixMillis(start.0 + 48 * HOUR)), 20);
        assert_eq!(window.ramped(30, UnixMillis(start.0 + 500 * HOUR)), 30);
    }
}
