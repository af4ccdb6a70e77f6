use serde_json::{json, Value};

use super::client::{Client, OWNER};

const CALENDAR: &str = "/google/calendar/v3";
const EVENTS: &str = "/google/calendar/v3/calendars/primary/events";

fn meeting(id: &str) -> Value {
    json!({
        "id": id,
        "summary": "Call",
        "start": {"dateTime": "2026-11-24T10:30:00Z"},
        "end": {"dateTime": "2026-11-24T11:00:00Z"},
        "attendees": [{"email": "ada@mill.example"}],
        "extendedProperties": {"private": {"booking": id}},
    })
}

fn busy(client: &Client, token: &str, calendar: &str, day: &str) -> Value {
    let body = json!({"timeMin": format!("{day}T00:00:00Z"), "timeMax": format!("{day}T23:59:00Z"), "items": [{"id": calendar}]});
    client.post(&format!("{CALENDAR}/freeBusy"), token, &body).json["calendars"][calendar].clone()
}

#[test]
fn scopes_bind() {
    let client = Client::start();
    let owner = client.token(&["calendar.events.owned"]);
    assert_eq!(client.post(EVENTS, &owner, &meeting("aaaaa0")).status, 200);
    client.post_form("/google/revoke", &[("token", &owner)]);
    let holidays = format!("{CALENDAR}/calendars/holidays%23all%40group.calendar.larkfield.example/events");
    let cases = [
        ("calendar.events.owned", "POST", EVENTS.to_owned(), 200),
        ("calendar.events.readonly", "POST", EVENTS.to_owned(), 403),
        ("calendar.events.freebusy", "GET", EVENTS.to_owned(), 200),
        ("gmail.send", "GET", EVENTS.to_owned(), 403),
        ("calendar.events.owned", "GET", holidays.clone(), 403),
        ("calendar.events", "GET", holidays.clone(), 200),
        ("calendar", "POST", holidays, 403),
        ("calendar.events.owned", "GET", format!("{CALENDAR}/users/me/calendarList"), 403),
        ("calendar.calendarlist.readonly", "GET", format!("{CALENDAR}/users/me/calendarList"), 200),
        ("calendar.calendarlist.readonly", "GET", format!("{CALENDAR}/calendars/primary"), 403),
        ("calendar.readonly", "GET", format!("{CALENDAR}/calendars/primary"), 200),
        ("calendar.events", "GET", format!("{CALENDAR}/calendars/nobody%40x.example/events"), 404),
    ];
    for (scope, method, path, status) in cases {
        let token = client.token(&[scope]);
        let reply = client.send_json(method, &path, &token, &meeting("bbbbb0"));
        assert_eq!(reply.status, status, "{scope} {method} {path}: {}", reply.text);
        client.post_form("/google/revoke", &[("token", &token)]);
    }
    let token = client.token(&["calendar.events.freebusy"]);
    let seen = client.get(&format!("{EVENTS}/aaaaa0"), &token).json;
    assert_eq!((seen.get("summary"), seen["start"].is_object()), (None, true), "times, no details");
}

#[test]
fn a_client_id_makes_an_event_once_and_a_deleted_one_keeps_its_id() {
    let client = Client::start();
    let token = client.token(&["calendar.events.owned"]);
    let made = client.post(EVENTS, &token, &meeting("abc0123v")).json;
    assert_eq!((&made["iCalUID"], &made["status"]), (&json!("abc0123v@google.com"), &json!("confirmed")));
    let again = client.post(EVENTS, &token, &meeting("abc0123v"));
    assert_eq!((again.status, again.reason()), (409, "duplicate"));
    let found = client.get(&format!("{EVENTS}?privateExtendedProperty=booking%3Dabc0123v"), &token).json;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);

    let path = format!("{EVENTS}/abc0123v");
    assert_eq!(client.send_json("DELETE", &path, &token, &Value::Null).status, 204);
    let gone = client.send_json("DELETE", &path, &token, &Value::Null);
    assert_eq!((gone.status, gone.reason()), (410, "deleted"));
    assert_eq!(client.get(&path, &token).json["status"], "cancelled");
    assert_eq!(client.post(EVENTS, &token, &meeting("abc0123v")).status, 409);
}

#[test]
fn a_wall_time_is_kept_with_its_offset_and_zone() {
    let client = Client::start();
    let token = client.token(&["calendar.events"]);
    let time = |wall: &str| json!({"dateTime": wall, "timeZone": "Europe/Berlin"});
    let body = json!({"start": time("2027-07-01T10:30:00"), "end": time("2027-07-01T11:00:00")});
    let made = client.post(EVENTS, &token, &body).json;
    assert_eq!(made["start"], json!({"dateTime": "2027-07-01T09:30:00+01:00", "timeZone": "Europe/Berlin"}));
}

