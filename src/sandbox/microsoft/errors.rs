//! Errors in Graph's shape: `{"error":{"code","message","innerError":{…}}}` (learn.microsoft.com/graph/errors).

use std::time::Duration;

use serde_json::json;

use crate::base::UnixMillis;
use crate::sandbox::wire::Answer;

pub(super) fn error(status: u16, code: &str, message: &str) -> Answer {
    let inner = json!({"request-id": "00000000-0000-4000-8000-000000000000"});
    Answer::json(status, &json!({"error": {"code": code, "message": message, "innerError": inner}}))
}

pub(super) fn bad_request(code: &str, message: &str) -> Answer {
    error(400, code, message)
}

pub(super) fn bad_token() -> Answer {
    let message = "Lifetime validation failed, the token is expired, or it is not known.";
    error(401, "InvalidAuthenticationToken", message).with("www-authenticate", "Bearer realm=\"\"")
}

pub(super) fn access_denied() -> Answer {
    error(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
}

pub(super) fn no_item() -> Answer {
    error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

/// The link is of a state that is no longer known.
pub(super) fn out_of_step() -> Answer {
    error(410, "SyncStateNotFound", "The sync state generation is not found; a full synchronisation is required.")
}

pub(super) fn throttled(after: Duration) -> Answer {
    let seconds = after.as_secs().max(1).to_string();
    error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency or request limit.")
        .with("retry-after", seconds)
}

/// The mailbox's own sending limit.
pub(super) fn over_the_day(until: UnixMillis, now: UnixMillis) -> Answer {
    let message = "Cannot send mail. The message limit of this mailbox is exceeded.";
    error(429, "ErrorExceededMessageLimit", message).with("retry-after", until.since(now).as_secs().to_string())
}

/// What Graph answers when a status is asked for by `/control/faults`.
pub(in crate::sandbox) fn fault_answer(status: u16) -> Answer {
    match status {
        400 => bad_request("ErrorInvalidRequest", "The request is invalid."),
        401 => bad_token(),
        403 => access_denied(),
        404 => no_item(),
        410 => out_of_step(),
        429 => error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        503 => error(503, "serviceNotAvailable", "The service is temporarily unavailable."),
        507 => error(507, "ErrorQuotaExceeded", "The mailbox is full."),
        _ => error(status, "ErrorInternalServerError", "An internal server error occurred."),
    }
}
