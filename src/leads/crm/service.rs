//! Connecting, choosing and ending.

use std::collections::BTreeMap;

use super::jobs;
use super::model::{Pull, State, System, Vendor, Writes};
use super::pull;
use super::session::try_token;
use super::store::{self, Called};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{ContactId, Cursor};
use crate::contacts;
use crate::leads::fields::{checked_tag, is_target, wrong_target};
use crate::leads::LeadError;
use crate::providers::crm::Account;
use crate::providers::{ProviderError, Secret};
use crate::store::StoreError;

/// Contacts sent at once by a tag.
const MOST_AT_ONCE: usize = 500;

/// A system with the record of its calls.
#[derive(Clone, Debug)]
pub struct Shown {
    pub system: System,
    pub calls: Vec<Called>,
}

pub fn get(app: &App, actor: &Actor, vendor: Vendor) -> Result<Option<Shown>, LeadError> {
    actor.require(Permission::ViewConnections)?;
    let Some(system) = store::get(&app.store, actor.workspace, vendor)? else { return Ok(None) };
    Ok(Some(Shown { calls: store::calls(&app.store, actor.workspace, vendor)?, system }))
}

/// Tries the token, step by step, and keeps it sealed when all went well. Again replaces the token; what was chosen stays.
pub fn connect(app: &App, actor: &Actor, vendor: Vendor, token: &str) -> Result<System, LeadError> {
    actor.require(Permission::ManageConnections)?;
    let token = token.trim();
    if token.is_empty() {
        return Err(LeadError::field("token", "Paste the token."));
    }
    let (tried, calls) = try_token(app, vendor, &Secret::new(token), |crm| {
        let account = crm.account().map_err(|error| ("signing in", error));
        let account = match account {
            Ok(account) => account,
            Err(failed) => return Ok(Err(failed)),
        };
        Ok(crm.changed(&crm.start(None)).map(|_| account).map_err(|error| ("reading people", error)))
    });
    let failed = |step: &str, error: &ProviderError| LeadError::field("token", failed_words(vendor, step, error));
    let account = match tried {
        Ok(Ok(account)) => account,
        Ok(Err((step, error))) => return Err(failed(step, &error)),
        Err(error) => return Err(failed("reaching it", &error)),
    };
    leave_other_account(app, actor, vendor, &account)?;
    let sealed = app.store.seal_secret(actor.workspace, token.as_bytes())?;
    let now = app.now();
    let old = app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, vendor)?;
        let old = before.as_ref().map(|before| before.token.clone());
        let system = System {
            token: sealed.clone(),
            account: account.name.clone(),
            account_id: account.id.clone(),
            state: State::Working,
            ..before.unwrap_or_else(|| new(actor, vendor, &sealed, now))
        };
        store::put(txn, &system)?;
        jobs::plan_hourly(txn, &system, now)?;
        jobs::go_on(txn, actor.workspace, vendor)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "crm.connected", vendor.as_str(), &account.name)?;
        Ok::<_, StoreError>(old)
    })?;
    if let Some(old) = old {
        app.store.shred_secret(&old)?;
    }
    store::note_calls(&app.store, actor.workspace, vendor, &calls)?;
    store::get(&app.store, actor.workspace, vendor)?.ok_or(LeadError::NotFound)
}

/// Another account has other people under the same ids. Nothing is asked of the old one any more while it is forgotten who
/// is who there; should that break off, the owner is to connect again, and it is begun anew.
fn leave_other_account(app: &App, actor: &Actor, vendor: Vendor, account: &Account) -> Result<(), LeadError> {
    let before = store::get(&app.store, actor.workspace, vendor)?;
    if before.is_none_or(|before| before.is_of(account)) {
        return Ok(());
    }
    let state = State::NeedsOwner { since: app.now(), reason: "another account is being connected".to_owned() };
    store::update(&app.store, actor.workspace, vendor, |system| {
        (system.account, system.account_id) = (String::new(), String::new());
        (system.looked, system.pull) = (None, Pull::default());
        system.state = state.clone();
    })?;
    Ok(store::forget_links(&app.store, actor.workspace, vendor)?)
}

fn new(actor: &Actor, vendor: Vendor, token: &crate::store::SealedSecret, now: crate::base::UnixMillis) -> System {
    System {
        workspace: actor.workspace,
        vendor,
        account: String::new(),
        account_id: String::new(),
        token: token.clone(),
        made_by: actor.user,
        made_at: now,
        state: State::Working,
        mapping: System::usual_mapping(vendor),
        tag: vendor.as_str().to_owned(),
        keeps_up: false,
        writes: Writes::default(),
        looked: None,
        pull: Pull::default(),
        refused: None,
    }
}

/// The step that failed, what was said, and what to do.
fn failed_words(vendor: Vendor, step: &str, error: &ProviderError) -> String {
    let name = vendor.name();
    match error {
        ProviderError::Reconnect { .. } | ProviderError::TokenRefused => {
            format!("{name} refused this token ({step}). Copy it once more, whole and without blanks.")
        }
        ProviderError::MissingScope { reason } => {
            format!("The token lacks a permission ({step}): {reason}. {}", vendor.token_help())
        }
        ProviderError::Retry { reason, .. } | ProviderError::Quota { reason, .. } => {
            format!("{name} could not be asked just now ({step}): {reason}. Try again in a minute.")
        }
        other => format!("{name} did not answer as expected ({step}): {other}."),
    }
}

