//! Branches, tasks, and what a person does with one lead.

use super::path::{Test, When};
use super::*;

fn branch(when: When, to: Option<usize>) -> StepForm {
    StepForm { kind: KindForm::Branch { when, to }, ..StepForm::default() }
}

fn task(wait_days: u16, name: &str) -> StepForm {
    StepForm { kind: KindForm::Task, ..step(wait_days, name, "Call {{first_name}}.") }
}

fn city(value: &str) -> When {
    When::Field { name: "city".into(), test: Test::Is, value: value.into() }
}

fn answered(label: &str) -> When {
    When::Replied { label: Some(label.into()) }
}

impl World {
    fn step_id(&self, place: usize) -> crate::base::StepId {
        get_sequence(&self.app().store, self.test.workspace, self.sequence.id).unwrap().unwrap().steps[place].id
    }

    fn moves(&self, lead: &Enrolment, wanted: Move) -> Result<Enrolment, OutreachError> {
        let moved = move_lead(self.app(), &self.test.owner, lead.id, wanted);
        self.settle();
        moved
    }

    fn approves_as_shown(&self, lead: &Enrolment) {
        let shown = review::list(self.app(), &self.test.owner, self.worker.id, None, 10).unwrap();
        let words = shown.rows.iter().find(|mail| mail.lead.id == lead.id).unwrap().words;
        review::approve(self.app(), &self.test.owner, lead.id, words).unwrap();
    }

    fn state_words(&self, lead: &Enrolment) -> &'static str {
        self.now_stands(lead).state.words()
    }
}

#[test]
fn a_branch_leads_those_for_whom_it_holds_another_way() {
    let steps = vec![
        step(0, "Heating", "One."),
        branch(city("york"), Some(4)),
        step(3, "", "For everyone."),
        branch(When::Always, None),
        step(2, "", "For York."),
    ];
    let world = World::with(steps, |_, _| {});
    let york = world.lead("Anna", |contact| drop(contact.custom.insert("city".into(), "York".into())));
    let other = world.lead("Ben", |_| {});
    world.activate();
    assert_eq!(world.texts(), ["One.", "One."]);
    world.advance(2 * DAY);
    assert_eq!(world.texts()[2..], ["For York."], "it waits its own two days");
    world.advance(DAY);
    world.advance(5 * DAY);
    assert_eq!(world.texts()[2..], ["For York.", "For everyone."], "each goes one way, and nobody both");
    let State::Finished { reason, .. } = world.now_stands(&other).state else { panic!() };
    assert_eq!(reason, "A branch of the sequence ended it.");
    assert!(matches!(world.now_stands(&york).state, State::Finished { .. }));
    assert_eq!(world.figure(Group::Finished), 2);
}

#[test]
fn an_answer_that_a_branch_asks_for_becomes_a_task_and_no_mail_after_it_leaves_unread() {
    let steps = vec![
        step(0, "Heating", "One."),
        branch(answered("interested"), Some(4)),
        step(3, "", "Two."),
        branch(When::Always, None),
        task(0, "Call {{first_name}}"),
        step(1, "", "As we said on the phone."),
    ];
    let world = World::with(steps, |_, _| {});
    let (anna, ben) = (world.lead("Anna", |_| {}), world.lead("Ben", |_| {}));
    world.activate();
    world.answer(&anna, "interested", |_| {});
    world.answer(&ben, "question", |_| {});
    assert_eq!(world.state_words(&anna), "Task");
    assert_eq!(world.state_words(&ben), "Stopped", "no branch asks for that answer");
    assert_eq!((world.figure(Group::Task), world.figure(Group::Interested)), (1, 1));
    let words = world.app().store.read(|txn| open_task_of(txn, &world.now_stands(&anna))).unwrap();
    assert_eq!(words, Some(("Call Anna".to_owned(), "Call Anna.".to_owned())));
    world.advance(9 * DAY);
    assert_eq!(world.texts().len(), 2, "nothing leaves while the task is open, nor to Ben");
    world.moves(&anna, Move::Done(None)).unwrap();
    world.advance(DAY);
    assert_eq!(world.texts().len(), 2);
    assert_eq!(world.state_words(&anna), "To be read");
    world.approves_as_shown(&anna);
    world.advance(MINUTE);
    assert_eq!(world.texts().last().unwrap(), "As we said on the phone.");
    assert!(matches!(world.now_stands(&anna).state, State::Finished { .. }));
}

