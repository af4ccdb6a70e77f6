//! Where answers lead, and that they come along.

use super::model::{Condition, Outcome, RoutingForm, Rule, Test};
use super::{carried, desk, form, store};
use crate::authz::{Actor, Role};
use crate::base::{EventTypeId, RoutingFormId};
use crate::bookings::public::token::{read_route, route_token};
use crate::bookings::schedules::SetupError;
use crate::bookings::types::{Kind, Question, Typed};
use crate::testing::{self, TestApp, NOW};

fn question(label: &str, kind: Kind, choices: &[&str]) -> Question {
    let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
    Question { label: label.into(), kind, required: false, choices }
}

fn condition(question: usize, test: Test, value: &str) -> Condition {
    Condition { question, test, value: value.into() }
}

fn message(text: &str) -> Outcome {
    Outcome::Message { text: text.into() }
}

/// Asks for the heating and the size of the house.
fn heating(test: &TestApp) -> RoutingForm {
    RoutingForm {
        name: "Which call?".into(),
        slug: "which-call".into(),
        questions: vec![
            question("Heated with?", Kind::Choice, &["Oil", "Gas"]),
            question("How many rooms?", Kind::Number, &[]),
        ],
        rules: vec![
            Rule {
                when: vec![condition(1, Test::Is, "oil"), condition(2, Test::AtLeast, "10")],
                then: message("big oil"),
            },
            Rule { when: vec![condition(1, Test::Is, "Oil")], then: message("oil") },
            Rule { when: vec![condition(2, Test::Empty, "")], then: message("no size") },
        ],
        otherwise: message("other"),
        ..desk::blank(test.workspace, NOW)
    }
}

