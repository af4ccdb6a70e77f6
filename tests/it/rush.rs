//! A thousand people want one time at the same moment, over HTTP; and the program is killed while they ask.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::Duration;

use launchyard::base::Clock;
use launchyard::sandbox::Sandbox;
use serde_json::{json, Value};

use super::browser::{try_api, Browser};
use super::office::{visit, Office};
use super::person;
use super::program::{eventually, pause, Home, Served};
use super::support::{self, TestServer, OWNER, PASSWORD};

const MANY: usize = 1_000;
const AT_ONCE: usize = 16;
const DAY: &str = "2026-12-02";

/// One of those who want a time of an event type.
fn guest(event: &str, nth: usize) -> String {
    format!("guest-{nth}@{event}.example")
}

/// Calls `attempt` for each of a thousand, so many at once.
fn rush(attempt: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..AT_ONCE {
            let attempt = &attempt;
            scope.spawn(move || (thread..MANY).step_by(AT_ONCE).for_each(attempt));
        }
    });
}

#[test]
fn of_a_thousand_requests_for_one_time_as_many_are_booked_as_there_are_seats() {
    let server = TestServer::start();
    let office = server.office();
    office.always_there();
    office.connect(&mut server.owner_browser(), "google", "both");
    server.settle();
    let cases = [
        ("One", json!({}), 1),
        ("Five seats", json!({ "seats": 5 }), 5),
        ("A request", json!({ "needs_approval": true }), 1),
    ];
    for (case, (name, change, seats)) in cases.into_iter().enumerate() {
        let (event, page) = office.open(name, change);
        let start = &office.free(&event, DAY)[0];
        let won = Mutex::new(Vec::new());
        rush(|nth| {
            let email = guest(&event, nth);
            let is_booked = match nth % 2 {
                0 => book_as_a_program(&office, &event, start, &email),
                _ => book_as_a_visitor(&server, &page, start, &email, case * MANY + nth),
            };
            won.lock().unwrap().extend(is_booked.then_some(email));
        });
        server.settle();
        let won = won.into_inner().unwrap();
        let booked: Vec<Value> =
            office.bookings().into_iter().filter(|booking| booking["event_type_id"] == event.as_str()).collect();
        assert_eq!((won.len(), booked.len()), (seats, seats), "{name}");
        assert!(!office.free(&event, DAY).contains(start), "{name}: it is not offered any more");
        // A group is one event, and nothing stands in the calendar before somebody has agreed.
        let titles = office.titles(start);
        assert_eq!(titles.len(), usize::from(name != "A request"), "{name}: {titles:?}");
        assert!(seats == 1 || titles[0].ends_with(&format!(": {seats} guests")), "{name}: {titles:?}");
        for lucky in &won {
            no_mail_twice(&office, lucky);
        }
        for email in (0..MANY).map(|nth| guest(&event, nth)) {
            assert!(won.contains(&email) || office.mails(&email).is_empty(), "{name}: {email} hears nothing");
        }
        if name == "A request" {
            let path = format!("/v1/bookings/{}/accept", booked[0]["id"].as_str().unwrap());
            office.must("POST", &path, None, 200);
            server.settle();
            assert_eq!(office.events().into_iter().filter(|event| event == start).count(), 1, "{name}");
        }
    }
}

fn book_as_a_program(office: &Office<'_>, event: &str, start: &str, email: &str) -> bool {
    let path = format!("/v1/event-types/{event}/bookings");
    let (status, answer) = office.ask("POST", &path, Some(visit(start, email)));
    match status {
        201 => true,
        409 => false,
        _ => panic!("{status}: {answer}"),
    }
}

/// Each from a network of its own: one alone may not try so often.
fn book_as_a_visitor(server: &TestServer, page: &str, start: &str, email: &str, nth: usize) -> bool {
    let mut visitor = server.browser();
    let network = format!("203.0.{}.{}", nth / 250, nth % 250);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", network.as_str())];
    let mut post = |path: &str, fields: &[(&str, &str)]| {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        visitor.send_raw("POST", path, &headers, &form)
    };
    let held = post(&format!("{page}/hold"), &[("start", start), ("tz", "Europe/Berlin"), ("length", "30")]);
    if held.status != 303 {
        assert_eq!(held.status, 409, "{}", held.body);
        return false;
    }
    let form = server.browser().get(held.location.as_deref().unwrap());
    let Some(hold) = form.attribute_after("name=\"hold\"", "value") else { return false };
    let sent = post(page, &[("hold", hold), ("tz", "Europe/Berlin"), ("name", "Tom Aldridge"), ("email", email)]);
    assert_eq!(sent.status, 303, "a time that was kept is booked: {}", sent.body);
    true
}

