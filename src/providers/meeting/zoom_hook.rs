//! What Zoom tells of its own accord: signed, and the address proved by a question.
//! <https://developers.zoom.us/docs/api/webhooks/>

use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use crate::base::UnixMillis;

pub const TIMESTAMP: &str = "x-zm-request-timestamp";
pub const SIGNATURE: &str = "x-zm-signature";
/// An event that is older, or further ahead, is not taken: somebody may have kept it to send it again.
const WINDOW: Duration = Duration::from_secs(300);

/// What an event says, as far as it concerns us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Zoom asks whether this address knows the secret; repeated every 72 hours. What to answer.
    Validation { plain_token: String, encrypted_token: String },
    /// A person removed this program from their account: all that is theirs has to go.
    Deauthorized { user_id: String },
    /// Nothing that was asked for.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNotice {
    #[error("the signature does not fit")]
    Signature,
    #[error("the time of the event is too far from now")]
    Time,
    #[error("the body is no event")]
    Body,
}

#[derive(Deserialize)]
struct Event {
    event: String,
    #[serde(default)]
    payload: Payload,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    #[serde(rename = "plainToken")]
    plain_token: String,
    user_id: String,
}

/// Checks the signature over the bytes as they came, then the time, then reads. `secret` is the app's secret token.
pub fn read(secret: &str, timestamp: &str, signature: &str, body: &[u8], now: UnixMillis) -> Result<Notice, BadNotice> {
    let claimed = signature.strip_prefix("v0=").and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
    let mac = mac(secret, &[b"v0:", timestamp.as_bytes(), b":", body]).ok_or(BadNotice::Signature)?;
    // In constant time.
    mac.verify_slice(&claimed.ok_or(BadNotice::Signature)?).map_err(|_| BadNotice::Signature)?;
    let at = timestamp.parse().map(UnixMillis::from_seconds).map_err(|_| BadNotice::Time)?;
    if now.since(at) > WINDOW || at.since(now) > WINDOW {
        return Err(BadNotice::Time);
    }
    let Event { event, payload } = serde_json::from_slice(body).map_err(|_| BadNotice::Body)?;
    match event.as_str() {
        "endpoint.url_validation" => {
            let encrypted_token = hex(secret, payload.plain_token.as_bytes()).ok_or(BadNotice::Body)?;
            Ok(Notice::Validation { plain_token: payload.plain_token, encrypted_token })
        }
        "app_deauthorized" if payload.user_id.is_empty() => Err(BadNotice::Body),
        "app_deauthorized" => Ok(Notice::Deauthorized { user_id: payload.user_id }),
        _ => Ok(Notice::Other),
    }
}

/// The value of the signature header for a body sent at `timestamp` (Unix seconds).
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let mac = mac(secret, &[b"v0:", timestamp.as_bytes(), b":", body])?;
    Some(format!("v0={}", HEXLOWER.encode(&mac.finalize().into_bytes())))
}

fn hex(secret: &str, text: &[u8]) -> Option<String> {
    Some(HEXLOWER.encode(&mac(secret, &[text])?.finalize().into_bytes()))
}

fn mac(secret: &str, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}
