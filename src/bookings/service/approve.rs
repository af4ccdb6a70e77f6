//! Somebody agrees to what a visitor asked for. Its time was kept all along.

use super::{note, BookError};
use crate::app::App;
use crate::authz::Actor;
use crate::bookings::agree::agree;
use crate::bookings::calendar;
use crate::bookings::model::Booking;
use crate::bookings::series;
use crate::bookings::store;

pub(super) fn approve(app: &App, actor: &Actor, before: &Booking) -> Result<Booking, BookError> {
    let now = app.now();
    let all = match before.details.series {
        Some(_) => series::read(app, before)?,
        None => vec![before.clone()],
    };
    let all: Vec<_> = all.iter().map(|booking| (booking.id, calendar::job_anywhere(booking, now))).collect();
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, before.id)?.ok_or(BookError::NotFound)?;
        if !current.is_request() {
            return Err(BookError::NotOpen(current.state.words()));
        }
        // All dates of a series are decided about at once.
        for (id, job) in &all {
            let found = store::find(txn, actor.workspace, *id)?;
            let Some(current) = found.filter(Booking::is_request) else { continue };
            let mut booking = current.clone();
            booking.note(now, format!("Agreed to by {}.", actor.display));
            agree(app, txn, &mut booking, job, now)?;
            store::put(txn, &booking, Some(&current))?;
            note(txn, actor, "booking.accepted", booking.id, now)?;
        }
        store::find(txn, actor.workspace, before.id)?.ok_or(BookError::NotFound)
    })
}
