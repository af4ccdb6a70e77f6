//! Making a key pair for DKIM.

use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::rand_core::OsRng;
use rsa::RsaPrivateKey;
use zeroize::Zeroizing;

/// RFC 8301 section 3.2: at least 1,024, better 2,048; more does not fit into many hosts' fields.
const BITS: usize = 2048;

pub struct NewKey {
    /// PKCS#1, DER.
    pub private: Zeroizing<Vec<u8>>,
    /// Base64 of the SubjectPublicKeyInfo.
    pub public: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the key could not be made: {0}")]
pub struct KeyError(String);

/// Takes about a second: never on a web thread or in a transaction.
pub fn make() -> Result<NewKey, KeyError> {
    let failed = |error: &dyn std::fmt::Display| KeyError(error.to_string());
    let key = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| failed(&error))?;
    let private = key.to_pkcs1_der().map_err(|error| failed(&error))?;
    let public = key.to_public_key().to_public_key_der().map_err(|error| failed(&error))?;
    Ok(NewKey {
        private: Zeroizing::new(private.as_bytes().to_vec()),
        public: data_encoding::BASE64.encode(public.as_bytes()),
    })
}
