//! A snippet and its versions.

use serde::{Deserialize, Serialize};

use crate::agents::errors::AgentError;
use crate::base::{Mistakes, SnippetId, UnixMillis};
use crate::http::ui::Choice;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    pub id: SnippetId,
    /// What it is about and the questions it answers, as people put them.
    pub title: String,
    /// Quoted as it stands.
    pub text: String,
    /// BCP 47; answers in other languages do not use it.
    pub language: String,
    /// From 1; each change of the text is a new one.
    pub version: u32,
    /// Absent: this version is not used yet.
    #[serde(default)]
    pub approved: Option<Approval>,
    pub changed_at: UnixMillis,
    pub changed_by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub by: String,
    pub at: UnixMillis,
}

const NO_FIELDS: &str =
    "“{{” would be read by them as it stands: a snippet is quoted word for word. Write the word itself.";

/// What a person types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SnippetForm {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub language: String,
}

/// The languages that answers are written in, with their names.
const LANGUAGES: &[(&str, &str)] =
    &[("en", "English"), ("de", "German"), ("es", "Spanish"), ("fr", "French"), ("pt", "Portuguese"), ("hi", "Hindi")];

impl From<&Snippet> for SnippetForm {
    fn from(snippet: &Snippet) -> Self {
        Self { title: snippet.title.clone(), text: snippet.text.clone(), language: snippet.language.clone() }
    }
}

/// For the form.
pub fn languages() -> Vec<Choice> {
    LANGUAGES.iter().map(|(code, name)| Choice { value: (*code).into(), label: (*name).into() }).collect()
}

impl SnippetForm {
    pub fn check(&self) -> Result<(), AgentError> {
        let title = self.title.trim();
        let mut wrong = Mistakes::default();
        wrong.expect(!title.is_empty(), "title", "Write the question that it answers.");
        wrong.expect(title.chars().count() <= 300, "title", "At most 300 characters.");
        wrong.expect(!self.text.trim().is_empty(), "text", "Write the answer as it should be quoted.");
        wrong.expect(self.text.chars().count() <= 2000, "text", "At most 2,000 characters.");
        wrong.expect(!self.text.contains("{{"), "text", NO_FIELDS);
        let is_known = LANGUAGES.iter().any(|(code, _)| *code == self.language);
        wrong.expect(is_known, "language", "Choose the language it is written in.");
        Ok(wrong.into_result()?)
    }
}

impl Snippet {
    pub fn language_words(&self) -> &str {
        LANGUAGES.iter().find(|(code, _)| *code == self.language).map_or(self.language.as_str(), |(_, name)| *name)
    }

    /// How a draft cites it: id and version.
    pub fn citation(&self) -> String {
        format!("{} v{}", self.id, self.version)
    }
}
