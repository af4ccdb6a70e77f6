use std::time::Duration;

use serde_json::json;

use super::desk::{is_sent, Desk, LEAD};
use crate::base::{JobId, UnixMillis};
use crate::channels::email::{PollError, PollTask};
use crate::connections::{self, PollMailbox, Provider, State, POLL_MAILBOX};
use crate::jobs::{Class, Job, Lane, Outcome, Task};
use crate::messaging::{Delivery, Message, Suppression};

fn suppressions(desk: &Desk) -> Vec<Suppression> {
    crate::messaging::list_suppressions(&desk.app().store, desk.workspace(), None, 10).unwrap().rows
}

/// A delivery report about `message`, as a server writes it.
pub fn report(desk: &Desk, message: &Message, status: &str, words: &str, action: &str) {
    let head =
        "From: MAILER-DAEMON@mx.fellside.example\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender\n\
        Message-ID: <report-1@mx.fellside.example>\nMIME-Version: 1.0\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"";
    let body = format!(
        "--b\nContent-Type: text/plain\n\nYour mail was not delivered.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.fellside.example\n\n\
         Final-Recipient: rfc822; {LEAD}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} {words}\n\
         \n--b\nContent-Type: text/rfc822-headers\n\n\
         Message-ID: <{}>\nX-Launchyard-Id: {}\nTo: {LEAD}\n\n--b--",
        message.message_id, message.id
    );
    desk.arrives(head, &body);
}

#[test]
fn an_answer_is_taken_in_once_with_what_the_person_wrote() {
    for desk in Desk::of_every_kind() {
        let message = desk.send();
        let body = "Yes, Thursday suits.\n\nOn Tue, 24 Nov 2026 Robin Larkfield wrote:\n> Hello Anna,\n> still on oil?";
        desk.answers(&message, "a1@fellside.example", body);
        let report = desk.poll();
        assert_eq!((report.replies, report.opened), (1, 1), "{report:?}");
        assert_eq!(desk.poll().replies, 0);
        let replies = desk.replies();
        assert_eq!(replies.len(), 1);
        assert_eq!(replies[0].excerpt, "Yes, Thursday suits.");
        assert_eq!(replies[0].message, message.id);
        assert_eq!(replies[0].from.display(), LEAD);
        assert!(!replies[0].automatic);
        assert!(desk.world.stored(&desk.connection).health.last_poll.is_some());
    }
}

#[test]
fn no_mail_but_an_answer_or_a_report_is_ever_opened() {
    let private = [
        ("From: Mum <mum@home.example>\nSubject: Sunday\nMessage-ID: <p1@home.example>", "Lunch?"),
        (
            "From: bank@bank.example\nSubject: Re: Statement\nMessage-ID: <p2@bank.example>\nIn-Reply-To: <x@y.example>",
            "Private.",
        ),
        ("From: news@shop.example\nSubject: Sale\nList-Id: <shop.example>\nMessage-ID: <p3@shop.example>", "Buy."),
        (
            "From: Anna Lund <anna@fellside.example>\nSubject: Your oil heating\nMessage-ID: <p4@fellside.example>",
            "A new mail of the lead’s own.",
        ),
    ];
    for desk in Desk::of_every_kind() {
        let message = desk.send();
        for (head, body) in private {
            desk.arrives(head, body);
        }
        desk.answers(&message, "a1@fellside.example", "Yes.");
        desk.world.forget_requests();
        let report = desk.poll();
        assert_eq!((report.opened, report.replies), (1, 1), "{report:?}");
        assert!(report.compared >= 5, "{report:?}");
        let requests = desk.world.requests();
        let bodies: Vec<&String> = requests
            .iter()
            .filter(|request| {
                ["format=raw", "format=full", "/$value", "BODY.PEEK[]"].iter().any(|one| request.contains(one))
            })
            .collect();
        assert!(bodies.len() <= 1, "{bodies:?}");
        let calls = connections::list_calls(desk.app(), desk.workspace(), desk.connection.id, None, 200).unwrap();
        let opened = calls.rows.iter().filter(|call| is_opening(call));
        assert_eq!(opened.count(), 1, "one body in the record of calls");
    }
}

fn is_opening(call: &connections::Call) -> bool {
    call.url.contains("format=raw") || call.url.ends_with("$value") || call.method == "IMAP FETCH message"
}

