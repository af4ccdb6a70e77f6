use std::time::Duration;

use serde_json::json;

use super::desk::{is_sent, Desk, LEAD};
use crate::base::DraftId;
use crate::connections::{self, Provider, State};
use crate::messaging::{Channel, Delivery, Look, NewMessage};
use crate::testing::NOW;
use crate::workspaces;

fn raw(mail: &serde_json::Value) -> String {
    mail["raw"].as_str().unwrap().replace("\r\n ", " ")
}

#[test]
fn a_mail_leaves_with_our_id_the_address_and_a_way_to_opt_out_from_every_kind_of_mailbox() {
    for desk in Desk::of_every_kind() {
        let message = desk.send();
        assert!(is_sent(&message), "{:?}", message.state);
        let received = desk.world.mails_of(LEAD);
        assert_eq!(received.len(), 1);
        let raw = raw(&received[0]);
        for part in [
            &*format!("X-Launchyard-Id: {}", message.id),
            "<robin@larkfield.example>",
            "Robin Larkfield",
            "List-Unsubscribe: <http://127.0.0.1:8080/u/",
            "1 Mill Lane, Kendal LA9 4QD",
            "Unsubscribe",
        ] {
            assert!(raw.contains(part), "{part} in\n{raw}");
        }
        assert!(!raw.contains("AI assistance"));
    }
}

#[test]
fn the_message_id_that_the_provider_made_is_the_one_we_keep() {
    for desk in Desk::by_consent() {
        desk.world.control("settings", &json!({"replace_message_ids": true}));
        let message = desk.send();
        assert_eq!(desk.world.mails_of(LEAD)[0]["message_id"], message.message_id);
        assert!(message.provider_thread.is_some() && message.provider_id.is_some());
    }
}

#[test]
fn a_mail_counts_as_sent_even_when_its_message_id_cannot_be_read() {
    for desk in Desk::by_consent() {
        desk.world.control("faults", &json!({"match": desk.world.reading(), "status": 500, "times": 5}));
        assert!(is_sent(&desk.send()));
        assert_eq!(desk.world.mails_of(LEAD).len(), 1);
    }
}

#[test]
fn a_follow_up_stands_in_the_same_conversation_for_both_sides() {
    for desk in Desk::by_consent() {
        let first = desk.send();
        desk.world.advance(Duration::from_secs(1800));
        let thread = first.provider_thread.clone().unwrap();
        let second = desk.send_with(|new| new.answering(&first.message_id, &[], Some(&thread)));
        assert!(is_sent(&second));
        assert_eq!(second.provider_thread, first.provider_thread);
        let raw = raw(&desk.world.mails_of(LEAD)[1]);
        assert!(raw.contains("Subject: Re: Your oil heating"), "{raw}");
        assert!(raw.contains(&format!("In-Reply-To: <{}>", first.message_id)), "{raw}");
        assert!(raw.contains(&format!("References: <{}>", first.message_id)), "{raw}");
    }
}

#[test]
fn engine_written_text_says_so_where_the_workspace_wants_it() {
    let desk = Desk::with_gmail();
    let store = &desk.app().store;
    let mut workspace = workspaces::get(store, desk.workspace()).unwrap().unwrap();
    workspace.discloses_ai = true;
    store.write(|txn| workspaces::put(txn, &workspace, None)).unwrap();
    let by_engine = |new: NewMessage| new.draft(DraftId::new(NOW));
    desk.send_with(by_engine);
    assert!(raw(&desk.world.mails_of(LEAD)[0]).contains("Written with AI assistance."));
    desk.world.advance(Duration::from_secs(1800));
    desk.send();
    assert!(!raw(&desk.world.mails_of(LEAD)[1]).contains("AI assistance"), "a person wrote this one");
}

#[test]
fn a_line_cut_after_sending_is_looked_for_and_nobody_gets_it_twice() {
    for desk in Desk::by_consent() {
        let cut = json!({"match": desk.world.sending(), "drop": true, "after": true, "times": 1});
        desk.world.control("faults", &cut);
        let message = desk.send();
        desk.world.advance(Duration::from_secs(1200));
        desk.run_queue();
        let message = desk.stored(&message);
        assert!(is_sent(&message), "{:?}", message.state);
        assert_eq!(desk.world.mails_of(LEAD).len(), 1);
    }
}

#[test]
fn not_there_is_believed_only_at_the_third_look() {
    for desk in Desk::by_consent() {
        let message = desk.enqueue(|new| new);
        let look = |looks| crate::channels::email::EmailChannel.look(desk.app(), &message, &desk.connection, looks);
        assert!(matches!(look(0), Look::LookAgain { .. }));
        assert!(matches!(look(1), Look::LookAgain { .. }));
        assert_eq!(look(2), Look::Absent);
        desk.world.control("faults", &json!({"match": desk.world.reading(), "status": 503, "times": 9}));
        assert!(matches!(look(2), Look::LookAgain { .. }), "no answer is not absence");
    }
}

#[test]
fn a_cut_line_to_a_mail_server_asks_a_person() {
    let desk = Desk::with_mail_server();
    desk.world.control("faults", &json!({"match": "SMTP DATA", "drop": true, "after": true, "times": 1}));
    let message = desk.send();
    desk.world.advance(Duration::from_secs(600));
    desk.run_queue();
    assert!(matches!(desk.stored(&message).state, Delivery::NeedsHuman { .. }), "{:?}", desk.stored(&message).state);
    assert_eq!(desk.world.mails_of(LEAD).len(), 1);
}

