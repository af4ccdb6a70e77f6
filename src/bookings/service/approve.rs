//! Somebody agrees to what a visitor asked for. Its time was kept all along.

use super::{note, BookError};
use crate::app::App;
use crate::authz::Actor;
use crate::bookings::calendar;
use crate::bookings::model::{Booking, State};
use crate::bookings::store;
use crate::bookings::tell::tell;
use crate::events::{self, Happened};
use crate::jobs;

pub(super) fn approve(app: &App, actor: &Actor, before: &Booking) -> Result<Booking, BookError> {
    let now = app.now();
    let job = before.connection.map(|connection| calendar::job(before, connection, now));
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, before.id)?.ok_or(BookError::NotFound)?;
        if !current.is_request() {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut booking = Booking { state: State::Held, version: current.version + 1, ..current.clone() };
        booking.note(now, format!("Agreed to by {}.", actor.display));
        match &job {
            Some(job) => {
                jobs::enqueue(txn, job)?;
            }
            // Without a calendar there is nothing to wait for.
            None => {
                booking.state = State::Confirmed;
                booking.written = booking.version;
                let what = Happened::BookingConfirmed { booking: booking.id, contact: booking.contact };
                events::append(txn, booking.workspace, now, what)?;
                tell(app, txn, &mut booking, now)?;
            }
        }
        store::put(txn, &booking, Some(&current))?;
        note(txn, actor, "booking.accepted", booking.id, now)?;
        Ok(booking)
    })
}
