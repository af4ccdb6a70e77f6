//! The page at Stripe: opened for a payment, and closed when it is no longer wanted.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use url::Url;

use super::model::{AccountState, Payment, State};
use super::service::{self, Heard};
use super::{account, ask, link, orphan, store};
use crate::app::App;
use crate::base::{ContactId, PaymentId, UnixMillis, WorkspaceId};
use crate::jobs::{self, Class, Effect, Job, Lane, NewJob, Performed, Prepared, Ready, Reconciled, Settled};
use crate::providers::outbound::Gathered;
use crate::providers::stripe::{Mode, NewSession, Session, Status, Stripe};
use crate::providers::{ProviderError, Secret};
use crate::store::{StoreError, Txn};

pub(super) const OPEN: &str = "payments.open";
pub(super) const CLOSE: &str = "payments.close";
/// A key that Stripe refuses is looked at again after this long.
const OWNER_ACTS: Duration = Duration::from_secs(600);
/// Stripe keeps a page open for at least half an hour from when it is made, which may be tried for an hour. Where the
/// guest has less time, the page is closed then.
const LEAST_OPEN: Duration = Duration::from_secs(90 * 60);
/// And for at most a day.
pub(super) const MOST_OPEN: Duration = Duration::from_secs(24 * 3600 - 60);
pub(super) const TRIES: u32 = 30;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    pub payment: PaymentId,
    pub contact: ContactId,
}

/// A job about one payment; all of one payment run one after the other.
pub(super) fn job(payment: &Payment, kind: &'static str, now: UnixMillis) -> NewJob {
    let payload = Payload { payment: payment.id, contact: payment.contact };
    NewJob::new(kind, Lane::Web, payment.workspace, now, &payload)
        .serial(payment.id.0)
        .class(Class::Keyed)
        .max_attempts(TRIES)
}

pub(super) fn load(txn: &mut Txn<'_>, job: &Job) -> Result<Option<Payment>, StoreError> {
    let payload: Payload = job.payload()?;
    store::find(txn, job.workspace, payload.payment)
}

pub(super) fn base(app: &App) -> Result<Url, ProviderError> {
    Url::parse(app.config.providers.stripe.as_str())
        .map_err(|error| ProviderError::Rejected { reason: error.to_string() })
}

/// Runs `work` with the workspace's key of that mode; calls are noted, and a refused key is kept as such.
pub(super) fn with<T>(
    app: &App,
    workspace: WorkspaceId,
    mode: Mode,
    work: impl FnOnce(&Stripe<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let unavailable = |error: StoreError| ProviderError::Retry { after: None, reason: error.to_string() };
    let gone = |reason: &str| ProviderError::Reconnect { reason: reason.to_owned() };
    let found = store::get_account(&app.store, workspace).map_err(unavailable)?;
    let found = found.ok_or_else(|| gone("the account was disconnected"))?;
    if found.mode != mode {
        return Err(gone("the key that is connected is of the other mode"));
    }
    let plain = app.store.open_secret(&found.key).map_err(|_| gone("the key was erased"))?;
    let (key, base) = (Secret::new(String::from_utf8_lossy(&plain).into_owned()), base(app)?);
    let log = Gathered::default();
    let outcome = work(&Stripe { outbound: &app.outbound, base: &base, key: &key, log: &log });
    if let Err(error) = store::note_calls(&app.store, workspace, &log.into_calls()) {
        tracing::error!(%error, "the record of calls to Stripe could not be written");
    }
    let state = match &outcome {
        Err(error @ (ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. })) => {
            Some(AccountState::NeedsOwner { since: app.now(), reason: error.to_string() })
        }
        Ok(_) => Some(AccountState::Working),
        Err(_) => None,
    };
    if let Some(state) = state {
        account::note_state(app, workspace, &found.key, &state).map_err(unavailable)?;
    }
    outcome
}

/// Whether there is an account of that mode to work with.
pub(super) fn is_connected(txn: &mut Txn<'_>, workspace: WorkspaceId, mode: Mode) -> Result<bool, StoreError> {
    Ok(store::find_account(txn, workspace)?.is_some_and(|account| account.mode == mode))
}

