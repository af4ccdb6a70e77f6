//! Errors in Google's shape: `{"error":{"code","message","errors":[{"message","domain","reason"}],"status"}}`
//! (developers.google.com/workspace/gmail/api/guides/handle-errors).

use serde_json::json;

use crate::base::UnixMillis;
use crate::sandbox::wire::Answer;

const INVALID_CREDENTIALS: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, \
    login cookie or other valid authentication credential.";

pub(super) fn error(code: u16, domain: &str, reason: &str, message: &str) -> Answer {
    let status = match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ALREADY_EXISTS",
        413 => "INVALID_ARGUMENT",
        412 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let detail = json!({"message": message, "domain": domain, "reason": reason});
    Answer::json(code, &json!({"error": {"code": code, "message": message, "errors": [detail], "status": status}}))
}

pub(super) fn bad_request(message: &str) -> Answer {
    error(400, "global", "invalidArgument", message)
}

pub(super) fn not_found() -> Answer {
    error(404, "global", "notFound", "Requested entity was not found.")
}

pub(super) fn no_credentials() -> Answer {
    let message = "Request is missing required authentication credential. Expected OAuth 2 access token, login \
        cookie or other valid authentication credential.";
    error(401, "global", "required", message).with("www-authenticate", "Bearer realm=\"https://accounts.google.com/\"")
}

pub(super) fn bad_credentials() -> Answer {
    let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
    error(401, "global", "authError", INVALID_CREDENTIALS).with("www-authenticate", challenge)
}

/// `scopes`: any one of them would have been enough.
pub(super) fn scope_missing(scopes: &[&str]) -> Answer {
    let message = "Request had insufficient authentication scopes.";
    let scopes = scopes.join(" ");
    let challenge =
        format!("Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"{scopes}\"");
    error(403, "global", "insufficientPermissions", message).with("www-authenticate", challenge)
}

/// Gmail's per-minute quota.
pub(super) fn gmail_quota() -> Answer {
    let message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service \
        'gmail.googleapis.com' for consumer 'project_number:0'.";
    error(403, "usageLimits", "rateLimitExceeded", message)
}

pub(super) fn calendar_quota() -> Answer {
    error(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded")
}

/// The account's own sending limit; the message names the instant from which it sends again.
pub(super) fn daily_sends(until: UnixMillis) -> Answer {
    let message = format!("User-rate limit exceeded.  Retry after {}", until.to_timestamp());
    error(429, "usageLimits", "rateLimitExceeded", &message)
}

/// What Google answers when a status is asked for by `/control/faults`.
pub(in crate::sandbox) fn fault_answer(status: u16) -> Answer {
    let (domain, reason, message) = match status {
        400 => ("global", "failedPrecondition", "Precondition check failed."),
        401 => ("global", "authError", INVALID_CREDENTIALS),
        403 => ("usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded"),
        404 => ("global", "notFound", "Requested entity was not found."),
        409 => ("global", "duplicate", "The requested identifier already exists."),
        410 => ("calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required."),
        412 => ("global", "conditionNotMet", "Precondition Failed"),
        429 => ("usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
        503 => ("global", "backendError", "The service is currently unavailable."),
        _ => ("global", "backendError", "Internal error encountered."),
    };
    error(status, domain, reason, message)
}
