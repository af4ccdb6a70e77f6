//! What a contact has before them: the next meeting, and the times that they asked for. A contact may have many dates
//! (a series has up to two dozen), so neither is looked for among some number of the latest.

use std::time::Duration;

use super::model::Booking;
use super::store::{find, BY_CONTACT, WAITING};
use crate::base::{BookingId, ContactId, UnixMillis, WorkspaceId};
use crate::store::{successor, Dir, Key, StoreError, Txn};

/// How long before now a meeting may have begun that still runs. One is planned for a day at most; its owner may
/// stretch it in their calendar.
const STILL_RUNNING: Duration = Duration::from_secs(31 * 24 * 3600);
/// Bookings of one contact that are looked at; a transaction reads no more.
const MOST_READ: usize = 2_000;
const ROWS_AT_ONCE: usize = 50;

/// The first booking of the contact, by its start, that is not over and that `is_wanted` lets through.
pub fn next_ahead(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    now: UnixMillis,
    is_wanted: impl Fn(&Booking) -> bool,
) -> Result<Option<Booking>, StoreError> {
    let mut found = None;
    each_key(txn, (workspace, contact), now, |txn, key| {
        let Some(id) = key.last_id() else { return Ok(true) };
        found = find(txn, workspace, BookingId(id))?.filter(|booking| booking.end > now && is_wanted(booking));
        Ok(found.is_none())
    })?;
    Ok(found)
}

/// The times of the contact that wait for a decision, in their order; of a series its first date. Those of the past
/// have lapsed.
pub fn waiting_of_contact(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    now: UnixMillis,
) -> Result<Vec<Booking>, StoreError> {
    let of_contact = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let mut waiting = Vec::new();
    each_key(txn, (workspace, contact), now, |txn, key| {
        // Both indexes end alike: start ++ id.
        let rest = key.as_bytes().get(of_contact.as_bytes().len()..).unwrap_or_default();
        if txn.exists(&WAITING, &Key::of(&WAITING, workspace).bytes(rest))? {
            let booking = key.last_id().map(|id| find(txn, workspace, BookingId(id))).transpose()?;
            waiting.extend(booking.flatten());
        }
        Ok(true)
    })?;
    Ok(waiting)
}

/// The contact's keys from what may still run, in the order of their start, until `look` says that it has seen enough.
fn each_key(
    txn: &mut Txn<'_>,
    (workspace, contact): (WorkspaceId, ContactId),
    now: UnixMillis,
    mut look: impl FnMut(&mut Txn<'_>, &Key) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let of_contact = Key::of(&BY_CONTACT, workspace).id(contact.0);
    let mut range = of_contact.as_prefix();
    range.start = of_contact.time(now.minus(STILL_RUNNING)).as_bytes().to_vec();
    for _ in 0..MOST_READ / ROWS_AT_ONCE {
        let keys = txn.keys_range(&BY_CONTACT, &range, Dir::Forward, ROWS_AT_ONCE)?;
        for key in &keys {
            if !look(txn, key)? {
                return Ok(());
            }
        }
        let Some(last) = keys.last().filter(|_| keys.len() == ROWS_AT_ONCE) else { break };
        range.start = successor(last.as_bytes());
    }
    Ok(())
}
