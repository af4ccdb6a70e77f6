//! The calendar's side of a booking: one keyed effect brings the event to the booking's newest version.
//!
//! The effect is told no act, only which booking. It writes, moves or deletes as the booking stands when its turn
//! comes, so a cancellation that overtakes a booking needs no special case, and a repeat is harmless: the client id
//! is ours, and what is found is looked at before it is touched.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use super::group::{self, Sitting};
use super::hold::{give_back, reopen};
use super::host;
use super::link;
use super::messages::told_to_calendar;
use super::model::{Booking, State};
use super::returned;
use super::shared_event;
use super::store;
use super::tell::tell;
use crate::app::App;
use crate::availability::{self, with_calendar};
use crate::base::{BookingId, ConnectionId, ContactId, UnixMillis};
use crate::connections;
use crate::contacts;
use crate::events::{self, Happened};
use crate::jobs::{self, Class, Effect, Job, Lane, NewJob, Performed, Prepared, Ready, Reconciled, Settled};
use crate::providers::calendar::{
    client_event_id, if_there, Attendee, CalendarClient, Event, EventPatch, MeetLink, NewEvent, SendUpdates,
};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// The kind of the job that writes one booking into its calendar.
pub const WRITE: &str = "bookings.calendar";
/// Marks an event as ours.
const APP: (&str, &str) = ("app", "launchyard");
const BOOKING: &str = "booking";
/// A dead grant is looked at again after this long; connecting again wakes what waits for it.
pub(super) const OWNER_ACTS: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    booking: BookingId,
    contact: ContactId,
}

/// The job for the newest version of a booking. Its id is made here, outside the transaction.
pub fn job(booking: &Booking, connection: ConnectionId, now: UnixMillis) -> NewJob {
    job_anywhere(booking, now).serial(connection.0)
}

/// The same where the transaction decides which calendar it is written to, if any (`plan`).
pub fn job_anywhere(booking: &Booking, now: UnixMillis) -> NewJob {
    let payload = Payload { booking: booking.id, contact: booking.contact };
    // A link that is being made should stand in the event from the beginning.
    NewJob::new(WRITE, Lane::CalendarSync, booking.workspace, now, &payload)
        .due(host::calendar_due(booking, now))
        .class(Class::Keyed)
        .max_attempts(20)
}

/// Enqueues the job at the account that the booking is written to; `false` where it has no calendar.
pub fn plan(txn: &mut Txn<'_>, booking: &Booking, job: &NewJob) -> Result<bool, StoreError> {
    let Some(connection) = booking.connection else { return Ok(false) };
    jobs::enqueue(txn, &job.clone().serial(connection.0))?;
    Ok(true)
}

/// What the provider answered, from `perform` to `settle`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    version: u32,
    /// Where the booking sat when it was written; it may have moved since.
    session: Option<BookingId>,
    start: UnixMillis,
    /// Absent when the event was deleted.
    event_id: Option<String>,
    #[serde(default)]
    ical_uid: Option<String>,
    link: Option<String>,
    /// The link is being made and has to be looked for.
    link_pending: bool,
}

pub struct WriteEvent;

