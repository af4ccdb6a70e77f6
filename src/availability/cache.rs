//! Busy times as last read, kept for pages that only look: one row for each calendar.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mirror;
use super::model::{Span, READ_AHEAD};
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// Calendars of one connection that are read at all.
pub(super) const MOST_CALENDARS: usize = 50;
/// Stretches kept of one calendar. What is busier than that is kept more coarsely, never as free.
const MOST_STRETCHES: usize = 4_000;

/// Readings of a calendar that may fail to come before what is known of it counts no longer, and what one may be late.
const MOST_MISSED: u32 = 3;
const SLACK: Duration = Duration::from_secs(300);

/// Rows that were written before calendars had a row each end with the connection.
const CACHE: Table<Cached> = Table::sealed(
    0x0d03,
    "busy_times",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "When a connected calendar is busy, without titles or guests, as last read.",
);

/// Beside the times, so that a turn in which nothing changes writes a moment and not half a year.
const SEEN: Table<UnixMillis> = Table::sealed(
    0x0d04,
    "busy_times_seen",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "When a connected calendar was last found as it was read.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&CACHE), Declared::plain(&SEEN)];

/// Busy times as last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cached {
    pub read_at: UnixMillis,
    pub range: Span,
    /// What touches or overlaps is one stretch here.
    pub busy: Vec<Span>,
    /// What stands at the times that our own bookings hold, event by event, ours among them.
    #[serde(default)]
    pub beside_ours: Vec<Single>,
    /// Why the last try failed, in words; the times above are older then.
    #[serde(default)]
    pub failed: Option<String>,
    /// Its provider tells what changes, so that nothing else is asked.
    #[serde(default)]
    pub is_followed: bool,
}

/// One event of a calendar: its id and when it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Single {
    pub event: String,
    pub span: Span,
}

impl Cached {
    pub(super) fn never_read() -> Self {
        let never = UnixMillis(0);
        Self {
            read_at: never,
            range: Span::new(never, never),
            busy: vec![],
            beside_ours: vec![],
            failed: None,
            is_followed: false,
        }
    }

    /// Why `range` is not known from what was read, in words. What lies behind us is not read any more and is no news.
    pub fn not_known(&self, range: Span, now: UnixMillis, every: Duration) -> Option<String> {
        if range.end <= now {
            return None;
        }
        let age = now.since(self.read_at);
        let is_old = age > every * MOST_MISSED + SLACK;
        if let Some(reason) = self.failed.as_ref().filter(|_| is_old) {
            return Some(reason.clone());
        }
        if is_old {
            return Some(format!("last read {} h ago, so what came since is missing.", age.as_secs().div_ceil(3600)));
        }
        // It was read from then on; the end is what a later range passes.
        (self.range.end < range.end.max(now)).then(|| {
            let days = READ_AHEAD.as_secs() / 86_400;
            format!("busy times are read {days} days ahead; what stands in this calendar after that is missing.")
        })
    }

    /// As it was at `seen`, when nothing had changed.
    fn seen_at(self, seen: Option<UnixMillis>) -> Self {
        Self { read_at: self.read_at.max(seen.unwrap_or_default()), ..self }
    }

    /// Nothing but the moment of reading would be another.
    pub(super) fn needs_only_a_moment(&self) -> bool {
        self.failed.is_none() && self.is_followed
    }

    /// Both as one: as old as the older, known as far as both.
    fn joined(self, other: Self) -> Self {
        Self {
            read_at: self.read_at.min(other.read_at),
            range: Span::new(self.range.start.max(other.range.start), self.range.end.min(other.range.end)),
            busy: joined([self.busy, other.busy].concat()),
            beside_ours: [self.beside_ours, other.beside_ours].concat(),
            failed: self.failed.or(other.failed),
            is_followed: self.is_followed && other.is_followed,
        }
    }
}

/// In order; what touches or overlaps is one stretch.
pub(super) fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort();
    spans.dedup_by(|next, before| {
        let touches = next.start <= before.end;
        if touches {
            before.end = before.end.max(next.end);
        }
        touches
    });
    spans
}

/// At most so many stretches: the narrowest gaps are given up first.
pub(super) fn coarsened(spans: Vec<Span>, most: usize) -> Vec<Span> {
    let spans = joined(spans);
    if spans.len() <= most {
        return spans;
    }
    let mut gaps: Vec<i64> = spans.windows(2).map(|pair| pair[1].start.0 - pair[0].end.0).collect();
    let surplus = spans.len() - most;
    let (_, widest_given_up, _) = gaps.select_nth_unstable(surplus - 1);
    let limit = *widest_given_up;
    let mut left: Vec<Span> = Vec::with_capacity(most);
    for span in spans {
        match left.last_mut() {
            Some(before) if span.start.0 - before.end.0 <= limit => before.end = before.end.max(span.end),
            _ => left.push(span),
        }
    }
    left
}

fn prefix(workspace: WorkspaceId, connection: ConnectionId) -> Key {
    Key::of(&CACHE, workspace).id(connection.0)
}

fn seen_prefix(workspace: WorkspaceId, connection: ConnectionId) -> Key {
    Key::of(&SEEN, workspace).id(connection.0)
}

