//! How Google's JSON APIs are called, and what their errors mean.
//!
//! <https://developers.google.com/workspace/gmail/api/guides/handle-errors>,
//! <https://developers.google.com/workspace/calendar/api/guides/errors>

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::Deserialize;
use url::Url;

use super::Session;
use crate::base::UnixMillis;
use crate::providers::error::{one_line, retry_after, ProviderError, Repeat};
use crate::providers::outbound::Answer;
use crate::providers::rest::{read_json, Call, LARGE, LIMITS};

impl Session<'_> {
    pub(super) fn get_json<T: DeserializeOwned>(&self, url: Url) -> Result<T, ProviderError> {
        self.call_json(Call::get(url))
    }

    pub(super) fn get_large_json<T: DeserializeOwned>(&self, url: Url) -> Result<T, ProviderError> {
        read_json(&self.line.call(Call::get(url), LARGE, classify)?, Repeat::Safe)
    }

    pub(super) fn call_json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ProviderError> {
        let repeat = call.repeat;
        read_json(&self.call(call)?, repeat)
    }

    /// Makes the call; any status but 2xx is an error.
    pub(super) fn call(&self, call: Call<'_>) -> Result<Answer, ProviderError> {
        self.line.call(call, LIMITS, classify)
    }
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    message: String,
    status: String,
    errors: Vec<ErrorItem>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorItem {
    domain: String,
    reason: String,
}

/// Reads status and error body. The same limit comes as 403 or as 429, so the reason counts first.
fn classify(answer: &Answer, now: UnixMillis, repeat: Repeat) -> ProviderError {
    let detail = serde_json::from_slice::<ErrorBody>(&answer.body).unwrap_or_default().error;
    let item = detail.errors.first();
    let (reason, domain) = item.map_or(("", ""), |item| (item.reason.as_str(), item.domain.as_str()));
    let words = one_line(if detail.message.is_empty() { reason } else { &detail.message });
    let after = retry_after(answer, now);
    match (answer.status, reason) {
        (403, "dailyLimitExceeded") => ProviderError::Quota { until: Some(next_quota_day(now)), reason: words },
        // Calendar: writes stay blocked for hours.
        (403, "quotaExceeded") => ProviderError::Quota { until: None, reason: words },
        (403 | 429, _) if said_time(&words).is_some_and(|until| until > now) => {
            ProviderError::Quota { until: said_time(&words), reason: words }
        }
        (403, "rateLimitExceeded" | "userRateLimitExceeded") => ProviderError::Retry { after, reason: words },
        // "Quota exceeded for quota metric … per minute per user": the rest of the minute must pass.
        (403, _) if domain == "usageLimits" || detail.status == "RESOURCE_EXHAUSTED" => {
            ProviderError::Retry { after: after.or(Some(Duration::from_secs(60))), reason: words }
        }
        (403, "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT") => {
            ProviderError::MissingScope { reason: words }
        }
        (status, _) => ProviderError::from_status(status, after, words, repeat),
    }
}

/// The time in "User-rate limit exceeded. Retry after 2026-11-24T10:00:00.000Z".
fn said_time(words: &str) -> Option<UnixMillis> {
    let (_, rest) = words.split_once("etry after ")?;
    UnixMillis::parse_rfc3339(rest.split_whitespace().next()?.trim_end_matches(['.', ',', ')']))
}

