//! What the simulated services refuse as the real ones do: limits, scopes, tokens, shapes.

use serde_json::{json, Value};

use super::client::{code_in, Client, Reply, OWNER};

/// The token of the owner's account at a service.
fn token(client: &Client, service: &str, scope: &str) -> (String, String) {
    let back = client.consent(service, &Client::asking(scope), &[]);
    let reply = client.redeem(service, code_in(&back), &[]);
    assert_eq!(reply.status, 200, "{service}: {}", reply.text);
    let text = |name: &str| reply.json[name].as_str().unwrap_or_default().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn zoom_meeting(topic: &str) -> Value {
    json!({"topic": topic, "type": 2, "start_time": "2026-11-26T11:30:00Z", "duration": 30, "agenda": "mark"})
}

#[test]
fn zoom_counts_calls_by_the_second_and_meetings_by_the_day() {
    let client = Client::start();
    let (token, _) = token(&client, "zoom", "");
    let create = |topic: &str| client.post("/zoom/v2/users/me/meetings", &token, &zoom_meeting(topic));
    let statuses: Vec<u16> = (0..21).map(|number| create(&format!("Call {number}")).status).collect();
    assert_eq!((statuses[..20].iter().all(|status| *status == 201), statuses[20]), (true, 429));
    for _ in 0..4 {
        client.clock.advance(std::time::Duration::from_secs(2));
        (0..20).for_each(|_| drop(create("Call")));
    }
    client.clock.advance(std::time::Duration::from_secs(2));
    let over = create("Call");
    assert!(over.status == 429 && over.text.contains("daily rate limit (100)"), "{}", over.text);
    client.clock.advance(std::time::Duration::from_secs(86_400));
    assert_eq!(create("Call").status, 401, "the token has ended meanwhile");
}

#[test]
fn zoom_refuses_what_does_not_fit_and_knows_only_ones_own_meetings() {
    let client = Client::start();
    let (token, _) = token(&client, "zoom", "");
    let send = |method: &str, path: &str, body: Value| client.send_json(method, path, &token, &body);
    let long = send("POST", "/zoom/v2/users/me/meetings", zoom_meeting(&"x".repeat(201)));
    assert_eq!((long.status, &long.json["code"]), (400, &json!(300)));
    let made = send("POST", "/zoom/v2/users/me/meetings", zoom_meeting("Call"));
    let one = format!("/zoom/v2/meetings/{}", made.json["id"]);
    let listed = client.get("/zoom/v2/users/me/meetings?type=upcoming&page_size=300", &token);
    assert_eq!(
        (&listed.json["meetings"][0]["agenda"], &listed.json["meetings"][0]["start_url"]),
        (&json!("mark"), &Value::Null)
    );
    assert_eq!(send("PATCH", &one, json!({"topic": "Other"})).status, 204);
    assert_eq!(client.send_json("DELETE", &one, "nobody", &json!({})).status, 401);
    assert_eq!((send("DELETE", &one, json!({})).status, send("DELETE", &one, json!({})).status), (204, 404));
}

#[test]
fn a_refresh_token_of_zooms_works_once_and_those_of_the_others_go_on() {
    let client = Client::start();
    for (service, scope, lives_on) in
        [("zoom", "", false), ("webex", "meeting:schedules_read spark:people_read", true), ("goto", "", true)]
    {
        let (_, refresh) = token(&client, service, scope);
        let once: Reply = client.refresh_at(service, &refresh);
        let again = client.refresh_at(service, &refresh);
        assert_eq!((once.status, again.status == 200), (200, lives_on), "{service}: {}", again.text);
        let principal = once.json["principal"].as_str();
        assert_eq!(principal, (service == "goto").then_some(OWNER), "{service}");
    }
}

#[test]
fn webex_takes_meetings_of_ten_minutes_to_a_day_and_a_hundred_tries_a_day() {
    let client = Client::start();
    let (token, _) = token(&client, "webex", "meeting:schedules_write meeting:schedules_read spark:people_read");
    let create = |end: &str| {
        let body = json!({"title": "Call", "start": "2026-11-26T11:30:00Z", "end": end, "integrationTags": ["mark"]});
        client.post("/webex/v1/meetings", &token, &body)
    };
    assert_eq!(create("2026-11-26T11:35:00Z").status, 400);
    assert_eq!(create("2026-11-27T11:30:00Z").status, 400);
    assert_eq!(create("2026-11-26T11:40:59Z").status, 200, "seconds are cut off");
    (0..97).for_each(|_| assert_eq!(create("2026-11-26T12:00:00Z").status, 200));
    let over = create("2026-11-26T12:00:00Z");
    assert!(over.status == 429 && !over.header("retry-after").is_empty(), "refused ones counted: {}", over.text);
}

#[test]
fn goto_wants_every_field_and_spells_its_answers_otherwise() {
    let client = Client::start();
    let (token, _) = token(&client, "goto", "");
    let whole = json!({"subject": "Call", "starttime": "2026-11-26T11:30:00Z", "endtime": "2026-11-26T12:00:00Z",
        "passwordrequired": false, "conferencecallinfo": "Hybrid", "timezonekey": "", "meetingtype": "scheduled"});
    let mut lacking = whole.clone();
    lacking.as_object_mut().unwrap().remove("timezonekey");
    assert_eq!(client.post("/goto/G2M/rest/meetings", &token, &lacking).status, 400);
    let made = client.post("/goto/G2M/rest/meetings", &token, &whole);
    assert!(made.status == 201 && made.json[0]["meetingid"].is_u64(), "{}", made.text);
    let upcoming = client.get("/goto/G2M/rest/upcomingMeetings", &token);
    assert_eq!(upcoming.json[0]["startTime"], json!("2026-11-26T11:30:00.+0000"));
    assert!(upcoming.json[0]["meetingId"].is_string());
}
