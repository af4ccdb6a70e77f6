//! A consent that was begun at a provider and has not come back yet.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::model::Use;
use super::provider::Provider;
use crate::authz::Actor;
use crate::base::{SessionId, UnixMillis, UserId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// Bound to the browser that began it, good once and for ten minutes. The row is sealed like every other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    /// An answer of another provider does not fit.
    #[serde(default)]
    pub provider: Provider,
    pub uses: Vec<Use>,
    pub pkce_verifier: String,
    pub begun_at: UnixMillis,
}

const PENDING: Table<Pending> = Table::sealed(
    0x0703,
    "pending_consents",
    Tree::Connections,
    Holds::Nothing,
    Retention::Served,
    "Consents begun at a provider's page and not come back yet; gone after ten minutes.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&PENDING)];

const LIFETIME: Duration = Duration::from_secs(600);
/// Outdated ones removed with each new one.
const SWEPT: usize = 20;

fn key(txn: &Txn<'_>, actor: &Actor, state: &str) -> Result<Key, StoreError> {
    // The state itself is a secret of the browser: only its keyed hash is kept.
    Ok(Key::of(&PENDING, actor.workspace).bytes(&txn.blind(actor.workspace, "consent state", state)?))
}

pub(super) fn insert(store: &Store, actor: &Actor, state: &str, pending: &Pending) -> Result<(), StoreError> {
    store.write(|txn| {
        let prefix = Key::of(&PENDING, actor.workspace);
        for (place, old) in txn.list(&PENDING, &prefix, Dir::Forward, SWEPT)? {
            if pending.begun_at.since(old.begun_at) > LIFETIME {
                txn.remove(&PENDING, &place)?;
            }
        }
        let place = key(txn, actor, state)?;
        txn.put(&PENDING, &place, pending)
    })
}

/// Takes the consent that `state` belongs to, so that it cannot be used again. `None` when there is none, it is too
/// old, another browser began it, or it was begun at another provider.
pub(super) fn take(
    store: &Store,
    actor: &Actor,
    provider: Provider,
    state: &str,
    now: UnixMillis,
) -> Result<Option<Pending>, StoreError> {
    let taken = store.write(|txn| {
        let place = key(txn, actor, state)?;
        let found = txn.get(&PENDING, &place)?;
        txn.remove(&PENDING, &place)?;
        Ok::<_, StoreError>(found)
    })?;
    let is_same =
        |pending: &Pending| (pending.session, pending.user, pending.provider) == (actor.session, actor.user, provider);
    Ok(taken.filter(|pending| is_same(pending) && now.since(pending.begun_at) <= LIFETIME))
}
