//! Steps leave in their turn: approved words, due times, hours and limits.

use super::*;

#[test]
fn nothing_leaves_before_the_worker_is_switched_on_and_then_each_step_leaves_in_its_turn() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.advance(DAY);
    assert!(world.texts().is_empty(), "it is off");
    assert_eq!(world.figure(Group::Held), 1);
    world.activate();
    assert_eq!(world.texts(), ["Hi Anna, one."]);
    world.advance(2 * DAY);
    assert_eq!(world.texts().len(), 1, "the second step waits three days");
    world.advance(4 * DAY);
    world.advance(7 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one.", "Two.", "Three."]);
    let sent = world.mailbox.0.lock().unwrap().clone();
    assert_eq!(sent[0].subject, "Heating at Fellside");
    assert_eq!(sent[1].subject, "Re: Heating at Fellside");
    assert_eq!(sent[2].subject, "Re: Heating at Fellside");
    assert_eq!(sent[2].in_reply_to.as_deref(), Some(sent[1].message_id.as_str()));
    assert_eq!(sent[2].references, [sent[0].message_id.clone(), sent[1].message_id.clone()]);
    assert_eq!(sent[1].provider_thread, Some(format!("thread of {}", sent[0].to)));
    assert!(matches!(world.now_stands(&lead).state, State::Finished { .. }));
    assert_eq!((world.figure(Group::Written), world.figure(Group::Finished), world.figure(Group::Waiting)), (1, 1, 0));
}

#[test]
fn a_follow_up_waits_for_the_mailbox_to_be_read_also_when_it_has_a_subject_of_its_own() {
    for subject in ["", "Another thought"] {
        let world = World::with(vec![step(0, "Heating", "One."), step(3, subject, "Two.")], |_, _| {});
        world.lead("Anna", |_| {});
        world.activate();
        assert_eq!(world.texts(), ["One."], "the first mail needs no reading");
        world.app().clock.advance(3 * DAY);
        world.settle();
        assert_eq!(world.texts().len(), 1, "“{subject}”: nobody has looked for an answer");
        world.advance(MINUTE);
        assert_eq!(world.texts(), ["One.", "Two."], "“{subject}”");
    }
}

#[test]
fn a_changed_text_waits_for_approval_and_the_unchanged_steps_go_on() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let mut form =
        SequenceForm::of(&get_sequence(&world.app().store, world.test.workspace, world.sequence.id).unwrap().unwrap());
    form.steps[1].text = "Two, but better.".into();
    update(world.app(), &world.test.owner, world.sequence.id, &form, None, Some(Scope::InFlight)).unwrap();
    world.advance(3 * DAY);
    let other = world.lead("Ben", |_| {});
    world.settle();
    assert_eq!(world.texts(), ["Hi Anna, one.", "Hi Ben, one."], "the first step was approved as it stands");
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!() };
    assert!(hold.words.contains("waits for your approval"), "{}", hold.words);
    approve(world.app(), &world.test.owner, world.sequence.id, None).unwrap();
    world.advance(MINUTE);
    assert_eq!(world.texts().last().unwrap(), "Two, but better.");
    assert_eq!(world.now_stands(&other).sent.len(), 1);
}

#[test]
fn a_field_that_a_lead_lacks_holds_its_mail_back_until_it_is_there() {
    let steps = vec![step(0, "For {{company}}", "Hi {{first_name}}, hello.")];
    let world = World::with(steps, |_, _| {});
    let lead = world.lead("", |contact| contact.last_name = String::new());
    world.activate();
    assert!(world.texts().is_empty(), "never “Hi ,”");
    let State::Waiting { waits_for: Some(hold), .. } = world.now_stands(&lead).state else { panic!() };
    assert!(hold.words.starts_with("The first name of this lead is missing."), "{}", hold.words);
    let store = &world.app().store;
    store
        .write(|txn| {
            let before = contacts::find(txn, world.test.workspace, lead.contact)?.unwrap();
            let after = Contact { first_name: "Anna".into(), ..before.clone() };
            contacts::put(txn, &after, Some(&before))?;
            events::append(
                txn,
                world.test.workspace,
                world.app().now(),
                Happened::ContactChanged { contact: lead.contact },
            )
        })
        .unwrap();
    world.settle();
    assert_eq!(world.texts(), ["Hi Anna, hello."]);
}

#[test]
fn mail_arrives_in_the_leads_own_hours_also_over_a_clock_change() {
    let world = World::new();
    // 24 November, 10:00 UTC: open in London, night in New York. The clocks change on 14 March there.
    world.app().clock.advance_to(UnixMillis::parse_rfc3339("2027-03-12T11:00:00Z").unwrap());
    let lead = world.lead("Anna", |contact| contact.time_zone = Some("America/New_York".into()));
    world.activate();
    assert!(world.texts().is_empty(), "it is six in the morning there");
    world.advance(3 * 3600 * Duration::from_secs(1));
    assert_eq!(world.texts().len(), 1, "nine in the morning");
    let State::Waiting { due, .. } = world.now_stands(&lead).state else { panic!() };
    assert_eq!(due.to_rfc3339(), "2027-03-15T13:00:00Z", "nine in the morning after the change");
}

