use std::net::TcpStream;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::{Message, SmtpTransport, Transport};
use serde_json::json;

use super::super::MAIL_PASSWORD;
use super::client::{Client, OWNER};

const INBOUND: &str = "From: Ada <ada@mill.example>\nTo: robin@larkfield.example\nMessage-ID: <a1@mill.example>\nIn-Reply-To: <k1@larkfield.example>\nSubject: Re: Your boiler\n\nNo.\n";

fn transport(client: &Client, password: &str, mechanism: Mechanism) -> SmtpTransport {
    let address = client.sandbox.smtp.unwrap();
    SmtpTransport::builder_dangerous(address.ip().to_string())
        .port(address.port())
        .credentials(Credentials::new(OWNER.into(), password.into()))
        .authentication(vec![mechanism])
        .build()
}

fn mail(from: &str) -> Message {
    let to = "Ada <ada@mill.example>".parse().unwrap();
    Message::builder()
        .from(from.parse().unwrap())
        .to(to)
        .subject("Your boiler")
        .body("..dots\r\n.\r\nend".to_owned())
        .unwrap()
}

fn imap(client: &Client) -> imap::Client<TcpStream> {
    let mut session = imap::Client::new(TcpStream::connect(client.sandbox.imap.unwrap()).unwrap());
    session.read_greeting().unwrap();
    session
}

fn inbox(client: &Client) -> imap::Session<TcpStream> {
    let mut session = imap(client).login(OWNER, MAIL_PASSWORD).map_err(|(error, _)| error).unwrap();
    session.examine("INBOX").unwrap();
    session
}

#[test]
fn a_mail_sent_by_smtp_arrives_as_it_was_written() {
    let client = Client::start();
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        transport(&client, MAIL_PASSWORD, mechanism).send(&mail(OWNER)).unwrap();
    }
    let arrived = client.mails_of("ada@mill.example");
    assert_eq!(arrived.len(), 2);
    assert!(arrived[0]["raw"].as_str().unwrap().ends_with("..dots\r\n.\r\nend\r\n"));
}

#[test]
fn smtp_refuses_with_the_code_that_says_why() {
    let client = Client::start();
    let code = |transport: &SmtpTransport, from: &str| transport.send(&mail(from)).unwrap_err().status().map(u16::from);
    assert_eq!(code(&transport(&client, "guess", Mechanism::Plain), OWNER), Some(535));
    let right = transport(&client, MAIL_PASSWORD, Mechanism::Plain);
    assert_eq!(code(&right, "boss@bank.example"), Some(553));
    client.control("faults", &json!({"match": "SMTP RCPT", "status": 450}));
    assert_eq!(code(&right, OWNER), Some(450));
    assert!(client.mails_of("ada@mill.example").is_empty());
    client.control("faults", &json!({"match": "SMTP DATA", "drop": true, "after": true}));
    assert_eq!(code(&right, OWNER), None, "no answer at all");
    assert_eq!(client.mails_of("ada@mill.example").len(), 1, "but it was sent");
    client.control("faults", &json!({"match": "SMTP DATA", "delay_ms": 20}));
    right.send(&mail(OWNER)).unwrap();
    assert_eq!(client.mails_of("ada@mill.example").len(), 2, "late is not refused");
}

#[test]
fn new_mail_is_found_by_uid_and_read_without_marking_it() {
    let client = Client::start();
    for _ in 0..3 {
        client.control("mail", &json!({"to": OWNER, "raw": INBOUND}));
    }
    let mut session = inbox(&client);
    assert_eq!(session.uid_search("UID 2:* UNSEEN").unwrap(), [2, 3].into());
    assert_eq!(session.uid_search("HEADER In-Reply-To k1@larkfield.example SINCE 23-Nov-2026").unwrap().len(), 3);
    assert_eq!(session.uid_search("NOT (FROM ada) SUBJECT boiler").unwrap().len(), 0);

    let headers = session.uid_fetch("2:3", "(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID FROM)])").unwrap();
    assert_eq!(headers.iter().map(|mail| mail.uid).collect::<Vec<_>>(), [Some(2), Some(3)]);
    let header = headers.iter().next().unwrap().header().unwrap().to_vec();
    assert_eq!(header, b"From: Ada <ada@mill.example>\r\nMessage-ID: <a1@mill.example>\r\n\r\n");

    let beginning = session.uid_fetch("9:*", "BODY.PEEK[]<0.9>").unwrap();
    let last = beginning.iter().next().unwrap();
    assert_eq!((last.uid, beginning.len()), (Some(3), 1), "a range to the end holds the last mail");
    let whole = session.uid_fetch("1", "(FLAGS INTERNALDATE BODY.PEEK[])").unwrap();
    let whole = whole.iter().next().unwrap();
    assert!(whole.body().unwrap().ends_with(b"\r\n\r\nNo.\r\n") && whole.flags().is_empty());
    assert_eq!(whole.internal_date().unwrap().timestamp(), client.clock.now().as_seconds());
    assert_eq!(session.uid_search("UNSEEN").unwrap().len(), 3, "nothing was marked");
    session.logout().unwrap();
}

