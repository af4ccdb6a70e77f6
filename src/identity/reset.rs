//! A forgotten password: a link by mail, for one hour and one use. It sets a password and nothing else: whoever
//! has an authenticator is still asked for it.

use std::time::Duration;

use super::account::{prepare_password, set_password, AccountError};
use super::model::{Client, User};
use super::secret::HandedSecret;
use super::sign_in::{self, Admitted};
use super::throttle::{self, Counter, TooManyTries};
use super::ticket::{self, Purpose, Ticket};
use super::{mails, session, store};
use crate::app::App;
use crate::base::{EmailAddress, UserId};
use crate::jobs;
use crate::mailer;
use crate::store::StoreError;

/// How long a link holds.
pub const LINK_HOLDS: Duration = Duration::from_secs(3600);

#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// Used, replaced by a newer one, too old, or never made.
    #[error("the link no longer holds")]
    LinkEnded,
    #[error(transparent)]
    TooMany(#[from] TooManyTries),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Plans a mail with a link if somebody has this address or username, and answers the same if nobody has: in the
/// same words and, since the mail is written by a job, in the same time.
pub fn ask(app: &App, login: &str, client: &Client) -> Result<(), ResetError> {
    let now = app.now();
    let login = sign_in::normalized(login);
    let sends_mail = mailer::is_configured(&app.config);
    let user = app.store.read(|txn| store::find_by_login(txn, &login))?;
    let job = user.filter(|_| sends_mail).map(|user| super::jobs::send_reset(user.id, now));
    app.store.write(|txn| {
        let counters = [Counter::reset(client.address)];
        throttle::begin(txn, &app.config.limits, &counters, now)?.map_err(ResetError::TooMany)?;
        if let Some(job) = &job {
            jobs::enqueue(txn, job)?;
        }
        Ok(())
    })
}

/// Writes the mail. Earlier links end: only the newest mail in the inbox holds.
pub(super) fn send(app: &App, user: UserId) -> Result<(), StoreError> {
    let (secret, now) = (HandedSecret::fresh(), app.now());
    let ends_at = now.plus(LINK_HOLDS);
    let Some(user) = store::get(&app.store, user)? else { return Ok(()) };
    let posting = mails::reset(app, &user, &link(app, &secret), ends_at)?;
    let made = Ticket::new(Purpose::ResetPassword { user: user.id }, ends_at);
    app.store.write(|txn| {
        ticket::end_resets(txn, user.id)?;
        store::put_ticket(txn, &secret.hash(), &made)?;
        mailer::queue(txn, &posting)
    })
}

/// A link for the operator to pass on, where the server sends no mail. `None` when nobody has the address.
pub fn reset_link(app: &App, email: &EmailAddress) -> Result<Option<String>, StoreError> {
    let secret = HandedSecret::fresh();
    let ends_at = app.now().plus(LINK_HOLDS);
    let known = app.store.write(|txn| {
        let Some(user) = store::find_by_login(txn, email.compare())? else { return Ok(false) };
        ticket::end_resets(txn, user.id)?;
        store::put_ticket(txn, &secret.hash(), &Ticket::new(Purpose::ResetPassword { user: user.id }, ends_at))?;
        Ok::<_, StoreError>(true)
    })?;
    Ok(known.then(|| link(app, &secret)))
}

fn link(app: &App, secret: &HandedSecret) -> String {
    app.url(&format!("/reset/{}", secret.expose()))
}

/// Whose password the link sets. Looking does not use it up: mail scanners look too.
pub fn look(app: &App, secret: &str) -> Result<User, ResetError> {
    let now = app.now();
    app.store.read(|txn| match ticket::look(txn, secret, now)? {
        Some(Purpose::ResetPassword { user }) => store::find(txn, user)?.ok_or(ResetError::LinkEnded),
        _ => Err(ResetError::LinkEnded),
    })
}

/// Sets the password, uses the link up, ends all sessions and whatever waits for too many tries, then goes on as
/// any sign-in does.
pub fn finish(app: &App, secret: &str, new: &str, client: &Client) -> Result<Admitted, ResetError> {
    let user = look(app, secret)?;
    let now = app.now();
    let stored = prepare_password(&user, new, now)?;
    app.store.write(|txn| {
        match ticket::take(txn, secret, now)? {
            Some(Purpose::ResetPassword { user: of }) if of == user.id => {}
            _ => return Err(ResetError::LinkEnded),
        }
        set_password(txn, user.id, &stored)?;
        session::end_all(txn, user.id, None, now)?;
        ticket::end_resets(txn, user.id)?;
        throttle::forgive(txn, &[Counter::Account(user.id)])?;
        Ok(())
    })?;
    mails::tell_of_change(app, &user, "The password of your account was changed by a link sent to this address.")?;
    sign_in::admit(app, &user, client, "/", "new password", now).map_err(|error| ResetError::Account(error.into()))
}
