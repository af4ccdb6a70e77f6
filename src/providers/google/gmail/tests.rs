//! What is asked of Gmail, and what is made of its answers.

use super::*;
use crate::providers::google::{GoogleBases, GoogleConfig};
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};
use crate::providers::{Line, Secret};

fn with_gmail<T>(base: &str, test: impl FnOnce(&Gmail<'_>) -> T) -> T {
    let bases = GoogleBases::new(&GoogleConfig { api_base: base.into(), ..GoogleConfig::default() }).unwrap();
    let (outbound, token) = (outbound(), Secret::new("at"));
    test(&Gmail(Session { bases: &bases, line: Line { outbound: &outbound, access_token: &token, log: &NoLog } }))
}

fn at_id(digits: &str) -> HistoryId {
    HistoryId::parse(digits).unwrap()
}

#[test]
fn places_in_the_history_are_compared_as_numbers() {
    assert!(at_id("9") < at_id("10") && at_id("0010") == at_id("10"));
    assert!(at_id("18446744073709551615") < at_id("179531119420208685962"));
    assert_eq!(HistoryId::parse("12&x=1"), None);
    assert_eq!(HistoryId::parse(""), None);
}

#[test]
fn a_server_without_profile_is_asked_for_its_newest_message() {
    let server = FakeHttp::start(|seen: &Seen| match seen.path.as_str() {
        path if path.contains("/profile") => Reply::json(404, "{}"),
        path if path.contains("format=minimal") => Reply::json(200, r#"{"id":"m","historyId":"77"}"#),
        _ => Reply::json(200, r#"{"messages":[{"id":"m"}]}"#),
    });
    assert_eq!(with_gmail(&server.base, |gmail| gmail.start_cursor()), Ok(at_id("77")));
}

#[test]
fn a_mail_goes_out_as_base64url_in_its_conversation() {
    let server = FakeHttp::start(|_: &Seen| Reply::json(200, r#"{"id":"m1","threadId":"t1","labelIds":["SENT"]}"#));
    let sent = with_gmail(&server.base, |gmail| gmail.send(b"To: a@b.example\r\n\r\n\xff?>", Some("t1"))).unwrap();
    assert_eq!((sent.id.as_str(), sent.thread_id.as_str()), ("m1", "t1"));
    let seen = server.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/gmail/v1/users/me/messages/send"));
    assert_eq!(seen.header("authorization"), Some("Bearer at"));
    assert_eq!(seen.json()["threadId"], "t1");
    let raw = seen.json()["raw"].as_str().unwrap().to_owned();
    assert_eq!(BASE64URL_NOPAD.decode(raw.as_bytes()).unwrap(), b"To: a@b.example\r\n\r\n\xff?>");
}

#[test]
fn a_send_whose_answer_is_lost_is_unknown() {
    for reply in [|| Reply::Drop, || Reply::json(500, ""), || Reply::json(200, "not json")] {
        let server = FakeHttp::start(move |_: &Seen| reply());
        let error = with_gmail(&server.base, |gmail| gmail.send(b"x", None)).unwrap_err();
        assert!(matches!(error, ProviderError::Unknown { .. }), "{error:?}");
    }
}

#[test]
fn history_is_read_to_its_last_page_and_each_message_counts_once() {
    let server = FakeHttp::start(|seen: &Seen| {
        let (second, body) = (
            seen.path.contains("pageToken=p2"),
            [
                r#"{"history":[{"id":"11","messagesAdded":[{"message":{"id":"a","threadId":"t","labelIds":["INBOX"]}}]}],"nextPageToken":"p2","historyId":"30"}"#,
                r#"{"history":[{"id":"12","messagesAdded":[{"message":{"id":"a","threadId":"t"}},{"message":{"id":"b","threadId":"u"}}]},{"id":"13"}],"historyId":"31"}"#,
            ],
        );
        Reply::json(200, body[usize::from(second)])
    });
    let History::Read { added, cursor } = with_gmail(&server.base, |gmail| gmail.history(&at_id("10"))).unwrap() else {
        panic!("expired")
    };
    assert_eq!(added.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(added[0].labels, ["INBOX"]);
    assert_eq!(cursor, at_id("31"));
}

#[test]
fn quiet_and_expired_history_are_told_apart() {
    let quiet = FakeHttp::start(|_: &Seen| Reply::json(200, r#"{"historyId":"12"}"#));
    let read = with_gmail(&quiet.base, |gmail| gmail.history(&at_id("10"))).unwrap();
    assert_eq!(read, History::Read { added: vec![], cursor: at_id("12") });
    let expired = FakeHttp::start(|_: &Seen| {
        Reply::json(404, r#"{"error":{"code":404,"message":"Requested entity was not found."}}"#)
    });
    assert_eq!(with_gmail(&expired.base, |gmail| gmail.history(&at_id("10"))).unwrap(), History::Expired);
}

#[test]
fn a_mail_with_a_replaced_message_id_is_found_by_our_own_header() {
    let server = FakeHttp::start(|seen: &Seen| match seen.path.as_str() {
        path if path.contains("rfc822msgid") => Reply::json(200, r#"{"resultSizeEstimate":0}"#),
        path if path.contains("in%3Asent") => {
            Reply::json(200, r#"{"messages":[{"id":"x","threadId":"t"},{"id":"y","threadId":"t"}]}"#)
        }
        path => {
            let own = if path.contains("/x?") { "other" } else { "own-7" };
            Reply::json(
                200,
                &format!(
                    r#"{{"id":"y","threadId":"t","payload":{{"headers":[
                {{"name":"x-launchyard-id","value":"{own}"}},{{"name":"Message-Id","value":"<g@mail.gmail.com>"}}]}}}}"#
                ),
            )
        }
    });
    let found =
        with_gmail(&server.base, |gmail| gmail.find_sent("own-7", "<o@us.example>", 1_795_510_000)).unwrap().unwrap();
    assert_eq!(found.header("Message-ID"), Some("<g@mail.gmail.com>"));
    let none = with_gmail(&server.base, |gmail| gmail.find_sent("own-8", "<o@us.example>", 1)).unwrap();
    assert_eq!(none, None);
}

#[test]
fn a_raw_message_is_decoded_with_and_without_padding() {
    for raw in ["SGkh4pi6", "SGk", "SGk="] {
        let server = FakeHttp::start(move |_: &Seen| Reply::json(200, &format!(r#"{{"id":"m","raw":"{raw}"}}"#)));
        let bytes = with_gmail(&server.base, |gmail| gmail.raw("m")).unwrap();
        assert!(bytes.starts_with(b"Hi"), "{raw}");
    }
}

#[test]
fn the_profile_gives_address_and_cursor() {
    let server = FakeHttp::start(|_: &Seen| {
        Reply::json(200, r#"{"emailAddress":"ada@example.com","historyId":"987654321987"}"#)
    });
    let profile = with_gmail(&server.base, |gmail| gmail.profile()).unwrap();
    assert_eq!(profile, Profile { email: "ada@example.com".into(), history_id: at_id("987654321987") });
}
