//! Somebody was answered and goes quiet, with the real queue and the real gate.

use std::time::Duration;

use crate::agents::decide::{approve, reject, undo};
use crate::agents::replies;
use crate::agents::testing::Office;
use crate::base::ReplyId;
use crate::drafts::{self, Draft, Intent};
use crate::events::{self, Happened};
use crate::follow_ups::{self, FollowUp, RuleForm, State};
use crate::messaging::{Message, Purpose};
use crate::store::StoreError;
use crate::workers;

const DAY: Duration = Duration::from_secs(86_400);
const YES: &str = "Yes, we are interested. Please tell us more about how it works.";

fn rule(most: u8, text: &str) -> RuleForm {
    RuleForm { on: true, after_days: 2, then_days: 3, most, text: text.into() }
}

impl Office {
    fn follows_up(most: u8, text: &str) -> Self {
        let office = Self::open();
        follow_ups::set_rule(office.desk.app(), office.desk.owner(), office.desk.worker, &rule(most, text)).unwrap();
        if !text.is_empty() {
            follow_ups::approve_text(office.desk.app(), office.desk.owner(), office.desk.worker, None).unwrap();
        }
        office
    }

    fn pending(&self) -> Vec<Draft> {
        drafts::list_pending(&self.desk.app().store, self.desk.test.workspace, 10).unwrap()
    }

    /// They write, and their answer is answered as the worker proposes.
    fn answered(&self, text: &str) -> ReplyId {
        let reply = self.desk.unread(text);
        self.settle();
        let draft = self.pending().into_iter().find(|draft| draft.reply == Some(reply)).unwrap();
        approve(self.desk.app(), self.desk.owner(), draft.id).unwrap();
        self.advance(Duration::from_secs(11));
        reply
    }

    /// Newest first.
    fn follow_ups(&self) -> Vec<FollowUp> {
        let (store, desk) = (&self.desk.app().store, &self.desk);
        follow_ups::list_of_worker(store, desk.test.workspace, desk.worker, None, 20).unwrap().rows
    }

    fn newest(&self) -> FollowUp {
        self.follow_ups().remove(0)
    }

    fn ended(&self) -> String {
        match self.newest().state {
            State::Ended(ended) => ended.reason,
            other => format!("{other:?}"),
        }
    }

    fn happens(&self, what: Happened) {
        let (app, workspace) = (self.desk.app(), self.desk.test.workspace);
        let written: Result<_, StoreError> =
            app.store.write(|txn| events::append(txn, workspace, app.now(), what.clone()));
        written.unwrap();
        self.settle();
    }

    fn follow_up_mails(&self) -> Vec<Message> {
        self.sent().into_iter().filter(|mail| mail.purpose == Purpose::Outreach).collect()
    }
}

#[test]
fn nobody_is_followed_up_until_a_person_switches_it_on() {
    let office = Office::open();
    office.answered(YES);
    office.advance(20 * DAY);
    assert!(office.follow_ups().is_empty());
}

#[test]
fn who_goes_quiet_after_an_answer_is_followed_up_by_a_draft_in_the_same_conversation() {
    let office = Office::follows_up(1, "");
    office.answered(YES);
    let planned = office.newest();
    assert_eq!((planned.state.clone(), planned.number), (State::Planned, 1));
    office.advance(DAY);
    assert!(office.pending().is_empty(), "two days of sending are not over");
    office.advance(2 * DAY);
    let draft = office.pending().remove(0);
    assert_eq!((draft.intent, draft.label.as_str()), (Intent::FollowUp, "follow_up"));
    assert_eq!(draft.ungrounded, Vec::<String>::new(), "{}", draft.text);
    assert!(draft.text.contains("did my last answer reach you?"), "{}", draft.text);
    approve(office.desk.app(), office.desk.owner(), draft.id).unwrap();
    office.advance(Duration::from_secs(60));
    let sent = office.sent();
    let (answer, follow_up) = (&sent[0], &sent[1]);
    assert_eq!(follow_up.purpose, Purpose::Outreach, "nobody asked for it, so everything applies to it");
    assert_eq!(follow_up.in_reply_to.as_deref(), Some(answer.message_id.as_str()));
    assert_eq!((follow_up.connection, &follow_up.to), (answer.connection, &answer.to));
    assert!(follow_up.hours.is_some());
    assert_eq!(office.newest().state, State::Sent { message: follow_up.id });
    office.advance(30 * DAY);
    assert_eq!(office.sent().len(), 2, "one was the most");
}

