//! Rows of domains, and what a file's addresses came to.

use serde::{Deserialize, Serialize};

use super::model::{DomainMail, ImportTally};
use crate::base::{ImportId, UnixMillis, WorkspaceId};
use crate::store::{Declared, Holds, Key, Retention, Store, StoreError, Table, Tree, Txn};

/// Days after which a domain that nobody asked about again is forgotten, and a file's figures with it.
pub const DAYS: u32 = 30;

const DOMAINS: Table<DomainMail> = Table::sealed(
    0x0820,
    "mail_domains",
    Tree::Contacts,
    Holds::Nothing,
    Retention::Days(DAYS),
    "Whether the domains of contacts' addresses take mail, as DNS said.",
);
const TALLIES: Table<Tally> = Table::sealed(
    0x0821,
    "import_address_checks",
    Tree::Contacts,
    Holds::Nothing,
    Retention::Days(DAYS),
    "How many addresses of an imported file a person should look at.",
);

pub(super) const TABLES: &[Declared] = &[Declared::plain(&DOMAINS), Declared::plain(&TALLIES)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub at: UnixMillis,
    pub tally: ImportTally,
}

fn key(txn: &Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<Key, StoreError> {
    Ok(Key::of(&DOMAINS, workspace).bytes(&txn.blind(workspace, "mail domain", domain)?))
}

pub fn find(txn: &mut Txn<'_>, workspace: WorkspaceId, domain: &str) -> Result<Option<DomainMail>, StoreError> {
    let key = key(txn, workspace, domain)?;
    txn.get(&DOMAINS, &key)
}

/// Keeps what was found. Where nobody answered, what is known already stands.
pub fn note(txn: &mut Txn<'_>, workspace: WorkspaceId, found: &DomainMail) -> Result<DomainMail, StoreError> {
    let key = key(txn, workspace, &found.domain)?;
    let before = txn.get(&DOMAINS, &key)?.filter(|_| found.takes == super::TakesMail::Unknown);
    let kept = before.unwrap_or_else(|| found.clone());
    txn.put(&DOMAINS, &key, &kept)?;
    Ok(kept)
}

/// What the addresses of a file came to, once they have been looked at.
pub fn tally_of(store: &Store, workspace: WorkspaceId, import: ImportId) -> Result<Option<ImportTally>, StoreError> {
    let found = store.get(&TALLIES, &Key::of(&TALLIES, workspace).id(import.0))?;
    Ok(found.map(|row| row.tally))
}

pub(super) fn put_tally(
    txn: &mut Txn<'_>,
    workspace: WorkspaceId,
    import: ImportId,
    row: &Tally,
) -> Result<(), StoreError> {
    txn.put(&TALLIES, &Key::of(&TALLIES, workspace).id(import.0), row)
}

/// Removes what is from before then; returns how much, at most `limit` of each.
pub fn sweep(store: &Store, workspace: WorkspaceId, before: UnixMillis, limit: usize) -> Result<usize, StoreError> {
    let mut old = Vec::new();
    store.each(&DOMAINS, &Key::of(&DOMAINS, workspace), |key, row| {
        old.extend(Some(key).filter(|_| row.checked_at < before));
        Ok::<_, StoreError>(())
    })?;
    let mut old_tallies = Vec::new();
    store.each(&TALLIES, &Key::of(&TALLIES, workspace), |key, row| {
        old_tallies.extend(Some(key).filter(|_| row.at < before));
        Ok::<_, StoreError>(())
    })?;
    old.truncate(limit);
    old_tallies.truncate(limit);
    store.write_reserved(|txn| {
        old.iter().try_for_each(|key| txn.remove(&DOMAINS, key))?;
        old_tallies.iter().try_for_each(|key| txn.remove(&TALLIES, key))
    })?;
    Ok(old.len().max(old_tallies.len()))
}

#[cfg(test)]
pub(super) fn remember_for_test(app: &crate::app::App, workspace: WorkspaceId, domain: &str) {
    use super::model::TakesMail;
    let now = app.now();
    let found = DomainMail { domain: domain.to_owned(), takes: TakesMail::Yes, host: None, checked_at: now };
    let row = Tally { at: now, tally: ImportTally::default() };
    let write = app.store.write::<_, StoreError>(|txn| {
        note(txn, workspace, &found)?;
        put_tally(txn, workspace, ImportId::new(now), &row)
    });
    write.unwrap();
}
