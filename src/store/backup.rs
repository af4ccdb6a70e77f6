//! Backups are logical: all rows of all trees, still sealed as they are stored, in one file whose blocks are
//! sealed once more with a key made from the master key. Copying a running engine's folder is not a backup.
//!
//! File: `LYBACKUP1\n`, then blocks `length u32 | nonce 24 | sealed`, each bound to its number. A block's
//! plain content is MessagePack: rows of one tree, and as the last block the count and hash of every tree.
//! `keys.slots` lies beside the backups as a separate file of which only the newest copy is kept, so that a
//! key erased today cannot be brought back by the backup of yesterday. So does the list of erasures (`erased.list`).

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::{Engine, RunError, StoreError};
use super::envelope::DataKey;
use super::erased;
use super::folder::Restored;
use super::keys::MasterKey;
use super::schema::Tree;
use super::unpack;
use super::{DataFolder, OpenError, OpenOptions, Store, SCHEMA};
use crate::base::UnixMillis;

const MAGIC: &[u8] = b"LYBACKUP1\n";
const ROWS_PER_BLOCK: usize = 500;
/// No honest block is larger: rows are at most a few KiB each.
const MAX_BLOCK: usize = 64 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{0} is not a backup of Launchyard")]
    NotABackup(PathBuf),
    #[error("the backup does not open with this master key, or was changed (block {0})")]
    Sealed(u64),
    #[error("the backup ends early: its last block is missing")]
    CutOff,
    #[error("{tree}: the backup holds {found} rows, its own record says {recorded}, or their content differs")]
    Mismatch { tree: String, found: u64, recorded: u64 },
    #[error("the backup was made by a newer version (schema {found}, this program knows {known})")]
    NewerSchema { found: u32, known: u32 },
    #[error("{0} already holds data; restore into an empty folder")]
    NotEmpty(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What a backup holds, as counted while writing or reading it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Summary {
    pub schema: u32,
    pub made_at: UnixMillis,
    pub trees: Vec<TreeSummary>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct TreeSummary {
    pub tree: String,
    pub rows: u64,
    pub sha256: String,
}

impl Summary {
    pub fn rows(&self) -> u64 {
        self.trees.iter().map(|tree| tree.rows).sum()
    }
}

#[derive(Serialize, Deserialize)]
enum Block {
    Rows { tree: String, rows: Vec<(serde_bytes_vec::Bytes, serde_bytes_vec::Bytes)> },
    End(Summary),
}

/// Byte strings as MessagePack binary instead of arrays of numbers.
mod serde_bytes_vec {
    use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

    pub struct Bytes(pub Vec<u8>);

    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl de::Visitor<'_> for Visitor {
                type Value = Bytes;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes")
                }
                fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(bytes.to_vec()))
                }
                fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                    Ok(Bytes(bytes))
                }
            }
            deserializer.deserialize_bytes(Visitor)
        }
    }
}

/// Writes a backup of the running store to `target` (a new file appears whole or not at all) and puts the
/// newest `keys.slots` beside it. The rows are those of one moment; work goes on meanwhile.
pub fn write(store: &Store, master: &MasterKey, target: &Path, now: UnixMillis) -> Result<Summary, BackupError> {
    let part = target.with_extension("part");
    let failed = |source| BackupError::File { path: part.clone(), source };
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
    let mut sealer = Sealer { out: BufWriter::new(file), key: backup_key(master), number: 0 };
    sealer.out.write_all(MAGIC).map_err(failed)?;
    let trees = write_trees(store.engine(), &mut sealer)?.map_err(failed)?;
    let summary = Summary { schema: SCHEMA, made_at: now, trees };
    sealer.block(&Block::End(summary.clone())).map_err(failed)?;
    let file = sealer.out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    copy_keys(store, target)?;
    std::fs::rename(&part, target).map_err(failed)?;
    sync_parent(target).map_err(failed)?;
    Ok(summary)
}

/// Reads the whole backup and checks every seal, count and hash. Writes nothing.
pub fn verify(file: &Path, master: &MasterKey) -> Result<Summary, BackupError> {
    read(file, master, |_, _| Ok(()))
}