#[test]
fn a_text_that_a_person_approved_leaves_by_itself_and_no_more_often_than_set() {
    let office = Office::follows_up(2, "Hello {{first_name|there}}, did you get my answer?");
    office.answered(YES);
    for _ in 0..20 {
        office.advance(DAY);
    }
    let mails = office.follow_up_mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].text, "Hello Anna, did you get my answer?");
    assert_eq!(
        mails[1].in_reply_to.as_deref(),
        Some(mails[0].message_id.as_str()),
        "the second goes on from the first"
    );
    assert!(office.pending().is_empty(), "the text was approved once and for all");
}

#[test]
fn a_changed_text_waits_for_approval_again() {
    let office = Office::follows_up(1, "Hello, did you get my answer?");
    let changed = rule(1, "Hello, any news?");
    let worker = follow_ups::set_rule(office.desk.app(), office.desk.owner(), office.desk.worker, &changed).unwrap();
    assert!(!worker.follow_ups.is_approved());
    office.answered(YES);
    for _ in 0..4 {
        office.advance(DAY);
    }
    assert_eq!(office.pending().remove(0).text, "Hello, any news?");
    assert!(office.follow_up_mails().is_empty());
}

#[test]
fn a_yes_to_a_text_is_a_yes_to_the_words_that_were_shown() {
    let office = Office::follows_up(1, "");
    let (app, owner, worker) = (office.desk.app(), office.desk.owner(), office.desk.worker);
    let shown = follow_ups::words_of("Hello, did you get my answer?");
    follow_ups::set_rule(app, owner, worker, &rule(1, "Hello, buy now.")).unwrap();
    let late = follow_ups::approve_text(app, owner, worker, Some(shown));
    assert!(matches!(late, Err(workers::WorkerError::Changed)), "{late:?}");
    follow_ups::set_rule(app, owner, worker, &rule(1, "Hello, did you get my answer?")).unwrap();
    assert!(follow_ups::approve_text(app, owner, worker, Some(shown)).unwrap().follow_ups.is_approved());
}

#[test]
fn whatever_they_say_or_do_ends_it() {
    type Act = fn(&Office);
    let cases: [(&str, Act); 6] = [
        ("They answered.", |office| {
            office.desk.unread("Thanks, I will look at it.");
        }),
        ("A meeting was booked.", |office| {
            let booking = crate::base::BookingId::new(office.desk.app().now());
            office.happens(Happened::BookingConfirmed { booking, contact: office.desk.contact });
        }),
        ("They asked not to be written to.", |office| {
            office.happens(Happened::Unsubscribed { contact: Some(office.desk.contact), how: "one-click".into() });
        }),
        ("Their answer was read differently since.", |office| {
            let reply = office.newest().reply;
            replies::correct(office.desk.app(), office.desk.owner(), reply, "not_interested").unwrap();
        }),
        ("Cancelled by Nora Whitfield.", |office| {
            follow_ups::cancel(office.desk.app(), office.desk.owner(), office.newest().id).unwrap();
        }),
        ("Follow-ups of the worker were switched off.", |office| {
            let off = RuleForm { on: false, ..rule(1, "") };
            follow_ups::set_rule(office.desk.app(), office.desk.owner(), office.desk.worker, &off).unwrap();
        }),
    ];
    for (reason, act) in cases {
        let office = Office::follows_up(1, "Hello, did you get my answer?");
        office.answered(YES);
        assert_eq!(office.newest().state, State::Planned, "{reason}");
        act(&office);
        office.settle();
        office.advance(10 * DAY);
        assert_eq!(office.ended(), reason);
        assert!(office.follow_up_mails().is_empty(), "{reason}");
    }
}

#[test]
fn a_follow_up_that_waits_at_the_gate_stays_when_they_answer() {
    let office = Office::follows_up(1, "Hello, did you get my answer?");
    let mut worker = office.desk.get_worker();
    office.answered(YES);
    worker.hours.days = vec![7];
    worker.follow_ups = office.desk.get_worker().follow_ups;
    office.desk.put_worker(&worker);
    office.advance(2 * DAY);
    assert!(matches!(office.newest().state, State::Queued { .. }), "it waits for Sunday: {:?}", office.newest());
    office.desk.unread("Thanks, got it.");
    office.settle();
    office.advance(10 * DAY);
    assert!(office.follow_up_mails().is_empty());
    assert_eq!(office.ended(), "They answered.");
}

