//! A proposed time is not taken: others are offered, or nothing is done.

use super::change::decline_request;
use super::of_event::{event_for, minutes_of};
use super::refused::let_rest;
use super::{calendar_of_worker, note, rules_of, BookError};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability::{self, FreeTimes, WhyNot};
use crate::base::{BookingId, DraftId, UnixMillis};
use crate::bookings::decide::{WhyOffer, OFFERS};
use crate::bookings::hold::{give_back, handled};
use crate::bookings::model::{Booking, State};
use crate::bookings::paid;
use crate::bookings::public;
use crate::bookings::situation::Situation;
use crate::bookings::slots::Slots;
use crate::bookings::words::Clocks;
use crate::bookings::{offer, store};
use crate::connections;
use crate::contacts;
use crate::drafts;
use crate::messaging;
use crate::store::Txn;
use crate::workers;

/// A person does not want the proposed time: free ones near it are drafted as an offer. The draft's id, or `None`
/// when this answer has one already.
pub fn decline(app: &App, actor: &Actor, id: BookingId) -> Result<Option<DraftId>, BookError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    let reply = before.reply.ok_or(BookError::NotFound)?;
    let ours = availability::schedule_of(&app.store, actor.workspace)?.zone;
    let clocks = Clocks::of(&before.guest_zone, &ours);
    let event = event_for(app, actor.workspace, before.worker)?;
    let (free, why) = match &event {
        Some(event) => {
            let slots = Slots::read(app, event, minutes_of(&before), &[before.start], &clocks.guest, None)?;
            let free = slots.others_near(before.start, slots.range, &clocks.guest, OFFERS);
            (free, slots.check(before.start).err())
        }
        None => {
            let calendar = before.connection.or(calendar_of_worker(app, &before)?).ok_or(BookError::NoCalendar)?;
            let rules = rules_of(app, &before)?;
            let situation = Situation::read(app, actor.workspace, Some(calendar), rules, &[before.start], None)?;
            let diary = situation.diary();
            let free = diary.others_near(before.start, situation.range, &clocks.guest, OFFERS);
            (free, diary.not_taken(before.start).err())
        }
    };
    if free.is_empty() {
        return Err(BookError::NotFree { why: why.unwrap_or(WhyNot::Busy), free });
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
    let links = event.as_ref().map(|event| public::links(app, &reply, event, &free)).unwrap_or_default();
    let draft = offer::draft(&reply, &contact, &signature, (&free, &links), WhyOffer::NotFree, &clocks, now);
    app.store.write(|txn| {
        end_in(txn, actor, id, "Other times were offered.", now)?;
        Ok(drafts::propose(app, txn, &draft, now)?)
    })
}

/// What became of something that was dismissed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissed {
    /// A visitor had asked for it, and hears of it.
    Declined,
    /// Nobody is written to.
    Quietly,
}

/// A person wants nothing done about the proposed time, or lets rest what the calendar refused. `reason` is for a visitor
/// whose request is declined; nobody else hears it.
pub fn dismiss(app: &App, actor: &Actor, id: BookingId, reason: &str) -> Result<Dismissed, BookError> {
    actor.require(Permission::EditBookings)?;
    let before = store::get(&app.store, actor.workspace, id)?.ok_or(BookError::NotFound)?;
    if before.needs_help() {
        return let_rest(app, actor, id).map(|()| Dismissed::Quietly);
    }
    if before.is_request() {
        return decline_request(app, actor, &before, reason).map(|_| Dismissed::Declined);
    }
    end_proposal(app, actor, id, "Dismissed.").map(|()| Dismissed::Quietly)
}

pub(super) fn end_proposal(app: &App, actor: &Actor, id: BookingId, words: &str) -> Result<(), BookError> {
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
    if before.is_request() {
        give_back(txn, &before)?;
        paid::let_go(txn, &ended, now, now)?;
    }
    store::put(txn, &ended, Some(&before))?;
    if let Some(reply) = ended.reply {
        handled(txn, actor.workspace, reply, now)?;
    }
    Ok(note(txn, actor, "booking.declined", id, now)?)
}
