//! What goes wrong outside while somebody books, over the whole server: answers that are lost after the work was done,
//! and an owner who takes the access away in between.

use std::time::Duration;

use serde_json::{json, Value};

use super::office::{visit, Office, CALENDARS};
use super::support::TestServer;

const GUEST: &str = "tom@lakeside.example";
const DAY: &str = "2026-12-02";
/// How to meet, the provider whose account holds the meeting, and the calls that make and move it.
const MEETINGS: [(&str, &str, [&str; 2]); 4] = [
    ("zoom", "zoom", ["POST /zoom/v2/users/me/meetings", "PATCH /zoom/v2/meetings/"]),
    ("teams", "microsoft", ["POST /microsoft/v1.0/me/onlineMeetings", "PATCH /microsoft/v1.0/me/onlineMeetings/"]),
    ("webex", "webex", ["POST /webex/v1/meetings", "PATCH /webex/v1/meetings/"]),
    ("goto", "goto", ["POST /goto/G2M/rest/meetings", "PUT /goto/G2M/rest/meetings/"]),
];

/// The call that moves an event of ours.
fn moving_event(provider: &str) -> &'static str {
    match provider {
        "google" => "PATCH /google/calendar/v3/calendars/",
        _ => "PATCH /microsoft/v1.0/me/events/",
    }
}

fn wait(server: &TestServer) {
    (0..4).for_each(|_| server.advance(Duration::from_secs(300)));
}

fn book(office: &Office<'_>, event: &str, start: &str) -> String {
    let path = format!("/v1/event-types/{event}/bookings");
    office.must("POST", &path, Some(visit(start, GUEST)), 201)["id"].as_str().unwrap().to_owned()
}

fn booking(office: &Office<'_>, id: &str) -> Value {
    office.get(&format!("/v1/bookings/{id}"))
}

/// The events that stand.
fn standing(office: &Office<'_>) -> Vec<String> {
    office.events().into_iter().filter(|event| event != "cancelled").collect()
}

fn subjects(office: &Office<'_>) -> Vec<String> {
    let mut all = office.mails(GUEST);
    all.sort();
    all
}

/// A server whose owner's calendar at this provider has been read.
fn with_calendar(provider: &str) -> TestServer {
    let server = TestServer::start();
    server.office().always_there();
    server.office().connect(&mut server.owner_browser(), provider, "both");
    server.settle();
    server
}

#[test]
fn answers_that_are_lost_after_the_work_leave_one_event_and_one_meeting_each() {
    for (provider, making_event) in CALENDARS {
        let server = with_calendar(provider);
        let office = server.office();
        for (service, account, [making, moving]) in MEETINGS {
            let case = format!("{service} with a calendar at {provider}");
            // Where the calendar's own account holds the meetings too, it is given the second use.
            let account = office.connect(&mut server.owner_browser(), account, "meetings");
            server.settle();
            let location = json!({ "kind": "hosted", "service": service, "account": account });
            let (event, _) = office.open(service, json!({ "location": location }));
            let free = office.free(&event, DAY);
            let (start, later) = (free[0].clone(), free[2].clone());
            for call in [making_event, making] {
                office.steer("faults", &json!({ "match": call, "drop": true, "after": true, "times": 1 }));
            }
            let before = office.mails(GUEST).len();
            let id = book(&office, &event, &start);
            server.settle();
            wait(&server);
            let booked = booking(&office, &id);
            assert_eq!(booked["state"], "confirmed", "{case}: {booked}");
            let both = || (standing(&office), office.meetings(service));
            assert_eq!(both(), (vec![start.clone()], vec![start]), "{case}");
            assert!(booked["video_link"].is_string() && booked["meeting_trouble"].is_null(), "{case}: {booked}");
            assert_eq!(office.faults_left(), [""; 0], "{case}: made without the fault");
            let heard = subjects(&office);
            assert!(heard.len() > before, "{case}: {heard:?}");

            for call in [moving_event(provider), moving] {
                office.steer("faults", &json!({ "match": call, "drop": true, "after": true, "times": 1 }));
            }
            office.must("POST", &format!("/v1/bookings/{id}/move"), Some(json!({ "start": later })), 200);
            server.settle();
            wait(&server);
            assert_eq!(both(), (vec![later.clone()], vec![later]), "{case}, moved");
            assert_eq!(office.faults_left(), [""; 0], "{case}: moved without the fault");
            office.must("POST", &format!("/v1/bookings/{id}/cancel"), Some(json!({})), 200);
            server.settle();
            wait(&server);
            assert_eq!(both(), (vec![], vec![]), "{case}, cancelled");
            office.steer("reset", &json!({}));
        }
    }
}

