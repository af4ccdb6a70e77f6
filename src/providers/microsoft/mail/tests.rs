//! What is asked of Graph, and what is made of its answers.

use super::*;
use crate::providers::microsoft::{MicrosoftBases, MicrosoftConfig};
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen, NOW};
use crate::providers::{Line, Secret};

const MAIL: &[u8] = b"From: Ada <ada@contoso.example>\r\nTo: =?utf-8?q?J=C3=B6rg?= <joerg@b.example>\r\n\
    Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <m1@contoso.example>\r\nX-Launchyard-Id: own-1\r\n\
    In-Reply-To: <p@b.example>\r\nReferences: <o@b.example>\r\n <p@b.example>\r\n\
    List-Unsubscribe: <https://crm.example/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
    Hello\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b--\r\n";

fn with_mail<T>(base: &str, test: impl FnOnce(&Mail<'_>) -> T) -> T {
    let bases = MicrosoftBases::new(&MicrosoftConfig { api_base: base.into(), ..MicrosoftConfig::default() }).unwrap();
    let (outbound, token) = (outbound(), Secret::new("at"));
    test(&Mail(Session { bases: &bases, line: Line { outbound: &outbound, access_token: &token, log: &NoLog } }))
}

#[test]
fn a_mail_goes_out_with_its_id_its_threading_and_a_way_to_opt_out() {
    let server = FakeHttp::start(|_: &Seen| Reply::Answer { status: 202, headers: vec![], body: String::new() });
    assert_eq!(with_mail(&server.base, |mail| mail.send(MAIL, "own-1")), Ok(Submission::Accepted));
    let seen = server.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1.0/me/sendMail"));
    assert_eq!(seen.header("authorization"), Some("Bearer at"));
    let body = seen.json();
    assert_eq!(body["saveToSentItems"], true);
    let message = &body["message"];
    assert_eq!(message["subject"], "Grüße");
    assert_eq!(message["toRecipients"][0]["emailAddress"]["address"], "joerg@b.example");
    assert_eq!(message["toRecipients"][0]["emailAddress"]["name"], "Jörg");
    assert_eq!(message["internetMessageId"], "<m1@contoso.example>");
    assert_eq!(message["body"]["contentType"], "html");
    assert!(message["body"]["content"].as_str().unwrap().contains("<p>Hello</p>"));
    let headers = message["internetMessageHeaders"].as_array().unwrap();
    assert_eq!(
        headers.as_slice(),
        [json!({"name": "X-Launchyard-Id", "value": "own-1"})],
        "Graph takes X- fields only"
    );
    let properties: Vec<(&str, &str)> = message["singleValueExtendedProperties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["value"].as_str().unwrap()))
        .collect();
    assert!(properties[0].0.ends_with("Name LaunchyardId") && properties[0].1 == "own-1");
    assert!(properties.contains(&("String 0x1042", "<p@b.example>")), "{properties:?}");
    assert!(properties.contains(&("String 0x1039", "<o@b.example> <p@b.example>")), "{properties:?}");
    assert!(properties.contains(&("String 0x1045", "<https://crm.example/u/1>")), "{properties:?}");
    let one_click = properties.iter().find(|(id, _)| id.ends_with("Name List-Unsubscribe-Post"));
    assert_eq!(one_click.map(|(_, value)| *value), Some("List-Unsubscribe=One-Click"));
}

#[test]
fn a_send_whose_answer_is_lost_is_unknown_and_a_refusal_says_whose_it_is() {
    for reply in [|| Reply::Drop, || Reply::json(503, "{}")] {
        let server = FakeHttp::start(move |_: &Seen| reply());
        let error = with_mail(&server.base, |mail| mail.send(MAIL, "own-1")).unwrap_err();
        assert!(matches!(error, ProviderError::Unknown { .. }), "{error:?}");
    }
    let refusal = |code: &'static str| {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#);
        let server = FakeHttp::start(move |_: &Seen| Reply::json(400, &body));
        with_mail(&server.base, |mail| mail.send(MAIL, "own-1"))
    };
    assert!(matches!(refusal("ErrorInvalidRecipients"), Ok(Submission::MailRefused { bad_address: true, .. })));
    assert!(matches!(refusal("ErrorMessageSubmissionBlocked"), Err(ProviderError::Rejected { .. })));
    let none = with_mail("http://127.0.0.1:1", |mail| mail.send(b"Subject: x\r\n\r\nx", "own-1"));
    assert!(matches!(none, Ok(Submission::MailRefused { bad_address: false, .. })), "{none:?}");
}

#[test]
fn what_left_is_found_by_our_own_mark_and_a_draft_has_not_left() {
    let server = FakeHttp::start(|_: &Seen| {
        Reply::json(
            200,
            r#"{"value":[{"id":"d","isDraft":true,"internetMessageId":"<x@y>"},
            {"id":"s","isDraft":false,"internetMessageId":"<real@outlook.example>","conversationId":"c1"}]}"#,
        )
    });
    let found = with_mail(&server.base, |mail| mail.find_sent("own'1")).unwrap();
    let Trace::Sent(found) = found else { panic!("{found:?}") };
    assert_eq!(found.id, "s");
    assert_eq!(found.message_id.as_deref(), Some("real@outlook.example"));
    let seen = server.last();
    assert!(seen.header("prefer").unwrap().contains("ImmutableId"));
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(seen.path.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
    assert!(query[0].1.ends_with("ep/value eq 'own''1')"), "{}", query[0].1);
}

