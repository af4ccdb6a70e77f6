//! What the owner does to our events in the calendar comes back: moved there is moved here, deleted there is cancelled
//! here, and the guest hears of it once. What cannot be taken over waits for a person.
//!
//! Looked for whenever a calendar is told to have changed, while a connection has bookings ahead; where its provider
//! does not tell, as often as busy times are read.

mod moved;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calendar;
use super::group;
use super::hold::give_back;
use super::host;
use super::model::{Booking, State};
use super::store;
use super::tell::tell;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::{self, with_calendar, Span, LOOK_BACK, READ_AHEAD};
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections;
use crate::events::{self, Ended, Happened};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::calendar::{Event, When};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// Where changes are told, one may still be lost on the way: all is looked at this often.
const AT_LEAST: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    connection: ConnectionId,
}

/// Sees to it that the events of the booking's connection are looked at.
pub fn look_soon(txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let Some(connection) = booking.connection else { return Ok(()) };
    let job = NewJob::new(LOOK_BACK, Lane::CalendarSync, booking.workspace, now, &Payload { connection })
        .serial(connection.0)
        .once(connection.to_string());
    jobs::enqueue(txn, &job).map(|_| ())
}

pub struct LookBack;

impl Task<App> for LookBack {
    fn kind(&self) -> &'static str {
        LOOK_BACK
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        look(app, job).unwrap_or_else(Outcome::from)
    }
}

fn look(app: &App, job: &Job) -> Result<Outcome, StoreError> {
    let Payload { connection } = job.payload()?;
    let (workspace, now) = (job.workspace, app.now());
    let every = app.config.jobs.calendar_sync;
    let again = Outcome::Again { at: now.plus(every) };
    let found = connections::get(&app.store, workspace, connection)?;
    let Some(found) = found.filter(|one| one.calendars().is_some()) else { return Ok(Outcome::Done) };
    let ahead = ahead(app, workspace, connection, now)?;
    if ahead.is_empty() {
        return Ok(Outcome::Done);
    }
    if !found.state.is_working() {
        return Ok(again);
    }
    let mut by_calendar: BTreeMap<&str, Vec<&Booking>> = BTreeMap::new();
    for booking in &ahead {
        by_calendar.entry(booking.calendar_id.as_str()).or_default().push(booking);
    }
    let mut are_told = true;
    for (calendar, bookings) in by_calendar {
        let (seen, is_whole) = changes(app, workspace, connection, calendar, &bookings);
        let row = availability::cached_of(&app.store, workspace, connection, calendar)?;
        are_told = are_told && is_whole && row.is_some_and(|row| row.is_followed);
        for (booking, change) in seen {
            app.store.write(|txn| take_over(app, txn, booking, &change, now))?;
        }
    }
    Ok(if are_told { Outcome::Again { at: now.plus(every.max(AT_LEAST)) } } else { again })
}

/// Bookings that stand in the calendar as they stand here, as far as we know.
fn ahead(
    app: &App,
    workspace: WorkspaceId,
    connection: ConnectionId,
    now: UnixMillis,
) -> Result<Vec<Booking>, StoreError> {
    let mut all = store::list_between(&app.store, workspace, Span::lasting(now, READ_AHEAD))?;
    all.retain(|booking| booking.connection == Some(connection) && stands_there(booking));
    Ok(all)
}

fn stands_there(booking: &Booking) -> bool {
    booking.state == State::Confirmed
        && booking.event_id.is_some()
        && !booking.is_unwritten()
        && booking.trouble.is_none()
}

/// What has become of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Deleted,
    Moved(Span),
    /// It is there, and cannot be followed; why, in words.
    Unclear(&'static str),
}

