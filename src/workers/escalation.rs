//! What the owner wants to decide in person, and how answers should sound.
//!
//! Two rules are everybody's and no setting: an opt-out holds at once, and what was not read surely is a person's.
//! Those of the owner come on top: no draft is written for what they name, and nothing is booked without a person.

use serde::{Deserialize, Serialize};

use super::model::Worker;
use super::service::{note, WorkerError};
use super::store;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{Mistakes, WorkerId};

/// The two that are everybody's: their word in JSON, and in words.
pub const LOCKED: [(&str, &str); 2] = [
    ("opt_out", "It asks not to be written to again: done at once, and shown to you."),
    ("unsure", "It was not read surely."),
];
/// Rules of one worker.
pub const MOST_RULES: usize = 20;
const MOST_WORDS: usize = 20;
const LONGEST_WORDS: usize = 60;
const LONGEST_GUIDELINES: usize = 1_500;
/// Labels that a rule may name; the others are a person's or nobody's anyway.
pub const LABELS: [&str; 5] = ["interested", "question", "meeting_proposed", "later", "referral"];

/// When an answer is handed to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when")]
pub enum Escalation {
    /// It says one of these, whole words, whatever their case.
    Says { words: Vec<String> },
    /// It was read as this label.
    ReadAs { label: String },
    /// The contact has this tag.
    Tagged { tag: String },
    /// It comes from this domain.
    From { domain: String },
}

/// An answer, as far as the rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub words: &'a str,
    pub label: &'a str,
    pub tags: &'a [String],
    pub domain: &'a str,
}

/// How answers should sound; what they may do stands elsewhere and is not changed by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guidelines {
    /// In the owner's words, for engines that follow words.
    #[serde(default)]
    pub text: String,
    /// Words that no draft says.
    #[serde(default)]
    pub avoid: Vec<String>,
}

impl Escalation {
    /// In words, as the end of "Handed over because".
    pub fn words(&self) -> String {
        match self {
            Escalation::Says { words } => format!("it says {}", one_of(words)),
            Escalation::ReadAs { label } => {
                format!("it was read as “{}”", crate::http::ui::reply_badge(label).words)
            }
            Escalation::Tagged { tag } => format!("the contact is tagged “{tag}”"),
            Escalation::From { domain } => format!("it comes from {domain}"),
        }
    }

    fn holds(&self, answer: &Answer<'_>) -> bool {
        match self {
            Escalation::Says { words } => words.iter().any(|word| says(answer.words, word)),
            Escalation::ReadAs { label } => label == answer.label,
            Escalation::Tagged { tag } => answer.tags.contains(tag),
            Escalation::From { domain } => {
                answer.domain == domain
                    || answer.domain.strip_suffix(domain.as_str()).is_some_and(|sub| sub.ends_with('.'))
            }
        }
    }

    /// As it is kept: lower case where case says nothing, and nothing twice.
    fn tidied(self) -> Self {
        let low = |text: &str| text.trim().to_lowercase();
        match self {
            Escalation::Says { words } => Escalation::Says { words: list(&words) },
            Escalation::ReadAs { label } => Escalation::ReadAs { label },
            Escalation::Tagged { tag } => Escalation::Tagged { tag: low(&tag) },
            Escalation::From { domain } => {
                Escalation::From { domain: low(&domain).trim_start_matches(['@', '.']).to_owned() }
            }
        }
    }

    fn mistake(&self) -> Option<&'static str> {
        let is_domain = |text: &str| text.contains('.') && !text.contains(['@', '/', ' ']) && text.len() <= 253;
        match self {
            Escalation::Says { words } if words.is_empty() => Some("Write one or more words."),
            Escalation::Says { words } if words.len() > MOST_WORDS => Some("At most 20 words in one rule."),
            Escalation::Says { words } if words.iter().any(|word| word.chars().count() > LONGEST_WORDS) => {
                Some("At most 60 characters for each.")
            }
            Escalation::ReadAs { label } if !LABELS.contains(&label.as_str()) => {
                Some("Choose a label whose answers a worker would deal with.")
            }
            Escalation::Tagged { tag } if tag.is_empty() || tag.chars().count() > 40 => {
                Some("Write a tag of at most 40 characters.")
            }
            Escalation::From { domain } if !is_domain(domain) => Some("Write a domain, as example.org."),
            _ => None,
        }
    }
}

impl Worker {
    /// The first rule that hands an answer over, in words.
    pub fn hands_over(&self, answer: &Answer<'_>) -> Option<String> {
        self.escalations.iter().find(|rule| rule.holds(answer)).map(Escalation::words)
    }
}

impl Guidelines {
    /// The first word of `text` that the owner does not want said.
    pub fn breach(&self, text: &str) -> Option<&str> {
        self.avoid.iter().find(|word| says(text, word)).map(String::as_str)
    }
}

