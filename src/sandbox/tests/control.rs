use serde_json::{json, Value};

use super::client::{Client, OWNER};

const PROFILE: &str = "/google/gmail/v1/users/me/profile";
const SEND: &str = "/google/gmail/v1/users/me/messages/send";
const MAIL: &str = "To: ada@mill.example\nMessage-ID: <k1@larkfield.example>\nSubject: Hello\n\nHello.\n";

#[test]
fn a_fault_holds_for_as_many_calls_as_asked_and_for_no_others() {
    let client = Client::start();
    let token = client.token(&["gmail.send", "gmail.readonly"]);
    client.control("faults", &json!({"match": format!("POST {SEND}"), "status": 503, "retry_after": 7, "times": 2}));
    assert_eq!(client.get(PROFILE, &token).status, 200, "another call");
    for _ in 0..2 {
        let refused = client.send_mail(&token, MAIL);
        assert_eq!((refused.status, refused.reason(), refused.header("retry-after")), (503, "backendError", "7"));
    }
    assert!(client.mails_of("ada@mill.example").is_empty(), "nothing was sent");
    assert_eq!(client.send_mail(&token, MAIL).status, 200);
}

#[test]
fn a_dropped_call_leaves_no_answer_and_may_have_been_carried_out() {
    for (after, delivered) in [(false, 0), (true, 1)] {
        let client = Client::start();
        let token = client.token(&["gmail.send"]);
        client.control("faults", &json!({"match": format!("POST {SEND}"), "drop": true, "after": after}));
        let headers = [("authorization", &*format!("Bearer {token}")), ("content-type", "application/json")];
        let body = json!({"raw": "VG86IGFkYUBtaWxsLmV4YW1wbGUNCg0KSGkNCg"}).to_string();
        assert!(client.try_call("POST", SEND, &headers, body.as_bytes()).is_err(), "after: {after}");
        assert_eq!(client.mails_of("ada@mill.example").len(), delivered, "after: {after}");
    }
}

#[test]
fn every_provider_request_is_on_record_as_it_came() {
    let client = Client::start();
    let token = client.token(&["gmail.send", "gmail.readonly"]);
    client.control("reset", &json!({}));
    client.get(&format!("{PROFILE}?alt=json"), &token);
    client.send_mail(&token, MAIL);
    client.refresh("1//0sandbox-not-a-real-one");
    let record = client.get("/control/requests", "").text;
    let lines: Vec<Value> = record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "control calls are not among them");
    assert_eq!((&lines[0]["method"], &lines[0]["body"]), (&json!("GET"), &Value::Null));
    assert_eq!(lines[0]["url"], format!("{}{PROFILE}?alt=json", client.sandbox.url));
    assert_eq!(lines[0]["headers"]["authorization"], format!("Bearer {token}"), "to ask with it once it was withdrawn");
    assert!(lines[1]["body"]["raw"].is_string());
    assert_eq!(lines[2]["body"]["grant_type"], "refresh_token");
    assert_eq!(lines[2]["body"]["refresh_token"], "1//0sandbox-not-a-real-one");
}

#[test]
fn the_person_may_withdraw_everything_and_the_world_may_start_over() {
    let client = Client::start();
    let token = client.connect(&["gmail.readonly"]);
    client.control("mail", &json!({"to": OWNER, "raw": MAIL}));
    client.control("revoke", &json!({"email": OWNER}));
    assert_eq!(client.get(PROFILE, token["access_token"].as_str().unwrap()).status, 401);
    assert_eq!(client.refresh(token["refresh_token"].as_str().unwrap()).json["error"], "invalid_grant");
    assert_eq!(client.mails_of(OWNER).len(), 1);
    client.control("reset", &json!({"all": true}));
    assert!(client.mails_of(OWNER).is_empty());
}

