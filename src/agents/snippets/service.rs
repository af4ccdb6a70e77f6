//! Writing and approving snippets. A changed text is used only after it was approved again.

use super::model::{Approval, Snippet, SnippetForm};
use super::store;
use crate::agents::errors::AgentError;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{SnippetId, UnixMillis};
use crate::store::{StoreError, Txn};

pub fn list(app: &App, actor: &Actor) -> Result<Vec<Snippet>, AgentError> {
    actor.require(Permission::ViewOutreach)?;
    Ok(store::list(&app.store, actor.workspace)?)
}

pub fn get(app: &App, actor: &Actor, id: SnippetId) -> Result<Snippet, AgentError> {
    actor.require(Permission::ViewOutreach)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(AgentError::NotFound)
}

/// Every version, newest first.
pub fn versions(app: &App, actor: &Actor, id: SnippetId) -> Result<Vec<Snippet>, AgentError> {
    actor.require(Permission::ViewOutreach)?;
    Ok(store::versions(&app.store, actor.workspace, id)?)
}

pub fn create(app: &App, actor: &Actor, form: &SnippetForm) -> Result<Snippet, AgentError> {
    actor.require(Permission::EditOutreach)?;
    form.check()?;
    let now = app.now();
    let id = SnippetId::new(now);
    let snippet = made_of(id, 1, form, actor, now);
    app.store.write(|txn| {
        store::put(txn, actor.workspace, &snippet)?;
        note(txn, actor, now, "snippet.written", &snippet)
    })?;
    Ok(snippet)
}

/// Writes a new version; the same words again change nothing.
pub fn update(app: &App, actor: &Actor, id: SnippetId, form: &SnippetForm) -> Result<Snippet, AgentError> {
    actor.require(Permission::EditOutreach)?;
    form.check()?;
    let now = app.now();
    app.store.write(|txn| {
        let standing = store::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        let changed = made_of(id, standing.version + 1, form, actor, now);
        let same = |a: &Snippet, b: &Snippet| (&a.title, &a.text, &a.language) == (&b.title, &b.text, &b.language);
        if same(&changed, &standing) {
            return Ok(standing);
        }
        store::put(txn, actor.workspace, &changed)?;
        note(txn, actor, now, "snippet.changed", &changed)?;
        Ok(changed)
    })
}

/// Writes an older version anew, as the newest one: it waits for approval like any other change.
pub fn restore(app: &App, actor: &Actor, id: SnippetId, version: u32) -> Result<Snippet, AgentError> {
    let older = versions(app, actor, id)?.into_iter().find(|known| known.version == version);
    let older = older.ok_or(AgentError::NotFound)?;
    update(app, actor, id, &SnippetForm::from(&older))
}

/// From now on the newest version may be quoted. `seen` is the version that was read; without it nothing is compared.
pub fn approve(app: &App, actor: &Actor, id: SnippetId, seen: Option<u32>) -> Result<Snippet, AgentError> {
    actor.require(Permission::ApproveDrafts)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut snippet = store::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        if seen.is_some_and(|seen| seen != snippet.version) {
            let words = format!("It was changed since you read it. Read version {}.", snippet.version);
            return Err(AgentError::Changed(words));
        }
        if snippet.approved.is_none() {
            snippet.approved = Some(Approval { by: actor.display.clone(), at: now });
            store::put(txn, actor.workspace, &snippet)?;
            note(txn, actor, now, "snippet.approved", &snippet)?;
        }
        Ok(snippet)
    })
}

pub fn remove(app: &App, actor: &Actor, id: SnippetId) -> Result<(), AgentError> {
    actor.require(Permission::EditOutreach)?;
    let now = app.now();
    app.store.write(|txn| {
        let snippet = store::find(txn, actor.workspace, id)?.ok_or(AgentError::NotFound)?;
        store::remove(txn, actor.workspace, id)?;
        Ok(note(txn, actor, now, "snippet.removed", &snippet)?)
    })
}

fn made_of(id: SnippetId, version: u32, form: &SnippetForm, actor: &Actor, now: UnixMillis) -> Snippet {
    Snippet {
        id,
        title: form.title.trim().to_owned(),
        text: form.text.trim().replace("\r\n", "\n"),
        language: form.language.clone(),
        version,
        approved: None,
        changed_at: now,
        changed_by: actor.display.clone(),
    }
}

fn note(txn: &mut Txn<'_>, actor: &Actor, now: UnixMillis, act: &str, snippet: &Snippet) -> Result<(), StoreError> {
    let (on, detail) = (format!("snippet {}", snippet.id), format!("version {}", snippet.version));
    audit::record(txn, actor.workspace, now, &Who::of(actor), act, &on, &detail)
}