#[test]
fn an_opt_out_ends_whatever_a_branch_has_begun() {
    let steps = vec![step(0, "Heating", "One."), branch(When::Replied { label: None }, Some(2)), task(0, "Call")];
    let world = World::with(steps, |_, _| {});
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.answer(&lead, "question", |_| {});
    assert_eq!(world.state_words(&lead), "Task");
    world.advance(MINUTE);
    world.answer(&lead, "interested", |_| {});
    assert_eq!(world.state_words(&lead), "Task", "the person who has the task sees the newest answer");
    assert_eq!(world.now_stands(&lead).came.label.as_deref(), Some("interested"));
    world.advance(MINUTE);
    world.answer(&lead, "unsubscribe", |_| {});
    assert_eq!(world.state_words(&lead), "Stopped");
    assert_eq!((world.figure(Group::Task), world.figure(Group::OptedOut)), (0, 1));
}

#[test]
fn an_answer_stops_a_lead_also_while_a_task_or_its_next_mail_waits() {
    let steps = vec![step(0, "Heating", "One."), task(1, "Call"), step(1, "", "Two.")];
    let world = World::with(steps, |_, _| {});
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.advance(DAY);
    assert_eq!(world.state_words(&lead), "Task");
    world.answer(&lead, "not_interested", |_| {});
    assert_eq!(world.state_words(&lead), "Stopped");
    assert!(world.moves(&lead, Move::Done(None)).is_err(), "the task is gone with it");
    world.advance(9 * DAY);
    assert_eq!(world.texts(), ["One."]);
}

#[test]
fn a_task_holds_a_lead_until_a_person_has_done_or_skipped_it() {
    for wanted in [Move::Done(None), Move::Skip(None)] {
        let world = World::with(vec![task(0, "Look at their page"), step(0, "Heating", "One.")], |_, _| {});
        let lead = world.lead("Anna", |_| {});
        world.activate();
        world.advance(DAY);
        assert_eq!((world.state_words(&lead), world.texts().len()), ("Task", 0));
        world.moves(&lead, wanted).unwrap();
        assert_eq!(world.texts(), ["One."], "{wanted:?}");
        assert!(world.moves(&lead, wanted).is_err(), "only once");
    }
}

#[test]
fn a_bounce_and_a_meeting_can_lead_to_a_task_too() {
    let steps = vec![
        step(0, "Heating", "One."),
        branch(When::Bounced, Some(4)),
        branch(When::Booked, Some(5)),
        branch(When::Always, None),
        task(0, "Find another address"),
        task(0, "Prepare the visit"),
    ];
    let world = World::with(steps, |_, _| {});
    let (anna, ben) = (world.lead("Anna", |_| {}), world.lead("Ben", |_| {}));
    world.activate();
    let message = world.now_stands(&anna).last_sent().unwrap().message;
    messaging::bounced(world.app(), world.test.workspace, message, messaging::Bounce::Nobody, "Nobody here.").unwrap();
    let what =
        Happened::BookingConfirmed { booking: crate::base::BookingId::new(world.app().now()), contact: ben.contact };
    let now = world.app().now();
    world.app().store.write(|txn| events::append(txn, world.test.workspace, now, what.clone())).unwrap();
    world.settle();
    let task_of = |lead: &Enrolment| {
        let open = world.app().store.read(|txn| open_task_of(txn, &world.now_stands(lead))).unwrap();
        open.map(|(name, _)| name)
    };
    assert_eq!(task_of(&anna).as_deref(), Some("Find another address"));
    assert_eq!(task_of(&ben).as_deref(), Some("Prepare the visit"));
    assert_eq!((world.figure(Group::Bounced), world.figure(Group::Meeting), world.figure(Group::Task)), (1, 1, 2));
}

