//! A message to an address that somebody gave, signed so that the receiver knows whose it is: the headers and the
//! signature of Standard Webhooks 1.0.0 (<https://github.com/standard-webhooks/standard-webhooks>), HMAC-SHA256 over id,
//! time and body. The receiver refuses what is too old, and knows by the id what it has had.

use std::time::Duration;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{HeaderName, CONTENT_TYPE};
use http::Method;
use sha2::Sha256;

use super::outbound::{Answer, CallLog, Limits, Outbound, Request, TransportError};
use super::Secret;
use crate::base::UnixMillis;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// Nothing of the answer is used but its status.
const LIMITS: Limits = Limits::of(Duration::from_secs(15), 64 * 1024);
/// How keys are written.
const PREFIX: &str = "whsec_";

/// A fresh key as the receiver gets it: 32 random bytes in base64.
pub fn fresh_key() -> Secret {
    Secret::new(format!("{PREFIX}{}", BASE64.encode(&rand::random::<[u8; 32]>())))
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The same however often it is sent.
    pub id: &'a str,
    /// JSON.
    pub body: &'a str,
}

/// Sends it now. Any status is an `Ok`.
pub fn post(
    outbound: &Outbound,
    url: &str,
    key: &Secret,
    message: Message<'_>,
    log: &dyn CallLog,
) -> Result<Answer, TransportError> {
    let target = outbound.user_given(url)?;
    let now = outbound.clock().now();
    let request = Request::new(Method::POST, target)
        .header(CONTENT_TYPE, "application/json")
        .header(ID, message.id)
        .header(TIMESTAMP, &seconds(now).to_string())
        .header(SIGNATURE, &sign(key, message, now))
        .body(message.body.as_bytes().to_vec())
        .limits(LIMITS);
    outbound.send(request, log)
}

fn seconds(at: UnixMillis) -> i64 {
    at.0.div_euclid(1000)
}

/// "v1," and the tag in base64; empty for a key that is none.
fn sign(key: &Secret, message: Message<'_>, at: UnixMillis) -> String {
    let text = key.expose();
    let key = BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text).as_bytes()).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    mac.update(format!("{}.{}.{}", message.id, seconds(at), message.body).as_bytes());
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::outbound::NoLog;
    use crate::providers::testing::{outbound, FakeHttp, Reply};

    /// The example of the reference implementations.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let key = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: r#"{"test": 2432232314}"# };
        let signature = sign(&key, message, UnixMillis(1_614_265_330_000));
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_message_leaves_with_id_time_and_signature_and_no_redirect_is_followed() {
        let server = FakeHttp::start(|_| Reply::json(302, "{}").with_header("location", "http://127.0.0.1:1/"));
        let message = Message { id: "m1", body: "{}" };
        let answer = post(&outbound(), &server.base, &fresh_key(), message, &NoLog).unwrap();
        assert_eq!(answer.status, 302);
        let seen = server.last();
        assert_eq!((seen.header("webhook-id"), seen.body.as_str()), (Some("m1"), "{}"));
        assert!(seen.header("webhook-signature").is_some_and(|signature| signature.starts_with("v1,")));
        let wrong = post(&outbound(), "ftp://example.com/", &fresh_key(), message, &NoLog);
        assert!(matches!(wrong, Err(TransportError::Refused(_))), "{wrong:?}");
    }
}
