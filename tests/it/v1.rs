//! `/v1` as its users meet it, room by room. Every answer is held against the product's own description, so that the
//! description cannot lie.

use std::collections::BTreeSet;

use launchyard::authz::Role;
use serde_json::{json, Value};

use super::browser::{self, api_with};
use super::support::TestServer;
use super::world::World;

/// A program that believes only what `/v1/openapi.json` says.
pub struct Program {
    pub url: String,
    pub key: String,
    pub document: Value,
}

pub struct Answer {
    pub status: u16,
    pub json: Value,
    pub headers: Vec<(String, String)>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.json))
    }

    /// The places that a refusal names.
    pub fn places(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
    }
}

impl Program {
    pub fn of(server: &TestServer) -> Self {
        Self::with(&server.url, server.owner.api_key.as_deref().unwrap())
    }

    pub fn with(url: &str, key: &str) -> Self {
        let (status, document) = browser::api(url, "", "GET", "/v1/openapi.json", None);
        assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")));
        Self { url: url.to_owned(), key: key.to_owned(), document }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None)
    }

    pub fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(method, path, &[], Some(body.to_string().as_str()))
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body)
    }

    /// Carries the request out and holds question and answer against the description.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let page = api_with(&self.url, &self.key, method, path, headers, body);
        let json = serde_json::from_str(&page.body).unwrap_or(Value::Null);
        let answer = Answer { status: page.status, json, headers: page.headers };
        let place = format!("{method} {path}");
        let operation = self.operation(method, path);
        let described = &operation["responses"];
        let status = answer.status.to_string();
        if answer.status >= 400 {
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{place}: {}", answer.json);
            let schema = &described[status.as_str()]["content"]["application/problem+json"]["schema"];
            let fallback = &described["default"]["content"]["application/problem+json"]["schema"];
            self.must_fit(if schema.is_null() { fallback } else { schema }, &answer.json, &place);
            assert!(answer.json["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{place}: {}", answer.json);
        } else {
            let known = described.get(&status).unwrap_or_else(|| panic!("{place}: {status} is not described"));
            if answer.status == 204 {
                assert_eq!(page.body, "", "{place}");
            } else {
                assert_eq!(answer.header("content-type"), Some("application/json"), "{place}");
                self.must_fit(&known["content"]["application/json"]["schema"], &answer.json, &place);
            }
            let wanted = &operation["requestBody"]["content"]["application/json"]["schema"];
            match body.and_then(|body| serde_json::from_str(body).ok()) {
                Some(body) if !wanted.is_null() => self.must_fit(wanted, &body, &format!("{place}, what was sent")),
                _ => {}
            }
        }
        answer
    }

    /// The described operation behind a real path.
    fn operation(&self, method: &str, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == asked.len()
                && parts.iter().zip(&asked).all(|(part, word)| part.starts_with('{') || part == word)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let exact = paths.get(path).or_else(|| paths.iter().find(|(template, _)| fits(template)).map(|(_, item)| item));
        let item = exact.unwrap_or_else(|| panic!("{path} is not described"));
        &item[method.to_lowercase()]
    }

    fn must_fit(&self, schema: &Value, value: &Value, place: &str) {
        assert!(!schema.is_null(), "{place}: no schema");
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.document["components"],
            "allOf": [schema],
        });
        let validator = jsonschema::validator_for(&whole).unwrap_or_else(|error| panic!("{place}: {error}"));
        let wrong: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{place}: {wrong:#?}\n{value:#}");
        let mut untold = Vec::new();
        self.untold(schema, value, "", &mut untold);
        assert!(untold.is_empty(), "{place}: not described: {untold:?}");
    }

    /// The members that the parts of a schema describe together.
    fn joined(&self, parts: &[Value]) -> Value {
        let mut properties = serde_json::Map::new();
        for part in parts {
            let part = part["$ref"].as_str().map_or(part, |place| self.document.pointer(&place[1..]).unwrap());
            properties.extend(part["properties"].as_object().unwrap().clone());
        }
        json!({ "properties": properties })
    }

    /// Members of objects that no schema mentions. JSON Schema lets them pass; a description should not.
    fn untold(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        if let Some(place) = schema["$ref"].as_str() {
            return self.untold(self.document.pointer(&place[1..]).unwrap(), value, path, found);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.untold(&self.joined(parts), value, path, found);
        }
        for choice in ["oneOf", "anyOf"] {
            for inner in schema[choice].as_array().into_iter().flatten().filter(|inner| inner["type"] != "null") {
                self.untold(inner, value, path, found);
            }
        }
        match value {
            Value::Object(members) if schema["properties"].is_object() => {
                for (name, member) in members {
                    match schema["properties"].get(name) {
                        Some(inner) => self.untold(inner, member, &format!("{path}/{name}"), found),
                        None => found.push(format!("{path}/{name}")),
                    }
                }
            }
            Value::Array(rows) => {
                for (place, row) in rows.iter().enumerate() {
                    self.untold(&schema["items"], row, &format!("{path}/{place}"), found);
                }
            }
            _ => {}
        }
    }

    /// All rows of a list, read page by page.
    pub fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let (mut rows, mut pages) = (Vec::new(), 0);
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut at = format!("{path}{joint}limit={limit}");
        loop {
            let page = self.get(&at);
            assert_eq!(page.status, 200, "{at}: {}", page.json);
            let data = page.json["data"].as_array().unwrap();
            assert!(data.len() <= limit, "{at}");
            rows.extend(data.iter().cloned());
            pages += 1;
            let Some(cursor) = page.json["next_cursor"].as_str() else { break };
            assert!(pages < 1000, "{path} has no end");
            at = format!("{path}{joint}limit={limit}&cursor={cursor}");
        }
        rows
    }
}

