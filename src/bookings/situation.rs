//! Everything that decides about a time, read just before the decision.

use std::time::Duration;

use super::model::Booking;
use crate::app::App;
use crate::availability::{self, Busy, Cached, Diary, OpenTimes, Own, Owner, Rules, Span};
use crate::base::{ConnectionId, UnixMillis, WorkspaceId};
use crate::store::{StoreError, Txn};

/// How far around the wished times other free ones are looked for.
const BEFORE: Duration = Duration::from_secs(24 * 3600);
const AFTER: Duration = Duration::from_secs(8 * 24 * 3600);

pub struct Situation {
    schedule: OpenTimes,
    busy: Busy,
    claimed: Vec<Span>,
    rules: Rules,
    now: UnixMillis,
    /// What was asked about.
    pub range: Span,
}

impl Situation {
    /// Asks the calendar about the days around `wished`. `but` is a booking that is about to move: its own time does
    /// not stand in its way.
    pub fn read(
        app: &App,
        workspace: WorkspaceId,
        calendar: Option<ConnectionId>,
        rules: Rules,
        wished: &[UnixMillis],
        but: Option<&Booking>,
    ) -> Result<Self, StoreError> {
        Self::by(read_all, app, workspace, calendar, rules, wished, but)
    }

    /// The same, the calendar as last read: nobody outside is asked.
    pub fn known(
        app: &App,
        workspace: WorkspaceId,
        calendar: Option<ConnectionId>,
        rules: Rules,
        wished: &[UnixMillis],
        but: Option<&Booking>,
    ) -> Result<Self, StoreError> {
        Self::by(last_read, app, workspace, calendar, rules, wished, but)
    }

    fn by(
        busy_in: BusyIn,
        app: &App,
        workspace: WorkspaceId,
        calendar: Option<ConnectionId>,
        rules: Rules,
        wished: &[UnixMillis],
        but: Option<&Booking>,
    ) -> Result<Self, StoreError> {
        let now = app.now();
        let range = around(wished, now, rules.horizon);
        let schedule = availability::times_of(&app.store, workspace, Owner::Workspace)?.open_times(None);
        let asked = asked(range, wished, now, &rules);
        let (busy, claimed) = match calendar {
            Some(id) => {
                let mut claimed = Vec::new();
                for span in &asked {
                    let but = but.map(|booking| booking.id);
                    claimed.extend(availability::claimed(&app.store, workspace, id.0, *span, but)?);
                }
                (busy_in(app, workspace, id, &asked, but.and_then(own_event))?, claimed)
            }
            None => (Busy::Unknown { reason: "no calendar is chosen for this worker.".into() }, Vec::new()),
        };
        Ok(Self { schedule, busy, claimed, rules, now, range })
    }

    /// What stands at `start` and nowhere else, the calendar as last read: for a transaction.
    pub fn at(
        app: &App,
        txn: &mut Txn<'_>,
        (workspace, calendar): (WorkspaceId, ConnectionId),
        rules: Rules,
        start: UnixMillis,
        but: Option<&Booking>,
    ) -> Result<Self, StoreError> {
        let (now, range) = (app.now(), rules.with_buffers(start));
        let schedule = availability::find_times(txn, workspace, Owner::Workspace)?.open_times(None);
        let claimed = availability::claimed_around(txn, workspace, calendar.0, range, but.map(|booking| booking.id))?;
        let known = availability::find_cached(txn, workspace, calendar)?;
        let busy = as_last_read(app, known, &[range], but.and_then(own_event));
        Ok(Self { schedule, busy, claimed, rules, now, range })
    }

    pub fn diary(&self) -> Diary<'_> {
        Diary { schedule: &self.schedule, rules: self.rules, busy: &self.busy, claimed: &self.claimed, now: self.now }
    }
}

/// All that has to be known: the days around, and each wished time with its buffers wherever it lies.
fn asked(range: Span, wished: &[UnixMillis], now: UnixMillis, rules: &Rules) -> Vec<Span> {
    let around = range.widened(rules.before, rules.after + rules.length);
    let mut asked = vec![around];
    for needed in wished.iter().filter(|start| **start > now).map(|start| rules.with_buffers(*start)) {
        if !asked.iter().any(|span| span.covers(&needed)) {
            asked.push(needed);
        }
    }
    asked
}

/// The event of a booking that stands in its calendar.
fn own_event(booking: &Booking) -> Option<Own<'_>> {
    Some(Own { calendar: &booking.calendar_id, event: booking.event_id.as_deref()?, span: booking.span() })
}

/// When a calendar is busy in all of these spans, without the event that is about to move.
type BusyIn = fn(&App, WorkspaceId, ConnectionId, &[Span], Option<Own<'_>>) -> Result<Busy, StoreError>;

/// What was last read of it, where that is still good for all of `asked`.
fn last_read(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    asked: &[Span],
    but: Option<Own<'_>>,
) -> Result<Busy, StoreError> {
    let known = availability::cached(&app.store, workspace, id)?;
    Ok(as_last_read(app, known, asked, but))
}

fn as_last_read(app: &App, known: Option<Cached>, asked: &[Span], but: Option<Own<'_>>) -> Busy {
    let Some(known) = known else { return Busy::Unknown { reason: "it was not read yet.".to_owned() } };
    let (now, every) = (app.now(), app.config.jobs.calendar_sync);
    if let Some(reason) = asked.iter().find_map(|span| known.not_known(*span, now, every)) {
        return Busy::Unknown { reason };
    }
    let Some(own) = but else { return Busy::Known(known.busy) };
    let mut busy: Vec<Span> = known.busy.iter().flat_map(|busy| busy.without(&own.span)).collect();
    busy.extend(known.beside_ours.iter().filter(|single| single.event != own.event).map(|single| single.span));
    busy.sort();
    Busy::Known(busy)
}

/// Known only when all of it is.
fn read_all(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    asked: &[Span],
    but: Option<Own<'_>>,
) -> Result<Busy, StoreError> {
    let mut all = Vec::new();
    for span in asked {
        match availability::read_now(app, workspace, id, *span, but)? {
            Busy::Known(busy) => all.extend(busy),
            unknown @ Busy::Unknown { .. } => return Ok(unknown),
        }
    }
    all.sort();
    all.dedup();
    Ok(Busy::Known(all))
}

/// The days in which an answer is looked for: never the past, never beyond the horizon.
pub fn around(wished: &[UnixMillis], now: UnixMillis, horizon: Duration) -> Span {
    let latest = now.plus(horizon);
    let first = wished.iter().min().copied().unwrap_or(now).minus(BEFORE).clamp(now, latest);
    let last = wished.iter().max().copied().unwrap_or(now).max(now).plus(AFTER).min(latest);
    Span::new(first, last.max(first.plus(AFTER)))
}
