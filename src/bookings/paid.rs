//! Bookings that are paid for: they stand once the money is there, and the money goes back with them.
//!
//! A visitor has a time for as long as they may pay. What comes late, for a time that was given away, is paid back
//! whole. Dates that are booked together are paid for together, stand or end unpaid together, and each takes its own share
//! back.

use std::time::Duration;

use super::agree::agree;
use super::hold::{give_back, reopen};
use super::messages::{self, Kind};
use super::model::{Booking, State};
use super::public::manage_path;
use super::tell::tell;
use super::types::{self, EventType, Price};
use super::{calendar, lapse, series, store};
use crate::app::App;
use crate::audit::Who;
use crate::base::{BookingId, PaymentId, UnixMillis, WorkspaceId};
use crate::events::{self, Ended, Event, Happened, Start, Subscriber};
use crate::jobs::{self, NewJob};
use crate::payments::{self, NewPayment, Payment};
use crate::store::{StoreError, Txn};

const UNPAID: &str = "It was not paid in time.";
const CANCELLED: &str = "the booking was cancelled";
const LATE: &str = "The payment came after the time had been given away; it is paid back.";

/// How long a visitor may take to pay.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// What the visitor is to pay for `dates`, which are booked together. Made outside of the transaction that writes them.
pub fn asked(app: &App, event: &EventType, dates: &[Booking], email: &str, now: UnixMillis) -> Option<NewPayment> {
    let price: &Price = event.price.as_ref()?;
    let (first, count) = (dates.first()?, u64::try_from(dates.len()).ok()?);
    Some(NewPayment {
        id: PaymentId::new(now),
        workspace: first.workspace,
        contact: first.contact,
        booking: first.id,
        amount: price.amount.checked_mul(count)?,
        currency: price.currency.clone(),
        name: if count > 1 { format!("{count} × {}", event.name) } else { event.name.clone() },
        email: Some(email.to_owned()),
        language: first.language.clone(),
        expires_at: now.plus(PATIENCE),
        back: manage_path(app, first),
    })
}

/// Asks for the money. `false` where nobody can be asked to pay.
pub fn begin(txn: &mut Txn<'_>, payment: &NewPayment, now: UnixMillis) -> Result<bool, StoreError> {
    Ok(payments::is_ready(txn, payment.workspace)? && payments::begin(txn, payment, now)?.is_some())
}

/// The booking waits for the money that was asked for.
pub fn wait(booking: &mut Booking, payment: &NewPayment, now: UnixMillis) {
    (booking.state, booking.version) = (State::Unpaid, 0);
    booking.details.payment = Some(payment.id);
    booking.note(now, format!("Waits for {}.", payments::amount_words(payment.amount, &payment.currency)));
}

/// What this date has cost of what was paid for all that were booked together.
pub fn share(booking: &Booking, payment: &Payment) -> u64 {
    booking.details.series.map_or(payment.amount, |part| payment.amount / u64::from(part.of.max(1)))
}

/// What a visitor gets back of what this date has cost, who cancels at `at`. Whoever moved it late moved out of no rule.
pub fn returned(price: &Price, booking: &Booking, cost: u64, at: UnixMillis) -> u64 {
    let left = if booking.details.moved_late { Duration::ZERO } else { booking.start.since(at) };
    price.returned(cost, left)
}

/// Whether a visitor who moves the booking at `at` would no longer get all of it back by cancelling. A member who moves it
/// gives the visitor the whole time again.
pub fn moves_late(event: &EventType, booking: &Booking, who: &Who, at: UnixMillis) -> bool {
    let is_late = |price: &Price| returned(price, booking, 100, at) < 100;
    *who == Who::Visitor && booking.details.payment.is_some() && event.price.as_ref().is_some_and(is_late)
}