#[test]
fn the_limits_of_worker_mailbox_and_domain_hold_and_the_rest_leaves_later() {
    let cases: [(&str, fn(&mut WorkerForm, &mut Connection)); 3] = [
        ("worker", |form, _| form.limits.per_day = 2),
        ("mailbox", |_, mailbox| mailbox.pace.daily_cap = 2),
        ("domain", |form, _| form.limits.per_domain_day = 2),
    ];
    for (name, change) in cases {
        let world = World::with(vec![step(0, "S", "One.")], change);
        for number in 0..5 {
            world.lead(&format!("Lead {number}"), |_| {});
        }
        world.activate();
        assert_eq!(world.texts().len(), 2, "{name}");
        world.advance(DAY - 2 * MINUTE);
        assert_eq!(world.texts().len(), 2, "{name}: not yet a day ago");
        world.advance(3 * MINUTE);
        assert_eq!(world.texts().len(), 4, "{name}");
    }
}

#[test]
fn hundreds_of_leads_get_exactly_one_mail_each() {
    let world = World::with(vec![step(0, "S", "Hi {{first_name}}.")], |form, _| form.audience_tag = "hotel".into());
    for number in 0..300 {
        add_contact(&world.test, &format!("Lead{number}"), |contact| contact.tags = vec!["hotel".into()]);
    }
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    world.settle();
    assert_eq!(world.figure(Group::All), 300);
    let run = last_run(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    assert_eq!((run.is_running, run.tally.added), (false, 300));
    world.activate();
    let mut texts = world.texts();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), world.texts().len()), (300, 300));
    assert_eq!((world.figure(Group::Finished), world.figure(Group::Queued)), (300, 0));
}

#[test]
fn a_test_mail_goes_to_oneself_and_belongs_to_no_lead() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    let me = EmailAddress::parse("me@fernhill.example").unwrap();
    let second = world.sequence.steps[1].id;
    crate::outreach::preview::send_test(world.app(), &world.test.owner, world.worker.id, lead.id, second, &me).unwrap();
    world.settle();
    let sent = world.mailbox.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1, "although the worker is off");
    assert_eq!(
        (sent[0].to.display(), sent[0].subject.as_str()),
        ("me@fernhill.example", "[Test] Re: Heating at Fellside")
    );
    assert!(world.now_stands(&lead).sent.is_empty());
}

/// Enqueues an answer to a lead, as a person writes one.
fn write_answer(world: &World, lead: &Enrolment) -> MessageId {
    let (app, now) = (world.app(), world.app().now());
    let mailbox = connections::get(&app.store, world.test.workspace, world.connection).unwrap().unwrap();
    let to = contacts::get(&app.store, world.test.workspace, lead.contact).unwrap().unwrap();
    let to = to.address().unwrap().clone();
    let new =
        messaging::NewMessage::new(now, world.test.workspace, lead.contact, messaging::Purpose::Answer, &mailbox, &to);
    let new = new.words("Re: Heating", "An answer.");
    let message = app.store.write(|txn| messaging::enqueue(app, txn, &new, now)).unwrap();
    world.settle();
    message.id
}

#[test]
fn an_answer_waits_for_no_cold_mail_and_the_next_cold_mail_keeps_its_distance_from_it() {
    let world = World::with(vec![step(0, "S", "Cold.")], |_, mailbox| mailbox.pace.min_gap_seconds = 600);
    let leads = ["Anna", "Ben"].map(|name| world.lead(name, |_| {}));
    world.activate();
    assert_eq!(world.texts(), ["Cold."]);
    world.advance(9 * MINUTE);
    write_answer(&world, &leads[0]);
    assert_eq!(world.texts(), ["Cold.", "An answer."], "it does not wait for the pause after a cold mail");
    world.advance(2 * MINUTE);
    assert_eq!(world.texts().len(), 2, "two minutes after an answer no cold mail leaves");
    world.advance(8 * MINUTE);
    assert_eq!(world.texts(), ["Cold.", "An answer.", "Cold."]);
}

#[test]
fn what_keeps_a_worker_from_being_switched_on_keeps_a_changed_text_from_being_approved() {
    let world = World::new();
    world.lead("Anna", |_| {});
    world.activate();
    let (app, owner, id) = (world.app(), &world.test.owner, world.sequence.id);
    let mut form = SequenceForm::of(&get_sequence(&app.store, world.test.workspace, id).unwrap().unwrap());
    form.steps[0].subject = String::new();
    update(app, owner, id, &form, None, Some(Scope::InFlight)).unwrap();
    let Err(OutreachError::Mistakes(found)) = approve(app, owner, id, None) else { panic!("it was approved") };
    assert_eq!((found[0].step, found[0].field), (Some(0), "subject"));
    assert!(found[0].words.ends_with("Write a subject."), "{}", found[0].words);
}
