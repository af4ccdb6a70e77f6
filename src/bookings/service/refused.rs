//! What the calendar refused is tried once more, or left as it is.

use super::make::hold_at;
use super::{note, Anyway, BookError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::BookingId;
use crate::bookings::model::{Booking, State};
use crate::bookings::{calendar, group, host, store};
use crate::jobs;

/// A person has the calendar asked once more for what it refused: the event, its move or its end.
pub fn try_again(app: &App, actor: &Actor, id: BookingId, anyway: &Anyway) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if matches!(before.state, State::Failed { .. }) {
        return hold_at(app, actor, &before, before.start, anyway);
    }
    if before.hosted.is_given_up && before.trouble.is_none() {
        return hold_anew(app, actor, id);
    }
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    let now = app.now();
    // Those of a group share one event: it is brought back for all of them.
    let with_it = group::read(app, &before)?.map(|(others, _)| others).unwrap_or_default();
    let with_it = with_it.into_iter().filter(|one| one.trouble.is_some() && one.connection == before.connection);
    let all: Vec<_> = std::iter::once(before.clone()).chain(with_it).collect();
    let jobs: Vec<_> = all.iter().map(|one| (one.id, calendar::job(one, calendar, now))).collect();
    app.store.write(|txn| {
        let mut first = None;
        for (of, job) in &jobs {
            let current = store::find(txn, actor.workspace, *of)?.ok_or(BookError::NotFound)?;
            if current.trouble.is_none() || current.is_unwritten() {
                if *of == id {
                    return Err(BookError::NotOpen(current.state.words()));
                }
                continue;
            }
            let mut again = Booking { written: current.version.saturating_sub(1), ..current.clone() };
            again.note(now, format!("Tried again by {}.", actor.display));
            store::put(txn, &again, Some(&current))?;
            jobs::enqueue(txn, job)?;
            note(txn, actor, "booking.tried_again", *of, now)?;
            first.get_or_insert(again);
        }
        first.ok_or(BookError::NotFound)
    })
}

/// The service that holds the meeting is asked once more.
fn hold_anew(app: &App, actor: &Actor, id: BookingId) -> Result<Booking, BookError> {
    let now = app.now();
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        if !current.hosted.is_given_up {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut again = current.clone();
        again.hosted.begin_anew();
        again.note(now, format!("Tried again by {}.", actor.display));
        store::put(txn, &again, Some(&current))?;
        host::plan(txn, &again, now)?;
        note(txn, actor, "booking.tried_again", id, now)?;
        Ok(again)
    })
}

pub(super) fn let_rest(app: &App, actor: &Actor, id: BookingId) -> Result<(), BookError> {
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        // While it is still being tried the calendar may yet take it.
        if !before.needs_help() || before.is_unwritten() {
            return Err(BookError::NotOpen(before.state.words()));
        }
        let mut rested = Booking { trouble: None, ..before.clone() };
        rested.hosted.rest();
        if let State::Failed { reason } = &before.state {
            rested.state = State::Cancelled { reason: format!("The calendar did not take it: {reason}") };
        }
        rested.note(now, format!("Left as it is by {}.", actor.display));
        store::put(txn, &rested, Some(&before))?;
        Ok(note(txn, actor, "booking.left", id, now)?)
    })
}
