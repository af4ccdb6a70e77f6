//! A booking of an event type moves to another free start, for its visitor or for a member.

use std::time::Duration;

use super::commit::{seat, NotBooked};
use super::hold::with_buffers;
use super::waitlist;
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::{Busy, Own, Span};
use crate::base::{BookingId, UnixMillis};
use crate::bookings::group;
use crate::bookings::hold::give_back;
use crate::bookings::host;
use crate::bookings::messages::{self, Kind};
use crate::bookings::model::{Booking, State};
use crate::bookings::paid;
use crate::bookings::tell::tell;
use crate::bookings::types::{self, EventType, Facts, SlotQuestion};
use crate::bookings::{calendar, store};
use crate::events::{self, Happened};

/// Who moves it.
pub struct Mover<'a> {
    pub who: Who,
    /// Their name in the history.
    pub by: &'a str,
    /// Why, as they wrote it; may be empty.
    pub reason: &'a str,
    /// A member sets the owner's rules aside, and what cannot be read.
    pub insists: bool,
}

impl Mover<'_> {
    /// As it stands in the history.
    fn words(&self) -> String {
        match self.reason.trim() {
            "" => format!("Moved by {}.", self.by),
            reason => format!("Moved by {}: {reason}", self.by),
        }
    }
}

/// May the visitor still change it? Until the cut-off, as long as it stands.
pub fn may_change(event: &EventType, booking: &Booking, now: UnixMillis) -> bool {
    let stands = booking.state.is_booked() || booking.is_request();
    stands && now.plus(Duration::from_secs(60 * u64::from(event.cut_off))) <= booking.start
}

/// The booking with its hosts at another start; the calendar and the guest follow. To where it is: nothing happens.
pub fn reschedule(app: &App, before: &Booking, start: UnixMillis, mover: &Mover<'_>) -> Result<Booking, NotBooked> {
    if before.start == start {
        return Ok(before.clone());
    }
    let event = match before.details.event_type {
        Some(id) => types::get(&app.store, before.workspace, id)?.ok_or(NotBooked::Closed)?,
        None => return Err(NotBooked::Closed),
    };
    waitlist::before_others(app, &event)?;
    let minutes = u32::try_from(before.span().length().as_secs() / 60).unwrap_or(u32::MAX);
    let span = Span::lasting(start, before.span().length());
    let question = SlotQuestion::at(start, minutes, Some(before.id));
    let mut facts = types::load_for(app, &event, &question)?.only(&before.details.hosts);
    if before.details.series.is_some() {
        facts = facts.beyond_horizon();
    }
    if mover.insists {
        facts = facts.with_rules(&[]);
    }
    let facts = without_own_event(app, facts, (before, span), mover.insists)?;
    let now = facts.now;
    // Whoever founded a group leaves its id to those who stay.
    let fresh = BookingId::new(now);
    let job = calendar::job_anywhere(before, now);
    app.store.write(|txn| {
        let current = store::find(txn, before.workspace, before.id)?.ok_or(NotBooked::Closed)?;
        if current.start != before.start || !(current.state.is_booked() || current.is_request()) {
            return Err(NotBooked::TooLate);
        }
        give_back(txn, &current)?;
        let mut moved = Booking { start, end: span.end, ..current.clone() };
        // What was said of the old time says nothing of the new one.
        moved.kept.outcome = None;
        moved.details.moved_late = paid::moves_late(&facts.event, &current, &mover.who, now);
        seat(txn, &facts, &question, &mut moved, fresh)?;
        group::part(app, txn, &current, &mut moved, now)?;
        moved.note(now, mover.words());
        if current.state.is_booked() {
            group::join(txn, &mut moved, now)?;
            moved.version += 1;
            if !calendar::plan(txn, &moved, &job)? {
                moved.state = State::Confirmed;
                moved.written = moved.version;
                tell(app, txn, &mut moved, now)?;
            }
        } else {
            messages::tell(app, txn, &moved, Kind::Requested, "", now)?;
        }
        store::put(txn, &moved, Some(&current))?;
        if moved.state.is_booked() {
            host::plan(txn, &moved, now)?;
        }
        let (workspace, booking, contact) = (moved.workspace, moved.id, moved.contact);
        events::append(txn, workspace, now, Happened::BookingMoved { booking, contact })?;
        audit::record(txn, workspace, now, &mover.who, "booking.moved", &format!("booking {booking}"), "")?;
        Ok(moved)
    })
}

/// Fresh answers of the calendars about the new time, in which the event that moves is in nobody's way.
fn without_own_event(
    app: &App,
    facts: Facts,
    (before, span): (&Booking, Span),
    insists: bool,
) -> Result<Facts, NotBooked> {
    let needed = with_buffers(&facts.event, span);
    let own = before.event_id.as_deref().map(|event| Own { calendar: &before.calendar_id, event, span: before.span() });
    let mut asked = facts.clone();
    for host in &facts.hosts {
        match facts.ask_now(app, host.user, needed, own)? {
            Busy::Unknown { .. } if insists => asked = asked.freed(host.user, before.span()),
            Busy::Unknown { reason } => return Err(NotBooked::Unreadable(reason)),
            busy => asked = asked.freed(host.user, before.span()).with_busy(host.user, busy),
        }
    }
    Ok(asked)
}
