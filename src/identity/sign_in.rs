//! Signing in: password, then the second step where there is one.

use std::time::Duration;

use super::model::{Client, Credentials, StoredPassword, User};
use super::password::{self, HashError};
use super::secret::HandedSecret;
use super::session::{self, NewSession};
use super::throttle::{self, Counter, TooManyTries};
use super::ticket::{self, Purpose, Ticket};
use super::{mails, second_step, store};
use crate::app::App;
use crate::audit::{self, Who};
use crate::base::{EmailAddress, UnixMillis, UserId, INSTANCE};
use crate::store::{StoreError, Txn};

/// A half-finished sign-in waits so long for its second step.
pub const SECOND_STEP_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// What the browser is given.
#[derive(Clone, Debug)]
pub enum Admitted {
    Session(NewSession),
    /// The secret of the half-finished sign-in, for the browser's cookie.
    SecondStep(HandedSecret),
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Wrong password, or nobody has this name: which of the two is not told.
    #[error("login and password do not match")]
    Mismatch,
    #[error("the code is wrong, or was used before")]
    WrongCode,
    /// The half-finished sign-in has run out, or never was.
    #[error("the sign-in has to begin again")]
    Expired,
    #[error(transparent)]
    TooMany(#[from] TooManyTries),
    #[error("too many passwords are being checked at once")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// When trying again may help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany(wait) => Some(wait.retry_after),
            _ => None,
        }
    }
}

impl From<HashError> for SignInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Hash(detail) => Self::Store(StoreError::Engine(detail)),
        }
    }
}

/// What a person types as login, in the form it is stored in. Rubbish stays rubbish and is found nowhere.
pub(super) fn normalized(login: &str) -> String {
    let login: String = login.trim().chars().take(254).collect();
    EmailAddress::parse(&login).map_or_else(|_| login.to_lowercase(), |address| address.compare().to_owned())
}

/// Signs in by password. Counts the try, per account and per network, before it judges it.
pub fn sign_in(app: &App, login: &str, password: &str, client: &Client, next: &str) -> Result<Admitted, SignInError> {
    let (now, login) = (app.now(), normalized(login));
    let (user, known) = admit_try(app, &login, client, now)?;
    let stored = known.password.as_ref().map(|password| password.phc.as_str());
    let fits = password::verify(stored, password)?;
    let Some(user) = user.filter(|_| fits) else {
        tracing::info!(address = %client.address, "a sign-in failed");
        return Err(SignInError::Mismatch);
    };
    let fresh_hash = stored.filter(|phc| password::is_outdated(phc)).and_then(|_| password::hash(password).ok());
    let admitted = admit(app, &user, client, next, "password", now)?;
    if let Some(phc) = fresh_hash {
        app.store.write(|txn| rehash(txn, user.id, stored, &phc))?;
    }
    Ok(admitted)
}

/// Finds who is meant and counts the try; nobody is counted too.
fn admit_try(
    app: &App,
    login: &str,
    client: &Client,
    now: UnixMillis,
) -> Result<(Option<User>, Credentials), SignInError> {
    let (found, counted) = app.store.write(|txn| {
        let user = store::find_by_login(txn, login)?;
        let account = match &user {
            Some(user) => Counter::Account(user.id),
            None => Counter::UnknownLogin(login.to_owned()),
        };
        let counters = [account, Counter::network(client.address)];
        let counted = match throttle::begin(txn, &app.config.limits, &counters, now)? {
            Ok(counted) => counted,
            Err(wait) => return Err(SignInError::TooMany(wait)),
        };
        let known = user.as_ref().map(|user| store::credentials(txn, user.id)).transpose()?.unwrap_or_default();
        Ok(((user, known), counted))
    })?;
    if let (Some(user), true) = (&found.0, counted.locks) {
        // Told before the last try is judged: should it succeed, the owner still wants to know.
        mails::tell_of_many_tries(app, user, client)?;
    }
    Ok(found)
}

