//! The form of a routing form: fields as texts, and what they say.

use super::model::{Condition, Outcome, RoutingForm, Rule, Test, MOST_CONDITIONS, MOST_RULES};
use crate::base::Mistakes;
use crate::bookings::types::{read_questions, write_questions, Typed};

/// Empty rows of rules at the end.
const MORE_RULES: usize = 2;

fn text<'a>(typed: &'a Typed, field: &str) -> &'a str {
    typed.get(field).map_or("", |text| text.trim())
}

/// The fields that show a form.
pub fn write(form: &RoutingForm) -> Typed {
    let mut typed = Typed::new();
    let mut set = |field: &str, value: String| drop(typed.insert(field.to_owned(), value));
    set("name", form.name.clone());
    set("slug", form.slug.clone());
    set("description", form.description.clone());
    for (at, rule) in form.rules.iter().enumerate() {
        for (nth, condition) in rule.when.iter().enumerate() {
            set(&format!("r-{at}-q{nth}"), condition.question.to_string());
            set(&format!("r-{at}-t{nth}"), condition.test.as_str().to_owned());
            set(&format!("r-{at}-v{nth}"), condition.value.clone());
        }
        let (to, detail) = written(&rule.then);
        set(&format!("r-{at}-to"), to);
        set(&format!("r-{at}-detail"), detail);
    }
    let (to, detail) = written(&form.otherwise);
    set("otherwise", to);
    set("otherwise_detail", detail);
    write_questions(&mut typed, &form.questions);
    typed
}

fn written(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::EventType { id } => (id.to_string(), String::new()),
        Outcome::Link { url } => ("link".to_owned(), url.clone()),
        Outcome::Message { text } => ("message".to_owned(), text.clone()),
    }
}

/// How many rows of rules the form shows.
pub fn rule_rows(typed: &Typed) -> usize {
    let filled = (0..MOST_RULES).filter(|at| !text(typed, &format!("r-{at}-to")).is_empty()).max();
    (filled.map_or(0, |last| last + 1) + MORE_RULES).min(MOST_RULES)
}

/// What the fields say; what they do not mention is as in `before`.
pub fn read(typed: &Typed, before: &RoutingForm) -> Result<RoutingForm, Mistakes> {
    let mut wrong = Mistakes::default();
    let mut rules = Vec::new();
    for at in 0..MOST_RULES {
        let field = |name: &str| text(typed, &format!("r-{at}-{name}"));
        if field("to").is_empty() {
            let is_begun = (0..MOST_CONDITIONS).any(|nth| !field(&format!("q{nth}")).is_empty());
            wrong.expect(!is_begun, "rules", format!("Rule {}: choose where it leads.", at + 1));
            continue;
        }
        let Some(then) = outcome(field("to"), field("detail")) else {
            wrong.add("rules", format!("Rule {}: choose where it leads.", at + 1));
            continue;
        };
        let condition = |nth: usize| {
            let question = question_at(typed, field(&format!("q{nth}")))?;
            let test = Test::parse(field(&format!("t{nth}"))).unwrap_or_default();
            Some(Condition { question, test, value: field(&format!("v{nth}")).to_owned() })
        };
        rules.push(Rule { when: (0..MOST_CONDITIONS).filter_map(condition).collect(), then });
    }
    let otherwise = outcome(text(typed, "otherwise"), text(typed, "otherwise_detail"));
    let otherwise = wrong.keep("otherwise", otherwise.ok_or("Choose where it leads."));
    wrong.into_result()?;
    Ok(RoutingForm {
        name: text(typed, "name").to_owned(),
        slug: text(typed, "slug").to_lowercase(),
        description: text(typed, "description").to_owned(),
        questions: read_questions(typed),
        rules,
        otherwise: otherwise.unwrap_or_else(|| before.otherwise.clone()),
        ..before.clone()
    })
}

/// The place of the question that a row of the form holds: rows without a text are none. 0 for a row that is empty, which
/// no form has.
fn question_at(typed: &Typed, row: &str) -> Option<usize> {
    let row: usize = row.parse().ok().filter(|row| (1..=20).contains(row))?;
    let is_filled = |at: usize| !text(typed, &format!("q-{at}")).is_empty();
    Some(if is_filled(row - 1) { (0..row).filter(|at| is_filled(*at)).count() } else { 0 })
}

fn outcome(to: &str, detail: &str) -> Option<Outcome> {
    match to {
        "link" => Some(Outcome::Link { url: detail.to_owned() }),
        "message" => Some(Outcome::Message { text: detail.to_owned() }),
        id => Some(Outcome::EventType { id: id.parse().ok()? }),
    }
}
