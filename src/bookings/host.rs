//! The meeting of a booking at a service of its own: one keyed effect brings it to the booking's newest version.
//!
//! Like the calendar's effect it is told no act. Most of these services take no key of ours, so that what may have
//! been made is looked for by our mark before another is made; that it may have been is written down before the first
//! byte leaves. Whatever becomes of it, the calendar and the guest do not wait for it for long.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::calendar::{self, drop_it, not_done, performed, refused, OWNER_ACTS};
use super::group::{self, Sitting};
use super::model::{Booking, State};
use super::shared_event::unreadable;
use super::store;
use super::tell::tell;
use crate::app::App;
use crate::availability;
use crate::base::{BookingId, ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, meeting_session};
use crate::jobs::{self, Class, Effect, Job, Lane, NewJob, Performed, Prepared, Ready, Reconciled, Settled};
use crate::meetings::Service;
use crate::providers::meeting::{Made, MeetingClient, Wanted};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// The kind of the job that brings one meeting to its service.
pub const HOLD: &str = "bookings.meeting";
/// Bookings that are begun anew together; more wait for a person.
const MOST_ANEW: usize = 200;
/// How long the calendar waits for a link, so that it stands in the event and in the first mail.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    booking: BookingId,
}

/// Plans the service's turn for the newest version. Nothing for a meeting that nobody holds.
pub fn plan(txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let Some((_, account)) = booking.host() else { return Ok(()) };
    let job = NewJob::new(HOLD, Lane::CalendarSync, booking.workspace, now, &Payload { booking: booking.id })
        .serial(account.0)
        .class(Class::Keyed)
        // Until its time has come: a service may be down for a day.
        .max_attempts(u32::MAX);
    jobs::enqueue(txn, &job).map(|_| ())
}

/// The account is there again: what was given up for want of it is tried once more.
pub fn begin_anew(app: &App, workspace: WorkspaceId, account: ConnectionId) -> Result<(), StoreError> {
    let now = app.now();
    let waits = |booking: &Booking| {
        let is_its = booking.host().is_some_and(|(_, host)| host == account);
        is_its && booking.hosted.is_given_up && booking.end > now
    };
    let troubled = store::list_troubled(&app.store, workspace, MOST_ANEW)?;
    for id in troubled.iter().filter(|booking| waits(booking)).map(|booking| booking.id) {
        app.store.write(|txn| {
            let found = store::find(txn, workspace, id)?.filter(waits);
            let Some(current) = found else { return Ok(()) };
            let mut again = current.clone();
            again.hosted.begin_anew();
            store::put(txn, &again, Some(&current))?;
            plan(txn, &again, now)
        })?;
    }
    Ok(())
}

/// When the calendar is to be written: at once, unless a link is being made just now.
pub fn calendar_due(booking: &Booking, now: UnixMillis) -> UnixMillis {
    let is_being_made = booking.host().is_some()
        && booking.video_link.is_none()
        && booking.hosted.trouble.is_none()
        && matches!(booking.state, State::Proposed { .. } | State::Held | State::Failed { .. });
    if is_being_made {
        now.plus(PATIENCE)
    } else {
        now
    }
}

/// What the service made of it, from `perform` to `settle`.
#[derive(Debug, Serialize, Deserialize)]
struct Brought {
    version: u32,
    /// Where the booking sat when it was asked; it may have moved since.
    session: Option<BookingId>,
    start: UnixMillis,
    /// Absent when there is no meeting, or none any more.
    made: Option<Made>,
    /// It stands there under an id that is known already, with the link that is known already.
    is_kept: bool,
}

pub struct HoldMeeting;

