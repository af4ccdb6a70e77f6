//! The form of a sequence: read as it was typed, and rearranged by its buttons.

use super::branches;
use crate::outreach::sequences::{KindForm, Scope, SequenceForm, StepForm, VariantForm};
use crate::outreach::variants::MOST_VARIANTS;
use crate::outreach::When;

pub type Pairs = Vec<(String, String)>;

/// What a button of the editor wants.
pub enum Act {
    /// `None`: it is asked for whom, where leads are in flight.
    Save(Option<Scope>),
    Add(KindForm),
    AddVariant(usize),
    RemoveVariant(usize, usize),
    Remove(usize),
    Up(usize),
    Down(usize),
}

pub fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// Reads the steps in the order of their numbers.
pub fn read(pairs: &Pairs) -> SequenceForm {
    let mut steps = Vec::new();
    for number in 1.. {
        let has = |field: &str| pairs.iter().any(|(name, _)| *name == format!("{field}-{number}"));
        let of = |field: &str| value(pairs, &format!("{field}-{number}"));
        if !has("text") && !has("when") {
            break;
        }
        steps.push(StepForm {
            id: of("id").parse().ok(),
            // What is no number is kept as one that is refused with words.
            wait_days: match of("wait").trim() {
                "" => 0,
                days => days.parse().unwrap_or(u16::MAX),
            },
            working_days: has("working"),
            subject: of("subject").to_owned(),
            text: of("text").to_owned(),
            variants: read_variants(pairs, number),
            kind: match of("kind") {
                "task" => KindForm::Task,
                "branch" => KindForm::Branch {
                    when: branches::read(of("when"), of("field"), of("value")),
                    to: of("then").parse::<usize>().ok().and_then(|number| number.checked_sub(1)),
                },
                _ => KindForm::Mail,
            },
        });
    }
    SequenceForm { name: value(pairs, "name").to_owned(), steps }
}

fn read_variants(pairs: &Pairs, step: usize) -> Vec<VariantForm> {
    let of = |field: &str, number: usize| value(pairs, &format!("{field}-{step}-{number}"));
    let has = |number: &usize| pairs.iter().any(|(name, _)| *name == format!("text-{step}-{number}"));
    let read = |number: usize| VariantForm {
        id: of("id", number).parse().ok(),
        subject: of("subject", number).to_owned(),
        text: of("text", number).to_owned(),
    };
    (2..).take_while(has).map(read).collect()
}

/// A branch that is new: the condition that people look for first.
fn new_branch() -> KindForm {
    KindForm::Branch { when: When::Replied { label: None }, to: None }
}

pub fn act_of(pairs: &Pairs) -> Act {
    let (act, number) = value(pairs, "act").split_once('-').unwrap_or((value(pairs, "act"), ""));
    let (number, variant) = number.split_once('-').unwrap_or((number, ""));
    let from_one = |number: &str| number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let place = from_one(number);
    match (act, place) {
        ("save", _) if number == "new" => Act::Save(Some(Scope::NewLeads)),
        ("save", _) if number == "all" => Act::Save(Some(Scope::InFlight)),
        ("add", _) if number == "task" => Act::Add(KindForm::Task),
        ("add", _) if number == "branch" => Act::Add(new_branch()),
        ("add", _) => Act::Add(KindForm::Mail),
        ("variant", Some(place)) => Act::AddVariant(place),
        // Wordings count from 2, the step's own being the first.
        ("drop", Some(place)) => Act::RemoveVariant(place, from_one(variant).unwrap_or(0)),
        ("remove", Some(place)) => Act::Remove(place),
        ("up", Some(place)) => Act::Up(place),
        ("down", Some(place)) => Act::Down(place),
        _ => Act::Save(None),
    }
}

