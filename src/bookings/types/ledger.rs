//! What stands of one event type: bookings, pending requests and holds, a record a month (UTC).
//!
//! Point reads and writes: limits and seats are judged and taken in one transaction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::HostOf;
use crate::availability::Span;
use crate::base::{BookingId, EventTypeId, UnixMillis, UserId, WorkspaceId};
use crate::store::{Declared, Holds, Key, Retention, StoreError, Table, Tree, Txn};

const MONTHS: Table<Ledger> = Table::sealed(
    0x0e12,
    "booked_by_event_type",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "Which times of an event type are booked or held, for limits and seats.",
);
const TURNS: Table<Turns> = Table::sealed(
    0x0e14,
    "turns_of_hosts",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Account,
    "How many bookings each host of an event type has had, so that they go round fairly.",
);

pub const TABLE: Declared = Declared::plain(&MONTHS);
pub const ROUND: Declared = Declared::plain(&TURNS);

/// One month of an event type, in the order of starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub booking: BookingId,
    pub span: Span,
    /// Minutes kept free around it.
    pub before: u32,
    pub after: u32,
    pub hosts: Vec<UserId>,
    /// The claims of a group's time are held under this id, whoever of the group is left.
    #[serde(default)]
    pub session: Option<BookingId>,
    /// A hold while a form is open, until then.
    #[serde(default)]
    pub until: Option<UnixMillis>,
}

impl Entry {
    pub fn stands(&self, now: UnixMillis) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// Months since year 0.
fn month(at: UnixMillis) -> u32 {
    let date = at.in_zone(&jiff::tz::TimeZone::UTC).date();
    u32::try_from(i32::from(date.year()) * 12 + i32::from(date.month()) - 1).unwrap_or(0)
}

fn key(workspace: WorkspaceId, event: EventTypeId, month: u32) -> Key {
    Key::of(&MONTHS, workspace).id(event.0).u32(month)
}

/// The entries of all months that `range` touches, those before and after them with it: weeks and long months reach
/// over their edges.
pub fn read(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    range: Span,
) -> Result<Vec<Entry>, StoreError> {
    let (first, last) = (month(range.start).saturating_sub(1), month(range.end) + 1);
    let mut found = Vec::new();
    for month in first..=last.min(first + 30) {
        let record = txn.get(&MONTHS, &key(workspace, event, month))?.unwrap_or_default();
        found.extend(record.entries);
    }
    Ok(found)
}

/// Writes an entry in place of an earlier one of the same booking in that month. What has run out is thrown away.
pub fn put(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    entry: Entry,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let key = key(workspace, event, month(entry.span.start));
    let mut record = txn.get(&MONTHS, &key)?.unwrap_or_default();
    record.entries.retain(|other| other.booking != entry.booking && other.stands(now));
    record.entries.push(entry);
    record.entries.sort_by_key(|entry| entry.span);
    txn.put(&MONTHS, &key, &record)
}

/// The entry of a booking that begins at `start`.
pub fn find(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    booking: BookingId,
    start: UnixMillis,
) -> Result<Option<Entry>, StoreError> {
    let record = txn.get(&MONTHS, &key(workspace, event, month(start)))?.unwrap_or_default();
    Ok(record.entries.into_iter().find(|entry| entry.booking == booking))
}

/// Takes a booking out.
pub fn remove(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    booking: BookingId,
    start: UnixMillis,
) -> Result<(), StoreError> {
    let key = key(workspace, event, month(start));
    let Some(mut record) = txn.get(&MONTHS, &key)? else { return Ok(()) };
    record.entries.retain(|entry| entry.booking != booking);
    txn.put(&MONTHS, &key, &record)
}

/// How many hold on to the time that is claimed under `session`.
pub fn left_of(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    session: BookingId,
    start: UnixMillis,
) -> Result<usize, StoreError> {
    let record = txn.get(&MONTHS, &key(workspace, event, month(start)))?.unwrap_or_default();
    let holds_on = |entry: &&Entry| entry.booking == session || entry.session == Some(session);
    Ok(record.entries.iter().filter(holds_on).count())
}

/// The bookings of a group that sits there.
pub fn sitting_in(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    session: BookingId,
    start: UnixMillis,
) -> Result<Vec<BookingId>, StoreError> {
    let seats = seats_in(txn, workspace, event, session, start)?;
    Ok(seats.iter().filter(|entry| entry.until.is_none()).map(|entry| entry.booking).collect())
}

/// The seats that are taken of a group, also those that are only kept for a while.
pub fn seats_in(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    session: BookingId,
    start: UnixMillis,
) -> Result<Vec<Entry>, StoreError> {
    let mut record = txn.get(&MONTHS, &key(workspace, event, month(start)))?.unwrap_or_default();
    record.entries.retain(|entry| entry.session == Some(session) && entry.span.start == start);
    Ok(record.entries)
}

/// How often each host had a booking of one event type, and when last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Turns {
    hosts: BTreeMap<UserId, (u32, UnixMillis)>,
}

