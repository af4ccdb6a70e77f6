//! Secrets that we hand out (session cookies, links in mails, keys for programs) and keep only as a hash.
//!
//! They hold 256 random bits, so a plain SHA-256 is enough: there is nothing to guess (ASVS 5.0, 6.5.2).

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub type SecretHash = [u8; 32];

/// A fresh secret, shown to its holder and nobody else. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct HandedSecret(Zeroizing<String>);

impl HandedSecret {
    /// 32 random bytes as 43 characters of base64url.
    pub fn fresh() -> Self {
        Self(Zeroizing::new(BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> SecretHash {
        hash_secret(&self.0)
    }
}

impl std::fmt::Debug for HandedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandedSecret(…)")
    }
}

/// What is stored of a secret. Looking it up by the hash leaks no more by its timing than the hash.
pub fn hash_secret(text: &str) -> SecretHash {
    Sha256::digest(text.as_bytes()).into()
}
