//! Somebody who was never here books on a public page, moves it, and cancels: over HTTP, without scripts or cookies.

use serde_json::{json, Value};

use super::browser::{Browser, Page};
use super::support::TestServer;

/// An event type of the owner, and the address of its page.
fn open(server: &TestServer, change: Value) -> String {
    let (_, hours) = server.api("GET", "/v1/availability", None);
    let owner = hours["data"][1]["owner"].as_str().unwrap().to_owned();
    let day = json!([["09:00", "17:00"]]);
    let hours = json!({ "schedules": [{
        "name": "Office", "time_zone": "Europe/London", "is_default": true,
        "weekly_hours": { "mon": day, "tue": day, "wed": day, "thu": day, "fri": day },
    }] });
    assert_eq!(server.api("PUT", &format!("/v1/availability/{owner}"), Some(hours)).0, 200);
    let mut event = json!({
        "name": "First call", "durations": [30, 60], "step": 30, "minimum_notice": 60, "cut_off": 120,
        "horizon": { "type": "rolling_days", "days": 365 }, "hosts": [{ "user_id": owner }],
        "location": { "kind": "place", "text": "Mill Lane 1" },
    });
    for (field, value) in change.as_object().unwrap() {
        event[field] = value.clone();
    }
    let (status, made) = server.api("POST", "/v1/event-types", Some(event));
    assert_eq!(status, 201, "{made}");
    format!("/b/fernhill/{}", made["slug"].as_str().unwrap())
}

/// The value of a hidden field, or of the button with these words.
fn value_of<'a>(page: &'a Page, marker: &str) -> &'a str {
    let behind = page.body.split_once(marker).unwrap_or_else(|| panic!("no {marker} in {}", page.body)).1;
    behind.split_once("value=\"").unwrap().1.split_once('"').unwrap().0
}

fn starts(page: &Page) -> Vec<String> {
    let buttons = page.body.split("name=\"start\" value=\"").skip(1);
    buttons.map(|button| button.split('"').next().unwrap().to_owned()).collect()
}

fn hold(visitor: &mut Browser, path: &str, zone: &str, start: &str) -> Page {
    let kept = visitor.post_as_stranger(&format!("{path}/hold"), &[("start", start), ("tz", zone), ("length", "30")]);
    assert_eq!(kept.status, 303, "{}", kept.body);
    visitor.get(kept.location.as_deref().unwrap())
}

fn send(visitor: &mut Browser, path: &str, form: &Page, more: &[(&str, &str)]) -> Page {
    let (held, zone) = (value_of(form, "name=\"hold\"").to_owned(), value_of(form, "name=\"tz\"").to_owned());
    let mut fields = vec![("hold", held.as_str()), ("tz", zone.as_str()), ("name", "Tom Aldridge")];
    fields.push(("email", "tom@lakeside.example"));
    fields.extend(more);
    visitor.post_as_stranger(path, &fields)
}

#[test]
fn a_stranger_books_moves_and_cancels() {
    let server = TestServer::start();
    let path =
        open(&server, json!({ "questions": [{ "label": "How is it heated?", "kind": "text", "required": true }] }));
    let mut visitor = server.browser();
    let list = visitor.get("/b/fernhill");
    assert!(list.body.contains(&path) && list.body.contains("First call"), "{}", list.body);
    let page = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/Berlin"));
    assert_eq!(starts(&page)[0], "2026-11-25T09:00:00.000Z", "ten in Berlin, nine in London");
    assert!(page.body.contains(">10:00</button>"), "{}", page.body);

    let form = hold(&mut visitor, &path, "Europe/Berlin", &starts(&page)[0]);
    assert!(form.body.contains("How is it heated?") && form.body.contains("10:00"), "{}", form.body);
    let elsewhere = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/Berlin"));
    assert!(!elsewhere.body.contains(">10:00</button>"), "it is kept");
    let missing = send(&mut visitor, &path, &form, &[]);
    assert_eq!(missing.status, 422);
    assert!(missing.body.contains("This answer is needed.") && missing.body.contains("tom@lakeside.example"));
    let booked = send(&mut visitor, &path, &form, &[("q-0", "Oil")]);
    assert_eq!(booked.status, 303, "{}", booked.body);
    let here = booked.location.unwrap();
    let again = send(&mut visitor, &path, &form, &[("q-0", "Oil")]);
    assert_eq!(again.location.as_deref(), Some(here.as_str()), "sent twice it is one booking");
    let own = visitor.get(&here);
    assert!(
        own.body.contains("Booked") && own.body.contains("10:00") && own.body.contains("Mill Lane 1"),
        "{}",
        own.body
    );
    let file = visitor.get(&format!("{here}/calendar.ics"));
    assert!(file.body.contains("DTSTART:20261125T090000Z"), "{}", file.body);
    let (_, bookings) = server.api("GET", "/v1/bookings", None);
    assert_eq!(bookings["data"].as_array().unwrap().len(), 1);

    let token = here.rsplit('/').next().unwrap();
    let times = visitor.get(&format!("{path}?move={token}&day=2026-11-26&tz=Europe/Berlin"));
    let moved = visitor.post_as_stranger(&format!("{here}/move"), &[("start", &starts(&times)[2])]);
    assert_eq!(moved.location.as_deref(), Some(here.as_str()), "{}", moved.body);
    let own = visitor.get(&here);
    assert!(own.body.contains("26 November") && own.body.contains("11:00"), "{}", own.body);
    let freed = visitor.get(&format!("{path}?day=2026-11-25&tz=Europe/Berlin"));
    assert!(freed.body.contains(">10:00</button>"));

    let ended = visitor.post_as_stranger(&format!("{here}/cancel"), &[("reason", "")]);
    assert_eq!(ended.status, 303);
    assert!(visitor.get(&here).body.contains("Cancelled"));
    assert_eq!(server.api("GET", "/v1/bookings", None).1["data"][0]["state"], "cancelled");
}

