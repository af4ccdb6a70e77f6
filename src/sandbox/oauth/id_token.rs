//! Signed id tokens. The key is checked in and public: it signs statements about invented people on loopback and
//! guards nothing.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RsaKeyPair, RSA_PKCS1_SHA256};
use serde_json::{json, Value};

/// PKCS#8, RSA 2048.
const KEY: &[u8] = include_bytes!("test_only_rsa_key.der");
const KEY_ID: &str = "sandbox-2026";

/// A JWT with RS256 (RFC 7519, RFC 7518 section 3.3). None when the stored key does not load.
pub(super) fn sign(claims: &Value) -> Option<String> {
    let head = json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(claims));
    let key = RsaKeyPair::from_pkcs8(KEY).ok()?;
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The JWK set (RFC 7517) with the one public key.
pub(in crate::sandbox) fn key_set() -> Value {
    let Ok(key) = RsaKeyPair::from_pkcs8(KEY) else { return json!({"keys": []}) };
    let public: PublicKeyComponents<Vec<u8>> = key.public().into();
    json!({"keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": KEY_ID,
        "n": URL_SAFE_NO_PAD.encode(public.n),
        "e": URL_SAFE_NO_PAD.encode(public.e),
    }]})
}
