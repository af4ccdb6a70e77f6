use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{json, Value};

use super::client::{Client, OWNER};
use crate::sandbox::people::leads_csv;

const DAY: u64 = 86_400;

fn leads() -> Vec<String> {
    leads_csv("http://127.0.0.1:1").lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

fn outreach(to: &str, extra: &str) -> String {
    format!("From: Robin Larkfield <{OWNER}>\nTo: {to}\nDate: Mon, 23 Nov 2026 09:00:00 +0000\nMessage-ID: <k-{to}>\nSubject: Your heating\n{extra}\nHello, is your building warm?\n\nRobin\n")
}

/// An answer of ours in the conversation that `theirs` belongs to.
fn answer(theirs: &Value, text: &str) -> String {
    let (from, id) = (theirs["from"].as_str().unwrap(), theirs["message_id"].as_str().unwrap());
    format!("From: Robin Larkfield <{OWNER}>\nTo: {from}\nMessage-ID: <n-{id}>\nIn-Reply-To: <{id}>\nReferences: <{id}>\nSubject: Re: Your heating\n\n{text}\n")
}

/// What came into the owner's box; what was sent from it stands there too.
fn arrived(client: &Client) -> Vec<Value> {
    let mut mails = client.mails_of(OWNER);
    mails.retain(|mail| mail["labels"].as_array().unwrap().contains(&json!("INBOX")));
    mails
}

fn from<'a>(mails: &'a [Value], address: &str) -> Vec<&'a Value> {
    mails.iter().filter(|mail| mail["from"] == address).collect()
}

/// What a person wrote, without the quote: the first part as a client would show it.
fn words(mail: &Value) -> String {
    crate::sandbox::mail::mime::text_of(mail["raw"].as_str().unwrap().as_bytes())
}

fn advance(client: &Client, seconds: u64) {
    assert_eq!(client.control("clock", &json!({"advance_seconds": seconds})).status, 200);
}

#[test]
fn each_person_answers_the_first_mail_in_character() {
    let client = Client::with_people(true);
    let token = client.token(&["gmail.send", "gmail.readonly"]);
    for lead in leads() {
        assert_eq!(client.send_mail(&token, &outreach(&lead, "")).status, 200, "{lead}");
    }
    advance(&client, 3 * DAY);
    let inbox = arrived(&client);
    let cases = [
        ("maren@pension-deichblick.example", Some("Moin Robin,")),
        ("tom@ashdown-lettings.example", Some("Tuesday around half ten?")),
        ("priya.raman@lakeview-school.example", Some("Please send me a few times")),
        ("lucia@panaderia-ferrer.example", Some("no nos interesa")),
        ("g.pike@pike-haulage.example", Some("take me off your list")),
        ("claire.dubreuil@hotel-des-tilleuls.example", Some("de retour le samedi 28 novembre")),
        ("h.vogt@vogt-metallbau.example", Some("sabine.krueger@vogt-metallbau.example")),
        ("aoife@brennan-gardens.example", Some("Try me again in March")),
        ("walter.simms@simms-accountants.example", None),
        ("beatrice@holm-dental.example", Some("Please unsubscribe me.")),
        ("e.marchal@marchal-syndic.example", Some("proposer quelques créneaux")),
        ("k.weiss@gaertnerei-weiss.example", Some("Donnerstagnachmittag")),
        ("diego@gimnasio-arce.example", None),
    ];
    for (person, expected) in cases {
        let heard = from(&inbox, person);
        assert_eq!(heard.len(), usize::from(expected.is_some()), "{person}");
        if let (Some(mail), Some(expected)) = (heard.first(), expected) {
            assert!(words(mail).contains(expected), "{person}: {}", words(mail));
        }
    }
    let reports: Vec<String> = from(&inbox, "mailer-daemon@googlemail.com")
        .iter()
        .map(|mail| mail["raw"].as_str().unwrap().to_owned())
        .collect();
    for (address, status) in
        [("rupert.vane@harbour-storage.example", "5.1.1"), ("ignacio@talleres-salvat.example", "4.2.2")]
    {
        let report = reports.iter().find(|report| report.contains(&format!("X-Failed-Recipients: {address}"))).unwrap();
        assert!(report.contains(&format!("Status: {status}\r\n")), "{address}");
    }
    assert_eq!(inbox.len(), 13, "and nobody wrote twice");
    let threads: std::collections::BTreeSet<&str> =
        inbox.iter().map(|mail| mail["thread_id"].as_str().unwrap()).collect();
    assert_eq!(threads.len(), 13, "each in the thread of the mail it answers");
}

