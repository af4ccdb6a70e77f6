//! REPORT: calendar-query, calendar-multiget (RFC 4791 section 7) and sync-collection (RFC 6578).

use jiff::tz::TimeZone;

use super::state::{Collection, Resource};
use super::xml::{self, Answered, Asked};
use crate::base::ics::{self, Budget};
use crate::base::UnixMillis;
use crate::providers::caldav::xml::{parse, Element, CALDAV, DAV};
use crate::sandbox::wire::{Answer, Request};
use crate::sandbox::world::World;

pub(super) fn supported(has_sync: bool) -> String {
    let report = |name: &str| format!("<d:supported-report><d:report><{name}/></d:report></d:supported-report>");
    let sync = if has_sync { report("d:sync-collection") } else { String::new() };
    format!("{}{}{sync}", report("c:calendar-query"), report("c:calendar-multiget"))
}

pub(super) fn answer(world: &World, request: &Request, person: &str, name: &str) -> Result<Answer, Answer> {
    let collection = world.caldav.find(person, name).ok_or_else(|| Answer::empty(404))?;
    let root = parse(&request.body).map_err(|_| Answer::empty(400))?;
    let asked = Asked::read(&request.body);
    let view = View { collection, person, asked: &asked };
    if root.is(CALDAV, "calendar-query") {
        let (from, until) = range(&request.body).ok_or_else(|| xml::precondition(403, "c:valid-filter", ""))?;
        let all = collection.resources.iter().filter(|(_, resource)| is_within(resource, from, until));
        let all: Vec<Answered> = all.map(|(name, resource)| view.shown(name, resource)).collect();
        return Ok(xml::multistatus(&all, None));
    }
    if root.is(CALDAV, "calendar-multiget") {
        let hrefs = root.all(DAV, "href").map(|href| href.text.trim().to_owned());
        let all: Vec<Answered> = hrefs.map(|href| view.at(&href)).collect();
        return Ok(xml::multistatus(&all, None));
    }
    if root.is(DAV, "sync-collection") && !world.settings.caldav_without_sync {
        return view.changes(&root, world.settings.caldav_page, world.clock.now());
    }
    Err(xml::precondition(403, "d:supported-report", ""))
}

struct View<'a> {
    collection: &'a Collection,
    person: &'a str,
    asked: &'a Asked,
}

impl View<'_> {
    fn shown(&self, name: &str, resource: &Resource) -> Answered {
        Answered::of(&self.collection.href(self.person, name), self.asked, |prop| match prop {
            "d:getetag" => Some(xml::text(&resource.etag())),
            "c:calendar-data" => Some(xml::text(&resource.text)),
            _ => None,
        })
    }

    fn at(&self, href: &str) -> Answered {
        let name = href.rsplit('/').next().unwrap_or_default();
        let is_own = self.collection.href(self.person, name) == href;
        match self.collection.resources.get(name).filter(|_| is_own) {
            Some(resource) => self.shown(name, resource),
            None => Answered::status(href, "404 Not Found"),
        }
    }

    /// At most `most` members, the earliest changes first; with more, the collection itself says so (507).
    fn changes(&self, root: &Element, most: usize, now: UnixMillis) -> Result<Answer, Answer> {
        let collection = self.collection;
        let level = root.child(DAV, "sync-level").map(|level| level.text.trim());
        if level != Some("1") {
            return Err(Answer::empty(400));
        }
        let token = root.child(DAV, "sync-token").map(|token| token.text.trim()).unwrap_or_default();
        let since = match token {
            "" => 0,
            token => {
                collection.read_token(token, now).ok_or_else(|| xml::precondition(403, "d:valid-sync-token", ""))?
            }
        };
        let there = collection.resources.iter().map(|(name, one)| (one.version, name, Some(one)));
        let gone = collection.removed.iter().map(|(name, one)| (one.version, name, None));
        let gone = gone.filter(|_| since > 0);
        let mut all: Vec<_> = there.chain(gone).filter(|(version, ..)| *version > since).collect();
        all.sort_by_key(|(version, ..)| *version);
        let is_cut = all.len() > most;
        all.truncate(most);
        let reached = if is_cut { all.last().map_or(since, |(version, ..)| *version) } else { collection.version };
        let mut answered: Vec<Answered> = all
            .into_iter()
            .map(|(_, name, resource)| match resource {
                Some(resource) => self.shown(name, resource),
                None => Answered::status(&collection.href(self.person, name), "404 Not Found"),
            })
            .collect();
        if is_cut {
            answered.push(Answered::status(&collection.href(self.person, ""), "507 Insufficient Storage"));
        }
        Ok(xml::multistatus(&answered, Some(&collection.token(reached, now))))
    }
}

/// `<c:time-range start="20260512T000000Z" end="…"/>`
fn range(body: &[u8]) -> Option<(UnixMillis, UnixMillis)> {
    let text = String::from_utf8_lossy(body);
    let (_, inside) = text.split_once("time-range ")?;
    let value = |name: &str| {
        let (_, rest) = inside.split_once(&format!("{name}=\""))?;
        let stamp = rest.split('"').next()?;
        let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
        Some(UnixMillis::from(time.to_zoned(TimeZone::UTC).ok()?.timestamp()))
    };
    Some((value("start")?, value("end")?))
}

/// Whether an event may stand there; what costs too much to work out may. One that recurs is given whole, as servers do that leave the rest to their clients.
fn is_within(resource: &Resource, from: UnixMillis, until: UnixMillis) -> bool {
    if let Some(entry) = ics::read_entry(&resource.text, &TimeZone::UTC) {
        if entry.start.is_some_and(|start| start < until) && entry.end.is_some_and(|end| end > from) {
            return true;
        }
    }
    let asked = ics::Asked { from, to: until, zone: &TimeZone::UTC, own: &[] };
    ics::occurrences(&resource.text, &asked, &mut Budget::default()).map_or(true, |all| !all.is_empty())
}
