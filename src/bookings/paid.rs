//! Bookings that are paid for: they stand once the money is there, and the money goes back with them.
//!
//! A visitor has a time for as long as they may pay. What comes late, for a time that was given away, is paid back
//! whole.

use super::agree::agree;
use super::hold::{give_back, reopen};
use super::messages::{self, Kind};
use super::model::{Booking, State};
use super::public::manage_path;
use super::tell::tell;
use super::types::{self, EventType, Price};
use super::{calendar, lapse, store};
use crate::app::App;
use crate::base::{BookingId, PaymentId, UnixMillis, WorkspaceId};
use crate::events::{self, Ended, Event, Happened, Start, Subscriber};
use crate::jobs;
use crate::payments::{self, NewPayment, Payment};
use crate::store::{StoreError, Txn};

const UNPAID: &str = "It was not paid in time.";
const LATE: &str = "The payment came after the time had been given away; it is paid back.";

/// How long a visitor may take to pay.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20 * 60);

/// What the visitor is to pay. Made outside of the transaction that writes the booking.
pub fn asked(app: &App, event: &EventType, booking: &Booking, email: &str, now: UnixMillis) -> Option<NewPayment> {
    let price: &Price = event.price.as_ref()?;
    Some(NewPayment {
        id: PaymentId::new(now),
        workspace: booking.workspace,
        contact: booking.contact,
        booking: booking.id,
        amount: price.amount,
        currency: price.currency.clone(),
        name: event.name.clone(),
        email: Some(email.to_owned()),
        language: booking.language.clone(),
        expires_at: now.plus(PATIENCE),
        back: manage_path(app, booking),
    })
}

/// The booking waits for the money. `false` where nobody can be asked to pay.
pub fn wait(
    txn: &mut Txn<'_>,
    booking: &mut Booking,
    payment: &NewPayment,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    if !payments::is_ready(txn, booking.workspace)? || payments::begin(txn, payment, now)?.is_none() {
        return Ok(false);
    }
    (booking.state, booking.version) = (State::Unpaid, 0);
    booking.details.payment = Some(payment.id);
    booking.note(now, format!("Waits for {}.", payments::amount_words(payment.amount, &payment.currency)));
    Ok(true)
}

/// A booking is over: nobody pays for it any more, and what was paid goes back, all of it or what the event type says for
/// visitors who cancel, by when they did. Heard twice it is done once.
pub fn let_go(txn: &mut Txn<'_>, booking: &Booking, ended_at: UnixMillis, now: UnixMillis) -> Result<(), StoreError> {
    let Some(id) = booking.details.payment else { return Ok(()) };
    let Some(payment) = payments::find(txn, booking.workspace, id)? else { return Ok(()) };
    if payment.state.is_open() {
        return payments::withdraw(txn, &payment, now);
    }
    if payment.state != payments::State::Paid || !payment.refunds.is_empty() {
        return Ok(());
    }
    let event = match booking.details.event_type {
        Some(event) => types::find(txn, booking.workspace, event)?,
        None => None,
    };
    let price = event.and_then(|event| event.price).filter(|_| booking.details.given_up);
    let amount = price.map_or(payment.amount, |price| price.returned(booking.start.since(ended_at)));
    if amount > 0 {
        payments::give_back(txn, &payment, Some(amount), "the booking was cancelled", now)?;
    }
    Ok(())
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

/// The money is there: the booking stands, or waits for whoever has to agree. For a time that is gone it goes back.
fn received(app: &App, workspace: WorkspaceId, payment: PaymentId, id: BookingId) -> Result<(), StoreError> {
    let now = app.now();
    let Some(before) = store::get(&app.store, workspace, id)? else {
        return app.store.write(|txn| give_all_back(txn, workspace, payment, now));
    };
    let job = before.connection.map(|connection| calendar::job(&before, connection, now));
    let lapse = lapse::job(&before, now);
    app.store.write(|txn| {
        let Some(current) = store::find(txn, workspace, id)? else {
            return give_all_back(txn, workspace, payment, now);
        };
        let Some(paid) = payments::find(txn, workspace, payment)? else { return Ok(()) };
        payments::hear(txn, &paid)?;
        let paid = Payment { is_heard: true, ..paid };
        if current.details.payment.is_none() {
            // It was asked for besides, and no time hangs on it.
            return Ok(());
        }
        let is_its = current.details.payment == Some(payment);
        if !is_its || matches!(current.state, State::Cancelled { .. }) {
            if !paid.refunds.is_empty() || !payments::give_back(txn, &paid, None, LATE, now)? {
                return Ok(());
            }
            let mut late = current.clone();
            late.note(now, LATE);
            if is_its {
                (late.state, late.version) = (State::Cancelled { reason: LATE.to_owned() }, late.version + 1);
                late.written = late.version;
                tell(app, txn, &mut late, now)?;
            }
            return store::put(txn, &late, Some(&current));
        }
        if current.state != State::Unpaid {
            return Ok(());
        }
        if current.start <= now {
            // A slow payment that came when the meeting was over.
            give_back(txn, &current)?;
            payments::give_back(txn, &paid, None, LATE, now)?;
            let mut late = Booking { state: State::Cancelled { reason: LATE.to_owned() }, ..current.clone() };
            late.version += 1;
            late.written = late.version;
            late.note(now, LATE);
            tell(app, txn, &mut late, now)?;
            return store::put(txn, &late, Some(&current));
        }
        let mut booking = current.clone();
        booking.note(now, "Paid.");
        let event = match booking.details.event_type {
            Some(event) => types::find(txn, workspace, event)?,
            None => None,
        };
        if event.is_some_and(|event| event.needs_approval) {
            booking.state = State::Proposed { note: "It is paid, and the time is kept until you decide.".to_owned() };
            jobs::enqueue(txn, &lapse)?;
            let what = Happened::BookingProposed { booking: id, contact: booking.contact };
            events::append(txn, workspace, now, what)?;
            messages::tell(app, txn, &booking, Kind::Requested, "", now)?;
        } else {
            agree(app, txn, &mut booking, job.as_ref(), now)?;
        }
        store::put(txn, &booking, Some(&current))
    })
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

/// Nobody paid: the time is free again.
fn ended(app: &App, workspace: WorkspaceId, payment: PaymentId, id: BookingId) -> Result<(), StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(current) = store::find(txn, workspace, id)? else { return Ok(()) };
        if current.state != State::Unpaid || current.details.payment != Some(payment) {
            return Ok(());
        }
        give_back(txn, &current)?;
        let mut ended = Booking { state: State::Cancelled { reason: UNPAID.to_owned() }, ..current.clone() };
        ended.version += 1;
        ended.written = ended.version;
        ended.note(now, UNPAID);
        // The answer of a lead that led here waits for a person again.
        if let Some(reply) = current.reply {
            reopen(txn, workspace, reply)?;
        }
        let what = Happened::BookingCancelled { booking: id, contact: ended.contact, ended: Ended::Meeting };
        events::append(txn, workspace, now, what)?;
        tell(app, txn, &mut ended, now)?;
        store::put(txn, &ended, Some(&current))
    })
}