#[test]
fn a_person_skips_and_moves_one_lead_and_nobody_gets_a_step_twice() {
    let world = World::new();
    let lead = world.lead("Anna", |_| {});
    let other = world.lead("Ben", |_| {});
    world.activate();
    let second = Move::Skip(Some(world.step_id(1)));
    world.moves(&lead, second).unwrap();
    let Err(OutreachError::MayNotMove(words)) = world.moves(&lead, second) else { panic!("pressed twice") };
    assert_eq!(words, "This step is behind the lead already.");
    world.advance(3 * DAY);
    world.advance(3 * DAY);
    assert_eq!(world.texts()[2..], ["Two.", "Three."], "Ben’s second, and Anna’s third, five days after her first");
    assert!(world.moves(&lead, Move::To(world.step_id(1))).is_err(), "she is at the end");
    let first = world.step_id(0);
    let Err(OutreachError::MayNotMove(words)) = world.moves(&other, Move::To(first)) else { panic!() };
    assert!(words.contains("nobody gets a step twice"), "{words}");
    let cleo = world.lead("Cleo", |_| {});
    world.settle();
    world.moves(&cleo, Move::To(world.step_id(2))).unwrap();
    assert_eq!(world.texts().last().unwrap(), "Three.", "where a person sends it, it goes at once");
    world.advance(9 * DAY);
    let all: Vec<_> = world.mailbox.0.lock().unwrap().iter().map(|mail| (mail.contact, mail.step)).collect();
    let once: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(once.len(), all.len(), "{all:?}");
}

#[test]
fn a_mail_that_waits_at_the_gate_is_taken_back_when_its_step_is_skipped() {
    let world = World::with(three_steps(), |_, connection| connection.pace.daily_cap = 1);
    let leads = [world.lead("Anna", |_| {}), world.lead("Ben", |_| {})];
    world.activate();
    let queued = leads.iter().map(|lead| world.now_stands(lead)).find(|lead| lead.state.queued().is_some());
    let lead = queued.expect("the cap holds one of the two");
    let (message, _) = lead.state.queued().unwrap();
    world.moves(&lead, Move::Skip(None)).unwrap();
    let taken = messaging::get_message(&world.app().store, world.test.workspace, message).unwrap().unwrap();
    assert!(matches!(taken.state, messaging::Delivery::NotSent { .. }), "{:?}", taken.state);
    world.advance(9 * DAY);
    let to_them = |message: &&Message| message.contact == lead.contact;
    assert_eq!(world.mailbox.0.lock().unwrap().iter().filter(to_them).count(), 0, "the second step needs a subject");
}

#[test]
fn a_sequence_that_never_ends_or_writes_to_whoever_answered_is_refused_in_words() {
    let world = World::new();
    let first = || step(0, "Heating", "One.");
    let cases = [
        (vec![first(), step(3, "", "Two."), branch(city("York"), Some(0))], "then", "goes back to step 1"),
        (vec![first(), branch(city("York"), Some(1))], "then", "goes to itself"),
        (
            vec![first(), branch(answered("interested"), Some(2)), step(1, "", "Two.")],
            "then",
            "nothing leaves by itself",
        ),
        (vec![first(), branch(city("York"), Some(9))], "then", "a step that is there"),
        (vec![first(), branch(city(""), None)], "value", "Write the value"),
        (vec![branch(When::Bounced, None), first()], "when", "Nobody was written to yet"),
    ];
    for (steps, field, words) in cases {
        let form = SequenceForm { name: "Ways".into(), steps };
        let Err(OutreachError::Mistakes(found)) = create(world.app(), &world.test.owner, &form) else {
            panic!("{words}")
        };
        assert!(found.iter().any(|one| one.field == field && one.words.contains(words)), "{found:?}");
    }
}

#[test]
fn a_change_of_a_live_sequence_asks_for_whom_it_counts() {
    let world = World::new();
    let (lead, owner, id) = (world.lead("Anna", |_| {}), &world.test.owner, world.sequence.id);
    world.activate();
    let mut form = SequenceForm::of(&get_sequence(&world.app().store, world.test.workspace, id).unwrap().unwrap());
    form.steps[1].text = "Two, for new ones.".into();
    let asked = update(world.app(), owner, id, &form, None, None);
    assert!(matches!(asked, Err(OutreachError::AsksForWhom(1))), "{asked:?}");
    update(world.app(), owner, id, &form, None, Some(Scope::NewLeads)).unwrap();
    approve(world.app(), owner, id, None).unwrap();
    world.advance(MINUTE);
    let new = world.lead("Ben", |_| {});
    world.settle();
    world.advance(3 * DAY);
    world.advance(DAY);
    let second = |lead: &Enrolment| {
        let sent = world.mailbox.0.lock().unwrap();
        sent.iter().filter(|mail| mail.contact == lead.contact).nth(1).map(|mail| mail.text.clone())
    };
    assert_eq!((second(&lead).as_deref(), second(&new).as_deref()), (Some("Two."), Some("Two, for new ones.")));
    form.steps[2].text = "Three, for all.".into();
    update(world.app(), owner, id, &form, None, Some(Scope::InFlight)).unwrap();
    approve(world.app(), owner, id, None).unwrap();
    world.advance(9 * DAY);
    assert_eq!(world.texts()[4..], ["Three, for all.", "Three, for all."]);
    assert!([lead, new].iter().all(|lead| world.now_stands(lead).sent.len() == 3));
}

