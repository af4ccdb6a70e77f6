use serde_json::{json, Value};
use url::Url;

use super::zoom_hook::{self, BadNotice, Notice};
use super::{goto, oauth::HostConfig, webex, zoom, Made, MeetingClient, MeetingOAuth, Wanted};
use crate::base::UnixMillis;
use crate::providers::error::{ProviderError, Repeat};
use crate::providers::oauth::ConsentClient;
use crate::providers::outbound::{Answer, NoLog};
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen, NOW};
use crate::providers::{Line, Secret};

fn wanted(title: &str, minutes: i64) -> Wanted {
    Wanted {
        mark: "0199a2b7-d000-7000-8000-00000000abcd".into(),
        title: title.into(),
        start: UnixMillis::parse_rfc3339("2026-11-26T11:30:00Z").unwrap(),
        end: UnixMillis::parse_rfc3339("2026-11-26T11:30:00Z")
            .unwrap()
            .plus(std::time::Duration::from_secs(u64::try_from(minutes).unwrap() * 60)),
        time_zone: "Europe/London".into(),
    }
}

/// What `work` sent to a service that answers each call with `answer`, and what it made of it.
fn with<T>(
    service: &str,
    status: u16,
    answer: &Value,
    work: impl Fn(&dyn MeetingClient) -> Result<T, ProviderError>,
) -> (Seen, Result<T, ProviderError>) {
    let body = answer.to_string();
    let server = FakeHttp::start(move |_: &Seen| Reply::json(status, &body));
    let base = Url::parse(&server.base).unwrap();
    let (outbound, access_token) = (outbound(), Secret::new("at"));
    let line = Line { outbound: &outbound, access_token: &access_token, log: &NoLog };
    let client: Box<dyn MeetingClient + '_> = match service {
        "zoom" => Box::new(zoom::Zoom { base: &base, line }),
        "webex" => Box::new(webex::Webex { base: &base, line }),
        _ => Box::new(goto::Goto { base: &base, line }),
    };
    let outcome = work(&*client);
    (server.last(), outcome)
}

#[test]
fn zoom_makes_a_meeting_whose_agenda_is_our_mark_and_whose_number_loses_no_digit() {
    let answer =
        json!({"id": 98_765_432_109_876_543_u64, "join_url": "https://zoom.us/j/9?pwd=a", "start_url": "secret"});
    let (seen, made) = with("zoom", 201, &answer, |zoom| zoom.create(&wanted(&"x".repeat(250), 45)));
    let made = made.unwrap();
    assert_eq!((made.id.as_str(), made.join_url.as_str()), ("98765432109876543", "https://zoom.us/j/9?pwd=a"));
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/users/me/meetings"));
    let body = seen.json();
    assert_eq!((&body["type"], &body["duration"]), (&json!(2), &json!(45)));
    assert_eq!((&body["start_time"], &body["timezone"]), (&json!("2026-11-26T11:30:00Z"), &json!("Europe/London")));
    assert_eq!(body["topic"].as_str().unwrap().len(), 200, "a longer one is refused");
    assert_eq!(body["agenda"], json!(wanted("", 1).mark));
}

#[test]
fn a_meeting_that_may_have_been_made_is_known_by_our_mark_alone() {
    let mark = wanted("", 1).mark;
    let others = json!({"id": 1, "join_url": "https://zoom.us/j/1", "agenda": "ours? no", "topic": "Call"});
    let ours = json!({"id": 2, "join_url": "https://zoom.us/j/2", "agenda": mark, "topic": "renamed"});
    let (_, found) = with("zoom", 200, &json!({"meetings": [others, ours]}), |zoom| zoom.find(&wanted("Call", 30)));
    assert_eq!(found.unwrap().map(|made| made.id), Some("2".into()));
    let (_, none) = with("zoom", 200, &json!({"meetings": [others]}), |zoom| zoom.find(&wanted("Call", 30)));
    assert_eq!(none, Ok(None));
    let listed = json!([{"meetingId": "7", "subject": "Call"}, {"meetingId": "8", "subject": "Call [00000000abcd]"}]);
    let (_, found) = with("goto", 200, &listed, |goto| goto.find(&wanted("Call", 30)));
    let join_url = "https://global.gotomeeting.com/join/8".to_owned();
    assert_eq!(found, Ok(Some(Made { id: "8".into(), join_url, passcode: None })));
    let items = json!({"items": [{"id": "w1", "webLink": "https://webex/j", "password": "p"}]});
    let (seen, found) = with("webex", 200, &items, |webex| webex.find(&wanted("Call", 30)));
    assert_eq!(found.unwrap().unwrap().passcode.as_deref(), Some("p"));
    assert!(seen.path.contains(&format!("integrationTag={mark}")), "{}", seen.path);
}