#[test]
fn a_daily_limit_is_waited_out_and_nobody_is_lost() {
    for desk in Desk::by_consent() {
        desk.world.control("settings", &json!({"daily_sends": 0, "daily_recipients": 0}));
        let message = desk.send();
        assert!(matches!(message.state, Delivery::Queued { .. }), "{:?}", message.state);
        assert!(matches!(desk.world.stored(&desk.connection).state, State::Waiting { .. } | State::Working));
        desk.world.control("settings", &json!({"daily_sends": 500, "daily_recipients": 500}));
        desk.world.advance(Duration::from_secs(25 * 3600));
        desk.run_queue();
        assert!(is_sent(&desk.stored(&message)), "{:?}", desk.stored(&message).state);
        assert_eq!(desk.world.mails_of(LEAD).len(), 1);
        assert_eq!(desk.world.stored(&desk.connection).state, State::Working);
    }
}

#[test]
fn a_throttled_mail_server_holds_the_whole_mailbox_and_the_mail_leaves_later() {
    let desk = Desk::with_mail_server();
    desk.world.control("faults", &json!({"match": "SMTP MAIL", "status": 454, "times": 1}));
    let message = desk.send();
    assert!(matches!(message.state, Delivery::Queued { .. }), "{:?}", message.state);
    assert!(matches!(desk.world.stored(&desk.connection).state, State::Waiting { .. }));
    desk.world.advance(Duration::from_secs(1200));
    desk.run_queue();
    assert!(is_sent(&desk.stored(&message)));
}

#[test]
fn a_refused_login_stops_the_mailbox_and_keeps_the_mail() {
    let desk = Desk::with_mail_server();
    desk.world.control("faults", &json!({"match": "SMTP AUTH", "status": 535, "times": 9}));
    let message = desk.send();
    assert!(matches!(message.state, Delivery::Queued { .. }), "{:?}", message.state);
    assert!(matches!(desk.world.stored(&desk.connection).state, State::NeedsOwner { .. }));
}

#[test]
fn what_waits_when_its_mailbox_is_disconnected_is_not_sent_and_says_why() {
    for desk in Desk::by_consent() {
        let message = desk.enqueue(|new| new);
        connections::disconnect(desk.app(), &desk.world.owner, desk.connection.id).unwrap();
        desk.run_queue();
        match desk.stored(&message).state {
            Delivery::NotSent { reason } => assert!(reason.contains("disconnected"), "{reason}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(desk.world.mails_of(LEAD).len(), 0);
    }
}

#[test]
fn mails_over_smtp_stand_in_the_record_of_calls() {
    let desk = Desk::with_mail_server();
    desk.send();
    let calls = connections::list_calls(desk.app(), desk.workspace(), desk.connection.id, None, 100).unwrap();
    let sent = calls.rows.iter().find(|call| call.method == "SMTP").unwrap();
    assert_eq!(sent.status, Some(250));
}

#[test]
fn a_copy_that_appears_late_still_settles_the_doubt() {
    let desk = Desk::with(Provider::Microsoft);
    desk.world.control("settings", &json!({"slow_copies": true, "replace_message_ids": true}));
    desk.world.control("faults", &json!({"match": desk.world.sending(), "drop": true, "after": true, "times": 1}));
    let message = desk.send();
    assert!(!is_sent(&message), "{:?}", message.state);
    desk.world.advance(Duration::from_secs(1200));
    desk.run_queue();
    let message = desk.stored(&message);
    assert!(is_sent(&message), "{:?}", message.state);
    let received = desk.world.mails_of(LEAD);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["message_id"], message.message_id, "by the id that it really has");
}

#[test]
fn what_exchange_refuses_says_whether_it_is_the_mail_the_address_or_the_mailbox() {
    let refusal = |status: u16, code: &str| {
        let desk = Desk::with(Provider::Microsoft);
        let body = json!({"error": {"code": code, "message": "words of Microsoft"}});
        desk.world.control("faults", &json!({"match": desk.world.sending(), "status": status, "body": body}));
        let message = desk.send();
        (message.state, desk.world.stored(&desk.connection).state)
    };
    let (mail, mailbox) = refusal(400, "ErrorInvalidRecipients");
    assert!(matches!(mail, Delivery::NotSent { .. } | Delivery::Bounced { hard: true, .. }), "{mail:?}");
    assert_eq!(mailbox, State::Working);
    for (status, code) in [(403, "ErrorSendAsDenied"), (400, "ErrorMessageSubmissionBlocked")] {
        let (mail, mailbox) = refusal(status, code);
        assert!(matches!(mail, Delivery::Queued { .. }), "{code}: {mail:?}");
        assert!(matches!(mailbox, State::NeedsOwner { .. }), "{code}: {mailbox:?}");
    }
    let (mail, mailbox) = refusal(507, "ErrorQuotaExceeded");
    assert!(matches!(mail, Delivery::Queued { .. }), "{mail:?}");
    assert!(mailbox.is_working(), "a full mailbox is waited for: {mailbox:?}");
}
