use proptest::prelude::*;

use super::*;

/// A mail with these header lines and this body, lines ended as the wire has them.
fn mail(head: &str, body: &str) -> Vec<u8> {
    format!("{}\n\n{body}", head.trim()).replace('\n', "\r\n").into_bytes()
}

fn report(kind: &str, fields: &str) -> Vec<u8> {
    let head = "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: mia@example.com\nReturn-Path: <>\nSubject: Undelivered Mail\nContent-Type: multipart/report; report-type=delivery-status;\n boundary=\"=_b\"";
    let body = format!(
        "--=_b\nContent-Type: text/plain\n\nI could not deliver your mail.\n\n--=_b\nContent-Type: {kind}\n\nReporting-MTA: dns; mx.example.net\nOriginal-Envelope-Id: env-7\n\n{fields}\n\n--=_b\nContent-Type: message/rfc822\n\nFrom: mia@example.com\nTo: ada@example.org\nMessage-ID: <out-1@example.com>\nX-Launchyard-Id: 0197aa\nSubject: Talk\n\nHello\n--=_b--\n"
    );
    mail(head, &body)
}

fn addresses(inspection: &Inspection) -> Vec<&str> {
    inspection.recipients.iter().map(|one| one.address.as_str()).collect()
}

#[test]
fn delivery_reports_are_read_by_their_fields() {
    let failed = |status: &str, diagnostic: &str| {
        format!("Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}")
    };
    use BounceClass::{Address, MailboxFull, Message, Policy, Temporary, Unclear};
    let cases = [
        (failed("5.1.1", "550 5.1.1 <ada@example.org>: user unknown"), MailKind::Hard, Address),
        (failed("5.1.2", "550 Host unknown"), MailKind::Hard, Address),
        (failed("5.1.10", "550 5.1.10 domain has null MX"), MailKind::Hard, Address),
        (failed("5.2.1", "550 5.2.1 mailbox disabled"), MailKind::Hard, Address),
        (failed("5.0.0", "550 5.1.1 no such user"), MailKind::Hard, Address),
        (failed("5.0.0", "550 No such user here"), MailKind::Hard, Address),
        (failed("5.4.4", "Host or domain name not found. Host not found"), MailKind::Hard, Address),
        (failed("5.2.2", "552 5.2.2 mailbox full"), MailKind::Soft, MailboxFull),
        (failed("5.1.1", "550 5.1.1 user over quota"), MailKind::Soft, MailboxFull),
        (failed("5.0.0", "552 quota exceeded"), MailKind::Soft, MailboxFull),
        (failed("5.7.1", "550 5.7.1 message blocked as spam"), MailKind::Soft, Policy),
        (failed("5.0.0", "550 mailbox unavailable invalid DNS MX or A resource record"), MailKind::Soft, Policy),
        (failed("5.7.26", "550 5.7.26 unauthenticated, DMARC policy"), MailKind::Soft, Policy),
        (failed("5.7.515", "550 5.7.515 access denied"), MailKind::Soft, Policy),
        (failed("5.0.0", "554 Client host [192.0.2.1] blocked using bl.example"), MailKind::Soft, Policy),
        (failed("5.3.4", "552 5.3.4 message too large"), MailKind::Soft, Message),
        (failed("5.6.1", "554 5.6.1 body type not supported"), MailKind::Soft, Message),
        (failed("4.4.7", "delivery time expired"), MailKind::Soft, Temporary),
        (failed("4.4.1", "connection timed out"), MailKind::Soft, Temporary),
        (failed("5.0.0", "450 4.2.0 greylisted"), MailKind::Soft, Temporary),
        (failed("5.9.9", "599 something of our own"), MailKind::Soft, Unclear),
    ];
    for (fields, kind, class) in cases {
        let read = inspect(&report("message/delivery-status", &fields));
        assert_eq!((read.kind, read.bounce_class), (kind, Some(class)), "{fields}");
        assert_eq!(addresses(&read), ["ada@example.org"], "{fields}");
        assert_eq!(read.reply_text, "");
    }
}

#[test]
fn a_report_leads_back_to_the_mail_it_is_about() {
    let read = inspect(&report(
        "message/delivery-status",
        "Final-Recipient: rfc822;ada@example.org\nAction: failed\nStatus: 5.1.1",
    ));
    assert_eq!(read.message_ids, ["out-1@example.com"]);
    assert_eq!(read.own_headers, [("X-Launchyard-Id".to_owned(), "0197aa".to_owned())]);
    assert_eq!(read.original_envelope_id.as_deref(), Some("env-7"));
    assert_eq!(read.status.as_deref(), Some("5.1.1"));
}

