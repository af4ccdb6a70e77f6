//! Giving money back at Stripe, once: what an earlier try gave whose answer was lost, and what was given back there by
//! hand, counts towards it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::model::{Payment, Refund, Standing};
use super::{amount, refund};
use crate::base::UnixMillis;
use crate::providers::stripe::{self, NewRefund, RefundStatus, Stripe};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

/// What is known here of the money that went back of a payment.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Stripe's ids.
    pub ids: Vec<String>,
    /// Amounts that a person says were given back at Stripe; their ids are not known.
    pub by_hand: Vec<u64>,
    /// Of a date among several: what could not be given back for another one, and may have been there since.
    pub failed: Vec<u64>,
}

impl Known {
    pub fn of(payment: &Payment) -> Self {
        let amounts = |of: fn(&Refund) -> bool| {
            payment.refunds.iter().filter(|refund| of(refund)).map(|refund| refund.amount).collect()
        };
        Self {
            ids: payment.refunds.iter().filter_map(|refund| refund.id.clone()).collect(),
            by_hand: amounts(Refund::is_by_hand),
            failed: amounts(is_failed_date),
        }
    }
}

fn is_failed_date(refund: &Refund) -> bool {
    refund.status == Standing::Failed && refund.id.is_none() && !refund.of.is_empty()
}

/// One refund, as Stripe says it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    pub id: String,
    pub amount: u64,
    pub status: Standing,
}

impl From<stripe::Refund> for Answered {
    fn from(refund: stripe::Refund) -> Self {
        Self { id: refund.id, amount: refund.amount, status: refund.status.into() }
    }
}

/// What came of giving back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gave {
    /// What was asked for, or the rest of it; absent where `besides` is enough.
    refund: Option<Answered>,
    /// Given back at Stripe, and not known here before.
    besides: Vec<Answered>,
    /// What a person spoke of, found at Stripe.
    by_hand: Vec<Answered>,
    /// What had failed here and was given back there since.
    #[serde(default)]
    mended: Vec<Answered>,
}

/// The key of a payment's refund: each has one of its own, which never changes once it may have left. One for several
/// dates may have grown until then, and with the same key Stripe wants the same amount.
pub(super) fn key_of(payment: &Payment, at: usize) -> String {
    let key = format!("{}-refund-{at}", payment.id);
    match payment.refunds.get(at).filter(|refund| !refund.of.is_empty()) {
        Some(refund) => format!("{key}-of-{}", refund.amount),
        None => key,
    }
}

/// Gives back what was not given back yet of `new`. Stripe forgets a key after a day, and repeats its own error for as
/// long; its list of refunds does neither, so that is asked first. `has_left` is set when a request that moves money does.
pub(super) fn once(
    stripe: &Stripe<'_>,
    known: &Known,
    new: &NewRefund,
    key: &str,
    has_left: &Cell<bool>,
) -> Result<Gave, ProviderError> {
    let all = stripe.refunds_of(&new.payment_intent).map_err(only_asked)?;
    let mut unknown: Vec<stripe::Refund> = all.into_iter().filter(|one| !known.ids.contains(&one.id)).collect();
    // What a person has settled is no longer there to be found: of several dates each costs the same.
    let by_hand = spoken_of(&mut unknown, &known.by_hand, |_| true);
    let is_it = |one: &stripe::Refund| one.reference == new.reference && Some(one.amount) == new.amount;
    let found = unknown.iter().position(is_it).map(|at| unknown.remove(at));
    unknown.retain(|one| one.status != RefundStatus::Failed);
    let mended = spoken_of(&mut unknown, &known.failed, |one| one.reference != new.reference);
    let elsewhere: u64 = unknown.iter().map(|one| one.amount).sum();
    let rest = new.amount.map(|amount| amount.saturating_sub(elsewhere));
    let refund = match (found, rest) {
        (Some(refund), _) => Some(refund),
        (None, Some(0)) => None,
        (None, rest) => {
            // With the same key Stripe wants the same amount.
            let key = if rest == new.amount { key.to_owned() } else { format!("{key}-{}", rest.unwrap_or_default()) };
            has_left.set(true);
            Some(stripe.refund(&NewRefund { amount: rest, ..new.clone() }, &key)?)
        }
    };
    let answered = |all: Vec<stripe::Refund>| all.into_iter().map(Answered::from).collect();
    let refund = refund.map(Answered::from);
    Ok(Gave { refund, besides: answered(unknown), by_hand: answered(by_hand), mended: answered(mended) })
}

/// Only a look: whatever went wrong, nothing was given back by it.
fn only_asked(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Unknown { reason } => ProviderError::Retry { after: None, reason },
        other => other,
    }
}

/// Takes out of `unknown` those of these amounts that stand and `may` be meant; what bears no mark of ours was given back
/// there, and goes first.
fn spoken_of(
    unknown: &mut Vec<stripe::Refund>,
    amounts: &[u64],
    may: impl Fn(&stripe::Refund) -> bool,
) -> Vec<stripe::Refund> {
    let mut taken = Vec::new();
    for amount in amounts.iter().rev() {
        let is_it = |one: &&(usize, &stripe::Refund)| {
            one.1.amount == *amount && one.1.status != RefundStatus::Failed && may(one.1)
        };
        let all: Vec<_> = unknown.iter().enumerate().collect();
        let unmarked = all.iter().filter(is_it).find(|(_, one)| one.reference.is_empty());
        if let Some((at, _)) = unmarked.or(all.iter().find(is_it)).copied() {
            taken.push(unknown.remove(at));
        }
    }
    taken
}

/// Brings the row to what was given back. The caller writes it.
pub(super) fn book(
    txn: &mut Txn<'_>,
    payment: &mut Payment,
    at: usize,
    gave: Gave,
    now: UnixMillis,
) -> Result<(), StoreError> {
    for one in gave.by_hand {
        let row = payment.refunds.iter_mut().find(|refund| refund.is_by_hand() && refund.amount == one.amount);
        if let Some(row) = row {
            row.id = Some(one.id);
        }
    }
    for one in gave.mended {
        let row = payment.refunds.iter().position(|refund| is_failed_date(refund) && refund.amount == one.amount);
        if let Some(row) = row {
            payment.refunds[row].id = Some(one.id);
            refund::turn(txn, payment, row, one.status, "", now)?;
        }
    }
    let mut besides = gave.besides;
    let elsewhere: u64 = besides.iter().map(|one| one.amount).sum();
    if elsewhere > 0 {
        let words = amount::words(elsewhere, &payment.currency);
        payment.note(now, format!("{words} had been given back at Stripe besides, and count towards it."));
    }
    let it = match gave.refund {
        Some(refund) => refund,
        None if besides.is_empty() => return Err(StoreError::Engine("nothing was given back".into())),
        None => besides.remove(0),
    };
    payment.refunds[at].come_to(it.amount);
    payment.refunds[at].id = Some(it.id);
    refund::turn(txn, payment, at, it.status, "", now)?;
    payment.refunds.extend(besides.into_iter().map(|one| Refund {
        amount: one.amount,
        reason: "at Stripe, by hand".to_owned(),
        at: now,
        id: Some(one.id),
        status: one.status,
        may_have_left: true,
        of: Vec::new(),
    }));
    Ok(())
}