#[test]
fn webex_mails_nobody_and_a_short_meeting_lasts_ten_minutes() {
    let answer = json!({"id": "w1", "webLink": "https://webex/j", "password": "p", "hostKey": "secret"});
    let (seen, made) = with("webex", 200, &answer, |webex| webex.create(&wanted("Call", 5)));
    assert_eq!(made.unwrap().passcode.as_deref(), Some("p"));
    let body = seen.json();
    assert_eq!((&body["end"], &body["sendEmail"]), (&json!("2026-11-26T11:40:00Z"), &json!(false)));
    let (seen, gone) = with("webex", 404, &json!({"message": "gone"}), |webex| webex.cancel("w1"));
    assert_eq!((gone, seen.path.as_str()), (Ok(()), "/meetings/w1?sendEmail=false"));
}

#[test]
fn goto_gets_every_field_it_wants_and_a_subject_that_fits() {
    let answer = json!([{"joinURL": "https://global.gotomeeting.com/join/5", "meetingid": 5}]);
    let (seen, made) =
        with("goto", 201, &answer, |goto| goto.create(&wanted(&format!("<Ada> {}", "y".repeat(120)), 30)));
    assert_eq!(made.unwrap().id, "5");
    let body = seen.json();
    let subject = body["subject"].as_str().unwrap();
    assert!(subject.starts_with("&lt;Ada&gt; yyy") && subject.ends_with(" [00000000abcd]"), "{subject}");
    assert!(subject.chars().count() <= 100 && !subject.contains(['<', '>']));
    assert_eq!((&body["timezonekey"], &body["meetingtype"]), (&json!(""), &json!("scheduled")));
}

#[test]
fn what_a_service_answers_says_what_to_do_next() {
    use ProviderError as E;
    type Fits = fn(&E) -> bool;
    let cases: [(&str, u16, Value, Fits); 12] = [
        ("zoom", 401, json!({"code": 124}), |e| *e == E::TokenRefused),
        ("zoom", 400, json!({"code": 4711, "message": "does not contain scopes"}), |e| {
            matches!(e, E::MissingScope { .. })
        }),
        ("zoom", 404, json!({"code": 3001}), |e| *e == E::NotFound),
        ("zoom", 400, json!({"code": 300, "message": "Validation"}), |e| matches!(e, E::Rejected { .. })),
        ("zoom", 429, json!({"message": "per-second rate limit"}), |e| matches!(e, E::Retry { after: None, .. })),
        ("zoom", 429, json!({"message": "daily rate limit (100)"}), |e| matches!(e, E::Retry { after: Some(_), .. })),
        ("zoom", 500, json!({}), |e| matches!(e, E::Unknown { .. })),
        ("webex", 423, json!({}), |e| matches!(e, E::Retry { .. })),
        ("webex", 403, json!({"message": "Missing required scope"}), |e| matches!(e, E::MissingScope { .. })),
        ("webex", 409, json!({}), |e| *e == E::Conflict),
        ("goto", 401, json!({"int_err_code": "InvalidToken"}), |e| *e == E::TokenRefused),
        ("goto", 403, json!({"msg": "no"}), |e| matches!(e, E::Rejected { reason } if reason.contains("no"))),
    ];
    for (service, status, body, fits) in cases {
        let (_, outcome) = with(service, status, &body, |client| client.create(&wanted("Call", 30)));
        let error = outcome.unwrap_err();
        assert!(fits(&error), "{service} {status} {body}: {error:?}");
    }
    let waits = Answer {
        status: 503,
        headers: [(http::header::RETRY_AFTER, "30".parse().unwrap())].into_iter().collect(),
        body: vec![],
    };
    assert!(matches!(zoom::classify(&waits, NOW, Repeat::Unsafe), E::Retry { after: Some(_), .. }));
}

