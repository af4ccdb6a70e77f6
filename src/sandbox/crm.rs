//! The simulated HubSpot and Pipedrive: people, notes, pages and limits, over the wire shapes of both.
//!
//! | real | sandbox |
//! |---|---|
//! | `https://api.hubapi.com/…` | `<sandbox>/hubspot/…` |
//! | `https://api.pipedrive.com/…` | `<sandbox>/pipedrive/…` |
//!
//! The token is `CRM_TOKEN` at both. HubSpot takes 4 searches a second, Pipedrive 20 calls in two seconds. The search of
//! both knows somebody only some time after they were added or changed (`SEARCH_LAG`); what is read by itself, and
//! lists, know them at once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{json, Value};

use super::wire::{Answer, Request};
use super::world::World;
use crate::base::UnixMillis;

/// What both take as their token.
pub const CRM_TOKEN: &str = "sandbox-crm-token";

const SEARCHES_A_SECOND: usize = 4;
const CALLS_IN_TWO_SECONDS: usize = 20;
/// The index of the search is behind by this much.
const SEARCH_LAG: Duration = Duration::from_secs(110);

#[derive(Default)]
pub(super) struct Crms {
    pub hubspot: Book,
    pub pipedrive: Book,
}

/// The people and notes of one system.
#[derive(Default)]
pub(super) struct Book {
    people: BTreeMap<u64, Entry>,
    notes: BTreeMap<u64, (u64, String)>,
    serial: u64,
    calls: Vec<UnixMillis>,
}

struct Entry {
    email: String,
    fields: BTreeMap<String, String>,
    changed: UnixMillis,
}

impl Book {
    fn next(&mut self) -> u64 {
        self.serial += 1;
        100 + self.serial
    }

    fn by_email(&self, email: &str) -> Option<u64> {
        self.people.iter().find(|(_, one)| one.email.eq_ignore_ascii_case(email)).map(|(id, _)| *id)
    }

    /// What the index of the search knows by now.
    fn indexed(&self, now: UnixMillis) -> impl Iterator<Item = (u64, &Entry)> {
        let is_in = move |one: &Entry| now.since(one.changed) >= SEARCH_LAG;
        self.people.iter().filter(move |(_, one)| is_in(one)).map(|(id, one)| (*id, one))
    }

    fn notes_on(&self, person: u64) -> impl Iterator<Item = (u64, &String)> {
        self.notes.iter().filter(move |(_, (of, _))| *of == person).map(|(id, (_, text))| (*id, text))
    }

    fn put(&mut self, id: Option<u64>, email: &str, fields: &Value, now: UnixMillis) -> u64 {
        let id = id.unwrap_or_else(|| self.next());
        let entry = self.people.entry(id).or_insert_with(|| Entry {
            email: String::new(),
            fields: BTreeMap::new(),
            changed: now,
        });
        if !email.is_empty() {
            entry.email = email.to_owned();
        }
        let given = fields
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        entry.fields.extend(given.filter(|(name, _)| name != "email"));
        entry.changed = now;
        id
    }

    /// In the order in which they changed, from then on.
    fn since(&self, since: UnixMillis) -> Vec<(u64, &Entry)> {
        let mut rows: Vec<(u64, &Entry)> =
            self.people.iter().filter(|(_, one)| one.changed >= since).map(|(id, one)| (*id, one)).collect();
        rows.sort_by_key(|(id, one)| (one.changed, *id));
        rows
    }

    /// Whether one more call fits into the window.
    fn admit(&mut self, window: Duration, most: usize, now: UnixMillis) -> bool {
        self.calls.retain(|at| now.since(*at) < window);
        if self.calls.len() >= most {
            return false;
        }
        self.calls.push(now);
        true
    }
}

