//! The first account of a fresh server: by a link that the server prints, since there is no default account
//! (ASVS 5.0, 6.3.2).

use super::secret::HandedSecret;
use super::store;
use super::ticket::{self, Purpose, Ticket};
use crate::app::App;
use crate::store::{StoreError, Txn};

/// A fresh link to `/setup/…`; earlier ones end. `None` once somebody has an account.
pub fn setup_link(app: &App) -> Result<Option<String>, StoreError> {
    let secret = HandedSecret::fresh();
    let is_fresh = app.store.write(|txn| {
        if !store::is_nobody_there(txn)? {
            return Ok(false);
        }
        for (key, _) in store::tickets_where(txn, |ticket| ticket.purpose == Purpose::Setup)? {
            store::remove_ticket_at(txn, &key)?;
        }
        store::put_ticket(txn, &secret.hash(), &Ticket { purpose: Purpose::Setup, ends_at: None })?;
        Ok::<_, StoreError>(true)
    })?;
    Ok(is_fresh.then(|| app.url(&format!("/setup/{}", secret.expose()))))
}

/// Does the link hold? Looking does not use it up.
pub fn is_setup_open(app: &App, secret: &str) -> Result<bool, StoreError> {
    let now = app.now();
    app.store.read(|txn| {
        let holds = ticket::look(txn, secret, now)? == Some(Purpose::Setup);
        Ok(holds && store::is_nobody_there(txn)?)
    })
}

/// Uses the link up, in the transaction that makes the account. `false` when it no longer holds.
pub fn take_setup(app: &App, txn: &mut Txn<'_>, secret: &str) -> Result<bool, StoreError> {
    let holds = ticket::take(txn, secret, app.now())? == Some(Purpose::Setup);
    Ok(holds && store::is_nobody_there(txn)?)
}