fn second_mails(world: &World, leads: &[&Enrolment]) -> Vec<Option<String>> {
    let sent = world.mailbox.0.lock().unwrap();
    let second = |lead: &&Enrolment| {
        sent.iter().filter(|mail| mail.contact == lead.contact).nth(1).map(|mail| mail.text.clone())
    };
    leads.iter().map(second).collect()
}

#[test]
fn words_for_new_leads_do_not_reach_those_in_flight_though_the_words_before_were_not_approved_yet() {
    let world = World::new();
    let (lead, owner, id) = (world.lead("Anna", |_| {}), &world.test.owner, world.sequence.id);
    world.activate();
    let stored = || get_sequence(&world.app().store, world.test.workspace, id).unwrap().unwrap();
    let mut form = SequenceForm::of(&stored());
    form.steps[1].text = "Two, a draft for all.".into();
    update(world.app(), owner, id, &form, None, Some(Scope::InFlight)).unwrap();
    form.steps[1].text = "Two, for new ones.".into();
    update(world.app(), owner, id, &form, None, Some(Scope::NewLeads)).unwrap();
    approve(world.app(), owner, id, None).unwrap();
    world.advance(MINUTE);
    let new = world.lead("Ben", |_| {});
    world.settle();
    world.advance(3 * DAY);
    world.advance(DAY);
    let second = second_mails(&world, &[&lead, &new]);
    assert_eq!(second, [Some("Two.".into()), Some("Two, for new ones.".into())], "what was approved before");
}

#[test]
fn no_older_version_that_a_lead_still_walks_is_let_go() {
    let world = World::new();
    let (owner, id) = (&world.test.owner, world.sequence.id);
    let stored = || get_sequence(&world.app().store, world.test.workspace, id).unwrap().unwrap();
    let change = |number: usize| {
        let mut form = SequenceForm::of(&stored());
        form.steps[1].text = format!("Two, version {number}.");
        update(world.app(), owner, id, &form, None, Some(Scope::NewLeads))?;
        approve(world.app(), owner, id, None)
    };
    let mut leads = vec![world.lead("Lead0", |_| {})];
    world.activate();
    for number in 1..=model::MOST_EDITIONS {
        change(number).unwrap();
        world.advance(MINUTE);
        leads.push(world.lead(&format!("Lead{number}"), |_| {}));
        world.settle();
    }
    assert!(matches!(change(99), Err(OutreachError::TooManyEditions)));
    assert_eq!(stored().editions.len(), model::MOST_EDITIONS, "nothing was changed");
    // One of the leads leaves, and with it the only reason to keep its version.
    stop(world.app(), owner, leads[3].id).unwrap();
    change(100).unwrap();
    assert_eq!(stored().editions.len(), model::MOST_EDITIONS);
    world.advance(3 * DAY);
    world.advance(DAY);
    let second = second_mails(&world, &[&leads[0], &leads[1], &leads[8]]);
    let expected = ["Two.", "Two, version 1.", "Two, version 8."];
    assert_eq!(second, expected.map(|text| Some(text.to_owned())));
}

#[test]
fn leads_of_a_worker_that_was_given_another_sequence_are_still_in_flight() {
    let world = World::new();
    let (owner, id) = (&world.test.owner, world.sequence.id);
    world.lead("Anna", |_| {});
    world.activate();
    let other = create(world.app(), owner, &SequenceForm { name: "Other".into(), steps: three_steps() }).unwrap();
    approve(world.app(), owner, other.id, None).unwrap();
    let worker = workers::get(&world.app().store, world.test.workspace, world.worker.id).unwrap().unwrap();
    let form = WorkerForm { sequence: Some(other.id), ..WorkerForm::of(&worker) };
    workers::update(world.app(), owner, world.worker.id, &form).unwrap();
    let change = |id| {
        let stored = get_sequence(&world.app().store, world.test.workspace, id).unwrap().unwrap();
        let mut form = SequenceForm::of(&stored);
        form.steps[1].text = "Two, changed.".into();
        update(world.app(), owner, id, &form, None, None)
    };
    assert!(matches!(change(id), Err(OutreachError::AsksForWhom(1))));
    assert!(change(other.id).is_ok(), "nobody walks this one");
}