impl Effect<App> for HoldMeeting {
    fn kind(&self) -> &'static str {
        HOLD
    }

    fn prepare(&self, app: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let Some(booking) = load(txn, job)? else { return drop_it("The booking was erased.") };
        let Some((service, account)) = booking.host() else { return drop_it("Nobody holds this meeting.") };
        if is_brought(&booking) {
            return drop_it("A later try has brought it there.");
        }
        if joins(app, txn, &booking, now)? {
            return drop_it("Its group has a meeting already.");
        }
        let reason = match connections::find(txn, job.workspace, account)?.map(|account| account.state) {
            Some(connections::State::Waiting { until, reason }) if until > now => {
                wait(txn, booking, &reason, now)?;
                return Ok(Prepared::Later { at: until, whole_serial: true, reason });
            }
            Some(connections::State::Working | connections::State::Waiting { .. }) => return go(txn, booking),
            Some(connections::State::NeedsOwner { reason, .. }) => {
                wait(txn, booking, &reason, now)?;
                return Ok(Prepared::Later { at: now.plus(OWNER_ACTS), whole_serial: true, reason });
            }
            Some(connections::State::Disconnected { .. }) | None => {
                format!("The {} account is no longer connected.", service.name())
            }
        };
        give_up(txn, booking, &reason, now)?;
        drop_it(&reason)
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let may_be_there = ready.downcast_ref::<bool>().copied().unwrap_or(true);
        let booking = match app.store.read(|txn| load(txn, job)) {
            Ok(Some(booking)) => booking,
            Ok(None) => return refused("The booking was erased."),
            Err(error) => return not_done(None, false, error.to_string()),
        };
        let Some((service, account)) = booking.host() else { return refused("Nobody holds this meeting.") };
        let wanted = wanted(app, &booking, service);
        let is_over = booking.end <= app.now();
        let others = match app.store.read(|txn| group::others_at_service(txn, &booking)) {
            Ok(others) => others,
            Err(error) => return not_done(None, false, error.to_string()),
        };
        let goes_on = match group::goes_on(app, &booking) {
            Ok(goes_on) => goes_on,
            Err(error) => return not_done(None, false, error.to_string()),
        };
        // What another of the group had made anew, where the service no longer has the booking's own.
        let theirs = made_for(&others).filter(|made| Some(&made.id) != booking.hosted.id.as_ref());
        let brought = match booking.state {
            State::Held | State::Confirmed if is_over => return refused("Its time passed before it could be made."),
            State::Held | State::Confirmed => on_account(app, &booking, account, |client| {
                present(client, &booking, &wanted, (may_be_there, theirs.as_ref()))
            }),
            State::Cancelled { .. } | State::Failed { .. }
                if is_over || !(may_be_there || booking.hosted.id.is_some()) =>
            {
                Ok(Brought::nothing(&booking))
            }
            // Those who stay keep it.
            State::Cancelled { .. } | State::Failed { .. } if goes_on => Ok(Brought::nothing(&booking)),
            State::Cancelled { .. } | State::Failed { .. } => {
                on_account(app, &booking, account, |client| absent(client, &booking, &wanted, may_be_there))
            }
            State::Proposed { .. } | State::Unpaid => Ok(Brought::nothing(&booking)),
        };
        match brought {
            Ok(brought) => Performed::Done { answer: json!(brought) },
            Err(error) => failed(app, error),
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
            Performed::Done { answer } => brought(app, txn, booking, answer, now)?,
            Performed::Refused { reason, .. } | Performed::CannotKnow { reason } => {
                give_up(txn, booking, reason, now)?;
            }
            Performed::NotDone { reason, .. } | Performed::Unknown { reason } => wait(txn, booking, reason, now)?,
        }
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        // Never asked: a keyed effect is repeated, and the repeat looks for its own meeting first.
        Reconciled::Absent
    }
}

impl Brought {
    fn nothing(booking: &Booking) -> Self {
        let (session, start) = (booking.details.session, booking.start);
        Self { version: booking.version, session, start, made: None, is_kept: false }
    }

    fn kept(booking: &Booking) -> Self {
        Self { is_kept: true, ..Self::nothing(booking) }
    }

    fn made(booking: &Booking, made: Made) -> Self {
        Self { made: Some(made), ..Self::nothing(booking) }
    }
}

/// What those of a group have who are there already.
fn made_for(others: &[Booking]) -> Option<Made> {
    others.iter().find_map(|one| {
        let (id, join_url) = (one.hosted.id.clone()?, one.video_link.clone()?);
        Some(Made { id, join_url, passcode: one.hosted.passcode.clone() })
    })
}

/// A group has one meeting: who comes later gets the link of those who are there, and nobody is asked for it.
fn joins(app: &App, txn: &mut Txn<'_>, before: &Booking, now: UnixMillis) -> Result<bool, StoreError> {
    if !before.state.is_booked() || before.hosted.id.is_some() {
        return Ok(false);
    }
    let Some(made) = made_for(&group::others_at_service(txn, before)?) else { return Ok(false) };
    take_over(app, txn, before, &made, now)?;
    Ok(true)
}

fn take_over(app: &App, txn: &mut Txn<'_>, before: &Booking, made: &Made, now: UnixMillis) -> Result<(), StoreError> {
    let mut booking = before.clone();
    booking.video_link = Some(made.join_url.clone());
    booking.hosted.id = Some(made.id.clone());
    booking.hosted.passcode.clone_from(&made.passcode);
    (booking.hosted.was_asked, booking.hosted.trouble, booking.hosted.is_given_up) = (true, None, false);
    booking.hosted.written = booking.version;
    put_linked(app, txn, before, booking, now)
}

