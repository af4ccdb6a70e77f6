//! Giving money back.

use std::cell::Cell;

use serde_json::{json, Value};

use super::error::PayError;
use super::model::{ForDate, Payment, Refund, Standing, State};
use super::once::{key_of, once, Answered, Gave, Known};
use super::session::{self, drop_it, failed, load, with};
use super::{amount, ask, once, settle, store};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{BookingId, Mistakes, PaymentId, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs::{self, Effect, Job, Performed, Prepared, Ready, Reconciled, Settled};
use crate::providers::stripe::{NewRefund, Stripe};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

pub(super) const GIVE_BACK: &str = "payments.refund";
pub(super) const IN_DOUBT: &str = "Say first what became of the refund that is in doubt.";
pub(super) const ON_ITS_WAY: &str = "A refund is on its way to Stripe. Wait until it has arrived.";
/// In the detail of a try that was not done: whether it may have left all the same.
const HAS_LEFT: &str = "may_have_left";

/// Gives back `amount` (smallest unit), or all that is left. What was given back before is not given twice: `false` where
/// nothing is left, or one is on its way already. Asked for with what ends the booking, in its transaction.
pub fn give_back(
    txn: &mut Txn<'_>,
    payment: &Payment,
    amount: Option<u64>,
    reason: &str,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let left = payment.refundable();
    let amount = amount.unwrap_or(left).min(left);
    if amount == 0 || payment.has_open_refund() {
        return Ok(false);
    }
    let mut payment = payment.clone();
    payment.refunds.push(asked(amount, Vec::new(), reason, now));
    payment.note(now, format!("{} are given back: {reason}", amount::words(amount, &payment.currency)));
    store::put(txn, &payment)?;
    plan(txn, &payment, now)?;
    Ok(true)
}

/// Gives back what one of several dates has cost that were paid for at once (smallest unit), or as much as is left. Dates
/// that end together go back together, and those that end while a refund is on its way after it. Heard twice it is done
/// once: `false` where something goes back for this date already, or nothing is left.
pub fn give_back_for(
    txn: &mut Txn<'_>,
    payment: &Payment,
    (booking, amount): (BookingId, u64),
    reason: &str,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let amount = amount.min(payment.refundable());
    if amount == 0 || payment.is_returned_for(booking) {
        return Ok(false);
    }
    let (mut payment, date) = (payment.clone(), ForDate { booking, amount });
    let worth = amount::words(amount, &payment.currency);
    payment.note(now, format!("{worth} are given back: {reason}"));
    let together = payment.refunds.iter().position(|refund| refund.is_not_begun() && !refund.of.is_empty());
    match together {
        Some(at) => {
            payment.refunds[at].amount += amount;
            payment.refunds[at].of.push(date);
        }
        None => {
            payment.refunds.push(asked(amount, vec![date], reason, now));
            // Stripe's list could not tell it from one in doubt: it waits until that is settled (`settle`).
            if !payment.has_refund_in_doubt() {
                plan(txn, &payment, now)?;
            }
        }
    }
    store::put(txn, &payment)?;
    Ok(true)
}

fn asked(amount: u64, of: Vec<ForDate>, reason: &str, now: UnixMillis) -> Refund {
    let (reason, status) = (reason.to_owned(), Standing::Asked);
    Refund { amount, reason, at: now, id: None, status, may_have_left: false, of }
}

/// Until Stripe says: given up in between, it might have been given back, and a second one would be too much. Each refund
/// has a job; whichever comes first takes the first that was asked for.
pub(super) fn plan(txn: &mut Txn<'_>, payment: &Payment, now: UnixMillis) -> Result<(), StoreError> {
    jobs::enqueue(txn, &session::job(payment, GIVE_BACK, now).max_attempts(u32::MAX)).map(drop)
}

/// How much a person wants to give back.
#[derive(Clone, Debug)]
pub enum Wanted {
    All,
    /// In the smallest unit.
    Units(u64),
    /// As it was typed.
    Typed(String),
}

impl Wanted {
    pub fn of(units: Option<u64>) -> Self {
        units.map_or(Wanted::All, Wanted::Units)
    }

    pub fn typed(text: &str) -> Self {
        match text.trim() {
            "" => Wanted::All,
            text => Wanted::Typed(text.to_owned()),
        }
    }

    /// In the smallest unit; `None` for what is no amount, or more than is left.
    fn units(&self, left: u64, currency: &str) -> Option<u64> {
        let units = match self {
            Wanted::All => left,
            Wanted::Units(units) => *units,
            Wanted::Typed(text) => amount::parse(text, currency)?,
        };
        (1..=left).contains(&units).then_some(units)
    }
}

/// A person gives money back.
pub fn by_hand(app: &App, actor: &Actor, id: PaymentId, wanted: Wanted, reason: &str) -> Result<Payment, PayError> {
    actor.require(Permission::RefundPayments)?;
    let reason = match reason.trim() {
        "" => "by hand",
        reason => reason,
    };
    let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
    let now = app.now();
    app.store.write(|txn| {
        let payment = store::find(txn, actor.workspace, id)?.ok_or(PayError::NotFound)?;
        let left = payment.refundable();
        if left == 0 || payment.has_open_refund() {
            let words = match &payment.state {
                _ if payment.asked_refund().is_some() => ON_ITS_WAY,
                _ if payment.has_open_refund() => IN_DOUBT,
                State::Paid => "All of it was given back already.",
                _ => "It was not paid, so there is nothing to give back.",
            };
            return Err(PayError::Conflict(words.to_owned()));
        }
        if !session::is_connected(txn, actor.workspace, payment.mode)? {
            return Err(PayError::NotSet);
        }
        let wanted = wanted.units(left, &payment.currency).ok_or_else(|| {
            let most = amount::words(left, &payment.currency);
            Mistakes::one("amount", format!("Write an amount up to {most}."))
        })?;
        give_back(txn, &payment, Some(wanted), &reason, now)?;
        let detail = amount::words(wanted, &payment.currency);
        audit::record(txn, actor.workspace, now, &Who::of(actor), "payments.refunded", &payment.name, &detail)?;
        store::find(txn, actor.workspace, id)?.ok_or(PayError::NotFound)
    })
}

pub struct GiveBack;

impl Effect<App> for GiveBack {
    fn kind(&self) -> &'static str {
        GIVE_BACK
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, now: UnixMillis) -> Result<Prepared, StoreError> {
        let Some(mut payment) = load(txn, job)? else { return drop_it("The payment was erased.") };
        let Some(at) = payment.asked_refund().filter(|_| payment.intent.is_some()) else {
            return drop_it("It was given back already.");
        };
        if payment.has_refund_in_doubt() {
            return drop_it("It waits until a person has settled another one.");
        }
        if !session::is_connected(txn, job.workspace, payment.mode)? {
            settle::let_go(txn, &mut payment, at, now)?;
            store::put(txn, &payment)?;
            return drop_it("The account at Stripe is no longer connected.");
        }
        let ready = payment.clone();
        // Written before the first byte leaves: after a crash nobody knows.
        payment.refunds[at].may_have_left = true;
        store::put(txn, &payment)?;
        Ok(Prepared::Go(Box::new(ready)))
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let nothing = || Performed::Refused { reason: "nothing was prepared".into(), detail: Value::Null };
        let Ok(payment) = ready.downcast::<Payment>() else { return nothing() };
        let (Some(at), Some(intent)) = (payment.asked_refund(), payment.intent.clone()) else { return nothing() };
        let new = NewRefund {
            payment_intent: intent,
            amount: Some(payment.refunds[at].amount),
            reference: payment.id.to_string(),
        };
        let (key, known, has_left) = (key_of(&payment, at), Known::of(&payment), Cell::new(false));
        let given = with(app, job.workspace, payment.mode, |stripe| once(stripe, &known, &new, &key, &has_left));
        match given {
            Ok(gave) => Performed::Done { answer: json!(gave) },
            Err(error) => {
                let by_now = has_left.get() && !is_refusal(&error);
                with_left(failed(app, error), payment.refunds[at].may_have_left || by_now)
            }
        }
    }

    fn settle(
        &self,
        _: &App,
        txn: &mut Txn<'_>,
        job: &Job,
        performed: &Performed,
        now: UnixMillis,
    ) -> Result<Settled, StoreError> {
        let Some(mut payment) = load(txn, job)? else { return Ok(Settled::default()) };
        let Some(at) = payment.asked_refund() else { return Ok(Settled::default()) };
        payment.trouble = None;
        match performed {
            Performed::Done { answer } => {
                let gave: Gave = serde_json::from_value(answer.clone())
                    .map_err(|error| StoreError::Engine(format!("what Stripe answered: {error}")))?;
                once::book(txn, &mut payment, at, gave, now)?;
                if payment.refunds.iter().any(Refund::is_under_way) {
                    ask::plan(txn, &payment, now)?;
                }
            }
            Performed::Refused { reason, .. } | Performed::CannotKnow { reason } => {
                turn(txn, &mut payment, at, Standing::Failed, reason, now)?;
            }
            Performed::NotDone { reason, .. } | Performed::Unknown { reason } => {
                if let Performed::NotDone { detail, .. } = performed {
                    payment.refunds[at].may_have_left = detail[HAS_LEFT].as_bool().unwrap_or(true);
                }
                payment.trouble = Some(format!("Not known yet whether it was given back; tried again: {reason}"));
                if job.attempt.saturating_add(1) >= job.max_attempts {
                    // Queued by a version that gave up at some time: the refund would stay asked for with nobody to do it.
                    plan(txn, &payment, now)?;
                }
            }
        }
        store::put(txn, &payment)?;
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        // Never asked: a keyed effect is repeated, and Stripe gives the first answer again.
        Reconciled::Absent
    }
}

