//! An event of ours that was moved in the calendar: its booking moves with it, or, where a group shares the event, all who
//! sit there.

use std::time::Duration;

use super::{leave_to_person, stands_again, stands_there};
use crate::app::App;
use crate::availability::{self, Claimed, Span};
use crate::base::UnixMillis;
use crate::bookings::group::Sitting;
use crate::bookings::hold::give_back;
use crate::bookings::model::Booking;
use crate::bookings::store;
use crate::bookings::types::{self, Entry};
use crate::events::{self, Happened};
use crate::store::{StoreError, Txn};

/// Moves to `span` whoever the event is for; what cannot be moved stays, and waits for a person.
pub(super) fn follow(
    app: &App,
    txn: &mut Txn<'_>,
    before: &Booking,
    span: Span,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if span.start <= now {
        return leave_all_to_person(txn, before, "In the calendar it was moved to a time that has passed.", now);
    }
    let Some(all) = who_moves(txn, before, now)? else {
        let words =
            "In the calendar it was moved, but somebody is just booking a seat there, asks for one, or stands in \
                     another calendar.";
        return leave_to_person(txn, before, words, now);
    };
    let moved: Vec<Booking> = all.iter().map(|one| at_time(one, span, now)).collect();
    if !change_places(txn, &all, &moved, now)? {
        let words = "In the calendar it was moved to a time that another booking has.";
        return leave_all_to_person(txn, before, words, now);
    }
    for (one, there) in all.iter().zip(moved) {
        let what = Happened::BookingMoved { booking: one.id, contact: one.contact };
        events::append(txn, one.workspace, now, what)?;
        stands_again(app, txn, one, there, "booking.moved", now)?;
    }
    Ok(())
}

/// The same is said of all who share the event: they stay together.
fn leave_all_to_person(txn: &mut Txn<'_>, before: &Booking, words: &str, now: UnixMillis) -> Result<(), StoreError> {
    let all = match Sitting::of(before) {
        Some(sitting) => sitting.members(txn, before.workspace)?,
        None => vec![before.clone()],
    };
    all.iter().filter(|one| stands_there(one)).try_for_each(|one| leave_to_person(txn, one, words, now))
}

/// The booking, or all who share its event. `None` where not all of them can move along: somebody asks for a seat or is
/// paying for one, is being written, or has an event of their own.
fn who_moves(txn: &mut Txn<'_>, before: &Booking, now: UnixMillis) -> Result<Option<Vec<Booking>>, StoreError> {
    let (Some(session), Some(event)) = (before.details.session, before.details.event_type) else {
        return Ok(Some(vec![before.clone()]));
    };
    let mut all = Vec::new();
    let seats = types::seats_in(txn, before.workspace, event, session, before.start)?;
    for seat in seats.iter().filter(|seat| seat.stands(now)) {
        let found = store::find(txn, before.workspace, seat.booking)?;
        match found.filter(|one| stands_there(one) && one.event_id == before.event_id) {
            Some(one) => all.push(one),
            None => return Ok(None),
        }
    }
    Ok(Some(all))
}

fn at_time(before: &Booking, span: Span, now: UnixMillis) -> Booking {
    let mut booking = before.clone();
    let (earlier, later) = (before.start.since(before.claim.start), before.claim.end.since(before.end));
    (booking.start, booking.end, booking.claim) = (span.start, span.end, span.widened(earlier, later));
    booking.kept.outcome = None;
    booking.note(now, "Moved in the calendar.");
    booking
}

/// Gives the old time back and claims the new one for all of them; with `false` all is as it was.
fn change_places(
    txn: &mut Txn<'_>,
    before: &[Booking],
    after: &[Booking],
    now: UnixMillis,
) -> Result<bool, StoreError> {
    before.iter().try_for_each(|one| give_back(txn, one))?;
    for one in after {
        if !take_time(txn, one, now)? {
            after.iter().try_for_each(|one| give_back(txn, one))?;
            before.iter().try_for_each(|one| take_time(txn, one, now).map(drop))?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Claims what the booking holds at its time: of its calendar, or of its hosts and rooms with its place in the ledger.
/// `false` where something of it is taken.
fn take_time(txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<bool, StoreError> {
    let (workspace, details) = (booking.workspace, &booking.details);
    let resources = match details.event_type {
        Some(_) => details.resources.clone(),
        None => booking.connection.iter().map(|calendar| calendar.0).collect(),
    };
    for resource in resources {
        let claimed = availability::claim(txn, workspace, resource, booking.claim, booking.holder(), now)?;
        if claimed != Claimed::Yes {
            return Ok(false);
        }
    }
    let Some(event) = details.event_type else { return Ok(true) };
    let minutes = |length: Duration| u32::try_from(length.as_secs() / 60).unwrap_or(0);
    let entry = Entry {
        booking: booking.id,
        span: booking.span(),
        before: minutes(booking.start.since(booking.claim.start)),
        after: minutes(booking.claim.end.since(booking.end)),
        hosts: details.hosts.clone(),
        session: details.session,
        until: None,
    };
    types::put_entry(txn, workspace, event, entry, now)?;
    Ok(true)
}
