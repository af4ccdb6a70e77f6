//! Busy times asked of the calendars themselves, when a decision is made.

use std::collections::BTreeMap;

use super::model::{Busy, Span};
use crate::app::App;
use crate::base::{ConnectionId, WorkspaceId};
use crate::connections::{self, with_calendar, Connection, State};
use crate::providers::calendar::{BusyTimes, Taken, When};
use crate::providers::ProviderError;
use crate::store::StoreError;

/// An event of ours whose time does not count: it is about to move.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    pub calendar: &'a str,
    pub event: &'a str,
    pub span: Span,
}

/// Asks the calendars of a connection about exactly this range, without the event `but`. Anything but a full answer is
/// unknown, with the reason in words.
pub fn read_now(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    range: Span,
    but: Option<Own<'_>>,
) -> Result<Busy, StoreError> {
    read_some_now(app, workspace, id, None, range, but)
}

/// The same of `calendars` only, where any are named.
pub(super) fn read_some_now(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    calendars: Option<&[String]>,
    range: Span,
    but: Option<Own<'_>>,
) -> Result<Busy, StoreError> {
    let Some(connection) = connections::get(&app.store, workspace, id)? else {
        return Ok(unknown("the calendar is no longer connected."));
    };
    let own = match connection.calendars() {
        Some(own) => own.counted(),
        None => return Ok(unknown("this connection has no calendar.")),
    };
    if let State::NeedsOwner { reason, .. } = &connection.state {
        return Ok(unknown(reason));
    }
    let answer = ask(app, &connection, calendars.unwrap_or(&own), range, but);
    Ok(answer.map_or_else(|error| unknown(&error.to_string()), |all| together(all.into_values())))
}

pub(super) fn unknown(reason: &str) -> Busy {
    Busy::Unknown { reason: reason.to_owned() }
}

/// Several calendars as one: known only when all are.
pub(super) fn together(all: impl IntoIterator<Item = Busy>) -> Busy {
    let mut busy = Vec::new();
    for one in all {
        match one {
            Busy::Known(spans) => busy.extend(spans),
            unknown @ Busy::Unknown { .. } => return unknown,
        }
    }
    busy.sort();
    busy.dedup();
    Busy::Known(busy)
}

/// What each of `calendars` says.
pub(super) fn ask(
    app: &App,
    connection: &Connection,
    calendars: &[String],
    range: Span,
    but: Option<Own<'_>>,
) -> Result<BTreeMap<String, Busy>, ProviderError> {
    let ids: Vec<&str> = calendars.iter().map(String::as_str).collect();
    let found = with_calendar(app, connection.workspace, connection.id, |calendar| {
        calendar.free_busy(&ids, range.start, range.end)
    })?;
    let mut answers = BTreeMap::new();
    for id in ids {
        let answer = match found.get(id) {
            Some(BusyTimes::Known(times)) => {
                let times = times.iter().map(|time| Span::new(time.start, time.end)).collect();
                Busy::Known(match but {
                    Some(own) => without_own(app, connection, id, times, own)?,
                    None => times,
                })
            }
            Some(BusyTimes::Unknown { reason }) => unknown(reason),
            None => unknown("the provider left a calendar out."),
        };
        answers.insert(id.to_owned(), answer);
    }
    Ok(answers)
}

/// Busy times without an event of ours. Providers give one stretch for events that touch or overlap, so what else
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
    let listed = list_taken(app, connection, calendar, own.span);
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

pub(super) fn list_taken(
    app: &App,
    connection: &Connection,
    calendar: &str,
    range: Span,
) -> Result<Vec<Taken>, ProviderError> {
    with_calendar(app, connection.workspace, connection.id, |client| {
        client.list_taken(calendar, range.start, range.end)
    })
}

/// The part of an event inside `hole`; all of it for a day without times, which begins where its calendar says.
fn within(event: &Taken, hole: Span) -> Span {
    match (&event.start, &event.end) {
        (Some(When::At(start)), Some(When::At(end))) => Span::new((*start).max(hole.start), (*end).min(hole.end)),
        _ => hole,
    }
}
