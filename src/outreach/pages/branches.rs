//! How the editor shows a branch: one list of conditions, a field, a value, and where it goes.

use super::super::path::{Test, When, LABELS};
use super::super::sequences::{KindForm, StepForm};
use crate::http::ui::{reply_badge, Choice};

const TESTS: [(&str, &str, Test); 5] = [
    ("field-is", "a field is", Test::Is),
    ("field-is-not", "a field is not", Test::IsNot),
    ("field-contains", "a field contains", Test::Contains),
    ("field-filled", "a field is filled", Test::Filled),
    ("field-empty", "a field is empty", Test::Empty),
];

/// The conditions to choose from.
pub fn conditions() -> Vec<Choice> {
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    let mut all = vec![choice("replied", "they answered")];
    all.extend(LABELS.iter().map(|label| Choice {
        value: format!("replied-{label}"),
        label: format!("they answered: {}", reply_badge(label).words),
    }));
    all.extend([choice("bounced", "the mail bounced"), choice("booked", "a meeting was booked")]);
    all.extend(TESTS.iter().map(|(value, label, _)| choice(value, label)));
    all.extend([choice("waited", "so many days have passed since they were added"), choice("always", "in any case")]);
    all
}

/// Which of them it is, and what stands in the fields "field" and "value".
pub fn shown(when: &When) -> (String, String, String) {
    let plain = |value: &str| (value.to_owned(), String::new(), String::new());
    match when {
        When::Always => plain("always"),
        When::Replied { label: None } => plain("replied"),
        When::Replied { label: Some(label) } => plain(&format!("replied-{label}")),
        When::Bounced => plain("bounced"),
        When::Booked => plain("booked"),
        When::Waited { days } => ("waited".to_owned(), String::new(), days.to_string()),
        When::Field { name, test, value } => {
            let of = TESTS.iter().find(|(_, _, own)| own == test).map_or("field-is", |(value, ..)| value);
            (of.to_owned(), name.clone(), value.clone())
        }
    }
}

pub fn read(condition: &str, field: &str, value: &str) -> When {
    match condition {
        "always" => When::Always,
        "bounced" => When::Bounced,
        "booked" => When::Booked,
        // What is no number of days is kept as one that never comes.
        "waited" => When::Waited { days: value.trim().parse().unwrap_or(u16::MAX) },
        "replied" => When::Replied { label: None },
        other => match (TESTS.iter().find(|(name, ..)| *name == other), other.strip_prefix("replied-")) {
            (Some((.., test)), _) => {
                When::Field { name: field.trim().to_owned(), test: *test, value: value.trim().to_owned() }
            }
            (None, Some(label)) => When::Replied { label: Some(label.to_owned()) },
            (None, None) => When::Replied { label: None },
        },
    }
}

/// The steps that a branch may go to, by number, and the end.
pub fn targets(steps: &[StepForm], own: usize) -> Vec<Choice> {
    let what = |step: &StepForm| match step.kind {
        KindForm::Mail => "mail",
        KindForm::Task => "task",
        KindForm::Branch { .. } => "branch",
    };
    let each = steps.iter().enumerate().filter(|(place, _)| *place != own);
    let each = each.map(|(place, step)| Choice {
        value: (place + 1).to_string(),
        label: format!("go to step {} ({})", place + 1, what(step)),
    });
    each.chain([Choice { value: "end".into(), label: "end the sequence".into() }]).collect()
}

/// "If they answered: go to step 5", for lists.
pub fn words(when: &When, to: Option<usize>) -> String {
    let (condition, field, value) = shown(when);
    let label = conditions().into_iter().find(|choice| choice.value == condition).map(|choice| choice.label);
    let condition = match when {
        When::Waited { days } => format!("{days} days have passed since they were added"),
        When::Field { test, .. } => {
            let test = TESTS.iter().find(|(_, _, own)| own == test).map_or("", |(_, label, _)| label);
            let test = test.trim_start_matches("a field ");
            format!("{} {test} {value}", super::super::words::in_words(&field)).trim_end().to_owned()
        }
        _ => label.unwrap_or_default(),
    };
    let then = to.map_or_else(|| "end".to_owned(), |number| format!("go to step {number}"));
    match when {
        When::Always => format!("In any case: {then}"),
        _ => format!("If {condition}: {then}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_editor_shows_of_a_branch_is_read_back_unchanged() {
        let field = |test| When::Field { name: "city".into(), test, value: "York".into() };
        let all = [
            When::Always,
            When::Replied { label: None },
            When::Replied { label: Some("interested".into()) },
            When::Bounced,
            When::Booked,
            When::Waited { days: 9 },
            field(Test::Is),
            field(Test::Empty),
        ];
        for when in all {
            let (condition, name, value) = shown(&when);
            assert!(conditions().iter().any(|choice| choice.value == condition), "{condition}");
            assert_eq!(read(&condition, &name, &value), when);
        }
        assert_eq!(words(&field(Test::Is), Some(4)), "If city is York: go to step 4");
        assert_eq!(words(&When::Booked, None), "If a meeting was booked: end");
    }
}