impl Effect<App> for WriteEvent {
    fn kind(&self) -> &'static str {
        WRITE
    }

    fn prepare(&self, app: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let Some(booking) = load(txn, job)? else { return drop_it("The booking was erased.") };
        if !booking.is_unwritten() {
            return drop_it("A later try has written it.");
        }
        let connection = match booking.connection {
            Some(id) => connections::find(txn, job.workspace, id)?,
            None => None,
        };
        let reason = match connection.map(|connection| connection.state) {
            Some(connections::State::Working) => return Ok(Prepared::Go(Box::new(()))),
            Some(connections::State::Waiting { until, reason }) if until > now => {
                return Ok(Prepared::Later { at: until, whole_serial: true, reason });
            }
            Some(connections::State::Waiting { .. }) => return Ok(Prepared::Go(Box::new(()))),
            Some(connections::State::NeedsOwner { reason, .. }) => {
                return Ok(Prepared::Later { at: now.plus(OWNER_ACTS), whole_serial: true, reason });
            }
            Some(connections::State::Disconnected { .. }) | None => "The calendar is no longer connected.",
        };
        give_up(app, txn, booking, reason, now)?;
        drop_it(reason)
    }

    fn perform(&self, app: &App, job: &Job, _: Ready) -> Performed {
        let found = app.store.read(|txn| {
            let Some(booking) = load(txn, job)? else { return Ok(None) };
            let contact = contacts::find(txn, job.workspace, booking.contact)?;
            Ok::<_, StoreError>(Some((booking, contact)))
        });
        let (booking, contact) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return refused("The booking was erased."),
            Err(error) => return not_done(None, false, error.to_string()),
        };
        let guest = contact.as_ref().and_then(|contact| {
            let name = Some(contact.name()).filter(|name| !name.contains('@'));
            let address = booking.details.email.as_ref().or(contact.address())?;
            Some(Attendee { email: address.display().to_owned(), name })
        });
        let written = match booking.state {
            State::Held | State::Confirmed if booking.event_id.is_none() && booking.start <= app.now() => {
                return refused("Its time passed before the calendar could be reached.");
            }
            State::Held | State::Confirmed => present(app, &booking, guest),
            State::Cancelled { .. } => absent(app, &booking),
            State::Proposed { .. } | State::Unpaid | State::Failed { .. } => Ok(Written::nothing(&booking)),
        };
        match written {
            Ok(written) => Performed::Done { answer: json!(written) },
            Err(error) => performed(app, error),
        }
    }

    fn settle(
        &self,
        app: &App,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<Settled, StoreError> {
        let Some(booking) = load(txn, job)? else { return Ok(Settled::default()) };
        match performed {
            Performed::Done { answer } => written(app, txn, booking, answer, now)?,
            Performed::Refused { reason, .. } | Performed::CannotKnow { reason } => {
                give_up(app, txn, booking, reason, now)?;
            }
            Performed::NotDone { reason, .. } | Performed::Unknown { reason } => {
                if job.attempt + 1 >= job.max_attempts {
                    give_up(app, txn, booking, reason, now)?;
                } else {
                    let waits = Booking { trouble: Some(reason.clone()), ..booking.clone() };
                    store::put(txn, &waits, Some(&booking))?;
                }
            }
        }
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        // Never asked: a keyed effect is repeated, and the repeat finds its own event.
        Reconciled::Absent
    }
}

impl Written {
    fn nothing(booking: &Booking) -> Self {
        let (session, start) = (booking.details.session, booking.start);
        Self {
            version: booking.version,
            session,
            start,
            event_id: None,
            ical_uid: None,
            link: None,
            link_pending: false,
        }
    }

    pub(super) fn event(booking: &Booking, event: Event) -> Self {
        let link_pending = event.meet == MeetLink::Pending;
        let link = match event.meet {
            MeetLink::Ready(link) if booking.video => Some(link),
            MeetLink::Ready(_) | MeetLink::None | MeetLink::Pending | MeetLink::Failed => None,
        };
        // Each guest of a group has an invitation of their own.
        let ical_uid = Some(event.ical_uid).filter(|uid| !uid.is_empty() && booking.details.session.is_none());
        Self { event_id: Some(event.id), ical_uid, link, link_pending, ..Self::nothing(booking) }
    }
}

fn load(txn: &mut Txn<'_>, job: &Job) -> Result<Option<Booking>, StoreError> {
    let payload: Payload = job.payload()?;
    store::find(txn, job.workspace, payload.booking)
}

pub(super) fn drop_it(reason: &str) -> Result<Prepared, StoreError> {
    Ok(Prepared::Drop { reason: reason.to_owned() })
}

pub(super) fn refused(reason: &str) -> Performed {
    Performed::Refused { reason: reason.to_owned(), detail: Value::Null }
}

pub(super) fn not_done(after: Option<Duration>, whole_serial: bool, reason: String) -> Performed {
    Performed::NotDone { after, whole_serial, reason, detail: Value::Null }
}

pub(super) fn performed(app: &App, error: ProviderError) -> Performed {
    let reason = error.to_string();
    match error {
        ProviderError::Retry { after, .. } => not_done(after, after.is_some(), reason),
        ProviderError::Quota { until, .. } => {
            let wait = until.map_or(Duration::from_secs(3600), |until| until.since(app.now()));
            not_done(Some(wait), true, reason)
        }
        ProviderError::TokenRefused | ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. } => {
            not_done(Some(OWNER_ACTS), true, reason)
        }
        ProviderError::Changed => not_done(Some(Duration::from_secs(1)), false, reason),
        ProviderError::Unknown { .. } => Performed::Unknown { reason },
        ProviderError::Conflict => refused("An event with this id was there before and was deleted."),
        ProviderError::Rejected { .. } | ProviderError::NotFound | ProviderError::Gone => refused(&reason),
    }
}

