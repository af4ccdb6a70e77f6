//! Rows of members, invitations and keys. Each stands under its workspace; the two that are looked up by a
//! secret or a person have an index of the instance.

use serde::de::DeserializeOwned;
use serde_json::{json, Value};

use super::closing::CLOSED_DAYS;
use super::model::{ApiKey, Closed, Invitation, Member};
use super::store::OWN_TABLES;
use crate::authz::Role;
use crate::base::{ApiKeyId, InvitationId, UnixMillis, UserId, WorkspaceId, INSTANCE};
use crate::identity::SecretHash;
use crate::store::{successor, Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

const MEMBERS: Table<Member> = Table::sealed(
    0x0603,
    "members",
    Tree::Identity,
    Holds::User,
    Retention::Account,
    "Who belongs to the workspace, and as what.",
);
const BY_USER: Table<()> = Table::index(0x0604, "workspaces_by_user", "Which workspaces a person belongs to, by ids.");
const INVITATIONS: Table<Invitation> = Table::sealed(
    0x0605,
    "invitations",
    Tree::Identity,
    Holds::User,
    Retention::Days(7),
    "Who was invited to the workspace and has not accepted yet.",
);
const INVITATIONS_BY_SECRET: Table<(WorkspaceId, InvitationId)> = Table::sealed(
    0x0606,
    "invitations_by_secret",
    Tree::Index,
    Holds::Nothing,
    Retention::Days(7),
    "Which invitation a link belongs to, by the hash of its secret.",
);
const API_KEYS: Table<ApiKey> = Table::sealed(
    0x0607,
    "api_keys",
    Tree::Identity,
    Holds::Nothing,
    Retention::Account,
    "Keys for programs: name, role and the hash of the secret.",
);
const KEYS_BY_SECRET: Table<(WorkspaceId, ApiKeyId)> = Table::sealed(
    0x0608,
    "api_keys_by_secret",
    Tree::Index,
    Holds::Nothing,
    Retention::Account,
    "Which key a secret belongs to, by its hash.",
);

const CLOSED: Table<Closed> = Table::sealed(
    0x0609,
    "closed_workspaces",
    Tree::Identity,
    Holds::User,
    Retention::Days(CLOSED_DAYS),
    "That a workspace was closed and erased, so that the people who were in it can read what became of it.",
);

pub const TABLES: &[Declared] = &[
    OWN_TABLES[0],
    OWN_TABLES[1],
    Declared::personal(&MEMBERS, export_memberships, erase_memberships),
    Declared::plain(&BY_USER),
    Declared::personal(&INVITATIONS, export_invitations, erase_invitations),
    Declared::plain(&INVITATIONS_BY_SECRET),
    Declared::plain(&API_KEYS),
    Declared::plain(&KEYS_BY_SECRET),
    Declared::personal(&CLOSED, export_closed, erase_closed),
];

/// Invitations removed in one transaction.
const SWEPT: usize = 20;
/// Members, invitations and keys of one workspace are shown up to so many.
pub const MOST: usize = 500;

/// All rows of the workspace, however many: what is taken away must be taken away whole.
fn all<V: DeserializeOwned>(txn: &mut Txn<'_>, table: &Table<V>, workspace: WorkspaceId) -> Result<Vec<V>, StoreError> {
    let mut range = Key::of(table, workspace).as_prefix();
    let mut found = Vec::new();
    loop {
        let page = txn.list_range(table, &range, Dir::Forward, MOST)?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        range.start = successor(last.as_bytes());
        found.extend(page.into_iter().map(|(_, row)| row));
    }
}

pub fn all_members(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Member>, StoreError> {
    all(txn, &MEMBERS, workspace)
}

pub fn all_invitations(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Invitation>, StoreError> {
    all(txn, &INVITATIONS, workspace)
}

pub fn all_keys(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
    all(txn, &API_KEYS, workspace)
}

fn member_key(workspace: WorkspaceId, user: UserId) -> Key {
    Key::of(&MEMBERS, workspace).id(user.0)
}

fn by_user(user: UserId) -> Key {
    Key::of(&BY_USER, INSTANCE).id(user.0)
}

fn invitation_key(workspace: WorkspaceId, id: InvitationId) -> Key {
    Key::of(&INVITATIONS, workspace).id(id.0)
}

fn invitation_secret(hash: &SecretHash) -> Key {
    Key::of(&INVITATIONS_BY_SECRET, INSTANCE).bytes(hash)
}

fn api_key(workspace: WorkspaceId, id: ApiKeyId) -> Key {
    Key::of(&API_KEYS, workspace).id(id.0)
}

fn key_secret(hash: &SecretHash) -> Key {
    Key::of(&KEYS_BY_SECRET, INSTANCE).bytes(hash)
}

pub fn find_member(txn: &mut Txn<'_>, workspace: WorkspaceId, user: UserId) -> Result<Option<Member>, StoreError> {
    txn.get(&MEMBERS, &member_key(workspace, user))
}

pub fn put_member(txn: &mut Txn<'_>, member: &Member) -> Result<(), StoreError> {
    txn.mark(&BY_USER, &by_user(member.user).id(member.workspace.0))?;
    txn.put(&MEMBERS, &member_key(member.workspace, member.user), member)
}

pub fn remove_member(txn: &mut Txn<'_>, member: &Member) -> Result<(), StoreError> {
    txn.remove(&BY_USER, &by_user(member.user).id(member.workspace.0))?;
    txn.remove(&MEMBERS, &member_key(member.workspace, member.user))
}

/// In the order in which their accounts were made.
pub fn list_members(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Member>, StoreError> {
    let rows = txn.list(&MEMBERS, &Key::of(&MEMBERS, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, member)| member).collect())
}

pub fn count_owners(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<usize, StoreError> {
    Ok(list_members(txn, workspace)?.iter().filter(|member| member.role == Role::Owner).count())
}

/// The workspaces of a person, oldest first.
pub fn workspaces_of(txn: &mut Txn<'_>, user: UserId) -> Result<Vec<WorkspaceId>, StoreError> {
    let keys = txn.keys(&BY_USER, &by_user(user), Dir::Forward, MOST)?;
    Ok(keys.iter().filter_map(|key| key.last_id().map(WorkspaceId)).collect())
}

pub fn insert_invitation(txn: &mut Txn<'_>, invitation: &Invitation) -> Result<(), StoreError> {
    let place = (invitation.workspace, invitation.id);
    txn.insert_new(&INVITATIONS_BY_SECRET, &invitation_secret(&invitation.secret_hash), &place)?;
    txn.put(&INVITATIONS, &invitation_key(invitation.workspace, invitation.id), invitation)
}

pub fn find_invitation(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    txn.get(&INVITATIONS, &invitation_key(workspace, id))
}

pub fn find_invitation_by_secret(txn: &mut Txn<'_>, hash: &SecretHash) -> Result<Option<Invitation>, StoreError> {
    match txn.get(&INVITATIONS_BY_SECRET, &invitation_secret(hash))? {
        Some((workspace, id)) => find_invitation(txn, workspace, id),
        None => Ok(None),
    }
}

pub fn remove_invitation(txn: &mut Txn<'_>, invitation: &Invitation) -> Result<(), StoreError> {
    txn.remove(&INVITATIONS_BY_SECRET, &invitation_secret(&invitation.secret_hash))?;
    txn.remove(&INVITATIONS, &invitation_key(invitation.workspace, invitation.id))
}

pub fn list_invitations(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Invitation>, StoreError> {
    let rows = txn.list(&INVITATIONS, &Key::of(&INVITATIONS, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, invitation)| invitation).collect())
}

/// Removes invitations of the workspace that ended before then. Returns how many.
pub fn sweep_invitations(store: &Store, workspace: WorkspaceId, before: UnixMillis) -> Result<usize, StoreError> {
    store.write_reserved(|txn| {
        let ended = list_invitations(txn, workspace)?.into_iter().filter(|invitation| invitation.ends_at <= before);
        let ended: Vec<Invitation> = ended.take(SWEPT).collect();
        ended.iter().try_for_each(|invitation| remove_invitation(txn, invitation))?;
        Ok(ended.len())
    })
}

pub fn insert_key(txn: &mut Txn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    txn.insert_new(&KEYS_BY_SECRET, &key_secret(&key.secret_hash), &(key.workspace, key.id))?;
    update_key(txn, key)
}

pub fn update_key(txn: &mut Txn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    txn.put(&API_KEYS, &api_key(key.workspace, key.id), key)
}

pub fn find_key(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    txn.get(&API_KEYS, &api_key(workspace, id))
}

pub fn find_key_by_secret(txn: &mut Txn<'_>, hash: &SecretHash) -> Result<Option<ApiKey>, StoreError> {
    match txn.get(&KEYS_BY_SECRET, &key_secret(hash))? {
        Some((workspace, id)) => find_key(txn, workspace, id),
        None => Ok(None),
    }
}

pub fn remove_key(txn: &mut Txn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    txn.remove(&KEYS_BY_SECRET, &key_secret(&key.secret_hash))?;
    txn.remove(&API_KEYS, &api_key(key.workspace, key.id))
}

/// Newest first.
pub fn list_keys(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
    let rows = txn.list(&API_KEYS, &Key::of(&API_KEYS, workspace), Dir::Backward, MOST)?;
    Ok(rows.into_iter().map(|(_, key)| key).collect())
}

fn closed_key(id: WorkspaceId) -> Key {
    Key::of(&CLOSED, INSTANCE).id(id.0)
}

pub fn put_closed(txn: &mut Txn<'_>, closed: &Closed) -> Result<(), StoreError> {
    txn.put(&CLOSED, &closed_key(closed.id), closed)
}

pub fn list_closed(store: &Store) -> Result<Vec<Closed>, StoreError> {
    let mut all = Vec::new();
    store.each(&CLOSED, &Key::of(&CLOSED, INSTANCE), |_, closed| {
        all.push(closed);
        Ok::<_, StoreError>(())
    })?;
    Ok(all)
}

/// Forgets workspaces that were closed before then. Returns how many, at most `limit`.
pub fn sweep_closed(store: &Store, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    let mut old = list_closed(store)?;
    old.retain(|closed| closed.at < before);
    old.truncate(limit);
    store.write_reserved(|txn| old.iter().try_for_each(|closed| txn.remove(&CLOSED, &closed_key(closed.id))))?;
    Ok(old.len())
}

fn export_closed(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::User(user) = person else { return Ok(Vec::new()) };
    let all = list_closed(store)?.into_iter().filter(|closed| closed.members.contains(&user));
    Ok(all.map(|closed| json!({ "workspace": closed.id.sid(), "closed_at": closed.at.to_rfc3339() })).collect())
}

/// The others who were in it may read on.
fn erase_closed(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(user) = person else { return Ok(0) };
    let all = list_closed(store)?;
    let theirs: Vec<Closed> = all.into_iter().filter(|closed| closed.members.contains(&user)).collect();
    for closed in &theirs {
        let mut less = closed.clone();
        less.members.retain(|member| *member != user);
        less.asked_by = less.asked_by.filter(|by| *by != user);
        store.write_reserved(|txn| put_closed(txn, &less))?;
    }
    Ok(theirs.len())
}

fn export_memberships(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let Person::User(user) = person else { return Ok(Vec::new()) };
    store.read(|txn| {
        let mut rows = Vec::new();
        for workspace in workspaces_of(txn, user)? {
            if let Some(member) = find_member(txn, workspace, user)? {
                rows.push(json!({
                    "workspace": workspace.sid(),
                    "role": member.role,
                    "joined_at": member.joined_at.to_rfc3339(),
                }));
            }
        }
        Ok(rows)
    })
}

fn erase_memberships(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::User(user) = person else { return Ok(0) };
    store.write_reserved(|txn| {
        let workspaces = workspaces_of(txn, user)?;
        for workspace in &workspaces {
            if let Some(member) = find_member(txn, *workspace, user)? {
                remove_member(txn, &member)?;
            }
        }
        Ok(workspaces.len())
    })
}

/// Invitations to the person's address, in all workspaces.
fn invitations_to(store: &Store, person: Person) -> Result<Vec<Invitation>, StoreError> {
    let Person::User(id) = person else { return Ok(Vec::new()) };
    let Some(user) = crate::identity::get(store, id)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for workspace in super::store::list_all(store)? {
        found.extend(store.read(|txn| list_invitations(txn, workspace.id))?);
    }
    found.retain(|invitation| invitation.email == user.email);
    Ok(found)
}

fn export_invitations(store: &Store, person: Person) -> Result<Vec<Value>, StoreError> {
    let row = |invitation: Invitation| json!({ "workspace": invitation.workspace.sid(), "role": invitation.role, "email": invitation.email });
    Ok(invitations_to(store, person)?.into_iter().map(row).collect())
}

fn erase_invitations(store: &Store, person: Person) -> Result<usize, StoreError> {
    let found = invitations_to(store, person)?;
    for batch in found.chunks(20) {
        store.write_reserved(|txn| batch.iter().try_for_each(|invitation| remove_invitation(txn, invitation)))?;
    }
    Ok(found.len())
}
