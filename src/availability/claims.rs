//! Claimed time: what our own bookings hold of a resource (a calendar), buffers included.
//!
//! One record per resource and UTC day holds that day's claims to the millisecond; a claim that crosses midnight
//! stands in both days. Point reads and writes in one transaction: of many who want a time at once, one gets it,
//! on every engine.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::Span;
use crate::base::{BookingId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, KeyRange, Retention, Store, StoreError, Table, Tree, Txn};

const DAY_MILLIS: i64 = 86_400_000;
/// Days of one claim; meetings last at most eight hours.
const MOST_DAYS: u32 = 3;
/// Days of one question.
const MOST_RECORDS: usize = 400;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct DayClaims {
    claims: Vec<Claim>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    span: Span,
    booking: BookingId,
    /// A hold while somebody fills in the form: it blocks nobody from then on.
    #[serde(default)]
    until: Option<UnixMillis>,
}

impl Claim {
    fn stands(&self, now: UnixMillis) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// It is for good, and not that of `but`.
    fn lasts(&self, but: Option<BookingId>) -> bool {
        self.until.is_none() && Some(self.booking) != but
    }
}

const CLAIMS: Table<DayClaims> = Table::sealed(
    0x0d01,
    "claimed_time",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "Which time of a calendar our own bookings hold, so that none is given twice.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&CLAIMS)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    Yes,
    /// This booking has part of it.
    Taken(BookingId),
}

/// Claims `span` of the resource for `booking`; what the booking held before stays its own, so a repeated claim is
/// harmless. Holds that have run out by `now` are in nobody's way.
pub fn claim(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    span: Span,
    booking: BookingId,
    now: UnixMillis,
) -> Result<Claimed, StoreError> {
    take(txn, workspace, resource, Claim { span, booking, until: None }, now)
}

/// As `claim`, until an instant: while a form is open.
pub fn hold_until(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    span: Span,
    booking: BookingId,
    until: UnixMillis,
    now: UnixMillis,
) -> Result<Claimed, StoreError> {
    take(txn, workspace, resource, Claim { span, booking, until: Some(until) }, now)
}

fn take(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    mine: Claim,
    now: UnixMillis,
) -> Result<Claimed, StoreError> {
    let (span, booking) = (mine.span, mine.booking);
    let days = days_of(span);
    let mut records = Vec::new();
    for day in days.clone() {
        let record = txn.get(&CLAIMS, &key(workspace, resource, day))?.unwrap_or_default();
        let in_the_way = |claim: &&Claim| claim.booking != booking && claim.stands(now) && claim.span.overlaps(&span);
        let other = record.claims.iter().find(in_the_way);
        if let Some(other) = other {
            return Ok(Claimed::Taken(other.booking));
        }
        records.push(record);
    }
    for (day, mut record) in days.zip(records) {
        if !record.claims.contains(&mine) {
            let replaced = |claim: &Claim| claim.booking == booking && claim.span == span;
            record.claims.retain(|claim| claim.stands(now) && !replaced(claim));
            record.claims.push(mine.clone());
            record.claims.sort_by_key(|claim| claim.span);
            txn.put(&CLAIMS, &key(workspace, resource, day), &record)?;
        }
    }
    Ok(Claimed::Yes)
}

/// Gives back what `booking` holds in the days of `span`.
pub fn release(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    span: Span,
    booking: BookingId,
) -> Result<(), StoreError> {
    for day in days_of(span) {
        let key = key(workspace, resource, day);
        let Some(mut record) = txn.get(&CLAIMS, &key)? else { continue };
        record.claims.retain(|claim| claim.booking != booking);
        if record.claims.is_empty() {
            txn.remove(&CLAIMS, &key)?;
        } else {
            txn.put(&CLAIMS, &key, &record)?;
        }
    }
    Ok(())
}

