//! What the guest hears about a series: one message with all dates.

use super::store::{bookings_of, find, put};
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::messages::{self, Kind};
use crate::bookings::model::Booking;
use crate::bookings::store as bookings;
use crate::store::{StoreError, Txn};

/// One date stands now, of which its guest has not heard: its reminders are planned, and they are told of all dates as soon
/// as the last of them stands.
pub fn confirmed(app: &App, txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    messages::join(app, txn, booking, now)?;
    settled(app, txn, booking, now)
}

/// A date has come to stand or to its end: the confirmation leaves if it has waited for this one only. Writes the booking,
/// as the others are read from their rows.
pub fn settled(app: &App, txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let before = bookings::find(txn, booking.workspace, booking.id)?;
    bookings::put(txn, booking, before.as_ref())?;
    let Some(mut row) = find(txn, booking)?.filter(|row| !row.is_told) else { return Ok(()) };
    let all = bookings_of(txn, booking)?;
    let waits = |one: &Booking| one.is_pending() || (one.state.is_booked() && one.told == 0);
    let stand: Vec<Booking> = all.iter().filter(|one| one.state.is_booked()).cloned().collect();
    // The letter leads to a date that is still to come.
    let next = stand.iter().find(|one| one.end > now).or(stand.first());
    let Some(next) = next.filter(|_| !all.iter().any(waits)) else { return Ok(()) };
    row.is_told = true;
    put(txn, &row)?;
    messages::tell_of(app, txn, next, &stand, (Kind::Confirmation, ""), now)
}

/// The guest hears that their request for all these dates has come in.
pub fn asked(app: &App, txn: &mut Txn<'_>, all: &[Booking], now: UnixMillis) -> Result<(), StoreError> {
    match all.first() {
        Some(first) => messages::tell_of(app, txn, first, all, (Kind::Requested, ""), now),
        None => Ok(()),
    }
}
