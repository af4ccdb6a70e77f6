use super::*;
use crate::channels::email::inspect::inspect;

fn mail() -> Outgoing {
    Outgoing {
        from_name: Some("Mía Sørensen".into()),
        from: EmailAddress::parse("mia@bücher.example").unwrap(),
        to_name: Some("Ada, Countess \"of\" Code".into()),
        to: EmailAddress::parse("Ada@example.org").unwrap(),
        subject: "Grüße aus Köln, und eine ziemlich lange Frage zu Ihrem Lager in der Nähe von München".into(),
        text: "Hallo Ada,\n\nhaben Sie <15> Minuten? Siehe https://example.com/a?b=1&c=2.\nDanke\n\nMía".into(),
        html: None,
        message_id: "m1@example.com".into(),
        in_reply_to: None,
        references: Vec::new(),
        date: UnixMillis(1_767_225_600_000),
        list_unsubscribe: None,
        own_id: "0197".into(),
        footer: None,
        auto_submitted: None,
        calendar: None,
    }
}

fn text(mail: &Outgoing) -> String {
    String::from_utf8(render(mail).unwrap()).unwrap()
}

#[test]
fn a_mail_holds_its_text_twice_in_short_lines_of_ascii() {
    let raw = text(&mail());
    assert!(raw.is_ascii());
    assert!(raw.lines().all(|line| line.len() <= 998));
    assert!(!raw.replace("\r\n", "").contains(['\r', '\n']), "only CRLF ends a line");
    let read = inspect(raw.as_bytes());
    assert_eq!(read.subject.as_deref(), Some(mail().subject.as_str()));
    assert_eq!(read.message_id.as_deref(), Some("m1@example.com"));
    assert_eq!(read.to, ["Ada@example.org"]);
    let from = read.from.unwrap();
    assert_eq!((from.name.as_deref(), from.address.as_str()), (Some("Mía Sørensen"), "mia@xn--bcher-kva.example"));
    assert_eq!(read.date.map(UnixMillis::from), Some(mail().date));
    assert_eq!(read.own_headers, [("X-Launchyard-Id".to_owned(), "0197".to_owned())]);
    assert_eq!(read.reply_text, mail().text);
    assert!(raw.contains("multipart/alternative"));
}

#[test]
fn the_html_part_escapes_the_text_and_links_addresses() {
    let cases = [
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        (
            "see https://example.com/x?a=1&b=2.",
            "<a href=\"https://example.com/x?a=1&amp;b=2\">https://example.com/x?a=1&amp;b=2</a>.</p>",
        ),
        ("https://\"><script>alert(1)</script>", "https://&quot;&gt;&lt;script&gt;"),
        ("javascript:alert(1)", "<p>javascript:alert(1)</p>"),
        (
            "Free:\n- Tue <10:00>\n  https://x.example/b?a=1&b=2\n- later\n  or never",
            "<p>Free:<br>\n- <a href=\"https://x.example/b?a=1&amp;b=2\">Tue &lt;10:00&gt;</a><br>\n\
             - later<br>\n  or never</p>",
        ),
        (
            "- two\n  https://a.example https://b.example",
            "- two<br>\n  <a href=\"https://a.example\">https://a.example</a> <a",
        ),
    ];
    for (written, expected) in cases {
        let raw = render(&Outgoing { text: written.into(), ..mail() }).unwrap();
        let parsed = crate::channels::email::mime::Mail::parse(&raw);
        let html = parsed.html().replace("\r\n", "\n");
        assert!(html.contains(expected), "{written}: {html}");
    }
}

#[test]
fn line_breaks_in_header_values_are_refused() {
    let evil = "x\r\nBcc: everybody@example.net".to_owned();
    let cases = [
        Outgoing { subject: evil.clone(), ..mail() },
        Outgoing { from_name: Some(evil.clone()), ..mail() },
        Outgoing { to_name: Some(evil.clone()), ..mail() },
        Outgoing { own_id: evil.clone(), ..mail() },
        Outgoing { message_id: evil.clone(), ..mail() },
        Outgoing { in_reply_to: Some(evil.clone()), ..mail() },
        Outgoing { references: vec![evil.clone()], ..mail() },
        Outgoing { list_unsubscribe: Some(ListUnsubscribe { url: format!("https://{evil}"), mailto: None }), ..mail() },
        Outgoing { calendar: Some(CalendarPart { method: evil, ics: String::new() }), ..mail() },
    ];
    for mail in cases {
        assert!(render(&mail).is_err(), "{mail:?}");
    }
}

