//! Mails of which it is not known whether they left, and answers that come at that moment.

use super::*;
use crate::jobs::Verdict;
use crate::messaging::Delivery;

fn cut() -> SendOutcome {
    SendOutcome::Unknown { reason: "The line was cut.".into() }
}

fn nobody_knows() -> Look {
    Look::CannotKnow { reason: "A mail server cannot be asked.".into() }
}

impl World {
    fn answers_next(&self, outcomes: impl IntoIterator<Item = SendOutcome>, looks: impl IntoIterator<Item = Look>) {
        self.mailbox.1.lock().unwrap().extend(outcomes);
        self.mailbox.2.lock().unwrap().extend(looks);
    }

    /// A lead whose first mail may have left.
    fn lead_in_doubt(&self) -> (Enrolment, MessageId) {
        self.answers_next([cut()], [nobody_knows()]);
        let lead = self.lead("Anna", |_| {});
        self.activate();
        let State::Queued { message, .. } = self.now_stands(&lead).state else { panic!() };
        assert!(matches!(self.state_of(message), Delivery::NeedsHuman { .. }));
        (lead, message)
    }

    fn state_of(&self, message: MessageId) -> Delivery {
        messaging::get_message(&self.app().store, self.test.workspace, message).unwrap().unwrap().state
    }

    /// The answer is read, and the event that says so is not heard yet.
    fn read_unheard(&self, id: ReplyId, label: &str) {
        let reading = Reading { label: label.into(), confidence: 0.99, ..Reading::default() };
        let written = self.app().store.write(|txn| {
            let mut reply = messaging::find_reply(txn, self.test.workspace, id)?.unwrap();
            reply.reading = Some(reading.clone());
            messaging::update_reply(txn, &reply)
        });
        written.unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"));
    }

    fn decides(&self, message: MessageId, verdict: Verdict) {
        messaging::resolve(self.app(), &self.test.owner, message, verdict).unwrap();
        self.settle();
    }
}

#[test]
fn a_step_that_may_have_left_is_not_sent_again_after_an_absence() {
    let world = World::new();
    let (lead, message) = world.lead_in_doubt();
    let reply = world.receive(message, true);
    world.read_as(reply, "out_of_office", |reading| reading.return_date = Some("2026-12-03".into()));
    assert!(matches!(world.now_stands(&lead).state, State::PausedUntil { .. }));
    world.advance(11 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one."], "nobody has said whether it arrived");
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!() };
    assert!(hold.words.contains("may have left already"), "{}", hold.words);
    world.decides(message, Verdict::Arrived);
    assert_eq!(world.now_stands(&lead).sent.len(), 1);
    world.advance(2 * DAY);
    assert_eq!(world.texts().len(), 1, "the second step waits its three days");
    world.advance(2 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two."]);
}

#[test]
fn stopping_and_undoing_that_sends_nothing_twice() {
    for (verdict, texts, ends) in [
        (Verdict::DoAgain, vec!["Hi Anna, one."; 2], false),
        (Verdict::Arrived, vec!["Hi Anna, one."], false),
        (Verdict::GiveUp, vec!["Hi Anna, one."], true),
    ] {
        let world = World::new();
        let (lead, message) = world.lead_in_doubt();
        stop(world.app(), &world.test.owner, lead.id).unwrap();
        resume(world.app(), &world.test.owner, lead.id).unwrap();
        world.settle();
        world.advance(DAY);
        assert_eq!(world.texts().len(), 1, "{verdict:?}");
        world.decides(message, verdict);
        assert_eq!(world.texts(), texts, "{verdict:?}");
        let stands = world.now_stands(&lead);
        assert_eq!(matches!(stands.state, State::Stopped { .. }), ends, "{verdict:?}: {:?}", stands.state);
        assert_eq!(stands.sent.len(), usize::from(!ends), "{verdict:?}");
    }
}

#[test]
fn a_follow_up_that_turns_out_not_to_have_left_stays_here_when_they_answered_meanwhile() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let first = world.now_stands(&lead).last_sent().unwrap().message;
    let later = Look::LookAgain { after: 30 * MINUTE, reason: "Not there yet.".into() };
    world.answers_next([cut()], [later, Look::Absent]);
    world.advance(3 * DAY);
    let State::Queued { message, .. } = world.now_stands(&lead).state else { panic!() };
    assert!(matches!(world.state_of(message), Delivery::Leaving | Delivery::InDoubt { .. }));
    let reply = world.receive(first, false);
    world.read_as(reply, "question", |_| {});
    for _ in 0..4 {
        world.advance(30 * MINUTE);
    }
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two."], "tried once, and never again");
    assert!(matches!(world.state_of(message), Delivery::NotSent { .. }), "{:?}", world.state_of(message));
}