/// Calendars are often named after people: their names stand in no key.
pub(super) fn below(prefix: Key, txn: &Txn<'_>, workspace: WorkspaceId, calendar: &str) -> Result<Key, StoreError> {
    Ok(prefix.bytes(&txn.blind(workspace, "calendar", calendar)?))
}

/// What is known of all calendars of a connection that are read. For pages; a decision asks with `read_now`.
pub fn cached(store: &Store, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Cached>, StoreError> {
    store.read(|txn| find_cached(txn, workspace, id))
}

/// The same inside a transaction.
pub fn find_cached(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Cached>, StoreError> {
    let rows = txn.list(&CACHE, &prefix(workspace, id), Dir::Forward, MOST_CALENDARS + 1)?;
    let seen = txn.list(&SEEN, &seen_prefix(workspace, id), Dir::Forward, MOST_CALENDARS + 1)?;
    let own_rows = rows.len() > 1;
    let whole = |key: &Key| *key == prefix(workspace, id);
    let seen = |key: &Key| seen.iter().find(|(seen, _)| seen.rest() == key.rest()).map(|(_, at)| *at);
    let rows = rows.into_iter().filter(|(key, _)| !own_rows || !whole(key));
    Ok(rows.map(|(key, row)| row.seen_at(seen(&key))).reduce(Cached::joined))
}

/// When each row of busy times was written.
#[cfg(test)]
pub fn rows_written(store: &Store, workspace: WorkspaceId, id: ConnectionId) -> Result<Vec<UnixMillis>, StoreError> {
    let rows = store.read(|txn| txn.list(&CACHE, &prefix(workspace, id), Dir::Forward, MOST_CALENDARS + 1))?;
    Ok(rows.into_iter().map(|(_, row)| row.read_at).collect())
}

/// What is known of one calendar.
pub(super) fn find(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
) -> Result<Option<Cached>, StoreError> {
    let key = below(prefix(workspace, connection), txn, workspace, calendar)?;
    let Some(row) = txn.get(&CACHE, &key)? else { return Ok(None) };
    let key = below(seen_prefix(workspace, connection), txn, workspace, calendar)?;
    Ok(Some(row.seen_at(txn.get(&SEEN, &key)?)))
}

/// It was looked at, and nothing has changed.
pub(super) fn note_seen(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let key = below(seen_prefix(workspace, connection), txn, workspace, calendar)?;
    txn.put(&SEEN, &key, &now)
}

pub(super) fn put(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
    row: Cached,
) -> Result<(), StoreError> {
    let key = below(prefix(workspace, connection), txn, workspace, calendar)?;
    txn.put(&CACHE, &key, &Cached { busy: coarsened(row.busy, MOST_STRETCHES), ..row })
}

/// What is known of one calendar, for a page.
pub fn cached_of(
    store: &Store,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
) -> Result<Option<Cached>, StoreError> {
    store.read(|txn| find(txn, workspace, connection, calendar))
}

/// Forgets the busy times of a calendar that is no longer connected.
pub fn forget(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    mirror::forget_others(txn, workspace, id, &[])?;
    forget_others(txn, workspace, id, &[])
}

/// Forgets calendars of a connection that nobody counts any more.
pub(super) fn forget_others(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ConnectionId,
    counted: &[String],
) -> Result<(), StoreError> {
    forget_beside(txn, &CACHE, &prefix(workspace, id), (workspace, counted))?;
    forget_beside(txn, &SEEN, &seen_prefix(workspace, id), (workspace, counted))
}

/// Removes the rows below `prefix` that are of none of these calendars.
pub(super) fn forget_beside<T>(
    txn: &mut Txn<'_>,
    table: &Table<T>,
    prefix: &Key,
    (workspace, counted): (WorkspaceId, &[String]),
) -> Result<(), StoreError> {
    let kept = counted.iter().map(|calendar| below(prefix.clone(), txn, workspace, calendar));
    let kept = kept.collect::<Result<Vec<_>, _>>()?;
    for old in txn.keys(table, prefix, Dir::Forward, MOST_CALENDARS + 1)? {
        if !kept.contains(&old) {
            txn.remove(table, &old)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span::new(UnixMillis(start), UnixMillis(end))
    }

    #[test]
    fn a_calendar_busier_than_can_be_kept_loses_its_narrowest_gaps_and_never_busy_time() {
        let spans = vec![span(0, 10), span(12, 20), span(50, 60), span(61, 70), span(100, 110)];
        assert_eq!(coarsened(spans.clone(), 5), spans);
        assert_eq!(coarsened(spans.clone(), 3), [span(0, 20), span(50, 70), span(100, 110)]);
        assert_eq!(coarsened(spans, 1), [span(0, 110)]);
    }

    #[test]
    fn several_calendars_are_known_only_as_far_as_all_of_them() {
        let row = |read_at, range, busy, failed: Option<&str>| Cached {
            read_at: UnixMillis(read_at),
            range,
            busy: vec![busy],
            beside_ours: vec![],
            failed: failed.map(str::to_owned),
            is_followed: false,
        };
        let both = row(5, span(0, 90), span(1, 4), None).joined(row(3, span(2, 100), span(3, 6), Some("notFound")));
        assert_eq!(both, row(3, span(2, 90), span(1, 6), Some("notFound")));
    }
}