#[test]
fn a_copy_that_is_still_a_draft_is_pending_and_only_none_at_all_is_absence() {
    for (value, expected) in [(r#"[{"id":"d","isDraft":true}]"#, Trace::Pending), ("[]", Trace::Absent)] {
        let body = format!(r#"{{"value":{value}}}"#);
        let server = FakeHttp::start(move |_: &Seen| Reply::json(200, &body));
        assert_eq!(with_mail(&server.base, |mail| mail.find_sent("own-1")).unwrap(), expected);
    }
}

#[test]
fn changes_are_followed_page_by_page_and_never_to_another_host() {
    let server = FakeHttp::start(|seen: &Seen| {
        let host = seen.header("host").unwrap();
        let body = if seen.path.contains("skiptoken") {
            format!(
                r#"{{"value":[{{"id":"gone","@removed":{{"reason":"deleted"}}}}],
                "@odata.deltaLink":"http://{host}/v1.0/me/mailFolders('inbox')/messages/delta?$deltatoken=2"}}"#
            )
        } else if seen.path.contains("evil") {
            r#"{"value":[],"@odata.deltaLink":"http://elsewhere.example/v1.0/x"}"#.to_owned()
        } else {
            format!(
                r#"{{"value":[{{"id":"m1","internetMessageHeaders":[{{"name":"Subject","value":"Hi"}}]}}],
                "@odata.nextLink":"http://{host}/v1.0/me/mailFolders('inbox')/messages/delta?$skiptoken=1"}}"#
            )
        };
        Reply::json(200, &body)
    });
    with_mail(&server.base, |mail| {
        let begin = mail.begin("inbox", NOW);
        let query: Vec<_> = begin.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
        assert!(query.contains(&"$filter=receivedDateTime ge 2026-11-24T09:00:00Z".to_owned()), "{query:?}");
        let first = mail.changes(&begin).unwrap();
        assert!(!first.is_last);
        assert_eq!(first.heads[0].headers(), Some(vec![("Subject", "Hi")]));
        let second = mail.changes(&first.next).unwrap();
        assert!(second.is_last && second.heads.is_empty(), "what was removed is nobody's concern");
        assert!(mail.changes(&mail.begin("evil", NOW)).is_err());
        let elsewhere = Url::parse("http://elsewhere.example/v1.0/me").unwrap();
        assert!(matches!(mail.changes(&elsewhere), Err(ProviderError::Gone)));
    });
}
