//! A lead is posted.

use uuid::Uuid;

use super::fields::{lead, read};
use super::model::{Hook, Outcome, Posted};
use super::store::{self, Known};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{ContactId, WorkspaceId};
use crate::contacts::{self, Brought, ContactError, Source};
use crate::identity::hash_secret;
use crate::store::StoreError;
use crate::workspaces;

/// Requests that the page shows.
const KEPT: usize = 30;
/// Names that are kept of fields that went nowhere.
const NAMES_KEPT: usize = 10;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub outcome: Outcome,
    pub contact: Option<ContactId>,
    /// What is wrong, for whoever posted.
    pub words: String,
}

/// Whose address this is; `None` for one that is not, or not any more.
pub(super) fn open(app: &App, token: &str) -> Result<Option<WorkspaceId>, StoreError> {
    let Some(workspace) = token.split('.').next().and_then(|id| Uuid::try_parse(id).ok()).map(WorkspaceId) else {
        return Ok(None);
    };
    // A workspace that was never here has no key to open rows with.
    let found = match workspaces::get(&app.store, workspace) {
        Err(StoreError::KeyGone) => None,
        found => found?,
    };
    let Some(found) = found else { return Ok(None) };
    if found.closing.is_some() {
        return Ok(None);
    }
    let hook = store::get(&app.store, workspace)?;
    Ok(hook.filter(|hook| hook.secret == hash_secret(token)).map(|_| workspace))
}

/// Takes one posted lead. `key` is the sender's own name for the request, if it gave one.
pub(super) fn receive(
    app: &App,
    workspace: WorkspaceId,
    content_type: &str,
    key: Option<&str>,
    body: &[u8],
) -> Result<Received, StoreError> {
    let Some(hook) = store::get(&app.store, workspace)? else {
        return Ok(Received { outcome: Outcome::Refused, contact: None, words: "This address was ended.".into() });
    };
    if let Some(key) = key {
        if let Some(known) = app.store.read(|txn| store::known(txn, workspace, key))? {
            let received = Received { outcome: Outcome::Again, contact: known.contact, words: String::new() };
            return note(app, &received, None, workspace, Vec::new());
        }
    }
    let Some(posted) = read(content_type, body) else {
        let words = "Send one lead as a JSON object (Content-Type: application/json) or as a form.".to_owned();
        let received = Received { outcome: Outcome::Unreadable, contact: None, words };
        return note(app, &received, None, workspace, Vec::new());
    };
    let lead = lead(&hook, &posted);
    let actor = Actor { display: "Leads by post".to_owned(), ..Actor::system(workspace) };
    let brought = contacts::bring_in(app, &actor, &lead.fields, &Source::Webhook(lead.consent), false);
    let received = match brought {
        Ok(Brought::Added(id)) => done(Outcome::Added, id),
        Ok(Brought::Updated(id)) => done(Outcome::Updated, id),
        Ok(Brought::Same(id)) => done(Outcome::Same, id),
        Ok(Brought::Refused(words)) => {
            // What depends on who is known here is the owner's to know.
            let outcome = if lead.fields.is_valid() { Outcome::Withheld } else { Outcome::Refused };
            Received { outcome, contact: None, words }
        }
        Err(ContactError::Store(error)) => return Err(error),
        Err(error) => Received { outcome: Outcome::Refused, contact: None, words: error.to_string() },
    };
    note(app, &received, key, workspace, lead.left_out)
}

fn done(outcome: Outcome, id: ContactId) -> Received {
    Received { outcome, contact: Some(id), words: String::new() }
}

/// Puts the request into the record, and its key where it did something.
fn note(
    app: &App,
    received: &Received,
    key: Option<&str>,
    workspace: WorkspaceId,
    mut left_out: Vec<String>,
) -> Result<Received, StoreError> {
    let now = app.now();
    left_out.truncate(NAMES_KEPT);
    let posted = Posted { at: now, outcome: received.outcome, contact: received.contact, left_out };
    app.store.write(|txn| {
        let Some(mut hook): Option<Hook> = store::find(txn, workspace)? else { return Ok(()) };
        hook.last.insert(0, posted.clone());
        hook.last.truncate(KEPT);
        store::put(txn, &hook)?;
        match key.filter(|_| received.contact.is_some()) {
            Some(key) => store::note_key(txn, workspace, key, &Known { at: now, contact: received.contact }),
            None => Ok(()),
        }
    })?;
    Ok(received.clone())
}
