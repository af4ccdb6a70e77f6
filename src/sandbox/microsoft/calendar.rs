//! Calendars of Graph v1.0 (learn.microsoft.com/graph/api/resources/calendar): the calls that a booking program makes.
//! The diary behind them is the same that Google shows.

use serde_json::{json, Value};

use super::{admit, delta, errors};
use crate::base::UnixMillis;
use crate::sandbox::google::calendar::{invite, Calendar, Event, Notice};
use crate::sandbox::oauth::Access;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

pub(super) const READ: [&str; 3] = ["Calendars.Read", "Calendars.ReadWrite", "Calendars.ReadBasic"];
const WRITE: [&str; 1] = ["Calendars.ReadWrite"];

/// `path` is what follows `/v1.0/me`; `None` for what is no call of calendars.
pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Option<Result<Answer, Answer>> {
    Some(match (request.method.as_str(), path) {
        ("GET", ["calendars"]) => list(world, request),
        ("GET", ["calendarView", "delta"] | ["calendar", "calendarView", "delta"]) => {
            delta::answer(world, request, "primary")
        }
        ("GET", ["calendars", id, "calendarView", "delta"]) => delta::answer(world, request, id),
        ("GET", ["calendar", "calendarView"]) => view(world, request, "primary"),
        ("GET", ["calendars", id, "calendarView"]) => view(world, request, id),
        ("POST", ["events"] | ["calendar", "events"]) => create(world, request, "primary"),
        ("POST", ["calendars", id, "events"]) => create(world, request, id),
        ("GET", ["events", id]) => get(world, request, id),
        ("PATCH", ["events", id]) => change(world, request, id),
        ("DELETE", ["events", id]) => delete(world, request, id),
        _ => return None,
    })
}

fn list(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let shown = |calendar: &Calendar| {
        let all = json!({
            "id": calendar.id, "name": calendar.summary, "canEdit": calendar.is_owned(),
            "isDefaultCalendar": calendar.is_primary, "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        });
        super::mail::selected(request, all)
    };
    let value: Vec<Value> = world.microsoft.calendars.of(&access.email).iter().map(shown).collect();
    Ok(Answer::ok(&json!({ "value": value })))
}

pub(super) fn calendar<'a>(world: &'a World, access: &Access, id: &str) -> Result<&'a Calendar, Answer> {
    world.microsoft.calendars.find(&access.email, id).ok_or_else(errors::no_item)
}

/// What overlaps the range, page by page.
fn view(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let (from, until) = window(request)?;
    let (skip, most) = (request.limit("$skip", 0, usize::MAX), request.limit("$top", 10, 1_000));
    let skip = if request.param("$skip").is_some() { skip } else { 0 };
    let calendar = calendar(world, &access, id)?;
    let within = |event: &&Event| !event.is_cancelled() && event.end > from && event.start < until;
    let found: Vec<&Event> = calendar.events.iter().filter(within).collect();
    let page = found.iter().skip(skip).take(most).map(|event| super::mail::selected(request, shown(event)));
    let mut answer = json!({ "value": page.collect::<Vec<Value>>() });
    if found.len() > skip + most {
        let others = request.query.iter().filter(|(name, _)| name != "$skip");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("$skip", &(skip + most).to_string())
            .finish();
        answer["@odata.nextLink"] = json!(format!("{}{}?{query}", request.origin(), request.path));
    }
    Ok(Answer::ok(&answer))
}

/// The range that is asked for.
pub(super) fn window(request: &Request) -> Result<(UnixMillis, UnixMillis), Answer> {
    let bound = |name: &str| {
        let wrong =
            || errors::bad_request("ErrorInvalidParameter", &format!("The parameter {name} is missing or wrong."));
        request.param(name).and_then(UnixMillis::parse_rfc3339).ok_or_else(wrong)
    };
    Ok((bound("startDateTime")?, bound("endDateTime")?))
}

/// An event as Graph shows it, its times in UTC as the `Prefer` header asks.
pub(super) fn shown(event: &Event) -> Value {
    let body = &event.body;
    let all_day = body["start"]["date"].as_str();
    let time = |instant: UnixMillis, name: &str| {
        let text = match body[name]["date"].as_str() {
            Some(date) => format!("{date}T00:00:00.0000000"),
            None => instant.to_rfc3339().replace('Z', ".0000000"),
        };
        json!({"dateTime": text, "timeZone": "UTC"})
    };
    let declined = !event.is_busy() && body["transparency"] != "transparent";
    let mut all = json!({
        "id": event.id,
        "@odata.etag": format!("W/{}", body["etag"].as_str().unwrap_or_default()),
        "iCalUId": format!("040000008200E00074C5B7101A82E008{}", event.id),
        "subject": body["summary"],
        "start": time(event.start, "start"),
        "end": time(event.end, "end"),
        "isAllDay": all_day.is_some(),
        "isCancelled": event.is_cancelled(),
        "originalStartTimeZone": body["start"]["timeZone"].as_str().unwrap_or("GMT Standard Time"),
        "showAs": if body["transparency"] == "transparent" { "free" } else { "busy" },
        "responseStatus": {"response": if declined { "declined" } else { "organizer" }},
        "webLink": format!("https://outlook.example/calendar/item/{}", event.id),
        "transactionId": body["transactionId"],
        "isOnlineMeeting": body["isOnlineMeeting"] == true,
        "onlineMeeting": null,
    });
    if let Some(link) = body["joinUrl"].as_str() {
        all["onlineMeeting"] = json!({"joinUrl": link});
    }
    all
}

fn answer_with(request: &Request, status: u16, event: &Event) -> Answer {
    let all = shown(event);
    let etag = all["@odata.etag"].clone();
    let mut selected = super::mail::selected(request, all);
    selected["@odata.etag"] = etag;
    Answer::json(status, &selected)
}

