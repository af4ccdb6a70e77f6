//! Those whom the visitor brings hear what the visitor hears: booked, moved, the link, off. One job for each message,
//! one transaction for each of them, which notes whom it wrote to.

use serde::{Deserialize, Serialize};

use super::around::Around;
use super::invite;
use super::model::{Also, Fate, Inviter, Kind, Plan};
use super::send::send_to;
use super::store;
use crate::app::App;
use crate::base::{BookingId, ContactId, EmailAddress, UnixMillis};
use crate::bookings::model::{Booking, State};
use crate::bookings::series;
use crate::bookings::store as bookings;
use crate::jobs::{self, Job, Lane, NewJob, Outcome, Task};
use crate::store::{StoreError, Txn};

const OTHERS: &str = "bookings.message_others";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Payload {
    booking: BookingId,
    contact: ContactId,
    /// Of the entry in the plan.
    number: u32,
}

/// Has the others told as well, unless the provider of the calendar does it.
pub fn plan(
    txn: &mut Txn<'_>,
    (booking, with): (&Booking, &[Booking]),
    plan: &Plan,
    (kind, number): (Kind, u32),
    now: UnixMillis,
) -> Result<(), StoreError> {
    let is_for_all = matches!(kind, Kind::Confirmation | Kind::Moved | Kind::Link | Kind::Cancelled);
    if booking.details.guests.is_empty() || !is_for_all {
        return Ok(());
    }
    if invite::inviters(txn, plan, with)?.iter().all(|inviter| *inviter == Inviter::Provider) {
        return Ok(());
    }
    let payload = Payload { booking: booking.id, contact: booking.contact, number };
    let job = NewJob::new(OTHERS, Lane::Steps, booking.workspace, now, &payload).serial(booking.id.0);
    jobs::enqueue(txn, &job).map(drop)
}

pub struct TellOthers;

impl Task<App> for TellOthers {
    fn kind(&self) -> &'static str {
        OTHERS
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        let told = job.payload().and_then(|payload: Payload| {
            let now = app.now();
            while app.store.write(|txn| tell_next(app, txn, job, payload, now))? {}
            Ok(())
        });
        told.map_or_else(Outcome::from, |()| Outcome::Done)
    }
}

/// Writes to the next one who does not know yet; `false` when all do.
fn tell_next(app: &App, txn: &mut Txn<'_>, job: &Job, payload: Payload, now: UnixMillis) -> Result<bool, StoreError> {
    let Payload { booking, contact, number } = payload;
    let Some(mut plan) = store::find_plan(txn, job.workspace, contact, booking)? else { return Ok(false) };
    let Some(booking) = bookings::find(txn, job.workspace, booking)? else { return Ok(false) };
    let Some((kind, with)) = plan.entry(number).map(|entry| (entry.kind, entry.with.clone())) else { return Ok(false) };
    // Of a series they heard with its first message.
    let heard = heard_with_series(txn, &booking)?;
    let lacks = |email: &&String| lacks(&plan, &heard, &booking, (kind, number), email);
    let next = booking.details.guests.iter().find(lacks).cloned();
    let mut all = Vec::new();
    for id in with {
        all.extend(bookings::find(txn, job.workspace, id)?);
    }
    let (Some(email), Some(around)) = (next, Around::of(txn, &booking)?) else { return Ok(false) };
    let parsed = EmailAddress::parse(&email).ok().filter(|parsed| around.guest() != Some(parsed));
    let reason = match &booking.state {
        State::Cancelled { reason } => reason.as_str(),
        _ => "",
    };
    let sent = match parsed {
        // Whoever booked knows already.
        None => false,
        Some(parsed) => {
            let around = around.for_companion(parsed);
            matches!(send_to(app, txn, (&booking, &all), &plan, &around, (kind, reason), now)?, Fate::Sent { .. })
        }
    };
    if let Some(entry) = plan.entry(number) {
        entry.also.push(Also { email, version: booking.version, sent });
    }
    store::put_plan(txn, &plan)?;
    Ok(true)
}

/// Whom the messages about the whole series reached that this booking belongs to.
fn heard_with_series(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<String>, StoreError> {
    let mut heard = Vec::new();
    if booking.details.series.is_none() {
        return Ok(heard);
    }
    for other in series::bookings_of(txn, booking)? {
        let plan = store::find_plan(txn, other.workspace, other.contact, other.id)?;
        let about_it = plan.into_iter().flat_map(|plan| plan.entries).filter(|entry| entry.with.contains(&booking.id));
        heard.extend(about_it.flat_map(|entry| entry.also).filter(|also| also.sent).map(|also| also.email));
    }
    Ok(heard)
}

/// They should hear it, and have not: of a meeting that stands, once for each version; of its end, who had heard of it.
fn lacks(plan: &Plan, heard: &[String], booking: &Booking, (kind, number): (Kind, u32), email: &str) -> bool {
    let of = |also: &&Also| also.email == email;
    let own = plan.entries.iter().find(|entry| entry.number == number);
    if own.is_some_and(|entry| entry.also.iter().any(|also| of(&also))) {
        return false;
    }
    let mut told = plan.entries.iter().flat_map(|entry| &entry.also).filter(of);
    match (kind, &booking.state) {
        (Kind::Cancelled, State::Cancelled { .. }) => {
            told.any(|also| also.sent) || heard.iter().any(|one| one == email)
        }
        (Kind::Link, state) => state.is_booked(),
        (_, state) => state.is_booked() && !told.any(|also| also.version == booking.version),
    }
}
