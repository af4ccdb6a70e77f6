//! Who belongs to a workspace, and as what.

use super::model::Member;
use super::{keys, rows, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{allows, Actor, Permission, Role};
use crate::base::{UserId, WorkspaceId};
use crate::events::{self, Happened};
use crate::identity::{self, User};
use crate::store::{StoreError, Txn};

/// All members with their accounts, in the order in which these were made.
pub fn list(app: &App, actor: &Actor) -> Result<Vec<(Member, User)>, WorkspaceError> {
    actor.require(Permission::ViewToday)?;
    Ok(with_users(app, actor.workspace)?)
}

/// Who answers for a workspace, for warnings that somebody must act upon.
pub fn owners_and_admins(app: &App, workspace: WorkspaceId) -> Result<Vec<User>, StoreError> {
    let members = with_users(app, workspace)?.into_iter();
    let answers = |role: Role| matches!(role, Role::Owner | Role::Admin);
    Ok(members.filter(|(member, _)| answers(member.role)).map(|(_, user)| user).collect())
}

/// The names of those whose role has `permission`, owners first.
pub fn who_may(app: &App, workspace: WorkspaceId, permission: Permission) -> Result<Vec<String>, StoreError> {
    let mut members = with_users(app, workspace)?;
    members.retain(|(member, _)| allows(member.role, permission) && member.role >= Role::Admin);
    members.sort_by_key(|(member, _)| std::cmp::Reverse(member.role));
    Ok(members.into_iter().map(|(_, user)| user.name).collect())
}

fn with_users(app: &App, workspace: WorkspaceId) -> Result<Vec<(Member, User)>, StoreError> {
    app.store.read(|txn| {
        let mut found = Vec::new();
        for member in rows::list_members(txn, workspace)? {
            if let Some(user) = identity::find(txn, member.user)? {
                found.push((member, user));
            }
        }
        Ok(found)
    })
}

/// Gives a member another role. Only owners make owners or change what an owner is, and one owner stays.
pub fn change_role(app: &App, actor: &Actor, user: UserId, role: Role) -> Result<(), WorkspaceError> {
    actor.require(Permission::ManageTeam)?;
    let now = app.now();
    app.store.write(|txn| {
        let member = rows::find_member(txn, actor.workspace, user)?.ok_or(WorkspaceError::NotFound)?;
        if member.role == role {
            return Ok(());
        }
        may_touch(actor, member.role)?;
        may_touch(actor, role)?;
        keeps_an_owner(txn, &member, Some(role))?;
        rows::put_member(txn, &Member { role, ..member.clone() })?;
        let detail = format!("{} → {role}", member.role);
        audit::record(
            txn,
            actor.workspace,
            now,
            &Who::of(actor),
            "member.role_changed",
            &format!("user {user}"),
            &detail,
        )?;
        Ok(())
    })
}

/// Takes a member out. Everybody may leave; one owner stays.
pub fn remove(app: &App, actor: &Actor, user: UserId) -> Result<(), WorkspaceError> {
    let leaves = actor.user == Some(user);
    if !leaves {
        actor.require(Permission::ManageTeam)?;
    }
    let now = app.now();
    app.store.write(|txn| {
        let member = rows::find_member(txn, actor.workspace, user)?.ok_or(WorkspaceError::NotFound)?;
        if !leaves {
            may_touch(actor, member.role)?;
        }
        keeps_an_owner(txn, &member, None)?;
        rows::remove_member(txn, &member)?;
        keys::end_all_of(txn, actor.workspace, user, now, &Who::of(actor))?;
        let act = if leaves { "member.left" } else { "member.removed" };
        audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("user {user}"), member.role.as_str())?;
        events::append(txn, actor.workspace, now, Happened::MemberLeft { user })?;
        Ok(())
    })
}

/// Roles of owners are the owners' business.
pub(super) fn may_touch(actor: &Actor, role: Role) -> Result<(), WorkspaceError> {
    if role == Role::Owner {
        actor.require(Permission::GrantOwner)?;
    }
    Ok(())
}

fn keeps_an_owner(txn: &mut Txn<'_>, member: &Member, becomes: Option<Role>) -> Result<(), WorkspaceError> {
    let stops = member.role == Role::Owner && becomes != Some(Role::Owner);
    if stops && rows::count_owners(txn, member.workspace)? < 2 {
        return Err(WorkspaceError::LastOwner);
    }
    Ok(())
}