/// What a failed call means for its job.
pub(super) fn failed(app: &App, error: ProviderError) -> Performed {
    let reason = error.to_string();
    let not_done =
        |after| Performed::NotDone { after, whole_serial: false, reason: reason.clone(), detail: Value::Null };
    match error {
        ProviderError::Retry { after, .. } => not_done(after),
        ProviderError::Quota { until, .. } => not_done(until.map(|until| until.since(app.now()))),
        ProviderError::TokenRefused | ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. } => {
            not_done(Some(OWNER_ACTS))
        }
        ProviderError::Unknown { .. } | ProviderError::Changed => Performed::Unknown { reason },
        ProviderError::Conflict | ProviderError::Rejected { .. } | ProviderError::NotFound | ProviderError::Gone => {
            Performed::Refused { reason, detail: Value::Null }
        }
    }
}

pub(super) fn drop_it(reason: &str) -> Result<Prepared, StoreError> {
    Ok(Prepared::Drop { reason: reason.to_owned() })
}

/// Makes the page on which the guest pays.
pub struct OpenPage;

impl Effect<App> for OpenPage {
    fn kind(&self) -> &'static str {
        OPEN
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        match load(txn, job)? {
            Some(payment) if payment.state == State::Opening => Ok(Prepared::Go(Box::new(payment))),
            Some(_) => drop_it("It is open already, or no longer wanted."),
            None => drop_it("The payment was erased."),
        }
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let Ok(payment) = ready.downcast::<Payment>() else {
            return Performed::Refused { reason: "nothing was prepared".into(), detail: Value::Null };
        };
        let new = asked_of(app, &payment);
        let key = payment.key("open");
        match with(app, job.workspace, payment.mode, |stripe| stripe.create_session(&new, &key)) {
            Ok(session) => Performed::Done { answer: json!(Opened::of(&session)) },
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
        let Some(before) = load(txn, job)? else {
            if let Performed::Done { answer } = performed {
                if let Some(session) = answer["session"].as_str() {
                    orphan::plan_opened(txn, job, session, now)?;
                }
            }
            return Ok(Settled::default());
        };
        let mut payment = before.clone();
        match performed {
            Performed::Done { answer } => opened(txn, &mut payment, answer, now)?,
            Performed::Refused { reason, .. } | Performed::CannotKnow { reason } => {
                service::end(txn, &mut payment, State::Failed { reason: reason.clone() }, now)?;
            }
            Performed::NotDone { reason, .. } | Performed::Unknown { reason } => {
                if matches!(performed, Performed::Unknown { .. }) {
                    // Stripe would give the same error for a day; a page that nobody was led to harms nobody.
                    payment.spent_keys += 1;
                }
                payment.trouble = Some(reason.clone());
                if job.attempt + 1 >= job.max_attempts {
                    service::end(txn, &mut payment, State::Failed { reason: reason.clone() }, now)?;
                }
            }
        }
        store::put(txn, &payment)?;
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        // Never asked: a keyed effect is repeated, and the repeat gets the same page.
        Reconciled::Absent
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Opened {
    session: String,
    url: Option<String>,
}

impl Opened {
    fn of(session: &Session) -> Self {
        Self { session: session.id.clone(), url: session.url.as_ref().map(Url::to_string) }
    }
}

fn asked_of(app: &App, payment: &Payment) -> NewSession {
    let here = app.url(&link::path(app, payment));
    NewSession {
        currency: payment.currency.clone(),
        amount: payment.amount,
        name: payment.name.clone(),
        email: payment.email.clone(),
        success_url: format!("{here}?back=paid"),
        cancel_url: format!("{here}?back=left"),
        // The same at each try: with the same key Stripe wants the same fields.
        expires_at: payment.expires_at.max(payment.made_at.plus(LEAST_OPEN)).min(payment.made_at.plus(MOST_OPEN)),
        reference: payment.id.to_string(),
        locale: locale(&payment.language).to_owned(),
    }
}

/// Stripe knows more languages than these; these are the ones that guests are written to in.
fn locale(language: &str) -> &'static str {
    match language.split('-').next().unwrap_or_default() {
        "en" => "en",
        "de" => "de",
        "es" => "es",
        "fr" => "fr",
        "pt" => "pt",
        // Stripe has no Hindi page; it takes the browser's language.
        _ => "auto",
    }
}

fn opened(txn: &mut Txn<'_>, payment: &mut Payment, answer: &Value, now: UnixMillis) -> Result<(), StoreError> {
    let opened: Opened = serde_json::from_value(answer.clone())
        .map_err(|error| StoreError::Engine(format!("what Stripe answered: {error}")))?;
    payment.session = Some(opened.session);
    payment.trouble = None;
    if payment.state != State::Opening {
        // No longer wanted since: nobody is led there, and it is closed.
        return close(txn, payment, now);
    }
    match opened.url {
        Some(url) => payment.state = State::Open { url },
        // A repeated try of a page that is closed by now.
        None => payment.state = State::Processing,
    }
    payment.note(now, "The page to pay is open.");
    ask::plan(txn, payment, now)
}

/// Has the page at Stripe closed.
pub(super) fn close(txn: &mut Txn<'_>, payment: &Payment, now: UnixMillis) -> Result<(), StoreError> {
    jobs::enqueue(txn, &job(payment, CLOSE, now).once(payment.id.to_string())).map(drop)
}

/// Closes the page at Stripe; gives how it stands, which is never open. Each try has a `key` of its own: Stripe replays
/// its own failure under the same one.
pub(super) fn closed(stripe: &Stripe<'_>, session: &str, key: &str) -> Result<Session, ProviderError> {
    let session = match stripe.expire_session(session, key) {
        // It is not open: paid, or over already. Or Stripe failed, and it may be open as before.
        Err(ProviderError::Rejected { .. } | ProviderError::Unknown { .. }) => stripe.session(session)?,
        closed => closed?,
    };
    match session.status {
        Status::Open => Err(ProviderError::Retry { after: None, reason: "the page to pay is still open".to_owned() }),
        Status::Complete | Status::Expired => Ok(session),
    }
}

/// Closes the page, or hears that it was paid just before.
pub struct ClosePage;

impl Effect<App> for ClosePage {
    fn kind(&self) -> &'static str {
        CLOSE
    }

