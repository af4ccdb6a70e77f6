//! Teams meetings that stand in no calendar. <https://learn.microsoft.com/graph/api/application-post-onlinemeetings>
//!
//! For work and school accounts only.

use http::Method;
use serde::Deserialize;
use serde_json::{json, Value};
use url::Url;

use super::api::classify;
use super::Session;
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::meeting::{Made, MeetingClient, Wanted};
use crate::providers::outbound::Answer;
use crate::providers::rest::{read_json, Call, LIMITS};

/// The tenant that all personal accounts are in; they have no Teams meetings.
/// <https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference>
pub const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Teams with one account.
pub struct Teams<'a>(pub Session<'a>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnlineMeeting {
    id: String,
    join_web_url: String,
}

impl Teams<'_> {
    fn write(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Answer, ProviderError> {
        let call = Call { method, url, body, if_match: None, prefer: None, repeat: Repeat::Safe };
        self.0.line.call(call, LIMITS, classify).map_err(no_licence)
    }
}

impl MeetingClient for Teams<'_> {
    /// Under our own key: a repeat gives the meeting that was made the first time.
    fn create(&self, wanted: &Wanted) -> Result<Made, ProviderError> {
        let mut body = shape(wanted);
        body["externalId"] = json!(wanted.mark);
        let url = self.0.at(&["me", "onlineMeetings", "createOrGet"]);
        let made: OnlineMeeting = read_json(&self.write(Method::POST, url, Some(&body))?, Repeat::Safe)?;
        Ok(Made { id: made.id, join_url: made.join_web_url, passcode: None })
    }

    fn find(&self, wanted: &Wanted) -> Result<Option<Made>, ProviderError> {
        self.create(wanted).map(Some)
    }

    fn change(&self, id: &str, wanted: &Wanted) -> Result<(), ProviderError> {
        self.write(Method::PATCH, self.0.at(&["me", "onlineMeetings", id]), Some(&shape(wanted))).map(drop)
    }

    fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        match self.write(Method::DELETE, self.0.at(&["me", "onlineMeetings", id]), None) {
            Ok(_) | Err(ProviderError::NotFound | ProviderError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Start and end are changed together or not at all.
fn shape(wanted: &Wanted) -> Value {
    json!({
        "subject": wanted.title,
        "startDateTime": wanted.start.to_rfc3339(),
        "endDateTime": wanted.end.to_rfc3339(),
    })
}

/// A 403 whose permission was granted means an account without Teams.
fn no_licence(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Rejected { reason } if reason.starts_with("Forbidden") => ProviderError::Rejected {
            reason: format!("this account may not hold Teams meetings; often it lacks a licence for Teams. {reason}"),
        },
        other => other,
    }
}
