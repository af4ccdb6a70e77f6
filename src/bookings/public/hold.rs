//! A time is kept while the form is open.

use std::time::Duration;

use uuid::Uuid;

use super::commit::{candidates, NotBooked};
use super::token::Held;
use super::waitlist;
use crate::app::App;
use crate::availability::{self, Claimed, Span};
use crate::base::{BookingId, UnixMillis};
use crate::bookings::types::{self, Entry, EventType, Facts, SlotQuestion};
use crate::store::Txn;

/// Keeps a start for a visitor. One seat of a group is kept in the ledger alone, for its time is claimed by the group.
pub fn hold(app: &App, event: &EventType, start: UnixMillis, minutes: u32) -> Result<Held, NotBooked> {
    // Whoever waits for it comes first.
    waitlist::before_others(app, event)?;
    let now = app.now();
    let minutes = event.duration(Some(minutes));
    let until = now.plus(Duration::from_secs(60 * u64::from(event.hold_minutes)));
    let held = Held { event: event.id, id: BookingId::new(now), start, minutes, until };
    let question = SlotQuestion::at(start, minutes, None);
    let facts = types::load_for(app, event, &question)?;
    for hosts in candidates(app, &facts, None)? {
        match keep(app, &facts.only(&hosts), &question, held) {
            Ok(()) => return Ok(held),
            Err(NotBooked::Taken) => {}
            Err(error) => return Err(error),
        }
    }
    Err(NotBooked::Taken)
}

fn keep(app: &App, facts: &Facts, question: &SlotQuestion, held: Held) -> Result<(), NotBooked> {
    app.store.write(|txn| reserve(txn, facts, question, held, Keep::WhileAFormIsOpen).map(drop))
}

/// For whom a time is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A seat of a group only counts: for some minutes its time may be lost to something else.
    WhileAFormIsOpen,
    /// For hours, so that also the time of a group is claimed in which nobody sits yet.
    ForSomebodyInLine,
}

/// What keeps a time.
pub struct Kept {
    /// Under which id it is claimed.
    pub holder: BookingId,
    pub claim: Span,
    pub resources: Vec<Uuid>,
}

/// Keeps a start in this transaction, if the engine still offers it.
pub fn reserve(
    txn: &mut Txn<'_>,
    facts: &Facts,
    question: &SlotQuestion,
    held: Held,
    keep: Keep,
) -> Result<Kept, NotBooked> {
    let (event, now, span) = (&facts.event, facts.now, held.span());
    let claim = with_buffers(event, span);
    let standing = types::taken_in(txn, facts, span)?;
    if types::why_not(facts, &standing, question, held.start).is_some() {
        return Err(NotBooked::Taken);
    }
    let first = facts.hosts.first().map(|host| host.user);
    let sits = first.and_then(|host| standing.session_at(span, host, now));
    let session = (event.is_group() && keep == Keep::ForSomebodyInLine).then(|| sits.unwrap_or(held.id));
    let kept = Kept { holder: session.unwrap_or(held.id), claim, resources: facts.claimable() };
    // Of a group that somebody sits in the time is claimed for good.
    let until = match session {
        Some(session) => standing.kept_until(session, now).map(|last| last.max(held.until)),
        None if event.is_group() => None,
        None => Some(held.until),
    };
    if let Some(until) = until {
        for resource in &kept.resources {
            let holder = kept.holder;
            let claimed = availability::hold_until(txn, event.workspace, *resource, claim, holder, until, now)?;
            if claimed != Claimed::Yes {
                return Err(NotBooked::Taken);
            }
        }
    }
    let entry = Entry {
        booking: held.id,
        span,
        before: event.buffer_before,
        after: event.buffer_after,
        hosts: facts.hosts.iter().map(|host| host.user).collect(),
        session,
        until: Some(held.until),
    };
    types::put_entry(txn, event.workspace, event.id, entry, now)?;
    Ok(kept)
}

/// A meeting with what is kept free around it.
pub fn with_buffers(event: &EventType, span: Span) -> Span {
    let minutes = |count: u32| Duration::from_secs(60 * u64::from(count));
    span.widened(minutes(event.buffer_before), minutes(event.buffer_after))
}