#[test]
fn the_description_is_a_sound_document() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let (mut names, mut wrong) = (BTreeSet::new(), Vec::new());
    for (path, item) in program.document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            if !names.insert(operation["operationId"].as_str().unwrap().to_owned()) {
                wrong.push(format!("{place}: its name is taken"));
            }
            if operation["summary"].as_str().is_none_or(|words| words.len() < 5) {
                wrong.push(format!("{place}: no words"));
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                if response["description"].as_str().is_none_or(|words| words.trim().len() < 4) {
                    wrong.push(format!("{place}: {status} has no words"));
                }
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named: Vec<&str> = parameters.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
            for placeholder in path.split('/').filter_map(|word| word.strip_prefix('{')) {
                if !named.contains(&placeholder.trim_end_matches('}')) {
                    wrong.push(format!("{place}: {placeholder} is not described"));
                }
            }
            if named.contains(&"limit") != named.contains(&"cursor") {
                wrong.push(format!("{place}: half a list"));
            }
        }
    }
    let text = program.document.to_string();
    for (at, _) in text.match_indices("\"$ref\":\"#") {
        let place = text[at + 9..].split('"').next().unwrap();
        if program.document.pointer(place).is_none() {
            wrong.push(format!("{place} leads nowhere"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn contacts_and_tags_are_made_found_changed_and_removed() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let made = program.post(
        "/v1/contacts",
        json!({ "addresses": ["Iris@Quill.example"], "first_name": "Iris", "company": "Quill Ltd",
                "time_zone": "Europe/Paris", "custom": { "rooms": "12" }, "tags": ["Hotel"] }),
    );
    assert_eq!(made.status, 201, "{}", made.json);
    assert_eq!(made.header("location"), Some(format!("/v1/contacts/{}", made.id()).as_str()));
    assert_eq!((&made.json["source"], &made.json["tags"]), (&json!("api"), &json!(["hotel"])));
    let path = format!("/v1/contacts/{}", made.id());
    assert_eq!(program.get(&path).json, made.json);

    let again = program.post("/v1/contacts", json!({ "addresses": ["iris@quill.EXAMPLE"] }));
    assert_eq!(again.status, 409, "{}", again.json);
    assert!(again.json["detail"].as_str().unwrap().contains(made.id()), "it names whose address it is");

    let changed =
        program.send("PATCH", &path, json!({ "last_name": "Marsh", "custom": { "rooms": "", "stars": "4" } }));
    assert_eq!(changed.status, 200, "{}", changed.json);
    assert_eq!(changed.json["first_name"], "Iris", "what is absent stays");
    assert_eq!((&changed.json["last_name"], &changed.json["custom"]), (&json!("Marsh"), &json!({ "stars": "4" })));

    for number in 0..7 {
        let other = program.post("/v1/contacts", json!({ "addresses": [format!("p{number}@list.example")] }));
        assert_eq!(other.status, 201);
    }
    let ids: BTreeSet<String> =
        program.all("/v1/contacts", 3).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 8, "every contact once");
    assert_eq!(program.all("/v1/contacts?q=mar%20qui", 3).len(), 1, "beginnings of words");
    let some: Vec<&String> = ids.iter().take(5).collect();
    let tagged = program.post("/v1/tags/vip/contacts", json!({ "contacts": some }));
    assert_eq!(tagged.json, json!({ "changed": 5, "unknown": [] }));
    assert_eq!(program.all("/v1/contacts?tag=vip", 2).len(), 5);
    let tags: Vec<Value> = program.all("/v1/tags", 1);
    assert_eq!(tags, [json!({ "name": "vip", "contacts": 5 }), json!({ "name": "hotel", "contacts": 1 })]);
    let untagged = program.send("DELETE", "/v1/tags/vip/contacts", json!({ "contacts": some }));
    assert_eq!(untagged.json, json!({ "changed": 5, "unknown": [] }));

    assert_eq!(program.ask("DELETE", &path, &[], None).status, 204);
    assert_eq!(program.get(&path).status, 404);
    assert_eq!(program.ask("DELETE", &path, &[], None).status, 404);
}

#[test]
fn a_wrong_request_is_refused_with_its_place_and_cure_and_changes_nothing() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let cases: [(&str, &str, Value, u16, &[&str]); 24] = [
        ("POST", "/v1/contacts", json!({ "addresses": [] }), 422, &["#/addresses"]),
        ("POST", "/v1/contacts", json!({ "addresses": ["nonsense"] }), 422, &["#/addresses"]),
        ("POST", "/v1/contacts", json!({ "addresses": ["a@b.example"], "nick": "x" }), 422, &["#/nick"]),
        ("POST", "/v1/contacts", json!({ "addresses": ["a@b.example"], "company": 7 }), 422, &["#/company"]),
        ("POST", "/v1/contacts", json!({ "addresses": ["a@b.example"], "time_zone": "Mars" }), 422, &["#/time_zone"]),
        ("POST", "/v1/contacts", json!([]), 422, &["#"]),
        ("POST", "/v1/tags/x/contacts", json!({ "contacts": ["x"] }), 422, &["#/contacts/0"]),
        ("POST", "/v1/suppressions", json!({ "target": "neither nor" }), 422, &["#/target"]),
        ("POST", "/v1/suppressions", json!({}), 422, &["#"]),
        ("POST", "/v1/sequences", json!({ "name": "", "steps": [] }), 422, &["#/name"]),
        (
            "POST",
            "/v1/sequences",
            json!({ "name": "A", "steps": [{ "text": "x", "wait": 3 }] }),
            422,
            &["#/steps/0/wait"],
        ),
        (
            "POST",
            "/v1/sequences",
            json!({ "name": "A", "steps": [{ "id": "x", "subject": "S", "text": "x" }] }),
            422,
            &["#/steps/0/id"],
        ),
        ("POST", "/v1/workers", json!({}), 422, &["#"]),
        ("POST", "/v1/workers", json!({ "name": " " }), 422, &["#/name"]),
        (
            "POST",
            "/v1/workers",
            json!({ "name": "A", "sequence": "x", "mailbox": "y" }),
            422,
            &["#/sequence", "#/mailbox"],
        ),
        ("POST", "/v1/workers", json!({ "name": "A", "meeting": { "minutes": 1 } }), 422, &["#/meeting/minutes"]),
        ("POST", "/v1/workers", json!({ "name": "A", "meeting": { "length": 1 } }), 422, &["#/meeting/length"]),
        ("POST", "/v1/workers", json!({ "name": "A", "limits": { "per_day": 100_000 } }), 422, &["#/limits/per_day"]),
        (
            "POST",
            "/v1/workers",
            json!({ "name": "A", "limits": { "per_domain_day": 0 } }),
            422,
            &["#/limits/per_domain_day"],
        ),
        ("POST", "/v1/workers", json!({ "name": "A", "hours": { "days": [0] } }), 422, &["#/hours/days"]),
        ("POST", "/v1/workers", json!({ "name": "A", "hours": { "from": "9" } }), 422, &["#/hours/from"]),
        ("POST", "/v1/workers", json!({ "name": "A", "hours": { "from": "18:00" } }), 422, &["#/hours"]),
        ("POST", "/v1/workers", json!({ "name": "A", "tone": "loud" }), 422, &["#/tone"]),
        (
            "POST",
            "/v1/bookings",
            json!({ "contact_id": "x", "worker_id": "y", "start": "noon" }),
            422,
            &["#/contact_id", "#/worker_id", "#/start"],
        ),
    ];
    for (method, path, body, status, places) in cases {
        let answer = program.send(method, path, body.clone());
        assert_eq!(
            (answer.status, answer.places()),
            (status, places.to_vec()),
            "{method} {path} {body}: {}",
            answer.json
        );
    }
    let in_the_address: [(&str, &[&str]); 12] = [
        ("/v1/contacts?limit=0", &["?limit"]),
        ("/v1/contacts?limit=101", &["?limit"]),
        ("/v1/messages?limit=ten", &["?limit"]),
        ("/v1/replies?cursor=%C3%A4", &["?cursor"]),
        ("/v1/bookings?limit=-1&cursor=!", &["?limit", "?cursor"]),
        ("/v1/events?limit=0", &["?limit"]),
        ("/v1/connections?limit=0", &["?limit"]),
        ("/v1/drafts?state=old", &["?state"]),
        ("/v1/workers?limit=0", &["?limit"]),
        ("/v1/enrolments?contact=x", &["?contact"]),
        ("/v1/messages?contact=x", &["?contact"]),
        ("/v1/suppressions?target=neither%20nor", &["?target"]),
    ];
    for (path, places) in in_the_address {
        let answer = program.get(path);
        assert_eq!((answer.status, answer.places()), (422, places.to_vec()), "{path}: {}", answer.json);
    }
    let raw: [(&str, &[(&str, &str)], &str, u16); 4] = [
        ("not JSON", &[], "{\"addresses\": [\"a@b.example\",]}", 400),
        ("another type", &[("content-type", "text/plain")], "{}", 415),
        ("an endless key", &[("idempotency-key", &"k".repeat(300))], "{\"addresses\":[\"a@b.example\"]}", 400),
        ("an empty key", &[("idempotency-key", "")], "{\"addresses\":[\"a@b.example\"]}", 400),
    ];
    for (name, headers, body, status) in raw {
        let answer = match headers {
            [("content-type", kind)] => {
                api_with(&server.url, &program.key, "POST", "/v1/contacts", &[("content-type", kind)], None)
            }
            headers => api_with(&server.url, &program.key, "POST", "/v1/contacts", headers, Some(body)),
        };
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    let wrong_method = api_with(&server.url, &program.key, "PUT", "/v1/contacts", &[], Some("{}"));
    assert_eq!(wrong_method.status, 405, "{}", wrong_method.body);
    assert!(wrong_method.header("allow").is_some_and(|allow| allow.contains("GET") && allow.contains("POST")));
    for list in ["/v1/contacts", "/v1/sequences", "/v1/workers", "/v1/suppressions", "/v1/bookings"] {
        assert_eq!(program.all(list, 100), Vec::<Value>::new(), "{list}");
    }
}

#[test]
fn a_worker_is_made_changed_started_stopped_and_deleted_with_all_its_settings() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Owner).key);
    let connection = world.id("connection");
    let sequence = program.post(
        "/v1/sequences",
        json!({ "name": "Two mails", "steps": [
            { "subject": "Hello {{first_name|there}}", "text": "A first line." },
            { "wait_days": 3, "working_days": true, "text": "A second one." } ] }),
    );
    assert_eq!(sequence.status, 201, "{}", sequence.json);
    let settings = json!({
        "name": "By program", "goal": "Invite them.", "audience_tag": "Inns",
        "sequence": sequence.id(), "mailbox": connection, "calendar": connection,
        "meeting": { "title": "Survey", "minutes": 45, "buffer_before_minutes": 5, "buffer_after_minutes": 15,
                     "notice_minutes": 240, "place": "On site", "video": false },
        "limits": { "per_day": 12, "per_domain_day": 2, "per_contact": 3, "follow_up_percent": 20,
                    "stop_company_on_reply": false },
        "hours": { "days": [2, 4], "from": "08:30", "to": "16:00" },
        "sender": { "name": "Nora", "role": "Owner", "signature": "Nora\nKendal" },
        "tone": "formal",
    });
    let made = program.post("/v1/workers", settings.clone());
    assert_eq!(made.status, 201, "{}", made.json);
    assert_eq!((&made.json["state"], &made.json["automatic"]), (&json!("off"), &json!([])));
    for (name, value) in settings.as_object().unwrap() {
        let expected = if name == "audience_tag" { json!("inns") } else { value.clone() };
        assert_eq!(made.json[name], expected, "{name}");
    }
    let path = format!("/v1/workers/{}", made.id());
    let patched =
        program.send("PATCH", &path, json!({ "limits": { "per_day": 9 }, "calendar": null, "goal": "Other." }));
    assert_eq!(patched.status, 200, "{}", patched.json);
    assert_eq!(
        patched.json["limits"],
        json!({ "per_day": 9, "per_domain_day": 3, "per_contact": 4, "follow_up_percent": 30, "stop_company_on_reply": true }),
        "replaced whole"
    );
    assert_eq!((&patched.json["calendar"], &patched.json["goal"]), (&Value::Null, &json!("Other.")));
    assert_eq!(
        (&patched.json["hours"], &patched.json["tone"]),
        (&settings["hours"], &json!("formal")),
        "the rest stays"
    );
    let meet = |location: Value| program.send("PATCH", &path, json!({ "meeting": { "location": location } }));
    let called = meet(json!({ "kind": "they_call", "detail": "+44 1539 555 0100" }));
    assert_eq!(called.status, 200, "{}", called.json);
    let meeting = &called.json["meeting"];
    assert_eq!((&meeting["place"], &meeting["video"]), (&json!("+44 1539 555 0100"), &json!(false)));
    for nowhere in [
        json!({ "kind": "zoom" }),
        json!({ "kind": "zoom", "connection_id": connection }),
        json!({ "kind": "link", "detail": "not a link" }),
        json!({ "kind": "elsewhere" }),
    ] {
        let refused = meet(nowhere.clone());
        assert_eq!(refused.status, 422, "{nowhere}: {}", refused.json);
    }
    let fresh =
        json!({ "name": "Fresh", "sequence": sequence.id(), "mailbox": connection, "sender": { "name": "Nora" } });
    let put = program.send("PUT", &path, fresh);
    assert_eq!(put.json["meeting"]["minutes"], 30, "PUT sets what is absent to what a new worker has");
    assert_eq!(put.json["goal"], "");

    let contact = program.post("/v1/contacts", json!({ "addresses": ["inn@keeper.example"], "tags": ["inns"] }));
    let leads = format!("{path}/enrolments");
    let enrolled = program.post(&leads, json!({ "contacts": [contact.id()] }));
    assert_eq!((enrolled.status, &enrolled.json["added"]), (200, &json!(1)), "{}", enrolled.json);

    let switch = |act: &str| program.ask("POST", &format!("{path}/{act}"), &[], None);
    let on = switch("activate");
    assert_eq!((on.status, &on.json["state"]), (200, &json!("working")), "{}", on.json);
    assert_eq!(program.ask("DELETE", &path, &[], None).status, 409, "a working one is not deleted");
    assert_eq!(program.ask("DELETE", &format!("/v1/sequences/{}", sequence.id()), &[], None).status, 409);
    let off = switch("pause");
    assert_eq!((off.status, &off.json["state"]), (200, &json!("paused")));
    assert!(off.json["reason"].as_str().unwrap().starts_with("Paused by"), "{}", off.json);
    assert_eq!(switch("activate").json["state"], "working");
    let all_off = program.ask("POST", "/v1/sending/pause", &[], None);
    assert!(all_off.json["workers"].as_u64().unwrap() >= 1, "{}", all_off.json);
    assert!(program.all("/v1/workers", 1).iter().all(|worker| worker["state"] != "working"));
    let resumed = program.ask("POST", "/v1/sending/resume", &[], None);
    let stopped = all_off.json["workers"].as_u64().unwrap();
    assert_eq!(resumed.json["workers"], json!(stopped + 1), "with the one that the business had stopped before");
    switch("pause");

    let incomplete = program.post("/v1/workers", json!({ "name": "Nothing yet" }));
    let not_ready = program.ask("POST", &format!("/v1/workers/{}/activate", incomplete.id()), &[], None);
    assert_eq!((not_ready.status, &not_ready.json["code"]), (409, &json!("not_ready")), "{}", not_ready.json);
    assert!(program.all("/v1/workers", 2).len() >= 3);

    // Things of others are not there.
    let stranger = Program::with(world.url(), &world.stranger.key);
    let theirs = stranger.post("/v1/workers", json!({ "name": "A", "sequence": sequence.id() }));
    assert_eq!((theirs.status, theirs.places()), (422, vec!["#/sequence"]));
    let theirs = stranger.post("/v1/workers", json!({ "name": "A", "mailbox": connection }));
    assert_eq!((theirs.status, theirs.places()), (422, vec!["#/mailbox"]));

    let lead = program.all(&leads, 1).remove(0);
    let one = format!("/v1/enrolments/{}", lead["id"].as_str().unwrap());
    assert_eq!(program.get(&one).json["contact"], contact.id());
    assert_eq!(program.all(&format!("/v1/enrolments?contact={}", contact.id()), 1).len(), 1);
    assert_eq!(program.ask("POST", &format!("{one}/stop"), &[], None).json["state"], "stopped");
    assert_eq!(program.ask("POST", &format!("{one}/resume"), &[], None).json["state"], "waiting");
    assert_eq!(program.ask("DELETE", &one, &[], None).status, 204);
    assert_eq!(program.get(&one).status, 404);
    assert_eq!(program.all(&leads, 5), Vec::<Value>::new());
    let no_tag = program.ask("POST", &format!("{leads}/audience"), &[], None);
    assert_eq!(no_tag.status, 409, "{}", no_tag.json);
    program.send("PATCH", &path, json!({ "audience_tag": "inns" }));
    let audience = program.ask("POST", &format!("{leads}/audience"), &[], None);
    assert_eq!((audience.status, &audience.json), (202, &json!({ "tag": "inns" })));
    world.settle();
    assert_eq!(program.all(&leads, 5).len(), 1, "its contacts have become leads");

    let mut written = program.get(&format!("/v1/sequences/{}", sequence.id())).json;
    written["name"] = json!("Renamed");
    let renamed = program.send("PUT", &format!("/v1/sequences/{}", sequence.id()), written);
    assert_eq!((renamed.status, &renamed.json["name"]), (200, &json!("Renamed")), "an answer can be sent back");
    assert_eq!(program.ask("DELETE", &path, &[], None).status, 204);
    assert_eq!(program.get(&path).status, 404);
}