pub fn rearrange(steps: &mut Vec<StepForm>, act: &Act) {
    match act {
        Act::Add(kind) => {
            let is_branch = matches!(kind, KindForm::Branch { .. });
            let wait_days = if is_branch { 0 } else { 3 };
            steps.push(StepForm { wait_days, working_days: !is_branch, kind: kind.clone(), ..StepForm::default() });
        }
        Act::Remove(place) if *place < steps.len() => {
            steps.remove(*place);
            follow(steps, |to| (to != *place).then(|| to - usize::from(to > *place)));
        }
        Act::Up(place) if *place > 0 && *place < steps.len() => swap(steps, *place, place - 1),
        Act::Down(place) if place + 1 < steps.len() => swap(steps, *place, place + 1),
        Act::AddVariant(place) => {
            if let Some(step) = steps.get_mut(*place).filter(|step| step.variants.len() + 1 < MOST_VARIANTS) {
                let (subject, text) = (step.subject.clone(), step.text.clone());
                step.variants.push(VariantForm { id: None, subject, text });
            }
        }
        Act::RemoveVariant(place, number) => {
            if let Some(step) = steps.get_mut(*place).filter(|step| (1..=step.variants.len()).contains(number)) {
                step.variants.remove(number - 1);
            }
        }
        _ => {}
    }
}

fn swap(steps: &mut [StepForm], one: usize, other: usize) {
    steps.swap(one, other);
    follow(steps, |to| match to {
        to if to == one => Some(other),
        to if to == other => Some(one),
        to => Some(to),
    });
}

/// Branches go on pointing at the step that they pointed at.
fn follow(steps: &mut [StepForm], moved: impl Fn(usize) -> Option<usize>) {
    for step in steps {
        if let KindForm::Branch { to, .. } = &mut step.kind {
            *to = to.and_then(&moved);
        }
    }
}

pub fn read_version(pairs: &Pairs) -> Option<u32> {
    value(pairs, "version").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(&str, &str)]) -> Pairs {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_branch_goes_on_pointing_at_its_step_when_steps_are_moved() {
        let typed = [
            ("text-1", "one"),
            ("kind-2", "branch"),
            ("when-2", "field-is"),
            ("field-2", "city"),
            ("value-2", "York"),
            ("then-2", "4"),
            ("text-3", "three"),
            ("text-4", "four"),
            ("text-4-2", "four, otherwise"),
        ];
        let cases =
            [("up-4", Some(2)), ("remove-1", Some(2)), ("remove-4", None), ("down-3", Some(2)), ("save", Some(3))];
        for (act, expected) in cases {
            let pairs = pairs(&[&typed[..], &[("act", act)]].concat());
            let mut form = read(&pairs);
            assert_eq!((form.steps.len(), form.steps[3].variants.len()), (4, 1));
            rearrange(&mut form.steps, &act_of(&pairs));
            let to = form.steps.iter().find_map(|step| match &step.kind {
                KindForm::Branch { to, .. } => Some(*to),
                _ => None,
            });
            assert_eq!(to, Some(expected), "{act}");
        }
        for (act, wordings) in [("variant-1", vec![1, 0, 0, 1]), ("drop-4-2", vec![0, 0, 0, 0])] {
            let pairs = pairs(&[&typed[..], &[("act", act)]].concat());
            let mut form = read(&pairs);
            rearrange(&mut form.steps, &act_of(&pairs));
            assert_eq!(form.steps.iter().map(|step| step.variants.len()).collect::<Vec<_>>(), wordings, "{act}");
        }
    }

    #[test]
    fn the_buttons_of_the_editor_add_move_and_remove_steps_without_losing_what_was_typed() {
        let typed = [
            ("name", "Hotels"),
            ("subject-1", "A"),
            ("text-1", "one"),
            ("wait-1", ""),
            ("text-2", "two"),
            ("wait-2", "3"),
            ("working-2", "on"),
        ];
        let cases: [(&str, &[&str]); 7] = [
            ("save", &["one", "two"]),
            ("add", &["one", "two", ""]),
            ("remove-1", &["two"]),
            ("up-2", &["two", "one"]),
            ("down-1", &["two", "one"]),
            ("down-2", &["one", "two"]),
            ("remove-9", &["one", "two"]),
        ];
        for (act, expected) in cases {
            let pairs = pairs(&[&typed[..], &[("act", act)]].concat());
            let mut form = read(&pairs);
            rearrange(&mut form.steps, &act_of(&pairs));
            let texts: Vec<&str> = form.steps.iter().map(|step| step.text.as_str()).collect();
            assert_eq!(texts, expected, "{act}");
        }
        let form = read(&pairs(&typed));
        assert!(form.steps[1].working_days && form.steps[1].wait_days == 3 && !form.steps[0].working_days);
        let form = read(&pairs(&[("name", "x"), ("text-1", "a"), ("wait-1", "soon")]));
        assert!(form.mistakes().iter().any(|mistake| mistake.field == "wait"), "typed nonsense is refused");
    }
}