#[test]
fn the_clock_is_moved_by_the_hook_or_by_the_sandbox_itself() {
    let client = Client::start();
    let reply = client.control("clock", &json!({"advance_seconds": 3_600}));
    assert_eq!(reply.json, json!({"now": "2026-11-23T10:00:00Z"}));
    let clock = client.clock.clone();
    client.sandbox.set_advance(std::sync::Arc::new(move |by| clock.advance(by * 2)));
    let reply = client.control("clock", &json!({"advance_seconds": 3_600}));
    assert_eq!(reply.json, json!({"now": "2026-11-23T12:00:00Z"}));
}

#[test]
fn a_mistake_in_a_control_call_is_named() {
    let client = Client::start();
    for (what, body, expected) in [
        ("clock", json!({}), "advance_seconds"),
        ("faults", json!({"match": "GET /", "colour": "red"}), "colour"),
        ("expire", json!({"what": "milk", "email": OWNER}), "milk"),
    ] {
        let reply = client.control(what, &body);
        assert_eq!(reply.status, 400, "{what}");
        assert!(reply.json["error"].as_str().unwrap().contains(expected), "{what}: {}", reply.text);
    }
    assert_eq!(client.get("/nowhere/x", "").status, 404);
}

#[test]
fn a_web_page_elsewhere_cannot_steer_the_sandbox() {
    let client = Client::start();
    let body = json!({"all": true}).to_string();
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let reply = client.try_call("POST", "/control/reset", &[(name, value)], body.as_bytes()).unwrap();
        assert_eq!(reply.status, 403, "{name}");
    }
}

#[test]
fn a_sandbox_that_is_dropped_serves_no_more() {
    let client = Client::start();
    let ports = [client.sandbox.smtp.unwrap(), client.sandbox.imap.unwrap(), client.sandbox.url[7..].parse().unwrap()];
    drop(client);
    for port in ports {
        assert!(std::net::TcpStream::connect(port).is_err(), "{port}");
    }
}

#[test]
fn a_fault_speaks_the_language_of_its_endpoint() {
    let client = Client::start();
    let cases = [
        (
            "POST /google/token",
            400,
            json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
        ),
        ("POST /token", 500, json!({"error": "internal_failure", "error_description": "Internal error encountered."})),
    ];
    for (matches, status, body) in cases {
        client.control("faults", &json!({"match": matches, "status": status}));
        let refused = client.refresh("any");
        assert_eq!((refused.status, refused.json), (status, body), "{matches}");
    }
    client.control("faults", &json!({"match": "* /google", "status": 400, "body": {"error": "odd"}}));
    assert_eq!(client.get(PROFILE, "any").json, json!({"error": "odd"}));
}

#[test]
fn what_no_clock_and_no_provider_could_do_is_refused_with_words() {
    let client = Client::start();
    let cases = [
        ("clock", json!({"advance_seconds": 40_000_000_000_u64}), "at most 31622400"),
        ("clock", json!({"advance_seconds": 60, "by": 1}), "\"by\" is not a field here"),
        ("clock", json!({"advance_seconds": -1}), "a whole number"),
        ("clock", json!({}), "\"advance_seconds\" is missing"),
        ("faults", json!({"match": "GET /", "status": 99}), "100 to 599"),
        ("faults", json!({"match": "GET /", "status": 600}), "100 to 599"),
        ("faults", json!({"match": "GET /"}), "status, drop or delay_ms"),
        ("faults", json!({"match": " ", "status": 500}), "match names the calls"),
        ("faults", json!({"match": "GET /", "status": 500, "colour": 1}), "\"colour\" is not a field here"),
    ];
    for (what, body, words) in cases {
        let answer = client.control(what, &body);
        assert_eq!(answer.status, 400, "{what} {body}");
        assert!(answer.text.contains(&words.replace('"', "\\\"")), "{what} {body}: {}", answer.text);
    }
    assert_eq!(client.control("clock", &json!({"advance_seconds": 31_622_400})).status, 200, "a year");
}
