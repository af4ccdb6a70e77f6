//! Workers switched on and off: by people, all at once, and by the brakes.

use super::*;

#[test]
fn a_worker_that_is_not_ready_says_everything_that_is_missing() {
    let world = World::with(vec![step(0, "", "For {{roof_area}}")], |form, _| {
        form.mailbox = None;
        form.sender = Sender::default();
    });
    let Err(OutreachError::NotReady(missing)) = activate(world.app(), &world.test.owner, world.worker.id) else {
        panic!()
    };
    let words = missing.join("\n");
    for expected in ["no mailbox", "needs a subject", "needs the roof area", "sender’s name", "no lead yet"] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[test]
fn pausing_holds_from_that_moment_and_switching_on_wakes_what_waited() {
    let world = World::new();
    world.lead("Anna", |_| {});
    world.activate();
    workers::pause_all(world.app(), &world.test.owner).unwrap();
    world.lead("Ben", |_| {});
    world.advance(6 * DAY);
    assert_eq!(world.texts().len(), 1);
    workers::resume_all(world.app(), &world.test.owner).unwrap();
    world.settle();
    let mut texts = world.texts();
    texts.sort();
    assert_eq!(texts, ["Hi Anna, one.", "Hi Ben, one.", "Two."], "the order between leads is free");
}

#[test]
fn pausing_everything_takes_waiting_mails_back_and_writes_them_anew() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    // The mailbox has not been read, so the second mail is queued and waits at the gate.
    app.clock.advance(3 * DAY);
    world.settle();
    let State::Queued { message, .. } = world.now_stands(&lead).state else { panic!("not queued") };
    workers::pause_all(app, owner).unwrap();
    world.settle();
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!("not back") };
    assert!(hold.words.contains("is paused"), "{}", hold.words);
    let taken = messaging::get_message(&app.store, world.test.workspace, message).unwrap().unwrap();
    assert!(matches!(taken.state, messaging::Delivery::NotSent { .. }), "{:?}", taken.state);
    let mut form =
        SequenceForm::of(&get_sequence(&app.store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, a day later.".into();
    update(app, owner, world.sequence.id, &form, None, Some(Scope::InFlight)).unwrap();
    approve(app, owner, world.sequence.id, None).unwrap();
    workers::resume_all(app, owner).unwrap();
    world.advance(MINUTE);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two, a day later."]);
}

#[test]
fn taking_a_pause_back_approves_no_text_and_releases_no_brake() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    world.lead("Anna", |_| {});
    assert!(matches!(workers::resume(app, owner, world.worker.id), Err(workers::WorkerError::NotPaused)), "it is off");
    world.activate();
    let mut form =
        SequenceForm::of(&get_sequence(&app.store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, unread.".into();
    update(app, owner, world.sequence.id, &form, None, Some(Scope::InFlight)).unwrap();
    workers::pause(app, owner, world.worker.id, "Paused by Nora.").unwrap();
    workers::resume(app, owner, world.worker.id).unwrap();
    world.advance(4 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one."], "the changed text was read by nobody");

    let brake = |txn: &mut crate::store::Txn<'_>| {
        workers::pause_by_itself(txn, world.test.workspace, world.worker.id, app.now(), "Too many bounced.")
    };
    app.store.write(brake).unwrap();
    workers::pause(app, owner, world.worker.id, "Paused by Nora.").unwrap();
    assert!(matches!(workers::resume(app, owner, world.worker.id), Err(workers::WorkerError::NotPaused)));
    let stands = workers::get(&app.store, world.test.workspace, world.worker.id).unwrap().unwrap().state;
    assert!(matches!(&stands, workers::WorkerState::Paused(off) if off.by_itself), "{stands:?}");
}

#[test]
fn too_many_bounces_pause_the_worker() {
    let world = World::with(vec![step(0, "S", "One."), step(3, "", "Two.")], |_, _| {});
    let leads: Vec<Enrolment> = (0..8).map(|number| world.lead(&format!("L{number}"), |_| {})).collect();
    world.activate();
    for lead in &leads[..6] {
        let message = world.now_stands(lead).last_sent().unwrap().message;
        messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "5.1.1 unknown")
            .unwrap();
    }
    world.settle();
    let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    let workers::WorkerState::Paused(off) = worker.state else { panic!("{:?}", worker.state) };
    assert!(off.by_itself && off.reason.starts_with("3 of the last 8 mails bounced"), "{}", off.reason);
    assert_eq!(world.figure(Group::Bounced), 6);
    assert!(matches!(world.now_stands(&leads[0]).state, State::Stopped { .. }));
}

#[test]
fn a_bounce_that_came_as_an_answer_ends_the_sequence_and_counts_as_no_answer() {
    for automatic in [true, false] {
        let world = World::new();
        let lead = world.lead("Anna", |_| {});
        world.activate();
        let message = world.now_stands(&lead).last_sent().unwrap().message;
        let reply = world.receive(message, automatic);
        // As the reader does in the transaction of its reading.
        messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "550").unwrap();
        world.read_as(reply, "other", |reading| reading.other_kind = Some("bounce_hard".into()));
        assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }));
        assert_eq!((world.figure(Group::Bounced), world.figure(Group::Replied)), (1, 0), "automatic {automatic}");
    }
}

fn to_whom(letters: &[(String, String)]) -> Vec<&str> {
    let mut to: Vec<&str> = letters.iter().map(|(to, _)| to.as_str()).collect();
    to.sort_unstable();
    to
}

