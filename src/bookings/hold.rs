//! What every way to a booking does in its transaction: claim the time, write the row, queue the calendar's turn.

use super::model::{Booking, State};
use super::of_contact::waiting_of_contact;
use super::store;
use super::types;
use super::{group, host};
use crate::availability::{self, Claimed};
use crate::base::{BookingId, ContactId, ReplyId, UnixMillis, WorkspaceId};
use crate::jobs::{self, NewJob};
use crate::messaging;
use crate::store::{StoreError, Txn};

/// Claims the booking's time and begins to write it. When the time is taken nothing is written.
pub fn hold(
    txn: &mut Txn<'_>,
    before: Option<&Booking>,
    booking: &Booking,
    job: &NewJob,
    now: UnixMillis,
) -> Result<Claimed, StoreError> {
    let Some(calendar) = booking.connection else {
        return Err(StoreError::Engine("a booking without a calendar cannot be held".into()));
    };
    let claimed = availability::claim(txn, booking.workspace, calendar.0, booking.claim, booking.id, now)?;
    if claimed != Claimed::Yes {
        return Ok(claimed);
    }
    let held = Booking { state: State::Held, version: booking.version + 1, trouble: None, ..booking.clone() };
    store::put(txn, &held, before)?;
    jobs::enqueue(txn, job)?;
    host::plan(txn, &held, now)?;
    retire_proposals(txn, booking.workspace, booking.contact, Some(booking.id), "A time was agreed.", now)?;
    if let Some(reply) = booking.reply {
        handled(txn, booking.workspace, reply, now)?;
    }
    Ok(Claimed::Yes)
}

/// Gives back the time that a booking holds: of its calendar, its hosts and its rooms, and in the ledger of its event
/// type. A group keeps its time as long as somebody of it is left, but for what nobody of those holds.
pub fn give_back(txn: &mut Txn<'_>, booking: &Booking) -> Result<(), StoreError> {
    let (workspace, details) = (booking.workspace, &booking.details);
    let Some(event) = details.event_type else {
        let Some(calendar) = booking.connection else { return Ok(()) };
        return availability::release(txn, workspace, calendar.0, booking.claim, booking.id);
    };
    types::remove_entry(txn, workspace, event, booking.id, booking.start)?;
    let others = group::held_by_others(txn, booking)?;
    for resource in details.resources.iter().filter(|resource| !others.contains(resource)) {
        availability::release(txn, workspace, *resource, booking.claim, booking.holder())?;
    }
    Ok(())
}

/// Ends what a contact had proposed before: there is a newer word.
pub fn retire_proposals(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    but: Option<BookingId>,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let older = waiting_of_contact(txn, workspace, contact, now)?;
    let is_older = |one: &Booking| one.state.is_proposed() && !one.is_request() && Some(one.id) != but;
    for before in older.into_iter().filter(is_older) {
        let mut booking = before.clone();
        booking.state = State::Cancelled { reason: reason.to_owned() };
        booking.note(now, reason);
        store::put(txn, &booking, Some(&before))?;
    }
    Ok(())
}

/// What was agreed did not come to be: the answer waits for a person again.
pub fn reopen(txn: &mut Txn<'_>, workspace: WorkspaceId, reply: ReplyId) -> Result<(), StoreError> {
    let Some(mut reply) = messaging::find_reply(txn, workspace, reply)? else { return Ok(()) };
    reply.handled_at = None;
    messaging::update_reply(txn, &reply)
}

/// The answer needs nobody any more.
pub fn handled(txn: &mut Txn<'_>, workspace: WorkspaceId, reply: ReplyId, now: UnixMillis) -> Result<(), StoreError> {
    let Some(mut reply) = messaging::find_reply(txn, workspace, reply)? else { return Ok(()) };
    if reply.handled_at.is_none() {
        reply.handled_at = Some(now);
        messaging::update_reply(txn, &reply)?;
    }
    Ok(())
}