fn led<'a>(form: &'a RoutingForm, answers: &[&str]) -> &'a str {
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    match form.lead(&answers)[0] {
        Outcome::Message { text } => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_rule_that_holds_decides() {
    let test = testing::app();
    let form = heating(&test);
    let cases = [
        (vec!["Oil", "12"], "big oil"),
        (vec!["OIL", "10,0"], "big oil"),
        (vec!["Oil", "9"], "oil"),
        (vec!["Oil", "many"], "oil"),
        (vec!["Oil"], "oil"),
        (vec!["Gas", "3"], "other"),
        (vec!["Gas", " "], "no size"),
        (vec![], "no size"),
    ];
    for (answers, expected) in cases {
        assert_eq!(led(&form, &answers), expected, "{answers:?}");
    }
}

#[test]
fn every_test_holds_where_its_words_say_so() {
    let cases = [
        (Test::Is, "Gas", "gas", true),
        (Test::IsNot, "Gas", "gas", false),
        (Test::IsNot, "", "gas", true),
        (Test::Contains, "an old GAS boiler", "gas", true),
        (Test::AtMost, "2.5", "2,5", true),
        (Test::AtLeast, "1,500", "1000", true),
        (Test::AtLeast, "1.500", "1 000", true),
        (Test::AtMost, "1 500,5", "1501", true),
        (Test::AtMost, "0.125", "1", true),
        (Test::AtMost, "NaN", "3", false),
        (Test::AtLeast, "inf", "3", false),
        (Test::Answered, "x", "", true),
        (Test::Empty, "x", "", false),
    ];
    let test = testing::app();
    for (kind, said, value, expected) in cases {
        let rules = vec![Rule { when: vec![condition(1, kind, value)], then: message("yes") }];
        let form = RoutingForm { rules, ..heating(&test) };
        assert_eq!(led(&form, &[said, "1"]) == "yes", expected, "{kind:?} {said} {value}");
        assert_eq!(Test::parse(kind.as_str()), Some(kind));
    }
}

#[test]
fn what_is_wrong_is_told_by_field() {
    let test = testing::app();
    let cases: [(&str, fn(&mut RoutingForm)); 9] = [
        ("name", |form| form.name = " ".into()),
        ("slug", |form| form.slug = "embed".into()),
        ("questions", |form| form.questions.clear()),
        ("questions", |form| form.questions[0].choices.clear()),
        ("rules", |form| form.rules[0].when.clear()),
        ("rules", |form| form.rules[0].when[0].question = 3),
        ("rules", |form| form.rules[0].when[0].value = "Coal".into()),
        ("rules", |form| form.rules[0].then = Outcome::Link { url: "javascript:alert(1)".into() }),
        ("otherwise", |form| form.otherwise = message(" ")),
    ];
    assert!(heating(&test).check().is_ok());
    for (field, spoil) in cases {
        let mut form = heating(&test);
        spoil(&mut form);
        let wrong = form.check().unwrap_err();
        assert!(wrong.fields().any(|wrong| wrong == field), "{field}: {wrong:?}");
    }
}

#[test]
fn a_form_is_read_as_it_was_written_and_rules_follow_their_questions() {
    let test = testing::app();
    let before = heating(&test);
    let mut typed: Typed = form::write(&before);
    assert_eq!(form::read(&typed, &before).unwrap(), before);
    // Somebody empties the first row: what was the second question is the first now.
    typed.insert("q-0".into(), String::new());
    let read = form::read(&typed, &before).unwrap();
    assert_eq!((read.questions.len(), read.rules[2].when[0].question), (1, 1));
    assert!(read.check().is_err(), "rules about the one that went are told");
    typed.insert("r-3-q0".into(), "1".into());
    assert!(form::read(&typed, &before).is_err(), "a rule without an end");
}

#[test]
fn members_make_and_remove_forms_and_only_of_their_own_workspace() {
    let test = testing::app();
    let saved = desk::save(&test.app, &test.owner, heating(&test)).unwrap();
    let twin = RoutingForm { id: RoutingFormId::new(NOW), ..heating(&test) };
    assert!(matches!(desk::save(&test.app, &test.owner, twin), Err(SetupError::Invalid(_))), "the address is taken");
    let to_nowhere = RoutingForm { otherwise: Outcome::EventType { id: EventTypeId::new(NOW) }, ..saved.clone() };
    assert!(matches!(desk::save(&test.app, &test.owner, to_nowhere), Err(SetupError::Invalid(_))));
    let viewer = Actor { role: Role::Viewer, ..test.owner.clone() };
    assert!(matches!(desk::save(&test.app, &viewer, saved.clone()), Err(SetupError::Denied(_))));
    let next_door = testing::add_workspace(&test.app, "Next door", "nextdoor");
    let stranger = Actor { workspace: next_door, ..test.owner.clone() };
    assert!(matches!(desk::get(&test.app, &stranger, saved.id), Err(SetupError::NotFound)));
    assert!(matches!(desk::remove(&test.app, &stranger, saved.id), Err(SetupError::NotFound)));
    desk::remove(&test.app, &test.owner, saved.id).unwrap();
    let again = desk::save(&test.app, &test.owner, heating(&test)).unwrap();
    assert_eq!(again.slug, "which-call", "the address is free again");
}

#[test]
fn answers_travel_signed_and_are_dropped_where_the_form_changed_or_is_anothers() {
    let test = testing::app();
    let saved = desk::save(&test.app, &test.owner, heating(&test)).unwrap();
    let answers = ["Oil".to_owned(), String::new()];
    let token = route_token(&test.app, saved.id, saved.changed_at, &answers);
    let carried_to = |workspace, token: &str| {
        let all = carried(&test.app, workspace, token).unwrap().answers;
        all.into_iter().map(|one| format!("{} {}", one.question, one.answer)).collect::<Vec<_>>()
    };
    assert_eq!(carried_to(test.workspace, &token), ["Heated with? Oil"]);
    let next_door = testing::add_workspace(&test.app, "Next door", "nextdoor");
    assert!(carried_to(next_door, &token).is_empty());
    let (text, tag) = token.split_once('.').unwrap();
    for made_up in ["", ".", "x.y", &format!("{text}A.{tag}"), &format!("{text}.{}", &tag[1..])] {
        assert!(read_route(&test.app, made_up).is_none(), "{made_up}");
    }
    test.app.clock.advance(std::time::Duration::from_secs(1));
    desk::save(&test.app, &test.owner, RoutingForm { name: "Other".into(), ..saved }).unwrap();
    assert!(carried_to(test.workspace, &token).is_empty(), "its questions may be others now");
    let listed = test.app.store.read(|txn| store::list(txn, test.workspace)).unwrap();
    assert_eq!(listed.len(), 1);
}
