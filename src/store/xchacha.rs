//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): HChaCha20 makes a key of the first 16 bytes of the nonce; under it
//! ChaCha20-Poly1305 (RFC 8439) takes the other eight.
//!
//! The latter is ring's assembly. Each row that is read is opened, and what is generic is compiled for size with our own
//! code, where it takes five times as long.

use chacha20::{hchacha, R20};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, CHACHA20_POLY1305, NONCE_LEN};
use zeroize::Zeroizing;

pub const NONCE: usize = 24;
pub const TAG: usize = 16;

/// The seal is broken, or there are too many bytes for one.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken;

/// Seals the bytes where they stand; the tag belongs behind them.
pub fn seal(key: &[u8; 32], nonce: &[u8; NONCE], aad: &[u8], bytes: &mut [u8]) -> Result<[u8; TAG], Broken> {
    let (key, nonce) = derived(key, nonce)?;
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), bytes).map_err(|_| Broken)?;
    tag.as_ref().try_into().map_err(|_| Broken)
}

/// Opens bytes with the tag behind them.
pub fn open(key: &[u8; 32], nonce: &[u8; NONCE], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Broken> {
    let (key, nonce) = derived(key, nonce)?;
    let mut bytes = sealed.to_vec();
    let length = key.open_in_place(nonce, Aad::from(aad), &mut bytes).map_err(|_| Broken)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

fn derived(key: &[u8; 32], nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Broken> {
    let (first, last) = nonce.split_at(16);
    let first: [u8; 16] = first.try_into().map_err(|_| Broken)?;
    let derived = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>(&(*key).into(), &first.into())));
    let mut rest = [0; NONCE_LEN];
    rest[4..].copy_from_slice(last);
    let key = UnboundKey::new(&CHACHA20_POLY1305, &*derived).map_err(|_| Broken)?;
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(rest)))
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    use chacha20poly1305::{XChaCha20Poly1305, XNonce};

    use super::*;

    fn sealed(key: &[u8; 32], nonce: &[u8; NONCE], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut bytes = plain.to_vec();
        let tag = seal(key, nonce, aad, &mut bytes).unwrap();
        bytes.extend(tag);
        bytes
    }

    #[test]
    fn it_seals_and_opens_exactly_as_another_implementation() {
        for length in (0..300).chain([1_000, 4_096, 70_000]) {
            let plain: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0] ^ 0x5a).collect();
            let (key, nonce): ([u8; 32], [u8; NONCE]) = rand::random();
            let aad = &plain[..plain.len().min(60)];
            let other = XChaCha20Poly1305::new((&key).into());
            let theirs = other.encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad }).unwrap();
            assert_eq!(sealed(&key, &nonce, aad, &plain), theirs, "{length} bytes");
            assert_eq!(open(&key, &nonce, aad, &theirs), Ok(plain.clone()), "{length} bytes");
        }
    }

    #[test]
    fn the_vector_of_the_draft_comes_out() {
        let hex = |digits: &str| data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap();
        let key: [u8; 32] = std::array::from_fn(|at| 0x80 + at as u8);
        let nonce: [u8; NONCE] = std::array::from_fn(|at| 0x40 + at as u8);
        let plain = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                     sunscreen would be it.";
        let bytes = sealed(&key, &nonce, &hex("50515253c0c1c2c3c4c5c6c7"), plain.as_bytes());
        assert_eq!(&bytes[..16], hex("bd6d179d3e83d43b9576579493c0e939"));
        assert_eq!(&bytes[bytes.len() - TAG..], hex("c0875924c1c7987947deafd8780acf49"));
    }

    #[test]
    fn what_was_bent_does_not_open() {
        let (key, nonce) = ([1; 32], [2; NONCE]);
        let whole = sealed(&key, &nonce, b"place", b"Ada");
        assert_eq!(open(&key, &nonce, b"place", &whole).as_deref(), Ok(&b"Ada"[..]));
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            assert_eq!(open(&key, &nonce, b"place", &bent), Err(Broken), "byte {at}");
        }
        assert_eq!(open(&key, &nonce, b"elsewhere", &whole), Err(Broken));
        assert_eq!(open(&key, &nonce, b"place", &whole[..TAG - 1]), Err(Broken));
    }
}
