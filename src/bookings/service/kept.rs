//! What people note about a booking: whether it took place, and words among themselves.

use super::{note, BookError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{BookingId, NoteId, UnixMillis};
use crate::bookings::kept::{Became, Outcome, Remark, LONGEST_NOTE, MOST_NOTES};
use crate::bookings::model::Booking;
use crate::bookings::store;
use crate::events::{self, Happened};
use crate::store::Txn;

/// Notes what became of a meeting that has begun; `None` takes it back. What is noted already stays as it is.
pub fn note_outcome(app: &App, actor: &Actor, id: BookingId, became: Option<Became>) -> Result<Booking, BookError> {
    change(app, actor, id, |txn, before, now| {
        if !before.state.is_booked() {
            return Err(BookError::NotOpen(before.state.words()));
        }
        if before.start > now {
            return Err(BookError::NotBegun);
        }
        if before.kept.became() == became {
            return Ok(None);
        }
        let mut after = before.clone();
        after.kept.outcome = became.map(|what| Outcome { what, at: now, by: actor.display.clone() });
        let (booking, contact) = (id, before.contact);
        let (words, what, act) = match became {
            Some(Became::NoShow) => {
                ("The guest did not come", Happened::BookingNoShow { booking, contact }, "booking.no_show")
            }
            Some(Became::Completed) => {
                ("It took place", Happened::BookingCompleted { booking, contact }, "booking.completed")
            }
            None => (
                "What became of it was taken back",
                Happened::BookingOutcomeTakenBack { booking, contact },
                "booking.outcome_taken_back",
            ),
        };
        after.note(now, format!("{words}. ({})", actor.display));
        events::append(txn, before.workspace, now, what)?;
        note(txn, actor, act, id, now)?;
        Ok(Some(after))
    })
}

/// Adds a note for the team. 1 to 2,000 characters.
pub fn add_note(app: &App, actor: &Actor, id: BookingId, text: &str) -> Result<Booking, BookError> {
    let text = text.trim().to_owned();
    let remark = Remark { id: NoteId::new(app.now()), by: actor.display.clone(), at: app.now(), text };
    change(app, actor, id, |txn, before, now| {
        if !(1..=LONGEST_NOTE).contains(&remark.text.chars().count()) {
            return Err(BookError::NoteLength);
        }
        if before.kept.notes.len() >= MOST_NOTES {
            return Err(BookError::ManyNotes);
        }
        let mut after = before.clone();
        after.kept.notes.push(remark.clone());
        note(txn, actor, "booking.noted", id, now)?;
        Ok(Some(after))
    })
}

/// Removes a note; one that is gone already is not found.
pub fn remove_note(app: &App, actor: &Actor, id: BookingId, which: NoteId) -> Result<Booking, BookError> {
    change(app, actor, id, |txn, before, now| {
        let mut after = before.clone();
        after.kept.notes.retain(|remark| remark.id != which);
        if after.kept.notes.len() == before.kept.notes.len() {
            return Err(BookError::NotFound);
        }
        note(txn, actor, "booking.note_removed", id, now)?;
        Ok(Some(after))
    })
}

/// Changes a booking in one transaction; nothing is written where there is nothing to change.
fn change(
    app: &App,
    actor: &Actor,
    id: BookingId,
    by: impl Fn(&mut Txn<'_>, &Booking, UnixMillis) -> Result<Option<Booking>, BookError>,
) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        let Some(after) = by(txn, &before, now)? else { return Ok(before) };
        store::put(txn, &after, Some(&before))?;
        Ok(after)
    })
}
