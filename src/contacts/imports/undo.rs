//! Takes an import back, batch by batch: contacts that it added go, contacts that it changed get their fields back.
//! Whoever has changed or been written to since stays as they are, and is counted.

use super::model::{Import, ImportState, Progress};
use super::store;
use crate::app::App;
use crate::base::{ContactId, UnixMillis, WorkspaceId};
use crate::contacts::model::{Contact, Source};
use crate::contacts::search::plan_index;
use crate::contacts::store::{self as contacts, Writer};
use crate::events;
use crate::store::{StoreError, Txn};

/// Undoes the next batches; true when some are left.
pub(super) fn undo_some(app: &App, import: &Import, batches: usize) -> Result<bool, StoreError> {
    let (workspace, id, now) = (import.workspace, import.id, app.now());
    for _ in 0..batches {
        let progress = app.store.read(|txn| store::progress_of(txn, workspace, id))?;
        if progress.undone_batches >= progress.batches {
            app.store.write(|txn| {
                let Some(found) = store::find(txn, workspace, id)? else { return Ok(()) };
                store::put(txn, &Import { state: ImportState::Undone, ..found })?;
                plan_index(txn, workspace, now)
            })?;
            return Ok(false);
        }
        let busy = spoken_of(app, import, progress.undone_batches)?;
        app.store.write(|txn| undo_batch(txn, import, progress.undone_batches, &busy, now))?;
    }
    Ok(true)
}

/// Contacts of the batch of which the workspace's log tells something: they were enrolled, written to, changed.
fn spoken_of(app: &App, import: &Import, number: u32) -> Result<Vec<ContactId>, StoreError> {
    let batch = app.store.read(|txn| store::batch(txn, import.workspace, import.id, number))?;
    let mut busy = Vec::new();
    for id in batch.added {
        let newest = events::list_newest(&app.store, import.workspace, Some(id), None, 1)?;
        if !newest.rows.is_empty() {
            busy.push(id);
        }
    }
    Ok(busy)
}

fn undo_batch(
    txn: &mut Txn<'_>,
    import: &Import,
    number: u32,
    busy: &[ContactId],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let workspace = import.workspace;
    let mut progress = store::progress_of(txn, workspace, import.id)?;
    let batch = store::batch(txn, workspace, import.id, number)?;
    let mut writer = Writer::open(txn, workspace)?;
    for id in &batch.added {
        let Some(contact) = contacts::find(txn, workspace, *id)? else { continue };
        if busy.contains(id) || !is_untouched(&contact, import) {
            progress.kept += 1;
        } else {
            writer.remove_one_of_many(txn, &contact)?;
        }
    }
    for before in &batch.changed {
        give_back(txn, &mut writer, workspace, import, before, now, &mut progress)?;
    }
    writer.finish(txn)?;
    progress.undone_batches = number + 1;
    store::remove_batch(txn, workspace, import.id, number)?;
    store::put_progress(txn, workspace, import.id, &progress)
}

fn is_untouched(contact: &Contact, import: &Import) -> bool {
    contact.source == Source::Import(import.id) && contact.changed_at == contact.created_at && !contact.restricted
}

/// Gives a contact its fields back, if nobody has changed it since the import did.
fn give_back(
    txn: &mut Txn<'_>,
    writer: &mut Writer,
    workspace: WorkspaceId,
    import: &Import,
    before: &Contact,
    now: UnixMillis,
    progress: &mut Progress,
) -> Result<(), StoreError> {
    let Some(current) = contacts::find(txn, workspace, before.id)? else { return Ok(()) };
    let since = import.finished_at.unwrap_or(now);
    let others_have_it = before.addresses != current.addresses;
    if current.changed_at > since || current.restricted || others_have_it {
        progress.kept += 1;
        return Ok(());
    }
    writer.put(txn, &Contact { changed_at: now, ..before.clone() }, Some(&current))
}