/// A booking is over: nobody pays for it any more, and what was paid goes back, all of it or what the event type says for
/// visitors who cancel, by when they did. Heard twice it is done once.
pub fn let_go(txn: &mut Txn<'_>, booking: &Booking, ended_at: UnixMillis, now: UnixMillis) -> Result<(), StoreError> {
    let Some(id) = booking.details.payment else { return Ok(()) };
    let Some(payment) = payments::find(txn, booking.workspace, id)? else { return Ok(()) };
    if payment.state.is_open() {
        return payments::withdraw(txn, &payment, now);
    }
    if payment.state != payments::State::Paid {
        return Ok(());
    }
    let event = match booking.details.event_type {
        Some(event) => types::find(txn, booking.workspace, event)?,
        None => None,
    };
    let (price, share) = (event.and_then(|event| event.price), share(booking, &payment));
    let price = price.filter(|_| booking.details.given_up);
    let amount = price.map_or(share, |price| returned(&price, booking, share, ended_at));
    match booking.details.series {
        Some(_) => payments::give_back_for(txn, &payment, (booking.id, amount), CANCELLED, now).map(drop),
        None if amount > 0 && payment.refunds.is_empty() => {
            payments::give_back(txn, &payment, Some(amount), CANCELLED, now).map(drop)
        }
        None => Ok(()),
    }
}

pub struct Listener;

impl Subscriber<App> for Listener {
    fn name(&self) -> &'static str {
        "bookings.payments"
    }

    fn start(&self) -> Start {
        Start::Now
    }

    fn on(&self, app: &App, event: &Event) -> Result<(), StoreError> {
        let (workspace, now) = (event.workspace, app.now());
        match &event.what {
            Happened::PaymentReceived { payment, booking, .. } => received(app, workspace, *payment, *booking),
            Happened::PaymentEnded { payment, booking, .. } => ended(app, workspace, *payment, *booking),
            Happened::BookingCancelled { booking, .. } => {
                app.store.write(|txn| match store::find(txn, workspace, *booking)? {
                    Some(booking) if matches!(booking.state, State::Cancelled { .. }) => {
                        let_go(txn, &booking, event.at, now)
                    }
                    _ => Ok(()),
                })
            }
            _ => Ok(()),
        }
    }
}

/// What is planned for a booking once it is paid.
type Planned = (BookingId, NewJob, NewJob);

/// The money is there: the booking stands, with all that were booked together, or waits for whoever has to agree. For a
/// time that is gone it goes back.
fn received(app: &App, workspace: WorkspaceId, payment: PaymentId, id: BookingId) -> Result<(), StoreError> {
    let now = app.now();
    let Some(before) = store::get(&app.store, workspace, id)? else {
        return app.store.write(|txn| give_all_back(txn, workspace, payment, now));
    };
    let planned = |one: &Booking| (one.id, calendar::job_anywhere(one, now), lapse::job(one, now));
    let dates = app.store.read(|txn| series::bookings_of(txn, &before))?;
    let planned: Vec<Planned> = dates.iter().map(planned).collect();
    app.store.write(|txn| {
        let Some(current) = store::find(txn, workspace, id)? else {
            return give_all_back(txn, workspace, payment, now);
        };
        let Some(paid) = payments::find(txn, workspace, payment)? else { return Ok(()) };
        if paid.is_heard && current.state != State::Unpaid {
            // Told once more: what was to be done with it is done.
            return Ok(());
        }
        payments::hear(txn, &paid)?;
        let paid = Payment { is_heard: true, ..paid };
        if current.details.payment.is_none() {
            // It was asked for besides, and no time hangs on it.
            return Ok(());
        }
        let is_its = current.details.payment == Some(payment);
        if !is_its || matches!(current.state, State::Cancelled { .. }) {
            return too_late(app, txn, (&current, is_its), &paid, now);
        }
        let waiting = unpaid_with(txn, &current)?;
        if waiting.iter().any(|one| one.start <= now) {
            // A slow payment that came when the meeting, or the first of them, was over.
            payments::give_back(txn, &paid, None, LATE, now)?;
            return end_unpaid(app, txn, &waiting, LATE, now);
        }
        let event = match current.details.event_type {
            Some(event) => types::find(txn, workspace, event)?,
            None => None,
        };
        match event.is_some_and(|event| event.needs_approval) {
            true => ask_host(app, txn, waiting, &planned, now),
            false => stand(app, txn, waiting, &planned, now),
        }
    })
}

/// The dates that wait for the same money.
fn unpaid_with(txn: &mut Txn<'_>, booking: &Booking) -> Result<Vec<Booking>, StoreError> {
    let mut all = series::bookings_of(txn, booking)?;
    all.retain(|one| one.state == State::Unpaid && one.details.payment == booking.details.payment);
    Ok(all)
}