/// What blocks a resource between two instants at `now`, holds among it, with its holders.
pub fn taken_between(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    range: Span,
    now: UnixMillis,
) -> Result<Vec<(Span, BookingId)>, StoreError> {
    let from = key(workspace, resource, day_of(range.start));
    let to = key(workspace, resource, day_of(range.end).saturating_add(1));
    let range_of_days = KeyRange { start: from.as_bytes().to_vec(), end: to.as_bytes().to_vec() };
    let records = txn.list_range(&CLAIMS, &range_of_days, Dir::Forward, MOST_RECORDS)?;
    let claims = records.into_iter().flat_map(|(_, record)| record.claims);
    let blocking = claims.filter(|claim| claim.stands(now) && claim.span.overlaps(&range));
    let mut found: Vec<(Span, BookingId)> = blocking.map(|claim| (claim.span, claim.booking)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// As `taken_between`, of one claimed day and its neighbours, by point reads: whoever writes one of these days
/// meanwhile makes the transaction run again.
pub fn taken_around(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    span: Span,
    now: UnixMillis,
) -> Result<Vec<(Span, BookingId)>, StoreError> {
    let mut found = around(txn, workspace, resource, span)?;
    found.retain(|claim| claim.stands(now));
    let mut found: Vec<(Span, BookingId)> = found.into_iter().map(|claim| (claim.span, claim.booking)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// The claims in the days of `span`; one that crosses midnight twice.
fn around(txn: &mut Txn<'_>, workspace: WorkspaceId, resource: Uuid, span: Span) -> Result<Vec<Claim>, StoreError> {
    let mut found = Vec::new();
    for day in days_of(span) {
        found.extend(txn.get(&CLAIMS, &key(workspace, resource, day))?.unwrap_or_default().claims);
    }
    Ok(found)
}

/// As `claimed`, of the days of `span` alone, by point reads inside a transaction.
pub fn claimed_around(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    span: Span,
    but: Option<BookingId>,
) -> Result<Vec<Span>, StoreError> {
    let mut found = around(txn, workspace, resource, span)?;
    found.retain(|claim| claim.lasts(but) && claim.span.overlaps(&span));
    let mut found: Vec<Span> = found.into_iter().map(|claim| claim.span).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// What is claimed between two instants, in order, except by `but`. Holds are not among it.
pub fn claimed(
    store: &Store,
    workspace: WorkspaceId,
    resource: Uuid,
    range: Span,
    but: Option<BookingId>,
) -> Result<Vec<Span>, StoreError> {
    let of_resource = Key::of(&CLAIMS, workspace).id(resource);
    let mut found = Vec::new();
    store.each(&CLAIMS, &of_resource, |_, record| {
        let others = record.claims.into_iter().filter(|claim| claim.lasts(but));
        found.extend(others.map(|claim| claim.span).filter(|span| span.overlaps(&range)));
        Ok::<(), StoreError>(())
    })?;
    found.sort();
    found.dedup();
    Ok(found)
}

/// Removes the records of days that have ended before `now`, at most `limit`.
pub(super) fn sweep(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    resource: Uuid,
    now: UnixMillis,
    limit: usize,
) -> Result<(), StoreError> {
    let today = key(workspace, resource, day_of(now));
    let keys = txn.keys(&CLAIMS, &Key::of(&CLAIMS, workspace).id(resource), Dir::Forward, limit)?;
    for past in keys.into_iter().filter(|key| *key < today) {
        txn.remove(&CLAIMS, &past)?;
    }
    Ok(())
}

fn key(workspace: WorkspaceId, resource: Uuid, day: u32) -> Key {
    Key::of(&CLAIMS, workspace).id(resource).u32(day)
}

/// Days since 1970 in UTC.
fn day_of(at: UnixMillis) -> u32 {
    u32::try_from(at.0.div_euclid(DAY_MILLIS)).unwrap_or(0)
}

fn days_of(span: Span) -> std::ops::RangeInclusive<u32> {
    let first = day_of(span.start);
    let last = day_of(UnixMillis(span.end.0.saturating_sub(1)));
    first..=last.clamp(first, first.saturating_add(MOST_DAYS))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::store::{KeyRing, MasterKey, MemoryEngine, RerunEngine, SledEngine, SledOptions};
    use crate::testing;

    const WS: WorkspaceId = WorkspaceId(Uuid::from_u128(7));
    const CALENDAR: Uuid = Uuid::from_u128(8);

    fn stores() -> Vec<(&'static str, Store, tempfile::TempDir)> {
        let make = |name, sled: bool| {
            let dir = tempfile::tempdir().unwrap();
            let keys = KeyRing::open(&dir.path().join("keys.slots"), &MasterKey::new([3; 32])).unwrap();
            keys.add_owner(WS).unwrap();
            let store = if sled {
                let options = SledOptions { min_free_bytes: 0, ..SledOptions::at(&dir.path().join("store")) };
                Store::new(Arc::new(RerunEngine(SledEngine::open(&options).unwrap())), Arc::new(keys))
            } else {
                Store::new(Arc::new(RerunEngine(MemoryEngine::default())), Arc::new(keys))
            };
            (name, store, dir)
        };
        vec![make("memory, closures twice", false), make("sled, closures twice", true)]
    }

    fn minutes(from: i64, to: i64) -> Span {
        let at = |minute| UnixMillis(testing::NOW.0 + minute * 60_000);
        Span::new(at(from), at(to))
    }

    fn try_claim(store: &Store, span: Span, booking: BookingId) -> Claimed {
        store.write::<_, StoreError>(|txn| claim(txn, WS, CALENDAR, span, booking, testing::NOW)).unwrap()
    }

    fn booking() -> BookingId {
        BookingId::new(testing::NOW)
    }

    #[test]
    fn of_many_who_want_a_time_at_once_exactly_one_gets_it() {
        for (name, store, _dir) in stores() {
            let won = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for shift in 0..12 {
                    let (store, won) = (&store, &won);
                    // All overlap, none is equal, and they cross midnight UTC.
                    let span = minutes(14 * 60 - 20 + shift, 14 * 60 + 20 + shift);
                    scope.spawn(move || {
                        if try_claim(store, span, booking()) == Claimed::Yes {
                            won.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
            });
            assert_eq!(won.load(Ordering::SeqCst), 1, "{name}");
        }
    }

    #[test]
    fn neighbours_fit_and_overlaps_name_the_holder() {
        for (name, store, _dir) in stores() {
            let (first, second) = (booking(), booking());
            assert_eq!(try_claim(&store, minutes(0, 30), first), Claimed::Yes, "{name}");
            assert_eq!(try_claim(&store, minutes(30, 60), second), Claimed::Yes, "{name}");
            assert_eq!(try_claim(&store, minutes(59, 61), first), Claimed::Taken(second), "{name}");
            assert_eq!(try_claim(&store, minutes(0, 30), first), Claimed::Yes, "{name}: again is harmless");
            let held = claimed(&store, WS, CALENDAR, minutes(0, 600), Some(first)).unwrap();
            assert_eq!(held, [minutes(30, 60)], "{name}");
        }
    }

    #[test]
    fn a_booking_over_midnight_holds_both_days_and_gives_both_back() {
        for (name, store, _dir) in stores() {
            // 10:00 UTC plus 14 hours is midnight.
            let (night, holder) = (minutes(13 * 60 + 45, 14 * 60 + 15), booking());
            assert_eq!(try_claim(&store, night, holder), Claimed::Yes, "{name}");
            for edge in [minutes(13 * 60 + 30, 13 * 60 + 50), minutes(14 * 60 + 10, 14 * 60 + 30)] {
                assert_eq!(try_claim(&store, edge, booking()), Claimed::Taken(holder), "{name}");
            }
            assert_eq!(claimed(&store, WS, CALENDAR, night, None).unwrap(), [night], "{name}: listed once");
            store.write::<_, StoreError>(|txn| release(txn, WS, CALENDAR, night, holder)).unwrap();
            assert_eq!(try_claim(&store, night, booking()), Claimed::Yes, "{name}");
        }
    }

    #[test]
    fn a_hold_keeps_others_out_until_it_runs_out_and_becomes_the_booking_of_whoever_has_it() {
        for (name, store, _dir) in stores() {
            let (visitor, other) = (booking(), booking());
            let until = testing::NOW.plus(Duration::from_secs(600));
            let hold = |who| {
                let held = |txn: &mut Txn<'_>| hold_until(txn, WS, CALENDAR, minutes(0, 30), who, until, testing::NOW);
                store.write::<_, StoreError>(held).unwrap()
            };
            assert_eq!(hold(visitor), Claimed::Yes, "{name}");
            assert_eq!(try_claim(&store, minutes(15, 45), other), Claimed::Taken(visitor), "{name}");
            let late = |who| {
                let claimed = |txn: &mut Txn<'_>| claim(txn, WS, CALENDAR, minutes(15, 45), who, until);
                store.write::<_, StoreError>(claimed).unwrap()
            };
            assert_eq!(try_claim(&store, minutes(0, 30), visitor), Claimed::Yes, "{name}: the hold becomes a claim");
            assert_eq!(late(other), Claimed::Taken(visitor), "{name}: and outlasts the hold");
            store.write::<_, StoreError>(|txn| release(txn, WS, CALENDAR, minutes(0, 30), visitor)).unwrap();
            assert_eq!(hold(visitor), Claimed::Yes, "{name}");
            assert_eq!(late(other), Claimed::Yes, "{name}: what has run out blocks nobody");
        }
    }

    #[test]
    fn claims_of_past_days_are_swept_away() {
        for (name, store, _dir) in stores() {
            try_claim(&store, minutes(0, 30), booking());
            try_claim(&store, minutes(48 * 60, 48 * 60 + 30), booking());
            let later = testing::NOW.plus(Duration::from_secs(30 * 3600));
            store.write::<_, StoreError>(|txn| sweep(txn, WS, CALENDAR, later, 50)).unwrap();
            let left = claimed(&store, WS, CALENDAR, minutes(0, 9999), None).unwrap();
            assert_eq!(left, [minutes(48 * 60, 48 * 60 + 30)], "{name}");
        }
    }
}
