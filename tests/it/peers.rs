//! Against real servers that others wrote. `tests/run` starts them and names them in `LAUNCHYARD_TEST_MAIL`; without
//! that variable there is nothing to test against and these return at once.

mod caldav;
mod crash;
mod deliverability;
mod engines;
mod google;

use std::sync::Arc;
use std::time::Duration;

use launchyard::base::{Clock, ConnectionId, UnixMillis};
use launchyard::providers::imap::{self, HeaderQuery, ImapMailbox, MailboxReader};
use launchyard::providers::mail_server::{Encryption, Login, MailServer};
use launchyard::providers::outbound::{NoLog, Outbound, OutboundRules};
use launchyard::providers::smtp::{self, Outcome, Outgoing, SmtpPool, Timeouts};
use launchyard::providers::Secret;
use lettre::address::Envelope;
use serde_json::Value;

/// The mail servers' description, when they run.
fn mail() -> Option<Value> {
    let file = std::env::var("LAUNCHYARD_TEST_MAIL").ok()?;
    Some(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
}

fn outbound() -> Outbound {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let rules =
        OutboundRules { allow_loopback: true, user_agent: "Launchyard tests".into(), ..OutboundRules::default() };
    Outbound::new(&rules, Clock::system()).unwrap()
}

fn server(mail: &Value, port: &str, encryption: Encryption, password: &str) -> MailServer {
    MailServer {
        host: "localhost".into(),
        port: u16::try_from(mail["ports"][port].as_u64().unwrap()).unwrap(),
        encryption,
        login: Login::Password { user: "ada@example.test".into(), password: Secret::new(password) },
        ca_pem: Some(std::fs::read_to_string(mail["ca_file"].as_str().unwrap()).unwrap()),
    }
}

fn pool(outbound: &Outbound) -> SmtpPool {
    SmtpPool::new(outbound.clone(), "tests.example", Timeouts::default())
}

fn send(pool: &SmtpPool, server: &MailServer, to: &str, subject: &str) -> Outcome {
    let envelope = Envelope::new(Some("ada@example.test".parse().unwrap()), vec![to.parse().unwrap()]).unwrap();
    let mail = format!(
        "From: ada@example.test\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.test>\r\n\
         Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
    );
    let outgoing = Outgoing { envelope: &envelope, message: mail.as_bytes() };
    pool.send(ConnectionId::new(UnixMillis(1)), &Arc::new(server.clone()), outgoing, &NoLog)
}

#[test]
fn a_real_server_takes_a_mail_and_gives_it_back_unread() {
    let Some(mail) = mail() else { return };
    let outbound = outbound();
    let password = mail["users"]["ada@example.test"].as_str().unwrap().to_owned();
    for (port, encryption) in [("submission", Encryption::StartTls), ("submissions", Encryption::Implicit)] {
        let subject = format!("hello-{port}-{}", std::process::id());
        let smtp = server(&mail, port, encryption, &password);
        let sent = send(&pool(&outbound), &smtp, "ada@example.test", &subject);
        assert!(matches!(sent, Outcome::Accepted { .. }), "{port}: {sent:?}");
        let inbox = server(&mail, "imaps", Encryption::Implicit, &password);
        assert!(arrives(&outbound, &inbox, &subject), "{port}");
    }
}

fn arrives(outbound: &Outbound, inbox: &MailServer, subject: &str) -> bool {
    // The delivery agent needs a moment; the wait is on a condition that ends with the mail.
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    (0..50).any(|_| {
        let mut mailbox = ImapMailbox::open(outbound, inbox, &NoLog).unwrap();
        mailbox.examine("INBOX").unwrap();
        let query = HeaderQuery { after_uid: 0, fields: &["SUBJECT"], max_messages: 500, max_bytes_each: 4096 };
        let found = mailbox.headers(query).unwrap();
        mailbox.close();
        let is_there = found.iter().any(|head| String::from_utf8_lossy(&head.bytes).contains(subject));
        if !is_there {
            let _ = never.recv_timeout(Duration::from_millis(200));
        }
        is_there
    })
}

#[test]
fn a_real_server_says_which_step_failed() {
    let Some(mail) = mail() else { return };
    let outbound = outbound();
    let wrong = server(&mail, "submission", Encryption::StartTls, "wrong");
    let steps = smtp::test(&outbound, &wrong, "tests.example");
    let failed: Vec<_> = steps.iter().filter(|step| !step.ok).map(|step| step.name).collect();
    assert_eq!(failed.len(), 1, "{steps:?}");
    let steps = imap::test(&outbound, &server(&mail, "imaps", Encryption::Implicit, "wrong"), "INBOX", &NoLog);
    assert!(steps.iter().any(|step| !step.ok), "{steps:?}");
}
