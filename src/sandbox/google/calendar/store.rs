//! Calendars and events in memory. Every change raises the calendar's version, which etags and sync tokens are made of.

use std::collections::BTreeMap;

use serde_json::{json, Value};

use super::seed;
use crate::base::UnixMillis;

/// Each account's calendars, the primary one first.
#[derive(Default)]
pub(in crate::sandbox) struct Calendars(BTreeMap<String, Vec<Calendar>>);

#[derive(Debug)]
pub(in crate::sandbox) struct Calendar {
    pub id: String,
    pub summary: String,
    /// IANA name.
    pub zone: String,
    /// `owner` or `reader`.
    pub role: &'static str,
    pub colour: &'static str,
    pub is_primary: bool,
    pub events: Vec<Event>,
    pub version: u64,
    /// Sync tokens of earlier versions have expired.
    pub sync_floor: u64,
}

#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Event {
    pub id: String,
    /// The resource as clients see it.
    pub body: Value,
    pub start: UnixMillis,
    pub end: UnixMillis,
    /// The calendar's version when it last changed.
    pub version: u64,
}

impl Calendars {
    /// Gives a new account its calendars: its own, a second one, and one that it may only read.
    pub fn open(&mut self, email: &str, zone: &str) {
        let domain = email.rsplit_once('@').map_or("example.com", |(_, domain)| domain);
        let calendar = |id: String, summary: &str, role, colour| Calendar {
            is_primary: id == email,
            id,
            summary: summary.to_owned(),
            zone: zone.to_owned(),
            role,
            colour,
            events: Vec::new(),
            version: 1,
            sync_floor: 1,
        };
        let calendars = vec![
            calendar(email.to_owned(), email, "owner", "#9fe1e7"),
            calendar(format!("site-visits@group.calendar.{domain}"), "Site visits", "owner", "#f6bf26"),
            // A number sign in an id, as real holiday calendars have: it must be escaped in a path.
            calendar(format!("holidays#{}@group.calendar.{domain}", "all"), "Holidays", "reader", "#0b8043"),
        ];
        self.0.insert(email.to_lowercase(), calendars);
    }

    /// Fills the owner's calendars with a busy quarter.
    pub fn seed(&mut self, email: &str, zone: &str, now: UnixMillis) {
        let Some(calendars) = self.0.get_mut(email) else { return };
        for (calendar, events) in calendars.iter_mut().zip(seed::quarter(email, zone, now)) {
            for body in events {
                calendar.put_new(body, now);
            }
        }
    }

    /// What `/control/calendars` shows: `{"calendars":[{"id","summary","events":[…]}]}`.
    pub fn all_of(&self, email: &str) -> Value {
        let shown = |calendar: &Calendar| {
            let events: Vec<&Value> = calendar.events.iter().map(|event| &event.body).collect();
            json!({"id": calendar.id, "summary": calendar.summary, "events": events})
        };
        json!({"calendars": self.of(email).iter().map(shown).collect::<Vec<_>>()})
    }

    pub fn expire_sync(&mut self, email: &str) {
        for calendar in self.0.get_mut(&email.to_lowercase()).into_iter().flatten() {
            calendar.version += 1;
            calendar.sync_floor = calendar.version;
        }
    }

    /// A guest answers an invitation: `accepted`, `declined` or `tentative`.
    pub fn respond(&mut self, uid: &str, guest: &str, answer: &str, now: UnixMillis) {
        for calendar in self.0.values_mut().flatten() {
            let Some(at) = calendar.events.iter().position(|event| event.body["iCalUID"] == uid) else { continue };
            let mut body = calendar.events[at].body.clone();
            let is_guest = |attendee: &&mut Value| {
                attendee["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(guest))
            };
            let Some(attendee) = body["attendees"].as_array_mut().and_then(|all| all.iter_mut().find(is_guest)) else {
                continue;
            };
            attendee["responseStatus"] = json!(answer);
            calendar.change(at, body, now);
        }
    }

    pub fn of(&self, email: &str) -> &[Calendar] {
        self.0.get(&email.to_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn find(&self, email: &str, id: &str) -> Option<&Calendar> {
        self.of(email).iter().find(|calendar| calendar.answers_to(id))
    }

    pub fn find_mut(&mut self, email: &str, id: &str) -> Option<&mut Calendar> {
        self.0.get_mut(&email.to_lowercase())?.iter_mut().find(|calendar| calendar.answers_to(id))
    }
}

impl Calendar {
    fn answers_to(&self, id: &str) -> bool {
        (self.is_primary && id == "primary") || self.id.eq_ignore_ascii_case(id)
    }

    pub fn is_owned(&self) -> bool {
        self.role == "owner"
    }

    pub fn resource(&self) -> Value {
        json!({
            "kind": "calendar#calendar",
            "etag": format!("\"{}\"", self.version),
            "id": self.id,
            "summary": self.summary,
            "timeZone": self.zone,
            "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
        })
    }

    pub fn event(&self, id: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.id == id)
    }

    pub fn position(&self, id: &str) -> Option<usize> {
        self.events.iter().position(|event| event.id == id)
    }

    /// Adds an event whose body has an id and readable times; others are not added.
    pub fn put_new(&mut self, body: Value, now: UnixMillis) -> Option<&Event> {
        let id = body["id"].as_str()?.to_owned();
        let (start, end) = super::times::span(&body, &super::times::zone(&self.zone)).ok()?;
        self.events.push(Event { id, body, start, end, version: 0 });
        self.stamp(self.events.len() - 1, now);
        self.events.last()
    }

    /// Replaces an event's body. Times that cannot be read leave the old ones in force.
    pub fn change(&mut self, at: usize, body: Value, now: UnixMillis) -> &Event {
        if let Ok((start, end)) = super::times::span(&body, &super::times::zone(&self.zone)) {
            (self.events[at].start, self.events[at].end) = (start, end);
        }
        self.events[at].body = body;
        self.stamp(at, now);
        &self.events[at]
    }

    fn stamp(&mut self, at: usize, now: UnixMillis) {
        self.version += 1;
        let event = &mut self.events[at];
        event.version = self.version;
        event.body["etag"] = json!(format!("\"{}\"", 3_500_000_000_000_000 + self.version * 2));
        event.body["updated"] = json!(format!("{:.3}", now.to_timestamp()));
    }
}

impl Event {
    pub fn is_cancelled(&self) -> bool {
        self.body["status"] == "cancelled"
    }

    /// Takes up time: not cancelled, not transparent, not declined by the calendar's own person.
    pub fn is_busy(&self) -> bool {
        let declined = |attendee: &Value| attendee["self"] == true && attendee["responseStatus"] == "declined";
        let turned_down = self.body["attendees"].as_array().is_some_and(|attendees| attendees.iter().any(declined));
        !self.is_cancelled() && self.body["transparency"] != "transparent" && !turned_down
    }
}