#[test]
fn a_folder_says_when_its_uids_are_worth_nothing_any_more() {
    let client = Client::start();
    let mut session = inbox(&client);
    let before = session.examine("INBOX").unwrap();
    client.control("expire", &json!({"what": "uids", "email": OWNER}));
    let after = session.examine("INBOX").unwrap();
    assert_eq!((before.exists, before.uid_next), (0, Some(1)));
    assert_ne!(before.uid_validity, after.uid_validity);
    assert!(session.examine("Nowhere").is_err());
}

#[test]
fn imap_lets_nobody_in_without_the_password() {
    let client = Client::start();
    for (name, password) in [(OWNER, "guess"), ("nobody@larkfield.example", MAIL_PASSWORD)] {
        let refused = imap(&client).login(name, password);
        assert!(matches!(refused, Err((imap::Error::No(_), _))), "{name} {password}");
    }
}

#[test]
fn a_sent_copy_can_be_filed_and_read_marks_are_kept() {
    let client = Client::start();
    let mut session = inbox(&client);
    session.append("Sent", INBOUND.replace('\n', "\r\n").as_bytes()).finish().unwrap();
    session.select("Sent").unwrap();
    assert_eq!(session.uid_search("ALL").unwrap().len(), 1);
    client.control("mail", &json!({"to": OWNER, "raw": INBOUND}));
    session.select("INBOX").unwrap();
    session.uid_store("1:*", "+FLAGS (\\Seen)").unwrap();
    assert!(session.uid_search("UNSEEN").unwrap().is_empty());
    assert_eq!(session.list(None, Some("*")).unwrap().len(), 4);
}

#[test]
fn a_waiting_client_is_told_of_new_mail() {
    let client = Client::start();
    let mut session = inbox(&client);
    client.control("mail", &json!({"to": OWNER, "raw": INBOUND}));
    let mut idle = session.idle();
    idle.timeout(std::time::Duration::from_secs(20)).keepalive(false);
    let told = idle.wait_while(|response| !matches!(response, imap::types::UnsolicitedResponse::Exists(1))).unwrap();
    assert_eq!(told, imap::extensions::idle::WaitOutcome::MailboxChanged);
}

#[test]
fn the_record_tells_which_mails_a_client_opened_but_no_password() {
    let client = Client::start();
    client.control("mail", &json!({"to": OWNER, "raw": INBOUND}));
    transport(&client, MAIL_PASSWORD, Mechanism::Plain).send(&mail(OWNER)).unwrap();
    let mut session = inbox(&client);
    session.uid_fetch("1", "BODY.PEEK[]").unwrap();
    session.noop().unwrap();
    let record = client.get("/control/mail-commands", "").text;
    let commands: Vec<serde_json::Value> = record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |protocol: &str, command: &str| {
        commands.contains(&json!({"protocol": protocol, "account": OWNER, "command": command}))
    };
    assert!(has("IMAP", "UID FETCH 1 BODY.PEEK[]") && has("SMTP", "RCPT TO:<ada@mill.example>"), "{record}");
    assert!(!record.contains(MAIL_PASSWORD));
}

#[test]
fn a_folder_that_cannot_be_opened_says_so() {
    let client = Client::start();
    let mut session = imap(&client).login(OWNER, MAIL_PASSWORD).map_err(|(error, _)| error).unwrap();
    client.control("faults", &json!({"match": "IMAP EXAMINE", "times": 1}));
    assert!(matches!(session.examine("INBOX"), Err(imap::Error::No(_))));
    client.control("faults", &json!({"match": "IMAP EXAMINE", "drop": true}));
    assert!(matches!(session.examine("INBOX"), Err(imap::Error::ConnectionLost | imap::Error::Io(_))));
}
