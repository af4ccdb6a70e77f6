//! What comes of a mail when its server behaves and when it does not.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::base::ConnectionId;
use crate::providers::mail_server::{Encryption, Login};
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, Act, Script};
use crate::providers::Secret;

const HELLO: [Act; 3] = [Act::Say("220 mx"), Act::Expect("EHLO"), Act::Say("250-mx\r\n250-8BITMIME\r\n250 AUTH PLAIN")];
const LOGIN: [Act; 2] = [Act::Expect("AUTH PLAIN"), Act::Say("235 2.7.0 in")];
const MAIL: [Act; 2] = [Act::Expect("MAIL FROM:<us@example.com>"), Act::Say("250 ok")];
const RCPT: [Act; 2] = [Act::Expect("RCPT TO:<ada@example.org>"), Act::Say("250 ok")];
const DATA: [Act; 2] = [Act::Expect("DATA"), Act::Say("354 go")];

fn script(parts: &[&[Act]]) -> Vec<Act> {
    parts.concat()
}

fn server(port: u16) -> Arc<MailServer> {
    let login = Login::Password { user: "us".into(), password: Secret::new("pw") };
    Arc::new(MailServer { host: "127.0.0.1".into(), port, encryption: Encryption::Plain, login, ca_pem: None })
}

fn envelope() -> Envelope {
    Envelope::new("us@example.com".parse().ok(), vec!["ada@example.org".parse().unwrap()]).unwrap()
}

fn pool() -> SmtpPool {
    SmtpPool::new(outbound(), "us.example", Timeouts { command: Duration::from_secs(5), ..Timeouts::default() })
}

fn id() -> ConnectionId {
    ConnectionId(uuid::Uuid::from_u128(7))
}

fn send(pool: &SmtpPool, port: u16, message: &[u8]) -> Outcome {
    pool.send(id(), &server(port), Outgoing { envelope: &envelope(), message }, &NoLog)
}

/// What comes of a small mail when the server follows `acts` on its only connection.
fn outcome(acts: &[&[Act]]) -> Outcome {
    let script = Script::start(vec![script(acts)]);
    send(&pool(), script.port, b"Subject: x\r\n\r\nhi\r\n")
}

#[test]
fn a_mail_is_accepted_when_the_server_has_answered_the_final_dot() {
    let done = outcome(&[&HELLO, &LOGIN, &MAIL, &RCPT, &DATA, &[Act::Body, Act::Say("250 2.0.0 queued as 7")]]);
    assert_eq!(done, Outcome::Accepted { response: "250 2.0.0 queued as 7".into() });
}