#[test]
fn what_a_day_of_work_leaves_behind_is_read_and_decided_about() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Admin).key);
    for list in
        ["/v1/messages", "/v1/replies", "/v1/drafts", "/v1/bookings", "/v1/events", "/v1/contacts", "/v1/suppressions"]
    {
        let (whole, small) = (program.all(list, 100), program.all(list, 3));
        assert!(whole.len() > 1, "{list}: {}", whole.len());
        assert_eq!(whole, small, "{list} is the same however it is cut");
        let id = if list == "/v1/events" { "number" } else { "id" };
        let ids: BTreeSet<String> = whole.iter().map(|row| row[id].to_string()).collect();
        assert_eq!(ids.len(), whole.len(), "{list}: every row once");
        if list != "/v1/events" {
            let first = whole[0]["id"].as_str().unwrap();
            assert_eq!(program.get(&format!("{list}/{first}")).json, whole[0], "{list}");
        }
    }
    assert!(!program.all("/v1/events?type=reply_classified", 4).is_empty());
    let connections = program.all("/v1/connections", 1);
    assert_eq!(
        program.get(&format!("/v1/connections/{}", connections[0]["id"].as_str().unwrap())).json,
        connections[0]
    );
    let shown = serde_json::to_string(&connections).unwrap().to_lowercase();
    assert!(!shown.contains("token") && !shown.contains("password"), "{shown}");

    let reply = program.get(&format!("/v1/replies/{}", world.id("reply"))).json;
    let of_contact = format!("?contact={}", reply["contact_id"].as_str().unwrap());
    assert!(program.all(&format!("/v1/replies{of_contact}"), 1).contains(&reply));
    assert!(!program.all(&format!("/v1/messages{of_contact}"), 1).is_empty());
    let act = |act: &str, body: Option<Value>| {
        let path = format!("/v1/replies/{}/{act}", world.id("reply"));
        program.ask("POST", &path, &[], body.map(|body| body.to_string()).as_deref())
    };
    assert!(act("close", None).json["handled_at"].is_string());
    assert!(act("reopen", None).json["handled_at"].is_null());
    assert_eq!(act("correct", Some(json!({ "label": "question" }))).json["reading"]["label"], "question");
    assert_eq!(act("correct", Some(json!({ "label": "nonsense" }))).places(), ["#/label"]);
    assert_eq!(act("answer", Some(json!({ "text": "" }))).places(), ["#/text"]);

    let pending = program.all("/v1/drafts?state=pending", 1);
    assert!(!pending.is_empty() && pending.iter().all(|draft| draft["state"] == "pending"), "{pending:#?}");
    let draft = format!("/v1/drafts/{}", pending[0]["id"].as_str().unwrap());
    let edited = program.send("PATCH", &draft, json!({ "text": "Thank you for your answer. I will call you." }));
    assert_eq!((edited.status, &edited.json["text"]), (200, &json!("Thank you for your answer. I will call you.")));
    let rejected = program.post(&format!("{draft}/reject"), json!({ "reason": "by phone" }));
    assert_eq!((&rejected.json["state"], &rejected.json["reason"]), (&json!("rejected"), &json!("by phone")));
    let late = program.ask("POST", &format!("{draft}/approve"), &[], None);
    assert_eq!((late.status, &late.json["code"]), (409, &json!("already_decided")), "{}", late.json);

    let stopped = program.post("/v1/suppressions", json!({ "target": "Stop@Elsewhere.example", "note": "by phone" }));
    assert_eq!(stopped.json["reason"], "by_hand");
    let found = program.all("/v1/suppressions?target=stop@elsewhere.example", 5);
    assert_eq!(found, std::slice::from_ref(&stopped.json));
    let path = format!("/v1/suppressions/{}", stopped.id());
    assert_eq!(program.get(&path).json, stopped.json);
    assert_eq!(program.send("DELETE", &path, json!({ "reason": " " })).places(), ["#/reason"]);
    assert_eq!(program.send("DELETE", &path, json!({ "reason": "asked for it" })).status, 204);
    assert_eq!(program.get(&path).status, 404);

    let bookings = program.all("/v1/bookings", 100);
    let proposed: Vec<&str> =
        bookings.iter().filter(|row| row["state"] == "proposed").filter_map(|row| row["id"].as_str()).collect();
    let accepted = program.ask("POST", &format!("/v1/bookings/{}/accept", proposed[0]), &[], None);
    assert_eq!((accepted.status, &accepted.json["state"]), (200, &json!("held")), "{}", accepted.json);
    world.settle();
    let path = format!("/v1/bookings/{}", proposed[0]);
    assert_eq!(program.get(&path).json["state"], "confirmed");
    let taken = program.post(
        "/v1/bookings",
        json!({ "contact_id": world.id("contact"), "worker_id": world.id("worker"), "start": accepted.json["start"] }),
    );
    assert_eq!(taken.status, 409, "the time is taken: {}", taken.json);
    assert_eq!(program.ask("POST", &format!("{path}/dismiss"), &[], None).status, 409);
    assert_eq!(program.ask("POST", &format!("{path}/again"), &[], None).status, 409, "nothing was refused");
    let cancelled = program.post(&format!("{path}/cancel"), json!({ "reason": "ill" }));
    assert_eq!((cancelled.status, &cancelled.json["state"]), (200, &json!("cancelled")), "{}", cancelled.json);
}

