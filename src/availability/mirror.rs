//! The events of a calendar as last told, by whichever provider tells what changes: only when each takes time. From it
//! the busy times are made, so that a change costs one question and not the reading of half a year.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cache;
use super::model::Span;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::providers::calendar::{Changed, Changes};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// Events kept one by one. With more of them a change means reading all again.
const MOST_EVENTS: usize = 4_000;
/// Events and their times together: one that recurs may have thousands.
const MOST_PARTS: usize = 20_000;

const MIRRORS: Table<Mirror> = Table::sealed(
    0x0d60,
    "calendar_events",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "When each event of a connected calendar takes time, and where reading its changes goes on.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&MIRRORS)];

/// One calendar's events within `range`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mirror {
    pub range: Span,
    /// Where the next reading goes on, as its provider wrote it.
    pub cursor: String,
    events: Vec<Kept>,
    /// There are more than are kept: a change cannot be placed among them.
    #[serde(default)]
    is_partial: bool,
}

/// Key, tag and times of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept(u64, u64, Vec<Span>);

impl Kept {
    /// What takes no time within the range is kept only where it would look new without.
    fn of(event: Changed, range: Span) -> Option<Self> {
        let spans = event.busy.into_iter().map(|busy| Span::new(busy.start, busy.end));
        let spans: Vec<Span> = spans.filter(|span| span.overlaps(&range)).collect();
        (!spans.is_empty() || event.tag != 0).then_some(Self(event.key, event.tag, spans))
    }
}

impl Mirror {
    /// All that is there, and when something takes time.
    pub fn begun(changes: Changes, range: Span) -> (Self, Vec<Span>) {
        let events: Vec<Kept> = changes.events.into_iter().filter_map(|event| Kept::of(event, range)).collect();
        let busy = busy_of(&events);
        let is_partial = is_too_much(&events);
        let events = if is_partial { Vec::new() } else { events };
        (Self { range, cursor: changes.cursor, events, is_partial }, busy)
    }

    /// Nothing changed by then.
    pub fn gone_on(self, cursor: String) -> Self {
        Self { cursor, ..self }
    }

    /// The same after `changes`. `None` when they cannot be placed: all has to be read again.
    pub fn after(self, changes: Changes) -> Option<(Self, Vec<Span>)> {
        if changes.is_whole {
            return Some(Self::begun(changes, self.range));
        }
        if self.is_partial {
            return None;
        }
        let mut events: BTreeMap<u64, Kept> = self.events.into_iter().map(|kept| (kept.0, kept)).collect();
        for event in changes.events {
            let key = event.key;
            match Kept::of(event, self.range) {
                Some(kept) => events.insert(key, kept),
                None => events.remove(&key),
            };
        }
        let events: Vec<Kept> = events.into_values().collect();
        if is_too_much(&events) {
            return None;
        }
        let busy = busy_of(&events);
        Some((Self { events, cursor: changes.cursor, ..self }, busy))
    }

    /// By key: the versions of what is known, where its provider has them.
    pub fn tags(&self) -> BTreeMap<u64, u64> {
        self.events.iter().map(|kept| (kept.0, kept.1)).collect()
    }
}

fn is_too_much(events: &[Kept]) -> bool {
    let parts: usize = events.iter().map(|kept| 1 + kept.2.len()).sum();
    events.len() > MOST_EVENTS || parts > MOST_PARTS
}

fn busy_of(events: &[Kept]) -> Vec<Span> {
    cache::joined(events.iter().flat_map(|kept| kept.2.iter().copied()).collect())
}

fn prefix(workspace: WorkspaceId, connection: ConnectionId) -> Key {
    Key::of(&MIRRORS, workspace).id(connection.0)
}

fn key(txn: &Txn<'_>, workspace: WorkspaceId, connection: ConnectionId, calendar: &str) -> Result<Key, StoreError> {
    cache::below(prefix(workspace, connection), txn, workspace, calendar)
}

pub(super) fn find(
    store: &Store,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
) -> Result<Option<Mirror>, StoreError> {
    store.read(|txn| {
        let key = key(txn, workspace, connection, calendar)?;
        txn.get(&MIRRORS, &key)
    })
}

