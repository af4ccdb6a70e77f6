//! A refund that does not go on by itself is settled by a person: they gave it back in Stripe's dashboard, or it is tried
//! once more.

use super::error::PayError;
use super::model::{Payment, Refund, Standing};
use super::refund::{plan, turn, IN_DOUBT};
use super::{amount, session, store};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{PaymentId, UnixMillis};
use crate::store::{StoreError, Txn};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They gave it back in Stripe's dashboard.
    Given,
    /// Stripe is asked what it knows, and gives back what is missing.
    Again,
}

impl Verdict {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "given" => Some(Verdict::Given),
            "again" => Some(Verdict::Again),
            _ => None,
        }
    }
}

/// No account of the payment's mode is connected any more: nobody gives it back by itself. The caller writes the row.
pub(super) fn let_go(txn: &mut Txn<'_>, payment: &mut Payment, at: usize, now: UnixMillis) -> Result<(), StoreError> {
    let worth = amount::words(payment.refunds[at].amount, &payment.currency);
    if !payment.refunds[at].may_have_left {
        let reason = "its account at Stripe is no longer connected. Refund it in Stripe’s dashboard, or connect the \
                      account again and try again.";
        return turn(txn, payment, at, Standing::Failed, reason, now);
    }
    payment.refunds[at].status = Standing::InDoubt;
    let words = format!(
        "It is not known whether {worth} were given back: the account at Stripe is no longer connected. Look at the \
         payment in Stripe’s dashboard."
    );
    payment.note(now, words.clone());
    payment.trouble = Some(words);
    Ok(())
}

/// `number`: the place of the refund among those of its payment.
pub fn settle(app: &App, actor: &Actor, id: PaymentId, number: usize, verdict: Verdict) -> Result<(), PayError> {
    actor.require(Permission::RefundPayments)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut payment = store::find(txn, actor.workspace, id)?.ok_or(PayError::NotFound)?;
        may_be_settled(&payment, number)?;
        payment.trouble = None;
        match verdict {
            Verdict::Given => {
                payment.note(now, "A person says that it was given back in Stripe’s dashboard.");
                turn(txn, &mut payment, number, Standing::Succeeded, "", now)?;
            }
            Verdict::Again => {
                if !session::is_connected(txn, actor.workspace, payment.mode)? {
                    return Err(PayError::NotSet);
                }
                // Stripe's list could not tell the one from the other.
                if payment.refunds[number].status == Standing::Failed && payment.has_refund_in_doubt() {
                    return Err(PayError::Conflict(IN_DOUBT.to_owned()));
                }
                payment.note(now, "Tried again.");
                payment.refunds[number].status = Standing::Asked;
            }
        }
        if !payment.has_refund_in_doubt() {
            // This one, and what has waited for its end.
            for _ in payment.refunds.iter().filter(|refund| refund.status == Standing::Asked) {
                plan(txn, &payment, now)?;
            }
        }
        store::put(txn, &payment)?;
        let detail = amount::words(payment.refunds[number].amount, &payment.currency);
        let act = match verdict {
            Verdict::Given => "payments.refund_given",
            Verdict::Again => "payments.refund_tried_again",
        };
        Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), act, &payment.name, &detail)?)
    })
}

fn may_be_settled(payment: &Payment, number: usize) -> Result<(), PayError> {
    let refund = payment.refunds.get(number).filter(|refund| refund.waits_for_a_person());
    let words = match refund {
        None => "That refund waits for nobody.",
        // While one is in doubt no other leaves.
        Some(_) if payment.asked_refund().is_some() && !payment.has_refund_in_doubt() => super::refund::ON_ITS_WAY,
        // What failed is not counted as given back: something else may have been, in its place.
        Some(refund) if refund.status == Standing::Failed && refund.amount > payment.refundable() => {
            "It was given back by another refund since."
        }
        Some(_) => return Ok(()),
    };
    Err(PayError::Conflict(words.to_owned()))
}

impl Refund {
    /// It does not go on by itself, and Stripe has not said what became of it.
    pub fn waits_for_a_person(&self) -> bool {
        match self.status {
            Standing::InDoubt => true,
            Standing::Failed => self.id.is_none(),
            Standing::Asked | Standing::Pending | Standing::Succeeded => false,
        }
    }
}