#[test]
fn a_meeting_that_the_calendar_refused_is_tried_again_by_a_program_once_for_each_key() {
    let world = World::open();
    let program = Program::with(world.url(), &world.member(Role::Owner).key);
    let bookings = program.all("/v1/bookings", 100);
    let proposed = bookings.iter().find(|row| row["state"] == "proposed").unwrap();
    let path = format!("/v1/bookings/{}", proposed["id"].as_str().unwrap());
    let fault = json!({ "match": "POST /google/calendar/v3/calendars/", "status": 400, "times": 1 });
    let sandbox = &world.demo.way_in.sandbox_url;
    assert_eq!(browser::api(sandbox, "", "POST", "/control/faults", Some(fault)).0, 200);
    let start = json!({ "start": "2030-01-09T10:00:00Z" }).to_string();
    let accepted = program.ask("POST", &format!("{path}/accept"), &[], None);
    assert_eq!(accepted.status, 200, "{}", accepted.json);
    world.settle();
    let refused = program.get(&path).json;
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(refused["reason"].is_string(), "{refused}");
    let again = || program.ask("POST", &format!("{path}/again"), &[("idempotency-key", "again-1")], None);
    let (first, repeated) = (again(), again());
    assert_eq!((first.status, &first.json["state"]), (200, &json!("held")), "{}", first.json);
    assert_eq!((&repeated.json, repeated.header("idempotent-replayed")), (&first.json, Some("true")));
    world.settle();
    assert_eq!(program.get(&path).json["state"], "confirmed");

    // A move and a cancellation are told from others by what their bodies say.
    let keyed = |act: &str, body: &str| {
        program.ask("POST", &format!("{path}/{act}"), &[("idempotency-key", "change-1")], Some(body))
    };
    let far = keyed("move", &start);
    assert_eq!(far.status, 409, "a program sets no warning aside: {}", far.json);
    let ill = keyed("cancel", &json!({ "reason": "ill" }).to_string());
    assert_eq!((ill.status, &ill.json["state"]), (200, &json!("cancelled")), "{}", ill.json);
    assert_eq!(keyed("cancel", &json!({ "reason": "ill" }).to_string()).json, ill.json);
    assert_eq!(keyed("cancel", &json!({ "reason": "away" }).to_string()).json["code"], "idempotency_mismatch");
}

