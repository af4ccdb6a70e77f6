//! What reads and writes: the program's own engine, or one outside that a workspace has chosen. One trait for both, so
//! that nobody who asks needs to know which.
//!
//! The embedded engine is always there, needs nothing and never fails; whatever another one cannot do, it has done.

use std::time::Duration;

use super::classify::{without_orders, Classification, Classifier, ReplyInput};
use super::draft::{self, Facts, Purpose};
use super::snippets::{retrieve, Passage};
use super::times::{read_times, TimeContext, TimesFound};

/// Why an engine gave nothing to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoUse {
    /// Ask again then. A queue before a service that works is no failure of it.
    Later { after: Duration, reason: String, is_failure: bool },
    /// The embedded result is used; the word says why: `timeout`, `budget`, `schema`, …
    Fallback(String),
}

impl NoUse {
    /// The word for records.
    pub fn reason(self) -> String {
        match self {
            NoUse::Later { .. } => "timeout".to_owned(),
            NoUse::Fallback(why) => why,
        }
    }
}

/// An answer to be written.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    pub purpose: Purpose,
    /// BCP 47 of the answer.
    pub language: &'a str,
    pub facts: Facts<'a>,
    /// What it answers.
    pub reply: &'a str,
    /// What may be quoted.
    pub passages: &'a [Passage<'a>],
    /// The owner's wishes about how it sounds, in their words. They permit nothing.
    pub guidelines: &'a str,
}

/// A whole answer, ready for the grounding gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub body: String,
    pub language: String,
    /// Fixed wording in it, which needs no other source.
    pub template: String,
    /// The date as it is written in it, when one is.
    pub date_words: String,
    /// The passages that it rests on, by their place in the brief.
    pub used: Vec<usize>,
    /// Why a person has to look, whatever else allows it to leave; empty when nothing speaks for that.
    pub needs_person: String,
}

/// A question, and what may answer it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub text: &'a str,
    /// BCP 47 of the answer.
    pub language: &'a str,
    pub passages: &'a [Passage<'a>],
}

/// The part of a letter that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    /// The passages that it rests on, by their place in the question; never none.
    pub used: Vec<usize>,
    pub needs_person: String,
}

pub trait Engine {
    fn classify_reply(&self, input: &ReplyInput<'_>) -> Result<Classification, NoUse>;

    fn extract_times(&self, text: &str, context: &TimeContext<'_>) -> Result<TimesFound, NoUse>;

    /// `None`: a fact that it needs is missing.
    fn draft(&self, brief: &Brief<'_>) -> Result<Option<Text>, NoUse>;

    /// `None`: no passage covers the question, so a person answers it.
    fn answer_from_snippets(&self, question: &Question<'_>) -> Result<Option<Answer>, NoUse>;
}

/// The engine that is part of the program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Embedded;

/// Its name in records.
pub const EMBEDDED: &str = "embedded";

impl Engine for Embedded {
    fn classify_reply(&self, input: &ReplyInput<'_>) -> Result<Classification, NoUse> {
        Ok(Classifier::embedded().classify(input))
    }

    /// Orders to the machine propose nothing.
    fn extract_times(&self, text: &str, context: &TimeContext<'_>) -> Result<TimesFound, NoUse> {
        Ok(read_times(&without_orders(text), context))
    }

    fn draft(&self, brief: &Brief<'_>) -> Result<Option<Text>, NoUse> {
        let written = draft::write(brief.purpose, brief.language, &brief.facts);
        Ok(written.map(|written| Text {
            body: written.text,
            language: written.language.to_owned(),
            template: written.template,
            date_words: written.date_words,
            ..Text::default()
        }))
    }

    fn answer_from_snippets(&self, question: &Question<'_>) -> Result<Option<Answer>, NoUse> {
        let hit = retrieve(question.text, question.language, question.passages);
        let found = hit.and_then(|hit| Some((hit.index, question.passages.get(hit.index)?)));
        Ok(found.map(|(index, passage)| Answer {
            text: passage.text.to_owned(),
            used: vec![index],
            needs_person: String::new(),
        }))
    }
}