/// The first proof was good. Whoever has an authenticator is asked for it, however they came.
pub(super) fn admit(
    app: &App,
    user: &User,
    client: &Client,
    next: &str,
    how: &str,
    now: UnixMillis,
) -> Result<Admitted, SignInError> {
    let (new, row) = session::prepare(app, user.id, client, now);
    let half = HandedSecret::fresh();
    let purpose = Purpose::SecondStep { user: user.id, next: next.to_owned() };
    let waits = Ticket::new(purpose, now.plus(SECOND_STEP_LIFETIME));
    app.store.write(|txn| {
        throttle::forgive(txn, &[Counter::Account(user.id), Counter::network(client.address)])?;
        if store::credentials(txn, user.id)?.has_second_step() {
            store::put_ticket(txn, &half.hash(), &waits)?;
            return Ok(Admitted::SecondStep(half.clone()));
        }
        session::begin(txn, &row, how)?;
        Ok(Admitted::Session(new.clone()))
    })
}

/// The second step: a code of the authenticator, or a recovery code. `half` is the browser's cookie.
/// Returns the session and where the person wanted to go.
pub fn second_step(app: &App, half: &str, code: &str, client: &Client) -> Result<(NewSession, String), SignInError> {
    let now = app.now();
    let user = app.store.write(|txn| {
        let Some(Purpose::SecondStep { user, .. }) = ticket::look(txn, half, now)? else {
            return Err(SignInError::Expired);
        };
        let counters = [Counter::SecondStep(user), Counter::network(client.address)];
        throttle::begin(txn, &app.config.limits, &counters, now)?.map_err(SignInError::TooMany)?;
        Ok(user)
    })?;
    let step = second_step::step_of(app, second_step::open(app, user)?.as_ref(), code);
    let (new, row) = session::prepare(app, user, client, now);
    app.store.write(|txn| {
        let how = second_step::accept(txn, user, step, code, now)?.ok_or(SignInError::WrongCode)?;
        let Some(Purpose::SecondStep { next, .. }) = ticket::take(txn, half, now)? else {
            return Err(SignInError::Expired);
        };
        throttle::forgive(txn, &[Counter::SecondStep(user), Counter::network(client.address)])?;
        session::begin(txn, &row, how.words())?;
        Ok((new.clone(), next))
    })
}

/// Proves again who is there, before a sensitive act. The session then counts as fresh for a while.
pub fn prove_again(
    app: &App,
    user: UserId,
    session: crate::base::SessionId,
    password: &str,
    client: &Client,
) -> Result<(), SignInError> {
    check_password(app, user, password, client)?;
    session::note_proof(app, user, session)?;
    Ok(())
}

/// Is this the person's password? Counted like a sign-in.
pub(super) fn check_password(app: &App, user: UserId, password: &str, client: &Client) -> Result<(), SignInError> {
    let now = app.now();
    let counters = [Counter::Account(user), Counter::network(client.address)];
    let known = app.store.write(|txn| {
        throttle::begin(txn, &app.config.limits, &counters, now)?.map_err(SignInError::TooMany)?;
        Ok::<_, SignInError>(store::credentials(txn, user)?)
    })?;
    let stored = known.password.as_ref().map(|password| password.phc.as_str());
    if !password::verify(stored, password)? {
        return Err(SignInError::Mismatch);
    }
    app.store.write(|txn| throttle::forgive(txn, &counters))?;
    Ok(())
}

/// Keeps the same password with today's parameters, unless it was changed meanwhile.
fn rehash(txn: &mut Txn<'_>, user: UserId, before: Option<&str>, phc: &str) -> Result<(), StoreError> {
    let mut known = store::credentials(txn, user)?;
    match &known.password {
        Some(kept) if Some(kept.phc.as_str()) == before => {
            known.password = Some(StoredPassword { phc: phc.to_owned(), changed_at: kept.changed_at });
            store::put_credentials(txn, user, &known)
        }
        _ => Ok(()),
    }
}

/// Ends the session of this cookie.
pub fn sign_out(app: &App, user: UserId, session: crate::base::SessionId) -> Result<(), StoreError> {
    session::end(app, user, session).map(drop)
}

/// Notes in the record of sign-ins what was changed about an account.
pub(super) fn note(
    txn: &mut Txn<'_>,
    user: UserId,
    now: UnixMillis,
    act: &str,
    detail: &str,
) -> Result<(), StoreError> {
    audit::record(txn, INSTANCE, now, &Who::User(user), act, &session::subject(user), detail)
}
