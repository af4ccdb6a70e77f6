//! The simulated calendar server, which speaks CalDAV (RFC 4791) as the free ones do: `<sandbox>/caldav/`, or what
//! `/.well-known/caldav` leads to. Basic authentication with an account's address and `MAIL_PASSWORD`.
//!
//! What servers enforce is enforced: preconditions and ETags, one UID a resource, the size of a resource, sync tokens that
//! age, answers cut into parts (507), a limit of requests. `settings` can take `sync-collection` away.

mod report;
mod seed;
mod state;
mod write;
mod xml;

pub(super) use state::Server;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use serde_json::{json, Value};

use self::state::Collection;
use self::xml::{Answered, Asked};
use super::mail::MAIL_PASSWORD;
use super::quota::Allowance;
use super::wire::{Answer, Request};
use super::world::World;
use crate::base::UnixMillis;

/// Requests that one person may make.
const REQUESTS: Allowance = Allowance { service: "caldav", units: 1_000, within: std::time::Duration::from_secs(60) };

/// Where `/.well-known/caldav` leads (RFC 6764 section 5).
pub(super) fn well_known(path: &[String]) -> Answer {
    match path {
        [name] if name == "caldav" => Answer::empty(301).with("location", "/caldav/"),
        _ => Answer::empty(404),
    }
}

/// `path` is what follows `/caldav`, decoded.
pub(super) fn answer(world: &mut World, request: &Request, path: &[String]) -> Answer {
    if request.method == "OPTIONS" {
        return Answer::empty(200)
            .with("dav", "1, 3, access-control, calendar-access")
            .with("allow", "OPTIONS, GET, PUT, DELETE, PROPFIND, REPORT");
    }
    route(world, request, path).unwrap_or_else(|refused| refused)
}

fn route(world: &mut World, request: &Request, path: &[String]) -> Result<Answer, Answer> {
    let person = admit(world, request)?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if let [_, of, ..] = path.as_slice() {
        // Nothing of another person is shown, not even that it is there.
        if !of.eq_ignore_ascii_case(&person) {
            return Err(Answer::empty(404));
        }
    }
    let method = request.method.as_str();
    match (method, path.as_slice()) {
        ("PROPFIND", [] | ["principals", _]) => Ok(principal(request, &person)),
        ("PROPFIND", ["calendars", _]) => home(world, request, &person),
        ("PROPFIND", ["calendars", _, calendar]) => collection(world, request, &person, calendar),
        ("REPORT", ["calendars", _, calendar]) => report::answer(world, request, &person, calendar),
        ("GET", ["calendars", _, calendar, name]) => write::get(world, &person, calendar, name),
        ("PUT", ["calendars", _, calendar, name]) => write::put(world, request, &person, calendar, name),
        ("DELETE", ["calendars", _, calendar, name]) => write::delete(world, request, &person, calendar, name),
        (_, [] | ["principals", _] | ["calendars", _, ..]) => Err(Answer::empty(405)),
        _ => Err(Answer::empty(404)),
    }
}

