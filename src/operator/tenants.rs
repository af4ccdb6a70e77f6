//! The workspaces of this server: who is on it, and stopping one whose mail harms others.

use super::health::ReadError;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Denied, Permission};
use crate::base::{UnixMillis, WorkspaceId, INSTANCE};
use crate::events::{self, Happened};
use crate::messaging::{usage_by_day, Counted};
use crate::store::StoreError;
use crate::workspaces::{self, Closed, Workspace, WorkspaceError, WorkspaceState};

#[derive(Debug)]
pub struct Tenant {
    pub workspace: Workspace,
    pub members: usize,
    /// Mails of the last 30 days.
    pub sent: u64,
}

impl Tenant {
    /// When everything in it is erased, once an owner has asked for its end.
    pub fn closing(&self) -> Option<UnixMillis> {
        self.workspace.closing.as_ref().map(|closing| closing.ends_at)
    }

    /// Since when and why nothing leaves it.
    pub fn suspended(&self) -> Option<(UnixMillis, &str)> {
        match &self.workspace.state {
            WorkspaceState::Open => None,
            WorkspaceState::Suspended { at, reason } => Some((*at, reason)),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("not found")]
    NotFound,
    /// The owner reads it, so there must be one.
    #[error("a suspension needs a reason")]
    NoReason,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All workspaces, oldest first.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<Tenant>, ReadError> {
    actor.require(Permission::Operate)?;
    let all = workspaces::list_all(&app.store)?;
    all.into_iter().map(|workspace| Ok(describe(app, workspace)?)).collect()
}

/// Workspaces that were closed lately.
pub fn list_closed(app: &App, actor: &Actor) -> Result<Vec<Closed>, ReadError> {
    actor.require(Permission::Operate)?;
    Ok(workspaces::list_closed(&app.store)?)
}

/// One workspace, for the page that suspends it.
pub fn get(app: &App, actor: &Actor, id: WorkspaceId) -> Result<Workspace, TenantError> {
    actor.require(Permission::Operate)?;
    workspaces::get(&app.store, id)?.ok_or(TenantError::NotFound)
}

fn describe(app: &App, workspace: Workspace) -> Result<Tenant, StoreError> {
    let days = usage_by_day(&app.store, workspace.id, Counted::Workspace, &workspace.zone(), app.now(), 30)?;
    // As the workspace's own system actor: the operator need not be a member of it.
    let members = workspaces::list_members(app, &Actor::system(workspace.id)).map_err(|error| match error {
        WorkspaceError::Store(error) => error,
        other => StoreError::Engine(other.to_string()),
    })?;
    Ok(Tenant { members: members.len(), sent: days.iter().map(|(_, count)| u64::from(*count)).sum(), workspace })
}

/// From this commit on nothing leaves the workspace; its owner sees the reason.
pub fn suspend(app: &App, actor: &Actor, id: WorkspaceId, reason: &str) -> Result<Workspace, TenantError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(TenantError::NoReason);
    }
    let state = WorkspaceState::Suspended { at: app.now(), reason: reason.to_owned() };
    change(app, actor, id, &state, "workspace.suspended", reason)
}

pub fn lift_suspension(app: &App, actor: &Actor, id: WorkspaceId) -> Result<Workspace, TenantError> {
    change(app, actor, id, &WorkspaceState::Open, "workspace.suspension_lifted", "")
}

fn change(
    app: &App,
    actor: &Actor,
    id: WorkspaceId,
    state: &WorkspaceState,
    act: &str,
    detail: &str,
) -> Result<Workspace, TenantError> {
    actor.require(Permission::Operate)?;
    let (now, who, on) = (app.now(), Who::of(actor), format!("workspace {}", id.sid()));
    app.store.write(|txn| {
        let before = workspaces::find(txn, id)?.ok_or(TenantError::NotFound)?;
        let after = Workspace { state: state.clone(), ..before.clone() };
        workspaces::put(txn, &after, Some(&before))?;
        audit::record(txn, id, now, &who, act, &on, detail)?;
        audit::record(txn, INSTANCE, now, &who, act, &on, detail)?;
        if after.state == WorkspaceState::Open && before.state != after.state {
            events::append(txn, id, now, Happened::SendingResumed)?;
        }
        Ok(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspension_has_a_reason_and_stands_in_the_workspace_s_own_audit_trail() {
        let test = crate::testing::app();
        let operator = Actor { is_operator: true, ..test.owner.clone() };
        let reason = "9 % of the mails of this week bounced.";
        assert!(matches!(suspend(&test.app, &test.owner, test.workspace, reason), Err(TenantError::Denied(_))));
        assert!(matches!(suspend(&test.app, &operator, test.workspace, " "), Err(TenantError::NoReason)));
        let elsewhere = WorkspaceId::new(test.app.now());
        assert!(matches!(suspend(&test.app, &operator, elsewhere, reason), Err(TenantError::NotFound)));

        let stopped = suspend(&test.app, &operator, test.workspace, reason).unwrap();
        assert!(matches!(stopped.state, WorkspaceState::Suspended { .. }));
        let trail = audit::list(&test.app.store, test.workspace, None, 5).unwrap().rows;
        assert_eq!((trail[0].act.as_str(), trail[0].detail.as_str()), ("workspace.suspended", reason));

        let open = lift_suspension(&test.app, &operator, test.workspace).unwrap();
        assert_eq!(open.state, WorkspaceState::Open);
        assert_eq!(list(&test.app, &operator).unwrap().len(), 1);
    }

    #[test]
    fn a_closed_workspace_is_no_tenant_any_more_and_stands_among_those_that_were_closed() {
        let test = crate::testing::app();
        let operator = Actor { is_operator: true, ..test.owner.clone() };
        let gone = crate::testing::add_workspace(&test.app, "Lakeside", "lakeside");
        workspaces::remove_again(&test.app, gone, test.app.now()).unwrap();
        assert!(matches!(list_closed(&test.app, &test.owner), Err(ReadError::Denied(_))));
        let closed = list_closed(&test.app, &operator).unwrap();
        assert_eq!(closed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Lakeside"]);
        assert!(list(&test.app, &operator).unwrap().iter().all(|tenant| tenant.workspace.id != gone));
        assert!(matches!(suspend(&test.app, &operator, gone, "late"), Err(TenantError::NotFound)));
    }
}
