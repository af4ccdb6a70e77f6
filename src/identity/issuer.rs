//! Signing in with Google or another OpenID Connect issuer.
//!
//! Issuer and subject together are the identity. An address that the issuer has verified, and that a person here
//! has, links nothing by itself: it asks once for that person's password (ASVS 5.0, 6.8.1). Nobody gets an account
//! this way who was not invited.

use std::time::Duration;

use url::Url;

use super::account::AccountError;
use super::model::{Client, ExternalLink, User};
use super::secret::{hash_secret, HandedSecret};
use super::sign_in::{self, note, Admitted, SignInError};
use super::ticket::{self, Errand, Purpose, Ticket};
use super::{mails, session, store};
use crate::app::App;
use crate::base::{EmailAddress, SessionId, UnixMillis};
use crate::providers::oidc::{self, Callback, Identity, Issuer};
use crate::providers::{ProviderError, Secret};
use crate::store::StoreError;

/// A browser is at the issuer at most this long; a password to link is asked for as long.
pub const ERRAND_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// An issuer of this installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// In addresses: `google` or `oidc`.
    pub key: &'static str,
    /// "Google", or what the operator calls the other one.
    pub name: String,
}

#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    #[error("no such issuer is configured")]
    NotOffered,
    /// The browser that comes back is not the one that left, or it took too long.
    #[error("the sign-in has to begin again")]
    Expired,
    /// The person said no there, or the issuer refused; its own words are for the log.
    #[error("the issuer did not confirm who it is: {0}")]
    Refused(String),
    #[error("the issuer cannot be asked: {0}")]
    Unreachable(String),
    /// Nobody here has this account, or its address.
    #[error("nobody has this account")]
    Unknown { email: Option<String> },
    /// The account belongs to somebody else here.
    #[error("the account is linked to somebody else")]
    Taken,
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a browser that comes back from the issuer is told.
#[derive(Debug)]
pub enum Returned {
    Admitted(Box<Admitted>, String),
    /// A person here has the verified address: their password links the two. The secret is for the form.
    ConfirmLink {
        secret: HandedSecret,
        email: String,
    },
    /// Done for somebody signed in already.
    Done {
        words: &'static str,
        next: String,
    },
}

/// The issuers that people may sign in with here.
pub fn offers(app: &App) -> Vec<Offer> {
    let google = app.config.providers.google.client.as_ref().map(|_| Offer { key: "google", name: "Google".into() });
    let other = app.config.providers.oidc.as_ref().map(|oidc| Offer { key: "oidc", name: oidc.name.clone() });
    google.into_iter().chain(other).collect()
}

/// The issuer behind a key, as it describes itself.
fn issuer(app: &App, key: &str) -> Result<Issuer, IssuerError> {
    let providers = &app.config.providers;
    let (base, client) = match (key, &providers.google.client, &providers.oidc) {
        ("google", Some(client), _) => (&providers.google.auth_base, client),
        ("oidc", _, Some(oidc)) => (&oidc.issuer, &oidc.client),
        _ => return Err(IssuerError::NotOffered),
    };
    let url = Url::parse(base.as_str()).map_err(|error| IssuerError::Unreachable(error.to_string()))?;
    let discovery = oidc::discover(&app.outbound, &url).map_err(unreachable)?;
    let secret = client.secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default();
    Ok(Issuer::new(discovery, &client.id, Secret::new(secret)))
}

fn unreachable(error: ProviderError) -> IssuerError {
    IssuerError::Unreachable(error.to_string())
}

fn redirect_uri(app: &App, key: &str) -> String {
    app.url(&format!("/signin/{key}/return"))
}

/// Where to send the browser. `browser` is the value of its session cookie, or of the one it is given now: the
/// way back is bound to it.
pub fn depart(app: &App, key: &str, browser: &str, errand: Errand, next: &str) -> Result<Url, IssuerError> {
    let now = app.now();
    let issuer = issuer(app, key)?;
    let leave = issuer.authorize(&redirect_uri(app, key), None).map_err(unreachable)?;
    let purpose = Purpose::AtIssuer {
        provider: key.to_owned(),
        browser: hash_secret(browser),
        nonce: leave.nonce.expose().to_owned(),
        pkce_verifier: leave.pkce_verifier.expose().to_owned(),
        errand,
        next: next.to_owned(),
    };
    let made = Ticket::new(purpose, now.plus(ERRAND_LIFETIME));
    app.store.write(|txn| store::put_ticket(txn, &hash_secret(leave.state.expose()), &made))?;
    Ok(leave.url)
}

/// The browser is back with a code. `state` is used up before anything else is looked at.
pub fn come_back(
    app: &App,
    key: &str,
    browser: &str,
    state: &str,
    code: &str,
    client: &Client,
) -> Result<Returned, IssuerError> {
    let now = app.now();
    let taken = app.store.write(|txn| ticket::take(txn, state, now).map_err(IssuerError::Store))?;
    let Some(Purpose::AtIssuer { provider, browser: bound, nonce, pkce_verifier, errand, next }) = taken else {
        return Err(IssuerError::Expired);
    };
    if provider != key || bound != hash_secret(browser) {
        return Err(IssuerError::Expired);
    }
    let redirect_uri = redirect_uri(app, key);
    let (nonce, pkce_verifier) = (Secret::new(nonce), Secret::new(pkce_verifier));
    let callback = Callback { code, redirect_uri: &redirect_uri, pkce_verifier: &pkce_verifier, nonce: &nonce };
    let identity = issuer(app, key)?.finish(&app.outbound, callback).map_err(refused)?;
    receive(app, &identity, errand, browser, client, &next)
}

