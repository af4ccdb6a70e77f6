//! A host with connected accounts and something that strangers can book, over `/v1` alone: the same against a server in
//! this process and against the program. What stands outside is read from the sandbox.

use launchyard::connections::Provider;
use launchyard::sandbox::Sandbox;
use serde_json::{json, Value};

use super::browser::{self, agent, Browser};
use super::support::OWNER;

/// A provider of calendars, and the call that makes an event there, as faults name it.
pub const CALENDARS: [(&str, &str); 2] =
    [("google", "POST /google/calendar/v3/calendars/"), ("microsoft", "POST /microsoft/v1.0/me/calendars/")];

pub struct Office<'a> {
    pub url: String,
    key: String,
    pub sandbox: &'a Sandbox,
}

impl<'a> Office<'a> {
    /// Of a server's owner, with their key.
    pub fn of(url: &str, key: &str, sandbox: &'a Sandbox) -> Self {
        Self { url: url.to_owned(), key: key.to_owned(), sandbox }
    }

    /// From now on the owner is there at any hour of any day.
    pub fn always_there(&self) {
        let day = json!([["00:00", "24:00"]]);
        let week = json!({ "mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day });
        let all = json!({ "schedules": [
            { "name": "Always", "time_zone": "Europe/London", "is_default": true, "weekly_hours": week },
        ] });
        self.must("PUT", &format!("/v1/availability/{}", self.host()), Some(all), 200);
    }

    fn host(&self) -> String {
        self.get("/v1/availability")["data"][1]["owner"].as_str().unwrap().to_owned()
    }

    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        browser::api(&self.url, &self.key, method, path, body)
    }

    pub fn must(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
        let (answered, value) = self.ask(method, path, body);
        assert_eq!(answered, status, "{method} {path}: {value}");
        value
    }

    pub fn get(&self, path: &str) -> Value {
        self.must("GET", path, None, 200)
    }

    /// The owner allows everything; gives the connection's id.
    pub fn connect(&self, owner: &mut Browser, provider: &str, uses: &str) -> String {
        for callback in Provider::ALL.map(Provider::callback) {
            self.sandbox.register_redirect(&format!("{}{callback}", self.url));
        }
        let begun = owner.get(&format!("/connections/{provider}/start?use={uses}"));
        let consent = begun.location.unwrap_or_else(|| panic!("{provider}: {}", begun.body));
        let back = self.sandbox.allow_all(&consent).unwrap_or_else(|| panic!("{provider} sends nobody back"));
        let page = owner.follow(back.strip_prefix(&self.url).unwrap());
        page.split('/').nth(2).unwrap().to_owned()
    }

    /// Makes an event type of half an hour each; gives its id and the address of its page.
    pub fn open(&self, name: &str, change: Value) -> (String, String) {
        let mut event = json!({
            "name": name, "durations": [30], "step": 30, "minimum_notice": 0,
            "horizon": { "type": "rolling_days", "days": 60 }, "hosts": [{ "user_id": self.host() }],
            "location": { "kind": "place", "text": "Mill Lane 1" },
        });
        for (field, value) in change.as_object().unwrap() {
            event[field] = value.clone();
        }
        let made = self.must("POST", "/v1/event-types", Some(event), 201);
        let slug = made["slug"].as_str().unwrap();
        (made["id"].as_str().unwrap().to_owned(), format!("/b/fernhill/{slug}"))
    }

    /// The free starts of a day, in UTC.
    pub fn free(&self, event: &str, day: &str) -> Vec<String> {
        let found = self.get(&format!("/v1/event-types/{event}/slots?from={day}&to={day}"));
        let slots = found["slots"].as_array().unwrap();
        slots.iter().map(|slot| slot.as_str().unwrap().to_owned()).collect()
    }

    pub fn bookings(&self) -> Vec<Value> {
        self.get("/v1/bookings?limit=100")["data"].as_array().unwrap().clone()
    }

    /// The events of ours in the owner's calendars: when each begins, or that it is cancelled.
    pub fn events(&self) -> Vec<String> {
        let all = self.control(&format!("calendars/{OWNER}"));
        let calendars = ["calendars", "microsoft"].into_iter().flat_map(|name| all[name].as_array().unwrap().clone());
        let events = calendars.flat_map(|one| one["events"].as_array().unwrap().clone());
        let ours = events.filter(|event| event["extendedProperties"]["private"]["app"] == "launchyard");
        ours.map(|event| match event["status"].as_str() {
            Some("cancelled") => "cancelled".to_owned(),
            _ => instant(event["start"]["dateTime"].as_str().unwrap()),
        })
        .collect()
    }

    /// The titles of our events that begin then.
    pub fn titles(&self, start: &str) -> Vec<String> {
        let all = self.control(&format!("calendars/{OWNER}"));
        let events = all["calendars"].as_array().unwrap().iter().flat_map(|one| one["events"].as_array().unwrap());
        let ours = events.filter(|event| event["extendedProperties"]["private"]["app"] == "launchyard");
        let then = ours.filter(|event| {
            event["status"] != "cancelled" && event["start"]["dateTime"].as_str().map(instant).as_deref() == Some(start)
        });
        then.map(|event| event["summary"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// When the meetings at a service begin.
    pub fn meetings(&self, service: &str) -> Vec<String> {
        let all = self.control(&format!("meetings/{service}"));
        all.as_array().unwrap().iter().map(|one| instant(one["start"].as_str().unwrap())).collect()
    }

    /// The subjects in somebody's mailbox.
    pub fn mails(&self, address: &str) -> Vec<String> {
        let all = self.control(&format!("mailboxes/{address}"));
        all["mails"].as_array().unwrap().iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
    }

    pub fn steer(&self, what: &str, body: &Value) {
        let answer = agent().post(format!("{}/control/{what}", self.sandbox.url)).send(body.to_string()).unwrap();
        assert_eq!(answer.status(), 200, "{what} {body}");
    }

    /// Faults that were asked for and have not come.
    pub fn faults_left(&self) -> Vec<String> {
        serde_json::from_value(self.control("faults")).unwrap()
    }

    fn control(&self, what: &str) -> Value {
        let answer = agent().get(format!("{}/control/{what}", self.sandbox.url)).call().unwrap();
        serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap()
    }
}

/// However an instant is written, as UTC.
fn instant(text: &str) -> String {
    launchyard::base::UnixMillis::parse_rfc3339(text).unwrap().to_rfc3339()
}

/// What a guest sends to book.
pub fn visit(start: &str, guest: &str) -> Value {
    json!({ "start": start, "name": "Tom Aldridge", "email": guest })
}
