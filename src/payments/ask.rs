//! Asking Stripe what became of a payment: on a notice, when the guest comes back, and now and then.

use std::time::Duration;

use super::model::{Payment, State};
use super::service::{self, Heard};
use super::session::{self, Payload};
use super::store;
use crate::app::App;
use crate::base::{PaymentId, UnixMillis, WorkspaceId};
use crate::jobs::{self, Job, NewJob, Outcome, Task};
use crate::providers::ProviderError;
use crate::store::{StoreError, Txn};

pub(super) const ASK: &str = "payments.ask";
/// Between two looks at an open page: notices get lost.
const OPEN_EVERY: Duration = Duration::from_secs(300);
/// A slow payment takes days.
const SLOW_EVERY: Duration = Duration::from_secs(3600);
/// After that long a slow payment is a person's to look at.
const SLOW_AT_MOST: Duration = Duration::from_secs(21 * 86_400);

fn job(payment: &Payment, at: UnixMillis) -> NewJob {
    session::job(payment, ASK, at).once(payment.id.to_string()).max_attempts(u32::MAX)
}

/// The next look.
pub(super) fn plan(txn: &mut Txn<'_>, payment: &Payment, now: UnixMillis) -> Result<(), StoreError> {
    jobs::enqueue(txn, &job(payment, next(payment, now))).map(drop)
}

fn next(payment: &Payment, now: UnixMillis) -> UnixMillis {
    match payment.state {
        State::Processing => now.plus(SLOW_EVERY),
        _ if payment.expires_at > now => now.plus(OPEN_EVERY).min(payment.expires_at),
        _ => now.plus(OPEN_EVERY),
    }
}

/// Something is said to have happened: looks at once. `false` where there is no such payment.
pub(super) fn hurry(app: &App, workspace: WorkspaceId, id: PaymentId) -> Result<bool, StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(payment) = store::find(txn, workspace, id)? else { return Ok(false) };
        let job = jobs::enqueue(txn, &job(&payment, now))?;
        jobs::hurry(txn, job, now)?;
        Ok(true)
    })
}

pub struct Ask;

impl Task<App> for Ask {
    fn kind(&self) -> &'static str {
        ASK
    }

    fn run(&self, app: &App, job: &Job) -> Outcome {
        match look(app, job) {
            Ok(outcome) => outcome,
            Err(error) => error.into(),
        }
    }
}

fn look(app: &App, job: &Job) -> Result<Outcome, StoreError> {
    let Payload { payment: id, .. } = job.payload()?;
    let (workspace, now) = (job.workspace, app.now());
    let Some(payment) = store::get(&app.store, workspace, id)? else { return Ok(Outcome::Done) };
    let Some(session) = payment.session.clone() else { return unopened(app, &payment, now) };
    if payment.state == State::Paid && payment.refunds.iter().all(|refund| !refund.is_under_way()) {
        return Ok(Outcome::Done);
    }
    let asked = session::with(app, workspace, payment.mode, |stripe| {
        let heard = Heard::of(&stripe.session(&session)?);
        super::refund::look(stripe, &payment).map(|refunds| (heard, refunds))
    });
    let (heard, refunds) = match asked {
        Ok(heard) => heard,
        Err(ProviderError::NotFound) => return end(app, job, id, "Stripe does not know it"),
        Err(error) => {
            let reason = error.to_string();
            // By then Stripe has closed the page: nobody pays there any more, and what is held is free again.
            let is_over = now > payment.made_at.plus(session::MOST_OPEN);
            if is_over && matches!(payment.state, State::Opening | State::Open { .. }) {
                return end(app, job, id, "Stripe could not be asked");
            }
            note_trouble(app, workspace, id, &reason)?;
            return Ok(Outcome::Again { at: now.plus(OPEN_EVERY) });
        }
    };
    app.store.write(|txn| {
        let Some(mut payment) = store::find(txn, workspace, id)? else { return Ok(Outcome::Done) };
        service::apply(txn, &mut payment, &heard, now)?;
        super::refund::apply(txn, &mut payment, &refunds, now)?;
        if payment.state == State::Processing && now.since(payment.made_at) > SLOW_AT_MOST {
            payment.trouble = Some("the money has not come for three weeks; look at Stripe".to_owned());
        }
        let is_over = heard.is_open() && payment.expires_at <= now;
        if is_over {
            session::close(txn, &payment, now)?;
        }
        store::put(txn, &payment)?;
        let goes_on = payment.state.is_open() || payment.refunds.iter().any(|refund| refund.is_under_way());
        Ok(if goes_on { Outcome::Again { at: next(&payment, now) } } else { Outcome::Done })
    })
}

/// No page yet: the time may be over before there ever is one.
fn unopened(app: &App, payment: &Payment, now: UnixMillis) -> Result<Outcome, StoreError> {
    if !payment.state.is_open() {
        return Ok(Outcome::Done);
    }
    if payment.expires_at > now {
        return Ok(Outcome::Again { at: payment.expires_at });
    }
    app.store.write(|txn| {
        let Some(mut payment) = store::find(txn, payment.workspace, payment.id)? else { return Ok(Outcome::Done) };
        // Opened in this very moment: the page is looked at next.
        if payment.session.is_some() {
            return Ok(Outcome::Again { at: now });
        }
        service::end(txn, &mut payment, State::Expired, now)?;
        store::put(txn, &payment)?;
        Ok(Outcome::Done)
    })
}

fn end(app: &App, job: &Job, id: PaymentId, reason: &str) -> Result<Outcome, StoreError> {
    let now = app.now();
    app.store.write(|txn| {
        let Some(mut payment) = store::find(txn, job.workspace, id)? else { return Ok(Outcome::Done) };
        service::end(txn, &mut payment, State::Failed { reason: reason.to_owned() }, now)?;
        store::put(txn, &payment)?;
        Ok(Outcome::Done)
    })
}

fn note_trouble(app: &App, workspace: WorkspaceId, id: PaymentId, reason: &str) -> Result<(), StoreError> {
    app.store.write(|txn| match store::find(txn, workspace, id)? {
        Some(mut payment) if payment.trouble.as_deref() != Some(reason) => {
            payment.trouble = Some(reason.to_owned());
            store::put(txn, &payment)
        }
        _ => Ok(()),
    })
}
