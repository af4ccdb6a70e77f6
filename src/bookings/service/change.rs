//! A booked meeting is moved or cancelled; the calendar and the guest follow.

use super::of_event::{self, Asked};
use super::{check, note, rules_of, Anyway, BookError, Wanted};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::availability::{self, Claimed, Rules, WhyNot};
use crate::base::{BookingId, ConnectionId, EventTypeId, UnixMillis, WorkspaceId};
use crate::bookings::calendar;
use crate::bookings::hold::give_back;
use crate::bookings::host;
use crate::bookings::messages::{self, Kind};
use crate::bookings::model::{Booking, State};
use crate::bookings::public::{self, Mover};
use crate::bookings::series;
use crate::bookings::store;
use crate::bookings::tell::tell;
use crate::bookings::types;
use crate::bookings::words::Clocks;
use crate::events::{self, Ended, Happened};
use crate::jobs::{self, NewJob};
use crate::store::Txn;

/// Whether a booking can be moved there as things stand, and what speaks against it: the errors of `move_to`.
pub fn may_move_to(app: &App, actor: &Actor, id: BookingId, start: UnixMillis) -> Result<(), BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if before.start == start && before.state.is_booked() {
        return Ok(());
    }
    if let Some(event) = before.details.event_type {
        return check_on_event(app, &before, event, start, &Anyway::default()).map(|_| ());
    }
    check_move(app, &before, start, &Anyway::default()).map(|_| ())
}

/// The calendar and the rules of a booking that may move to `start`.
fn check_move(
    app: &App,
    before: &Booking,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<(ConnectionId, Rules), BookError> {
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    if !before.state.is_booked() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    let rules = rules_of(app, before)?;
    let zone = Clocks::of(&before.guest_zone, "UTC").guest;
    check(app, before.workspace, &Wanted { calendar, rules, start, but: Some(before), guest: &zone }, anyway)?;
    Ok((calendar, rules))
}

/// The same for a booking on an event type, by its rules and for the hosts that it has. Gives what is set aside.
fn check_on_event(
    app: &App,
    before: &Booking,
    event: EventTypeId,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<Vec<WhyNot>, BookError> {
    if !before.state.is_booked() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    let event = types::get(&app.store, before.workspace, event)?.ok_or(BookError::NotFound)?;
    let minutes = of_event::minutes_of(before);
    let asked = Asked { event: &event, start, minutes, zone: &before.guest_zone, but: Some(before) };
    of_event::set_aside(app, &asked, anyway)
}

/// Moves a booking; the length stays. The calendar and the guest follow. To where it is already: nothing happens.
pub fn move_to(
    app: &App,
    actor: &Actor,
    id: BookingId,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if before.start == start && before.state.is_booked() {
        return Ok(before);
    }
    if let Some(event) = before.details.event_type {
        let set_aside = check_on_event(app, &before, event, start, anyway)?;
        let mover = Mover { who: Who::of(actor), by: &actor.display, reason: "", insists: !set_aside.is_empty() };
        return public::reschedule(app, &before, start, &mover).map_err(public::NotBooked::into_book_error);
    }
    let (calendar, rules) = check_move(app, &before, start, anyway)?;
    let now = app.now();
    let job = calendar::job(&before, calendar, now);
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        if !current.state.is_booked() || current.start != before.start {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut moved = Booking { start, end: rules.span(start).end, ..current.clone() };
        moved.claim = rules.with_buffers(start);
        moved.version += 1;
        // What was said of the old time says nothing of the new one.
        moved.kept.outcome = None;
        moved.note(now, format!("Moved by {}.", actor.display));
        availability::release(txn, actor.workspace, calendar.0, current.claim, id)?;
        if let Claimed::Taken(_) = availability::claim(txn, actor.workspace, calendar.0, moved.claim, id, now)? {
            return Err(BookError::NotFree { why: WhyNot::Claimed, free: Vec::new() });
        }
        store::put(txn, &moved, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        host::plan(txn, &moved, now)?;
        events::append(txn, actor.workspace, now, Happened::BookingMoved { booking: id, contact: moved.contact })?;
        note(txn, actor, "booking.moved", id, now)?;
        Ok(moved)
    })
}

/// Cancels a booking: its time is free at once, the event goes, the guest is told. `reason` is for the guest.
pub fn cancel(app: &App, actor: &Actor, id: BookingId, reason: &str) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    fits(reason)?;
    let end = End { who: Who::of(actor), by: &actor.display, reason };
    self::end(app, actor.workspace, id, &end)
}

/// Characters of why a booking ended or moved.
pub const LONGEST_REASON: usize = 500;

/// What somebody wrote for the other side is refused, not cut.
fn fits(reason: &str) -> Result<(), BookError> {
    match reason.trim().chars().count() > LONGEST_REASON {
        true => Err(BookError::ReasonLength),
        false => Ok(()),
    }
}

/// Who ends a booking, and why.
pub struct End<'a> {
    pub who: Who,
    /// Their name in the history.
    pub by: &'a str,
    /// For the other side.
    pub reason: &'a str,
}

