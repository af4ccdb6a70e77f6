//! Against somebody else's Google, which `tests/run` starts and names in `LAUNCHYARD_TEST_GOOGLE`: with nothing changed
//! but the base addresses, from connecting to a meeting in the calendar. It judges neither scopes nor revocation.

use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Weekday;
use jiff::ToSpan;
use launchyard::base::Clock;
use serde_json::{json, Value};
use url::Url;

use crate::browser::{agent, api, Browser};
use crate::person;
use crate::program::{eventually, Home, Served};
use crate::support::PASSWORD;

const NORA: &str = "nora@fernhill.example";

/// The emulator's description, when it runs.
fn google() -> Option<Value> {
    let file = std::env::var("LAUNCHYARD_TEST_GOOGLE").ok()?;
    Some(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
}

struct Emulator {
    base: String,
    owner: String,
    lead: String,
}

impl Emulator {
    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        // It takes any bearer for its first account, which is the owner's.
        let (status, answer) = api(&self.base, "anything", method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// The owner chooses their account; gives where the browser is sent back to.
    fn choose_account(&self, page: &Url) -> Url {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(page.query_pairs()).append_pair("email", &self.owner);
        let request = agent().post(format!("{}/o/oauth2/v2/auth/callback", self.base));
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send(form.finish()).unwrap();
        Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap()
    }

    /// The lead's answer arrives in the owner's mailbox.
    fn answer(&self, sent: &Value, text: &str) {
        let mail = format!(
            "From: Ben Lead <{}>\r\nTo: {}\r\nSubject: Re: {}\r\nIn-Reply-To: <{}>\r\nReferences: <{3}>\r\n\
             Message-ID: <answer-{3}>\r\nDate: {}\r\n\r\n{text}\r\n",
            self.lead,
            self.owner,
            sent["subject"].as_str().unwrap(),
            sent["message_id"].as_str().unwrap(),
            Clock::system().now().in_zone(&jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000"),
        );
        let body = json!({ "raw": BASE64URL_NOPAD.encode(mail.as_bytes()), "labelIds": ["INBOX", "UNREAD"] });
        self.ask("POST", "/gmail/v1/users/me/messages/import", Some(body));
    }
}

#[test]
fn with_other_base_addresses_only_a_stranger_s_google_takes_us_from_connecting_to_a_meeting() {
    let Some(google) = google() else { return };
    let text = |name: &str| google[name].as_str().unwrap().to_owned();
    let emulator = Emulator { base: text("api_base"), owner: text("owner"), lead: text("lead") };
    let home = Home::with(&format!(
        "allow_loopback_providers = true\njobs.mailbox_poll_seconds = 1\noutreach.min_gap_seconds = 0\n\
         outreach.hard_daily_cap = 100000\n[providers.google]\nauth_base = {:?}\ntoken_base = {:?}\napi_base = {:?}\n\
         client_id = {:?}\nclient_secret = {:?}\n",
        text("auth_base"),
        text("token_base"),
        text("api_base"),
        text("client_id"),
        text("client_secret"),
    ));
    let key = home.add_user(NORA, "fernhill")["api_key"].as_str().unwrap().to_owned();
    let file = home.write("leads.csv", &format!("email,first_name,tags\n{},Ben,google\n", emulator.lead));
    home.run(&["import", "contacts", "--workspace", "fernhill", &file]).json();
    let server = home.serve();
    let mut browser = Browser::new(&server.url);
    browser.sign_in(NORA, PASSWORD);
    let connection = connect(&mut browser, &emulator);

    person::fill_in_business(&mut browser);
    person::lift_pace(&mut browser, &connection);
    let subject = format!("A question {}", std::process::id());
    let accounts = [connection.as_str(), connection.as_str()];
    let worker = person::make_worker(&mut browser, "google", accounts, &subject, &["Hello {{first_name}}, a call?"]);
    browser.submit(&format!("/outreach/{worker}/leads/tag"), &[]);
    eventually("the lead", || (first(&server, &key, "/v1/workers")?["leads"] == 1).then_some(()));
    browser.submit(&format!("/outreach/{worker}/activate"), &[]);
    let sent = eventually("the mail to leave", || {
        first(&server, &key, "/v1/messages").filter(|message| message["state"] == "sent")
    });
    let listed = emulator.ask("GET", "/gmail/v1/users/me/messages?labelIds=SENT", None);
    let id = listed["messages"][0]["id"].as_str().unwrap();
    let mail = emulator.ask("GET", &format!("/gmail/v1/users/me/messages/{id}?format=metadata"), None);
    assert!(mail["payload"]["headers"].to_string().contains(&subject), "{mail}");

    let day = meeting_day();
    emulator.answer(&sent, &format!("Sounds good. {} at 11:00 works for me.", day.strftime("%A %-d %B")));
    let reply = eventually("the reply to be read", || {
        first(&server, &key, "/v1/replies").filter(|reply| !reply["reading"].is_null())
    });
    assert_eq!(reply["reading"]["label"], "meeting_proposed", "{reply}");
    let proposed = eventually("the proposal", || first(&server, &key, "/v1/bookings"));
    browser.submit(&format!("/calendar/{}/accept", proposed["id"].as_str().unwrap()), &[]);
    let booked = eventually("the meeting to stand in the calendar", || {
        first(&server, &key, "/v1/bookings").filter(|booking| booking["state"] == "confirmed")
    });
    let events = emulator.ask("GET", "/calendar/v3/calendars/primary/events", None);
    let event = events["items"].as_array().unwrap().iter().find(|event| event["id"] == booked["event_id"]);
    let event = event.unwrap_or_else(|| panic!("{booked} is not in {events}"));
    assert_eq!(event["attendees"][0]["email"], emulator.lead.as_str(), "{event}");

    browser.get(&format!("{connection}/disconnect"));
    browser.submit(&format!("{connection}/disconnect"), &[]);
    let gone = first(&server, &key, "/v1/connections").map(|connection| connection["state"].clone());
    assert!(gone.is_none() || gone == Some("disconnected".into()), "{gone:?}");
    server.stop();
}

fn connect(browser: &mut Browser, emulator: &Emulator) -> String {
    let page = browser.get("/connections/google/start?use=both");
    assert_eq!(page.status, 303, "{}", page.body);
    let page = Url::parse(&page.location.unwrap()).unwrap();
    let shown = agent().get(page.as_str()).call().unwrap().into_body().read_to_string().unwrap();
    assert!(shown.contains(&emulator.owner), "{shown}");
    let back = emulator.choose_account(&page);
    let connected = browser.get(&back[url::Position::BeforePath..]);
    assert_eq!(connected.status, 303, "{}", connected.body);
    let choice = connected.location.unwrap();
    assert_eq!(browser.get(&choice).status, 200, "the calendars can be chosen from");
    choice.trim_end_matches("/calendars").to_owned()
}

fn first(server: &Served, key: &str, path: &str) -> Option<Value> {
    let (status, page) = server.api(key, "GET", path, None);
    assert_eq!(status, 200, "{path}: {page}");
    page["data"].get(0).cloned()
}

/// A Wednesday more than a week away.
fn meeting_day() -> jiff::civil::Date {
    let mut day = Clock::system().now().in_zone(&jiff::tz::TimeZone::UTC).date().saturating_add(8.days());
    while day.weekday() != Weekday::Wednesday {
        day = day.saturating_add(1.day());
    }
    day
}
