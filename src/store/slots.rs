//! `keys.slots`: wrapped keys in fixed-size records outside the engine, because a record deleted in the
//! engine stays in its files for a long time, and a key that can be read later was never erased.
//! A slot is overwritten in place and synced; slots are never used again, so a key id stays unique for good.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::engine::StoreError;
use super::envelope::DataKey;

/// Bytes per slot: header 32, nonce 24, wrapped key 48, zeros to 128.
pub const SLOT_BYTES: usize = 128;
const HEADER: usize = 32;
const WRAPPED: usize = 48;
const LIVE: u8 = 1;
const SHREDDED: u8 = 0xFF;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// Seals records of the owner (a workspace, or the instance).
    Data = 1,
    /// Makes keyed hashes of the owner's search and uniqueness values.
    Index = 2,
    /// Seals one secret that must be erasable by itself: a token, an API secret, a TOTP seed.
    Secret = 3,
}

impl Purpose {
    fn parse(byte: u8) -> Option<Self> {
        [Purpose::Data, Purpose::Index, Purpose::Secret].into_iter().find(|purpose| *purpose as u8 == byte)
    }
}

/// A slot's content: whose key, for what, and the key itself unless it was erased.
#[derive(Clone)]
pub struct Slot {
    pub owner: [u8; 16],
    pub purpose: Purpose,
    pub key: Option<DataKey>,
}

pub struct SlotFile {
    file: File,
    master: Zeroizing<[u8; 32]>,
}

impl SlotFile {
    /// Opens or makes the file (mode 0600).
    pub fn open(path: &Path, master: &Zeroizing<[u8; 32]>) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| StoreError::Keys(format!("{}: {error}", path.display())))?;
        Ok(Self { file, master: master.clone() })
    }

    /// All slots in order; the index is the key id. Fails when a live key does not unwrap: wrong master key.
    pub fn read_all(&self) -> Result<Vec<Slot>, StoreError> {
        let length = self.file.metadata().map_err(io_error)?.len();
        // A torn last record was never acknowledged.
        let count = u32::try_from(length / SLOT_BYTES as u64).map_err(|_| StoreError::Keys("too many slots".into()))?;
        let mut slots = Vec::new();
        for id in 0..count {
            match self.read(id) {
                Ok(slot) => slots.push(slot),
                // A power cut may leave room without content at the end. It was never acknowledged; its id is not
                // used again. With any other slot readable, the master key is the right one.
                Err(error) if id > 0 && id + 1 == count => {
                    tracing::error!(%error, "the last key was not written whole before a power cut; it is left out");
                    slots.push(self.close(id)?);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(slots)
    }

    /// Marks a slot that holds nothing as erased, so that the next start does not stumble over it.
    fn close(&self, id: u32) -> Result<Slot, StoreError> {
        let slot = Slot { owner: [0xFF; 16], purpose: Purpose::Secret, key: None };
        let mut record = [0_u8; SLOT_BYTES];
        (record[0], record[1]) = (SHREDDED, slot.purpose as u8);
        record[4..8].copy_from_slice(&id.to_be_bytes());
        record[8..24].copy_from_slice(&slot.owner);
        self.write(id, &record)?;
        Ok(slot)
    }

    /// The file as it is.
    pub fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let length = self.file.metadata().map_err(io_error)?.len();
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| StoreError::Keys("too large".into()))?];
        self.file.read_exact_at(&mut bytes, 0).map_err(io_error)?;
        Ok(bytes)
    }

    /// Writes a new key into the next slot, durably, and returns its id.
    pub fn add(&self, id: u32, owner: [u8; 16], purpose: Purpose, key: &DataKey) -> Result<(), StoreError> {
        let mut record = [0_u8; SLOT_BYTES];
        record[0] = LIVE;
        record[1] = purpose as u8;
        record[4..8].copy_from_slice(&id.to_be_bytes());
        record[8..24].copy_from_slice(&owner);
        let nonce: [u8; 24] = rand::random();
        let cipher = XChaCha20Poly1305::new((&*self.master).into());
        let wrapped = cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: &**key, aad: &record[..HEADER] })
            .map_err(|_| StoreError::Keys("a key could not be wrapped".into()))?;
        record[HEADER..HEADER + 24].copy_from_slice(&nonce);
        record[HEADER + 24..HEADER + 24 + WRAPPED].copy_from_slice(&wrapped);
        self.write(id, &record)
    }

    /// Overwrites the key in place. Returns only when the old bytes are gone from the file.
    pub fn shred(&self, id: u32) -> Result<(), StoreError> {
        let mut record = [0_u8; SLOT_BYTES];
        self.file.read_exact_at(&mut record, offset(id)).map_err(io_error)?;
        record[0] = SHREDDED;
        record[HEADER..].fill(0);
        self.write(id, &record)
    }

    fn read(&self, id: u32) -> Result<Slot, StoreError> {
        let mut record = [0_u8; SLOT_BYTES];
        self.file.read_exact_at(&mut record, offset(id)).map_err(io_error)?;
        let bad = |what: &str| StoreError::Keys(format!("slot {id} {what}"));
        let purpose = Purpose::parse(record[1]).ok_or_else(|| bad("is damaged"))?;
        let owner: [u8; 16] = record[8..24].try_into().map_err(|_| bad("is damaged"))?;
        if record[0] == SHREDDED {
            return Ok(Slot { owner, purpose, key: None });
        }
        let nonce: [u8; 24] = record[HEADER..HEADER + 24].try_into().map_err(|_| bad("is damaged"))?;
        let cipher = XChaCha20Poly1305::new((&*self.master).into());
        let wrapped = &record[HEADER + 24..HEADER + 24 + WRAPPED];
        let plain = cipher
            .decrypt(&XNonce::from(nonce), Payload { msg: wrapped, aad: &record[..HEADER] })
            .map(Zeroizing::new)
            .map_err(|_| bad("does not open with this master key: it is another key, or the file is damaged"))?;
        let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| bad("holds no key"))?;
        Ok(Slot { owner, purpose, key: Some(DataKey::new(key)) })
    }

    fn write(&self, id: u32, record: &[u8; SLOT_BYTES]) -> Result<(), StoreError> {
        self.file.write_all_at(record, offset(id)).map_err(io_error)?;
        self.file.sync_all().map_err(io_error)
    }
}

fn offset(id: u32) -> u64 {
    u64::from(id) * SLOT_BYTES as u64
}

fn io_error(error: io::Error) -> StoreError {
    StoreError::Keys(error.to_string())
}