fn bounded(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

/// `path` is what follows `/hubspot`.
pub(super) fn hubspot(world: &mut World, request: &Request, path: &[String]) -> Answer {
    let now = world.clock.now();
    if request.bearer() != Some(CRM_TOKEN) {
        let message = "Authentication credentials not found.";
        return Answer::json(
            401,
            &json!({"status": "error", "message": message, "category": "INVALID_AUTHENTICATION"}),
        );
    }
    let book = &mut world.crms.hubspot;
    let body = request.json().unwrap_or_default();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if path.last() == Some(&"search") && !book.admit(Duration::from_secs(1), SEARCHES_A_SECOND, now) {
        let body = json!({"status": "error", "message": "You have reached your secondly limit.", "errorType": "RATE_LIMIT", "policyName": "SECONDLY"});
        return Answer::json(429, &body).with("X-HubSpot-RateLimit-Interval-Milliseconds", "1000");
    }
    let answer = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["account-info", "v3", "details"]) => json!({"portalId": 4711, "timeZone": "Europe/London"}),
        ("POST", ["crm", "v3", "objects", "contacts", "search"]) => hubspot_contacts(book, &body, now),
        ("GET", ["crm", "v3", "objects", "contacts", email]) if request.param("idProperty") == Some("email") => {
            match book.by_email(email) {
                Some(id) => json!({"id": id.to_string(), "properties": {"email": email}}),
                None => return Answer::json(404, &json!({"status": "error", "message": "resource not found"})),
            }
        }
        ("POST", ["crm", "v3", "objects", "contacts", "batch", "upsert"]) => {
            let mut results = Vec::new();
            for input in body["inputs"].as_array().into_iter().flatten() {
                let email = input["id"].as_str().unwrap_or_default().to_owned();
                let known = book.by_email(&email);
                let id = book.put(known, &email, &input["properties"], now);
                results.push(json!({"id": id.to_string(), "new": known.is_none(), "properties": input["properties"]}));
            }
            json!({"status": "COMPLETE", "results": results})
        }
        ("PATCH", ["crm", "v3", "objects", "contacts", id]) => {
            let id = bounded(id);
            if !book.people.contains_key(&id) {
                return Answer::json(404, &json!({"status": "error", "message": "resource not found"}));
            }
            book.put(Some(id), "", &body["properties"], now);
            json!({"id": id.to_string()})
        }
        ("POST", ["crm", "v3", "objects", "notes"]) => {
            let person = bounded(body["associations"][0]["to"]["id"].as_str().unwrap_or_default());
            let id = book.next();
            book.notes.insert(id, (person, body["properties"]["hs_note_body"].as_str().unwrap_or_default().to_owned()));
            return Answer::json(201, &json!({"id": id.to_string()}));
        }
        ("GET", ["crm", "v4", "objects", "contacts", person, "associations", "notes"]) => {
            let rows: Vec<Value> =
                book.notes_on(bounded(person)).map(|(id, _)| json!({"toObjectId": id.to_string()})).collect();
            json!({"results": rows})
        }
        ("POST", ["crm", "v3", "objects", "notes", "batch", "read"]) => {
            let wanted = body["inputs"].as_array().into_iter().flatten().filter_map(|input| input["id"].as_str());
            let found = wanted.filter_map(|id| {
                let (_, text) = book.notes.get(&bounded(id))?;
                Some(json!({"id": id, "properties": {"hs_note_body": text}}))
            });
            json!({"status": "COMPLETE", "results": found.collect::<Vec<_>>()})
        }
        _ => return Answer::json(404, &json!({"status": "error", "message": "no such endpoint"})),
    };
    Answer::ok(&answer)
}

fn hubspot_contacts(book: &Book, body: &Value, now: UnixMillis) -> Value {
    let filter = &body["filterGroups"][0]["filters"][0];
    let value = filter["value"].as_str().unwrap_or_default();
    let since = UnixMillis(value.parse().unwrap_or(0));
    let mut rows: Vec<(u64, &Entry)> = book.indexed(now).filter(|(_, one)| one.changed >= since).collect();
    rows.sort_by_key(|(id, one)| (one.changed, *id));
    let (start, most) =
        (bounded(body["after"].as_str().unwrap_or_default()), body["limit"].as_u64().unwrap_or(10).min(200));
    let (start, most) = (usize::try_from(start).unwrap_or(0), usize::try_from(most).unwrap_or(10));
    let page: Vec<Value> = rows
        .iter()
        .skip(start)
        .take(most)
        .map(|(id, one)| {
            let mut properties = json!(one.fields);
            properties["email"] = json!(one.email);
            properties["lastmodifieddate"] = json!(one.changed.to_rfc3339());
            json!({"id": id.to_string(), "properties": properties})
        })
        .collect();
    let mut answer = json!({"total": rows.len(), "results": page});
    if start + most < rows.len() {
        answer["paging"] = json!({"next": {"after": (start + most).to_string()}});
    }
    answer
}

