//! Who becomes a lead, and who is one no more.

use super::*;

#[test]
fn a_contact_is_enrolled_once_and_in_one_sequence_at_a_time() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    let again = enrol(app, owner, world.worker.id, &[lead.contact]).unwrap();
    assert_eq!((again.added, again.skipped_words()), (0, "1 in a sequence already".into()));
    let second = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { name: "Other".into(), sequence: Some(second.id), ..WorkerForm::default() };
    let form = WorkerForm { limits: Limits::default(), ..form };
    let other = workers::create(app, owner, &form).unwrap();
    assert_eq!(enrol(app, owner, other.id, &[lead.contact]).unwrap().skipped[&Skip::AlreadyEnrolled], 1);
    stop(app, owner, lead.id).unwrap();
    assert_eq!(enrol(app, owner, world.worker.id, &[lead.contact]).unwrap().skipped[&Skip::HadThisSequence], 1);
    assert_eq!(enrol(app, owner, other.id, &[lead.contact]).unwrap().added, 1);
    assert!(matches!(resume(app, owner, lead.id), Err(OutreachError::InAnother)));
    let nobody = add_contact(&world.test, "Nobody", |contact| contact.addresses.clear());
    assert_eq!(enrol(app, owner, world.worker.id, &[nobody]).unwrap().skipped[&Skip::NoAddress], 1);
    let restricted = add_contact(&world.test, "R", |contact| contact.restricted = true);
    assert_eq!(enrol(app, owner, world.worker.id, &[restricted]).unwrap().skipped[&Skip::Restricted], 1);
}

#[test]
fn nobody_is_enrolled_whose_answer_may_be_an_opt_out() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.answer(&lead, "unsubscribe", |reading| reading.undecided = true);
    assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }));
    assert_eq!(world.figure(Group::OptedOut), 0, "nobody has said so yet");
    assert!(matches!(resume(app, owner, lead.id), Err(OutreachError::MayNotWrite(_))));
    let second = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { name: "Other".into(), sequence: Some(second.id), ..WorkerForm::default() };
    let other = workers::create(app, owner, &form).unwrap();
    let tally = enrol(app, owner, other.id, &[lead.contact]).unwrap();
    assert_eq!(tally.skipped.get(&Skip::MayHaveOptedOut), Some(&1), "{tally:?}");
}

#[test]
fn contacts_that_come_in_while_a_tag_is_looked_through_become_leads_too() {
    let world = World::with(vec![step(0, "S", "Hi {{first_name}}.")], |form, _| form.audience_tag = "hotel".into());
    let add = |name: &str| add_contact(&world.test, name, |contact| contact.tags = vec!["hotel".into()]);
    for number in 0..250 {
        add(&format!("Early{number}"));
    }
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    // The newest come first, so these may stand before the place where the run is by now.
    for number in 0..5 {
        add(&format!("Late{number}"));
    }
    enrol_tag(world.app(), &world.test.owner, world.worker.id).unwrap();
    world.settle();
    assert_eq!(world.figure(Group::All), 255);
    let run = last_run(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    assert!(!run.is_running);
}

#[test]
fn a_deleted_workers_leads_are_free_for_another() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    workers::pause(world.app(), &world.test.owner, world.worker.id, "enough").unwrap();
    workers::delete(world.app(), &world.test.owner, world.worker.id).unwrap();
    world.settle();
    assert!(matches!(world.now_stands(&lead).state, State::Stopped { .. }), "{:?}", world.now_stands(&lead).state);
}

#[test]
fn an_erased_contact_leaves_no_trace_in_the_room() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    world.activate();
    let person = crate::store::Person::Contact(world.test.workspace, lead.contact);
    let store = &world.app().store;
    let declared = tables().into_iter().find(|table| table.info.name == "enrolments").unwrap();
    assert_eq!(declared.export.unwrap()(store, person).unwrap().len(), 1);
    assert_eq!(declared.erase.unwrap()(store, person).unwrap(), 1);
    assert_eq!(declared.export.unwrap()(store, person).unwrap().len(), 0);
    assert_eq!((world.figure(Group::All), world.figure(Group::Written)), (0, 0));
    world.advance(5 * DAY);
    assert_eq!(world.texts().len(), 1);
}

#[test]
fn a_deleted_sequence_takes_out_whoever_is_still_in_it_at_once() {
    let world = World::new();
    let (app, owner) = (world.app(), &world.test.owner);
    let leads: Vec<Enrolment> = (0..15).map(|number| world.lead(&format!("L{number}"), |_| {})).collect();
    world.activate();
    let old = world.sequence.id;
    assert!(matches!(sequences::delete(app, owner, old), Err(OutreachError::SequenceInUse(_))));
    let other = create(app, owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    let form = WorkerForm { sequence: Some(other.id), ..WorkerForm::of(&world.worker) };
    workers::update(app, owner, world.worker.id, &form).unwrap();
    let fresh = world.lead("Fresh", |_| {});
    sequences::delete(app, owner, old).unwrap();
    world.settle();
    for lead in &leads {
        let State::Stopped { reason, .. } = world.now_stands(lead).state else {
            panic!("{:?}", world.now_stands(lead))
        };
        assert_eq!(reason, "The sequence was deleted.");
    }
    assert!(world.now_stands(&fresh).state.is_active(), "hers is another sequence");
}
