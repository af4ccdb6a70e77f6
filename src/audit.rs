//! Who did what, append-only, written in the transaction of the change it describes.
//!
//! Always true here: nothing changes or removes an entry but retention; entries hold names of acts and ids,
//! and short facts that the owner needs ("role: viewer → admin"), never message text or secrets.

use serde::{Deserialize, Serialize};

use crate::authz::Actor;
use crate::base::{AuditId, Cursor, Page, UnixMillis, UserId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    User(UserId),
    /// A program with a key; the key's SID.
    ApiKey(String),
    /// The program itself, and why.
    System(String),
    /// A person who never signs in (an unsubscribe, a booking).
    Visitor,
    /// On the server's own command line.
    CommandLine,
}

impl Who {
    pub fn of(actor: &Actor) -> Self {
        match (actor.user, actor.api_key) {
            (Some(user), _) => Who::User(user),
            (None, Some(key)) => Who::ApiKey(key.sid()),
            (None, None) => Who::System(actor.display.clone()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: AuditId,
    pub at: UnixMillis,
    pub who: Who,
    /// The act, as noun and past participle: `worker.activated`.
    pub act: String,
    /// What it was done to, as kind and id.
    pub on: String,
    /// A short fact, or empty.
    #[serde(default)]
    pub detail: String,
}

const ENTRIES: Table<Entry> = Table::sealed(
    0x0401,
    "audit_entries",
    Tree::Audit,
    Holds::User,
    Retention::Days(730),
    "Who did what in the workspace, so that its owner can see and prove it.",
);

pub const TABLES: &[Declared] =
    &[Declared::kept(&ENTRIES, export_user, "The record of who did what must stay whole; it ends after two years.")];

/// Appends an entry in this transaction. `id` and `now` come from outside the closure.
pub fn record(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    now: UnixMillis,
    who: &Who,
    act: &str,
    on: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let id = AuditId::new(now);
    let entry = Entry { id, at: now, who: who.clone(), act: act.into(), on: on.into(), detail: detail.into() };
    txn.put(&ENTRIES, &Key::of(&ENTRIES, workspace).time(now).id(id.0), &entry)
}

/// Newest first.
pub fn list(
    store: &Store,
    workspace: WorkspaceId,
    before: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Entry>, StoreError> {
    let page = store.page(&ENTRIES, &Key::of(&ENTRIES, workspace), before, Dir::Backward, limit)?;
    Ok(page.map(|(_, entry)| entry))
}

/// Removes entries from before then, the oldest first. Returns how many, at most `limit`.
pub fn sweep(store: &Store, workspace: WorkspaceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    let mut range = Key::of(&ENTRIES, workspace).as_prefix();
    range.end = Key::of(&ENTRIES, workspace).time(before).0;
    store.write_reserved(|txn| {
        let keys = txn.keys_range(&ENTRIES, &range, Dir::Forward, limit)?;
        keys.iter().try_for_each(|key| txn.remove(&ENTRIES, key))?;
        Ok(keys.len())
    })
}

/// What the person did, over all workspaces they belong to, is found by walking the workspaces' entries; the
/// caller gives one workspace's worth per `Person::User` through `crate::wiring`.
fn export_user(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::User(user) = person else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    // Sign-ins and account acts stand with the instance.
    store.each(&ENTRIES, &Key::of(&ENTRIES, crate::base::INSTANCE), |_, entry| {
        if entry.who == Who::User(user) {
            rows.extend(serde_json::to_value(&entry).ok());
        }
        Ok::<(), StoreError>(())
    })?;
    Ok(rows)
}
