//! What people and programs do with bookings.

use super::calendar;
use super::consider::{calendar_id, title, LABEL};
use super::decide::{WhyOffer, OFFERS};
use super::hold::{handled, hold};
use super::model::{Booking, Source, State};
use super::offer;
use super::situation::Situation;
use super::store;
use super::words::{Clocks, Language};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::availability::{self, Claimed, Rules, Span, WhyNot};
use crate::base::{BookingId, ConnectionId, ContactId, Cursor, DraftId, Page, UnixMillis, WorkerId, WorkspaceId};
use crate::connections;
use crate::contacts::{self, Contact};
use crate::drafts;
use crate::events::{self, Happened};
use crate::jobs;
use crate::messaging;
use crate::store::{StoreError, Txn};
use crate::workers::{self, Meeting, Worker};
use crate::workspaces;

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such booking")]
    NotFound,
    /// The time will not do; free ones near it, in order.
    #[error("not free: {}", why.words())]
    NotFree { why: WhyNot, free: Vec<Span> },
    /// Something speaks against the time that a person may set aside, knowing it; free ones near it, in order.
    #[error("not surely free: {}", warnings_words(why))]
    Unsure { why: Vec<WhyNot>, free: Vec<Span> },
    #[error("the contact is not in this workspace, or has no address")]
    NoContact,
    #[error("the worker is not in this workspace, or has no calendar")]
    NoCalendar,
    /// It was decided, moved or cancelled meanwhile.
    #[error("this booking is {0} now")]
    NotOpen(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a person was warned of and wants all the same: outside hours, at short notice, too far ahead, or where the
/// calendar could not be read. Without it only what is surely free is booked; a program never has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anyway(Vec<String>);

impl Anyway {
    /// From the field of a form: codes of `WhyNot`, divided by spaces.
    pub fn parse(text: &str) -> Self {
        Self(text.split_whitespace().take(8).map(str::to_owned).collect())
    }

    /// The field that sets these warnings aside.
    pub fn field(why: &[WhyNot]) -> String {
        why.iter().map(WhyNot::code).collect::<Vec<_>>().join(" ")
    }

    fn covers(&self, why: &WhyNot) -> bool {
        why.is_warning() && self.0.iter().any(|code| code == why.code())
    }
}

/// "That is outside your working hours. That is sooner than the notice you want."
pub fn warnings_words(why: &[WhyNot]) -> String {
    why.iter().map(WhyNot::words).collect::<Vec<_>>().join(" ")
}

/// A meeting to be made at a given time.
#[derive(Clone, Copy, Debug)]
pub struct NewBooking {
    pub contact: ContactId,
    pub worker: WorkerId,
    pub start: UnixMillis,
}

pub fn get(app: &App, actor: &Actor, id: BookingId) -> Result<Booking, BookError> {
    actor.require(Permission::ViewCalendar)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)
}

/// The last made first.
pub fn list(app: &App, actor: &Actor, before: Option<&Cursor>, limit: usize) -> Result<Page<Booking>, BookError> {
    actor.require(Permission::ViewCalendar)?;
    Ok(store::list_newest(&app.store, actor.workspace, before, limit)?)
}

/// Books a contact at a time, as a worker's meeting.
pub fn create(app: &App, actor: &Actor, new: &NewBooking, anyway: &Anyway) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let (contact, worker, guest_zone) = app.store.read(|txn| load_new(txn, actor.workspace, new))?;
    let calendar = worker.calendar.ok_or(BookError::NoCalendar)?;
    let rules = Rules::of(&worker.meeting);
    let by_program = actor.api_key.is_some();
    let zone = Clocks::of(&guest_zone, "UTC").guest;
    check(app, actor.workspace, &Wanted { calendar, rules, start: new.start, but: None, guest: &zone }, anyway)?;
    let language = Language::of(contact.locale.as_deref().unwrap_or("en")).tag().to_owned();
    let mut booking = Booking {
        id: BookingId::new(now),
        workspace: actor.workspace,
        contact: contact.id,
        worker: Some(worker.id),
        reply: None,
        connection: Some(calendar),
        calendar_id: calendar_id(app, actor.workspace, calendar),
        title: title(&worker.meeting, &contact),
        start: new.start,
        end: rules.span(new.start).end,
        claim: rules.with_buffers(new.start),
        guest_zone,
        language,
        place: worker.meeting.place.clone(),
        video: worker.meeting.video,
        video_link: None,
        state: State::Held,
        instead_of: None,
        event_id: None,
        source: if by_program { Source::Api } else { Source::ByHand },
        created_at: now,
        version: 0,
        written: 0,
        told: 0,
        trouble: None,
        history: Vec::new(),
    };
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
    let start = instead.unwrap_or(before.start);
    if let Some(earlier) = upcoming(app, &before)? {
        let moved = move_to(app, actor, earlier.id, start, anyway)?;
        end_proposal(app, actor, id, "The meeting that was there moved to this time.")?;
        return Ok(moved);
    }
    hold_at(app, actor, &before, start, anyway)
}

