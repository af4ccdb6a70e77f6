//! The signature of a webhook: <https://docs.stripe.com/webhooks#verify-manually>.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::UnixMillis;

/// `t=<seconds>,v1=<hex>`, several `v1` while a secret is replaced; other schemes are left alone.
pub const SIGNATURE: &str = "stripe-signature";
/// How old a signature may be. One from the future is as wrong.
const TOLERANCE_SECONDS: i64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("the signature header does not parse")]
    Header,
    #[error("the signature is of another time")]
    Time,
    #[error("the signature does not fit")]
    Mismatch,
}

/// Whether `body` was signed with `secret` (the whole text, `whsec_` included) at about `now`.
pub fn verify(secret: &str, header: &str, body: &[u8], now: UnixMillis) -> Result<(), BadSignature> {
    let (mut at, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", seconds)) => at = seconds.parse::<i64>().ok(),
            Some(("v1", hex)) => signatures.push(hex),
            _ => {}
        }
    }
    let (Some(at), false) = (at, signatures.is_empty()) else { return Err(BadSignature::Header) };
    if (now.0.div_euclid(1000) - at).abs() > TOLERANCE_SECONDS {
        return Err(BadSignature::Time);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| BadSignature::Mismatch)?;
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let fits = |hex: &&str| {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap_or_default();
        mac.clone().verify_slice(&bytes).is_ok()
    };
    if signatures.iter().any(fits) {
        Ok(())
    } else {
        Err(BadSignature::Mismatch)
    }
}
