//! Webex's meetings and people (<https://developer.webex.com/meeting/docs/api/v1/meetings>).

use std::time::Duration;

use serde_json::{json, Value};

use super::{time, Held, Host};
use crate::base::UnixMillis;
use crate::sandbox::oauth::Access;
use crate::sandbox::quota::Allowance;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Of a regular user; those that were refused count.
const CREATES: Allowance = Allowance { service: "webex creates", units: 100, within: Duration::from_secs(86_400) };
const CALLS: Allowance = Allowance { service: "webex calls", units: 300, within: Duration::from_secs(60) };
const SHORTEST: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(24 * 3600 - 60);

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    let now = world.clock.now();
    match (request.method.as_str(), path) {
        ("GET", ["people", "me"]) => {
            let access = admit(&mut world.meetings.webex, request, "spark:people_read", now)?;
            let account = world.account(&access.email).ok_or_else(bad_token)?;
            Ok(Answer::ok(&json!({"id": account.subject, "emails": [account.email], "displayName": account.name})))
        }
        ("POST", ["meetings"]) => create(&mut world.meetings.webex, request, now),
        ("GET", ["meetings"]) => list(&mut world.meetings.webex, request, now),
        ("PATCH", ["meetings", id]) => change(&mut world.meetings.webex, request, id, now),
        ("DELETE", ["meetings", id]) => {
            let webex = &mut world.meetings.webex;
            let access = admit(webex, request, "meeting:schedules_write", now)?;
            webex.own(&access, id).ok_or_else(no_meeting)?;
            webex.held.remove(&id.parse().unwrap_or_default());
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, "The requested resource could not be found.")),
    }
}

fn admit(webex: &mut Host, request: &Request, scope: &str, now: UnixMillis) -> Result<Access, Answer> {
    let access = webex.admit(request, now, bad_token)?;
    webex.spend(CALLS, &access.email, now).map_err(too_many)?;
    if !access.allows(&[scope]) {
        return Err(error(403, &format!("Missing required scope: {scope}")));
    }
    Ok(access)
}

fn create(webex: &mut Host, request: &Request, now: UnixMillis) -> Result<Answer, Answer> {
    let access = admit(webex, request, "meeting:schedules_write", now)?;
    webex.spend(CREATES, &access.email, now).map_err(too_many)?;
    let mut body = request.json().ok_or_else(|| error(400, "Body cannot be parsed."))?;
    if body["title"].as_str().is_none_or(str::is_empty) {
        return Err(error(400, "'title' must not be blank."));
    }
    let (start, end) = checked(&body)?.ok_or_else(|| error(400, "'start' and 'end' are required."))?;
    if start < now {
        return Err(error(400, "'start' must be later than the current time."));
    }
    let id = webex.next();
    body["id"] = json!(id.to_string());
    body["meetingNumber"] = json!((id % 10_000_000_000).to_string());
    body["webLink"] = json!(format!("https://webex.example/meet/j.php?MTID=m{id}"));
    body["password"] = json!(format!("w{}", id % 99_991));
    body["hostKey"] = json!("host-only");
    webex.held.insert(id, Held { owner: access.email, start, end, body: body.clone() });
    Ok(Answer::ok(&body))
}

fn list(webex: &mut Host, request: &Request, now: UnixMillis) -> Result<Answer, Answer> {
    let access = admit(webex, request, "meeting:schedules_read", now)?;
    let bound =
        |name: &str, default: UnixMillis| request.param(name).and_then(UnixMillis::parse_rfc3339).unwrap_or(default);
    let (from, to) = (bound("from", now), bound("to", now.plus(Duration::from_secs(7 * 86_400))));
    if from >= to {
        return Err(error(400, "'to' must be later than 'from'."));
    }
    let tag = request.param("integrationTag");
    let fits = |held: &&Held| {
        let is_tagged =
            tag.is_none_or(|tag| held.body["integrationTags"].as_array().is_some_and(|all| all.contains(&json!(tag))));
        held.owner == access.email && held.start < to && held.end > from && is_tagged
    };
    let most = request.limit("max", 10, 100);
    let items: Vec<Value> = webex.held.values().filter(fits).take(most).map(|held| held.body.clone()).collect();
    Ok(Answer::ok(&json!({"items": items})))
}

fn change(webex: &mut Host, request: &Request, id: &str, now: UnixMillis) -> Result<Answer, Answer> {
    let access = admit(webex, request, "meeting:schedules_write", now)?;
    let sent = request.json().ok_or_else(|| error(400, "Body cannot be parsed."))?;
    let times = checked(&sent)?;
    let held = webex.own(&access, id).ok_or_else(no_meeting)?;
    for (name, value) in sent.as_object().into_iter().flatten() {
        held.body[name.as_str()] = value.clone();
    }
    if let Some((start, end)) = times {
        (held.start, held.end) = (start, end);
    }
    Ok(Answer::ok(&held.body))
}

/// What the sent fields may be; start and end where both were sent. Seconds are cut off.
fn checked(body: &Value) -> Result<Option<(UnixMillis, UnixMillis)>, Answer> {
    for (field, most) in [("title", 128), ("agenda", 1300)] {
        if body[field].as_str().is_some_and(|text| text.chars().count() > most) {
            return Err(error(400, &format!("'{field}' is longer than {most} characters.")));
        }
    }
    let tags = body["integrationTags"].as_array().map(Vec::as_slice).unwrap_or_default();
    if tags.len() > 3 || tags.iter().any(|tag| tag.as_str().is_none_or(|tag| tag.chars().count() > 64)) {
        return Err(error(400, "'integrationTags' has at most 3 tags of 64 characters."));
    }
    let at = |name: &str| {
        let Some(text) = body[name].as_str() else { return Ok(None) };
        let at = time(text, body["timezone"].as_str())
            .ok_or_else(|| error(400, &format!("'{name}' is no ISO 8601 time.")))?;
        Ok(Some(UnixMillis(at.0 - at.0.rem_euclid(60_000))))
    };
    let (Some(start), Some(end)) = (at("start")?, at("end")?) else { return Ok(None) };
    match end.since(start) {
        length if (SHORTEST..=LONGEST).contains(&length) => Ok(Some((start, end))),
        _ => Err(error(400, "The duration must be between 10 minutes and 23 hours and 59 minutes.")),
    }
}

fn error(status: u16, words: &str) -> Answer {
    let body = json!({"message": "The request could not be carried out.", "errors": [{"description": words}],
        "trackingId": "SANDBOX_0"});
    Answer::json(status, &body)
}

fn bad_token() -> Answer {
    error(401, "The request requires a valid access token set in the Authorization request header.")
}

fn no_meeting() -> Answer {
    error(404, "The meeting could not be found.")
}

fn too_many(seconds: u64) -> Answer {
    error(429, "Too many requests.").with("retry-after", seconds.to_string())
}

pub(super) fn fault(status: u16) -> Answer {
    match status {
        401 => bad_token(),
        404 => no_meeting(),
        423 => error(423, "The meeting is locked at present."),
        _ => error(status, "Something went wrong."),
    }
}