/// Holds a time for a booking that has none: a proposal, or one that the calendar refused.
fn hold_at(
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
            drafts::count_decision(txn, booking.workspace, worker, LABEL, |figures| figures.approved += 1)?;
        }
        note(txn, actor, act, booking.id, now)?;
        store::find(txn, booking.workspace, booking.id)?.ok_or(BookError::NotFound)
    })
}

/// Moves a booking; the length stays. The calendar and the guest follow.
pub fn move_to(
    app: &App,
    actor: &Actor,
    id: BookingId,
    start: UnixMillis,
    anyway: &Anyway,
) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    if !before.state.is_booked() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    let rules = rules_of(app, &before)?;
    let zone = Clocks::of(&before.guest_zone, "UTC").guest;
    check(app, actor.workspace, &Wanted { calendar, rules, start, but: Some(&before), guest: &zone }, anyway)?;
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
        moved.note(now, format!("Moved by {}.", actor.display));
        availability::release(txn, actor.workspace, calendar.0, current.claim, id)?;
        if let Claimed::Taken(_) = availability::claim(txn, actor.workspace, calendar.0, moved.claim, id)? {
            return Err(BookError::NotFree { why: WhyNot::Claimed, free: Vec::new() });
        }
        store::put(txn, &moved, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        events::append(txn, actor.workspace, now, Happened::BookingMoved { booking: id, contact: moved.contact })?;
        note(txn, actor, "booking.moved", id, now)?;
        Ok(moved)
    })
}

/// Cancels a booking: its time is free at once, the event goes, the guest is told. `reason` is for the guest.
pub fn cancel(app: &App, actor: &Actor, id: BookingId, reason: &str) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    let job = calendar::job(&before, calendar, now);
    let reason: String = reason.trim().chars().take(500).collect();
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        if !current.state.is_booked() {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut ended = Booking { state: State::Cancelled { reason: reason.clone() }, ..current.clone() };
        ended.version += 1;
        ended.note(now, format!("Cancelled by {}.", actor.display));
        availability::release(txn, actor.workspace, calendar.0, current.claim, id)?;
        store::put(txn, &ended, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        events::append(txn, actor.workspace, now, Happened::BookingCancelled { booking: id, contact: ended.contact })?;
        note(txn, actor, "booking.cancelled", id, now)?;
        Ok(ended)
    })
}

/// A person does not want the proposed time: free ones near it are drafted as an offer. The draft's id, or `None`
/// when this answer has one already.
pub fn decline(app: &App, actor: &Actor, id: BookingId) -> Result<Option<DraftId>, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    let reply = before.reply.ok_or(BookError::NotFound)?;
    let rules = rules_of(app, &before)?;
    let calendar = before.connection.or(calendar_of_worker(app, &before)?).ok_or(BookError::NoCalendar)?;
    let situation = Situation::read(app, actor.workspace, Some(calendar), rules, &[before.start], None)?;
    let ours = availability::schedule_of(&app.store, actor.workspace)?.zone;
    let clocks = Clocks::of(&before.guest_zone, &ours);
    let diary = situation.diary();
    let mut free = diary.near(&[before.start], situation.range, &clocks.guest, OFFERS + 1);
    free.retain(|span| span.start != before.start);
    free.truncate(OFFERS);
    if free.is_empty() {
        let why = diary.not_taken(before.start).err().unwrap_or(WhyNot::Busy);
        return Err(BookError::NotFree { why, free });
    }
    let (reply, contact, signature) = app.store.read(|txn| {
        let reply = messaging::find_reply(txn, actor.workspace, reply)?.ok_or(BookError::NotFound)?;
        let contact = contacts::find(txn, actor.workspace, before.contact)?.ok_or(BookError::NoContact)?;
        let worker = match before.worker {
            Some(worker) => workers::find(txn, actor.workspace, worker)?,
            None => None,
        };
        let mailbox = connections::find(txn, actor.workspace, reply.connection)?;
        let signature = workers::signature_of(worker.as_ref(), mailbox.as_ref());
        Ok::<_, BookError>((reply, contact, signature))
    })?;
    let draft = offer::draft(&reply, &contact, &signature, &free, WhyOffer::NotFree, &clocks, now);
    app.store.write(|txn| {
        end_in(txn, actor, id, "Other times were offered.", now)?;
        Ok(drafts::propose(app, txn, &draft, now)?)
    })
}