#[test]
fn an_automatic_answer_is_marked_so() {
    for desk in Desk::by_consent() {
        let message = desk.send();
        let head = format!(
            "From: {LEAD}\nSubject: Automatic reply: Your oil heating\nMessage-ID: <auto@fellside.example>\n\
             Auto-Submitted: auto-replied\nIn-Reply-To: <{}>",
            message.message_id
        );
        desk.arrives(&head, "I am away until 30 November.");
        assert_eq!(desk.poll().auto_replies, 1);
        let replies = desk.replies();
        assert!(replies[0].automatic);
        assert!(replies[0].header_facts.contains(&("Auto-Submitted".into(), "auto-replied".into())));
    }
}

#[test]
fn a_bounce_suppresses_only_an_address_where_nobody_is() {
    // status, words, action; bounced hard (none: not at all), suppressed.
    let cases = [
        ("5.1.1", "no such user", "failed", Some(true), true),
        ("5.7.1", "blocked by policy", "failed", Some(false), false),
        ("5.2.2", "mailbox full", "failed", Some(false), false),
        ("4.4.1", "no answer from host", "delayed", None, false),
    ];
    let desks = || [Provider::Google, Provider::Microsoft].into_iter();
    for (provider, (status, words, action, bounced, suppressed)) in
        desks().flat_map(|one| cases.map(|case| (one, case)))
    {
        let desk = Desk::with(provider);
        let message = desk.send();
        report(&desk, &message, status, words, action);
        let found = desk.poll();
        assert_eq!(found.bounces, u32::from(bounced.is_some()), "{status}");
        let state = desk.stored(&message).state;
        match bounced {
            Some(expected) => {
                assert!(matches!(state, Delivery::Bounced { hard, .. } if hard == expected), "{status}: {state:?}")
            }
            None => assert_eq!(state, Delivery::Sent, "{status}"),
        }
        assert_eq!(!suppressions(&desk).is_empty(), suppressed, "{status}");
        assert_eq!(desk.replies(), [], "{status}: no report is a reply");
    }
}

#[test]
fn refusals_by_policy_suppress_nobody_however_many_and_full_mailboxes_do_after_three() {
    for (status, words, suppressed) in [
        ("5.7.1", "blocked as spam by policy", false),
        ("4.4.7", "delivery time expired", false),
        ("5.2.2", "mailbox full", true),
    ] {
        let desk = Desk::with_gmail();
        for round in 1..=4 {
            // The mailbox's own pause between two mails.
            desk.world.advance(Duration::from_secs(1800));
            let message = desk.send();
            if !is_sent(&message) {
                assert!(suppressed && round == 4, "{status}: {:?}", message.state);
                break;
            }
            report(&desk, &message, status, words, "failed");
            assert_eq!(desk.poll().bounces, 1, "{status}");
            assert_eq!(suppressions(&desk).len(), usize::from(suppressed && round >= 3), "{status}, {round}");
        }
    }
}

#[test]
fn a_report_about_mail_that_is_not_ours_changes_nothing_and_is_counted() {
    for desk in Desk::by_consent() {
        let message = desk.send();
        let mut forged = message.clone();
        forged.message_id = "made-up@larkfield.example".into();
        forged.id = crate::base::MessageId::new(UnixMillis(1));
        report(&desk, &forged, "5.1.1", "no such user", "failed");
        assert_eq!(desk.poll().unmatched, 1);
        assert!(suppressions(&desk).is_empty());
        assert_eq!(desk.stored(&message).state, Delivery::Sent);
        assert_eq!(desk.world.stored(&desk.connection).health.unmatched_reports, 1);
    }
}

#[test]
fn a_complaint_ends_writing_to_that_person() {
    for desk in Desk::by_consent() {
        let message = desk.send();
        let head = "From: feedback@isp.example\nSubject: complaint\nMessage-ID: <c1@isp.example>\nMIME-Version: 1.0\n\
            Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"";
        let body = format!(
            "--b\nContent-Type: text/plain\n\nA complaint.\n--b\nContent-Type: message/feedback-report\n\n\
             Feedback-Type: abuse\nUser-Agent: Isp/1\nVersion: 1\n\n--b\nContent-Type: text/rfc822-headers\n\n\
             Message-ID: <{}>\nX-Launchyard-Id: {}\n\n--b--",
            message.message_id, message.id
        );
        desk.arrives(head, &body);
        assert_eq!(desk.poll().complaints, 1);
        assert_eq!(suppressions(&desk).len(), 1);
    }
}

