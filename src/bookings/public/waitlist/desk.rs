//! What a member does with the line: read it, add somebody, offer out of turn, take somebody off.

use super::join::{join, NotJoined};
use super::model::Waiter;
use super::serve::{self, Offered};
use super::{leave, store};
use crate::app::App;
use crate::audit::Who;
use crate::authz::{Actor, Denied, Permission};
use crate::availability::Span;
use crate::base::{EventTypeId, UnixMillis, WaiterId};
use crate::bookings::public::commit::Guest;
use crate::bookings::types;
use crate::http::{ApiError, PageError};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("no such event type, or nobody of this id waits for it")]
    NotFound,
    #[error("this event type has no waitlist")]
    NoList,
    #[error("the list is full")]
    Full,
    #[error("they wait for five things already")]
    Enough,
    #[error("nothing is free that suits them, or they cannot be told")]
    NothingFree,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LineError {
    fn words(&self) -> &'static str {
        match self {
            Self::NoList => "This event type has no waitlist, the period is over, or no mailbox could tell them.",
            Self::Enough => "They wait for five things already, and one person may wait for no more.",
            Self::Full => "There are 200 people on this list, and more are not kept.",
            _ => "Nothing is free that suits them, they hold an offer already, or they must not be written to.",
        }
    }
}

impl From<NotJoined> for LineError {
    fn from(error: NotJoined) -> Self {
        match error {
            NotJoined::Closed => Self::NoList,
            NotJoined::Full => Self::Full,
            NotJoined::Enough => Self::Enough,
            NotJoined::Store(error) => Self::Store(error),
        }
    }
}

impl From<LineError> for PageError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Denied(denied) => denied.into(),
            LineError::NotFound => Self::NotFound,
            LineError::Store(error) => Self::internal("could not read or write a waitlist", &error),
            error => Self::conflict(error.words(), "Go back and look how the list stands."),
        }
    }
}

impl From<LineError> for ApiError {
    fn from(error: LineError) -> Self {
        PageError::from(error).into()
    }
}

/// A period that still comes and does not reach beyond 400 days.
pub fn is_sized(within: &Span, now: UnixMillis) -> bool {
    within.start < within.end && within.end > now && within.end < now.plus(std::time::Duration::from_secs(400 * 86_400))
}

pub fn list(app: &App, actor: &Actor, event: EventTypeId) -> Result<Vec<Waiter>, LineError> {
    actor.require(Permission::ViewCalendar)?;
    types::get(&app.store, actor.workspace, event)?.ok_or(LineError::NotFound)?;
    Ok(app.store.read(|txn| store::list(txn, actor.workspace, event))?)
}

pub fn add(
    app: &App,
    actor: &Actor,
    event: EventTypeId,
    guest: &Guest,
    wish: (Span, u32),
) -> Result<Waiter, LineError> {
    actor.require(Permission::EditBookings)?;
    let event = types::get(&app.store, actor.workspace, event)?.ok_or(LineError::NotFound)?;
    Ok(join(app, &event, guest, wish, &Who::of(actor))?)
}

pub fn remove(app: &App, actor: &Actor, event: EventTypeId, id: WaiterId) -> Result<(), LineError> {
    actor.require(Permission::EditBookings)?;
    match leave::leave(app, (actor.workspace, event, id), &Who::of(actor), "Taken off by a member.")? {
        true => Ok(()),
        false => Err(LineError::NotFound),
    }
}

/// The first free time that suits this one, out of turn; what they let pass before is offered again.
pub fn offer_now(app: &App, actor: &Actor, event: EventTypeId, id: WaiterId) -> Result<Waiter, LineError> {
    actor.require(Permission::EditBookings)?;
    let event = types::get(&app.store, actor.workspace, event)?.ok_or(LineError::NotFound)?;
    let find = || app.store.read(|txn| store::find(txn, actor.workspace, event.id, id));
    let waiter = find()?.ok_or(LineError::NotFound)?;
    if waiter.offer().is_some() || !serve::may_send(app, actor.workspace)? {
        return Err(LineError::NothingFree);
    }
    let free = serve::free_within(app, &event, waiter.within, waiter.minutes)?;
    let suits = |start: &UnixMillis| waiter.within.start <= *start && *start < waiter.within.end;
    for start in free.into_iter().filter(suits) {
        match serve::offer(app, &event, &waiter, start, &Who::of(actor))? {
            Offered::Yes => return find()?.ok_or(LineError::NotFound),
            Offered::NotThen => {}
            Offered::NotThem | Offered::Unreadable => break,
        }
    }
    Err(LineError::NothingFree)
}