// ---- the calls ----

/// Brings the event to where the booking is: made, or moved.
fn present(app: &App, booking: &Booking, guest: Option<Attendee>) -> Result<Written, ProviderError> {
    if let Some(sitting) = Sitting::of(booking) {
        return shared_event::present(app, booking, &sitting);
    }
    let told = told_to_calendar(app, booking)?;
    let guests = told.guests(guest.into_iter().chain(companions(booking)).collect());
    on_calendar(app, booking, |calendar| {
        let Some(id) = &booking.event_id else {
            let new = new_event(app, booking, client_event_id(booking.id.as_bytes()), &guests);
            return insert(calendar, booking, &new, told.updates);
        };
        match ours(calendar, booking, id)? {
            Some(event) => {
                let time = time_of(app, booking);
                let location = booking.location.is_some().then(|| booking.whereabouts());
                let patch = EventPatch { time: Some(time), location, ..EventPatch::default() };
                let id = &event.id;
                let moved = calendar.patch_event(&booking.calendar_id, id, &patch, Some(&event.etag), told.updates)?;
                Ok(Written::event(booking, moved))
            }
            // The owner deleted it in the calendar; a deleted id stays taken, so the new one is of this version.
            None => {
                let new = new_event(app, booking, next_event_id(booking), &guests);
                insert(calendar, booking, &new, told.updates)
            }
        }
    })
}

pub(super) fn insert(
    calendar: &dyn CalendarClient,
    booking: &Booking,
    new: &NewEvent,
    updates: SendUpdates,
) -> Result<Written, ProviderError> {
    // Where the provider mails the invitation, ours is not sent.
    let event = calendar.insert_event(&booking.calendar_id, new, updates)?;
    Ok(Written::event(booking, event))
}

/// Sees to it that there is no event. One that is gone already is a success.
fn absent(app: &App, booking: &Booking) -> Result<Written, ProviderError> {
    if let (Some(sitting), Some(connection)) = (Sitting::of(booking), booking.connection) {
        return shared_event::tend(app, booking.workspace, connection, sitting).map(|()| Written::nothing(booking));
    }
    let told = told_to_calendar(app, booking)?;
    on_calendar(app, booking, |calendar| {
        let found = match &booking.event_id {
            Some(id) => ours(calendar, booking, id)?,
            // Without an answer to the insert its event may still be there, under the id that we chose.
            None => {
                let (id, time) = (client_event_id(booking.id.as_bytes()), (booking.start, booking.end));
                judged(booking, calendar.find_event(&booking.calendar_id, &id, time)?)?
            }
        };
        if let Some(event) = found {
            calendar.delete_event(&booking.calendar_id, &event.id, told.updates)?;
        }
        Ok(Written::nothing(booking))
    })
}

/// The event if it is there and ours. Somebody else's is never touched.
fn ours(calendar: &dyn CalendarClient, booking: &Booking, id: &str) -> Result<Option<Event>, ProviderError> {
    judged(booking, if_there(calendar.get_event(&booking.calendar_id, id))?)
}

fn judged(booking: &Booking, found: Option<Event>) -> Result<Option<Event>, ProviderError> {
    let Some(event) = found.filter(|event| !event.is_cancelled) else { return Ok(None) };
    if is_marked(&event, booking.id) {
        return Ok(Some(event));
    }
    Err(ProviderError::Rejected { reason: "the event in the calendar no longer carries our mark".into() })
}

/// The event carries our mark, for this booking or group.
pub(super) fn is_marked(event: &Event, id: BookingId) -> bool {
    let has = |name: &str, value: &str| event.private.get(name).is_some_and(|there| there == value);
    has(APP.0, APP.1) && has(BOOKING, &id.to_string())
}

pub(super) fn on_calendar(
    app: &App,
    booking: &Booking,
    work: impl Fn(&dyn CalendarClient) -> Result<Written, ProviderError>,
) -> Result<Written, ProviderError> {
    let Some(connection) = booking.connection else { return Ok(Written::nothing(booking)) };
    with_calendar(app, booking.workspace, connection, work)
}

pub(super) fn new_event(app: &App, booking: &Booking, id: String, guests: &[Attendee]) -> NewEvent {
    NewEvent {
        id,
        summary: booking.title.clone(),
        description: String::new(),
        location: booking.whereabouts(),
        start: booking.start,
        end: booking.end,
        time_zone: zone_of(app, booking),
        attendees: guests.to_vec(),
        private: marks(booking),
        meet_request_id: booking.video.then(|| format!("{}-{}", booking.id, booking.version)),
    }
}

