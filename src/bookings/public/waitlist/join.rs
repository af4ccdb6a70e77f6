//! Somebody joins the line.

use super::letters;
use super::model::{State, Waiter};
use super::{serve, store};
use crate::app::App;
use crate::audit::{self, Who};
use crate::availability::Span;
use crate::base::{ContactId, EventTypeId, WaiterId, WorkspaceId};
use crate::bookings::messages::can_write_outside;
use crate::bookings::public::commit::{Guest, NotBooked};
use crate::bookings::public::draft::add_contact;
use crate::bookings::types::EventType;
use crate::contacts;
use crate::events::{self, Happened};
use crate::jobs;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum NotJoined {
    /// There is no list, the period is over, or nobody could be told.
    #[error("nobody can wait here")]
    Closed,
    #[error("the list is full")]
    Full,
    #[error("they wait for enough already")]
    Enough,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts somebody at the end of the line. Who waits for the same already stays where they are.
pub fn join(
    app: &App,
    event: &EventType,
    guest: &Guest,
    (within, minutes): (Span, u32),
    who: &Who,
) -> Result<Waiter, NotJoined> {
    let now = app.now();
    if !event.is_open || event.waitlist.is_none() || within.end <= now {
        return Err(NotJoined::Closed);
    }
    let workspace = event.workspace;
    let known = app.store.read(|txn| contacts::find_by_address(txn, workspace, &guest.email))?;
    let waiter = Waiter {
        id: WaiterId::new(now),
        workspace,
        event: event.id,
        contact: known.map_or_else(|| ContactId::new(now), |known| known.id),
        name: guest.name.clone(),
        email: guest.email.clone(),
        zone: guest.zone.clone(),
        language: guest.language.clone(),
        minutes: event.duration(Some(minutes)),
        within,
        joined_at: now,
        confirmed_at: (!matches!(who, Who::Visitor)).then_some(now),
        state: State::Waiting,
        missed: Vec::new(),
    };
    let over = serve::over_job(&waiter, now);
    let serve_it = serve::job(workspace, event.id, now);
    app.store.write(|txn| {
        // The same whoever asks: an address that must not be written to looks like any other.
        if !can_write_outside(app, txn, workspace, event.hosts.first().map(|host| host.user), now)? {
            return Err(NotJoined::Closed);
        }
        // The same person twice in the same moment: their contact is there by now.
        let contact = match contacts::find_by_address(txn, workspace, &guest.email)? {
            Some(known) => known.id,
            None => waiter.contact,
        };
        let waiter = Waiter { contact, ..waiter.clone() };
        let own = store::list_of_contact(txn, workspace, contact)?;
        // A month begins at the moment of joining, so the one who asks again later asks for less.
        let wish = |waiter: &Waiter| (waiter.event, waiter.within.end, waiter.minutes);
        if let Some(there) = own.iter().find(|other| wish(other) == wish(&waiter) && other.covers(&waiter)) {
            let there = Waiter { confirmed_at: there.confirmed_at.or(waiter.confirmed_at), ..there.clone() };
            store::put(txn, &there, Some(&there))?;
            return Ok(there);
        }
        if own.len() >= store::MOST_OF_ONE {
            return Err(NotJoined::Enough);
        }
        if store::list(txn, workspace, event.id)?.len() >= store::MOST {
            return Err(NotJoined::Full);
        }
        match add_contact(txn, (workspace, contact), guest, now) {
            Ok(()) | Err(NotBooked::Taken) => {}
            Err(NotBooked::Store(error)) => return Err(error.into()),
            Err(_) => return Err(NotJoined::Closed),
        }
        store::put(txn, &waiter, None)?;
        letters::joined(app, txn, event, &waiter, now)?;
        jobs::enqueue(txn, &over)?;
        let serving = jobs::enqueue(txn, &serve_it)?;
        jobs::hurry(txn, serving, now)?;
        events::append(txn, workspace, now, Happened::WaitlistJoined { event_type: event.id, contact })?;
        audit::record(txn, workspace, now, who, "waitlist.joined", &format!("waiter {}", waiter.id), "")?;
        Ok(waiter)
    })
}

/// Whoever reads the mail of this address wants it. Pressed twice is pressed once.
pub fn confirm(app: &App, (workspace, event, id): (WorkspaceId, EventTypeId, WaiterId)) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| match store::find(txn, workspace, event, id)? {
        Some(before) if before.confirmed_at.is_none() => {
            let after = Waiter { confirmed_at: Some(now), ..before.clone() };
            store::put(txn, &after, Some(&before))?;
            serve::hurry_in(txn, workspace, event, now)
        }
        _ => Ok(()),
    })
}
