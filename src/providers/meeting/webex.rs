//! Webex's meetings. <https://developer.webex.com/meeting/docs/api/v1/meetings>

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::{json, Value};
use url::Url;

use super::{by_status, cut, gone_is_fine, id_of, unreadable, Made, MeetingClient, Wanted};
use crate::base::UnixMillis;
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::outbound::Answer;
use crate::providers::rest::{below, read_json, Call, Line, LIMITS};

/// A shorter meeting is not taken: the room stays open until then.
const SHORTEST: Duration = Duration::from_secs(10 * 60);
/// A meeting that may have been made is looked for this far around the time it should have.
const AROUND: Duration = Duration::from_secs(180 * 86_400);

/// One account's meetings; `base` ends in `/v1`.
pub struct Webex<'a> {
    pub base: &'a Url,
    pub line: Line<'a>,
}

impl Webex<'_> {
    fn write(&self, method: Method, url: Url, body: Option<&Value>, repeat: Repeat) -> Result<Answer, ProviderError> {
        self.line.call(Call { method, url, body, if_match: None, prefer: None, repeat }, LIMITS, classify)
    }
}

impl MeetingClient for Webex<'_> {
    fn create(&self, wanted: &Wanted) -> Result<Made, ProviderError> {
        let mut body = shape(wanted);
        body["integrationTags"] = json!([cut(&wanted.mark, 64)]);
        let answer = self.write(Method::POST, below(self.base, &["meetings"]), Some(&body), Repeat::Unsafe)?;
        let made: Value = read_json(&answer, Repeat::Unsafe)?;
        read(&made).ok_or_else(|| unreadable("id or webLink"))
    }

    fn find(&self, wanted: &Wanted) -> Result<Option<Made>, ProviderError> {
        let now = self.line.outbound.clock().now();
        let mut url = below(self.base, &["meetings"]);
        url.query_pairs_mut()
            .append_pair("meetingType", "meetingSeries")
            .append_pair("integrationTag", &cut(&wanted.mark, 64))
            .append_pair("from", &now.minus(Duration::from_secs(86_400)).to_rfc3339())
            .append_pair("to", &wanted.start.max(now).plus(AROUND).to_rfc3339())
            .append_pair("max", "10");
        let page: Value = read_json(&self.line.call(Call::get(url), LIMITS, classify)?, Repeat::Safe)?;
        Ok(page["items"].as_array().and_then(|all| all.iter().find_map(read)))
    }

    fn change(&self, id: &str, wanted: &Wanted) -> Result<(), ProviderError> {
        self.write(Method::PATCH, below(self.base, &["meetings", id]), Some(&shape(wanted)), Repeat::Safe).map(drop)
    }

    fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        let mut url = below(self.base, &["meetings", id]);
        url.query_pairs_mut().append_pair("sendEmail", "false");
        gone_is_fine(self.write(Method::DELETE, url, None, Repeat::Safe))
    }
}

/// Webex mails everybody unless it is told not to.
fn shape(wanted: &Wanted) -> Value {
    let end = wanted.end.max(wanted.start.plus(SHORTEST));
    json!({
        "title": cut(&wanted.title, 128),
        "start": wanted.start.to_rfc3339(),
        "end": end.to_rfc3339(),
        "timezone": wanted.time_zone,
        "sendEmail": false,
    })
}

/// `hostKey` is a secret of the host's and is not looked at.
fn read(meeting: &Value) -> Option<Made> {
    let join_url = meeting["webLink"].as_str()?.to_owned();
    let passcode = meeting["password"].as_str().filter(|code| !code.is_empty()).map(str::to_owned);
    Some(Made { id: id_of(&meeting["id"])?, join_url, passcode })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    errors: Vec<ErrorLine>,
    #[serde(rename = "trackingId")]
    tracking_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorLine {
    description: String,
}

/// The tracking id is what Webex's own support asks for.
pub(super) fn classify(answer: &Answer, now: UnixMillis, repeat: Repeat) -> ProviderError {
    let said: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = said.errors.iter().map(|line| line.description.as_str()).collect::<Vec<_>>().join(" ");
    let reason = format!("{} {words} {}", said.message, said.tracking_id);
    match answer.status {
        403 if reason.to_lowercase().contains("scope") => {
            ProviderError::MissingScope { reason: crate::providers::error::one_line(&reason) }
        }
        _ => by_status(answer, now, repeat, &reason),
    }
}
