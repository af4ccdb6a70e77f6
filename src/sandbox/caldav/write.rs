//! GET, PUT and DELETE of a calendar file, with the preconditions of RFC 4791 section 5.3.2.1.

use jiff::tz::TimeZone;

use super::state::{Collection, Resource};
use super::xml;
use crate::base::ics;
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

/// `max-resource-size`.
const MOST_BYTES: usize = 100 * 1024;

pub(super) fn get(world: &World, person: &str, calendar: &str, name: &str) -> Result<Answer, Answer> {
    let collection = world.caldav.find(person, calendar).ok_or_else(|| Answer::empty(404))?;
    let resource = collection.resources.get(name).ok_or_else(|| Answer::empty(404))?;
    Ok(Answer::new(200, "text/calendar; charset=utf-8", resource.text.clone()).with("etag", resource.etag()))
}

pub(super) fn put(
    world: &mut World,
    request: &Request,
    person: &str,
    calendar: &str,
    name: &str,
) -> Result<Answer, Answer> {
    let collection = writable(world, person, calendar)?;
    let there = collection.resources.get(name);
    may_change(request, there)?;
    let is_new = there.is_none();
    let text = checked(request)?;
    let uid = ics::read_entry(&text, &TimeZone::UTC).map(|entry| entry.uid);
    let uid = uid.filter(|uid| !uid.is_empty()).ok_or_else(|| xml::precondition(403, "c:valid-calendar-data", ""))?;
    let holds = |other: &Resource| ics::read_entry(&other.text, &TimeZone::UTC).is_some_and(|entry| entry.uid == uid);
    if let Some((other, _)) = collection.resources.iter().find(|(other, one)| *other != name && holds(one)) {
        let href = xml::href(&collection.href(person, other));
        return Err(xml::precondition(403, "c:no-uid-conflict", &href));
    }
    let etag = collection.put(name, text).etag();
    Ok(Answer::empty(if is_new { 201 } else { 204 }).with("etag", etag))
}

/// The person's own; some they may only read.
fn writable<'a>(world: &'a mut World, person: &str, calendar: &str) -> Result<&'a mut Collection, Answer> {
    let collection = world.caldav.find_mut(person, calendar).ok_or_else(|| Answer::empty(404))?;
    match collection.is_writable {
        true => Ok(collection),
        false => Err(xml::precondition(403, "d:need-privileges", "")),
    }
}

/// A file of a kind and size that is kept.
fn checked(request: &Request) -> Result<String, Answer> {
    let kind = request.header("content-type").unwrap_or_default();
    if !kind.starts_with("text/calendar") {
        return Err(xml::precondition(403, "c:supported-calendar-data", ""));
    }
    if request.body.len() > MOST_BYTES {
        return Err(xml::precondition(403, "c:max-resource-size", ""));
    }
    let text = String::from_utf8(request.body.clone());
    let text = text.map_err(|_| xml::precondition(403, "c:valid-calendar-data", ""))?;
    // What is stored has no method (section 4.1).
    if ics::lines(&text).any(|line| line.name == "METHOD") {
        return Err(xml::precondition(403, "c:valid-calendar-object-resource", ""));
    }
    Ok(text)
}

pub(super) fn delete(
    world: &mut World,
    request: &Request,
    person: &str,
    calendar: &str,
    name: &str,
) -> Result<Answer, Answer> {
    let collection = writable(world, person, calendar)?;
    let there = collection.resources.get(name).ok_or_else(|| Answer::empty(404))?;
    may_change(request, Some(there))?;
    collection.remove(name);
    Ok(Answer::empty(204))
}

/// `If-Match` and `If-None-Match` (RFC 9110 section 13.1).
fn may_change(request: &Request, there: Option<&Resource>) -> Result<(), Answer> {
    let etag = there.map(Resource::etag);
    let is_wanted = match (request.header("if-match"), request.header("if-none-match")) {
        (Some("*"), _) => etag.is_some(),
        (Some(wanted), _) => etag.as_deref() == Some(wanted),
        (None, Some("*")) => etag.is_none(),
        (None, Some(unwanted)) => etag.as_deref() != Some(unwanted),
        (None, None) => true,
    };
    is_wanted.then_some(()).ok_or_else(|| Answer::empty(412))
}