#[test]
fn a_refusal_is_told_by_its_phase_and_by_whether_it_passes() {
    type Row<'a> = (&'a str, Vec<&'a [Act]>, bool, Phase, Option<u16>, Option<&'a str>);
    let rset = [Act::Expect("RSET"), Act::Say("250 ok")];
    let mail_454 = [Act::Expect("MAIL"), Act::Say("454 4.7.0 throttled")];
    let mail_553 = [Act::Expect("MAIL"), Act::Say("553 5.7.1 not your address")];
    let rcpt_450 = [Act::Expect("RCPT"), Act::Say("450 4.2.0 greylisted")];
    let rcpt_550 = [Act::Expect("RCPT"), Act::Say("550-5.1.1 no\r\n550 5.1.1 such user")];
    let data_452 = [Act::Expect("DATA"), Act::Say("452 4.3.1 full")];
    let after_451 = [Act::Body, Act::Say("451 4.3.0 later")];
    let after_554 = [Act::Body, Act::Say("554 5.7.1 spam")];
    let rows: Vec<Row<'_>> = vec![
        ("throttled", vec![&HELLO, &LOGIN, &mail_454, &rset], true, Phase::Sender, Some(454), Some("4.7.0")),
        ("sender", vec![&HELLO, &LOGIN, &mail_553, &rset], false, Phase::Sender, Some(553), Some("5.7.1")),
        ("greylisted", vec![&HELLO, &LOGIN, &MAIL, &rcpt_450, &rset], true, Phase::Recipient, Some(450), Some("4.2.0")),
        (
            "no such user",
            vec![&HELLO, &LOGIN, &MAIL, &rcpt_550, &rset],
            false,
            Phase::Recipient,
            Some(550),
            Some("5.1.1"),
        ),
        (
            "disk full",
            vec![&HELLO, &LOGIN, &MAIL, &RCPT, &data_452, &rset],
            true,
            Phase::Data,
            Some(452),
            Some("4.3.1"),
        ),
        ("later", vec![&HELLO, &LOGIN, &MAIL, &RCPT, &DATA, &after_451], true, Phase::Data, Some(451), Some("4.3.0")),
        ("spam", vec![&HELLO, &LOGIN, &MAIL, &RCPT, &DATA, &after_554], false, Phase::Data, Some(554), Some("5.7.1")),
    ];
    for (name, acts, passes, expected_phase, expected_code, expected_enhanced) in rows {
        match (outcome(&acts), passes) {
            (Outcome::Retry { phase, code, enhanced, .. }, true)
            | (Outcome::Rejected { phase, code, enhanced, .. }, false) => {
                assert_eq!(
                    (phase, code, enhanced.as_deref()),
                    (expected_phase, expected_code, expected_enhanced),
                    "{name}"
                );
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_line_cut_after_the_final_dot_leaves_the_outcome_unknown() {
    let endings: [&[Act]; 4] = [
        &[Act::Body],
        &[Act::Body, Act::Say("250-half a reply")],
        &[Act::Body, Act::Say("hello?")],
        &[Act::Body, Act::Say("354 again")],
    ];
    for ending in endings {
        let result = outcome(&[&HELLO, &LOGIN, &MAIL, &RCPT, &DATA, ending]);
        assert!(matches!(result, Outcome::Unknown { .. }), "{result:?}");
    }
}

#[test]
fn a_line_cut_before_the_final_dot_means_not_sent() {
    // Larger than the socket's buffers, so that the break is noticed while the mail is still on its way.
    let large = b"0123456789abcdef\r\n".repeat(1_000_000);
    let script = Script::start(vec![script(&[&HELLO, &LOGIN, &MAIL, &RCPT, &DATA, &[Act::Read(1000), Act::Reset]])]);
    let result = send(&pool(), script.port, &large);
    assert!(matches!(&result, Outcome::Retry { reason, .. } if reason.contains("before the end")), "{result:?}");
}

#[test]
fn a_line_cut_earlier_means_not_sent() {
    let cuts: [Vec<&[Act]>; 4] =
        [vec![&[]], vec![&HELLO], vec![&HELLO, &LOGIN], vec![&HELLO, &LOGIN, &MAIL, &RCPT, &[Act::Expect("DATA")]]];
    for acts in cuts {
        let result = outcome(&acts);
        assert!(matches!(result, Outcome::Retry { phase: Phase::Connect, .. }), "{result:?}");
    }
}

#[test]
fn a_refused_login_makes_the_mailbox_unusable_and_a_busy_one_does_not() {
    let refused = outcome(&[&HELLO, &[Act::Expect("AUTH"), Act::Say("535 5.7.8 bad credentials")]]);
    assert!(matches!(refused, Outcome::Unusable { step: StepName::Login, .. }), "{refused:?}");
    let unasked = outcome(&[&HELLO, &LOGIN, &[Act::Expect("MAIL"), Act::Say("530 5.7.0 sign in first")]]);
    assert!(matches!(unasked, Outcome::Unusable { step: StepName::Login, .. }), "{unasked:?}");
    let busy = outcome(&[&HELLO, &[Act::Expect("AUTH"), Act::Say("454 4.7.0 try later")]]);
    assert!(matches!(busy, Outcome::Retry { .. }), "{busy:?}");
}

#[test]
fn a_connection_is_kept_and_replaced_when_it_has_died_meanwhile() {
    let mail = script(&[&MAIL, &RCPT, &DATA, &[Act::Body, Act::Say("250 ok")]]);
    let bye = [Act::Expect("MAIL"), Act::Say("421 4.4.2 idle too long")];
    let script = Script::start(vec![script(&[&HELLO, &LOGIN, &mail, &mail, &bye]), script(&[&HELLO, &LOGIN, &mail])]);
    let pool = pool();
    for _ in 0..3 {
        assert_eq!(send(&pool, script.port, b"x"), Outcome::Accepted { response: "250 ok".into() });
    }
    assert_eq!(script.connections(), 2);
}

#[test]
fn an_offer_to_pipeline_is_taken_and_a_refusal_still_told_by_its_phase() {
    let hello = [Act::Say("220 mx"), Act::Expect("EHLO"), Act::Say("250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN")];
    let both = [
        Act::Expect("MAIL"),
        Act::Expect("RCPT"),
        Act::Say("250 ok\r\n550 5.1.1 nobody"),
        Act::Expect("RSET"),
        Act::Say("250 ok"),
    ];
    let result = outcome(&[&hello, &LOGIN, &both]);
    assert!(matches!(result, Outcome::Rejected { phase: Phase::Recipient, .. }), "{result:?}");
}

#[test]
fn a_password_is_never_sent_over_a_plain_line() {
    let script = Script::start(vec![script(&[&HELLO])]);
    let mut settings = (*server(script.port)).clone();
    settings.encryption = Encryption::StartTls;
    let settings = Arc::new(settings);
    let result = pool().send(id(), &settings, Outgoing { envelope: &envelope(), message: b"x" }, &NoLog);
    assert!(matches!(result, Outcome::Unusable { step: StepName::Tls, .. }), "{result:?}");
    let mut public = (*settings).clone();
    (public.host, public.encryption) = ("mail.example.com".into(), Encryption::Plain);
    let result = pool().send(id(), &Arc::new(public), Outgoing { envelope: &envelope(), message: b"x" }, &NoLog);
    assert!(matches!(result, Outcome::Unusable { step: StepName::Tls, .. }), "{result:?}");
}

#[test]
fn a_test_names_the_step_that_failed() {
    let names = |steps: &[Step]| steps.iter().map(|step| (step.name, step.ok)).collect::<Vec<_>>();
    use StepName::{Dns, Login as LoginStep, Tcp, Tls};
    let good = Script::start(vec![script(&[&HELLO, &LOGIN, &[Act::Expect("QUIT")]])]);
    let steps = super::test(&outbound(), &server(good.port), "us.example");
    assert_eq!(names(&steps), [(Dns, true), (Tcp, true), (Tls, true), (LoginStep, true)]);
    let wrong = Script::start(vec![script(&[&HELLO, &[Act::Expect("AUTH"), Act::Say("535 no")]])]);
    let steps = super::test(&outbound(), &server(wrong.port), "us.example");
    assert_eq!(names(&steps), [(Dns, true), (Tcp, true), (Tls, true), (LoginStep, false)]);
    let odd = Script::start(vec![vec![Act::Say("HTTP/1.1 400 Bad Request")]]);
    let steps = super::test(&outbound(), &server(odd.port), "us.example");
    assert_eq!(names(&steps), [(Dns, true), (Tcp, false)]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let steps = super::test(&outbound(), &server(closed), "us.example");
    assert_eq!(names(&steps), [(Dns, true), (Tcp, false)]);
    assert!(steps[1].words.contains("Check the port"), "{}", steps[1].words);
    let mut implicit = (*server(good.port)).clone();
    implicit.encryption = Encryption::Implicit;
    let plain = Script::start(vec![vec![Act::Say("220 mx"), Act::Read(1)]]);
    implicit.port = plain.port;
    assert_eq!(names(&super::test(&outbound(), &implicit, "us.example")), [(Dns, true), (Tcp, true), (Tls, false)]);
}
