//! A routing form: its questions and rules, and where answers lead.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::base::{EventTypeId, Mistakes, RoutingFormId, UnixMillis, WorkspaceId};
use crate::bookings::types::{is_slug, Answer, Kind, Question};

pub const MOST_QUESTIONS: usize = 10;
pub const MOST_RULES: usize = 20;
pub const MOST_CONDITIONS: usize = 2;
/// Characters of one answer; it travels in an address.
pub const LONGEST_ANSWER: usize = 300;
/// Pages that stand below the same addresses.
const RESERVED: [&str; 4] = ["embed", "hold", "details", "waitlist"];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutingForm {
    pub id: RoutingFormId,
    pub workspace: WorkspaceId,
    /// Lower case, digits and hyphens; unique in the workspace; stands in the public address.
    pub slug: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Strangers see it.
    pub is_open: bool,
    pub questions: Vec<Question>,
    /// The first that holds decides.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Where no rule holds.
    pub otherwise: Outcome,
    pub created_at: UnixMillis,
    pub changed_at: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingRule)]
pub struct Rule {
    /// All of them hold; one or two.
    pub when: Vec<Condition>,
    pub then: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingCondition)]
pub struct Condition {
    /// The question's place, from 1.
    pub question: usize,
    pub test: Test,
    /// Not for `answered` and `empty`.
    #[serde(default)]
    pub value: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RoutingTest)]
pub enum Test {
    #[default]
    Is,
    IsNot,
    Contains,
    AtLeast,
    AtMost,
    Answered,
    Empty,
}

impl Test {
    pub const ALL: [(Test, &'static str, &'static str); 7] = [
        (Test::Is, "is", "is"),
        (Test::IsNot, "is_not", "is not"),
        (Test::Contains, "contains", "contains"),
        (Test::AtLeast, "at_least", "is at least"),
        (Test::AtMost, "at_most", "is at most"),
        (Test::Answered, "answered", "is answered"),
        (Test::Empty, "empty", "is empty"),
    ];

    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(test, ..)| *test == self).map_or("is", |(_, word, _)| word)
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own, _)| *own == word).map(|(test, ..)| *test)
    }

    fn needs_value(self) -> bool {
        !matches!(self, Self::Answered | Self::Empty)
    }
}

/// Where answers lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "to")]
#[schema(as = RoutingOutcome)]
pub enum Outcome {
    /// The free times of an event type; the answers go with the visitor.
    EventType {
        #[schema(value_type = String)]
        id: EventTypeId,
    },
    /// A page elsewhere.
    Link { url: String },
    /// Words on a page.
    Message { text: String },
}

impl Condition {
    fn holds(&self, answers: &[String]) -> bool {
        let said = self.question.checked_sub(1).and_then(|at| answers.get(at)).map_or("", |said| said.trim());
        let (said, value) = (said.to_lowercase(), self.value.trim().to_lowercase());
        let compared = || Some(number(&said)?.total_cmp(&number(&value)?));
        match self.test {
            Test::Is => said == value,
            Test::IsNot => said != value,
            Test::Contains => said.contains(&value),
            Test::AtLeast => compared().is_some_and(|order| order.is_ge()),
            Test::AtMost => compared().is_some_and(|order| order.is_le()),
            Test::Answered => !said.is_empty(),
            Test::Empty => said.is_empty(),
        }
    }
}

