//! Closing a workspace: an owner asks for it, may take it back for some days, and then it is gone.
//!
//! Always true here:
//! - From the commit in which the end is asked for nothing leaves the workspace and nothing in it can be changed.
//! - Until its time has come an owner takes it back with one click; what was disconnected stays disconnected.
//! - What is erased is decided by keys, not by a list: `wiring::closing` removes all that begins with the workspace.
//!   Here are the rows about it that stand with the instance.
//! - The operator's audit trail keeps that it was closed, when, and by whose account.

use std::time::Duration;

use super::keys::require_proof;
use super::model::{Closed, Closing, Workspace};
use super::{rows, store, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::base::{UnixMillis, UserId, WorkspaceId, INSTANCE};
use crate::events::{self, Happened};
use crate::jobs::{self, NewJob};
use crate::store::{Store, StoreError, Txn};

/// How long an owner may take it back.
pub const GRACE_DAYS: u32 = 7;
/// How long its people can still read that it was closed.
pub const CLOSED_DAYS: u32 = 90;
const GRACE: Duration = Duration::from_secs(GRACE_DAYS as u64 * 86_400);

/// May the actor close it now? Asked before the page that closes is shown, so that nothing typed there is lost.
pub fn may_close(app: &App, actor: &Actor) -> Result<Workspace, WorkspaceError> {
    actor.require(Permission::CloseWorkspace)?;
    require_proof(app, actor)?;
    store::get(&app.store, actor.workspace)?.ok_or(WorkspaceError::NotFound)
}

/// Asks for the end of the workspace; `typed` must be its name. `job` carries it out and is planned with it. A second
/// time changes nothing; the answer says whether it was the first.
pub fn close(app: &App, actor: &Actor, typed: &str, job: &NewJob) -> Result<(Closing, bool), WorkspaceError> {
    let known = may_close(app, actor)?;
    if typed.trim().to_lowercase() != known.name.trim().to_lowercase() {
        let words = format!("Type the name as it stands above: {}", known.name);
        return Err(WorkspaceError::invalid("name", words));
    }
    let now = app.now();
    app.store.write_reserved(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(WorkspaceError::NotFound)?;
        if let Some(closing) = before.closing {
            return Ok((closing, false));
        }
        let closing = Closing { at: now, by: actor.user, ends_at: now.plus(GRACE) };
        let after = Workspace { closing: Some(closing.clone()), ..before.clone() };
        store::put(txn, &after, Some(&before))?;
        let detail = format!("{}, erased from {}", before.name, closing.ends_at.to_rfc3339());
        tell(txn, actor, now, "workspace.closing", &detail)?;
        let open = jobs::enqueue(txn, job)?;
        jobs::hurry(txn, open, now)?;
        Ok((closing, true))
    })
}

/// Whether the workspace is there and nobody has asked for its end. For what must not be added to one that ends.
pub fn goes_on(txn: &mut Txn<'_>, id: WorkspaceId) -> Result<bool, StoreError> {
    Ok(store::find(txn, id)?.is_some_and(|workspace| workspace.closing.is_none()))
}

/// The workspace goes on. Its mailboxes and calendars have to be connected anew.
pub fn take_back(app: &App, actor: &Actor) -> Result<Workspace, WorkspaceError> {
    actor.require(Permission::CloseWorkspace)?;
    let now = app.now();
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace)?.ok_or(WorkspaceError::NotFound)?;
        if before.closing.as_ref().is_none_or(|closing| closing.ends_at <= now) {
            return Err(WorkspaceError::NotClosing);
        }
        let after = Workspace { closing: None, ..before.clone() };
        store::put(txn, &after, Some(&before))?;
        tell(txn, actor, now, "workspace.closing_taken_back", &before.name)?;
        events::append(txn, actor.workspace, now, Happened::SendingResumed)?;
        Ok(after)
    })
}

/// In the workspace's own trail, and in the operator's, which outlives it.
fn tell(txn: &mut Txn<'_>, actor: &Actor, now: UnixMillis, act: &str, detail: &str) -> Result<(), StoreError> {
    let (who, on) = (Who::of(actor), actor.workspace.sid());
    audit::record(txn, actor.workspace, now, &who, act, &on, detail)?;
    audit::record(txn, INSTANCE, now, &who, act, &on, detail)
}

/// Takes the workspace off the server: from this commit on it is not there for anybody, and the rest of its rows can be
/// removed. Again is harmless; false when it is not (or no longer) to be closed.
pub fn remove(app: &App, id: WorkspaceId) -> Result<bool, StoreError> {
    let now = app.now();
    app.store.write_reserved(|txn| {
        let Some(workspace) = store::find(txn, id)? else { return Ok(true) };
        let Some(closing) = workspace.closing.clone().filter(|closing| closing.ends_at <= now) else {
            return Ok(false);
        };
        take_off(txn, &workspace, &closing, now).map(|()| true)
    })
}

/// Removes the workspace of a backup that was closed after the backup was made, whatever the backup says of it.
pub fn remove_again(app: &App, id: WorkspaceId, closed_at: UnixMillis) -> Result<bool, StoreError> {
    app.store.write_reserved(|txn| {
        let Some(workspace) = store::find(txn, id)? else { return Ok(false) };
        let closing = Closing { at: closed_at, by: None, ends_at: closed_at };
        let closing = workspace.closing.clone().unwrap_or(closing);
        take_off(txn, &workspace, &closing, closed_at).map(|()| true)
    })
}

fn take_off(txn: &mut Txn<'_>, workspace: &Workspace, closing: &Closing, now: UnixMillis) -> Result<(), StoreError> {
    let id = workspace.id;
    let members = rows::all_members(txn, id)?;
    let closed = Closed {
        id,
        name: workspace.name.clone(),
        asked_at: closing.at,
        asked_by: closing.by,
        at: now,
        members: members.iter().map(|member| member.user).collect(),
    };
    rows::put_closed(txn, &closed)?;
    members.iter().try_for_each(|member| rows::remove_member(txn, member))?;
    rows::all_invitations(txn, id)?.iter().try_for_each(|invitation| rows::remove_invitation(txn, invitation))?;
    rows::all_keys(txn, id)?.iter().try_for_each(|key| rows::remove_key(txn, key))?;
    store::remove(txn, workspace)?;
    let who = closing.by.map_or_else(|| Who::of(&Actor::system(id)), Who::User);
    let detail = format!("{}: everything in it is erased", workspace.name);
    audit::record(txn, INSTANCE, now, &who, "workspace.closed", &id.sid(), &detail)
}

/// All that were closed lately, the newest first. For the operator.
pub fn list_closed(store: &Store) -> Result<Vec<Closed>, StoreError> {
    let mut found = rows::list_closed(store)?;
    found.sort_by_key(|closed| std::cmp::Reverse(closed.at));
    Ok(found)
}

/// Workspaces of the person that were closed lately, the newest first.
pub fn closed_of(app: &App, user: UserId) -> Result<Vec<Closed>, StoreError> {
    let mut found = list_closed(&app.store)?;
    found.retain(|closed| closed.members.contains(&user));
    Ok(found)
}
