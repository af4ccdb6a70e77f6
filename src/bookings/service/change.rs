//! A booked meeting is moved or cancelled; the calendar and the guest follow.

use super::{check, note, rules_of, Anyway, BookError, Wanted};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, Claimed, WhyNot};
use crate::base::{BookingId, UnixMillis};
use crate::bookings::calendar;
use crate::bookings::host;
use crate::bookings::model::{Booking, State};
use crate::bookings::store;
use crate::bookings::words::Clocks;
use crate::events::{self, Happened};
use crate::jobs;

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
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    if !before.state.is_booked() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    if before.start == start {
        return Ok(before);
    }
    let rules = rules_of(app, &before)?;
    let zone = Clocks::of(&before.guest_zone, "UTC").guest;
    check(app, actor.workspace, &Wanted { calendar, rules, start, but: Some(&before), guest: &zone }, anyway)?;
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
        moved.note(now, format!("Moved by {}.", actor.display));
        availability::release(txn, actor.workspace, calendar.0, current.claim, id)?;
        if let Claimed::Taken(_) = availability::claim(txn, actor.workspace, calendar.0, moved.claim, id, now)? {
            return Err(BookError::NotFree { why: WhyNot::Claimed, free: Vec::new() });
        }
        store::put(txn, &moved, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        host::plan(txn, &moved, now)?;
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
        host::plan(txn, &ended, now)?;
        events::append(txn, actor.workspace, now, Happened::BookingCancelled { booking: id, contact: ended.contact })?;
        note(txn, actor, "booking.cancelled", id, now)?;
        Ok(ended)
    })
}
