//! Speaking to a connected system: the token opened for the call, the calls noted, trouble kept.

use std::cell::RefCell;

use url::Url;

use super::model::{State, System, Vendor};
use super::store::{self, Called};
use crate::app::App;
use crate::base::WorkspaceId;
use crate::mailer;
use crate::providers::crm::{Crm, Session};
use crate::providers::hubspot::HubSpot;
use crate::providers::outbound::{CallLog, CallRecord};
use crate::providers::pipedrive::Pipedrive;
use crate::providers::{ProviderError, Secret};
use crate::store::StoreError;
use crate::workspaces::Warning;

#[derive(Default)]
struct Gathered(RefCell<Vec<Called>>);

impl CallLog for Gathered {
    fn record(&self, call: CallRecord) {
        self.0.borrow_mut().push(Called {
            at: call.at,
            method: call.method,
            url: call.url,
            status: call.status,
            took_millis: u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
        });
    }
}

fn base_of(app: &App, vendor: Vendor) -> Result<Url, ProviderError> {
    let bases = &app.config.providers;
    let base = match vendor {
        Vendor::HubSpot => &bases.hubspot,
        Vendor::Pipedrive => &bases.pipedrive,
    };
    Url::parse(base.as_str()).map_err(|error| ProviderError::Rejected { reason: error.to_string() })
}

/// Runs `work` with a token that is not stored (yet): the live test before connecting.
pub(super) fn try_token<T>(
    app: &App,
    vendor: Vendor,
    token: &Secret,
    work: impl FnOnce(&dyn Crm) -> Result<T, ProviderError>,
) -> (Result<T, ProviderError>, Vec<Called>) {
    let log = Gathered::default();
    let outcome = base_of(app, vendor).and_then(|base| {
        let session = Session { outbound: &app.outbound, base: &base, token, log: &log };
        match vendor {
            Vendor::HubSpot => work(&HubSpot(session)),
            Vendor::Pipedrive => work(&Pipedrive(session)),
        }
    });
    (outcome, log.0.into_inner())
}

/// Runs `work` with the connected system. A refused token is kept as such and stops all that uses it, unless another
/// token took its place while it was asked.
pub(super) fn with<T>(
    app: &App,
    workspace: WorkspaceId,
    vendor: Vendor,
    work: impl FnOnce(&dyn Crm, &System) -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let unavailable = |error: StoreError| ProviderError::Retry { after: None, reason: error.to_string() };
    let gone = || ProviderError::Reconnect { reason: "it was disconnected".into() };
    let system = store::get(&app.store, workspace, vendor).map_err(unavailable)?.ok_or_else(gone)?;
    if let State::NeedsOwner { reason, .. } = &system.state {
        return Err(ProviderError::Reconnect { reason: reason.clone() });
    }
    let plain = app.store.open_secret(&system.token).map_err(|_| gone())?;
    let token = Secret::new(String::from_utf8_lossy(&plain).into_owned());
    let (outcome, calls) = try_token(app, vendor, &token, |crm| work(crm, &system));
    if let Err(error) = store::note_calls(&app.store, workspace, vendor, &calls) {
        tracing::error!(%error, vendor = vendor.as_str(), "the record of calls could not be written");
    }
    let Err(error @ (ProviderError::Reconnect { .. } | ProviderError::MissingScope { .. })) = &outcome else {
        return outcome;
    };
    match lose(app, &system, &error.to_string()).map_err(unavailable)? {
        true => outcome,
        false => Err(ProviderError::Retry { after: None, reason: "the token was replaced meanwhile".into() }),
    }
}

/// Marks the system as one that needs its owner, and tells the owners; false where it has another token by now.
fn lose(app: &App, system: &System, reason: &str) -> Result<bool, StoreError> {
    let now = app.now();
    let warning = Warning {
        title: &format!("{} needs you", system.vendor.name()),
        reason: &format!("It says: {reason}."),
        meanwhile: "Nothing is lost: what is to be written there is kept, and written once you connect it again.",
        path: &format!("/crm/{}", system.vendor.as_str()),
        go: "Connect it again",
    };
    let letters = warning.letters(app, system.workspace, now)?;
    app.store.write(|txn| {
        let found = store::find(txn, system.workspace, system.vendor)?;
        let Some(mut standing) = found.filter(|standing| standing.token == system.token) else { return Ok(false) };
        if standing.state == State::Working {
            standing.state = State::NeedsOwner { since: now, reason: reason.to_owned() };
            store::put(txn, &standing)?;
            letters.iter().try_for_each(|letter| mailer::queue(txn, letter))?;
        }
        Ok(true)
    })
}