#[test]
fn who_answers_for_the_workspace_is_told_once_by_mail_when_a_brake_pauses_a_worker() {
    let world = World::with(vec![step(0, "S", "One."), step(3, "", "Two.")], |_, _| {});
    world.add_members();
    let leads: Vec<Enrolment> = (0..6).map(|number| world.lead(&format!("L{number}"), |_| {})).collect();
    world.activate();
    for lead in &leads {
        let message = world.now_stands(lead).last_sent().unwrap().message;
        messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "5.1.1").unwrap();
        world.settle();
    }
    let letters = world.letters();
    assert_eq!(to_whom(&letters), ["ann@fernhill.example", "nora@fernhill.example"]);
    for (_, text) in &letters {
        assert!(text.contains("Lake District hotels has paused: 3 of the last 6 mails bounced."), "{text}");
        assert!(text.contains(&format!("/outreach/{}", world.worker.id)), "{text}");
    }
    workers::pause_all(world.app(), &world.test.owner).unwrap();
    world.settle();
    assert_eq!(world.letters().len(), 2, "a person's own pause is no news");
}

#[test]
fn a_mailbox_that_the_gate_out_found_lost_is_told_once_and_pauses_all_its_workers() {
    let world = World::new();
    world.add_members();
    let other = world.second_worker(world.sequence.id);
    for worker in [&world.worker, &other] {
        let contact = add_contact(&world.test, &worker.name, |_| {});
        enrol(world.app(), &world.test.owner, worker.id, &[contact]).unwrap();
    }
    activate(world.app(), &world.test.owner, other.id).unwrap();
    world.settle();
    let refused = SendOutcome::SenderRefused { reason: "5.7.26 unauthenticated mail".into() };
    world.mailbox.1.lock().unwrap().push_back(refused);
    world.activate();
    let letters = world.letters();
    assert_eq!(to_whom(&letters), ["ann@fernhill.example", "nora@fernhill.example"]);
    assert!(letters[0].1.contains("nora@fernhill.example needs you: 5.7.26"), "{}", letters[0].1);
    for id in [world.worker.id, other.id] {
        let stands = workers::get(&world.app().store, world.test.workspace, id).unwrap().unwrap();
        assert!(matches!(stands.state, workers::WorkerState::Paused(_)), "{}: {:?}", stands.name, stands.state);
    }
    connections::lose(world.app(), world.test.workspace, world.connection, "5.7.26 again").unwrap();
    world.advance(MINUTE);
    assert_eq!(world.letters().len(), 2, "the same incident");
}

#[test]
fn what_waits_at_the_gate_is_written_anew_when_review_is_switched_on_or_its_words_change() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    // The mailbox has not been read, so the second mail is queued and waits at the gate.
    app.clock.advance(3 * DAY);
    world.settle();
    let State::Queued { message, .. } = world.now_stands(&lead).state else { panic!("not queued") };
    let mut form =
        SequenceForm::of(&get_sequence(&app.store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, but better.".into();
    update(app, owner, world.sequence.id, &form, None, Some(Scope::InFlight)).unwrap();
    world.settle();
    let taken = messaging::get_message(&app.store, world.test.workspace, message).unwrap().unwrap();
    assert!(matches!(taken.state, messaging::Delivery::NotSent { .. }), "{:?}", taken.state);
    approve(app, owner, world.sequence.id, None).unwrap();
    world.settle();
    assert!(world.now_stands(&lead).state.queued().is_some());
    let worker = workers::get(&app.store, world.test.workspace, world.worker.id).unwrap().unwrap();
    let form = workers::WorkerForm { review: true, ..workers::WorkerForm::of(&worker) };
    workers::update(app, owner, worker.id, &form).unwrap();
    // The change is heard before the mailbox is read, and with that the mail could leave.
    world.settle();
    world.advance(MINUTE);
    assert_eq!((world.texts().len(), world.now_stands(&lead).state.words()), (1, "To be read"));
    let form = workers::WorkerForm { review: false, ..form };
    workers::update(app, owner, worker.id, &form).unwrap();
    world.advance(MINUTE);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two, but better."]);
}

#[test]
fn a_yes_to_texts_is_a_yes_to_the_version_that_was_read() {
    let world = World::new();
    world.lead("Anna", |_| {});
    let (app, owner, id) = (world.app(), &world.test.owner, world.sequence.id);
    let read = world.sequence.version;
    let change = |text: &str| {
        let stored = get_sequence(&app.store, world.test.workspace, id).unwrap().unwrap();
        let mut form = SequenceForm::of(&stored);
        form.steps[0].text = text.into();
        update(app, owner, id, &form, None, Some(Scope::InFlight)).unwrap().version
    };
    let newest = change("Hi {{first_name|there}}, otherwise.");
    let refused = activate_seen(app, owner, world.worker.id, Some(read));
    assert!(matches!(&refused, Err(OutreachError::MayNotMove(words)) if words.contains("Read them again")));
    assert!(!workers::get(&app.store, world.test.workspace, world.worker.id).unwrap().unwrap().state.is_working());
    activate_seen(app, owner, world.worker.id, Some(newest)).unwrap();
    change("Hi {{first_name|there}}, otherwise again.");
    assert!(matches!(approve(app, owner, id, Some(newest)), Err(OutreachError::MayNotMove(_))));
    let stored = get_sequence(&app.store, world.test.workspace, id).unwrap().unwrap();
    assert!(!stored.is_all_approved());
    assert!(approve(app, owner, id, Some(stored.version)).unwrap().is_all_approved());
}
