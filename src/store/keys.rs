//! The key ring: which data key seals whose records, kept in memory while the server runs.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::engine::StoreError;
use super::envelope::DataKey;
use super::slots::{Purpose, Slot, SlotFile};
use crate::base::{WorkspaceId, INSTANCE};

pub type MasterKey = Zeroizing<[u8; 32]>;

/// Names a secret's own key. The secret itself is sealed with it and stored where the room likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretSlot(pub u32);

pub struct KeyRing {
    slots: SlotFile,
    ring: RwLock<Ring>,
    /// Held while a slot is added or erased, so that two additions never take the same id and a copy is never of
    /// half a change.
    adding: Mutex<()>,
}

#[derive(Default)]
struct Ring {
    by_id: Vec<Slot>,
    newest: HashMap<([u8; 16], u8), u32>,
}

impl Ring {
    fn push(&mut self, slot: Slot) {
        let id = u32::try_from(self.by_id.len()).unwrap_or(u32::MAX);
        if slot.purpose != Purpose::Secret && slot.key.is_some() {
            self.newest.insert((slot.owner, slot.purpose as u8), id);
        }
        self.by_id.push(slot);
    }

    fn key(&self, id: u32) -> Result<&DataKey, StoreError> {
        self.by_id.get(id as usize).and_then(|slot| slot.key.as_ref()).ok_or(StoreError::KeyGone)
    }
}

impl KeyRing {
    /// Opens the ring; on a fresh store makes the instance's own keys. A master key that does not fit is refused.
    pub fn open(path: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        let slots = SlotFile::open(path, master)?;
        let mut ring = Ring::default();
        for slot in slots.read_all()? {
            ring.push(slot);
        }
        let keys = Self { slots, ring: RwLock::new(ring), adding: Mutex::new(()) };
        // Both are there already, but for a first start that was cut off between them.
        keys.add_owner(INSTANCE)?;
        Ok(keys)
    }

    /// Makes the keys of a new workspace. Call before its first record is written; again is harmless.
    pub fn add_owner(&self, owner: WorkspaceId) -> Result<(), StoreError> {
        let _one_at_a_time = self.changing();
        for purpose in [Purpose::Data, Purpose::Index] {
            if self.newest(owner, purpose).is_err() {
                self.add(*owner.as_bytes(), purpose)?;
            }
        }
        Ok(())
    }

    /// Makes a key for one secret of `owner`.
    pub fn add_secret(&self, owner: WorkspaceId) -> Result<SecretSlot, StoreError> {
        let _one_at_a_time = self.changing();
        self.add(*owner.as_bytes(), Purpose::Secret).map(SecretSlot)
    }

    /// Erases one secret's key. What was sealed with it can never be read again, in any backup of the values.
    pub fn shred_secret(&self, secret: SecretSlot) -> Result<(), StoreError> {
        self.shred(secret.0)
    }

    /// Erases all keys of a workspace.
    pub fn shred_owner(&self, owner: WorkspaceId) -> Result<(), StoreError> {
        let ids: Vec<u32> = {
            let ring = self.read();
            let of_owner = |(_, slot): &(usize, &Slot)| slot.owner == *owner.as_bytes() && slot.key.is_some();
            ring.by_id.iter().enumerate().filter(of_owner).filter_map(|(id, _)| u32::try_from(id).ok()).collect()
        };
        ids.into_iter().try_for_each(|id| self.shred(id))
    }

    /// The key that new records of `owner` are sealed with.
    pub(super) fn data_key(&self, owner: WorkspaceId) -> Result<(u32, DataKey), StoreError> {
        let id = self.newest(owner, Purpose::Data)?;
        Ok((id, self.by_id(id)?))
    }

    pub(super) fn by_id(&self, id: u32) -> Result<DataKey, StoreError> {
        self.read().key(id).cloned()
    }

    /// A keyed hash (HMAC-SHA256, first 16 bytes) of a normalised value, for keys and uniqueness.
    pub fn blind(&self, owner: WorkspaceId, field: &str, normalized: &str) -> Result<[u8; 16], StoreError> {
        let hash = self.keyed_hash(owner, field, normalized)?;
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        Ok(short)
    }

    /// A key of its own for a purpose outside the store (cookies, links), always the same for the same words.
    pub fn derive(&self, owner: WorkspaceId, purpose: &str) -> Result<[u8; 32], StoreError> {
        self.keyed_hash(owner, "derived key", purpose)
    }

