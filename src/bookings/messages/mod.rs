//! What a guest hears about a booking: confirmation, reminders, another time, the end, a word afterwards.
//!
//! Always true here:
//! - Each message is transactional mail through the one gate out, or, without a mailbox, the server's own mail.
//! - It leaves in the transaction that notes it: once, however often the program stops in between.
//! - What is planned counts for one start. A move or the end drops it, also where it already waits in the outbox, and
//!   nothing about a meeting that has begun leaves.
//! - Either the provider of the host's calendar invites the guest or we do; which of them is decided once for a booking.
//! - Those whom the visitor brings hear of the meeting by us where the provider does not invite them, without a way to
//!   change it.
//! - No text that a stranger typed brings an address into a mail.

mod api;
mod around;
mod fields;
mod invite;
mod letter;
mod links;
mod log;
mod model;
mod others;
mod outside;
mod pages;
mod plan;
mod sample;
mod send;
mod service;
mod store;
#[cfg(test)]
pub mod tests;
mod texts;
mod visitor;

pub use api::{api_routes, MessagesApi};
pub use invite::told_to_calendar;
pub use log::{read_log, shown_at, Line, Log};
pub use model::Kind;
pub use others::TellOthers;
pub use outside::{can_write as can_write_outside, write as write_outside, Outside};
pub use pages::routes;
pub use plan::SendPlanned;
pub use store::TABLES;

use model::Plan;

use super::model::Booking;
use crate::app::App;
use crate::base::UnixMillis;
use crate::store::{StoreError, Txn};

fn plan_of(txn: &mut Txn<'_>, booking: &Booking) -> Result<Plan, StoreError> {
    let found = store::find_plan(txn, booking.workspace, booking.contact, booking.id)?;
    Ok(found.unwrap_or_else(|| Plan::new(booking.workspace, booking.contact, booking.id, booking.start)))
}

/// The guest is told of something that happened, and what is to come is planned anew. `reason` is a person's own
/// sentence, or empty.
pub fn tell(
    app: &App,
    txn: &mut Txn<'_>,
    booking: &Booking,
    kind: Kind,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    tell_of(app, txn, booking, &[], (kind, reason), now)
}

/// The same about several dates of a series, all of them `with`, in one message.
pub fn tell_of(
    app: &App,
    txn: &mut Txn<'_>,
    booking: &Booking,
    with: &[Booking],
    (kind, reason): (Kind, &str),
    now: UnixMillis,
) -> Result<(), StoreError> {
    // One date alone reads as any booking.
    let with = if with.len() > 1 { with } else { &[] };
    let mut plan = plan_of(txn, booking)?;
    plan.asked |= kind == Kind::Requested;
    send::send_now(app, txn, booking, &mut plan, (kind, reason), with, now)?;
    replan_in(txn, &mut plan, booking, now)
}

/// The guest hears of a date with the others of its series: who invites is decided, and what is to come is planned.
pub fn join(app: &App, txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let mut plan = plan_of(txn, booking)?;
    send::settle(app, txn, booking, &mut plan)?;
    replan_in(txn, &mut plan, booking, now)
}

/// Nothing is said, but what is to come follows the booking.
pub fn keep_up(txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let Some(mut plan) = store::find_plan(txn, booking.workspace, booking.contact, booking.id)? else { return Ok(()) };
    replan_in(txn, &mut plan, booking, now)
}

fn replan_in(txn: &mut Txn<'_>, plan: &mut Plan, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let timing = invite::timing_of(txn, booking)?;
    plan::replan(txn, plan, booking, &timing, now)?;
    store::put_plan(txn, plan)
}

/// The visitor heard that their request came in, so they hear how it ends.
pub fn was_asked(txn: &mut Txn<'_>, booking: &Booking) -> Result<bool, StoreError> {
    let plan = store::find_plan(txn, booking.workspace, booking.contact, booking.id)?;
    Ok(plan.is_some_and(|plan| plan.asked))
}

/// Somebody noted that the guest did not come: they are written to, once, where the owner wants that. What was to come
/// after the meeting is dropped either way.
pub fn no_show(app: &App, txn: &mut Txn<'_>, booking: &Booking, now: UnixMillis) -> Result<(), StoreError> {
    let mut plan = plan_of(txn, booking)?;
    plan::drop_all(txn, &mut plan, "The guest did not come.", now)?;
    let wanted = invite::timing_of(txn, booking)?.no_show;
    if wanted && booking.start <= now && booking.state.is_booked() && !plan.was_sent(Kind::NoShow) {
        send::send_now(app, txn, booking, &mut plan, (Kind::NoShow, ""), &[], now)?;
    }
    store::put_plan(txn, &plan)
}