pub(super) fn put(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
    mirror: &Mirror,
) -> Result<(), StoreError> {
    let key = key(txn, workspace, connection, calendar)?;
    txn.put(&MIRRORS, &key, mirror)
}

/// Its changes are not told any more.
pub(super) fn drop_one(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
) -> Result<(), StoreError> {
    let key = key(txn, workspace, connection, calendar)?;
    txn.remove(&MIRRORS, &key).map(|_| ())
}

/// Forgets calendars of a connection that nobody counts any more.
pub(super) fn forget_others(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    counted: &[String],
) -> Result<(), StoreError> {
    cache::forget_beside(txn, &MIRRORS, &prefix(workspace, connection), (workspace, counted))
}

/// Whether it reaches far enough that reading may go on from it.
pub(super) fn reaches(mirror: &Mirror, until: UnixMillis) -> bool {
    mirror.range.end >= until
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::calendar::Busy;

    fn at(start: i64, end: i64) -> Span {
        Span::new(UnixMillis(start), UnixMillis(end))
    }

    fn event(key: u64, tag: u64, times: &[(i64, i64)]) -> Changed {
        let busy = |(start, end): &(i64, i64)| Busy { start: UnixMillis(*start), end: UnixMillis(*end) };
        Changed { key, tag, busy: times.iter().map(busy).collect() }
    }

    fn told(is_whole: bool, events: Vec<Changed>) -> Changes {
        Changes { cursor: "c".into(), is_whole, events }
    }

    #[test]
    fn what_changes_takes_the_place_of_what_was_known_of_it_and_of_nothing_else() {
        let all = vec![event(1, 0, &[(10, 20)]), event(2, 0, &[(15, 30), (50, 60)]), event(3, 0, &[(2_000, 2_010)])];
        let (mirror, busy) = Mirror::begun(told(true, all), at(0, 1_000));
        assert_eq!(busy, [at(10, 30), at(50, 60)], "what lies beyond the range is not kept");
        let moved = told(false, vec![event(2, 0, &[(70, 80)]), event(4, 0, &[(5, 8)])]);
        let (mirror, busy) = mirror.after(moved).unwrap();
        assert_eq!(busy, [at(5, 8), at(10, 20), at(70, 80)]);
        let (mirror, busy) = mirror.after(told(false, vec![event(1, 0, &[])])).unwrap();
        assert_eq!(busy, [at(5, 8), at(70, 80)], "deleted, or free from now on");
        let (_, busy) = mirror.after(told(true, vec![event(9, 0, &[(1, 2)])])).unwrap();
        assert_eq!(busy, [at(1, 2)], "a whole answer is all there is");
    }

    #[test]
    fn a_version_is_known_of_events_that_take_no_time_where_changes_are_told_by_it() {
        let (mirror, busy) = Mirror::begun(told(true, vec![event(1, 7, &[]), event(2, 0, &[])]), at(0, 9));
        assert_eq!((mirror.tags(), busy), (BTreeMap::from([(1, 7)]), vec![]));
    }

    #[test]
    fn a_calendar_of_very_many_events_is_read_again_as_a_whole_and_is_never_taken_for_free() {
        let many = (0..5_000_i64).map(|n| event(n.unsigned_abs(), 0, &[(n * 10, n * 10 + 5)])).collect();
        let (mirror, busy) = Mirror::begun(told(true, many), at(0, 1_000_000));
        assert_eq!(busy.len(), 5_000);
        assert!(mirror.clone().after(told(false, vec![event(1, 0, &[])])).is_none());
        assert!(mirror.after(told(true, vec![])).is_some());
    }

    #[test]
    fn an_event_of_very_many_times_is_not_kept_one_by_one_either() {
        let times: Vec<(i64, i64)> = (0..20_000).map(|n| (n * 10, n * 10 + 5)).collect();
        let (mirror, busy) = Mirror::begun(told(true, vec![event(1, 0, &times)]), at(0, 1_000_000));
        assert_eq!(busy.len(), 20_000);
        assert!(mirror.after(told(false, vec![])).is_none());
    }
}
