//! Keys for programs: `Authorization: Bearer <secret>` below `/v1`.
//!
//! Always true here: a key does at most what whoever made it may do now, and stops when they leave the workspace.
//! Only a key that no person made (an older command line) stands by itself.

use std::time::Duration;

use super::model::ApiKey;
use super::{rows, WorkspaceError};
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission, Role};
use crate::base::{ApiKeyId, Mistakes, UnixMillis, UserId, WorkspaceId};
use crate::identity::{self, hash_secret, HandedSecret, SecretHash, User};
use crate::store::{StoreError, Txn};

/// `used_at` is written at most this often.
const USED_STEP: Duration = Duration::from_secs(60);

/// Makes a key. Returns its secret, which is shown once: `SK…` for the eye, then what nobody can guess.
pub fn make(app: &App, actor: &Actor, name: &str, role: Role) -> Result<(ApiKey, String), WorkspaceError> {
    actor.require(Permission::ManageApiKeys)?;
    require_proof(app, actor)?;
    let mut wrong = Mistakes::default();
    let name = wrong.keep("name", super::checked_name(name)).unwrap_or_default();
    wrong.expect(role <= actor.role, "role", "A key can do at most what you can do.");
    wrong.into_result()?;
    let (key, secret) = prepare(actor.workspace, &name, role, actor.user, app.now());
    app.store.write(|txn| {
        rows::insert_key(txn, &key)?;
        let detail = format!("{name}, {role}");
        audit::record(txn, actor.workspace, key.created_at, &Who::of(actor), "api_key.made", &key.id.sid(), &detail)
    })?;
    Ok((key, secret))
}

/// A key outlives the session that made it, so whoever makes one has just proved who they are.
pub(super) fn require_proof(app: &App, actor: &Actor) -> Result<(), WorkspaceError> {
    match (actor.user, actor.session) {
        (Some(user), Some(session)) if !identity::is_proof_fresh(app, user, session)? => {
            Err(WorkspaceError::ProofNeeded)
        }
        _ => Ok(()),
    }
}

/// A key and its secret, to be inserted in a transaction of the caller.
pub(super) fn prepare(
    workspace: WorkspaceId,
    name: &str,
    role: Role,
    made_by: Option<UserId>,
    now: UnixMillis,
) -> (ApiKey, String) {
    let id = ApiKeyId::new(now);
    let secret = format!("{}.{}", id.sid(), HandedSecret::fresh().expose());
    let key = ApiKey {
        id,
        workspace,
        name: name.to_owned(),
        role,
        secret_hash: hash_secret(&secret),
        made_by,
        created_at: now,
        used_at: None,
    };
    (key, secret)
}

/// A key with whoever made it, as far as they are still known.
#[derive(Clone, Debug)]
pub struct Listed {
    pub key: ApiKey,
    pub maker: Option<(User, Role)>,
}

pub fn list(app: &App, actor: &Actor) -> Result<Vec<Listed>, WorkspaceError> {
    actor.require(Permission::ManageApiKeys)?;
    app.store.read(|txn| rows::list_keys(txn, actor.workspace)?.into_iter().map(|key| described(txn, key)).collect())
}

fn described(txn: &mut Txn<'_>, key: ApiKey) -> Result<Listed, WorkspaceError> {
    let Some(user) = key.made_by else { return Ok(Listed { key, maker: None }) };
    let member = rows::find_member(txn, key.workspace, user)?;
    let person = identity::find(txn, user)?;
    Ok(Listed { maker: person.zip(member.map(|member| member.role)), key })
}

/// Ends a key: the next request with it is refused.
pub fn end(app: &App, actor: &Actor, id: ApiKeyId) -> Result<(), WorkspaceError> {
    actor.require(Permission::ManageApiKeys)?;
    let now = app.now();
    app.store.write(|txn| {
        let key = rows::find_key(txn, actor.workspace, id)?.ok_or(WorkspaceError::NotFound)?;
        rows::remove_key(txn, &key)?;
        audit::record(txn, actor.workspace, now, &Who::of(actor), "api_key.ended", &id.sid(), &key.name)?;
        Ok(())
    })
}

/// Ends all keys of somebody who leaves the workspace, in the transaction in which they go: coming back later must not
/// bring the keys back.
pub(super) fn end_all_of(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    maker: UserId,
    now: UnixMillis,
    who: &Who,
) -> Result<(), StoreError> {
    let keys = rows::all_keys(txn, workspace)?;
    for key in keys.into_iter().filter(|key| key.made_by == Some(maker)) {
        rows::remove_key(txn, &key)?;
        let detail = format!("{}: whoever made it has left", key.name);
        audit::record(txn, workspace, now, who, "api_key.ended", &key.id.sid(), &detail)?;
    }
    Ok(())
}

/// The program that holds this secret. Notes that the key is in use.
pub fn find_by_secret(app: &App, secret: &str) -> Result<Option<Actor>, StoreError> {
    let (now, hash) = (app.now(), hash_secret(secret));
    let Some((key, maker)) = app.store.read(|txn| find_working(txn, &hash))? else { return Ok(None) };
    if key.used_at.is_none_or(|used_at| now.since(used_at) >= USED_STEP) {
        app.store.write(|txn| match rows::find_key(txn, key.workspace, key.id)? {
            Some(found) => rows::update_key(txn, &ApiKey { used_at: Some(now), ..found }),
            None => Ok(()),
        })?;
    }
    Ok(Some(Actor {
        user: None,
        api_key: Some(key.id),
        workspace: key.workspace,
        role: key.role,
        maker,
        is_operator: false,
        session: None,
        display: key.name,
    }))
}

/// The key of this secret with what its maker may do now; `None` also when the maker is a member no longer.
fn find_working(txn: &mut Txn<'_>, hash: &SecretHash) -> Result<Option<(ApiKey, Option<Role>)>, StoreError> {
    let Some(key) = rows::find_key_by_secret(txn, hash)? else { return Ok(None) };
    let Some(user) = key.made_by else { return Ok(Some((key, None))) };
    let member = rows::find_member(txn, key.workspace, user)?;
    Ok(member.map(|member| (key, Some(member.role))))
}