/// Who asks, by the password that their programs have.
fn admit(world: &mut World, request: &Request) -> Result<String, Answer> {
    let refused = || Answer::empty(401).with("www-authenticate", "Basic realm=\"Sandbox calendars\"");
    let word = request.header("authorization").and_then(|word| word.strip_prefix("Basic ")).ok_or_else(refused)?;
    let plain = STANDARD.decode(word.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let plain = plain.ok_or_else(refused)?;
    let (name, password) = plain.split_once(':').ok_or_else(refused)?;
    let account = world.account(name).filter(|_| password == MAIL_PASSWORD).ok_or_else(refused)?;
    let person = account.email.clone();
    if world.caldav.is_locked(&person) {
        return Err(refused());
    }
    let now = world.clock.now();
    let spent = world.caldav.quota.spend(REQUESTS, &person, 1, now);
    spent.map_err(|after| Answer::empty(429).with("retry-after", after.as_secs().max(1).to_string()))?;
    Ok(person)
}

fn principal(request: &Request, person: &str) -> Answer {
    let href = format!("/caldav/principals/{person}/");
    let home = format!("/caldav/calendars/{person}/");
    let asked = Asked::read(&request.body);
    let own = if request.path.trim_end_matches('/') == "/caldav" { "/caldav/".to_owned() } else { href.clone() };
    let answered = Answered::of(&own, &asked, |name| match name {
        "d:current-user-principal" | "d:principal-URL" => Some(xml::href(&href)),
        "c:calendar-home-set" => Some(xml::href(&home)),
        "c:calendar-user-address-set" => Some(xml::href(&format!("mailto:{person}"))),
        "d:resourcetype" => Some("<d:collection/>".to_owned()),
        _ => None,
    });
    xml::multistatus(&[answered], None)
}

fn home(world: &World, request: &Request, person: &str) -> Result<Answer, Answer> {
    let asked = Asked::read(&request.body);
    let own = Answered::of(&format!("/caldav/calendars/{person}/"), &asked, |name| match name {
        "d:resourcetype" => Some("<d:collection/>".to_owned()),
        _ => None,
    });
    let mut all = vec![own];
    if request.header("depth") == Some("1") {
        let has_sync = !world.settings.caldav_without_sync;
        let now = world.clock.now();
        all.extend(world.caldav.of(person).iter().map(|one| shown(person, one, &asked, has_sync, now)));
    }
    Ok(xml::multistatus(&all, None))
}

fn collection(world: &World, request: &Request, person: &str, calendar: &str) -> Result<Answer, Answer> {
    let one = world.caldav.find(person, calendar).ok_or_else(|| Answer::empty(404))?;
    let asked = Asked::read(&request.body);
    let has_sync = !world.settings.caldav_without_sync;
    let mut all = vec![shown(person, one, &asked, has_sync, world.clock.now())];
    if request.header("depth") == Some("1") {
        all.extend(one.resources.iter().map(|(name, resource)| {
            Answered::of(&one.href(person, name), &asked, |prop| match prop {
                "d:getetag" => Some(xml::text(&resource.etag())),
                "d:resourcetype" => Some(String::new()),
                _ => None,
            })
        }));
    }
    Ok(xml::multistatus(&all, None))
}

fn shown(person: &str, one: &Collection, asked: &Asked, has_sync: bool, now: UnixMillis) -> Answered {
    Answered::of(&one.href(person, ""), asked, |name| match name {
        "d:resourcetype" => Some("<d:collection/><c:calendar/>".to_owned()),
        "d:displayname" => Some(xml::text(&one.title)),
        "c:supported-calendar-component-set" => Some("<c:comp name=\"VEVENT\"/>".to_owned()),
        "d:current-user-privilege-set" => {
            let write = if one.is_writable { "<d:privilege><d:write/></d:privilege>" } else { "" };
            Some(format!("<d:privilege><d:read/></d:privilege>{write}"))
        }
        "d:supported-report-set" => Some(report::supported(has_sync)),
        "d:sync-token" if has_sync => Some(one.token(one.version, now)),
        "s:getctag" => Some(format!("\"{}\"", one.version)),
        "c:calendar-timezone" => Some(xml::text(&seed::definition(&one.zone))),
        _ => None,
    })
}

/// The program is sent away: what it has of a password opens nothing any more.
pub(super) fn lock(world: &mut World, person: &str) {
    world.caldav.lock(person);
}

/// One more event in the person's first calendar.
pub(super) fn add_event(world: &mut World, person: &str, id: &str, (start, end): (UnixMillis, UnixMillis)) {
    add_file(world, person, &format!("{id}.ics"), seed::single(id, start, end));
}

/// A file in the person's first calendar, whatever is in it.
pub(super) fn add_file(world: &mut World, person: &str, name: &str, text: String) {
    let first = world.caldav.of(person).first().map(|one| one.name.clone()).unwrap_or_default();
    if let Some(collection) = world.caldav.find_mut(person, &first) {
        collection.put(name, text);
    }
}

/// What `/control/calendars` shows: our events as the other diaries show theirs.
pub(super) fn all_of(world: &World, person: &str) -> Value {
    let shown = |one: &Collection| {
        let there = one.resources.values().map(|resource| event(&resource.text, false));
        let gone = one.removed.values().map(|gone| event(&gone.text, true));
        json!({"id": one.name, "summary": one.title, "events": there.chain(gone).collect::<Vec<_>>()})
    };
    Value::Array(world.caldav.of(person).iter().map(shown).collect())
}

fn event(text: &str, is_gone: bool) -> Value {
    let entry = crate::base::ics::read_entry(text, &jiff::tz::TimeZone::UTC).unwrap_or_default();
    let mark = |name: &str| entry.marks.get(name).cloned();
    let at = |time: Option<UnixMillis>| json!({"dateTime": time.map(UnixMillis::to_rfc3339)});
    json!({
        "uid": entry.uid,
        "status": if is_gone { "cancelled" } else { "confirmed" },
        "sequence": entry.sequence,
        "start": at(entry.start),
        "end": at(entry.end),
        "extendedProperties": {"private": {"app": mark("LAUNCHYARD-APP"), "booking": mark("LAUNCHYARD-BOOKING")}},
        "text": text,
    })
}