/// Fills an empty data folder from a backup. `keys` is the copy of `keys.slots`; by default the one beside the file.
/// The list of erasures beside the file is taken along; the next start carries it out. The folder then says that it was restored (`Store::restored`), so that the next start can hold back what may have
/// left after the backup was made.
pub fn restore(
    file: &Path,
    keys: Option<&Path>,
    options: &OpenOptions,
    master: &MasterKey,
    now: UnixMillis,
) -> Result<Summary, BackupError> {
    if !DataFolder::is_fresh(&options.dir) {
        return Err(BackupError::NotEmpty(options.dir.clone()));
    }
    // Everything is checked before the first byte is written.
    verify(file, master)?;
    let beside = keys_beside(file);
    let keys = keys.unwrap_or(&beside);
    let erasures = erased::read(&erased_beside(file), master)?;
    let target = options.dir.join("keys.slots");
    std::fs::create_dir_all(&options.dir)
        .and_then(|()| std::fs::copy(keys, &target).map(|_| ()))
        .map_err(|source| BackupError::File { path: keys.to_owned(), source })?;
    erased::add(&erased::list_in(&options.dir), master, &erasures)?;
    let filled = fill(file, options, master, now);
    if filled.is_err() {
        // A half-filled folder would look like a store; the backup itself is untouched.
        let _ = std::fs::remove_file(&target);
        let _ = std::fs::remove_dir_all(options.dir.join("store"));
    }
    filled
}

fn fill(file: &Path, options: &OpenOptions, master: &MasterKey, now: UnixMillis) -> Result<Summary, BackupError> {
    let folder = DataFolder::open(options, master)?;
    // A program stopped in the middle must not leave what looks like a store.
    folder.store.set_restored(Some(Restored::Begun))?;
    let summary = read(file, master, |tree, rows| {
        let put = |tx: &mut dyn super::engine::Tx| {
            rows.iter()
                .try_for_each(|(key, value)| tx.put(tree, &key.0, &value.0))
                .map_err(super::engine::TxError::Storage)
        };
        let mut put = put;
        folder.store.engine().run(&mut put).map_err(|error| match error {
            RunError::Storage(error) => BackupError::Store(error),
            RunError::Aborted => BackupError::Store(StoreError::Engine("the block was refused".into())),
        })
    })?;
    folder.store.set_restored(Some(Restored::Whole { at: now, of: summary.made_at }))?;
    folder.store.close()?;
    Ok(summary)
}

/// Where `keys.slots` of a backup lies.
pub fn keys_beside(file: &Path) -> PathBuf {
    file.with_file_name("keys.slots.backup")
}

/// Where the list of erasures of a backup lies.
pub fn erased_beside(file: &Path) -> PathBuf {
    erased::list_in(file.parent().unwrap_or(Path::new("")))
}

/// All rows as they stood at one moment: an index row without its record, or a job without its due time, would
/// come to light only after a restore.
fn write_trees(
    engine: &dyn Engine,
    sealer: &mut Sealer<BufWriter<File>>,
) -> Result<io::Result<Vec<TreeSummary>>, StoreError> {
    let mut found: Vec<(u64, Sha256)> = Tree::ALL.iter().map(|_| (0, Sha256::new())).collect();
    let mut written = Ok(());
    let read = engine.snapshot(&mut |tree, rows| {
        let (count, hash) = &mut found[tree as usize];
        for rows in rows.chunks(ROWS_PER_BLOCK) {
            *count += rows.len() as u64;
            rows.iter().for_each(|(key, value)| hash_row(hash, key, value));
            let bytes = |bytes: &Vec<u8>| serde_bytes_vec::Bytes(bytes.clone());
            let rows = rows.iter().map(|(key, value)| (bytes(key), bytes(value))).collect();
            written = sealer.block(&Block::Rows { tree: tree.name().into(), rows });
            if written.is_err() {
                return Err(StoreError::Engine("the backup could not be written".into()));
            }
        }
        Ok(())
    });
    if let Err(error) = written {
        return Ok(Err(error));
    }
    read?;
    let trees = Tree::ALL.iter().zip(found);
    Ok(Ok(trees
        .map(|(tree, (rows, hash))| TreeSummary { tree: tree.name().into(), rows, sha256: hex(hash) })
        .collect()))
}

type Rows<'a> = &'a [(serde_bytes_vec::Bytes, serde_bytes_vec::Bytes)];

