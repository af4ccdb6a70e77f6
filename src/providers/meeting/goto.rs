//! GoTo's meetings: an old interface, spelled differently in each direction. <https://developer.goto.com/GoToMeetingV1>

use http::Method;
use serde::Deserialize;
use serde_json::{json, Value};
use url::Url;

use super::{by_status, cut, gone_is_fine, id_of, unreadable, Made, MeetingClient, Wanted};
use crate::base::UnixMillis;
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::outbound::Answer;
use crate::providers::rest::{below, read_json, Call, Line, LIMITS};

/// Where a meeting is joined: the list of meetings gives their numbers only.
const JOIN: &str = "https://global.gotomeeting.com/join/";
/// Longest subject, in characters, entities counted as they are sent.
const SUBJECT: usize = 100;

/// One account's meetings; `base` ends in `/G2M/rest`.
pub struct Goto<'a> {
    pub base: &'a Url,
    pub line: Line<'a>,
}

impl Goto<'_> {
    fn write(&self, method: Method, url: Url, body: Option<&Value>, repeat: Repeat) -> Result<Answer, ProviderError> {
        self.line.call(Call { method, url, body, if_match: None, prefer: None, repeat }, LIMITS, classify)
    }
}

impl MeetingClient for Goto<'_> {
    /// The answer is a list with one meeting in it.
    fn create(&self, wanted: &Wanted) -> Result<Made, ProviderError> {
        let url = below(self.base, &["meetings"]);
        let answer = self.write(Method::POST, url, Some(&shape(wanted)), Repeat::Unsafe)?;
        let made: Value = read_json(&answer, Repeat::Unsafe)?;
        let read = || {
            let id = id_of(&made[0]["meetingid"])?;
            Some(Made { id, join_url: made[0]["joinURL"].as_str()?.to_owned(), passcode: None })
        };
        read().ok_or_else(|| unreadable("meetingid or joinURL"))
    }

    /// There is no field for a mark, so it stands at the end of the subject.
    fn find(&self, wanted: &Wanted) -> Result<Option<Made>, ProviderError> {
        let url = below(self.base, &["upcomingMeetings"]);
        let all: Vec<Value> = read_json(&self.line.call(Call::get(url), LIMITS, classify)?, Repeat::Safe)?;
        let mark = mark(wanted);
        let ours = all.iter().find(|one| one["subject"].as_str().is_some_and(|subject| subject.ends_with(&mark)));
        let id = ours.and_then(|one| id_of(&one["meetingId"]).or_else(|| id_of(&one["meetingid"])));
        Ok(id.map(|id| Made { join_url: format!("{JOIN}{id}"), id, passcode: None }))
    }

    /// The whole meeting is sent anew.
    fn change(&self, id: &str, wanted: &Wanted) -> Result<(), ProviderError> {
        self.write(Method::PUT, below(self.base, &["meetings", id]), Some(&shape(wanted)), Repeat::Safe).map(drop)
    }

    fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        gone_is_fine(self.write(Method::DELETE, below(self.base, &["meetings", id]), None, Repeat::Safe))
    }
}

/// Every field has to be there, the outdated one too.
fn shape(wanted: &Wanted) -> Value {
    json!({
        "subject": subject(wanted),
        "starttime": wanted.start.to_rfc3339(),
        "endtime": wanted.end.to_rfc3339(),
        "passwordrequired": false,
        "conferencecallinfo": "Hybrid",
        "timezonekey": "",
        "meetingtype": "scheduled",
    })
}

fn subject(wanted: &Wanted) -> String {
    let mark = mark(wanted);
    let mut title = String::new();
    for letter in wanted.title.chars() {
        let written = match letter {
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            other => other.to_string(),
        };
        if title.chars().count() + written.chars().count() + mark.chars().count() > SUBJECT {
            break;
        }
        title.push_str(&written);
    }
    title + &mark
}

/// The end of our mark: enough to tell one meeting of an account from all its others, short enough for a subject.
fn mark(wanted: &Wanted) -> String {
    let skip = wanted.mark.chars().count().saturating_sub(12);
    format!(" [{}]", wanted.mark.chars().skip(skip).collect::<String>())
}

/// Seen in two shapes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    #[serde(rename = "errorCode")]
    error_code: String,
    description: String,
    int_err_code: String,
    msg: String,
}

pub(super) fn classify(answer: &Answer, now: UnixMillis, repeat: Repeat) -> ProviderError {
    let said: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let reason = cut(&[said.error_code, said.int_err_code, said.description, said.msg].join(" "), 300);
    by_status(answer, now, repeat, &reason)
}