#[test]
fn every_recipient_of_a_report_counts_by_itself() {
    let fields = "Final-Recipient: rfc822; one@example.org\nAction: delivered\nStatus: 2.0.0\n\nOriginal-Recipient: rfc822; two@example.org\nFinal-Recipient: rfc822; two@internal.example.org\nAction: failed\nStatus: 5.1.1\n\nFinal-Recipient: rfc822; three@example.org\nAction: failed\nStatus: 5.2.2";
    let read = inspect(&report("message/delivery-status", fields));
    let found: Vec<_> =
        read.recipients.iter().map(|one| (one.address.as_str(), one.action, one.class.suppresses())).collect();
    assert_eq!(
        found,
        [
            ("two@example.org", Some(Action::Failed), true),
            ("three@example.org", Some(Action::Failed), false),
            ("one@example.org", Some(Action::Delivered), false),
        ]
    );
    assert_eq!(read.kind, MailKind::Hard);
}

#[test]
fn late_mail_is_no_bounce_and_delivered_mail_is_none() {
    let late = inspect(&report("message/delivery-status", "Final-Recipient: rfc822; ada@example.org\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown"));
    assert_eq!((late.kind, late.is_delay, late.bounce_class), (MailKind::Soft, true, Some(BounceClass::Temporary)));
    let arrived = inspect(&report(
        "message/delivery-status",
        "Final-Recipient: rfc822; ada@example.org\nAction: delivered\nStatus: 2.1.5",
    ));
    assert_eq!((arrived.kind, arrived.bounce_class), (MailKind::None, None));
}

#[test]
fn international_addresses_are_read_in_both_spellings() {
    let cases = [
        ("utf-8; jörg@bücher.example", "jörg@bücher.example"),
        ("utf-8; j\\x{F6}rg@example.org", "jörg@example.org"),
        ("RFC822; <ada@example.org>", "ada@example.org"),
        ("ada@example.org", "ada@example.org"),
        ("rfc822; \"odd..one\"@example.org", "\"odd..one\"@example.org"),
    ];
    for (stated, expected) in cases {
        let fields = format!("Final-Recipient: {stated}\nAction: failed\nStatus: 5.1.1");
        assert_eq!(addresses(&inspect(&report("message/global-delivery-status", &fields))), [expected]);
    }
}

