//! What a failed call tells the caller to do next.

use std::time::Duration;

use http::header::RETRY_AFTER;

use super::outbound::{Answer, TransportError};
use crate::base::UnixMillis;

/// Callers match on this, never on a status code. `reason` is for the connection's page and the log; it
/// holds what the provider said, shortened, and no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Nothing was done. Try again with growing pauses, not before `after` when it is given.
    #[error("try again: {reason}")]
    Retry { after: Option<Duration>, reason: String },
    /// Nothing was done, and nothing will be for this whole account until then (`None`: hours).
    #[error("the account's limit is reached: {reason}")]
    Quota { until: Option<UnixMillis>, reason: String },
    /// The access token was refused. Refresh it once and repeat; refused again means `Reconnect`.
    #[error("the access token was refused")]
    TokenRefused,
    /// The grant is dead. Stop, tell the owner, never retry in a loop.
    #[error("the account has to be connected again: {reason}")]
    Reconnect { reason: String },
    /// The grant lives but does not cover this call; the owner has to connect again and tick it.
    #[error("a permission is missing: {reason}")]
    MissingScope { reason: String },
    /// A final no. Repeating the same request gives the same answer.
    #[error("refused: {reason}")]
    Rejected { reason: String },
    #[error("not found")]
    NotFound,
    /// It was there once; also an expired cursor.
    #[error("no longer there")]
    Gone,
    /// Something with this id exists already: an earlier try was carried out.
    #[error("exists already")]
    Conflict,
    /// It was changed meanwhile: read again, decide, repeat.
    #[error("changed meanwhile")]
    Changed,
    /// The request left but no usable answer came. It may have been carried out: look before repeating.
    #[error("outcome unknown: {reason}")]
    Unknown { reason: String },
}

/// Whether a request may be sent twice without doing something twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// A read, or a write under an id of our own.
    Safe,
    /// A second one would be a second mail.
    Unsafe,
}

impl ProviderError {
    /// No answer came.
    pub fn from_transport(error: TransportError, repeat: Repeat) -> Self {
        let reason = error.to_string();
        match (error, repeat) {
            (TransportError::Refused(_), _) => Self::Rejected { reason },
            (TransportError::NotSent(_), _) | (TransportError::NoAnswer(_), Repeat::Safe) => {
                Self::Retry { after: None, reason }
            }
            (TransportError::TooLarge(_), Repeat::Safe) => Self::Rejected { reason },
            (TransportError::NoAnswer(_) | TransportError::TooLarge(_), Repeat::Unsafe) => Self::Unknown { reason },
        }
    }

    /// What a status alone says. Services with more to tell look at the body first.
    pub fn from_status(status: u16, after: Option<Duration>, reason: String, repeat: Repeat) -> Self {
        match status {
            401 => Self::TokenRefused,
            404 => Self::NotFound,
            409 => Self::Conflict,
            410 => Self::Gone,
            412 => Self::Changed,
            408 | 425 | 429 => Self::Retry { after, reason },
            500..=599 if repeat == Repeat::Safe => Self::Retry { after, reason },
            500..=599 => Self::Unknown { reason },
            _ => Self::Rejected { reason },
        }
    }
}

/// `Retry-After` as seconds or HTTP date (RFC 9110 section 10.2.3); at most a day is believed.
pub fn retry_after(answer: &Answer, now: UnixMillis) -> Option<Duration> {
    let text = answer.header(RETRY_AFTER)?.trim();
    let length = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let when = jiff::fmt::rfc2822::parse(text).ok()?;
            UnixMillis::from(when.timestamp()).since(now)
        }
    };
    Some(length.min(Duration::from_secs(24 * 3600)))
}

/// Foreign text as it may be kept: one line, at most 300 characters.
pub fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::testing::NOW;

    #[test]
    fn a_failure_says_what_to_do_next() {
        let minute = Some(Duration::from_secs(60));
        let why = || "why".to_owned();
        let cases = [
            (401, None, Repeat::Safe, ProviderError::TokenRefused),
            (404, None, Repeat::Safe, ProviderError::NotFound),
            (409, None, Repeat::Safe, ProviderError::Conflict),
            (410, None, Repeat::Safe, ProviderError::Gone),
            (412, None, Repeat::Safe, ProviderError::Changed),
            (429, minute, Repeat::Unsafe, ProviderError::Retry { after: minute, reason: why() }),
            (500, None, Repeat::Safe, ProviderError::Retry { after: None, reason: why() }),
            (500, None, Repeat::Unsafe, ProviderError::Unknown { reason: why() }),
            (503, minute, Repeat::Unsafe, ProviderError::Unknown { reason: why() }),
            (400, None, Repeat::Safe, ProviderError::Rejected { reason: why() }),
            (302, None, Repeat::Safe, ProviderError::Rejected { reason: why() }),
        ];
        for (status, after, repeat, expected) in cases {
            assert_eq!(ProviderError::from_status(status, after, why(), repeat), expected, "{status} {repeat:?}");
        }
    }

    #[test]
    fn a_lost_answer_is_unknown_only_where_a_repeat_would_do_harm() {
        let lost = || TransportError::NoAnswer("cut".into());
        let unsent = || TransportError::NotSent("refused".into());
        assert!(matches!(ProviderError::from_transport(lost(), Repeat::Unsafe), ProviderError::Unknown { .. }));
        assert!(matches!(ProviderError::from_transport(lost(), Repeat::Safe), ProviderError::Retry { .. }));
        assert!(matches!(ProviderError::from_transport(unsent(), Repeat::Unsafe), ProviderError::Retry { .. }));
    }

    #[test]
    fn the_servers_delay_is_read_as_seconds_or_date() {
        let cases = [
            ("120", Some(120)),
            ("Tue, 24 Nov 2026 09:10:00 GMT", Some(600)),
            ("Tue, 24 Nov 2020 09:10:00 GMT", Some(0)),
            ("99999999", Some(86_400)),
            ("soon", None),
        ];
        for (text, expected) in cases {
            let mut headers = http::HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let answer = Answer { status: 429, headers, body: vec![] };
            assert_eq!(retry_after(&answer, NOW), expected.map(Duration::from_secs), "{text}");
        }
    }
}
