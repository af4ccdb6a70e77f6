//! Several wordings of one step, and what is counted of each.

use super::*;

fn two_wordings() -> Vec<StepForm> {
    let other = VariantForm { id: None, subject: "Another subject".into(), text: "Hello, the other.".into() };
    vec![StepForm { variants: vec![other], ..step(0, "Heating", "Hi, the one.") }, step(3, "", "Two.")]
}

#[test]
fn each_lead_gets_one_wording_and_each_figure_opens_exactly_its_list() {
    let world = World::with(two_wordings(), |_, _| {});
    let leads: Vec<Enrolment> = (0..12).map(|number| world.lead(&format!("Lead{number}"), |_| {})).collect();
    world.activate();
    let sent = world.mailbox.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 12);
    world.answer(&leads[0], "interested", |_| {});
    world.answer(&leads[1], "question", |_| {});
    let sequence = get_sequence(&world.app().store, world.test.workspace, world.sequence.id).unwrap().unwrap();
    let (step, figures) =
        (&sequence.steps[0], figures(&world.app().store, world.test.workspace, world.worker.id).unwrap());
    let (mut all, mut replied) = (0, 0);
    for wording in step.wordings() {
        let of = figures.variant(wording.id);
        let texts = sent.iter().filter(|mail| mail.text == wording.text && mail.variant == Some(wording.id)).count();
        assert_eq!(of.sent, texts as u64, "wording {}", wording.letter);
        for group in StepFigures::LISTS {
            let of_variant = Of { step: step.id, variant: Some(wording.id) };
            let list =
                list_of_step(&world.app().store, world.test.workspace, world.worker.id, (group, of_variant), None, 100);
            let counted = list.unwrap().rows.iter().filter(|lead| figures::groups_of(lead).contains(&group)).count();
            assert_eq!(of.of(group), Some(counted as u64), "{} {group:?}", wording.letter);
        }
        all += of.sent;
        replied += of.replied;
    }
    assert_eq!((all, replied), (12, 2));
    assert_eq!(figures.step(step.id).sent, 12);
}

#[test]
fn changed_words_begin_anew_and_the_old_figures_stand_with_the_old_words() {
    let world = World::with(two_wordings(), |_, _| {});
    for number in 0..12 {
        world.lead(&format!("Lead{number}"), |_| {});
    }
    world.activate();
    let stored = || get_sequence(&world.app().store, world.test.workspace, world.sequence.id).unwrap().unwrap();
    let figures = || figures(&world.app().store, world.test.workspace, world.worker.id).unwrap();
    let counted = |place: usize| figures().variant(stored().steps[0].wordings()[place].counted).sent;
    let (own, other) = (counted(0), counted(1));
    assert!(own + other == 12 && other > 0, "{own} and {other}");
    let mut form = SequenceForm::of(&stored());
    form.steps[0].variants[0].text = "Wholly other words.".into();
    update(world.app(), &world.test.owner, world.sequence.id, &form, None, Some(Scope::InFlight)).unwrap();
    approve(world.app(), &world.test.owner, world.sequence.id, None).unwrap();
    assert_eq!((counted(0), counted(1)), (own, 0));
    let earlier = stored().steps[0].earlier.clone();
    assert_eq!(earlier.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["Hello, the other."]);
    assert_eq!(figures().variant(earlier[0].counted).sent, other);
    for number in 12..24 {
        world.lead(&format!("Lead{number}"), |_| {});
    }
    world.settle();
    assert_eq!(counted(0) + counted(1), 24 - other);
    assert_eq!(figures().variant(earlier[0].counted).sent, other, "nothing is added to the old words");
}

#[test]
fn a_wording_that_nobody_has_approved_is_held_back_with_its_step() {
    let world = World::new();
    world.lead("Anna", |_| {});
    world.activate();
    let stored = get_sequence(&world.app().store, world.test.workspace, world.sequence.id).unwrap().unwrap();
    let mut form = SequenceForm::of(&stored);
    form.steps[1].variants.push(VariantForm { text: "Two, otherwise.".into(), ..VariantForm::default() });
    update(world.app(), &world.test.owner, world.sequence.id, &form, None, Some(Scope::InFlight)).unwrap();
    world.advance(3 * DAY);
    assert_eq!(world.texts(), ["Hi Anna, one."]);
    approve(world.app(), &world.test.owner, world.sequence.id, None).unwrap();
    world.advance(MINUTE);
    assert_eq!(world.texts().len(), 2);
}
