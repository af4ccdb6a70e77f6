//! Rows of snippets: the newest version of each, and every version there was.

use super::model::Snippet;
use crate::base::{SnippetId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

const SNIPPETS: Table<Snippet> = Table::sealed(
    0x0c10,
    "snippets",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "What the business answers to questions, in its own words.",
);
const VERSIONS: Table<Snippet> = Table::sealed(
    0x0c11,
    "snippet_versions",
    Tree::Agents,
    Holds::Nothing,
    Retention::Account,
    "Every version of each snippet, so that an answer's citation can be looked up.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&SNIPPETS), Declared::plain(&VERSIONS)];

/// A workspace's knowledge in its first form is a page or two.
const MOST: usize = 500;
const MOST_VERSIONS: usize = 100;

fn key(workspace: WorkspaceId, id: SnippetId) -> Key {
    Key::of(&SNIPPETS, workspace).id(id.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: SnippetId) -> Result<Option<Snippet>, StoreError> {
    txn.get(&SNIPPETS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: SnippetId) -> Result<Option<Snippet>, StoreError> {
    store.get(&SNIPPETS, &key(workspace, id))
}

/// Writes the newest version and keeps it among the versions.
pub fn put(txn: &mut Txn<'_>, workspace: WorkspaceId, snippet: &Snippet) -> Result<(), StoreError> {
    txn.put(&VERSIONS, &Key::of(&VERSIONS, workspace).id(snippet.id.0).u32(snippet.version), snippet)?;
    txn.put(&SNIPPETS, &key(workspace, snippet.id), snippet)
}

/// Takes it out of use; its versions stay for the citations that name them.
pub fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId, id: SnippetId) -> Result<(), StoreError> {
    txn.remove(&SNIPPETS, &key(workspace, id))
}

/// Oldest first.
pub fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<Snippet>, StoreError> {
    let rows = store.read(|txn| txn.list(&SNIPPETS, &Key::of(&SNIPPETS, workspace), Dir::Forward, MOST))?;
    Ok(rows.into_iter().map(|(_, snippet)| snippet).collect())
}

/// Those that answers may quote.
pub fn list_approved(store: &Store, workspace: WorkspaceId) -> Result<Vec<Snippet>, StoreError> {
    Ok(list(store, workspace)?.into_iter().filter(|snippet| snippet.approved.is_some()).collect())
}

/// Newest first.
pub fn versions(store: &Store, workspace: WorkspaceId, id: SnippetId) -> Result<Vec<Snippet>, StoreError> {
    let prefix = Key::of(&VERSIONS, workspace).id(id.0);
    let rows = store.read(|txn| txn.list(&VERSIONS, &prefix, Dir::Backward, MOST_VERSIONS))?;
    Ok(rows.into_iter().map(|(_, snippet)| snippet).collect())
}
