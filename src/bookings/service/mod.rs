//! What people and programs do with bookings.

mod approve;
mod change;
mod decline;
mod kept;
mod make;
mod of_event;
mod refused;

pub use change::{cancel, cancel_of_series, cancel_rest, end, end_in, may_move_to, move_to, End, LONGEST_REASON};
pub use decline::{decline, dismiss, Dismissed};
pub use kept::{add_note, note_outcome, remove_note};
pub use make::{accept, create};
pub use refused::try_again;

use super::decide::OFFERS;
use super::model::Booking;
use super::situation::Situation;
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::availability::{FreeTimes, Rules, Span, WhyNot};
use crate::base::{BookingId, ConnectionId, ContactId, Cursor, Page, UnixMillis, WorkerId, WorkspaceId};
use crate::store::{StoreError, Txn};
use crate::workers::{self, Meeting, Worker};

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
    /// What the worker books on offers nothing just now, in words.
    #[error("nothing can be booked: {0}")]
    NotOffered(String),
    #[error("the meeting has not begun")]
    NotBegun,
    #[error("a reason has at most 500 characters")]
    ReasonLength,
    #[error("a note has 1 to 2,000 characters")]
    NoteLength,
    #[error("the booking has as many notes as it may have")]
    ManyNotes,
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
    // Where it is already, it cannot move.
    let free = || {
        let mut free = diary.near(&[start], situation.range, guest, OFFERS + 1);
        free.retain(|span| but.is_none_or(|but| but.start != span.start));
        free.truncate(OFFERS);
        free
    };
    if let Some(no) = why.iter().find(|why| !why.is_warning()) {
        return Err(BookError::NotFree { why: no.clone(), free: free() });
    }
    if why.iter().all(|why| anyway.covers(why)) {
        return Ok(());
    }
    Err(BookError::Unsure { free: free(), why })
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