#[test]
fn a_mail_at_the_gate_is_written_anew_only_when_its_own_words_changed() {
    let world = World::with(three_steps(), |_, connection| connection.pace.daily_cap = 1);
    let leads = [world.lead("Anna", |_| {}), world.lead("Ben", |_| {})];
    world.activate();
    let (owner, id) = (&world.test.owner, world.sequence.id);
    let waiting = || leads.iter().find_map(|lead| world.now_stands(lead).state.queued()).map(|(message, _)| message);
    let before = waiting().unwrap();
    let change = |place: usize, text: &str| {
        let stored = get_sequence(&world.app().store, world.test.workspace, id).unwrap().unwrap();
        let mut form = SequenceForm::of(&stored);
        form.steps[place].text = text.into();
        update(world.app(), owner, id, &form, None, Some(Scope::InFlight)).unwrap();
        approve(world.app(), owner, id, None).unwrap();
        world.settle();
    };
    change(2, "Three, otherwise.");
    assert_eq!(waiting(), Some(before), "it keeps its place");
    change(0, "Hi {{first_name|there}}, otherwise.");
    let after = waiting().unwrap();
    assert_ne!(after, before);
    let mail = messaging::get_message(&world.app().store, world.test.workspace, after).unwrap().unwrap();
    assert!(mail.text.ends_with(", otherwise."), "{}", mail.text);
}

#[test]
fn each_mail_of_a_worker_that_is_set_so_waits_for_a_yes_to_its_very_words() {
    let world = World::with(three_steps(), |worker, _| worker.review = true);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    assert_eq!((world.texts().len(), world.figure(Group::Review), world.figure(Group::Held)), (0, 1, 0));
    let owner = &world.test.owner;
    let shown = review::list(world.app(), owner, world.worker.id, None, 10).unwrap().rows.remove(0);
    assert_eq!((shown.subject.as_str(), shown.text.as_str()), ("Heating at Fellside", "Hi Anna, one."));
    change_name(&world, &lead, "Anne");
    let stale = review::approve(world.app(), owner, lead.id, shown.words);
    assert!(matches!(stale, Err(OutreachError::MayNotMove(_))), "it reads differently now");
    let shown = review::list(world.app(), owner, world.worker.id, None, 10).unwrap().rows.remove(0);
    review::approve(world.app(), owner, lead.id, shown.words).unwrap();
    world.settle();
    assert_eq!(world.texts(), ["Hi Anne, one."]);
    world.advance(3 * DAY);
    assert_eq!(world.texts().len(), 1, "the next one waits for its own yes");
    assert_eq!(world.state_words(&lead), "To be read");
}

fn change_name(world: &World, lead: &Enrolment, name: &str) {
    let app = world.app();
    app.store
        .write(|txn| {
            let before = contacts::find(txn, world.test.workspace, lead.contact)?.unwrap();
            let after = Contact { first_name: name.into(), ..before.clone() };
            contacts::put(txn, &after, Some(&before))
        })
        .unwrap();
}

#[test]
fn a_yes_does_not_hold_for_words_that_changed_before_the_mail_left() {
    let world = World::with(three_steps(), |worker, _| worker.review = true);
    let lead = world.lead("Anna", |_| {});
    world.activate();
    workers::pause(world.app(), &world.test.owner, world.worker.id, "A break.").unwrap();
    world.approves_as_shown(&lead);
    change_name(&world, &lead, "Anne");
    world.activate();
    assert_eq!((world.texts().len(), world.state_words(&lead)), (0, "To be read"));
}

#[test]
fn an_absence_outlives_a_skip_and_puts_an_ordinary_task_off() {
    let steps = vec![step(0, "Heating", "One."), task(1, "Call"), step(1, "", "Two.")];
    let world = World::with(steps, |_, _| {});
    let lead = world.lead("Anna", |_| {});
    world.activate();
    world.advance(DAY);
    assert_eq!(world.state_words(&lead), "Task");
    world.answer(&lead, "out_of_office", |_| {});
    let State::PausedUntil { at, .. } = world.now_stands(&lead).state else { panic!("away") };
    world.moves(&lead, Move::Skip(Some(world.step_id(1)))).unwrap();
    let State::PausedUntil { at: after, .. } = world.now_stands(&lead).state else { panic!("still away") };
    assert!(after >= at);
    assert_eq!(world.now_stands(&lead).resumed_at, None);
}
