//! A time is booked: by hand, by a program, or because the guest asked for it.

use super::approve::approve;
use super::change::move_to;
use super::decline::end_proposal;
use super::of_event::{book_on, event_for, minutes_of, Taking};
use super::{calendar_of_worker, check, note, rules_of, Anyway, BookError, NewBooking, Wanted};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{Claimed, Rules, WhyNot};
use crate::base::{BookingId, ConnectionId, UnixMillis, WorkspaceId};
use crate::bookings::calendar;
use crate::bookings::consider::LABEL;
use crate::bookings::hold::hold;
use crate::bookings::model::{Booking, Source};
use crate::bookings::own_meeting::{calendar_id, OwnMeeting};
use crate::bookings::public::Guest;
use crate::bookings::store;
use crate::bookings::words::{Clocks, Language};
use crate::contacts::{self, Contact};
use crate::drafts;
use crate::messaging::{self, Reply};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Worker};
use crate::workspaces;

/// Books a contact at a time, as a worker's meeting.
pub fn create(app: &App, actor: &Actor, new: &NewBooking, anyway: &Anyway) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let (contact, worker, guest_zone) = app.store.read(|txn| load_new(txn, actor.workspace, new))?;
    let by_program = actor.api_key.is_some();
    let source = if by_program { Source::Api } else { Source::ByHand };
    if let Some(event) = event_for(app, actor.workspace, Some(worker.id))? {
        let to = contact.address().cloned().ok_or(BookError::NoContact)?;
        let language = Language::of(contact.locale.as_deref().unwrap_or("en"));
        let guest = Guest::known(&contact, &to, &guest_zone, language);
        let wanted = guest.wants(new.start, event.duration(None), source);
        let taking = Taking { contact: contact.id, worker: Some(worker.id), before: None, anyway };
        return book_on(app, actor, &event, &wanted, &taking);
    }
    let calendar = worker.calendar.ok_or(BookError::NoCalendar)?;
    let rules = Rules::of(&worker.meeting);
    let zone = Clocks::of(&guest_zone, "UTC").guest;
    check(app, actor.workspace, &Wanted { calendar, rules, start: new.start, but: None, guest: &zone }, anyway)?;
    let own = OwnMeeting {
        contact: &contact,
        worker: Some(&worker),
        meeting: &worker.meeting,
        start: new.start,
        guest_zone: &guest_zone,
        language: Language::of(contact.locale.as_deref().unwrap_or("en")),
        source,
    };
    let mut booking = own.booking(app, actor.workspace, now);
    booking.note(now, format!("Booked by {}.", actor.display));
    begin(app, actor, None, &booking, calendar, "booking.made")
}

fn load_new(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    new: &NewBooking,
) -> Result<(Contact, Worker, String), BookError> {
    let contact = contacts::find(txn, workspace, new.contact)?;
    let contact = contact.filter(|contact| contact.address().is_some() && !contact.restricted);
    let contact = contact.ok_or(BookError::NoContact)?;
    let worker = workers::find(txn, workspace, new.worker)?.ok_or(BookError::NoCalendar)?;
    let home = workspaces::find(txn, workspace)?.map_or_else(|| "UTC".to_owned(), |found| found.time_zone);
    let zone = contact.time_zone.clone().unwrap_or(home);
    Ok((contact, worker, zone))
}

/// A person books the time that a guest asked for, or `instead` another. Where the guest had a meeting, that one is
/// moved.
pub fn accept(
    app: &App,
    actor: &Actor,
    id: BookingId,
    instead: Option<UnixMillis>,
    anyway: &Anyway,
) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if !before.state.is_proposed() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    if before.is_request() {
        return approve(app, actor, &before);
    }
    let start = instead.unwrap_or(before.start);
    if let Some(earlier) = upcoming(app, &before)? {
        let moved = move_to(app, actor, earlier.id, start, anyway)?;
        end_proposal(app, actor, id, "The meeting that was there moved to this time.")?;
        return Ok(moved);
    }
    if let Some(event) = event_for(app, actor.workspace, before.worker)? {
        let contact = app.store.read(|txn| contacts::find(txn, actor.workspace, before.contact))?;
        let contact = contact.ok_or(BookError::NoContact)?;
        let to = reply_of(app, &before)?.map(|reply| reply.from).or(contact.address().cloned());
        let to = to.ok_or(BookError::NoContact)?;
        let guest = Guest::known(&contact, &to, &before.guest_zone, Language::of(&before.language));
        let wanted = guest.wants(start, event.duration(Some(minutes_of(&before))), Source::Reply);
        let taking = Taking { contact: contact.id, worker: before.worker, before: Some(&before), anyway };
        return book_on(app, actor, &event, &wanted, &taking);
    }
    hold_at(app, actor, &before, start, anyway)
}

fn reply_of(app: &App, booking: &Booking) -> Result<Option<Reply>, StoreError> {
    match booking.reply {
        Some(reply) => app.store.read(|txn| messaging::find_reply(txn, booking.workspace, reply)),
        None => Ok(None),
    }
}

fn upcoming(app: &App, proposal: &Booking) -> Result<Option<Booking>, StoreError> {
    let Some(earlier) = proposal.instead_of else { return Ok(None) };
    let found = store::get(&app.store, proposal.workspace, earlier)?;
    Ok(found.filter(|booking| booking.state.is_booked() && booking.end > app.now()))
}

/// Holds a time for a booking that has none: a proposal, or one that the calendar refused.
pub(super) fn hold_at(
    app: &App,
    actor: &Actor,
    before: &Booking,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<Booking, BookError> {
    let calendar = before.connection.or(calendar_of_worker(app, before)?).ok_or(BookError::NoCalendar)?;
    let rules = rules_of(app, before)?;
    let zone = Clocks::of(&before.guest_zone, "UTC").guest;
    check(app, actor.workspace, &Wanted { calendar, rules, start, but: None, guest: &zone }, anyway)?;
    let mut booking = Booking { connection: Some(calendar), start, end: rules.span(start).end, ..before.clone() };
    booking.claim = rules.with_buffers(start);
    booking.calendar_id = calendar_id(app, actor.workspace, calendar);
    booking.note(app.now(), format!("Booked by {}.", actor.display));
    begin(app, actor, Some(before), &booking, calendar, "booking.accepted")
}

/// The transaction that makes a booking: exactly one of many gets the time.
fn begin(
    app: &App,
    actor: &Actor,
    before: Option<&Booking>,
    booking: &Booking,
    calendar: ConnectionId,
    act: &str,
) -> Result<Booking, BookError> {
    let now = app.now();
    let job = calendar::job(booking, calendar, now);
    app.store.write(|txn| {
        if let Some(before) = before {
            let current = store::find(txn, before.workspace, before.id)?.ok_or(BookError::NotFound)?;
            if current != *before {
                return Err(BookError::NotOpen(current.state.words()));
            }
        }
        match hold(txn, before, booking, &job, now)? {
            Claimed::Yes => {}
            Claimed::Taken(_) => return Err(BookError::NotFree { why: WhyNot::Claimed, free: Vec::new() }),
        }
        // Saying yes to what the program read out of a mail is an approval like that of a draft.
        if let (Some(_), Some(worker)) = (before, booking.worker) {
            drafts::count_decision(txn, booking.workspace, worker, (LABEL, ""), |figures| figures.approved += 1)?;
        }
        note(txn, actor, act, booking.id, now)?;
        store::find(txn, booking.workspace, booking.id)?.ok_or(BookError::NotFound)
    })
}