impl End<'_> {
    /// A member who says no to a request says nothing of the meeting that another has made of it meanwhile; a visitor wants
    /// out either way.
    pub fn concerns(&self, seen: &Booking, current: &Booking) -> bool {
        self.who == Who::Visitor || !seen.is_request() || current.is_request()
    }

    /// As it is kept and said.
    pub fn reason(&self) -> String {
        self.reason.trim().chars().take(LONGEST_REASON).collect()
    }
}

/// Ends what is booked or asked for, for a member or for the visitor.
pub fn end(app: &App, workspace: WorkspaceId, id: BookingId, end: &End<'_>) -> Result<Booking, BookError> {
    let before = store::get(&app.store, workspace, id)?.ok_or(BookError::NotFound)?;
    end_seen(app, &before, end)
}

/// Declines what a visitor has asked for, as the member saw it.
pub(super) fn decline_request(app: &App, actor: &Actor, seen: &Booking, reason: &str) -> Result<Booking, BookError> {
    fits(reason)?;
    end_seen(app, seen, &End { who: Who::of(actor), by: &actor.display, reason })
}

fn end_seen(app: &App, before: &Booking, end: &End<'_>) -> Result<Booking, BookError> {
    let (workspace, id, now) = (before.workspace, before.id, app.now());
    if before.connection.is_none() && before.details.event_type.is_none() {
        return Err(BookError::NoCalendar);
    }
    if before.is_pending() && before.details.series.is_some() {
        return series::end_rest(app, workspace, before, end).map(|(booking, _)| booking);
    }
    let job = before.connection.map(|calendar| calendar::job(before, calendar, now));
    let reason = end.reason();
    app.store.write(|txn| {
        let current = store::find(txn, workspace, id)?.ok_or(BookError::NotFound)?;
        let is_open = current.state.is_booked() || current.is_pending();
        if !is_open || !end.concerns(before, &current) {
            return Err(BookError::NotOpen(current.state.words()));
        }
        end_in(app, txn, (&current, job.as_ref()), (end, &reason), false, now)
    })
}

/// Ends one booking in this transaction. `is_told`: its guest hears of it with others.
pub fn end_in(
    app: &App,
    txn: &mut Txn<'_>,
    (current, job): (&Booking, Option<&NewJob>),
    (end, reason): (&End<'_>, &str),
    is_told: bool,
    now: UnixMillis,
) -> Result<Booking, BookError> {
    let (workspace, id) = (current.workspace, current.id);
    let mut ended = Booking { state: State::Cancelled { reason: reason.to_owned() }, ..current.clone() };
    ended.version += 1;
    let what = match (current.is_request(), &end.who) {
        (false, _) => Ended::Meeting,
        (true, Who::Visitor) => Ended::TakenBack,
        (true, _) => Ended::Declined,
    };
    ended.details.given_up = end.who == Who::Visitor;
    ended.details.declined = what == Ended::Declined;
    ended.note(now, format!("{} by {}.", ended.words(), end.by));
    if is_told {
        ended.told = ended.version;
    }
    give_back(txn, current)?;
    match job.filter(|_| current.state.is_booked()) {
        Some(job) => {
            jobs::enqueue(txn, job)?;
        }
        // It stands in no calendar.
        None => {
            ended.written = ended.version;
            if !is_told && current.is_request() && end.who == Who::Visitor {
                // They took it back themselves: nobody has declined it.
                ended.told = ended.version;
                messages::tell(app, txn, &ended, Kind::Cancelled, "", now)?;
            }
            tell(app, txn, &mut ended, now)?;
        }
    }
    store::put(txn, &ended, Some(current))?;
    host::plan(txn, &ended, now)?;
    events::append(
        txn,
        workspace,
        now,
        Happened::BookingCancelled { booking: id, contact: ended.contact, ended: what },
    )?;
    let act = if what == Ended::Declined { "booking.declined" } else { "booking.cancelled" };
    audit::record(txn, workspace, now, &end.who, act, &format!("booking {id}"), "")?;
    Ok(ended)
}

/// Cancels a booking and, where the `rest` is meant or it is only asked for, all later ones of its series. Gives it as it
/// stands then, and which have ended.
pub fn cancel_of_series(
    app: &App,
    actor: &Actor,
    id: BookingId,
    reason: &str,
    rest: bool,
) -> Result<(Booking, Vec<BookingId>), BookError> {
    actor.require(Permission::EditBookings)?;
    fits(reason)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    let end = End { who: Who::of(actor), by: &actor.display, reason };
    match before.details.series {
        Some(_) if rest || before.is_pending() => series::end_rest(app, actor.workspace, &before, &end),
        _ => self::end(app, actor.workspace, id, &end).map(|booking| (booking, vec![id])),
    }
}

/// Cancels a booking and all later ones of its series; by itself it is cancelled alone.
pub fn cancel_rest(app: &App, actor: &Actor, id: BookingId, reason: &str) -> Result<Booking, BookError> {
    cancel_of_series(app, actor, id, reason, true).map(|(booking, _)| booking)
}
