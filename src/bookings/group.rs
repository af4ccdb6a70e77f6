//! A group: those who booked the same time of an event type with seats. They share one event in the calendar and one
//! meeting. Each has a booking of their own and hears by our mail only, so that nobody learns who else comes.

use serde::{Deserialize, Serialize};

use super::model::Booking;
use super::store;
use super::types;
use crate::base::{counted, BookingId, UnixMillis};
use crate::contacts;
use crate::store::{StoreError, Txn};

/// The others who sit with a booking, in the order in which they booked: those that stand, in the same calendar.
pub fn others(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<Booking>, StoreError> {
    match booking.details.session {
        Some(session) => sitting(txn, booking, session, booking.start),
        None => Ok(Vec::new()),
    }
}

/// Those but `of` who sit in a group of its event type.
fn sitting(txn: &mut Txn<'_>, of: &Booking, session: BookingId, start: UnixMillis) -> Result<Vec<Booking>, StoreError> {
    let Some(event) = of.details.event_type else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for id in types::sitting_in(txn, of.workspace, event, session, start)? {
        if id != of.id {
            all.extend(store::find(txn, of.workspace, id)?);
        }
    }
    let sits = |other: &Booking| {
        let place = (other.connection, &other.calendar_id) == (of.connection, &of.calendar_id);
        place && other.state.is_booked() && other.start == start
    };
    all.retain(sits);
    Ok(all)
}

/// How the shared event reads in the host's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// "Yoga for beginners: 3 guests".
    pub title: String,
    /// A line for each guest.
    pub guests: String,
}

/// For everybody in `all`; `None` where there is no group.
pub fn words(txn: &mut Txn<'_>, all: &[&Booking]) -> Result<Option<Words>, StoreError> {
    let Some(name) = all.first().map(|one| name(txn, one)).transpose()?.flatten() else { return Ok(None) };
    let title = format!("{name}: {}", counted(all.len() as u64, "guest", "guests"));
    let mut lines = Vec::new();
    for one in all {
        let address = match &one.details.email {
            Some(email) => Some(email.display().to_owned()),
            None => {
                let contact = contacts::find(txn, one.workspace, one.contact)?;
                contact.and_then(|contact| Some(contact.address()?.display().to_owned()))
            }
        };
        lines.push(format!("{} {}", one.details.name, address.unwrap_or_default()).trim().to_owned());
    }
    Ok(Some(Words { title, guests: lines.join("\n") }))
}

/// What the group comes for: the event type's name; `None` of a booking that is in no group.
pub fn name(txn: &mut Txn<'_>, booking: &Booking) -> Result<Option<String>, StoreError> {
    let Some(event) = booking.details.event_type.filter(|_| booking.details.session.is_some()) else { return Ok(None) };
    let found = types::find(txn, booking.workspace, event)?;
    Ok(Some(found.map_or_else(|| booking.title.clone(), |event| event.name)))
}

/// Where a booking sat before it moved, and what it shared there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    session: BookingId,
    start: UnixMillis,
    pub calendar_id: String,
    pub event: Option<String>,
    pub meeting: Option<String>,
}

impl Left {
    /// `None` of a booking that sits in no group.
    pub fn of(booking: &Booking) -> Option<Self> {
        Some(Self {
            session: booking.details.session?,
            start: booking.start,
            calendar_id: booking.calendar_id.clone(),
            event: booking.event_id.clone(),
            meeting: booking.hosted.id.clone(),
        })
    }

    /// Who sits there still.
    pub fn behind(&self, txn: &mut Txn<'_>, moved: &Booking) -> Result<Vec<Booking>, StoreError> {
        sitting(txn, moved, self.session, self.start)
    }
}

/// Event and meeting move with a booking that is alone where it was and where it goes. Any other leaves them to those who
/// stay, or joins those who are there.
pub fn part(txn: &mut Txn<'_>, before: &Booking, moved: &mut Booking) -> Result<(), StoreError> {
    if before.details.session.is_none() || (others(txn, before)?.is_empty() && others(txn, moved)?.is_empty()) {
        return Ok(());
    }
    (moved.event_id, moved.ical_uid, moved.video_link) = (None, None, None);
    (moved.hosted.id, moved.hosted.passcode, moved.hosted.was_asked) = (None, None, false);
    Ok(())
}