/// What the owner chooses about a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    pub mapping: BTreeMap<String, String>,
    pub tag: String,
    pub keeps_up: bool,
    pub writes: Writes,
}

pub fn choose(app: &App, actor: &Actor, vendor: Vendor, choices: &Choices) -> Result<System, LeadError> {
    actor.require(Permission::ManageConnections)?;
    let mut mapping = BTreeMap::new();
    for field in vendor.fields() {
        let target = choices.mapping.get(*field).map(|target| target.trim()).unwrap_or_default();
        if !is_target(target) {
            return Err(LeadError::field("mapping", wrong_target(target)));
        }
        mapping.insert((*field).to_owned(), target.to_owned());
    }
    let tag = checked_tag(&choices.tag)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, vendor)?.ok_or(LeadError::NotFound)?;
        let mut system = System {
            mapping: mapping.clone(),
            tag: tag.clone(),
            keeps_up: choices.keeps_up,
            writes: choices.writes,
            ..before.clone()
        };
        if before.mapping != system.mapping || before.tag != system.tag {
            // Whoever was pulled before is to get what was left out then.
            (system.looked, system.pull.since, system.pull.begun_at) = (None, None, None);
        }
        store::put(txn, &system)?;
        jobs::plan_hourly(txn, &system, now)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "crm.changed", vendor.as_str(), "")?;
        Ok(system)
    })
}

/// Reads the first people and says what pulling them would do. Nothing is changed.
pub fn look(app: &App, actor: &Actor, vendor: Vendor) -> Result<System, LeadError> {
    actor.require(Permission::ManageConnections)?;
    actor.require(Permission::ImportContacts)?;
    store::get(&app.store, actor.workspace, vendor)?.ok_or(LeadError::NotFound)?;
    let report = pull::look(app, actor, vendor)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut system = store::find(txn, actor.workspace, vendor)?.ok_or(LeadError::NotFound)?;
        system.looked = Some(report.clone());
        store::put(txn, &system)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "crm.looked_at", vendor.as_str(), "")?;
        Ok(system)
    })
}

/// Starts pulling, in the background: everybody the first time, then who has changed.
pub fn pull_now(app: &App, actor: &Actor, vendor: Vendor) -> Result<System, LeadError> {
    actor.require(Permission::ManageConnections)?;
    actor.require(Permission::ImportContacts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut system = store::find(txn, actor.workspace, vendor)?.ok_or(LeadError::NotFound)?;
        jobs::plan_pull(txn, &mut system, now)?;
        store::put(txn, &system)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "crm.pulled", vendor.as_str(), "")?;
        Ok(system)
    })
}

/// Has the contacts of a tag written to the system, each as an effect of its own. Gives how many.
pub fn send_tag(app: &App, actor: &Actor, vendor: Vendor, tag: &str) -> Result<usize, LeadError> {
    actor.require(Permission::ManageConnections)?;
    store::get(&app.store, actor.workspace, vendor)?.ok_or(LeadError::NotFound)?;
    let mut all: Vec<ContactId> = Vec::new();
    let mut after: Option<Cursor> = None;
    while all.len() < MOST_AT_ONCE {
        let page = contacts::list_of_tag(&app.store, actor.workspace, &tag.trim().to_lowercase(), after.as_ref(), 100)?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    all.truncate(MOST_AT_ONCE);
    let now = app.now();
    for some in all.chunks(20) {
        let planned: Vec<_> =
            some.iter().map(|contact| jobs::person_job(actor.workspace, vendor, *contact, now)).collect();
        app.store.write(|txn| planned.iter().try_for_each(|job| crate::jobs::enqueue(txn, job).map(drop)))?;
    }
    let detail = format!("{} contacts", all.len());
    app.store
        .write(|txn| audit::record(txn, actor.workspace, now, &Who::of(actor), "crm.sent", vendor.as_str(), &detail))?;
    Ok(all.len())
}

/// Erases the token first, then everything else that is kept of the system. Contacts stay.
pub fn disconnect(app: &App, actor: &Actor, vendor: Vendor) -> Result<(), LeadError> {
    actor.require(Permission::ManageConnections)?;
    let system = store::get(&app.store, actor.workspace, vendor)?.ok_or(LeadError::NotFound)?;
    app.store.shred_secret(&system.token)?;
    store::remove(&app.store, actor.workspace, vendor)?;
    let now = app.now();
    Ok(app.store.write(|txn| {
        audit::record(txn, actor.workspace, now, &Who::of(actor), "crm.disconnected", vendor.as_str(), "")
    })?)
}

/// Every system of a workspace that is being closed.
pub fn disconnect_all(app: &App, actor: &Actor) -> Result<(), LeadError> {
    for vendor in Vendor::ALL {
        match disconnect(app, actor, vendor) {
            Ok(()) | Err(LeadError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
