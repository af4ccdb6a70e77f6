//! The one event of a group in its host's calendar: made by whoever is written first, found by the others, and gone with
//! the last.

use super::calendar::{insert, is_marked, new_event, next_event_id, time_of, Written};
use super::group::{self, Sitting, Words};
use super::model::Booking;
use crate::app::App;
use crate::availability::with_calendar;
use crate::base::{BookingId, ConnectionId, WorkspaceId};
use crate::providers::calendar::{client_event_id, if_there, CalendarClient, Event, EventPatch, NewEvent, SendUpdates};
use crate::providers::ProviderError;
use crate::store::StoreError;

/// Who sits there, and how the event tells it.
struct Group {
    members: Vec<Booking>,
    words: Option<Words>,
}

pub fn unreadable(error: StoreError) -> ProviderError {
    ProviderError::Retry { after: None, reason: error.to_string() }
}

fn read(app: &App, workspace: WorkspaceId, sitting: &Sitting) -> Result<Group, ProviderError> {
    let read = app.store.read(|txn| {
        let members = sitting.in_calendar(txn, workspace)?;
        let words = group::words(txn, &members)?;
        Ok(Group { members, words })
    });
    read.map_err(unreadable)
}

/// Brings the event to those who sit there; where nobody does, it goes.
pub fn tend(app: &App, workspace: WorkspaceId, account: ConnectionId, sitting: Sitting) -> Result<(), ProviderError> {
    let sitting = &sitting.relocated(app, workspace).map_err(unreadable)?;
    let group = read(app, workspace, sitting)?;
    with_calendar(app, workspace, account, |calendar| {
        let Some(event) = find(calendar, sitting, &group)? else { return Ok(()) };
        let Some(words) = &group.words else {
            return calendar.delete_event(&sitting.calendar_id, &event.id, SendUpdates::None);
        };
        let patch = patch_of(words, sitting.video);
        calendar.patch_event(&sitting.calendar_id, &event.id, &patch, Some(&event.etag), SendUpdates::None).map(drop)
    })
}

/// Sees to it that there is one event for all of them, one of whom is `booking`.
pub fn present(app: &App, booking: &Booking, sitting: &Sitting) -> Result<Written, ProviderError> {
    let group = read(app, booking.workspace, sitting)?;
    super::calendar::on_calendar(app, booking, |calendar| {
        if let Some(event) = find(calendar, sitting, &group)? {
            let words = group.words.as_ref().map(|words| patch_of(words, booking.video)).unwrap_or_default();
            let patch = EventPatch { time: Some(time_of(app, booking)), ..words };
            let id = &event.id;
            let etag = Some(event.etag.as_str());
            let there = calendar.patch_event(&booking.calendar_id, id, &patch, etag, SendUpdates::None)?;
            return Ok(Written::event(booking, there));
        }
        let new = new_of(app, booking, sitting, &group);
        match insert(calendar, booking, &new, SendUpdates::None) {
            // It was there and is deleted: such an id stays taken.
            Err(ProviderError::Conflict) => {
                insert(calendar, booking, &NewEvent { id: next_event_id(booking), ..new }, SendUpdates::None)
            }
            outcome => outcome,
        }
    })
}

fn new_of(app: &App, booking: &Booking, sitting: &Sitting, group: &Group) -> NewEvent {
    let plain = new_event(app, booking, client_event_id(sitting.session.as_bytes()), &[]);
    let Some(words) = group.words.clone() else { return plain };
    let description = if booking.video { String::new() } else { words.guests };
    NewEvent { summary: words.title, location: words.place, description, ..plain }
}

/// The group's event: under an id that one of them knows, or that was chosen for all, as the answer to an insert may have
/// been lost.
fn find(calendar: &dyn CalendarClient, sitting: &Sitting, group: &Group) -> Result<Option<Event>, ProviderError> {
    let known = group.members.iter().filter_map(|one| one.event_id.as_deref()).chain(sitting.event_id.as_deref());
    let mut looked_at = Vec::new();
    for id in known {
        if looked_at.contains(&id) {
            continue;
        }
        looked_at.push(id);
        let found = if_there(calendar.get_event(&sitting.calendar_id, id))?;
        if let Some(event) = found.filter(|event| stands(event, sitting.session)) {
            return Ok(Some(event));
        }
    }
    let chosen = client_event_id(sitting.session.as_bytes());
    let found = calendar.find_event(&sitting.calendar_id, &chosen, (sitting.start, sitting.end))?;
    Ok(found.filter(|event| stands(event, sitting.session)))
}

/// It carries the group's mark; somebody else's is never touched.
fn stands(event: &Event, session: BookingId) -> bool {
    !event.is_cancelled && is_marked(event, session)
}

/// The text stays as it is where the provider has put its own link there.
fn patch_of(words: &Words, has_own_link: bool) -> EventPatch {
    EventPatch {
        summary: Some(words.title.clone()),
        description: (!has_own_link).then(|| words.guests.clone()),
        location: Some(words.place.clone()),
        ..EventPatch::default()
    }
}
