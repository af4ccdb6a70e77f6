//! Rows of scores, in the order of their points.

use serde::{Deserialize, Serialize};

use super::rules::{Rule, Weights};
use crate::base::{ContactId, Cursor, Page, UnixMillis, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Person, Retention, Store, StoreError, Table, Tree, Txn};

/// Why points were given, and by which row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    pub rule: Rule,
    pub points: i32,
    /// Of the row that it comes from.
    pub at: UnixMillis,
    pub from: Source,
}

/// The row that a term comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The contact itself.
    Contact,
    /// The check of the address.
    Address,
    /// An entry of the workspace's log, by its number.
    Event(u64),
    /// The list of those not written to.
    Suppressions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub contact: ContactId,
    pub terms: Vec<Term>,
    pub counted_at: UnixMillis,
}

impl Score {
    pub fn points(&self) -> i32 {
        self.terms.iter().map(|term| term.points).sum()
    }
}

const SCORES: Table<Score> = Table::sealed(
    0x1101,
    "lead_scores",
    Tree::Outreach,
    Holds::Contact,
    Retention::UntilErased,
    "How much speaks for writing to a contact, with each reason and the row that it comes from.",
);
const BY_POINTS: Table<()> = Table::index(0x1102, "lead_scores_by_points", "Leads in the order of their scores.");
const WEIGHTS: Table<Weights> = Table::sealed(
    0x1103,
    "lead_weights",
    Tree::Outreach,
    Holds::Nothing,
    Retention::Account,
    "How many points the workspace gives for what.",
);

pub const TABLES: &[Declared] =
    &[Declared::personal(&SCORES, export, erase), Declared::plain(&BY_POINTS), Declared::plain(&WEIGHTS)];

fn key(workspace: WorkspaceId, contact: ContactId) -> Key {
    Key::of(&SCORES, workspace).id(contact.0)
}

/// Highest first, then by contact, newest first when read forwards.
fn place(workspace: WorkspaceId, score: &Score) -> Key {
    // Points are a sum of at most some tens of terms of 100: far inside the range.
    let rank = i64::from(i32::MAX) - i64::from(score.points());
    let newest_first = !score.contact.0.as_u128();
    Key::of(&BY_POINTS, workspace).u64(rank.unsigned_abs()).bytes(&newest_first.to_be_bytes()).id(score.contact.0)
}

pub(in crate::leads) fn find(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    id: ContactId,
) -> Result<Option<Score>, StoreError> {
    txn.get(&SCORES, &key(workspace, id))
}

/// Writes the score and its place in the order. Nothing is written where nothing changed.
pub(super) fn put(txn: &mut Txn<'_>, workspace: WorkspaceId, score: &Score) -> Result<(), StoreError> {
    if let Some(before) = find(txn, workspace, score.contact)? {
        if before.terms == score.terms {
            return Ok(());
        }
        txn.remove(&BY_POINTS, &place(workspace, &before))?;
    }
    txn.mark(&BY_POINTS, &place(workspace, score))?;
    txn.put(&SCORES, &key(workspace, score.contact), score)
}

pub(super) fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ContactId) -> Result<bool, StoreError> {
    let Some(before) = find(txn, workspace, id)? else { return Ok(false) };
    txn.remove(&BY_POINTS, &place(workspace, &before))?;
    txn.remove(&SCORES, &key(workspace, id))?;
    Ok(true)
}

/// Highest first.
pub(super) fn list(
    store: &Store,
    workspace: WorkspaceId,
    after: Option<&Cursor>,
    dir: Dir,
    limit: usize,
) -> Result<Page<Score>, StoreError> {
    let places = store.key_page(&BY_POINTS, &Key::of(&BY_POINTS, workspace), after, dir, limit)?;
    let rows = store.read(|txn| {
        let ids = places.rows.iter().filter_map(Key::last_id);
        ids.filter_map(|id| find(txn, workspace, ContactId(id)).transpose()).collect::<Result<_, StoreError>>()
    })?;
    Ok(Page { rows, next: places.next })
}

pub(super) fn weights(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Weights, StoreError> {
    Ok(txn.get(&WEIGHTS, &Key::of(&WEIGHTS, workspace))?.unwrap_or_default())
}

pub(super) fn put_weights(txn: &mut Txn<'_>, workspace: WorkspaceId, weights: &Weights) -> Result<(), StoreError> {
    txn.put(&WEIGHTS, &Key::of(&WEIGHTS, workspace), weights)
}

fn export(store: &Store, person: Person) -> Result<Vec<serde_json::Value>, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(Vec::new()) };
    let found = store.get(&SCORES, &key(workspace, id))?;
    Ok(found.and_then(|score| serde_json::to_value(score).ok()).into_iter().collect())
}

fn erase(store: &Store, person: Person) -> Result<usize, StoreError> {
    let Person::Contact(workspace, id) = person else { return Ok(0) };
    store.write_reserved(|txn| Ok(usize::from(remove(txn, workspace, id)?)))
}
