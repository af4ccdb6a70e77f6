//! Commands that root runs on the data folder of the service's user leave that user's files theirs: a file of root in
//! it would keep the server from starting.

use std::io;
use std::os::unix::fs::{lchown, MetadataExt};
use std::path::{Path, PathBuf};

/// While this lives, root may make files in the folder; when it is dropped they are given to the folder's owner.
pub struct OwnerKept {
    folder: PathBuf,
    owner: Option<(u32, u32)>,
}

impl OwnerKept {
    pub fn of(folder: &Path) -> Self {
        let owner = folder.metadata().ok().map(|found| (found.uid(), found.gid()));
        let is_root = rustix::process::geteuid().is_root();
        Self { folder: folder.to_owned(), owner: owner.filter(|(uid, _)| is_root && *uid != 0) }
    }
}

impl Drop for OwnerKept {
    fn drop(&mut self) {
        let Some((uid, gid)) = self.owner else { return };
        if let Err(error) = give(&self.folder, uid, gid) {
            let folder = self.folder.display();
            super::output::note(&format!(
                "Files in {folder} belong to root now ({error}); before the next start: chown -R {uid}:{gid} {folder}"
            ));
        }
    }
}

/// Gives what root owns in `folder` to `uid` and `gid`. Links are given, not followed.
fn give(folder: &Path, uid: u32, gid: u32) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        if found.uid() == 0 {
            lchown(entry.path(), Some(uid), Some(gid))?;
        }
        if found.is_dir() {
            give(&entry.path(), uid, gid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs as root only: nobody else can give files away.
    #[test]
    fn what_root_makes_in_a_users_folder_becomes_the_users() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        lchown(folder.path(), Some(4711), Some(4712)).unwrap();
        let kept = OwnerKept::of(folder.path());
        std::fs::create_dir(folder.path().join("store")).unwrap();
        std::fs::write(folder.path().join("store/db"), "x").unwrap();
        drop(kept);
        for path in ["store", "store/db"] {
            let found = folder.path().join(path).metadata().unwrap();
            assert_eq!((found.uid(), found.gid()), (4711, 4712), "{path}");
        }
    }

    #[test]
    fn a_folder_of_ones_own_stays_relocated() {
        let folder = tempfile::tempdir().unwrap();
        assert!(OwnerKept::of(folder.path()).owner.is_none());
    }
}
