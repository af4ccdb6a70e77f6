//! A contact is erased while something of theirs is under way at Stripe: an open page is closed there, who paid in that
//! very moment gets it back, and so does who was to get something back anyway, or paid for what nobody had heard of yet. The job knows the page and nothing of the
//! person.

use std::cell::Cell;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::{Payment, Standing, State};
use super::once::{self, Known};
use super::session::{closed, failed, with};
use super::store;
use crate::app::App;
use crate::base::{PaymentId, UnixMillis, WorkspaceId};
use crate::jobs::{self, Class, Effect, Job, Lane, NewJob, Performed, Prepared, Ready, Reconciled, Settled};
use crate::providers::stripe::{Mode, NewRefund, PaymentStatus, Status, Stripe};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

const CLOSE_ORPHAN: &str = "payments.close_orphan";
/// Weeks of a try each ten minutes: no row is left that could tell anybody of a payment that came in between.
const TRIES: u32 = 5_000;
/// Between two looks at somebody's slow payment.
const SLOW: Duration = Duration::from_secs(12 * 3600);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Payload {
    payment: PaymentId,
    session: String,
    mode: Mode,
    /// What was on its way back when the row went; then there is no page to close.
    #[serde(default)]
    refund: Option<Owed>,
}

/// A refund that Stripe has not answered yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Owed {
    intent: String,
    /// In the smallest unit.
    amount: u64,
    key: String,
    /// Stripe's ids of what was given back of the payment before.
    known: Vec<String>,
    /// Amounts of what was given back before under ids that are not known.
    #[serde(default)]
    by_hand: Vec<u64>,
}

/// Has the page of a payment closed whose row goes in this transaction.
pub(super) fn plan(txn: &mut Txn<'_>, payment: &Payment) -> Result<(), StoreError> {
    let may_be_paid = payment.state.is_open() || payment.state == State::Withdrawn;
    let all_asked = payment.refunds.iter().filter(|refund| refund.status == Standing::Asked);
    let all_asked: u64 = all_asked.map(|refund| refund.amount).sum();
    let asked = payment.asked_refund().map(|at| (at, all_asked));
    // Paid, and whoever asked for it has not heard: what it was for goes as well, so all of it goes back.
    let unheard =
        (!payment.is_heard && payment.refundable() > 0).then(|| (payment.refunds.len(), payment.refundable()));
    match (&payment.session, asked.or(unheard), &payment.intent) {
        (_, Some((at, amount)), Some(intent)) => {
            let (intent, mut key) = (intent.clone(), once::key_of(payment, at));
            if payment.refunds.get(at).is_some_and(|first| first.amount != amount) {
                // Several at once: with the key of the first Stripe wants the amount of the first.
                key = format!("{key}-all-{amount}");
            }
            let Known { ids: known, by_hand, .. } = Known::of(payment);
            let owed = Owed { intent, amount, key, known, by_hand };
            let session = payment.session.clone().unwrap_or_default();
            let payload = Payload { payment: payment.id, session, mode: payment.mode, refund: Some(owed) };
            enqueue(txn, payment.workspace, &payload, payment.made_at)
        }
        (Some(session), ..) if may_be_paid => {
            plan_session(txn, payment.workspace, (payment.id, session, payment.mode), payment.made_at)
        }
        _ => Ok(()),
    }
}

/// The page was opened just when its payment was erased.
pub(super) fn plan_opened(txn: &mut Txn<'_>, job: &Job, session: &str, now: UnixMillis) -> Result<(), StoreError> {
    let payment: super::session::Payload = job.payload()?;
    match store::find_account(txn, job.workspace)? {
        Some(account) => plan_session(txn, job.workspace, (payment.payment, session, account.mode), now),
        None => Ok(()),
    }
}

fn plan_session(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    (payment, session, mode): (PaymentId, &str, Mode),
    now: UnixMillis,
) -> Result<(), StoreError> {
    enqueue(txn, workspace, &Payload { payment, session: session.to_owned(), mode, refund: None }, now)
}

fn enqueue(txn: &mut Txn<'_>, workspace: WorkspaceId, payload: &Payload, now: UnixMillis) -> Result<(), StoreError> {
    let job = NewJob::new(CLOSE_ORPHAN, Lane::Web, workspace, now, payload)
        .serial(payload.payment.0)
        .class(Class::Keyed)
        .once(payload.payment.to_string())
        .max_attempts(TRIES);
    jobs::enqueue(txn, &job).map(drop)
}

pub struct CloseOrphan;

impl Effect<App> for CloseOrphan {
    fn kind(&self) -> &'static str {
        CLOSE_ORPHAN
    }

    fn prepare(&self, _: &App, _: &mut Txn<'_>, _: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        Ok(Prepared::Go(Box::new(())))
    }

    fn perform(&self, app: &App, job: &Job, _: Ready) -> Performed {
        let payload: Payload = match job.payload() {
            Ok(payload) => payload,
            Err(error) => return Performed::Refused { reason: error.to_string(), detail: Value::Null },
        };
        match with(app, job.workspace, payload.mode, |stripe| payload.close(stripe, job.attempt)) {
            Ok(Closed::Over) => Performed::Done { answer: Value::Null },
            Ok(Closed::Slow) => Performed::NotDone {
                after: Some(SLOW),
                whole_serial: false,
                reason: "a slow payment is under way; it is given back when it comes".into(),
                detail: Value::Null,
            },
            Err(error) => failed(app, error),
        }
    }

    fn settle(&self, _: &App, _: &mut Txn<'_>, _: &Job, _: &Performed, _: UnixMillis) -> Result<Settled, StoreError> {
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        Reconciled::Absent
    }
}

enum Closed {
    Over,
    Slow,
}

impl Payload {
    fn close(&self, stripe: &Stripe<'_>, attempt: u32) -> Result<Closed, ProviderError> {
        if let Some(owed) = &self.refund {
            return self.give_back(stripe, owed);
        }
        let key = |what: &str| format!("{}-{what}-erased", self.payment);
        let session = closed(stripe, &self.session, &key(&format!("close-{attempt}")))?;
        match (session.status, session.payment_status, &session.payment_intent) {
            (Status::Complete, PaymentStatus::Paid, Some(intent)) => {
                let all =
                    NewRefund { payment_intent: intent.clone(), amount: None, reference: self.payment.to_string() };
                match stripe.refund(&all, &key("refund")) {
                    Ok(_) | Err(ProviderError::Conflict) => Ok(Closed::Over),
                    Err(error) => Err(error),
                }
            }
            (Status::Complete, PaymentStatus::Unpaid, _) if !session.has_failed => Ok(Closed::Slow),
            _ => Ok(Closed::Over),
        }
    }

    fn give_back(&self, stripe: &Stripe<'_>, owed: &Owed) -> Result<Closed, ProviderError> {
        let new = NewRefund {
            payment_intent: owed.intent.clone(),
            amount: Some(owed.amount),
            reference: self.payment.to_string(),
        };
        let known = Known { ids: owed.known.clone(), by_hand: owed.by_hand.clone(), failed: Vec::new() };
        match once::once(stripe, &known, &new, &owed.key, &Cell::new(false)) {
            Ok(_) | Err(ProviderError::Conflict) => Ok(Closed::Over),
            Err(error) => Err(error),
        }
    }
}
