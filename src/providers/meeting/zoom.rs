//! Zoom's meetings. <https://developers.zoom.us/docs/api/meetings/>

use http::Method;
use serde::Deserialize;
use serde_json::{json, Value};
use url::Url;

use super::{by_status, cut, gone_is_fine, id_of, minutes, unreadable, Made, MeetingClient, Wanted};
use crate::base::UnixMillis;
use crate::providers::error::{one_line, retry_after, ProviderError, Repeat};
use crate::providers::outbound::Answer;
use crate::providers::rest::{below, read_json, Call, Line, LIMITS};

/// Meetings of one page of the list.
const PAGE: &str = "300";
/// Upcoming meetings are looked through as far as this many pages; nobody has more.
const MOST_PAGES: usize = 20;
/// A meeting at a set time that takes place once.
const SCHEDULED: u8 = 2;

/// One account's meetings; `base` ends in `/v2`.
pub struct Zoom<'a> {
    pub base: &'a Url,
    pub line: Line<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListPage {
    next_page_token: String,
    meetings: Vec<Value>,
}

impl Zoom<'_> {
    fn list(&self, after: &str) -> Result<ListPage, ProviderError> {
        let mut url = below(self.base, &["users", "me", "meetings"]);
        url.query_pairs_mut().append_pair("type", "upcoming").append_pair("page_size", PAGE);
        if !after.is_empty() {
            url.query_pairs_mut().append_pair("next_page_token", after);
        }
        read_json(&self.line.call(Call::get(url), LIMITS, classify)?, Repeat::Safe)
    }

    fn write(&self, method: Method, url: Url, body: Option<&Value>, repeat: Repeat) -> Result<Answer, ProviderError> {
        self.line.call(Call { method, url, body, if_match: None, prefer: None, repeat }, LIMITS, classify)
    }
}

impl MeetingClient for Zoom<'_> {
    fn create(&self, wanted: &Wanted) -> Result<Made, ProviderError> {
        let mut body = shape(wanted);
        body["type"] = json!(SCHEDULED);
        // The mark stands first: the list shows only the beginning of an agenda.
        body["agenda"] = json!(wanted.mark);
        let url = below(self.base, &["users", "me", "meetings"]);
        let answer = self.write(Method::POST, url, Some(&body), Repeat::Unsafe)?;
        let made: Value = read_json(&answer, Repeat::Unsafe)?;
        read(&made).ok_or_else(|| unreadable("id or join_url"))
    }

    fn find(&self, wanted: &Wanted) -> Result<Option<Made>, ProviderError> {
        let mut after = String::new();
        for _ in 0..MOST_PAGES {
            let page = self.list(&after)?;
            let ours = |one: &&Value| one["agenda"].as_str().is_some_and(|agenda| agenda.starts_with(&wanted.mark));
            if let Some(found) = page.meetings.iter().find(ours) {
                return Ok(read(found));
            }
            if page.next_page_token.is_empty() {
                return Ok(None);
            }
            after = page.next_page_token;
        }
        Ok(None)
    }

    fn change(&self, id: &str, wanted: &Wanted) -> Result<(), ProviderError> {
        self.write(Method::PATCH, below(self.base, &["meetings", id]), Some(&shape(wanted)), Repeat::Safe).map(drop)
    }

    /// Nobody is told by Zoom: our own mail says it.
    fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        let mut url = below(self.base, &["meetings", id]);
        url.query_pairs_mut()
            .append_pair("schedule_for_reminder", "false")
            .append_pair("cancel_meeting_reminder", "false");
        gone_is_fine(self.write(Method::DELETE, url, None, Repeat::Safe))
    }
}

/// What is the same in a new meeting and in a moved one. The time is given in UTC, hence the `Z`.
fn shape(wanted: &Wanted) -> Value {
    json!({
        "topic": cut(&wanted.title, 200),
        "start_time": wanted.start.to_rfc3339(),
        "duration": minutes(wanted),
        "timezone": wanted.time_zone,
    })
}

/// The link carries the passcode. `start_url` is a secret of the host's and is not looked at.
fn read(meeting: &Value) -> Option<Made> {
    let join_url = meeting["join_url"].as_str()?.to_owned();
    Some(Made { id: id_of(&meeting["id"])?, join_url, passcode: None })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: u32,
    message: String,
    errors: Vec<FieldError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldError {
    field: String,
    message: String,
}

/// What Zoom says by code counts before the status.
/// <https://developers.zoom.us/docs/api/errors/>
pub(super) fn classify(answer: &Answer, now: UnixMillis, repeat: Repeat) -> ProviderError {
    let said: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let fields = said.errors.iter().map(|one| format!(" {}: {}", one.field, one.message)).collect::<String>();
    let reason = format!("{} {}{fields}", said.code, said.message);
    match said.code {
        124 => ProviderError::TokenRefused,
        // One code for a token that is not good and for one that does not cover the call.
        4700 | 4711 if said.message.contains("scope") => ProviderError::MissingScope { reason: one_line(&reason) },
        4700 => ProviderError::TokenRefused,
        3001 => ProviderError::NotFound,
        // No promise of a Retry-After; the limits of a day are told by their words alone.
        _ if answer.status == 429 => {
            let daily = said.message.contains("daily").then_some(std::time::Duration::from_secs(3600));
            ProviderError::Retry { after: retry_after(answer, now).or(daily), reason: one_line(&reason) }
        }
        _ => by_status(answer, now, repeat, &reason),
    }
}