/// The time was given away before the money came.
fn too_late(
    app: &App,
    txn: &mut Txn<'_>,
    (current, is_its): (&Booking, bool),
    paid: &Payment,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if !paid.refunds.is_empty() || !payments::give_back(txn, paid, None, LATE, now)? {
        return Ok(());
    }
    let mut late = current.clone();
    late.note(now, LATE);
    if is_its {
        (late.state, late.version) = (State::Cancelled { reason: LATE.to_owned() }, late.version + 1);
        late.written = late.version;
        tell(app, txn, &mut late, now)?;
    }
    store::put(txn, &late, Some(current))?;
    // Nothing waits for money that is on its way back.
    let waiting = if is_its { unpaid_with(txn, current)? } else { Vec::new() };
    end_unpaid(app, txn, &waiting, LATE, now)
}

/// Paid, and somebody says yes first: all dates are asked for together.
fn ask_host(
    app: &App,
    txn: &mut Txn<'_>,
    waiting: Vec<Booking>,
    planned: &[Planned],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let mut all = Vec::with_capacity(waiting.len());
    for current in waiting {
        let mut booking = current.clone();
        booking.note(now, "Paid.");
        booking.state = State::Proposed { note: "It is paid, and the time is kept until you decide.".to_owned() };
        if let Some((_, _, lapse)) = planned.iter().find(|(id, ..)| *id == booking.id) {
            jobs::enqueue(txn, lapse)?;
        }
        let what = Happened::BookingProposed { booking: booking.id, contact: booking.contact };
        events::append(txn, booking.workspace, now, what)?;
        store::put(txn, &booking, Some(&current))?;
        all.push(booking);
    }
    match all.first() {
        Some(first) => messages::tell_of(app, txn, first, &all, (Kind::Requested, ""), now),
        None => Ok(()),
    }
}

/// Paid: all dates stand.
fn stand(
    app: &App,
    txn: &mut Txn<'_>,
    waiting: Vec<Booking>,
    planned: &[Planned],
    now: UnixMillis,
) -> Result<(), StoreError> {
    for current in waiting {
        // The dates of a series are those that it was made with.
        let Some((_, job, _)) = planned.iter().find(|(id, ..)| *id == current.id) else { continue };
        let mut booking = current.clone();
        booking.note(now, "Paid.");
        agree(app, txn, &mut booking, job, now)?;
        store::put(txn, &booking, Some(&current))?;
    }
    Ok(())
}

/// The booking was erased. Where the payment was as well, it is on its way back since (`payments::orphan`): nobody had
/// heard of it.
fn give_all_back(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    payment: PaymentId,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let Some(paid) = payments::find(txn, workspace, payment)? else { return Ok(()) };
    payments::hear(txn, &paid)?;
    if !paid.refunds.is_empty() {
        return Ok(());
    }
    payments::give_back(txn, &Payment { is_heard: true, ..paid }, None, LATE, now).map(drop)
}

/// Nobody paid: the time is free again, and that of all dates that were booked with it.
fn ended(app: &App, workspace: WorkspaceId, payment: PaymentId, id: BookingId) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(current) = store::find(txn, workspace, id)? else { return Ok(()) };
        if current.details.payment != Some(payment) {
            return Ok(());
        }
        let waiting = unpaid_with(txn, &current)?;
        end_unpaid(app, txn, &waiting, UNPAID, now)
    })
}

/// What was to be paid ends as a whole, with one message.
fn end_unpaid(
    app: &App,
    txn: &mut Txn<'_>,
    waiting: &[Booking],
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let mut all = Vec::with_capacity(waiting.len());
    for current in waiting {
        give_back(txn, current)?;
        let mut ended = Booking { state: State::Cancelled { reason: reason.to_owned() }, ..current.clone() };
        ended.version += 1;
        (ended.written, ended.told) = (ended.version, ended.version);
        ended.note(now, reason);
        // The answer of a lead that led here waits for a person again.
        if let Some(reply) = current.reply {
            reopen(txn, current.workspace, reply)?;
        }
        let what = Happened::BookingCancelled { booking: ended.id, contact: ended.contact, ended: Ended::Meeting };
        events::append(txn, ended.workspace, now, what)?;
        store::put(txn, &ended, Some(current))?;
        all.push(ended);
    }
    match all.first() {
        Some(first) => messages::tell_of(app, txn, first, &all, (Kind::Cancelled, reason), now),
        None => Ok(()),
    }
}