/// Replaces a worker's rules and guidelines. Both are tidied first; each mistake is told with its place.
pub fn set_escalations(
    app: &App,
    actor: &Actor,
    id: WorkerId,
    rules: Vec<Escalation>,
    guidelines: &Guidelines,
) -> Result<Worker, WorkerError> {
    actor.require(Permission::EditOutreach)?;
    let mut tidied: Vec<Escalation> = Vec::new();
    for rule in rules.into_iter().map(Escalation::tidied) {
        if !tidied.contains(&rule) {
            tidied.push(rule);
        }
    }
    let guidelines = Guidelines { text: guidelines.text.trim().replace("\r\n", "\n"), avoid: list(&guidelines.avoid) };
    check(&tidied, &guidelines)?;
    let now = app.now();
    app.store.write(|txn| {
        let mut worker = store::find(txn, actor.workspace, id)?.ok_or(WorkerError::NotFound)?;
        if (&worker.escalations, &worker.guidelines) == (&tidied, &guidelines) {
            return Ok(worker);
        }
        worker.escalations.clone_from(&tidied);
        worker.guidelines.clone_from(&guidelines);
        store::put(txn, actor.workspace, &worker)?;
        note(txn, actor, now, "worker.escalations_changed", &worker, &format!("{} rules", tidied.len()))?;
        Ok(worker)
    })
}

fn check(rules: &[Escalation], guidelines: &Guidelines) -> Result<(), Mistakes> {
    let mut wrong = Mistakes::default();
    wrong.expect(rules.len() <= MOST_RULES, "rules", "At most 20 rules.");
    for mistake in rules.iter().filter_map(Escalation::mistake) {
        wrong.add("rules", mistake);
    }
    let most = format!("At most {LONGEST_GUIDELINES} characters.");
    wrong.expect(guidelines.text.chars().count() <= LONGEST_GUIDELINES, "guidelines", most);
    let is_short = |word: &String| word.chars().count() <= LONGEST_WORDS;
    wrong.expect(guidelines.avoid.len() <= MOST_WORDS, "avoid", "At most 20 words.");
    wrong.expect(guidelines.avoid.iter().all(is_short), "avoid", "At most 60 characters for each.");
    wrong.into_result()
}

fn list(words: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for word in words.iter().map(|word| word.trim().to_lowercase()) {
        if !word.is_empty() && !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

/// Whether `text` says `words`, in any case, beginning and ending where a word does. Languages that write without
/// spaces have no such places: there any occurrence counts.
fn says(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    let is_part =
        |c: char| c.is_alphanumeric() && c.is_ascii() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}');
    text.match_indices(words).any(|(at, found)| {
        let before = text[..at].chars().next_back().is_some_and(is_part) && found.starts_with(is_part);
        let behind = text[at + found.len()..].chars().next().is_some_and(is_part) && found.ends_with(is_part);
        !before && !behind
    })
}

fn one_of(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("“{word}”")).collect();
    match &quoted[..] {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_for_whole_words_labels_tags_and_domains() {
        let answer = Answer {
            words: "What about a Discount? Rückfragen an mich.",
            label: "question",
            tags: &["vip".to_owned()],
            domain: "mail.fellside.example",
        };
        let says = |word: &str| Escalation::Says { words: vec!["nothing".into(), word.into()] };
        let cases = [
            (says("discount"), true),
            (says("count"), false),
            (says("what about"), true),
            (says("frage"), false),
            (Escalation::ReadAs { label: "question".into() }, true),
            (Escalation::ReadAs { label: "later".into() }, false),
            (Escalation::Tagged { tag: "vip".into() }, true),
            (Escalation::Tagged { tag: "vi".into() }, false),
            (Escalation::From { domain: "fellside.example".into() }, true),
            (Escalation::From { domain: "side.example".into() }, false),
        ];
        for (rule, holds) in cases {
            assert_eq!(rule.holds(&answer), holds, "{rule:?}");
        }
    }

    #[test]
    fn rules_are_tidied_and_each_mistake_is_told() {
        let tidied = Escalation::From { domain: " @Fellside.Example ".into() }.tidied();
        assert_eq!(tidied, Escalation::From { domain: "fellside.example".into() });
        let wrong = [
            Escalation::Says { words: vec![] },
            Escalation::ReadAs { label: "unsubscribe".into() },
            Escalation::Tagged { tag: String::new() },
            Escalation::From { domain: "a b".into() },
        ];
        for rule in wrong {
            let found = check(std::slice::from_ref(&rule), &Guidelines::default());
            assert_eq!(found.unwrap_err().fields().count(), 1, "{rule:?}");
        }
        let avoid = Guidelines { avoid: vec!["cheap".into()], ..Guidelines::default() };
        assert_eq!(avoid.breach("It is cheap."), Some("cheap"));
        assert_eq!(avoid.breach("It is cheaper."), None);
    }
}