    fn prepare(&self, _: &App, txn: &mut Txn<'_>, job: &Job, _: UnixMillis) -> Result<Prepared, StoreError> {
        match load(txn, job)? {
            Some(payment) if payment.session.is_some() && payment.state != State::Paid => {
                Ok(Prepared::Go(Box::new(payment)))
            }
            _ => drop_it("There is nothing to close."),
        }
    }

    fn perform(&self, app: &App, job: &Job, ready: Ready) -> Performed {
        let Ok(payment) = ready.downcast::<Payment>() else {
            return Performed::Refused { reason: "nothing was prepared".into(), detail: Value::Null };
        };
        let id = payment.session.clone().unwrap_or_default();
        let key = payment.key(&format!("close-{}", job.attempt));
        let closed = with(app, job.workspace, payment.mode, |stripe| closed(stripe, &id, &key));
        match closed {
            Ok(session) => Performed::Done { answer: json!(Heard::of(&session)) },
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
        match performed {
            Performed::Done { answer } => {
                let heard: Heard = serde_json::from_value(answer.clone())
                    .map_err(|error| StoreError::Engine(format!("what Stripe answered: {error}")))?;
                service::apply(txn, &mut payment, &heard, now)?;
            }
            Performed::NotDone { reason, .. }
            | Performed::Unknown { reason }
            | Performed::Refused { reason, .. }
            | Performed::CannotKnow { reason } => payment.trouble = Some(reason.clone()),
        }
        store::put(txn, &payment)?;
        Ok(Settled::default())
    }

    fn reconcile(&self, _: &App, _: &Job, _: UnixMillis) -> Reconciled {
        Reconciled::Absent
    }
}
