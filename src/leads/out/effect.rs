//! One message on its way.

use serde_json::{json, Value};

use super::jobs::{letter_job, TELL};
use super::model::{Endpoint, Outcome, Sent, State};
use super::store;
use super::told::Tell;
use crate::app::App;
use crate::base::UnixMillis;
use crate::contacts;
use crate::jobs::{self, Effect, Job, Performed, Prepared, Ready, Reconciled, Settled};
use crate::leads::score;
use crate::providers::outbound::NoLog;
use crate::providers::webhook::{post, Message};
use crate::providers::Secret;
use crate::store::{StoreError, Txn};

/// Tries of one message, from half a minute to an hour apart: about five hours.
pub(super) const TRIES: u32 = 12;

pub(super) struct TellThere;

/// The message as it leaves.
struct Written {
    endpoint: Endpoint,
    id: String,
    body: String,
}

impl Effect<App> for TellThere {
    fn kind(&self) -> &'static str {
        TELL
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        let tell: Tell = job.payload()?;
        let gone = |reason: &str| Ok(Prepared::Drop { reason: reason.to_owned() });
        let Some(endpoint) = store::find(txn, job.workspace)?.filter(Endpoint::is_on) else {
            return gone("the address was ended or switched off");
        };
        let contact = match tell.contact.filter(|_| !tell.is_of_erased()) {
            Some(id) => contacts::find(txn, job.workspace, id)?,
            None => None,
        };
        if contact.is_none() && tell.contact.is_some() && !tell.is_of_erased() {
            return gone("the contact is gone");
        }
        let score = match &contact {
            Some(contact) => score::find(txn, job.workspace, contact.id)?,
            None => None,
        };
        let body = tell.body(job.workspace, contact.as_ref(), score.as_ref());
        Ok(Prepared::Go(Box::new(Written { endpoint, id: tell.id(job.workspace), body })))
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let Ok(written) = ready.downcast::<Written>() else {
            return Performed::Refused { reason: "nothing was prepared".into(), detail: Value::Null };
        };
        match send(app, &written.endpoint, Message { id: &written.id, body: &written.body }) {
            Tried::Taken(words) => Performed::Done { answer: json!(words) },
            Tried::Never(reason) => Performed::Refused { reason, detail: Value::Null },
            Tried::NotTaken(reason) if job.attempt + 1 >= TRIES => Performed::Refused { reason, detail: Value::Null },
            Tried::NotTaken(reason) => {
                Performed::NotDone { after: None, whole_serial: false, reason, detail: Value::Null }
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
        let tell: Tell = job.payload()?;
        let (outcome, words) = match performed {
            Performed::Done { answer } => (Outcome::Taken, answer.as_str().unwrap_or_default().to_owned()),
            Performed::Refused { reason, .. } => (Outcome::GivenUp, reason.clone()),
            Performed::NotDone { reason, .. } | Performed::Unknown { reason } | Performed::CannotKnow { reason } => {
                (Outcome::Later, reason.clone())
            }
        };
        let Some(mut endpoint) = store::find(txn, job.workspace)? else { return Ok(Settled::default()) };
        let id = tell.id(job.workspace);
        if outcome == Outcome::GivenUp && endpoint.is_on() {
            endpoint.state = State::Off { since: now, reason: words.clone() };
            jobs::enqueue(txn, &letter_job(job.workspace, now))?;
        }
        endpoint.note(Sent { at: now, id, what: tell.what, tries: job.attempt + 1, outcome, words });
        store::put(txn, &endpoint)?;
        Ok(Settled::default())
    }

    /// Not asked: the receiver knows by the id what it has had.
    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        Reconciled::Absent
    }
}

/// What came of one try.
pub(super) enum Tried {
    Taken(String),
    NotTaken(String),
    /// It says that nothing is wanted there any more, or it may not be called.
    Never(String),
}

pub(super) fn send(app: &App, endpoint: &Endpoint, message: Message<'_>) -> Tried {
    let Ok(key) = app.store.open_secret(&endpoint.key) else { return Tried::Never("its key is gone".to_owned()) };
    let key = Secret::new(String::from_utf8_lossy(&key).into_owned());
    match post(&app.outbound, &endpoint.url, &key, message, &NoLog) {
        Ok(answer) if (200..300).contains(&answer.status) => Tried::Taken(format!("status {}", answer.status)),
        Ok(answer) if answer.status == 410 => Tried::Never("status 410: nothing is wanted there".to_owned()),
        Ok(answer) => Tried::NotTaken(format!("status {}", answer.status)),
        Err(error) => Tried::NotTaken(error.to_string()),
    }
}
