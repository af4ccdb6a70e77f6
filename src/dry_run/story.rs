//! What a worker would do, as a list of steps with their reasons.

use crate::drafts::Draft;

#[derive(Clone, Debug, Default)]
pub struct Story {
    /// What was thought through, and who is taken to have written it.
    pub text: String,
    pub from: String,
    pub label: String,
    pub confidence: f32,
    pub language: String,
    /// Every label with its probability, the likeliest first.
    pub odds: Vec<(&'static str, f32)>,
    pub steps: Vec<Step>,
    /// What would be written back, with its findings.
    pub draft: Option<Draft>,
    pub decision: Decision,
}

/// One thing that is decided.
#[derive(Clone, Debug)]
pub struct Step {
    /// `reading`, `binding`, `at_once`, `sequence`, `times`, `meeting` or `answer`.
    pub kind: &'static str,
    pub title: &'static str,
    pub words: String,
    pub lines: Vec<String>,
}

/// How it ends.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// The worker would act alone.
    pub alone: bool,
    /// As sentences.
    pub words: String,
}

impl Story {
    pub fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub fn decide(&mut self, alone: bool, words: &str) {
        self.decision = Decision { alone, words: words.to_owned() };
    }
}

impl Step {
    pub fn new(kind: &'static str, title: &'static str, words: String) -> Self {
        Self { kind, title, words, lines: Vec::new() }
    }

    pub fn lines(mut self, lines: Vec<String>) -> Self {
        self.lines.extend(lines);
        self
    }

    pub fn line(self, line: String) -> Self {
        self.lines(vec![line])
    }
}