#[test]
fn an_expired_cursor_loses_no_answer_and_takes_none_in_twice() {
    for desk in Desk::by_consent() {
        let message = desk.send();
        desk.answers(&message, "a1@fellside.example", "First.");
        desk.poll();
        desk.world.advance(Duration::from_secs(60));
        desk.answers(&message, "a2@fellside.example", "Second.");
        desk.world.control("expire", &json!({"what": "history", "email": super::desk::OWNER}));
        let found = desk.poll();
        assert_eq!(found.replies, 1, "{found:?}");
        assert_eq!(desk.replies().len(), 2);
        assert_eq!(desk.poll().compared, 0, "the new cursor stands");
    }
}

#[test]
fn a_mailbox_numbered_anew_loses_no_answer_and_takes_none_in_twice() {
    let desk = Desk::with_mail_server();
    let message = desk.send();
    desk.answers(&message, "a1@fellside.example", "First.");
    desk.poll();
    desk.answers(&message, "a2@fellside.example", "Second.");
    desk.world.control("expire", &json!({"what": "uids", "email": super::desk::OWNER}));
    assert_eq!(desk.poll().replies, 1);
    assert_eq!(desk.replies().len(), 2);
}

/// The call by which one mail is looked at.
fn opening(desk: &Desk) -> &'static str {
    match desk.world.provider {
        Provider::Google => "GET /google/gmail/v1/users/me/messages/",
        _ => "GET /microsoft/v1.0/me/messages/",
    }
}

#[test]
fn a_fault_in_the_middle_is_read_again_from_the_same_place() {
    for desk in Desk::by_consent() {
        let message = desk.send();
        desk.answers(&message, "a1@fellside.example", "Yes.");
        desk.world.control("faults", &json!({"match": opening(&desk), "status": 503, "times": 1}));
        let failed = crate::channels::poll_now(desk.app(), desk.workspace(), desk.connection.id);
        assert!(matches!(failed, Err(PollError::Provider(_))), "{failed:?}");
        assert!(desk.world.stored(&desk.connection).health.last_error.is_some());
        assert_eq!(desk.poll().replies, 1);
    }
}

#[test]
fn our_own_mails_in_the_mailbox_are_not_answers() {
    for desk in Desk::by_consent() {
        let first = desk.send();
        desk.world.advance(Duration::from_secs(1800));
        desk.send_with(|new| new.answering(&first.message_id, &[], first.provider_thread.as_deref()));
        let found = desk.poll();
        assert_eq!((found.opened, found.replies), (0, 0), "{found:?}");
    }
}

fn poll_job(desk: &Desk) -> Job {
    let mailbox = PollMailbox { workspace: desk.workspace(), connection: desk.connection.id };
    Job {
        id: JobId::new(desk.app().now()),
        kind: POLL_MAILBOX.into(),
        workspace: desk.workspace(),
        lane: Lane::MailboxPoll,
        serial: None,
        class: Class::Pure,
        state: crate::jobs::State::Leased,
        due: desk.app().now(),
        created_at: desk.app().now(),
        attempt: 0,
        max_attempts: 1,
        looks: 0,
        intent_at: None,
        reason: None,
        once: None,
        fence: 0,
        payload: rmp_serde::to_vec_named(&mailbox).unwrap(),
    }
}

#[test]
fn a_mailbox_is_looked_at_again_and_again_whatever_passes() {
    for desk in Desk::by_consent() {
        let every = desk.app().config.jobs.mailbox_poll;
        let due = desk.app().now().plus(every);
        match PollTask.run(desk.app(), &poll_job(&desk)) {
            Outcome::Again { at } => assert_eq!(at, due),
            other => panic!("{other:?}"),
        }
        desk.world.control("faults", &json!({"match": desk.world.reading(), "status": 503, "times": 1}));
        assert!(matches!(PollTask.run(desk.app(), &poll_job(&desk)), Outcome::Again { .. }));
    }
}

