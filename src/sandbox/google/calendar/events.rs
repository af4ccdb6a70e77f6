//! events.insert, get, patch, delete.

use serde_json::{json, Map, Value};

use super::invite::{self, Notice};
use super::{admit, conference, errors, reachable, times, READ, WRITE};
use crate::base::EmailAddress;
use crate::sandbox::oauth::Access;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Fields that only the server writes.
const SERVER_FIELDS: [&str; 10] =
    ["kind", "etag", "htmlLink", "created", "updated", "creator", "organizer", "iCalUID", "hangoutLink", "id"];

pub(super) fn insert(world: &mut World, request: &Request, calendar: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &WRITE)?;
    writable(world, &access, calendar)?;
    check_updates(request)?;
    let body = object(request)?;
    let id = match body.get("id").and_then(Value::as_str) {
        Some(id) => checked_id(world, &access, calendar, id)?,
        None => crate::base::uuid_at(world.clock.now()).simple().to_string(),
    };
    let uid = body.get("iCalUID").and_then(Value::as_str).map_or_else(|| format!("{id}@google.com"), str::to_owned);
    let now = world.clock.now();
    let mut event = json!({
        "kind": "calendar#event",
        "id": id,
        "status": "confirmed",
        "htmlLink": format!("https://calendar.google.example/event?eid={id}"),
        "created": format!("{:.3}", now.to_timestamp()),
        "creator": {"email": access.email, "self": true},
        "organizer": {"email": access.email, "self": true},
        "iCalUID": uid,
        "sequence": 0,
        "reminders": {"useDefault": true},
        "eventType": "default",
    });
    merge(&mut event, body, &access, wants_conference(request))?;
    if event["conferenceData"].is_object() && !world.settings.slow_conferences {
        conference::settle(&mut event);
    }
    store_new(world, &access, calendar, event)?;
    notify(world, request, &access, calendar, &id, Notice::Invitation)?;
    shown(world, &access, calendar, &id)
}

pub(super) fn get(world: &mut World, request: &Request, calendar: &str, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    reachable(world, &access, calendar, &READ)?;
    settle_pending(world, &access, calendar, id);
    shown(world, &access, calendar, id)
}

pub(super) fn patch(world: &mut World, request: &Request, calendar: &str, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &WRITE)?;
    writable(world, &access, calendar)?;
    check_updates(request)?;
    let mut event = current(world, request, &access, calendar, id)?;
    let body = object(request)?;
    let restores = body.get("status").is_some_and(|status| status != "cancelled");
    if event["status"] == "cancelled" && !restores {
        return Err(gone());
    }
    let before = event.clone();
    merge(&mut event, body, &access, wants_conference(request))?;
    let zone = times::zone(&super::calendar(world, &access, calendar)?.zone);
    if times::span(&event, &zone)? != times::span(&before, &zone)? {
        event["sequence"] = json!(before["sequence"].as_u64().unwrap_or(0) + 1);
        ask_again(&mut event);
    }
    let notice = if event["status"] == "cancelled" { Notice::Cancellation } else { Notice::Update };
    replace(world, &access, calendar, id, event)?;
    notify(world, request, &access, calendar, id, notice)?;
    shown(world, &access, calendar, id)
}

/// Who had said yes to the old time has not said yes to the new one.
fn ask_again(event: &mut Value) {
    for guest in event["attendees"].as_array_mut().into_iter().flatten().filter(|guest| guest["self"] != true) {
        guest["responseStatus"] = json!("needsAction");
    }
}

/// A deleted event stays as `cancelled`: its id stays taken, and incremental syncs tell of it.
pub(super) fn delete(world: &mut World, request: &Request, calendar: &str, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &WRITE)?;
    writable(world, &access, calendar)?;
    check_updates(request)?;
    let mut event = current(world, request, &access, calendar, id)?;
    if event["status"] == "cancelled" {
        return Err(gone());
    }
    event["status"] = json!("cancelled");
    event["sequence"] = json!(event["sequence"].as_u64().unwrap_or(0) + 1);
    replace(world, &access, calendar, id, event)?;
    notify(world, request, &access, calendar, id, Notice::Cancellation)?;
    Ok(Answer::empty(204))
}

fn gone() -> Answer {
    errors::error(410, "global", "deleted", "Resource has been deleted")
}

fn not_found() -> Answer {
    errors::error(404, "global", "notFound", "Not Found")
}

fn object(request: &Request) -> Result<Map<String, Value>, Answer> {
    match request.json() {
        Some(Value::Object(body)) => Ok(body),
        _ => Err(errors::error(400, "global", "parseError", "This API does not support parsing form-encoded input.")),
    }
}

fn writable(world: &World, access: &Access, calendar: &str) -> Result<(), Answer> {
    if super::calendar(world, access, calendar)?.is_owned() {
        return Ok(());
    }
    let message = "You need to have writer access to this calendar.";
    Err(errors::error(403, "calendar", "requiredAccessLevel", message))
}

/// Base32hex in lower case, 5 to 1024 characters, and not taken, not even by a deleted event.
fn checked_id(world: &World, access: &Access, calendar: &str, id: &str) -> Result<String, Answer> {
    let fits = (5..=1024).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'));
    if !fits {
        return Err(errors::error(400, "global", "invalid", "Invalid resource id value."));
    }
    if super::calendar(world, access, calendar)?.event(id).is_some() {
        return Err(errors::error(409, "global", "duplicate", "The requested identifier already exists."));
    }
    Ok(id.to_owned())
}

