//! Signing what leaves, and the switch for it.

use zeroize::Zeroizing;

use super::check::{self, Shown};
use super::error::DomainError;
use super::keys;
use super::model::{DkimKey, SendingDomain, What};
use super::rotation;
use super::signature::{sign, SignWith};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{is_public_mail, UnixMillis};
use crate::connections::Connection;
use crate::store::{SealedSecret, StoreError};

/// What can be done about signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Makes a key where there is none; signing begins once its record is seen.
    On,
    /// Nothing is signed from the next mail on. The keys stay for switching it on again.
    Off,
    /// A new key that waits for its record, while the old one goes on signing.
    Rotate,
}

impl Act {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "on" => Some(Self::On),
            "off" => Some(Self::Off),
            "rotate" => Some(Self::Rotate),
            _ => None,
        }
    }

    fn recorded(self) -> &'static str {
        match self {
            Self::On => "domain.signing_on",
            Self::Off => "domain.signing_off",
            Self::Rotate => "domain.key_made",
        }
    }
}

/// Carries it out, then asks DNS at once. Makes a key, so it takes about a second.
pub fn switch(app: &App, actor: &Actor, domain: &str, act: Act) -> Result<Shown, DomainError> {
    actor.require(Permission::ManageConnections)?;
    let found = check::find(app, actor.workspace, domain)?.ok_or(DomainError::NotFound)?;
    if act != Act::Off && !found.can_sign() {
        return Err(DomainError::SignedElsewhere);
    }
    let signing = &found.row.signing;
    let needs_key = match act {
        Act::On => signing.current.is_none() && signing.next.is_none(),
        Act::Off => false,
        Act::Rotate => true,
    };
    let key = if needs_key { Some(make_key(app, &found.row)?) } else { None };
    let changed = record(app, actor, &found.row.domain, act, key.as_ref());
    // A key that found no place is nobody's: its sealing key goes with it.
    if let (Some(key), Err(_)) = (&key, &changed) {
        app.store.shred_secret(&key.private)?;
    }
    changed?;
    check::check_now(app, actor, domain)
}

fn make_key(app: &App, row: &SendingDomain) -> Result<DkimKey, DomainError> {
    let (made, now) = (keys::make()?, app.now());
    let private: SealedSecret = app.store.seal_secret(row.workspace, &made.private)?;
    let today = now.in_zone(&jiff::tz::TimeZone::UTC).date();
    let selector = rotation::selector(&row.signing, today);
    Ok(DkimKey { selector, public: made.public, private, made_at: now, seen_at: None, is_published: false })
}

fn record(app: &App, actor: &Actor, domain: &str, act: Act, key: Option<&DkimKey>) -> Result<(), DomainError> {
    let (workspace, now) = (actor.workspace, app.now());
    app.store.write(|txn| {
        let kept = store::find(txn, workspace, domain)?;
        let mut row = kept.unwrap_or_else(|| SendingDomain::new(workspace, domain));
        if act == Act::Off {
            // What somebody switches off did not break.
            row.was_right.retain(|what| *what != What::Dkim);
            row.broken.retain(|broken| broken.what != What::Dkim);
        }
        let signing = &mut row.signing;
        match act {
            Act::On => signing.on = true,
            Act::Off => signing.on = false,
            Act::Rotate if !signing.on => return Err(DomainError::NotOn),
            Act::Rotate if signing.next.is_some() => return Err(DomainError::KeyWaits),
            Act::Rotate => {}
        }
        if let Some(key) = key {
            // Somebody else was quicker: theirs stands.
            if signing.next.is_some() || act == Act::On && signing.current.is_some() {
                return Err(DomainError::KeyWaits);
            }
            signing.next = Some(key.clone());
        }
        let detail = key.map(|key| key.selector.clone()).unwrap_or_default();
        store::put(txn, &row)?;
        audit::record(txn, workspace, now, &Who::of(actor), act.recorded(), &format!("domain {domain}"), &detail)?;
        Ok(())
    })
}

/// A mail that leaves through the owner's server, signed where that is on and its record was seen. A key that cannot
/// be opened keeps no mail back: it leaves as it would without signing, and the log says so.
pub fn sign_leaving(app: &App, connection: &Connection, mail: Vec<u8>, now: UnixMillis) -> Result<Vec<u8>, StoreError> {
    let domain = connection.address.domain();
    if is_public_mail(domain) {
        return Ok(mail);
    }
    let row = store::get(&app.store, connection.workspace, domain)?;
    let Some(key) = row.as_ref().and_then(|row| row.signing.in_use()) else { return Ok(mail) };
    let opened: Zeroizing<Vec<u8>> = match app.store.open_secret(&key.private) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, %domain, selector = %key.selector, "a signing key cannot be opened");
            return Ok(mail);
        }
    };
    let with = SignWith { domain, selector: &key.selector, key: &opened, now };
    match sign(&mail, &with) {
        Ok(signed) => Ok(signed),
        Err(error) => {
            tracing::error!(%error, %domain, selector = %key.selector, "a mail could not be signed");
            Ok(mail)
        }
    }
}
