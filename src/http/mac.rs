//! Keyed tags on what we hand to a browser and get back: form tokens, signed cookies.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A 32-byte key for tags (HMAC-SHA256, RFC 2104). Derived from the master key by the caller.
#[derive(Clone)]
pub struct MacKey(Zeroizing<[u8; 32]>);

impl MacKey {
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The tag of `message`, as 43 characters of base64url. `purpose` keeps tags of one kind from
    /// being accepted as another; it stands before the message with a zero byte between them.
    pub fn tag(&self, purpose: &'static str, message: &[u8]) -> String {
        BASE64URL_NOPAD.encode(&self.start(purpose, message).finalize().into_bytes())
    }

    /// Compares in constant time.
    pub fn is_tag_of(&self, purpose: &'static str, message: &[u8], tag: &str) -> bool {
        let Ok(bytes) = BASE64URL_NOPAD.decode(tag.as_bytes()) else { return false };
        self.start(purpose, message).verify_slice(&bytes).is_ok()
    }

    fn start(&self, purpose: &'static str, message: &[u8]) -> Hmac<Sha256> {
        // The key has exactly the length of the fixed-size constructor, which cannot fail.
        let mut mac = Hmac::<Sha256>::new(&block(&self.0));
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac
    }
}

/// HMAC takes a key as long as the hash's block (64 bytes); a shorter one is padded with zeros.
fn block(key: &[u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut padded = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (slot, byte) in padded.iter_mut().zip(key) {
        *slot = *byte;
    }
    padded
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(…)")
    }
}

/// A fresh value nobody can guess: 24 random bytes as 32 characters of base64url.
pub fn random_value() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 24]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_holds_only_for_its_key_purpose_and_message() {
        let key = MacKey::new([7; 32]);
        let tag = key.tag("form", b"session");
        let cases = [
            ("the same", &key, "form", &b"session"[..], true),
            ("another message", &key, "form", b"other", false),
            ("another purpose", &key, "toast", b"session", false),
            ("a moved border between purpose and message", &key, "forms", b"ession", false),
            ("another key", &MacKey::new([8; 32]), "form", b"session", false),
        ];
        for (name, key, purpose, message, expected) in cases {
            assert_eq!(key.is_tag_of(purpose, message, &tag), expected, "{name}");
        }
        assert!(!key.is_tag_of("form", b"session", "not base64!"));
        assert!(!key.is_tag_of("form", b"session", &tag[..20]));
    }
}