#[test]
fn times_are_right_in_three_zones_on_both_sides_of_a_clock_change() {
    let server = TestServer::start();
    let path = open(&server, json!({ "minimum_notice": 0 }));
    let mut visitor = server.browser();
    // The owner opens at nine in London; Britain changes on 28 March 2027, the United States on the 14th.
    let cases = [
        ("2027-03-12", "Europe/London", "09:00", "2027-03-12T09:00:00.000Z"),
        ("2027-03-15", "America/New_York", "05:00", "2027-03-15T09:00:00.000Z"),
        ("2027-03-29", "Europe/London", "09:00", "2027-03-29T08:00:00.000Z"),
        ("2027-03-29", "America/New_York", "04:00", "2027-03-29T08:00:00.000Z"),
        ("2027-03-29", "Asia/Kolkata", "13:30", "2027-03-29T08:00:00.000Z"),
    ];
    for (day, zone, clock, instant) in cases {
        let page = visitor.get(&format!("{path}?day={day}&tz={zone}"));
        assert_eq!(starts(&page)[0], instant, "{day} in {zone}");
        assert!(page.body.contains(&format!(">{clock}</button>")), "{day} in {zone}");
    }
}

#[test]
fn the_page_speaks_the_visitors_language_and_nothing_comes_from_elsewhere() {
    let server = TestServer::start();
    let path = open(&server, json!({}));
    let mut visitor = server.browser();
    let cases = [
        ("de", "November 2026", "Zeiten in der Zeitzone"),
        ("fr", "novembre 2026", "Horaires affichés"),
        ("hi", "नवंबर 2026", "समय क्षेत्र"),
        ("xx", "November 2026", "Times shown for"),
    ];
    for (tag, month, words) in cases {
        let page = visitor.get(&format!("{path}?lang={tag}"));
        assert!(page.body.contains(month) && page.body.contains(words), "{tag}: {}", page.body);
        let foreign = page.body.match_indices("src=\"").any(|(at, _)| page.body[at + 5..].starts_with("http"));
        assert!(!foreign, "{tag}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
        assert!(page.header("set-cookie").is_none(), "no cookie is needed");
    }
}

#[test]
fn what_is_closed_or_made_up_is_not_there() {
    let server = TestServer::start();
    let path = open(&server, json!({ "open": false }));
    let mut visitor = server.browser();
    for path in [
        path.as_str(),
        "/b/fernhill/nothing",
        "/b/nobody",
        "/booking/nonsense.nonsense",
        "/booking/AAAA.AAAA/calendar.ics",
    ] {
        assert_eq!(visitor.get(path).status, 404, "{path}");
    }
    let sent = visitor.post_as_stranger(&format!("{path}/hold"), &[("start", "2026-11-25T09:00:00Z")]);
    assert_eq!(sent.status, 404);
}

#[test]
fn only_the_page_of_times_may_stand_in_a_frame_of_another_site() {
    let server = TestServer::start();
    let path = open(&server, json!({}));
    let mut visitor = server.browser();
    let script = visitor.get("/b/embed.js");
    assert_eq!(script.header("cross-origin-resource-policy"), Some("cross-origin"));
    let framed = visitor.get(&format!("{path}/embed"));
    assert!(framed.header("content-security-policy").unwrap().contains("frame-ancestors *"));
    assert!(
        framed.body.contains("target=\"_top\"") && framed.body.contains(&format!("{path}/embed?")),
        "{}",
        framed.body
    );
    let form = hold(&mut visitor, &path, "Europe/London", &starts(&framed)[0]);
    for page in [visitor.get(&path), form] {
        assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    }
}