/// Those whom the visitor brings.
fn companions(booking: &Booking) -> impl Iterator<Item = Attendee> + '_ {
    booking.details.guests.iter().map(|email| Attendee { email: email.clone(), name: None })
}

/// Start, end and the zone in which it is shown.
pub(super) fn time_of(app: &App, booking: &Booking) -> (UnixMillis, UnixMillis, String) {
    (booking.start, booking.end, zone_of(app, booking))
}

/// The zone in which the calendar shows the event: that of the working hours.
fn zone_of(app: &App, booking: &Booking) -> String {
    availability::schedule_of(&app.store, booking.workspace).map_or_else(|_| "UTC".to_owned(), |schedule| schedule.zone)
}

fn marks(booking: &Booking) -> BTreeMap<String, String> {
    [(APP.0.to_owned(), APP.1.to_owned()), (BOOKING.to_owned(), booking.holder().to_string())].into()
}

/// An id of this version of the booking, the same at each try.
pub(super) fn next_event_id(booking: &Booking) -> String {
    let hash = Sha256::new().chain_update(booking.id.as_bytes()).chain_update(booking.version.to_be_bytes()).finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    client_event_id(&id)
}

// ---- the record ----

/// Notes what stands in the calendar now, and tells the guest.
fn written(app: &App, txn: &mut Txn<'_>, before: Booking, answer: &Value, now: UnixMillis) -> Result<(), StoreError> {
    let written: Written = serde_json::from_value(answer.clone())
        .map_err(|error| StoreError::Engine(format!("what the calendar answered: {error}")))?;
    if Sitting::has_left(&before, written.session, written.start) {
        return Ok(());
    }
    let mut booking = before.clone();
    booking.written = booking.written.max(written.version);
    booking.trouble = None;
    if written.event_id.is_some() {
        booking.event_id = written.event_id;
        booking.ical_uid = written.ical_uid.or(booking.ical_uid);
        booking.video_link = written.link.or(booking.video_link);
    }
    if booking.state.is_booked() {
        returned::look_soon(txn, &booking, now)?;
    }
    if booking.state == State::Held {
        booking.state = State::Confirmed;
        booking.note(now, "Written into the calendar; the invitation is on its way.");
        let what = Happened::BookingConfirmed { booking: booking.id, contact: booking.contact };
        events::append(txn, booking.workspace, now, what)?;
    }
    if written.link_pending && booking.video_link.is_none() {
        link::look_for(txn, &booking, now)?;
    } else {
        tell(app, txn, &mut booking, now)?;
    }
    store::put(txn, &booking, Some(&before))
}

/// The calendar will not have it. What was only held is given back; a person sees why.
fn give_up(app: &App, txn: &mut Txn<'_>, before: Booking, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    if let Some(mut booking) = group::elsewhere(txn, &before)? {
        booking.note(now, format!("The calendar of its group did not take it: {reason} It goes to the host's own."));
        store::put(txn, &booking, Some(&before))?;
        return plan(txn, &booking, &job_anywhere(&booking, now)).map(drop);
    }
    let mut booking = before.clone();
    booking.trouble = Some(reason.to_owned());
    booking.note(now, format!("The calendar did not take it: {reason}"));
    match (&booking.state, booking.connection) {
        // A visitor was told that it stands: it does, and a person sees that the calendar does not show it.
        (State::Held, Some(_)) if booking.details.event_type.is_some() => {
            booking.state = State::Confirmed;
            booking.written = booking.version;
            let what = Happened::BookingConfirmed { booking: booking.id, contact: booking.contact };
            events::append(txn, booking.workspace, now, what)?;
            tell(app, txn, &mut booking, now)?;
        }
        (State::Held, Some(_)) => {
            give_back(txn, &booking)?;
            booking.state = State::Failed { reason: reason.to_owned() };
            booking.written = booking.version;
            if let Some(reply) = booking.reply {
                reopen(txn, booking.workspace, reply)?;
            }
            host::plan(txn, &booking, now)?;
        }
        (State::Cancelled { .. }, _) => {
            booking.written = booking.version;
            tell(app, txn, &mut booking, now)?;
        }
        _ => booking.written = booking.version,
    }
    let what =
        Happened::BookingFailed { booking: booking.id, contact: booking.contact, reason: reason.trim().to_owned() };
    events::append(txn, booking.workspace, now, what)?;
    store::put(txn, &booking, Some(&before))
}
