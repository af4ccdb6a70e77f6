//! Busy times of a connected calendar: read when a decision is made, and kept for pages that only look.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::claims;
use super::google::with_calendar;
use super::model::{Busy, Span, HORIZON};
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection, Google, Kind, State, Use};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::google::calendar::{BusyTimes, Taken, When};
use crate::providers::ProviderError;
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// The kind of the job that keeps the busy times of one calendar fresh.
pub const SYNC: &str = "availability.busy";
/// Days of claims removed in one go.
const SWEEP: usize = 50;

const CACHE: Table<Cached> = Table::sealed(
    0x0d03,
    "busy_times",
    Tree::Bookings,
    Holds::Nothing,
    Retention::Served,
    "When a connected calendar is busy, without titles or guests, as last read.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&CACHE)];

/// Busy times as last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cached {
    pub read_at: UnixMillis,
    pub range: Span,
    /// What touches or overlaps is one stretch here.
    pub busy: Vec<Span>,
    /// What stands at the times that our own bookings hold, event by event, ours among them.
    #[serde(default)]
    pub beside_ours: Vec<Single>,
    /// Why the last try failed, in words; the times above are older then.
    #[serde(default)]
    pub failed: Option<String>,
}

/// One event of a calendar: its id and when it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Single {
    pub event: String,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    connection: ConnectionId,
}

fn key(workspace: WorkspaceId, connection: ConnectionId) -> Key {
    Key::of(&CACHE, workspace).id(connection.0)
}

/// What is known without asking. For pages; a decision asks with `read_now`.
pub fn cached(store: &Store, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Cached>, StoreError> {
    store.get(&CACHE, &key(workspace, id))
}

/// Forgets the busy times of a calendar that is no longer connected.
pub fn forget(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    txn.remove(&CACHE, &key(workspace, id))
}

/// An event of ours whose time does not count: it is about to move.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    pub calendar: &'a str,
    pub event: &'a str,
    pub span: Span,
}

/// Asks the calendar about exactly this range, without the event `but`. Anything but a full answer is unknown, with
/// the reason in words.
pub fn read_now(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    range: Span,
    but: Option<Own<'_>>,
) -> Result<Busy, StoreError> {
    let Some(connection) = connections::get(&app.store, workspace, id)? else {
        return Ok(unknown("the calendar is no longer connected."));
    };
    let Some(google) = calendar_of(&connection) else {
        return Ok(unknown("this connection has no calendar."));
    };
    if let State::NeedsOwner { reason, .. } = &connection.state {
        return Ok(unknown(reason));
    }
    Ok(ask(app, &connection, google, range, but).unwrap_or_else(|error| unknown(&error.to_string())))
}

fn unknown(reason: &str) -> Busy {
    Busy::Unknown { reason: reason.to_owned() }
}

/// The Google account behind a connection that may be asked for busy times.
fn calendar_of(connection: &Connection) -> Option<&Google> {
    match &connection.kind {
        Kind::Google(google) if connection.can(Use::Calendar) && google.credentials.is_some() => Some(google),
        _ => None,
    }
}

fn ask(
    app: &App,
    connection: &Connection,
    google: &Google,
    range: Span,
    but: Option<Own<'_>>,
) -> Result<Busy, ProviderError> {
    let calendars = calendars_of(google);
    let ids: Vec<&str> = calendars.iter().map(String::as_str).collect();
    let found = with_calendar(app, connection.workspace, connection.id, |calendar| {
        calendar.free_busy(&ids, range.start, range.end)
    })?;
    let mut busy = Vec::new();
    for id in ids {
        match found.get(id) {
            Some(BusyTimes::Known(times)) => {
                let times = times.iter().map(|time| Span::new(time.start, time.end)).collect();
                busy.extend(match but {
                    Some(own) => without_own(app, connection, id, times, own)?,
                    None => times,
                });
            }
            Some(BusyTimes::Unknown { reason }) => return Ok(unknown(reason)),
            None => return Ok(unknown("Google left a calendar out.")),
        }
    }
    busy.sort();
    Ok(Busy::Known(busy))
}

/// Busy times without an event of ours. Google gives one stretch for events that touch or overlap, so what else
/// stands at that time is looked up by event, or a move would cover it.
fn without_own(
    app: &App,
    connection: &Connection,
    calendar: &str,
    busy: Vec<Span>,
    own: Own<'_>,
) -> Result<Vec<Span>, ProviderError> {
    if !busy.iter().any(|busy| busy.overlaps(&own.span)) {
        return Ok(busy);
    }
    let listed = with_calendar(app, connection.workspace, connection.id, |google| {
        google.list_taken(calendar, own.span.start, own.span.end)
    });
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) if calendar == own.calendar => return Err(error),
        // Of a calendar that only shows busy times nothing can be ours.
        Err(_) => return Ok(busy),
    };
    if !listed.iter().any(|event| event.id == own.event) {
        return Ok(busy);
    }
    let mut left: Vec<Span> = busy.iter().flat_map(|busy| busy.without(&own.span)).collect();
    left.extend(listed.iter().filter(|event| event.id != own.event).map(|event| within(event, own.span)));
    Ok(left)
}

