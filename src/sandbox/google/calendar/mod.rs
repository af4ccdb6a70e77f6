//! Google Calendar API v3, after its discovery document (revision 20261030): the calls that a booking program makes.

mod conference;
mod events;
mod freebusy;
mod invite;
mod list;
mod seed;
mod store;
mod times;
mod watch;

pub(in crate::sandbox) use invite::{send as invite, Notice};
pub(in crate::sandbox) use list::TOKEN_LIFE;
pub(in crate::sandbox) use store::{Calendar, Calendars, Event};
pub(in crate::sandbox) use watch::{tell, Channel};

use std::time::Duration;

use serde_json::{json, Value};

use super::{authorised, errors};
use crate::sandbox::oauth::Access;
use crate::sandbox::quota::Allowance;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

const ALL: &str = "https://www.googleapis.com/auth/calendar";
const ALL_READ: &str = "https://www.googleapis.com/auth/calendar.readonly";
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const EVENTS_READ: &str = "https://www.googleapis.com/auth/calendar.events.readonly";
const OWNED: &str = "https://www.googleapis.com/auth/calendar.events.owned";
const OWNED_READ: &str = "https://www.googleapis.com/auth/calendar.events.owned.readonly";
const EVENTS_BUSY: &str = "https://www.googleapis.com/auth/calendar.events.freebusy";
const BUSY: &str = "https://www.googleapis.com/auth/calendar.freebusy";
const LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist";
const LIST_READ: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const CALENDARS: &str = "https://www.googleapis.com/auth/calendar.calendars";
const CALENDARS_READ: &str = "https://www.googleapis.com/auth/calendar.calendars.readonly";

/// Scopes that may change events; `OWNED` only in calendars of the person's own.
const WRITE: [&str; 3] = [ALL, EVENTS, OWNED];
/// Scopes that may see events; with `EVENTS_BUSY` alone they come without details.
const READ: [&str; 7] = [ALL, EVENTS, OWNED, ALL_READ, EVENTS_READ, OWNED_READ, EVENTS_BUSY];
/// Of those, the ones that reach no further than the person's own calendars.
const OWN_ONLY: [&str; 2] = [OWNED, OWNED_READ];

/// Calls of a person.
const CALLS: Allowance = Allowance { service: "calendar", units: 600, within: Duration::from_secs(60) };

/// `path` is what follows `/calendar/v3`.
pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Result<Answer, Answer> {
    match (request.method.as_str(), path) {
        ("POST", ["freeBusy"]) => freebusy::query(world, request),
        ("GET", ["users", "me", "calendarList"]) => calendar_list(world, request),
        ("GET", ["users", "me", "calendarList", id]) => {
            let access = admit(world, request, &[ALL, LIST, LIST_READ, ALL_READ])?;
            Ok(Answer::ok(&list_entry(calendar(world, &access, id)?)))
        }
        ("GET", ["calendars", id]) => {
            let access = admit(world, request, &[ALL, CALENDARS, CALENDARS_READ, ALL_READ])?;
            Ok(Answer::ok(&calendar(world, &access, id)?.resource()))
        }
        ("GET", ["calendars", id, "events"]) => list::events(world, request, id),
        ("POST", ["calendars", id, "events", "watch"]) => watch::open(world, request, id),
        ("POST", ["channels", "stop"]) => watch::stop(world, request),
        ("POST", ["calendars", id, "events"]) => events::insert(world, request, id),
        ("GET", ["calendars", id, "events", event]) => events::get(world, request, id, event),
        ("PATCH", ["calendars", id, "events", event]) => events::patch(world, request, id, event),
        ("DELETE", ["calendars", id, "events", event]) => events::delete(world, request, id, event),
        _ => Err(errors::not_found()),
    }
}

/// Checks token, scope and quota.
fn admit(world: &mut World, request: &Request, scopes: &[&str]) -> Result<Access, Answer> {
    let access = authorised(world, request, scopes)?;
    let now = world.clock.now();
    let spent = world.google.quota.spend(CALLS, &access.email, 1, now);
    spent.map(|()| access).map_err(|_| errors::calendar_quota())
}

/// A calendar on the person's list, by id or `primary`.
fn calendar<'a>(world: &'a World, access: &Access, id: &str) -> Result<&'a Calendar, Answer> {
    world.google.calendars.find(&access.email, id).ok_or_else(|| errors::error(404, "global", "notFound", "Not Found"))
}

/// The same, once it is certain that the token's scope reaches this calendar.
fn reachable<'a>(world: &'a World, access: &Access, id: &str, scopes: &[&str]) -> Result<&'a Calendar, Answer> {
    let calendar = calendar(world, access, id)?;
    let wider: Vec<&str> = scopes.iter().copied().filter(|scope| !OWN_ONLY.contains(scope)).collect();
    if !calendar.is_owned() && !access.allows(&wider) {
        return Err(errors::scope_missing(&wider));
    }
    Ok(calendar)
}

fn calendar_list(world: &mut World, request: &Request) -> Result<Answer, Answer> {
    const ROLES: [&str; 4] = ["freeBusyReader", "reader", "writer", "owner"];
    let access = admit(world, request, &[ALL, LIST, LIST_READ, ALL_READ])?;
    let rank = |role: &str| ROLES.iter().position(|known| *known == role);
    let least = request.param("minAccessRole").map_or(Some(0), rank);
    let least =
        least.ok_or_else(|| errors::error(400, "global", "invalidParameter", "Invalid value for minAccessRole"))?;
    let all = world.google.calendars.of(&access.email);
    let items: Vec<Value> = all.iter().filter(|calendar| rank(calendar.role) >= Some(least)).map(list_entry).collect();
    Ok(Answer::ok(&json!({
        "kind": "calendar#calendarList",
        "etag": "\"p1\"",
        "nextSyncToken": "list",
        "items": items,
    })))
}

fn list_entry(calendar: &Calendar) -> Value {
    let mut entry = calendar.resource();
    entry["kind"] = json!("calendar#calendarListEntry");
    entry["accessRole"] = json!(calendar.role);
    entry["selected"] = json!(true);
    entry["backgroundColor"] = json!(calendar.colour);
    entry["foregroundColor"] = json!("#000000");
    entry["defaultReminders"] = json!([]);
    if calendar.is_primary {
        entry["primary"] = json!(true);
    }
    entry
}
