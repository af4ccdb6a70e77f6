//! Several dates of a series end in one act: one transaction, one message.

use super::store::{bookings_of, read};
use super::told::settled;
use crate::app::App;
use crate::audit::Who;
use crate::base::{BookingId, UnixMillis, WorkspaceId};
use crate::bookings::calendar;
use crate::bookings::hold::give_back;
use crate::bookings::messages::{self, Kind};
use crate::bookings::model::{Booking, State};
use crate::bookings::paid;
use crate::bookings::service::{end_in, BookError, End};
use crate::bookings::store as bookings;
use crate::store::{StoreError, Txn};

/// Which dates end with `from`: it and all later ones that still stand; what is only asked for, or not paid yet, ends as a
/// whole.
pub fn ending<'a>(all: &'a [Booking], from: &'a Booking, now: UnixMillis) -> impl Iterator<Item = &'a Booking> {
    let is_request = from.is_pending();
    all.iter().filter(move |one| match is_request {
        true => one.is_pending(),
        false => (one.state.is_booked() || one.is_pending()) && one.start >= from.start && one.end > now,
    })
}

/// Ends a date and all later ones of its series, for a member or for the visitor. Gives it as it stands then, and which
/// have ended: it may have ended before, and the later ones now.
pub fn end_rest(
    app: &App,
    workspace: WorkspaceId,
    from: &Booking,
    end: &End<'_>,
) -> Result<(Booking, Vec<BookingId>), BookError> {
    let now = app.now();
    let job = |booking: &Booking| booking.connection.map(|connection| calendar::job(booking, connection, now));
    let jobs: Vec<_> = read(app, from)?.iter().map(|booking| (booking.id, job(booking))).collect();
    let reason = end.reason();
    app.store.write(|txn| {
        let current = bookings::find(txn, workspace, from.id)?.ok_or(BookError::NotFound)?;
        if !end.concerns(from, &current) {
            return Err(BookError::NotOpen(current.state.words()));
        }
        if from.state == State::Unpaid && !current.is_pending() {
            // It was paid for meanwhile: whoever gave up what was not paid has not said which dates of it they want.
            return Err(BookError::NotOpen(current.state.words()));
        }
        let all = bookings_of(txn, &current)?;
        let kind = match current.is_request() && end.who != Who::Visitor {
            true => Kind::Declined,
            false => Kind::Cancelled,
        };
        let mut ended = Vec::new();
        for before in ending(&all, &current, now) {
            let job = jobs.iter().find(|(id, _)| *id == before.id).and_then(|(_, job)| job.as_ref());
            let one = end_in(app, txn, (before, job), (end, &reason), true, now)?;
            messages::keep_up(txn, &one, now)?;
            ended.push(one);
        }
        let Some(first) = ended.first() else { return Err(BookError::NotOpen(current.state.words())) };
        messages::tell_of(app, txn, first, &ended, (kind, &reason), now)?;
        settled(app, txn, first, now)?;
        let ids = ended.iter().map(|one| one.id).collect();
        Ok((ended.into_iter().find(|one| one.id == from.id).unwrap_or(current), ids))
    })
}

/// What was asked for ends because nobody decided in time; gives all that ended, written.
pub fn lapse(app: &App, txn: &mut Txn<'_>, request: &Booking, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    let mut ended = Vec::new();
    for before in bookings_of(txn, request)?.into_iter().filter(Booking::is_request) {
        let mut one = Booking { state: State::Cancelled { reason: reason.to_owned() }, ..before.clone() };
        one.note(now, reason);
        give_back(txn, &before)?;
        paid::let_go(txn, &one, now, now)?;
        bookings::put(txn, &one, Some(&before))?;
        ended.push(one);
    }
    match ended.first() {
        Some(first) => messages::tell_of(app, txn, first, &ended, (Kind::Declined, ""), now),
        None => Ok(()),
    }
}