#[test]
fn a_revoked_mailbox_is_marked_by_its_next_look() {
    for desk in Desk::by_consent() {
        desk.world.control("revoke", &json!({"email": super::desk::OWNER}));
        assert!(crate::channels::poll_now(desk.app(), desk.workspace(), desk.connection.id).is_err());
        assert!(matches!(desk.world.stored(&desk.connection).state, State::NeedsOwner { .. }));
        let again = crate::channels::poll_now(desk.app(), desk.workspace(), desk.connection.id);
        assert!(matches!(again, Err(PollError::Ended)), "nothing asks again by itself");
    }
}

#[test]
fn more_mail_than_one_look_can_list_is_read_by_the_next_ones() {
    for desk in Desk::by_consent() {
        let message = desk.send();
        // Gmail lists the newest first, Graph the oldest: the answer stands at the end.
        let is_first = desk.world.provider == Provider::Google;
        let answers = || desk.answers(&message, "a1@fellside.example", "Yes.");
        if is_first {
            answers();
        }
        for number in 0..110 {
            let head = format!("From: news@shop.example\nSubject: Sale\nMessage-ID: <n{number}@shop.example>");
            desk.arrives(&head, "Buy.");
        }
        if !is_first {
            answers();
        }
        desk.world.control("expire", &json!({"what": "history", "email": super::desk::OWNER}));
        let before = desk.world.stored(&desk.connection).health.last_poll;
        desk.world.advance(Duration::from_secs(60));
        assert_eq!(desk.poll().replies, 0);
        assert_eq!(desk.world.stored(&desk.connection).health.last_poll, before, "it was not read to its end");
        assert_eq!(desk.poll().replies, 1);
        assert_eq!(desk.poll().compared, 0, "the new cursor stands");
    }
}

#[test]
fn an_answer_is_found_when_its_mailbox_was_connected_anew_in_another_way() {
    let desk = Desk::with_mail_server();
    let message = desk.send();
    connections::disconnect(desk.app(), &desk.world.owner, desk.connection.id).unwrap();
    let google = desk.world.connect(&[connections::Use::Outreach]);
    let poll = || crate::channels::poll_now(desk.app(), desk.workspace(), google.id).unwrap();
    poll();
    desk.answers(&message, "a1@fellside.example", "Yes.");
    assert_eq!(poll().replies, 1);
    let reply = &desk.replies()[0];
    assert_eq!((reply.message, reply.connection), (message.id, google.id), "what answers it leaves from there");
}

#[test]
fn a_mail_that_is_gone_and_a_link_that_is_no_good_cost_no_answer() {
    let desk = Desk::with(Provider::Microsoft);
    let message = desk.send();
    desk.answers(&message, "a1@fellside.example", "Yes.");
    let inside = json!({"value": [{"id": "AAMkSandbox00000000000000ff", "conversationId": "c", "isDraft": false}],
        "@odata.deltaLink": format!("{}/microsoft/v1.0/me/mailFolders/inbox/messages/delta?$deltatoken=x", desk.world.sandbox.url)});
    let delta = "GET /microsoft/v1.0/me/mailFolders/inbox/messages/delta";
    desk.world.control("faults", &json!({"match": delta, "status": 200, "body": inside, "times": 1}));
    assert_eq!(desk.poll().opened, 0, "a mail that is gone is no trouble");
    // The link that was answered is no good: reading begins anew, an hour before the last look.
    assert_eq!(desk.poll().replies, 1);
    assert_eq!(desk.poll().replies, 0);
}

#[test]
fn a_throttled_mailbox_is_looked_at_again_when_microsoft_says() {
    let desk = Desk::with(Provider::Microsoft);
    desk.world
        .control("faults", &json!({"match": desk.world.reading(), "status": 429, "retry_after": 900, "times": 1}));
    match PollTask.run(desk.app(), &poll_job(&desk)) {
        Outcome::Again { at } => assert_eq!(at, desk.app().now().plus(Duration::from_secs(900))),
        other => panic!("{other:?}"),
    }
    assert_eq!(desk.world.stored(&desk.connection).state, State::Working);
}

#[test]
fn a_mailbox_without_an_archive_is_read_all_the_same() {
    let desk = Desk::with(Provider::Microsoft);
    let message = desk.send();
    let archive = "GET /microsoft/v1.0/me/mailFolders/archive/messages/delta";
    desk.world.control("faults", &json!({"match": archive, "status": 404, "times": 2}));
    desk.answers(&message, "a1@fellside.example", "Yes.");
    assert_eq!(desk.poll().replies, 1);
}
