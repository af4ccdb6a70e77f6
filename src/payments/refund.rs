//! Giving money back.

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use super::error::PayError;
use super::model::{Payment, Refund, Standing, State};
use super::session::{self, drop_it, failed, load, with};
use super::{amount, ask, store};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, PaymentId, UnixMillis};
use crate::events::{self, Happened};
use crate::jobs::{self, Effect, Job, Performed, Prepared, Ready, Reconciled, Settled};
use crate::providers::stripe::{self, NewRefund, Stripe};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

pub(super) const GIVE_BACK: &str = "payments.refund";

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
    if amount == 0 || payment.asked_refund().is_some() {
        return Ok(false);
    }
    let mut payment = payment.clone();
    payment.refunds.push(Refund { amount, reason: reason.to_owned(), at: now, id: None, status: Standing::Asked });
    payment.note(now, format!("{} are given back: {reason}", amount::words(amount, &payment.currency)));
    store::put(txn, &payment)?;
    // Until Stripe says: given up in between, it might have been given back, and a second one would be too much.
    jobs::enqueue(txn, &session::job(&payment, GIVE_BACK, now).max_attempts(u32::MAX))?;
    Ok(true)
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
        if left == 0 || payment.asked_refund().is_some() {
            let words = match (&payment.state, payment.asked_refund()) {
                (_, Some(_)) => "A refund is on its way to Stripe. Wait until it has arrived.",
                (State::Paid, None) => "All of it was given back already.",
                _ => "It was not paid, so there is nothing to give back.",
            };
            return Err(PayError::Conflict(words.to_owned()));
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

/// What Stripe said of a refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    id: String,
    status: Standing,
}

pub struct GiveBack;

impl Effect<App> for GiveBack {
    fn kind(&self) -> &'static str {
        GIVE_BACK
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        match load(txn, job)? {
            Some(payment) if payment.asked_refund().is_some() && payment.intent.is_some() => {
                Ok(Prepared::Go(Box::new(payment)))
            }
            Some(_) => drop_it("It was given back already."),
            None => drop_it("The payment was erased."),
        }
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
        let key = key_of(payment.id, at);
        let known: Vec<String> = payment.refunds.iter().filter_map(|refund| refund.id.clone()).collect();
        let given = with(app, job.workspace, payment.mode, |stripe| once(stripe, &known, &new, &key));
        match given {
            Ok(refund) => Performed::Done { answer: json!(Answered { id: refund.id, status: refund.status.into() }) },
            Err(error) => failed(app, error),
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
                let answered: Answered = serde_json::from_value(answer.clone())
                    .map_err(|error| StoreError::Engine(format!("what Stripe answered: {error}")))?;
                payment.refunds[at].id = Some(answered.id);
                turn(txn, &mut payment, at, answered.status, "", now)?;
                if answered.status == Standing::Pending {
                    ask::plan(txn, &payment, now)?;
                }
            }
            Performed::Refused { reason, .. } | Performed::CannotKnow { reason } => {
                turn(txn, &mut payment, at, Standing::Failed, reason, now)?;
            }
            Performed::NotDone { reason, .. } | Performed::Unknown { reason } => {
                payment.trouble = Some(format!("Not known yet whether it was given back; tried again: {reason}"));
                if job.attempt.saturating_add(1) >= job.max_attempts {
                    // Queued by a version that gave up at some time: the refund would stay asked for with nobody to do it.
                    jobs::enqueue(txn, &session::job(&payment, GIVE_BACK, now).max_attempts(u32::MAX))?;
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

/// Gives back what no earlier try gave, whose answer may be lost. Stripe forgets a key after a day, and repeats its own
/// error for as long; its list does neither. `known`: what was given back of this payment before.
pub(super) fn once(
    stripe: &Stripe<'_>,
    known: &[String],
    new: &NewRefund,
    key: &str,
) -> Result<stripe::Refund, ProviderError> {
    let is_it = |one: &stripe::Refund| {
        one.reference == new.reference && Some(one.amount) == new.amount && !known.contains(&one.id)
    };
    match stripe.refunds_of(&new.payment_intent)?.into_iter().find(is_it) {
        Some(refund) => Ok(refund),
        None => stripe.refund(new, key),
    }
}

/// The key of a payment's refund: each has one of its own, which never changes.
pub(super) fn key_of(payment: PaymentId, at: usize) -> String {
    format!("{payment}-refund-{at}")
}

/// A refund is somewhere else now; that it was given back, or will not be, is told once.
fn turn(
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
        Standing::Asked | Standing::Pending => {
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
    let (id, booking, contact) = (payment.id, payment.booking, payment.contact);
    let what = Happened::PaymentReturned { payment: id, booking, contact, amount: worth, done };
    events::append(txn, payment.workspace, now, what).map(drop)
}

/// How the refunds stand that Stripe has not finished.
pub(super) fn look(stripe: &Stripe<'_>, payment: &Payment) -> Result<Vec<Answered>, ProviderError> {
    let open = payment.refunds.iter().filter(|refund| refund.status == Standing::Pending);
    open.filter_map(|refund| refund.id.as_deref())
        .map(|id| stripe.find_refund(id).map(|found| Answered { id: found.id, status: found.status.into() }))
        .collect()
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
