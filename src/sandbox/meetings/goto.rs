//! GoTo's meetings, with a spelling of their own in each direction (<https://developer.goto.com/GoToMeetingV1>).

use serde_json::{json, Value};

use super::{time, Held, Host};
use crate::base::UnixMillis;
use crate::sandbox::oauth::Access;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

const REQUIRED: [&str; 7] =
    ["subject", "starttime", "endtime", "passwordrequired", "conferencecallinfo", "timezonekey", "meetingtype"];

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    let now = world.clock.now();
    let goto = &mut world.meetings.goto;
    let access = goto.admit(request, now, bad_token)?;
    match (request.method.as_str(), path) {
        ("POST", ["meetings"]) => create(goto, request, &access),
        ("GET", ["upcomingMeetings"]) => {
            let all = goto.upcoming(&access, now);
            Ok(Answer::ok(&Value::Array(all.into_iter().map(|(id, held)| upcoming(*id, held)).collect())))
        }
        ("GET", ["meetings", id]) => {
            let number = id.parse().unwrap_or_default();
            let held = goto.own(&access, id).ok_or_else(no_meeting)?;
            Ok(Answer::ok(&json!([upcoming(number, held)])))
        }
        ("PUT", ["meetings", id]) => {
            goto.own(&access, id).ok_or_else(no_meeting)?;
            let (body, start, end) = checked(request)?;
            let held = goto.own(&access, id).ok_or_else(no_meeting)?;
            (held.body, held.start, held.end) = (body, start, end);
            Ok(Answer::empty(204))
        }
        ("DELETE", ["meetings", id]) => {
            goto.own(&access, id).ok_or_else(no_meeting)?;
            goto.held.remove(&id.parse().unwrap_or_default());
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, "NotFound", "No such resource.")),
    }
}

fn create(goto: &mut Host, request: &Request, access: &Access) -> Result<Answer, Answer> {
    let (body, start, end) = checked(request)?;
    let id = goto.next();
    goto.held.insert(id, Held { owner: access.email.clone(), start, end, body });
    let made = json!([{
        "joinURL": format!("https://global.gotomeeting.com/join/{id}"),
        "meetingid": id,
        "maxParticipants": 26,
        "uniqueMeetingId": id,
        "conferenceCallInfo": "US: +1 555 0100",
    }]);
    Ok(Answer::json(201, &made))
}

/// A time in an answer has no plain `Z`, and the keys are spelled otherwise than in a request.
fn upcoming(id: u64, held: &Held) -> Value {
    let at = |at: UnixMillis| at.to_rfc3339().replace('Z', ".+0000");
    json!({
        "meetingId": id.to_string(),
        "subject": held.body["subject"],
        "startTime": at(held.start),
        "endTime": at(held.end),
        "status": "INACTIVE",
        "meetingType": held.body["meetingtype"],
        "passwordRequired": held.body["passwordrequired"],
        "conferenceCallInfo": held.body["conferencecallinfo"],
        "email": held.owner,
    })
}

/// The whole meeting has to be there, whether it is made or changed.
fn checked(request: &Request) -> Result<(Value, UnixMillis, UnixMillis), Answer> {
    let invalid = |words: &str| error(400, "InvalidRequest", words);
    let body = request.json().ok_or_else(|| invalid("The body is no JSON."))?;
    if let Some(missing) = REQUIRED.iter().find(|field| body[**field].is_null()) {
        return Err(invalid(&format!("{missing} is required")));
    }
    let subject = body["subject"].as_str().unwrap_or_default();
    if subject.is_empty() || subject.chars().count() > 100 || subject.contains(['<', '>']) {
        return Err(invalid("subject has 1 to 100 characters, and < and > as entities"));
    }
    if !matches!(body["meetingtype"].as_str(), Some("immediate" | "recurring" | "scheduled")) {
        return Err(invalid("meetingtype"));
    }
    let at = |name: &str| {
        let text = body[name].as_str().filter(|text| text.ends_with('Z'));
        text.and_then(|text| time(text, None)).ok_or_else(|| invalid(&format!("{name} is a time in UTC")))
    };
    let (start, end) = (at("starttime")?, at("endtime")?);
    if end <= start {
        return Err(invalid("endtime must be later than starttime"));
    }
    Ok((body, start, end))
}

fn error(status: u16, code: &str, words: &str) -> Answer {
    Answer::json(status, &json!({"errorCode": code, "description": words}))
}

fn bad_token() -> Answer {
    Answer::json(401, &json!({"int_err_code": "InvalidToken", "msg": "Invalid token passed"}))
}

fn no_meeting() -> Answer {
    error(404, "NotFound", "The meeting does not exist.")
}

pub(super) fn fault(status: u16) -> Answer {
    match status {
        401 => bad_token(),
        404 => no_meeting(),
        _ => error(status, "InternalError", "Something went wrong."),
    }
}