#[test]
fn a_request_that_is_repeated_is_carried_out_once() {
    let server = TestServer::start();
    let program = Program::of(&server);
    let keyed = |key: &str, body: &Value| {
        program.ask("POST", "/v1/contacts", &[("idempotency-key", key)], Some(&body.to_string()))
    };
    let iris = json!({ "addresses": ["iris@quill.example"] });
    let first = keyed("a-1", &iris);
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    let again = keyed("a-1", &iris);
    assert_eq!((again.status, &again.json), (201, &first.json));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("location"), first.header("location"));
    let quoted = keyed("\"a-1\"", &iris);
    assert_eq!(quoted.json, first.json, "the draft standard quotes the key");
    let other = keyed("a-1", &json!({ "addresses": ["other@quill.example"] }));
    assert_eq!((other.status, &other.json["code"]), (422, &json!("idempotency_mismatch")));
    let refused = keyed("a-2", &json!({ "addresses": ["nonsense"] }));
    assert_eq!(refused.status, 422);
    let corrected = keyed("a-2", &json!({ "addresses": ["corrected@quill.example"] }));
    assert_eq!(corrected.status, 201, "what was refused may be corrected under the same key");

    // Another API key of the workspace repeats nothing either.
    let colleague = server.add_user("cora@fernhill.example", "fernhill", Role::Owner);
    let colleague = Program::with(&server.url, colleague.api_key.as_deref().unwrap());
    let theirs = colleague.ask("POST", "/v1/contacts", &[("idempotency-key", "a-1")], Some(&iris.to_string()));
    assert_eq!((theirs.status, &theirs.json), (201, &first.json));
    assert_eq!(theirs.header("idempotent-replayed"), Some("true"));
    // One that may do less is not told what the first one was.
    let second = server.add_user("vera@fernhill.example", "fernhill", Role::Viewer);
    let viewer = Program::with(&server.url, second.api_key.as_deref().unwrap());
    let theirs = viewer.ask("POST", "/v1/contacts", &[("idempotency-key", "a-1")], Some(&iris.to_string()));
    assert_eq!(theirs.status, 403, "{}", theirs.json);

    // Eight at once: one is carried out, the others hear its answer or that it is under way.
    let body = json!({ "addresses": ["race@quill.example"] });
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| keyed("race", &body))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let made: BTreeSet<&str> = answers.iter().filter(|answer| answer.status == 201).map(Answer::id).collect();
    assert_eq!(made.len(), 1);
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    assert_eq!(program.all("/v1/contacts?q=race", 10).len(), 1);

    // Without a body too.
    let worker = program.post("/v1/workers", json!({ "name": "A" }));
    let pause =
        || program.ask("POST", &format!("/v1/workers/{}/pause", worker.id()), &[("idempotency-key", "p")], None);
    let (once, twice) = (pause(), pause());
    assert_eq!((once.json, twice.header("idempotent-replayed")), (twice.json.clone(), Some("true")));
}