/// A meeting was made anew: the others of the group hear of its link as well.
fn tell_others(
    app: &App,
    txn: &mut Txn<'_>,
    booking: &Booking,
    made: &Made,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for other in group::others_at_service(txn, booking)? {
        if other.hosted.id.as_ref().is_some_and(|id| *id != made.id) {
            take_over(app, txn, &other, made, now)?;
        }
    }
    Ok(())
}

/// Ends the meeting of a group of which nobody is left at this time.
pub fn tend(app: &App, workspace: WorkspaceId, account: ConnectionId, sitting: Sitting) -> Result<(), ProviderError> {
    let sitting = sitting.relocated(app, workspace).map_err(unreadable)?;
    let Some((service, _)) = sitting.host else { return Ok(()) };
    let members = app.store.read(|txn| sitting.at_service(txn, workspace)).map_err(unreadable)?;
    if !members.is_empty() {
        return Ok(());
    }
    let mark = mark(sitting.session, service);
    let wanted =
        Wanted { mark, title: String::new(), start: sitting.start, end: sitting.end, time_zone: "UTC".to_owned() };
    meeting_session(app, workspace, account, |client| {
        let found = match &sitting.meeting {
            Some(id) => Some(id.clone()),
            None => client.find(&wanted)?.map(|made| made.id),
        };
        found.map_or(Ok(()), |id| client.cancel(&id))
    })
}

fn load(txn: &mut Txn<'_>, job: &Job) -> Result<Option<Booking>, StoreError> {
    let payload: Payload = job.payload()?;
    store::find(txn, job.workspace, payload.booking)
}

/// Nothing is to be done at the service. A booking that failed has no version of its own for it.
fn is_brought(booking: &Booking) -> bool {
    let hosted = &booking.hosted;
    let is_left_over = matches!(booking.state, State::Failed { .. }) && (hosted.id.is_some() || hosted.was_asked);
    hosted.is_given_up || (hosted.written >= booking.version && !is_left_over)
}

/// From here on it may be there, whatever becomes of us. `perform` is told whether it may have been before.
fn go(txn: &mut Txn<'_>, before: Booking) -> Result<Prepared, StoreError> {
    // Another of its group may have had it made.
    let may_be_there = before.hosted.was_asked || (before.details.session.is_some() && before.state.is_booked());
    if before.state.is_booked() && before.hosted.id.is_none() && !before.hosted.was_asked {
        let mut asked = before.clone();
        asked.hosted.was_asked = true;
        store::put(txn, &asked, Some(&before))?;
    }
    Ok(Prepared::Go(Box::new(may_be_there)))
}

/// As of the calendar, but that no id of ours is ever taken: somebody is changing the meeting this moment.
fn failed(app: &App, error: ProviderError) -> Performed {
    match error {
        ProviderError::Conflict => performed(app, ProviderError::Changed),
        error => performed(app, error),
    }
}

// ---- the calls ----

fn on_account(
    app: &App,
    booking: &Booking,
    account: ConnectionId,
    work: impl FnMut(&dyn MeetingClient) -> Result<Brought, ProviderError>,
) -> Result<Brought, ProviderError> {
    meeting_session(app, booking.workspace, account, work)
}

fn wanted(app: &App, booking: &Booking, service: Service) -> Wanted {
    let zone = availability::schedule_of(&app.store, booking.workspace).map(|schedule| schedule.zone);
    let of_group = app.store.read(|txn| group::name(txn, booking)).ok().flatten();
    Wanted {
        mark: mark(booking.holder(), service),
        title: of_group.unwrap_or_else(|| booking.title.clone()),
        start: booking.start,
        end: booking.end,
        time_zone: zone.unwrap_or_else(|_| "UTC".to_owned()),
    }
}

/// By which the meeting is known again. People may see it, so it says what it is where there is room.
fn mark(holder: BookingId, service: Service) -> String {
    match service {
        Service::Zoom => format!("Booking {holder}"),
        Service::Teams | Service::Webex | Service::Goto => holder.to_string(),
    }
}