    fn keyed_hash(&self, owner: WorkspaceId, field: &str, normalized: &str) -> Result<[u8; 32], StoreError> {
        let key = self.by_id(self.newest(owner, Purpose::Index)?)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&*key).map_err(|error| StoreError::Keys(error.to_string()))?;
        mac.update(field.as_bytes());
        mac.update(&[0]);
        mac.update(normalized.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }

    fn newest(&self, owner: WorkspaceId, purpose: Purpose) -> Result<u32, StoreError> {
        self.read().newest.get(&(*owner.as_bytes(), purpose as u8)).copied().ok_or(StoreError::KeyGone)
    }

    /// The whole key file as it is between two changes, for the backup.
    pub(super) fn file_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let _one_at_a_time = self.changing();
        self.slots.bytes()
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.adding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called with `changing` held.
    fn add(&self, owner: [u8; 16], purpose: Purpose) -> Result<u32, StoreError> {
        let id = u32::try_from(self.read().by_id.len()).map_err(|_| StoreError::Keys("too many keys".into()))?;
        let key = DataKey::new(rand::random());
        self.slots.add(id, owner, purpose, &key)?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.push(Slot { owner, purpose, key: Some(key) });
        Ok(id)
    }

    fn shred(&self, id: u32) -> Result<(), StoreError> {
        let _one_at_a_time = self.changing();
        self.slots.shred(id)?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = ring.by_id.get_mut(id as usize) else { return Ok(()) };
        slot.key = None;
        let place = (slot.owner, slot.purpose as u8);
        if ring.newest.get(&place) == Some(&id) {
            ring.newest.remove(&place);
        }
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnixMillis;

    #[test]
    fn keys_survive_a_restart_and_an_erased_one_never_returns() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.slots");
        let master = MasterKey::new([1; 32]);
        let workspace = WorkspaceId::new(UnixMillis(1));
        let (secret, before) = {
            let ring = KeyRing::open(&path, &master).unwrap();
            ring.add_owner(workspace).unwrap();
            let secret = ring.add_secret(workspace).unwrap();
            (secret, ring.by_id(secret.0).unwrap())
        };
        let ring = KeyRing::open(&path, &master).unwrap();
        assert_eq!(*ring.by_id(secret.0).unwrap(), *before);
        ring.shred_secret(secret).unwrap();
        assert_eq!(ring.by_id(secret.0).err(), Some(StoreError::KeyGone));
        drop(ring);
        let file = std::fs::read(&path).unwrap();
        assert!(file[secret.0 as usize * 128 + 32..][..96].iter().all(|byte| *byte == 0), "nothing of the key is left");
        let ring = KeyRing::open(&path, &master).unwrap();
        assert_eq!(ring.by_id(secret.0).err(), Some(StoreError::KeyGone));
        assert!(ring.data_key(workspace).is_ok(), "the workspace's other keys stay");
    }

    #[test]
    fn a_start_that_was_cut_off_while_keys_were_made_goes_on_at_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.slots");
        let master = MasterKey::new([1; 32]);
        drop(KeyRing::open(&path, &master).unwrap());
        let whole = std::fs::read(&path).unwrap();
        let garbled = [&whole[..128], &[0; 128]].concat();
        let cases: [(&str, &[u8]); 4] = [
            ("nothing", &whole[..0]),
            ("one of two", &whole[..128]),
            ("one and a half", &whole[..200]),
            ("room was made, nothing written", &garbled),
        ];
        for (name, bytes) in cases {
            std::fs::write(&path, bytes).unwrap();
            let ring = KeyRing::open(&path, &master).unwrap();
            let hash = ring.blind(INSTANCE, "field", "value").unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(ring.data_key(INSTANCE).is_ok(), "{name}");
            drop(ring);
            let again = KeyRing::open(&path, &master).unwrap();
            assert_eq!(again.blind(INSTANCE, "field", "value").unwrap(), hash, "{name}");
        }
        let mut bent = whole.clone();
        bent[40] ^= 1;
        std::fs::write(&path, bent).unwrap();
        assert!(KeyRing::open(&path, &master).is_err(), "only the last slot can have been cut off");
    }

    #[test]
    fn another_master_key_is_refused_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.slots");
        KeyRing::open(&path, &MasterKey::new([1; 32])).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = KeyRing::open(&path, &MasterKey::new([2; 32])).err().unwrap();
        assert!(error.to_string().contains("another key"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
