//! A time is kept while the form is open.

use std::time::Duration;

use super::commit::{candidates, NotBooked};
use super::token::Held;
use crate::app::App;
use crate::availability::{self, Claimed, Span};
use crate::base::{BookingId, UnixMillis};
use crate::bookings::types::{self, Entry, EventType, Facts, SlotQuestion};

/// Keeps a start for a visitor. One seat of a group is kept in the ledger alone, for its time is claimed by the group.
pub fn hold(app: &App, event: &EventType, start: UnixMillis, minutes: u32) -> Result<Held, NotBooked> {
    let now = app.now();
    let minutes = event.duration(Some(minutes));
    let until = now.plus(Duration::from_secs(60 * u64::from(event.hold_minutes)));
    let held = Held { id: BookingId::new(now), start, minutes, until };
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
    let event = &facts.event;
    let span = Span::lasting(held.start, Duration::from_secs(60 * u64::from(held.minutes)));
    let claim = with_buffers(event, span);
    app.store.write(|txn| {
        let standing = types::taken_in(txn, facts, span)?;
        if types::why_not(facts, &standing, question, held.start).is_some() {
            return Err(NotBooked::Taken);
        }
        if !event.is_group() {
            for resource in facts.claimable() {
                let (workspace, until) = (event.workspace, held.until);
                let claimed = availability::hold_until(txn, workspace, resource, claim, held.id, until, facts.now)?;
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
            session: None,
            until: Some(held.until),
        };
        Ok(types::put_entry(txn, event.workspace, event.id, entry, facts.now)?)
    })
}

/// A meeting with what is kept free around it.
pub fn with_buffers(event: &EventType, span: Span) -> Span {
    let minutes = |count: u32| Duration::from_secs(60 * u64::from(count));
    span.widened(minutes(event.buffer_before), minutes(event.buffer_after))
}