/// The stored body, once `If-Match` (when sent) agrees with its etag.
fn current(world: &World, request: &Request, access: &Access, calendar: &str, id: &str) -> Result<Value, Answer> {
    let event = super::calendar(world, access, calendar)?.event(id).ok_or_else(not_found)?;
    match request.header("if-match") {
        Some(etag) if etag != "*" && event.body["etag"] != etag => {
            Err(errors::error(412, "global", "conditionNotMet", "Precondition Failed"))
        }
        _ => Ok(event.body.clone()),
    }
}

fn wants_conference(request: &Request) -> bool {
    request.param("conferenceDataVersion") == Some("1")
}

/// Lays the sent fields over the event. Arrays are replaced whole, null removes, objects are merged.
fn merge(event: &mut Value, sent: Map<String, Value>, access: &Access, with_conference: bool) -> Result<(), Answer> {
    if sent.get("recurrence").is_some_and(|rules| !rules.is_null()) {
        return Err(errors::error(400, "global", "invalid", "The sandbox does not expand recurring events."));
    }
    for (name, value) in sent {
        match name.as_str() {
            name if SERVER_FIELDS.contains(&name) => {}
            "conferenceData" if !with_conference => {}
            "conferenceData" => event["conferenceData"] = conference::requested(value)?,
            "attendees" => event["attendees"] = invited(value, access)?,
            // A time is one value: a date must not stay behind beside a new dateTime.
            "start" | "end" => event[name.as_str()] = value,
            _ => overlay(&mut event[name.as_str()], value),
        }
    }
    if let Some(fields) = event.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(())
}

fn overlay(old: &mut Value, new: Value) {
    match (old.as_object_mut(), new) {
        (Some(old), Value::Object(new)) => {
            for (name, value) in new {
                overlay(old.entry(name).or_insert(Value::Null), value);
            }
            old.retain(|_, value| !value.is_null());
        }
        (_, new) => *old = new,
    }
}

/// Guests, each with an answer; the person's own entry is marked.
fn invited(attendees: Value, access: &Access) -> Result<Value, Answer> {
    let Value::Array(mut attendees) = attendees else { return Ok(Value::Null) };
    for attendee in &mut attendees {
        if attendee["email"].as_str().is_none_or(|email| EmailAddress::parse(email).is_err()) {
            return Err(errors::error(400, "global", "invalid", "Invalid attendee email."));
        }
        let own = attendee["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(&access.email));
        if own {
            attendee["self"] = json!(true);
            attendee["organizer"] = json!(true);
        }
        if attendee["responseStatus"].is_null() {
            attendee["responseStatus"] = json!(if own { "accepted" } else { "needsAction" });
        }
    }
    Ok(Value::Array(attendees))
}

fn settle_pending(world: &mut World, access: &Access, calendar: &str, id: &str) {
    let now = world.clock.now();
    let Some(calendar) = world.google.calendars.find_mut(&access.email, calendar) else { return };
    let Some(at) = calendar.position(id) else { return };
    let mut body = calendar.events[at].body.clone();
    conference::settle(&mut body);
    if body != calendar.events[at].body {
        calendar.change(at, body, now);
    }
}

fn store_new(world: &mut World, access: &Access, calendar: &str, mut event: Value) -> Result<(), Answer> {
    let now = world.clock.now();
    let calendar = world.google.calendars.find_mut(&access.email, calendar).ok_or_else(not_found)?;
    settle_times(&mut event, &calendar.zone)?;
    calendar.put_new(event, now).map(|_| ()).ok_or_else(not_found)
}

fn replace(world: &mut World, access: &Access, calendar: &str, id: &str, mut event: Value) -> Result<(), Answer> {
    let now = world.clock.now();
    let calendar = world.google.calendars.find_mut(&access.email, calendar).ok_or_else(not_found)?;
    settle_times(&mut event, &calendar.zone)?;
    let at = calendar.position(id).ok_or_else(not_found)?;
    calendar.change(at, event, now);
    Ok(())
}

fn settle_times(event: &mut Value, zone: &str) -> Result<(), Answer> {
    let span = times::span(event, &times::zone(zone))?;
    times::settle(event, span, zone);
    Ok(())
}

/// The event as this token may see it, with its etag as a header.
fn shown(world: &World, access: &Access, calendar: &str, id: &str) -> Result<Answer, Answer> {
    let event = super::calendar(world, access, calendar)?.event(id).ok_or_else(not_found)?;
    let etag = event.body["etag"].as_str().unwrap_or_default().to_owned();
    Ok(Answer::ok(&super::list::visible(event, access)).with("etag", etag))
}

fn notify(
    world: &mut World,
    request: &Request,
    access: &Access,
    calendar: &str,
    id: &str,
    notice: Notice,
) -> Result<(), Answer> {
    if request.param("sendUpdates").unwrap_or("none") == "none" {
        return Ok(());
    }
    let event = super::calendar(world, access, calendar)?.event(id).ok_or_else(not_found)?.body.clone();
    invite::send(world, &access.email, &event, notice);
    Ok(())
}

/// An unknown value must be refused before anything is changed.
fn check_updates(request: &Request) -> Result<(), Answer> {
    match request.param("sendUpdates") {
        None | Some("all" | "externalOnly" | "none") => Ok(()),
        Some(_) => Err(errors::error(400, "global", "invalidParameter", "Invalid value for sendUpdates")),
    }
}