/// Daily quotas turn at midnight Pacific time.
fn next_quota_day(now: UnixMillis) -> UnixMillis {
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap_or(jiff::tz::TimeZone::UTC);
    let tomorrow = now.in_zone(&zone).tomorrow().and_then(|day| day.start_of_day());
    tomorrow.map_or(now.plus(Duration::from_secs(86_400)), |day| day.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::testing::NOW;

    fn body(code: u16, domain: &str, reason: &str, message: &str) -> String {
        format!(
            r#"{{"error":{{"code":{code},"message":"{message}","errors":[{{"domain":"{domain}","reason":"{reason}","message":"{message}"}}]}}}}"#
        )
    }

    #[test]
    fn googles_errors_say_what_to_do_next() {
        use ProviderError as E;
        let (safe, once) = (Repeat::Safe, Repeat::Unsafe);
        let later = "User-rate limit exceeded.  Retry after 2026-11-24T10:00:00.000Z";
        let until = UnixMillis::parse_rfc3339("2026-11-24T10:00:00Z");
        let metric = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'";
        type Fits = fn(&E) -> bool;
        let cases: [(&str, u16, &str, &str, &str, Repeat, Fits); 17] = [
            ("a bad message", 400, "global", "invalidArgument", "Invalid To", once, |e| {
                *e == E::Rejected { reason: "Invalid To".into() }
            }),
            ("no mailbox", 400, "global", "failedPrecondition", "Mail service not enabled", once, |e| {
                matches!(e, E::Rejected { .. })
            }),
            ("token", 401, "global", "authError", "Invalid Credentials", once, |e| *e == E::TokenRefused),
            ("rate, as 403", 403, "usageLimits", "userRateLimitExceeded", "slow", once, |e| {
                matches!(e, E::Retry { .. })
            }),
            ("rate", 403, "usageLimits", "rateLimitExceeded", "slow", once, |e| matches!(e, E::Retry { .. })),
            (
                "per minute",
                403,
                "usageLimits",
                "",
                metric,
                once,
                |e| matches!(e, E::Retry { after: Some(d), .. } if d.as_secs() == 60),
            ),
            (
                "day",
                403,
                "usageLimits",
                "dailyLimitExceeded",
                "",
                once,
                |e| matches!(e, E::Quota { until: Some(t), .. } if t.to_rfc3339() == "2026-11-25T08:00:00Z"),
            ),
            ("calendar", 403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded.", safe, |e| {
                matches!(e, E::Quota { until: None, .. })
            }),
            ("domain policy", 403, "global", "domainPolicy", "disabled", once, |e| matches!(e, E::Rejected { .. })),
            ("scope", 403, "global", "insufficientPermissions", "Insufficient Permission", once, |e| {
                matches!(e, E::MissingScope { .. })
            }),
            ("not ours to change", 403, "calendar", "forbiddenForNonOrganizer", "no", safe, |e| {
                matches!(e, E::Rejected { .. })
            }),
            ("gone message", 404, "global", "notFound", "Not Found", safe, |e| *e == E::NotFound),
            ("duplicate", 409, "global", "duplicate", "exists", safe, |e| *e == E::Conflict),
            ("deleted", 410, "global", "deleted", "deleted", safe, |e| *e == E::Gone),
            ("mailbox's own daily limit", 429, "usageLimits", "rateLimitExceeded", later, once, |e| {
                matches!(e, E::Quota { until: Some(_), .. })
            }),
            ("backend, sending", 503, "global", "backendError", "Backend Error", once, |e| {
                matches!(e, E::Unknown { .. })
            }),
            ("backend, reading", 503, "global", "backendError", "Backend Error", safe, |e| {
                matches!(e, E::Retry { .. })
            }),
        ];
        for (name, status, domain, reason, message, repeat, fits) in cases {
            let body = body(status, domain, reason, message).into_bytes();
            let error = classify(&Answer { status, headers: Default::default(), body }, NOW, repeat);
            assert!(fits(&error), "{name}: {error:?}");
        }
        let answer = Answer { status: 429, headers: Default::default(), body: body(429, "", "", later).into_bytes() };
        assert!(matches!(classify(&answer, NOW, once), E::Quota { until: u, .. } if u == until));
        let past = classify(&answer, NOW.plus(Duration::from_secs(7200)), once);
        assert!(matches!(past, E::Retry { .. }), "a time already past is no pause: {past:?}");
    }

    #[test]
    fn an_error_page_in_place_of_json_is_understood_by_its_status() {
        let answer = Answer { status: 502, headers: Default::default(), body: b"<html>".to_vec() };
        assert!(matches!(classify(&answer, NOW, Repeat::Safe), ProviderError::Retry { .. }));
    }
}
