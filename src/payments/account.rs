//! Connecting the account at Stripe, its notices, and ending it.

use url::Url;

use super::error::PayError;
use super::model::{Account, AccountState, Hook};
use super::{session, store, WEBHOOK_PATH};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, UnixMillis, WorkspaceId};
use crate::providers::outbound::{CallLog, Gathered};
use crate::providers::stripe::{Mode, Stripe};
use crate::providers::{ProviderError, Secret};
use crate::store::{SealedSecret, StoreError, Txn};

const MOST_KEY: usize = 255;

/// The account with the record of its calls.
#[derive(Clone, Debug)]
pub struct Shown {
    pub account: Account,
    pub calls: Vec<store::Called>,
}

pub fn get(app: &App, actor: &Actor) -> Result<Option<Shown>, PayError> {
    actor.require(Permission::ManagePayments)?;
    let Some(account) = store::get_account(&app.store, actor.workspace)? else { return Ok(None) };
    Ok(Some(Shown { account, calls: store::calls(&app.store, actor.workspace)? }))
}

/// Whether guests can be asked to pay just now.
pub fn is_ready(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<bool, StoreError> {
    Ok(store::find_account(txn, workspace)?.is_some_and(|account| account.state == AccountState::Working))
}

/// Where Stripe tells what happened.
pub(super) fn webhook_url(app: &App, workspace: WorkspaceId) -> String {
    app.url(&format!("{WEBHOOK_PATH}/{}", workspace.sid()))
}

/// Tries the key and keeps it sealed when Stripe takes it. Again replaces it. A key of the other mode ends notices, whose
/// secret was of the mode before.
pub fn connect(app: &App, actor: &Actor, key: &str) -> Result<Account, PayError> {
    actor.require(Permission::ManagePayments)?;
    let key = key.trim();
    let mode = checked(key)?;
    let log = Gathered::default();
    let tried = try_key(app, key, &log, |stripe| stripe.probe());
    tried.map_err(|error| Mistakes::one("key", super::error::words_of(&error)))?;
    let sealed = app.store.seal_secret(actor.workspace, key.as_bytes())?;
    let now = app.now();
    let before = app.store.write(|txn| {
        let before = store::find_account(txn, actor.workspace)?;
        let same = before.clone().filter(|before| before.mode == mode);
        let account = Account {
            workspace: actor.workspace,
            key: sealed.clone(),
            key_ends: key[key.len().saturating_sub(4)..].to_owned(),
            mode,
            state: AccountState::Working,
            webhook: same.and_then(|same| same.webhook),
            made_by: actor.user,
            made_at: before.as_ref().map_or(now, |before| before.made_at),
            tested_at: Some(now),
        };
        store::put_account(txn, &account)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "payments.connected", "Stripe", mode.words())?;
        Ok::<_, StoreError>(before)
    })?;
    if let Some(before) = before {
        app.store.shred_secret(&before.key)?;
        if before.mode != mode {
            shred_hook(app, before.webhook)?;
        }
    }
    store::note_calls(&app.store, actor.workspace, &log.into_calls())?;
    store::get_account(&app.store, actor.workspace)?.ok_or(PayError::NotSet)
}

fn checked(key: &str) -> Result<Mode, Mistakes> {
    let is_key = key.len() <= MOST_KEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match Mode::of_key(key) {
        Some(mode) if is_key => Ok(mode),
        _ if key.starts_with("pk_") => Err(Mistakes::one(
            "key",
            "That is the publishable key. Paste the secret or a restricted one: sk_… or rk_….",
        )),
        _ => Err(Mistakes::one("key", "Paste a secret key (sk_…) or a restricted key (rk_…) from Stripe.")),
    }
}