#[test]
fn the_kill_switch_takes_back_what_waits_and_it_leaves_once_when_the_worker_goes_on() {
    let office = Office::follows_up(1, "Hello, did you get my answer?");
    office.answered(YES);
    let mut worker = office.desk.get_worker();
    worker.hours.days = vec![7];
    office.desk.put_worker(&worker);
    office.advance(2 * DAY);
    let State::Queued { message } = office.newest().state else { panic!("{:?}", office.newest()) };
    workers::pause_all(office.desk.app(), office.desk.owner()).unwrap();
    office.settle();
    assert_eq!(office.newest().state, State::Planned);
    let taken = crate::messaging::get_message(&office.desk.app().store, office.desk.test.workspace, message);
    assert!(!taken.unwrap().unwrap().state.is_waiting());
    office.advance(8 * DAY);
    assert!(office.follow_up_mails().is_empty(), "everything rests");
    workers::resume_all(office.desk.app(), office.desk.owner()).unwrap();
    for _ in 0..10 {
        office.advance(DAY);
    }
    // Sunday is the only day of sending: the mail waits at the gate until then, and the mailbox is read first.
    assert!(office.follow_up_mails().len() <= 1);
}

#[test]
fn an_approval_that_was_taken_back_and_given_anew_still_is_the_follow_up() {
    let office = Office::follows_up(1, "");
    office.answered(YES);
    office.advance(2 * DAY);
    let draft = office.pending().remove(0);
    approve(office.desk.app(), office.desk.owner(), draft.id).unwrap();
    office.settle();
    undo(office.desk.app(), office.desk.owner(), draft.id).unwrap();
    approve(office.desk.app(), office.desk.owner(), draft.id).unwrap();
    office.advance(Duration::from_secs(60));
    let sent = office.follow_up_mails().remove(0);
    assert_eq!(office.newest().state, State::Sent { message: sent.id });
}

#[test]
fn an_absence_puts_it_off_until_they_are_back() {
    let office = Office::follows_up(1, "Hello, did you get my answer?");
    office.answered(YES);
    let before = office.newest();
    let first_mail = office.desk.first_mail;
    office.desk.receive(first_mail, "I am out of the office until 11 December and will answer then.", true);
    office.settle();
    let after = office.newest();
    assert!(after.due > before.due && after.state == State::Planned, "{after:?}");
    office.advance(4 * DAY);
    assert!(office.follow_up_mails().is_empty(), "they are away");
    for _ in 0..20 {
        office.advance(DAY);
    }
    assert_eq!(office.follow_up_mails().len(), 1);
}

#[test]
fn an_answer_by_hand_is_followed_up_as_well_and_a_refusal_is_not() {
    let office = Office::follows_up(1, "Hello, did you get my answer?");
    let reply = office.desk.unread("How loud is the outdoor unit at night?");
    office.settle();
    replies::answer(office.desk.app(), office.desk.owner(), reply, "As loud as a fridge.").unwrap();
    office.settle();
    assert_eq!((office.newest().reply, office.newest().state), (reply, State::Planned));

    let refused = Office::follows_up(1, "Hello, did you get my answer?");
    let no = refused.desk.unread("No thank you, we are not interested.");
    refused.settle();
    replies::answer(refused.desk.app(), refused.desk.owner(), no, "Understood, thank you.").unwrap();
    refused.settle();
    assert!(refused.follow_ups().is_empty());
}

#[test]
fn a_rejected_draft_ends_it_and_a_worker_that_rests_makes_it_wait() {
    let office = Office::follows_up(1, "");
    office.answered(YES);
    workers::pause(office.desk.app(), office.desk.owner(), office.desk.worker, "A break.").unwrap();
    office.advance(4 * DAY);
    assert_eq!(office.newest().state, State::Planned, "nothing is written while the worker rests");
    workers::resume(office.desk.app(), office.desk.owner(), office.desk.worker).ok();
    let mut worker = office.desk.get_worker();
    worker.state = workers::WorkerState::Working;
    office.desk.put_worker(&worker);
    office.advance(DAY);
    let draft = office.pending().remove(0);
    reject(office.desk.app(), office.desk.owner(), draft.id, "").unwrap();
    office.settle();
    assert_eq!(office.ended(), "Its draft was rejected.");
}

#[test]
fn a_rule_outside_good_manners_is_refused() {
    let office = Office::open();
    let (app, owner, worker) = (office.desk.app(), office.desk.owner(), office.desk.worker);
    let cases = [
        (RuleForm { after_days: 0, ..rule(1, "") }, "after_days"),
        (RuleForm { then_days: 61, ..rule(1, "") }, "then_days"),
        (rule(0, ""), "most"),
        (rule(4, ""), "most"),
        (rule(1, "Hello {{first_name"), "text"),
        (rule(1, "Hello {{shoe_size}}"), "text"),
    ];
    for (form, field) in cases {
        let refused = follow_ups::set_rule(app, owner, worker, &form);
        let Err(workers::WorkerError::Invalid(mistakes)) = refused else { panic!("{form:?}") };
        assert_eq!(mistakes.fields().collect::<Vec<_>>(), [field], "{form:?}");
    }
}