fn no_mail_twice(office: &Office<'_>, address: &str) {
    let mut subjects = office.mails(address);
    let all = subjects.len();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), all, "{address} hears everything once: {:?}", office.mails(address));
}

/// The program in a process of its own, which is killed and comes back elsewhere.
struct Killed<'a> {
    home: Home,
    key: String,
    server: Option<Served>,
    url: Mutex<String>,
    sandbox: &'a Sandbox,
}

impl<'a> Killed<'a> {
    fn start(sandbox: &'a Sandbox) -> Self {
        let more = "limits.pages_per_minute = 100000\nlimits.api_requests_per_minute = 100000\n\
                    jobs.calendar_sync_seconds = 5\n";
        let outside = support::outside(sandbox);
        let home = outside.iter().fold(Home::with(more), |home, (name, value)| home.variable(name, value));
        let key = home.add_user(OWNER, "fernhill")["api_key"].as_str().unwrap().to_owned();
        let server = home.serve();
        let url = Mutex::new(server.url.clone());
        let program = Self { home, key, server: Some(server), url, sandbox };
        let (mut owner, office) = (program.owner(), program.office());
        office.always_there();
        office.connect(&mut owner, "google", "both");
        person::fill_in_business(&mut owner);
        program
    }

    fn office(&self) -> Office<'a> {
        Office::of(&self.url.lock().unwrap(), &self.key, self.sandbox)
    }

    fn owner(&self) -> Browser {
        let mut browser = Browser::new(&self.url.lock().unwrap());
        browser.sign_in(OWNER, PASSWORD);
        browser
    }

    fn kill(&mut self) {
        self.server.take().unwrap().kill();
        let server = self.home.serve();
        self.url.lock().unwrap().clone_from(&server.url);
        self.server = Some(server);
    }

    /// A program that sends its request with its key again and again until it has an answer. Whether it was booked.
    fn insist(url: &Mutex<String>, key: &str, event: &str, start: &str, nth: usize) -> bool {
        let path = format!("/v1/event-types/{event}/bookings");
        let (once, body) = (format!("{start}-{nth}"), visit(start, &guest(event, nth)).to_string());
        loop {
            let server = url.lock().unwrap().clone();
            let answer = try_api(&server, key, "POST", &path, &[("idempotency-key", &once)], Some(&body));
            match answer {
                Ok(answer) if answer.status == 201 => return true,
                Ok(answer) if answer.status == 409 && answer.body.contains("not_free") => return false,
                // Cut off, ended, or still at work.
                Ok(answer) if answer.status == 409 || answer.status >= 500 => pause(Duration::from_millis(20)),
                Ok(answer) => panic!("{}: {}", answer.status, answer.body),
                Err(_) => pause(Duration::from_millis(20)),
            }
        }
    }

    /// A thousand such programs for one time, each for one of these event types, while the program is killed: before
    /// anybody has an answer, in the moment when the first one has, and later on. Who was booked, and for what.
    fn rush(&mut self, events: &[String], start: &str) -> HashMap<String, String> {
        let (answered, won) = (AtomicUsize::new(0), Mutex::new(HashMap::new()));
        let (url, key) = (Mutex::new(self.url.lock().unwrap().clone()), self.key.clone());
        std::thread::scope(|scope| {
            let (answered, won, url, key) = (&answered, &won, &url, &key);
            let asking = scope.spawn(move || {
                rush(|nth| {
                    let event = &events[nth % events.len()];
                    if Self::insist(url, key, event, start, nth) {
                        won.lock().unwrap().insert(guest(event, nth), event.clone());
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                });
            });
            pause(Duration::from_millis(15));
            for enough in [0, 1, AT_ONCE * 2, MANY / 2] {
                while answered.load(Ordering::SeqCst) < enough {
                    pause(Duration::from_millis(1));
                }
                self.kill();
                self.url.lock().unwrap().clone_into(&mut url.lock().unwrap());
            }
            asking.join().unwrap();
        });
        won.into_inner().unwrap()
    }
}

/// Everything outside, which stays while the program is killed.
fn outside() -> Sandbox {
    let _ = rustls::crypto::ring::default_provider().install_default();
    support::sandbox(&Clock::system(), false)
}