fn try_key<T>(
    app: &App,
    key: &str,
    log: &dyn CallLog,
    work: impl FnOnce(&Stripe<'_>) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let base = session::base(app)?;
    work(&Stripe { outbound: &app.outbound, base: &base, key: &Secret::new(key), log })
}

/// Asks Stripe to tell us what happens. Needs an address that Stripe reaches and a key that may do this.
pub fn listen(app: &App, actor: &Actor) -> Result<(), PayError> {
    actor.require(Permission::ManagePayments)?;
    let account = store::get_account(&app.store, actor.workspace)?.ok_or(PayError::NotSet)?;
    let url = Url::parse(&webhook_url(app, actor.workspace)).map_err(|error| PayError::Conflict(error.to_string()))?;
    let key = format!("{}-listen-{}", actor.workspace.sid(), app.now().0);
    let made = session::with(app, actor.workspace, account.mode, |stripe| stripe.create_webhook(&url, &key));
    let made = made.map_err(PayError::Test)?;
    keep_hook(app, actor, made.secret.expose(), made.id, "made by key")
}

/// The secret of an endpoint that the owner made at Stripe.
pub fn set_hook(app: &App, actor: &Actor, secret: &str) -> Result<(), PayError> {
    actor.require(Permission::ManagePayments)?;
    let secret = secret.trim();
    let is_secret = secret.starts_with("whsec_") && (12..=MOST_KEY).contains(&secret.len()) && secret.is_ascii();
    if !is_secret {
        return Err(Mistakes::one("secret", "Paste the signing secret of the endpoint: whsec_….").into());
    }
    keep_hook(app, actor, secret, String::new(), "made by hand")
}

fn keep_hook(app: &App, actor: &Actor, secret: &str, id: String, how: &str) -> Result<(), PayError> {
    let sealed = app.store.seal_secret(actor.workspace, secret.as_bytes())?;
    let now = app.now();
    let old = app.store.write(|txn| {
        let mut account = store::find_account(txn, actor.workspace)?.ok_or(PayError::NotSet)?;
        let old = account.webhook.replace(Hook { secret: sealed.clone(), id: id.clone(), last_notice: None });
        store::put_account(txn, &account)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "payments.notices_set", "Stripe", how)?;
        Ok::<_, PayError>(old)
    })?;
    Ok(shred_hook(app, old)?)
}

fn shred_hook(app: &App, hook: Option<Hook>) -> Result<(), StoreError> {
    hook.map_or(Ok(()), |hook| app.store.shred_secret(&hook.secret))
}

/// Erases key and secret at once. Payments stay, and can be given back only at Stripe or after connecting again.
pub fn disconnect(app: &App, actor: &Actor) -> Result<(), PayError> {
    actor.require(Permission::ManagePayments)?;
    let gone = store::get_account(&app.store, actor.workspace)?.ok_or(PayError::NotSet)?;
    forget(app, gone)?;
    let now = app.now();
    Ok(app.store.write(|txn| {
        audit::record(txn, actor.workspace, now, &Who::of(actor), "payments.disconnected", "Stripe", "")
    })?)
}

fn forget(app: &App, account: Account) -> Result<(), StoreError> {
    app.store.write_reserved(|txn| store::remove_account(txn, account.workspace))?;
    app.store.shred_secret(&account.key)?;
    shred_hook(app, account.webhook)
}

/// The workspace is being closed. Where there is no account, that is harmless.
pub fn end_access(app: &App, workspace: WorkspaceId) -> Result<(), StoreError> {
    store::get_account(&app.store, workspace)?.map_or(Ok(()), |account| forget(app, account))
}

/// How the account stands changes with what its calls hear.
pub(super) fn note_state(
    app: &App,
    workspace: WorkspaceId,
    key: &SealedSecret,
    state: &AccountState,
) -> Result<(), StoreError> {
    app.store.write(|txn| match store::find_account(txn, workspace)? {
        // Of another key meanwhile: what was heard is not of it.
        Some(account) if account.key == *key && account.state != *state => {
            store::put_account(txn, &Account { state: state.clone(), ..account })
        }
        _ => Ok(()),
    })
}

pub(super) fn note_notice(app: &App, workspace: WorkspaceId, now: UnixMillis) -> Result<(), StoreError> {
    app.store.write(|txn| match store::find_account(txn, workspace)? {
        Some(Account { webhook: Some(hook), .. }) if hook.last_notice == Some(now) => Ok(()),
        Some(mut account) => {
            if let Some(hook) = &mut account.webhook {
                hook.last_notice = Some(now);
            }
            store::put_account(txn, &account)
        }
        None => Ok(()),
    })
}
