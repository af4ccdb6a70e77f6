//! What an answer does to the sequence it stops, pauses or puts off.

use super::*;

#[test]
fn any_answer_of_a_person_stops_the_sequence_even_when_the_next_mail_is_already_queued() {
    for label in
        ["interested", "meeting_proposed", "question", "referral", "not_interested", "later", "unsubscribe", "other"]
    {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let first = world.now_stands(&lead).last_sent().unwrap().message;
        // The mailbox has not been read, so the second mail is queued and waits at the gate.
        world.app().clock.advance(3 * DAY);
        world.settle();
        let queued = world.now_stands(&lead);
        let State::Queued { message, .. } = queued.state else { panic!("{label}: {:?}", queued.state) };
        let reply = world.receive(first, false);
        world.read_as(reply, label, |_| {});
        let State::Stopped { follow_up_on, .. } = world.now_stands(&lead).state else { panic!("{label}") };
        assert_eq!(follow_up_on.is_some(), label == "later", "{label}");
        for _ in 0..4 {
            world.advance(4 * DAY);
        }
        assert_eq!(world.texts().len(), 1, "{label}: the queued mail must not leave");
        let cancelled = messaging::get_message(&world.app().store, world.test.workspace, message).unwrap().unwrap();
        assert!(matches!(cancelled.state, messaging::Delivery::NotSent { .. }), "{label}");
        assert_eq!(world.figure(Group::Replied), 1, "{label}");
        let interested = u64::from(matches!(label, "interested" | "meeting_proposed"));
        assert_eq!(world.figure(Group::Interested), interested, "{label}");
        assert_eq!(world.figure(Group::OptedOut), u64::from(label == "unsubscribe"), "{label}");
    }
}

#[test]
fn one_answer_stops_the_whole_company_where_the_worker_is_set_so() {
    let at = |address: &str| {
        let address = EmailAddress::parse(address).unwrap();
        move |contact: &mut Contact| contact.addresses = vec![address]
    };
    let cases = [
        ("interested", true, "ben@fellside.example", true),
        ("unsubscribe", true, "ben@fellside.example", true),
        ("out_of_office", true, "ben@fellside.example", false),
        ("interested", false, "ben@fellside.example", false),
        ("interested", true, "ben@lakeside.example", false),
    ];
    for (label, is_set, address, stops) in cases {
        let world = World::with(three_steps(), |form, _| form.limits.company_stops = is_set);
        let anna = world.lead("Anna", at("anna@fellside.example"));
        let ben = world.lead("Ben", at(address));
        world.activate();
        world.answer(&anna, label, |_| {});
        let state = world.now_stands(&ben).state;
        assert_eq!(!state.is_active(), stops, "{label}, set {is_set}, {address}: {state:?}");
        world.advance(6 * DAY);
        assert_eq!(world.now_stands(&ben).sent.len() == 1, stops, "{label}, set {is_set}, {address}");
    }
    let world = World::with(three_steps(), |form, _| form.limits.company_stops = true);
    let anna = world.lead("Anna", at("anna.larkfield@gmail.com"));
    let ben = world.lead("Ben", at("ben.aldridge@gmail.com"));
    world.activate();
    world.answer(&anna, "interested", |_| {});
    assert!(world.now_stands(&ben).state.is_active(), "strangers who share a provider");
}

#[test]
fn an_absence_pauses_until_after_the_return_and_counts_as_no_answer() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.answer(&lead, "out_of_office", |reading| reading.return_date = Some("2026-12-03".into()));
    let State::PausedUntil { at, reason, .. } = world.now_stands(&lead).state else { panic!() };
    assert_eq!(at.to_rfc3339(), "2026-12-04T09:00:00Z");
    assert_eq!(reason, "Away until 3 December 2026.");
    world.advance(9 * DAY);
    assert_eq!(world.texts().len(), 1, "she is away");
    world.advance(DAY);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two."]);
    assert_eq!(world.figure(Group::Replied), 0);
}