fn read(
    path: &Path,
    master: &MasterKey,
    mut visit: impl FnMut(Tree, Rows<'_>) -> Result<(), BackupError>,
) -> Result<Summary, BackupError> {
    let failed = |source| BackupError::File { path: path.to_owned(), source };
    let mut input = BufReader::new(File::open(path).map_err(failed)?);
    let mut magic = [0; MAGIC.len()];
    if input.read_exact(&mut magic).is_err() || magic != MAGIC {
        return Err(BackupError::NotABackup(path.to_owned()));
    }
    let key = backup_key(master);
    let mut found: Vec<(Tree, u64, Sha256)> = Tree::ALL.iter().map(|tree| (*tree, 0, Sha256::new())).collect();
    for number in 0.. {
        match read_block(&mut input, &key, number, path)? {
            Block::Rows { tree, rows } => {
                let tree = Tree::parse(&tree).ok_or(BackupError::Sealed(number))?;
                let (_, count, hash) = &mut found[tree as usize];
                *count += rows.len() as u64;
                rows.iter().for_each(|(key, value)| hash_row(hash, &key.0, &value.0));
                visit(tree, &rows)?;
            }
            Block::End(summary) => return check(summary, found),
        }
    }
    Err(BackupError::CutOff)
}

fn check(summary: Summary, found: Vec<(Tree, u64, Sha256)>) -> Result<Summary, BackupError> {
    if summary.schema > SCHEMA {
        return Err(BackupError::NewerSchema { found: summary.schema, known: SCHEMA });
    }
    for (tree, count, hash) in found {
        let recorded = summary.trees.iter().find(|recorded| recorded.tree == tree.name());
        let rows = recorded.map_or(0, |recorded| recorded.rows);
        let same = recorded.map_or(count == 0, |recorded| recorded.rows == count && recorded.sha256 == hex(hash));
        if !same {
            return Err(BackupError::Mismatch { tree: tree.name().into(), found: count, recorded: rows });
        }
    }
    Ok(summary)
}

struct Sealer<W> {
    out: W,
    key: DataKey,
    number: u64,
}

impl<W: Write> Sealer<W> {
    fn block(&mut self, block: &Block) -> io::Result<()> {
        let plain = rmp_serde::to_vec_named(block).map_err(io::Error::other)?;
        let nonce: [u8; 24] = rand::random();
        let aad = self.number.to_be_bytes();
        let sealed = XChaCha20Poly1305::new((&*self.key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: &aad })
            .map_err(|_| io::Error::other("a block could not be sealed"))?;
        self.number += 1;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&nonce)?;
        self.out.write_all(&sealed)
    }
}

fn read_block(input: &mut impl Read, key: &DataKey, number: u64, path: &Path) -> Result<Block, BackupError> {
    let mut head = [0; 28];
    input.read_exact(&mut head).map_err(|_| BackupError::CutOff)?;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let mut nonce = [0; 24];
    nonce.copy_from_slice(&head[4..]);
    if length > MAX_BLOCK {
        return Err(BackupError::NotABackup(path.to_owned()));
    }
    let mut sealed = vec![0; length];
    input.read_exact(&mut sealed).map_err(|_| BackupError::CutOff)?;
    let plain = XChaCha20Poly1305::new((&**key).into())
        .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: &number.to_be_bytes() })
        .map_err(|_| BackupError::Sealed(number))?;
    unpack::from_slice(&plain).map_err(|_| BackupError::Sealed(number))
}

fn backup_key(master: &MasterKey) -> DataKey {
    key_for(master, b"launchyard backup 1")
}

/// The master key's own key for what lies outside the store.
pub(super) fn key_for(master: &MasterKey, purpose: &[u8]) -> DataKey {
    // HMAC takes a key of any length; 32 bytes cannot fail.
    let mut key = DataKey::new([0; 32]);
    if let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&**master) {
        mac.update(purpose);
        key.copy_from_slice(&mac.finalize().into_bytes());
    }
    key
}

fn hash_row(hash: &mut Sha256, key: &[u8], value: &[u8]) {
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update((value.len() as u64).to_be_bytes());
    hash.update(value);
}

