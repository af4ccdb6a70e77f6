//! The list of erasures, kept outside the store and its backups: a restore brings back whoever was erased after the
//! backup was made, so what this list names is erased again.
//!
//! File: `LYERASED1\n`, then records `length u32 | nonce 24 | sealed`, each sealed with a key made from the master key.
//! A record holds random ids and keyed hashes. It lies in the data folder and, like `keys.slots`, beside the backups.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use super::backup::{key_for, BackupError};
use super::envelope::DataKey;
use super::keys::MasterKey;
use super::unpack;
use crate::base::{ContactId, UnixMillis, WorkspaceId};

const MAGIC: &[u8] = b"LYERASED1\n";
/// Length and nonce of a record.
const HEAD: usize = 28;

/// One person who was erased, or a whole workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Erased {
    pub workspace: WorkspaceId,
    /// Absent: the workspace was closed, with everybody in it.
    pub contact: Option<ContactId>,
    /// Keyed hashes of the addresses, by which they are kept from being written to.
    pub addresses: Vec<[u8; 16]>,
    pub at: UnixMillis,
}

/// Where the list lies in a folder.
pub fn list_in(dir: &Path) -> PathBuf {
    dir.join("erased.list")
}

/// Everybody on the list, in the order of their erasure. A list that is not there is empty; a last record that a crash
/// cut off was never confirmed to anybody and does not count.
pub fn read(list: &Path, master: &MasterKey) -> Result<Vec<Erased>, BackupError> {
    let bytes = match std::fs::read(list) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(BackupError::File { path: list.to_owned(), source }),
    };
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(|| BackupError::NotABackup(list.to_owned()))?;
    let key = list_key(master);
    let mut found = Vec::new();
    while let Some(length) = whole_record(rest) {
        let (record, behind) = rest.split_at(length);
        found.push(open(&key, record).ok_or(BackupError::Sealed(found.len() as u64))?);
        rest = behind;
    }
    Ok(found)
}

/// Adds those who are not on the list yet, durably.
pub fn add(list: &Path, master: &MasterKey, new: &[Erased]) -> Result<(), BackupError> {
    let known: HashSet<Erased> = read(list, master)?.into_iter().collect();
    let failed = |source| BackupError::File { path: list.to_owned(), source };
    let key = list_key(master);
    let records = new.iter().filter(|one| !known.contains(one)).map(|one| seal(&key, one));
    let records = records.collect::<io::Result<Vec<_>>>().map_err(failed)?.concat();
    if !records.is_empty() {
        append(list, &records).map_err(failed)?;
    }
    Ok(())
}

/// Makes each list hold what the other holds too.
pub fn merge(one: &Path, other: &Path, master: &MasterKey) -> Result<(), BackupError> {
    add(other, master, &read(one, master)?)?;
    add(one, master, &read(other, master)?)
}

/// Writes behind the last whole record.
fn append(list: &Path, records: &[u8]) -> io::Result<()> {
    let mut file = File::options().create(true).truncate(false).read(true).write(true).mode(0o600).open(list)?;
    let bytes = std::fs::read(list)?;
    let end = end_of_whole(&bytes);
    file.set_len(end as u64)?;
    file.seek(SeekFrom::Start(end as u64))?;
    if end == 0 {
        file.write_all(MAGIC)?;
    }
    file.write_all(records)?;
    file.sync_all()?;
    match list.parent() {
        Some(dir) if end == 0 => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

fn end_of_whole(bytes: &[u8]) -> usize {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return 0 };
    while let Some(length) = whole_record(rest) {
        rest = &rest[length..];
    }
    bytes.len() - rest.len()
}

/// The length of the first record, if all of it is there.
fn whole_record(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let all = HEAD.checked_add(length)?;
    (bytes.len() >= all).then_some(all)
}

fn seal(key: &DataKey, one: &Erased) -> io::Result<Vec<u8>> {
    let plain = rmp_serde::to_vec_named(one).map_err(io::Error::other)?;
    let nonce: [u8; 24] = rand::random();
    let sealed = XChaCha20Poly1305::new((&**key).into())
        .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: MAGIC })
        .map_err(|_| io::Error::other("a record could not be sealed"))?;
    let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
    Ok([&length.to_be_bytes()[..], &nonce, &sealed].concat())
}

fn open(key: &DataKey, record: &[u8]) -> Option<Erased> {
    let nonce: [u8; 24] = record.get(4..HEAD)?.try_into().ok()?;
    let plain = XChaCha20Poly1305::new((&**key).into())
        .decrypt(&XNonce::from(nonce), Payload { msg: record.get(HEAD..)?, aad: MAGIC })
        .ok()?;
    unpack::from_slice(&plain).ok()
}

fn list_key(master: &MasterKey) -> DataKey {
    key_for(master, b"launchyard erased 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody(at: i64) -> Erased {
        let at = UnixMillis(at);
        Erased { workspace: WorkspaceId::new(at), contact: Some(ContactId::new(at)), addresses: vec![[7; 16]], at }
    }

    #[test]
    fn the_list_outlives_a_cut_and_two_lists_become_one() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::new([5; 32]);
        let (list, beside) = (list_in(dir.path()), dir.path().join("beside.list"));
        let (ada, bob, cleo) = (somebody(1), somebody(2), somebody(3));
        assert_eq!(read(&list, &master).unwrap(), [], "no list is an empty list");
        add(&list, &master, std::slice::from_ref(&ada)).unwrap();
        add(&list, &master, &[ada.clone(), bob.clone()]).unwrap();
        assert_eq!(read(&list, &master).unwrap(), [ada.clone(), bob.clone()]);

        // A crash in the middle of the next record.
        let whole = std::fs::read(&list).unwrap();
        std::fs::write(&list, [&whole[..], &[0, 0, 1, 0, 9, 9]].concat()).unwrap();
        assert_eq!(read(&list, &master).unwrap(), [ada.clone(), bob.clone()]);
        add(&list, &master, std::slice::from_ref(&cleo)).unwrap();
        assert_eq!(read(&list, &master).unwrap(), [ada.clone(), bob, cleo.clone()]);

        add(&beside, &master, &[somebody(9)]).unwrap();
        merge(&list, &beside, &master).unwrap();
        assert_eq!(read(&list, &master).unwrap().len(), 4);
        assert_eq!(read(&beside, &master).unwrap().len(), 4);
        assert!(read(&list, &MasterKey::new([6; 32])).is_err(), "sealed");
        let bytes = std::fs::read(&list).unwrap();
        let id = ada.contact.unwrap();
        assert!(!bytes.windows(16).any(|part| part == id.as_bytes()), "no id stands there in clear");
    }

    #[test]
    fn a_list_written_before_whole_workspaces_stood_on_it_is_read() {
        #[derive(Serialize)]
        struct Before {
            workspace: WorkspaceId,
            contact: ContactId,
            addresses: Vec<[u8; 16]>,
            at: UnixMillis,
        }
        let ada = somebody(1);
        let before = Before {
            workspace: ada.workspace,
            contact: ada.contact.unwrap(),
            addresses: ada.addresses.clone(),
            at: ada.at,
        };
        let bytes = rmp_serde::to_vec_named(&before).unwrap();
        assert_eq!(rmp_serde::from_slice::<Erased>(&bytes).unwrap(), ada);
        let whole = Erased { contact: None, ..ada };
        let bytes = rmp_serde::to_vec_named(&whole).unwrap();
        assert_eq!(rmp_serde::from_slice::<Erased>(&bytes).unwrap(), whole);
    }
}
