//! How Microsoft Graph is called, and what its errors mean.
//!
//! <https://learn.microsoft.com/graph/errors>, <https://learn.microsoft.com/graph/throttling>

use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Session;
use crate::base::UnixMillis;
use crate::providers::error::{one_line, retry_after, ProviderError, Repeat};
use crate::providers::outbound::Answer;
use crate::providers::rest::{read_json, Call, LARGE, LIMITS};

/// Ids stay when a message is moved or sent. <https://learn.microsoft.com/graph/outlook-immutable-id>
const IMMUTABLE_IDS: &str = "IdType=\"ImmutableId\"";

/// Who the access token speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The address of the mailbox; absent where there is none.
    pub mail: Option<String>,
    #[serde(default)]
    pub user_principal_name: String,
    pub display_name: Option<String>,
}

impl Session<'_> {
    /// Whose account this is. Needs `User.Read`.
    pub fn me(&self) -> Result<User, ProviderError> {
        let mut url = self.at(&["me"]);
        url.query_pairs_mut().append_pair("$select", "mail,userPrincipalName,displayName");
        self.get_json(url, None)
    }

    pub(super) fn at(&self, segments: &[&str]) -> Url {
        crate::providers::rest::below(&self.bases.graph, segments)
    }

    /// `prefer` is added to what is always preferred.
    pub(super) fn get_json<T: DeserializeOwned>(&self, url: Url, prefer: Option<&str>) -> Result<T, ProviderError> {
        self.call_json(Call { prefer, ..Call::get(url) })
    }

    pub(super) fn get_bytes(&self, url: Url) -> Result<Vec<u8>, ProviderError> {
        let call = Call { prefer: Some(IMMUTABLE_IDS), ..Call::get(url) };
        Ok(self.line.call(call, LARGE, classify)?.body)
    }

    /// Any other call. `prefer` is added to what is always preferred.
    pub(super) fn call_json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ProviderError> {
        let repeat = call.repeat;
        read_json(&self.call(call)?, repeat)
    }

    pub(super) fn call(&self, call: Call<'_>) -> Result<Answer, ProviderError> {
        let wanted = call.prefer.map_or(IMMUTABLE_IDS.to_owned(), |more| format!("{IMMUTABLE_IDS}, {more}"));
        self.line.call(Call { prefer: Some(&wanted), ..call }, LIMITS, classify)
    }

    /// Links of lists lead to the configured place, or nowhere.
    pub(super) fn is_own(&self, link: &Url) -> bool {
        let base = &self.bases.graph;
        link.origin() == base.origin() && link.path().starts_with(base.path())
    }

    /// A call that must not be made twice. Its answer has no body.
    pub(super) fn post_once(&self, url: Url, body: &Value) -> Result<(), ProviderError> {
        let call = Call {
            method: http::Method::POST,
            url,
            body: Some(body),
            if_match: None,
            prefer: Some(IMMUTABLE_IDS),
            repeat: Repeat::Unsafe,
        };
        self.line.call(call, LIMITS, classify).map(drop)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    code: String,
    message: String,
}

/// Reads status and error body: what Exchange says by code counts before the status. Codes are compared without regard
/// to case, as their documentation asks. The code leads the reason, so that it can be looked up.
pub(super) fn classify(answer: &Answer, now: UnixMillis, repeat: Repeat) -> ProviderError {
    let detail = serde_json::from_slice::<ErrorBody>(&answer.body).unwrap_or_default().error;
    let reason = match (detail.code.as_str(), detail.message.as_str()) {
        ("", words) | (words, "") => one_line(words),
        (code, words) => one_line(&format!("{code}: {words}")),
    };
    let after = retry_after(answer, now);
    match detail.code.to_ascii_lowercase().as_str() {
        // Messages sent through the account in a day, or in its present state of trust.
        "errorexceededmessagelimit" | "errorsubmissionquotaexceeded" => {
            ProviderError::Quota { until: after.map(|after| now.plus(after)), reason }
        }
        // The mailbox is full: nothing leaves until its owner makes room.
        "errorquotaexceeded" | "errormailboxstoreunavailable" => ProviderError::Quota { until: None, reason },
        "erroraccessdenied" | "authorization_requestdenied" => ProviderError::MissingScope { reason },
        "mailboxconcurrency" | "applicationthrottled" | "errorserverbusy" if answer.status == 429 => {
            ProviderError::Retry { after, reason }
        }
        "syncstatenotfound" | "syncstateinvalid" | "resyncrequired" => ProviderError::Gone,
        _ => ProviderError::from_status(answer.status, after, reason, repeat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::testing::NOW;
    use std::time::Duration;

    #[test]
    fn graphs_errors_say_what_to_do_next() {
        use ProviderError as E;
        let (safe, once) = (Repeat::Safe, Repeat::Unsafe);
        type Fits = fn(&E) -> bool;
        let cases: [(u16, &str, Repeat, Fits); 15] = [
            (401, "InvalidAuthenticationToken", once, |e| *e == E::TokenRefused),
            (403, "ErrorAccessDenied", safe, |e| matches!(e, E::MissingScope { .. })),
            (403, "ErrorSendAsDenied", once, |e| matches!(e, E::Rejected { reason } if reason.contains("SendAs"))),
            (404, "MailboxNotEnabledForRESTAPI", safe, |e| *e == E::NotFound),
            (404, "ErrorItemNotFound", safe, |e| *e == E::NotFound),
            (400, "ErrorMessageSubmissionBlocked", once, |e| matches!(e, E::Rejected { .. })),
            (429, "ErrorExceededMessageLimit", once, |e| matches!(e, E::Quota { until: None, .. })),
            (507, "ErrorQuotaExceeded", once, |e| matches!(e, E::Quota { until: None, .. })),
            (
                429,
                "ApplicationThrottled",
                once,
                |e| matches!(e, E::Retry { after: Some(after), .. } if *after == Duration::from_secs(30)),
            ),
            (429, "MailboxConcurrency", safe, |e| matches!(e, E::Retry { .. })),
            (410, "SyncStateNotFound", safe, |e| *e == E::Gone),
            (400, "syncStateInvalid", safe, |e| *e == E::Gone),
            (503, "serviceNotAvailable", safe, |e| matches!(e, E::Retry { .. })),
            (503, "serviceNotAvailable", once, |e| matches!(e, E::Unknown { .. })),
            (504, "", once, |e| matches!(e, E::Unknown { .. })),
        ];
        for (status, code, repeat, fits) in cases {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"words","innerError":{{}}}}}}"#).into_bytes();
            let mut headers = http::HeaderMap::new();
            if code == "ApplicationThrottled" {
                headers.insert(http::header::RETRY_AFTER, "30".parse().unwrap());
            }
            let error = classify(&Answer { status, headers, body }, NOW, repeat);
            assert!(fits(&error), "{status} {code}: {error:?}");
        }
    }
}
