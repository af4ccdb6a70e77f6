//! A lead is posted.

use uuid::Uuid;

use super::fields::{lead, read};
use super::model::{Hook, Outcome, Posted};
use super::store::{self, Known};
use crate::app::App;
use crate::authz::Actor;
use crate::base::{counted, ContactId, UnixMillis, WorkspaceId};
use crate::contacts::{self, Brought, ContactError, Source};
use crate::identity::hash_secret;
use crate::mailer::{self, Posting};
use crate::store::StoreError;
use crate::workspaces::{self, Warning};

/// Requests that the page shows.
const KEPT: usize = 30;
/// Posts that may come at the same moment.
const NEARLY: u32 = 64;
/// Names that are kept of fields that went nowhere.
const NAMES_KEPT: usize = 10;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub outcome: Outcome,
    pub contact: Option<ContactId>,
    /// What is wrong, for whoever posted.
    pub words: String,
    /// When it may be sent again, where too many came.
    pub again_at: Option<UnixMillis>,
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
        return Ok(Received::of(Outcome::Refused, "This address was ended."));
    };
    if let Some(key) = key {
        if let Some(known) = app.store.read(|txn| store::known(txn, workspace, key))? {
            return note(app, &done(Outcome::Again, known.contact), None, workspace, Vec::new());
        }
    }
    if let Some(full) = count(app, &hook)? {
        return Ok(full);
    }
    let Some(posted) = read(content_type, body) else {
        let words = "Send one lead as a JSON object (Content-Type: application/json) or as a form.";
        let received = Received::of(Outcome::Unreadable, words);
        return note(app, &received, None, workspace, Vec::new());
    };
    let lead = lead(&hook, &posted);
    let actor = Actor { display: "Leads by post".to_owned(), ..Actor::system(workspace) };
    let brought = contacts::bring_in(app, &actor, &lead.fields, &Source::Webhook(lead.consent), false);
    let received = match brought {
        Ok(Brought::Added(id)) => done(Outcome::Added, Some(id)),
        Ok(Brought::Updated(id)) => done(Outcome::Updated, Some(id)),
        Ok(Brought::Same(id)) => done(Outcome::Same, Some(id)),
        Ok(Brought::Refused(words)) => {
            // What depends on who is known here is the owner's to know.
            let outcome = if lead.fields.is_valid() { Outcome::Withheld } else { Outcome::Refused };
            Received::of(outcome, words)
        }
        Err(ContactError::Store(error)) => return Err(error),
        Err(error) => Received::of(Outcome::Refused, error.to_string()),
    };
    note(app, &received, key, workspace, lead.left_out)
}

impl Received {
    fn of(outcome: Outcome, words: impl Into<String>) -> Self {
        Self { outcome, contact: None, words: words.into(), again_at: None }
    }
}

fn done(outcome: Outcome, contact: Option<ContactId>) -> Received {
    Received { contact, ..Received::of(outcome, "") }
}

/// Counts a post towards those of the day, or says that they are used up. The owners are told once a day.
fn count(app: &App, known: &Hook) -> Result<Option<Received>, StoreError> {
    let (workspace, now) = (known.workspace, app.now());
    // Made outside the transaction, where the day is nearly full.
    let letters = match known.day.at(now).posts.saturating_add(NEARLY) >= known.daily_cap {
        true => full_letters(app, known, now)?,
        false => Vec::new(),
    };
    app.store.write(|txn| {
        let Some(mut hook) = store::find(txn, workspace)? else { return Ok(None) };
        hook.day = hook.day.at(now);
        let ends = hook.day.ends();
        let (cap, posts) = (hook.daily_cap, hook.day.posts);
        hook.day.posts = posts.saturating_add(1);
        if posts == cap {
            let posted = Posted { at: now, outcome: Outcome::Full, contact: None, left_out: Vec::new() };
            hook.last.insert(0, posted);
            hook.last.truncate(KEPT);
            letters.iter().try_for_each(|letter| mailer::queue(txn, letter))?;
        }
        if posts <= cap {
            store::put(txn, &hook)?;
        }
        let words = format!(
            "This address takes {} in 24 hours. Send it again later.",
            counted(u64::from(cap), "lead", "leads")
        );
        let full = Received { again_at: Some(ends), ..Received::of(Outcome::Full, words) };
        Ok((posts >= cap).then_some(full))
    })
}

fn full_letters(app: &App, hook: &Hook, now: UnixMillis) -> Result<Vec<Posting>, StoreError> {
    let cap = counted(u64::from(hook.daily_cap), "lead", "leads");
    let warning = Warning {
        title: "Too many leads were posted",
        reason: &format!("{cap} came to your address within 24 hours, which is its limit."),
        meanwhile: "Further ones are sent away until the 24 hours are over. If they are not yours, make a new address.",
        path: "/hook",
        go: "Look at what came",
    };
    warning.letters(app, hook.workspace, now)
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
