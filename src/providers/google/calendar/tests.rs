//! What is asked of Google Calendar, and what is made of its answers.

use super::*;
use crate::providers::calendar::{client_event_id, Attendee, Busy, MeetLink, When};
use crate::providers::google::{GoogleBases, GoogleConfig};
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen, NOW};
use crate::providers::{Line, Secret};
use serde_json::json;

const DAY: Duration = Duration::from_secs(86_400);

fn with_calendar<T>(base: &str, test: impl FnOnce(&Calendar<'_>) -> T) -> T {
    let bases = GoogleBases::new(&GoogleConfig { api_base: base.into(), ..GoogleConfig::default() }).unwrap();
    let (outbound, token) = (outbound(), Secret::new("at"));
    test(&Calendar(Session { bases: &bases, line: Line { outbound: &outbound, access_token: &token, log: &NoLog } }))
}

fn meeting() -> NewEvent {
    NewEvent {
        id: client_event_id(&[0xab; 16]),
        summary: "Call".into(),
        description: String::new(),
        location: String::new(),
        start: NOW,
        end: NOW.plus(Duration::from_secs(1800)),
        time_zone: "Europe/Berlin".into(),
        attendees: vec![Attendee { email: "ada@example.org".into(), name: Some("Ada".into()) }],
        private: BTreeMap::from([("booking".into(), "b1".into())]),
        meet_request_id: None,
    }
}

#[test]
fn a_long_range_is_asked_in_parts_and_joined_without_seams() {
    let server = FakeHttp::start(|seen: &Seen| {
        let (from, to) = (seen.json()["timeMin"].clone(), seen.json()["timeMax"].clone());
        Reply::json(
            200,
            &json!({ "calendars": { "a@x": { "busy": [{ "start": from, "end": to }] }, "b@x": {} } }).to_string(),
        )
    });
    let to = NOW.plus(DAY * 200);
    let busy = with_calendar(&server.base, |calendar| calendar.free_busy(&["a@x", "b@x"], NOW, to)).unwrap();
    assert_eq!(server.seen().len(), 3, "89 + 89 + 22 days");
    // Google refuses more than 90 days, and rounding to whole seconds makes a part longer, never shorter.
    let at = |seen: &Seen, name: &str| UnixMillis::parse_rfc3339(seen.json()[name].as_str().unwrap()).unwrap();
    let most = DAY * 90 - Duration::from_secs(2);
    assert!(server.seen().iter().all(|seen| at(seen, "timeMax").since(at(seen, "timeMin")) < most));
    assert_eq!(busy["a@x"], BusyTimes::Known(vec![Busy { start: NOW, end: to }]));
    assert_eq!(busy["b@x"], BusyTimes::Known(vec![]));
}

#[test]
fn a_calendar_with_an_error_or_left_out_is_unknown_not_free() {
    let server = FakeHttp::start(|_: &Seen| {
        Reply::json(
            200,
            r#"{"calendars":{"a":{"busy":[],"errors":[{"domain":"global","reason":"notFound"}]},
            "c":{"busy":[{"start":"soon","end":"later"}]}}}"#,
        )
    });
    let busy =
        with_calendar(&server.base, |calendar| calendar.free_busy(&["a", "b", "c"], NOW, NOW.plus(DAY))).unwrap();
    assert_eq!(busy["a"], BusyTimes::Unknown { reason: "notFound".into() });
    assert!(matches!(busy["b"], BusyTimes::Unknown { .. }));
    assert!(matches!(busy["c"], BusyTimes::Unknown { .. }));
}