fn hex(hash: Sha256) -> String {
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

fn copy_keys(store: &Store, target: &Path) -> Result<(), BackupError> {
    let copy = keys_beside(target);
    let part = copy.with_extension("part");
    let failed = |source| BackupError::File { path: copy.clone(), source };
    let bytes = store.keys().file_bytes()?;
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&part, &copy).map_err(failed)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{WorkspaceId, INSTANCE};
    use crate::store::{Holds, Key, Retention, Table};

    const NAMES: Table<String> =
        Table::sealed(0x7001, "names", Tree::Contacts, Holds::Contact, Retention::Account, "For this test.");

    #[test]
    fn a_backup_brings_everything_back_into_an_empty_folder() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::new([5; 32]);
        let options = OpenOptions::at(&dir.path().join("data"));
        let folder = DataFolder::open(&options, &master).unwrap();
        let workspace = WorkspaceId::new(UnixMillis(1));
        folder.store.keys().add_owner(workspace).unwrap();
        let long = "Ada ".repeat(5000);
        let key = |n: u32| Key::of(&NAMES, workspace).u32(n);
        for n in 0..1200 {
            folder.store.write(|txn| txn.put(&NAMES, &key(n), &format!("{long}{n}"))).unwrap();
            if n == 3 {
                break;
            }
        }
        let file = dir.path().join("backups-1.lyb");
        let written = write(&folder.store, &master, &file, UnixMillis(9)).unwrap();
        assert_eq!(verify(&file, &master).unwrap(), written);

        let refused = restore(&file, None, &options, &master, UnixMillis(20));
        assert!(matches!(refused, Err(BackupError::NotEmpty(_))), "never over living data");

        let elsewhere = OpenOptions::at(&dir.path().join("restored"));
        assert_eq!(restore(&file, None, &elsewhere, &master, UnixMillis(20)).unwrap(), written);
        let folder = DataFolder::open(&elsewhere, &master).unwrap();
        assert_eq!(folder.store.get(&NAMES, &key(2)).unwrap(), Some(format!("{long}2")));
        assert!(folder.store.keys().blind(INSTANCE, "a", "b").is_ok());
        let restored = Some(Restored::Whole { at: UnixMillis(20), of: UnixMillis(9) });
        assert_eq!(folder.store.restored().unwrap(), restored);
    }

    #[test]
    fn a_restore_that_was_cut_off_is_not_taken_for_a_store() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::new([5; 32]);
        let options = OpenOptions::at(&dir.path().join("data"));
        let folder = DataFolder::open(&options, &master).unwrap();
        folder.store.set_restored(Some(Restored::Begun)).unwrap();
        drop(folder);
        let refused = DataFolder::open(&options, &master).err().unwrap();
        assert!(matches!(refused, OpenError::HalfRestored(_)), "{refused}");
    }

    const PAIRS: Table<u64> =
        Table::sealed(0x7002, "pairs", Tree::Jobs, Holds::Nothing, Retention::Account, "For this test.");
    const LATE_PAIRS: Table<u64> =
        Table::sealed(0x7003, "late_pairs", Tree::Audit, Holds::Nothing, Retention::Account, "For this test.");

    #[test]
    fn a_backup_made_while_others_write_is_of_one_moment() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::new([5; 32]);
        let options = OpenOptions::at(&dir.path().join("data"));
        let folder = DataFolder::open(&options, &master).unwrap();
        let store = &folder.store;
        let early = |n: u32| Key::of(&PAIRS, INSTANCE).u32(n);
        let late = |n: u32| Key::of(&LATE_PAIRS, INSTANCE).u32(n);
        let set = |n: u32, round: u64| {
            store.write::<_, StoreError>(|txn| {
                // Now and then the pair is gone from both trees.
                if round % 5 == 3 {
                    txn.remove(&PAIRS, &early(n))?;
                    return txn.remove(&LATE_PAIRS, &late(n));
                }
                txn.put(&PAIRS, &early(n), &round)?;
                txn.put(&LATE_PAIRS, &late(n), &round)
            })
        };
        (0..1500).step_by(2).for_each(|n| set(n, 0).unwrap());
        let stop = std::sync::atomic::AtomicBool::new(false);
        let files: Vec<PathBuf> = (0..3).map(|n| dir.path().join(format!("{n}.lyb"))).collect();
        std::thread::scope(|scope| {
            let stop = &stop;
            for writer in 0..4_u32 {
                scope.spawn(move || {
                    for round in 1_u32.. {
                        if stop.load(std::sync::atomic::Ordering::SeqCst) {
                            return;
                        }
                        set((round * 37 + writer * 379) % 1500, u64::from(round)).unwrap();
                    }
                });
            }
            for file in &files {
                write(store, &master, file, UnixMillis(9)).unwrap();
            }
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        for (number, file) in files.iter().enumerate() {
            let restored = OpenOptions::at(&dir.path().join(format!("restored-{number}")));
            restore(file, None, &restored, &master, UnixMillis(20)).unwrap();
            let folder = DataFolder::open(&restored, &master).unwrap();
            let mut pairs = 0;
            for n in 0..1500 {
                let both =
                    (folder.store.get(&PAIRS, &early(n)).unwrap(), folder.store.get(&LATE_PAIRS, &late(n)).unwrap());
                assert_eq!(both.0, both.1, "backup {number}, pair {n}");
                pairs += u32::from(both.0.is_some());
            }
            assert!(pairs > 100, "{pairs}");
        }
    }

    #[test]
    fn a_changed_or_cut_backup_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::new([5; 32]);
        let options = OpenOptions::at(&dir.path().join("data"));
        let folder = DataFolder::open(&options, &master).unwrap();
        let file = dir.path().join("b.lyb");
        write(&folder.store, &master, &file, UnixMillis(9)).unwrap();
        let good = std::fs::read(&file).unwrap();
        let restored = OpenOptions::at(&dir.path().join("restored"));
        let cases = [
            ("cut off", good[..good.len() - 1].to_vec()),
            ("one bit", {
                let mut bent = good.clone();
                let at = bent.len() - 30;
                bent[at] ^= 1;
                bent
            }),
            ("not a backup", b"hello".to_vec()),
        ];
        for (name, bytes) in cases {
            std::fs::write(&file, bytes).unwrap();
            assert!(restore(&file, None, &restored, &master, UnixMillis(20)).is_err(), "{name}");
            assert!(!restored.dir.exists(), "{name}: nothing half done");
        }
        std::fs::write(&file, good).unwrap();
        assert!(matches!(verify(&file, &MasterKey::new([6; 32])), Err(BackupError::Sealed(0))));
    }
}
