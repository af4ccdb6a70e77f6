//! CalDAV (RFC 4791): calendars on any server that speaks it. Basic authentication, mostly with an app password.
//!
//! An event of ours is a resource that we name ourselves and write only where nothing is (`If-None-Match: *`), so that a
//! repeated try finds what the earlier one made. It is changed only in the version that was read (`If-Match`). What the
//! server expands of recurring events is not relied on: that is done here.

mod discover;
mod sync;
pub(crate) mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use http::header::{HeaderName, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::Method;
use jiff::tz::TimeZone;
use url::Url;

use super::calendar::{
    if_there, joined, Busy, BusyTimes, CalendarClient, CalendarEntry, Changes, Event, EventPatch, MeetLink, NewEvent,
    SendUpdates, Since, Taken, When,
};
use super::error::{one_line, retry_after, ProviderError, Repeat};
use super::outbound::{Answer, CallLog, Limits, Outbound, Request};
use super::Secret;
use crate::base::ics::{self, Asked, Budget, Edit, Entry, Occurrence, Party};
use crate::base::UnixMillis;
use xml::{multistatus, Found, CALDAV, DAV};

pub use discover::{discover, Discovered, Step};

const DEPTH: HeaderName = HeaderName::from_static("depth");
const LIMITS: Limits = Limits::of(Duration::from_secs(60), 48 * 1024 * 1024);
/// Redirects that are followed, on the same server only.
const MOST_REDIRECTS: usize = 5;
/// Marks stand in properties `X-LAUNCHYARD-…`.
const MARK: &str = "LAUNCHYARD-";

/// Where an account is, and as whom it is asked.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    pub outbound: &'a Outbound,
    pub log: &'a dyn CallLog,
    pub user: &'a str,
    pub password: &'a Secret,
}

/// The calendars of one account. Their ids and those of events are their addresses.
pub struct CalDav<'a> {
    pub account: Account<'a>,
    /// The collection in which the calendars lie.
    pub home: Url,
    /// Of whole days and of times without a zone.
    pub zone: TimeZone,
    /// Addresses of the person in lower case; the first invites.
    pub own: Vec<String>,
}

