//! Tickets: what a browser or a mail carries until it comes back, each for one use and a short time.
//!
//! Only the hash of a ticket's secret is stored. A ticket that is taken is gone, whatever comes of it.

use serde::{Deserialize, Serialize};

use super::secret::{hash_secret, SecretHash};
use super::store;
use crate::base::{EmailAddress, UnixMillis, UserId};
use crate::store::{StoreError, Txn};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub purpose: Purpose,
    /// Absent: holds until it is used.
    #[serde(default)]
    pub ends_at: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Makes the first account of a fresh server.
    Setup,
    /// Sets a new password; sent by mail or printed for the operator.
    ResetPassword { user: UserId },
    /// Gives the account this address once the mail to it was opened.
    NewAddress { user: UserId, email: EmailAddress },
    /// The password was right; the second step is awaited. Its secret is the browser's cookie.
    SecondStep { user: UserId, next: String },
    /// A browser is at an issuer. The secret is OAuth's `state`; `browser` binds it to the browser's cookie.
    AtIssuer {
        provider: String,
        browser: SecretHash,
        nonce: String,
        pkce_verifier: String,
        errand: Errand,
        next: String,
    },
    /// An issuer's account has the verified address of a person we know, who has to prove it once by password.
    ConfirmLink { user: UserId, issuer: String, subject: String, email: String, next: String },
}

/// Why a browser was sent to an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    SignIn,
    /// Add the account to this signed-in person.
    Link(UserId),
    /// Prove again who is there.
    ProveAgain(UserId),
}

impl Ticket {
    pub fn new(purpose: Purpose, ends_at: UnixMillis) -> Self {
        Self { purpose, ends_at: Some(ends_at) }
    }

    pub fn has_run_out(&self, now: UnixMillis) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
}

/// The ticket with this secret, as long as it holds; it stays.
pub(super) fn look(txn: &mut Txn<'_>, secret: &str, now: UnixMillis) -> Result<Option<Purpose>, StoreError> {
    let found = store::find_ticket(txn, &hash_secret(secret))?;
    Ok(found.filter(|ticket| !ticket.has_run_out(now)).map(|ticket| ticket.purpose))
}

/// Removes the ticket and returns it if it still held.
pub(super) fn take(txn: &mut Txn<'_>, secret: &str, now: UnixMillis) -> Result<Option<Purpose>, StoreError> {
    let found = look(txn, secret, now)?;
    store::remove_ticket(txn, &hash_secret(secret))?;
    Ok(found)
}

/// Ends the links that were sent to a person, when they have served or may have been stolen.
pub(super) fn end_resets(txn: &mut Txn<'_>, user: UserId) -> Result<(), StoreError> {
    let of_user = |ticket: &Ticket| ticket.purpose == Purpose::ResetPassword { user };
    for (key, _) in store::tickets_where(txn, of_user)? {
        store::remove_ticket_at(txn, &key)?;
    }
    Ok(())
}

/// Ends the links to addresses that a person has typed before.
pub(super) fn end_new_addresses(txn: &mut Txn<'_>, user: UserId) -> Result<(), StoreError> {
    let of_user = |ticket: &Ticket| matches!(&ticket.purpose, Purpose::NewAddress { user: of, .. } if *of == user);
    for (key, _) in store::tickets_where(txn, of_user)? {
        store::remove_ticket_at(txn, &key)?;
    }
    Ok(())
}