#[test]
fn bounces_in_words_are_understood() {
    let daemon = "From: MAILER-DAEMON@mx.example.net\nTo: mia@example.com\nSubject: failure notice";
    let copy = "\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <mia@example.com>\nMessage-ID: <out-1@example.com>\nTo: ada@example.org\n\nHello";
    let cases = [
        ("qmail", daemon, format!("Hi. This is the qmail-send program at mx.example.net.\nI wasn't able to deliver your message to the following addresses.\n\n<ada@example.org>:\nSorry, no mailbox here by that name. (#5.1.1){copy}"), MailKind::Hard),
        ("qmail, full", daemon, format!("Hi. This is the qmail-send program at mx.example.net.\n\n<ada@example.org>:\nRemote host said: 552 Error: mailbox is full{copy}"), MailKind::Soft),
        ("exim", "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\nSubject: Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\n  ada@example.org\n    host mx.example.org [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<ada@example.org>:\n    550 unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: <out-1@example.com>\n".into(), MailKind::Hard),
        ("exim, late", "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\nSubject: Warning: message 1xAb delayed 24 hours", "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours.\n\n  ada@example.org\n    Delay reason: Connection timed out\n".into(), MailKind::Soft),
        ("exchange of old", "From: System Administrator <postmaster@example.org>\nSubject: Undeliverable: Talk", "Your message\n\n  To:      mia@example.com\n  Subject: Talk\n\ndid not reach the following recipient(s):\n\nada@example.org on Tue, 5 May 2026 10:00:00 +0200\n    The recipient name is not recognized\n    MSEXCH:IMS:EX:HQ:MAIL 0 (000C05A6) Unknown Recipient\n".into(), MailKind::Hard),
        ("notes", "From: postmaster@example.org\nSubject: DELIVERY FAILURE: User ada not listed in Domino Directory", "Your message\n\n  Subject: Talk\n\nwas not delivered to:\n\n  ada@example.org\n\nbecause:\n\n  User ada (ada@example.org) not listed in Domino Directory\n".into(), MailKind::Hard),
        ("google, blocked", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: ada@example.org\nSubject: Message blocked", "Your message to ada@example.org has been blocked. The response was:\n\n550 5.7.1 Our system has detected that this message is suspicious.\n".into(), MailKind::Soft),
        ("google, gone", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: ada@example.org\nSubject: Delivery Status Notification (Failure)", "Address not found\n\nYour message wasn't delivered to ada@example.org because the address couldn't be found.\n".into(), MailKind::Hard),
        ("google, no domain", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: ada@example.org\nSubject: Delivery Status Notification (Failure)", "Your message wasn't delivered to ada@example.org because the domain example.org couldn't be found. Check for typos or unnecessary spaces and try again.\n\nDNS type 'mx' lookup of example.org responded with code NXDOMAIN\n".into(), MailKind::Hard),
        ("microsoft, HTML alone", "From: Microsoft Outlook <MicrosoftExchange1@example.net>\nSubject: Unzustellbar: Gespräch\nContent-Type: text/html; charset=utf-8", "<p>Ihre Nachricht an <a href=\"mailto:ada@example.org\">ada@example.org</a> konnte nicht zugestellt werden.</p><p>Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'</p>".into(), MailKind::Hard),
        ("mdaemon", "From: MDaemon@mx.example.net\nSubject: Permanent Delivery Failure", "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: ada@example.org\n\n--- Session Transcript ---\n --> RCPT To:<ada@example.org>\n <-- 550 unknown user\n".into(), MailKind::Hard),
        ("chinese", "From: PostMaster@mx.example.net\nSubject: 系统退信/System bounce", "退信原因：\n收件人邮件地址（ada@example.org）不存在，邮件无法送达。\nhost mx.example.org: 550 Mailbox not found\n".into(), MailKind::Hard),
        ("opensmtpd", "From: Mailer Daemon <MAILER-DAEMON@mx.example.net>\nSubject: Delivery status notification: error", "An error has occurred while attempting to deliver a message for\nthe following list of recipients:\n\nada@example.org: 550 Invalid recipient\n\nBelow is a copy of the original message:\n\nMessage-ID: <out-1@example.com>\n".into(), MailKind::Hard),
        ("german", "From: postmaster@example.org\nSubject: Unzustellbar: Gespräch", "Die Nachricht konnte nicht zugestellt werden an:\n\nada@example.org\nDie E-Mail-Adresse existiert nicht.\n".into(), MailKind::Hard),
        ("groupwise", "From: Mailer-Daemon@example.org\nSubject: Message status - undeliverable", "The message that you sent was undeliverable to the following:\n\tada@example.org (user not found)\n\nPossibly truncated original message follows:\n".into(), MailKind::Hard),
        ("sendmail, MIME lost", daemon, "   ----- The following addresses had permanent fatal errors -----\n<ada@example.org>\n    (reason: 550 5.1.1 <ada@example.org>... User unknown)\n\n   ----- Transcript of session follows -----\n550 5.1.1 <ada@example.org>... User unknown\n\nReporting-MTA: dns; mx.example.net\n\nFinal-Recipient: RFC822; ada@example.org\nAction: failed\nStatus: 5.1.1\n".into(), MailKind::Hard),
    ];
    for (name, head, body, kind) in cases {
        let read = inspect(&mail(head, &body));
        assert_eq!((read.kind, addresses(&read)), (kind, vec!["ada@example.org"]), "{name}: {read:?}");
    }
}

#[test]
fn people_may_write_about_bounces() {
    let cases = [
        ("Subject: Re: bounce rates", "Hi, delivery failed to meet expectations. Call me."),
        ("Subject: Undelivered parcel 550\nIn-Reply-To: <a@example.com>", "The parcel could not be delivered."),
        (
            "Subject: Re: Talk\nIn-Reply-To: <a@example.com>",
            "Our server answers 550 5.1.1 user unknown. Try bob@example.org.",
        ),
    ];
    for (head, body) in cases {
        let read = inspect(&mail(&format!("From: Ada <ada@example.org>\n{head}"), body));
        assert_eq!((read.kind, read.reply_text.as_str()), (MailKind::Reply, body), "{head}");
    }
}

#[test]
fn a_receipt_that_a_mail_was_read_is_no_reply() {
    let head = "From: ada@example.org\nSubject: Read: Talk\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b";
    let body = "--b\nContent-Type: text/plain\n\nYour message was read.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; ada@example.org\nOriginal-Message-ID: <out-1@example.com>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n";
    let read = inspect(&mail(head, body));
    assert_eq!((read.kind, addresses(&read)), (MailKind::None, vec!["ada@example.org"]));
    assert_eq!(read.message_ids, ["out-1@example.com"]);
}

#[test]
fn of_several_recipients_the_one_that_failed_for_good_decides_though_another_is_only_late() {
    let late = "Final-Recipient: rfc822; late@example.org\nAction: delayed\nStatus: 4.4.1\n";
    let dead = "Final-Recipient: rfc822; dead@example.org\nAction: failed\nStatus: 5.1.1\n";
    let fine = "Final-Recipient: rfc822; fine@example.org\nAction: delivered\nStatus: 2.0.0\n";
    let head = "From: MAILER-DAEMON@example.org\nSubject: Report\nContent-Type: multipart/report; report-type=delivery-status; boundary=b";
    let body = format!("--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n{late}\n{fine}\n{dead}\n--b--\n");
    let read = inspect(&mail(head, &body));
    assert_eq!((read.kind, read.status.as_deref(), read.is_delay), (MailKind::Hard, Some("5.1.1"), false));
    assert_eq!(addresses(&read), ["dead@example.org", "late@example.org", "fine@example.org"]);
}

#[test]
fn amazon_tells_bounces_and_complaints_as_json() {
    let head = "From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message";
    let bounce = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"ada@example.org","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 unknown"}]},"mail":{"commonHeaders":{"messageId":"<out-1@example.com>"}}}"#;
    let read = inspect(&mail(head, bounce));
    assert_eq!((read.kind, addresses(&read)), (MailKind::Hard, vec!["ada@example.org"]));
    assert_eq!(read.message_ids, ["out-1@example.com"]);
    let complaint =
        r#"{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"ada@example.org"}]}}"#;
    assert_eq!(inspect(&mail(head, complaint)).kind, MailKind::Complaint);
    assert_eq!(inspect(&mail(head, r#"{"notificationType":"Delivery","mail":{}}"#)).kind, MailKind::None);
}

#[test]
fn only_reports_of_unwanted_mail_are_complaints() {
    let cases = [
        ("abuse", MailKind::Complaint),
        ("fraud", MailKind::Complaint),
        ("opt-out", MailKind::Complaint),
        ("other", MailKind::Complaint),
        ("auth-failure", MailKind::None),
        ("not-spam", MailKind::None),
        ("virus", MailKind::None),
    ];
    for (feedback, kind) in cases {
        let head = "From: fbl@example.net\nSubject: FW: Talk\nContent-Type: multipart/report; report-type=feedback-report; boundary=b";
        let body = format!("--b\nContent-Type: text/plain\n\nThis is an abuse report.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {feedback}\nUser-Agent: FBL/1\nVersion: 1\nOriginal-Rcpt-To: <ada@example.org>\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <out-1@example.com>\nTo: redacted\n--b--\n");
        let read = inspect(&mail(head, &body));
        assert_eq!((read.kind, read.feedback_type.as_deref()), (kind, Some(feedback)));
        assert_eq!(addresses(&read), ["ada@example.org"]);
        assert_eq!(read.message_ids, ["out-1@example.com"]);
    }
}

#[test]
fn automatic_answers_are_told_from_people() {
    let cases = [
        ("Subject: Re: Talk\nIn-Reply-To: <a@example.com>", MailKind::Reply),
        ("Subject: Re: Talk\nIn-Reply-To: <a@example.com>\nAuto-Submitted: no", MailKind::Reply),
        ("Subject: Re: Talk\nIn-Reply-To: <a@example.com>\nX-Auto-Response-Suppress: All", MailKind::Reply),
        ("Subject: Re: Talk\nIn-Reply-To: <a@example.com>\nPrecedence: bulk", MailKind::Reply),
        ("Subject: Re: Automatic reply: Talk\nIn-Reply-To: <a@example.com>", MailKind::Reply),
        ("Subject: Talk\nAuto-Submitted: auto-replied (vacation)", MailKind::AutoReply),
        ("Subject: Talk\nAuto-Submitted: auto-generated", MailKind::AutoReply),
        ("Subject: Talk\nX-Autoreply: yes", MailKind::AutoReply),
        ("Subject: Talk\nPrecedence: auto_reply", MailKind::AutoReply),
        ("Subject: Re: Talk\nIn-Reply-To: <a@example.com>\nReturn-Path: <>", MailKind::AutoReply),
        ("Subject: Automatic reply: Talk", MailKind::AutoReply),
        ("Subject: =?utf-8?Q?R=C3=A9ponse_automatique_=3A_Talk?=", MailKind::AutoReply),
        ("Subject: Abwesenheitsnotiz: Talk", MailKind::AutoReply),
        ("Subject: Respuesta automática: Talk", MailKind::AutoReply),
        ("Subject: Automatisch antwoord: Talk", MailKind::AutoReply),
        ("Subject: 自動返信: Talk", MailKind::AutoReply),
        ("Subject: स्वचालित उत्तर: Talk", MailKind::AutoReply),
        ("Subject: Ada Berg is out of the office", MailKind::AutoReply),
        ("Subject: Ada Berg ist außer Haus.", MailKind::AutoReply),
        ("Subject: Re: Ada Berg is out of the office", MailKind::Reply),
        ("Subject: Why I think that half of your team is out of the office", MailKind::Reply),
        ("Subject: News\nList-Id: <news.example.org>", MailKind::None),
        ("Subject: News\nPrecedence: bulk", MailKind::None),
    ];
    for (head, kind) in cases {
        let read = inspect(&mail(&format!("From: Ada <ada@example.org>\n{head}"), "I am away until Monday."));
        assert_eq!(read.kind, kind, "{head}");
    }
}

#[test]
fn the_command_prints_what_it_promises() {
    let read = inspect(&mail(
        "From: ada@example.org\nSubject: Re: Talk\nIn-Reply-To: <out-1@example.com>",
        "Yes.\n\n> Shall we talk?",
    ));
    let line = to_json_line("a.eml", &read);
    let expected = serde_json::json!({
        "file": "a.eml", "kind": "reply", "reply_text": "Yes.", "recipients": [], "status": null,
        "message_ids": ["out-1@example.com"],
    });
    assert_eq!(line, expected);
}

#[test]
fn broken_mails_are_read_as_far_as_they_go() {
    let cases = [
        ("boundary missing", "Content-Type: multipart/mixed", "--x9y8z7\nContent-Type: text/plain\n\nYes.\n--x9y8z7--"),
        (
            "boundary wrong",
            "Content-Type: multipart/mixed; boundary=other",
            "--x9y8z7\nContent-Type: text/plain\n\nYes.\n--x9y8z7--",
        ),
        ("boundary never closed", "Content-Type: multipart/mixed; boundary=b", "--b\nContent-Type: text/plain\n\nYes."),
        ("charset unknown", "Content-Type: text/plain; charset=x-none", "Yes."),
        ("base64 that is none", "Content-Type: text/plain\nContent-Transfer-Encoding: base64", "Yes."),
        ("type unreadable", "Content-Type: ;;;", "Yes."),
    ];
    for (name, head, body) in cases {
        let read = inspect(&mail(&format!("From: ada@example.org\nIn-Reply-To: <a@example.com>\n{head}"), body));
        assert_eq!((read.kind, read.reply_text.as_str()), (MailKind::Reply, "Yes."), "{name}");
    }
}

#[test]
fn hostile_mails_are_bounded() {
    let nested = "Content-Type: message/rfc822\n\n".repeat(50_000);
    let multiparts: String =
        (0..5_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let divs = format!("Content-Type: text/html\n\n{}x", "<div><p><b>".repeat(15_000));
    let quotes = format!("Content-Type: text/plain\n\n{}", "On 5 May 2026 at 10:15 <a@\n".repeat(20_000));
    let ids = format!("References: {}\n\nx", "<a@b> ".repeat(100_000));
    for raw in [nested, multiparts, divs, quotes, ids] {
        let read = inspect(raw.as_bytes());
        assert!(read.message_ids.len() <= 200);
    }
}

proptest! {
    #[test]
    fn any_bytes_can_be_inspected(raw in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = inspect(&raw);
    }

    #[test]
    fn any_mixture_of_mail_syntax_can_be_inspected(raw in "(From: |Subject: |Content-Type: multipart/report; boundary=b|Content-Type: message/delivery-status|\\n|\\n\\n|--b|--b--|Final-Recipient: rfc822; |Status: 5|\\.1|@|<|>|=\\?utf-8\\?Q\\?|\\PC){0,60}") {
        let _ = inspect(raw.as_bytes());
    }
}