#[test]
fn an_answer_stops_the_sequence_even_when_its_event_is_late() {
    for is_queued in [true, false] {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let first = world.now_stands(&lead).last_sent().unwrap().message;
        if is_queued {
            world.app().clock.advance(3 * DAY);
            world.settle();
            assert!(matches!(world.now_stands(&lead).state, State::Queued { .. }));
        }
        world.app().clock.advance(Duration::from_secs(1));
        let reply = world.receive(first, false);
        world.read_unheard(reply, "later");
        world.advance(4 * DAY);
        assert_eq!(world.texts(), ["Hi Anna, one."], "queued {is_queued}");
        assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }), "queued {is_queued}");
        world.read_as(reply, "later", |_| {});
        let State::Stopped { follow_up_on, .. } = world.now_stands(&lead).state else { panic!() };
        assert!(follow_up_on.is_some(), "queued {is_queued}");
        // Who takes the lead up again knows of the answer.
        world.app().clock.advance(MINUTE);
        resume(world.app(), &world.test.owner, lead.id).unwrap();
        world.advance(DAY);
        world.advance(DAY);
        assert_eq!(world.texts(), ["Hi Anna, one.", "Two."], "queued {is_queued}");
    }
}

#[test]
fn an_absence_told_about_an_earlier_sequence_pauses_the_one_that_runs_now() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let first = world.now_stands(&lead).last_sent().unwrap().message;
    stop(app, owner, lead.id).unwrap();
    let second = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { name: "Other".into(), sequence: Some(second.id), ..WorkerForm::default() };
    let other = workers::create(app, owner, &form).unwrap();
    assert_eq!(enrol(app, owner, other.id, &[lead.contact]).unwrap().added, 1);
    let running = world.active(lead.contact);
    let reply = world.receive(first, true);
    world.read_as(reply, "out_of_office", |_| {});
    assert!(matches!(world.now_stands(&running).state, State::PausedUntil { .. }));
}

#[test]
fn a_sender_that_is_refused_uses_up_no_lead() {
    let world = World::new();
    let refused = || SendOutcome::SenderRefused { reason: "5.7.26 unauthenticated mail".into() };
    world.answers_next([refused(), refused()], []);
    let anna = world.lead("Anna", |_| {});
    world.activate();
    let mailbox = || connections::get(&world.app().store, world.test.workspace, world.connection).unwrap().unwrap();
    assert!(matches!(mailbox().state, connections::State::NeedsOwner { .. }), "{:?}", mailbox().state);
    let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    assert!(matches!(worker.state, workers::WorkerState::Paused(_)));
    world.advance(6 * 60 * MINUTE);
    assert_eq!(world.mailbox.1.lock().unwrap().len(), 1, "nothing more is tried before its owner has acted");
    assert!(world.now_stands(&anna).state.is_active());
    let mended = world.app().store.write(|txn| {
        let mut mailbox = connections::find(txn, world.test.workspace, world.connection)?.unwrap();
        mailbox.state = connections::State::Working;
        connections::put(txn, &mailbox)?;
        let what = Happened::ConnectionMade { connection: world.connection };
        events::append(txn, world.test.workspace, world.app().now(), what)
    });
    mended.unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"));
    world.activate();
    world.advance(MINUTE);
    assert!(!world.now_stands(&anna).state.is_active(), "refused again it is that one mail");
    world.lead("Ben", |_| {});
    world.settle();
    assert_eq!(world.texts().len(), 1, "and the others go on");
}

#[test]
fn an_outage_of_days_loses_no_mail() {
    let world = World::new();
    let outage = || SendOutcome::Wait { after: Some(5 * MINUTE), whole_mailbox: true, reason: "No answer.".into() };
    world.answers_next((0..1000).map(|_| outage()), []);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let State::Queued { message, .. } = world.now_stands(&lead).state else { panic!() };
    for _ in 0..45 {
        world.advance(6 * MINUTE);
    }
    assert!(matches!(world.state_of(message), Delivery::Queued { .. }), "{:?}", world.state_of(message));
    world.advance(3 * DAY);
    assert!(matches!(world.state_of(message), Delivery::NeedsHuman { .. }), "{:?}", world.state_of(message));
    world.mailbox.1.lock().unwrap().clear();
    world.decides(message, Verdict::DoAgain);
    world.advance(6 * MINUTE);
    assert_eq!(world.texts(), ["Hi Anna, one."]);
}

