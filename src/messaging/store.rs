//! Rows of messages and replies.

mod messages;
mod replies;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub use messages::set_state;
pub use messages::{
    find_by_message_ids, find_by_thread, find_message, find_of_contact, get_message, list_in_doubt, list_of_contact,
    list_of_enrolment, list_recent, list_would_have_left, page_of_contact,
};
pub(super) use messages::{index_ids, insert_message, put_in_doubt, put_in_dry_run, settle_doubt, update_message};
pub(super) use replies::insert_reply;
pub use replies::{
    find_reply, get_reply, list_replies, list_replies_of_contact, list_replies_of_worker, list_waiting_replies,
    may_have_opted_out, replies_of_contact, sweep_excerpts, update_reply,
};

use serde::Serialize;
use uuid::Uuid;

use crate::base::{Cursor, Page, WorkspaceId};
use crate::store::{Declared, Dir, Key, Store, StoreError, Table, Txn};

/// Rows of one person read in one go for an export.
const EXPORTED: usize = 200;

pub(super) fn tables() -> Vec<Declared> {
    [messages::TABLES, replies::TABLES].concat()
}

/// Finds a row by its id.
type Find<T> = fn(&mut Txn<'_>, WorkspaceId, Uuid) -> Result<Option<T>, StoreError>;

/// The rows that keys of an index name.
fn named<T>(txn: &mut Txn<'_>, workspace: WorkspaceId, keys: &[Key], find: Find<T>) -> Result<Vec<T>, StoreError> {
    keys.iter().filter_map(Key::last_id).filter_map(|id| find(txn, workspace, id).transpose()).collect()
}

/// The first rows that an index names, newest first.
fn newest<T>(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    (index, prefix): (&Table<()>, &Key),
    limit: usize,
    find: Find<T>,
) -> Result<Vec<T>, StoreError> {
    let keys = txn.keys(index, prefix, Dir::Backward, limit)?;
    named(txn, workspace, &keys, find)
}

/// One page of the rows that an index names, newest first.
fn page<T>(
    store: &Store,
    workspace: WorkspaceId,
    (index, prefix): (&Table<()>, &Key),
    before: Option<&Cursor>,
    limit: usize,
    find: Find<T>,
) -> Result<Page<T>, StoreError> {
    let keys = store.key_page(index, prefix, before, Dir::Backward, limit)?;
    let rows = store.read(|txn| named(txn, workspace, &keys.rows, find))?;
    Ok(Page { rows, next: keys.next })
}

/// All rows that an index names, as an export shows them.
fn export<T: Serialize>(
    store: &Store,
    workspace: WorkspaceId,
    index: (&Table<()>, &Key),
    find: Find<T>,
) -> Result<Vec<serde_json::Value>, StoreError> {
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = page(store, workspace, index, before.as_ref(), EXPORTED, find)?;
        rows.extend(page.rows.iter().filter_map(|row| serde_json::to_value(row).ok()));
        before = page.next;
        if before.is_none() {
            return Ok(rows);
        }
    }
}

/// Some mailers change the case of the domain part; brackets and blanks are never part of the id.
fn normal_message_id(raw: &str) -> String {
    raw.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase()
}