#[test]
fn a_form_that_is_sent_after_the_owner_took_the_access_away_books_nothing_and_says_so() {
    for (provider, _) in CALENDARS {
        let server = with_calendar(provider);
        let office = server.office();
        let (event, page) = office.open("A call", json!({}));
        let start = office.free(&event, DAY)[0].clone();
        let mut visitor = server.browser();
        let held =
            visitor.post_as_stranger(&format!("{page}/hold"), &[("start", &start), ("tz", "UTC"), ("length", "30")]);
        let form = visitor.get(held.location.as_deref().unwrap());
        let hold = form.attribute_after("name=\"hold\"", "value").unwrap().to_owned();
        office.steer("revoke", &json!({ "email": super::support::OWNER }));
        let fields = [("hold", hold.as_str()), ("tz", "UTC"), ("name", "Tom Aldridge"), ("email", GUEST)];
        let sent = visitor.post_as_stranger(&page, &fields);
        assert!(sent.status >= 400, "{provider}: a calendar that cannot be read is not free: {}", sent.status);
        server.settle();
        assert_eq!((office.bookings().len(), office.events().len()), (0, 0), "{provider}");
        assert!(office.mails(GUEST).is_empty(), "{provider}");
        let (status, problem) =
            office.ask("POST", &format!("/v1/event-types/{event}/bookings"), Some(visit(&start, GUEST)));
        assert!(status == 503 || status == 409, "{provider}: {problem}");

        office.connect(&mut server.owner_browser(), provider, "both");
        server.settle();
        server.advance(Duration::from_secs(900));
        assert!(office.free(&event, DAY).contains(&start), "{provider}: given back, it is offered again");
        book(&office, &event, &start);
        server.settle();
        assert_eq!(standing(&office), [start], "{provider}");
    }
}

#[test]
fn an_owner_who_takes_the_access_away_while_the_event_is_written_gives_it_back_and_there_is_one_event() {
    for (provider, making_event) in CALENDARS {
        let server = with_calendar(provider);
        let office = server.office();
        let (event, _) = office.open("A call", json!({}));
        let start = office.free(&event, DAY)[0].clone();
        office.steer("faults", &json!({ "match": making_event, "status": 401, "times": 1 }));
        // Whoever is refused asks for a new token, and is told that there is none any more.
        let token =
            if provider == "google" { "POST /google/token" } else { "POST /microsoft/common/oauth2/v2.0/token" };
        office.steer(
            "faults",
            &json!({ "match": token, "status": 400, "times": 1,
            "body": { "error": "invalid_grant", "error_description": "The grant was withdrawn." } }),
        );
        let id = book(&office, &event, &start);
        server.settle();
        office.steer("revoke", &json!({ "email": super::support::OWNER }));
        wait(&server);
        assert_eq!(booking(&office, &id)["state"], "held", "{provider}: its time stays taken");
        assert!(standing(&office).is_empty(), "{provider}");
        let connection = office.get("/v1/connections")["data"][0].clone();
        assert_ne!(connection["state"], "working", "{provider}: {connection}");
        assert!(!office.free(&event, DAY).contains(&start), "{provider}");

        office.connect(&mut server.owner_browser(), provider, "both");
        server.settle();
        wait(&server);
        assert_eq!(booking(&office, &id)["state"], "confirmed", "{provider}");
        assert_eq!(standing(&office), [start], "{provider}");
        let heard = subjects(&office);
        let mut once = heard.clone();
        once.dedup();
        assert!(!heard.is_empty() && once == heard, "{provider}: {heard:?}");
    }
}