/// Brings the meeting to where the booking is: made, found or moved.
fn present(
    client: &dyn MeetingClient,
    booking: &Booking,
    wanted: &Wanted,
    (may_be_there, theirs): (bool, Option<&Made>),
) -> Result<Brought, ProviderError> {
    if let Some(id) = &booking.hosted.id {
        match client.change(id, wanted) {
            Ok(()) => return Ok(Brought::kept(booking)),
            // Somebody deleted it at the service: the guest needs another.
            Err(ProviderError::NotFound | ProviderError::Gone) => {
                if let Some(made) = theirs {
                    return Ok(Brought::made(booking, made.clone()));
                }
                return client.create(wanted).map(|made| Brought::made(booking, made));
            }
            Err(error) => return Err(error),
        }
    }
    let found = if may_be_there { client.find(wanted)? } else { None };
    if let Some(made) = found {
        // It may have been made for an earlier time.
        client.change(&made.id, wanted)?;
        return Ok(Brought::made(booking, made));
    }
    client.create(wanted).map(|made| Brought::made(booking, made))
}

/// Sees to it that there is no meeting. One that is gone already is a success.
fn absent(
    client: &dyn MeetingClient,
    booking: &Booking,
    wanted: &Wanted,
    may_be_there: bool,
) -> Result<Brought, ProviderError> {
    let found = match &booking.hosted.id {
        Some(id) => Some(id.clone()),
        None if may_be_there => client.find(wanted)?.map(|made| made.id),
        None => None,
    };
    if let Some(id) = found {
        client.cancel(&id)?;
    }
    Ok(Brought::nothing(booking))
}

// ---- the record ----

/// Notes what stands at the service now. A new link goes into the calendar, and from there to the guest.
fn brought(app: &App, txn: &mut Txn<'_>, before: Booking, answer: &Value, now: UnixMillis) -> Result<(), StoreError> {
    let brought: Brought = serde_json::from_value(answer.clone())
        .map_err(|error| StoreError::Engine(format!("what the service answered: {error}")))?;
    if Sitting::has_left(&before, brought.session, brought.start) {
        return Ok(());
    }
    let mut booking = before.clone();
    booking.hosted.written = booking.hosted.written.max(brought.version);
    (booking.hosted.trouble, booking.hosted.is_given_up) = (None, false);
    if let Some(made) = brought.made {
        booking.hosted.was_asked = true;
        tell_others(app, txn, &before, &made, now)?;
        booking.hosted.id = Some(made.id);
        booking.hosted.passcode = made.passcode;
        if booking.video_link.as_ref() != Some(&made.join_url) {
            booking.video_link = Some(made.join_url);
            return put_linked(app, txn, &before, booking, now);
        }
    } else if !brought.is_kept {
        booking.hosted.id = None;
        booking.hosted.was_asked = false;
        booking.video_link = None;
    }
    store::put(txn, &booking, Some(&before))
}

/// The link is news for the calendar: a version of its own, which the service knows already.
fn put_linked(
    app: &App,
    txn: &mut Txn<'_>,
    before: &Booking,
    mut booking: Booking,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let is_newest = booking.hosted.written == booking.version;
    booking.version += 1;
    if is_newest {
        booking.hosted.written = booking.version;
    }
    booking.note(now, "The meeting was made; its link goes to the guest.");
    // Who was told this time without a link need not wait for the calendar.
    if booking.state == State::Confirmed && booking.hosted.told_start == Some(booking.start) {
        tell(app, txn, &mut booking, now)?;
    }
    store::put(txn, &booking, Some(before))?;
    write_calendar(txn, &booking, now)
}

/// It is not there yet: the calendar and the guest go without, and hear of it later.
fn wait(txn: &mut Txn<'_>, before: Booking, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    let mut booking = before.clone();
    booking.hosted.trouble = Some(reason.to_owned());
    store::put(txn, &booking, Some(&before))?;
    if booking.state == State::Held {
        return write_calendar(txn, &booking, now);
    }
    Ok(())
}

/// The service will not have it. The booking stands; a person sees why there is no link.
fn give_up(txn: &mut Txn<'_>, before: Booking, reason: &str, now: UnixMillis) -> Result<(), StoreError> {
    let mut booking = before.clone();
    booking.hosted.written = booking.version;
    booking.hosted.trouble = Some(reason.to_owned());
    // What was never made need not be looked after.
    booking.hosted.is_given_up = booking.state.is_booked() || booking.hosted.id.is_some();
    booking.note(now, format!("There is no meeting as agreed: {reason}"));
    store::put(txn, &booking, Some(&before))?;
    if booking.state == State::Held {
        return write_calendar(txn, &booking, now);
    }
    Ok(())
}

fn write_calendar(txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let Some(connection) = booking.connection else { return Ok(()) };
    let job = calendar::job(booking, connection, now);
    jobs::enqueue(txn, &job).map(|_| ())
}