/// Stripe said no before it did anything.
fn is_refusal(error: &ProviderError) -> bool {
    matches!(error, ProviderError::TokenRefused | ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. })
}

/// What was not done is told with whether it may have left at this or an earlier try.
fn with_left(performed: Performed, may_have_left: bool) -> Performed {
    match performed {
        Performed::NotDone { after, whole_serial, reason, .. } => {
            Performed::NotDone { after, whole_serial, reason, detail: json!({ HAS_LEFT: may_have_left }) }
        }
        other => other,
    }
}

/// A refund is somewhere else now; that it was given back, or will not be, is told once.
pub(super) fn turn(
    txn: &mut Txn<'_>,
    payment: &mut Payment,
    at: usize,
    status: Standing,
    reason: &str,
    now: UnixMillis,
) -> Result<(), StoreError> {
    if payment.refunds[at].status == status {
        return Ok(());
    }
    payment.refunds[at].status = status;
    let worth = amount::words(payment.refunds[at].amount, &payment.currency);
    let done = match status {
        Standing::Asked | Standing::Pending | Standing::InDoubt => {
            payment.note(now, format!("Stripe gives {worth} back; the bank takes a while."));
            return Ok(());
        }
        Standing::Succeeded => true,
        Standing::Failed => false,
    };
    let words =
        if done { format!("{worth} were given back.") } else { format!("{worth} were not given back: {reason}") };
    payment.note(now, words);
    if !done {
        payment.trouble = Some(format!("{worth} could not be given back: {reason}"));
    }
    let (id, contact) = (payment.id, payment.contact);
    let booking = payment.refunds[at].of.first().map_or(payment.booking, |date| date.booking);
    let what = Happened::PaymentReturned { payment: id, booking, contact, amount: worth, done };
    events::append(txn, payment.workspace, now, what).map(drop)
}

/// How the refunds stand that Stripe has not finished.
pub(super) fn look(stripe: &Stripe<'_>, payment: &Payment) -> Result<Vec<Answered>, ProviderError> {
    let open = payment.refunds.iter().filter(|refund| refund.status == Standing::Pending);
    open.filter_map(|refund| refund.id.as_deref()).map(|id| stripe.find_refund(id).map(Answered::from)).collect()
}

pub(super) fn apply(
    txn: &mut Txn<'_>,
    payment: &mut Payment,
    answered: &[Answered],
    now: UnixMillis,
) -> Result<(), StoreError> {
    for one in answered {
        let at = payment.refunds.iter().position(|refund| refund.id.as_deref() == Some(&one.id));
        if let Some(at) = at {
            turn(txn, payment, at, one.status, "Stripe could not give it back", now)?;
        }
    }
    Ok(())
}
