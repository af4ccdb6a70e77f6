//! Keeping the busy times of connected calendars fresh.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::busy::{ask, list_taken};
use super::cache::{self, forget_others, Cached, Single, MOST_CALENDARS};
use super::claims;
use super::mirror::{self, Mirror};
use super::model::{Busy, Span, READ_AHEAD};
use super::people;
use crate::app::App;
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::connections::{self, with_calendar, Connection, Reading, State};
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::providers::calendar::{Since, Taken, When};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// The kind of the job that keeps the busy times of one connection's calendars fresh.
pub const SYNC: &str = connections::READ_CALENDARS;
/// The kind of the job that looks at what became of our own events: hurried from here, done by the bookings.
pub const LOOK_BACK: &str = "bookings.returned";
/// Read beyond what is promised, so that a calendar in which nothing changes need not be read anew for a day.
const SPARE: Duration = Duration::from_secs(86_400);
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
        connections::keep_nothing(app, workspace, id)?;
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
        None if connections::was_told_since(app, &connection, now)? => app.now(),
        _ => again,
    };
    app.store.write(|txn| claims::sweep(txn, workspace, id.0, now, SWEEP))?;
    Ok(Outcome::Again { at })
}

/// Reads all calendars of the connection that anybody counts: what changed, where its provider tells, else all of it. A
/// calendar that cannot be read keeps its older times, which say so. Returns what the provider said where it answered
/// nothing.
fn read(app: &App, connection: &Connection) -> Result<Option<ProviderError>, StoreError> {
    let (workspace, id, now) = (connection.workspace, connection.id, app.now());
    let counted = counted(app, connection)?;
    let range = Span::lasting(now, READ_AHEAD + SPARE);
    app.store.write(|txn| {
        mirror::forget_others(txn, workspace, id, &counted)?;
        forget_others(txn, workspace, id, &counted)
    })?;
    let held = claims::claimed(&app.store, workspace, id.0, range, None)?;
    let (mut untold, mut was_read, mut has_changed) = (Vec::new(), false, false);
    let (mut has_failed, mut stopped) = (false, None);
    let mut readings = Vec::new();
    let mut note = |calendar: &str, is_followed, failed| {
        readings.push(Reading { calendar: calendar.to_owned(), is_followed, failed });
    };
    for (index, calendar) in counted.iter().enumerate() {
        match follow(app, connection, calendar, range)? {
            Followed::Same => {
                note(calendar, true, None);
                was_read = true;
            }
            Followed::Read { mirror, busy } => {
                note(calendar, true, None);
                let beside_ours = beside_ours(app, connection, calendar, &held);
                let read = Answered { range: mirror.range, answer: Busy::Known(busy), beside_ours, is_followed: true };
                app.store.write(|txn| {
                    mirror::put(txn, workspace, id, calendar, &mirror)?;
                    keep(txn, connection, calendar, &read, now)
                })?;
                (was_read, has_changed) = (true, true);
            }
            // One that fails alone holds up none of the others.
            Followed::Failed(error) if has_failed || is_of_account(&error) => {
                untold.extend(counted.iter().skip(index).cloned());
                stopped = Some(error);
                break;
            }
            Followed::Failed(_) => {
                has_failed = true;
                untold.push(calendar.clone());
            }
            Followed::Untold => untold.push(calendar.clone()),
        }
    }
    let is_stopped = stopped.is_some();
    let answer = match stopped {
        Some(error) => Err(error),
        None if untold.is_empty() => Ok(BTreeMap::new()),
        None => ask(app, connection, &untold, range, None),
    };
    for calendar in &untold {
        let answer = match &answer {
            Ok(all) => all.get(calendar).cloned(),
            Err(error) => Some(Busy::Unknown { reason: error.to_string() }),
        };
        let is_known = matches!(answer, Some(Busy::Known(_)));
        let failed = match &answer {
            Some(Busy::Known(_)) => None,
            Some(Busy::Unknown { reason }) => Some(reason.clone()),
            None => Some("its provider says nothing about it".to_owned()),
        };
        note(calendar, false, failed);
        let beside_ours = if is_known { beside_ours(app, connection, calendar, &held) } else { Vec::new() };
        let Some(read) = answer.map(|answer| Answered { range, answer, beside_ours, is_followed: false }) else {
            continue;
        };
        app.store.write(|txn| {
            // Who was not asked at all is gone on with where it was left.
            if !is_stopped {
                mirror::drop_one(txn, workspace, id, calendar)?;
            }
            keep(txn, connection, calendar, &read, now)
        })?;
        (was_read, has_changed) = (was_read || is_known, true);
    }
    if has_changed {
        app.store.write(|txn| look_back_soon(txn, workspace, id, now))?;
    }
    if was_read {
        connections::update(&app.store, workspace, id, |connection| connection.health.last_busy_read = Some(now))?;
    }
    connections::note_readings(app, connection, &readings)?;
    // Who does not answer now is not asked for more.
    if answer.is_ok() {
        connections::keep_told(app, connection, &counted)?;
    }
    Ok(answer.err())
}