#[test]
fn zoom_and_goto_hear_the_clients_secret_in_a_header_and_goto_says_whose_account_it_is() {
    let server = FakeHttp::start(|_: &Seen| {
        Reply::json(
            200,
            r#"{"access_token":"at","refresh_token":"rt","expires_in":3600,"token_type":"Bearer","principal":"Ada@a.example"}"#,
        )
    });
    let config = HostConfig {
        client_id: "id-1".into(),
        client_secret: "s3cret".into(),
        auth_base: server.base.clone(),
        token_base: server.base.clone(),
        api_base: server.base.clone(),
    };
    for (client, in_header) in [
        (MeetingOAuth::zoom(&config).unwrap(), true),
        (MeetingOAuth::webex(&config).unwrap(), false),
        (MeetingOAuth::goto(&config).unwrap(), true),
    ] {
        client.exchange(&outbound(), "code", "https://a/b", &Secret::new("v".repeat(43)), &NoLog).unwrap();
        let seen = server.last();
        assert_eq!(seen.header("authorization").is_some_and(|one| one.starts_with("Basic ")), in_header);
        assert_eq!(seen.body.contains("s3cret"), !in_header, "{}", seen.body);
    }
    let goto = MeetingOAuth::goto(&config).unwrap();
    let set = goto.exchange(&outbound(), "code", "https://a/b", &Secret::new("v".repeat(43)), &NoLog).unwrap();
    let account = goto.account(&outbound(), &set, &NoLog).unwrap();
    assert_eq!((account.subject.as_str(), account.email.as_str()), ("ada@a.example", "Ada@a.example"));
}

#[test]
fn zooms_events_are_believed_only_signed_and_fresh() {
    const SECRET: &str = "hook-secret";
    let body = br#"{"event":"app_deauthorized","event_ts":1,"payload":{"account_id":"a","user_id":"u-7"}}"#;
    let at = NOW.as_seconds().to_string();
    let signature = zoom_hook::sign(SECRET, &at, body).unwrap();
    let read = |secret: &str, at: &str, signature: &str, body: &[u8], later: i64| {
        zoom_hook::read(secret, at, signature, body, UnixMillis::from_seconds(NOW.as_seconds() + later))
    };
    let good = Ok(Notice::Deauthorized { user_id: "u-7".into() });
    assert_eq!(read(SECRET, &at, &signature, body, 0), good);
    assert_eq!(read(SECRET, &at, &signature, body, 300), good, "still inside the window");
    assert_eq!(read(SECRET, &at, &signature, body, 301), Err(BadNotice::Time), "kept and sent again");
    assert_eq!(read(SECRET, &at, &signature, body, -301), Err(BadNotice::Time));
    let later = (NOW.as_seconds() + 1).to_string();
    let bad = Err(BadNotice::Signature);
    assert_eq!(read(SECRET, &later, &signature, body, 0), bad, "another time");
    assert_eq!(read("other", &at, &signature, body, 0), bad);
    assert_eq!(read(SECRET, &at, &signature, &[&body[..], b" "].concat(), 0), bad, "one byte more");
    for nonsense in ["", "v0=", "v0=00", &signature[3..], &signature.to_uppercase()] {
        assert_eq!(read(SECRET, &at, nonsense, body, 0), bad, "{nonsense}");
    }
    // `printf qgg8 | openssl dgst -sha256 -hmac hook-secret`
    let asks = br#"{"payload":{"plainToken":"qgg8"},"event_ts":1,"event":"endpoint.url_validation"}"#;
    let encrypted_token = ENCRYPTED.to_owned();
    assert_eq!(
        read(SECRET, &at, &zoom_hook::sign(SECRET, &at, asks).unwrap(), asks, 0),
        Ok(Notice::Validation { plain_token: "qgg8".into(), encrypted_token })
    );
    let other = br#"{"event":"meeting.started","payload":{"object":{}}}"#;
    assert_eq!(read(SECRET, &at, &zoom_hook::sign(SECRET, &at, other).unwrap(), other, 0), Ok(Notice::Other));
}

const ENCRYPTED: &str = "a24271252ed0dab9a1e4f352d344fc17002ab8ddca3aea6c4756c009918eb2f3";