/// A person has the calendar asked once more for what it refused: the event, its move or its end.
pub fn try_again(app: &App, actor: &Actor, id: BookingId, anyway: &Anyway) -> Result<Booking, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if matches!(before.state, State::Failed { .. }) {
        return hold_at(app, actor, &before, before.start, anyway);
    }
    let calendar = before.connection.ok_or(BookError::NoCalendar)?;
    let now = app.now();
    let job = calendar::job(&before, calendar, now);
    app.store.write(|txn| {
        let current = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        if current.trouble.is_none() || current.is_unwritten() {
            return Err(BookError::NotOpen(current.state.words()));
        }
        let mut again = Booking { written: current.version.saturating_sub(1), ..current.clone() };
        again.note(now, format!("Tried again by {}.", actor.display));
        store::put(txn, &again, Some(&current))?;
        jobs::enqueue(txn, &job)?;
        note(txn, actor, "booking.tried_again", id, now)?;
        Ok(again)
    })
}

/// A person wants nothing done about the proposed time, or lets rest what the calendar refused.
pub fn dismiss(app: &App, actor: &Actor, id: BookingId) -> Result<(), BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if before.needs_help() {
        return let_rest(app, actor, id);
    }
    end_proposal(app, actor, id, "Dismissed.")
}

fn let_rest(app: &App, actor: &Actor, id: BookingId) -> Result<(), BookError> {
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
        // While it is still being tried the calendar may yet take it.
        if !before.needs_help() || before.is_unwritten() {
            return Err(BookError::NotOpen(before.state.words()));
        }
        let mut rested = Booking { trouble: None, ..before.clone() };
        if let State::Failed { reason } = &before.state {
            rested.state = State::Cancelled { reason: format!("The calendar did not take it: {reason}") };
        }
        rested.note(now, format!("Left as it is by {}.", actor.display));
        store::put(txn, &rested, Some(&before))?;
        Ok(note(txn, actor, "booking.left", id, now)?)
    })
}

fn end_proposal(app: &App, actor: &Actor, id: BookingId, words: &str) -> Result<(), BookError> {
    let now = app.now();
    app.store.write(|txn| end_in(txn, actor, id, words, now))
}

fn end_in(txn: &mut Txn<'_>, actor: &Actor, id: BookingId, words: &str, now: UnixMillis) -> Result<(), BookError> {
    let before = store::find(txn, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if !before.state.is_proposed() {
        return Err(BookError::NotOpen(before.state.words()));
    }
    let mut ended = Booking { state: State::Cancelled { reason: words.to_owned() }, ..before.clone() };
    ended.note(now, format!("{words} ({})", actor.display));
    store::put(txn, &ended, Some(&before))?;
    if let Some(reply) = ended.reply {
        handled(txn, actor.workspace, reply, now)?;
    }
    Ok(note(txn, actor, "booking.declined", id, now)?)
}

/// A time that somebody wants.
struct Wanted<'a> {
    calendar: ConnectionId,
    rules: Rules,
    start: UnixMillis,
    /// The booking that moves there.
    but: Option<&'a Booking>,
    guest: &'a jiff::tz::TimeZone,
}

/// Asks the calendar about exactly this time. What is not surely free passes only when all that speaks against it
/// was set aside by name.
fn check(app: &App, workspace: WorkspaceId, wanted: &Wanted<'_>, anyway: &Anyway) -> Result<(), BookError> {
    let Wanted { calendar, rules, start, but, guest } = *wanted;
    let situation = Situation::read(app, workspace, Some(calendar), rules, &[start], but)?;
    let diary = situation.diary();
    let why: Vec<WhyNot> = diary.objections(start).collect();
    let free = || diary.near(&[start], situation.range, guest, OFFERS);
    if let Some(no) = why.iter().find(|why| !why.is_warning()) {
        return Err(BookError::NotFree { why: no.clone(), free: free() });
    }
    if why.iter().all(|why| anyway.covers(why)) {
        return Ok(());
    }
    Err(BookError::Unsure { free: free(), why })
}

fn upcoming(app: &App, proposal: &Booking) -> Result<Option<Booking>, StoreError> {
    let Some(earlier) = proposal.instead_of else { return Ok(None) };
    let found = store::get(&app.store, proposal.workspace, earlier)?;
    Ok(found.filter(|booking| booking.state.is_booked() && booking.end > app.now()))
}

fn worker_of(app: &App, booking: &Booking) -> Result<Option<Worker>, StoreError> {
    match booking.worker {
        Some(worker) => workers::get(&app.store, booking.workspace, worker),
        None => Ok(None),
    }
}

fn calendar_of_worker(app: &App, booking: &Booking) -> Result<Option<ConnectionId>, StoreError> {
    Ok(worker_of(app, booking)?.and_then(|worker| worker.calendar))
}

/// The worker's rules; the length is the booking's own.
fn rules_of(app: &App, booking: &Booking) -> Result<Rules, StoreError> {
    let meeting = worker_of(app, booking)?.map_or_else(Meeting::default, |worker| worker.meeting);
    Ok(Rules { length: booking.span().length(), ..Rules::of(&meeting) })
}

fn note(txn: &mut Txn<'_>, actor: &Actor, act: &str, id: BookingId, now: UnixMillis) -> Result<(), StoreError> {
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("booking {id}"), "")
}
