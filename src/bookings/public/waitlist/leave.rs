//! Off the list: by booking, by leaving, by the owner, when the period is over. What was held goes back.

use super::model::Waiter;
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability;
use crate::base::{BookingId, ContactId, EventTypeId, UnixMillis, WaiterId, WorkspaceId};
use crate::bookings::types;
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// Gives back what is held for somebody; a group's time stays as long as anybody holds on to it.
pub fn release(txn: &mut Txn<'_>, waiter: &Waiter) -> Result<(), StoreError> {
    let Some(offer) = waiter.offer() else { return Ok(()) };
    let (workspace, event) = (waiter.workspace, waiter.event);
    types::remove_entry(txn, workspace, event, offer.hold, offer.start)?;
    if types::left_of_session(txn, workspace, event, offer.holder, offer.start)? > 0 {
        return Ok(());
    }
    for resource in &offer.resources {
        availability::release(txn, workspace, *resource, offer.claim, offer.holder)?;
    }
    Ok(())
}

/// Takes somebody off the list, and tells it.
pub fn take_off(txn: &mut Txn<'_>, waiter: &Waiter, who: &Who, why: &str, now: UnixMillis) -> Result<(), StoreError> {
    release(txn, waiter)?;
    store::remove(txn, waiter)?;
    let what = Happened::WaitlistLeft { event_type: waiter.event, contact: waiter.contact, reason: why.to_owned() };
    events::append(txn, waiter.workspace, now, what)?;
    let on = format!("waiter {}", waiter.id);
    audit::record(txn, waiter.workspace, now, who, "waitlist.left", &on, why)
}

/// As the visitor or a member wants it; `false` where they are off it already.
pub fn leave(
    app: &App,
    (workspace, event, id): (WorkspaceId, EventTypeId, WaiterId),
    who: &Who,
    why: &str,
) -> Result<bool, StoreError> {
    let now = app.now();
    let is_off = app.store.write(|txn| match store::find(txn, workspace, event, id)? {
        Some(waiter) => take_off(txn, &waiter, who, why, now).map(|()| true),
        None => Ok(false),
    })?;
    if is_off {
        super::serve::hurry(app, workspace, event)?;
    }
    Ok(is_off)
}

/// Somebody has booked this event type: they wait for it no more. The time that was held is the booking's own by now.
pub fn booked(
    txn: &mut Txn<'_>,
    (workspace, event): (WorkspaceId, EventTypeId),
    contact: ContactId,
    booking: BookingId,
) -> Result<(), StoreError> {
    let by_offer = store::find_held(txn, workspace, booking)?;
    let mut waiting = store::list_of_contact(txn, workspace, contact)?;
    waiting.retain(|waiter| waiter.event == event && by_offer.as_ref().is_none_or(|taken| taken.id != waiter.id));
    for waiter in &waiting {
        release(txn, waiter)?;
        store::remove(txn, waiter)?;
    }
    by_offer.map_or(Ok(()), |taken| store::remove(txn, &taken))
}