#[test]
fn what_a_person_wrote_and_only_perhaps_is_an_absence_stops_the_sequence() {
    for (automatic, confidence, stops) in
        [(false, 0.40, true), (false, 0.69, true), (false, 0.70, false), (true, 0.40, false)]
    {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let reply = world.receive(world.now_stands(&lead).last_sent().unwrap().message, automatic);
        world.read_as(reply, "out_of_office", |reading| reading.confidence = confidence);
        let state = world.now_stands(&lead).state;
        assert_eq!(matches!(state, State::Stopped { .. }), stops, "automatic {automatic}, {confidence}: {state:?}");
        world.advance(10 * DAY);
        assert_eq!(world.texts().len() == 1, stops, "automatic {automatic}, {confidence}");
    }
}

#[test]
fn who_puts_it_off_is_taken_up_on_the_day_by_the_sequence_or_by_a_person() {
    type Change = fn(&mut Reading);
    let cases: [(&str, Change, bool); 3] = [
        ("read surely", |_| {}, true),
        ("not surely enough", |reading| reading.confidence = 0.79, false),
        ("delicate", |reading| reading.flags = vec!["legal".into()], false),
    ];
    for (name, change, goes_on) in cases {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        world.answer(&lead, "later", |reading| {
            reading.follow_up_on = Some("2026-12-10".into());
            change(reading);
        });
        assert!(world.now_stands(&lead).state.is_put_off(), "{name}");
        world.advance(14 * DAY);
        assert_eq!((world.texts().len(), world.figure(Group::AskAgain)), (1, 0), "{name}: the day has not come");
        world.advance(2 * DAY);
        assert_eq!(world.figure(Group::AskAgain), u64::from(!goes_on), "{name}");
        world.advance(MINUTE);
        assert_eq!(world.texts().len(), 1 + usize::from(goes_on), "{name}");
    }
}

#[test]
fn a_deferral_after_the_last_mail_comes_to_a_person_and_can_be_let_rest() {
    let world = World::with(vec![step(0, "S", "One.")], |_, _| {});
    let lead = world.lead("Anna", |_| {});
    world.activate();
    assert!(matches!(world.now_stands(&lead).state, State::Finished { .. }));
    world.answer(&lead, "later", |_| {});
    world.advance(89 * DAY);
    assert_eq!(world.figure(Group::AskAgain), 0);
    world.advance(4 * DAY);
    assert_eq!(world.figure(Group::AskAgain), 1, "no day was named: after ninety");
    leave(world.app(), &world.test.owner, lead.id).unwrap();
    assert_eq!((world.figure(Group::AskAgain), world.figure(Group::Stopped)), (0, 1));
}

#[test]
fn a_day_that_was_misread_is_dropped_with_its_label() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let reply = world.answer(&lead, "later", |reading| reading.follow_up_on = Some("2026-12-10".into()));
    world.read_as(reply, "question", |_| {});
    assert!(!world.now_stands(&lead).state.is_put_off());
    world.advance(30 * DAY);
    assert_eq!((world.texts().len(), world.figure(Group::AskAgain)), (1, 0));
}

#[test]
fn an_automatic_acknowledgement_changes_nothing() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let first = world.now_stands(&lead).last_sent().unwrap().message;
    let reply = world.receive(first, true);
    world.read_as(reply, "other", |_| {});
    assert!(matches!(world.now_stands(&lead).state, State::Waiting { .. }));
}

#[test]
fn an_answer_to_an_earlier_sequence_stops_the_one_that_runs_now() {
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
    let reply = world.receive(first, false);
    world.read_as(reply, "question", |_| {});
    assert!(matches!(world.now_stands(&running).state, State::Stopped { .. }));
    assert_eq!(world.now_stands(&lead).came.label.as_deref(), Some("question"));
}