/// "1,500", "1.500" and "1 500" are thousands everywhere; else a comma is the point of a decimal, as it is in half of
/// our languages.
fn number(text: &str) -> Option<f64> {
    let dense: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    let plain = match dense.split_once([',', '.']) {
        Some((whole, end)) if is_grouped(whole, end) => format!("{whole}{end}"),
        _ => dense.replace(',', "."),
    };
    plain.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// "1" and "500", not "0" and "125".
fn is_grouped(whole: &str, end: &str) -> bool {
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let has_digits = [whole, end].iter().all(|part| part.bytes().all(|sign| sign.is_ascii_digit()));
    has_digits && (1..=3).contains(&whole.len()) && !whole.starts_with('0') && end.len() == 3
}

impl RoutingForm {
    /// Where answers lead, in the order in which it is tried: what the rules say, then the way out at the end.
    pub fn lead(&self, answers: &[String]) -> [&Outcome; 2] {
        let rule = self.rules.iter().find(|rule| rule.when.iter().all(|condition| condition.holds(answers)));
        [rule.map_or(&self.otherwise, |rule| &rule.then), &self.otherwise]
    }

    /// With the words of the questions; what is empty is left out.
    pub fn spelled(&self, answers: &[String]) -> Vec<Answer> {
        let pairs = self.questions.iter().zip(answers).filter(|(_, answer)| !answer.is_empty());
        pairs.map(|(question, answer)| Answer { question: question.label.clone(), answer: answer.clone() }).collect()
    }

    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.rules.iter().map(|rule| &rule.then).chain([&self.otherwise])
    }

    /// All that is wrong, by the fields of the form.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mut wrong = Mistakes::default();
        let name = self.name.trim().chars().count();
        wrong.expect((1..=120).contains(&name), "name", "Write a name of at most 120 characters.");
        let slug = is_slug(&self.slug) && !RESERVED.contains(&self.slug.as_str());
        wrong.expect(slug, "slug", "Use 1 to 60 small letters, digits and hyphens, for example which-call.");
        wrong.expect(self.description.chars().count() <= 2000, "description", "Use at most 2,000 characters.");
        let count = (1..=MOST_QUESTIONS).contains(&self.questions.len());
        wrong.expect(count, "questions", "Ask one to ten questions.");
        let fits = self
            .questions
            .iter()
            .all(|question| question.has_label() && question.has_choices() && is_for_routing(question));
        wrong.expect(fits, "questions", "A question has a text of at most 300 characters, and a choice its answers.");
        wrong.expect(self.rules.len() <= MOST_RULES, "rules", "Use at most twenty rules.");
        for (at, rule) in self.rules.iter().enumerate() {
            if let Some(words) = self.trouble_of(rule) {
                wrong.add("rules", format!("Rule {}: {words}", at + 1));
            }
        }
        if let Some(words) = self.otherwise.trouble() {
            wrong.add("otherwise", format!("Otherwise: {words}"));
        }
        wrong.into_result()
    }

    fn trouble_of(&self, rule: &Rule) -> Option<&'static str> {
        if !(1..=MOST_CONDITIONS).contains(&rule.when.len()) {
            return Some("it needs one or two conditions.");
        }
        for condition in &rule.when {
            let asked = condition.question.checked_sub(1).and_then(|at| self.questions.get(at));
            let Some(asked) = asked else { return Some("it asks about a question that is not there.") };
            let value = condition.value.trim();
            if condition.test.needs_value() && (value.is_empty() || value.chars().count() > LONGEST_ANSWER) {
                return Some("write what the answer is compared with.");
            }
            if matches!(condition.test, Test::AtLeast | Test::AtMost) && number(value).is_none() {
                return Some("write a number to compare with.");
            }
            let is_choice = asked.kind == Kind::Choice && matches!(condition.test, Test::Is | Test::IsNot);
            let same = |choice: &String| choice.to_lowercase() == value.to_lowercase();
            if is_choice && !asked.choices.iter().any(same) {
                return Some("it compares with something that is none of the choices.");
            }
        }
        rule.then.trouble()
    }
}

/// Answers that fit into an address.
fn is_for_routing(question: &Question) -> bool {
    question.choices.iter().all(|choice| choice.chars().count() <= LONGEST_ANSWER)
}

impl Outcome {
    fn trouble(&self) -> Option<&'static str> {
        match self {
            Self::EventType { .. } => None,
            Self::Link { url } => {
                let parsed = Url::parse(url).ok();
                let fits = parsed.is_some_and(|url| url.scheme() == "https" && url.has_host()) && url.len() <= 500;
                (!fits).then_some("write a whole address, as https://example.com/page.")
            }
            Self::Message { text } => {
                let fits = (1..=2000).contains(&text.trim().chars().count());
                (!fits).then_some("write the message, at most 2,000 characters.")
            }
        }
    }
}