#[test]
fn an_event_that_makes_no_sense_is_refused() {
    let client = Client::start();
    let token = client.token(&["calendar.events"]);
    let with = |field: &str, value: Value| {
        let mut body = meeting("ccccc0");
        body[field] = value;
        body
    };
    let cases = [
        ("no end", with("end", Value::Null), "required"),
        ("ends before it starts", with("end", json!({"dateTime": "2026-11-24T10:00:00Z"})), "timeRangeEmpty"),
        ("no zone", with("start", json!({"dateTime": "2026-11-24T10:00:00"})), "required"),
        ("upper case id", with("id", json!("ABCDE")), "invalid"),
        ("letters past v", with("id", json!("xyzzy")), "invalid"),
        ("recurring", with("recurrence", json!(["RRULE:FREQ=DAILY"])), "invalid"),
    ];
    for (name, body, reason) in cases {
        let reply = client.post(EVENTS, &token, &body);
        assert_eq!((reply.status, reply.reason()), (400, reason), "{name}");
    }
    let unclear = client.post(&format!("{EVENTS}?sendUpdates=perhaps"), &token, &meeting("ccccc0"));
    assert_eq!((unclear.status, unclear.reason()), (400, "invalidParameter"));
    assert_eq!(client.get(&format!("{EVENTS}/ccccc0"), &token).status, 404, "nothing half done");
}

#[test]
fn a_change_needs_the_etag_it_was_based_on() {
    let client = Client::start();
    let token = client.token(&["calendar.events"]);
    let etag = client.post(EVENTS, &token, &meeting("ddddd0")).json["etag"].as_str().unwrap().to_owned();
    let path = format!("{EVENTS}/ddddd0");
    let patch = |etag: &str, body: Value| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer), ("content-type", "application/json"), ("if-match", etag)];
        client.try_call("PATCH", &path, &headers, body.to_string().as_bytes()).unwrap()
    };
    let renamed = patch(&etag, json!({"summary": "Call with Ada"}));
    assert_eq!((renamed.status, &renamed.json["summary"]), (200, &json!("Call with Ada")));
    assert_eq!(renamed.json["attendees"][0]["responseStatus"], "needsAction", "what was not sent stays");
    let late = patch(&etag, json!({"summary": "Other"}));
    assert_eq!((late.status, late.reason()), (412, "conditionNotMet"));
    let later = json!({"start": {"dateTime": "2026-11-25T10:30:00Z"}, "end": {"dateTime": "2026-11-25T11:00:00Z"}});
    assert_eq!(patch("*", later).json["sequence"], 1, "a new time is a new sequence");
}

#[test]
fn busy_times_are_merged_and_what_cannot_be_read_is_unknown_not_free() {
    let client = Client::start();
    let token = client.token(&["calendar.events.freebusy", "calendar.events"]);
    let span =
        |from: &str, to: &str| json!({"start": format!("2026-11-24T{from}Z"), "end": format!("2026-11-24T{to}Z")});
    assert_eq!(busy(&client, &token, "primary", "2026-11-24")["busy"], json!([span("12:30:00", "14:00:00")]));
    for (id, start, end, extra) in [
        ("eeeee0", "14:00", "14:30", json!(null)),
        ("eeeee1", "14:15", "15:00", json!(null)),
        ("eeeee2", "16:00", "17:00", json!("transparent")),
    ] {
        let time = |hour: &str| json!({"dateTime": format!("2026-11-24T{hour}:00Z")});
        let body = json!({"id": id, "start": time(start), "end": time(end), "transparency": extra});
        assert_eq!(client.post(EVENTS, &token, &body).status, 200);
    }
    assert_eq!(busy(&client, &token, "primary", "2026-11-24")["busy"], json!([span("12:30:00", "15:00:00")]));
    assert_eq!(busy(&client, &token, "else@x.example", "2026-11-24")["errors"][0]["reason"], "notFound");
    let long =
        json!({"timeMin": "2026-11-24T00:00:00Z", "timeMax": "2027-03-24T00:00:00Z", "items": [{"id": "primary"}]});
    assert_eq!(client.post(&format!("{CALENDAR}/freeBusy"), &token, &long).reason(), "timeRangeTooLong");
}

#[test]
fn a_sync_token_tells_what_changed_until_it_expires() {
    let client = Client::start();
    let token = client.token(&["calendar.events"]);
    let mut page = String::new();
    let mut seen = 0;
    let sync = loop {
        let reply = client.get(&format!("{EVENTS}?singleEvents=true&maxResults=40{page}"), &token).json;
        seen += reply["items"].as_array().unwrap().len();
        match (&reply["nextPageToken"], &reply["nextSyncToken"]) {
            (Value::String(next), Value::Null) => page = format!("&pageToken={next}"),
            (Value::Null, Value::String(sync)) => break sync.clone(),
            other => panic!("a page is the last or it is not: {other:?}"),
        }
    };
    assert!(seen > 80, "the owner's diary is full");
    client.post(EVENTS, &token, &meeting("fffff0"));
    client.send_json("DELETE", &format!("{EVENTS}/fffff0"), &token, &Value::Null);
    let other = client.get(&format!("{EVENTS}?syncToken={sync}"), &token);
    assert_eq!(other.status, 400, "not the words of the first list: {}", other.text);
    let same = format!("{EVENTS}?singleEvents=true&syncToken={sync}");
    let news = client.get(&same, &token).json;
    assert_eq!(news["items"][0]["status"], "cancelled");
    assert_eq!(news["items"].as_array().unwrap().len(), 1);
    assert_eq!(client.get(&format!("{same}&q=call"), &token).status, 400);
    assert_eq!(client.get(&format!("{same}&showDeleted=false"), &token).status, 400);
    client.control("expire", &json!({"what": "sync", "email": OWNER}));
    let expired = client.get(&same, &token);
    assert_eq!((expired.status, expired.reason()), (410, "fullSyncRequired"));
}