/// A day next week, as the clock of this machine has it.
fn next_week() -> String {
    let day = Clock::system().now().plus(Duration::from_secs(8 * 86_400));
    day.in_zone(&jiff::tz::TimeZone::UTC).date().to_string()
}

#[test]
fn killed_again_and_again_while_a_thousand_ask_as_many_are_booked_as_there_are_seats_and_hear_it_once() {
    let sandbox = outside();
    let mut program = Killed::start(&sandbox);
    let day = next_week();
    let mut heard = 0;
    for (name, change, seats) in [("A call", json!({}), 1), ("Five seats", json!({ "seats": 5 }), 5)] {
        let office = program.office();
        let (event, _) = office.open(name, change);
        let start = eventually("the calendar to be read", || office.free(&event, &day).first().cloned());
        let won = program.rush(std::slice::from_ref(&event), &start);
        heard += seats;
        let office = program.office();
        assert_eq!(won.len(), seats, "{name}: who was told that it is booked: {won:?}");
        let booked = || office.bookings().into_iter().filter(|booking| booking["event_type_id"] == event.as_str());
        assert_eq!(booked().count(), seats, "{name}");
        eventually("the events to be written", || {
            booked().all(|booking| booking["state"] == "confirmed").then_some(())
        });
        // One letter each; they leave one after the other, at the mailbox's pace.
        eventually("the guests to hear of it", || {
            let messages = office.get("/v1/messages?limit=100")["data"].as_array().unwrap().clone();
            (messages.len() == heard && messages.iter().any(|one| one["state"] == "sent")).then_some(())
        });
        let titles = office.titles(&start);
        assert_eq!(titles.len(), 1, "{name}: {titles:?}");
        assert!(seats == 1 || titles[0].ends_with(&format!(": {seats} guests")), "{name}: {titles:?}");
        won.keys().for_each(|winner| no_mail_twice(&office, winner));
        let losers = (0..MANY).map(|nth| guest(&event, nth)).filter(|guest| !won.contains_key(guest));
        assert!(losers.into_iter().all(|loser| office.mails(&loser).is_empty()), "{name}");

        // The same key again is the same booking, also after all of this.
        program.kill();
        let again = (0..MANY).find(|nth| won.contains_key(&guest(&event, *nth))).unwrap();
        assert!(Killed::insist(&program.url, &program.key, &event, &start, again), "{name}");
        let office = program.office();
        assert_eq!(office.bookings().len(), heard, "{name}");
    }
}

#[test]
fn killed_while_a_thousand_ask_for_approval_of_two_kinds_one_request_waits_and_is_agreed_once() {
    let sandbox = outside();
    let mut program = Killed::start(&sandbox);
    let office = program.office();
    let kinds = ["Short", "Long"].map(|name| office.open(name, json!({ "needs_approval": true })).0);
    let day = next_week();
    let start = eventually("the calendar to be read", || office.free(&kinds[0], &day).first().cloned());

    let won = program.rush(&kinds, &start);
    assert_eq!(won.len(), 1, "two requests never wait at one time: {won:?}");
    let booked = program.office().bookings();
    assert_eq!((booked.len(), booked[0]["state"].as_str()), (1, Some("proposed")), "{booked:?}");
    assert!(program.office().events().is_empty());

    // The answer to "accept" is lost in each of these; who asks again finds it agreed, or agrees.
    let path = format!("/v1/bookings/{}/accept", booked[0]["id"].as_str().unwrap());
    for moment in [0, 3, 10, 30] {
        let (url, key) = (program.url.lock().unwrap().clone(), program.key.clone());
        let path = path.clone();
        let asking = std::thread::spawn(move || try_api(&url, &key, "POST", &path, &[], None).is_ok());
        pause(Duration::from_millis(moment));
        program.kill();
        asking.join().unwrap();
    }
    let office = program.office();
    let (status, answer) = office.ask("POST", &path, None);
    assert!(status == 200 || status == 409, "{status}: {answer}");
    let id = booked[0]["id"].as_str().unwrap();
    eventually("the event to be written", || {
        (office.get(&format!("/v1/bookings/{id}"))["state"] == "confirmed").then_some(())
    });
    assert_eq!(office.events(), [start]);
    no_mail_twice(&office, won.keys().next().unwrap());
    assert_eq!(office.bookings().len(), 1);
}
