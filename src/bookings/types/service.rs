//! Making and changing event types, and why a time is not offered.

use super::facts::{self, Question};
use super::model::{slug_of, EventType, Repeats, Room};
use super::store;
use crate::app::App;
use crate::audit::{self, Who};
use crate::authz::{Actor, Permission};
use crate::availability::engine::Rule;
use crate::base::{EventTypeId, Mistakes, RoomId, UnixMillis};
use crate::bookings::public::serve_line;
use crate::bookings::schedules::{members, SetupError};
use crate::meetings;
use crate::store::Txn;
use crate::workers;

pub fn list(app: &App, actor: &Actor) -> Result<Vec<EventType>, SetupError> {
    actor.require(Permission::ViewCalendar)?;
    Ok(app.store.read(|txn| store::list(txn, actor.workspace))?)
}

pub fn get(app: &App, actor: &Actor, id: EventTypeId) -> Result<EventType, SetupError> {
    actor.require(Permission::ViewCalendar)?;
    store::get(&app.store, actor.workspace, id)?.ok_or(SetupError::NotFound)
}

/// Writes a new event type or a changed one. An empty slug is made of the name.
pub fn save(app: &App, actor: &Actor, event: EventType) -> Result<EventType, SetupError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    let mut event = EventType { workspace: actor.workspace, changed_at: now, ..event };
    if event.slug.is_empty() {
        event.slug = slug_of(&event.name);
    }
    event.check().map_err(SetupError::Invalid)?;
    let known = members(app, actor)?;
    if !event.hosts.iter().all(|host| known.iter().any(|user| user.id == host.user)) {
        return Err(SetupError::Invalid(Mistakes::one("hosts", "A host is no member of this workspace.")));
    }
    app.store.write(|txn| {
        let before = store::find(txn, actor.workspace, event.id)?;
        let is_new = before.is_none();
        if is_new && store::list(txn, actor.workspace)?.len() >= store::MOST {
            return Err(SetupError::Invalid(Mistakes::one("name", "A workspace has at most 200 event types.")));
        }
        if let Some(words) = meetings::unfit(txn, actor.workspace, &event.location)? {
            return Err(SetupError::Invalid(Mistakes::one("location_detail", words)));
        }
        let rooms = store::list_rooms(txn, actor.workspace)?;
        if !event.rooms.iter().all(|id| rooms.iter().any(|room| room.id == *id)) {
            return Err(SetupError::Invalid(Mistakes::one("rooms", "A room is not in this workspace.")));
        }
        if !store::put(txn, &event, before.as_ref())? {
            let words = format!("Another event type has the address “{}”.", event.slug);
            return Err(SetupError::Invalid(Mistakes::one("slug", words)));
        }
        for mut worker in workers::list_in(txn, actor.workspace)? {
            if worker.event_type() == Some(event.id) && worker.books_on != Some(event.for_worker()) {
                worker.books_on = Some(event.for_worker());
                workers::put(txn, actor.workspace, &worker)?;
            }
        }
        // Whoever waited when the list was switched off waits still.
        if !is_new && event.waitlist.is_some() {
            serve_line(txn, actor.workspace, event.id, now)?;
        }
        let act = if is_new { "event_type.created" } else { "event_type.changed" };
        let repeated = before.and_then(|before| before.repeats);
        note(txn, actor, act, event.id, &repeats_change(repeated, event.repeats), now)
    })?;
    Ok(event)
}

fn note(
    txn: &mut Txn<'_>,
    actor: &Actor,
    act: &str,
    id: EventTypeId,
    detail: &str,
    now: UnixMillis,
) -> Result<(), SetupError> {
    Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("event type {id}"), detail)?)
}

/// How visitors may book several dates now and before; empty where that is the same.
fn repeats_change(before: Option<Repeats>, after: Option<Repeats>) -> String {
    let words = |repeats: Option<Repeats>| repeats.map_or("one date".to_owned(), |repeats| repeats.words());
    match before == after {
        true => String::new(),
        false => format!("Booked at once: {}; before: {}.", words(after), words(before)),
    }
}

fn room_note(txn: &mut Txn<'_>, actor: &Actor, act: &str, id: RoomId, now: UnixMillis) -> Result<(), SetupError> {
    Ok(audit::record(txn, actor.workspace, now, &Who::of(actor), act, &format!("room {id}"), "")?)
}

/// Shows it to strangers, or not any more. What is booked stays.
pub fn set_open(app: &App, actor: &Actor, id: EventTypeId, is_open: bool) -> Result<EventType, SetupError> {
    let event = get(app, actor, id)?;
    save(app, actor, EventType { is_open, ..event })
}

/// Lets visitors wait for what is full. Where they can already, nothing changes.
pub fn start_waitlist(app: &App, actor: &Actor, id: EventTypeId) -> Result<EventType, SetupError> {
    let event = get(app, actor, id)?;
    save(app, actor, EventType { waitlist: Some(event.waitlist.unwrap_or_default()), ..event })
}

