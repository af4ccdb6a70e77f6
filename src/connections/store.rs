//! Rows of connections.

use super::model::Connection;
use crate::base::{ConnectionId, WorkspaceId};
use crate::store::{Declared, Dir, Holds, Key, Retention, SealedSecret, Store, StoreError, Table, Tree, Txn};

const CONNECTIONS: Table<Connection> = Table::sealed(
    0x0701,
    "connections",
    Tree::Connections,
    Holds::Nothing,
    Retention::Account,
    "Which outside accounts the workspace has connected, for what, and how they are.",
);

pub const TABLES: &[Declared] = &[Declared::plain(&CONNECTIONS)];

/// A workspace has few connections: they are listed whole.
const MOST: usize = 500;

fn key(workspace: WorkspaceId, id: ConnectionId) -> Key {
    Key::of(&CONNECTIONS, workspace).id(id.0)
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    txn.get(&CONNECTIONS, &key(workspace, id))
}

pub fn get(store: &Store, workspace: WorkspaceId, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    store.get(&CONNECTIONS, &key(workspace, id))
}

pub fn put(txn: &mut Txn<'_>, connection: &Connection) -> Result<(), StoreError> {
    txn.put(&CONNECTIONS, &key(connection.workspace, connection.id), connection)
}

pub fn remove(txn: &mut Txn<'_>, workspace: WorkspaceId, id: ConnectionId) -> Result<(), StoreError> {
    txn.remove(&CONNECTIONS, &key(workspace, id))
}

/// After the transaction that put a secret in the place of another: the old one is erased. Where nothing was written, the
/// new one must not outlive the row that is not there.
pub(super) fn settle_secret<T, E: From<StoreError>>(
    store: &Store,
    new: &SealedSecret,
    saved: Result<(T, Option<SealedSecret>), E>,
) -> Result<T, E> {
    match saved {
        Ok((kept, old)) => {
            if let Some(old) = old {
                store.shred_secret(&old)?;
            }
            Ok(kept)
        }
        Err(error) => {
            let _ = store.shred_secret(new);
            Err(error)
        }
    }
}

/// All connections of the workspace, oldest first.
pub fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<Connection>, StoreError> {
    store.read(|txn| list_in(txn, workspace))
}

pub fn list_in(txn: &mut Txn<'_>, workspace: WorkspaceId) -> Result<Vec<Connection>, StoreError> {
    let rows = txn.list(&CONNECTIONS, &Key::of(&CONNECTIONS, workspace), Dir::Forward, MOST)?;
    Ok(rows.into_iter().map(|(_, connection)| connection).collect())
}

/// Changes the connection as it stands now. `None`, and nothing is changed, when it was disconnected meanwhile.
pub fn update(
    store: &Store,
    workspace: WorkspaceId,
    id: ConnectionId,
    mut change: impl FnMut(&mut Connection),
) -> Result<Option<Connection>, StoreError> {
    store.write(|txn| {
        let found = find(txn, workspace, id)?.filter(|connection| !connection.is_disconnected());
        let Some(mut connection) = found else { return Ok(None) };
        change(&mut connection);
        put(txn, &connection)?;
        Ok(Some(connection))
    })
}
