//! Zoom's meetings and users, with the limits of a Pro account
//! (<https://developers.zoom.us/docs/api/rate-limits/>).

use std::time::Duration;

use serde_json::{json, Value};

use super::{time, Held, Host};
use crate::base::UnixMillis;
use crate::sandbox::oauth::Access;
use crate::sandbox::quota::Allowance;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// Reading and changing one meeting.
const LIGHT: Allowance = Allowance { service: "zoom light", units: 30, within: SECOND };
/// Making meetings and listing them.
const MEDIUM: Allowance = Allowance { service: "zoom medium", units: 20, within: SECOND };
/// Of one host.
const CREATES: Allowance = Allowance { service: "zoom creates", units: 100, within: DAY };
/// Of one meeting.
const UPDATES: Allowance = Allowance { service: "zoom updates", units: 100, within: DAY };

const WRITE: [&str; 2] = ["meeting:write", "meeting:write:meeting"];
const UPDATE: [&str; 2] = ["meeting:write", "meeting:update:meeting"];
const DELETE: [&str; 2] = ["meeting:write", "meeting:delete:meeting"];
const LIST: [&str; 2] = ["meeting:read", "meeting:read:list_meetings"];
const READ: [&str; 2] = ["meeting:read", "meeting:read:meeting"];
const USER: [&str; 2] = ["user:read", "user:read:user"];

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    let now = world.clock.now();
    match (request.method.as_str(), path) {
        ("GET", ["users", "me"]) => {
            let access = admit(&mut world.meetings.zoom, request, &USER, LIGHT, now)?;
            let account = world.account(&access.email).ok_or_else(bad_token)?;
            let (first, last) = account.name.split_once(' ').unwrap_or((&account.name, ""));
            Ok(Answer::ok(&json!({"id": account.subject, "account_id": "sandbox-account", "email": account.email,
                "first_name": first, "last_name": last, "type": 2, "verified": 1})))
        }
        ("POST", ["users", "me", "meetings"]) => create(&mut world.meetings.zoom, request, now),
        ("GET", ["users", "me", "meetings"]) => list(&mut world.meetings.zoom, request, now),
        ("GET", ["meetings", id]) => {
            let zoom = &mut world.meetings.zoom;
            let access = admit(zoom, request, &READ, LIGHT, now)?;
            let held = zoom.own(&access, id).ok_or_else(|| no_meeting(id))?;
            Ok(Answer::ok(&held.body))
        }
        ("PATCH", ["meetings", id]) => change(&mut world.meetings.zoom, request, id, now),
        ("DELETE", ["meetings", id]) => {
            let zoom = &mut world.meetings.zoom;
            let access = admit(zoom, request, &DELETE, LIGHT, now)?;
            zoom.own(&access, id).ok_or_else(|| no_meeting(id))?;
            zoom.held.remove(&id.parse().unwrap_or_default());
            Ok(Answer::empty(204))
        }
        _ => Err(error(404, 2300, "This API endpoint is not recognized.")),
    }
}

/// Token, rate, scope: in the order in which Zoom finds fault.
fn admit(
    zoom: &mut Host,
    request: &Request,
    scopes: &[&str],
    rate: Allowance,
    now: UnixMillis,
) -> Result<Access, Answer> {
    let access = zoom.admit(request, now, bad_token)?;
    zoom.spend(rate, &access.email, now).map_err(|_| {
        error(429, 429, "You have reached the maximum per-second rate limit for this API. Try again later.")
    })?;
    if !access.allows(scopes) {
        let message = format!("Invalid access token, does not contain scopes:[{}].", scopes.join(", "));
        return Err(error(400, 4711, &message));
    }
    Ok(access)
}

fn create(zoom: &mut Host, request: &Request, now: UnixMillis) -> Result<Answer, Answer> {
    let access = admit(zoom, request, &WRITE, MEDIUM, now)?;
    zoom.spend(CREATES, &access.email, now).map_err(|_| {
        let message = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this user.";
        error(429, 429, message)
    })?;
    let mut body = request.json().ok_or_else(|| error(400, 300, "Request Body should be a valid JSON object."))?;
    let (start, end) = checked(&body)?.ok_or_else(|| invalid("start_time", "Invalid field."))?;
    let id = zoom.next();
    body["id"] = json!(id);
    body["uuid"] = json!(format!("sandbox{id}=="));
    body["join_url"] = json!(format!("https://zoom.us.example/j/{id}?pwd=s{}", id % 9_973));
    body["start_url"] = json!(format!("https://zoom.us.example/s/{id}?zak=host-only"));
    body["status"] = json!("waiting");
    zoom.held.insert(id, Held { owner: access.email, start, end, body: body.clone() });
    Ok(Answer::json(201, &body))
}

