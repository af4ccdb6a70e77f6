//! What is read from a mailbox, and that nothing in it is changed.

use super::*;
use crate::providers::mail_server::Encryption;
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, Act, Script, NOW};
use crate::providers::Secret;

const HELLO: [Act; 3] =
    [Act::Say("* OK ready"), Act::Expect("a1 CAPABILITY"), Act::Say("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK done")];
const LOGIN: [Act; 4] = [
    Act::Expect("a2 AUTHENTICATE PLAIN"),
    Act::Say("+ "),
    // \0ada\0pässword
    Act::Expect("AGFkYQBww6Rzc3dvcmQ="),
    Act::Say("a2 OK in"),
];
const EXAMINE: [Act; 2] = [
    Act::Expect("a3 EXAMINE \"INBOX\""),
    Act::Say("* 12 EXISTS\r\n* OK [UIDVALIDITY 99] ok\r\n* OK [uidnext 31] next\r\na3 OK [READ-ONLY] done"),
];

fn server(port: u16) -> MailServer {
    let login = Login::Password { user: "ada".into(), password: Secret::new("pässword") };
    MailServer { host: "127.0.0.1".into(), port, encryption: Encryption::Plain, login, ca_pem: None }
}

/// Runs `test` on a mailbox whose server goes on with `acts` after the login.
fn with_mailbox<T>(acts: &[&[Act]], test: impl FnOnce(&mut ImapMailbox<'_>) -> T) -> T {
    let script = Script::start(vec![[&HELLO[..], &LOGIN, &acts.concat()].concat()]);
    let outbound = outbound();
    let mut mailbox = ImapMailbox::open(&outbound, &server(script.port), &NoLog).unwrap();
    test(&mut mailbox)
}

#[test]
fn a_folder_is_opened_read_only_and_tells_its_numbers() {
    let state = with_mailbox(&[&EXAMINE], |mailbox| mailbox.examine("INBOX")).unwrap();
    assert_eq!(state, FolderState { uid_validity: 99, uid_next: 31, messages: 12 });
    let missing = [Act::Expect("a3 EXAMINE \"Nope\""), Act::Say("a3 NO [NONEXISTENT] no such")];
    assert_eq!(with_mailbox(&[&missing], |mailbox| mailbox.examine("Nope")), Err(ProviderError::NotFound));
    assert_eq!(with_mailbox(&[], |mailbox| mailbox.examine("a\r\nb")), Err(ProviderError::NotFound));
    let busy = [Act::Expect("a3"), Act::Say("a3 NO [UNAVAILABLE] later")];
    let result = with_mailbox(&[&busy], |mailbox| mailbox.examine("INBOX"));
    assert!(matches!(result, Err(ProviderError::Retry { .. })), "{result:?}");
}

#[test]
fn new_headers_are_peeked_at_in_order_and_old_mail_is_left_out() {
    let acts = [
        Act::Expect("a3 UID SEARCH UID 21:*"),
        Act::Say("* SEARCH 25 23\r\na3 OK"),
        Act::Expect("a4 UID FETCH 23,25 (UID BODY.PEEK[HEADER.FIELDS (FROM REFERENCES)]<0.8>)"),
        Act::Say("* 3 FETCH (BODY[HEADER.FIELDS (FROM REFERENCES)]<0> {10}\r\nFrom: bbbb UID 25)"),
        Act::Say("* 9 EXISTS\r\n* 2 FETCH (UID 23 BODY[HEADER.FIELDS (FROM REFERENCES)]<0> \"From: a\")\r\na4 OK"),
    ];
    let query = HeaderQuery { after_uid: 20, fields: &["FROM", "REFERENCES"], max_messages: 10, max_bytes_each: 8 };
    let found = with_mailbox(&[&acts], |mailbox| mailbox.headers(query)).unwrap();
    let seen: Vec<_> =
        found.iter().map(|block| (block.uid, String::from_utf8_lossy(&block.bytes).into_owned())).collect();
    assert_eq!(seen, [(23, "From: a".to_owned()), (25, "From: bb".to_owned())]);
    let only_old = [Act::Expect("a3 UID SEARCH UID 21:*"), Act::Say("* SEARCH 20\r\na3 OK")];
    assert_eq!(with_mailbox(&[&only_old], |mailbox| mailbox.headers(query)), Ok(vec![]), "n:* names the last mail");
}

#[test]
fn a_message_is_peeked_at_up_to_a_limit() {
    let acts = [
        Act::Expect("a3 UID FETCH 7 (UID BODY.PEEK[]<0.100>)"),
        Act::Say("* 1 FETCH (UID 7 BODY[]<0> {4}\r\nabcd)\r\na3 OK"),
    ];
    assert_eq!(with_mailbox(&[&acts], |mailbox| mailbox.message(7, 100)), Ok(b"abcd".to_vec()));
    let gone = [Act::Expect("a3"), Act::Say("a3 OK nothing")];
    assert_eq!(with_mailbox(&[&gone], |mailbox| mailbox.message(7, 100)), Err(ProviderError::NotFound));
    let flood = [Act::Expect("a3"), Act::Say("* 1 FETCH (UID 7 BODY[] {900000000}\r\n"), Act::Flood];
    let result = with_mailbox(&[&flood], |mailbox| mailbox.message(7, 100));
    assert!(matches!(result, Err(ProviderError::Retry { .. })), "{result:?}");
}

#[test]
fn folders_tell_what_they_are_for() {
    let acts = [
        Act::Expect("a3 LIST \"\" \"*\""),
        Act::Say("* LIST (\\HasNoChildren) \"/\" inbox\r\n* LIST (\\Junk) \"/\" \"Sp&AOQ-m\""),
        Act::Say("* LIST (\\sent) NIL {5}\r\nSent \r\n* LIST (\\Noselect) \".\" x\r\na3 OK"),
    ];
    let found = with_mailbox(&[&acts], |mailbox| mailbox.folders()).unwrap();
    let seen: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.selectable, f.special)).collect();
    let expected = [
        ("inbox", true, Some(SpecialUse::Inbox)),
        ("Sp&AOQ-m", true, Some(SpecialUse::Junk)),
        ("Sent ", true, Some(SpecialUse::Sent)),
        ("x", false, None),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn starting_over_asks_by_day() {
    let acts = [Act::Expect("a3 UID SEARCH SINCE 24-Nov-2026"), Act::Say("* SEARCH 4 2\r\n* SEARCH\r\na3 OK")];
    assert_eq!(with_mailbox(&[&acts], |mailbox| mailbox.uids_since(NOW)), Ok(vec![2, 4]));
}

#[test]
fn a_refused_login_asks_for_the_owner_and_a_broken_line_does_not() {
    let refused = [Act::Expect("a2"), Act::Say("+ "), Act::Expect(""), Act::Say("a2 NO [AUTHENTICATIONFAILED] no")];
    let busy = [Act::Expect("a2"), Act::Say("+ "), Act::Expect(""), Act::Say("a2 NO [UNAVAILABLE] later")];
    type Fits = fn(&ProviderError) -> bool;
    let cases: [(&[Act], Fits); 3] = [
        (&refused, |error| matches!(error, ProviderError::Reconnect { .. })),
        (&busy, |error| matches!(error, ProviderError::Retry { .. })),
        (&[], |error| matches!(error, ProviderError::Retry { .. })),
    ];
    for (acts, fits) in cases {
        let script = Script::start(vec![[&HELLO[..], acts].concat()]);
        let outbound = outbound();
        let error = ImapMailbox::open(&outbound, &server(script.port), &NoLog).map(|_| ()).unwrap_err();
        assert!(fits(&error), "{error:?}");
    }
}

#[test]
fn a_refused_access_token_is_to_be_refreshed() {
    let token = [
        Act::Expect("a2 AUTHENTICATE XOAUTH2"),
        Act::Say("+ "),
        // user=ada^Aauth=Bearer at^A^A
        Act::Expect("dXNlcj1hZGEBYXV0aD1CZWFyZXIgYXQBAQ=="),
        Act::Say("+ eyJzdGF0dXMiOiI0MDAifQ=="),
        Act::Expect("\r\n"),
        Act::Say("a2 NO [AUTHENTICATIONFAILED] expired"),
    ];
    let script = Script::start(vec![[&HELLO[..], &token].concat()]);
    let login = Login::OAuth { user: "ada".into(), access_token: Secret::new("at") };
    let server = MailServer { login, ..server(script.port) };
    let outbound = outbound();
    let result = ImapMailbox::open(&outbound, &server, &NoLog).map(|_| ());
    assert_eq!(result, Err(ProviderError::TokenRefused));
}

proptest::proptest! {
    #[test]
    fn no_answer_whatever_its_bytes_brings_the_reader_down(bytes: Vec<u8>, text in "[ ()\\[\\]{}\"<>*a-zA-Z0-9\\\\+~\r\n]{0,200}") {
        for raw in [&bytes[..], text.as_bytes(), format!("* LIST {text}\r\n").as_bytes(), format!("* 1 FETCH ({text}\r\n").as_bytes()] {
            let read = |raw: &[u8]| Answer::read(&mut &raw[..]).ok();
            read(raw).and_then(folder);
            read(raw).and_then(fetched);
        }
    }
}

#[test]
fn a_hostile_answer_is_an_error_not_a_crash() {
    let brackets: &'static str = Box::leak(format!("* 1 FETCH {}", "(".repeat(300_000)).into_boxed_str());
    let acts = [Act::Expect("a3"), Act::Say(brackets), Act::Say("a3 OK")];
    assert_eq!(with_mailbox(&[&acts], |mailbox| mailbox.message(7, 1_000_000)), Err(ProviderError::NotFound));
    let nonsense = [Act::Expect("a3"), Act::Say("what?")];
    let result = with_mailbox(&[&nonsense], |mailbox| mailbox.folders());
    assert!(matches!(result, Err(ProviderError::Rejected { .. })), "{result:?}");
}

#[test]
fn a_test_names_the_step_that_failed() {
    let run = |acts: &[&[Act]]| {
        let script = Script::start(vec![acts.concat()]);
        let steps = super::test(&outbound(), &server(script.port), "INBOX", &NoLog);
        steps.iter().map(|step| (step.name, step.ok)).collect::<Vec<_>>()
    };
    use StepName::{Dns, Folder, Login, Tcp, Tls};
    let missing = [Act::Expect("a3"), Act::Say("a3 NO none")];
    assert_eq!(
        run(&[&HELLO, &LOGIN, &EXAMINE]),
        [(Dns, true), (Tcp, true), (Tls, true), (Login, true), (Folder, true)]
    );
    assert_eq!(run(&[&HELLO, &LOGIN, &missing])[4], (Folder, false));
    assert_eq!(run(&[&HELLO, &[Act::Expect("a2"), Act::Say("a2 NO bad")]])[3], (Login, false));
    assert_eq!(run(&[&[Act::Say("220 smtp.example")]]), [(Dns, true), (Tcp, false)]);
}