#[test]
fn a_program_that_deletes_a_contact_erases_the_person_everywhere_as_the_page_does() {
    let world = World::open();
    let message = &world.rows("messages")[0]["value"];
    let (contact, address) = (message["contact"].as_str().unwrap().to_owned(), message["to"].clone());
    let address = address["display"].as_str().or(address.as_str()).unwrap().to_owned();
    let names_them = |row: &serde_json::Value| row.to_string().contains(&address);
    let tables = launchyard::wiring::personal_data::tables();
    let about = || {
        let held = tables.iter().map(|table| (table.info.name, world.rows(table.info.name)));
        let named = held.filter(|(_, rows)| rows.iter().any(names_them));
        named.map(|(name, _)| name).collect::<Vec<_>>()
    };
    let before = about();
    assert!(before.contains(&"contacts") && before.contains(&"messages"), "{before:?}");
    let key = &world.member(Role::Owner).key;
    let (status, problem) = browser::api(world.url(), key, "DELETE", &format!("/v1/contacts/{contact}"), None);
    assert_eq!(status, 204, "{problem}");
    world.settle();
    assert_eq!(about(), Vec::<&str>::new());
    assert_eq!(browser::api(world.url(), key, "DELETE", &format!("/v1/contacts/{contact}"), None).0, 404);
    let kept = browser::api(world.url(), key, "GET", "/v1/suppressions?limit=100", None).1;
    assert!(kept.to_string().contains("erased"), "a mark stays, so that they are not written to: {kept}");
}