#[test]
fn unsubscribing_takes_one_click_and_the_footer_says_who_writes() {
    let raw = text(&Outgoing {
        list_unsubscribe: Some(ListUnsubscribe {
            url: "https://launchyard.example/u/abc".into(),
            mailto: Some("mailto:out@example.com?subject=abc".into()),
        }),
        footer: Some(Footer {
            line: Some("Written by a program for Mía.".into()),
            postal_address: Some("Example Ltd\n1 High Street".into()),
            unsubscribe_label: "Abmelden".into(),
            unsubscribe_url: Some("https://launchyard.example/u/abc".into()),
        }),
        ..mail()
    });
    assert!(
        raw.contains(
            "\r\nList-Unsubscribe: <https://launchyard.example/u/abc>,\r\n <mailto:out@example.com?subject=abc>\r\n"
        ),
        "{raw}"
    );
    assert!(raw.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    let parts = crate::channels::email::mime::Mail::parse(raw.as_bytes());
    assert!(parts.plain_text().replace("\r\n", "\n").ends_with(
        "-- \nWritten by a program for Mía.\nExample Ltd\n1 High Street\nAbmelden: https://launchyard.example/u/abc\n"
    ));
    assert!(parts.html().contains("<a href=\"https://launchyard.example/u/abc\">Abmelden</a>"));
}

#[test]
fn one_click_is_not_promised_without_tls() {
    let unsubscribe = ListUnsubscribe { url: "http://127.0.0.1:8080/u/abc".into(), mailto: None };
    let raw = text(&Outgoing { list_unsubscribe: Some(unsubscribe), ..mail() });
    assert!(raw.contains("List-Unsubscribe: <http://127.0.0.1:8080/u/abc>"));
    assert!(!raw.contains("List-Unsubscribe-Post"));
}

#[test]
fn a_long_thread_keeps_its_first_and_last_ids() {
    let references: Vec<String> = (0..40).map(|n| format!("{n}@example.com")).collect();
    let raw = render(&Outgoing { references, in_reply_to: Some("39@example.com".into()), ..mail() }).unwrap();
    let facts = crate::channels::email::inbound::HeaderFacts::parse(&raw);
    assert_eq!(facts.references.first().map(String::as_str), Some("0@example.com"));
    assert_eq!(facts.references.last().map(String::as_str), Some("39@example.com"));
    assert_eq!(facts.references.len(), 11);
    assert_eq!(facts.in_reply_to, ["39@example.com"]);
}

#[test]
fn references_of_an_answer_end_with_the_parent() {
    let ids = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(references_for(&ids(&["a@x", "b@x"]), Some("b@x"), "c@x"), ["a@x", "b@x", "c@x"]);
    assert_eq!(references_for(&[], Some("a@x"), "b@x"), ["a@x", "b@x"]);
    assert_eq!(references_for(&[], None, "a@x"), ["a@x"]);
}

#[test]
fn an_answer_has_one_re_in_front() {
    let cases = [
        ("Hello", "Re: Hello"),
        ("Re: Hello", "Re: Hello"),
        ("RE: AW: Re[2]: Hello", "Re: Hello"),
        ("Antw: Sv: Hallo", "Re: Hallo"),
        ("Reason: none", "Re: Reason: none"),
        ("回复：你好", "Re: 你好"),
        ("", "Re:"),
    ];
    for (subject, expected) in cases {
        assert_eq!(reply_subject(subject), expected, "{subject}");
    }
}

#[test]
fn a_program_says_that_it_is_one() {
    let cases = [(AutoSubmitted::Generated, "auto-generated"), (AutoSubmitted::Replied, "auto-replied")];
    for (kind, value) in cases {
        let raw = text(&Outgoing { auto_submitted: Some(kind), ..mail() });
        assert!(raw.contains(&format!("\r\nAuto-Submitted: {value}\r\n")));
    }
    assert!(!text(&mail()).contains("Auto-Submitted"));
}

#[test]
fn an_invitation_is_an_alternative_and_a_file() {
    let ics = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n".to_owned();
    let raw = text(&Outgoing { calendar: Some(CalendarPart { method: "REQUEST".into(), ics }), ..mail() });
    assert!(raw.contains("text/calendar; charset=utf-8; method=REQUEST"));
    assert!(raw.contains("invite.ics"));
    assert!(raw.contains("multipart/mixed"));
}

#[test]
fn mailboxes_that_need_smtputf8_are_refused_with_their_name() {
    let to = EmailAddress::parse("jörg@example.org").unwrap();
    let refused = render(&Outgoing { to, ..mail() });
    assert_eq!(refused, Err(ComposeError::InternationalMailbox("jörg@example.org".into())));
}