/// The same once more under another address, not shown yet.
pub fn duplicate(app: &App, actor: &Actor, id: EventTypeId) -> Result<EventType, SetupError> {
    let event = get(app, actor, id)?;
    let taken: Vec<String> = list(app, actor)?.into_iter().map(|event| event.slug).collect();
    let slug = (2..).map(|nth| format!("{}-{nth}", event.slug.chars().take(55).collect::<String>()));
    let slug = slug.into_iter().find(|slug| !taken.contains(slug)).unwrap_or_default();
    let name: String = format!("{} (copy)", event.name).chars().take(120).collect();
    let now = app.now();
    save(app, actor, EventType { id: EventTypeId::new(now), slug, name, is_open: false, created_at: now, ..event })
}

pub fn rooms(app: &App, actor: &Actor) -> Result<Vec<Room>, SetupError> {
    actor.require(Permission::ViewCalendar)?;
    Ok(app.store.read(|txn| store::list_rooms(txn, actor.workspace))?)
}

pub fn add_room(app: &App, actor: &Actor, name: &str) -> Result<Room, SetupError> {
    actor.require(Permission::EditBookings)?;
    let name = name.trim();
    if !(1..=80).contains(&name.chars().count()) {
        return Err(SetupError::Invalid(Mistakes::one("room", "Write a name of at most 80 characters.")));
    }
    let room = Room { id: RoomId::new(app.now()), name: name.to_owned() };
    let now = app.now();
    app.store.write(|txn| {
        store::put_room(txn, actor.workspace, &room)?;
        room_note(txn, actor, "room.created", room.id, now)
    })?;
    Ok(room)
}

/// Removes a room that no event type needs.
pub fn remove_room(app: &App, actor: &Actor, id: RoomId) -> Result<(), SetupError> {
    actor.require(Permission::EditBookings)?;
    let now = app.now();
    app.store.write(|txn| {
        let user = store::list(txn, actor.workspace)?.into_iter().find(|event| event.rooms.contains(&id));
        if let Some(event) = user {
            let words = format!("“{}” needs it. Take it out there first.", event.name);
            return Err(SetupError::Invalid(Mistakes::one("room", words)));
        }
        if !store::list_rooms(txn, actor.workspace)?.iter().any(|room| room.id == id) {
            return Err(SetupError::NotFound);
        }
        store::remove_room(txn, actor.workspace, id)?;
        room_note(txn, actor, "room.removed", id, now)
    })
}

/// Why a time is offered or not, as a page and a program read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The rule's name; absent where it is offered.
    pub rule: Option<&'static str>,
    pub words: String,
}

/// The first thing that removes a start.
pub fn why(
    app: &App,
    actor: &Actor,
    id: EventTypeId,
    at: UnixMillis,
    duration: Option<u32>,
) -> Result<Why, SetupError> {
    let event = get(app, actor, id)?;
    let question = Question::at(at, event.duration(duration), None);
    let facts = facts::load_for(app, &event, &question)?;
    let zone = facts.hosts.first().map_or(jiff::tz::TimeZone::UTC, |host| host.open.zone.clone());
    if !event.is_open {
        let words = "The event type is switched off, so nothing is offered.".to_owned();
        return Ok(Why { rule: Some("closed"), words });
    }
    if !facts.can_be_held() {
        let words = "A host has left the workspace. Choose the hosts anew.".to_owned();
        return Ok(Why { rule: Some("hosts"), words });
    }
    if let Some(words) = facts.unknown().first().filter(|_| facts.unknown().len() == facts.hosts.len()) {
        return Ok(Why { rule: Some("unknown"), words: words.clone() });
    }
    let standing = app.store.read(|txn| facts::standing(txn, &facts, &question))?;
    let local = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%a %-d %b, %H:%M").to_string();
    let full = facts::full_sitting(&facts, &standing, &question, at);
    Ok(match facts::why_not(&facts, &standing, &question, at) {
        None => Why { rule: None, words: "It is offered.".to_owned() },
        Some(Rule::Busy { .. }) if full.is_some() => {
            let words = format!("All {} seats of this time are taken.", full.unwrap_or_default());
            Why { rule: Some("full"), words }
        }
        Some(rule) => {
            let words = match &rule {
                Rule::MinimumNotice { earliest } => {
                    format!(
                        "It is sooner than the notice of {} minutes: the first start now is {}.",
                        event.notice,
                        local(*earliest)
                    )
                }
                Rule::Busy { start, end } => {
                    format!("Something stands there from {} to {}, buffers not counted.", local(*start), local(*end))
                }
                other => other.words(),
            };
            Why { rule: Some(rule.name()), words }
        }
    })
}
