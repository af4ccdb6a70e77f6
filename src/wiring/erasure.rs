//! Erasing a person in all rooms, so that neither a restore nor a file brings them back.
//!
//! Always true here:
//! - Before anything is erased the list outside the store names the person; a restore replays it.
//! - What is left of their addresses is keyed hashes on the list of those not written to.

use std::time::Duration;

use super::personal_data;
use crate::app::App;
use crate::authz::Actor;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::contacts::{self, ContactError};
use crate::messaging;
use crate::store::backup::BackupError;
use crate::store::erased::{self, Erased};
use crate::store::StoreError;

/// An erasure noted this long before a backup may not have been through when it was made.
const UNDER_WAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("the list of erasures could not be written, so nothing was erased")]
    List(#[from] BackupError),
    #[error(transparent)]
    Contact(#[from] ContactError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Erases what all rooms hold, the contact itself last: a crash in between leaves a page on which it can be done again.
pub fn erase(app: &App, actor: &Actor, id: ContactId) -> Result<(), EraseError> {
    let contact = contacts::get(&app.store, actor.workspace, id)?.ok_or(ContactError::NotFound)?;
    let hash = |address| messaging::hash_of(&app.store, actor.workspace, address);
    let addresses = contact.addresses.iter().map(hash).collect::<Result<Vec<_>, StoreError>>()?;
    let person = Erased { workspace: actor.workspace, contact: id, addresses, at: app.now() };
    note(app, &person)?;
    carry_out(app, actor, &person)
}

/// Puts the person on the list in the data folder, and on the one beside the backups, which may be on a disk that is
/// away just now: that one is made whole with the next backup.
fn note(app: &App, person: &Erased) -> Result<(), BackupError> {
    // Only tests run without a master key; they have no backup either.
    let Some(master) = app.master_key() else { return Ok(()) };
    erased::add(&erased::list_in(&app.config.data.dir), &master, std::slice::from_ref(person))?;
    let backups = &app.config.data.backup_dir;
    let beside = std::fs::create_dir_all(backups)
        .map_err(|source| BackupError::File { path: backups.clone(), source })
        .and_then(|()| erased::add(&erased::list_in(backups), &master, std::slice::from_ref(person)));
    if let Err(error) = beside {
        tracing::error!(%error, "the list of erasures beside the backups could not be written; the next backup does it");
    }
    Ok(())
}

fn carry_out(app: &App, actor: &Actor, person: &Erased) -> Result<(), EraseError> {
    let workspace = person.workspace;
    for hash in &person.addresses {
        app.store.write_reserved(|txn| messaging::forget_address(txn, workspace, app.now(), *hash))?;
    }
    personal_data::erase_contact(&app.store, workspace, person.contact)?;
    match contacts::erase_contact(app, actor, person.contact) {
        Ok(()) | Err(ContactError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// After a restore of a backup of `of`: erases again whom it has brought back. Returns how many were there; again is
/// harmless. What was erased well before is not in the backup, and may have been let in again since.
pub fn replay(app: &App, of: UnixMillis) -> Result<usize, EraseError> {
    let Some(master) = app.master_key() else { return Ok(0) };
    let mut back = 0;
    let list = erased::read(&erased::list_in(&app.config.data.dir), &master)?;
    for person in list.into_iter().filter(|person| person.at >= of.minus(UNDER_WAY)) {
        if !is_known(app, person.workspace)? {
            continue;
        }
        back += usize::from(contacts::get(&app.store, person.workspace, person.contact)?.is_some());
        carry_out(app, &Actor::system(person.workspace), &person)?;
    }
    Ok(back)
}

/// Whether the backup knew the workspace: without its key there is nothing to open and nothing to erase.
fn is_known(app: &App, workspace: WorkspaceId) -> Result<bool, StoreError> {
    Ok(crate::workspaces::get(&app.store, workspace)?.is_some())
}