/// The part of an event inside `hole`; all of it for a day without times, which begins where its calendar says.
fn within(event: &Taken, hole: Span) -> Span {
    match (&event.start, &event.end) {
        (Some(When::At(start)), Some(When::At(end))) => Span::new((*start).max(hole.start), (*end).min(hole.end)),
        _ => hole,
    }
}

/// The events that overlap what our own bookings hold in `range`, one by one: Google melts them with ours into one
/// stretch, so that a page could not tell them apart. A calendar that shows no events adds none.
fn beside_ours(app: &App, connection: &Connection, google: &Google, range: Span) -> Result<Vec<Single>, StoreError> {
    let held = claims::claimed(&app.store, connection.workspace, connection.id.0, range, None)?;
    let (Some(first), Some(end)) = (held.first(), held.iter().map(|span| span.end).max()) else { return Ok(vec![]) };
    let mut found = Vec::new();
    for calendar in calendars_of(google) {
        let listed = with_calendar(app, connection.workspace, connection.id, |google| {
            google.list_taken(&calendar, first.start, end)
        });
        found.extend(listed.unwrap_or_default().into_iter().filter_map(Single::of));
    }
    found.retain(|single| held.iter().any(|held| held.overlaps(&single.span)));
    Ok(found)
}

impl Single {
    /// A day without times lies inside no meeting.
    fn of(event: Taken) -> Option<Self> {
        match (event.start, event.end) {
            (Some(When::At(start)), Some(When::At(end))) => Some(Self { event: event.id, span: Span::new(start, end) }),
            _ => None,
        }
    }
}

/// The calendar that is written to is always asked too.
fn calendars_of(google: &Google) -> Vec<String> {
    let mut ids = google.busy_calendars.clone();
    ids.push(google.calendar_id.clone().unwrap_or_else(|| "primary".to_owned()));
    ids.sort();
    ids.dedup();
    ids
}

/// Begins (or keeps going) the regular reading of a calendar.
pub fn schedule_sync(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let job = NewJob::new(SYNC, Lane::CalendarSync, workspace, now, &Payload { connection })
        .serial(connection.0)
        .once(connection.to_string());
    jobs::enqueue(txn, &job).map(|_| ())
}

/// The task behind `SYNC`: repeats itself until the calendar is disconnected.
pub struct BusySync;

impl Task<App> for BusySync {
    fn kind(&self) -> &'static str {
        SYNC
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        sync(app, job).unwrap_or_else(Outcome::from)
    }
}

fn sync(app: &App, job: &Job) -> Result<Outcome, StoreError> {
    let Payload { connection: id } = job.payload()?;
    let (workspace, now) = (job.workspace, app.now());
    let Some(connection) = connections::get(&app.store, workspace, id)? else { return end(app, workspace, id) };
    let Some(google) = calendar_of(&connection) else { return end(app, workspace, id) };
    let range = Span::lasting(now, HORIZON);
    let again = now.plus(app.config.jobs.calendar_sync);
    if matches!(connection.state, State::NeedsOwner { .. }) {
        // Connecting again enqueues nothing while this job is open, so it keeps looking.
        return Ok(Outcome::Again { at: again });
    }
    let answer = ask(app, &connection, google, range, None);
    let at = match &answer {
        Err(ProviderError::Retry { after: Some(after), .. }) => again.max(now.plus(*after)),
        Err(ProviderError::Quota { until, .. }) => until.unwrap_or(now.plus(Duration::from_secs(3600))).max(again),
        _ => again,
    };
    let answer = answer.unwrap_or_else(|error| unknown(&error.to_string()));
    let beside_ours = match answer {
        Busy::Known(_) => beside_ours(app, &connection, google, range)?,
        Busy::Unknown { .. } => Vec::new(),
    };
    app.store.write(|txn| {
        keep(txn, workspace, id, range, &answer, &beside_ours, now)?;
        claims::sweep(txn, workspace, id.0, now, SWEEP)
    })?;
    Ok(Outcome::Again { at })
}

fn end(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<Outcome, StoreError> {
    app.store.write(|txn| forget(txn, workspace, id))?;
    Ok(Outcome::Done)
}

/// Writes what was read; a failure keeps the older times and says so.
fn keep(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ConnectionId,
    range: Span,
    answer: &Busy,
    beside_ours: &[Single],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let key = key(workspace, id);
    let row = match answer {
        Busy::Known(busy) => {
            if let Some(mut connection) = connections::find(txn, workspace, id)? {
                connection.health.last_busy_read = Some(now);
                connections::put(txn, &connection)?;
            }
            Cached { read_at: now, range, busy: busy.clone(), beside_ours: beside_ours.to_vec(), failed: None }
        }
        Busy::Unknown { reason } => {
            let Some(older) = txn.get(&CACHE, &key)? else { return Ok(()) };
            Cached { failed: Some(reason.clone()), ..older }
        }
    };
    txn.put(&CACHE, &key, &row)
}