#[test]
fn a_meet_link_comes_when_asked_for_properly_and_may_take_a_moment() {
    let client = Client::start();
    let token = client.token(&["calendar.events"]);
    let with_meet = |id: &str| {
        let mut body = meeting(id);
        body["conferenceData"] =
            json!({"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}});
        body
    };
    let ignored = client.post(EVENTS, &token, &with_meet("ggggg0")).json;
    assert_eq!(ignored.get("conferenceData"), None, "without conferenceDataVersion=1");
    let made = client.post(&format!("{EVENTS}?conferenceDataVersion=1"), &token, &with_meet("ggggg1")).json;
    assert_eq!(made["conferenceData"]["entryPoints"][0]["uri"], made["hangoutLink"]);
    client.control("settings", &json!({"slow_conferences": true}));
    let slow = client.post(&format!("{EVENTS}?conferenceDataVersion=1"), &token, &with_meet("ggggg2")).json;
    assert_eq!(slow["conferenceData"]["createRequest"]["status"]["statusCode"], "pending");
    assert!(client.get(&format!("{EVENTS}/ggggg2"), &token).json["hangoutLink"].is_string());
}

#[test]
fn guests_are_written_to_only_when_asked() {
    let client = Client::start();
    let token = client.token(&["calendar.events"]);
    client.post(EVENTS, &token, &meeting("hhhhh0"));
    assert!(client.mails_of("ada@mill.example").is_empty());
    client.post(&format!("{EVENTS}?sendUpdates=all"), &token, &meeting("hhhhh1"));
    let invitation = client.mails_of("ada@mill.example").remove(0);
    assert_eq!(invitation["subject"], "Invitation: Call @ Tue 24 Nov 2026 10:30 (Europe/London)");
    assert!(invitation["raw"].as_str().unwrap().contains("method=REQUEST"));
    client.send_json("DELETE", &format!("{EVENTS}/hhhhh1?sendUpdates=all"), &token, &Value::Null);
    assert!(client.mails_of("ada@mill.example")[1]["raw"].as_str().unwrap().contains("METHOD:CANCEL"));
}

#[test]
fn an_event_with_a_zone_or_a_guest_that_cannot_be_is_refused() {
    let client = Client::start();
    let token = client.token(&["calendar.events.owned"]);
    let at = |zone: &str| json!({"dateTime": "2026-11-24T10:30:00Z", "timeZone": zone});
    let cases = [
        ("start", at("Europe/Atlantis"), "Invalid time zone definition for start time."),
        ("end", json!({"dateTime": "2026-11-24T11:30:00+01:00", "timeZone": "CET+1"}), "Invalid time zone definition"),
        ("attendees", json!([{"email": "ada@mill.example"}, {"email": "not an address"}]), "Invalid attendee email."),
        ("attendees", json!([{"displayName": "Ada"}]), "Invalid attendee email."),
    ];
    for (field, value, words) in cases {
        let mut event = meeting("ccccc0");
        event[field] = value;
        let reply = client.post(EVENTS, &token, &event);
        assert_eq!((reply.status, reply.reason()), (400, "invalid"), "{field}: {}", reply.text);
        assert!(reply.text.contains(words), "{field}: {}", reply.text);
    }
    assert_eq!(client.post(EVENTS, &token, &meeting("ccccc0")).status, 200, "nothing was kept of the refused ones");
}

#[test]
fn a_sync_token_that_was_not_used_for_weeks_is_gone() {
    let client = Client::start();
    let token = client.token(&["calendar.events.owned"]);
    let first = client.get(EVENTS, &token).json["nextSyncToken"].as_str().unwrap().to_owned();
    client.clock.advance(std::time::Duration::from_secs(27 * 86_400));
    let token = client.token(&["calendar.events.owned"]);
    let next = client.get(&format!("{EVENTS}?syncToken={first}"), &token);
    assert_eq!(next.status, 200, "{}", next.text);
    client.clock.advance(std::time::Duration::from_secs(2 * 86_400));
    let token = client.token(&["calendar.events.owned"]);
    let gone = client.get(&format!("{EVENTS}?syncToken={first}"), &token);
    assert_eq!((gone.status, gone.reason()), (410, "fullSyncRequired"), "{}", gone.text);
    let renewed = next.json["nextSyncToken"].as_str().unwrap();
    assert_eq!(client.get(&format!("{EVENTS}?syncToken={renewed}"), &token).status, 200);
}
