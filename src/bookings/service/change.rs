//! A booked meeting is moved or cancelled; the calendar and the guest follow.

use super::{check, note, rules_of, Anyway, BookError, Wanted};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Claimed, Rules, WhyNot};
use crate::base::{BookingId, ConnectionId, UnixMillis};
use crate::bookings::calendar;
use crate::bookings::model::{Booking, State};
use crate::bookings::store;
use crate::bookings::words::Clocks;
use crate::events::{self, Happened};
use crate::jobs;

/// Whether a booking can be moved there as things stand, and what speaks against it: the errors of `move_to`.
pub fn may_move_to(app: &App, actor: &Actor, id: BookingId, start: UnixMillis) -> Result<(), BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if before.start == start && before.state.is_booked() {
        return Ok(());
    }
    check_move(app, &before, start, &Anyway::default()).map(|_| ())
}

/// The calendar and the rules of a booking that may move to `start`.
fn check_move(
    app: &App,
    before: &Booking,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<(ConnectionId, Rules), BookError> {
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    if !before.state.is_booked() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    let rules = rules_of(app, before)?;
    let zone = Clocks::of(&before.guest_zone, "UTC").guest;
    check(app, before.workspace, &Wanted { calendar, rules, start, but: Some(before), guest: &zone }, anyway)?;
    Ok((calendar, rules))
}

/// Moves a booking; the length stays. The calendar and the guest follow. To where it is already: nothing happens.
pub fn move_to(
    app: &App,
    actor: &Actor,
    id: BookingId,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if before.start == start && before.state.is_booked() {
        return Ok(before);
    }
    let (calendar, rules) = check_move(app, &before, start, anyway)?;
    let now = app.now();
    let job = calendar::job(&before, calendar, now);
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        if !current.state.is_booked() || current.start != before.start {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut moved = Booking { start, end: rules.span(start).end, ..current.clone() };
        moved.claim = rules.with_buffers(start);
        moved.version += 1;
        // What was said of the old time says nothing of the new one.
        moved.kept.outcome = None;
        moved.note(now, format!("Moved by {}.", actor.display));
        availability::release(txn, actor.workspace, calendar.0, current.claim, id)?;
        if let Claimed::Taken(_) = availability::claim(txn, actor.workspace, calendar.0, moved.claim, id, now)? {
            return Err(BookError::NotFree { why: WhyNot::Claimed, free: Vec::new() });
        }
        store::put(txn, &moved, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        events::append(txn, actor.workspace, now, Happened::BookingMoved { booking: id, contact: moved.contact })?;
        note(txn, actor, "booking.moved", id, now)?;
        Ok(moved)
    })
}

/// Cancels a booking: its time is free at once, the event goes, the guest is told. `reason` is for the guest.
pub fn cancel(app: &App, actor: &Actor, id: BookingId, reason: &str) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    let job = calendar::job(&before, calendar, now);
    let reason: String = reason.trim().chars().take(500).collect();
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        if !current.state.is_booked() {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut ended = Booking { state: State::Cancelled { reason: reason.clone() }, ..current.clone() };
        ended.version += 1;
        ended.note(now, format!("Cancelled by {}.", actor.display));
        availability::release(txn, actor.workspace, calendar.0, current.claim, id)?;
        store::put(txn, &ended, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        events::append(txn, actor.workspace, now, Happened::BookingCancelled { booking: id, contact: ended.contact })?;
        note(txn, actor, "booking.cancelled", id, now)?;
        Ok(ended)
    })
}
