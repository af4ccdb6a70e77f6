//! Another e-mail address: a link to it by mail, for one day and one use. Until it is opened the account keeps the
//! old one, so that a slip of the pen locks nobody out. Where the server sends no mail there is nothing to open, and
//! the change is made at once (`account`).

use std::time::Duration;

use super::account::AccountError;
use super::model::{Client, User};
use super::secret::HandedSecret;
use super::sign_in::note;
use super::throttle::{self, Counter};
use super::ticket::{self, Purpose, Ticket};
use super::{mails, store};
use crate::app::App;
use crate::base::{EmailAddress, UserId};
use crate::mailer;
use crate::store::StoreError;

/// How long a link holds.
pub const LINK_HOLDS: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Used, replaced by a newer one, too old, or never made.
    #[error("the link no longer holds")]
    LinkEnded,
    /// Somebody else took the address meanwhile.
    #[error("another account has this address")]
    Taken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends the link. Earlier ones of this person end.
pub(super) fn ask(app: &App, user: &User, email: &EmailAddress, client: &Client) -> Result<(), AccountError> {
    let (secret, now) = (HandedSecret::fresh(), app.now());
    let ends_at = now.plus(LINK_HOLDS);
    let link = app.url(&format!("/confirm-address/{}", secret.expose()));
    let posting = mails::confirm_address(app, user, email, &link, ends_at)?;
    let made = Ticket::new(Purpose::NewAddress { user: user.id, email: email.clone() }, ends_at);
    app.store.write(|txn| {
        let counters = [Counter::reset(client.address)];
        throttle::begin(txn, &app.config.limits, &counters, now)?.map_err(AccountError::TooMany)?;
        if store::find_by_login(txn, email.compare())?.is_some_and(|owner| owner.id != user.id) {
            return Err(AccountError::invalid("email", "Another account has this address."));
        }
        ticket::end_new_addresses(txn, user.id)?;
        store::put_ticket(txn, &secret.hash(), &made)?;
        mailer::queue(txn, &posting)?;
        Ok(())
    })
}

/// The address that waits for its link to be opened.
pub fn waiting(app: &App, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        let tickets = store::tickets_where(txn, |ticket| !ticket.has_run_out(now))?;
        Ok(tickets.into_iter().find_map(|(_, ticket)| match ticket.purpose {
            Purpose::NewAddress { user: of, email } if of == user => Some(email),
            _ => None,
        }))
    })
}

/// Whose address the link changes, and to what. Looking does not use it up: mail scanners look too.
pub fn look(app: &App, secret: &str) -> Result<(User, EmailAddress), ConfirmError> {
    let now = app.now();
    app.store.read(|txn| match ticket::look(txn, secret, now)? {
        Some(Purpose::NewAddress { user, email }) => {
            Ok((store::find(txn, user)?.ok_or(ConfirmError::LinkEnded)?, email))
        }
        _ => Err(ConfirmError::LinkEnded),
    })
}

/// Changes the address and uses the link up; the old address is told.
pub fn confirm(app: &App, secret: &str) -> Result<User, ConfirmError> {
    let now = app.now();
    let (before, after) = app.store.write(|txn| {
        let Some(Purpose::NewAddress { user, email }) = ticket::take(txn, secret, now)? else {
            return Err(ConfirmError::LinkEnded);
        };
        let before = store::find(txn, user)?.ok_or(ConfirmError::LinkEnded)?;
        let after = User { email, ..before.clone() };
        match store::put(txn, &after, Some(&before)) {
            Err(StoreError::Exists) => return Err(ConfirmError::Taken),
            done => done?,
        }
        note(txn, user, now, "account.address_changed", "")?;
        Ok((before, after))
    })?;
    mails::tell_of_new_address(app, &before, &after.email)?;
    Ok(after)
}