fn refused(error: ProviderError) -> IssuerError {
    match error {
        ProviderError::Retry { .. } | ProviderError::Unknown { .. } => IssuerError::Unreachable(error.to_string()),
        other => IssuerError::Refused(other.to_string()),
    }
}

/// Somebody has proved who they are at the issuer.
pub(super) fn receive(
    app: &App,
    identity: &Identity,
    errand: Errand,
    browser: &str,
    client: &Client,
    next: &str,
) -> Result<Returned, IssuerError> {
    let known = app.store.read(|txn| store::find_by_subject(txn, &identity.issuer, &identity.subject))?;
    match (errand, known) {
        (Errand::SignIn, Some(user)) => {
            let admitted = sign_in::admit(app, &user, client, next, &identity.issuer, app.now())?;
            Ok(Returned::Admitted(Box::new(admitted), next.to_owned()))
        }
        (Errand::SignIn, None) => meet(app, identity, next),
        (Errand::Link(user), None) => {
            let user = store::get(&app.store, user)?.ok_or(IssuerError::Expired)?;
            add_link(app, &user, &link_of(identity, app.now()))?;
            Ok(Returned::Done { words: "The account is linked.", next: next.to_owned() })
        }
        (Errand::Link(user), Some(owner)) if owner.id == user => {
            Ok(Returned::Done { words: "The account was linked already.", next: next.to_owned() })
        }
        (Errand::Link(_), Some(_)) => Err(IssuerError::Taken),
        (Errand::ProveAgain(user), Some(owner)) if owner.id == user => {
            let here = session::find_by_cookie(app, browser)?.ok_or(IssuerError::Expired)?;
            session::note_proof(app, user, here.0.id)?;
            Ok(Returned::Done { words: "Thank you.", next: next.to_owned() })
        }
        (Errand::ProveAgain(_), _) => Err(IssuerError::Taken),
    }
}

/// Nobody has this account yet. A verified address that a person has is a reason to ask, never to let in.
fn meet(app: &App, identity: &Identity, next: &str) -> Result<Returned, IssuerError> {
    let unknown = || IssuerError::Unknown { email: identity.email.clone() };
    let verified = identity.email.as_deref().filter(|_| identity.email_verified);
    let Some(email) = verified.and_then(|email| EmailAddress::parse(email).ok()) else { return Err(unknown()) };
    let (secret, now) = (HandedSecret::fresh(), app.now());
    app.store.write(|txn| {
        let Some(user) = store::find_by_login(txn, email.compare())? else { return Err(unknown()) };
        let purpose = Purpose::ConfirmLink {
            user: user.id,
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            email: email.display().to_owned(),
            next: next.to_owned(),
        };
        Ok(store::put_ticket(txn, &secret.hash(), &Ticket::new(purpose, now.plus(ERRAND_LIFETIME)))?)
    })?;
    Ok(Returned::ConfirmLink { secret, email: email.display().to_owned() })
}

/// The password that links an issuer's account to the person who has its address. A wrong one may be typed again
/// while the ticket holds; tries are counted as for a sign-in.
pub fn confirm_link(
    app: &App,
    secret: &str,
    password: &str,
    client: &Client,
) -> Result<(Admitted, String), IssuerError> {
    let now = app.now();
    let look = app.store.read(|txn| ticket::look(txn, secret, now))?;
    let Some(Purpose::ConfirmLink { user, issuer, subject, email, next }) = look else {
        return Err(IssuerError::Expired);
    };
    sign_in::check_password(app, user, password, client)?;
    let user = store::get(&app.store, user)?.ok_or(IssuerError::Expired)?;
    app.store.write(|txn| match ticket::take(txn, secret, now)? {
        Some(_) => Ok(()),
        None => Err(IssuerError::Expired),
    })?;
    add_link(app, &user, &ExternalLink { issuer: issuer.clone(), subject, email, linked_at: now })?;
    let admitted = sign_in::admit(app, &user, client, &next, &format!("password and {issuer}"), now)?;
    Ok((admitted, next))
}

fn link_of(identity: &Identity, now: UnixMillis) -> ExternalLink {
    ExternalLink {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        email: identity.email.clone().unwrap_or_default(),
        linked_at: now,
    }
}

fn add_link(app: &App, user: &User, link: &ExternalLink) -> Result<(), IssuerError> {
    let linked = app.store.write(|txn| {
        store::link(txn, user.id, link)?;
        note(txn, user.id, link.linked_at, "issuer.linked", &link.issuer)
    });
    match linked {
        Err(StoreError::Exists) => return Err(IssuerError::Taken),
        done => done?,
    }
    let what = format!("An account at {} can now sign in as you.", link.issuer);
    Ok(mails::tell_of_change(app, user, &what)?)
}

/// Takes a linked account away, as long as something is left to sign in with.
pub fn unlink(app: &App, user: &User, session: SessionId, issuer: &str, subject: &str) -> Result<(), AccountError> {
    if !session::is_proof_fresh(app, user.id, session)? {
        return Err(AccountError::ProofNeeded);
    }
    let now = app.now();
    app.store.write(|txn| {
        let mut known = store::credentials(txn, user.id)?;
        let at = known.links.iter().position(|link| link.issuer == issuer && link.subject == subject);
        let link = known.links.remove(at.ok_or(AccountError::NotFound)?);
        if known.links.is_empty() && known.password.is_none() {
            return Err(AccountError::LastWayIn);
        }
        store::unlink(txn, &link)?;
        store::put_credentials(txn, user.id, &known)?;
        Ok(note(txn, user.id, now, "issuer.unlinked", issuer)?)
    })?;
    Ok(mails::tell_of_change(app, user, &format!("The account at {issuer} can no longer sign in as you."))?)
}
