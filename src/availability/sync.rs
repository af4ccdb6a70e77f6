//! Keeping the busy times of connected calendars fresh.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::busy::{ask, list_taken};
use super::cache::{self, forget_others, Cached, Single, MOST_CALENDARS};
use super::claims;
use super::model::{Busy, Span, READ_AHEAD};
use super::people;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, Connection, State};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::calendar::{Taken, When};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// The kind of the job that keeps the busy times of one connection's calendars fresh.
pub const SYNC: &str = "availability.busy";
/// Days of claims removed in one go.
const SWEEP: usize = 50;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    connection: ConnectionId,
}

/// Begins (or keeps going) the regular reading of a connection's calendars.
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

/// Reads them now instead of at their next turn.
pub fn sync_soon(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    match jobs::find_once(txn, workspace, SYNC, &connection.to_string())? {
        Some(job) => jobs::hurry(txn, job.id, now),
        None => schedule_sync(txn, workspace, connection, now),
    }
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
    let found = connections::get(&app.store, workspace, id)?.filter(|connection| connection.calendars().is_some());
    let Some(connection) = found else {
        app.store.write(|txn| cache::forget(txn, workspace, id))?;
        return Ok(Outcome::Done);
    };
    let again = now.plus(app.config.jobs.calendar_sync);
    if matches!(connection.state, State::NeedsOwner { .. }) {
        // Connecting again enqueues nothing while this job is open, so it keeps looking.
        return Ok(Outcome::Again { at: again });
    }
    let at = match read(app, &connection)? {
        Some(ProviderError::Retry { after: Some(after), .. }) => again.max(now.plus(after)),
        Some(ProviderError::Quota { until, .. }) => until.unwrap_or(now.plus(Duration::from_secs(3600))).max(again),
        _ => again,
    };
    app.store.write(|txn| claims::sweep(txn, workspace, id.0, now, SWEEP))?;
    Ok(Outcome::Again { at })
}

/// Reads all calendars of the connection that anybody counts. A calendar that cannot be read keeps its older times,
/// which say so. Returns what the provider said where it answered nothing at all.
fn read(app: &App, connection: &Connection) -> Result<Option<ProviderError>, StoreError> {
    let (workspace, id, now) = (connection.workspace, connection.id, app.now());
    let counted = counted(app, connection)?;
    let range = Span::lasting(now, READ_AHEAD);
    let answer = ask(app, connection, &counted, range, None);
    let held = claims::claimed(&app.store, workspace, id.0, range, None)?;
    let mut rows = Vec::new();
    for calendar in &counted {
        let answer = match &answer {
            Ok(all) => all.get(calendar).cloned(),
            Err(error) => Some(Busy::Unknown { reason: error.to_string() }),
        };
        let beside_ours = match answer {
            Some(Busy::Known(_)) => beside_ours(app, connection, calendar, &held),
            _ => Vec::new(),
        };
        rows.push((calendar, answer, beside_ours));
    }
    app.store.write(|txn| forget_others(txn, workspace, id, &counted))?;
    for (calendar, answer, beside_ours) in &rows {
        app.store.write(|txn| keep(txn, connection, calendar, range, answer.as_ref(), beside_ours, now))?;
    }
    if rows.iter().any(|(_, answer, _)| matches!(answer, Some(Busy::Known(_)))) {
        connections::update(&app.store, workspace, id, |connection| connection.health.last_busy_read = Some(now))?;
    }
    Ok(answer.err())
}

/// The connection's own choice and those of the people who use it.
fn counted(app: &App, connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut all = connection.calendars().unwrap_or_default().counted();
    all.extend(people::counted_of(&app.store, connection.workspace, connection.id)?);
    all.sort();
    all.dedup();
    all.truncate(MOST_CALENDARS);
    Ok(all)
}

/// The events that overlap what our own bookings hold, one by one: the provider melts them with ours into one stretch,
/// so that a page could not tell them apart. A calendar that shows no events adds none.
fn beside_ours(app: &App, connection: &Connection, calendar: &str, held: &[Span]) -> Vec<Single> {
    let (Some(first), Some(end)) = (held.first(), held.iter().map(|span| span.end).max()) else { return vec![] };
    let listed = list_taken(app, connection, calendar, Span::new(first.start, end)).unwrap_or_default();
    let singles = listed.into_iter().filter_map(Single::of);
    singles.filter(|single| held.iter().any(|held| held.overlaps(&single.span))).collect()
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

/// Writes what was read; a failure keeps the older times and says so.
fn keep(
    txn: &mut Txn<'_>,
    connection: &Connection,
    calendar: &str,
    range: Span,
    answer: Option<&Busy>,
    beside_ours: &[Single],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let (workspace, id) = (connection.workspace, connection.id);
    let row = match answer {
        Some(Busy::Known(busy)) => {
            Cached { read_at: now, range, busy: busy.clone(), beside_ours: beside_ours.to_vec(), failed: None }
        }
        Some(Busy::Unknown { reason }) => {
            let older = cache::find(txn, workspace, id, calendar)?.unwrap_or_else(Cached::never_read);
            Cached { failed: Some(reason.clone()), ..older }
        }
        None => return Ok(()),
    };
    cache::put(txn, workspace, id, calendar, row)
}
