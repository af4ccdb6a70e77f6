//! The one event of a group in its host's calendar: made by whoever is written first, found by the others, and gone with
//! the last.

use super::calendar::{insert, judged, new_event, next_event_id, on_calendar, ours, time_of, Written};
use super::group::{self, Left, Words};
use super::model::Booking;
use crate::app::App;
use crate::providers::calendar::{client_event_id, if_there, CalendarClient, Event, EventPatch, NewEvent, SendUpdates};
use crate::providers::ProviderError;
use crate::store::StoreError;

/// What the calendar is to show of a booking's group.
pub struct Group {
    /// Those who stand there besides it.
    others: Vec<Booking>,
    words: Option<Words>,
}

impl Group {
    /// The event in which others stand as well; `None` for who is alone, or has an event of its own.
    pub fn shared_with<'a>(&'a self, booking: &'a Booking) -> Option<&'a str> {
        match &booking.event_id {
            Some(own) => self.others.iter().any(|one| shares(one, own)).then_some(own),
            None => self.others.iter().find_map(|one| one.event_id.as_deref()),
        }
    }

    /// Where the event may be, the booking's own before those of others.
    fn event_ids<'a>(&'a self, booking: &'a Booking) -> Vec<&'a str> {
        let mut ids: Vec<&str> = booking.event_id.as_deref().into_iter().collect();
        for other in self.others.iter().filter_map(|one| one.event_id.as_deref()) {
            if !ids.contains(&other) {
                ids.push(other);
            }
        }
        ids
    }
}

/// Earlier versions wrote an event for each guest.
fn shares(other: &Booking, event: &str) -> bool {
    other.event_id.as_deref().is_none_or(|theirs| theirs == event)
}

pub fn unreadable(error: StoreError) -> ProviderError {
    ProviderError::Retry { after: None, reason: error.to_string() }
}

/// A booking's group as it stands now; without words of a booking that is in none.
pub fn together(app: &App, booking: &Booking) -> Result<Group, ProviderError> {
    let read = app.store.read(|txn| {
        let others = group::others(txn, booking)?;
        let own = booking.state.is_booked().then_some(booking);
        let all: Vec<&Booking> = own.into_iter().chain(&others).collect();
        let words = group::words(txn, &all)?;
        Ok(Group { others, words })
    });
    read.map_err(unreadable)
}

/// Sees to it that there is one event for all of them.
pub fn present(app: &App, booking: &Booking) -> Result<Written, ProviderError> {
    let group = together(app, booking)?;
    on_calendar(app, booking, |calendar| {
        for id in group.event_ids(booking) {
            if let Some(event) = ours(calendar, booking, id)? {
                return change(app, calendar, booking, &event, &group);
            }
        }
        // Without an answer to the insert of another it may be there, under the id that was chosen for all.
        let (chosen, time) = (client_event_id(booking.holder().as_bytes()), (booking.start, booking.end));
        if let Some(event) = judged(booking, calendar.find_event(&booking.calendar_id, &chosen, time)?)? {
            return change(app, calendar, booking, &event, &group);
        }
        let words = group.words.clone();
        let plain = new_event(app, booking, chosen, &[]);
        let new = NewEvent {
            summary: words.as_ref().map_or(plain.summary, |words| words.title.clone()),
            description: words.filter(|_| !booking.video).map(|words| words.guests).unwrap_or_default(),
            ..plain
        };
        match insert(calendar, booking, &new, SendUpdates::None) {
            // It was there and is deleted: such an id stays taken.
            Err(ProviderError::Conflict) => {
                insert(calendar, booking, &NewEvent { id: next_event_id(booking), ..new }, SendUpdates::None)
            }
            outcome => outcome,
        }
    })
}

fn change(
    app: &App,
    calendar: &dyn CalendarClient,
    booking: &Booking,
    event: &Event,
    group: &Group,
) -> Result<Written, ProviderError> {
    let time = Some(time_of(app, booking));
    let location = booking.location.is_some().then(|| booking.whereabouts());
    let patch = EventPatch { time, location, ..patch_of(booking, group.words.as_ref()) };
    let moved = calendar.patch_event(&booking.calendar_id, &event.id, &patch, Some(&event.etag), SendUpdates::None)?;
    Ok(Written::event(booking, moved))
}

/// Who comes, as the event tells its host.
pub fn reword(
    calendar: &dyn CalendarClient,
    booking: &Booking,
    event: &Event,
    group: &Group,
) -> Result<(), ProviderError> {
    let patch = patch_of(booking, group.words.as_ref());
    calendar.patch_event(&booking.calendar_id, &event.id, &patch, Some(&event.etag), SendUpdates::None).map(drop)
}

/// The text stays as it is where the provider has put its own link there.
fn patch_of(booking: &Booking, words: Option<&Words>) -> EventPatch {
    EventPatch {
        summary: words.map(|words| words.title.clone()),
        description: words.filter(|_| !booking.video).map(|words| words.guests.clone()),
        ..EventPatch::default()
    }
}

/// Takes a booking that has moved away out of the event of those who stay; an event where nobody is left goes.
pub fn part_from(app: &App, booking: &Booking, left: Option<Left>) -> Result<(), ProviderError> {
    let Some(left) = left else { return Ok(()) };
    let Some(id) = left.event.clone() else { return Ok(()) };
    let group = app.store.read(|txn| {
        let mut others = left.behind(txn, booking)?;
        others.retain(|other| shares(other, &id));
        let words = group::words(txn, &others.iter().collect::<Vec<_>>())?;
        Ok(Group { others, words })
    });
    let group = group.map_err(unreadable)?;
    let parted = on_calendar(app, booking, |calendar| {
        match judged(booking, if_there(calendar.get_event(&left.calendar_id, &id))?)? {
            Some(event) if group.others.is_empty() => {
                calendar.delete_event(&left.calendar_id, &event.id, SendUpdates::None)?;
            }
            Some(event) => reword(calendar, booking, &event, &group)?,
            None => {}
        }
        Ok(Written::nothing(booking))
    });
    parted.map(drop)
}