impl Account<'_> {
    /// Makes the call; follows redirects on the same server. Any status but 2xx is an error.
    fn call(
        &self,
        method: &str,
        url: &Url,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> Result<Answer, ProviderError> {
        let answer = self.exchange(method, url, headers, body)?;
        match answer.status {
            200..=299 => Ok(answer),
            _ => Err(classify(&answer, self.outbound.clock().now())),
        }
    }

    /// The same with whatever is answered.
    fn exchange(
        &self,
        method: &str,
        url: &Url,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> Result<Answer, ProviderError> {
        let mut url = url.clone();
        for _ in 0..MOST_REDIRECTS {
            let answer = self.send(method, &url, headers, body)?;
            if !matches!(answer.status, 301 | 302 | 307 | 308) {
                return Ok(answer);
            }
            let next = answer.header(LOCATION).and_then(|to| url.join(to).ok());
            let next = next.ok_or_else(|| refused("it leads elsewhere without saying where"))?;
            if !may_follow(&url, &next) {
                return Err(refused(&format!("it leads to another server; if that is right, enter {next} instead")));
            }
            url = next;
        }
        Err(refused("it leads on and on"))
    }

    fn send(
        &self,
        method: &str,
        url: &Url,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> Result<Answer, ProviderError> {
        let lost = |error| ProviderError::from_transport(error, Repeat::Safe);
        let target = self.outbound.user_given(url.as_str()).map_err(|error| lost(error.into()))?;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| refused("no such method"))?;
        let word = STANDARD.encode(format!("{}:{}", self.user, self.password.expose()));
        let mut request = Request::new(method, target).header(AUTHORIZATION, &format!("Basic {word}")).limits(LIMITS);
        for (name, value) in headers {
            request = request.header(name.clone(), value);
        }
        if !body.is_empty() {
            request = request.body(body.as_bytes().to_vec());
        }
        self.outbound.send(request, self.log).map_err(lost)
    }

    /// PROPFIND or REPORT.
    fn ask(&self, method: &str, url: &Url, depth: &str, body: &str) -> Result<Vec<Found>, ProviderError> {
        let headers = [(DEPTH, depth), (CONTENT_TYPE, "application/xml; charset=utf-8")];
        let answer = self.call(method, url, &headers, body)?;
        multistatus(&answer.body).map_err(|words| refused(&format!("its answer is none of CalDAV: {words}")))
    }
}

/// Credentials go to the same server only, or to a neighbour of the same domain over TLS (a large service often keeps
/// each account on a server of its own).
fn may_follow(from: &Url, to: &Url) -> bool {
    let same_server = from.host_str() == to.host_str() && from.port_or_known_default() == to.port_or_known_default();
    if same_server && (to.scheme() == from.scheme() || to.scheme() == "https") {
        return true;
    }
    let (Some(url::Host::Domain(from_host)), Some(url::Host::Domain(to_host))) = (from.host(), to.host()) else {
        return false;
    };
    to.scheme() == "https" && to.port_or_known_default() == Some(443) && domain_of(from_host) == domain_of(to_host)
}

/// The last two labels, or three where the second is as short as in "co.uk".
fn domain_of(host: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').collect();
    let count = if labels.get(1).is_some_and(|second| second.len() <= 3) { 3 } else { 2 };
    labels.into_iter().take(count).collect::<Vec<_>>().join(".").to_lowercase()
}

fn refused(words: &str) -> ProviderError {
    ProviderError::Rejected { reason: words.to_owned() }
}

/// A password that is refused is refused for good: nothing is tried again until its owner corrects it.
fn classify(answer: &Answer, now: UnixMillis) -> ProviderError {
    let after = retry_after(answer, now);
    let said = one_line(&String::from_utf8_lossy(answer.body.get(..200.min(answer.body.len())).unwrap_or_default()));
    match answer.status {
        401 => ProviderError::Reconnect { reason: "the user name or the password is refused".into() },
        412 => ProviderError::Changed,
        423 => ProviderError::Retry { after, reason: "it is being changed by somebody else".into() },
        507 => ProviderError::Quota { until: None, reason: "there is no room left on the server".into() },
        status => ProviderError::from_status(status, after, format!("status {status} {said}"), Repeat::Safe),
    }
}

impl CalendarClient for CalDav<'_> {
    fn list_calendars(&self) -> Result<Vec<CalendarEntry>, ProviderError> {
        let body = propfind(
            "<d:resourcetype/><d:displayname/><c:supported-calendar-component-set/><d:current-user-privilege-set/>\
             <c:calendar-timezone/>",
        );
        let found = self.account.ask("PROPFIND", &self.home, "1", &body)?;
        let mut entries: Vec<CalendarEntry> = found.iter().filter_map(|one| self.entry(one)).collect();
        if let Some(first) = entries.iter_mut().find(|one| one.may_write) {
            first.primary = true;
        }
        Ok(entries)
    }

    fn free_busy(
        &self,
        calendars: &[&str],
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<BTreeMap<String, BusyTimes>, ProviderError> {
        let mut found = BTreeMap::new();
        for id in calendars {
            let times = match self.within(id, from, to) {
                Ok(all) => {
                    let stretches = all.into_iter().map(|(_, one)| Busy { start: one.start, end: one.end });
                    BusyTimes::Known(joined(stretches.collect()))
                }
                Err(error @ (ProviderError::NotFound | ProviderError::Gone | ProviderError::Rejected { .. })) => {
                    BusyTimes::Unknown { reason: error.to_string() }
                }
                Err(error) => return Err(error),
            };
            found.insert((*id).to_owned(), times);
        }
        Ok(found)
    }

    fn changes(
        &self,
        calendar: &str,
        since: Option<Since<'_>>,
        window: (UnixMillis, UnixMillis),
    ) -> Result<Option<Changes>, ProviderError> {
        self.changes_of(calendar, since, window)
    }

    fn list_taken(&self, calendar: &str, from: UnixMillis, to: UnixMillis) -> Result<Vec<Taken>, ProviderError> {
        let all = self.within(calendar, from, to)?.into_iter();
        Ok(all.map(|(id, one)| Taken { id, start: Some(When::At(one.start)), end: Some(When::At(one.end)) }).collect())
    }

    /// No server mails the guests: each is marked as invited by us (RFC 6638 section 7.1).
    fn insert_event(&self, calendar: &str, event: &NewEvent, _: SendUpdates) -> Result<Event, ProviderError> {
        let url = self.resource(calendar, &event.id)?;
        let file = ics::calendar_file(None, None, &[self.new_entry(event)]);
        let headers = [(IF_NONE_MATCH, "*"), (CONTENT_TYPE, "text/calendar; charset=utf-8; component=VEVENT")];
        match self.account.call("PUT", &url, &headers, &file) {
            Ok(_) => self.get_event(calendar, url.as_str()),
            // Something is there under our name: an earlier try, or what somebody put in its place.
            Err(ProviderError::Changed | ProviderError::Conflict) => {
                let there = self.get_event(calendar, url.as_str())?;
                let is_ours = !there.is_cancelled && there.private == event.private;
                is_ours.then_some(there).ok_or(ProviderError::Conflict)
            }
            Err(error) => Err(error),
        }
    }

    fn get_event(&self, _calendar: &str, id: &str) -> Result<Event, ProviderError> {
        let url = self.own_url(id)?;
        let (text, etag) = self.read(&url)?;
        let entry = ics::read_entry(&text, &self.zone).ok_or_else(|| refused("the event cannot be read"))?;
        let marks = entry
            .marks
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(MARK)?.to_ascii_lowercase(), value)));
        Ok(Event {
            id: url.into(),
            etag,
            is_cancelled: entry.is_cancelled,
            ical_uid: entry.uid,
            html_link: String::new(),
            start: entry.start.map(When::At),
            end: entry.end.map(When::At),
            private: marks.collect(),
            meet: MeetLink::None,
        })
    }

    fn find_event(
        &self,
        calendar: &str,
        our_id: &str,
        _: (UnixMillis, UnixMillis),
    ) -> Result<Option<Event>, ProviderError> {
        if_there(self.get_event(calendar, self.resource(calendar, our_id)?.as_str()))
    }

    /// What others have added to the event (an alarm, a note) stays.
    fn patch_event(
        &self,
        calendar: &str,
        id: &str,
        patch: &EventPatch,
        etag: Option<&str>,
        _: SendUpdates,
    ) -> Result<Event, ProviderError> {
        let url = self.own_url(id)?;
        let (text, now_etag) = self.read(&url)?;
        if etag.is_some_and(|etag| etag != now_etag) {
            return Err(ProviderError::Changed);
        }
        let edit = Edit {
            time: patch.time.as_ref().map(|(start, end, _)| (*start, *end)),
            summary: patch.summary.clone(),
            description: patch.description.clone(),
            location: patch.location.clone(),
            stamp: self.account.outbound.clock().now(),
        };
        let file = ics::edited(&text, &edit);
        let headers = [(IF_MATCH, now_etag.as_str()), (CONTENT_TYPE, "text/calendar; charset=utf-8; component=VEVENT")];
        // A server that gives no etags cannot be asked to compare them.
        let headers = if now_etag.is_empty() { &headers[1..] } else { &headers[..] };
        self.account.call("PUT", &url, headers, &file)?;
        self.get_event(calendar, url.as_str())
    }

    fn delete_event(&self, _calendar: &str, id: &str, _: SendUpdates) -> Result<(), ProviderError> {
        if_there(self.account.call("DELETE", &self.own_url(id)?, &[], "")).map(drop)
    }
}

