//! The record of calls: what was asked of whom with a connection, without content, for its owner to see.
//!
//! Calls are noted in memory and written together: at the end of a session with Google or a mailbox, and for mail
//! over SMTP once some have gathered, so that the record does not cost a commit for each mail. A crash may lose the
//! last few lines of this record; what was sent stands with the messages.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};

use super::in_memory::{held, Held};
use super::store;
use crate::app::App;
use crate::base::{uuid_at, ConnectionId, Cursor, Page, UnixMillis, WorkspaceId};
use crate::providers::outbound::{CallLog, CallRecord};
use crate::store::{Declared, Dir, Holds, Key, Retention, Store, StoreError, Table, Tree};
use crate::workspaces;

const CALLS: Table<Call> = Table::sealed(
    0x0702,
    "provider_calls",
    Tree::Connections,
    Holds::Nothing,
    Retention::Days(30),
    "Which calls were made with a connection, when and how large, so that its owner can see what was done with it.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&CALLS)];

/// Calls written or removed in one transaction.
const BATCH: usize = 50;
/// Mails over SMTP before their calls are written.
const GATHERED: usize = 50;

/// One call. Neither header nor body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub at: UnixMillis,
    /// `GET`, `POST`, `SMTP`, `IMAP FETCH headers`.
    pub method: String,
    pub url: String,
    #[serde(default)]
    pub status: Option<u16>,
    pub took_millis: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

impl From<CallRecord> for Call {
    fn from(call: CallRecord) -> Self {
        Self {
            at: call.at,
            method: call.method,
            url: call.url,
            status: call.status,
            took_millis: u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
            sent_bytes: call.sent_bytes,
            received_bytes: call.received_bytes,
        }
    }
}

/// Takes note of a connection's calls; `flush` writes them.
pub struct Log(Arc<Held>);

impl Log {
    pub fn of(connection: ConnectionId) -> Self {
        Self(held(connection))
    }
}

impl CallLog for Log {
    fn record(&self, call: CallRecord) {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}

/// Calls made before it is known which connection they belong to.
#[derive(Default)]
pub(super) struct Gathered(RefCell<Vec<CallRecord>>);

impl Gathered {
    pub fn give_to(self, connection: ConnectionId) {
        let log = Log::of(connection);
        self.0.into_inner().into_iter().for_each(|call| log.record(call));
    }
}

impl CallLog for Gathered {
    fn record(&self, call: CallRecord) {
        self.0.borrow_mut().push(call);
    }
}

/// Writes what was noted. A record that cannot be written is no reason to fail what it records.
pub fn flush(app: &App, workspace: WorkspaceId, connection: ConnectionId) {
    let calls = std::mem::take(&mut *held(connection).calls.lock().unwrap_or_else(PoisonError::into_inner));
    for batch in calls.chunks(BATCH) {
        if let Err(error) = write(&app.store, workspace, connection, batch) {
            tracing::error!(%error, %connection, calls = batch.len(), "the record of calls could not be written");
        }
    }
}

/// The same once enough have gathered.
pub fn flush_if_many(app: &App, workspace: WorkspaceId, connection: ConnectionId) {
    let gathered = held(connection).calls.lock().unwrap_or_else(PoisonError::into_inner).len();
    if gathered >= GATHERED {
        flush(app, workspace, connection);
    }
}

fn write(
    store: &Store,
    workspace: WorkspaceId,
    connection: ConnectionId,
    calls: &[CallRecord],
) -> Result<(), StoreError> {
    let rows: Vec<(Key, Call)> = calls
        .iter()
        .map(|call| {
            let key = Key::of(&CALLS, workspace).id(connection.0).time_desc(call.at).id(uuid_at(call.at));
            (key, Call::from(call.clone()))
        })
        .collect();
    store.write(|txn| rows.iter().try_for_each(|(key, call)| txn.put(&CALLS, key, call)))
}

/// Calls of a connection, newest first.
pub fn list_calls(
    app: &App,
    workspace: WorkspaceId,
    connection: ConnectionId,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<Call>, StoreError> {
    flush(app, workspace, connection);
    let prefix = Key::of(&CALLS, workspace).id(connection.0);
    let page = app.store.page(&CALLS, &prefix, after, Dir::Forward, limit)?;
    Ok(page.map(|(_, call)| call))
}

/// Removes what was recorded before then, in every workspace.
pub fn sweep_calls(app: &App, before: UnixMillis) -> Result<(), StoreError> {
    for workspace in workspaces::list_all(&app.store)? {
        for connection in store::list(&app.store, workspace.id)? {
            while sweep_some(&app.store, workspace.id, connection.id, before)? == BATCH {}
        }
    }
    Ok(())
}

/// Removes all that was recorded of a connection.
pub(super) fn forget(app: &App, workspace: WorkspaceId, connection: ConnectionId) -> Result<(), StoreError> {
    held(connection).calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let tomorrow = app.now().plus(std::time::Duration::from_secs(86_400));
    while sweep_some(&app.store, workspace, connection, tomorrow)? == BATCH {}
    Ok(())
}

fn sweep_some(
    store: &Store,
    workspace: WorkspaceId,
    connection: ConnectionId,
    before: UnixMillis,
) -> Result<usize, StoreError> {
    let prefix = Key::of(&CALLS, workspace).id(connection.0);
    let mut range = prefix.as_prefix();
    // Newest first: what is older stands behind.
    range.start = prefix.time_desc(before).as_bytes().to_vec();
    store.write_reserved(|txn| {
        let keys = txn.keys_range(&CALLS, &range, Dir::Forward, BATCH)?;
        keys.iter().try_for_each(|key| txn.remove(&CALLS, key))?;
        Ok(keys.len())
    })
}
