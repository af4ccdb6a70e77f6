//! Asking for a payment, withdrawing it, and what Stripe says of it.

use serde::{Deserialize, Serialize};

use super::error::PayError;
use super::model::{NewPayment, Payment, State};
use super::{ask, session, store};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Cursor, Page, PaymentId, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs;
use crate::providers::stripe::{PaymentStatus, Session, Status};
use crate::store::{StoreError, Txn};

/// Writes down what is to be paid and has Stripe's page made. `None` without a connected account. Begun with the booking,
/// in its transaction.
pub fn begin(txn: &mut Txn<'_>, new: &NewPayment, now: UnixMillis) -> Result<Option<Payment>, StoreError> {
    let Some(account) = store::find_account(txn, new.workspace)? else { return Ok(None) };
    let payment = Payment::new(new, account.mode, now);
    store::put(txn, &payment)?;
    jobs::enqueue(txn, &session::job(&payment, session::OPEN, now).once(payment.id.to_string()))?;
    ask::plan(txn, &payment, now)?;
    Ok(Some(payment))
}

/// What it was for is no longer wanted: nobody can pay any more. What was paid all the same is heard as paid.
pub fn withdraw(txn: &mut Txn<'_>, payment: &Payment, now: UnixMillis) -> Result<(), StoreError> {
    let mut payment = payment.clone();
    match payment.state {
        State::Opening | State::Open { .. } => {}
        // A slow payment cannot be stopped; when it comes, it comes for nothing, and is given back.
        _ => return Ok(()),
    }
    if payment.session.is_some() {
        session::close(txn, &payment, now)?;
    }
    payment.state = State::Withdrawn;
    payment.note(now, "No longer wanted.");
    store::put(txn, &payment)
}

/// Whoever asked for it has heard that it was paid, and does with it what is to be done.
pub fn hear(txn: &mut Txn<'_>, payment: &Payment) -> Result<(), StoreError> {
    match payment.is_heard {
        true => Ok(()),
        false => store::put(txn, &Payment { is_heard: true, ..payment.clone() }),
    }
}

/// What Stripe says of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Heard {
    outcome: Outcome,
    intent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Open,
    Processing,
    Paid,
    Expired,
    Failed,
}

impl Heard {
    pub fn of(session: &Session) -> Self {
        let outcome = match (session.status, session.payment_status) {
            (Status::Open, _) => Outcome::Open,
            (Status::Expired, _) => Outcome::Expired,
            (Status::Complete, PaymentStatus::Paid | PaymentStatus::NotNeeded) => Outcome::Paid,
            (Status::Complete, PaymentStatus::Unpaid) if session.has_failed => Outcome::Failed,
            (Status::Complete, PaymentStatus::Unpaid) => Outcome::Processing,
        };
        Self { outcome, intent: session.payment_intent.clone() }
    }

    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Open
    }
}

/// Brings the row to what Stripe says, and tells it. The caller writes the row.
pub(super) fn apply(
    txn: &mut Txn<'_>,
    payment: &mut Payment,
    heard: &Heard,
    now: UnixMillis,
) -> Result<(), StoreError> {
    payment.trouble = None;
    if heard.intent.is_some() {
        payment.intent.clone_from(&heard.intent);
    }
    match (heard.outcome, &payment.state) {
        (_, State::Paid) | (Outcome::Open, _) => Ok(()),
        (Outcome::Paid, _) => paid(txn, payment, now),
        (Outcome::Processing, State::Opening | State::Open { .. } | State::Withdrawn | State::Expired) => {
            payment.state = State::Processing;
            payment.note(now, "The guest pays in a slow way; Stripe says when the money is there.");
            ask::plan(txn, payment, now)
        }
        (Outcome::Failed, state) if state.is_open() => {
            end(txn, payment, State::Failed { reason: "the money did not come".into() }, now)
        }
        (Outcome::Expired, state) if state.is_open() => end(txn, payment, State::Expired, now),
        _ => Ok(()),
    }
}

fn paid(txn: &mut Txn<'_>, payment: &mut Payment, now: UnixMillis) -> Result<(), StoreError> {
    payment.state = State::Paid;
    payment.paid_at = Some(now);
    payment.is_heard = false;
    payment.note(now, "Paid.");
    let what = Happened::PaymentReceived { payment: payment.id, booking: payment.booking, contact: payment.contact };
    events::append(txn, payment.workspace, now, what).map(drop)
}

/// Nothing comes of it. Told once; the caller writes the row.
pub(super) fn end(txn: &mut Txn<'_>, payment: &mut Payment, state: State, now: UnixMillis) -> Result<(), StoreError> {
    if !payment.state.is_open() {
        return Ok(());
    }
    let reason = match &state {
        State::Failed { reason } => reason.clone(),
        _ => "nobody paid in time".to_owned(),
    };
    payment.state = state;
    payment.note(now, format!("Not paid: {reason}."));
    let (id, booking, contact) = (payment.id, payment.booking, payment.contact);
    let what = Happened::PaymentEnded { payment: id, booking, contact, reason };
    events::append(txn, payment.workspace, now, what).map(drop)
}

/// The newest first.
pub fn list(app: &App, actor: &Actor, before: Option<&Cursor>, limit: usize) -> Result<Page<Payment>, PayError> {
    actor.require(Permission::ViewPayments)?;
    Ok(store::list(&app.store, actor.workspace, before, limit)?)
}

pub fn open(app: &App, actor: &Actor, id: PaymentId) -> Result<Payment, PayError> {
    actor.require(Permission::ViewPayments)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(PayError::NotFound)
}