fn list(zoom: &mut Host, request: &Request, now: UnixMillis) -> Result<Answer, Answer> {
    let access = admit(zoom, request, &LIST, MEDIUM, now)?;
    let (size, from) = (request.limit("page_size", 30, 300), request.limit("next_page_token", 0, usize::MAX));
    let all = zoom.upcoming(&access, now);
    let skip = if request.param("next_page_token").is_some() { from } else { 0 };
    let page: Vec<Value> = all.iter().skip(skip).take(size).map(|(_, held)| listed(&held.body)).collect();
    let next = if skip + size < all.len() { (skip + size).to_string() } else { String::new() };
    Ok(Answer::ok(&json!({"page_size": size, "total_records": all.len(), "next_page_token": next, "meetings": page})))
}

/// The list shows the first 250 characters of an agenda, and no secret of the host's.
fn listed(body: &Value) -> Value {
    let mut shown = body.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("start_url");
    }
    if let Some(agenda) = body["agenda"].as_str() {
        shown["agenda"] = json!(agenda.chars().take(250).collect::<String>());
    }
    shown
}

fn change(zoom: &mut Host, request: &Request, id: &str, now: UnixMillis) -> Result<Answer, Answer> {
    let access = admit(zoom, request, &UPDATE, LIGHT, now)?;
    zoom.own(&access, id).ok_or_else(|| no_meeting(id))?;
    zoom.spend(UPDATES, id, now).map_err(|_| {
        error(
            429,
            429,
            "You have exceeded the daily rate limit of Meeting Create/Update API requests permitted for this meeting.",
        )
    })?;
    let sent = request.json().ok_or_else(|| error(400, 300, "Request Body should be a valid JSON object."))?;
    let times = checked(&sent)?;
    let held = zoom.own(&access, id).ok_or_else(|| no_meeting(id))?;
    for (name, value) in sent.as_object().into_iter().flatten() {
        held.body[name.as_str()] = value.clone();
    }
    // A time that is over is passed by without a word.
    if let Some((start, end)) = times.filter(|(start, _)| *start > now) {
        (held.start, held.end) = (start, end);
    }
    Ok(Answer::empty(204))
}

/// What the sent fields may be; start and end where a start was sent.
fn checked(body: &Value) -> Result<Option<(UnixMillis, UnixMillis)>, Answer> {
    for (field, most) in [("topic", 200), ("agenda", 2000), ("password", 10)] {
        if body[field].as_str().is_some_and(|text| text.chars().count() > most) {
            return Err(invalid(field, "Invalid field."));
        }
    }
    if !body["type"].is_null() && !matches!(body["type"].as_u64(), Some(1 | 2 | 3 | 8 | 10)) {
        return Err(invalid("type", "Invalid field."));
    }
    let Some(start) = body["start_time"].as_str() else { return Ok(None) };
    let start = time(start, body["timezone"].as_str()).ok_or_else(|| invalid("start_time", "Invalid field."))?;
    let minutes = body["duration"].as_u64().unwrap_or(60);
    Ok(Some((start, start.plus(Duration::from_secs(minutes * 60)))))
}

fn error(status: u16, code: u32, message: &str) -> Answer {
    Answer::json(status, &json!({"code": code, "message": message}))
}

fn invalid(field: &str, message: &str) -> Answer {
    let errors = json!([{"field": field, "message": message}]);
    Answer::json(400, &json!({"code": 300, "message": "Validation Failed.", "errors": errors}))
}

fn bad_token() -> Answer {
    error(401, 124, "Invalid access token.")
}

fn no_meeting(id: &str) -> Answer {
    error(404, 3001, &format!("Meeting does not exist: {id}."))
}

pub(super) fn fault(status: u16) -> Answer {
    match status {
        401 => bad_token(),
        404 => no_meeting("0"),
        429 => error(429, 429, "You have reached the maximum per-second rate limit for this API. Try again later."),
        400 => invalid("topic", "Invalid field."),
        _ => error(status, u32::from(status), "Internal error."),
    }
}
