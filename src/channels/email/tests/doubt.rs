//! What settles a mail in doubt, and what is waited for.

use std::time::Duration;

use serde_json::{json, Value};

use super::desk::{is_sent, Desk, LEAD};
use super::reading::report;
use crate::connections::{Provider, State};
use crate::events::{self, Happened};
use crate::jobs::{self, Verdict};
use crate::messaging::{self, Delivery, Message, ResolveError};

/// Something that comes back about a mail.
type Evidence = fn(&Desk, &Message);

#[test]
fn what_comes_back_about_a_mail_in_doubt_settles_it_and_nobody_can_send_it_again() {
    let cases: [(&str, Evidence, fn(&Delivery) -> bool); 5] = [
        (
            "an answer",
            |desk, mail| desk.answers(mail, "a1@fellside.example", "Yes, please."),
            |state| *state == Delivery::Sent,
        ),
        ("an automatic answer", automatic_answer, |state| *state == Delivery::Sent),
        (
            "a notice of delay",
            |desk, mail| report(desk, mail, "4.4.1", "no answer yet", "delayed"),
            |state| *state == Delivery::Sent,
        ),
        (
            "a report of delivery",
            |desk, mail| report(desk, mail, "2.0.0", "delivered", "delivered"),
            |state| *state == Delivery::Sent,
        ),
        (
            "a bounce",
            |desk, mail| report(desk, mail, "5.1.1", "no such user", "failed"),
            |state| matches!(state, Delivery::Bounced { hard: true, .. }),
        ),
    ];
    for (name, evidence, expected) in cases {
        for asked in [false, true] {
            let desk = Desk::with_mail_server();
            desk.world.control("faults", &json!({"match": "SMTP DATA", "drop": true, "after": true, "times": 1}));
            let mail = desk.send();
            if asked {
                desk.world.advance(Duration::from_secs(600));
                desk.run_queue();
                assert!(matches!(desk.stored(&mail).state, Delivery::NeedsHuman { .. }), "{name}");
                assert_eq!(in_doubt(&desk).len(), 1, "{name}");
            }
            evidence(&desk, &mail);
            desk.poll();
            let settled = desk.stored(&mail);
            assert!(expected(&settled.state), "{name}, asked {asked}: {:?}", settled.state);
            assert!(settled.sent_at.is_some(), "{name}");
            let job = desk.app().store.read(|txn| jobs::find(txn, settled.job)).unwrap();
            assert_eq!(job, None, "{name}, asked {asked}: it is done");
            assert_eq!(in_doubt(&desk).len(), 0, "{name}");
            let again = messaging::resolve(desk.app(), &desk.world.owner, mail.id, Verdict::DoAgain);
            assert!(matches!(again, Err(ResolveError::NotWaiting)), "{name}: {again:?}");
            desk.world.advance(Duration::from_secs(3600));
            desk.run_queue();
            assert_eq!(desk.world.mails_of(LEAD).len(), 1, "{name}");
            let log = events::list(&desk.app().store, desk.workspace(), None, 200).unwrap().rows;
            let told = log.iter().filter(|event| matches!(event.what, Happened::MessageSent { .. })).count();
            assert_eq!(told, 1, "{name}: its sequence hears once that it left");
        }
    }
}

fn automatic_answer(desk: &Desk, mail: &Message) {
    let head = format!(
        "From: {LEAD}\nSubject: Automatic reply: Your oil heating\nMessage-ID: <auto@fellside.example>\n\
         Auto-Submitted: auto-replied\nIn-Reply-To: <{}>",
        mail.message_id
    );
    desk.arrives(&head, "I am away.");
}

fn in_doubt(desk: &Desk) -> Vec<Message> {
    messaging::list_in_doubt(&desk.app().store, desk.workspace(), None, 10).unwrap().rows
}

#[test]
fn a_mailbox_that_says_wait_is_waited_for_as_long_as_it_says_and_nobody_is_lost() {
    let gmail = |fault: Value| (Desk::with_gmail(), fault);
    let graph = |fault: Value| (Desk::with(Provider::Microsoft), fault);
    let smtp = |fault: Value| (Desk::with_mail_server(), fault);
    let send = "POST /google/gmail/v1/users/me/messages/send";
    let limited = json!({"error": {"code": 403, "message": "User-rate limit exceeded.", "errors":
        [{"domain": "usageLimits", "reason": "rateLimitExceeded", "message": "User-rate limit exceeded."}]}});
    let until = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "User-rate limit exceeded.  Retry after 2026-11-24T12:00:00.000Z"}});
    // Not yet after so many seconds, but after so many; whether the whole mailbox rests.
    let cases = [
        ("429 with Retry-After", gmail(json!({"match": send, "status": 429, "retry_after": 900})), 890, 910),
        ("403 rateLimitExceeded", gmail(json!({"match": send, "status": 403, "body": limited})), 200, 420),
        ("429 that names a time", gmail(json!({"match": send, "status": 429, "body": until})), 7100, 7300),
        (
            "429 with Retry-After, of Microsoft",
            graph(json!({"match": "POST /microsoft/v1.0/me/sendMail", "status": 429, "retry_after": 900})),
            890,
            910,
        ),
        (
            "the day's messages, of Microsoft",
            graph(json!({"match": "POST /microsoft/v1.0/me/sendMail", "status": 429, "body":
                {"error": {"code": "ErrorExceededMessageLimit", "message": "limit"}}})),
            3500,
            3700,
        ),
        ("421, line closed", smtp(json!({"match": "SMTP MAIL", "status": 421})), 200, 420),
        ("454, slow down", smtp(json!({"match": "SMTP RCPT", "status": 454})), 200, 420),
        ("451, greylisted", smtp(json!({"match": "SMTP RCPT", "status": 451})), 1500, 2300),
    ];
    for (name, (desk, fault), not_yet, by_then) in cases {
        desk.world.control("faults", &fault);
        let mail = desk.send();
        assert!(matches!(mail.state, Delivery::Queued { waits_for: Some(_) }), "{name}: {:?}", mail.state);
        desk.world.advance(Duration::from_secs(not_yet));
        desk.run_queue();
        assert!(!is_sent(&desk.stored(&mail)), "{name}: asked again too early");
        desk.world.advance(Duration::from_secs(by_then - not_yet));
        desk.run_queue();
        assert!(is_sent(&desk.stored(&mail)), "{name}: {:?}", desk.stored(&mail).state);
        assert_eq!(desk.world.mails_of(LEAD).len(), 1, "{name}");
        assert_eq!(desk.world.stored(&desk.connection).state, State::Working, "{name}");
    }
}