/// The times, guests and texts of a body in Graph's shape, as the diary keeps them.
fn kept(body: &Value, into: &mut Value) -> Result<(), Answer> {
    for name in ["start", "end"] {
        if body[name].is_null() {
            continue;
        }
        let wrong = || errors::bad_request("ErrorPropertyValidationFailure", &format!("{name} cannot be read."));
        if body[name]["timeZone"] != "UTC" {
            return Err(wrong());
        }
        let text = format!("{}Z", body[name]["dateTime"].as_str().ok_or_else(wrong)?);
        UnixMillis::parse_rfc3339(&text).ok_or_else(wrong)?;
        into[name] = json!({"dateTime": text, "timeZone": "UTC"});
    }
    if let Some(subject) = body["subject"].as_str() {
        into["summary"] = json!(subject);
    }
    if let Some(place) = body["location"]["displayName"].as_str() {
        into["location"] = json!(place);
    }
    if let Some(guests) = body["attendees"].as_array() {
        let emails = guests.iter().filter_map(|guest| guest["emailAddress"]["address"].as_str());
        into["attendees"] = emails.map(|email| json!({"email": email, "responseStatus": "needsAction"})).collect();
    }
    Ok(())
}

/// A `transactionId` that was used before makes no second event: the first one is answered with.
fn create(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &WRITE)?;
    let body = request.json().ok_or_else(|| errors::bad_request("RequestBodyRead", "The body is not JSON."))?;
    let now = world.clock.now();
    let owned = calendar(world, &access, id)?;
    if !owned.is_owned() {
        return Err(errors::access_denied());
    }
    if let Some(transaction) = body["transactionId"].as_str() {
        let same = |event: &&Event| event.body["transactionId"] == transaction && !event.is_cancelled();
        if let Some(event) = owned.events.iter().find(same) {
            return Ok(answer_with(request, 201, event));
        }
    }
    let event_id = format!("AAMkSandboxEvent{}", crate::base::uuid_at(now).simple());
    let mut event = json!({"id": event_id, "status": "confirmed", "iCalUID": event_id, "sequence": 0});
    kept(&body, &mut event)?;
    event["transactionId"] = body["transactionId"].clone();
    if let Some([app, booking, _]) =
        body["transactionId"].as_str().map(|text| text.split('.').collect::<Vec<_>>()).as_deref()
    {
        event["extendedProperties"] = json!({"private": {"app": app, "booking": booking}});
    }
    if body["isOnlineMeeting"] == true {
        event["isOnlineMeeting"] = json!(true);
        event["joinUrl"] = json!(format!("https://teams.example/l/meetup-join/{event_id}"));
    }
    let unreadable = || errors::bad_request("ErrorPropertyValidationFailure", "The times cannot be read.");
    let calendar = world.microsoft.calendars.find_mut(&access.email, id).ok_or_else(errors::no_item)?;
    let stored = calendar.put_new(event, now).ok_or_else(unreadable)?.clone();
    invite(world, &access.email, &stored.body, Notice::Invitation);
    Ok(answer_with(request, 201, &stored))
}

/// The event of that id in whichever of the person's calendars: its calendar and place.
fn place(world: &World, access: &Access, id: &str) -> Result<(String, usize), Answer> {
    let calendars = world.microsoft.calendars.of(&access.email).iter();
    let found = calendars.filter_map(|one| Some((one.id.clone(), one.position(id)?, one.event(id)?.is_cancelled())));
    let found = found.map(|(calendar, at, is_gone)| (!is_gone).then_some((calendar, at)));
    found.flatten().next().ok_or_else(errors::no_item)
}

fn get(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let (calendar_id, at) = place(world, &access, id)?;
    let event = &calendar(world, &access, &calendar_id)?.events[at];
    Ok(answer_with(request, 200, event))
}

fn change(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &WRITE)?;
    let body = request.json().ok_or_else(|| errors::bad_request("RequestBodyRead", "The body is not JSON."))?;
    let (calendar_id, at) = place(world, &access, id)?;
    let now = world.clock.now();
    let event = calendar(world, &access, &calendar_id)?.events[at].clone();
    is_unchanged(request, &event)?;
    let mut changed = event.body;
    kept(&body, &mut changed)?;
    let calendar = world.microsoft.calendars.find_mut(&access.email, &calendar_id).ok_or_else(errors::no_item)?;
    let stored = calendar.change(at, changed, now).clone();
    invite(world, &access.email, &stored.body, Notice::Update);
    Ok(answer_with(request, 200, &stored))
}

fn is_unchanged(request: &Request, event: &Event) -> Result<(), Answer> {
    let etag = shown(event)["@odata.etag"].clone();
    match request.header("if-match") {
        Some(asked) if asked != "*" && etag != asked => {
            Err(errors::error(412, "ErrorIrresolvableConflict", "The change key does not match."))
        }
        _ => Ok(()),
    }
}

/// Guests are told by Exchange.
fn delete(world: &mut World, request: &Request, id: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &WRITE)?;
    let (calendar_id, at) = place(world, &access, id)?;
    let now = world.clock.now();
    let event = calendar(world, &access, &calendar_id)?.events[at].clone();
    is_unchanged(request, &event)?;
    let mut gone = event.body;
    gone["status"] = json!("cancelled");
    let calendar = world.microsoft.calendars.find_mut(&access.email, &calendar_id).ok_or_else(errors::no_item)?;
    let stored = calendar.change(at, gone, now).clone();
    invite(world, &access.email, &stored.body, Notice::Cancellation);
    Ok(Answer::empty(204))
}