#[test]
fn an_event_carries_our_id_our_mark_and_its_guests() {
    let server = FakeHttp::start(|_: &Seen| {
        Reply::json(
            200,
            r#"{"id":"e","etag":"\"1\"","status":"confirmed","iCalUID":"e@google.com",
            "start":{"dateTime":"2026-11-24T10:00:00+01:00"},"conferenceData":{"createRequest":{"status":{"statusCode":"pending"}}}}"#,
        )
    });
    let new = NewEvent { meet_request_id: Some("r1".into()), ..meeting() };
    let made =
        with_calendar(&server.base, |calendar| calendar.insert_event("me@x.example", &new, SendUpdates::All)).unwrap();
    assert_eq!((made.meet, made.start), (MeetLink::Pending, Some(When::At(NOW))));
    let seen = server.last();
    assert_eq!(seen.path, "/calendar/v3/calendars/me@x.example/events?sendUpdates=all&conferenceDataVersion=1");
    assert_eq!(seen.json()["id"], "lelqnatblelqnatblelqnatblc");
    assert_eq!(seen.json()["start"], json!({ "dateTime": "2026-11-24T09:00:00Z", "timeZone": "Europe/Berlin" }));
    assert_eq!(seen.json()["attendees"][0]["email"], "ada@example.org");
    assert_eq!(seen.json()["extendedProperties"]["private"]["booking"], "b1");
}

#[test]
fn a_repeated_insert_finds_its_own_event_and_never_takes_anothers() {
    let cases = [
        (r#"{"id":"e","status":"confirmed","extendedProperties":{"private":{"booking":"b1"}}}"#, true),
        (r#"{"id":"e","status":"cancelled","extendedProperties":{"private":{"booking":"b1"}}}"#, false),
        (r#"{"id":"e","status":"confirmed"}"#, false),
    ];
    for (existing, ours) in cases {
        let server = FakeHttp::start(move |seen: &Seen| match seen.method.as_str() {
            "POST" => Reply::json(409, r#"{"error":{"code":409,"errors":[{"reason":"duplicate"}]}}"#),
            _ => Reply::json(200, existing),
        });
        let result = with_calendar(&server.base, |calendar| calendar.insert_event("me", &meeting(), SendUpdates::None));
        assert_eq!(result.map(|event| event.id), if ours { Ok("e".into()) } else { Err(ProviderError::Conflict) });
    }
}

#[test]
fn deleting_what_is_gone_is_a_success() {
    for (status, expected) in [(204, true), (404, true), (410, true), (403, false), (500, false)] {
        let server = FakeHttp::start(move |_: &Seen| Reply::json(status, ""));
        let result = with_calendar(&server.base, |calendar| calendar.delete_event("me", "e", SendUpdates::All));
        assert_eq!(result.is_ok(), expected, "{status}");
    }
}

#[test]
fn a_change_sends_only_what_changes_and_minds_the_etag() {
    let server = FakeHttp::start(|_: &Seen| Reply::json(412, r#"{"error":{"code":412}}"#));
    let patch = EventPatch { summary: Some("Later".into()), ..EventPatch::default() };
    let result = with_calendar(&server.base, |calendar| {
        calendar.patch_event("me", "e", &patch, Some("\"7\""), SendUpdates::All)
    });
    assert_eq!(result, Err(ProviderError::Changed));
    let seen = server.last();
    assert_eq!((seen.method.as_str(), seen.header("if-match")), ("PATCH", Some("\"7\"")));
    assert_eq!(seen.json(), json!({ "summary": "Later" }));
}

#[test]
fn lists_are_read_to_their_last_page() {
    let server = FakeHttp::start(|seen: &Seen| match seen.path.contains("pageToken=p2") {
        false => Reply::json(200, r#"{"items":[{"id":"a","accessRole":"owner","primary":true}],"nextPageToken":"p2"}"#),
        true => Reply::json(200, r#"{"items":[{"id":"b","accessRole":"reader"}]}"#),
    });
    let all = with_calendar(&server.base, |calendar| calendar.list_calendars()).unwrap();
    let found: Vec<_> = all.iter().map(|entry| (entry.id.as_str(), entry.is_writable())).collect();
    assert_eq!(found, [("a", true), ("b", false)]);
    let events = with_calendar(&server.base, |calendar| calendar.list_by_private("me", "booking", "b1")).unwrap();
    assert_eq!(events, [], "neither carries our mark");
    assert!(server.last().path.contains("privateExtendedProperty=booking%3Db1"));
}