/// What became of following one calendar.
enum Followed {
    /// Nothing changed since the last reading.
    Same,
    Read {
        mirror: Mirror,
        busy: Vec<Span>,
    },
    /// It has to be asked for its times.
    Untold,
    /// Nothing is answered now.
    Failed(ProviderError),
}

impl Followed {
    /// Whoever answers is asked once more for the times alone, and says why in words that last.
    fn failed(error: ProviderError) -> Self {
        match error {
            ProviderError::Retry { .. } | ProviderError::Quota { .. } | ProviderError::Reconnect { .. } => {
                Self::Failed(error)
            }
            _ => Self::Untold,
        }
    }
}

/// It would be the same with each calendar of the account, and the provider wants to be left alone.
fn is_of_account(error: &ProviderError) -> bool {
    !matches!(error, ProviderError::Retry { after: None, .. })
}

/// Goes on from the last reading where that reaches far enough and is still known to the provider; else it begins anew.
fn follow(app: &App, connection: &Connection, calendar: &str, range: Span) -> Result<Followed, StoreError> {
    let (workspace, id, now) = (connection.workspace, connection.id, app.now());
    let known = mirror::find(&app.store, workspace, id, calendar)?;
    // Where both are there, they are of the same reading, even if the provider was not asked since.
    let row = cache::cached_of(&app.store, workspace, id, calendar)?;
    let known = known.filter(|known| row.is_some() && mirror::reaches(known, now.plus(READ_AHEAD)));
    if let (Some(known), Some(row)) = (known, row) {
        let tags = known.tags();
        let since = Since { cursor: &known.cursor, tags: &tags };
        let window = (known.range.start, known.range.end);
        let told = with_calendar(app, workspace, id, |client| client.changes(calendar, Some(since), window));
        match told {
            Ok(Some(changes)) if changes.is_nothing() => {
                let has_moved = changes.cursor != known.cursor;
                let known = known.gone_on(changes.cursor);
                app.store.write(|txn| {
                    if has_moved {
                        mirror::put(txn, workspace, id, calendar, &known)?;
                    }
                    if row.needs_only_a_moment() {
                        return cache::note_seen(txn, workspace, id, calendar, now);
                    }
                    let read = Cached { read_at: now, failed: None, is_followed: true, ..row.clone() };
                    cache::put(txn, workspace, id, calendar, read)
                })?;
                return Ok(Followed::Same);
            }
            Ok(Some(changes)) => {
                if let Some((mirror, busy)) = known.after(changes) {
                    return Ok(Followed::Read { mirror, busy });
                }
            }
            // It knows that reading no longer, or what has to be read again: from the beginning.
            Err(ProviderError::Gone | ProviderError::Rejected { .. }) => {}
            Ok(None) => return Ok(Followed::Untold),
            Err(error) => return Ok(Followed::failed(error)),
        }
    }
    if !connections::keeping_of(&app.store, connection, calendar)?.may_be_followed(now) {
        return Ok(Followed::Untold);
    }
    let begun = with_calendar(app, workspace, id, |client| client.changes(calendar, None, (range.start, range.end)));
    Ok(match begun {
        Ok(Some(changes)) => {
            let (mirror, busy) = Mirror::begun(changes, range);
            Followed::Read { mirror, busy }
        }
        Ok(None) => Followed::Untold,
        Err(ProviderError::Rejected { .. }) => {
            connections::note_unfollowed(app, connection, calendar)?;
            Followed::Untold
        }
        Err(error) => Followed::failed(error),
    })
}

/// What the owner did to our events is looked for at once, not at its next turn.
fn look_back_soon(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    connection: ConnectionId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    match jobs::find_once(txn, workspace, LOOK_BACK, &connection.to_string())? {
        Some(job) => jobs::hurry(txn, job.id, now),
        None => Ok(()),
    }
}

/// What one calendar answered.
struct Answered {
    range: Span,
    answer: Busy,
    beside_ours: Vec<Single>,
    is_followed: bool,
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
    read: &Answered,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let (workspace, id) = (connection.workspace, connection.id);
    let row = match &read.answer {
        Busy::Known(busy) => Cached {
            read_at: now,
            range: read.range,
            busy: busy.clone(),
            beside_ours: read.beside_ours.clone(),
            failed: None,
            is_followed: read.is_followed,
        },
        Busy::Unknown { reason } => {
            let older = cache::find(txn, workspace, id, calendar)?.unwrap_or_else(Cached::never_read);
            Cached { failed: Some(reason.clone()), is_followed: false, ..older }
        }
    };
    cache::put(txn, workspace, id, calendar, row)
}