#[test]
fn nothing_follows_a_mail_that_was_not_delivered() {
    for bounce in [messaging::Bounce::Elsewhere, messaging::Bounce::Full] {
        let world = World::new();
        let leads: Vec<Enrolment> = (0..6).map(|number| world.lead(&format!("L{number}"), |_| {})).collect();
        world.activate();
        for lead in &leads {
            let message = world.now_stands(lead).last_sent().unwrap().message;
            messaging::bounced(world.app(), world.test.workspace, message, bounce, "the server refuses it").unwrap();
        }
        world.settle();
        world.advance(7 * DAY);
        assert_eq!(world.texts().len(), 6, "{bounce:?}: no “Re:” to a mail that never came");
        let State::Stopped { reason, .. } = world.now_stands(&leads[0]).state else { panic!("{bounce:?}") };
        assert!(reason.contains("was not delivered: the server refuses it"), "{reason}");
        let suppressed = messaging::list_suppressions(&world.app().store, world.test.workspace, None, 9).unwrap();
        assert!(suppressed.rows.is_empty(), "{bounce:?}: the address is kept");
        assert_eq!(world.figure(Group::Bounced), 6, "{bounce:?}");
        let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
        assert!(matches!(worker.state, workers::WorkerState::Paused(_)), "{bounce:?}: the brake counts them");
    }
}

#[test]
fn a_full_mailbox_is_given_up_after_three_within_a_month_only() {
    for (days, given_up) in [(9, true), (20, false)] {
        let world = World::with(vec![step(0, "S", "One.")], |_, _| {});
        let lead = world.lead("Anna", |_| {});
        let to = contacts::get(&world.app().store, world.test.workspace, lead.contact).unwrap().unwrap();
        let to = to.address().unwrap().clone();
        for _ in 0..3 {
            let mailbox = connections::get(&world.app().store, world.test.workspace, world.connection);
            let now = world.app().now();
            let new = messaging::NewMessage::new(
                now,
                world.test.workspace,
                lead.contact,
                messaging::Purpose::Transactional,
                &mailbox.unwrap().unwrap(),
                &to,
            );
            let message = world.app().store.write(|txn| messaging::enqueue(world.app(), txn, &new, now)).unwrap();
            world.settle();
            messaging::bounced(world.app(), world.test.workspace, message.id, messaging::Bounce::Full, "5.2.2")
                .unwrap();
            world.advance(days * DAY);
        }
        let found = messaging::list_suppressions(&world.app().store, world.test.workspace, None, 9).unwrap();
        assert_eq!(!found.rows.is_empty(), given_up, "every {days} days");
    }
}

#[test]
fn an_address_put_on_the_list_by_hand_takes_its_lead_out_at_once() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let contact = contacts::get(&world.app().store, world.test.workspace, lead.contact).unwrap().unwrap();
    let target = messaging::Target::Address(contact.address().unwrap().clone());
    messaging::suppress_by_hand(world.app(), &world.test.owner, &target, "called us").unwrap();
    world.settle();
    assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }));
}

#[test]
fn a_look_noted_by_a_clock_that_ran_ahead_lets_no_follow_up_out() {
    let world = World::new();
    world.lead("Anna", |_| {});
    world.activate();
    let ahead = world.app().now().plus(30 * DAY);
    let noted = connections::update(&world.app().store, world.test.workspace, world.connection, |mailbox| {
        mailbox.health.last_poll = Some(ahead);
    });
    noted.unwrap();
    world.app().clock.advance(3 * DAY);
    world.settle();
    assert_eq!(world.texts().len(), 1);
    world.advance(MINUTE);
    assert_eq!(world.texts().len(), 2, "read again, with the clock put right");
}

#[test]
fn a_domain_on_the_list_takes_everyone_there_out_at_once_whoever_put_it_there() {
    for by_hand in [true, false] {
        let world = World::new();
        let at = |address: &str| {
            let address = EmailAddress::parse(address).unwrap();
            world.lead("Anna", |contact| contact.addresses = vec![address])
        };
        let theirs: Vec<Enrolment> = (0..9).map(|number| at(&format!("p{number}@bigcorp.example"))).collect();
        let (below, elsewhere) = (at("jo@shop.bigcorp.example"), at("jo@notbigcorp.example"));
        world.activate();
        let (app, workspace) = (world.app(), world.test.workspace);
        let target = messaging::Target::Domain("bigcorp.example".into());
        if by_hand {
            messaging::suppress_by_hand(app, &world.test.owner, &target, "their lawyer called").unwrap();
        } else {
            // As the reader of replies does when one of them speaks for the company.
            let (reason, who) = (messaging::SuppressionReason::Unsubscribed, Some(theirs[0].contact));
            let written = app
                .store
                .write(|txn| messaging::suppress(txn, workspace, app.now(), &target, reason, "reply", who).map(drop));
            written.unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"));
        }
        world.settle();
        for lead in theirs.iter().chain([&below]) {
            let State::Stopped { reason, .. } = world.now_stands(lead).state else { panic!("by hand {by_hand}") };
            assert!(reason.starts_with("No more mail to everyone at bigcorp.example: "), "{reason}");
        }
        assert!(world.now_stands(&elsewhere).state.is_active());
    }
}
