//! The sealed form of every value: XChaCha20-Poly1305 with a random nonce.
//!
//! `01 | key id u32 BE | nonce 24 | ciphertext | tag 16` (45 bytes more than the plain value). Associated
//! data: `01 | key id | len(tree) u8 | tree | key`, so that a value moved to another place, or under
//! another key id, does not open.

use zeroize::Zeroizing;

use super::engine::StoreError;
use super::schema::Tree;
use super::xchacha::{self, NONCE, TAG};

const VERSION: u8 = 1;
const HEADER: usize = 5;
/// Where the sealed bytes begin.
const BODY: usize = HEADER + NONCE;
/// Bytes that sealing adds.
pub const OVERHEAD: usize = BODY + TAG;

pub type DataKey = Zeroizing<[u8; 32]>;

fn associated(key_id: u32, tree: Tree, key: &[u8]) -> Vec<u8> {
    let name = tree.name().as_bytes();
    let mut aad = Vec::with_capacity(HEADER + 1 + name.len() + key.len());
    aad.push(VERSION);
    aad.extend_from_slice(&key_id.to_be_bytes());
    // Tree names are short literals of ours (see schema.rs).
    aad.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    aad.extend_from_slice(name);
    aad.extend_from_slice(key);
    aad
}

pub fn seal(data_key: &DataKey, key_id: u32, tree: Tree, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE] = rand::random();
    let aad = associated(key_id, tree, key);
    let mut out = Vec::with_capacity(plain.len() + OVERHEAD);
    out.push(VERSION);
    out.extend_from_slice(&key_id.to_be_bytes());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = xchacha::seal(data_key, &nonce, &aad, &mut out[BODY..])
        .map_err(|_| StoreError::Engine("a value could not be sealed".into()))?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// The key id that a sealed value names.
pub fn key_id(tree: Tree, sealed: &[u8]) -> Result<u32, StoreError> {
    match sealed {
        [VERSION, a, b, c, d, ..] if sealed.len() >= OVERHEAD => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(StoreError::Corrupt { tree: tree.name(), detail: "not a sealed value".into() }),
    }
}

pub fn open(data_key: &DataKey, tree: Tree, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let id = key_id(tree, sealed)?;
    let corrupt = || StoreError::Corrupt { tree: tree.name(), detail: "the seal is broken".into() };
    let nonce = sealed[HEADER..BODY].try_into().map_err(|_| corrupt())?;
    xchacha::open(data_key, nonce, &associated(id, tree, key), &sealed[BODY..]).map_err(|_| corrupt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let data_key = DataKey::new([7; 32]);
        let sealed = seal(&data_key, 3, Tree::Contacts, b"k1", b"Ada").unwrap();
        assert_eq!(sealed.len(), 3 + OVERHEAD);
        assert_eq!(open(&data_key, Tree::Contacts, b"k1", &sealed).unwrap(), b"Ada");
        assert!(open(&data_key, Tree::Contacts, b"k2", &sealed).is_err(), "another key");
        assert!(open(&data_key, Tree::Messages, b"k1", &sealed).is_err(), "another tree");
        assert!(open(&DataKey::new([8; 32]), Tree::Contacts, b"k1", &sealed).is_err(), "another data key");
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(open(&data_key, Tree::Contacts, b"k1", &bent).is_err(), "byte {at} flipped");
        }
        assert!(open(&data_key, Tree::Contacts, b"k1", &sealed[..20]).is_err(), "cut off");
    }
}
