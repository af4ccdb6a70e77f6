//! events.list: by time, by property, or what changed since a sync token.

use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde_json::{json, Value};

use super::store::{Calendar, Event};
use super::{admit, errors, reachable, times, EVENTS_BUSY, READ};
use crate::base::UnixMillis;
use crate::sandbox::oauth::Access;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// Google names no span after which a sync token ends; four weeks unused is what the sandbox allows.
pub(in crate::sandbox) const TOKEN_LIFE: Duration = Duration::from_secs(28 * 86_400);
/// Parameters that narrow a list and therefore cannot stand beside a sync token.
const NOT_WITH_SYNC: [&str; 8] = [
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
];

pub(super) fn events(world: &mut World, request: &Request, calendar: &str) -> Result<Answer, Answer> {
    let access = admit(world, request, &READ)?;
    let now = world.clock.now();
    let calendar = reachable(world, &access, calendar, &READ)?;
    let mut found = match request.param("syncToken") {
        Some(token) => changed_since(calendar, request, token, now)?,
        None => matching(calendar, request)?,
    };
    if request.param("orderBy") == Some("startTime") {
        if request.param("singleEvents") != Some("true") {
            let message = "The requested ordering is not available for the particular query.";
            return Err(errors::error(400, "global", "badRequest", message));
        }
        found.sort_by_key(|event| event.start);
    }
    let start: usize =
        request.param("pageToken").map_or(Ok(0), |token| token.parse().map_err(|_| invalid("pageToken")))?;
    let most = request.limit("maxResults", 250, 2_500);
    let items: Vec<Value> = found.iter().skip(start).take(most).map(|event| visible(event, &access)).collect();
    let mut answer = json!({
        "kind": "calendar#events",
        "etag": format!("\"{}\"", calendar.version),
        "summary": calendar.summary,
        "timeZone": calendar.zone,
        "accessRole": calendar.role,
        "defaultReminders": [],
        "items": items,
    });
    if start + most < found.len() {
        answer["nextPageToken"] = json!((start + most).to_string());
    } else {
        answer["nextSyncToken"] = json!(sync_token(calendar.version, now, &manner(request)));
    }
    Ok(Answer::ok(&answer))
}

/// The event as a token may see it: with nothing but free/busy access, without details.
pub(super) fn visible(event: &Event, access: &Access) -> Value {
    let details: Vec<&str> = READ.into_iter().filter(|scope| *scope != EVENTS_BUSY).collect();
    let mut body = event.body.clone();
    if let Some(fields) = body.as_object_mut().filter(|_| !access.allows(&details)) {
        let plain = ["kind", "etag", "id", "status", "start", "end", "transparency", "updated", "eventType", "iCalUID"];
        fields.retain(|name, _| plain.contains(&name.as_str()));
    }
    body
}

fn matching<'a>(calendar: &'a Calendar, request: &Request) -> Result<Vec<&'a Event>, Answer> {
    let bound = |name| request.param(name).map(|text| times::bound(text, name)).transpose();
    let (from, until) = (bound("timeMin")?, bound("timeMax")?);
    let with_deleted = request.param("showDeleted") == Some("true");
    let properties = |kind: &'static str, parameter: &'static str| {
        let holds = move |event: &Event, pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            event.body["extendedProperties"][kind][name] == value
        };
        move |event: &Event| request.params(parameter).all(|pair| holds(event, pair))
    };
    let private = properties("private", "privateExtendedProperty");
    let shared = properties("shared", "sharedExtendedProperty");
    let words = request.param("q").unwrap_or_default().to_lowercase();
    let text_of = |event: &Event| format!("{} {}", event.body["summary"], event.body["description"]).to_lowercase();
    Ok(calendar
        .events
        .iter()
        .filter(|event| with_deleted || !event.is_cancelled())
        .filter(|event| from.is_none_or(|from| event.end > from) && until.is_none_or(|until| event.start < until))
        .filter(|event| private(event) && shared(event))
        .filter(|event| request.param("iCalUID").is_none_or(|uid| event.body["iCalUID"] == uid))
        .filter(|event| words.is_empty() || text_of(event).contains(&words))
        .collect())
}

/// Everything changed since the token was given out, deleted events always among it.
fn changed_since<'a>(
    calendar: &'a Calendar,
    request: &Request,
    token: &str,
    now: UnixMillis,
) -> Result<Vec<&'a Event>, Answer> {
    if NOT_WITH_SYNC.iter().any(|name| request.param(name).is_some()) {
        let message = "Sync token cannot be used together with the parameters sent.";
        return Err(errors::error(400, "global", "invalid", message));
    }
    if request.param("showDeleted") == Some("false") {
        return Err(errors::error(400, "global", "invalid", "Sync token cannot be used without deleted events."));
    }
    let (version, given, first) = read_token(token).ok_or_else(|| invalid("syncToken"))?;
    if first != manner(request) {
        let message = "Sync token cannot be used with other parameters than those of the initial synchronization.";
        return Err(errors::error(400, "global", "invalid", message));
    }
    if version < calendar.sync_floor || version > calendar.version || given.plus(TOKEN_LIFE) < now {
        let message = "Sync token is no longer valid, a full sync is required.";
        return Err(errors::error(410, "calendar", "fullSyncRequired", message));
    }
    Ok(calendar.events.iter().filter(|event| event.version > version).collect())
}

/// How the list was asked for: a token holds for the same manner only.
fn manner(request: &Request) -> String {
    ["singleEvents", "maxAttendees"].map(|name| request.param(name).unwrap_or("-")).join(",")
}

/// Carries the calendar's version, when it was given out and for which list.
fn sync_token(version: u64, now: UnixMillis, manner: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("sync {version} {} {manner}", now.0))
}

fn read_token(token: &str) -> Option<(u64, UnixMillis, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut words = text.strip_prefix("sync ")?.splitn(3, ' ');
    let (version, given) = (words.next()?.parse().ok()?, UnixMillis(words.next()?.parse().ok()?));
    Some((version, given, words.next()?.to_owned()))
}

fn invalid(name: &str) -> Answer {
    errors::error(400, "global", "invalid", &format!("Invalid value for: {name}"))
}