/// `path` is what follows `/pipedrive`.
pub(super) fn pipedrive(world: &mut World, request: &Request, path: &[String]) -> Answer {
    let now = world.clock.now();
    if request.header("x-api-token") != Some(CRM_TOKEN) {
        return Answer::json(401, &json!({"success": false, "error": "unauthorized access", "errorCode": 401}));
    }
    let book = &mut world.crms.pipedrive;
    if !book.admit(Duration::from_secs(2), CALLS_IN_TWO_SECONDS, now) {
        return Answer::json(429, &json!({"success": false, "error": "request over limit"}))
            .with("x-ratelimit-reset", "2");
    }
    let body = request.json().unwrap_or_default();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let data = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["v1", "users", "me"]) => json!({"id": 1, "company_id": 77, "company_name": "Fernhill Sandbox"}),
        ("GET", ["api", "v2", "persons"]) => return pipedrive_persons(book, request),
        ("GET", ["api", "v2", "persons", "search"]) => {
            let known = book.by_email(request.param("term").unwrap_or_default());
            let found = known.filter(|id| book.indexed(now).any(|(other, _)| other == *id));
            json!({"items": found.map(|id| json!({"item": {"id": id}})).into_iter().collect::<Vec<_>>()})
        }
        ("POST", ["api", "v2", "persons"]) => {
            let id = put_person(book, None, &body, now);
            return Answer::json(201, &json!({"success": true, "data": {"id": id}}));
        }
        ("PATCH", ["api", "v2", "persons", id]) if book.people.contains_key(&bounded(id)) => {
            json!({"id": put_person(book, Some(bounded(id)), &body, now)})
        }
        ("POST", ["v1", "notes"]) => {
            let id = book.next();
            let text = body["content"].as_str().unwrap_or_default().to_owned();
            book.notes.insert(id, (body["person_id"].as_u64().unwrap_or(0), text));
            return Answer::json(201, &json!({"success": true, "data": {"id": id}}));
        }
        ("GET", ["v1", "notes"]) => {
            let person = bounded(request.param("person_id").unwrap_or_default());
            Value::Array(book.notes_on(person).map(|(id, text)| json!({"id": id, "content": text})).collect())
        }
        _ => return Answer::json(404, &json!({"success": false, "error": "not found"})),
    };
    Answer::ok(&json!({"success": true, "data": data}))
}

fn put_person(book: &mut Book, id: Option<u64>, body: &Value, now: UnixMillis) -> u64 {
    let email = body["emails"][0]["value"].as_str().unwrap_or_default().to_owned();
    let mut fields = json!({"name": body["name"]});
    if let Some(phone) = body["phones"][0]["value"].as_str() {
        fields["phone"] = json!(phone);
    }
    if let Some((first, last)) = body["name"].as_str().and_then(|name| name.split_once(' ')) {
        (fields["first_name"], fields["last_name"]) = (json!(first), json!(last));
    }
    book.put(id, &email, &fields, now)
}

fn pipedrive_persons(book: &Book, request: &Request) -> Answer {
    let since = request.param("updated_since").and_then(UnixMillis::parse_rfc3339).unwrap_or(UnixMillis(0));
    let mut rows = book.since(since);
    if request.param("sort_direction") == Some("desc") {
        rows.reverse();
    }
    let start = usize::try_from(bounded(request.param("cursor").unwrap_or_default())).unwrap_or(0);
    let most = request.limit("limit", 100, 500);
    let page: Vec<Value> = rows
        .iter()
        .skip(start)
        .take(most)
        .map(|(id, one)| {
            let mut row = json!(one.fields);
            row["id"] = json!(id);
            row["emails"] = json!([{"value": one.email, "primary": true, "label": "work"}]);
            row["phones"] = json!(one.fields.get("phone").map(|phone| json!([{"value": phone, "primary": true}])));
            row["update_time"] = json!(one.changed.to_rfc3339());
            row
        })
        .collect();
    let next = (start + most < rows.len()).then(|| (start + most).to_string());
    Answer::ok(&json!({"success": true, "data": page, "additional_data": {"next_cursor": next}}))
}

/// The people that each system knows at the beginning.
pub(super) fn seed(crms: &mut Crms, now: UnixMillis) {
    let now = now.minus(SEARCH_LAG);
    let people = [
        ("mara.quist@northquay.example", "Mara", "Quist", "Northquay Boats", "Owner"),
        ("jonas.feld@feldmill.example", "Jonas", "Feld", "Feld Mill", "Miller"),
    ];
    for (email, first, last, company, title) in people {
        let hubspot = json!({"firstname": first, "lastname": last, "company": company, "jobtitle": title});
        crms.hubspot.put(None, email, &hubspot, now);
        let name = format!("{first} {last}");
        let pipedrive =
            json!({"name": name, "first_name": first, "last_name": last, "org_name": company, "job_title": title});
        crms.pipedrive.put(None, email, &pipedrive, now);
    }
}