/// One question for the whole calendar; only what does not stand where it should is asked for by itself. With
/// `false` when some of it did not answer.
fn changes<'a>(
    app: &App,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calendar: &str,
    bookings: &[&'a Booking],
) -> (Vec<(&'a Booking, Change)>, bool) {
    let start = bookings.iter().map(|booking| booking.start).min().unwrap_or_default();
    let end = bookings.iter().map(|booking| booking.end).max().unwrap_or_default();
    let listed = with_calendar(app, workspace, connection, |client| client.list_taken(calendar, start, end));
    // What cannot be asked says nothing about the events.
    let Ok(listed) = listed else { return (Vec::new(), false) };
    let stands = |booking: &Booking| {
        listed.iter().any(|event| {
            Some(&event.id) == booking.event_id.as_ref()
                && event.start == Some(When::At(booking.start))
                && event.end == Some(When::At(booking.end))
        })
    };
    let (mut found, mut is_whole) = (Vec::new(), true);
    for booking in bookings.iter().filter(|booking| !stands(booking)) {
        let Some(id) = &booking.event_id else { continue };
        let event = with_calendar(app, workspace, connection, |client| client.get_event(calendar, id));
        is_whole = is_whole && !matches!(&event, Err(error) if !is_absence(error));
        found.extend(change_of(booking, event).map(|change| (*booking, change)));
    }
    (found, is_whole)
}

fn is_absence(error: &ProviderError) -> bool {
    matches!(error, ProviderError::NotFound | ProviderError::Gone)
}

fn change_of(booking: &Booking, event: Result<Event, ProviderError>) -> Option<Change> {
    let event = match event {
        Ok(event) => event,
        Err(ProviderError::NotFound | ProviderError::Gone) => return Some(Change::Deleted),
        Err(_) => return None,
    };
    if event.is_cancelled {
        return Some(Change::Deleted);
    }
    match (calendar::is_marked(&event, booking.holder()), event.start, event.end) {
        (false, ..) => None,
        (true, Some(When::At(start)), Some(When::At(end))) if start < end => {
            let span = Span::new(start, end);
            (span != booking.span()).then_some(Change::Moved(span))
        }
        (true, ..) => Some(Change::Unclear("In the calendar it was made an event without a time.")),
    }
}

fn take_over(app: &App, txn: &mut Txn<'_>, seen: &Booking, change: &Change, now: UnixMillis) -> Result<(), StoreError> {
    // Somebody may have decided here meanwhile.
    let current = store::find(txn, seen.workspace, seen.id)?;
    let current = current.filter(|booking| booking.version == seen.version && stands_there(booking));
    let Some(before) = current else { return Ok(()) };
    match change {
        Change::Deleted => deleted(app, txn, &before, now),
        Change::Moved(span) => moved::follow(app, txn, &before, *span, now),
        Change::Unclear(words) => leave_to_person(txn, &before, words, now),
    }
}

fn deleted(app: &App, txn: &mut Txn<'_>, before: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let mut booking = before.clone();
    give_back(txn, before)?;
    booking.state = State::Cancelled { reason: String::new() };
    booking.note(now, "Deleted in the calendar, and so cancelled.");
    let what = Happened::BookingCancelled { booking: booking.id, contact: booking.contact, ended: Ended::Meeting };
    events::append(txn, booking.workspace, now, what)?;
    group::leave(txn, before, now)?;
    stands_again(app, txn, before, booking, "booking.cancelled", now)
}

/// The calendar shows the new version already; the guest is to hear of it.
fn stands_again(
    app: &App,
    txn: &mut Txn<'_>,
    before: &Booking,
    mut booking: Booking,
    act: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    booking.version += 1;
    booking.written = booking.version;
    tell(app, txn, &mut booking, now)?;
    let who = Who::System("the owner, in the calendar".to_owned());
    audit::record(txn, booking.workspace, now, &who, act, &format!("booking {}", booking.id), "")?;
    store::put(txn, &booking, Some(before))?;
    host::plan(txn, &booking, now)
}

/// It stands as it was until somebody decides; trying again brings the event back to where it stands here.
fn leave_to_person(txn: &mut Txn<'_>, before: &Booking, words: &str, now: UnixMillis) -> Result<(), StoreError> {
    let mut booking = Booking { trouble: Some(words.to_owned()), ..before.clone() };
    booking.note(now, words);
    let what = Happened::BookingFailed { booking: booking.id, contact: booking.contact, reason: words.to_owned() };
    events::append(txn, booking.workspace, now, what)?;
    store::put(txn, &booking, Some(before))
}