/// The hosts in the order of their turn: whoever has had the least for their weight, of equals whoever waits longest.
/// Who is new begins where the others are, not with a flood.
pub fn in_turn(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    hosts: &[HostOf],
) -> Result<Vec<UserId>, StoreError> {
    let turns = txn.get(&TURNS, &Key::of(&TURNS, workspace).id(event.0))?.unwrap_or_default();
    Ok(turns.order(hosts))
}

/// A host got one: counted at once.
pub fn took_turn(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    event: EventTypeId,
    hosts: &[HostOf],
    host: UserId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let key = Key::of(&TURNS, workspace).id(event.0);
    let mut turns = txn.get(&TURNS, &key)?.unwrap_or_default();
    // Whoever is new is noted now, so that what the others get from here on does not move their beginning.
    let counts: Vec<(UserId, u32)> = hosts.iter().map(|own| (own.user, turns.count_of(hosts, own.user))).collect();
    for (user, count) in counts {
        turns.hosts.entry(user).or_insert((count, UnixMillis(0)));
    }
    if let Some((count, last)) = turns.hosts.get_mut(&host) {
        (*count, *last) = (count.saturating_add(1), now);
    }
    turns.hosts.retain(|user, _| hosts.iter().any(|host| host.user == *user));
    txn.put(&TURNS, &key, &turns)
}

impl Turns {
    /// Its own count; of somebody new, what the least busy of the others has for the same weight.
    fn count_of(&self, hosts: &[HostOf], user: UserId) -> u32 {
        if let Some((count, _)) = self.hosts.get(&user) {
            return *count;
        }
        let weight = |user: UserId| hosts.iter().find(|host| host.user == user).map_or(1, |host| host.weight.max(1));
        let same_share =
            |(other, (count, _)): (&UserId, &(u32, UnixMillis))| count.saturating_mul(weight(user)) / weight(*other);
        self.hosts.iter().map(same_share).min().unwrap_or(0)
    }

    fn order(&self, hosts: &[HostOf]) -> Vec<UserId> {
        let mut order: Vec<(u64, UnixMillis, usize, UserId)> = Vec::new();
        for (place, host) in hosts.iter().enumerate() {
            let count = u64::from(self.count_of(hosts, host.user));
            let last = self.hosts.get(&host.user).map_or(UnixMillis(0), |(_, last)| *last);
            order.push((count * 1_000_000 / u64::from(host.weight.max(1)), last, place, host.user));
        }
        order.sort();
        order.into_iter().map(|(.., user)| user).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn minutes(from: i64, to: i64) -> Span {
        Span::new(UnixMillis(testing::NOW.0 + from * 60_000), UnixMillis(testing::NOW.0 + to * 60_000))
    }

    #[test]
    fn bookings_go_round_by_weight_and_who_is_new_gets_no_flood() {
        let test = testing::app();
        let event = EventTypeId::new(testing::NOW);
        let user = |n: u128| UserId(uuid::Uuid::from_u128(n));
        let host = |n, weight| HostOf { user: user(n), schedule: None, weight };
        let mut hosts = vec![host(1, 1), host(2, 2)];
        let mut now = testing::NOW;
        let mut book = |hosts: &[HostOf]| {
            now = UnixMillis(now.0 + 1000);
            test.app
                .store
                .write(|txn| {
                    let first = in_turn(txn, test.workspace, event, hosts)?[0];
                    took_turn(txn, test.workspace, event, hosts, first, now)?;
                    Ok::<_, StoreError>(first)
                })
                .unwrap()
        };
        let of = |who: &[UserId], n: u128| who.iter().filter(|id| **id == user(n)).count();
        let first: Vec<UserId> = (0..30).map(|_| book(&hosts)).collect();
        assert_eq!((of(&first, 1), of(&first, 2)), (10, 20));
        hosts.push(host(3, 1));
        let then: Vec<UserId> = (0..40).map(|_| book(&hosts)).collect();
        assert_eq!((of(&then, 1), of(&then, 2), of(&then, 3)), (10, 20, 10));
    }

    #[test]
    fn a_month_keeps_what_stands_and_throws_away_what_has_run_out() {
        let test = testing::app();
        let event = EventTypeId::new(testing::NOW);
        let entry = |from, until: Option<i64>| Entry {
            booking: BookingId::new(testing::NOW),
            span: minutes(from, from + 30),
            before: 0,
            after: 0,
            hosts: vec![],
            session: None,
            until: until.map(|at| UnixMillis(testing::NOW.0 + at)),
        };
        let (held, booked, late) = (entry(0, Some(10)), entry(60, None), entry(60 * 24 * 20, None));
        let store = &test.app.store;
        for (entry, at) in [(&held, 0), (&booked, 20), (&late, 20)] {
            let now = UnixMillis(testing::NOW.0 + at);
            store.write(|txn| put(txn, test.workspace, event, entry.clone(), now)).unwrap();
        }
        let found = store.read(|txn| read(txn, test.workspace, event, minutes(0, 60))).unwrap();
        assert_eq!(found, [booked.clone(), late], "the month after is read with it");
        store.write(|txn| remove(txn, test.workspace, event, booked.booking, booked.span.start)).unwrap();
        let found = store.read(|txn| find(txn, test.workspace, event, booked.booking, booked.span.start)).unwrap();
        assert_eq!(found, None);
    }
}