#[test]
fn the_same_run_gives_the_same_answers_at_the_same_instants() {
    let run = || {
        let client = Client::with_people(true);
        let token = client.token(&["gmail.send"]);
        for lead in leads() {
            client.send_mail(&token, &outreach(&lead, ""));
        }
        advance(&client, 2 * DAY);
        let inbox = arrived(&client);
        inbox.iter().map(|mail| (mail["at"].clone(), mail["raw"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn people_pick_a_time_that_is_offered_and_thank_for_the_invitation() {
    let offer = "How about one of these?\n\n- Wednesday 25 November, 10:30-11:00\n- Thursday 26 November, 14:00-14:30\n- Friday 27 November, 11:00-11:30";
    let cases = [
        (
            "maren@pension-deichblick.example",
            "Mittwoch, 25. November, um 10:30 Uhr passt mir gut.",
            "Danke, der Termin",
        ),
        ("tom@ashdown-lettings.example", "Wednesday 25 November at 10:30 it is.", "Got it"),
        ("priya.raman@lakeview-school.example", "Thursday 26 November at 14:00 works for me.", "Thank you"),
        ("e.marchal@marchal-syndic.example", "jeudi 26 novembre à 14h me convient.", "Parfait"),
    ];
    let client = Client::with_people(true);
    let token = client.token(&["gmail.send"]);
    for (person, _, _) in cases {
        client.send_mail(&token, &outreach(person, ""));
    }
    advance(&client, DAY);
    let first = arrived(&client);
    let token = client.token(&["gmail.send"]);
    for (person, _, _) in cases {
        client.send_mail(&token, &answer(from(&first, person)[0], offer));
    }
    advance(&client, DAY);
    let second = arrived(&client);
    let token = client.token(&["calendar.events"]);
    for (number, (person, says, _)) in cases.iter().enumerate() {
        let said = words(from(&second, person)[1]);
        assert!(said.contains(says), "{person}: {said}");
        let event = json!({
            "id": format!("booking{number}"), "summary": "Call",
            "start": {"dateTime": "2026-11-25T10:30:00Z"}, "end": {"dateTime": "2026-11-25T11:00:00Z"},
            "attendees": [{"email": person}],
        });
        assert_eq!(
            client.post("/google/calendar/v3/calendars/primary/events?sendUpdates=all", &token, &event).status,
            200
        );
    }
    advance(&client, DAY);
    let third = arrived(&client);
    let token = client.token(&["calendar.events"]);
    for (number, (person, _, thanks)) in cases.iter().enumerate() {
        let all = from(&third, person);
        assert!(words(all[2]).contains(thanks), "{person}");
        assert_eq!((all.len(), &all[2]["thread_id"]), (3, &all[0]["thread_id"]), "{person}: one conversation");
        let path = format!("/google/calendar/v3/calendars/primary/events/booking{number}");
        assert_eq!(client.get(&path, &token).json["attendees"][0]["responseStatus"], "accepted", "{person}");
    }
}

#[test]
fn answers_come_in_office_hours_and_machines_answer_at_once() {
    let client = Client::with_people(true);
    advance(&client, 4 * DAY + 12 * 3_600); // Friday, nine in the evening in London
    let token = client.token(&["gmail.send"]);
    let token =
        if client.get("/google/v1/userinfo", &token).status == 401 { client.token(&["gmail.send"]) } else { token };
    for lead in leads() {
        client.send_mail(&token, &outreach(&lead, ""));
    }
    advance(&client, 2 * DAY);
    let weekend = arrived(&client);
    let mut who: Vec<&str> = weekend.iter().map(|mail| mail["from"].as_str().unwrap()).collect();
    who.sort_unstable();
    let machines = [
        "beatrice@holm-dental.example",
        "claire.dubreuil@hotel-des-tilleuls.example",
        "mailer-daemon@googlemail.com",
        "mailer-daemon@googlemail.com",
        "priya.raman@lakeview-school.example",
    ];
    assert_eq!(who, machines, "in America it was still afternoon");
    advance(&client, DAY);
    assert_eq!(arrived(&client).len(), 13, "the others on Monday");
}

#[test]
fn one_click_unsubscribing_posts_to_the_address_in_the_mail() {
    let client = Client::with_people(true);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let product = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        let mut chunk = [0; 1024];
        while !received.ends_with(b"List-Unsubscribe=One-Click") {
            let length = stream.read(&mut chunk).unwrap();
            received.extend_from_slice(&chunk[..length]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(received).unwrap()
    });
    let token = client.token(&["gmail.send"]);
    let extra = format!("List-Unsubscribe: <mailto:out@larkfield.example>, <http://{address}/u/abc>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n");
    client.send_mail(&token, &outreach("beatrice@holm-dental.example", &extra));
    advance(&client, DAY);
    let request = product.join().unwrap();
    assert!(request.starts_with("POST /u/abc HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n") && !request.contains("cookie"));
    assert!(arrived(&client).is_empty(), "no mail besides");
}

#[test]
fn an_address_elsewhere_is_never_called() {
    let client = Client::with_people(true);
    let token = client.token(&["gmail.send"]);
    let extra =
        "List-Unsubscribe: <https://www.larkfield.example/u/abc>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
    client.send_mail(&token, &outreach("beatrice@holm-dental.example", extra));
    advance(&client, DAY);
    assert!(words(&arrived(&client)[0]).starts_with("Please unsubscribe me."), "she writes instead");
}

#[test]
fn who_was_told_to_stop_and_goes_on_hears_about_it() {
    let client = Client::with_people(true);
    let token = client.token(&["gmail.send"]);
    client.send_mail(&token, &outreach("g.pike@pike-haulage.example", ""));
    advance(&client, 3_000);
    let first = arrived(&client);
    client.send_mail(&token, &answer(&first[0], "Sorry to bother you again."));
    advance(&client, 3_000);
    assert!(words(&arrived(&client)[1]).contains("regulator"));
}

#[test]
fn answers_look_like_those_of_the_program_they_were_written_with() {
    let client = Client::with_people(true);
    let token = client.token(&["gmail.send"]);
    let cases = [
        (
            "maren@pension-deichblick.example",
            "Re: Your heating",
            "Am Mo",
            "schrieb Robin Larkfield <robin@larkfield.example>:",
            "gmail_quote",
        ),
        (
            "k.weiss@gaertnerei-weiss.example",
            "AW: Your heating",
            "Von: Robin Larkfield",
            "Betreff: Your heating",
            "divRplyFwdMsg",
        ),
        (
            "tom@ashdown-lettings.example",
            "Re: Your heating",
            "Sent from my iPhone",
            "> Hello, is your building warm?",
            "type=\"cite\"",
        ),
    ];
    for (person, ..) in cases {
        client.send_mail(&token, &outreach(person, ""));
    }
    advance(&client, DAY);
    let inbox = arrived(&client);
    for (person, subject, one, other, html) in cases {
        let mail = from(&inbox, person)[0];
        let parsed = mail_parser::MessageParser::default().parse(mail["raw"].as_str().unwrap().as_bytes()).unwrap();
        let plain = parsed.body_text(0).unwrap();
        assert_eq!(mail["subject"], subject, "{person}");
        assert!(plain.contains(one) && plain.contains(other), "{person}: {plain}");
        assert!(parsed.body_html(0).unwrap().contains(html), "{person}");
    }
}

#[test]
fn a_colleague_who_was_named_answers_too() {
    let client = Client::with_people(true);
    let token = client.token(&["gmail.send"]);
    client.send_mail(&token, &outreach("sabine.krueger@vogt-metallbau.example", ""));
    advance(&client, DAY);
    assert!(words(&arrived(&client)[0]).contains("zwei oder drei Termine"));
    assert!(!leads().contains(&"sabine.krueger@vogt-metallbau.example".to_owned()), "but is not among the leads");
}