impl CalDav<'_> {
    /// A collection that is a calendar for events, not one for tasks or contacts.
    fn entry(&self, found: &Found) -> Option<CalendarEntry> {
        let kind = found.prop(DAV, "resourcetype")?;
        let components = found.prop(CALDAV, "supported-calendar-component-set");
        let takes_events = components.is_none_or(|set| set.children.is_empty() || names_events(set));
        if !kind.holds(CALDAV, "calendar") || !takes_events {
            return None;
        }
        let url = self.home.join(&found.href).ok().filter(|url| may_follow(&self.home, url))?;
        let may = found.prop(DAV, "current-user-privilege-set");
        let may_write =
            may.is_none_or(|set| ["all", "write", "write-content", "bind"].iter().any(|one| set.holds(DAV, one)));
        let zone = found.text(CALDAV, "calendar-timezone").and_then(zone_in);
        Some(CalendarEntry {
            summary: found.text(DAV, "displayname").unwrap_or_default().to_owned(),
            id: url.into(),
            primary: false,
            may_write,
            time_zone: zone.unwrap_or_default(),
        })
    }

    /// What takes time between two instants: the event's address and when.
    fn within(
        &self,
        calendar: &str,
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<Vec<(String, Occurrence)>, ProviderError> {
        let compact = |at: UnixMillis| at.in_zone(&TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><c:calendar-query xmlns:d=\"DAV:\" xmlns:c=\"{CALDAV}\"><d:prop>\
             <d:getetag/><c:calendar-data/></d:prop><c:filter><c:comp-filter name=\"VCALENDAR\">\
             <c:comp-filter name=\"VEVENT\"><c:time-range start=\"{}\" end=\"{}\"/></c:comp-filter></c:comp-filter>\
             </c:filter></c:calendar-query>",
            compact(from),
            compact(UnixMillis(to.0.saturating_add(999))),
        );
        let url = self.own_url(calendar)?;
        let asked = Asked { from, to, zone: &self.zone, own: &self.own };
        let (mut budget, mut all) = (Budget::default(), Vec::new());
        for found in self.account.ask("REPORT", &url, "1", &body)? {
            let Some(text) = found.text(CALDAV, "calendar-data") else {
                // What was deleted meanwhile takes no time, nor does the collection itself, unless it says that the
                // answer is cut; all else is unknown, not free.
                let is_own = url.join(&found.href).is_ok_and(|to| sync::is_same(&to, &url));
                if found.is_gone() || (is_own && found.status < 300) {
                    continue;
                }
                return Err(refused("an event cannot be read"));
            };
            let id = url.join(&found.href).map_or(found.href.clone(), String::from);
            let taken = ics::occurrences(text, &asked, &mut budget).map_err(|error| refused(&error.to_string()))?;
            all.extend(taken.into_iter().map(|one| (id.clone(), one)));
        }
        Ok(all)
    }

    fn read(&self, url: &Url) -> Result<(String, String), ProviderError> {
        let answer = self.account.call("GET", url, &[], "")?;
        let etag = answer.header(ETAG).unwrap_or_default().to_owned();
        Ok((String::from_utf8_lossy(&answer.body).into_owned(), etag))
    }

    fn new_entry(&self, event: &NewEvent) -> Entry {
        let marks = event.private.iter().map(|(name, value)| (format!("{MARK}{}", name.to_uppercase()), value.clone()));
        Entry {
            uid: event.id.clone(),
            sequence: 0,
            stamp: self.account.outbound.clock().now(),
            start: event.start,
            end: event.end,
            summary: event.summary.clone(),
            description: event.description.clone(),
            location: event.location.clone(),
            organizer: self.own.first().map(|email| Party { name: String::new(), email: email.clone() }),
            attendees: event
                .attendees
                .iter()
                .map(|guest| Party { name: guest.name.clone().unwrap_or_default(), email: guest.email.clone() })
                .collect(),
            we_invite: true,
            marks: marks.collect(),
            ..Entry::default()
        }
    }

    fn resource(&self, calendar: &str, name: &str) -> Result<Url, ProviderError> {
        let mut url = self.own_url(calendar)?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&format!("{name}.ics"));
        }
        Ok(url)
    }

    /// An address on the account's own server.
    fn own_url(&self, id: &str) -> Result<Url, ProviderError> {
        let url = match id {
            "primary" => Ok(self.home.clone()),
            id => self.home.join(id),
        };
        url.ok().filter(|url| may_follow(&self.home, url)).ok_or(ProviderError::NotFound)
    }
}

fn names_events(set: &xml::Element) -> bool {
    set.children.iter().any(|one| one.named.eq_ignore_ascii_case("VEVENT"))
}

/// The IANA name of the zone that a VTIMEZONE defines.
fn zone_in(text: &str) -> Option<String> {
    let id = ics::lines(text).find(|line| line.name == "TZID")?.value;
    ics::zone_named(&id)?.iana_name().map(str::to_owned)
}

fn propfind(props: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><d:propfind xmlns:d=\"DAV:\" xmlns:c=\"{CALDAV}\"><d:prop>{props}\
         </d:prop></d:propfind>"
    )
}

#[cfg(test)]
mod tests;
