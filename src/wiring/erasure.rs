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
    let person = Erased { workspace: actor.workspace, contact: Some(id), addresses, at: app.now() };
    note(app, &person)?;
    carry_out(app, actor, &person, id)
}

/// Puts the person on the list in the data folder, and on the one beside the backups, which may be on a disk that is
/// away just now: that one is made whole with the next backup.
pub(super) fn note(app: &App, person: &Erased) -> Result<(), BackupError> {
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

fn carry_out(app: &App, actor: &Actor, person: &Erased, contact: ContactId) -> Result<(), EraseError> {
    let workspace = person.workspace;
    for hash in &person.addresses {
        app.store.write_reserved(|txn| messaging::forget_address(txn, workspace, app.now(), *hash))?;
    }
    personal_data::erase_contact(&app.store, workspace, contact)?;
    match contacts::erase_contact(app, actor, contact) {
        Ok(()) | Err(ContactError::NotFound) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// After a restore of a backup of `of`: erases again whom it has brought back, and workspaces that were closed since.
/// Returns how many were there; again is harmless. What was erased well before is not in the backup, and may have been
/// let in again since.
pub fn replay(app: &App, of: UnixMillis) -> Result<usize, EraseError> {
    let Some(master) = app.master_key() else { return Ok(0) };
    let mut back = 0;
    let list = erased::read(&erased::list_in(&app.config.data.dir), &master)?;
    for person in list.into_iter().filter(|person| person.at >= of.minus(UNDER_WAY)) {
        let Some(contact) = person.contact else {
            // Also when it is not known: an earlier start may have been cut off with half of it erased.
            back += usize::from(super::closing::erase_again(app, person.workspace, person.at)?);
            continue;
        };
        if !is_known(app, person.workspace)? {
            continue;
        }
        back += usize::from(contacts::get(&app.store, person.workspace, contact)?.is_some());
        carry_out(app, &Actor::system(person.workspace), &person, contact)?;
    }
    Ok(back)
}

/// Whether the backup knew the workspace: without its key there is nothing to open and nothing to erase.
fn is_known(app: &App, workspace: WorkspaceId) -> Result<bool, StoreError> {
    Ok(crate::workspaces::get(&app.store, workspace)?.is_some())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::Arc;

    use super::*;
    use crate::authz::Role;
    use crate::base::{EmailAddress, UserId};
    use crate::messaging::{testing::queue_mail, Bounce, Delivery, Message, Purpose, Target};
    use crate::operator::write_backup;
    use crate::store::{backup, FreeSpace, OpenOptions};
    use crate::testing::{add_workspace, app_on_disk, MASTER, NOW};

    const ANNA: &str = "anna@fellside.example";
    const HOUR: Duration = Duration::from_secs(3600);

    fn room() -> FreeSpace {
        Arc::new(|_| Ok(1 << 40))
    }

    fn owner(workspace: WorkspaceId) -> Actor {
        Actor { user: Some(UserId::new(NOW)), role: Role::Owner, ..Actor::system(workspace) }
    }

    fn may_be_written_to(app: &App, workspace: WorkspaceId) -> bool {
        let anna = EmailAddress::parse(ANNA).unwrap();
        app.store.read(|txn| messaging::is_suppressed(txn, workspace, &anna, Purpose::Transactional)).unwrap().is_none()
    }

    /// A server with one mail to Anna; its backup; Anna is erased an hour later.
    fn erased_after_a_backup(dir: &Path) -> (WorkspaceId, Message, std::path::PathBuf) {
        let app = app_on_disk(dir, "data", room());
        let workspace = add_workspace(&app, "Fernhill", "fernhill");
        let message = queue_mail(&app, workspace, ANNA);
        let file = dir.join("backups/launchyard-2026-11-24.backup");
        write_backup(&app, &MASTER, &file, app.now()).unwrap();
        app.clock.advance(HOUR);
        erase(&app, &owner(workspace), message.contact).unwrap();
        assert_eq!(contacts::get(&app.store, workspace, message.contact).unwrap(), None);
        app.store.close().unwrap();
        (workspace, message, file)
    }

    #[test]
    fn a_restore_brings_back_nobody_who_was_erased_after_the_backup() {
        let dir = tempfile::tempdir().unwrap();
        let (workspace, message, file) = erased_after_a_backup(dir.path());
        let options = OpenOptions::at(&dir.path().join("restored"));
        backup::restore(&file, None, &options, &MASTER, NOW.plus(2 * HOUR)).unwrap();

        let app = app_on_disk(dir.path(), "restored", room());
        assert!(contacts::get(&app.store, workspace, message.contact).unwrap().is_some(), "as the backup was made");
        crate::wiring::restored::hold_back(&app).unwrap();
        assert_eq!(contacts::get(&app.store, workspace, message.contact).unwrap(), None);
        let held = personal_data::export_contact(&app.store, workspace, message.contact).unwrap();
        assert!(held.iter().all(|(table, _)| *table == "events"), "only that she was erased: {held:?}");
        assert!(!may_be_written_to(&app, workspace));
        for table in personal_data::tables() {
            let rows = app.store.dump(&table.info, None).unwrap();
            assert!(rows.iter().all(|row| !row.to_string().contains(ANNA)), "{} names her", table.info.name);
        }
    }

    #[test]
    fn whoever_was_erased_and_comes_back_in_a_file_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let app = app_on_disk(dir.path(), "data", room());
        let workspace = add_workspace(&app, "Fernhill", "fernhill");
        let message = queue_mail(&app, workspace, ANNA);
        let anna = EmailAddress::parse(ANNA).unwrap();
        messaging::suppress_by_hand(&app, &owner(workspace), &Target::Address(anna), "asked by phone").unwrap();
        erase(&app, &owner(workspace), message.contact).unwrap();

        let file = format!("email,first name\n{ANNA},Anna\n");
        let report = contacts::import_file(&app, &owner(workspace), "leads.csv", file.as_bytes(), &[], false).unwrap();
        assert_eq!(report.added, 1);
        let again = queue_mail(&app, workspace, "somebody@else.example");
        let connection = crate::connections::get(&app.store, workspace, again.connection).unwrap().unwrap();
        let back = contacts::list_newest(&app.store, workspace, None, 9).unwrap().rows;
        let back = back.iter().find(|contact| contact.address().is_some_and(|own| own.display() == ANNA)).unwrap();
        let to = back.address().unwrap();
        for purpose in [Purpose::Outreach, Purpose::Answer, Purpose::Transactional] {
            let new = messaging::NewMessage::new(app.now(), workspace, back.id, purpose, &connection, to);
            let queued = app.store.write(|txn| messaging::enqueue(&app, txn, &new, app.now())).unwrap();
            assert!(matches!(queued.state, Delivery::NotSent { .. }), "{purpose:?}: {:?}", queued.state);
        }
        let entries = messaging::list_suppressions(&app.store, workspace, None, 9).unwrap().rows;
        assert!(entries.iter().all(|entry| matches!(entry.target, Target::Erased(_))), "{entries:?}");
        assert!(entries.iter().all(|entry| entry.contact.is_none() && entry.how == "erased"), "{entries:?}");
        messaging::lift(&app, &owner(workspace), entries[0].id, "She asked us to write again.").unwrap();
        assert!(may_be_written_to(&app, workspace), "a person may decide otherwise, with a reason");
    }

    #[test]
    fn a_list_that_cannot_be_written_erases_nobody_and_one_beside_the_backups_is_made_good() {
        let dir = tempfile::tempdir().unwrap();
        let app = app_on_disk(dir.path(), "data", room());
        let workspace = add_workspace(&app, "Fernhill", "fernhill");
        let message = queue_mail(&app, workspace, ANNA);
        let list = erased::list_in(&app.config.data.dir);
        std::fs::create_dir(&list).unwrap();
        assert!(matches!(erase(&app, &owner(workspace), message.contact), Err(EraseError::List(_))));
        assert!(contacts::get(&app.store, workspace, message.contact).unwrap().is_some(), "nothing half done");
        std::fs::remove_dir(&list).unwrap();

        // The backups' disk is away.
        std::fs::write(dir.path().join("backups"), "").unwrap();
        erase(&app, &owner(workspace), message.contact).unwrap();
        std::fs::remove_file(dir.path().join("backups")).unwrap();
        write_backup(&app, &MASTER, &dir.path().join("backups/launchyard-2026-11-25.backup"), app.now()).unwrap();
        let beside = erased::read(&erased::list_in(&dir.path().join("backups")), &MASTER).unwrap();
        assert_eq!(beside.iter().map(|one| one.contact).collect::<Vec<_>>(), [Some(message.contact)]);
    }

    #[test]
    fn on_a_nearly_full_disk_new_work_is_refused_and_a_person_s_wish_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let free = Arc::new(AtomicU64::new(1 << 40));
        let probe = Arc::clone(&free);
        let app = app_on_disk(dir.path(), "data", Arc::new(move |_| Ok(probe.load(Ordering::SeqCst))));
        let workspace = add_workspace(&app, "Fernhill", "fernhill");
        let owner = owner(workspace);
        let [one, two, three, four] =
            ["a@x.example", "b@x.example", "c@x.example", ANNA].map(|to| queue_mail(&app, workspace, to));
        let link = messaging::mail_links(&app, &one).unwrap().unsubscribe;
        let token = link.rsplit('/').next().unwrap();
        free.store(100 << 20, Ordering::SeqCst);
        // What was sampled half a second ago still counts; a refusal shows that the disk was looked at anew.
        let new_work = || contacts::import_file(&app, &owner, "leads.csv", b"email\nd@x.example\n", &[], false);
        while new_work().is_ok() {
            std::thread::yield_now();
        }

        let opened = messaging::read_token(&app, token).unwrap();
        assert_eq!(messaging::unsubscribe(&app, opened, "one-click").unwrap().as_deref(), Some("a@x.example"));
        messaging::bounced(&app, workspace, two.id, Bounce::Nobody, "5.1.1").unwrap();
        messaging::complained(&app, workspace, three.id, "abuse").unwrap();
        messaging::suppress_by_hand(&app, &owner, &Target::Domain("y.example".into()), "asked by phone").unwrap();
        erase(&app, &owner, four.contact).unwrap();
        assert_eq!(contacts::get(&app.store, workspace, four.contact).unwrap(), None);
        assert_eq!(messaging::list_suppressions(&app.store, workspace, None, 20).unwrap().rows.len(), 5);
        assert!(new_work().is_err());
        free.store(1 << 40, Ordering::SeqCst);
        new_work().unwrap();
    }
}
